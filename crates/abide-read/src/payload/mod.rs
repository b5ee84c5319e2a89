//! The files inside a package or archive, streamed out of its compressed payload without unpacking anything to disk.
//!
//! Which files matter is the affair of the caller: it looks at the first bytes of each and either takes the content
//! into memory or lets it pass. The formats: cpio with an RPM's header, and tar.

mod cpio;
mod tar;

use std::io::{BufRead, BufReader, Cursor, Read};

use abide_model::FileEntry;
use bstr::{BStr, BString};

use crate::compress::{Compression, LimitExceeded, Limited};
use crate::cpio::CpioError;
use crate::rpm::meta::PayloadPlan;
use crate::tar::TarError;
pub use tar::{HardLink, Listing, Tree};

/// Ceilings for one payload.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Decompressed archive; an RPM's own statement is a second, usually lower ceiling.
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
    /// The cpio archive is damaged.
    #[error("the payload is damaged: {0}")]
    Cpio(CpioError),
    /// The tar archive is damaged.
    #[error("the payload is damaged: {0}")]
    Tar(TarError),
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

impl From<TarError> for PayloadError {
    fn from(error: TarError) -> Self {
        match &error {
            TarError::Io { source, .. } => LimitExceeded::of(source).map_or(Self::Tar(error), Self::Limit),
            _ => Self::Tar(error),
        }
    }
}

/// One regular file with content.
#[derive(Debug)]
pub struct StoredFile<'p> {
    /// Path: the member that carries the content.
    pub path: BString,
    /// Other names of the same file (hard links) that came before it, in archive order.
    pub links: Vec<BString>,
    /// Size.
    pub size_bytes: u64,
    /// Digest as the header states it (hex), empty when absent.
    pub digest: &'p BStr,
}

/// The decompressed archive.
type Stream<'p> = BufReader<Limited<Box<dyn Read + Send + 'p>>>;

/// A payload that is being read.
pub struct Payload<'p> {
    archive: Archive<'p>,
    members_left: u64,
    limits: Limits,
    head: Vec<u8>,
}

enum Archive<'p> {
    Cpio(cpio::Files<'p>),
    Tar(Box<tar::Files<'p>>),
}

impl<'p> Payload<'p> {
    /// Starts to read the payload of an RPM at `input`.
    pub fn cpio(
        input: impl BufRead + Send + 'p,
        plan: &'p PayloadPlan,
        limits: Limits,
    ) -> Result<Self, PayloadError> {
        if let Some(format) = &plan.foreign_format {
            return Err(PayloadError::ForeignFormat { format: format.clone() });
        }
        let limit = plan.size_limit_bytes.min(limits.payload_bytes);
        let is_plain = |head: &[u8]| head.starts_with(b"0707");
        let stream = stream(input, plan.compression, is_plain, limit)?;
        Ok(Self::new(Archive::Cpio(cpio::Files::new(stream, plan)), limits))
    }

    /// Starts to read a tar archive at `input`.
    pub fn tar(
        input: impl BufRead + Send + 'p,
        compression: Option<Compression>,
        tree: Tree,
        limits: Limits,
    ) -> Result<Self, PayloadError> {
        let stream = stream(input, compression, |_| compression.is_none(), limits.payload_bytes)?;
        Ok(Self::new(Archive::Tar(Box::new(tar::Files::new(stream, tree))), limits))
    }

    fn new(archive: Archive<'p>, limits: Limits) -> Self {
        Self { archive, members_left: limits.members, limits, head: Vec::new() }
    }

    /// The next regular file that has content; directories, links without data and devices are passed over.
    pub fn next_file(&mut self) -> Result<Option<StoredFile<'p>>, PayloadError> {
        self.head.clear();
        let mut count = || match self.members_left.checked_sub(1) {
            Some(left) => {
                self.members_left = left;
                Ok(())
            }
            None => Err(PayloadError::TooManyMembers(self.limits.members)),
        };
        match &mut self.archive {
            Archive::Cpio(files) => files.next_file(&mut count),
            Archive::Tar(files) => files.next_file(&mut count),
        }
    }

    fn read(&mut self, count: u64, out: &mut Vec<u8>) -> Result<(), PayloadError> {
        match &mut self.archive {
            Archive::Cpio(files) => Ok(files.archive.read(out, count)?),
            Archive::Tar(files) => Ok(files.archive.read(out, count)?),
        }
    }

    /// The first bytes of the current file, at most `count`.
    pub fn head(&mut self, count: u64) -> Result<&[u8], PayloadError> {
        let more = count.saturating_sub(self.head.len() as u64);
        let mut head = std::mem::take(&mut self.head);
        let result = self.read(more, &mut head);
        self.head = head;
        result.map(|()| &self.head[..])
    }

    /// The whole content of the current file.
    pub fn content(&mut self) -> Result<Vec<u8>, PayloadError> {
        let left = match &self.archive {
            Archive::Cpio(files) => files.archive.left_bytes(),
            Archive::Tar(files) => files.archive.left_bytes(),
        };
        let size = (self.head.len() as u64).saturating_add(left);
        let mut content = std::mem::take(&mut self.head);
        let limit = LimitExceeded { what: "a file of the payload", limit_bytes: self.limits.file_bytes };
        if size > self.limits.file_bytes || content.try_reserve_exact(size as usize - content.len()).is_err()
        {
            return Err(PayloadError::Limit(limit));
        }
        self.read(u64::MAX, &mut content)?;
        Ok(content)
    }

    /// What a tar archive turned out to hold, once it was read to its end; an RPM's header says it before.
    pub fn into_listing(self) -> Option<Listing> {
        match self.archive {
            Archive::Cpio(_) => None,
            Archive::Tar(files) => files.into_listing(),
        }
    }
}

/// The decoder that the payload's first bytes ask for, or else `stated`, with a ceiling.
fn stream<'p>(
    mut input: impl BufRead + Send + 'p,
    stated: Option<Compression>,
    is_plain: impl Fn(&[u8]) -> bool,
    limit_bytes: u64,
) -> Result<Stream<'p>, PayloadError> {
    let mut head = Vec::new();
    input.by_ref().take(16).read_to_end(&mut head).map_err(PayloadError::Io)?;
    let compression = match Compression::detect(&head) {
        None if is_plain(&head) => None,
        detected => detected.or(stated),
    };
    let input = Cursor::new(head).chain(input);
    let decoded: Box<dyn Read + Send + 'p> = match compression {
        None => Box::new(input),
        Some(compression) => {
            compression.decoder(input).map_err(|source| PayloadError::Decoder { compression, source })?
        }
    };
    let limited = Limited::new(decoded, limit_bytes, "the decompressed payload");
    Ok(BufReader::with_capacity(128 << 10, limited))
}

/// Members are named `./usr/lib`, `usr/lib` or `/usr/lib`, depending on the age of the package.
pub(crate) fn absolute(name: &[u8]) -> BString {
    let name = name.strip_prefix(b".").filter(|rest| rest.starts_with(b"/")).unwrap_or(name);
    if name.starts_with(b"/") { name.into() } else { [b"/", name].concat().into() }
}

/// Kind, size and so on of the files, sorted by path.
pub(crate) fn sorted(mut files: Vec<FileEntry>) -> Vec<FileEntry> {
    files.sort();
    files
}
