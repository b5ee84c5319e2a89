//! Everything below a directory, with the kind of each regular file; symbolic links are noted, and
//! followed only where they stand for a package.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use abide_model::{Gap, GapKind};
use bstr::{BString, ByteVec};
use rayon::prelude::*;

use super::shebang;
use crate::debuginfo::build_id_of_path;
use crate::input::{ContentKind, HEAD_BYTES};
use crate::source::file_head;

/// Directories are listed up to this number of entries in all.
const ENTRIES_MAX: usize = 4_000_000;

/// A regular file.
#[derive(Clone, Debug)]
pub(crate) struct WalkedFile {
    /// Path below the directory.
    pub(crate) name: BString,
    /// Path on disk.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) kind: ContentKind,
    /// Device and inode when it has several hard links.
    pub(crate) inode: Option<(u64, u64)>,
    /// Size.
    pub(crate) size_bytes: u64,
    /// Whether the user named this very file: then its name does not tell what to do with it.
    pub(crate) is_named: bool,
    /// Permission bits.
    pub(crate) mode: u16,
    /// What runs it, when it is a script.
    pub(crate) interpreter: Option<BString>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walked {
    /// Regular files, sorted by name.
    pub(crate) files: Vec<WalkedFile>,
    /// Symbolic links and their targets, sorted.
    pub(crate) links: Vec<(BString, BString)>,
    /// Directories and their permission bits, sorted.
    pub(crate) directories: Vec<(BString, u16)>,
    /// Paths of the files in archives that stand for directories.
    pub(crate) archived: Vec<BString>,
    /// What could not be looked at.
    pub(crate) gaps: Vec<Gap>,
}

/// Lists `root`.
pub(crate) fn walk(root: &Path) -> Walked {
    walk_with(root, look)
}

/// Lists `root`, which holds debug information: what is named by its build-id is taken for an ELF file unseen, since it
/// is opened anyway when something has that build-id. Of such files the size and the mode are not known.
pub(crate) fn walk_debug(root: &Path) -> Walked {
    walk_with(root, |root, path| match build_id_of_path(&path) {
        Some(_) => Ok(WalkedFile {
            name: name_below(root, &path),
            path,
            kind: ContentKind::Elf,
            inode: None,
            size_bytes: 0,
            is_named: false,
            mode: 0,
            interpreter: None,
        }),
        None => look(root, path),
    })
}

fn walk_with(root: &Path, look: impl Fn(&Path, PathBuf) -> Result<WalkedFile, Gap> + Sync) -> Walked {
    let mut walked = Walked::default();
    let mut entries_left = ENTRIES_MAX;
    let mut files = Vec::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(dir) = ahead.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) => {
                walked.gaps.push(unreadable(root, &dir, &error));
                continue;
            }
        };
        for entry in entries {
            if entries_left == 0 {
                let detail =
                    format!("the directory has more than {ENTRIES_MAX} entries; the rest was not read");
                let subject = root.display().to_string().into();
                walked.gaps.push(Gap { kind: GapKind::LimitReached, subject, detail });
                ahead.clear();
                break;
            }
            entries_left -= 1;
            let found = entry.and_then(|e| Ok((e.path(), e.file_type()?)));
            match found {
                Ok((path, kind)) if kind.is_dir() => {
                    if let Ok(metadata) = fs::symlink_metadata(&path) {
                        walked.directories.push((name_below(root, &path), mode(&metadata)));
                    }
                    ahead.push(path);
                }
                Ok((path, kind)) if kind.is_file() => files.push(path),
                // A link to a package stands for the package, as in many a mirror.
                Ok((path, kind)) if kind.is_symlink() && is_package_name(&path) => {
                    match fs::metadata(&path) {
                        Ok(metadata) if metadata.is_file() => files.push(path),
                        Ok(_) => {}
                        Err(error) => walked.gaps.push(unreadable(root, &path, &error)),
                    }
                }
                Ok((path, kind)) if kind.is_symlink() => {
                    if let Ok(target) = fs::read_link(&path) {
                        walked.links.push((name_below(root, &path), bytes(target)));
                    }
                }
                Ok(_) => {}
                Err(error) => walked.gaps.push(unreadable(root, &dir, &error)),
            }
        }
    }
    let looked: Vec<_> = files.into_par_iter().map(|path| look(root, path)).collect();
    for file in looked {
        match file {
            Ok(file) => walked.files.push(file),
            Err(gap) => walked.gaps.push(gap),
        }
    }
    walked.files.sort_by(|a, b| a.name.cmp(&b.name));
    walked.links.sort();
    walked.directories.sort();
    walked.gaps.sort();
    walked
}

fn mode(metadata: &fs::Metadata) -> u16 {
    (metadata.mode() & 0o7777) as u16
}

fn is_package_name(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "rpm" || end == "deb")
}

fn look(root: &Path, path: PathBuf) -> Result<WalkedFile, Gap> {
    let read = || {
        let metadata = fs::metadata(&path)?;
        Ok((file_head(&path, HEAD_BYTES)?, metadata))
    };
    let (head, metadata) = read().map_err(|error| unreadable(root, &path, &error))?;
    let inode = (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()));
    Ok(WalkedFile {
        name: name_below(root, &path),
        path,
        kind: ContentKind::detect(&head),
        inode,
        size_bytes: metadata.len(),
        is_named: false,
        mode: mode(&metadata),
        interpreter: shebang::interpreter(&head),
    })
}

fn unreadable(root: &Path, path: &Path, error: &std::io::Error) -> Gap {
    Gap {
        kind: GapKind::Unreadable,
        subject: name_below(root, path),
        detail: format!("cannot be read: {error}"),
    }
}

fn name_below(root: &Path, path: &Path) -> BString {
    bytes(path.strip_prefix(root).unwrap_or(path).to_owned())
}

fn bytes(path: PathBuf) -> BString {
    Vec::from_path_buf(path).unwrap_or_default().into()
}
