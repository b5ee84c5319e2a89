//! `abide check REFERENCE CANDIDATE`: the main job, end to end.

use std::path::PathBuf;
use std::time::Instant;

use abide_distro::{CheckOptions, Types};
use abide_read::side::Opened;

use crate::args::{Check, Format};
use crate::error::CliError;
use crate::reading::{Reader, Request};
use crate::{policy, reports, suppressions};

/// Compares, reports, and gives the verdict's exit status.
pub(crate) fn run(args: &Check) -> Result<u8, CliError> {
    let mut options = CheckOptions {
        policy: args.policy.as_deref().map(policy::read).transpose()?.unwrap_or_default(),
        suppressions: suppressions::read(&args.suppressions, &args.symbol_list)?,
    };
    reports::refuse(args)?;
    let reader = Reader::new(&args.common)?;
    let (old, new) = open(&reader, args)?;
    let shipped = match args.no_shipped_suppressions {
        true => suppressions::Shipped::default(),
        false => suppressions::add_shipped(&mut options.suppressions, [old.facts(), new.facts()])?,
    };
    let start = Instant::now();
    let types = Types { old: &old, new: &new };
    let check = abide_distro::check_with(old.facts(), new.facts(), &types, &options, reader.progress());
    suppressions::report(&options.suppressions, &check.suppressions_unused, &shipped);
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
        btf_base: args.btf_base.as_ref().and_then(|both| both.old.clone()),
        headers: args.headers.as_ref().and_then(|both| both.old.clone()),
    };
    let new = Request {
        label: &args.candidate,
        debuginfo: debuginfo(&args.debuginfo.debuginfo_new),
        btf_base: args.btf_base.as_ref().and_then(|both| both.new.clone()),
        headers: args.headers.as_ref().and_then(|both| both.new.clone()),
    };
    // The text report names files; every other format states their digests too.
    let states_digests = |format: Format| format != Format::Text;
    let is_stated = states_digests(args.format) || args.report.iter().any(|r| states_digests(r.format));
    reader.open_both(&old, &new, is_stated)
}
