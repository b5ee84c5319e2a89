//! The files of a folder, and changes to them that are not made yet.
//!
//! Nothing here touches a disk: a caller implements [`Files`] and writes what an [`Overlay`] holds when all went well.

use std::collections::{BTreeMap, BTreeSet};

/// A folder of files, by paths relative to it with `/` between the parts.
pub trait Files {
    /// The paths of all regular files.
    fn paths(&self) -> Vec<String>;
    /// The content of one; `None` when it is not there.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError>;
}

/// A file that is there and could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {path}: {reason}")]
pub struct ReadError {
    /// Which file.
    pub path: String,
    /// What the system said.
    pub reason: String,
}

impl Files for BTreeMap<String, Vec<u8>> {
    fn paths(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.get(path).cloned())
    }
}

/// A folder with changes on top of it.
pub struct Overlay<'a> {
    base: &'a dyn Files,
    changed: BTreeMap<String, Option<Vec<u8>>>,
}

impl<'a> Overlay<'a> {
    /// A folder without changes.
    pub fn new(base: &'a dyn Files) -> Self {
        Overlay { base, changed: BTreeMap::new() }
    }

    /// The paths that are there with the changes made, sorted.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: BTreeSet<String> = self.base.paths().into_iter().collect();
        for (path, content) in &self.changed {
            match content {
                Some(_) => paths.insert(path.clone()),
                None => paths.remove(path),
            };
        }
        paths.into_iter().collect()
    }

    /// The content of a file with the changes made.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match self.changed.get(path) {
            Some(content) => Ok(content.clone()),
            None => self.base.read(path),
        }
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, content: Vec<u8>) {
        self.changed.insert(path.to_owned(), Some(content));
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) {
        self.changed.insert(path.to_owned(), None);
    }

    /// What differs from the folder: path, content before and after; `None` where there is no file.
    pub fn changes(&self) -> Result<Vec<Change>, ReadError> {
        let mut changes = Vec::new();
        for (path, after) in &self.changed {
            let before = self.base.read(path)?;
            if before != *after {
                changes.push(Change { path: path.clone(), before, after: after.clone() });
            }
        }
        Ok(changes)
    }
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which file.
    pub path: String,
    /// Its content before; `None` when it is new.
    pub before: Option<Vec<u8>>,
    /// Its content after; `None` when it is removed.
    pub after: Option<Vec<u8>>,
}

/// The last part of a path.
pub fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
