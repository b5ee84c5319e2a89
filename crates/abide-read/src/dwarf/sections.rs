//! The debug sections of an ELF file: found, decompressed within a ceiling, and relocated.
//!
//! `.debug_line` comes last and alone ([`OwnedSections::load_lines`]): it is needed when the entries are not any more,
//! and both are large.
//!
//! In a relocatable file every allocated section starts at address 0, so addresses there are made distinct as
//! `section index << 40 | offset`, here and for symbols ([`relocatable_address`]).

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;

use object::read::elf::{ElfFile, FileHeader};
use object::{
    CompressedData, CompressedFileRange, CompressionFormat, Endianness, Object, ObjectSection, ObjectSymbol,
    RelocationFlags, RelocationKind, RelocationTarget, SectionIndex,
};
use rustc_hash::FxHashMap;

use super::ranges::RangeSections;
use super::split::Joined;

/// Ceiling for one decompressed section.
const MAX_SECTION_BYTES: u64 = 8 << 30;
/// zlib and zstd cannot shrink real sections by more than about 1,000; a larger claim is a bomb.
const MAX_RATIO: u64 = 1100;

/// Bytes that are read at a time of a section that is decompressed.
const READ_BYTES: usize = 256 << 10;

/// A debug file: its bytes, and the file that they are mapped from, if they are.
#[derive(Clone, Copy, Debug)]
pub struct DebugFile<'d> {
    /// The whole content.
    pub bytes: &'d [u8],
    /// Where the same bytes can be read: what is decompressed is read rather than touched in the mapping, where it
    /// would stay in memory beside what comes out.
    pub file: Option<&'d File>,
}

impl<'d> From<&'d [u8]> for DebugFile<'d> {
    fn from(bytes: &'d [u8]) -> Self {
        DebugFile { bytes, file: None }
    }
}

/// Owned or borrowed bytes of the sections that the reader uses.
#[derive(Default)]
pub(super) struct OwnedSections<'d> {
    pub(super) info: Cow<'d, [u8]>,
    pub(super) types: Cow<'d, [u8]>,
    pub(super) abbrev: Cow<'d, [u8]>,
    pub(super) str: Cow<'d, [u8]>,
    line_str: Cow<'d, [u8]>,
    pub(super) str_offsets: Cow<'d, [u8]>,
    addr: Cow<'d, [u8]>,
    line: Cow<'d, [u8]>,
    info_addresses: FxHashMap<usize, u64>,
    addr_addresses: FxHashMap<usize, u64>,
    is_big: bool,
    /// Units of other files that were appended.
    pub(super) joined: Joined,
    /// Sections that could not be decompressed: name and reason.
    pub(super) problems: Vec<String>,
}

/// Borrowed view of the sections; absent ones are empty.
pub(super) struct Sections<'a> {
    pub(super) info: &'a [u8],
    pub(super) types: &'a [u8],
    pub(super) abbrev: &'a [u8],
    pub(super) str: &'a [u8],
    pub(super) line_str: &'a [u8],
    pub(super) str_offsets: &'a [u8],
    pub(super) addr: &'a [u8],
    pub(super) line: &'a [u8],
    /// Relocated addresses in `.debug_info`, by offset; relocatable files only.
    pub(super) info_addresses: &'a FxHashMap<usize, u64>,
    /// The same for `.debug_addr`.
    pub(super) addr_addresses: &'a FxHashMap<usize, u64>,
    /// Units of other files that were appended.
    pub(super) joined: &'a Joined,
    pub(super) is_big: bool,
}

/// The address of a place in a relocatable file.
pub(super) fn relocatable_address(section: u32, offset: u64) -> u64 {
    u64::from(section) << 40 | offset & ((1 << 40) - 1)
}

impl<'d> OwnedSections<'d> {
    /// Finds and decodes the sections; `None` when the bytes are no ELF file.
    pub(super) fn load(data: DebugFile<'d>) -> Option<Self> {
        let mut sections = OwnedSections::default();
        sections.visit(data, true)?;
        Some(sections)
    }

