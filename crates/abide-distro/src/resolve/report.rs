//! What is said of imports, versions and libraries that the candidate does not have.

use abide_model::{Detail, ElfKind, Evidence, Finding, Level, Subject, Symbol, VersionNeed};
use bstr::{BStr, BString};

use super::{Loaders, Lost};
use crate::check::{Context, display_name};
use crate::pairing::ArtifactRef;
use crate::rules::{Draft, find, judge};

/// Names in a summary, beyond which they are only counted.
const NAMED: usize = 3;

/// One finding for the libraries that are not there.
pub(super) fn missing_libraries(
    context: &Context<'_>,
    new: ArtifactRef,
    lost: &[(&BStr, ArtifactRef)],
) -> Option<Finding> {
    let facts = new.of(context.new);
    let names: Vec<String> = lost.iter().map(|(name, _)| name.to_string()).collect();
    let owner = |at: ArtifactRef| owner(at, context.old);
    let details = lost.iter().map(|(name, was)| (format!("needed library {name}"), owner(*was)));
    let summary = format!(
        "{} needs {}, which the candidate does not have",
        display_name(facts),
        list(&names, "library", "libraries")?
    );
    Some(finding(context, "needed-library-missing", None, new, summary, details.collect()))
}

/// One finding for the required versions that are not defined.
pub(super) fn missing_versions(
    context: &Context<'_>,
    loaders: &Loaders<'_>,
    new: ArtifactRef,
    missing: &[(&VersionNeed, ArtifactRef)],
) -> Option<Finding> {
    let facts = new.of(loaders.new.side);
    let names: Vec<String> =
        missing.iter().map(|(need, _)| format!("{} of {}", need.version, need.file)).collect();
    let details = missing.iter().map(|(need, at)| {
        let what = format!("required version of {}", need.file);
        (what, format!("{}, which {} does not define", need.version, owner(*at, loaders.new.side)))
    });
    let summary = format!(
        "{} requires {}, which the candidate's library does not define",
        display_name(facts),
        list(&names, "version", "versions")?
    );
    Some(finding(context, "required-version-missing", None, new, summary, details.collect()))
}

/// Findings for imports that nothing provides: those that no file has, and those that a file has which is not loaded.
pub(super) fn lost_imports(
    context: &Context<'_>,
    loaders: &Loaders<'_>,
    is_paired: bool,
    new: ArtifactRef,
    lost: &[Lost<'_>],
) -> Vec<Finding> {
    let facts = new.of(loaders.new.side);
    let is_program = facts.elf.kind == ElfKind::Executable;
    let case = |one: &Lost<'_>| match one.elsewhere {
        _ if !is_paired => Some("added"),
        Some(_) if !is_program => Some("elsewhere"),
        _ => None,
    };
    let mut findings = Vec::new();
    for wanted in [None, Some("elsewhere"), Some("added")] {
        let these: Vec<&Lost<'_>> = lost.iter().filter(|one| case(one) == wanted).collect();
        let names: Vec<String> = these.iter().map(|one| name(one.symbol)).collect();
        let Some(names) = list(&names, "symbol", "symbols") else { continue };
        let details = these.iter().map(|one| {
            let was = one.was.map(|at| format!("found in {}", owner(at, loaders.old.side)));
            let elsewhere = one.elsewhere.map(|at| format!("only {} has it", owner(at, loaders.new.side)));
            let text = [was, elsewhere].into_iter().flatten().collect::<Vec<_>>().join("; ");
            (
                format!("import {}", name(one.symbol)),
                if text.is_empty() { "not found".to_owned() } else { text },
            )
        });
        let rest = match wanted {
            Some("elsewhere") => "which no library that it needs provides",
            _ => "which nothing that is loaded with it provides",
        };
        let summary = format!("{} imports {names}, {rest}", display_name(facts));
        findings.push(finding(context, "import-unresolved", wanted, new, summary, details.collect()));
    }
    findings
}

/// `a`, `a and b`, `a, b, c and 5 more symbols`; none for nothing.
fn list(names: &[String], one: &str, many: &str) -> Option<String> {
    match names {
        [] => None,
        [name] => Some(name.clone()),
        [first @ .., last] if names.len() <= NAMED => Some(format!("{} and {last}", first.join(", "))),
        _ => {
            let more = names.len() - NAMED;
            Some(format!(
                "{} and {more} more {}",
                names[..NAMED].join(", "),
                if more == 1 { one } else { many }
            ))
        }
    }
}

fn name(symbol: &Symbol) -> String {
    match &symbol.version {
        Some(version) => format!("{}@{}", symbol.name, version.name),
        None => symbol.name.to_string(),
    }
}

/// A file and the package that ships it.
fn owner(at: ArtifactRef, side: &abide_model::Side) -> String {
    let path = &at.of(side).path;
    match &at.package_of(side).meta {
        Some(meta) => format!("{path} of {}", meta.nevra),
        None => path.to_string(),
    }
}

fn finding(
    context: &Context<'_>,
    rule: &'static str,
    case: Option<&'static str>,
    new: ArtifactRef,
    summary: String,
    details: Vec<(String, String)>,
) -> Finding {
    let (data, facts) = (find(rule), new.of(context.new));
    let level = match case {
        Some(case) => data.and_then(|rule| rule.cases.get(case)).map(|case| case.level),
        None => data.map(|rule| rule.level),
    };
    let level = level.unwrap_or(Level::Review);
    let evidence = |value: &str| Evidence {
        value: value.to_owned(),
        artifact: BString::clone(&facts.path),
        section: Some(".dynsym".to_owned()),
        offset: None,
        declaration: None,
    };
    let details =
        details.into_iter().map(|(what, old)| Detail { what, old: Some(old), new: None, rule, level });
    let draft = Draft {
        rule,
        case,
        subject: Subject::Artifact,
        summary,
        old: evidence("resolved"),
        new: evidence("not resolved"),
        details: details.collect(),
    };
    judge(draft, &context.policy([None, Some(new)]))
}
