//! The findings document as one HTML page that needs nothing else: no network, no other file, no script to be read.
//!
//! Findings are grouped by source package, worst first, and folded. The page stays of a size that a browser opens:
//! the first findings, the worst ones, are shown with everything about them, the others with a line each; long lists
//! of names are cut and say so. `site` has no such limit.

pub(crate) mod parts;
pub mod site;

use std::io::{self, Write};

use askama::Template;

use crate::document::{Counts, Document, Place, Verdict, printable};
use crate::view::{Source, View, count};
use parts::{CoveragePart, FindingPart, GapPart, InputPart, Top, UnitPart};

/// How many findings are shown with everything about them.
const WHOLE: usize = 2000;
/// Up to so many findings, the ones that break are unfolded at first.
const OPEN: usize = 12;
/// How many packages of a side are listed.
const INPUTS: usize = 2000;
/// How many source packages without findings are listed.
const QUIET: usize = 10_000;

pub(crate) const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/report.js");

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    version: String,
    style: &'static str,
    script: &'static str,
    top: Top,
    whole: Vec<FindingPart>,
    sources: Vec<SourcePart>,
    /// Findings without room for more than a line.
    folded: usize,
    quiet_title: String,
    quiet: Vec<String>,
    gaps: Vec<GapPart>,
    idle: Vec<String>,
    coverage: Vec<CoveragePart>,
    inputs: Vec<InputPart>,
}

/// A source package with what is to be shown of it.
struct SourcePart {
    anchor: usize,
    name: String,
    verdict: &'static str,
    numbers: String,
    is_open: bool,
    units: Vec<UnitPart>,
    quiet: String,
}

/// Writes the page.
pub fn write(document: &Document, mut out: impl Write) -> io::Result<()> {
    page(document).write_into(&mut out)?;
    out.flush()
}

fn page(document: &Document) -> Page {
    let view = View::new(document);
    let mut room = Room { document, whole: WHOLE, open: document.findings.len() <= OPEN };
    let (loud, quiet): (Vec<Source>, Vec<Source>) = view.sources().into_iter().partition(is_loud);
    let whole = room.findings(&view, None);
    let sources =
        loud.iter().enumerate().map(|(anchor, source)| room.source(&view, anchor, source)).collect();
    Page {
        version: document.tool.version.clone(),
        style: STYLE,
        script: SCRIPT,
        top: Top::new(document),
        whole,
        sources,
        folded: document.findings.len().saturating_sub(WHOLE),
        quiet_title: format!("{} without any finding or gap", count(quiet.len(), "source package")),
        quiet: quiet.iter().take(QUIET).map(quiet_line).collect(),
        gaps: parts::gaps(view.gaps(None)),
        idle: parts::idle(document),
        coverage: parts::coverage(document),
        inputs: parts::inputs(document, INPUTS),
    }
}

/// Whether there is anything to show besides that it was compared.
fn is_loud(source: &Source) -> bool {
    source.verdict != Verdict::Compatible || source.counts != Counts::default()
}

fn quiet_line(source: &Source) -> String {
    printable(&format!("{} ({})", source.name, count(source.packages.len(), "package")))
}

/// How much may still be shown.
struct Room<'a> {
    document: &'a Document,
    whole: usize,
    open: bool,
}

impl Room<'_> {
    fn source(&mut self, view: &View<'_>, anchor: usize, source: &Source) -> SourcePart {
        let mut units = Vec::new();
        let mut quiet = 0;
        for &index in &source.packages {
            let package = &view.document.packages[index];
            for place in view.places(index) {
                let artifact = place.artifact.map(|number| &package.artifacts[number]);
                let verdict = artifact.map_or(Verdict::Compatible, |artifact| artifact.verdict);
                if parts::is_quiet(view, place, verdict) {
                    quiet += usize::from(artifact.is_some());
                    continue;
                }
                let mut unit = match artifact {
                    Some(artifact) => UnitPart::artifact(artifact, package),
                    None => UnitPart::package(package),
                };
                unit.findings = self.findings(view, Some(place));
                unit.gaps = parts::gaps(view.gaps(Some(place)));
                units.push(unit);
            }
        }
        let quiet = match quiet {
            0 => String::new(),
            _ => format!("{} without any finding or gap", count(quiet, "more file")),
        };
        let packages = count(source.packages.len(), "package");
        let numbers = [packages, parts::numbers(&source.counts)];
        let numbers: Vec<String> = numbers.into_iter().filter(|part| !part.is_empty()).collect();
        SourcePart {
            anchor,
            name: printable(&source.name),
            verdict: source.verdict.word(),
            numbers: numbers.join(" · "),
            is_open: anchor == 0 || self.open,
            units,
            quiet,
        }
    }

    fn findings(&mut self, view: &View<'_>, place: Option<Place>) -> Vec<FindingPart> {
        let findings = view.findings(place).iter().map(|finding| {
            if self.whole == 0 {
                return FindingPart::line(finding);
            }
            self.whole -= 1;
            let mut part = FindingPart::whole(self.document, finding);
            part.is_open = self.open && part.class == "break";
            part
        });
        findings.collect()
    }
}
