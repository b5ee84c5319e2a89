//! Which files of one package which jobs want.

use abide_model::{FileEntry, FileKind};
use bstr::{BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::job::Job;
use crate::debuginfo::{Reason, join, parent};

/// Symbolic links inside a debug package are followed this often.
const HOPS_MAX: usize = 8;

/// Jobs by the path that they want, with symbolic links of the package resolved.
pub(super) struct Wanted<'a> {
    jobs: FxHashMap<BString, Vec<(Job<'a>, Reason)>>,
    /// Jobs whose file is not in the package, too large, or damaged.
    aside: Vec<(Job<'a>, Reason)>,
}

impl<'a> Wanted<'a> {
    /// Without a list of files the paths are those of the archive's own members.
    pub(super) fn new(jobs: Vec<(BString, Job<'a>, Reason)>, files: Option<&[FileEntry]>) -> Self {
        let mut wanted = Self { jobs: FxHashMap::default(), aside: Vec::new() };
        for (path, job, reason) in jobs {
            match files.map_or(Some(path.clone()), |files| resolve(files, path)) {
                Some(path) => wanted.jobs.entry(path).or_default().push((job, reason)),
                None => wanted.aside.push((job, reason)),
            }
        }
        wanted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The jobs that want this file.
    pub(super) fn take(&mut self, path: &BString, links: &[BString]) -> Vec<(Job<'a>, Reason)> {
        std::iter::once(path).chain(links).filter_map(|p| self.jobs.remove(p)).flatten().collect()
    }

    /// Keeps jobs that the package cannot serve; no job may be lost, or its artifact would seem to need no types.
    pub(super) fn put_aside(&mut self, jobs: Vec<(Job<'a>, Reason)>) {
        self.aside.extend(jobs);
    }

    /// Everything that was not served.
    pub(super) fn into_left(self) -> Vec<(Job<'a>, Reason)> {
        let mut left: Vec<_> = self.jobs.into_values().flatten().collect();
        left.extend(self.aside);
        left.sort_by_key(|(job, _)| job.at());
        left
    }
}

/// The regular file behind a path of a package.
pub(super) fn resolve(files: &[FileEntry], mut path: BString) -> Option<BString> {
    for _ in 0..HOPS_MAX {
        let at = files.binary_search_by(|f| f.path.cmp(&path)).ok()?;
        let entry = &files[at];
        match (entry.kind, &entry.link_target) {
            (FileKind::Regular, _) => return Some(path),
            (FileKind::Symlink, Some(target)) => path = join(parent(path.as_bstr()), target.as_bstr()),
            _ => return None,
        }
    }
    None
}
