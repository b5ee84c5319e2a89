//! `abide source status DIRECTORY…`: one screen for a maintainer.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use abide_source::lint::{Rule, lint};
use abide_source::package::Package;
use abide_source::provenance::{GRADES, Grade};
use abide_source::retire::{Against, State, retire};

use super::today;
use crate::error::CliError;
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
        if args.reference.is_some() {
            of_reference(&mut text, package, &reference)?;
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

fn of_reference(text: &mut String, package: &Package, reference: &[Found]) -> Result<(), CliError> {
    let same: Vec<&Found> = reference.iter().filter(|found| found.package.name == package.name).collect();
    let [other] = same.as_slice() else {
        let _ = writeln!(text, "  reference   {} packages of this name", same.len());
        return Ok(());
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
    let ours: Vec<_> = found.iter().filter(|r| r.state != State::Contained).collect();
    let _ = writeln!(
        text,
        "  divergence  {} of {} patches are not in the reference{}",
        ours.len(),
        found.len(),
        named(&ours.iter().map(|r| r.file.as_str()).collect::<Vec<_>>())
    );
    let fixed: Vec<&str> =
        found.iter().filter(|r| r.state == State::FixedOtherwise).map(|r| r.file.as_str()).collect();
    if !fixed.is_empty() {
        let _ = writeln!(text, "  stale       the reference fixes the same CVE otherwise{}", named(&fixed));
    }
    Ok(())
}

fn named(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        names if names.len() <= 5 => format!(": {}", names.join(", ")),
        names => format!(": {}, and {} more", names[..5].join(", "), names.len() - 5),
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
