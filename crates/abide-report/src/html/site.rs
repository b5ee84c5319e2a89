//! The findings document as a folder of static pages for whole distributions: index, packages, files, findings.
//!
//! Pages open from disk: all links are relative, and nothing needs a script or the network. `safe` findings stand on
//! the page of their file; every other finding has a page of its own, named by its id, which stays the same from
//! build to build. What lives here: the pages. What does not: folders and files, which the caller makes.

use std::collections::HashSet;
use std::io;

use abide_distro::rules;
use askama::Template;

use super::parts::{self, CoveragePart, FindingPart, GapPart, InputPart, RowPart, Top, UnitPart};
use super::{SCRIPT, STYLE};
use crate::document::{
    Artifact, Both, Compared, Counts, Document, File, Finding, Level, Package, Place, printable,
};
use crate::view::{LOOSE, View, grouped, package_name, source_name};
use crate::{jsonl, words};

/// A file that only sites have: a folder with it may be replaced by a newer site.
pub const MARKER: &str = "abide-site.json";

/// How many packages of a side are listed.
const INPUTS: usize = 100_000;
/// How many `safe` findings of a file are shown with everything about them.
const WHOLE: usize = 500;

/// Takes a page: its path in the site, and its content. Pages come folder by folder.
pub type Sink<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

/// Writes every page.
pub fn write(document: &Document, sink: &mut Sink<'_>) -> io::Result<()> {
    let site = Site { document, view: View::new(document), names: Names::new(document) };
    let marker = serde_json::json!({"schema": "abide.site/1", "tool": document.tool});
    sink(MARKER, format!("{marker}\n").as_bytes())?;
    sink("style.css", STYLE.as_bytes())?;
    sink("report.js", SCRIPT.as_bytes())?;
    let mut lines = Vec::new();
    jsonl::write(document, &mut lines)?;
    sink("report.jsonl", &lines)?;
    page(sink, "index.html", &site.index())?;
    page(sink, "coverage.html", &site.coverage())?;
    for (index, package) in document.packages.iter().enumerate() {
        page(sink, &site.names.packages[index], &site.package(index, package))?;
    }
    for (index, package) in document.packages.iter().enumerate() {
        for (number, artifact) in package.artifacts.iter().enumerate() {
            if let Some(path) = &site.names.artifacts[index][number] {
                page(sink, path, &site.artifact(index, package, number, artifact))?;
            }
        }
    }
    for finding in document.findings.iter().filter(|finding| has_page(finding)) {
        page(sink, &finding_path(finding), &site.finding(finding))?;
    }
    Ok(())
}

fn page(sink: &mut Sink<'_>, path: &str, page: &impl Template) -> io::Result<()> {
    let text = page.render().map_err(io::Error::other)?;
    sink(path, text.as_bytes())
}

/// Whether a finding has a page of its own.
fn has_page(finding: &Finding) -> bool {
    finding.level > Level::Safe
}

fn finding_path(finding: &Finding) -> String {
    format!("f/{}.html", finding.id)
}

/// Paths of the pages, each once whatever the names are.
struct Names {
    packages: Vec<String>,
    /// Of each package's artifacts; none for those about which there is nothing to say.
    artifacts: Vec<Vec<Option<String>>>,
}

impl Names {
    fn new(document: &Document) -> Self {
        let mut used = HashSet::new();
        let mut names = Names { packages: Vec::new(), artifacts: Vec::new() };
        for package in &document.packages {
            let own = short_name(package);
            names.packages.push(path("p", &own, &mut used));
            let artifact = |artifact: &Artifact| {
                let name = format!("{own}--{}", artifact.name.display());
                (artifact.compared != Compared::Identical || artifact.counts != Counts::default())
                    .then(|| path("l", &name, &mut used))
            };
            names.artifacts.push(package.artifacts.iter().map(artifact).collect());
        }
        names
    }
}

/// `libfoo.x86_64`, the reference's where the two differ.
fn short_name(package: &Package) -> String {
    let nevra = package.nevra.reference.as_deref().or(package.nevra.candidate.as_deref());
    nevra.map_or(LOOSE.to_owned(), words::name_and_arch)
}

/// A path that no other page has, also where upper and lower case are one.
fn path(folder: &str, name: &str, used: &mut HashSet<String>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let plain: String = name.chars().take(100).map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut path = format!("{folder}/{plain}.html");
    let mut times = 1;
    while !used.insert(path.to_ascii_lowercase()) {
        times += 1;
        path = format!("{folder}/{plain}~{times}.html");
    }
    path
}

struct Site<'a> {
    document: &'a Document,
    view: View<'a>,
    names: Names,
}

#[derive(Template)]
#[template(path = "site_index.html")]
struct Index {
    title: String,
    version: String,
    root: &'static str,
    top: Top,
    whole: Vec<FindingPart>,
    rows: Vec<PackageRow>,
}

