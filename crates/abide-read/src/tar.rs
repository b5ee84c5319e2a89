//! tar archives: ustar, the pax and GNU extensions, and the old format before them.
//!
//! Format: POSIX `pax`, and GNU tar's manual, "Basic Tar Format". Nothing is unpacked; what the files are is the affair
//! of the caller.

use std::io::{self, BufRead};

use bstr::{BString, ByteSlice};

use crate::counted::Counted;

/// Headers and content start at multiples of this.
pub const BLOCK_BYTES: usize = 512;

/// A block.
type Block = [u8; BLOCK_BYTES];

/// Names and pax headers beyond this are refused; Linux has paths of up to 4096 bytes.
const EXTENSION_BYTES_MAX: u64 = 1 << 20;

/// Extension headers in front of one member.
const EXTENSIONS_MAX: usize = 16;

/// Further maps of a sparse file's holes, each with 21 holes.
const SPARSE_BLOCKS_MAX: usize = 1 << 16;

/// Why an archive could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// The stream failed or ended early.
    #[error("the archive cannot be read at offset {offset}: {source}")]
    Io {
        /// Offset in the decompressed archive.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// The archive stops without the empty block that ends it.
    #[error("the archive ends at offset {offset} without its end mark")]
    NoEnd {
        /// Offset in the decompressed archive.
        offset: u64,
    },
    /// A header whose checksum is wrong is no header.
    #[error("no tar header at offset {offset}")]
    BadChecksum {
        /// Offset of the block.
        offset: u64,
    },
    /// A header with an impossible value.
    #[error("bad {field} in the tar header at offset {offset}")]
    BadHeader {
        /// Offset of the header.
        offset: u64,
        /// The field.
        field: &'static str,
    },
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with its content.
    Regular,
    /// Another name of an earlier member.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
    /// A file with holes in one of GNU tar's forms, which are not read.
    Sparse,
    /// Device, fifo, or of a kind that is not known.
    Special,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Path as stored.
    pub name: BString,
    /// Kind.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u16,
    /// Target of a link, empty for others.
    pub link: BString,
    /// Bytes of content that follow.
    pub size_bytes: u64,
    /// Name of the owner; its number where no name is stored.
    pub owner: BString,
    /// Name of the group; its number where no name is stored.
    pub group: BString,
}

/// What extension headers say of the member behind them.
#[derive(Default)]
struct Extended {
    name: Option<BString>,
    link: Option<BString>,
    owner: Option<BString>,
    group: Option<BString>,
    size_bytes: Option<u64>,
    is_sparse: bool,
}