    /// Gives up the entries and decodes the line tables.
    pub(super) fn load_lines(&mut self, data: DebugFile<'d>) {
        self.info = Cow::default();
        self.types = Cow::default();
        self.abbrev = Cow::default();
        self.problems.clear();
        // That it is an ELF file was found when the entries were loaded.
        let _ = self.visit(data, false);
    }

    fn visit(&mut self, data: DebugFile<'d>, is_first: bool) -> Option<()> {
        match object::FileKind::parse(data.bytes).ok()? {
            object::FileKind::Elf32 => {
                let file = ElfFile::<object::elf::FileHeader32<Endianness>>::parse(data.bytes).ok()?;
                if is_first { self.load_elf(&file, data.file) } else { self.load_elf_lines(&file, data.file) }
            }
            object::FileKind::Elf64 => {
                let file = ElfFile::<object::elf::FileHeader64<Endianness>>::parse(data.bytes).ok()?;
                if is_first { self.load_elf(&file, data.file) } else { self.load_elf_lines(&file, data.file) }
            }
            _ => return None,
        }
        Some(())
    }

    fn load_elf<H: FileHeader<Endian = Endianness>>(&mut self, file: &ElfFile<'d, H>, disk: Option<&File>) {
        self.is_big = file.endian() == Endianness::Big;
        let raw =
            |name: &'static str| Stored { name, range: compressed(file, name), bytes: file.data(), disk };
        let (raw_info, raw_types, raw_str) = (raw(".debug_info"), raw(".debug_types"), raw(".debug_str"));
        let raw_rest = [".debug_abbrev", ".debug_line_str", ".debug_str_offsets", ".debug_addr"].map(raw);
        let ((info, types), (str, rest)) = rayon::join(
            || rayon::join(|| raw_info.content(), || raw_types.content()),
            || rayon::join(|| raw_str.content(), || raw_rest.map(|raw| raw.content())),
        );
        let [abbrev, line_str, str_offsets, addr] = rest;
        self.info = self.keep(info);
        self.types = self.keep(types);
        self.str = self.keep(str);
        self.abbrev = self.keep(abbrev);
        self.line_str = self.keep(line_str);
        self.str_offsets = self.keep(str_offsets);
        self.addr = self.keep(addr);
        if file.kind() == object::ObjectKind::Relocatable {
            self.info_addresses = relocate(file, ".debug_info", &mut self.info);
            self.addr_addresses = relocate(file, ".debug_addr", &mut self.addr);
            relocate(file, ".debug_types", &mut self.types);
            relocate(file, ".debug_str_offsets", &mut self.str_offsets);
        }
    }

    fn load_elf_lines<H: FileHeader<Endian = Endianness>>(
        &mut self,
        file: &ElfFile<'d, H>,
        disk: Option<&File>,
    ) {
        let name = ".debug_line";
        let line = Stored { name, range: compressed(file, name), bytes: file.data(), disk }.content();
        self.line = self.keep(line);
        if file.kind() == object::ObjectKind::Relocatable {
            relocate(file, name, &mut self.line);
        }
    }

    /// The content, or nothing and a note of what is wrong with it.
    fn keep(&mut self, content: Result<Cow<'d, [u8]>, String>) -> Cow<'d, [u8]> {
        content.unwrap_or_else(|problem| {
            self.problems.push(problem);
            Cow::Borrowed(&[])
        })
    }

    /// Whether there is anything to read.
    pub(super) fn has_info(&self) -> bool {
        !self.info.is_empty()
    }

    pub(super) fn view(&self) -> Sections<'_> {
        Sections {
            info: &self.info,
            types: &self.types,
            abbrev: &self.abbrev,
            str: &self.str,
            line_str: &self.line_str,
            str_offsets: &self.str_offsets,
            addr: &self.addr,
            line: &self.line,
            info_addresses: &self.info_addresses,
            addr_addresses: &self.addr_addresses,
            joined: &self.joined,
            is_big: self.is_big,
        }
    }
}