/// A package in the index.
struct PackageRow {
    source: String,
    name: String,
    /// Versions on both sides.
    versions: String,
    link: String,
    verdict: &'static str,
    weight: u8,
    numbers: Vec<Number>,
}

struct Number {
    text: String,
    is_zero: bool,
}

#[derive(Template)]
#[template(path = "site_package.html")]
struct PackagePage {
    title: String,
    version: String,
    root: &'static str,
    unit: UnitPart,
    facts: Vec<RowPart>,
    rows: Vec<ArtifactRow>,
}

/// An artifact in its package.
struct ArtifactRow {
    name: String,
    path: String,
    link: Option<String>,
    verdict: &'static str,
    weight: u8,
    done: String,
    numbers: Vec<Number>,
}

#[derive(Template)]
#[template(path = "site_library.html")]
struct LibraryPage {
    title: String,
    version: String,
    root: &'static str,
    package_link: String,
    package_name: String,
    unit: UnitPart,
    facts: Vec<RowPart>,
}

#[derive(Template)]
#[template(path = "site_finding.html")]
struct FindingPage {
    title: String,
    version: String,
    root: &'static str,
    crumbs: Vec<Crumb>,
    finding: FindingPart,
    rule: Vec<RowPart>,
}

/// A page above.
struct Crumb {
    name: String,
    link: String,
}

#[derive(Template)]
#[template(path = "site_coverage.html")]
struct CoveragePage {
    title: String,
    version: String,
    root: &'static str,
    coverage: Vec<CoveragePart>,
    gaps: Vec<GapPart>,
    idle: Vec<String>,
    inputs: Vec<InputPart>,
}

impl Site<'_> {
    fn version(&self) -> String {
        self.document.tool.version.clone()
    }

    fn index(&self) -> Index {
        let top = Top::new(self.document);
        let rows = self.view.sources().into_iter().flat_map(|source| source.packages);
        Index {
            title: format!("{}: {} → {}", top.verdict, top.reference, top.candidate),
            version: self.version(),
            root: "",
            top,
            whole: self.lines(None, ""),
            rows: rows.map(|index| self.package_row(index)).collect(),
        }
    }

    fn package_row(&self, index: usize) -> PackageRow {
        let package = &self.document.packages[index];
        let mut numbers = numbers(&self.view.counts(index));
        numbers.push(number(package.artifacts.len()));
        PackageRow {
            source: printable(&source_name(package)),
            name: printable(&short_name(package)),
            versions: printable(&package_name(&package.nevra)),
            link: self.names.packages[index].clone(),
            verdict: package.verdict.word(),
            weight: package.verdict as u8,
            numbers,
        }
    }

    /// Findings of a place with a line each; those without a page with everything, folded.
    fn lines(&self, place: Option<Place>, root: &str) -> Vec<FindingPart> {
        let mut room = WHOLE;
        let part = |finding: &&Finding| {
            if has_page(finding) {
                let link = Some(format!("{root}{}", finding_path(finding)));
                return FindingPart { link, ..FindingPart::line(finding) };
            }
            match room {
                0 => FindingPart::line(finding),
                _ => {
                    room -= 1;
                    FindingPart::whole(self.document, finding)
                }
            }
        };
        self.view.findings(place).iter().map(part).collect()
    }

    fn package(&self, index: usize, package: &Package) -> PackagePage {
        let place = Some(Place { package: index, artifact: None });
        let mut unit = UnitPart::package(package);
        unit.findings = self.lines(place, "../");
        unit.gaps = parts::gaps(self.view.gaps(place));
        let fact = |what: &str, text: Option<&str>| {
            let text = text.filter(|text| !text.is_empty())?;
            Some(RowPart { what: what.to_owned(), old: printable(text), new: String::new() })
        };
        let absent = if package.nevra == Both::default() { None } else { Some("absent") };
        let facts = [
            fact("Reference", package.nevra.reference.as_deref().or(absent)),
            fact("Candidate", package.nevra.candidate.as_deref().or(absent)),
            fact("Source package", package.source.as_deref()),
            fact("Note", Some(&unit.done)),
        ];
        let artifacts = package.artifacts.iter().enumerate();
        PackagePage {
            title: format!("{}: {}", unit.name, unit.verdict),
            version: self.version(),
            root: "../",
            facts: facts.into_iter().flatten().collect(),
            rows: artifacts.map(|(number, artifact)| self.artifact_row(index, number, artifact)).collect(),
            unit,
        }
    }

    fn artifact_row(&self, index: usize, number: usize, artifact: &Artifact) -> ArtifactRow {
        let files = &artifact.files;
        let file = files.candidate.as_ref().or(files.reference.as_ref());
        ArtifactRow {
            name: artifact.name.display(),
            path: file.map_or(String::new(), |file| file.path.display()),
            link: self.names.artifacts[index][number].as_ref().map(|path| format!("../{path}")),
            verdict: artifact.verdict.word(),
            weight: artifact.verdict as u8,
            done: parts::artifact_note(artifact),
            numbers: numbers(&artifact.counts),
        }
    }

    fn artifact(&self, index: usize, package: &Package, number: usize, artifact: &Artifact) -> LibraryPage {
        let place = Some(Place { package: index, artifact: Some(number) });
        let mut unit = UnitPart::artifact(artifact, package);
        unit.findings = self.lines(place, "../");
        unit.gaps = parts::gaps(self.view.gaps(place));
        LibraryPage {
            title: format!("{}: {}", unit.name, unit.verdict),
            version: self.version(),
            root: "../",
            package_link: format!("../{}", self.names.packages[index]),
            package_name: printable(&package_name(&package.nevra)),
            facts: file_facts(&artifact.files),
            unit,
        }
    }

    fn finding(&self, finding: &Finding) -> FindingPage {
        let part = FindingPart::whole(self.document, finding);
        FindingPage {
            title: part.headline.clone(),
            version: self.version(),
            root: "../",
            crumbs: finding.place.map_or_else(Vec::new, |place| self.crumbs(place)),
            rule: rule(&finding.rule),
            finding: part,
        }
    }

    fn crumbs(&self, place: Place) -> Vec<Crumb> {
        let package = &self.document.packages[place.package];
        let mut crumbs = vec![Crumb {
            name: printable(&package_name(&package.nevra)),
            link: format!("../{}", self.names.packages[place.package]),
        }];
        let artifact = place.artifact.and_then(|number| {
            let path = self.names.artifacts[place.package][number].as_ref()?;
            Some(Crumb { name: package.artifacts[number].name.display(), link: format!("../{path}") })
        });
        crumbs.extend(artifact);
        crumbs
    }

    fn coverage(&self) -> CoveragePage {
        CoveragePage {
            title: "What was compared, and what was not".to_owned(),
            version: self.version(),
            root: "",
            coverage: parts::coverage(self.document),
            gaps: parts::gaps(self.view.gaps(None)),
            idle: parts::idle(self.document),
            inputs: parts::inputs(self.document, INPUTS),
        }
    }
}

