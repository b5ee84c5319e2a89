//! The lint document `abide.source-lint/1`, its JSON and its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use abide_source::lint::{Coverage, Finding, RULES, Rule};
use abide_source::package::Package;
use abide_source::provenance::{CLASSES, GRADES, PLACES};
use abide_source::verify::{LIKENESSES, Verification};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::printable;

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.source-lint/1";

/// Lines of a difference that the text shows; JSON has more of it.
const SHOWN_LINES: usize = 20;

/// Findings and coverage of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintDocument {
    /// [`SCHEMA_ID`].
    pub schema: String,
    /// The packages, in the order they were given.
    pub packages: Vec<LintPackage>,
    /// Folders that could not be read as packages: folder and reason.
    pub gaps: BTreeMap<String, String>,
    /// All of them together.
    pub coverage: LintCoverage,
    /// How many findings each rule has.
    pub findings: BTreeMap<String, usize>,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintPackage {
    /// Its folder, as given.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Epoch, version and release without the distribution's mark; from the changelog when macros hide them.
    pub version: String,
    /// Its patches, in the order of the spec.
    pub patches: Vec<LintPatch>,
    /// Its findings.
    pub findings: Vec<LintFinding>,
}

/// One patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintPatch {
    /// Its number.
    pub number: u32,
    /// Its file.
    pub file: String,
    /// Where it is listed: file and line, from 1.
    pub listed: String,
    /// How well its origin can be followed.
    pub grade: String,
    /// Whether `%prep` applies it, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub applied: Option<bool>,
    /// Where it comes from.
    pub evidence: Vec<LintEvidence>,
    /// How it stands to the commit it claims, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<LintVerification>,
}

/// How a patch stands to the commit it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintVerification {
    /// `same`, `context-drift`, `part`, `different`, `commit-not-found` or `no-commit-claimed`.
    pub likeness: String,
    /// Hashes of the commits that it was held against, otherwise of those that it claims.
    pub commits: Vec<String>,
    /// In words.
    pub detail: String,
    /// The difference between the two changes: `-` for the commit's lines, `+` for the patch's.
    pub difference: String,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintEvidence {
    /// Where it stands.
    pub place: String,
    /// What kind of place it points to.
    pub class: String,
    /// How well it can be followed.
    pub grade: String,
    /// The link or identifier.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintFinding {
    /// The rule's id.
    pub rule: String,
    /// The file it stands in.
    pub file: String,
    /// The line there, from 1; absent when it is about the file itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<usize>,
    /// The patch's file.
    pub patch: String,
    /// In words.
    pub message: String,
}

/// How many patches have which origins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LintCoverage {
    /// How many patches there are.
    pub patches: usize,
    /// By the best grade of each.
    pub grades: BTreeMap<String, usize>,
    /// By class; a patch may have several.
    pub classes: BTreeMap<String, usize>,
    /// By the place that says it; a patch may have several.
    pub places: BTreeMap<String, usize>,
    /// By how each stands to the commit it claims; empty when that was not asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub verifications: BTreeMap<String, usize>,
}

/// A package with its folder and findings.
pub struct Linted<'a> {
    /// Its folder, as given.
    pub folder: String,
    /// The package.
    pub package: &'a Package,
    /// Its findings.
    pub findings: Vec<Finding>,
    /// How its patches stand to the commits they claim, in their order; empty when that was not asked for.
    pub verifications: Vec<Verification>,
}

/// Makes the document.
pub fn document(packages: &[Linted<'_>], gaps: BTreeMap<String, String>) -> LintDocument {
    let mut coverage = Coverage::default();
    let mut findings: BTreeMap<String, usize> = BTreeMap::new();
    let mut verifications: BTreeMap<String, usize> = BTreeMap::new();
    for linted in packages {
        coverage.add(linted.package);
        for verification in &linted.verifications {
            *verifications.entry(verification.likeness.id().to_owned()).or_default() += 1;
        }
        for finding in &linted.findings {
            *findings.entry(finding.rule.id().to_owned()).or_default() += 1;
        }
    }
    LintDocument {
        schema: SCHEMA_ID.to_owned(),
        packages: packages.iter().map(package).collect(),
        gaps,
        coverage: LintCoverage {
            patches: coverage.patches,
            grades: coverage.grades.iter().map(|(grade, n)| (grade.id().to_owned(), *n)).collect(),
            classes: coverage.classes.iter().map(|(class, n)| (class.id().to_owned(), *n)).collect(),
            places: coverage.places.iter().map(|(place, n)| (place.id().to_owned(), *n)).collect(),
            verifications,
        },
        findings,
    }
}

fn package(linted: &Linted<'_>) -> LintPackage {
    let patches = linted.package.patches.iter().enumerate().map(|(index, listed)| LintPatch {
        number: listed.entry.number,
        file: listed.file.clone(),
        listed: format!("{}:{}", listed.listed_in, listed.entry.line + 1),
        grade: listed.grade().id().to_owned(),
        applied: listed.applied,
        evidence: listed
            .evidence
            .iter()
            .map(|e| LintEvidence {
                place: e.place.id().to_owned(),
                class: e.class.id().to_owned(),
                grade: e.grade.id().to_owned(),
                text: e.text.clone(),
            })
            .collect(),
        verification: linted.verifications.get(index).map(verification),
    });
    let findings = linted.findings.iter().map(|finding| LintFinding {
        rule: finding.rule.id().to_owned(),
        file: finding.file.clone(),
        line: (finding.line > 0).then_some(finding.line),
        patch: finding.patch.clone(),
        message: finding.message.clone(),
    });
    LintPackage {
        folder: linted.folder.clone(),
        name: linted.package.name.clone(),
        version: linted.package.version(),
        patches: patches.collect(),
        findings: findings.collect(),
    }
}

fn verification(verification: &Verification) -> LintVerification {
    LintVerification {
        likeness: verification.likeness.id().to_owned(),
        commits: verification.commits.clone(),
        detail: verification.detail.clone(),
        difference: verification.difference.clone(),
    }
}

/// The document as JSON, with a final newline.
pub fn json(document: &LintDocument) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

/// The JSON Schema (draft 2020-12) of the document.
pub fn schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(LintDocument)).unwrap_or_default() + "\n"
}

