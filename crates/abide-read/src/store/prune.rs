//! What lies in a cache folder, and removing some of it: by age, by size, or all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Kind, READER_VERSION};

/// An entry that is being written is left alone for so long.
const NEW_FOR: Duration = Duration::from_secs(60 * 60);

/// Entries of one reader version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Number of entries.
    pub entries: u64,
    /// Their size in total.
    pub size_bytes: u64,
}

/// Everything in a cache folder: by reader version, and by kind in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Sections.
    pub sections: BTreeMap<(String, &'static str), Section>,
}

impl Contents {
    /// Sum over all sections.
    pub fn total(&self) -> Section {
        self.sections.values().fold(Section::default(), |sum, section| Section {
            entries: sum.entries + section.entries,
            size_bytes: sum.size_bytes + section.size_bytes,
        })
    }
}

/// What to remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prune {
    /// Entries that were not used for so long.
    pub older_than: Option<Duration>,
    /// The entries that were not used for the longest time, until the rest is no larger.
    pub max_size_bytes: Option<u64>,
    /// Everything.
    pub all: bool,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Number of entries and their size.
    pub removed: Section,
    /// Entries that could not be removed, with the reason.
    pub failed: Vec<String>,
}

struct Entry {
    path: PathBuf,
    version: String,
    kind: &'static str,
    size_bytes: u64,
    used: SystemTime,
}

/// Looks through a cache folder; one that does not exist is empty.
pub fn contents(root: &Path) -> io::Result<Contents> {
    let mut contents = Contents::default();
    for entry in entries(root)? {
        let section = contents.sections.entry((entry.version, entry.kind)).or_default();
        section.entries += 1;
        section.size_bytes += entry.size_bytes;
    }
    Ok(contents)
}

/// Removes entries; others may be using the cache meanwhile.
pub fn prune(root: &Path, what: Prune) -> io::Result<Pruned> {
    let mut all = entries(root)?;
    // The longest unused first; the path decides between equals.
    all.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
    let now = SystemTime::now();
    let mut left: u64 = all.iter().map(|e| e.size_bytes).sum();
    let mut pruned = Pruned::default();
    for entry in all {
        let age = now.duration_since(entry.used).unwrap_or_default();
        let is_old = what.older_than.is_some_and(|limit| age >= limit);
        let is_beyond = what.max_size_bytes.is_some_and(|limit| left > limit);
        let is_abandoned = entry.kind == NEW && age >= NEW_FOR;
        if !(what.all || is_abandoned || ((is_old || is_beyond) && entry.kind != NEW)) {
            continue;
        }
        match fs::remove_file(&entry.path) {
            Ok(()) => {
                left -= entry.size_bytes;
                pruned.removed.entries += 1;
                pruned.removed.size_bytes += entry.size_bytes;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => left -= entry.size_bytes,
            Err(error) => pruned.failed.push(format!("{}: {error}", entry.path.display())),
        }
    }
    remove_empty_folders(root);
    Ok(pruned)
}

/// Folder of entries that are being written.
const NEW: &str = "new";

/// Every entry of every version. Only what has the shape of a cache is looked at: the folder may be any, by mistake.
fn entries(root: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for (version, folder) in folders(root)?.into_iter().filter(|(name, _)| is_version(name)) {
        for kind in Kind::ALL.map(Kind::id) {
            for (_, shard) in folders(&folder.join(kind))? {
                files(&shard, &version, kind, &mut found)?;
            }
        }
        files(&folder.join(NEW), &version, NEW, &mut found)?;
    }
    Ok(found)
}

fn is_version(name: &str) -> bool {
    name.len() == READER_VERSION.len() && name.bytes().all(|b| b.is_ascii_hexdigit())
}

fn folders(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in read_dir(path)? {
        if entry.file_type()?.is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn read_dir(path: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(path) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn files(folder: &Path, version: &str, kind: &'static str, found: &mut Vec<Entry>) -> io::Result<()> {
    for entry in read_dir(folder)? {
        // Another process may have removed it just now.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let (path, size_bytes) = (entry.path(), metadata.len());
            found.push(Entry { path, version: version.to_owned(), kind, size_bytes, used });
        }
    }
    Ok(())
}

/// Removing a folder that is not empty fails, which is what is wanted.
fn remove_empty_folders(root: &Path) {
    for (_, version) in folders(root).unwrap_or_default().into_iter().filter(|(name, _)| is_version(name)) {
        for (_, kind) in folders(&version).unwrap_or_default() {
            folders(&kind).unwrap_or_default().iter().for_each(|(_, shard)| {
                let _ = fs::remove_dir(shard);
            });
            let _ = fs::remove_dir(kind);
        }
        let _ = fs::remove_dir(version);
    }
}
