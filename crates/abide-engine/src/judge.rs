//! Changes of one subject → one finding: judges each change, takes the worst for the whole, finds the words.

use std::sync::Arc;

use abide_model::{Detail, Evidence, Exposure, Finding, Level, PathStep, Subject, SymbolName};

use crate::change::Change;
use crate::policy::Policy;
use crate::rules::{self, Judged, Situation};

/// Clauses that a summary spells out before it counts the rest.
const CLAUSES: usize = 2;

/// A finding before it is judged.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) subject: Subject,
    /// What the summary begins with, when the clauses do not name the subject.
    pub(crate) headline: Option<String>,
    /// Not empty; in the order of the details.
    pub(crate) changes: Vec<Change>,
    pub(crate) old: Evidence,
    pub(crate) new: Evidence,
    /// How consumers are exposed to the subject; symbols are used as they are.
    pub(crate) exposure: Option<Exposure>,
    /// Whether the subject is a type that is itself passed or returned by value.
    pub(crate) is_passed: bool,
    pub(crate) path: Vec<PathStep>,
    pub(crate) symbols: Arc<[SymbolName]>,
}

impl Draft {
    /// Judges every change and makes the finding.
    ///
    /// # Panics
    /// When there is no change.
    pub(crate) fn judge(self, policy: &Policy) -> Finding {
        let judged: Vec<Judged> = self
            .changes
            .iter()
            .map(|change| {
                let exposure = self.exposure.map(|e| change.reach.exposure(e));
                rules::judge(&change.fact, Situation { exposure, is_passed: self.is_passed }, policy)
            })
            .collect();
        // The first of the worst speaks for the finding.
        let level = judged.iter().map(|j| j.level).max().expect("a draft has changes");
        let worst = judged.iter().find(|j| j.level == level).expect("the maximum is among them");
        let summary = summary(self.headline.as_deref(), &self.changes, &judged, level);
        let details =
            self.changes.iter().zip(&judged).map(|(change, judged)| detail(change, judged)).collect();
        let is_type = matches!(self.subject, Subject::Type(_));
        Finding {
            rule: worst.rule.id,
            level,
            subject: self.subject,
            summary,
            why: policy.explain(worst.why, worst.own, level),
            old: self.old,
            new: self.new,
            details,
            exposure: self.exposure.filter(|_| is_type),
            path: self.path,
            symbols: self.symbols,
            consumers: Vec::new(),
            suppressed: None,
        }
    }
}

fn detail(change: &Change, judged: &Judged) -> Detail {
    let what = match &change.because {
        Some(_) => format!("{} (a consequence)", change.what),
        None => change.what.clone(),
    };
    Detail {
        what,
        old: change.old.clone(),
        new: change.new.clone(),
        rule: judged.rule.id,
        level: judged.level,
    }
}

/// The worst changes in words, then how many more there are.
fn summary(headline: Option<&str>, changes: &[Change], judged: &[Judged], level: Level) -> String {
    let worst: Vec<&Change> =
        changes.iter().zip(judged).filter(|(_, j)| j.level == level).map(|(c, _)| c).collect();
    let mut text = headline.map_or(String::new(), |h| format!("{h}: "));
    let shown = &worst[..worst.len().min(CLAUSES)];
    for (at, change) in shown.iter().enumerate() {
        text += if at == 0 { "" } else { "; " };
        text += &change.clause;
        // One reason for several clauses comes after the last of them.
        let next = shown.get(at + 1).and_then(|c| c.because.as_ref());
        if let Some(because) = change.because.as_ref().filter(|b| Some(*b) != next) {
            text += &format!(", because {because}");
        }
    }
    match changes.len() - shown.len() {
        0 => text,
        1 => text + "; and 1 more change",
        more => text + &format!("; and {more} more changes"),
    }
}

/// Worst first, then by subject and words: nothing depends on the order in which changes were found.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (std::cmp::Reverse(f.level), f.exposure.map(std::cmp::Reverse));
        key(a)
            .cmp(&key(b))
            .then_with(|| a.subject.cmp(&b.subject))
            .then_with(|| a.rule.cmp(b.rule))
            .then_with(|| a.summary.cmp(&b.summary))
            .then_with(|| a.details.cmp(&b.details))
            .then_with(|| a.old.cmp(&b.old))
            .then_with(|| a.new.cmp(&b.new))
    });
}
