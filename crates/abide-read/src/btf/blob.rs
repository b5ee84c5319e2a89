//! The header of a BTF table and where its entries begin (btf.rst, sections 2 and 4).

use crate::numbered::{Bytes, byte_order};

/// `BTF_MAGIC`.
const MAGIC: u16 = 0xeb9f;
/// `struct btf_header` up to `str_len`.
const HEADER_BYTES: u64 = 24;

/// `BTF_KIND_*`.
pub(super) mod kind {
    macro_rules! kinds {
        ($($name:ident = $value:expr;)*) => { $(pub(in crate::btf) const $name: u8 = $value;)* };
    }
    kinds! {
        INT = 1; PTR = 2; ARRAY = 3; STRUCT = 4; UNION = 5; ENUM = 6; FWD = 7; TYPEDEF = 8; VOLATILE = 9; CONST = 10;
        RESTRICT = 11; FUNC = 12; FUNC_PROTO = 13; VAR = 14; DATASEC = 15; FLOAT = 16; DECL_TAG = 17; TYPE_TAG = 18;
        ENUM64 = 19;
    }
}

/// What keeps a table, or the rest of one, from being read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BlobError {
    /// There is no header at this offset of the section.
    #[error("no BTF header at offset {0:#x}")]
    NoHeader(usize),
    /// A version that is not known.
    #[error("BTF version {0} is not read")]
    Version(u8),
    /// The types or strings that the header at this offset states lie outside.
    #[error("the header at offset {0:#x} states types or strings outside of the section")]
    Outside(usize),
}

/// What ends a list of entries early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EntryError {
    /// The entry with this number reaches over the end.
    #[error("type {0} is cut off")]
    Cut(u64),
    /// The entry with this number is of this kind, whose length is not known.
    #[error("type {0} is of the unknown kind {1}, which hides all that follow")]
    UnknownKind(u64, u8),
}

/// One table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blob<'d> {
    pub(super) types: &'d [u8],
    pub(super) strings: &'d [u8],
    pub(super) is_big: bool,
}

/// Whether the bytes start with BTF's magic number.
pub(super) fn has_magic(bytes: &[u8]) -> bool {
    byte_order(bytes, MAGIC).is_some()
}

/// The tables in a section: one, or those of several objects one after the other.
pub(super) fn split(section: &[u8]) -> (Vec<Blob<'_>>, Option<BlobError>) {
    let (mut blobs, mut start) = (Vec::new(), 0);
    loop {
        match parse(section, start) {
            Ok((blob, end)) => {
                blobs.push(blob);
                // What follows belongs to another object; zeros are padding.
                match section[end..].iter().position(|&b| b != 0) {
                    Some(gap) => start = end + gap,
                    None => return (blobs, None),
                }
            }
            Err(error) => return (blobs, Some(error)),
        }
    }
}

/// The table at `start` and where it ends.
fn parse(section: &[u8], start: usize) -> Result<(Blob<'_>, usize), BlobError> {
    let rest = &section[start..];
    let is_big = byte_order(rest, MAGIC).ok_or(BlobError::NoHeader(start))?;
    let bytes = Bytes { data: rest, is_big };
    let version = *rest.get(2).ok_or(BlobError::NoHeader(start))?;
    if version != 1 {
        return Err(BlobError::Version(version));
    }
    let mut fields = [0u64; 5];
    for (index, field) in fields.iter_mut().enumerate() {
        *field = bytes.u32(4 + index * 4).ok_or(BlobError::NoHeader(start))?.into();
    }
    let [header, type_offset, type_bytes, string_offset, string_bytes] = fields;
    let part = |offset: u64, len: u64| bytes.part(header + offset, len).ok_or(BlobError::Outside(start));
    if header < HEADER_BYTES {
        return Err(BlobError::Outside(start));
    }
    let blob = Blob {
        types: part(type_offset, type_bytes)?.data,
        strings: part(string_offset, string_bytes)?.data,
        is_big,
    };
    let end = header + (type_offset + type_bytes).max(string_offset + string_bytes);
    Ok((blob, start + end as usize))
}

/// The head of an entry, `struct btf_type`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) name: u32,
    pub(super) kind: u8,
    /// Number of members, parameters, enumerators.
    pub(super) count: u16,
    pub(super) flag: bool,
    /// `size` or `type`.
    pub(super) size_or_type: u32,
}

impl<'d> Blob<'d> {
    fn bytes(&self) -> Bytes<'d> {
        Bytes { data: self.types, is_big: self.is_big }
    }

    /// The head of the entry at `at`.
    pub(super) fn head(&self, at: usize) -> Option<Head> {
        let bytes = self.bytes();
        let info = bytes.u32(at.checked_add(4)?)?;
        Some(Head {
            name: bytes.u32(at)?,
            kind: (info >> 24 & 0x1f) as u8,
            count: info as u16,
            flag: info >> 31 != 0,
            size_or_type: bytes.u32(at.checked_add(8)?)?,
        })
    }

    /// What follows the head; empty when it is cut.
    pub(super) fn tail(&self, at: usize, head: &Head) -> Bytes<'d> {
        let len = tail_bytes(head).unwrap_or(0);
        let part = self.bytes().part(at as u64 + 12, len);
        part.unwrap_or(Bytes { data: &[], is_big: self.is_big })
    }

    /// Calls `f` with the place and head of each entry; says why when it ends early.
    pub(super) fn for_each(&self, mut f: impl FnMut(u32, Head)) -> Option<EntryError> {
        let (mut at, mut number) = (0, 1);
        while at < self.types.len() {
            let Some(head) = self.head(at) else { return Some(EntryError::Cut(number)) };
            let Some(tail) = tail_bytes(&head) else {
                return Some(EntryError::UnknownKind(number, head.kind));
            };
            let end = at as u64 + 12 + tail;
            if end > self.types.len() as u64 {
                return Some(EntryError::Cut(number));
            }
            f(at as u32, head);
            at = end as usize;
            number += 1;
        }
        None
    }
}

/// Bytes after the head; `None` for a kind that is not known.
fn tail_bytes(head: &Head) -> Option<u64> {
    let count = u64::from(head.count);
    Some(match head.kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => count * 12,
        kind::ENUM | kind::FUNC_PROTO => count * 8,
        kind::PTR..=kind::FUNC | kind::FLOAT | kind::TYPE_TAG => 0,
        _ => return None,
    })
}
