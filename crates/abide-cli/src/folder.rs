//! A folder on disk as the source side reads it, and writing of changes to it, all or none.
//!
//! Links are not followed and `.git` is not looked into: nothing outside the folder is read or written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use abide_source::Files;
use abide_source::files::{Change, ReadError};
use tempfile::NamedTempFile;

/// Files larger than this are not read: they are archives.
const MOST_FILE_BYTES: u64 = 256 << 20;
/// How deep folders may lie in each other.
const MOST_DEPTH: usize = 32;
/// How many files a folder may hold.
const MOST_FILES: usize = 200_000;

/// A folder.
pub(crate) struct Folder {
    root: PathBuf,
    paths: BTreeSet<String>,
    /// Links, which are not followed.
    links: BTreeSet<String>,
}

/// What went wrong with a folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// A path that could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Too much of something.
    #[error("{path}: more than {most} {what}")]
    TooMuch {
        /// Which folder.
        path: String,
        /// How many there may be.
        most: usize,
        /// Of what.
        what: &'static str,
    },
}

impl Folder {
    /// Lists a folder.
    pub(crate) fn open(root: &Path) -> Result<Folder, FolderError> {
        let mut folder = Folder { root: root.to_owned(), paths: BTreeSet::new(), links: BTreeSet::new() };
        let mut todo = vec![(root.to_owned(), String::new(), 0)];
        while let Some((path, prefix, depth)) = todo.pop() {
            let shown = || path.display().to_string();
            if depth > MOST_DEPTH {
                return Err(FolderError::TooMuch {
                    path: shown(),
                    most: MOST_DEPTH,
                    what: "levels of folders",
                });
            }
            for entry in fs::read_dir(&path).map_err(|error| FolderError::Io { path: shown(), error })? {
                let entry = entry.map_err(|error| FolderError::Io { path: shown(), error })?;
                let kind = entry.file_type().map_err(|error| FolderError::Io { path: shown(), error })?;
                // A name that is not UTF-8 cannot be named in a spec or a modification file.
                let Ok(name) = entry.file_name().into_string() else { continue };
                if kind.is_dir() && name != ".git" {
                    todo.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
                } else if kind.is_file() {
                    folder.paths.insert(format!("{prefix}{name}"));
                } else if kind.is_symlink() {
                    folder.links.insert(format!("{prefix}{name}"));
                }
                if folder.paths.len() > MOST_FILES {
                    return Err(FolderError::TooMuch { path: shown(), most: MOST_FILES, what: "files" });
                }
            }
        }
        Ok(folder)
    }

    /// Makes a folder with files, all of them or none.
    pub(crate) fn create(
        root: &Path,
        changes: &[Change],
        executables: &BTreeSet<String>,
    ) -> Result<(), FolderError> {
        let failed = |error| FolderError::Io { path: root.display().to_string(), error };
        let above = root.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(above).map_err(failed)?;
        let made = tempfile::Builder::new()
            .prefix(".abide-")
            .permissions(Permissions::from_mode(0o777))
            .tempdir_in(above)
            .map_err(failed)?;
        Folder::open(made.path())?.write_with(changes, executables)?;
        fs::rename(made.path(), root).map_err(failed)?;
        // It has another name now: nothing is left to be removed.
        let _ = made.keep();
        Ok(())
    }

    /// The files that can be run.
    pub(crate) fn executables(&self) -> BTreeSet<String> {
        let can_run = |path: &&String| {
            fs::symlink_metadata(self.root.join(path)).is_ok_and(|m| m.permissions().mode() & 0o100 != 0)
        };
        self.paths.iter().filter(can_run).cloned().collect()
    }

    /// The links in it, with what they are.
    pub(crate) fn links(&self) -> BTreeMap<String, String> {
        self.links.iter().map(|path| (path.clone(), "a link".to_owned())).collect()
    }

    /// Writes all changes, or none.
    pub(crate) fn write(&self, changes: &[Change]) -> Result<(), FolderError> {
        self.write_with(changes, &BTreeSet::new())
    }

    /// Writes all changes; files among `executables` can be run. New contents are written beside the old ones first; when anything fails, what was put in
    /// place already is put back.
    pub(crate) fn write_with(
        &self,
        changes: &[Change],
        executables: &BTreeSet<String>,
    ) -> Result<(), FolderError> {
        let mut ready = Vec::new();
        for change in changes {
            let path = self.root.join(&change.path);
            let failed = |error| FolderError::Io { path: path.display().to_string(), error };
            if let Some(link) = self.link_above(&change.path) {
                let error = std::io::Error::other(format!("{link} is a link"));
                return Err(failed(error));
            }
            let can_run = executables.contains(&change.path);
            let file = match &change.after {
                Some(content) => Some(prepared(&path, content, can_run).map_err(failed)?),
                None => None,
            };
            ready.push((change, path, file));
        }
        let mut done = Vec::new();
        for (change, path, file) in ready {
            let result = match file {
                Some(file) => file.persist(&path).map(drop).map_err(|e| e.error),
                None => fs::remove_file(&path),
            };
            if let Err(error) = result {
                undo(&done);
                return Err(FolderError::Io { path: path.display().to_string(), error });
            }
            done.push((change, path));
        }
        Ok(())
    }
}

impl Folder {
    /// The first link among the folders of a path, through which nothing is written.
    fn link_above(&self, path: &str) -> Option<String> {
        path.match_indices('/').map(|(at, _)| &path[..at]).find_map(|above| {
            let is_link = fs::symlink_metadata(self.root.join(above)).is_ok_and(|m| m.is_symlink());
            is_link.then(|| above.to_owned())
        })
    }
}

/// A temporary neighbour with the content and, where there was a file, its permissions.
fn prepared(path: &Path, content: &[u8], can_run: bool) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = if can_run { 0o777 } else { 0o666 };
    let mode = fs::metadata(path).map_or(new, |metadata| metadata.permissions().mode() & 0o7777);
    let mode = if can_run { mode | (mode & 0o444) >> 2 } else { mode };
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".abide-").permissions(Permissions::from_mode(mode));
    let mut file = match builder.tempfile_in(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            builder.tempfile_in(folder)?
        }
        file => file?,
    };
    file.write_all(content)?;
    Ok(file)
}

/// Puts old contents back; what cannot be put back stays, there is nobody else to ask.
fn undo(done: &[(&Change, PathBuf)]) {
    for (change, path) in done.iter().rev() {
        let _ = match &change.before {
            Some(content) => prepared(path, content, false)
                .and_then(|file| file.persist(path).map(drop).map_err(|e| e.error)),
            None => fs::remove_file(path),
        };
    }
}

impl Files for Folder {
    fn paths(&self) -> Vec<String> {
        self.paths.iter().cloned().collect()
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        if !self.paths.contains(path) {
            return Ok(None);
        }
        let failed = |reason: String| ReadError { path: path.to_owned(), reason };
        let full = self.root.join(path);
        let size = fs::symlink_metadata(&full).map_err(|e| failed(e.to_string()))?.len();
        if size > MOST_FILE_BYTES {
            return Err(failed(format!("it is larger than {} MiB", MOST_FILE_BYTES >> 20)));
        }
        fs::read(&full).map(Some).map_err(|e| failed(e.to_string()))
    }
}