/// The sections of range lists, and what is wrong with them.
pub(super) fn load_ranges(data: DebugFile<'_>) -> (RangeSections<'_>, Vec<String>) {
    match object::FileKind::parse(data.bytes) {
        Ok(object::FileKind::Elf32) => load_elf_ranges::<object::elf::FileHeader32<Endianness>>(data),
        Ok(object::FileKind::Elf64) => load_elf_ranges::<object::elf::FileHeader64<Endianness>>(data),
        _ => Default::default(),
    }
}

fn load_elf_ranges<H: FileHeader<Endian = Endianness>>(
    data: DebugFile<'_>,
) -> (RangeSections<'_>, Vec<String>) {
    let Ok(file) = ElfFile::<H>::parse(data.bytes) else { return Default::default() };
    let mut problems = Vec::new();
    let mut load = |name: &'static str| {
        let stored = Stored { name, range: compressed(&file, name), bytes: data.bytes, disk: data.file };
        let mut content = stored.content().unwrap_or_else(|problem| {
            problems.push(problem);
            Cow::default()
        });
        let is_relocatable = file.kind() == object::ObjectKind::Relocatable;
        let addresses =
            if is_relocatable { relocate(&file, name, &mut content) } else { FxHashMap::default() };
        (content, addresses)
    };
    let ((lists, lists_addresses), (ranges, ranges_addresses)) =
        (load(".debug_rnglists"), load(".debug_ranges"));
    (RangeSections { lists, ranges, lists_addresses, ranges_addresses }, problems)
}

/// Where a section is in the file; an absent one is empty.
fn compressed<'d, H: FileHeader<Endian = Endianness>>(
    file: &ElfFile<'d, H>,
    name: &str,
) -> object::Result<CompressedFileRange> {
    if let Some(section) = file.section_by_name(name) {
        return section.compressed_file_range();
    }
    // GNU's form before `SHF_COMPRESSED`: `.zdebug_*`, "ZLIB", the size as eight big-endian bytes, a zlib stream.
    let old_name = name.replacen(".debug_", ".zdebug_", 1);
    let Some(section) = file.section_by_name(&old_name) else { return Ok(CompressedFileRange::none(None)) };
    let stored = section.compressed_file_range()?;
    match section.compressed_data()?.data.first_chunk::<12>() {
        Some(header) if stored.format == CompressionFormat::None && header.starts_with(b"ZLIB") => {
            let mut size = [0; 8];
            size.copy_from_slice(&header[4..]);
            Ok(CompressedFileRange {
                format: CompressionFormat::Zlib,
                offset: stored.offset + 12,
                compressed_size: stored.compressed_size - 12,
                uncompressed_size: u64::from_be_bytes(size),
            })
        }
        _ => Ok(stored),
    }
}

/// A section as it is in the file.
struct Stored<'d, 'f> {
    name: &'static str,
    range: object::Result<CompressedFileRange>,
    bytes: &'d [u8],
    disk: Option<&'f File>,
}

/// The decoded content of a section of an ELF file; an absent one is empty.
pub(super) fn named_content<'d>(data: &'d [u8], name: &'static str) -> Result<Cow<'d, [u8]>, String> {
    let range = Ok(range_of(data, name).map_err(|e| e.to_string())?);
    Stored { name, range, bytes: data, disk: None }.content()
}

/// Where a section of an ELF file is in it.
fn range_of(data: &[u8], name: &str) -> object::Result<CompressedFileRange> {
    match object::FileKind::parse(data)? {
        object::FileKind::Elf32 => {
            compressed(&ElfFile::<object::elf::FileHeader32<Endianness>>::parse(data)?, name)
        }
        _ => compressed(&ElfFile::<object::elf::FileHeader64<Endianness>>::parse(data)?, name),
    }
}

/// Entries of this size in total repay threads of their own.
const MANY_ENTRIES_BYTES: u64 = 4 << 20;

/// Whether an ELF file has many entries, and they are not compressed.
pub(crate) fn has_many_plain_entries(data: &[u8]) -> bool {
    let range = range_of(data, ".debug_info");
    range.is_ok_and(|r| r.format == CompressionFormat::None && r.uncompressed_size >= MANY_ENTRIES_BYTES)
}

