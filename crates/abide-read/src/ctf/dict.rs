//! Dictionaries and where they are: the header (`struct ctf_header`), the compressed body, archives (`struct
//! ctf_archive`, `libctf/ctf-impl.h`).

use std::borrow::Cow;
use std::io::Read;

use rustc_hash::FxHashSet;

use crate::numbered::{Bytes, byte_order, text_at};

/// `CTF_MAGIC`.
const MAGIC: u16 = 0xdff2;
/// `CTFA_MAGIC`, in the byte order of the machine that wrote it.
const ARCHIVE_MAGIC: u64 = 0x8b47_f2a4_d762_3eeb;
/// `struct ctf_header`.
const HEADER_BYTES: usize = 52;
/// `CTF_VERSION_3`.
const VERSION_3: u8 = 4;
/// Ceiling for all bodies of a section; offsets have 32 bits.
const MAX_BYTES: u64 = 1 << 31;
/// zlib cannot shrink real data by more than about 1,000.
const MAX_RATIO: u64 = 1100;

/// `CTF_F_*`.
mod flag {
    pub(super) const COMPRESS: u8 = 1;
    pub(super) const NEW_FUNCTION_INFO: u8 = 2;
    pub(super) const DYNAMIC_STRINGS: u8 = 8;
}

/// What keeps a dictionary from being read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// There is no dictionary at this offset of the section.
    #[error("no CTF header at offset {0:#x}")]
    NoHeader(u64),
    /// A version that is not read, as the byte in the header.
    #[error("a dictionary of {}, which is not read", version_name(*.0))]
    Version(u8),
    /// Sections of the dictionary at this offset overlap or lie outside.
    #[error("the dictionary at offset {0:#x} states sections that make no sense")]
    Sections(u64),
    /// The dictionary at this offset cannot be decompressed.
    #[error("the dictionary at offset {0:#x} cannot be decompressed")]
    Compression(u64),
    /// The dictionary at this offset is beyond the limit.
    #[error("the dictionary at offset {0:#x} claims to be larger than the limit")]
    TooLarge(u64),
    /// An archive's list of members makes no sense.
    #[error("the list of an archive makes no sense")]
    Archive,
    /// A dictionary whose parent is absent.
    #[error("a dictionary continues `{0}`, which is absent")]
    NoParent(String),
    /// Types of functions in the form before binutils 2.36.
    #[error("types of functions are stated in an old form, which is not read")]
    OldFunctions,
}

fn version_name(version: u8) -> String {
    match version {
        1 => "CTF version 1".into(),
        2 => "CTF version 1 (converted)".into(),
        3 => "CTF version 2".into(),
        other => format!("the unknown CTF version with the number {other}"),
    }
}

/// One dictionary: its sections, and what it continues.
#[derive(Clone, Debug)]
pub(super) struct Dict<'d> {
    body: Cow<'d, [u8]>,
    pub(super) is_big: bool,
    /// Bounds in the body: objects, functions, their names, variables, types, strings, end.
    bounds: [usize; 8],
    parent_name: u32,
    /// Index of the dictionary whose types this one continues.
    pub(super) parent: Option<usize>,
    /// Whether strings of the ELF file are those of `.dynstr` and symbols those of `.dynsym`.
    pub(super) uses_dynamic: bool,
    has_new_functions: bool,
}

/// The dictionaries of a section.
#[derive(Clone, Debug, Default)]
pub(super) struct Dicts<'d> {
    pub(super) all: Vec<Dict<'d>>,
    pub(super) problems: Vec<Problem>,
}

/// Whether the bytes start like a dictionary or an archive.
pub(super) fn has_magic(bytes: &[u8]) -> bool {
    byte_order(bytes, MAGIC).is_some() || archive_order(bytes).is_some()
}

fn archive_order(bytes: &[u8]) -> Option<bool> {
    let magic = u64::from_le_bytes(*bytes.first_chunk()?);
    match magic {
        ARCHIVE_MAGIC => Some(false),
        other if other.swap_bytes() == ARCHIVE_MAGIC => Some(true),
        _ => None,
    }
}

