//! Compares two text fixtures with rules, and says in one line a finding what came out.
#![allow(dead_code)]

use abide_engine::suppress::{Date, SuppressError, Suppressions};
use abide_engine::{CompareOptions, Comparison, compare, fixture};
use abide_model::Subject;

pub(crate) fn today() -> Date {
    Date::parse("2025-01-14").unwrap()
}

pub(crate) fn parse(name: &str, text: &str) -> Result<Suppressions, SuppressError> {
    Suppressions::parse(name, text.as_bytes(), today())
}

pub(crate) fn run(old: &str, new: &str, rules: &Suppressions) -> Comparison {
    let side =
        |path: &str, text: &str| fixture::artifact(path, text).unwrap_or_else(|e| panic!("{path}: {e}"));
    let options = CompareOptions {
        suppressions: Some(rules),
        packages: [Some("libtest"), Some("libtest")],
        ..CompareOptions::default()
    };
    compare(&side("/usr/lib64/libtest.so.1.0", old), &side("/usr/lib64/libtest.so.1.1", new), &options)
}

/// `struct S: record-size-changed member-added` for what stands, with ` (suppressed)` for what does not; and the
/// rules that matched nothing.
pub(crate) fn outcome(old: &str, new: &str, name: &str, text: &str) -> Vec<String> {
    let rules = parse(name, text).unwrap();
    let comparison = run(old, new, &rules);
    let mut out: Vec<String> = comparison
        .findings
        .iter()
        .map(|finding| {
            let subject = match &finding.subject {
                Subject::Symbol(name) => name.to_string(),
                Subject::Type(name) => name.clone(),
                Subject::Artifact => "artifact".to_string(),
                Subject::Package(name) | Subject::Capability(name) => name.clone(),
            };
            let mut items: Vec<&str> = finding.details.iter().map(|d| d.rule).collect();
            items.dedup();
            let suppressed = if finding.suppressed.is_some() { " (suppressed)" } else { "" };
            format!("{subject}: {}{suppressed}", items.join(" "))
        })
        .collect();
    out.sort();
    out.extend(rules.unused(&comparison.suppressions_used).iter().map(|n| format!("unused line {}", n.line)));
    out
}

/// With libabigail's form.
pub(crate) fn abignore(old: &str, new: &str, text: &str) -> Vec<String> {
    outcome(old, new, "test.abignore", text)
}
