//! The findings document as SARIF 2.1.0, for code scanning services and editors.
//!
//! A finding is a `result`; `break`, `review` and `safe` are the levels `error`, `warning` and `note`. Suppressed
//! findings are results with a `suppression`. Gaps and exceptions that cover nothing are notifications of the
//! invocation: they are about what was looked at, not about what was found. Paths are relative to the two sides,
//! `REFERENCE` and `CANDIDATE`. Only rules that fired are described.

mod location;
mod mirror;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use abide_distro::rules::{self, Rule};
use serde_json::{Value, json};

use crate::document::{Document, Finding, Level, SideName, Verdict, printable};
use crate::view::{consumer_name, package_name, subject_title};
pub(crate) use location::encoded;
use mirror::{
    Configuration, Descriptor, DescriptorReference, Driver, Fingerprints, Help, Invocation, Log, Message,
    Notification, Run, SarifResult, Suppression, Tool,
};

pub(crate) const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes the log file.
pub fn write(document: &Document, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, &log(document))?;
    out.write_all(b"\n")?;
    out.flush()
}

fn log(document: &Document) -> Log<'_> {
    let fired: BTreeSet<&str> = document.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let fired: BTreeMap<&str, usize> = fired.into_iter().zip(0..).collect();
    let (notifications, kinds) = notifications(document);
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: &document.tool.name,
                version: &document.tool.version,
                semantic_version: &document.tool.version,
                rules: fired.keys().map(|id| rule(id)).collect(),
                notifications: kinds,
            },
        },
        invocations: [Invocation {
            execution_successful: true,
            exit_code: exit_code(document.verdict),
            exit_code_description: format!("{}: {}", document.verdict.word(), document.reason),
            tool_execution_notifications: notifications,
        }],
        original_uri_base_ids: bases(document),
        results: document.findings.iter().map(|finding| result(document, finding, &fired)).collect(),
        properties: json!({
            "verdict": document.verdict,
            "reason": document.reason,
            "counts": document.counts,
            "coverage": document.coverage,
        }),
    };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

/// Exit status of the check that the document is of.
fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Compatible => 0,
        Verdict::Incompatible => 1,
        Verdict::Undecided | Verdict::Review => 3,
    }
}

/// The roots of both sides: described, without a place on the reader's disk.
fn bases(document: &Document) -> Value {
    let inputs = &document.inputs;
    let sides = [(SideName::Reference, &inputs.reference), (SideName::Candidate, &inputs.candidate)];
    let of = |(side, input): (SideName, &crate::document::Input)| {
        let text = format!("the {}: {} {}", side.word(), input.kind, printable(&input.label));
        (location::base_id(side).to_owned(), json!({"description": {"text": text}}))
    };
    Value::Object(sides.into_iter().map(of).collect())
}

fn rule(id: &str) -> mirror::Rule {
    let Some(known) = rules::find(id) else {
        // A document of another version may name a rule that this one does not have.
        return mirror::Rule {
            id: id.to_owned(),
            name: pascal(id),
            short_description: Message::new(id),
            full_description: Message::new(id),
            help: Help { text: id.to_owned(), markdown: id.to_owned() },
            default_configuration: Configuration { level: "warning" },
        };
    };
    let level = match known.level {
        abide_model::Level::Break => Level::Break,
        abide_model::Level::Review => Level::Review,
        abide_model::Level::Safe => Level::Safe,
    };
    mirror::Rule {
        id: id.to_owned(),
        name: pascal(id),
        short_description: Message::new(&known.title),
        full_description: Message::new(&known.why),
        help: help(known),
        default_configuration: Configuration { level: self::level(level) },
    }
}

/// `symbol-removed` as `SymbolRemoved`, the form that the standard recommends for names.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        word.get(..1).unwrap_or_default().to_ascii_uppercase() + word.get(1..).unwrap_or_default()
    };
    id.split('-').map(word).collect()
}

