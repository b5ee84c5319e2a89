//! The dynamic section: where the dynamic linker finds everything else.
//!
//! It is found through `PT_DYNAMIC`, as the dynamic linker does, and through `SHT_DYNAMIC` only in files without
//! program headers. Tables that it points to are read by their own modules.

use bstr::BString;
use object::elf;
use object::read::elf::{Dyn, ProgramHeader, SectionHeader};

use super::image::{Image, entries};
use super::sections::Known;
use super::{Gaps, Header};

/// `DT_MIPS_SYMTABNO` (MIPS psABI): number of entries of the dynamic symbol table.
const DT_MIPS_SYMTABNO: i64 = 0x7000_0011;

/// A table of relocations: address, size in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Table {
    pub(super) address: u64,
    pub(super) size_bytes: u64,
}

/// The entries that matter. Strings are offsets into [`Dynamic::strings`], tables are virtual addresses.
#[derive(Default)]
pub(super) struct Dynamic<'d> {
    /// The file has a readable dynamic section.
    pub(super) is_present: bool,
    pub(super) strings: &'d [u8],
    pub(super) soname: Option<u64>,
    pub(super) needed: Vec<u64>,
    pub(super) rpath: Option<u64>,
    pub(super) runpath: Option<u64>,
    pub(super) filters: Vec<u64>,
    pub(super) symtab: Option<u64>,
    pub(super) hash: Option<u64>,
    pub(super) gnu_hash: Option<u64>,
    pub(super) mips_symbol_count: Option<u64>,
    pub(super) versym: Option<u64>,
    pub(super) verdef: Option<u64>,
    pub(super) verneed: Option<u64>,
    pub(super) rela: Table,
    pub(super) rel: Table,
    pub(super) jmprel: Table,
    /// Leading entries of `rela` and `rel` that are relative, and so name no symbol.
    pub(super) relative_count: u64,
    pub(super) init: Option<u64>,
    pub(super) fini: Option<u64>,
    strtab: Option<u64>,
    strings_size: Option<u64>,
    flags: u64,
    pub(super) flags_1: u64,
    pub(super) has_relr: bool,
    symbolic: bool,
    textrel: bool,
    bind_now: bool,
}

