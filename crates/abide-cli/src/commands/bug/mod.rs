//! `abide bug …`: bugs go where they belong. One file per command.

mod bisect;
mod check;
mod list;
mod new;
mod recheck;
mod replicate;
mod report;
mod status;

use std::path::{Path, PathBuf};

use abide_read::store::Store;

use crate::bug::load::{self, Loaded};
use crate::bug_args::{Bug, BugCommand, BugFormat, Form, Records};
use crate::cache;
use crate::error::CliError;
use crate::output::Destination;

/// Runs the command asked for.
pub(crate) fn run(args: &Bug) -> Result<u8, CliError> {
    match &args.command {
        BugCommand::New(args) => new::run(args),
        BugCommand::Check(args) => check::run(args),
        BugCommand::Replicate(args) => replicate::run(args),
        BugCommand::Bisect(args) => bisect::run(args),
        BugCommand::Report(args) => report::run(args),
        BugCommand::List(args) => list::run(args),
        BugCommand::Status(args) => status::run(args),
        BugCommand::Recheck(args) => recheck::run(args),
    }
}

/// Where records are kept.
fn store(records: &Records) -> Option<Store> {
    cache::default_folder(&records.folder).map(|folder| Store::new(&folder))
}

/// Says what kept records from being used.
fn tell_problem(store: Option<&Store>) {
    match store {
        None => anstream::eprintln!("warning: there is no folder for records, and none is kept"),
        Some(store) => {
            if let Some(problem) = store.problem() {
                anstream::eprintln!("warning: records were not kept as they should: {problem}");
            }
        }
    }
}

/// Shows a document in the format asked for.
fn show(
    form: &Form,
    document: &impl serde::Serialize,
    text: impl FnOnce(usize) -> String,
) -> Result<(), CliError> {
    let out = Destination::new(form.output.as_deref());
    let shown = match form.format {
        BugFormat::Text => text(out.width()),
        BugFormat::Json => abide_report::bug::json(document).map_err(|e| CliError::stdout(e.into()))?,
    };
    out.deliver(shown.as_bytes())
}

/// A bug that has no matrix.
fn no_matrix(loaded: &Loaded) -> CliError {
    let path = loaded.path.display();
    CliError::usage(format!("{path} was not replicated yet, or what it runs has changed since"))
        .hint(format!("run `abide bug replicate {path}` with its environments first"))
}

/// Every bug in and below some paths, by path.
pub(crate) fn bugs(paths: &[PathBuf]) -> Result<Vec<Loaded>, CliError> {
    let mut found = Vec::new();
    for path in paths {
        find(path, 0, &mut found);
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        let error = CliError::usage("there is no bug file in what was named");
        return Err(error.hint("bug files end in .toml or .md, or are a folder with bug.toml or bug.md"));
    }
    found.iter().map(|path| load::load(path)).collect()
}

/// How deep bugs may lie below a folder.
const MOST_DEPTH: usize = 4;

fn find(path: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        found.push(path.to_owned());
        return;
    }
    if path.join("bug.toml").is_file() || path.join("bug.md").is_file() {
        found.push(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth < MOST_DEPTH {
            find(&path, depth + 1, found);
        } else if !is_folder && is_bug_file(&path) {
            found.push(path);
        }
    }
}

/// Any TOML file in a folder of bugs; of Markdown, what begins with a TOML head.
fn is_bug_file(path: &Path) -> bool {
    match path.extension().and_then(|end| end.to_str()) {
        Some("toml") => true,
        Some("md") => std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"+++")),
        _ => false,
    }
}
