//! The reports of a check: each in its format, each where it was asked for.

use std::io::{self, Write};
use std::path::Path;

use abide_report::Document;
use abide_report::junit::Review;
use abide_report::text::TextOptions;

use crate::args::{Check, Format, JunitReview};
use crate::error::CliError;
use crate::output::Destination;

/// Writes every report; files first, so that what is printed stands for a run that did all it was asked to.
pub(crate) fn deliver(document: &Document, args: &Check) -> Result<(), CliError> {
    for report in &args.report {
        one(document, args, report.format, Some(&report.path))?;
    }
    one(document, args, args.format, args.output.as_deref())
}

fn one(document: &Document, args: &Check, format: Format, file: Option<&Path>) -> Result<(), CliError> {
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
