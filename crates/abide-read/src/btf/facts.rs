//! BTF without a file around it as an artifact: its functions and variables stand for the symbols.

use abide_model::{
    Binding, ElfClass, ElfFacts, ElfKind, Endian, RootKind, Symbol, SymbolKind, SymbolSection, Visibility,
};
use rustc_hash::FxHashSet;

use super::blob::{Blob, split};
use super::table::{BtfTable, Named};

/// Facts of BTF that stands alone, as of a kernel: what it names counts as exported, since there is no symbol table to
/// say what is. Why it cannot be read, otherwise.
pub fn facts(bytes: &[u8]) -> Result<ElfFacts, String> {
    let (blobs, error) = split(bytes);
    let Some(first) = blobs.first() else {
        return Err(error.map_or_else(|| "there is no BTF in it".to_owned(), |error| error.to_string()));
    };
    if first.strings.first() != Some(&0) {
        return Err("its BTF continues that of a kernel, which alone says what it means".to_owned());
    }
    let mut seen = FxHashSet::default();
    let table = BtfTable::new(&blobs);
    let named = table.named().filter(|named| !named.name.is_empty() && seen.insert(named.name));
    let mut facts = empty(first);
    facts.symbols = named.enumerate().map(|(index, named)| symbol(index, &named)).collect();
    facts.symbols.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(facts)
}

/// The addresses are made up, each of its own.
fn symbol(index: usize, named: &Named<'_>) -> Symbol {
    Symbol {
        name: named.name.into(),
        version: None,
        kind: if named.kind == RootKind::Function { SymbolKind::Func } else { SymbolKind::Object },
        binding: Binding::Global,
        visibility: Visibility::Default,
        section: SymbolSection::Index(1),
        address: 16 * (index as u64 + 1),
        size_bytes: 0,
        is_export: true,
    }
}

/// BTF does not state a machine or the size of an address; kernels that have BTF are 64-bit ones.
fn empty(blob: &Blob<'_>) -> ElfFacts {
    let endian = if blob.is_big { Endian::Big } else { Endian::Little };
    ElfFacts::new(ElfClass::Elf64, endian, 0, ElfKind::Vmlinux)
}