impl<'d> Dicts<'d> {
    /// Reads all dictionaries of a section.
    pub(super) fn read(section: &'d [u8]) -> Self {
        let mut dicts = Dicts::default();
        match archive_order(section) {
            Some(is_big) => dicts.archive(section, is_big),
            None => dicts.sequence(section),
        }
        dicts
    }

    /// One dictionary, or those of several objects one after the other.
    fn sequence(&mut self, section: &'d [u8]) {
        let (mut start, mut budget) = (0, MAX_BYTES);
        loop {
            let rest = &section[start..];
            match Dict::read(rest, start as u64, &mut budget) {
                Ok((dict, length)) => {
                    self.push(dict, &[]);
                    // Zeros are padding.
                    match rest[length..].iter().position(|&b| b != 0) {
                        Some(gap) => start += length + gap,
                        None => return,
                    }
                }
                Err(problem) => return self.problems.push(problem),
            }
        }
    }

    /// The members of an archive. The linker names the shared one `.ctf` and the others after their source.
    fn archive(&mut self, section: &'d [u8], is_big: bool) {
        if self.members(section, is_big).is_none() {
            self.problems.push(Problem::Archive);
        }
    }

    fn members(&mut self, section: &'d [u8], is_big: bool) -> Option<()> {
        let bytes = Bytes { data: section, is_big };
        let [_, _, count, names, start] = std::array::from_fn(|i| bytes.u64(i * 8));
        let (count, names, start) = (count?, usize::try_from(names?).ok()?, start?);
        let list = bytes.part(40, count.checked_mul(16)?)?;
        let (mut seen, mut taken) = (FxHashSet::default(), 0u64);
        let (mut found, mut budget) = (Vec::new(), MAX_BYTES);
        for entry in list.data.chunks_exact(16) {
            let entry = Bytes { data: entry, is_big };
            let (name, offset) = (entry.u64(0)?, entry.u64(8)?);
            if !seen.insert(offset) {
                continue;
            }
            let at = start.checked_add(offset)?;
            let size = bytes.u64(usize::try_from(at).ok()?)?;
            let content = bytes.part(at.checked_add(8)?, size)?;
            // Members that overlap would be read more often than the section is long.
            taken = taken.checked_add(size)?;
            if taken > section.len() as u64 {
                return None;
            }
            let name = text_at(section, names.checked_add(usize::try_from(name).ok()?)?)?;
            match Dict::read(content.data, at + 8, &mut budget) {
                Ok((dict, _)) => found.push((name, dict)),
                Err(problem) => self.problems.push(problem),
            }
        }
        // Parents first, so that children find them.
        let (parents, children): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(_, dict)| dict.parent_name == 0);
        let names: Vec<&[u8]> = parents.iter().map(|(name, _)| *name).collect();
        for (_, dict) in parents.into_iter().chain(children) {
            self.push(dict, &names);
        }
        Some(())
    }

    /// Adds a dictionary whose parent is the one of `names` that it names.
    fn push(&mut self, mut dict: Dict<'d>, names: &[&[u8]]) {
        if dict.parent_name != 0 {
            let name = dict.own_text(dict.parent_name).unwrap_or_default();
            let Some(parent) = names.iter().position(|known| *known == name) else {
                self.problems.push(Problem::NoParent(String::from_utf8_lossy(name).into_owned()));
                return;
            };
            dict.parent = Some(parent);
        }
        if !dict.has_new_functions && !dict.functions().data.is_empty() {
            self.problems.push(Problem::OldFunctions);
        }
        self.all.push(dict);
    }
}

