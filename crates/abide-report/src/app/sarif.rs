//! The document as SARIF 2.1.0: a result for each file that a problem concerns, on each distribution.
//!
//! Gaps are notifications of the invocation: they are about what was looked at. Paths are relative to the program.

use std::collections::{BTreeMap, BTreeSet};

use abide_distro::rules;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::document::{AppDocument, AppNeed, AppProblem, AppResult};
use crate::document::printable;
use crate::sarif::{SCHEMA, encoded};

/// The log file, with a final newline.
pub fn sarif(document: &AppDocument) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(&log(document))? + "\n")
}

fn log(document: &AppDocument) -> Value {
    let problems = document.results.iter().flat_map(|result| &result.problems);
    let fired: BTreeSet<&str> = problems.map(|problem| problem.rule.as_str()).collect();
    let fired: BTreeMap<&str, usize> = fired.into_iter().zip(0..).collect();
    let results: Vec<Value> = document.results.iter().flat_map(|r| results(document, r, &fired)).collect();
    let kinds: BTreeSet<&str> =
        document.results.iter().flat_map(|r| &r.gaps).map(|gap| gap.kind.as_str()).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": document.tool.name,
                "version": document.tool.version,
                "semanticVersion": document.tool.version,
                "rules": fired.keys().map(|id| rule(id)).collect::<Vec<_>>(),
                "notifications": kinds.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": exit_code(&document.answer),
                "exitCodeDescription": document.answer,
                "toolExecutionNotifications": notifications(document, &kinds),
            }],
            "originalUriBaseIds": {"PROGRAM": {"description": {"text": "the program, as it was delivered"}}},
            "results": results,
        }],
    })
}

fn exit_code(answer: &str) -> u8 {
    match answer {
        "runs" => 0,
        "will-not-run" => 1,
        _ => 3,
    }
}

fn rule(id: &str) -> Value {
    let Some(rule) = rules::find(id) else { return json!({"id": id}) };
    json!({
        "id": id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": format!("{}\n\nWhen it does no harm: {}\n\nReference: {}", rule.why, rule.when_safe, rule.reference)},
        "defaultConfiguration": {"level": level(rule.level.id())},
    })
}

fn level(level: &str) -> &'static str {
    match level {
        "break" => "error",
        "review" => "warning",
        _ => "note",
    }
}

fn results(document: &AppDocument, result: &AppResult, fired: &BTreeMap<&str, usize>) -> Vec<Value> {
    let one = |problem: &AppProblem, need: &AppNeed| {
        let program = &document.programs[result.program].label;
        let distribution = &document.distributions[result.distribution];
        let symbols =
            if need.symbols.is_empty() { String::new() } else { format!(" ({})", need.symbols.join(", ")) };
        let first = problem.first_in.as_ref().map(|f| format!("; first in {f}")).unwrap_or_default();
        let text = format!(
            "{program} on {distribution}: {}{first}{symbols}. {}",
            problem.summary,
            problem.way_out.join("; ")
        );
        json!({
            "ruleId": problem.rule,
            "ruleIndex": fired.get(problem.rule.as_str()),
            "level": level(&problem.level),
            "message": {"text": printable(text.trim_end())},
            "locations": [{"physicalLocation": {"artifactLocation": {
                "uri": encoded(&need.file.to_bytes()), "uriBaseId": "PROGRAM"}}}],
            "partialFingerprints": {"abideFinding/v1": fingerprint(program, distribution, problem, need)},
            "properties": {
                "program": program,
                "distribution": distribution,
                "case": problem.case,
                "library": problem.library.as_ref().map(crate::document::Text::display),
                "version": problem.version,
                "firstIn": problem.first_in,
                "symbols": need.symbols,
                "wayOut": problem.way_out,
            },
        })
    };
    result
        .problems
        .iter()
        .flat_map(|p| p.needed_by.iter().map(move |need| (p, need)))
        .map(|(p, n)| one(p, n))
        .collect()
}

/// What names the problem, without anything that changes from build to build.
fn fingerprint(program: &str, distribution: &str, problem: &AppProblem, need: &AppNeed) -> String {
    let mut hash = Sha256::new();
    let library = problem.library.as_ref().map(crate::document::Text::to_bytes).unwrap_or_default();
    let file = need.file.to_bytes();
    let version = problem.version.as_deref().unwrap_or_default();
    for part in [
        problem.rule.as_bytes(),
        program.as_bytes(),
        distribution.as_bytes(),
        &library,
        version.as_bytes(),
        &file,
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn notifications(document: &AppDocument, kinds: &[&str]) -> Vec<Value> {
    let of = |result: &AppResult| {
        let (program, distribution) =
            (&document.programs[result.program].label, &document.distributions[result.distribution]);
        let one = |gap: &super::document::AppGap| {
            let text = format!("{program} on {distribution}: {}: {}", gap.subject.display(), gap.detail);
            let index = kinds.iter().position(|kind| *kind == gap.kind);
            json!({"descriptor": {"id": gap.kind, "index": index}, "level": "warning", "message": {"text": printable(&text)}})
        };
        result.gaps.iter().map(one).collect::<Vec<_>>()
    };
    document.results.iter().flat_map(of).collect()
}
