//! `abide bug status BUG`: the newest matrix of a bug.

use super::{no_matrix, show, store};
use crate::bug::{load, matrix};
use crate::bug_args::Status;
use crate::error::CliError;

/// Shows it.
pub(crate) fn run(args: &Status) -> Result<u8, CliError> {
    let loaded = load::load(&args.bug)?;
    let store = store(&args.records);
    let document = store.as_ref().and_then(|store| matrix::newest(store, &loaded.digest));
    let document = document.ok_or_else(|| no_matrix(&loaded))?;
    show(&args.form, &document, |width| abide_report::bug::matrix(&document, width, args.form.verbose))?;
    Ok(0)
}
