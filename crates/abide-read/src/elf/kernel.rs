//! Kernel images and modules: exported is what `EXPORT_SYMBOL` names (Linux `include/linux/export.h`).
//!
//! Each `EXPORT_SYMBOL(name)` puts an entry labelled `__ksymtab_name` into a section `__ksymtab*`; every other
//! global symbol is the kernel's own. Checksums, licences and namespaces are read in `ksymtab`, with the exports of an image
//! without symbol table.

use abide_model::{Binding, ElfKind, Symbol, SymbolSection};
use object::elf;
use object::read::elf::{Rel, Rela, SectionHeader};
use rustc_hash::{FxHashMap, FxHashSet};

use super::image::{Allowance, Image, entries};
use super::sections::Known;
use super::symbols::{Reader, binding, is_marker, symbol_table};
use super::{Gaps, Header};

/// Exports of a kernel image; exports and imports of a module.
pub(super) fn symbols<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    kind: ElfKind,
    gaps: &mut Gaps,
) -> Vec<Symbol> {
    let Some((table, mut reader)) = symbol_table(image, known, gaps) else {
        if kind == ElfKind::Vmlinux && !known.ksymtab_kinds.is_empty() {
            return Vec::new();
        }
        gaps.broken("there is no .symtab: exported kernel symbols are not known");
        return Vec::new();
    };
    let mut exported = labelled(table, &mut reader, known);
    if exported.is_empty() && known.ksymtabs.iter().any(|&i| has_content(image, i)) {
        exported = relocated(image, known, table, &mut reader, gaps);
    }
    let mut found = Vec::new();
    let mut definitions: FxHashMap<&[u8], (usize, SymbolSection)> = FxHashMap::default();
    let mut rivals: FxHashSet<&[u8]> = FxHashSet::default();
    for (index, symbol) in table.iter().enumerate().skip(1).filter(|(_, s)| !is_marker(*s)) {
        let section = reader.section(index, symbol);
        if section == SymbolSection::Undefined {
            if kind == ElfKind::KernelModule && binding(symbol) != Binding::Local {
                found.extend(reader.name(symbol).map(|n| reader.symbol(n, symbol, section, false)));
            }
            continue;
        }
        let Some(name) = reader.name(symbol).filter(|n| exported.contains(n)) else { continue };
        let is_local = binding(symbol) == Binding::Local;
        match definitions.get(name) {
            Some(&(other, _)) if is_local == (binding(&table[other]) == Binding::Local) => {
                rivals.insert(name);
            }
            Some(_) if is_local => {}
            _ => {
                rivals.remove(name);
                definitions.insert(name, (index, section));
            }
        }
    }
    report_missing(&exported, &definitions, &rivals, gaps);
    found.extend(
        definitions.into_iter().map(|(name, (i, section))| reader.symbol(name, &table[i], section, true)),
    );
    reader.report(gaps);
    found
}

fn has_content<H: Header>(image: &Image<'_, H>, index: usize) -> bool {
    image.sections[index].file_range(image.endian).is_some_and(|(_, size)| size > 0)
}

fn section_set(known: &Known) -> FxHashSet<u32> {
    known.ksymtabs.iter().map(|&i| i as u32).collect()
}

/// Names by the labels `__ksymtab_name`. They are local in most kernels.
fn labelled<'d, H: Header>(
    table: &'d [H::Sym],
    reader: &mut Reader<'_, 'd, H>,
    known: &Known,
) -> FxHashSet<&'d [u8]> {
    let sections = section_set(known);
    let mut exported = FxHashSet::default();
    for (index, symbol) in table.iter().enumerate().skip(1).filter(|(_, s)| !is_marker(*s)) {
        let SymbolSection::Index(section) = reader.section(index, symbol) else { continue };
        if sections.contains(&section) {
            let name = reader.name(symbol).and_then(|n| n.strip_prefix(b"__ksymtab_"));
            exported.extend(name);
        }
    }
    exported
}

/// Names by the relocations of `__ksymtab*`, for modules whose local labels were stripped.
fn relocated<'d, H: Header>(
    image: &Image<'d, H>,
    known: &Known,
    table: &'d [H::Sym],
    reader: &mut Reader<'_, 'd, H>,
    gaps: &mut Gaps,
) -> FxHashSet<&'d [u8]> {
    let mips64el = image.header.is_mips64el(image.endian);
    let mut targets: Vec<u32> = Vec::new();
    let mut allowance = Allowance::of(image);
    let ksymtabs = section_set(known);
    for section in image.sections.iter().filter(|s| ksymtabs.contains(&s.sh_info(image.endian))) {
        if !matches!(section.sh_type(image.endian), elf::SHT_RELA | elf::SHT_REL) {
            continue;
        }
        let bytes = image.section_bytes(section, "the relocations of __ksymtab", gaps);
        if !allowance.take(bytes, "relocations of __ksymtab", gaps) {
            break;
        }
        if section.sh_type(image.endian) == elf::SHT_RELA {
            targets.extend(entries::<H::Rela>(bytes).iter().map(|r| r.r_sym(image.endian, mips64el)));
        } else {
            targets.extend(entries::<H::Rel>(bytes).iter().map(|r| r.r_sym(image.endian)));
        }
    }
    let is_label = |name: &[u8]| name.starts_with(b"__kstrtab");
    let symbols = targets.into_iter().filter_map(|i| table.get(i as usize)).filter(|s| !is_marker(*s));
    symbols.filter_map(|s| reader.name(s)).filter(|n| !is_label(n)).collect()
}

fn report_missing(
    exported: &FxHashSet<&[u8]>,
    definitions: &FxHashMap<&[u8], (usize, SymbolSection)>,
    rivals: &FxHashSet<&[u8]>,
    gaps: &mut Gaps,
) {
    let missing = exported.len().saturating_sub(definitions.len());
    if missing > 0 {
        gaps.broken(format!("{missing} exported kernel symbols have no entry in .symtab: they are missing"));
    }
    let mut rivals: Vec<_> = rivals.iter().map(|n| String::from_utf8_lossy(n)).collect();
    if !rivals.is_empty() {
        rivals.sort_unstable();
        gaps.broken(format!(
            "several local symbols have the name of an exported one, the first was taken: {}",
            rivals.join(", ")
        ));
    }
}
