//! ppc64 ELFv1: a function symbol names a descriptor in `.opd`, whose first word is the entry point
//! (64-bit PowerPC ELF ABI Supplement 1.9, §3.2.5).

use std::collections::BTreeMap;

use object::elf;
use object::endian::Endian as _;
use object::read::elf::{ProgramHeader, Rela, SectionHeader, Sym};

use super::image::{Allowance, Image, entries};
use super::sections::Known;
use super::{Gaps, Header};

/// `EF_PPC64_ABI`: 0 or 1 is ELFv1, 2 is ELFv2, which has no descriptors.
const EF_PPC64_ABI: u32 = 3;
const R_PPC64_ADDR64: u32 = 38;

/// Resolves descriptors to entry points.
pub(super) enum Descriptors {
    /// Another architecture or ABI: values are addresses already.
    None,
    /// Linked file: the descriptors' words are in the file.
    Linked,
    /// Relocatable file: index of `.opd`, and the entry point for each offset in it.
    Relocatable(usize, BTreeMap<u64, u64>),
}

impl Descriptors {
    pub(super) fn find<H: Header>(image: &Image<'_, H>, known: &Known, gaps: &mut Gaps) -> Descriptors {
        let abi = image.header.e_flags(image.endian).0 & EF_PPC64_ABI;
        if image.machine() != elf::EM_PPC64 || abi == 2 {
            return Descriptors::None;
        }
        if image.header.e_type(image.endian) != elf::ET_REL {
            return Descriptors::Linked;
        }
        match known.opd {
            Some(index) => Descriptors::Relocatable(index, relocated(image, known, index, gaps)),
            None => Descriptors::None,
        }
    }

    /// The entry point of a function symbol with this value and section; the value itself where there is no
    /// descriptor.
    pub(super) fn entry_point<H: Header>(&self, image: &Image<'_, H>, value: u64, section: u16) -> u64 {
        match self {
            Descriptors::None => value,
            Descriptors::Linked => linked_entry(image, value).filter(|&e| e != 0).unwrap_or(value),
            Descriptors::Relocatable(opd, entries) if usize::from(section) == *opd => {
                entries.get(&value).copied().unwrap_or(value)
            }
            Descriptors::Relocatable(..) => value,
        }
    }
}

/// `.opd` is in the data segment, code is not: this tells descriptors from code also without section headers.
fn linked_entry<H: Header>(image: &Image<'_, H>, value: u64) -> Option<u64> {
    let segment = image.load_segment(value)?;
    if segment.p_flags(image.endian).contains(elf::PF_X) {
        return None;
    }
    image.at(value)?.first_chunk::<8>().map(|word| image.endian.read_u64(*word))
}

/// Entry points by offset in `.opd`, from its relocations.
fn relocated<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    opd: usize,
    gaps: &mut Gaps,
) -> BTreeMap<u64, u64> {
    let symbols: &[H::Sym] = match known.symtab {
        Some(index) => entries(image.section_bytes(&image.sections[index], ".symtab", gaps)),
        None => &[],
    };
    let tables = image
        .sections
        .iter()
        .filter(|s| s.sh_type(image.endian) == elf::SHT_RELA && s.sh_info(image.endian) as usize == opd);
    let mut found = BTreeMap::new();
    let mut allowance = Allowance::of(image);
    for table in tables {
        let bytes = image.section_bytes(table, "the relocations of .opd", gaps);
        if !allowance.take(bytes, "relocations of .opd", gaps) {
            break;
        }
        for r in entries::<H::Rela>(bytes) {
            let symbol = symbols.get(r.r_sym(image.endian, false) as usize);
            if let (R_PPC64_ADDR64, Some(symbol)) = (r.r_type(image.endian, false).0, symbol) {
                let base: u64 = symbol.st_value(image.endian).into();
                let addend: i64 = r.r_addend(image.endian).into();
                found.insert(r.r_offset(image.endian).into(), base.wrapping_add_signed(addend));
            }
        }
    }
    found
}
