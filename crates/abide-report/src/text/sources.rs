//! The overview of a large comparison: source packages with their numbers, the worst first.

use super::page::{Mark, Page};
use super::{TextOptions, levels};
use crate::document::Verdict;
use crate::view::{Source, View, count};
use crate::words;

/// A comparison of so many packages has no need of an overview.
pub(super) const FEW_PACKAGES: usize = 10;
/// How many source packages are listed unless the reader wants all.
const LISTED: usize = 40;
/// Columns for the name of a source package; longer ones push the rest aside.
const NAME: usize = 28;

/// Lists every source package that is not simply compatible, as far as there is room.
pub(super) fn table(page: &mut Page, view: &View<'_>, options: &TextOptions) {
    if view.document.packages.len() <= FEW_PACKAGES {
        return;
    }
    let sources = view.sources();
    let (open, compatible): (Vec<_>, Vec<_>) =
        sources.iter().partition(|source| source.verdict != Verdict::Compatible);
    page.gap();
    let heading = page.mark(Mark::Heading, "By source package, worst first");
    page.paragraph(0, &heading);
    let shown = if options.verbose { open.len() } else { LISTED.min(open.len()) };
    open[..shown].iter().for_each(|source| row(page, source));
    if shown < open.len() {
        let rest = open[shown..].iter();
        let verdicts = [Verdict::Incompatible, Verdict::Review, Verdict::Undecided];
        let of = |verdict| rest.clone().filter(|source| source.verdict == verdict).count();
        let parts = words::join(&verdicts.map(|verdict| (of(verdict), verdict.word())));
        page.paragraph(2, &format!("… and {} more: {parts} (-v lists all)", open.len() - shown));
    }
    if !compatible.is_empty() {
        let more = if open.is_empty() { "" } else { "more " };
        let all = count(compatible.len(), &format!("{more}source package"));
        let packages: usize = compatible.iter().map(|source| source.packages.len()).sum();
        page.paragraph(2, &format!("{all} ({}): compatible", count(packages, "package")));
    }
}

fn row(page: &mut Page, source: &Source) {
    let name = page.mark(Mark::Heading, &format!("{:<NAME$}", source.name));
    let verdict = page.mark(Mark::Verdict(source.verdict), &format!("{:<12}", source.verdict.word()));
    let mut parts = vec![count(source.packages.len(), "package")];
    if source.counts.breaks + source.counts.reviews + source.counts.safe + source.counts.suppressed > 0 {
        parts.push(levels(&source.counts));
    }
    if source.counts.gaps > 0 {
        parts.push(count(source.counts.gaps, "gap"));
    }
    page.wrapped("  ", 6, &format!("{name} {verdict} {}", parts.join("; ")));
}
