//! What pages show, ready to be shown: every text is fit for people, the templates escape it for HTML.

use crate::coverage;
use crate::document::{
    Artifact, Document, Evidence, Finding, Gap, Input, Level, Package, Role, SideName, Verdict, printable,
};
use crate::view::{
    View, artifact_place, consumer_name, count, grouped, package_name, subject_title, symbol_name,
};
use crate::words;

/// How many names a list shows.
const NAMES: usize = 40;
/// How many items of a difference are shown.
const DETAILS: usize = 200;

/// The head of a report.
pub(super) struct Top {
    pub(super) verdict: &'static str,
    pub(super) reason: String,
    pub(super) reference: String,
    pub(super) candidate: String,
    pub(super) cards: Vec<Card>,
}

/// One number.
pub(super) struct Card {
    pub(super) class: &'static str,
    pub(super) number: String,
    pub(super) what: &'static str,
    pub(super) is_zero: bool,
}

impl Top {
    pub(super) fn new(document: &Document) -> Self {
        let (c, a) = (&document.counts, &document.coverage.artifacts);
        let compared = a.with_types + a.types_partly + a.symbols_only + a.no_exports + a.identical;
        let cards = [
            ("break", c.breaks, "break"),
            ("review", c.reviews, "review"),
            ("safe", c.safe, "safe"),
            ("", c.suppressed, "suppressed"),
            ("", c.gaps, "gaps"),
            ("", document.coverage.packages.compared, "packages compared"),
            ("", compared, "files compared"),
        ];
        let input = |input: &Input| printable(&format!("{} ({})", input.label, input.kind));
        Top {
            verdict: document.verdict.word(),
            reason: printable(&document.reason),
            reference: input(&document.inputs.reference),
            candidate: input(&document.inputs.candidate),
            cards: cards
                .into_iter()
                .map(|(class, number, what)| Card {
                    class,
                    number: grouped(number),
                    what,
                    is_zero: number == 0,
                })
                .collect(),
        }
    }
}

/// One finding.
pub(super) struct FindingPart {
    pub(super) id: String,
    /// Level, or `suppressed`.
    pub(super) class: &'static str,
    /// Level in words.
    pub(super) label: String,
    pub(super) rule: String,
    pub(super) suppressed: Option<String>,
    pub(super) headline: String,
    pub(super) why: String,
    pub(super) sides: Vec<RowPart>,
    pub(super) details: Vec<RowPart>,
    pub(super) more_details: usize,
    pub(super) exposure: Option<String>,
    pub(super) path: Vec<String>,
    pub(super) through: Option<ListPart>,
    pub(super) users: Option<ListPart>,
    /// Whether everything is shown, or a line.
    pub(super) is_whole: bool,
    /// Whether it is unfolded at first.
    pub(super) is_open: bool,
    /// The page that has everything.
    pub(super) link: Option<String>,
}

/// One line of a table with both sides.
pub(super) struct RowPart {
    pub(super) what: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// The first names of a list.
pub(super) struct ListPart {
    pub(super) title: String,
    pub(super) names: Vec<String>,
    pub(super) more: usize,
}

impl ListPart {
    fn new(title: String, mut names: Vec<String>) -> Self {
        let more = names.len().saturating_sub(NAMES);
        names.truncate(NAMES);
        ListPart { title, names, more }
    }
}

impl FindingPart {
    /// Everything about it.
    pub(super) fn whole(document: &Document, finding: &Finding) -> Self {
        let mut part = Self::line(finding);
        part.is_whole = true;
        part.why = printable(&finding.why);
        part.suppressed = finding.suppressed.as_deref().map(printable);
        part.sides = sides(finding);
        let row = |detail: &crate::document::Detail| {
            let value = |value: &Option<String>| printable(value.as_deref().unwrap_or("absent"));
            RowPart { what: printable(&detail.what), old: value(&detail.old), new: value(&detail.new) }
        };
        part.details = finding.details.iter().take(DETAILS).map(row).collect();
        part.more_details = finding.details.len().saturating_sub(DETAILS);
        part.exposure = finding.exposure.as_ref().map(|exposure| exposure.replace('-', " "));
        let step = |step: &crate::document::PathStep| printable(&format!("{}: {}", step.via, step.ty));
        part.path = finding.path.iter().map(step).collect();
        part.through = through(document, finding);
        part.users = users(finding);
        part
    }

