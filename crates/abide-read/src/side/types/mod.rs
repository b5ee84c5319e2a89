//! The second pass: for each artifact that needs types, its debug information is found, brought into memory, and read.
//!
//! Debug packages are read once each, those of one build together, since they share a supplementary file. Files are
//! handed to the type reader as they come out of the payload, so that a package's debug files are not all in memory
//! at once; when the type readers fall behind, the thread that decompresses helps them.

mod forms;
mod job;
mod packed;
mod split;
mod supplementary;
mod wanted;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};

use abide_model::{DebugSource, Gap, GapKind, Progress, Stage, TypeEvidence};
use bstr::{BString, ByteSlice, ByteVec};

use forms::read_types;
use job::{Attempt, Found, Step};
pub(crate) use job::{Bytes, Done, Job};
use packed::PackageTask;
use supplementary::Group;

use super::loose::reopen;
use super::package::named;
use super::packages::in_parallel;
use crate::debuginfo::{DebugIndex, Reason, belongs};
use crate::dwarf::{SplitWanted, supplementary_link};
use crate::payload::Limits;
use crate::source::FileBytes;

/// What all jobs share.
pub(crate) struct Pass<'a> {
    index: &'a DebugIndex,
    limits: Limits,
    progress: &'a dyn Progress,
    in_flight: AtomicU64,
    /// The file whose BTF that of modules continues.
    kernel: Option<Bytes>,
    /// Names that the debug package of the package with an index can have.
    debug_names: &'a (dyn Fn(usize) -> Vec<String> + Sync),
    /// Debug packages that turned out to be damaged or others than they should be.
    damaged: Mutex<BTreeMap<usize, Gap>>,
}

