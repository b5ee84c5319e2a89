//! The cache of facts: one file for each entry, named by what the entry is about, below a folder that the caller names.
//!
//! ```text
//! DIR/CACHEDIR.TAG
//! DIR/READER-VERSION/packages/KEY[0..2]/KEY     a package's facts        KEY: content of the package
//! DIR/READER-VERSION/types/KEY[0..2]/KEY        an artifact's types      KEY: content of artifact and debug files
//! DIR/READER-VERSION/files/KEY[0..2]/KEY        a file's SHA-256         KEY: device, inode, size, times
//! DIR/READER-VERSION/new/…                      entries that are being written
//! DIR/runs/KEY[0..2]/KEY                        a run of a reproducer, a matrix  KEY: what the caller makes it of
//! ```
//!
//! An entry appears whole, by a rename, or not at all: so any number of processes read and write at once without a
//! lock, and an interrupted run leaves everything that it had finished. A checksum covers each entry; one that
//! is damaged is removed and made anew. A cache that cannot be written is a problem to tell, never an error. What a
//! cache hit must be certain of is the caller's affair (`side::cached`); pruning is in `prune`.

mod files;
mod prune;

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use files::{KnownFile, Stamp};
pub use prune::{Contents, Prune, Pruned, Section, contents, prune};

use crate::snapshot::container::{self, Magic};

/// The version of the readers: facts of another one are not used.
pub const READER_VERSION: &str = env!("ABIDE_READER_VERSION");

const MAGIC: &Magic = b"ABIDEFCT";
/// Format of an entry's container.
const FORMAT: u32 = 1;
/// An entry that was used this long ago is marked as used again.
const TOUCH_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries larger than this are not looked at.
const ENTRY_BYTES_MAX: u64 = 8 << 30;

/// Numbers the entries that this process writes, whichever cache they go to.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A package's facts.
    Packages,
    /// An artifact's types.
    Types,
    /// A file's digest.
    Files,
    /// A record of a run; it is evidence, not facts, and stays when the readers change.
    Runs,
}

impl Kind {
    /// All kinds of facts, which can be made anew; records of runs are none, and are never pruned.
    pub const ALL: [Kind; 3] = [Kind::Packages, Kind::Types, Kind::Files];

    /// Name of its folder.
    pub fn id(self) -> &'static str {
        match self {
            Kind::Packages => "packages",
            Kind::Types => "types",
            Kind::Files => "files",
            Kind::Runs => "runs",
        }
    }
}

/// Name of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// A key of everything that an entry depends on.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = blake3::Hasher::new();
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Key(*hash.finalize().as_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::repo::hex(&self.0))
    }
}

/// How often the cache was of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packages whose facts were there.
    pub packages_found: u64,
    /// Packages that were read and kept.
    pub packages_added: u64,
    /// Artifacts whose types were there.
    pub types_found: u64,
    /// Artifacts whose types were read and kept.
    pub types_added: u64,
    /// Damaged entries that were removed.
    pub damaged: u64,
}

/// A cache below one folder.
pub struct Store {
    root: PathBuf,
    folder: PathBuf,
    /// Whether there was no fact of this reader version at first.
    was_empty: bool,
    can_write: AtomicBool,
    /// Why it cannot be written, or read.
    problem: Mutex<Option<String>>,
    is_prepared: AtomicBool,
    found: [AtomicU64; 4],
    added: [AtomicU64; 4],
    damaged: AtomicU64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.root).finish()
    }
}

impl Store {
    /// A cache at `root`, which need not exist yet.
    pub fn new(root: &Path) -> Self {
        let folder = root.join(READER_VERSION);
        Store {
            root: root.to_owned(),
            was_empty: !folder.join(Kind::Packages.id()).exists(),
            folder,
            can_write: AtomicBool::new(true),
            problem: Mutex::default(),
            is_prepared: AtomicBool::new(false),
            found: Default::default(),
            added: Default::default(),
            damaged: AtomicU64::new(0),
        }
    }

    /// Whether it held no package's facts when it was opened.
    pub(crate) fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What kept it from being used, if anything did.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it was of use so far.
    pub fn counts(&self) -> Counts {
        let load = |all: &[AtomicU64; 4], kind: Kind| all[kind as usize].load(Ordering::Relaxed);
        Counts {
            packages_found: load(&self.found, Kind::Packages),
            packages_added: load(&self.added, Kind::Packages),
            types_found: load(&self.found, Kind::Types),
            types_added: load(&self.added, Kind::Types),
            damaged: self.damaged.load(Ordering::Relaxed),
        }
    }

