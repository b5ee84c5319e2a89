//! What the dynamic loader alone asks of a file: flags, filters, and which imports any relocation names.
//!
//! The loader looks up a symbol for a relocation and never for its own sake: an import that no relocation names may
//! be missing (glibc's `elf/do-rel.h`).

use abide_model::{Loading, Symbol};
use object::elf;
use object::read::elf::{Rel, Rela};

use super::dynamic::{Dynamic, Table};
use super::hash::{is_rela, relocations};
use super::image::Image;
use super::{Gaps, Header};

/// What the dynamic section says.
pub(super) fn of_dynamic<H: Header>(image: &Image<'_, H>, dynamic: &Dynamic<'_>, gaps: &mut Gaps) -> Loading {
    let filters = dynamic.filters.iter();
    Loading {
        abi_version: image.header.e_ident().abi_version,
        is_fixed: image.header.e_type(image.endian) == elf::ET_EXEC,
        flags_1: dynamic.flags_1,
        is_symbolic: dynamic.is_symbolic(),
        has_version_indices: dynamic.versym.is_some(),
        has_version_definitions: dynamic.verdef.is_some(),
        has_packed_relocations: dynamic.has_relr,
        filters: filters.filter_map(|&f| dynamic.text(image, Some(f), "DT_FILTER", gaps)).collect(),
        ..Loading::default()
    }
}

/// The symbols of the dynamic symbol table that a relocation names.
pub(super) struct Referenced {
    /// By index; none where the psABI has the loader look up symbols without relocations (MIPS: those of the GOT).
    by_index: Option<Vec<bool>>,
}

impl Referenced {
    pub(super) fn read<H: Header>(image: &Image<'_, H>, dynamic: &Dynamic<'_>, count: usize) -> Self {
        if image.machine() == elf::EM_MIPS {
            return Self { by_index: None };
        }
        let mut found = vec![false; count];
        let mut take = |index: u32| {
            if let Some(place) = found.get_mut(index as usize) {
                *place = true;
            }
        };
        for (table, skip) in [(dynamic.rela, dynamic.relative_count), (dynamic.jmprel, 0)] {
            if is_rela::<H>(dynamic, &table) {
                named_by_rela(image, table, skip, &mut take);
            }
        }
        for (table, skip) in [(dynamic.rel, dynamic.relative_count), (dynamic.jmprel, 0)] {
            if !is_rela::<H>(dynamic, &table) {
                named_by_rel(image, table, skip, &mut take);
            }
        }
        Self { by_index: Some(found) }
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        self.by_index.as_ref().is_none_or(|found| found.get(index).copied().unwrap_or(false))
    }
}

/// Relocations of type 0 (`R_*_NONE` of every psABI) are passed over.
fn named_by_rela<H: Header>(image: &Image<'_, H>, table: Table, skip: u64, take: &mut impl FnMut(u32)) {
    let mips64el = image.header.is_mips64el(image.endian);
    let all = relocations::<H::Rela, H>(image, table);
    for one in all.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or(all) {
        if one.r_type(image.endian, mips64el).0 != 0 {
            take(one.r_sym(image.endian, mips64el));
        }
    }
}

fn named_by_rel<H: Header>(image: &Image<'_, H>, table: Table, skip: u64, take: &mut impl FnMut(u32)) {
    let all = relocations::<H::Rel, H>(image, table);
    for one in all.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or(all) {
        if one.r_type(image.endian).0 != 0 {
            take(one.r_sym(image.endian));
        }
    }
}

/// Where these imports are among the sorted symbols.
pub(super) fn places(symbols: &[Symbol], unreferenced: Vec<Symbol>) -> Vec<u32> {
    let is_before =
        |a: &Symbol, b: &Symbol| (&a.name, &a.version, a.section) < (&b.name, &b.version, b.section);
    let place = |symbol: &Symbol| {
        let start = symbols.partition_point(|s| is_before(s, symbol));
        symbols[start..].iter().position(|s| s == symbol).map(|at| (start + at) as u32)
    };
    let mut places: Vec<u32> = unreferenced.iter().filter_map(place).collect();
    places.sort_unstable();
    places.dedup();
    places
}
