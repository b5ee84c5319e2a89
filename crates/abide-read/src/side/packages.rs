//! Many packages at once: which are software, which are debug packages, and what came of each.
//!
//! Files of one package are read in `package`; here are the repository, the directory and the thread pool.

use std::sync::{Arc, Mutex, OnceLock};

use abide_model::{Gap, GapKind, PackageMeta, Progress, Stage, is_debug_name};
use bstr::{BString, ByteSlice};
use rustc_hash::FxHashSet;

use super::cached::Lookup;
use super::package::{
    Container, Context, OpenPackage, PackageError, PackageFile, ReadPackage, read_debug_archive,
    read_software,
};
use crate::deb::lists_debug_files;
use crate::debuginfo::{DebugIndex, DebugPackage, Probe};
use crate::repo::{Location, Repo, RepoPackage};
use crate::source::Source;

/// What became of one package file.
pub(crate) enum Outcome {
    /// Software, with the error that kept its payload from being read.
    Software(Box<ReadPackage>, Option<PackageError>, Arc<PackageFile>),
    /// A debug package; its payload is read when something in it is needed.
    Debug(Box<DebugPackage>, Vec<BString>),
    /// An archive with debug files.
    DebugArchive(Box<DebugPackage>, Vec<(BString, Probe)>),
    /// Neither: sources.
    Sources,
    /// Not even the header could be read.
    Failed(PackageError, Arc<PackageFile>),
}

/// Reads each package; the outcomes are in the order of `files`.
///
/// With `only_debug` the packages are looked through for debug files, whatever their names.
pub(crate) fn read_all(
    files: Vec<Arc<PackageFile>>,
    only_debug: bool,
    context: &Context,
    progress: &dyn Progress,
) -> Vec<Outcome> {
    in_parallel(
        files,
        |file| file.size_bytes,
        |file| {
            let outcome = read_one(&file, only_debug, context);
            if !only_debug {
                progress.advance(Stage::ReadPackages, 1, &file.label);
            }
            outcome
        },
    )
}

fn read_one(file: &Arc<PackageFile>, only_debug: bool, context: &Context) -> Outcome {
    let failed = |error| Outcome::Failed(error, Arc::clone(file));
    if only_debug && file.container == Container::Tar {
        return match read_debug_archive(file, context.limits) {
            Ok(files) => Outcome::DebugArchive(Box::new(archive(file)), files),
            Err(error) => failed(error),
        };
    }
    let cached = context.store.as_deref().filter(|_| !only_debug);
    let cached = cached.map(|store| Lookup::new(store, file, context.limits));
    if let Some(package) = cached.as_ref().and_then(Lookup::at_once) {
        return Outcome::Software(Box::new(package), None, Arc::clone(file));
    }
    let open = match OpenPackage::open(file, true) {
        Ok(open) => open,
        Err(error) => return failed(error),
    };
    let meta = &open.meta;
    if meta.nevra.arch == "src" || meta.nevra.name.ends_with("-debugsource") {
        return Outcome::Sources;
    }
    if only_debug || meta.is_debug() {
        return match open.into_listed(context.limits, lists_debug_files) {
            Ok(meta) => Outcome::Debug(Box::new(debug_package(&meta, file)), debug_paths(&meta)),
            Err(error) => failed(error),
        };
    }
    if let Some(package) = cached.as_ref().and_then(Lookup::by_content) {
        return Outcome::Software(Box::new(package), None, Arc::clone(file));
    }
    let (package, error) = read_software(open, file, context);
    if let (Some(cached), None) = (&cached, &error) {
        cached.keep(&package);
    }
    match error {
        // The file is another one than the repository means: its header says nothing either.
        Some(error @ (PackageError::Checksum { .. } | PackageError::Io(_))) => {
            Outcome::Failed(error, Arc::clone(file))
        }
        error => Outcome::Software(Box::new(package), error, Arc::clone(file)),
    }
}

pub(crate) fn debug_package(meta: &PackageMeta, file: &Arc<PackageFile>) -> DebugPackage {
    DebugPackage {
        nevra: meta.nevra.to_string(),
        name: meta.nevra.name.clone(),
        build: format!("{} {}", meta.source_package.as_deref().unwrap_or(&meta.nevra.name), meta.nevra.arch),
        file: Arc::clone(file),
    }
}

/// An archive that stands for a directory, in the part of a debug package.
pub(crate) fn archive(file: &Arc<PackageFile>) -> DebugPackage {
    let label = file.label.clone();
    DebugPackage { nevra: label.clone(), name: label.clone(), build: label, file: Arc::clone(file) }
}

