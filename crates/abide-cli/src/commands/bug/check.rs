//! `abide bug check BUG…`: whether bug files can be used.

use crate::bug::load;
use crate::bug_args::Check;
use crate::error::{CliError, NO_VERDICT};
use crate::output::Destination;

/// Checks all of them; errors go to standard error, one after the other.
pub(crate) fn run(args: &Check) -> Result<u8, CliError> {
    let mut text = String::new();
    let mut status = 0;
    for path in &args.bugs {
        match load::load(path) {
            Ok(loaded) => {
                text.push_str(&format!("{}: {}: {}\n", path.display(), loaded.bug.package, loaded.bug.title));
            }
            Err(error) => {
                error.report();
                status = NO_VERDICT;
            }
        }
    }
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(status)
}
