//! The report for a person in a terminal: verdict first, then library by library, then what was not compared,
//! then numbers for everything.

mod finding;
mod open;
mod page;
mod summary;

use crate::document::{Artifact, Both, Document, File, Finding, Level, Package, Place, Verdict};
use page::{Mark, Page};

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
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions { width: 100, colour: false, all: false, verbose: false }
    }
}

/// Renders the report.
pub fn render(document: &Document, options: &TextOptions) -> String {
    let mut page = Page::new(options.width, options.colour);
    let verdict = page.mark(Mark::Verdict(document.verdict), document.verdict.word());
    page.paragraph(0, &format!("{verdict}: {}", document.reason));
    blocks(&mut page, document, options);
    open::section(&mut page, document, options);
    summary::numbers(&mut page, document, options);
    page.finish()
}

/// A block for each package and artifact with findings to list, the worst first and else in the document's order.
fn blocks(page: &mut Page, document: &Document, options: &TextOptions) {
    let mut blocks = Vec::new();
    for (index, package) in document.packages.iter().enumerate() {
        let own = listed(document, Place { package: index, artifact: None }, options);
        blocks.push((worst(&own), package_name(&package.nevra), String::new(), own));
        for (number, artifact) in package.artifacts.iter().enumerate() {
            let own = listed(document, Place { package: index, artifact: Some(number) }, options);
            blocks.push((artifact.verdict, artifact.name.display(), place(artifact, package), own));
        }
    }
    blocks.retain(|(_, _, _, findings)| !findings.is_empty());
    blocks.sort_by_key(|(verdict, ..)| std::cmp::Reverse(*verdict));
    for (verdict, name, place, findings) in blocks {
        heading(page, &name, &place, verdict);
        finding::Findings::new(page, document, options).write(&findings);
    }
}

/// The findings of one place that the reader asked for.
fn listed<'a>(document: &'a Document, place: Place, options: &TextOptions) -> Vec<&'a Finding> {
    let wanted = |f: &&Finding| f.place == place && (options.all || f.level > Level::Safe);
    document.findings.iter().filter(wanted).collect()
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

/// Where an artifact is: packages on both sides, or paths for loose files where they say more than the name.
fn place(artifact: &Artifact, package: &Package) -> String {
    let files = &artifact.files;
    let of = |file: &Option<File>| {
        file.as_ref().map(|file| file.package.clone().unwrap_or_else(|| file.path.display()))
    };
    let both = Both { reference: of(&files.reference), candidate: of(&files.candidate) };
    let name = artifact.name.display();
    match (&both.reference, &both.candidate) {
        (None, None) => package_name(&package.nevra),
        (Some(old), Some(new)) if *old == name && *new == name => String::new(),
        _ => package_name(&both),
    }
}

/// `libfoo 1.0-1.el9 → 1.1-1.el9 x86_64`, from the NEVRAs of both sides.
fn package_name(nevra: &Both<String>) -> String {
    match (&nevra.reference, &nevra.candidate) {
        (Some(old), Some(new)) => arrow(old, new),
        (Some(old), None) => old.clone(),
        (None, Some(new)) => new.clone(),
        (None, None) => "loose files".to_owned(),
    }
}

/// `old → new`; a package's name that both share is said once: `foo-1.0-1.x86_64 → 1.1-1.x86_64`.
fn arrow(old: &str, new: &str) -> String {
    if old == new {
        return old.to_owned();
    }
    let name = |nevra: &str| nevra.rsplitn(3, '-').nth(2).map(|name| name.len() + 1);
    match (name(old), name(new)) {
        (Some(a), Some(b)) if old[..a] == new[..b] && !old.contains('/') => format!("{old} → {}", &new[b..]),
        _ => format!("{old} → {new}"),
    }
}
