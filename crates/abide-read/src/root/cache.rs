//! `/etc/ld.so.cache`: names of libraries and where they are (glibc's `sysdeps/generic/dl-cache.h`).
//!
//! Read is the new format, alone or behind the old one, in the byte order of this machine or the other.

use bstr::{BString, ByteSlice};

/// Head of the format since glibc 2.2.
const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
/// Head of the format before; the new one follows its entries.
const OLD_MAGIC: &[u8] = b"ld.so-1.7.0\0";
/// `sizeof (struct cache_file_new)`.
const HEADER_BYTES: usize = 48;
/// `sizeof (struct file_entry_new)`.
const ENTRY_BYTES: usize = 24;
/// `DL_CACHE_HWCAP_EXTENSION`: the lower half of `hwcap` is an index into the extension's names.
const HWCAP_EXTENSION: u64 = 1 << 62;
/// `cache_extension_magic`.
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
/// `cache_extension_tag_glibc_hwcaps`.
const TAG_HWCAPS: u32 = 1;

/// One line of `ldconfig -p`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// The name that a program needs.
    pub name: BString,
    /// Where it is.
    pub path: BString,
    /// The subdirectory of `glibc-hwcaps` that it is for (`x86-64-v3`).
    pub hwcap: Option<BString>,
    /// Whether it is for the hardware capabilities of the time before, which are not read.
    pub has_old_hwcap: bool,
}

/// The whole cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryCache {
    /// Entries in file order.
    pub entries: Vec<CacheEntry>,
}

/// Why a cache could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The file begins like no cache.
    #[error("it is no ld.so.cache in a format that is read")]
    Magic,
    /// The file ends in the middle of a table.
    #[error("its tables go beyond its end")]
    CutShort,
}

impl LibraryCache {
    /// Reads a cache.
    ///
    /// # Errors
    /// When it is of another format, or its table goes beyond its end. Entries whose names cannot be read are left out.
    pub fn read(bytes: &[u8]) -> Result<Self, CacheError> {
        let table = new_part(bytes)?;
        let header = table.get(..HEADER_BYTES).ok_or(CacheError::CutShort)?;
        // `flags`: 2 little, 3 big endian; 0 before glibc 2.33.
        let is_big = match header[28] & 3 {
            2 => false,
            3 => true,
            _ => cfg!(target_endian = "big"),
        };
        let reader = Words { bytes: table, is_big };
        let count = reader.u32(20).ok_or(CacheError::CutShort)? as usize;
        let end = count.checked_mul(ENTRY_BYTES).and_then(|size| size.checked_add(HEADER_BYTES));
        if end.is_none_or(|end| end > table.len()) {
            return Err(CacheError::CutShort);
        }
        let hwcaps = reader.hwcaps().unwrap_or_default();
        let entries = (0..count).filter_map(|i| reader.entry(HEADER_BYTES + i * ENTRY_BYTES, &hwcaps));
        Ok(LibraryCache { entries: entries.collect() })
    }
}

/// The old table has a count and entries of 12 bytes; the new one begins at a multiple of 8.
fn new_part(bytes: &[u8]) -> Result<&[u8], CacheError> {
    if bytes.starts_with(MAGIC) {
        return Ok(bytes);
    }
    if !bytes.starts_with(OLD_MAGIC) {
        return Err(CacheError::Magic);
    }
    let words = Words { bytes, is_big: cfg!(target_endian = "big") };
    let count = words.u32(12).ok_or(CacheError::CutShort)? as usize;
    let end = count.checked_mul(12).and_then(|size| size.checked_add(16 + 7)).map(|end| end & !7);
    let rest = end.and_then(|end| bytes.get(end..)).ok_or(CacheError::CutShort)?;
    if rest.starts_with(MAGIC) { Ok(rest) } else { Err(CacheError::Magic) }
}

struct Words<'d> {
    bytes: &'d [u8],
    is_big: bool,
}

impl<'d> Words<'d> {
    fn u32(&self, at: usize) -> Option<u32> {
        let word = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }

    fn u64(&self, at: usize) -> Option<u64> {
        let word = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u64::from_be_bytes(word) } else { u64::from_le_bytes(word) })
    }

    /// Names are no longer than a path (`PATH_MAX`), so that overlapping ones stay small.
    fn text(&self, at: u32) -> Option<&'d [u8]> {
        let tail = self.bytes.get(at as usize..)?;
        let tail = &tail[..tail.len().min(4096)];
        tail.find_byte(0).map(|end| &tail[..end])
    }

    fn entry(&self, at: usize, hwcaps: &[BString]) -> Option<CacheEntry> {
        let (name, path) = (self.text(self.u32(at + 4)?)?, self.text(self.u32(at + 8)?)?);
        let raw = self.u64(at + 16)?;
        let is_named = raw & HWCAP_EXTENSION != 0;
        let hwcap = if is_named { Some(hwcaps.get(raw as u32 as usize)?.clone()) } else { None };
        Some(CacheEntry { name: name.into(), path: path.into(), hwcap, has_old_hwcap: !is_named && raw != 0 })
    }

    /// The names of the extension: a table of sections, one of which holds offsets of strings.
    fn hwcaps(&self) -> Option<Vec<BString>> {
        let start = self.u32(32)? as usize;
        if start == 0 || self.u32(start)? != EXTENSION_MAGIC {
            return None;
        }
        let sections = self.u32(start.checked_add(4)?)?.min(64) as usize;
        let section =
            (0..sections).map(|i| start + 8 + i * 16).find(|&at| self.u32(at) == Some(TAG_HWCAPS))?;
        let (offset, size) = (self.u32(section + 8)? as usize, self.u32(section + 12)? as usize);
        let names = (0..(size / 4).min(4096)).map_while(|i| {
            let at = self.u32(offset.checked_add(i * 4)?)?;
            Some(BString::from(self.text(at)?))
        });
        Some(names.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[(&str, &str, u64)]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((names.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.push(2);
        bytes.resize(HEADER_BYTES, 0);
        let start = HEADER_BYTES + names.len() * ENTRY_BYTES;
        let mut strings = Vec::new();
        for (name, path, hwcap) in names {
            bytes.extend(3u32.to_le_bytes());
            for text in [name, path] {
                bytes.extend(((start + strings.len()) as u32).to_le_bytes());
                strings.extend(text.as_bytes());
                strings.push(0);
            }
            bytes.extend(0u32.to_le_bytes());
            bytes.extend(hwcap.to_le_bytes());
        }
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn entries_are_read_in_order() {
        let bytes = made(&[("libb.so.1", "/lib/libb.so.1", 0), ("liba.so.1", "/opt/liba.so.1", 5)]);
        let cache = LibraryCache::read(&bytes).unwrap();
        let lines: Vec<String> = cache.entries.iter().map(|e| format!("{} {}", e.name, e.path)).collect();
        assert_eq!(lines, ["libb.so.1 /lib/libb.so.1", "liba.so.1 /opt/liba.so.1"]);
        assert!(cache.entries[1].has_old_hwcap);
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = made(&[("liba.so.1", "/lib/liba.so.1", 0)]);
        assert_eq!(LibraryCache::read(b"ld.so"), Err(CacheError::Magic));
        assert_eq!(LibraryCache::read(&bytes[..60]), Err(CacheError::CutShort));
        let mut many = bytes.clone();
        many[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(LibraryCache::read(&many), Err(CacheError::CutShort));
        // A name beyond the end is left out.
        let cut = LibraryCache::read(&bytes[..bytes.len() - 1]).unwrap();
        assert!(cut.entries.is_empty());
    }
}