/// A reader of members, one after the other.
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

    /// The next member, or `None` at the end mark. What is left of the current one is skipped.
    pub fn next_member(&mut self) -> Result<Option<Member>, TarError> {
        let mut extended = Extended::default();
        for _ in 0..=EXTENSIONS_MAX {
            self.skip_content()?;
            let offset = self.input.offset();
            let block = self.input.array_or_end::<BLOCK_BYTES>().map_err(|e| self.io(e))?;
            let block = block.ok_or(TarError::NoEnd { offset })?;
            if block.iter().all(|&b| b == 0) {
                return Ok(None);
            }
            let header = Header { block: &block, offset };
            header.check()?;
            self.left_bytes = header.number(124..136, "size")?;
            match block[156] {
                b'L' => extended.name = Some(self.extension(offset)?.until_nul()),
                b'K' => extended.link = Some(self.extension(offset)?.until_nul()),
                b'x' | b'X' => extended.add_pax(&self.extension(offset)?, offset)?,
                // Global headers hold comments and times; a name or size for all members would make no sense.
                b'g' | b'V' => {}
                b'S' => {
                    self.skip_sparse_maps(&block, offset)?;
                    return self.member(header, extended).map(Some);
                }
                _ => return self.member(header, extended).map(Some),
            }
        }
        Err(TarError::BadHeader { offset: self.input.offset(), field: "number of extension headers" })
    }

    fn member(&mut self, header: Header<'_>, extended: Extended) -> Result<Member, TarError> {
        let kind = header.kind(extended.is_sparse);
        let name = extended.name.unwrap_or_else(|| header.name());
        let kind = if kind == Kind::Regular && name.ends_with(b"/") { Kind::Directory } else { kind };
        if let Some(size) = extended.size_bytes {
            self.left_bytes = size;
        }
        // Links, directories and devices may state a size and have no content (POSIX `pax`, "size").
        if matches!(kind, Kind::HardLink | Kind::Symlink | Kind::Directory) {
            self.left_bytes = 0;
        }
        let link = match kind {
            Kind::HardLink | Kind::Symlink => extended.link.unwrap_or_else(|| header.text(157..257)),
            _ => BString::default(),
        };
        let mode = (header.number(100..108, "mode")? & 0o7777) as u16;
        let owner = extended.owner.unwrap_or_else(|| header.who(265..297, 108..116));
        let group = extended.group.unwrap_or_else(|| header.who(297..329, 116..124));
        Ok(Member { name, kind, mode, link, size_bytes: self.left_bytes, owner, group })
    }

    /// Content of the current member that is still ahead.
    pub fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// Appends up to `count` further bytes of the current member to `out`.
    pub fn read(&mut self, out: &mut Vec<u8>, count: u64) -> Result<(), TarError> {
        let count = count.min(self.left_bytes);
        self.left_bytes -= count;
        self.input.append(out, count).map_err(|e| self.io(e))
    }

    /// The content of an extension header.
    fn extension(&mut self, offset: u64) -> Result<Vec<u8>, TarError> {
        if self.left_bytes > EXTENSION_BYTES_MAX {
            return Err(TarError::BadHeader { offset, field: "size of an extension header" });
        }
        let mut content = Vec::new();
        self.read(&mut content, u64::MAX)?;
        Ok(content)
    }

    /// GNU's old sparse files have further maps between header and content.
    fn skip_sparse_maps(&mut self, header: &Block, offset: u64) -> Result<(), TarError> {
        let mut goes_on = header[482] != 0;
        for _ in 0..SPARSE_BLOCKS_MAX {
            if !goes_on {
                return Ok(());
            }
            let map = self.input.array::<BLOCK_BYTES>().map_err(|e| self.io(e))?;
            goes_on = map[504] != 0;
        }
        Err(TarError::BadHeader { offset, field: "number of holes" })
    }

    fn skip_content(&mut self) -> Result<(), TarError> {
        self.input.skip(std::mem::take(&mut self.left_bytes)).map_err(|e| self.io(e))?;
        let over = self.input.offset() % BLOCK_BYTES as u64;
        self.input.skip((BLOCK_BYTES as u64 - over) % BLOCK_BYTES as u64).map_err(|e| self.io(e))
    }

    fn io(&self, source: io::Error) -> TarError {
        TarError::Io { offset: self.input.offset(), source }
    }
}

/// Whether a file that starts with `head` is a tar archive: its first block has the checksum that it states.
pub fn is_tar(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK_BYTES>().is_some_and(|block| {
        let header = Header { block, offset: 0 };
        block[0] != 0 && header.check().is_ok()
    })
}

/// One header block.
struct Header<'b> {
    block: &'b Block,
    offset: u64,
}

