//! What a file tells about its part in debugging: build-id, whether it holds debug information only, its CRC.
//!
//! Facts of artifacts are read by `elf`, types by `dwarf`; here only section headers and one note are looked at.

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader, SectionTable};
use object::{Endianness, ReadRef};

/// What was found in the section headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// `NT_GNU_BUILD_ID`.
    pub build_id: Option<Vec<u8>>,
    /// Whether the file has debug information in itself.
    pub has_debug_info: bool,
    /// Whether the file has types in a compact form (`.BTF`, `.ctf`).
    pub has_type_table: bool,
    /// Whether the file is a separate debug file or a supplementary (dwz) file: code and data were taken out.
    pub is_debug_only: bool,
}

impl Probe {
    /// What the name of a debug file says that is installed by its build-id: a folder of them need not be opened file
    /// by file, for whoever takes one looks at its note.
    pub fn named(build_id: Vec<u8>) -> Self {
        Probe { build_id: Some(build_id), has_debug_info: true, is_debug_only: true, has_type_table: false }
    }
}

/// Looks at an ELF file; what cannot be read counts as absent.
pub fn probe(bytes: &[u8]) -> Probe {
    if crate::btf::is_raw(bytes) {
        return Probe { has_type_table: true, ..Probe::default() };
    }
    match bytes.get(4) {
        Some(1) => probe_class::<FileHeader32<Endianness>>(bytes),
        Some(2) => probe_class::<FileHeader64<Endianness>>(bytes),
        _ => None,
    }
    .unwrap_or_default()
}

/// Class of sections that matter for telling a debug file from an artifact.
#[derive(Default)]
struct Seen {
    /// Allocated sections with bytes in the file, other than notes.
    content: bool,
    /// Code without bytes in the file.
    stripped_code: bool,
    /// Any allocated section besides notes.
    allocated: bool,
    /// Any `.debug_*` or `.zdebug_*` section.
    debug: bool,
}

fn probe_class<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<Probe> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections: SectionTable<'_, H> = header.sections(endian, bytes).ok()?;
    let mut seen = Seen::default();
    let mut found = Probe::default();
    for section in sections.iter() {
        let name = sections.section_name(endian, section).unwrap_or_default();
        let kind = section.sh_type(endian);
        let size: u64 = section.sh_size(endian).into();
        let flags = section.sh_flags(endian).0;
        let is_allocated = flags & elf::SHF_ALLOC.0 != 0;
        if kind == elf::SHT_NOTE && found.build_id.is_none() {
            found.build_id = section_build_id(section, endian, bytes);
        }
        seen.allocated |= is_allocated && kind != elf::SHT_NOTE;
        seen.content |= is_allocated && kind != elf::SHT_NOTE && kind != elf::SHT_NOBITS && size > 0;
        seen.stripped_code |= kind == elf::SHT_NOBITS && flags & elf::SHF_EXECINSTR.0 != 0 && size > 0;
        let is_debug = (name.starts_with(b".debug_") || name.starts_with(b".zdebug_")) && size > 0;
        seen.debug |= is_debug;
        found.has_type_table |= match name {
            b".ctf" | b".BTF" => size > 0 && kind != elf::SHT_NOBITS,
            _ => false,
        };
        found.has_debug_info |= is_debug && name.ends_with(b"debug_info") && kind != elf::SHT_NOBITS;
    }
    // Debug files keep the section headers of what was taken out (`objcopy --only-keep-debug`, `eu-strip -f`);
    // dwz files have debug sections and a note alone.
    found.is_debug_only = !seen.content && (seen.stripped_code || (seen.debug && !seen.allocated));
    Some(found)
}

fn section_build_id<'d, S: SectionHeader<Endian = Endianness>>(
    section: &S,
    endian: Endianness,
    bytes: impl ReadRef<'d>,
) -> Option<Vec<u8>> {
    let mut notes = section.notes(endian, bytes).ok()??;
    while let Ok(Some(note)) = notes.next() {
        if note.name() == elf::ELF_NOTE_GNU && note.n_type(endian) == elf::NT_GNU_BUILD_ID {
            return Some(note.desc().to_vec()).filter(|id| !id.is_empty());
        }
    }
    None
}

/// The CRC-32 that `.gnu_debuglink` states (GDB manual, "Separate Debug Files").
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
