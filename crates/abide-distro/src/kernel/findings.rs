//! The comparison of two kernels as findings: what changed, whether it was promised, and why.

use std::collections::{BTreeMap, BTreeSet};

use abide_engine::TypesCompared;
use abide_model::{Finding, Gap, GapKind, Side, Subject, SymbolName, Verdict};
use bstr::{BStr, ByteSlice};

use super::causes::{Causes, Near, explain, is_about_types};
use super::compare::{ExportChange, KernelDiff, SymbolChange, compare_kernels};
use super::interface::{Kernel, kernels};
use super::names::flavour;
use super::promise::Standing;
use super::rejudge::rejudge;
use super::result::KernelResult;
use super::words::Words;
use crate::check::{Context, sort_findings};
use crate::result::{ArtifactResult, Outcome, Place, SideGap, SideName, verdict_of_findings};

/// What came of comparing the kernels of two sides.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) kernels: Vec<KernelResult>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) gaps: Vec<SideGap>,
}

/// Pairs the kernels of both sides and compares them. Findings about the kernel's own files are judged anew: what an export is,
/// and whether a module meets a difference of types, is told by the kernel's interface.
pub(crate) fn judge_kernels(context: &Context<'_>, results: &mut [ArtifactResult]) -> Judged {
    let lists = &context.options.kernel.lists;
    let (old, new) = (kernels(context.old, lists), kernels(context.new, lists));
    let mut judged = Judged::default();
    for (a, b) in pairs(&old, &new) {
        if !a.exports.is_empty() || !b.exports.is_empty() {
            judge_pair(context, results, a, b, &mut judged);
        }
    }
    sort_findings(&mut judged.findings);
    judged
}

/// Kernels that belong together: of one line, or the only ones.
fn pairs<'k, 'a>(old: &'k [Kernel<'a>], new: &'k [Kernel<'a>]) -> Vec<(&'k Kernel<'a>, &'k Kernel<'a>)> {
    if let ([a], [b]) = (old, new) {
        return vec![(a, b)];
    }
    let key = |k: &Kernel<'_>| match (&k.release, &k.arch) {
        (Some(release), _) => flavour(release),
        (None, arch) => arch.clone().unwrap_or_default(),
    };
    // The newest of a line stands for it.
    let by_line = |all: &'k [Kernel<'a>]| -> BTreeMap<String, &'k Kernel<'a>> {
        let mut found: BTreeMap<String, &'k Kernel<'a>> = BTreeMap::new();
        for kernel in all {
            let known = found.entry(key(kernel)).or_insert(kernel);
            if release_order(kernel, known).is_gt() {
                *known = kernel;
            }
        }
        found
    };
    let (left, right) = (by_line(old), by_line(new));
    left.into_iter().filter_map(|(key, a)| Some((a, *right.get(&key)?))).collect()
}

fn release_order(a: &Kernel<'_>, b: &Kernel<'_>) -> std::cmp::Ordering {
    let text = |k: &Kernel<'_>| k.release.clone().unwrap_or_default();
    rpm_version::rpm_evr_compare(&text(a), &text(b))
}

