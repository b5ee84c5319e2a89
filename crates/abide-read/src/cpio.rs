//! The cpio archive inside an RPM, read as a stream.
//!
//! Formats (rpm's `lib/cpio.c`): `070701` ("newc"), `070702` (newc with a checksum, which rpm ignores and so do
//! we), and rpm's stripped `07070X`, which names a file by its index in the package header and leaves the size to
//! that header. What the files are is the affair of the caller.

use std::io::{self, BufRead};

use bstr::BString;

use crate::counted::Counted;

/// `CPIO_NAMESIZE_MAX` in rpm's `lib/cpio.c`: the longest name with its final NUL.
const NAME_SIZE_MAX: u64 = 4096;

/// Bytes of a newc header without its magic number (`PHYS_HDR_SIZE`).
const HEADER_SIZE: usize = 104;

/// Why an archive could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum CpioError {
    /// The stream failed or ended early.
    #[error("the archive cannot be read at offset {offset}: {source}")]
    Io {
        /// Offset in the decompressed archive.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// No known magic number where a header must be.
    #[error("no cpio header at offset {offset}")]
    BadMagic {
        /// Offset in the decompressed archive.
        offset: u64,
    },
    /// A header field that is no hexadecimal number or has an impossible value.
    #[error("bad {field} in the cpio header at offset {offset}")]
    BadHeader {
        /// Offset of the header.
        offset: u64,
        /// The field.
        field: &'static str,
    },
    /// A stripped header names a file that the package header does not have.
    #[error("the cpio header at offset {offset} names file {index}, which the package header does not list")]
    UnknownIndex {
        /// Offset of the header.
        offset: u64,
        /// The index.
        index: u32,
    },
}

/// Who an archive member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Named by the archive.
    Path(BString),
    /// Index in the package header's file list.
    Index(u32),
}

/// One archive member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Path or index.
    pub name: Name,
    /// `st_mode`; 0 for a stripped header.
    pub mode: u32,
    /// Device and inode, which hard links share; 0 for a stripped header.
    pub inode: (u32, u32, u32),
    /// Number of hard links; 1 for a stripped header.
    pub links: u32,
    /// Bytes of content that follow.
    pub size_bytes: u64,
}

/// A reader of archive members, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    input: Counted<R>,
    /// Content of the current member that is still ahead.
    left_bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the archive in `input`.
    pub fn new(input: R) -> Self {
        Self { input: Counted::new(input), left_bytes: 0 }
    }

    /// The next member, or `None` at the trailer. What is left of the current member is skipped.
    ///
    /// `stripped_size` gives the content size of a file by its index in the package header.
    pub fn next_member(
        &mut self,
        stripped_size: impl Fn(u32) -> Option<u64>,
    ) -> Result<Option<Member>, CpioError> {
        self.skip(self.left_bytes)?;
        self.skip_padding()?;
        let start = self.input.offset();
        let magic = self.array::<6>()?;
        match &magic {
            b"070701" | b"070702" => self.newc_member(start),
            b"07070X" => {
                let field = self.array::<8>()?;
                let index = hex(&field).ok_or(CpioError::BadHeader { offset: start, field: "file index" })?;
                self.skip_padding()?;
                // rpm ends some stripped archives with index -1 rather than with a trailer.
                if index == u32::MAX {
                    return Ok(None);
                }
                let size_bytes =
                    stripped_size(index).ok_or(CpioError::UnknownIndex { offset: start, index })?;
                self.left_bytes = size_bytes;
                Ok(Some(Member { name: Name::Index(index), mode: 0, inode: (0, 0, 0), links: 1, size_bytes }))
            }
            _ => Err(CpioError::BadMagic { offset: start }),
        }
    }

    fn newc_member(&mut self, start: u64) -> Result<Option<Member>, CpioError> {
        let header = self.array::<HEADER_SIZE>()?;
        let field = |at: usize, field: &'static str| {
            hex(&header[at * 8..at * 8 + 8]).ok_or(CpioError::BadHeader { offset: start, field })
        };
        let size_bytes = u64::from(field(6, "file size")?);
        let name_size = u64::from(field(11, "name size")?);
        if name_size == 0 || name_size > NAME_SIZE_MAX {
            return Err(CpioError::BadHeader { offset: start, field: "name size" });
        }
        let inode = (field(7, "device")?, field(8, "device")?, field(0, "inode")?);
        let (mode, links) = (field(1, "mode")?, field(4, "link count")?);
        let mut name = Vec::with_capacity(name_size as usize);
        self.append(&mut name, name_size)?;
        // The final NUL, and whatever a writer put after one.
        name.truncate(name.iter().position(|&b| b == 0).unwrap_or(name.len()));
        self.skip_padding()?;
        if name == b"TRAILER!!!" {
            return Ok(None);
        }
        self.left_bytes = size_bytes;
        Ok(Some(Member { name: Name::Path(name.into()), mode, inode, links, size_bytes }))
    }

    /// Content of the current member that is still ahead.
    pub fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// Appends up to `count` further bytes of the current member to `out`.
    pub fn read(&mut self, out: &mut Vec<u8>, count: u64) -> Result<(), CpioError> {
        let count = count.min(self.left_bytes);
        self.left_bytes -= count;
        self.append(out, count)
    }

    fn append(&mut self, out: &mut Vec<u8>, count: u64) -> Result<(), CpioError> {
        self.input.append(out, count).map_err(|e| self.io(e))
    }

    fn skip(&mut self, count: u64) -> Result<(), CpioError> {
        self.input.skip(count).map_err(|e| self.io(e))?;
        self.left_bytes = 0;
        Ok(())
    }

    /// Headers and content start at multiples of four (rpm's `rpmcpioReadPad`).
    fn skip_padding(&mut self) -> Result<(), CpioError> {
        let left = self.left_bytes;
        self.skip((4 - self.input.offset() % 4) % 4)?;
        self.left_bytes = left;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CpioError> {
        self.input.array().map_err(|e| self.io(e))
    }

    fn io(&self, source: io::Error) -> CpioError {
        CpioError::Io { offset: self.input.offset(), source }
    }
}

