//! Supplementary (dwz) files: one for the debug packages of a build, found by the build-id that debug files state.

use std::path::Path;
use std::sync::{Condvar, Mutex};

use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::job::Bytes;
use super::wanted::resolve;
use super::{Pass, lock, path_bytes};
use crate::compress::LimitExceeded;
use crate::debuginfo::{Place, build_id_text};
use crate::dwarf::{SupplementaryLink, supplementary_id};
use crate::payload::PayloadError;
use crate::side::package::{OpenPackage, PackageError, PackageFile};
use crate::source::FileBytes;

/// A supplementary (dwz) file.
#[derive(Clone)]
pub(super) struct Supplementary {
    pub(super) path: BString,
    pub(super) bytes: Bytes,
    /// The debug package that it came from.
    pub(super) package: Option<usize>,
}

/// What the debug packages of one build share: their supplementary files, by build-id.
#[derive(Default)]
pub(super) struct Group {
    phase: Mutex<Phase>,
    ready: Condvar,
    found: Mutex<FxHashMap<Vec<u8>, Supplementary>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// Nobody has looked for supplementary files yet.
    #[default]
    Untouched,
    /// Somebody is reading them.
    Reading,
    /// Those that the build's packages list are here, or cannot be had.
    Ready,
}

/// The duty to bring the supplementary files; done when dropped, also after an error.
pub(super) struct Duty<'g>(&'g Group);

impl Drop for Duty<'_> {
    fn drop(&mut self) {
        *lock(&self.0.phase) = Phase::Ready;
        self.0.ready.notify_all();
    }
}

impl Group {
    /// Gives the first caller the duty to read the supplementary files; others wait until that is done.
    pub(super) fn claim(&self) -> Option<Duty<'_>> {
        let mut phase = lock(&self.phase);
        if *phase == Phase::Untouched {
            *phase = Phase::Reading;
            return Some(Duty(self));
        }
        while *phase == Phase::Reading {
            phase = self.ready.wait(phase).unwrap_or_else(|e| e.into_inner());
        }
        None
    }

    /// Reads the supplementary files of the build to which `package` belongs, but not those of `package` itself.
    pub(super) fn read_others(&self, pass: &Pass<'_>, package: usize) {
        let build = &pass.index.packages[package].build;
        for (id, other) in pass.index.packages.iter().enumerate() {
            let files = pass.index.dwz_files(id);
            if files.is_empty() || id == package || other.build != *build {
                continue;
            }
            // A package that cannot be read delivers nothing; that its file is missing is told where it is wanted.
            for (path, bytes) in extract(pass, &other.file, files).unwrap_or_default() {
                self.add(path, Bytes::Shared(bytes.into()), Some(id));
            }
        }
    }

    pub(super) fn add(&self, path: BString, bytes: Bytes, package: Option<usize>) {
        if let Some(id) = supplementary_id(&bytes) {
            lock(&self.found).entry(id).or_insert(Supplementary { path, bytes, package });
        }
    }

    fn get(&self, id: &[u8]) -> Option<Supplementary> {
        lock(&self.found).get(id).cloned()
    }

    /// The file that a debug file names, which must have the build-id that it states.
    pub(super) fn supplementary(
        &self,
        pass: &Pass<'_>,
        debug_path: &BStr,
        on_disk: Option<&Path>,
        link: &SupplementaryLink,
    ) -> Result<Supplementary, String> {
        if let Some(found) = self.get(&link.build_id) {
            return Ok(found);
        }
        let mut places = pass.index.supplementary(debug_path, link.path.as_bstr(), &link.build_id);
        if let (Some(folder), Ok(name)) = (on_disk.and_then(Path::parent), link.path.to_path())
            && name.is_relative()
        {
            places.insert(0, Place::File(folder.join(name)));
        }
        let server = pass.index.debuginfod.as_ref();
        // Asked only when all other places were in vain.
        let asked =
            std::iter::once_with(|| server?.debug_file(&link.build_id).ok()?.map(Place::File)).flatten();
        let mut seen = Vec::new();
        for place in places.into_iter().chain(asked) {
            match open_place(pass, place) {
                Ok(Some((found, label))) => {
                    let id = supplementary_id(&found.bytes);
                    if id.as_ref() == Some(&link.build_id) {
                        self.add(found.path.clone(), found.bytes.clone(), found.package);
                        return Ok(found);
                    }
                    let id = id.map_or("none".to_owned(), |id| build_id_text(&id));
                    seen.push(format!("{label} has the build-id {id}"));
                }
                Ok(None) => {}
                Err(detail) => seen.push(detail),
            }
        }
        let wanted = format!("{} with build-id {}", link.path, build_id_text(&link.build_id));
        let seen = if seen.is_empty() { "it was found nowhere".to_owned() } else { seen.join("; ") };
        Err(format!("the debug file {debug_path} needs the supplementary file {wanted}: {seen}"))
    }
}

/// Brings a file into memory, with a name for messages; `None` when nothing is there.
fn open_place(pass: &Pass<'_>, place: Place) -> Result<Option<(Supplementary, String)>, String> {
    match place {
        Place::File(path) => Ok(FileBytes::open(&path).ok().map(|bytes| {
            let path = path_bytes(&path);
            let label = path.to_string();
            (Supplementary { path, bytes: Bytes::File(bytes.into()), package: None }, label)
        })),
        Place::Package(id, path) => {
            let package = &pass.index.packages[id];
            let found = extract(pass, &package.file, std::slice::from_ref(&path));
            let found = found.map_err(|error| format!("{}: {error}", package.nevra))?.into_iter().next();
            Ok(found.map(|(path, bytes)| {
                let label = format!("{path} of {}", package.nevra);
                (Supplementary { path, bytes: Bytes::Shared(bytes.into()), package: Some(id) }, label)
            }))
        }
    }
}

/// Takes single files out of a package.
fn extract(
    pass: &Pass<'_>,
    file: &PackageFile,
    paths: &[BString],
) -> Result<Vec<(BString, Vec<u8>)>, PackageError> {
    let open = OpenPackage::open(file, false)?;
    let wanted: Vec<BString> = paths.iter().filter_map(|p| resolve(&open.meta.files, p.clone())).collect();
    let read = open.payload(pass.limits, |payload| {
        let mut found: Vec<(BString, Vec<u8>)> = Vec::new();
        while found.len() < wanted.len()
            && let Some(stored) = payload.next_file()?
        {
            let mut names = std::iter::once(&stored.path).chain(&stored.links);
            if let Some(name) = names.find(|n| wanted.contains(n)) {
                if stored.size_bytes > pass.limits.file_bytes {
                    let limit_bytes = pass.limits.file_bytes;
                    let what = "the supplementary file";
                    return Err(PayloadError::Limit(LimitExceeded { what, limit_bytes }));
                }
                found.push((name.clone(), payload.content()?));
            }
        }
        Ok(found)
    });
    Ok(read.result?.0)
}
