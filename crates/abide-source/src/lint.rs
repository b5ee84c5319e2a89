//! What is wrong with a package's patches, and how well their origins can be followed.

use std::collections::BTreeMap;

use crate::modify::date::Date;
use crate::package::{KeptOut, Listed, Package};
use crate::patch::from_hash;
use crate::provenance::{Class, Grade, Place, best};
use crate::verify::{Likeness, Verification};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Nothing says where a patch comes from.
    NoProvenance,
    /// Only a hash of an unknown repository says it.
    WeakProvenance,
    /// The file is not there.
    MissingFile,
    /// The file is not there, since its name was taken for an archive's.
    MistakenArchive,
    /// The spec names the patch and does not apply it.
    NotApplied,
    /// Two patches have one number.
    DuplicateNumber,
    /// Two lines name one file.
    DuplicateFile,
    /// A file looks like a patch and the spec does not name it.
    UnusedFile,
    /// The file holds no difference.
    Empty,
    /// The day has passed on which it was to be looked at again.
    Expired,
    /// It is another change than that of the commit it claims to be.
    DiffersFromCommit,
}

/// All rules.
pub const RULES: &[Rule] = &[
    Rule::NoProvenance,
    Rule::WeakProvenance,
    Rule::MissingFile,
    Rule::MistakenArchive,
    Rule::NotApplied,
    Rule::DuplicateNumber,
    Rule::DuplicateFile,
    Rule::UnusedFile,
    Rule::Empty,
    Rule::Expired,
    Rule::DiffersFromCommit,
];

impl Rule {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Rule::NoProvenance => "no-provenance",
            Rule::WeakProvenance => "weak-provenance",
            Rule::MissingFile => "missing-file",
            Rule::MistakenArchive => "mistaken-archive",
            Rule::NotApplied => "not-applied",
            Rule::DuplicateNumber => "duplicate-number",
            Rule::DuplicateFile => "duplicate-file",
            Rule::UnusedFile => "unused-file",
            Rule::Empty => "empty-patch",
            Rule::Expired => "expired",
            Rule::DiffersFromCommit => "differs-from-commit",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file it stands in.
    pub file: String,
    /// The line there, from 1; 0 when it is about the file itself.
    pub line: usize,
    /// What it is about.
    pub rule: Rule,
    /// The patch's file.
    pub patch: String,
    /// In words.
    pub message: String,
}

/// The findings of a package, sorted. Without a day, nothing is past its day.
pub fn lint(package: &Package, today: Option<Date>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for listed in &package.patches {
        of_patch(listed, today, &mut findings);
    }
    duplicates(package, &mut findings);
    for path in &package.unused {
        findings.push(Finding {
            file: path.clone(),
            line: 0,
            rule: Rule::UnusedFile,
            patch: crate::files::name(path).to_owned(),
            message: "the spec does not name this patch".into(),
        });
    }
    findings.sort();
    findings
}

fn finding(listed: &Listed, rule: Rule, message: impl Into<String>) -> Finding {
    Finding {
        file: listed.listed_in.clone(),
        line: listed.entry.line + 1,
        rule,
        patch: listed.file.clone(),
        message: message.into(),
    }
}

fn of_patch(listed: &Listed, today: Option<Date>, findings: &mut Vec<Finding>) {
    match listed.grade() {
        Grade::None => {
            findings.push(finding(listed, Rule::NoProvenance, "nothing says where this patch comes from"))
        }
        Grade::Weak => {
            let message = weak(listed);
            findings.push(finding(listed, Rule::WeakProvenance, message));
        }
        Grade::Identifier | Grade::Link => {}
    }
    if listed.path.is_none() {
        let (rule, message) = missing(listed);
        findings.push(finding(listed, rule, message));
    } else if listed.patch.files.iter().all(|file| file.hunks.is_empty())
        && !listed.patch.other_formats
        && is_plain(listed)
    {
        findings.push(finding(listed, Rule::Empty, "the file holds no difference"));
    }
    if listed.applied == Some(false) {
        findings.push(finding(listed, Rule::NotApplied, "%prep does not apply this patch"));
    }
    if let (Some(today), Some(day)) = (today, expiry(listed))
        && day < today
    {
        findings.push(finding(
            listed,
            Rule::Expired,
            format!("this patch was to be looked at again by {day}"),
        ));
    }
}

/// What to say of a patch of which little is known.
fn weak(listed: &Listed) -> String {
    let Some(best) = best(&listed.evidence) else { return String::new() };
    let text = &best.text;
    match best.class {
        Class::BugTracker if !text.contains("://") => {
            format!("only the number {text}, which may be a bug's, says where this patch comes from")
        }
        _ if text.contains("://") => format!("only {text} says where this patch comes from"),
        _ => format!(
            "only the hash {text}, of a repository that is not named, says where this patch comes from"
        ),
    }
}