impl<'d> Stored<'d, '_> {
    /// The content, or the section's name with what is wrong with it.
    fn content(&self) -> Result<Cow<'d, [u8]>, String> {
        let named = |e: object::Error| format!("{}: {e}", self.name);
        let range = self.range.map_err(named)?;
        let stored = range.data(self.bytes).map_err(named)?;
        if stored.format == CompressionFormat::None {
            return Ok(Cow::Borrowed(stored.data));
        }
        let out = match self.disk {
            Some(disk) => {
                let read = Range { disk, offset: range.offset, left: range.compressed_size };
                decompress(&stored, BufReader::with_capacity(READ_BYTES, read))
            }
            None => decompress(&stored, stored.data),
        };
        out.map(Cow::Owned).map_err(|reason| format!("{}: {reason}", self.name))
    }
}

/// A part of a file.
struct Range<'f> {
    disk: &'f File,
    offset: u64,
    left: u64,
}

impl Read for Range<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let wanted = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let got = self.disk.read_at(&mut buf[..wanted], self.offset)?;
        self.offset += got as u64;
        self.left -= got as u64;
        Ok(got)
    }
}

/// Decompresses `input`, which holds what `data` describes.
fn decompress(data: &CompressedData<'_>, input: impl BufRead) -> Result<Vec<u8>, String> {
    let size = data.uncompressed_size;
    if size > MAX_SECTION_BYTES
        || size > (data.data.len() as u64).saturating_mul(MAX_RATIO).saturating_add(4096)
    {
        return Err(format!(
            "claims {size} bytes from {} compressed ones, which is beyond the limit",
            data.data.len()
        ));
    }
    let mut out = Vec::with_capacity(size as usize);
    let result = match data.format {
        CompressionFormat::Zlib => flate2::bufread::ZlibDecoder::new(input).take(size).read_to_end(&mut out),
        CompressionFormat::Zstandard => {
            zstd::Decoder::with_buffer(input).and_then(|d| d.take(size).read_to_end(&mut out))
        }
        other => return Err(format!("unknown compression {other:?}")),
    };
    result.map_err(|e| e.to_string())?;
    if out.len() as u64 != size {
        return Err(format!("has {} bytes instead of the {size} that its header states", out.len()));
    }
    Ok(out)
}

/// Applies the relocations of a debug section: offsets into other debug sections are patched in place, addresses
/// are returned by position since their distinct form may not fit in the field.
fn relocate<'d, H: FileHeader<Endian = Endianness>>(
    file: &ElfFile<'d, H>,
    name: &str,
    content: &mut Cow<'d, [u8]>,
) -> FxHashMap<usize, u64> {
    let mut addresses = FxHashMap::default();
    let Some(section) = file.section_by_name(name) else { return addresses };
    let is_big = file.endian() == Endianness::Big;
    let mut patched: Option<Vec<u8>> = None;
    for (offset, relocation) in section.relocations() {
        let Some((size, is_absolute)) = absolute_size(file, &relocation) else { continue };
        if !is_absolute {
            continue;
        }
        let Ok(position) = usize::try_from(offset) else { continue };
        let Some((target, value)) = target_of(file, relocation.target()) else { continue };
        let implicit = if relocation.has_implicit_addend() {
            super::cursor::Cursor::new(content, position, is_big).uint(size).unwrap_or(0)
        } else {
            0
        };
        let value = value.wrapping_add(relocation.addend() as u64).wrapping_add(implicit);
        match target {
            Some(index) => {
                addresses.insert(position, relocatable_address(index.0 as u32, value));
            }
            None => {
                let out = patched.get_or_insert_with(|| content.to_vec());
                write_uint(out, position, size, value, is_big);
            }
        }
    }
    if let Some(patched) = patched {
        *content = Cow::Owned(patched);
    }
    addresses
}

