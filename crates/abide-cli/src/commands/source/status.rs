//! `abide source status DIRECTORY…`: one screen for a maintainer.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use abide_source::ledger::Entry;
use abide_source::lint::{Rule, expiry, lint};
use abide_source::modify::date::Date;
use abide_source::package::Package;
use abide_source::provenance::{GRADES, Grade};
use abide_source::retire::{Against, State, retire};

use super::{counted, today};
use crate::error::CliError;
use crate::history;
use crate::output::Destination;
use crate::packages::{self, Found};
use crate::source_args::Status;

/// Shows how packages stand, and how they stand to a reference.
pub(crate) fn run(args: &Status) -> Result<u8, CliError> {
    let el_version = args.el_version.as_deref();
    let packages = packages::read(&args.directories, el_version);
    let reference = match &args.reference {
        Some(path) => packages::read(std::slice::from_ref(path), el_version).found,
        None => Vec::new(),
    };
    let today = args.date.unwrap_or_else(today);
    let mut text = String::new();
    for found in &packages.found {
        let package = &found.package;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {} ({})", package.name, package.version(), found.path);
        let _ = writeln!(text, "  patches     {}", patches(package));
        let mut rules: BTreeMap<Rule, usize> = BTreeMap::new();
        for finding in lint(package, Some(today)) {
            *rules.entry(finding.rule).or_default() += 1;
        }
        if !rules.is_empty() {
            let rules: Vec<String> = rules.iter().map(|(rule, n)| format!("{n} {}", rule.id())).collect();
            let _ = writeln!(text, "  findings    {}", rules.join(", "));
        }
        let expired = expired(package, today);
        if !expired.is_empty() {
            let _ = writeln!(text, "  expired     {}", named(&expired));
        }
        let ours = if args.reference.is_some() {
            of_reference(&mut text, package, &reference)?
        } else {
            package.patches.iter().map(|patch| patch.file.clone()).collect()
        };
        if args.history {
            lasting(&mut text, found, &ours, el_version)?;
        }
    }
    for (folder, reason) in &packages.gaps {
        let _ = writeln!(text, "{folder}: not read: {reason}");
    }
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(if packages.gaps.is_empty() { 0 } else { 2 })
}

fn patches(package: &Package) -> String {
    let count = |grade: Grade| package.patches.iter().filter(|patch| patch.grade() == grade).count();
    let grades = GRADES.iter().map(|grade| (count(*grade), grade.id())).filter(|(n, _)| *n > 0);
    let grades: Vec<String> = grades.map(|(n, id)| format!("{n} {id}")).collect();
    let blank = if grades.is_empty() { "" } else { ": " };
    format!("{}{blank}{}", package.patches.len(), grades.join(", "))
}

/// Patches whose day has passed, with that day.
fn expired(package: &Package, today: Date) -> Vec<String> {
    let past =
        package.patches.iter().filter_map(|patch| Some((patch, expiry(patch).filter(|day| *day < today)?)));
    past.map(|(patch, day)| format!("{} ({day})", patch.file)).collect()
}

/// Says how a package stands to the reference's, and gives the patches that are ours alone.
fn of_reference(text: &mut String, package: &Package, reference: &[Found]) -> Result<Vec<String>, CliError> {
    let same: Vec<&Found> = reference.iter().filter(|found| found.package.name == package.name).collect();
    let [other] = same.as_slice() else {
        let _ = match same.len() {
            0 => writeln!(text, "  reference   has no package of this name"),
            n => writeln!(text, "  reference   has {n} packages of this name; one is expected"),
        };
        return Ok(package.patches.iter().map(|patch| patch.file.clone()).collect());
    };
    let stands = match (&package.evr, &other.package.evr) {
        (Ok(ours), Ok(theirs)) => match compare(ours, theirs) {
            Ordering::Less => "behind",
            Ordering::Equal => "the same as",
            Ordering::Greater => "ahead of",
        },
        _ => "not comparable with",
    };
    let _ = writeln!(text, "  reference   {stands} {} ({})", other.package.version(), other.path);
    let against = Against { reference: &other.package, base: None, names: None, sources: None };
    let found = retire(package, &against).map_err(|e| CliError::input("failed to compare", &e))?;
    let ours: Vec<String> =
        found.iter().filter(|r| r.state != State::Contained).map(|r| r.file.clone()).collect();
    let colon = if ours.is_empty() { "" } else { ": " };
    let _ = writeln!(
        text,
        "  divergence  {} of {} not in the reference{colon}{}",
        ours.len(),
        counted(found.len(), "patch"),
        named(&ours)
    );
    let fixed: Vec<String> =
        found.iter().filter(|r| r.state == State::FixedOtherwise).map(|r| r.file.clone()).collect();
    if !fixed.is_empty() {
        let _ = writeln!(text, "  stale       the reference fixes the same CVE otherwise: {}", named(&fixed));
    }
    Ok(ours)
}

/// Says since when patches are there, those longest there first.
fn lasting(
    text: &mut String,
    found: &Found,
    ours: &[String],
    el_version: Option<&str>,
) -> Result<(), CliError> {
    let since = history::since(Path::new(&found.path), el_version)?;
    let mut lasting: Vec<&Entry> = ours.iter().filter_map(|file| since.get(file)).collect();
    lasting.sort_by_key(|entry| (entry.since.date, entry.file.clone()));
    let shown = |entry: &&Entry| {
        let day = entry.since.date.map_or(String::new(), |day| format!(", {day}"));
        let before = if entry.since_or_before { " or before" } else { "" };
        format!("{} ({}{day}{before})", entry.file, entry.since.version)
    };
    let lasting: Vec<String> = lasting.iter().map(shown).collect();
    let shown = if lasting.is_empty() { "no git history here".to_owned() } else { named(&lasting) };
    let _ = writeln!(text, "  since       {shown}");
    Ok(())
}

fn named(names: &[String]) -> String {
    match names {
        names if names.len() <= 5 => names.join(", "),
        names => format!("{}, and {} more", names[..5].join(", "), names.len() - 5),
    }
}

fn compare(a: &abide_source::spec::evr::Evr, b: &abide_source::spec::evr::Evr) -> Ordering {
    let dist = abide_source::spec::evr::DIST;
    let release = |evr: &abide_source::spec::evr::Evr| evr.release.replace(dist, "");
    let epoch = |evr: &abide_source::spec::evr::Evr| evr.epoch.clone().unwrap_or_else(|| "0".into());
    rpm_version::Evr::new(epoch(a), a.version.clone(), release(a)).cmp(&rpm_version::Evr::new(
        epoch(b),
        b.version.clone(),
        release(b),
    ))
}
