//! `abide source …`: where our sources differ from the reference's. One file per command.

mod annotate;
mod apply;
mod import;
mod ledger;
mod lint;
mod retire;
mod status;

use std::time::{SystemTime, UNIX_EPOCH};

use abide_source::files::Change;
use abide_source::modify::date::Date;

use crate::error::CliError;
use crate::source_args::{Source, SourceCommand};

/// Runs the command asked for.
pub(crate) fn run(args: &Source) -> Result<u8, CliError> {
    match &args.command {
        SourceCommand::Import(args) => import::run(args),
        SourceCommand::Apply(args) => apply::run(args),
        SourceCommand::Lint(args) => lint::run(args),
        SourceCommand::Annotate(args) => annotate::run(args),
        SourceCommand::Retire(args) => retire::run(args),
        SourceCommand::Ledger(args) => ledger::run(args),
        SourceCommand::Status(args) => status::run(args),
    }
}

/// The day it is, in UTC.
fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    Date::from_unix_seconds(seconds)
}

/// How many files change how.
fn summary(changes: &[Change]) -> String {
    let count = |which: fn(&Change) -> bool| changes.iter().filter(|change| which(change)).count();
    let parts = [
        (count(|c| c.before.is_some() && c.after.is_some()), "changed"),
        (count(|c| c.before.is_none()), "added"),
        (count(|c| c.after.is_none()), "removed"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", counted(*n, "file")))
        .collect();
    if parts.is_empty() { "no file differs".into() } else { parts.join(", ") }
}

/// A number with its word, in the plural where it must be.
fn counted(count: usize, word: &str) -> String {
    match (count, word) {
        (1, word) => format!("1 {word}"),
        (count, "patch") => format!("{count} patches"),
        (count, word) => format!("{count} {word}s"),
    }
}
