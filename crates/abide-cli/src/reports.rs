//! The reports of a check: each in its format, each where it was asked for.

use std::io::{self, Write};
use std::path::Path;

use abide_report::Document;
use abide_report::junit::Review;
use abide_report::text::TextOptions;

use crate::args::{Check, Format, JunitReview};
use crate::error::CliError;
use crate::output::Destination;
use crate::site;

/// Refuses what cannot be delivered, before anything is read.
pub(crate) fn refuse(args: &Check) -> Result<(), CliError> {
    let has_file = args.output.as_deref().is_some_and(|path| path != Path::new("-"));
    if args.format == Format::Site && !has_file {
        let error = CliError::usage("a site is a folder and cannot go to standard output");
        return Err(error
            .hint("name the folder: `--format site -o DIR`, or `--report site:DIR` beside another format"));
    }
    let folders =
        args.report.iter().filter(|report| report.format == Format::Site).map(|report| &report.path);
    let own = args.output.iter().filter(|_| args.format == Format::Site);
    folders.chain(own).try_for_each(|folder| site::refuse(folder))
}

/// Writes every report; files first, so that what is printed stands for a run that did all it was asked to.
pub(crate) fn deliver(document: &Document, args: &Check) -> Result<(), CliError> {
    for report in &args.report {
        one(document, args, report.format, Some(&report.path))?;
    }
    one(document, args, args.format, args.output.as_deref())
}

fn one(document: &Document, args: &Check, format: Format, file: Option<&Path>) -> Result<(), CliError> {
    if let (Format::Site, Some(folder)) = (format, file) {
        return site::write(document, folder);
    }
    let out = Destination::new(file);
    let text = text_options(args, &out);
    let review = match args.junit_review {
        JunitReview::Failure => Review::Failure,
        JunitReview::Output => Review::Output,
    };
    out.deliver_with(|out| render(document, format, &text, review, out))
}

fn render(
    document: &Document,
    format: Format,
    text: &TextOptions,
    review: Review,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(abide_report::text::render(document, text).as_bytes()),
        Format::Json => abide_report::json::write(document, out),
        Format::Jsonl => abide_report::jsonl::write(document, out),
        Format::Sarif => abide_report::sarif::write(document, out),
        Format::Junit => abide_report::junit::write(document, review, out),
        Format::Html => abide_report::html::write(document, out),
        // Refused before anything was read, since there is no folder.
        Format::Site => Err(io::Error::other("a site is a folder")),
    }
}

fn text_options(args: &Check, out: &Destination) -> TextOptions {
    TextOptions {
        width: out.width(),
        colour: out.wants_colour(),
        all: args.all,
        verbose: args.common.verbose,
        coverage: args.coverage,
    }
}
