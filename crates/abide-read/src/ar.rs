//! `ar` archives as Debian packages are: a few members, one after the other.
//!
//! Format: deb(5) and the System V `ar.h` header. Names are at most 16 bytes there; the tables for longer names, which
//! static libraries have, do not occur in packages and are not read.

use std::io::{self, BufRead};

use bstr::{BString, ByteSlice};

use crate::counted::Counted;

/// `ARMAG`.
const MAGIC: [u8; 8] = *b"!<arch>\n";

/// Bytes of `struct ar_hdr`.
const HEADER_BYTES: usize = 60;

/// Why an archive could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ArError {
    /// The stream failed or ended early.
    #[error("the archive cannot be read at offset {offset}: {source}")]
    Io {
        /// Offset in the archive.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// It does not start as an archive does.
    #[error("the file does not start with !<arch>")]
    BadMagic,
    /// A header that is none.
    #[error("bad {field} in the ar header at offset {offset}")]
    BadHeader {
        /// Offset of the header.
        offset: u64,
        /// The field.
        field: &'static str,
    },
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name, without padding and the slash of System V.
    pub name: BString,
    /// Bytes of content that follow.
    pub size_bytes: u64,
}

/// A reader of members, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    input: Counted<R>,
    /// Content of the current member that is still ahead, and its padding.
    left_bytes: u64,
    padding_bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the magic number of the archive in `input`.
    pub fn new(input: R) -> Result<Self, ArError> {
        let mut reader = Self { input: Counted::new(input), left_bytes: 0, padding_bytes: 0 };
        match reader.input.array() {
            Ok(MAGIC) => Ok(reader),
            Ok(_) => Err(ArError::BadMagic),
            Err(source) => Err(ArError::Io { offset: 0, source }),
        }
    }

    /// The next member, or `None` at the end. What is left of the current one is skipped.
    pub fn next_member(&mut self) -> Result<Option<Member>, ArError> {
        self.input.skip(std::mem::take(&mut self.left_bytes)).map_err(|e| self.io(e))?;
        // Some writers leave out the padding of the last member.
        if self.padding_bytes > 0 && self.input.array_or_end::<1>().map_err(|e| self.io(e))?.is_none() {
            return Ok(None);
        }
        let offset = self.input.offset();
        let header = self.input.array_or_end::<HEADER_BYTES>().map_err(|e| self.io(e))?;
        let Some(header) = header else { return Ok(None) };
        if &header[58..] != b"`\n" {
            return Err(ArError::BadHeader { offset, field: "end" });
        }
        let size_bytes = decimal(&header[48..58]).ok_or(ArError::BadHeader { offset, field: "size" })?;
        let name = header[..16].trim_end();
        let name = name.strip_suffix(b"/").unwrap_or(name).into();
        self.left_bytes = size_bytes;
        self.padding_bytes = size_bytes % 2;
        Ok(Some(Member { name, size_bytes }))
    }

    /// Appends the rest of the current member to `out`.
    pub fn read(&mut self, out: &mut Vec<u8>) -> Result<(), ArError> {
        let count = std::mem::take(&mut self.left_bytes);
        self.input.append(out, count).map_err(|e| self.io(e))
    }

    /// Offset in the archive.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    fn io(&self, source: io::Error) -> ArError {
        ArError::Io { offset: self.input.offset(), source }
    }
}

/// Decimal digits, padded with spaces.
fn decimal(field: &[u8]) -> Option<u64> {
    field.trim_end().to_str().ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut out = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len());
        if content.len() % 2 == 1 {
            out.push('\n');
        }
        let at = HEADER_BYTES;
        let mut bytes = out.into_bytes();
        bytes.splice(at..at, content.iter().copied());
        bytes
    }

    fn all(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ArError> {
        let mut reader = Reader::new(archive)?;
        let mut found = Vec::new();
        while let Some(member) = reader.next_member()? {
            let mut content = Vec::new();
            // Every other member is passed over.
            if found.len() % 2 == 0 {
                reader.read(&mut content)?;
            }
            found.push((member.name.to_string(), content));
        }
        Ok(found)
    }

    #[test]
    fn members_in_order() {
        let archive = [&MAGIC[..], &member("one", b"abc"), &member("two/", b"de"), &member("three", b"f")];
        let expected = [("one", b"abc".to_vec()), ("two", vec![]), ("three", b"f".to_vec())];
        assert_eq!(all(&archive.concat()).unwrap(), expected.map(|(n, c)| (n.to_owned(), c)));
        let whole = archive.concat();
        assert_eq!(all(&whole[..whole.len() - 1]).unwrap().len(), 3, "the last padding may be missing");
        assert!(all(&MAGIC).unwrap().is_empty());
    }

    #[test]
    fn damage_is_an_error() {
        let whole = [&MAGIC[..], &member("one", b"abcdef")].concat();
        assert!(matches!(all(&whole[..whole.len() - 1]), Err(ArError::Io { .. })));
        assert!(matches!(all(&whole[..40]), Err(ArError::Io { .. })));
        assert!(matches!(all(b"!<thin>\n"), Err(ArError::BadMagic)));
        for (at, field) in [(8 + 48, "size"), (8 + 58, "end")] {
            let mut bad = whole.clone();
            bad[at] = b'-';
            assert!(matches!(all(&bad), Err(ArError::BadHeader { offset: 8, field: f }) if f == field));
        }
    }
}
