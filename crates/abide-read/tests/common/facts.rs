//! Facts of an artifact that exports what a test wants.

use abide_model::{
    Binding, ElfClass, ElfFacts, ElfKind, Endian, Symbol, SymbolKind, SymbolSection, Visibility,
};

/// Facts with these exports, each at an address of its own.
pub(crate) fn exporting(kind: ElfKind, endian: Endian, names: &[(&str, SymbolKind)]) -> ElfFacts {
    let symbols = names.iter().enumerate().map(|(index, (name, kind))| Symbol {
        name: (*name).into(),
        version: None,
        kind: *kind,
        binding: Binding::Global,
        visibility: Visibility::Default,
        section: SymbolSection::Index(1),
        address: 0x1000 + 16 * index as u64,
        size_bytes: 8,
        is_export: true,
    });
    ElfFacts { symbols: symbols.collect(), ..ElfFacts::new(ElfClass::Elf64, endian, 62, kind) }
}
