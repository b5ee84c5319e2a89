//! Debug files in packages: one package is read once, and its files are handed on as they come out of the payload.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use abide_model::{DebugSource, GapKind};
use bstr::BString;

use super::job::{Attempt, Bytes, Found, Job, Step};
use super::supplementary::{Duty, Group};
use super::wanted::Wanted;
use super::{Pass, lock};
use crate::debuginfo::Reason;
use crate::input::ContentKind;
use crate::payload::{Payload, PayloadError};
use crate::side::package::{OpenPackage, PackageError, PackageFile, unpack};

/// Debug files that wait for a type reader; past this the decompressing thread reads types itself.
const IN_FLIGHT_BYTES: u64 = 256 << 20;

/// One package to read with the jobs that want files of it.
pub(super) struct PackageTask<'a> {
    /// Its index among the debug packages; `None` for software whose artifacts have their own debug information.
    pub(super) package: Option<usize>,
    pub(super) file: Arc<PackageFile>,
    pub(super) group: Arc<Group>,
    /// Wanted path, job, and why the file is taken for the right one.
    pub(super) jobs: Vec<(BString, Job<'a>, Reason)>,
}

/// What is still awaited of a package that is being read.
struct Delivery<'g, 'a> {
    wanted: Wanted<'a>,
    /// Supplementary files that the package is to bring, and the duty to say when they are here.
    dwz: Vec<&'g BString>,
    duty: Option<Duty<'g>>,
    group: &'g Group,
    package: Option<usize>,
    max_bytes: u64,
    /// Files that came before the supplementary file of their own package.
    waiting: Vec<(Job<'a>, Bytes, BString, Reason)>,
}

impl<'a> Delivery<'_, 'a> {
    /// Takes what is awaited out of the payload and gives it to `hand_over`.
    fn take_all(
        &mut self,
        payload: &mut Payload<'_>,
        hand_over: &impl Fn(Job<'a>, Bytes, BString, Reason),
    ) -> Result<(), PayloadError> {
        while !(self.wanted.is_empty() && self.dwz.is_empty())
            && let Some(stored) = payload.next_file()?
        {
            let is_small = stored.size_bytes <= self.max_bytes;
            if let Some(at) = self.dwz.iter().position(|path| **path == stored.path) {
                self.dwz.swap_remove(at);
                if is_small {
                    let bytes = Bytes::Shared(payload.content()?.into());
                    self.group.add(stored.path.clone(), bytes, self.package);
                }
            }
            if self.dwz.is_empty() {
                self.duty = None;
            }
            let found = self.wanted.take(&stored.path, &stored.links);
            if found.is_empty() || !is_small {
                self.wanted.put_aside(found);
                continue;
            }
            match payload.content() {
                Ok(bytes) => {
                    let bytes = Bytes::Shared(bytes.into());
                    for (job, reason) in found {
                        self.deliver(job, bytes.clone(), stored.path.clone(), reason, hand_over);
                    }
                }
                Err(error) => {
                    self.wanted.put_aside(found);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        job: Job<'a>,
        bytes: Bytes,
        path: BString,
        reason: Reason,
        hand_over: &impl Fn(Job<'a>, Bytes, BString, Reason),
    ) {
        match self.dwz.is_empty() {
            true => hand_over(job, bytes, path, reason),
            false => self.waiting.push((job, bytes, path, reason)),
        }
    }
}

impl Pass<'_> {
    /// Reads one package and every file of it that jobs want.
    pub(super) fn package<'a>(&self, task: PackageTask<'a>) -> Vec<Step<'a>> {
        let PackageTask { package, file, group, jobs } = task;
        let results = Mutex::new(Vec::new());
        let mut left = Vec::new();
        let read = rayon::in_place_scope(|scope| {
            let hand_over = |job: Job<'a>, bytes: Bytes, path, reason| {
                let (results, group) = (&results, &group);
                self.spawn(scope, bytes.len() as u64, move || {
                    // Not inside of the lock: the work takes its time, and uses the pool.
                    let step = self.read_packed(job, bytes, path, package, group, reason);
                    lock(results).push(step);
                });
            };
            let duty = package.and_then(|_| group.claim());
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
            let brings = package.filter(|_| duty.is_some());
            let mut delivery = Delivery {
                wanted: Wanted::new(jobs, package.map(|_| &open.meta.files[..])),
                dwz: brings.map_or(&[][..], |id| self.index.dwz_files(id)).iter().collect(),
                duty,
                group: &group,
                package,
                max_bytes: self.limits.file_bytes,
                waiting: Vec::new(),
            };
            let read = open.payload(self.limits, |payload| delivery.take_all(payload, &hand_over));
            let Delivery { wanted, duty, waiting, .. } = delivery;
            drop(duty);
            waiting.into_iter().for_each(|(job, bytes, path, reason)| hand_over(job, bytes, path, reason));
            left.extend(wanted.into_left());
            read.result.map(|_| ())
        });
        let steps = results.into_inner().unwrap_or_else(|e| e.into_inner());
        self.settle(steps, left, read, &file, package)
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

    fn read_packed<'a>(
        &self,
        job: Job<'a>,
        bytes: Bytes,
        place: BString,
        package: Option<usize>,
        group: &Group,
        reason: Reason,
    ) -> Step<'a> {
        match package {
            None => match self.unpacked(bytes) {
                Ok(bytes) => {
                    self.read(job, Found { bytes, place, on_disk: None, source: DebugSource::InFile }, group)
                }
                Err((kind, detail)) => {
                    let mut job = job;
                    job.miss(kind, detail);
                    Err(job)
                }
            },
            Some(id) => {
                let package = Some(self.index.packages[id].nevra.clone());
                let source = DebugSource::Separate { path: place.clone(), package };
                self.checked(job, Found { bytes, place, on_disk: None, source }, group, reason)
            }
        }
    }

