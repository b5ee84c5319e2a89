//! The `abide` program: arguments, inputs, outputs, progress, exit codes. One file per command.

mod app_args;
mod archive;
mod args;
mod bug;
mod bug_args;
mod cache;
mod commands;
mod error;
mod folder;
mod git_tags;
mod history;
mod isolation;
mod kabi;
mod output;
mod packages;
mod policy;
mod progress;
mod reading;
mod reports;
mod rpm_macros;
mod sandbox;
mod scripts;
mod sides;
mod site;
mod source_args;
mod suppressions;
mod systems;
mod taken;
mod verifying;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    // clap ends the program itself: 2 for wrong usage, 0 for --help and --version.
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Check(args) => commands::check::run(args),
        Command::Who(args) => commands::who::run(args),
        Command::App(args) => commands::app::run(args),
        Command::Profile(args) => commands::profile::run(args),
        Command::Snapshot(args) => commands::snapshot::run(args),
        Command::Cache(args) => commands::cache::run(args),
        Command::Source(args) => commands::source::run(args),
        Command::Bug(args) => commands::bug::run(args),
        Command::Explain(args) => commands::explain::run(args),
        Command::Rules(args) => commands::rules::run(args),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    };
    ExitCode::from(result.unwrap_or_else(|error| error.report()))
}
