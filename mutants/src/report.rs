//! The table of a campaign, in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use abide_model::Verdict;

use crate::campaign::{Agreement, Mutant};

/// Counts of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    mutants: usize,
    unbuildable: usize,
    broke: usize,
    incompatible: usize,
    review: usize,
    compatible: usize,
    broke_review: usize,
    no_evidence: usize,
    neutral_review: usize,
    not_neutral: usize,
    false_alarm: usize,
    false_compatible: usize,
    failed: usize,
}

impl Row {
    fn add(&mut self, m: &Mutant) {
        self.mutants += 1;
        let Some(broke) = m.broke else {
            self.unbuildable += 1;
            return;
        };
        self.broke += usize::from(broke);
        match m.headers {
            Some(Verdict::Incompatible) => self.incompatible += 1,
            Some(Verdict::Review | Verdict::Undecided) => self.review += 1,
            Some(Verdict::Compatible) => self.compatible += 1,
            None => {}
        }
        match m.agreement {
            Agreement::Fine => {}
            Agreement::BrokeReview => self.broke_review += 1,
            Agreement::NoEvidence => self.no_evidence += 1,
            Agreement::NeutralReview => self.neutral_review += 1,
            Agreement::NotNeutral => self.not_neutral += 1,
            Agreement::FalseAlarm => self.false_alarm += 1,
            Agreement::FalseCompatible => self.false_compatible += 1,
            Agreement::Failed => self.failed += 1,
        }
    }

    fn cells(&self) -> String {
        [
            self.mutants,
            self.unbuildable,
            self.broke,
            self.incompatible,
            self.review,
            self.compatible,
            self.broke_review,
            self.no_evidence,
            self.neutral_review,
            self.not_neutral,
            self.false_alarm,
            self.false_compatible,
            self.failed,
        ]
        .iter()
        .map(|n| format!(" {n} |"))
        .collect()
    }
}

/// One row a kind, then the totals, then every disagreement.
pub fn table(mutants: &[Mutant]) -> String {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut total = Row::default();
    for mutant in mutants {
        let kind = if mutant.kind.contains('+') { "(two mutations)" } else { mutant.kind.as_str() };
        rows.entry(kind).or_default().add(mutant);
        total.add(mutant);
    }
    let mut out = String::from(
        "| kind | mutants | not built | really broke | incompatible | review | compatible | broke, review | broke, unseen | neutral, \
         review | not neutral | FALSE ALARM | FALSE COMPATIBLE | FAILED |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (kind, row) in &rows {
        let _ = writeln!(out, "| {kind} |{}", row.cells());
    }
    let _ = writeln!(out, "| **total ({} kinds)** |{}", rows.len(), total.cells());
    for m in mutants.iter().filter(|m| m.agreement >= Agreement::NeutralReview || m.broke.is_none()) {
        let what = if m.broke.is_none() { "not built".to_string() } else { format!("{:?}", m.agreement) };
        let _ = writeln!(out, "\n{what}: mutant {} {}\n{}", m.number, m.kind, first_lines(&m.text));
    }
    out
}

fn first_lines(text: &str) -> String {
    text.lines().take(6).map(|line| format!("    {line}\n")).collect()
}
