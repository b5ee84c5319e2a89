//! `--coverage`: what was compared and what was not, with numbers and reasons.

use super::TextOptions;
use super::page::{Mark, Page};
use crate::coverage::{sections, superseded};
use crate::document::{Document, SideName};
use crate::view::{count, grouped};

/// Columns for a number.
const NUMBER: usize = 9;
/// How many packages are named unless the reader wants all.
const NAMED: usize = 10;

/// Writes every section.
pub(super) fn section(page: &mut Page, document: &Document, options: &TextOptions) {
    page.gap();
    let title = page.mark(Mark::Heading, "Coverage: what was compared, and what was not");
    page.paragraph(0, &title);
    for section in sections(document) {
        let heading = page.mark(Mark::Heading, section.title);
        page.wrapped("  ", 4, &heading);
        for row in section.rows {
            let number = if row.count == 0 { String::new() } else { grouped(row.count) };
            let start = format!("{number:>NUMBER$}  ");
            let what = if row.is_open { format!("{} (open)", row.what) } else { row.what };
            let what = page.mark(Mark::Plain, &what);
            page.wrapped(&start, NUMBER + 2, &what);
        }
    }
    unmet(page, document, options);
    for side in [SideName::Reference, SideName::Candidate] {
        left_aside(page, document, side, options);
    }
}

/// Names what nothing meets on either side: a repository that both need may be missing.
fn unmet(page: &mut Page, document: &Document, options: &TextOptions) {
    let all = document.coverage.metadata.iter().flat_map(|metadata| &metadata.unmet_on_both);
    let lines: Vec<String> =
        all.map(|unmet| format!("{}: {}", unmet.package, unmet.requirements.join(", "))).collect();
    if lines.is_empty() {
        return;
    }
    let heading = page.mark(Mark::Heading, "Requirements that nothing meets on either side");
    page.wrapped("  ", 4, &heading);
    let shown = if options.verbose { lines.len() } else { NAMED.min(lines.len()) };
    for line in &lines[..shown] {
        let line = page.mark(Mark::Plain, line);
        page.wrapped("    ", 6, &line);
    }
    if shown < lines.len() {
        let more = count(lines.len() - shown, "more package");
        page.wrapped("    ", 6, &format!("… and {more} (-v lists all)"));
    }
}

/// Names the older builds, since a reader may not expect that they are not compared.
fn left_aside(page: &mut Page, document: &Document, side: SideName, options: &TextOptions) {
    let names = superseded(document, side);
    if names.is_empty() {
        return;
    }
    let heading = page.mark(Mark::Heading, &format!("Older builds left aside on the {}", side.word()));
    page.wrapped("  ", 4, &heading);
    let shown = if options.verbose { names.len() } else { NAMED.min(names.len()) };
    for name in &names[..shown] {
        let name = page.mark(Mark::Plain, name);
        page.wrapped("    ", 6, &name);
    }
    if shown < names.len() {
        page.wrapped(
            "    ",
            6,
            &format!("… and {} (-v lists all)", count(names.len() - shown, "more build")),
        );
    }
}
