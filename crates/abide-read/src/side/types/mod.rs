//! The second pass: for each artifact that needs types, its debug information is found, brought into memory, and read.
//!
//! Debug packages are read once each, those of one build together, since they share a supplementary file. Files are
//! handed to the type reader as they come out of the payload, so that a package's debug files are not all in memory
//! at once; when the type readers fall behind, the thread that decompresses helps them.

mod supplementary;
mod wanted;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use abide_model::{ArtifactFacts, DebugSource, Gap, GapKind, Progress, Stage, TypeEvidence};
use bstr::{BString, ByteSlice, ByteVec};

use supplementary::Group;
use wanted::Wanted;

use super::loose::reopen;
use super::package::{OpenPackage, Origin, PackageError, PackageFile, named};
use super::packages::in_parallel;
use crate::debuginfo::{Candidate, DebugIndex, Place, Reason, belongs};
use crate::dwarf::{read_types, supplementary_link};
use crate::rpm::Limits;
use crate::source::FileBytes;

/// Debug files that wait for a type reader; past this the decompressing thread reads types itself.
const IN_FLIGHT_BYTES: u64 = 256 << 20;

/// Bytes of a debug file.
#[derive(Clone)]
enum Bytes {
    Shared(Arc<Vec<u8>>),
    File(Arc<FileBytes>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::File(bytes) => bytes,
        }
    }
}

/// One place where an artifact's debug information may be.
enum Attempt {
    /// The artifact's own bytes, in memory.
    Kept(Arc<Vec<u8>>),
    /// The artifact's own file.
    Own(PathBuf),
    /// The artifact itself, in its package.
    OwnPackage(Arc<PackageFile>, BString),
    /// A separate file on disk.
    File(PathBuf, Reason),
    /// In a debug package.
    Package(usize, BString, Reason),
}

/// An artifact whose types are wanted.
pub(crate) struct Job<'a> {
    at: (usize, usize),
    artifact: &'a ArtifactFacts,
    /// Best first; the next one to try is at the front.
    attempts: Vec<Attempt>,
    /// What was wrong with those that were tried.
    misses: Vec<Gap>,
}

/// Types of one artifact.
pub(crate) struct Done {
    pub(crate) at: (usize, usize),
    pub(crate) types: TypeEvidence,
    pub(crate) gaps: Vec<Gap>,
}

impl<'a> Job<'a> {
    /// Lists the places for `artifact`, whose path on disk, when it has one, is that of `origin`.
    pub(crate) fn new(
        at: (usize, usize),
        artifact: &'a ArtifactFacts,
        origin: &Origin,
        index: &DebugIndex,
    ) -> Self {
        let attempts = match (artifact.elf.has_debug_info, origin) {
            (true, Origin::Package { kept: Some(bytes), .. }) => vec![Attempt::Kept(Arc::clone(bytes))],
            (true, Origin::Package { file, path, kept: None }) => {
                vec![Attempt::OwnPackage(Arc::clone(file), path.clone())]
            }
            (true, Origin::File(path)) => vec![Attempt::Own(path.clone())],
            (false, origin) => {
                let folder = match origin {
                    Origin::File(path) => path.parent(),
                    Origin::Package { .. } => None,
                };
                let found = index.candidates(artifact.path.as_bstr(), folder, &artifact.elf);
                found.into_iter().map(Attempt::separate).collect()
            }
        };
        Self { at, artifact, attempts, misses: Vec::new() }
    }

    fn miss(&mut self, kind: GapKind, detail: String) {
        self.misses.push(Gap { kind, subject: self.artifact.path.clone(), detail });
    }

    fn done(self, types: TypeEvidence, mut gaps: Vec<Gap>) -> Done {
        gaps.splice(0..0, self.misses);
        // One file can be a candidate for two reasons.
        gaps.dedup();
        Done { at: self.at, types, gaps }
    }
}

impl Attempt {
    fn separate(candidate: Candidate) -> Self {
        match candidate.place {
            Place::Package(id, path) => Self::Package(id, path, candidate.reason),
            Place::File(path) => Self::File(path, candidate.reason),
        }
    }
}

