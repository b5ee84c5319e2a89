//! The findings document as JUnit XML, for continuous integration servers.
//!
//! A test suite is a package; a test case is one of its artifacts, or the package itself. A first suite, `abide`,
//! stands for the comparison as a whole. What breaks is a `failure`, and so is what a person must review, as the
//! exit status says it too, unless [`Review::Output`] is asked for; too little evidence is `skipped`. Everything else
//! (safe and suppressed findings, gaps) is in `system-out`. There are no times: a report depends on its inputs only.

use std::collections::HashSet;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::document::{Document, Finding, Gap, Level, Package, Place, SideName, Verdict, printable};
use crate::view::{View, artifact_place, consumer_name, count, evidence_text, package_name, subject_title};
use crate::words;

/// What a finding of level `review` amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Review {
    /// The test case fails.
    #[default]
    Failure,
    /// It passes, and the finding is in its output.
    Output,
}

/// Writes the document.
pub fn write(document: &Document, review: Review, out: impl Write) -> io::Result<()> {
    let suites = suites(document, review);
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let root = BytesStart::new("testsuites").with_attributes([("name", "abide check")]);
    let root = counted(root, all(), false);
    xml.write_event(Event::Start(root))?;
    for suite in &suites {
        suite.write(&mut xml)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut out = xml.into_inner();
    out.write_all(b"\n")?;
    out.flush()
}

/// The numbers of suites and of their sum; the sum has none for what was skipped, which Jenkins' schema does not allow.
fn counted<'a, 'b>(
    start: BytesStart<'a>,
    cases: impl Iterator<Item = &'b Case> + Clone,
    with_skipped: bool,
) -> BytesStart<'a> {
    let number = |wanted: fn(&Case) -> bool| cases.clone().filter(|case| wanted(case)).count().to_string();
    let numbers = [
        ("tests", number(|_| true)),
        ("failures", number(|case| !case.failures.is_empty())),
        ("errors", "0".to_owned()),
        ("skipped", number(|case| case.is_skipped())),
        ("time", "0".to_owned()),
    ];
    let stated = numbers.iter().filter(|(name, _)| with_skipped || *name != "skipped");
    start.with_attributes(stated.map(|(name, value)| (*name, value.as_str())))
}

/// A package, or the whole.
struct Suite {
    name: String,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

/// An artifact, or a package itself.
#[derive(Default)]
struct Case {
    name: String,
    suite: String,
    /// `break` or `review` with what is to be said of each finding.
    failures: Vec<(Level, String)>,
    /// Why there was no evidence.
    skipped: Option<String>,
    output: Vec<String>,
}

impl Case {
    /// A case that fails is not skipped, whatever was missing.
    fn is_skipped(&self) -> bool {
        self.skipped.is_some() && self.failures.is_empty()
    }

