//! The files of a folder, or of an archive that stands for one, that is laid out like an installed system.
//!
//! Who owns a file of a folder is who unpacked it, and is not noted.

use std::sync::Arc;

use abide_model::{FileEntry, FileKind};
use bstr::BString;

use super::walk::Walked;

/// The tree of a folder; empty when it is no installed system or not all of it could be listed.
pub(super) fn of_folder(walked: &Walked) -> Vec<FileEntry> {
    if !walked.gaps.is_empty() {
        return Vec::new();
    }
    let files = walked.files.iter().map(|file| FileEntry {
        size_bytes: file.size_bytes,
        mode: file.mode,
        interpreter: file.interpreter.clone().map(Arc::new),
        ..FileEntry::new(absolute(&file.name), FileKind::Regular)
    });
    let directories = walked
        .directories
        .iter()
        .map(|(name, mode)| FileEntry { mode: *mode, ..FileEntry::new(absolute(name), FileKind::Directory) });
    let links = walked.links.iter().map(|(name, target)| FileEntry {
        link_target: Some(target.clone()),
        ..FileEntry::new(absolute(name), FileKind::Symlink)
    });
    of_entries(files.chain(directories).chain(links).collect())
}

/// The tree of an archive, whose paths are relative.
pub(super) fn of_archive(entries: &[FileEntry]) -> Vec<FileEntry> {
    let absolute = |entry: &FileEntry| FileEntry { path: absolute(&entry.path), ..entry.clone() };
    of_entries(entries.iter().map(absolute).collect())
}

/// Sorted entries, if they are those of an installed system.
fn of_entries(mut entries: Vec<FileEntry>) -> Vec<FileEntry> {
    let is_system = |entry: &FileEntry| entry.path.starts_with(b"/usr/") && entry.kind != FileKind::Directory;
    if !entries.iter().any(is_system) {
        return Vec::new();
    }
    entries.sort();
    entries
}

fn absolute(name: &BString) -> BString {
    [b"/", &name[..]].concat().into()
}