    /// What fits in a line.
    pub(super) fn line(finding: &Finding) -> Self {
        let subject = subject_title(&finding.subject);
        // The summary mostly names its subject.
        let headline = match finding.summary.contains(&subject) {
            true => finding.summary.clone(),
            false => format!("{subject}: {}", finding.summary),
        };
        let (class, label) = match &finding.suppressed {
            Some(_) => ("suppressed", format!("{}, suppressed", finding.level.word())),
            None => (finding.level.word(), finding.level.word().to_owned()),
        };
        FindingPart {
            id: finding.id.clone(),
            class,
            label,
            rule: finding.rule.clone(),
            suppressed: None,
            headline: printable(&headline),
            why: String::new(),
            sides: Vec::new(),
            details: Vec::new(),
            more_details: 0,
            exposure: None,
            path: Vec::new(),
            through: None,
            users: None,
            is_whole: false,
            is_open: false,
            link: None,
        }
    }
}

/// The evidence of both sides, fact by fact.
fn sides(finding: &Finding) -> Vec<RowPart> {
    let both = [&finding.reference, &finding.candidate];
    let section = |evidence: &Evidence| match (&evidence.section, evidence.offset) {
        (Some(section), Some(offset)) => format!("{section} + {offset:#x}"),
        (Some(section), None) => section.clone(),
        (None, _) => String::new(),
    };
    let facts: [(&str, [String; 2]); 4] = [
        ("what it is", both.map(|evidence| evidence.value.clone())),
        ("declared at", both.map(|evidence| evidence.declaration.clone().unwrap_or_default())),
        ("in the file", both.map(|evidence| evidence.artifact.display())),
        ("read from", both.map(section)),
    ];
    let known = facts.into_iter().filter(|(_, [old, new])| !old.is_empty() || !new.is_empty());
    let row = |(what, [old, new]): (&str, [String; 2])| RowPart {
        what: what.to_owned(),
        old: printable(if old.is_empty() { "–" } else { &old }),
        new: printable(if new.is_empty() { "–" } else { &new }),
    };
    known.map(row).collect()
}

fn through(document: &Document, finding: &Finding) -> Option<ListPart> {
    let symbols = document.symbol_set(finding.symbols);
    if symbols.is_empty() || matches!(finding.subject, crate::document::Subject::Symbol(_)) {
        return None;
    }
    let mut names: Vec<String> = symbols.iter().map(symbol_name).map(|name| printable(&name)).collect();
    names.dedup();
    Some(ListPart::new(count(symbols.len(), "exported symbol"), names))
}

fn users(finding: &Finding) -> Option<ListPart> {
    let users = finding.consumers.as_ref()?;
    if users.is_empty() {
        let nobody = "No consumer among the packages checked; third parties may still use it";
        return (finding.level > Level::Safe).then(|| ListPart::new(nobody.to_owned(), Vec::new()));
    }
    let names = users.iter().map(consumer_name).map(|name| printable(&name)).collect();
    Some(ListPart::new(format!("Used by {}", count(users.len(), "consumer")), names))
}

/// One gap.
pub(super) struct GapPart {
    pub(super) kind: String,
    pub(super) text: String,
}

/// The gaps of one place.
pub(super) fn gaps(gaps: &[&Gap]) -> Vec<GapPart> {
    let part = |gap: &&Gap| {
        let side = gap.side.map_or("both sides", SideName::word);
        let subject = gap.subject.display();
        let subject = if subject.is_empty() { String::new() } else { format!("{subject}: ") };
        GapPart { kind: gap.kind.clone(), text: printable(&format!("{side}: {subject}{}", gap.detail)) }
    };
    gaps.iter().map(part).collect()
}

/// An artifact or package with its findings.
pub(super) struct UnitPart {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) verdict: &'static str,
    /// How far the comparison went.
    pub(super) done: String,
    pub(super) findings: Vec<FindingPart>,
    pub(super) gaps: Vec<GapPart>,
}

