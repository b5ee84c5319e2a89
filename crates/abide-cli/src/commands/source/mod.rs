//! `abide source …`: where our sources differ from the reference's. One file per command.

mod annotate;
mod apply;
mod ledger;
mod lint;
mod retire;
mod status;

use std::time::{SystemTime, UNIX_EPOCH};

use abide_source::modify::date::Date;

use crate::error::CliError;
use crate::source_args::{Source, SourceCommand};

/// Runs the command asked for.
pub(crate) fn run(args: &Source) -> Result<u8, CliError> {
    match &args.command {
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