impl Header<'_> {
    /// The sum of all bytes, with spaces in place of the field itself; some old writers added signed bytes.
    fn check(&self) -> Result<(), TarError> {
        let bad = TarError::BadChecksum { offset: self.offset };
        let Ok(stated) = self.number(148..156, "checksum") else { return Err(bad) };
        let is_field = |at: usize| (148..156).contains(&at);
        let each = self.block.iter().enumerate().map(|(at, &b)| if is_field(at) { b' ' } else { b });
        let (unsigned, signed) =
            each.fold((0u64, 0i64), |(u, s), b| (u + u64::from(b), s + i64::from(b.cast_signed())));
        match stated == unsigned || i64::try_from(stated) == Ok(signed) {
            true => Ok(()),
            false => Err(bad),
        }
    }

    /// Octal digits between spaces and NULs, or GNU's base 256 for what needs more.
    fn number(&self, range: std::ops::Range<usize>, field: &'static str) -> Result<u64, TarError> {
        let bytes = &self.block[range];
        let bad = || TarError::BadHeader { offset: self.offset, field };
        if bytes[0] & 0x80 != 0 {
            // The first byte of a positive number is 0x80; one that needs more than eight bytes is refused.
            let (high, low) = bytes.split_at(bytes.len().saturating_sub(8));
            let is_small = high.iter().enumerate().all(|(at, &b)| b == if at == 0 { 0x80 } else { 0 });
            let low = low.first_chunk::<8>().filter(|_| is_small && !high.is_empty());
            return low.map(|b| u64::from_be_bytes(*b)).ok_or_else(bad);
        }
        let digits = bytes.split(|&b| b == 0).next().unwrap_or_default().trim();
        digits
            .iter()
            .try_fold(0u64, |value, &b| match b {
                b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(b - b'0')),
                _ => None,
            })
            .ok_or_else(bad)
    }

    fn text(&self, range: std::ops::Range<usize>) -> BString {
        self.block[range].to_vec().until_nul()
    }

    /// The name of a user or group; old archives and some writers have its number alone.
    fn who(&self, name: std::ops::Range<usize>, number: std::ops::Range<usize>) -> BString {
        let name = match &self.block[257..262] {
            b"ustar" => self.text(name),
            _ => BString::default(),
        };
        match name.is_empty() {
            false => name,
            true => match self.number(number, "owner") {
                Ok(0) => "root".into(),
                Ok(number) => number.to_string().into(),
                Err(_) => BString::default(),
            },
        }
    }

    fn name(&self) -> BString {
        // GNU tar's own format has other things in the place of the prefix.
        let prefix = match &self.block[257..263] {
            b"ustar\0" => self.text(345..500),
            _ => BString::default(),
        };
        let name = self.text(0..100);
        if prefix.is_empty() { name } else { [&prefix[..], b"/", &name].concat().into() }
    }

    fn kind(&self, is_sparse: bool) -> Kind {
        match self.block[156] {
            b'0' | 0 | b'7' if is_sparse => Kind::Sparse,
            b'0' | 0 | b'7' => Kind::Regular,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'5' => Kind::Directory,
            b'S' => Kind::Sparse,
            _ => Kind::Special,
        }
    }
}

impl Extended {
    /// Records `LENGTH KEYWORD=VALUE\n`, where the length counts all of it.
    fn add_pax(&mut self, records: &[u8], offset: u64) -> Result<(), TarError> {
        let bad = || TarError::BadHeader { offset, field: "pax record" };
        let mut rest = records;
        // Some writers pad with NULs.
        while rest.first().is_some_and(|&b| b != 0) {
            let space = rest.find_byte(b' ').ok_or_else(bad)?;
            let length: usize = rest[..space].to_str().ok().and_then(|t| t.parse().ok()).ok_or_else(bad)?;
            let record = rest.get(space + 1..length).ok_or_else(bad)?.strip_suffix(b"\n").ok_or_else(bad)?;
            let (keyword, value) = record.split_once_str("=").ok_or_else(bad)?;
            match keyword {
                b"path" => self.name = Some(value.to_vec().until_nul()),
                b"linkpath" => self.link = Some(value.to_vec().until_nul()),
                b"uname" => self.owner = Some(value.to_vec().until_nul()),
                b"gname" => self.group = Some(value.to_vec().until_nul()),
                b"size" => {
                    self.size_bytes = Some(value.to_str().ok().and_then(|t| t.parse().ok()).ok_or_else(bad)?);
                }
                keyword => self.is_sparse |= keyword.starts_with(b"GNU.sparse."),
            }
            rest = &rest[length..];
        }
        Ok(())
    }
}

/// Text up to its first NUL.
trait UntilNul {
    fn until_nul(self) -> BString;
}

impl UntilNul for Vec<u8> {
    fn until_nul(mut self) -> BString {
        self.truncate(self.find_byte(0).unwrap_or(self.len()));
        self.into()
    }
}