enum Task<'a> {
    Package(PackageTask<'a>),
    Single(Job<'a>),
}

impl<'p> Pass<'p> {
    /// A pass over the debug files of `index`.
    pub(crate) fn new(
        index: &'p DebugIndex,
        debug_names: &'p (dyn Fn(usize) -> Vec<String> + Sync),
        kernel: Option<Bytes>,
        limits: Limits,
        progress: &'p dyn Progress,
    ) -> Self {
        let (in_flight, damaged) = (AtomicU64::new(0), Mutex::default());
        Pass { index, limits, progress, in_flight, kernel, debug_names, damaged }
    }

    /// Reads the types for all jobs.
    pub(crate) fn read_all(&self, jobs: Vec<Job<'_>>) -> Vec<Done> {
        let mut ahead = jobs;
        let mut done = Vec::new();
        // A round tries one place for each artifact; what turned out to be the wrong file goes on to its next place.
        while !ahead.is_empty() {
            let results = self.round(ahead);
            ahead = Vec::new();
            for result in results {
                match result {
                    Ok(one) => done.push(one),
                    Err(job) => ahead.push(job),
                }
            }
        }
        done.sort_by_key(|d| d.at);
        self.distrust_supplementary(done)
    }

    fn round<'a>(&self, jobs: Vec<Job<'a>>) -> Vec<Step<'a>> {
        let mut singles = Vec::new();
        let mut own: BTreeMap<(String, String), PackageTask<'a>> = BTreeMap::new();
        let mut debug: BTreeMap<usize, PackageTask<'a>> = BTreeMap::new();
        let mut groups: BTreeMap<&str, Arc<Group>> = BTreeMap::new();
        for mut job in jobs {
            if job.attempts.is_empty() {
                singles.push(Task::Single(job));
                continue;
            }
            match job.attempts.remove(0) {
                Attempt::Package(id, path, reason) => {
                    let package = &self.index.packages[id];
                    let group = Arc::clone(groups.entry(&package.build).or_default());
                    let task = debug.entry(id).or_insert_with(|| PackageTask {
                        package: Some(id),
                        file: Arc::clone(&package.file),
                        group,
                        jobs: Vec::new(),
                    });
                    task.jobs.push((path, job, reason));
                }
                Attempt::OwnPackage(file, path) => {
                    let task = own.entry((file.source.name(), file.label.clone())).or_insert_with(|| {
                        PackageTask { package: None, file, group: Arc::default(), jobs: Vec::new() }
                    });
                    task.jobs.push((path, job, Reason::BuildId));
                }
                attempt => {
                    job.attempts.insert(0, attempt);
                    singles.push(Task::Single(job));
                }
            }
        }
        let mut tasks: Vec<Task<'a>> = own.into_values().map(Task::Package).collect();
        tasks.extend(debug.into_values().map(Task::Package));
        tasks.extend(singles);
        // Packages with a supplementary file come first, since the others of their group wait for it.
        let weight = |task: &Task<'_>| match task {
            Task::Package(t) if t.package.is_some_and(|p| !self.index.dwz_files(p).is_empty()) => u64::MAX,
            Task::Package(t) => t.file.size_bytes,
            Task::Single(job) => job.artifact.size_bytes,
        };
        let results = in_parallel(tasks, weight, |task| match task {
            Task::Package(task) => self.package(task),
            Task::Single(job) => vec![self.single(job)],
        });
        results.into_iter().flatten().collect()
    }

    /// A job whose bytes are at hand or on disk, or that has no place left.
    fn single<'a>(&self, mut job: Job<'a>) -> Step<'a> {
        if job.attempts.is_empty() {
            return Ok(self.nowhere(job));
        }
        let group = Group::default();
        let source = DebugSource::InFile;
        match job.attempts.remove(0) {
            Attempt::Kept(bytes) => {
                let (bytes, place) = (Bytes::Shared(bytes), job.artifact.path.clone());
                self.read(job, Found { bytes, place, on_disk: None, source }, &group)
            }
            Attempt::Own(path) => match reopen(&path, self.limits) {
                Ok(bytes) => {
                    let (bytes, place) = (Bytes::File(bytes.into()), path_bytes(&path));
                    self.read(job, Found { bytes, place, on_disk: Some(path), source }, &group)
                }
                Err(detail) => {
                    job.miss(GapKind::Unreadable, detail);
                    Ok(self.nowhere(job))
                }
            },
            Attempt::File(path, reason) => self.separate_file(job, path, reason, &group),
            Attempt::Server(id) => match self.index.debuginfod.as_ref().map(|d| d.debug_file(&id)) {
                Some(Ok(Some(path))) => self.separate_file(job, path, Reason::BuildId, &group),
                Some(Err(error)) => {
                    job.miss(GapKind::Unreadable, format!("debuginfod was asked in vain: {error}"));
                    Err(job)
                }
                Some(Ok(None)) | None => Err(job),
            },
            Attempt::Package(..) | Attempt::OwnPackage(..) => Err(job),
        }
    }

    fn separate_file<'a>(&self, mut job: Job<'a>, path: PathBuf, reason: Reason, group: &Group) -> Step<'a> {
        match FileBytes::open(&path) {
            Ok(bytes) => {
                let (bytes, place) = (Bytes::File(bytes.into()), path_bytes(&path));
                let source = DebugSource::Separate { path: place.clone(), package: None };
                self.checked(job, Found { bytes, place, on_disk: Some(path), source }, group, reason)
            }
            Err(error) => {
                job.miss(GapKind::Unreadable, format!("debug file {}: {error}", path.display()));
                Err(job)
            }
        }
    }

    /// Reads types of a separate file, if it belongs to the artifact.
    fn checked<'a>(&self, mut job: Job<'a>, found: Found, group: &Group, reason: Reason) -> Step<'a> {
        match belongs(&job.artifact.elf, &found.bytes, reason) {
            Ok(()) => self.read(job, found, group),
            Err(why) => {
                let detail = format!("the debug file {} was not used: {why}", found.place);
                job.miss(GapKind::DebugMismatch, detail);
                Err(job)
            }
        }
    }

    fn read<'a>(&self, job: Job<'a>, found: Found, group: &Group) -> Step<'a> {
        let Found { bytes, place, on_disk, source } = found;
        let supplementary = match supplementary_link(&bytes) {
            None => None,
            Some(link) => match group.supplementary(self, place.as_bstr(), on_disk.as_deref(), &link) {
                Ok(found) => Some(found),
                // Most types of the main file refer to the other one: half a graph would read as changes.
                Err(detail) => {
                    let gap = job.gap(GapKind::NoSupplementaryFile, detail);
                    return self.vain(job, vec![gap], &place);
                }
            },
        };
        let other = supplementary.as_ref().map(|s| s.bytes.debug_file());
        let is_split = Cell::new(false);
        let split = |wanted: SplitWanted<'_>, take: &mut dyn FnMut(&[u8]) -> bool| {
            is_split.set(true);
            split::offer(self.index, place.as_bstr(), on_disk.as_deref(), &wanted, take);
        };
        let read = read_types(bytes.debug_file(), other, &split, self.kernel.as_deref(), &job.artifact.elf);
        drop(bytes);
        let mut gaps: Vec<Gap> =
            read.gaps.into_iter().map(|gap| named(gap, job.artifact.path.as_bstr())).collect();
        let Some(graph) = read.graph else {
            if source == DebugSource::InFile {
                gaps.push(self.not_found(&job));
            } else if gaps.is_empty() {
                let detail = format!("the file {place} has no debug information");
                gaps.push(job.gap(GapKind::NoDebugInfo, detail));
            }
            return self.vain(job, gaps, &place);
        };
        let from = supplementary.as_ref().and_then(|s| s.package);
        let supplementary = supplementary.map(|s| s.path);
        let types = TypeEvidence::Read { graph, source, supplementary };
        let done = Done { is_split: is_split.get(), ..job.read(types, gaps, from) };
        Ok(self.finish(done, &place))
    }

    /// A file had no types that can be read: the artifact's next place is tried, if there is one.
    fn vain<'a>(&self, mut job: Job<'a>, gaps: Vec<Gap>, place: &BString) -> Step<'a> {
        if job.attempts.is_empty() {
            return Ok(self.finish(job.absent(gaps), place));
        }
        gaps.into_iter().for_each(|gap| job.miss(gap.kind, gap.detail));
        Err(job)
    }

    fn not_found(&self, job: &Job<'_>) -> Gap {
        let expected = (self.debug_names)(job.at().0);
        job.gap(GapKind::NoDebugInfo, self.index.searched(&job.artifact.elf, &expected))
    }

    fn nowhere(&self, job: Job<'_>) -> Done {
        let gap = self.not_found(&job);
        let place = job.artifact.path.clone();
        self.finish(job.absent([gap]), &place)
    }

    fn finish(&self, done: Done, place: &BString) -> Done {
        self.progress.advance(Stage::ReadTypes, 1, &place.to_str_lossy());
        done
    }

    /// Types from a package that is damaged, or not the one that is meant, prove nothing.
    fn distrust(&self, done: Done, gap: &Gap) -> Done {
        Done { types: TypeEvidence::Absent, gaps: vec![gap.clone()], ..done }
    }

    /// That a package is damaged can be found when its supplementary file was used already.
    fn distrust_supplementary(&self, done: Vec<Done>) -> Vec<Done> {
        let damaged = lock(&self.damaged);
        let check = |done: Done| match done.supplementary_from.and_then(|id| damaged.get(&id)) {
            Some(gap) => self.distrust(done, gap),
            None => done,
        };
        done.into_iter().map(check).collect()
    }
}

fn path_bytes(path: &Path) -> BString {
    Vec::from_path_lossy(path).into_owned().into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