    /// Whether there is an entry; it may turn out to be damaged.
    pub(crate) fn has(&self, kind: Kind, key: Key) -> bool {
        self.path(kind, key).exists()
    }

    /// What `decode` makes of an entry's content. One that is damaged, or that `decode` refuses, is removed.
    pub(crate) fn get<T, E>(
        &self,
        kind: Kind,
        key: Key,
        decode: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Option<T> {
        let path = self.path(kind, key);
        let bytes = match self.read(&path) {
            Ok(bytes) => bytes?,
            Err(error) => {
                self.fail(&format!("{} cannot be read: {error}", path.display()));
                return None;
            }
        };
        let content = container::read(MAGIC, FORMAT, &bytes).ok();
        let Some(value) = content.and_then(|content| decode(&content).ok()) else {
            self.damaged.fetch_add(1, Ordering::Relaxed);
            // Whoever cannot remove it finds it damaged again.
            let _ = fs::remove_file(&path);
            return None;
        };
        self.found[kind as usize].fetch_add(1, Ordering::Relaxed);
        Some(value)
    }

    /// A record that was kept.
    pub fn record(&self, key: Key) -> Option<Vec<u8>> {
        self.get(Kind::Runs, key, |content| Ok::<_, std::convert::Infallible>(content.to_vec()))
    }

    /// Keeps a record, in the place of an earlier one with the same key.
    pub fn keep_record(&self, key: Key, content: Vec<u8>) {
        self.put(Kind::Runs, key, content);
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                    _ => Err(error),
                };
            }
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > ENTRY_BYTES_MAX {
            return Ok(None);
        }
        let now = SystemTime::now();
        let is_stale =
            metadata.modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|d| d > TOUCH_AFTER));
        if is_stale {
            // Only pruning looks at it, and a cache may be read-only.
            let _ = file.set_modified(now);
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        io::Read::read_to_end(&mut io::Read::take(file, ENTRY_BYTES_MAX), &mut bytes)?;
        Ok(Some(bytes))
    }

    /// Writes an entry. After the first failure nothing more is written.
    pub(crate) fn put(&self, kind: Kind, key: Key, content: Vec<u8>) {
        if !self.can_write.load(Ordering::Relaxed) {
            return;
        }
        match self.write(kind, key, content) {
            Ok(()) => {
                self.added[kind as usize].fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                self.can_write.store(false, Ordering::Relaxed);
                self.fail(&format!("{} cannot be written: {error}", self.root.display()));
            }
        }
    }

    fn write(&self, kind: Kind, key: Key, content: Vec<u8>) -> io::Result<()> {
        let new = self.folder.join("new");
        if !self.is_prepared.swap(true, Ordering::Relaxed) {
            self.prepare(&new)?;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = new.join(format!("{}-{number}", std::process::id()));
        let path = self.path(kind, key);
        let written = self.write_file(&temporary, content).and_then(|()| {
            fs::rename(&temporary, &path).or_else(|_| {
                create_folder(path.parent().unwrap_or(&self.folder))?;
                fs::rename(&temporary, &path)
            })
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn write_file(&self, path: &Path, content: Vec<u8>) -> io::Result<()> {
        // A process of the same number may have left one behind.
        let create = || File::create(path);
        let mut file = create().or_else(|_| {
            create_folder(path.parent().unwrap_or(&self.folder))?;
            create()
        })?;
        let mut bytes = Vec::new();
        container::write(MAGIC, FORMAT, content, &mut bytes).map_err(io::Error::other)?;
        // Without waiting for the disk: what a power failure leaves of it does not have its checksum.
        file.write_all(&bytes)
    }

    fn prepare(&self, new: &Path) -> io::Result<()> {
        create_folder(new)?;
        let tag = self.root.join("CACHEDIR.TAG");
        if !tag.exists() {
            fs::write(tag, CACHEDIR_TAG)?;
        }
        Ok(())
    }

    fn path(&self, kind: Kind, key: Key) -> PathBuf {
        let name = crate::repo::hex(&key.0);
        let folder = if kind == Kind::Runs { &self.root } else { &self.folder };
        folder.join(kind.id()).join(&name[..2]).join(name)
    }

    fn fail(&self, what: &str) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        problem.get_or_insert_with(|| what.to_owned());
    }
}

/// Backup programs pass such folders over (Cache Directory Tagging Specification).
const CACHEDIR_TAG: &str =
    "Signature: 8a477f597d28d172789f06886806bc55\n# Facts that abide read of packages.\n";

/// For this user alone: what is in it is believed.
fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests;