    /// An artifact as its package holds it: a compressed module, or a boot image, is unpacked.
    fn unpacked(&self, bytes: Bytes) -> Result<Bytes, (GapKind, String)> {
        match ContentKind::detect(&bytes) {
            ContentKind::Compressed(_) | ContentKind::KernelImage => match unpack(&bytes, self.limits)? {
                Some(elf) => Ok(Bytes::Shared(elf.into())),
                None => Err((GapKind::Unreadable, "is no ELF file any more".to_owned())),
            },
            _ => Ok(bytes),
        }
    }

    /// What the package did not deliver goes on to its next place, and says why; what a damaged one delivered is
    /// not used.
    fn settle<'a>(
        &self,
        steps: Vec<Step<'a>>,
        left: Vec<(Job<'a>, Reason)>,
        read: Result<(), PackageError>,
        file: &PackageFile,
        package: Option<usize>,
    ) -> Vec<Step<'a>> {
        let Err(error) = read else {
            let detail =
                format!("the package {} has not the file that it lists, or a too large one", file.label);
            let missing = left.into_iter().map(|(mut job, _)| {
                job.miss(GapKind::Unreadable, detail.clone());
                Err(job)
            });
            return steps.into_iter().chain(missing).collect();
        };
        let mut gap = error.gap(file);
        gap.detail = format!("the package {}: {error}", file.label);
        if let Some(id) = package {
            lock(&self.damaged).insert(id, gap.clone());
        }
        let is_here = |attempt: &Attempt| matches!(attempt, Attempt::Package(id, ..) if Some(*id) == package);
        let failed = left.into_iter().map(|(mut job, _)| {
            job.miss(gap.kind, gap.detail.clone());
            job.attempts.retain(|attempt| !is_here(attempt));
            Err(job)
        });
        let distrusted = steps.into_iter().map(|step| step.map(|done| self.distrust(done, &gap)));
        distrusted.chain(failed).collect()
    }
}
