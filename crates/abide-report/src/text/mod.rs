//! The report for a person in a terminal: verdict first, then library by library, then what was not compared,
//! then numbers for everything.

mod coverage;
mod finding;
mod idle;
mod open;
mod page;
mod sources;
mod summary;

use crate::document::{Counts, Document, Finding, Level, Place, Verdict};
use crate::view::{View, artifact_place, count, package_name};
use crate::words;
use page::{Mark, Page};

/// How many findings, the worst first, are shown with everything about them unless the reader wants all.
const DETAILED: usize = 100;
/// How many findings are listed at all unless the reader wants all.
const LISTED: usize = 400;

/// How the report is laid out. Numbers always count everything, also what is not listed.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// Columns to wrap at.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// List `safe` findings, too.
    pub all: bool,
    /// List every consumer and symbol instead of the first few.
    pub verbose: bool,
    /// Say what was compared and what was not, with reasons.
    pub coverage: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions { width: 100, colour: false, all: false, verbose: false, coverage: false }
    }
}

/// Renders the report.
pub fn render(document: &Document, options: &TextOptions) -> String {
    let mut page = Page::new(options.width, options.colour);
    let verdict = page.mark(Mark::Verdict(document.verdict), document.verdict.word());
    let reason = page.mark(Mark::Plain, &document.reason);
    page.paragraph(0, &format!("{verdict}: {reason}"));
    let view = View::new(document);
    sources::table(&mut page, &view, options);
    blocks(&mut page, &view, options);
    open::section(&mut page, &view, options);
    idle::section(&mut page, document);
    if options.coverage {
        coverage::section(&mut page, document, options);
    }
    summary::numbers(&mut page, document, options);
    page.finish()
}

/// What a block of findings is about.
struct Block<'a> {
    verdict: Verdict,
    name: String,
    place: String,
    findings: Vec<&'a Finding>,
}

/// A block for the whole and each package and artifact with findings to list, the worst first.
fn blocks(page: &mut Page, view: &View<'_>, options: &TextOptions) {
    let own = |place| listed(view, place, options);
    let mut blocks = vec![whole(own(None))];
    for index in order(view) {
        let package = &view.document.packages[index];
        for place in view.places(index) {
            let findings = own(Some(place));
            blocks.push(match place.artifact.map(|number| &package.artifacts[number]) {
                None => Block {
                    verdict: worst(&findings),
                    name: package_name(&package.nevra),
                    place: String::new(),
                    findings,
                },
                Some(artifact) => Block {
                    verdict: artifact.verdict,
                    name: artifact.name.display(),
                    place: artifact_place(artifact, package),
                    findings,
                },
            });
        }
    }
    blocks.retain(|block| !block.findings.is_empty());
    blocks.sort_by_key(|block| std::cmp::Reverse(block.verdict));
    let all = blocks.iter().flat_map(|block| &block.findings);
    let mut room = Room::new(options, all.filter(|finding| finding.level == Level::Break).count());
    let mut blocks = blocks.into_iter();
    for block in blocks.by_ref() {
        if room.listed == 0 {
            unlisted(page, std::iter::once(block).chain(blocks));
            break;
        }
        heading(page, &block.name, &block.place, block.verdict);
        finding::Findings::new(page, view.document, options).write(&block.findings, &mut room);
    }
}

/// The packages in the order in which blocks of one verdict come: the document's, or that of the overview.
fn order(view: &View<'_>) -> Vec<usize> {
    match view.document.packages.len() {
        few @ ..=sources::FEW_PACKAGES => (0..few).collect(),
        _ => view.sources().into_iter().flat_map(|source| source.packages).collect(),
    }
}

/// How many findings still have room in the report; with `-v` there is no end to it.
struct Room {
    /// With everything about them.
    detailed: usize,
    /// At all, then with a line each.
    listed: usize,
    /// Breaks that are still to come: nothing else takes their room.
    breaks: usize,
}

impl Room {
    fn new(options: &TextOptions, breaks: usize) -> Self {
        match options.verbose {
            true => Room { detailed: usize::MAX, listed: usize::MAX, breaks },
            false => Room { detailed: DETAILED, listed: LISTED, breaks },
        }
    }

    /// Whether there is room for a finding of this level.
    fn has(&self, level: Level) -> bool {
        self.listed > self.kept(level)
    }

    fn kept(&self, level: Level) -> usize {
        if level == Level::Break { 0 } else { self.breaks }
    }

    /// Takes the room of one finding: whether there is some, and whether for everything about it.
    fn take(&mut self, level: Level) -> (bool, bool) {
        let kept = self.kept(level);
        let found = (self.listed > kept, self.detailed > kept);
        self.listed -= usize::from(found.0);
        self.detailed -= usize::from(found.1);
        self.breaks = self.breaks.saturating_sub(usize::from(level == Level::Break));
        found
    }
}

/// Says how much of the findings has no room.
fn unlisted<'a>(page: &mut Page, blocks: impl Iterator<Item = Block<'a>>) {
    let (mut places, mut counts) = (0, Counts::default());
    for block in blocks {
        places += 1;
        block.findings.iter().for_each(|finding| counts.add(finding));
    }
    page.gap();
    let places = count(places, "more place");
    page.paragraph(0, &format!("… and {places} with {} (-v lists all)", levels(&counts)));
}

/// `2 break, 1 review`, without what there is none of.
fn levels(counts: &Counts) -> String {
    words::join(&[
        (counts.breaks, "break"),
        (counts.reviews, "review"),
        (counts.safe, "safe"),
        (counts.suppressed, "suppressed"),
    ])
}

/// The block of what concerns no single package.
fn whole(findings: Vec<&Finding>) -> Block<'_> {
    let is_kernel = findings.iter().all(|finding| finding.rule.starts_with("kernel-"));
    let name = if is_kernel { "the kernel's exports" } else { "the distribution as a whole" };
    let name = name.to_owned();
    Block { verdict: worst(&findings), name, place: String::new(), findings }
}

/// The findings of one place that the reader asked for.
fn listed<'a>(view: &View<'a>, place: Option<Place>, options: &TextOptions) -> Vec<&'a Finding> {
    let wanted = |f: &&&Finding| options.all || f.level > Level::Safe;
    view.findings(place).iter().filter(wanted).copied().collect()
}

fn worst(findings: &[&Finding]) -> Verdict {
    let standing = findings.iter().filter(|f| f.suppressed.is_none());
    standing.map(|f| f.level.verdict()).max().unwrap_or(Verdict::Compatible)
}

/// `NAME (where)`.
fn title(page: &Page, name: &str, place: &str) -> String {
    let name = page.mark(Mark::Heading, name);
    if place.is_empty() { name } else { format!("{name} ({})", page.mark(Mark::Plain, place)) }
}

/// `NAME (where): verdict`.
fn heading(page: &mut Page, name: &str, place: &str, verdict: Verdict) {
    page.gap();
    let name = title(page, name, place);
    let verdict = page.mark(Mark::Verdict(verdict), verdict.word());
    page.wrapped("", 4, &format!("{name}: {verdict}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviews_take_no_room_of_breaks() {
        let mut room = Room { detailed: 2, listed: 3, breaks: 2 };
        assert_eq!(room.take(Level::Review), (true, false));
        assert_eq!(room.take(Level::Review), (false, false));
        assert_eq!(room.take(Level::Break), (true, true));
        assert_eq!(room.take(Level::Break), (true, true));
        assert!(!room.has(Level::Break));
    }
}