fn number(number: usize) -> Number {
    Number { text: grouped(number), is_zero: number == 0 }
}

fn numbers(counts: &Counts) -> Vec<Number> {
    let Counts { breaks, reviews, safe, suppressed, gaps } = counts;
    [breaks, reviews, safe, suppressed, gaps].map(|count| number(*count)).into_iter().collect()
}

/// Both files of an artifact, fact by fact.
fn file_facts(files: &Both<File>) -> Vec<RowPart> {
    let both = [&files.reference, &files.candidate];
    let of = |what: &str, fact: fn(&File) -> Option<String>| {
        let [old, new] = both.map(|file| match file {
            None => "absent".to_owned(),
            Some(file) => fact(file).map_or_else(|| "–".to_owned(), |text| printable(&text)),
        });
        RowPart { what: what.to_owned(), old, new }
    };
    vec![
        of("path", |file| Some(file.path.display())),
        of("package", |file| file.package.clone()),
        of("SHA-256", |file| Some(file.sha256.clone())),
        of("build-id", |file| file.build_id.clone()),
        of("debug information", |file| {
            let found = file.debug_info.as_ref()?;
            let place = found.path.as_ref().map_or_else(|| "in the file".to_owned(), |path| path.display());
            let package = found.package.as_ref().map_or(String::new(), |package| format!(" ({package})"));
            let more = found
                .supplementary
                .as_ref()
                .map_or(String::new(), |path| format!(", with {}", path.display()));
            Some(format!("{place}{package}{more}"))
        }),
    ]
}

/// What `abide explain` says of a rule.
fn rule(id: &str) -> Vec<RowPart> {
    let Some(rule) = rules::find(id) else { return Vec::new() };
    let row = |what: String, text: &str| RowPart { what, old: text.to_owned(), new: String::new() };
    let mut rows = vec![row(String::new(), &rule.title), row(rule.level.id().to_owned(), &rule.why)];
    rows.extend(
        rule.cases.iter().map(|(name, case)| row(format!("{} ({name})", case.level.id()), &case.why)),
    );
    rows.push(row("When it does no harm".to_owned(), &rule.when_safe));
    rows.push(row("Reference".to_owned(), &rule.reference));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_path_of_its_own() {
        let mut used = HashSet::new();
        assert_eq!(path("l", "libstdc++.so.6", &mut used), "l/libstdc++.so.6.html");
        assert_eq!(path("l", "LibStdC++.so.6", &mut used), "l/LibStdC++.so.6~2.html");
        assert_eq!(path("l", "../../etc/passwd", &mut used), "l/.._.._etc_passwd.html");
        assert_eq!(path("l", "a<b>\u{1b}é", &mut used), "l/a_b___.html");
        assert!(path("l", &"x".repeat(5000), &mut used).len() < 120);
    }
}
