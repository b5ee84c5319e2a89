//! One pass over the section headers: which of the sections that matter are there.

use abide_model::ExportKind;
use bstr::BString;
use object::Endianness;
use object::elf;
use object::endian::Endian as _;
use object::read::elf::SectionHeader;

use super::image::Image;
use super::{Gaps, Header, module};

/// Indices and properties of the known sections.
#[derive(Default)]
pub(super) struct Known {
    pub(super) dynsym: Option<usize>,
    pub(super) symtab: Option<usize>,
    pub(super) dynamic: Option<usize>,
    pub(super) opd: Option<usize>,
    /// `SHT_NOTE` sections that are loaded; `.note.stapsdt` and annobin's notes are not.
    pub(super) notes: Vec<usize>,
    /// Sections named `__ksymtab*` (in modules also `___ksymtab*`).
    pub(super) ksymtabs: Vec<usize>,
    /// `__ksymtab*` by what it exports; in sections of single symbols also `___ksymtab*+name`.
    pub(super) ksymtab_kinds: Vec<(usize, ExportKind)>,
    /// `__kcrctab*` in the same way.
    pub(super) kcrctabs: Vec<(usize, ExportKind)>,
    pub(super) modinfo: Option<usize>,
    pub(super) this_module: Option<usize>,
    pub(super) versions: Option<usize>,
    /// `__version_ext_crcs` and `__version_ext_names`.
    pub(super) version_ext: [Option<usize>; 2],
    pub(super) rodata: Option<usize>,
    pub(super) has_modinfo: bool,
    pub(super) has_ksymtab: bool,
    pub(super) has_debug_info: bool,
    pub(super) gnu_stack_is_executable: Option<bool>,
    debug_link: Option<usize>,
}

impl Known {
    pub(super) fn scan<H: Header>(image: &Image<'_, H>, gaps: &mut Gaps) -> Known {
        let mut known = Known::default();
        let names = section_names(image, gaps);
        let mut unnamed = 0usize;
        for (index, section) in image.sections.iter().enumerate().skip(1) {
            known.note_type(image, index, section);
            match image.string(names, section.sh_name(image.endian).into()) {
                Some(name) => known.note_name(image, index, section, name),
                None => unnamed += 1,
            }
        }
        if unnamed > 0 && !names.is_empty() {
            gaps.broken(format!("names of {unnamed} sections cannot be read"));
        }
        known
    }

    fn note_type<H: Header>(&mut self, image: &Image<'_, H>, index: usize, section: &H::SectionHeader) {
        match section.sh_type(image.endian) {
            elf::SHT_DYNSYM => self.dynsym = self.dynsym.or(Some(index)),
            elf::SHT_SYMTAB => self.symtab = self.symtab.or(Some(index)),
            elf::SHT_DYNAMIC => self.dynamic = self.dynamic.or(Some(index)),
            elf::SHT_NOTE if section.sh_flags(image.endian).contains(elf::SHF_ALLOC) => {
                self.notes.push(index)
            }
            _ => {}
        }
    }

    fn note_name<H: Header>(
        &mut self,
        image: &Image<'_, H>,
        index: usize,
        section: &H::SectionHeader,
        name: &[u8],
    ) {
        let has_content = section.sh_type(image.endian) != elf::SHT_NOBITS
            && Into::<u64>::into(section.sh_size(image.endian)) > 0;
        // An empty __versions says something, too.
        if section.sh_type(image.endian) != elf::SHT_NOBITS {
            module::note_section(self, index, name, section.sh_flags(image.endian));
        }
        match name {
            b".debug_info" | b".zdebug_info" => self.has_debug_info |= has_content,
            b".gnu_debuglink" if has_content => self.debug_link = Some(index),
            b".opd" if has_content => self.opd = Some(index),
            b".modinfo" | b".gnu.linkonce.this_module" => self.has_modinfo = true,
            b".note.GNU-stack" => {
                self.gnu_stack_is_executable =
                    Some(section.sh_flags(image.endian).contains(elf::SHF_EXECINSTR));
            }
            b"__ksymtab_strings" => self.has_ksymtab = true,
            _ if name.starts_with(b"__ksymtab") || name.starts_with(b"___ksymtab") => {
                self.has_ksymtab = true;
                self.ksymtabs.push(index);
            }
            _ => {}
        }
    }

    /// File name and CRC of `.gnu_debuglink`: a string, zeros up to a multiple of four, four bytes of CRC.
    pub(super) fn debug_link<H: Header>(
        &self,
        image: &Image<'_, H>,
        gaps: &mut Gaps,
    ) -> Option<(BString, u32)> {
        let bytes = image.section_bytes(&image.sections[self.debug_link?], ".gnu_debuglink", gaps);
        let link = memchr::memchr(0, bytes).and_then(|end| {
            let crc = bytes.get((end + 1).next_multiple_of(4)..)?.first_chunk::<4>()?;
            Some((BString::from(&bytes[..end]), read_u32(image.endian, *crc)))
        });
        if link.is_none() {
            gaps.broken(".gnu_debuglink is cut short");
        }
        link
    }
}

/// The string table with the sections' names (`e_shstrndx`, in section 0 when it does not fit).
fn section_names<'d, H: Header>(image: &Image<'d, H>, gaps: &mut Gaps) -> &'d [u8] {
    let Some(first) = image.sections.first() else { return &[] };
    let index = match image.header.e_shstrndx(image.endian) {
        elf::SHN_XINDEX => first.sh_link(image.endian),
        index => u32::from(index.0),
    };
    match image.sections.get(index as usize) {
        Some(section) if index != 0 => image.section_bytes(section, "the table of section names", gaps),
        _ => {
            gaps.broken("the sections have no names");
            &[]
        }
    }
}

pub(super) fn read_u32(endian: Endianness, bytes: [u8; 4]) -> u32 {
    endian.read_u32(bytes)
}