/// What to say of a patch whose file is not there.
fn missing(listed: &Listed) -> (Rule, String) {
    match &listed.kept_out {
        Some(KeptOut { by, line, pattern: Some(pattern) }) => (
            Rule::MistakenArchive,
            format!(
                "the file is not there: {by} (line {line}) has it for an archive, since its name fits {pattern}"
            ),
        ),
        Some(KeptOut { by, line, pattern: None }) => (
            Rule::MissingFile,
            format!("the file is not there; {by} (line {line}) says that it is kept elsewhere"),
        ),
        None if listed.entry.value.contains("://") => {
            (Rule::MissingFile, "the file is not there; its link is a place to get it".into())
        }
        None => (Rule::MissingFile, "the file is not there".into()),
    }
}

/// The finding that comes of holding a patch against the commit it claims, when it is another change.
pub fn of_verification(listed: &Listed, verification: &Verification) -> Option<Finding> {
    if verification.likeness != Likeness::Different {
        return None;
    }
    let commits: Vec<&str> = verification.commits.iter().map(|id| id.get(..12).unwrap_or(id)).collect();
    let message = format!("it is not the change of commit {}: {}", commits.join(", "), verification.detail);
    Some(finding(listed, Rule::DiffersFromCommit, message))
}

/// Whether the file is a patch as such: not compressed, and without renames and mode changes, which have no lines.
fn is_plain(listed: &Listed) -> bool {
    let packed = [".gz", ".xz", ".bz2", ".zst"].iter().any(|end| listed.file.ends_with(end));
    let has_mail = listed.patch.header.iter().any(|line| from_hash(line).is_some());
    !packed && !has_mail
}

/// The day in the comment above a patch.
pub fn expiry(listed: &Listed) -> Option<Date> {
    listed.comment.iter().find_map(|line| Date::parse(line.strip_prefix("Expires:")?.trim()))
}

fn duplicates(package: &Package, findings: &mut Vec<Finding>) {
    let mut numbers: BTreeMap<u32, &Listed> = BTreeMap::new();
    let mut names: BTreeMap<&str, &Listed> = BTreeMap::new();
    for listed in &package.patches {
        let first = *numbers.entry(listed.entry.number).or_insert(listed);
        let at = |other: &Listed| format!("line {}", other.entry.line + 1);
        // Branches of a condition may give one number to different patches.
        let apart = under_conditions(package, first) != under_conditions(package, listed);
        if first.entry.line != listed.entry.line && !listed.entry.listed && !apart {
            let message = format!("number {} is {} too ({})", listed.entry.number, first.file, at(first));
            findings.push(finding(listed, Rule::DuplicateNumber, message));
        }
        let first = *names.entry(&listed.file).or_insert(listed);
        if first.entry.line != listed.entry.line
            && under_conditions(package, first) == under_conditions(package, listed)
        {
            findings.push(finding(
                listed,
                Rule::DuplicateFile,
                format!("this file is named before ({})", at(first)),
            ));
        }
    }
}

/// The lines of the conditions that a patch stands under.
fn under_conditions(package: &Package, listed: &Listed) -> Vec<usize> {
    use crate::spec::{Condition, condition};
    let mut open = Vec::new();
    if listed.listed_in != package.spec_path {
        return open;
    }
    for (index, line) in package.spec.lines()[..listed.entry.line].iter().enumerate() {
        match condition(line) {
            Some(Condition::Open) => open.push(index),
            Some(Condition::Else) => {
                open.pop();
                open.push(index);
            }
            Some(Condition::Close) => {
                open.pop();
            }
            None => {}
        }
    }
    open
}

/// How many patches have which origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many there are.
    pub patches: usize,
    /// By the best grade of each.
    pub grades: BTreeMap<Grade, usize>,
    /// By the classes of each; one patch may have several.
    pub classes: BTreeMap<Class, usize>,
    /// By the places that say something of each; one patch may have several.
    pub places: BTreeMap<Place, usize>,
}

impl Coverage {
    /// Counts a package's patches in.
    pub fn add(&mut self, package: &Package) {
        for listed in &package.patches {
            self.patches += 1;
            *self.grades.entry(listed.grade()).or_default() += 1;
            let classes: std::collections::BTreeSet<Class> =
                listed.evidence.iter().map(|e| e.class).collect();
            classes.into_iter().for_each(|class| *self.classes.entry(class).or_default() += 1);
            let places: std::collections::BTreeSet<Place> = listed.evidence.iter().map(|e| e.place).collect();
            places.into_iter().for_each(|place| *self.places.entry(place).or_default() += 1);
        }
    }
}