fn hex(field: &[u8]) -> Option<u32> {
    field.iter().try_fold(0u32, |value, &b| Some(value << 4 | (b as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, ino: u32, nlink: u32, content: &[u8]) -> Vec<u8> {
        let mut out = b"070701".to_vec();
        let fields =
            [ino, 0o100644, 0, 0, nlink, 0, content.len() as u32, 0, 0, 0, 0, name.len() as u32 + 1, 0];
        fields.iter().for_each(|f| out.extend(format!("{f:08x}").into_bytes()));
        out.extend(name.as_bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend(content);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn names(archive: &[u8]) -> Result<Vec<(Name, Vec<u8>)>, CpioError> {
        let mut reader = Reader::new(archive);
        let mut found = Vec::new();
        while let Some(member) = reader.next_member(|i| (i == 2).then_some(5))? {
            let mut content = Vec::new();
            reader.read(&mut content, 3)?;
            reader.read(&mut content, u64::MAX)?;
            found.push((member.name, content));
        }
        Ok(found)
    }

    #[test]
    fn reads_newc_and_stripped_members() {
        let mut archive = member("./usr/a", 1, 1, b"hello");
        archive.extend(b"07070X00000002");
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend(b"world\0\0\0");
        archive.extend(member("TRAILER!!!", 0, 1, b""));
        let found = names(&archive).unwrap();
        assert_eq!(
            found,
            [(Name::Path("./usr/a".into()), b"hello".to_vec()), (Name::Index(2), b"world".to_vec())]
        );
    }

    #[test]
    fn unread_content_is_skipped() {
        let mut archive = member("a", 1, 1, &[b'x'; 1001]);
        archive.extend(member("b", 2, 1, b"y"));
        archive.extend(member("TRAILER!!!", 0, 1, b""));
        let mut reader = Reader::new(&archive[..]);
        assert_eq!(reader.next_member(|_| None).unwrap().unwrap().size_bytes, 1001);
        assert_eq!(reader.next_member(|_| None).unwrap().unwrap().name, Name::Path("b".into()));
        assert_eq!(reader.next_member(|_| None).unwrap(), None);
    }

    #[test]
    fn damage_is_an_error_with_its_place() {
        let archive = member("a", 1, 1, b"hello");
        assert!(matches!(names(&archive), Err(CpioError::Io { .. })), "no trailer");
        assert!(matches!(names(&archive[..112]), Err(CpioError::Io { .. })), "cut in the content");
        assert!(matches!(names(b"not a cpio archive"), Err(CpioError::BadMagic { offset: 0 })));
        let mut bad = archive.clone();
        bad[6] = b'?';
        assert!(matches!(names(&bad), Err(CpioError::BadHeader { field: "inode", .. })));
        let mut long = archive;
        long[94..102].copy_from_slice(b"ffffffff");
        assert!(matches!(names(&long), Err(CpioError::BadHeader { field: "name size", .. })));
        assert!(matches!(names(b"07070X00000009\0\0"), Err(CpioError::UnknownIndex { index: 9, .. })));
    }
}
