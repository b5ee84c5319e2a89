//! Which files of one package which jobs want.

use abide_model::{FileKind, PackageMeta};
use bstr::{BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::Job;
use crate::debuginfo::{Reason, join, parent};

/// Symbolic links inside a debug package are followed this often.
const HOPS_MAX: usize = 8;

/// Jobs by the path that they want, with symbolic links of the package resolved.
pub(super) struct Wanted<'a> {
    jobs: FxHashMap<BString, Vec<(Job<'a>, Reason)>>,
    pub(super) too_large: Vec<(Job<'a>, Reason)>,
    absent: Vec<(Job<'a>, Reason)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(jobs: Vec<(BString, Job<'a>, Reason)>, meta: &PackageMeta) -> Self {
        let mut wanted = Self { jobs: FxHashMap::default(), too_large: Vec::new(), absent: Vec::new() };
        for (path, job, reason) in jobs {
            match resolve(meta, path) {
                Some(path) => wanted.jobs.entry(path).or_default().push((job, reason)),
                None => wanted.absent.push((job, reason)),
            }
        }
        wanted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn take(&mut self, path: &BString, links: &[BString]) -> Option<Vec<(Job<'a>, Reason)>> {
        let found: Vec<_> =
            std::iter::once(path).chain(links).filter_map(|p| self.jobs.remove(p)).flatten().collect();
        (!found.is_empty()).then_some(found)
    }

    pub(super) fn into_left(self) -> Vec<(Job<'a>, Reason)> {
        let mut left: Vec<_> = self.jobs.into_values().flatten().collect();
        left.extend(self.too_large);
        left.extend(self.absent);
        left.sort_by_key(|(job, _)| job.at);
        left
    }
}

/// The regular file behind a path of a package.
pub(super) fn resolve(meta: &PackageMeta, mut path: BString) -> Option<BString> {
    for _ in 0..HOPS_MAX {
        let at = meta.files.binary_search_by(|f| f.path.cmp(&path)).ok()?;
        let entry = &meta.files[at];
        match (entry.kind, &entry.link_target) {
            (FileKind::Regular, _) => return Some(path),
            (FileKind::Symlink, Some(target)) => path = join(parent(path.as_bstr()), target.as_bstr()),
            _ => return None,
        }
    }
    None
}
