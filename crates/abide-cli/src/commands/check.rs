//! `abide check REFERENCE CANDIDATE`: the main job, end to end.

use std::path::PathBuf;
use std::time::Instant;

use abide_distro::CheckOptions;
use abide_model::Side;
use abide_report::text::TextOptions;

use crate::args::{Check, Format};
use crate::error::CliError;
use crate::output::Destination;
use crate::reading::{Reader, Request};
use crate::suppressions;

/// Compares, reports, and gives the verdict's exit status.
pub(crate) fn run(args: &Check) -> Result<u8, CliError> {
    let options =
        CheckOptions { suppressions: suppressions::read(&args.suppressions)?, ..CheckOptions::default() };
    let reader = Reader::new(&args.common)?;
    let (old, new) = read(&reader, args)?;
    let start = Instant::now();
    let check = abide_distro::check(&old, &new, &options, reader.progress());
    suppressions::report(&options.suppressions, &check.suppressions_unused);
    let verdict = check.verdict;
    let document = abide_report::document(&check, &old, &new);
    reader.time("compare", start);

    let out = Destination::new(args.output.as_deref());
    let bytes = match args.format {
        Format::Text => abide_report::text::render(&document, &text_options(args, &out)).into_bytes(),
        Format::Json => json(&document)?,
    };
    out.deliver(&bytes)?;
    Ok(verdict.exit_code())
}

/// Reads both sides.
fn read(reader: &Reader, args: &Check) -> Result<(Side, Side), CliError> {
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
    reader.read_both(&old, &new)
}

fn text_options(args: &Check, out: &Destination) -> TextOptions {
    TextOptions {
        width: out.width(),
        colour: out.wants_colour(),
        all: args.all,
        verbose: args.common.verbose,
    }
}

fn json(document: &abide_report::Document) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    abide_report::json::write(document, &mut bytes).map_err(CliError::stdout)?;
    Ok(bytes)
}