fn debug_paths(meta: &PackageMeta) -> Vec<BString> {
    let paths = meta.files.iter().map(|f| f.path.as_bstr());
    paths.filter(|path| path.starts_with(b"/usr/lib/debug/")).map(BString::from).collect()
}

/// Runs `f` over the items on as many threads as the thread pool has, the largest first.
///
/// Own threads rather than the pool's: reading waits for disks and networks, and a pool thread that waits would
/// take up further packages meanwhile and hold them all in memory.
pub(crate) fn in_parallel<T: Send, R: Send>(
    items: Vec<T>,
    size: impl Fn(&T) -> u64,
    f: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let threads = rayon::current_num_threads().min(items.len());
    if threads <= 1 {
        return items.into_iter().map(f).collect();
    }
    let count = items.len();
    let mut ahead: Vec<(usize, T)> = items.into_iter().enumerate().collect();
    // The list is taken from its end; equal sizes keep their order.
    ahead.sort_by_key(|(index, item)| (size(item), std::cmp::Reverse(*index)));
    let ahead = Mutex::new(ahead);
    let take = || ahead.lock().unwrap_or_else(|e| e.into_inner()).pop();
    let work = || {
        let mut done = Vec::new();
        while let Some((index, item)) = take() {
            done.push((index, f(item)));
        }
        done
    };
    let mut results: Vec<(usize, R)> = Vec::with_capacity(count);
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        results.extend(work());
        for other in others {
            match other.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The packages of a repository.
pub(crate) struct Listed {
    /// To be read: in a folder all of them, since a header tells more than the metadata does.
    pub(crate) files: Vec<Arc<PackageFile>>,
    /// Debug packages at a URL, told by their names.
    pub(crate) remote_debug: Vec<(RepoPackage, Arc<PackageFile>)>,
    /// Packages that the metadata puts where none can be.
    pub(crate) gaps: Vec<Gap>,
}

/// Lists the packages of `repo`.
pub(crate) fn list(repo: &Repo, location: &Location) -> Listed {
    let mut listed = Listed { files: Vec::new(), remote_debug: Vec::new(), gaps: Vec::new() };
    for package in &repo.packages {
        let name = &package.nevra.name;
        if package.nevra.arch == "src" || name.ends_with("-debugsource") {
            continue;
        }
        let source = match repo.source(package) {
            Ok(source) => source,
            Err(error) => {
                let subject = package.nevra.to_string().into();
                listed.gaps.push(Gap { kind: GapKind::MissingPackage, subject, detail: error.to_string() });
                continue;
            }
        };
        let file = Arc::new(PackageFile {
            container: package.container,
            listing: OnceLock::new(),
            source,
            label: package.location.clone(),
            stated: Some((package.nevra.to_string(), package.checksum.clone())),
            size_bytes: package.size_bytes.unwrap_or(0),
        });
        // An index that does not name the debug files leaves only the package itself to be asked.
        let is_listed = package.container == Container::Rpm || !package.debug_paths.is_empty();
        match (location, is_debug(package) && is_listed) {
            (Location::Url(..), true) => listed.remote_debug.push((package.clone(), file)),
            _ => listed.files.push(file),
        }
    }
    listed
}

fn is_debug(package: &RepoPackage) -> bool {
    is_debug_name(&package.nevra.name)
}

/// Adds debug packages at a URL to the index, with the paths that the file lists state.
pub(crate) fn add_remote(
    repo: &Repo,
    packages: Vec<(RepoPackage, Arc<PackageFile>)>,
    index: &mut DebugIndex,
) -> Option<Gap> {
    if packages.is_empty() {
        return None;
    }
    let ids: FxHashSet<&str> = packages.iter().map(|(p, _)| p.checksum.hex.as_str()).collect();
    let mut paths = match repo.debug_paths(&ids) {
        Ok(paths) => paths,
        Err(error) => {
            let detail = format!("the debug packages of the repository cannot be used: {error}");
            return Some(Gap { kind: GapKind::Unreadable, subject: "filelists".into(), detail });
        }
    };
    for (package, file) in packages {
        let found = paths.remove(&package.checksum.hex).unwrap_or_default();
        let source = package.source_package.as_deref().unwrap_or(&package.nevra.name);
        let debug = DebugPackage {
            nevra: package.nevra.to_string(),
            name: package.nevra.name.clone(),
            build: format!("{source} {}", package.nevra.arch),
            file,
        };
        index.add_package(debug, found);
    }
    None
}

/// A package file on disk.
pub(crate) fn on_disk(
    container: Container,
    path: std::path::PathBuf,
    label: String,
    size_bytes: u64,
) -> Arc<PackageFile> {
    let (source, listing) = (Source::File(path), OnceLock::new());
    Arc::new(PackageFile { container, source, label, stated: None, size_bytes, listing })
}