    fn write<W: Write>(&self, xml: &mut Writer<W>) -> io::Result<()> {
        let attributes = [("name", self.name.as_str()), ("classname", &self.suite), ("time", "0")];
        let start = BytesStart::new("testcase").with_attributes(attributes);
        if self.failures.is_empty() && self.skipped.is_none() && self.output.is_empty() {
            return xml.write_event(Event::Empty(start));
        }
        xml.write_event(Event::Start(start))?;
        if let Some(worst) = self.failures.iter().map(|(level, _)| *level).max() {
            let of = |level| self.failures.iter().filter(|(found, _)| *found == level).count();
            let parts = [(of(Level::Break), "break"), (of(Level::Review), "review")];
            let message = words::join(&parts);
            let text: Vec<&str> = self.failures.iter().map(|(_, text)| text.as_str()).collect();
            let start = BytesStart::new("failure")
                .with_attributes([("message", message.as_str()), ("type", worst.word())]);
            element(xml, start, &text.join("\n\n"))?;
        } else if let Some(why) = &self.skipped {
            xml.write_event(Event::Empty(
                BytesStart::new("skipped").with_attributes([("message", why.as_str())]),
            ))?;
        }
        if !self.output.is_empty() {
            element(xml, BytesStart::new("system-out"), &self.output.join("\n\n"))?;
        }
        xml.write_event(Event::End(BytesEnd::new("testcase")))
    }
}

impl Suite {
    fn write<W: Write>(&self, xml: &mut Writer<W>) -> io::Result<()> {
        let name = printable(&self.name);
        let start = BytesStart::new("testsuite").with_attributes([("name", name.as_str())]);
        xml.write_event(Event::Start(counted(start, self.cases.iter(), true)))?;
        if !self.properties.is_empty() {
            xml.write_event(Event::Start(BytesStart::new("properties")))?;
            for (name, value) in &self.properties {
                let value = printable(value);
                let property = [("name", *name), ("value", value.as_str())];
                xml.write_event(Event::Empty(BytesStart::new("property").with_attributes(property)))?;
            }
            xml.write_event(Event::End(BytesEnd::new("properties")))?;
        }
        self.cases.iter().try_for_each(|case| case.write(xml))?;
        xml.write_event(Event::End(BytesEnd::new("testsuite")))
    }
}

fn element<W: Write>(xml: &mut Writer<W>, start: BytesStart<'_>, text: &str) -> io::Result<()> {
    let end = start.to_end().into_owned();
    xml.write_event(Event::Start(start))?;
    xml.write_event(Event::Text(BytesText::new(text)))?;
    xml.write_event(Event::End(end))
}

fn suites(document: &Document, review: Review) -> Vec<Suite> {
    let view = View::new(document);
    let mut suites = vec![whole(&view, review)];
    let mut names = HashSet::new();
    for (index, package) in document.packages.iter().enumerate() {
        let nevra = package.nevra.reference.as_deref().or(package.nevra.candidate.as_deref());
        let short = nevra.map_or(crate::view::LOOSE.to_owned(), words::name_and_arch);
        // Kernels are installed side by side: several packages of one name.
        let name = if names.insert(short.clone()) { short } else { nevra.unwrap_or(&short).to_owned() };
        suites.push(self::package(&view, index, package, name, review));
    }
    suites
}

/// What concerns no single package.
fn whole(view: &View<'_>, review: Review) -> Suite {
    let document = view.document;
    let mut case = case(view, None, "the comparison as a whole", "abide", review);
    case.output.insert(0, printable(&format!("{}: {}", document.verdict.word(), document.reason)));
    let idle = document.suppressions.iter();
    case.output.extend(idle.map(|idle| printable(&format!("{}:{}: {}", idle.file, idle.line, idle.message))));
    let nothing = document.packages.is_empty() && document.verdict == Verdict::Undecided;
    case.skipped = nothing.then(|| printable(&document.reason));
    let inputs = &document.inputs;
    let properties = vec![
        ("reference", inputs.reference.label.clone()),
        ("candidate", inputs.candidate.label.clone()),
        ("verdict", document.verdict.word().to_owned()),
    ];
    Suite { name: "abide".to_owned(), properties, cases: vec![case] }
}

fn package(view: &View<'_>, index: usize, package: &Package, name: String, review: Review) -> Suite {
    let mut cases =
        vec![case(view, Some(Place { package: index, artifact: None }), "package", &name, review)];
    let mut used = HashSet::new();
    for (number, artifact) in package.artifacts.iter().enumerate() {
        let files = &artifact.files;
        let file = files.candidate.as_ref().or(files.reference.as_ref()).map(|file| file.path.display());
        let short = artifact.name.display();
        // Two files of one name in a package are told apart by their paths, else by their number.
        let mut titles = [Some(short.clone()), file.clone()].into_iter().flatten();
        let numbered = || format!("{short} ({})", number + 1);
        let title = titles.find(|title| used.insert(title.clone())).unwrap_or_else(numbered);
        let place = Place { package: index, artifact: Some(number) };
        let mut case = case(view, Some(place), &title, &name, review);
        if artifact.verdict == Verdict::Undecided {
            let done = words::compared(artifact.compared);
            let note = artifact.types_note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
            case.skipped = Some(printable(&format!("too little evidence: {done}{note}")));
        }
        let moved = artifact_place(artifact, package);
        let mut place: Vec<String> = file.into_iter().collect();
        place.extend((!moved.is_empty() && moved != package_name(&package.nevra)).then(|| printable(&moved)));
        place.push(words::compared(artifact.compared).to_owned());
        case.output.insert(0, place.join("\n"));
        cases.push(case);
    }
    let side = |nevra: &Option<String>| nevra.clone().unwrap_or_else(|| "absent".to_owned());
    let mut properties = vec![("verdict", package.verdict.word().to_owned())];
    if package.nevra.reference.is_some() || package.nevra.candidate.is_some() {
        properties.push(("reference", side(&package.nevra.reference)));
        properties.push(("candidate", side(&package.nevra.candidate)));
    }
    properties.extend(package.source.clone().map(|source| ("source", source)));
    let open = package.verdict == Verdict::Undecided
        && package.artifacts.iter().all(|artifact| artifact.verdict == Verdict::Compatible);
    if open {
        cases[0].skipped =
            Some("too little evidence: not everything in the package could be read".to_owned());
    }
    Suite { name, properties, cases }
}

/// The case of one place, with its findings and gaps.
fn case(view: &View<'_>, place: Option<Place>, name: &str, suite: &str, review: Review) -> Case {
    let mut case = Case { name: printable(name), suite: printable(suite), ..Case::default() };
    for finding in view.findings(place) {
        let text = finding_text(view.document, finding);
        match (&finding.suppressed, finding.level) {
            (None, Level::Break) => case.failures.push((Level::Break, text)),
            (None, Level::Review) if review == Review::Failure => case.failures.push((Level::Review, text)),
            _ => case.output.push(text),
        }
    }
    case.output.extend(view.gaps(place).iter().map(|gap| gap_text(gap)));
    case
}

/// A finding as a paragraph.
fn finding_text(document: &Document, finding: &Finding) -> String {
    let mut lines = vec![format!("{} [{}] {}", finding.level.word(), finding.rule, finding.summary)];
    lines.extend(finding.suppressed.as_ref().map(|reason| format!("suppressed: {reason}")));
    lines.push(format!("about: {}", subject_title(&finding.subject)));
    lines.push(format!("why: {}", finding.why));
    lines.extend(evidence_text(&finding.reference).map(|text| format!("reference: {text}")));
    lines.extend(evidence_text(&finding.candidate).map(|text| format!("candidate: {text}")));
    lines.extend(finding.path.iter().map(|step| format!("reached: {}: {}", step.via, step.ty)));
    let symbols = document.symbol_set(finding.symbols).len();
    lines.extend((symbols > 0).then(|| format!("through: {}", count(symbols, "exported symbol"))));
    lines.extend(
        finding.consumers.iter().flatten().map(|consumer| format!("used by: {}", consumer_name(consumer))),
    );
    lines.push(format!("id: {}", finding.id));
    lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n  ")
}

fn gap_text(gap: &Gap) -> String {
    let side = gap.side.map_or("both sides", SideName::word);
    printable(&format!("gap [{}] {side}: {}: {}", gap.kind, gap.subject.display(), gap.detail))
}