/// What all jobs share.
struct Pass<'a> {
    index: &'a DebugIndex,
    limits: Limits,
    progress: &'a dyn Progress,
    in_flight: AtomicU64,
    packages: &'a [Option<String>],
}

/// Reads the types for all jobs; `packages` names the package of each artifact, by its first index.
pub(crate) fn read_all(
    jobs: Vec<Job<'_>>,
    index: &DebugIndex,
    packages: &[Option<String>],
    limits: Limits,
    progress: &dyn Progress,
) -> Vec<Done> {
    let pass = Pass { index, limits, progress, in_flight: AtomicU64::new(0), packages };
    let mut ahead = jobs;
    let mut done = Vec::new();
    // A round tries one place for each artifact; what turned out to be the wrong file goes on to its next place.
    while !ahead.is_empty() {
        let results = pass.round(ahead);
        ahead = Vec::new();
        for result in results {
            match result {
                Ok(one) => done.push(one),
                Err(job) => ahead.push(job),
            }
        }
    }
    done.sort_by_key(|d| d.at);
    done
}

/// Finished, or to be tried at its next place.
type Step<'a> = Result<Done, Job<'a>>;

/// One package to read with the jobs that want files of it.
struct PackageTask<'a> {
    package: Option<usize>,
    file: Arc<PackageFile>,
    group: Arc<Group>,
    jobs: Vec<(BString, Job<'a>, Reason)>,
}