impl UnitPart {
    /// A package, without findings yet.
    pub(super) fn package(package: &Package) -> Self {
        UnitPart {
            name: printable(&package_name(&package.nevra)),
            place: String::new(),
            verdict: package.verdict.word(),
            done: package_note(package),
            findings: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// An artifact, without findings yet.
    pub(super) fn artifact(artifact: &Artifact, package: &Package) -> Self {
        UnitPart {
            name: artifact.name.display(),
            place: printable(&artifact_place(artifact, package)),
            verdict: artifact.verdict.word(),
            done: artifact_note(artifact),
            findings: Vec::new(),
            gaps: Vec::new(),
        }
    }
}

/// How the two packages belong together, where that is not plain.
pub(super) fn package_note(package: &Package) -> String {
    let both = (&package.nevra.reference, &package.nevra.candidate);
    match (package.matched_by.as_deref(), both) {
        (Some("name" | "loose"), _) => String::new(),
        (Some(by), _) => format!("compared with another package, found by {}", by.replace('-', " ")),
        (None, (Some(_), None)) => "only on the reference".to_owned(),
        (None, (None, Some(_))) => "only on the candidate".to_owned(),
        (None, _) => String::new(),
    }
}

/// How far the comparison of an artifact went, and why not further.
pub(super) fn artifact_note(artifact: &Artifact) -> String {
    let done = words::compared(artifact.compared);
    match &artifact.types_note {
        Some(note) => printable(&format!("{done}: {note}")),
        None => done.to_owned(),
    }
}

/// `12 break, 3 review · 2 gaps`, of what there is.
pub(super) fn numbers(counts: &crate::document::Counts) -> String {
    let parts = [
        (counts.breaks, "break"),
        (counts.reviews, "review"),
        (counts.safe, "safe"),
        (counts.suppressed, "suppressed"),
        (counts.gaps, if counts.gaps == 1 { "gap" } else { "gaps" }),
    ];
    match parts.iter().any(|(count, _)| *count > 0) {
        true => words::join(&parts),
        false => String::new(),
    }
}

/// Numbers of what was and was not compared.
pub(super) struct CoveragePart {
    pub(super) title: &'static str,
    pub(super) rows: Vec<CoverageRow>,
}

/// One number.
pub(super) struct CoverageRow {
    pub(super) count: usize,
    pub(super) number: String,
    pub(super) what: String,
    pub(super) is_open: bool,
}

/// As in the text report.
pub(super) fn coverage(document: &Document) -> Vec<CoveragePart> {
    let row = |row: coverage::Row| CoverageRow {
        count: row.count,
        number: grouped(row.count),
        what: printable(&row.what),
        is_open: row.is_open,
    };
    let part = |section: coverage::Section| CoveragePart {
        title: section.title,
        rows: section.rows.into_iter().map(row).collect(),
    };
    coverage::sections(document).into_iter().map(part).collect()
}

/// What was read of a side.
pub(super) struct InputPart {
    pub(super) title: String,
    pub(super) rows: Vec<InputRow>,
    pub(super) more: usize,
}

/// One package of a side.
pub(super) struct InputRow {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) digest: String,
}

/// The packages of both sides, at most `limit` of each.
pub(super) fn inputs(document: &Document, limit: usize) -> Vec<InputPart> {
    let inputs = &document.inputs;
    let sides = [(SideName::Reference, &inputs.reference), (SideName::Candidate, &inputs.candidate)];
    let part = |(side, input): (SideName, &Input)| InputPart {
        title: printable(&format!("{}: {}", side.word(), count(input.packages.len(), "package"))),
        rows: input.packages.iter().take(limit).map(input_row).collect(),
        more: input.packages.len().saturating_sub(limit),
    };
    sides.into_iter().map(part).collect()
}

fn input_row(package: &crate::document::InputPackage) -> InputRow {
    InputRow {
        name: printable(&package.nevra.clone().unwrap_or_else(|| package.path.display())),
        role: match package.role {
            Role::Subject => "compared",
            Role::Debug => "debug information or sources",
            Role::Superseded => "left aside: a newer build is there",
        },
        digest: package.sha256.clone().unwrap_or_default(),
    }
}

/// Written exceptions that cover nothing.
pub(super) fn idle(document: &Document) -> Vec<String> {
    let line = |idle: &crate::document::IdleSuppression| {
        printable(&format!("{}:{}: {}", idle.file, idle.line, idle.message))
    };
    document.suppressions.iter().map(line).collect()
}

/// Whether a place has nothing to show.
pub(super) fn is_quiet(view: &View<'_>, place: crate::document::Place, verdict: Verdict) -> bool {
    verdict == Verdict::Compatible
        && view.findings(Some(place)).is_empty()
        && view.gaps(Some(place)).is_empty()
}
