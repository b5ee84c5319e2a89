//! Digests of files on disk, so that a file that did not change need not be hashed again.
//!
//! A file is known by device, inode, size, and the times of its last change of content and of status; nobody sets
//! the latter back. A file that changed a moment ago is not entered: it could change once more within the
//! resolution of these times.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use abide_model::Digest;

use super::{Key, Kind, Store};
use crate::repo::Checksum;
use crate::source::sha256_file;

/// Times of file systems are at least this exact.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// What a file was like before it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    key: Key,
    is_settled: bool,
}

impl Stamp {
    /// Looks at a regular file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let numbers = [
            metadata.dev() as i128,
            metadata.ino() as i128,
            metadata.size() as i128,
            metadata.mtime() as i128,
            metadata.mtime_nsec() as i128,
            metadata.ctime() as i128,
            metadata.ctime_nsec() as i128,
        ];
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let changed = u64::try_from(metadata.mtime().max(metadata.ctime())).ok()?;
        // A second more, since the fraction is left out.
        let settled = UNIX_EPOCH + Duration::from_secs(changed) + SETTLED_AFTER + Duration::from_secs(1);
        Some(Stamp { key: Key::of(&[&bytes]), is_settled: SystemTime::now() > settled })
    }
}

/// What is known of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownFile {
    /// SHA-256 of the content.
    pub(crate) digest: Digest,
    /// A checksum of another kind that it has.
    other: String,
}

impl KnownFile {
    pub(crate) fn new(digest: Digest, verified: Option<&Checksum>) -> Self {
        let other = verified.filter(|c| c.kind != "sha256").map(ToString::to_string).unwrap_or_default();
        KnownFile { digest, other }
    }

    /// Whether the content is known to have this checksum.
    pub(crate) fn has(&self, checksum: &Checksum) -> bool {
        match checksum.kind.as_str() {
            "sha256" => checksum.hex == self.digest.to_string(),
            _ => checksum.to_string() == self.other,
        }
    }
}

impl Store {
    /// What is known of a file with this stamp.
    pub(crate) fn known_file(&self, stamp: &Stamp) -> Option<KnownFile> {
        self.get(Kind::Files, stamp.key, |content| {
            let (digest, other) = content.split_first_chunk().ok_or(())?;
            let other = String::from_utf8(other.to_vec()).map_err(|_| ())?;
            Ok::<_, ()>(KnownFile { digest: Digest(*digest), other })
        })
    }

    /// Enters what the file at `path`, which had this stamp before it was read, turned out to contain.
    pub(crate) fn keep_file(&self, path: &Path, stamp: Stamp, known: &KnownFile) {
        if stamp.is_settled && Stamp::of(path) == Some(stamp) {
            self.put(Kind::Files, stamp.key, [&known.digest.0, known.other.as_bytes()].concat());
        }
    }

    /// SHA-256 of a file, which is read only when it is not known yet.
    pub(crate) fn digest_of(&self, path: &Path) -> io::Result<Digest> {
        let stamp = Stamp::of(path);
        if let Some(known) = stamp.and_then(|stamp| self.known_file(&stamp)) {
            return Ok(known.digest);
        }
        let digest = sha256_file(path)?;
        if let Some(stamp) = stamp {
            self.keep_file(path, stamp, &KnownFile::new(digest, None));
        }
        Ok(digest)
    }
}
