//! One finding as a block: what changed, where it was declared, how it is reached, why it matters, who uses it.

use std::collections::{BTreeMap, BTreeSet};

use super::page::{Mark, Page};
use super::{Room, TextOptions, levels};
use crate::document::{Counts, Detail, Document, Finding, Level, Subject};
use crate::view::{consumer_name, count, evidence_text, subject_title, summary_under, symbol_name};

/// Column in which a field's text begins.
const COLUMN: usize = 16;
/// How many names a list shows unless the reader wants all.
const FEW: usize = 3;
/// How many items of a difference are shown unless the reader wants all.
const MANY_DETAILS: usize = 10;
/// How many steps of a path are shown unless the reader wants all.
const LONG_PATH: usize = 7;

/// The findings of one package or artifact.
pub(super) struct Findings<'a> {
    page: &'a mut Page,
    document: &'a Document,
    options: &'a TextOptions,
    /// Reasons that were given already: a library that lost 50 symbols says why once.
    given: BTreeSet<String>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(page: &'a mut Page, document: &'a Document, options: &'a TextOptions) -> Self {
        Findings { page, document, options, given: BTreeSet::new() }
    }

    /// Writes them grouped by subject, the worst group first, as far as there is room.
    pub(super) fn write(mut self, findings: &[&Finding], room: &mut Room) {
        let mut groups: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            groups.entry(subject_title(&finding.subject)).or_default().push(finding);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        // Stable: names stay sorted within a level.
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.iter().map(|f| f.level).max()));
        let mut left_out = Counts::default();
        for (name, mut group) in groups {
            group.sort_by_key(|finding| std::cmp::Reverse(finding.level));
            if group.first().is_some_and(|worst| room.has(worst.level)) {
                let title = self.page.mark(Mark::Heading, &name);
                self.page.wrapped("  ", 6, &title);
            }
            for finding in group {
                match room.take(finding.level) {
                    (true, detailed) => self.block(&name, finding, detailed),
                    _ => left_out.add(finding),
                }
            }
        }
        if left_out != Counts::default() {
            self.page.paragraph(2, &format!("… and {} more (-v lists all)", levels(&left_out)));
        }
    }

    fn block(&mut self, name: &str, finding: &Finding, detailed: bool) {
        let page = &mut *self.page;
        let level = page.mark(Mark::Level(finding.level), finding.level.word());
        let rule = page.mark(Mark::Dim, &format!("[{}]", finding.rule));
        // The heading has said what it is about.
        let summary = page.mark(Mark::Plain, summary_under(finding, name));
        let suppressed = if finding.suppressed.is_some() { ", suppressed" } else { "" };
        page.wrapped("    ", 6, &format!("{level}{suppressed}: {summary} {rule}"));
        if !detailed {
            return;
        }
        for (label, text) in self.fields(finding) {
            let text = self.page.mark(Mark::Plain, &text);
            self.page.field(6, COLUMN, label, &text);
        }
    }

    /// What there is to say besides the summary.
    fn fields(&mut self, finding: &Finding) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        fields.extend(finding.suppressed.clone().map(|reason| ("reason", reason)));
        fields.extend(details(finding, self.options));
        fields.extend(evidence_text(&finding.reference).map(|text| ("old", text)));
        fields.extend(evidence_text(&finding.candidate).map(|text| ("new", text)));
        fields.extend(path(finding, self.options).map(|text| ("reached", text)));
        fields.extend(symbols(self.document, finding, self.options).map(|text| ("through", text)));
        if self.options.verbose || self.given.insert(finding.why.clone()) {
            fields.push(("why", finding.why.clone()));
        }
        fields.extend(consumers(finding, self.options).map(|text| ("used by", text)));
        fields.extend(self.options.verbose.then(|| ("id", finding.id.clone())));
        fields
    }
}

/// The difference item by item; a single item is what the summary says.
fn details(finding: &Finding, options: &TextOptions) -> Vec<(&'static str, String)> {
    if finding.details.len() < 2 {
        return Vec::new();
    }
    let line = |detail: &Detail| match (&detail.old, &detail.new) {
        (Some(old), Some(new)) => format!("{}: {old} → {new}", detail.what),
        (Some(old), None) => format!("{}: {old} → absent", detail.what),
        (None, Some(new)) => format!("{}: absent → {new}", detail.what),
        (None, None) => detail.what.clone(),
    };
    let mut lines: Vec<String> = finding.details.iter().map(line).collect();
    if !options.verbose && lines.len() > MANY_DETAILS {
        let more = lines.len() - MANY_DETAILS + 1;
        lines.truncate(MANY_DETAILS - 1);
        lines.push(format!("… and {more} more (-v lists all)"));
    }
    std::iter::once("changed").chain(std::iter::repeat("")).zip(lines).collect()
}

/// `zfs_open → return value: struct zfs_handle * → points to: struct zfs_handle`.
fn path(finding: &Finding, options: &TextOptions) -> Option<String> {
    let mut steps: Vec<String> =
        finding.path.iter().map(|step| format!("{}: {}", step.via, step.ty)).collect();
    if !options.verbose && steps.len() > LONG_PATH {
        let left_out = steps.len() - LONG_PATH + 1;
        steps.splice(
            LONG_PATH / 2..LONG_PATH / 2 + left_out,
            [format!("{left_out} more steps (-v lists all)")],
        );
    }
    (!steps.is_empty()).then(|| steps.join(" → "))
}

/// The symbols that reach the subject, when they are not the subject.
fn symbols(document: &Document, finding: &Finding, options: &TextOptions) -> Option<String> {
    let symbols = document.symbol_set(finding.symbols);
    if matches!(finding.subject, Subject::Symbol(_)) || symbols.is_empty() {
        return None;
    }
    let names: Vec<String> = symbols.iter().map(symbol_name).collect();
    Some(format!("{}: {}", count(names.len(), "exported symbol"), few(&names, options)))
}

/// Who imports it, and on which side they were seen.
fn consumers(finding: &Finding, options: &TextOptions) -> Option<String> {
    let found = finding.consumers.as_ref()?;
    if found.is_empty() {
        let nobody = "no consumer among the packages checked; third parties may still use it";
        return (finding.level == Level::Break).then(|| nobody.to_owned());
    }
    let names: Vec<String> = found.iter().map(consumer_name).collect();
    Some(format!("{}: {}", names.len(), few(&names, options)))
}

/// The first few names; how many there are is said before.
fn few(names: &[String], options: &TextOptions) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    // One source name stands for several symbols (a constructor's two forms).
    names.dedup();
    // Two more names take no more room than saying that there are more.
    if options.verbose || names.len() <= FEW + 2 {
        return names.join(", ");
    }
    format!("{}, … (-v lists all)", names[..FEW].join(", "))
}
