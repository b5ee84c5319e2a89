//! The files inside an RPM, streamed out of its compressed payload without unpacking anything to disk.
//!
//! Which files matter is the affair of the caller: it looks at the first bytes of each and either takes the content
//! into memory or lets it pass.

use std::io::{BufRead, BufReader, Cursor, Read};

use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::meta::{PayloadPlan, PlannedFile};
use crate::compress::{Compression, LimitExceeded, Limited};
use crate::cpio::{self, CpioError, Member, Name};

/// Ceilings for one payload.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Decompressed archive; the package header's own statement is a second, usually lower ceiling.
    pub payload_bytes: u64,
    /// One file taken into memory.
    pub file_bytes: u64,
    /// Members of the archive.
    pub members: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload_bytes: 64 << 30, file_bytes: 4 << 30, members: 4_000_000 }
    }
}

/// Why a payload could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The payload is no cpio archive, but for instance a delta RPM.
    #[error("the payload has the format `{format}`; only cpio is read")]
    ForeignFormat {
        /// `PAYLOADFORMAT`.
        format: BString,
    },
    /// The decoder could not be started.
    #[error("the {} payload cannot be decoded: {source}", .compression.name())]
    Decoder {
        /// The format.
        compression: Compression,
        /// The cause.
        source: std::io::Error,
    },
    /// The payload could not be read at all.
    #[error("the payload cannot be read: {0}")]
    Io(std::io::Error),
    /// The archive is damaged.
    #[error("the payload is damaged: {0}")]
    Cpio(CpioError),
    /// A ceiling was reached.
    #[error("{0}")]
    Limit(LimitExceeded),
    /// There are more members than allowed.
    #[error("the payload has more than {0} members")]
    TooManyMembers(u64),
}

impl From<CpioError> for PayloadError {
    fn from(error: CpioError) -> Self {
        match &error {
            CpioError::Io { source, .. } => LimitExceeded::of(source).map_or(Self::Cpio(error), Self::Limit),
            _ => Self::Cpio(error),
        }
    }
}

/// One regular file with content.
#[derive(Debug)]
pub struct StoredFile<'p> {
    /// Absolute path: the member that carries the content.
    pub path: BString,
    /// Other names of the same file (hard links), in archive order.
    pub links: Vec<BString>,
    /// Size.
    pub size_bytes: u64,
    /// Digest as the header states it (hex), empty when absent.
    pub digest: &'p BStr,
}

/// A payload that is being read.
pub struct Payload<'p> {
    archive: cpio::Reader<BufReader<Limited<Box<dyn Read + Send + 'p>>>>,
    plan: &'p PayloadPlan,
    by_path: FxHashMap<&'p BStr, &'p PlannedFile>,
    links: FxHashMap<Inode, Vec<BString>>,
    members_left: u64,
    limits: Limits,
    head: Vec<u8>,
}

/// Identity of a hard-linked file: the archive's own numbers, or the package header's for a stripped archive.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Inode {
    Archive((u32, u32, u32)),
    Header((u64, u64)),
}

impl<'p> Payload<'p> {
    /// Starts to read the payload at `input`.
    pub fn new(
        input: impl BufRead + Send + 'p,
        plan: &'p PayloadPlan,
        limits: Limits,
    ) -> Result<Self, PayloadError> {
        if let Some(format) = &plan.foreign_format {
            return Err(PayloadError::ForeignFormat { format: format.clone() });
        }
        let limit = plan.size_limit_bytes.min(limits.payload_bytes);
        let decoded = Limited::new(decoder(input, plan)?, limit, "the decompressed payload");
        Ok(Self {
            archive: cpio::Reader::new(BufReader::with_capacity(128 << 10, decoded)),
            plan,
            by_path: plan.files.iter().map(|f| (f.path.as_bstr(), f)).collect(),
            links: FxHashMap::default(),
            members_left: limits.members,
            limits,
            head: Vec::new(),
        })
    }

    /// The next regular file that has content; directories, links without data and devices are passed over.
    pub fn next_file(&mut self) -> Result<Option<StoredFile<'p>>, PayloadError> {
        let plan = self.plan;
        let stored_bytes = |index: u32| plan.files.get(index as usize).map(|f| f.stored_bytes);
        while let Some(member) = self.archive.next_member(stored_bytes)? {
            self.members_left =
                self.members_left.checked_sub(1).ok_or(PayloadError::TooManyMembers(self.limits.members))?;
            if let Some(file) = self.stored_file(member) {
                self.head.clear();
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    fn stored_file(&mut self, member: Member) -> Option<StoredFile<'p>> {
        let (path, mode, inode, planned) = match member.name {
            Name::Path(name) => {
                let path = absolute(&name);
                let planned = self.by_path.get(path.as_bstr()).copied();
                let inode = (member.links > 1).then_some(Inode::Archive(member.inode));
                (path, member.mode, inode, planned)
            }
            Name::Index(index) => {
                let planned = self.plan.files.get(index as usize)?;
                let inode = (planned.inode != (0, 0)).then_some(Inode::Header(planned.inode));
                (planned.path.clone(), u32::from(planned.mode), inode, Some(planned))
            }
        };
        if mode & 0o170_000 != 0o100_000 {
            return None;
        }
        if member.size_bytes == 0 {
            inode.into_iter().for_each(|i| self.links.entry(i).or_default().push(path.clone()));
            return None;
        }
        let links = inode.and_then(|i| self.links.remove(&i)).unwrap_or_default();
        let digest = planned.map_or(b"".as_bstr(), |f| f.digest.as_bstr());
        Some(StoredFile { path, links, size_bytes: member.size_bytes, digest })
    }

    /// The first bytes of the current file, at most `count`.
    pub fn head(&mut self, count: u64) -> Result<&[u8], PayloadError> {
        let more = count.saturating_sub(self.head.len() as u64);
        self.archive.read(&mut self.head, more)?;
        Ok(&self.head)
    }

    /// The whole content of the current file.
    pub fn content(&mut self) -> Result<Vec<u8>, PayloadError> {
        let size = (self.head.len() as u64).saturating_add(self.archive.left_bytes());
        let mut content = std::mem::take(&mut self.head);
        let limit = LimitExceeded { what: "a file of the payload", limit_bytes: self.limits.file_bytes };
        if size > self.limits.file_bytes || content.try_reserve_exact(size as usize - content.len()).is_err()
        {
            return Err(PayloadError::Limit(limit));
        }
        self.archive.read(&mut content, u64::MAX)?;
        Ok(content)
    }
}

/// The decoder that the payload's first bytes ask for, or else the one that the header names.
fn decoder<'p>(
    mut input: impl BufRead + Send + 'p,
    plan: &PayloadPlan,
) -> Result<Box<dyn Read + Send + 'p>, PayloadError> {
    let mut head = Vec::new();
    input.by_ref().take(16).read_to_end(&mut head).map_err(PayloadError::Io)?;
    let compression = match Compression::detect(&head) {
        None if head.starts_with(b"0707") => None,
        detected => detected.or(plan.compression),
    };
    let input = Cursor::new(head).chain(input);
    match compression {
        None => Ok(Box::new(input)),
        Some(compression) => {
            compression.decoder(input).map_err(|source| PayloadError::Decoder { compression, source })
        }
    }
}

/// Members are named `./usr/lib`, `usr/lib` or `/usr/lib`, depending on the age of the package.
fn absolute(name: &[u8]) -> BString {
    let name = name.strip_prefix(b".").filter(|rest| rest.starts_with(b"/")).unwrap_or(name);
    if name.starts_with(b"/") { name.into() } else { [b"/", name].concat().into() }
}