fn judge_pair(
    context: &Context<'_>,
    results: &mut [ArtifactResult],
    old: &Kernel<'_>,
    new: &Kernel<'_>,
    judged: &mut Judged,
) {
    let policy = context.package_policy(None, None);
    let severities = context.options.kernel.lists.severities();
    let diff = compare_kernels(old, new, policy.kernel_promise, &severities);
    let changes: BTreeMap<&BStr, &SymbolChange<'_>> =
        diff.changes.iter().filter(|c| is_checksum(c)).map(|c| (c.name, c)).collect();
    let changed: BTreeSet<&BStr> = changes.keys().copied().collect();
    let unchanged: BTreeSet<&BStr> = diff.unchanged.iter().copied().collect();
    let mut own = own_results(results, old);
    merge_repeats(&mut own);
    let differences: Vec<&Finding> =
        own.iter().flat_map(|r| &r.findings).filter(|f| is_about_types(f)).collect();
    let near = near(&own, &differences);
    let causes = explain(&differences, &near, &changed, &unchanged);
    let rules = &context.options.kernel.lists.rules;
    let words = Words { old, new, policy: &policy, severities: &severities, rules, changes: &changes };
    judged.findings.extend(diff.changes.iter().filter(|c| !is_checksum(c)).map(|c| words.change(c)));
    let compared = typed(&own, context.old);
    let (known, unknown): (Vec<&BStr>, Vec<&BStr>) =
        causes.unexplained.iter().partition(|name| compared.contains(*name));
    judged.findings.extend(words.unexplained(&known, true));
    judged.findings.extend(words.unexplained(&unknown, false));
    let hidden = causes.roles.iter().filter(|r| r.changed == 0 && r.unchanged > 0).count();
    judged.kernels.push(numbers(old, new, &diff, &causes, hidden));
    judged.gaps.extend(gaps(old, new, &diff));
    if diff.matched == 0 {
        return;
    }
    let mut roles = causes.roles.into_iter();
    for result in &mut own {
        let findings = std::mem::take(&mut result.findings);
        for finding in findings {
            let role = if is_about_types(&finding) { roles.next() } else { None };
            result.findings.extend(rejudge(finding, role, &words, diff.with_checksums > 0));
        }
        sort_findings(&mut result.findings);
        result.verdict = verdict(result);
    }
}

/// One difference of a type is one finding for the kernel and all its modules, which share the headers that define it: that of
/// the first file, with the symbols of all.
fn merge_repeats(own: &mut [&mut ArtifactResult]) {
    type Key = (Subject, String, Option<String>);
    let mut firsts: BTreeMap<Key, (usize, usize)> = BTreeMap::new();
    let mut more: BTreeMap<(usize, usize), BTreeSet<SymbolName>> = BTreeMap::new();
    for (number, result) in own.iter_mut().enumerate() {
        let findings = std::mem::take(&mut result.findings);
        for finding in findings {
            let key = (finding.subject.clone(), finding.summary.clone(), finding.old.declaration.clone());
            match firsts.get(&key) {
                Some(first) if matches!(finding.subject, Subject::Type(_)) => {
                    more.entry(*first).or_default().extend(finding.symbols.iter().cloned());
                }
                _ => {
                    firsts.entry(key).or_insert((number, result.findings.len()));
                    result.findings.push(finding);
                }
            }
        }
    }
    for ((number, at), mut symbols) in more {
        let finding = &mut own[number].findings[at];
        symbols.extend(finding.symbols.iter().cloned());
        finding.symbols = symbols.into_iter().collect();
    }
}

/// The kernel's exports whose types were compared.
fn typed<'s>(own: &[&mut ArtifactResult], side: &'s Side) -> BTreeSet<&'s BStr> {
    let mut typed = BTreeSet::new();
    for result in own {
        let (Some(at), Outcome::Compared(comparison)) = (result.old, &result.outcome) else { continue };
        if !matches!(comparison.types, TypesCompared::Yes | TypesCompared::Partly { .. }) {
            continue;
        }
        let object = side.packages[at.package].artifacts[at.artifact].elf.kernel.as_ref();
        let names = object.into_iter().flat_map(|o| &o.exports).map(|e| e.name.as_bstr());
        typed.extend(
            names.filter(|n| comparison.untyped.binary_search_by(|s| s.name.as_bstr().cmp(n)).is_err()),
        );
    }
    typed
}

/// What the comparison of types says is nearest to each symbol.
fn near<'r>(own: &'r [&mut ArtifactResult], differences: &[&Finding]) -> Near<'r> {
    let mut by_subject: BTreeMap<&Subject, usize> = BTreeMap::new();
    for (at, finding) in differences.iter().enumerate() {
        by_subject.entry(&finding.subject).or_insert(at);
    }
    let mut near = Near::new();
    for result in own {
        let Outcome::Compared(comparison) = &result.outcome else { continue };
        for one in &comparison.nearest {
            let found = one.differences.iter().filter_map(|(s, steps)| Some((*by_subject.get(s)?, *steps)));
            let found: Vec<(usize, u32)> = found.collect();
            for symbol in one.symbols.iter().filter(|_| !found.is_empty()) {
                near.entry(symbol.name.as_bstr()).or_insert_with(|| found.clone());
            }
        }
    }
    near
}

