//! `abide completions SHELL`: a completion script, made from the command line's definition.

use clap::CommandFactory as _;

use crate::args::{Cli, Completions};
use crate::error::CliError;
use crate::output::Destination;

/// Prints the script.
pub(crate) fn run(args: &Completions) -> Result<u8, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "abide", &mut script);
    Destination::new(None).deliver(&script)?;
    Ok(0)
}
