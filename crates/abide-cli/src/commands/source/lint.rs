//! `abide source lint DIRECTORY…`: every patch has an origin that can be followed, or is a finding.

use abide_report::source::lint::{self as report, Linted};
use abide_source::lint::{self, of_verification};
use abide_source::modify::config;
use abide_source::package::Package;

use super::today;
use crate::error::CliError;
use crate::output::Destination;
use crate::packages;
use crate::source_args::{Lint, LintFormat};
use crate::verifying::Clones;

/// Exit status when there are findings.
const FINDINGS: u8 = 1;
/// Exit status when a folder could not be read.
const UNREAD: u8 = 2;

/// Lints and reports.
pub(crate) fn run(args: &Lint) -> Result<u8, CliError> {
    let clones = Clones::open(&args.verify)?;
    let mut packages = packages::read(&args.directories, args.el_version.as_deref());
    for path in &args.modifications {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| CliError::input(&format!("failed to read {shown}"), &e))?;
        let modifications = config::read(&text).map_err(|e| CliError::input(&shown, &e))?;
        packages.found.iter_mut().for_each(|found| found.package.learn(&modifications));
    }
    let linted: Vec<Linted<'_>> = packages
        .found
        .iter()
        .map(|found| linted(args, &clones, &found.path, &found.package))
        .collect::<Result<_, _>>()?;
    let any = linted.iter().any(|linted| !linted.findings.is_empty());
    let unread = !packages.gaps.is_empty();
    let document = report::document(&linted, packages.gaps);
    let text = match args.format {
        LintFormat::Json => report::json(&document).map_err(|e| CliError::stdout(e.into()))?,
        LintFormat::Text => report::text(&document, args.summary),
    };
    Destination::new(args.output.as_deref()).deliver(text.as_bytes())?;
    Ok(if unread {
        UNREAD
    } else if any {
        FINDINGS
    } else {
        0
    })
}

fn linted<'p>(
    args: &Lint,
    clones: &Clones,
    folder: &str,
    package: &'p Package,
) -> Result<Linted<'p>, CliError> {
    let mut findings = lint::lint(package, Some(args.date.unwrap_or_else(today)));
    let verifications = if args.verify.is_empty() { Vec::new() } else { clones.verify(package)? };
    let pairs = package.patches.iter().zip(&verifications);
    findings.extend(pairs.filter_map(|(listed, verification)| of_verification(listed, verification)));
    findings.sort();
    Ok(Linted { folder: folder.to_owned(), package, findings, verifications })
}
