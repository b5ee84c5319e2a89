//! The files of a commit, and what a commit changed.

use std::collections::{BTreeMap, BTreeSet};

use gix::bstr::ByteSlice;
use gix::object::tree::EntryKind;

use super::{GitError, Repository, damaged, parsed};

/// Files of one commit.
const MOST_FILES: u64 = 400_000;
/// One file.
const MOST_FILE_BYTES: u64 = 1 << 30;
/// All files of one commit together, when they are taken into memory.
const MOST_BYTES: u64 = 4 << 30;
/// How deep folders may lie in each other.
const MOST_DEPTH: usize = 64;
/// Files that one commit changes.
const MOST_CHANGED: u64 = 20_000;

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Hash of its content.
    pub id: String,
    /// Whether it can be run.
    pub executable: bool,
}

/// What a commit holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files, by their paths.
    pub files: BTreeMap<String, Entry>,
    /// Entries that are no files: path and what it is.
    pub skipped: BTreeMap<String, String>,
}

/// The files of a commit, with their contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Contents, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that can be run.
    pub executables: BTreeSet<String>,
    /// Entries that are no files: path and what it is.
    pub skipped: BTreeMap<String, String>,
}

/// A file that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path; what is not UTF-8 in it is replaced.
    pub path: String,
    /// Content before; none when it was not there.
    pub before: Option<Vec<u8>>,
    /// Content after; none when it is gone.
    pub after: Option<Vec<u8>>,
}

/// Entries of one folder: name, kind and hash.
type Folder = BTreeMap<Vec<u8>, (EntryKind, gix::ObjectId)>;

impl Repository {
    /// What a commit holds, without contents.
    pub fn listing(&self, commit: &str) -> Result<Listing, GitError> {
        let root = parsed(&self.commit(commit)?.tree)?;
        let mut listing = Listing::default();
        let mut todo = vec![(root, String::new(), 0)];
        while let Some((folder, prefix, depth)) = todo.pop() {
            if depth > MOST_DEPTH {
                return Err(too_much(commit, MOST_DEPTH as u64, "levels of folders"));
            }
            for (name, (kind, id)) in self.folder(folder)? {
                let name = checked(&name, commit)?;
                let path = format!("{prefix}{name}");
                match kind {
                    EntryKind::Tree => todo.push((id, format!("{path}/"), depth + 1)),
                    EntryKind::Blob | EntryKind::BlobExecutable => {
                        let executable = kind == EntryKind::BlobExecutable;
                        listing.files.insert(path, Entry { id: id.to_string(), executable });
                    }
                    EntryKind::Link => {
                        listing.skipped.insert(path, "a link".into());
                    }
                    EntryKind::Commit => {
                        listing.skipped.insert(path, "a submodule".into());
                    }
                }
                if listing.files.len() as u64 > MOST_FILES {
                    return Err(too_much(commit, MOST_FILES, "files"));
                }
            }
        }
        Ok(listing)
    }

    /// All files of a commit.
    pub fn files(&self, commit: &str) -> Result<Tree, GitError> {
        let listing = self.listing(commit)?;
        let mut tree = Tree { skipped: listing.skipped, ..Tree::default() };
        let mut left = MOST_BYTES;
        for (path, entry) in listing.files {
            let content = self.content(&entry.id)?;
            left = left
                .checked_sub(content.len() as u64)
                .ok_or_else(|| too_much(commit, MOST_BYTES, "bytes"))?;
            if entry.executable {
                tree.executables.insert(path.clone());
            }
            tree.files.insert(path, content);
        }
        Ok(tree)
    }

    /// The content of a file, by its hash.
    pub fn content(&self, id: &str) -> Result<Vec<u8>, GitError> {
        self.blob(parsed(id)?)
    }

