//! Which symbol has which type: by the names in the index sections, or by the order of the symbol table.

use abide_model::{Gap, GapKind, RootKind};
use object::elf::{STT_FUNC, STT_OBJECT};
use object::{Object, ObjectSection, ObjectSymbol, SymbolFlags, SymbolSection};

use super::dict::Dict;
use super::table::CtfTable;
use crate::numbered::{Bytes, Candidate, File, Rank, Ref, gap};

/// The string tables of the ELF file that dictionaries may refer to.
#[derive(Default)]
pub(super) struct ElfStrings<'d> {
    plain: &'d [u8],
    dynamic: &'d [u8],
}

impl<'d> ElfStrings<'d> {
    pub(super) fn new(file: &File<'d>) -> Self {
        let content = |name: &str| {
            let section = file.elf().and_then(|elf| elf.section_by_name(name));
            section.and_then(|section| section.data().ok()).unwrap_or_default()
        };
        ElfStrings { plain: content(".strtab"), dynamic: content(".dynstr") }
    }

    /// The table that `dict` refers to.
    pub(super) fn of(&self, dict: &Dict<'_>) -> &'d [u8] {
        if dict.uses_dynamic { self.dynamic } else { self.plain }
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.dynamic.len()
    }
}

/// A symbol that takes a place in the sections without names.
struct Listed<'d> {
    name: &'d [u8],
    kind: RootKind,
    is_local: bool,
}

/// Hands every symbol with a type to `consider`.
pub(super) fn candidates<'t>(
    table: &CtfTable<'t>,
    file: &File<'t>,
    gaps: &mut Vec<Gap>,
    mut consider: impl FnMut(Candidate<'t>),
) {
    let (mut plain, mut dynamic) = (None, None);
    for (index, dict) in table.dicts.iter().enumerate() {
        let mut is_short = false;
        for (kind, types, names) in [
            (RootKind::Variable, dict.objects(), dict.object_names()),
            (RootKind::Function, dict.new_functions(), dict.function_names()),
        ] {
            if types.data.is_empty() {
                continue;
            }
            if !names.data.is_empty() {
                indexed(table, index, kind, types, names, &mut consider);
                continue;
            }
            let listed: &mut Option<Vec<Listed<'t>>> =
                if dict.uses_dynamic { &mut dynamic } else { &mut plain };
            let listed = listed.get_or_insert_with(|| symbols(file, dict.uses_dynamic));
            let of_kind = listed.iter().filter(|symbol| symbol.kind == kind);
            is_short |= of_kind.clone().count() < types.data.len() / 4;
            for (symbol, number) in of_kind.zip(types.words()) {
                if number != 0 && !symbol.is_local {
                    let ty = table.reference(index, number);
                    consider(Candidate { name: symbol.name, kind, ty, rank: Rank::Global });
                }
            }
        }
        if is_short {
            let detail =
                "the file has fewer symbols than .ctf states types for: those types may be another file's";
            gaps.push(gap(GapKind::DebugMismatch, detail.into()));
        }
        variables(table, index, dict, &mut consider);
    }
}

/// Types with names beside them. Objects list what they import as well, and private symbols.
fn indexed<'t>(
    table: &CtfTable<'t>,
    index: usize,
    kind: RootKind,
    types: Bytes<'t>,
    names: Bytes<'t>,
    consider: &mut impl FnMut(Candidate<'t>),
) {
    let dict = &table.dicts[index];
    for (name, number) in names.words().zip(types.words()) {
        if number != 0 {
            let ty = table.reference(index, number);
            consider(Candidate { name: table.text(dict, name), kind, ty, rank: Rank::Extern });
        }
    }
}

/// Variables that are in no symbol table of the linker.
fn variables<'t>(
    table: &CtfTable<'t>,
    index: usize,
    dict: &'t Dict<'t>,
    consider: &mut impl FnMut(Candidate<'t>),
) {
    for [name, number] in dict.variables().rows() {
        let ty: Ref = table.reference(index, number);
        let name = table.text(dict, name);
        consider(Candidate { name, kind: RootKind::Variable, ty, rank: Rank::Static });
    }
}

/// The symbols that the sections without names count, in order (`init_symtab` and `ctf_symtab_skippable` in
/// `libctf/ctf-open.c` and `ctf-util.c`).
fn symbols<'d>(file: &File<'d>, dynamic: bool) -> Vec<Listed<'d>> {
    let Some(elf) = file.elf() else { return Vec::new() };
    let table = if dynamic { elf.dynamic_symbol_table() } else { elf.symbol_table() };
    let Some(table) = table else { return Vec::new() };
    let listed = object::ObjectSymbolTable::symbols(&table).filter_map(|symbol| {
        let SymbolFlags::Elf { st_info, .. } = symbol.flags() else { return None };
        let kind = match st_info.st_type() {
            STT_OBJECT => RootKind::Variable,
            STT_FUNC => RootKind::Function,
            _ => return None,
        };
        let name = symbol.name_bytes().ok()?;
        let is_skipped = name.is_empty()
            || name == b"_START_"
            || name == b"_END_"
            || symbol.section() == SymbolSection::Undefined
            || (kind == RootKind::Variable
                && symbol.section() == SymbolSection::Absolute
                && symbol.address() == 0);
        (!is_skipped).then_some(Listed { name, kind, is_local: symbol.is_local() })
    });
    listed.collect()
}
