//! What helps besides the route: suspects, builds, how the reporter's packages differ.

use std::path::PathBuf;

use abide_bug::matrix::Role;
use abide_bug::packages::{Difference, PackageSet};
use abide_bug::route::{Route, Routed};
use abide_source::history::is_same;
use abide_source::ledger::{Snapshot, ledger};
use abide_source::package::Listed;

use super::load::Loaded;
use crate::packages;

/// Differences that are listed.
const LISTED: usize = 12;

/// Builds of one source package that are shown.
const SHOWN: usize = 2;

/// Folders with package sources.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) candidate: &'a [PathBuf],
    pub(crate) stream: &'a [PathBuf],
}

/// Notes for a matrix.
pub(crate) fn notes(
    loaded: &Loaded,
    routed: &Routed,
    sets: &[(Role, Option<PackageSet>)],
    sources: Sources<'_>,
) -> Vec<String> {
    let of = |role: Role| sets.iter().find(|(own, _)| *own == role).and_then(|(_, set)| set.as_ref());
    let mut notes = Vec::new();
    match routed.route {
        Route::NotReproduced => notes.extend(reporter(loaded, of(Role::Candidate))),
        Route::FixedInStream => {
            notes.extend(builds(loaded, of(Role::Candidate), of(Role::Stream), "Stream"));
            notes.extend(patches(loaded, sources));
        }
        Route::Ours => {
            notes.extend(builds(loaded, of(Role::Candidate), of(Role::Reference), "the reference"));
            notes.extend(suspects(loaded, sources.candidate));
        }
        Route::Upstream => notes.extend(divergence(loaded)),
        Route::Coming | Route::Undecided => {}
    }
    if !loaded.bug.fixed_by.is_empty() && routed.route != Route::NotReproduced {
        notes.push(format!("the bug says that it is fixed by {}", loaded.bug.fixed_by.join(", ")));
    }
    notes
}

/// The package there and here.
fn builds(
    loaded: &Loaded,
    here: Option<&PackageSet>,
    there: Option<&PackageSet>,
    whose: &str,
) -> Vec<String> {
    let package = &loaded.bug.package;
    let shown = |set: Option<&PackageSet>| {
        let found = set.map(|set| set.of(package)).unwrap_or_default();
        let versions: Vec<String> =
            found.iter().take(SHOWN).map(|p| format!("{} {}", p.name, p.version)).collect();
        if versions.is_empty() { format!("no {package}") } else { versions.join(", ") }
    };
    let (Some(here), Some(there)) = (here, there) else {
        return vec![format!("it is not known which build of {package} is where")];
    };
    let mut notes =
        vec![format!("{whose} has {}; the candidate has {}", shown(Some(there)), shown(Some(here)))];
    let differences = here.differences(there);
    if shown(Some(here)) == shown(Some(there)) && !differences.is_empty() {
        notes.push(format!("{package} is the same on both; what differs: {}", listed(&differences)));
    }
    notes
}

fn listed(differences: &[Difference]) -> String {
    let word = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
    let shown = differences.iter().take(LISTED);
    let mut shown: Vec<String> =
        shown.map(|d| format!("{} {} (there {})", d.name, word(&d.here), word(&d.there))).collect();
    if differences.len() > LISTED {
        shown.push(format!("and {} more", differences.len() - LISTED));
    }
    shown.join(", ")
}

/// How the reporter's packages differ from the candidate's: only what both have, and what the bug is about.
fn reporter(loaded: &Loaded, candidate: Option<&PackageSet>) -> Vec<String> {
    let Some((reported, odd)) = loaded.reported() else {
        let hint = "the bug has no list of the reporter's packages (reported-packages); with one, abide says what differs";
        return vec![hint.to_owned()];
    };
    let Some(candidate) = candidate else {
        return vec!["it is not known which packages the candidate has".to_owned()];
    };
    let mut differences = candidate.differences(&reported);
    let about = |d: &Difference| d.name == loaded.bug.package || loaded.bug.needs.contains(&d.name);
    differences.retain(|d| d.here.is_some() && d.there.is_some() || about(d));
    differences.sort_by_key(|d| !about(d));
    let mut notes = match differences.is_empty() {
        true => {
            vec!["the packages that the reporter and the candidate both have are the same builds".to_owned()]
        }
        false => vec![format!("the reporter has other builds (here, there): {}", listed(&differences))],
    };
    if odd > 0 {
        notes.push(format!("{odd} lines of the reporter's list are no packages"));
    }
    notes
}

/// The patches that Stream's package has and the candidate's has not: one of them may be the fix.
fn patches(loaded: &Loaded, sources: Sources<'_>) -> Vec<String> {
    if sources.candidate.is_empty() || sources.stream.is_empty() {
        let hint = "with --source and --stream-source, abide lists the patches that only Stream has";
        return vec![hint.to_owned()];
    }
    let (ours, theirs) = (packages::read(sources.candidate, None), packages::read(sources.stream, None));
    let own = |found: &&packages::Found| found.package.name == loaded.bug.package;
    let known: Vec<&Listed> =
        ours.found.iter().filter(own).flat_map(|found| &found.package.patches).collect();
    let mut notes = Vec::new();
    for found in theirs.found.iter().filter(own) {
        let is_new = |file: &str| {
            let patch = found.package.patches.iter().find(|patch| patch.file == file);
            patch.is_some_and(|patch| !known.iter().any(|known| is_same(known, patch)))
        };
        let snapshot = Snapshot { branch: found.path.clone(), package: &found.package, commit: None };
        let entries = ledger(&[snapshot]).into_iter().filter(|entry| is_new(&entry.file));
        notes.extend(entries.map(|entry| format!("only Stream has {}: {}", entry.file, entry.why)));
    }
    if notes.is_empty() {
        let package = &loaded.bug.package;
        notes.push(format!("Stream's sources have no patch of {package} that the candidate's do not have"));
    }
    notes.extend(gaps(&ours).chain(gaps(&theirs)));
    notes
}

fn gaps(read: &packages::Packages) -> impl Iterator<Item = String> {
    read.gaps.iter().map(|(path, why)| format!("{path} could not be read: {why}"))
}

/// Our divergences of the package.
fn suspects(loaded: &Loaded, sources: &[PathBuf]) -> Vec<String> {
    if sources.is_empty() {
        return vec![
            "with --source DIRECTORY, abide lists the candidate's divergences of the package".to_owned(),
        ];
    }
    let read = packages::read(sources, None);
    let own = |name: &str| name == loaded.bug.package;
    let snapshots: Vec<Snapshot<'_>> = read
        .found
        .iter()
        .filter(|found| own(&found.package.name))
        .map(|found| Snapshot { branch: found.path.clone(), package: &found.package, commit: None })
        .collect();
    let mut notes: Vec<String> = ledger(&snapshots)
        .into_iter()
        .filter(|entry| entry.end.is_none())
        .map(|entry| format!("suspect: {} ({}): {}", entry.file, entry.kind, entry.why))
        .collect();
    if notes.is_empty() {
        notes.push(format!("no divergence of {} is in {}", loaded.bug.package, shown(sources)));
    }
    notes.extend(gaps(&read));
    notes
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// How a divergence names the bug as its reason.
fn divergence(loaded: &Loaded) -> Vec<String> {
    let link = loaded.bug.links.first().map_or("the report", String::as_str);
    vec![format!(
        "a divergence that carries the fix names {link} as its bug, so that the ledger says when it can end"
    )]
}