impl<'d> Dynamic<'d> {
    pub(super) fn read<H: Header>(image: &Image<'d, H>, known: &Known, gaps: &mut Gaps) -> Dynamic<'d> {
        let mut dynamic = Dynamic::default();
        let Some(bytes) = dynamic_bytes(image, known, gaps) else { return dynamic };
        dynamic.is_present = true;
        let mut is_terminated = false;
        for entry in entries::<H::Dyn>(bytes) {
            let tag = entry.d_tag(image.endian);
            if tag == elf::DT_NULL {
                is_terminated = true;
                break;
            }
            dynamic.take(tag, entry.d_val(image.endian).into());
        }
        if !is_terminated {
            gaps.broken("the dynamic section has no end mark");
        }
        dynamic.find_strings(image, gaps);
        dynamic
    }

    /// A later entry of the same tag replaces an earlier one, as in glibc's `elf_get_dynamic_info`.
    fn take(&mut self, tag: elf::DynamicTag, value: u64) {
        match tag {
            elf::DT_NEEDED => self.needed.push(value),
            elf::DT_SONAME => self.soname = Some(value),
            elf::DT_RPATH => self.rpath = Some(value),
            elf::DT_RUNPATH => self.runpath = Some(value),
            elf::DT_STRTAB => self.strtab = Some(value),
            elf::DT_STRSZ => self.strings_size = Some(value),
            elf::DT_FILTER | elf::DT_AUXILIARY => self.filters.push(value),
            elf::DT_SYMBOLIC => self.symbolic = true,
            elf::DT_RELR => self.has_relr = true,
            elf::DT_SYMTAB => self.symtab = Some(value),
            elf::DT_HASH => self.hash = Some(value),
            elf::DT_GNU_HASH => self.gnu_hash = Some(value),
            elf::DT_VERSYM => self.versym = Some(value),
            elf::DT_VERDEF => self.verdef = Some(value),
            elf::DT_VERNEED => self.verneed = Some(value),
            elf::DT_RELA => self.rela.address = value,
            elf::DT_RELASZ => self.rela.size_bytes = value,
            elf::DT_REL => self.rel.address = value,
            elf::DT_RELSZ => self.rel.size_bytes = value,
            elf::DT_JMPREL => self.jmprel.address = value,
            elf::DT_PLTRELSZ => self.jmprel.size_bytes = value,
            elf::DT_RELACOUNT | elf::DT_RELCOUNT => self.relative_count = value,
            elf::DT_INIT => self.init = Some(value),
            elf::DT_FINI => self.fini = Some(value),
            elf::DT_FLAGS => self.flags = value,
            elf::DT_FLAGS_1 => self.flags_1 = value,
            elf::DT_TEXTREL => self.textrel = true,
            elf::DT_BIND_NOW => self.bind_now = true,
            elf::DynamicTag(DT_MIPS_SYMTABNO) => self.mips_symbol_count = Some(value),
            _ => {}
        }
    }

    fn find_strings<H: Header>(&mut self, image: &Image<'d, H>, gaps: &mut Gaps) {
        let Some(bytes) = self.strtab.and_then(|address| image.at(address)) else {
            gaps.broken("the dynamic string table (DT_STRTAB) is not in the file");
            return;
        };
        let size = self.strings_size.and_then(|s| usize::try_from(s).ok()).unwrap_or(usize::MAX);
        if self.strings_size.is_some() && size > bytes.len() {
            gaps.broken("the dynamic string table is cut short");
        }
        self.strings = &bytes[..size.min(bytes.len())];
    }

    /// The string of an entry such as `DT_SONAME`.
    pub(super) fn text<H: Header>(
        &self,
        image: &Image<'d, H>,
        offset: Option<u64>,
        what: &str,
        gaps: &mut Gaps,
    ) -> Option<BString> {
        let text = image.string(self.strings, offset?).map(BString::from);
        if text.is_none() {
            gaps.broken(format!("the string of {what} cannot be read"));
        }
        text
    }

    pub(super) fn is_pie(&self) -> bool {
        self.flags_1 & elf::DF_1_PIE.0 != 0
    }

    pub(super) fn has_text_relocations(&self) -> bool {
        self.textrel || self.flags & elf::DF_TEXTREL.0 != 0
    }

    pub(super) fn binds_now(&self) -> bool {
        let by_flag = self.flags & elf::DF_BIND_NOW.0 != 0 || self.flags_1 & elf::DF_1_NOW.0 != 0;
        self.bind_now || by_flag
    }

    pub(super) fn is_symbolic(&self) -> bool {
        self.symbolic || self.flags & elf::DF_SYMBOLIC.0 != 0
    }

    pub(super) fn has_static_tls(&self) -> bool {
        self.flags & elf::DF_STATIC_TLS.0 != 0
    }
}

/// The bytes of the dynamic section. A separate debug file keeps the program header, but its `.dynamic` is
/// `SHT_NOBITS` and the header's offset means nothing there.
fn dynamic_bytes<'d, H: Header>(image: &Image<'d, H>, known: &Known, gaps: &mut Gaps) -> Option<&'d [u8]> {
    let Some(segment) = image.segment(elf::PT_DYNAMIC) else {
        let section = &image.sections[known.dynamic.filter(|_| image.segments.is_empty())?];
        return Some(image.section_bytes(section, "the dynamic section", gaps));
    };
    let address: u64 = segment.p_vaddr(image.endian).into();
    let is_dropped = |s: &H::SectionHeader| {
        s.sh_type(image.endian) == elf::SHT_NOBITS
            && s.sh_flags(image.endian).contains(elf::SHF_ALLOC)
            && !s.sh_flags(image.endian).contains(elf::SHF_TLS)
            && Into::<u64>::into(s.sh_addr(image.endian)) == address
            && Into::<u64>::into(s.sh_size(image.endian)) > 0
    };
    if known.dynamic.is_none() && image.sections.iter().any(is_dropped) {
        return None;
    }
    if Into::<u64>::into(segment.p_filesz(image.endian)) == 0 {
        return None;
    }
    Some(image.segment_bytes(segment, "the dynamic section", gaps))
}