/// Field size of a relocation that stores a plain address.
fn absolute_size<'d, H: FileHeader<Endian = Endianness>>(
    file: &ElfFile<'d, H>,
    relocation: &object::Relocation,
) -> Option<(u8, bool)> {
    if relocation.kind() == RelocationKind::Absolute {
        return Some((relocation.size() / 8, true)).filter(|(size, _)| matches!(size, 4 | 8));
    }
    // Kinds that the library does not name: the plain 32- and 64-bit ones of more machines (psABI supplements).
    let RelocationFlags::Elf { r_type } = relocation.flags() else { return None };
    use object::elf;
    let size = match (file.elf_header().e_machine(file.endian()), r_type) {
        (elf::EM_PPC64, elf::R_PPC64_ADDR32) | (elf::EM_PPC, elf::R_PPC_ADDR32) => 4,
        (elf::EM_PPC64, elf::R_PPC64_ADDR64 | elf::R_PPC64_UADDR64) => 8,
        (elf::EM_X86_64, elf::R_X86_64_32S) => 4,
        _ => return None,
    };
    Some((size, true))
}

/// Where a relocation points: the allocated section (or none for a debug section) and the offset there.
fn target_of<'d, H: FileHeader<Endian = Endianness>>(
    file: &ElfFile<'d, H>,
    target: RelocationTarget,
) -> Option<(Option<SectionIndex>, u64)> {
    let (index, value) = match target {
        RelocationTarget::Symbol(symbol) => {
            let symbol = file.symbol_by_index(symbol).ok()?;
            (symbol.section_index()?, symbol.address())
        }
        RelocationTarget::Section(index) => (index, 0),
        _ => return None,
    };
    let section = file.section_by_index(index).ok()?;
    let object::SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
    let is_allocated = sh_flags.0 & object::elf::SHF_ALLOC.0 != 0;
    Some((is_allocated.then_some(index), value))
}

fn write_uint(out: &mut [u8], position: usize, size: u8, value: u64, is_big: bool) {
    let size = usize::from(size);
    let Some(end) = position.checked_add(size) else { return };
    let Some(field) = out.get_mut(position..end) else { return };
    if is_big {
        field.copy_from_slice(&value.to_be_bytes()[8 - size..]);
    } else {
        field.copy_from_slice(&value.to_le_bytes()[..size]);
    }
}

/// Where the supplementary (dwz) file of a debug file is (DWARF 5 §7.3.6 and `.gnu_debugaltlink`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplementaryLink {
    /// Path as stored; relative paths are relative to the debug file.
    pub path: bstr::BString,
    /// Build-id (or `.debug_sup` checksum) that the supplementary file must have.
    pub build_id: Vec<u8>,
}

/// Reads `.gnu_debugaltlink`, or else `.debug_sup`, of a debug file.
pub fn supplementary_link(data: &[u8]) -> Option<SupplementaryLink> {
    let file = object::File::parse(data).ok()?;
    if let Some(section) = file.section_by_name(".gnu_debugaltlink") {
        let content = section.data().ok()?;
        let end = content.iter().position(|&b| b == 0)?;
        return Some(SupplementaryLink {
            path: content[..end].into(),
            build_id: content[end + 1..].to_vec(),
        });
    }
    let (is_supplementary, link) = debug_sup(&file)?;
    (!is_supplementary).then_some(link)
}

/// The identity of a supplementary file, which links to it state: its build-id, or the checksum of its `.debug_sup`.
pub(crate) fn supplementary_id(data: &[u8]) -> Option<Vec<u8>> {
    if let Some(id) = crate::debuginfo::probe(data).build_id {
        return Some(id);
    }
    let (is_supplementary, link) = debug_sup(&object::File::parse(data).ok()?)?;
    is_supplementary.then_some(link.build_id)
}

/// `.debug_sup` (DWARF 5 §7.3.6): whether the file is the supplementary one, and what it names.
fn debug_sup(file: &object::File<'_>) -> Option<(bool, SupplementaryLink)> {
    let content = file.section_by_name(".debug_sup")?.data().ok()?;
    let is_big = file.endianness() == Endianness::Big;
    let mut cursor = super::cursor::Cursor::new(content, 0, is_big);
    let (_version, is_supplementary) = (cursor.u16()?, cursor.u8()?);
    let start = cursor.position;
    cursor.skip_string()?;
    let path = content[start..cursor.position - 1].into();
    let len = usize::try_from(cursor.uleb()?).ok()?;
    Some((is_supplementary != 0, SupplementaryLink { path, build_id: cursor.take(len)?.to_vec() }))
}
