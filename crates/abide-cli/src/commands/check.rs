//! `abide check REFERENCE CANDIDATE`: the main job, end to end.

use std::path::PathBuf;
use std::time::Instant;

use abide_distro::CheckOptions;
use abide_model::Side;

use crate::args::Check;
use crate::error::CliError;
use crate::reading::{Reader, Request};
use crate::{reports, suppressions};

/// Compares, reports, and gives the verdict's exit status.
pub(crate) fn run(args: &Check) -> Result<u8, CliError> {
    let mut options =
        CheckOptions { suppressions: suppressions::read(&args.suppressions)?, ..CheckOptions::default() };
    let reader = Reader::new(&args.common)?;
    let (old, new) = read(&reader, args)?;
    let shipped = match args.no_shipped_suppressions {
        true => suppressions::Shipped::default(),
        false => suppressions::add_shipped(&mut options.suppressions, [&old, &new])?,
    };
    let start = Instant::now();
    let check = abide_distro::check(&old, &new, &options, reader.progress());
    suppressions::report(&options.suppressions, &check.suppressions_unused, &shipped);
    let verdict = check.verdict;
    let document = abide_report::document(&check, &old, &new);
    reader.time("compare", start);

    reports::deliver(&document, args)?;
    Ok(verdict.exit_code())
}

/// Reads both sides.
fn read(reader: &Reader, args: &Check) -> Result<(Side, Side), CliError> {
    let debuginfo = |own: &[PathBuf]| [&args.debuginfo.debuginfo, own].concat();
    let old = Request {
        label: &args.reference,
        debuginfo: debuginfo(&args.debuginfo.debuginfo_old),
        btf_base: args.btf_base.as_ref().and_then(|both| both.old.clone()),
        headers: args.headers.as_ref().and_then(|both| both.old.clone()),
    };
    let new = Request {
        label: &args.candidate,
        debuginfo: debuginfo(&args.debuginfo.debuginfo_new),
        btf_base: args.btf_base.as_ref().and_then(|both| both.new.clone()),
        headers: args.headers.as_ref().and_then(|both| both.new.clone()),
    };
    reader.read_both(&old, &new)
}
