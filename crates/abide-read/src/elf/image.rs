//! The file as tables: header, program headers, section headers, strings, and addresses mapped to file bytes.
//!
//! Everything is clamped to what the file really holds. Nothing here knows what a table means.

use std::cell::Cell;

use abide_model::ElfKind;
use object::Endianness;
use object::elf;
use object::pod::{self, Pod};
use object::read::elf::{ProgramHeader, SectionHeader};

use super::{Gaps, Header};

/// An ELF file whose header could be read.
pub(super) struct Image<'d, H: Header> {
    pub(super) bytes: &'d [u8],
    pub(super) header: &'d H,
    pub(super) endian: Endianness,
    pub(super) segments: &'d [H::ProgramHeader],
    pub(super) sections: &'d [H::SectionHeader],
    /// `PT_LOAD` segments by address.
    loads: Vec<&'d H::ProgramHeader>,
    budget: Budget,
}

/// Bytes of names that may still be read. Tables may share the tails of their strings, so a hostile file could
/// make every symbol name megabytes long; honest files stay far below four times their size.
struct Budget(Cell<usize>);

impl<'d, H: Header> Image<'d, H> {
    /// `None` when the ELF header is cut short.
    pub(super) fn open(bytes: &'d [u8], endian: Endianness, gaps: &mut Gaps) -> Option<Self> {
        let (header, _) = pod::from_bytes::<H>(bytes).ok()?;
        let budget = Budget(Cell::new(bytes.len().saturating_mul(4).saturating_add(1 << 16)));
        let mut image =
            Image { bytes, header, endian, segments: &[], sections: &[], loads: Vec::new(), budget };
        image.sections = image.open_sections(gaps);
        image.segments = image.open_segments(gaps);
        image.loads = image.segments.iter().filter(|s| s.p_type(endian) == elf::PT_LOAD).collect();
        image.loads.sort_by_key(|s| Into::<u64>::into(s.p_vaddr(endian)));
        Some(image)
    }