    fn blob(&self, id: gix::ObjectId) -> Result<Vec<u8>, GitError> {
        let what = || format!("object {id}");
        let header = self.inner.find_header(id).map_err(|e| damaged(what(), e))?;
        if header.size() > MOST_FILE_BYTES {
            return Err(GitError::TooMuch { what: what(), most: MOST_FILE_BYTES, unit: "bytes" });
        }
        let mut object = self.inner.find_object(id).map_err(|e| damaged(what(), e))?;
        if object.kind != gix::object::Kind::Blob {
            return Err(damaged(what(), "it is no file"));
        }
        Ok(std::mem::take(&mut object.data))
    }

    fn folder(&self, id: gix::ObjectId) -> Result<Folder, GitError> {
        let what = || format!("tree {id}");
        let object = self.inner.find_object(id).map_err(|e| damaged(what(), e))?;
        let tree = object.try_into_tree().map_err(|e| damaged(what(), e))?;
        let mut folder = Folder::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|e| damaged(what(), e))?;
            folder.insert(entry.filename().to_vec(), (entry.mode().kind(), entry.object_id()));
        }
        Ok(folder)
    }

    /// The files that a commit changed against its first parent, or all of them when it has none. Links and submodules
    /// count as contents that are their targets.
    pub fn changed(&self, commit: &str) -> Result<Vec<Changed>, GitError> {
        let found = self.commit(commit)?;
        let before = match found.parents.first() {
            Some(parent) => Some(parsed(&self.commit(parent)?.tree)?),
            None => None,
        };
        let mut changed = Vec::new();
        let mut todo = vec![(before, Some(parsed(&found.tree)?), String::new(), 0)];
        while let Some((before, after, prefix, depth)) = todo.pop() {
            if depth > MOST_DEPTH {
                return Err(too_much(commit, MOST_DEPTH as u64, "levels of folders"));
            }
            let old = before.map_or(Ok(Folder::new()), |id| self.folder(id))?;
            let new = after.map_or(Ok(Folder::new()), |id| self.folder(id))?;
            let names: BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).collect();
            for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
                let path = format!("{prefix}{}", name.to_str_lossy());
                let (folders, files) = sides(old.get(name), new.get(name));
                if folders != (None, None) {
                    todo.push((folders.0, folders.1, format!("{path}/"), depth + 1));
                }
                // A file that only became executable has no lines that changed.
                if files.0 != files.1 {
                    let content = |id: Option<gix::ObjectId>| id.map(|id| self.blob(id)).transpose();
                    changed.push(Changed { path, before: content(files.0)?, after: content(files.1)? });
                }
                if changed.len() as u64 > MOST_CHANGED {
                    return Err(too_much(commit, MOST_CHANGED, "changed files"));
                }
            }
        }
        changed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changed)
    }
}

/// Before and after.
type Pair = (Option<gix::ObjectId>, Option<gix::ObjectId>);

/// What is a folder and what is a file on each side of one name.
fn sides(old: Option<&(EntryKind, gix::ObjectId)>, new: Option<&(EntryKind, gix::ObjectId)>) -> (Pair, Pair) {
    let folder = |entry: Option<&(EntryKind, gix::ObjectId)>| {
        entry.filter(|(kind, _)| *kind == EntryKind::Tree).map(|(_, id)| *id)
    };
    let file = |entry: Option<&(EntryKind, gix::ObjectId)>| {
        entry.filter(|(kind, _)| !matches!(kind, EntryKind::Tree | EntryKind::Commit)).map(|(_, id)| *id)
    };
    ((folder(old), folder(new)), (file(old), file(new)))
}

/// A name that stays in its folder and out of git's own.
fn checked(name: &[u8], commit: &str) -> Result<String, GitError> {
    let bad = || GitError::Name { commit: commit.to_owned(), name: name.to_str_lossy().into_owned() };
    let text = name.to_str().map_err(|_| bad())?;
    let leads_out = matches!(text, "" | "." | "..") || text.contains(['/', '\0', '\\', '\n', '\r']);
    if leads_out || text.eq_ignore_ascii_case(".git") { Err(bad()) } else { Ok(text.to_owned()) }
}

fn too_much(commit: &str, most: u64, unit: &'static str) -> GitError {
    GitError::TooMuch { what: format!("commit {commit}"), most, unit }
}
