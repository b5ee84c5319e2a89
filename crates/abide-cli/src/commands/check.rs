//! `abide check REFERENCE CANDIDATE`: the main job, end to end.

use std::path::PathBuf;
use std::time::Instant;

use abide_distro::{CheckOptions, Types};
use abide_read::side::Opened;

use crate::args::Check;
use crate::error::CliError;
use crate::reading::{Reader, Request};
use crate::{reports, suppressions};

/// Compares, reports, and gives the verdict's exit status.
pub(crate) fn run(args: &Check) -> Result<u8, CliError> {
    let options =
        CheckOptions { suppressions: suppressions::read(&args.suppressions)?, ..CheckOptions::default() };
    reports::refuse(args)?;
    let reader = Reader::new(&args.common)?;
    let (old, new) = open(&reader, args)?;
    let start = Instant::now();
    let types = Types { old: &old, new: &new };
    let check = abide_distro::check_with(old.facts(), new.facts(), &types, &options, reader.progress());
    suppressions::report(&options.suppressions, &check.suppressions_unused);
    let verdict = check.verdict;
    let document = abide_report::document(&check, old.facts(), new.facts());
    reader.time("read types and compare", start);
    reader.report_cache();

    reports::deliver(&document, args)?;
    Ok(verdict.exit_code())
}

/// Opens both sides.
fn open(reader: &Reader, args: &Check) -> Result<(Opened, Opened), CliError> {
    let debuginfo = |own: &[PathBuf]| [&args.debuginfo.debuginfo, own].concat();
    let old = Request {
        label: &args.reference,
        debuginfo: debuginfo(&args.debuginfo.debuginfo_old),
        headers: args.headers.as_ref().and_then(|both| both.old.clone()),
    };
    let new = Request {
        label: &args.candidate,
        debuginfo: debuginfo(&args.debuginfo.debuginfo_new),
        headers: args.headers.as_ref().and_then(|both| both.new.clone()),
    };
    reader.open_both(&old, &new)
}
