//! The number of dynamic symbols: the dynamic section does not state it, so the hash tables have to.

use object::elf;
use object::read::elf::{GnuHashTable, Rel, Rela, SectionHeader};

use super::dynamic::{Dynamic, Table};
use super::image::{Image, entries};
use super::sections::{Known, read_u32};
use super::{Gaps, Header};

/// The number of entries of the dynamic symbol table, the null entry included.
///
/// In order: the section that lies at `DT_SYMTAB`, `DT_MIPS_SYMTABNO`, `DT_HASH` (`nchain` equals the number of
/// symbols, gABI "Hash Table"), `DT_GNU_HASH`. A GNU hash table holds only defined symbols, at the end of the
/// symbol table; when there are none, the highest symbol that a relocation names is the best there is.
pub(super) fn symbol_count<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    dynamic: &Dynamic<'_>,
    gaps: &mut Gaps,
) -> u64 {
    if let Some(index) = known.dynsym {
        let section = &image.sections[index];
        if dynamic.symtab.is_none_or(|address| address == section.sh_addr(image.endian).into()) {
            return Into::<u64>::into(section.sh_size(image.endian)) / size_of::<H::Sym>() as u64;
        }
    }
    dynamic
        .mips_symbol_count
        .or_else(|| dynamic.hash.and_then(|address| sysv_count(image, address)))
        .or_else(|| dynamic.gnu_hash.and_then(|address| gnu_count(image, address)))
        .or_else(|| relocated_count(image, dynamic))
        .unwrap_or_else(|| {
            gaps.broken("the number of dynamic symbols is not known: no usable hash table");
            0
        })
}

/// Words of `DT_HASH` have 32 bits, except on 64-bit Alpha and s390x, where they have 64 (their psABIs).
fn sysv_count<H: Header>(image: &Image<'_, H>, address: u64) -> Option<u64> {
    let bytes = image.at(address)?;
    if image.is_64() && matches!(image.machine(), elf::EM_ALPHA | elf::EM_S390) {
        let words: [u32; 2] = [8, 12].map(|o| {
            bytes.get(o..).and_then(|b| b.first_chunk()).map_or(u32::MAX, |b| read_u32(image.endian, *b))
        });
        let [high, low] = if image.endian == object::Endianness::Big { words } else { [words[1], words[0]] };
        return Some(u64::from(high) << 32 | u64::from(low)).filter(|&n| n < bytes.len() as u64);
    }
    bytes.get(4..)?.first_chunk().map(|b| u64::from(read_u32(image.endian, *b)))
}

fn gnu_count<H: Header>(image: &Image<'_, H>, address: u64) -> Option<u64> {
    let table = GnuHashTable::<H>::parse(image.endian, image.at(address)?).ok()?;
    table.symbol_table_length(image.endian).map(u64::from)
}

fn relocated_count<H: Header>(image: &Image<'_, H>, dynamic: &Dynamic<'_>) -> Option<u64> {
    let mips64el = image.header.is_mips64el(image.endian);
    let rela = [dynamic.rela, dynamic.jmprel]
        .into_iter()
        .filter(|t| is_rela::<H>(dynamic, t))
        .flat_map(|t| relocations::<H::Rela, H>(image, t))
        .map(|r| r.r_sym(image.endian, mips64el))
        .max();
    let rel = [dynamic.rel, dynamic.jmprel]
        .into_iter()
        .filter(|t| !is_rela::<H>(dynamic, t))
        .flat_map(|t| relocations::<H::Rel, H>(image, t))
        .map(|r| r.r_sym(image.endian))
        .max();
    rela.max(rel).map(|highest| u64::from(highest) + 1)
}

/// A file uses one of the two forms; the procedure linkage table's relocations are of the same form.
pub(super) fn is_rela<H: Header>(dynamic: &Dynamic<'_>, table: &Table) -> bool {
    match (dynamic.rela.size_bytes > 0, dynamic.rel.size_bytes > 0) {
        (true, false) => true,
        (false, true) => false,
        (true, true) => table.address != dynamic.rel.address,
        (false, false) => table.size_bytes.is_multiple_of(size_of::<H::Rela>() as u64),
    }
}

/// The entries of a table of relocations, as far as the file has them.
pub(super) fn relocations<'d, T: object::pod::Pod, H: Header>(image: &Image<'d, H>, table: Table) -> &'d [T] {
    let Some(bytes) = image.at(table.address).filter(|_| table.size_bytes > 0) else { return &[] };
    let size = usize::try_from(table.size_bytes).unwrap_or(usize::MAX).min(bytes.len());
    entries(&bytes[..size])
}
