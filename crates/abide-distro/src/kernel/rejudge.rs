//! The engine's findings about a kernel's own files, judged by what modules meet.
//!
//! The engine takes every export for a promise and every type for one that programs see. For a kernel the exports and the
//! list tell what is promised, and a checksum that changed keeps a module from meeting the difference at all.

use abide_model::{Finding, Level};
use bstr::ByteSlice;

use super::causes::{Role, is_root};
use super::hidden::Disguise;
use super::promise::Standing;
use super::words::Words;
use crate::rules::{Draft, judge};

/// What becomes of one finding.
pub(super) fn rejudge(
    finding: Finding,
    role: Option<Role<'_>>,
    words: &Words<'_>,
    has_checksums: bool,
) -> Vec<Finding> {
    // The comparison of exports says it, and knows when a symbol only moved to a module.
    if matches!(finding.rule, "symbol-removed" | "symbol-added") {
        return Vec::new();
    }
    if finding.rule == "object-size-changed" && has_checksums {
        return vec![size(finding, words)];
    }
    match role {
        Some(role) if has_checksums => by_checksums(finding, &role, words),
        _ => vec![by_list(finding, words)],
    }
}

/// An object that grew: no module has a copy of it, as programs have of a library's.
fn size(finding: Finding, words: &Words<'_>) -> Finding {
    let changed = finding.symbols.iter().any(|s| words.changes.contains_key(s.name.as_bstr()));
    let (case, text) = match changed {
        true => ("covered", "its checksum changed"),
        false => ("extended", "its checksum is the same"),
    };
    let finding = replaced(finding, "kernel-hidden-change", Some(case), text, words);
    by_list(finding, words)
}

fn by_checksums(finding: Finding, role: &Role<'_>, words: &Words<'_>) -> Vec<Finding> {
    match (role.explains.is_empty(), role.changed, role.unchanged) {
        (false, ..) => words.explained(&finding, &role.explains, role.near_unchanged),
        // No symbol that reaches it has a checksum on both sides.
        (true, 0, 0) => vec![by_list(finding, words)],
        (true, changed, 0) => vec![covered(finding, changed, words)],
        // It stands and falls with the difference that it follows from.
        (true, changed, _) if changed > 0 && !is_root(&finding) => vec![covered(finding, changed, words)],
        (true, changed, unchanged) => vec![hidden(finding, changed, unchanged, words)],
    }
}

/// A difference that comes to light in checksums which others explain.
fn covered(finding: Finding, changed: usize, words: &Words<'_>) -> Finding {
    let text = match changed {
        1 => "the checksum of the exported symbol that reaches it changed".to_owned(),
        n => format!("the checksums of {n} exported symbols that reach it changed"),
    };
    replaced(finding, "kernel-hidden-change", Some("covered"), &text, words)
}

fn hidden(finding: Finding, changed: usize, unchanged: usize, words: &Words<'_>) -> Finding {
    let case = Disguise::of(&finding, words.rules).case(changed > 0);
    let text = match (changed, unchanged) {
        (0, 1) => "the checksum of the exported symbol that reaches it is the same".to_owned(),
        (0, n) => format!("the checksums of all {n} exported symbols that reach it are the same"),
        (_, 1) => "the checksum of 1 exported symbol that reaches it is the same".to_owned(),
        (_, n) => format!("the checksums of {n} of the exported symbols that reach it are the same"),
    };
    let finding = replaced(finding, "kernel-hidden-change", case, &text, words);
    by_list(finding, words)
}

/// The same difference under a rule of the kernel's.
fn replaced(
    finding: Finding,
    rule: &'static str,
    case: Option<&'static str>,
    text: &str,
    words: &Words<'_>,
) -> Finding {
    let draft = Draft {
        rule,
        case,
        subject: finding.subject.clone(),
        summary: format!("{}; {text}", finding.summary),
        old: finding.old.clone(),
        new: finding.new.clone(),
        details: finding.details.clone(),
    };
    let judged = judge(draft, words.policy);
    let mut details = judged.details;
    details.iter_mut().for_each(|d| d.level = d.level.min(judged.level));
    Finding {
        rule: judged.rule,
        level: judged.level,
        summary: judged.summary,
        why: judged.why,
        details,
        ..finding
    }
}

/// What only symbols outside the list reach was never promised; what only tolerated ones reach is tolerated.
fn by_list(finding: Finding, words: &Words<'_>) -> Finding {
    let standings =
        super::compare::Standings::new(words.old, words.new, words.policy.kernel_promise, words.severities);
    let of = |name: &bstr::BStr| standings.of(name, words.old.exports.get(name));
    let best = finding.symbols.iter().map(|s| of(s.name.as_bstr())).min();
    let (ceiling, text) = match best {
        Some(Standing::Outside) => (Level::Review, "No symbol on the list of what is promised reaches it."),
        Some(Standing::OtherRelease) => {
            (Level::Review, "The promise does not reach to the candidate's release.")
        }
        Some(Standing::Tolerated) => {
            (Level::Safe, "A list of tolerated changes covers all symbols that reach it.")
        }
        _ => return finding,
    };
    if finding.level <= ceiling {
        return finding;
    }
    let why = format!("{} {text}", finding.why);
    let mut details = finding.details;
    details.iter_mut().for_each(|d| d.level = d.level.min(ceiling));
    Finding { level: ceiling, why, details, ..finding }
}
