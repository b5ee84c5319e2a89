//! `cargo xtask mutants`: truth by execution; the work is done by the development crate of that name, so that no
//! other task has to wait until it is built.

use crate::workspace::{self, Outcome};

/// Builds and runs the campaign; the arguments are its own.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let fixed = ["run", "--quiet", "--release", "--bin", "mutants", "--"];
    workspace::succeed(workspace::cargo().args(fixed).args(arguments))
}