enum Task<'a> {
    Package(PackageTask<'a>),
    Single(Job<'a>),
}

impl<'p> Pass<'p> {
    fn round<'a>(&self, jobs: Vec<Job<'a>>) -> Vec<Step<'a>> {
        let mut singles = Vec::new();
        let mut own: BTreeMap<String, PackageTask<'a>> = BTreeMap::new();
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
                    let task = own.entry(file.source.name()).or_insert_with(|| PackageTask {
                        package: None,
                        file,
                        group: Arc::default(),
                        jobs: Vec::new(),
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
            return Ok(self.absent(job));
        }
        let group = Group::default();
        match job.attempts.remove(0) {
            Attempt::Kept(bytes) => {
                let path = job.artifact.path.clone();
                Ok(self.read(job, Bytes::Shared(bytes), path, None, &group, DebugSource::InFile))
            }
            Attempt::Own(path) => match reopen(&path, self.limits) {
                Ok(bytes) => {
                    let (place, bytes) = (path_bytes(&path), Bytes::File(bytes.into()));
                    Ok(self.read(job, bytes, place, Some(&path), &group, DebugSource::InFile))
                }
                Err(detail) => {
                    job.miss(GapKind::Unreadable, detail);
                    Ok(self.absent(job))
                }
            },
            Attempt::File(path, reason) => self.separate_file(job, path, reason, &group),
            Attempt::Package(..) | Attempt::OwnPackage(..) => Err(job),
        }
    }

    fn separate_file<'a>(&self, mut job: Job<'a>, path: PathBuf, reason: Reason, group: &Group) -> Step<'a> {
        let bytes = match FileBytes::open(&path) {
            Ok(bytes) => Bytes::File(bytes.into()),
            Err(error) => {
                job.miss(GapKind::Unreadable, format!("debug file {}: {error}", path.display()));
                return Err(job);
            }
        };
        let place = path_bytes(&path);
        let source = DebugSource::Separate { path: place.clone(), package: None };
        self.checked(job, bytes, place, Some(&path), group, source, reason)
    }

    /// Reads one package and every file of it that jobs want.
    fn package<'a>(&self, task: PackageTask<'a>) -> Vec<Step<'a>> {
        let PackageTask { package, file, group, jobs } = task;
        let results = Mutex::new(Vec::new());
        let mut left = Vec::new();
        let read = rayon::in_place_scope(|scope| {
            let mut duty = package.and_then(|_| group.claim());
            if let (Some(id), Some(_)) = (package, &duty) {
                group.read_others(self, id);
            }
            let open = match OpenPackage::open(&file, false) {
                Ok(open) => open,
                Err(error) => {
                    left.extend(jobs.into_iter().map(|(_, job, reason)| (job, reason)));
                    return Err(error);
                }
            };
            let own = package.filter(|_| duty.is_some());
            let mut dwz: Vec<&BString> = own.map_or(&[][..], |id| self.index.dwz_files(id)).iter().collect();
            let mut wanted = Wanted::new(jobs, &open.package.meta);
            let mut waiting = Vec::new();
            let (results, group) = (&results, &group);
            let name = package.map(|id| self.index.packages[id].nevra.as_str());
            let hand_over = |job, bytes: Bytes, path, reason| {
                self.spawn(scope, bytes.len() as u64, move || {
                    // Not inside of the lock: the work takes its time, and uses the pool.
                    let step = self.read_packed(job, bytes, path, name, group, reason);
                    lock(results).push(step);
                });
            };
            let (result, _) = open.payload(self.limits, |payload, _| {
                while !(wanted.is_empty() && dwz.is_empty())
                    && let Some(stored) = payload.next_file()?
                {
                    if let Some(at) = dwz.iter().position(|path| **path == stored.path) {
                        dwz.swap_remove(at);
                        if stored.size_bytes <= self.limits.file_bytes {
                            group.add(stored.path.clone(), Bytes::Shared(payload.content()?.into()));
                        }
                    }
                    if dwz.is_empty() {
                        duty = None;
                    }
                    let Some(found) = wanted.take(&stored.path, &stored.links) else { continue };
                    if stored.size_bytes > self.limits.file_bytes {
                        wanted.too_large.extend(found);
                        continue;
                    }
                    let bytes = Bytes::Shared(payload.content()?.into());
                    for (job, reason) in found {
                        let (bytes, path) = (bytes.clone(), stored.path.clone());
                        match dwz.is_empty() {
                            true => hand_over(job, bytes, path, reason),
                            // The archive has its supplementary file further on.
                            false => waiting.push((job, bytes, path, reason)),
                        }
                    }
                }
                Ok(())
            });
            drop(duty);
            waiting.into_iter().for_each(|(job, bytes, path, reason)| hand_over(job, bytes, path, reason));
            left.extend(wanted.into_left());
            result.map(|_| ())
        });
        let steps = results.into_inner().unwrap_or_else(|e| e.into_inner());
        self.settle(steps, left, read, &file)
    }

    fn read_packed<'a>(
        &self,
        job: Job<'a>,
        bytes: Bytes,
        path: BString,
        package: Option<&str>,
        group: &Group,
        reason: Reason,
    ) -> Step<'a> {
        match package {
            None => Ok(self.read(job, bytes, path, None, group, DebugSource::InFile)),
            Some(package) => {
                let source = DebugSource::Separate { path: path.clone(), package: Some(package.to_owned()) };
                self.checked(job, bytes, path, None, group, source, reason)
            }
        }
    }

    /// What the package did not deliver goes on to its next place, and says why.
    fn settle<'a>(
        &self,
        mut steps: Vec<Step<'a>>,
        left: Vec<(Job<'a>, Reason)>,
        read: Result<(), PackageError>,
        file: &PackageFile,
    ) -> Vec<Step<'a>> {
        let detail = match &read {
            Ok(()) => {
                format!("the package {} has not the file that it lists, or a too large one", file.label)
            }
            Err(error) => format!("the package {}: {error}", file.label),
        };
        let kind = read.as_ref().err().map_or(GapKind::Unreadable, |error| error.gap(file).kind);
        let is_package = |attempt: &Attempt| match attempt {
            Attempt::Package(id, ..) => std::ptr::eq(&*self.index.packages[*id].file, file),
            _ => false,
        };
        for (mut job, _) in left {
            job.miss(kind, detail.clone());
            if read.is_err() {
                job.attempts.retain(|attempt| !is_package(attempt));
            }
            steps.push(Err(job));
        }
        match read {
            // Types from a file that is not the one that is meant prove nothing.
            Err(error @ (PackageError::Checksum { .. } | PackageError::PayloadDigest { .. })) => {
                steps.into_iter().map(|step| self.distrust(step, &error, file)).collect()
            }
            _ => steps,
        }
    }

    fn distrust<'a>(&self, step: Step<'a>, error: &PackageError, file: &PackageFile) -> Step<'a> {
        step.map(|done| {
            let mut gap = error.gap(file);
            gap.subject = file.label.as_str().into();
            Done { at: done.at, types: TypeEvidence::Absent, gaps: vec![gap] }
        })
    }

    /// Hands work to the pool, or does it here when enough is waiting there.
    fn spawn<'s>(&'s self, scope: &rayon::Scope<'s>, size: u64, work: impl FnOnce() + Send + 's) {
        if self.in_flight.fetch_add(size, Ordering::Relaxed) >= IN_FLIGHT_BYTES {
            work();
            self.in_flight.fetch_sub(size, Ordering::Relaxed);
            return;
        }
        scope.spawn(move |_| {
            work();
            self.in_flight.fetch_sub(size, Ordering::Relaxed);
        });
    }

    /// Reads types of a separate file, if it belongs to the artifact.
    #[allow(clippy::too_many_arguments)]
    fn checked<'a>(
        &self,
        mut job: Job<'a>,
        bytes: Bytes,
        place: BString,
        on_disk: Option<&Path>,
        group: &Group,
        source: DebugSource,
        reason: Reason,
    ) -> Step<'a> {
        match belongs(&job.artifact.elf, &bytes, reason) {
            Ok(()) => Ok(self.read(job, bytes, place, on_disk, group, source)),
            Err(why) => {
                job.miss(GapKind::DebugMismatch, format!("the debug file {place} was not used: {why}"));
                Err(job)
            }
        }
    }

    fn read(
        &self,
        job: Job<'_>,
        bytes: Bytes,
        place: BString,
        on_disk: Option<&Path>,
        group: &Group,
        source: DebugSource,
    ) -> Done {
        let link = supplementary_link(&bytes);
        let supplementary = match &link {
            None => None,
            Some(link) => match group.supplementary(self, place.as_bstr(), on_disk, link) {
                Ok(found) => Some(found),
                Err(detail) => return self.without_supplementary(job, detail),
            },
        };
        let read = read_types(&bytes, supplementary.as_ref().map(|s| &*s.bytes), &job.artifact.elf);
        drop(bytes);
        self.progress.advance(Stage::ReadTypes, 1, &job.artifact.path.to_str_lossy());
        let subject = job.artifact.path.as_bstr();
        let mut gaps: Vec<Gap> = read.gaps.into_iter().map(|gap| named(gap, subject)).collect();
        if read.graph.is_none() && gaps.is_empty() {
            let detail = format!("the file {place} has no debug information");
            gaps.push(Gap { kind: GapKind::NoDebugInfo, subject: subject.into(), detail });
        }
        let types = match read.graph {
            Some(graph) => TypeEvidence::Read { graph, source, supplementary: supplementary.map(|s| s.path) },
            None => TypeEvidence::Absent,
        };
        job.done(types, gaps)
    }

    /// Most types of the main file refer to the supplementary one: half a graph would read as changes.
    fn without_supplementary(&self, job: Job<'_>, detail: String) -> Done {
        self.progress.advance(Stage::ReadTypes, 1, &job.artifact.path.to_str_lossy());
        let gap = Gap { kind: GapKind::NoSupplementaryFile, subject: job.artifact.path.clone(), detail };
        job.done(TypeEvidence::Absent, vec![gap])
    }

    fn absent(&self, job: Job<'_>) -> Done {
        self.progress.advance(Stage::ReadTypes, 1, &job.artifact.path.to_str_lossy());
        let package = self.packages.get(job.at.0).and_then(Option::as_deref);
        let detail = self.index.searched(&job.artifact.elf, package);
        let gap = Gap { kind: GapKind::NoDebugInfo, subject: job.artifact.path.clone(), detail };
        job.done(TypeEvidence::Absent, vec![gap])
    }
}

fn path_bytes(path: &Path) -> BString {
    Vec::from_path_lossy(path).into_owned().into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