/// The results about files of the kernel itself.
fn own_results<'r>(results: &'r mut [ArtifactResult], kernel: &Kernel<'_>) -> Vec<&'r mut ArtifactResult> {
    let own: BTreeSet<Place> = kernel
        .image
        .iter()
        .chain(&kernel.modules)
        .map(|at| Place { package: at.package, artifact: at.artifact })
        .collect();
    let is_own = |r: &&mut ArtifactResult| {
        r.old.is_some_and(|at| own.contains(&at)) && matches!(r.outcome, Outcome::Compared(_))
    };
    results.iter_mut().filter(is_own).collect()
}

/// A file's verdict after its findings were judged anew.
fn verdict(result: &ArtifactResult) -> Verdict {
    let evidence = match &result.outcome {
        Outcome::Compared(comparison) if !comparison.has_enough_evidence => Verdict::Undecided,
        _ => Verdict::Compatible,
    };
    evidence.max(verdict_of_findings(&result.findings))
}

fn is_checksum(change: &SymbolChange<'_>) -> bool {
    matches!(change.change, ExportChange::Checksum { .. })
}

fn numbers(
    old: &Kernel<'_>,
    new: &Kernel<'_>,
    diff: &KernelDiff<'_>,
    causes: &Causes<'_>,
    hidden: usize,
) -> KernelResult {
    let changed = diff.count(|c| matches!(c, ExportChange::Checksum { .. }));
    let is_broken = |c: &&SymbolChange<'_>| {
        matches!(c.standing, Standing::Promised | Standing::OtherRelease)
            && matches!(c.change, ExportChange::Removed | ExportChange::Checksum { .. })
    };
    KernelResult {
        old: old.name(),
        new: new.name(),
        is_list: old.is_list && new.is_list,
        exports_old: old.exports.len(),
        exports_new: new.exports.len(),
        matched: diff.matched,
        with_checksums: diff.with_checksums,
        changed,
        explained: changed - causes.unexplained.len(),
        causes: causes.roles.iter().filter(|r| !r.explains.is_empty()).count(),
        removed: diff.count(|c| *c == ExportChange::Removed),
        added: diff.count(|c| *c == ExportChange::Added),
        listed_old: old.listed.as_ref().map(BTreeSet::len),
        listed_new: new.listed.as_ref().map(BTreeSet::len),
        listed_broken: diff.changes.iter().filter(is_broken).count(),
        hidden,
    }
}

/// What could not be compared.
fn gaps(old: &Kernel<'_>, new: &Kernel<'_>, diff: &KernelDiff<'_>) -> Vec<SideGap> {
    let mut gaps = Vec::new();
    let mut add = |side, kernel: &Kernel<'_>, detail: String| {
        let gap = Gap { kind: GapKind::Unreadable, subject: kernel.name().into(), detail };
        gaps.push(SideGap { side: Some(side), gap });
    };
    for (side, kernel, other) in [(SideName::Reference, old, new), (SideName::Candidate, new, old)] {
        if kernel.exports.is_empty() {
            let detail =
                "its exports are not known: there is neither an image with them nor a Module.symvers";
            add(side, kernel, detail.to_owned());
        } else if !kernel.has_checksums() && other.has_checksums() {
            let detail = "the checksums of its exports are not known: they were not compared";
            add(side, kernel, detail.to_owned());
        } else if !kernel.is_complete && other.is_complete {
            let detail =
                "not all of its exports are known: which of the other side's it lacks was not looked at";
            add(side, kernel, detail.to_owned());
        }
    }
    if diff.unknown_modules > 0 {
        let (side, kernel) = match new.has_module_exports {
            true => (SideName::Reference, old),
            false => (SideName::Candidate, new),
        };
        let detail = format!(
            "the exports of its modules are not known: {} of the other side's were not compared; its Module.symvers \
             or its modules tell",
            diff.unknown_modules
        );
        add(side, kernel, detail);
    }
    gaps
}
