//! The end of the report: numbers for everything.

use super::TextOptions;
use super::page::{Mark, Page};
use crate::document::{Document, KernelCoverage, MetadataCoverage, Policy, SideName};
use crate::view::grouped;
use crate::words::join;

/// Column in which the numbers' text begins.
const COLUMN: usize = 13;

/// Counts everything, also what was not decided.
pub(super) fn numbers(page: &mut Page, document: &Document, options: &TextOptions) {
    page.gap();
    let title = page.mark(Mark::Heading, "Summary");
    page.paragraph(0, &title);
    page.field(2, COLUMN, "packages", &packages(document));
    page.field(2, COLUMN, "artifacts", &artifacts(document));
    page.field(2, COLUMN, "symbols", &symbols(document));
    page.field(2, COLUMN, "imports", &imports(document));
    if let Some(metadata) = &document.coverage.metadata {
        page.field(2, COLUMN, "requires", &requirements(metadata));
    }
    for kernel in &document.coverage.kernels {
        page.field(2, COLUMN, "kernel", &self::kernel(kernel));
    }
    page.field(2, COLUMN, "findings", &findings(document, options));
    page.field(2, COLUMN, "gaps", &grouped(document.counts.gaps));
    if let Some(policy) = &document.policy {
        page.field(2, COLUMN, "policy", &self::policy(document, policy));
    }
}

fn packages(document: &Document) -> String {
    let p = &document.coverage.packages;
    let text = join(&[
        (p.compared, "compared"),
        (p.removed, "removed"),
        (p.added, "added"),
        (p.superseded, "older builds left aside"),
    ]);
    let plural = |count: usize| if count == 1 { "package" } else { "packages" };
    match (p.debug_reference, p.debug_candidate) {
        (0, 0) => text,
        (old, new) => format!(
            "{text}; types from {old} debug {} of the {} and {new} of the {}",
            plural(old),
            SideName::Reference.word(),
            SideName::Candidate.word()
        ),
    }
}

fn artifacts(document: &Document) -> String {
    let a = &document.coverage.artifacts;
    join(&[
        (a.with_types, "compared with types"),
        (a.types_partly, "compared with some of their types"),
        (a.symbols_only, "by symbols only"),
        (a.no_exports, "with nothing exported that needs a type"),
        (a.identical, "identical"),
        (a.removed, "removed"),
        (a.added, "added"),
    ])
}

fn symbols(document: &Document) -> String {
    let s = &document.coverage.symbols;
    if s.reference + s.candidate == 0 {
        return "none".to_owned();
    }
    format!(
        "{} → {} exported; {} of {} that need a type have one on both sides",
        grouped(s.reference),
        grouped(s.candidate),
        grouped(s.typed),
        grouped(s.need_types)
    )
}

/// `6.1.0-47-amd64 → 6.1.0-55-amd64: 24,618 → 24,683 exports, 19 removed, 84 added; …`
fn kernel(kernel: &KernelCoverage) -> String {
    let noun = if kernel.is_list { "listed symbols" } else { "exports" };
    let mut text = String::new();
    if kernel.reference != kernel.candidate {
        text = format!("{} → {}: ", kernel.reference, kernel.candidate);
    }
    text += &format!("{} → {} {noun}", grouped(kernel.exports_reference), grouped(kernel.exports_candidate));
    for (count, what) in [(kernel.removed, "removed"), (kernel.added, "added")] {
        if count > 0 {
            text += &format!(", {} {what}", grouped(count));
        }
    }
    text += &match kernel.with_checksums {
        0 => "; no checksums on both sides".to_owned(),
        all => format!("; {} of {} checksums changed", grouped(kernel.changed), grouped(all)),
    };
    if kernel.explained > 0 {
        let causes = if kernel.causes == 1 { "difference" } else { "differences" };
        text += &format!(
            ", {} explained by {} {causes} of types",
            grouped(kernel.explained),
            grouped(kernel.causes)
        );
    }
    if kernel.hidden > 0 {
        let differences = if kernel.hidden == 1 { "difference" } else { "differences" };
        text += &format!("; {} {differences} of types that no checksum tells of", grouped(kernel.hidden));
    }
    match (kernel.listed, kernel.is_list) {
        (Some(listed), false) => {
            let broken = grouped(kernel.listed_broken);
            text + &format!("; of {} promised symbols {broken} are gone or changed", grouped(listed))
        }
        _ => text,
    }
}

fn imports(document: &Document) -> String {
    let i = &document.coverage.imports;
    join(&[
        (i.resolved, "found by the candidate's loader"),
        (i.lost, "lost"),
        (i.unresolved_on_both, "found on neither side"),
        (i.unknown, "from libraries that are not among the packages"),
    ])
}

/// `12,345 met, 2 met by nothing, 1 met by nothing on either side`
fn requirements(m: &MetadataCoverage) -> String {
    let open = m.requirements_broken + m.requirements_broken_on_both + m.requirements_undecided;
    join(&[
        (m.requirements.saturating_sub(open), "met by the candidate's packages"),
        (m.requirements_broken, "met by nothing"),
        (m.requirements_broken_on_both, "met by nothing on either side"),
        (m.requirements_undecided, "undecided"),
    ])
}

/// `rhel.toml: 2 packages at compatibility level 1, 5 without one`
fn policy(document: &Document, policy: &Policy) -> String {
    let at = |level: Option<u8>| document.packages.iter().filter(|p| p.compatibility_level == level).count();
    let texts: Vec<String> = (1..=4).map(|level| format!("at compatibility level {level}")).collect();
    let mut parts: Vec<(usize, &str)> =
        (1..=4).map(|level| at(Some(level))).zip(texts.iter().map(String::as_str)).collect();
    parts.push((at(None), "without one"));
    format!("{}: packages: {}", policy.file, join(&parts))
}

fn findings(document: &Document, options: &TextOptions) -> String {
    let c = &document.counts;
    let safe = if options.all { "safe" } else { "safe (listed with --all)" };
    join(&[(c.breaks, "break"), (c.reviews, "review"), (c.safe, safe), (c.suppressed, "suppressed")])
}
