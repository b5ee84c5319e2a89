//! Copy relocations: variables of a library that live in the executable.
//!
//! Such a variable is defined in the executable's `.bss` and yet is an import: the dynamic linker copies
//! `st_size` bytes out of the library that defines it. So it is reported as an import that has a size.

use object::elf::{self, Machine};
use object::read::elf::{Rel, Rela, Sym};
use rustc_hash::FxHashSet;

use super::Header;
use super::dynamic::Dynamic;
use super::hash::relocations;
use super::image::Image;

/// Indices of the dynamic symbols that stand for a copied variable: those that a copy relocation names, and their
/// aliases (`environ` beside `__environ`), which share the address and have no relocation of their own.
pub(super) fn copied_symbols<H: Header>(
    image: &Image<'_, H>,
    dynamic: &Dynamic<'_>,
    symbols: &[H::Sym],
) -> FxHashSet<usize> {
    let named = named_by_relocations(image, dynamic);
    let address = |s: &H::Sym| Into::<u64>::into(s.st_value(image.endian));
    let addresses: FxHashSet<u64> = named.iter().filter_map(|&i| symbols.get(i)).map(address).collect();
    if addresses.is_empty() {
        return FxHashSet::default();
    }
    let is_alias = |s: &H::Sym| {
        let is_variable = s.st_type() == elf::STT_OBJECT && Into::<u64>::into(s.st_size(image.endian)) > 0;
        is_variable && addresses.contains(&address(s))
    };
    symbols.iter().enumerate().filter(|(i, s)| named.contains(i) || is_alias(s)).map(|(i, _)| i).collect()
}

fn named_by_relocations<H: Header>(image: &Image<'_, H>, dynamic: &Dynamic<'_>) -> FxHashSet<usize> {
    let Some(wanted) = copy_type(image.machine(), image.is_64()) else { return FxHashSet::default() };
    let endian = image.endian;
    let mips64el = image.header.is_mips64el(endian);
    let rela = without_relative(relocations::<H::Rela, H>(image, dynamic.rela), dynamic);
    let rel = without_relative(relocations::<H::Rel, H>(image, dynamic.rel), dynamic);
    let from_rela = rela
        .iter()
        .filter(|r| r.r_type(endian, mips64el).0 == wanted)
        .map(|r| r.r_sym(endian, mips64el) as usize);
    let from_rel = rel.iter().filter(|r| r.r_type(endian).0 == wanted).map(|r| r.r_sym(endian) as usize);
    from_rela.chain(from_rel).collect()
}

/// Relative relocations come first and are the bulk of a position-independent executable's.
fn without_relative<'d, T>(all: &'d [T], dynamic: &Dynamic<'_>) -> &'d [T] {
    let skip = usize::try_from(dynamic.relative_count).unwrap_or(usize::MAX);
    all.get(skip..).unwrap_or(all)
}

/// `R_*_COPY` of each psABI.
fn copy_type(machine: Machine, is_64: bool) -> Option<u32> {
    Some(match machine {
        elf::EM_X86_64 | elf::EM_386 => 5,
        elf::EM_AARCH64 if is_64 => 1024,
        elf::EM_AARCH64 => 180,
        elf::EM_ARM => 20,
        elf::EM_PPC | elf::EM_PPC64 => 19,
        elf::EM_S390 => 9,
        elf::EM_RISCV | elf::EM_LOONGARCH => 4,
        elf::EM_68K | elf::EM_SPARC | elf::EM_SPARC32PLUS | elf::EM_SPARCV9 => 19,
        elf::EM_MIPS => 126,
        elf::EM_PARISC => 128,
        elf::EM_ALPHA => 24,
        elf::EM_IA_64 => 0x84,
        elf::EM_SH => 162,
        _ => return None,
    })
}