impl<'d> Dict<'d> {
    /// The dictionary at the start of `data`, and its length.
    fn read(data: &'d [u8], place: u64, budget: &mut u64) -> Result<(Self, usize), Problem> {
        let is_big = byte_order(data, MAGIC).ok_or(Problem::NoHeader(place))?;
        let (Some(&version), Some(&flags)) = (data.get(2), data.get(3)) else {
            return Err(Problem::NoHeader(place));
        };
        if version != VERSION_3 {
            return Err(Problem::Version(version));
        }
        let header = Bytes { data: data.get(..HEADER_BYTES).ok_or(Problem::NoHeader(place))?, is_big };
        // Parent's label, parent's name, name, then labels, objects, functions, names of objects, names of functions,
        // variables, types, strings, length of the strings.
        let fields: [usize; 12] = std::array::from_fn(|i| header.u32(4 + i * 4).unwrap_or(0) as usize);
        let [
            _,
            parent_name,
            _,
            _,
            objects,
            functions,
            object_names,
            function_names,
            variables,
            types,
            strings,
            length,
        ] = fields;
        let end = strings.checked_add(length).ok_or(Problem::Sections(place))?;
        let bounds = [objects, functions, object_names, function_names, variables, types, strings, end];
        if !bounds.is_sorted() {
            return Err(Problem::Sections(place));
        }
        let rest = &data[HEADER_BYTES..];
        let (body, stored) = if flags & flag::COMPRESS != 0 {
            let (body, stored) = inflate(rest, end as u64, place, budget)?;
            (Cow::Owned(body), stored)
        } else {
            (Cow::Borrowed(rest.get(..end).ok_or(Problem::Sections(place))?), end)
        };
        let dict = Dict {
            body,
            is_big,
            bounds,
            parent_name: parent_name as u32,
            parent: None,
            uses_dynamic: flags & flag::DYNAMIC_STRINGS != 0,
            has_new_functions: flags & flag::NEW_FUNCTION_INFO != 0,
        };
        Ok((dict, HEADER_BYTES + stored))
    }

    fn part(&self, index: usize) -> Bytes<'_> {
        Bytes { data: &self.body[self.bounds[index]..self.bounds[index + 1]], is_big: self.is_big }
    }

    /// Types of data objects.
    pub(super) fn objects(&self) -> Bytes<'_> {
        self.part(0)
    }

    /// Types of functions; nothing in the old form.
    pub(super) fn new_functions(&self) -> Bytes<'_> {
        if self.has_new_functions { self.functions() } else { Bytes { data: &[], is_big: self.is_big } }
    }

    fn functions(&self) -> Bytes<'_> {
        self.part(1)
    }

    /// Names that go with `objects`; empty when symbols' order decides.
    pub(super) fn object_names(&self) -> Bytes<'_> {
        self.part(2)
    }

    /// Names that go with `functions`; empty when symbols' order decides.
    pub(super) fn function_names(&self) -> Bytes<'_> {
        self.part(3)
    }

    /// Names and types of variables.
    pub(super) fn variables(&self) -> Bytes<'_> {
        self.part(4)
    }

    pub(super) fn types(&self) -> Bytes<'_> {
        self.part(5)
    }

    pub(super) fn strings(&self) -> &[u8] {
        self.part(6).data
    }

    /// A string of the dictionary itself.
    pub(super) fn own_text(&self, name: u32) -> Option<&[u8]> {
        text_at(self.strings(), name as usize)
    }
}

/// The body of `size` bytes and how many bytes it takes compressed.
fn inflate(data: &[u8], size: u64, place: u64, budget: &mut u64) -> Result<(Vec<u8>, usize), Problem> {
    let ceiling = (data.len() as u64).saturating_mul(MAX_RATIO).saturating_add(4096);
    *budget = budget.checked_sub(size).filter(|_| size <= ceiling).ok_or(Problem::TooLarge(place))?;
    let mut body = Vec::with_capacity(size as usize);
    let mut decoder = flate2::bufread::ZlibDecoder::new(data);
    let read = decoder.by_ref().take(size).read_to_end(&mut body);
    if read.is_err() || body.len() as u64 != size {
        return Err(Problem::Compression(place));
    }
    // The end of the stream has a checksum, which is read with the end.
    let mut more = [0];
    match decoder.read(&mut more) {
        Ok(0) => Ok((body, decoder.total_in() as usize)),
        _ => Err(Problem::Compression(place)),
    }
}