/// The document for people; `summary` leaves the single findings out.
pub fn text(document: &LintDocument, summary: bool) -> String {
    let mut text = String::new();
    if !summary {
        for package in document.packages.iter().filter(|package| !package.findings.is_empty()) {
            of_package(&mut text, package);
        }
    }
    for (folder, reason) in &document.gaps {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: not read: {}", printable(folder), printable(reason));
    }
    if !document.gaps.is_empty() {
        text.push('\n');
    }
    totals(&mut text, document);
    text
}

fn of_package(text: &mut String, package: &LintPackage) {
    let _ = writeln!(
        text,
        "{} {} ({})",
        printable(&package.name),
        printable(&package.version),
        printable(&package.folder)
    );
    for finding in &package.findings {
        let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
        let _ = writeln!(
            text,
            "  {}{line} {}: {}: {}",
            printable(&finding.file),
            finding.rule,
            printable(&finding.patch),
            printable(&finding.message)
        );
        if finding.rule == Rule::DiffersFromCommit.id() {
            difference(text, package, &finding.patch);
        }
    }
    text.push('\n');
}

/// The difference between a patch and the commit it claims, below its finding.
fn difference(text: &mut String, package: &LintPackage, patch: &str) {
    let verifications =
        package.patches.iter().filter(|p| p.file == patch).filter_map(|p| p.verification.as_ref());
    for line in verifications.flat_map(|verification| verification.difference.lines()).take(SHOWN_LINES) {
        let _ = writeln!(text, "      {}", printable(line));
    }
}

fn totals(text: &mut String, document: &LintDocument) {
    let coverage = &document.coverage;
    let (patches, packages) = (coverage.patches, document.packages.len());
    let _ = writeln!(
        text,
        "{patches} {} of {packages} {}",
        if patches == 1 { "patch" } else { "patches" },
        if packages == 1 { "package" } else { "packages" }
    );
    if coverage.patches == 0 {
        return;
    }
    let grades = GRADES.iter().map(|grade| grade.id());
    table(text, "Origin can be followed by", grades, &coverage.grades, Some(coverage.patches));
    table(
        text,
        "Kinds of origin",
        CLASSES.iter().map(|class| class.id()),
        &coverage.classes,
        Some(coverage.patches),
    );
    table(text, "Said in", PLACES.iter().map(|place| place.id()), &coverage.places, Some(coverage.patches));
    table(
        text,
        "Against the commit they claim",
        LIKENESSES.iter().map(|likeness| likeness.id()),
        &coverage.verifications,
        Some(coverage.patches),
    );
    table(text, "Findings", RULES.iter().map(|rule| rule.id()), &document.findings, None);
}

fn table<'a>(
    text: &mut String,
    title: &str,
    rows: impl Iterator<Item = &'a str>,
    counts: &BTreeMap<String, usize>,
    all: Option<usize>,
) {
    let rows: Vec<(&str, usize)> = rows.map(|row| (row, counts.get(row).copied().unwrap_or(0))).collect();
    let rows: Vec<_> = rows.into_iter().filter(|(_, count)| *count > 0).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for (row, count) in rows {
        match all {
            Some(all) => {
                let tenths = count * 1000 / all;
                let _ = writeln!(text, "  {row:<20}{count:>7}{:>5}.{} %", tenths / 10, tenths % 10);
            }
            None => {
                let _ = writeln!(text, "  {row:<20}{count:>7}");
            }
        }
    }
}