fn help(rule: &Rule) -> Help {
    let mut text = vec![format!("{}: {}", rule.level.id(), rule.why)];
    let mut markdown = vec![format!("**{}**: {}", rule.level.id(), rule.why)];
    for (name, case) in &rule.cases {
        text.push(format!("{} ({name}): {}", case.level.id(), case.why));
        markdown.push(format!("**{}** ({name}): {}", case.level.id(), case.why));
    }
    for (title, body) in [("When it does no harm", &rule.when_safe), ("Reference", &rule.reference)] {
        text.push(format!("{title}: {body}"));
        markdown.push(format!("*{title}*: {body}"));
    }
    Help { text: text.join("\n\n"), markdown: markdown.join("\n\n") }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Break => "error",
        Level::Review => "warning",
        Level::Safe => "note",
    }
}

fn result<'a>(document: &Document, finding: &'a Finding, fired: &BTreeMap<&str, usize>) -> SarifResult<'a> {
    let suppression = |reason: &'a String| Suppression {
        kind: "external",
        status: "accepted",
        justification: reason.as_str(),
    };
    SarifResult {
        rule_id: &finding.rule,
        rule_index: fired[finding.rule.as_str()],
        kind: "fail",
        level: level(finding.level),
        message: Message::new(printable(&format!("{}. {}", finding.summary, finding.why))),
        locations: location::of_finding(document, finding),
        related_locations: location::declarations(finding),
        partial_fingerprints: Fingerprints { finding: &finding.id },
        suppressions: finding.suppressed.iter().map(suppression).collect(),
        properties: properties(document, finding),
    }
}

/// What SARIF has no member for.
fn properties(document: &Document, finding: &Finding) -> Value {
    let evidence = |evidence: &crate::document::Evidence| {
        json!({"value": evidence.value, "artifact": evidence.artifact.display(), "section": evidence.section,
               "offset": evidence.offset, "declaration": evidence.declaration})
    };
    let consumers = finding.consumers.as_ref().map(|all| all.iter().map(consumer_name).collect::<Vec<_>>());
    json!({
        "subject": subject_title(&finding.subject),
        "package": package_name(&finding.package),
        "reference": evidence(&finding.reference),
        "candidate": evidence(&finding.candidate),
        "exposure": finding.exposure,
        "path": finding.path.iter().map(|step| format!("{}: {}", step.via, step.ty)).collect::<Vec<_>>(),
        "details": finding.details,
        "symbols": document.symbol_set(finding.symbols).len(),
        "consumers": consumers,
    })
}

/// Gaps and idle exceptions, and the descriptors that they refer to.
fn notifications(document: &Document) -> (Vec<Notification>, Vec<Descriptor>) {
    let kinds: BTreeSet<String> = document
        .gaps
        .iter()
        .map(|gap| gap.kind.clone())
        .chain(document.suppressions.iter().map(|idle| idle_id(idle.state)))
        .collect();
    let kinds: Vec<String> = kinds.into_iter().collect();
    let descriptor = |id: &str| DescriptorReference {
        id: id.to_owned(),
        index: kinds.partition_point(|known| known.as_str() < id),
    };
    let gaps = document.gaps.iter().map(|gap| {
        let side = gap.side.map_or("both sides", SideName::word);
        let text = match gap.subject.display() {
            subject if subject.is_empty() => format!("{side}: {}", gap.detail),
            subject => format!("{side}: {subject}: {}", gap.detail),
        };
        Notification {
            descriptor: descriptor(&gap.kind),
            level: "warning",
            message: Message::new(printable(&text)),
            locations: location::of_gap(document, gap),
        }
    });
    let idle = document.suppressions.iter().map(|idle| Notification {
        descriptor: descriptor(&idle_id(idle.state)),
        level: "note",
        message: Message::new(printable(&format!("{}:{}: {}", idle.file, idle.line, idle.message))),
        locations: Vec::new(),
    });
    let notifications = gaps.chain(idle).collect();
    let describe = |id: &String| Descriptor {
        id: id.clone(),
        name: pascal(id),
        short_description: Message::new(id.replace('-', " ")),
    };
    let descriptors = kinds.iter().map(describe).collect();
    (notifications, descriptors)
}

fn idle_id(state: crate::document::IdleState) -> String {
    format!("suppression-{}", state.word())
}
