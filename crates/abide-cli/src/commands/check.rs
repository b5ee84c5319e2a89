//! `abide check REFERENCE CANDIDATE`: the main job, end to end.

use std::time::Instant;

use abide_distro::{CheckOptions, Types};
use abide_read::side::Opened;

use crate::args::{Check, Format};
use crate::error::CliError;
use crate::reading::{Candidate, Reader, Request};
use crate::sides::{self, Asked};
use crate::{reports, suppressions};

/// Compares, reports, and gives the verdict's exit status.
pub(crate) fn run(args: &Check) -> Result<u8, CliError> {
    let Asked { old, new, mut options } = sides::asked(args)?;
    reports::refuse(args)?;
    let reader = Reader::new(&args.common)?;
    if args.sides.metadata_only {
        return metadata_only(args, &reader, &old, &new, &options);
    }
    let (old, new) = open(&reader, args, &old, &new)?;
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

/// Compares what the repositories list, without a look at any package.
fn metadata_only(
    args: &Check,
    reader: &Reader,
    old: &Request,
    new: &Candidate,
    options: &CheckOptions,
) -> Result<u8, CliError> {
    let (old, new) = reader.list_both(old, new)?;
    let start = Instant::now();
    let (check, old, new) = abide_distro::check_metadata(&old, &new, options);
    suppressions::report(&options.suppressions, &check.suppressions_unused, &Default::default());
    let document = abide_report::document(&check, &old, &new);
    reader.time("compare metadata", start);
    reports::deliver(&document, args)?;
    Ok(check.verdict.exit_code())
}

/// Opens both sides.
fn open(reader: &Reader, args: &Check, old: &Request, new: &Candidate) -> Result<(Opened, Opened), CliError> {
    // The text report names files; every other format states their digests too.
    let states_digests = |format: Format| format != Format::Text;
    let is_stated = states_digests(args.format) || args.report.iter().any(|r| states_digests(r.format));
    reader.open_both(old, new, is_stated)
}
