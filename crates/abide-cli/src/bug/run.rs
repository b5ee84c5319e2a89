//! Runs of a bug in one environment: taken from the store where they were kept, otherwise made and kept.

use std::path::Path;

use abide_bug::matrix::Finding;
use abide_bug::seen::{Observation, Sight};
use abide_read::store::{Key, Store};
use abide_report::bug::{EnvironmentEntry, RunEntry};

use super::environment::Ready;
use super::load::Loaded;

/// What the form of kept runs is called; raised when it changes.
const FORM: &[u8] = b"abide.bug-run/1";

/// A bug whose files lie where runs see them.
pub(crate) struct Unpacked<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) folder: &'a Path,
    pub(crate) script: &'a str,
}

/// Where runs are kept, and whether kept ones count.
#[derive(Clone, Copy)]
pub(crate) struct Keeping<'a> {
    pub(crate) store: Option<&'a Store>,
    pub(crate) fresh: bool,
}

/// Runs in one environment.
pub(crate) struct Done {
    pub(crate) entry: EnvironmentEntry,
    pub(crate) finding: Finding,
    /// Runs that were taken from the store.
    pub(crate) kept: usize,
}

/// Runs a bug so many times.
pub(crate) fn runs(bug: &Unpacked<'_>, ready: &Ready, runs: usize, keeping: Keeping<'_>) -> Done {
    let mut entries = Vec::new();
    let mut sights = Vec::new();
    let mut kept = 0;
    let missing = missing(bug.loaded, ready);
    if let Some(why) = ready.failure.clone().or(missing) {
        let finding = Finding::NotRun(why);
        return Done { entry: entry(bug.loaded, ready, &finding, entries), finding, kept };
    }
    for number in 1..=runs {
        let key = key(bug.loaded, ready, number);
        let known = match (keeping.store, keeping.fresh, &key) {
            (Some(store), false, Some(key)) => {
                store.record(*key).and_then(|bytes| serde_json::from_slice(&bytes).ok())
            }
            _ => None,
        };
        kept += usize::from(known.is_some());
        let run = known.unwrap_or_else(|| {
            let run = one(bug, ready, number);
            // What was not run may be tried again.
            if let (Some(store), Some(key), true) = (keeping.store, key, run.sight != "not-run")
                && let Ok(bytes) = serde_json::to_vec(&run)
            {
                store.keep_record(key, bytes);
            }
            run
        });
        sights.push(sight_of(&run));
        entries.push(run);
    }
    let finding = Finding::of(&sights);
    Done { entry: entry(bug.loaded, ready, &finding, entries), finding, kept }
}

/// What a run is kept by. Where it is not known what is installed, no earlier run counts.
fn key(loaded: &Loaded, ready: &Ready, number: usize) -> Option<Key> {
    let place = &ready.environment.place;
    let packages = ready.packages.as_ref()?.digest();
    Some(Key::of(&[
        FORM,
        loaded.digest.as_bytes(),
        ready.environment.role.id().as_bytes(),
        place.kind().as_bytes(),
        identity(&place.text()).as_bytes(),
        packages.as_bytes(),
        ready.kernel.as_deref().unwrap_or_default().as_bytes(),
        &number.to_le_bytes(),
    ]))
}

/// A folder is the same by whichever path.
fn identity(place: &str) -> String {
    std::fs::canonicalize(place).map_or_else(|_| place.to_owned(), |path| path.display().to_string())
}

/// Packages that the bug is about or needs and the environment does not have: without them nothing would be seen,
/// which says nothing.
fn missing(loaded: &Loaded, ready: &Ready) -> Option<String> {
    let set = ready.packages.as_ref()?;
    let mut wanted: Vec<&String> = std::iter::once(&loaded.bug.package).chain(&loaded.bug.needs).collect();
    wanted.dedup();
    let missing: Vec<&str> =
        wanted.iter().map(|name| name.as_str()).filter(|name| set.of(name).is_empty()).collect();
    (!missing.is_empty()).then(|| format!("it does not have {}, which the bug needs", missing.join(", ")))
}

fn one(bug: &Unpacked<'_>, ready: &Ready, number: usize) -> RunEntry {
    let at = super::now();
    let loaded = bug.loaded;
    let outcome = ready.run(bug.folder, bug.script, &loaded.bug.limits, loaded.bug.network, &loaded.script());
    let ran = outcome.ran;
    let observed = Observation {
        status: ran.status,
        output: String::from_utf8_lossy(&ran.output).into_owned(),
        limit: ran.limit,
        failure: outcome.failure,
    };
    let sight = loaded.bug.criteria.judge(&observed);
    let (name, mut why) = words(&sight);
    if ran.survivors > 0 {
        why = Some(format!("{} processes could not be ended", ran.survivors));
    }
    RunEntry {
        number,
        command: ready.command_line(bug.script),
        at,
        duration_ms: u64::try_from(ran.duration.as_millis()).unwrap_or(u64::MAX),
        sight: name.to_owned(),
        why,
        status: ran.status,
        limit: ran.limit.map(|limit| limit.id().to_owned()),
        output: observed.output,
        output_bytes: ran.output_bytes,
        most_processes: ran.most_tasks,
        most_memory_bytes: ran.most_memory_bytes,
        left_running: outcome.left_running,
        isolation: ready.isolation().to_owned(),
    }
}

fn words(sight: &Sight) -> (&'static str, Option<String>) {
    match sight {
        Sight::Seen => ("seen", None),
        Sight::NotSeen => ("not-seen", None),
        Sight::TimedOut => ("timed-out", None),
        Sight::Unclear(why) => ("unclear", Some(why.clone())),
        Sight::NotRun(why) => ("not-run", Some(why.clone())),
    }
}

/// What a recorded run says; one whose word is not known says nothing.
fn sight_of(run: &RunEntry) -> Sight {
    let why = || run.why.clone().unwrap_or_default();
    match run.sight.as_str() {
        "seen" => Sight::Seen,
        "not-seen" => Sight::NotSeen,
        "timed-out" => Sight::TimedOut,
        "not-run" => Sight::NotRun(why()),
        _ => Sight::Unclear(why()),
    }
}

fn entry(loaded: &Loaded, ready: &Ready, finding: &Finding, runs: Vec<RunEntry>) -> EnvironmentEntry {
    let set = ready.packages.as_ref();
    let own = set.map(|set| set.of(&loaded.bug.package)).unwrap_or_default();
    EnvironmentEntry {
        role: ready.environment.role.id().to_owned(),
        name: ready.environment.name.clone(),
        kind: ready.environment.place.kind().to_owned(),
        place: ready.environment.place.text(),
        kernel: ready.kernel.clone(),
        packages: set.map(|set| set.iter().map(ToString::to_string).collect()),
        packages_digest: set.map(|set| set.digest()),
        package: own.iter().map(|package| format!("{} {}", package.name, package.version)).collect(),
        finding: finding.id().to_owned(),
        words: finding.words(),
        runs,
    }
}