    /// gABI "Section Header Table": a count of 0 with a table present means that section 0 holds the count.
    fn open_sections(&self, gaps: &mut Gaps) -> &'d [H::SectionHeader] {
        let offset: u64 = self.header.e_shoff(self.endian).into();
        if offset == 0 {
            return &[];
        }
        if usize::from(self.header.e_shentsize(self.endian)) != size_of::<H::SectionHeader>() {
            gaps.broken("section headers have an unknown size");
            return &[];
        }
        let mut count = u64::from(self.header.e_shnum(self.endian));
        if count == 0 {
            let (first, _) = table::<H::SectionHeader>(self.bytes, offset, 1);
            count = first.first().map_or(1, |s| s.sh_size(self.endian).into());
        }
        let (sections, complete) = table(self.bytes, offset, count);
        if !complete {
            gaps.broken(format!(
                "the section header table goes beyond the end of the file: {} of {count} headers read",
                sections.len()
            ));
        }
        sections
    }

    /// gABI "Program Header": `PN_XNUM` means that `sh_info` of section 0 holds the count.
    fn open_segments(&self, gaps: &mut Gaps) -> &'d [H::ProgramHeader] {
        let offset: u64 = self.header.e_phoff(self.endian).into();
        let mut count = u64::from(self.header.e_phnum(self.endian));
        if offset == 0 || count == 0 {
            return &[];
        }
        if usize::from(self.header.e_phentsize(self.endian)) != size_of::<H::ProgramHeader>() {
            gaps.broken("program headers have an unknown size");
            return &[];
        }
        if count == u64::from(elf::PN_XNUM)
            && let Some(first) = self.sections.first()
        {
            count = first.sh_info(self.endian).into();
        }
        let (segments, complete) = table(self.bytes, offset, count);
        if !complete {
            gaps.broken(format!(
                "the program header table goes beyond the end of the file: {} of {count} headers read",
                segments.len()
            ));
        }
        segments
    }

    /// Whether the file ends before content that its headers state: of segments that are loaded, or of the sections
    /// of a relocatable file.
    pub(super) fn is_cut(&self, kind: ElfKind) -> bool {
        let end = self.bytes.len() as u64;
        let goes_beyond =
            |offset: u64, size: u64| size > 0 && offset.checked_add(size).is_none_or(|e| e > end);
        if matches!(kind, ElfKind::Relocatable | ElfKind::KernelModule) {
            let count = u64::from(self.header.e_shnum(self.endian));
            let ranges = self.sections.iter().filter_map(|s| s.file_range(self.endian));
            return (self.sections.len() as u64) < count
                || ranges.into_iter().any(|(o, s)| goes_beyond(o, s));
        }
        let count = u64::from(self.header.e_phnum(self.endian));
        let mut loads = self.loads.iter();
        (count < u64::from(elf::PN_XNUM) && (self.segments.len() as u64) < count)
            || loads.any(|s| goes_beyond(s.p_offset(self.endian).into(), s.p_filesz(self.endian).into()))
    }

    pub(super) fn is_64(&self) -> bool {
        self.header.is_type_64()
    }

    pub(super) fn machine(&self) -> elf::Machine {
        self.header.e_machine(self.endian)
    }

    /// The first segment of a type.
    pub(super) fn segment(&self, kind: elf::ProgramType) -> Option<&'d H::ProgramHeader> {
        self.segments.iter().find(|s| s.p_type(self.endian) == kind)
    }

    /// The file bytes of a segment, as far as the file has them.
    pub(super) fn segment_bytes(&self, s: &H::ProgramHeader, what: &str, gaps: &mut Gaps) -> &'d [u8] {
        let (bytes, complete) =
            slice(self.bytes, s.p_offset(self.endian).into(), s.p_filesz(self.endian).into());
        if !complete {
            gaps.broken(format!("{what} goes beyond the end of the file"));
        }
        bytes
    }

    /// The file bytes of a section, as far as the file has them; none for `SHT_NOBITS`.
    pub(super) fn section_bytes(&self, s: &H::SectionHeader, what: &str, gaps: &mut Gaps) -> &'d [u8] {
        let Some((offset, size)) = s.file_range(self.endian) else { return &[] };
        let (bytes, complete) = slice(self.bytes, offset, size);
        if !complete {
            gaps.broken(format!("{what} goes beyond the end of the file"));
        }
        bytes
    }

    /// The segment that is loaded at `address`.
    pub(super) fn load_segment(&self, address: u64) -> Option<&'d H::ProgramHeader> {
        let start = |s: &H::ProgramHeader| Into::<u64>::into(s.p_vaddr(self.endian));
        let index = self.loads.partition_point(|s| start(s) <= address).checked_sub(1)?;
        let segment = self.loads[index];
        (address - start(segment) < segment.p_memsz(self.endian).into()).then_some(segment)
    }

    /// The file bytes from a virtual address to the end of its segment (or section, when no segment is known).
    pub(super) fn at(&self, address: u64) -> Option<&'d [u8]> {
        let (offset, size, start) = match self.load_segment(address) {
            Some(s) => (
                s.p_offset(self.endian).into(),
                s.p_filesz(self.endian).into(),
                s.p_vaddr(self.endian).into(),
            ),
            None if self.segments.is_empty() => self.section_at(address)?,
            None => return None,
        };
        let skip: u64 = address.checked_sub(start)?;
        let size: u64 = size;
        let left = size.checked_sub(skip)?;
        let (bytes, _) = slice(self.bytes, u64::checked_add(offset, skip)?, left);
        (!bytes.is_empty()).then_some(bytes)
    }

    fn section_at(&self, address: u64) -> Option<(u64, u64, u64)> {
        self.sections.iter().find_map(|s| {
            let start: u64 = s.sh_addr(self.endian).into();
            let (offset, size) = s.file_range(self.endian)?;
            let inside = address.checked_sub(start).is_some_and(|d| d < size);
            (s.sh_flags(self.endian).contains(elf::SHF_ALLOC) && inside).then_some((offset, size, start))
        })
    }

    /// The zero-terminated string at `offset` of a string table; `None` when there is none or the budget for
    /// names is used up.
    pub(super) fn string(&self, table: &'d [u8], offset: u64) -> Option<&'d [u8]> {
        let tail = table.get(usize::try_from(offset).ok()?..)?;
        let length = memchr::memchr(0, tail);
        self.spend(length.unwrap_or(tail.len())).then_some(&tail[..length?])
    }

    /// Takes the price of a name of `length` bytes from the budget; false when it is used up.
    pub(super) fn spend(&self, length: usize) -> bool {
        let left = self.budget.0.get().saturating_sub(length.saturating_add(1));
        self.budget.0.set(left);
        left > 0
    }

    /// Whether the budget for names is used up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget.0.get() == 0
    }
}

/// Lets a reader of many tables see no more bytes than the file has: tables of an honest file do not overlap.
pub(super) struct Allowance(usize);

impl Allowance {
    pub(super) fn of<H: Header>(image: &Image<'_, H>) -> Self {
        Allowance(image.bytes.len())
    }

    /// Whether `bytes` may still be read.
    pub(super) fn take(&mut self, bytes: &[u8], what: &str, gaps: &mut Gaps) -> bool {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => {
                gaps.limit(format!("{what} overlap: reading stopped"));
                false
            }
        }
    }
}

/// The part of `size` bytes from `offset` that exists, and whether that is all of it.
fn slice(bytes: &[u8], offset: u64, size: u64) -> (&[u8], bool) {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let tail = &bytes[start..];
    let length = usize::try_from(size).unwrap_or(usize::MAX).min(tail.len());
    (&tail[..length], length as u64 == size)
}

/// Up to `count` entries from `offset`, and whether the file holds all of them.
pub(super) fn table<T: Pod>(bytes: &[u8], offset: u64, count: u64) -> (&[T], bool) {
    let (part, complete) = slice(bytes, offset, count.saturating_mul(size_of::<T>() as u64));
    (entries(part), complete)
}

/// As many whole entries as `bytes` hold.
pub(super) fn entries<T: Pod>(bytes: &[u8]) -> &[T] {
    // ELF types of `object` are byte arrays: no alignment is asked for, so this cannot fail.
    pod::slice_from_bytes(bytes, bytes.len() / size_of::<T>()).map_or(&[], |(entries, _)| entries)
}
