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
    ElfFacts {
        class: ElfClass::Elf64,
        endian,
        machine: 62,
        os_abi: 0,
        flags: 0,
        kind,
        soname: None,
        needed: Vec::new(),
        rpath: None,
        runpath: None,
        interpreter: None,
        build_id: None,
        debug_link: None,
        has_debug_info: false,
        versions_defined: Vec::new(),
        versions_needed: Vec::new(),
        executable_stack: false,
        text_relocations: false,
        static_tls: false,
        gnu_properties: Vec::new(),
        pure_slots: Vec::new(),
        symbols: symbols.collect(),
    }
}
