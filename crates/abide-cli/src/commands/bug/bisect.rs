//! `abide bug bisect BUG`: the first bad update, and what changed with it.

use std::path::PathBuf;

use abide_bug::halving::Outcome;
use abide_distro::{CheckOptions, Types};
use abide_read::side::Named;
use abide_report::bug::{BISECT_SCHEMA, BisectDocument, bisection};
use abide_report::text::TextOptions;

use crate::bug::bisect::{Wanted, search};
use crate::bug::updates::{self, PackageFile, Updates};
use crate::bug::{load, made_by};
use crate::bug_args::{Bisect, BugFormat};
use crate::error::CliError;
use crate::output::Destination;
use crate::reading::{Candidate, Reader, Request};

/// Searches, checks the packages before and after, and shows both.
pub(crate) fn run(args: &Bisect) -> Result<u8, CliError> {
    let loaded = load::load(&args.bug)?;
    let updates = updates::read(&args.packages)?;
    let wanted = Wanted {
        root: &args.root,
        updates: &updates,
        runs: usize::from(args.runs),
        fixed: args.fixed,
        quiet: args.common.quiet,
    };
    let searched = search(&loaded, &wanted)?;
    let (outcome, words) = outcome(&searched.outcome, &updates, args.fixed);
    let suspects: Vec<String> =
        suspects(&searched.outcome).into_iter().map(|at| updates.updates[at].name.clone()).collect();
    let checked = match searched.outcome {
        Outcome::FirstBad(at) => check(args, &updates.before(at), &updates.updates[at].files)?,
        _ => None,
    };
    let mut document = BisectDocument {
        schema: BISECT_SCHEMA.to_owned(),
        made_by: made_by(),
        bug: loaded.entry(),
        root: args.root.display().to_string(),
        updates: updates.updates.iter().map(|update| update.name.clone()).collect(),
        steps: searched.steps,
        outcome: outcome.to_owned(),
        words,
        suspects,
        verdict: checked.as_ref().map(|check| check.verdict.to_string()),
        check: None,
    };
    let out = Destination::new(args.output.as_deref());
    let shown = match args.format {
        BugFormat::Text => {
            let text = bisection(&document, out.width());
            let options = TextOptions {
                width: out.width(),
                colour: out.wants_colour(),
                all: false,
                verbose: args.common.verbose,
                coverage: false,
            };
            match &checked {
                Some(check) => {
                    format!("{text}\n{}", abide_report::text::render(&check.document, &options))
                }
                None => text,
            }
        }
        BugFormat::Json => {
            let json = checked.map(|check| serde_json::to_value(&check.document)).transpose();
            document.check = json.map_err(|e| CliError::stdout(e.into()))?;
            abide_report::bug::json(&document).map_err(|e| CliError::stdout(e.into()))?
        }
    };
    out.deliver(shown.as_bytes())?;
    Ok(if matches!(searched.outcome, Outcome::FirstBad(_) | Outcome::Between(..)) { 0 } else { 3 })
}

fn suspects(outcome: &Outcome) -> Vec<usize> {
    match *outcome {
        Outcome::FirstBad(at) => vec![at],
        Outcome::Between(first, last) => (first..=last).collect(),
        Outcome::BadBefore | Outcome::GoodAfter | Outcome::UnclearEnd(_) => Vec::new(),
    }
}

fn outcome(outcome: &Outcome, updates: &Updates, fixed: bool) -> (&'static str, String) {
    let name = |at: usize| updates.updates[at].name.as_str();
    let first = if fixed { "the update that ends the bug" } else { "the first bad update" };
    let (is_there, is_not) = if fixed { ("not there", "there") } else { ("there", "not there") };
    match *outcome {
        Outcome::FirstBad(at) => ("first-bad", format!("{first} is {}", name(at))),
        Outcome::Between(from, to) => {
            let (count, from, to) = (to - from + 1, name(from), name(to));
            let words =
                format!("{first} is one of the {count} from {from} to {to}: the states between tell nothing");
            ("between", words)
        }
        Outcome::BadBefore => {
            let words =
                format!("the bug is {is_there} before the first of these updates: older ones are needed");
            ("bad-before", words)
        }
        Outcome::GoodAfter => {
            ("good-after", format!("the bug is {is_not} with all of these updates: it was not one of them"))
        }
        Outcome::UnclearEnd(0) => ("unclear-end", "the state before all updates tells nothing".to_owned()),
        Outcome::UnclearEnd(_) => ("unclear-end", "the state with all updates tells nothing".to_owned()),
    }
}

struct Checked {
    document: abide_report::Document,
    verdict: abide_model::Verdict,
}

/// What `abide check` says of the packages before and after an update; none where nothing was before.
fn check(args: &Bisect, old: &[&PackageFile], new: &[PackageFile]) -> Result<Option<Checked>, CliError> {
    if old.is_empty() {
        return Ok(None);
    }
    let reader = Reader::new(&args.common)?;
    let (old_folder, new_folder) = (gathered(old.iter().copied())?, gathered(new)?);
    let request = |folder: &tempfile::TempDir| Request {
        inputs: vec![Named::from(input(folder).display().to_string().as_str())],
        debuginfo: args.debuginfo.clone(),
        ..Request::default()
    };
    let new = Candidate::Inputs(request(&new_folder));
    let (old, new) = reader.open_both(&request(&old_folder), &new, true)?;
    let types = Types { old: &old, new: &new };
    let check = abide_distro::check_with(
        old.facts(),
        new.facts(),
        &types,
        &CheckOptions::default(),
        reader.progress(),
    );
    let document = abide_report::document(&check, old.facts(), new.facts());
    Ok(Some(Checked { document, verdict: check.verdict }))
}

/// One package is an input as it is; several are a folder of them.
fn input(folder: &tempfile::TempDir) -> PathBuf {
    let entries = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    if paths.len() == 1 { paths.remove(0) } else { folder.path().to_owned() }
}

/// A folder with these packages in it.
fn gathered<'a>(files: impl IntoIterator<Item = &'a PackageFile>) -> Result<tempfile::TempDir, CliError> {
    let make = || {
        let folder = tempfile::tempdir()?;
        for file in files {
            let name = file.path.file_name().unwrap_or(file.path.as_os_str());
            std::os::unix::fs::symlink(&file.path, folder.path().join(name))?;
        }
        Ok(folder)
    };
    make().map_err(|e: std::io::Error| CliError::input("failed to gather the packages of the update", &e))
}
