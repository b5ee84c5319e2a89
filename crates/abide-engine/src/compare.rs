//! The comparison of two artifacts, step by step.

use std::collections::BTreeSet;
use std::sync::Arc;

use abide_model::{ArtifactFacts, ElfKind, Evidence, Finding, Gap, GapKind, Level, Subject, Symbol, Verdict};

use crate::artifact;
use crate::change::{Change, Fact};
use crate::comparison::{Comparison, Coverage, TypesCompared};
use crate::judge::{self, Draft};
use crate::options::CompareOptions;
use crate::policy::Policy;
use crate::suppress::{Judge, Pair};
use crate::symbols::{self, Matching, SymbolChanges, symbol_name};
use crate::types::{self, TypesResult};

/// Compares two artifacts.
///
/// `old` is the reference, whose interface is the promise; `new` the candidate. Identical bytes compare as
/// compatible without a further look.
pub fn compare(old: &ArtifactFacts, new: &ArtifactFacts, options: &CompareOptions<'_>) -> Comparison {
    let mut gaps: Vec<Gap> = old.gaps.iter().chain(&new.gaps).cloned().collect();
    if old.is_copy_of(new) {
        let exports = old.elf.exports().count();
        let coverage =
            Coverage { exports_old: exports, exports_new: exports, matched: exports, ..Coverage::default() };
        tidy(&mut gaps);
        return Comparison {
            findings: Vec::new(),
            types: TypesCompared::Identical,
            coverage,
            nearest: Vec::new(),
            untyped: Vec::new(),
            has_enough_evidence: true,
            verdict: Verdict::Compatible,
            gaps,
            suppressions_used: BTreeSet::new(),
        };
    }
    let matching = symbols::match_exports(&old.elf, &new.elf);
    let pair = Pair { old: Some(old), new: Some(new), packages: options.packages };
    let policy = options.policy.of_pair(options.packages, [Some(old), Some(new)]);
    let judge = Judge::new(&policy, options.suppressions.map(|s| s.active(pair)));
    let mut findings = artifact_findings(old, new, &judge);
    findings.extend(matching.changed.iter().flat_map(|c| symbol_findings(old, new, c, &judge)));
    let mut coverage = coverage(old, new, &matching);
    let types = if artifact::same_architecture(&old.elf, &new.elf) {
        types::compare(old, new, &matching, options, &judge, &mut coverage)
    } else {
        let why = "the architectures differ, and so does the size of everything".to_string();
        TypesResult::without_findings(TypesCompared::No { why })
    };
    findings.extend(types.findings);
    gaps.extend(types.gaps);
    let compared = types.compared;
    judge::sort(&mut findings);
    tidy(&mut gaps);
    let has_enough_evidence = enough_evidence(&compared, &coverage, &gaps, &policy);
    let verdict = verdict(&findings, has_enough_evidence);
    Comparison {
        findings,
        types: compared,
        coverage,
        nearest: types.nearest,
        untyped: types.untyped,
        has_enough_evidence,
        verdict,
        gaps,
        suppressions_used: judge.used(),
    }
}

fn tidy(gaps: &mut Vec<Gap>) {
    gaps.sort();
    gaps.dedup();
}

/// Artifact-level changes: one finding each, for each is a matter of its own.
fn artifact_findings(old: &ArtifactFacts, new: &ArtifactFacts, judge: &Judge<'_>) -> Vec<Finding> {
    let findings = |change: Change| {
        let section = section(&change.fact);
        let evidence = |facts: &ArtifactFacts, value: &Option<String>| Evidence {
            value: value.clone().unwrap_or_else(|| "absent".to_string()),
            artifact: facts.path.clone(),
            section: Some(section.to_string()),
            offset: None,
            declaration: None,
        };
        judge.artifact(Draft {
            subject: Subject::Artifact,
            headline: None,
            old: evidence(old, &change.old),
            new: evidence(new, &change.new),
            changes: vec![change],
            exposure: None,
            is_passed: false,
            path: Vec::new(),
            symbols: Arc::from([]),
        })
    };
    artifact::changes(&old.elf, &new.elf).into_iter().flat_map(findings).collect()
}

/// Where the fact was read.
fn section(fact: &Fact) -> &'static str {
    match fact {
        Fact::Architecture
        | Fact::ElfFlags { .. }
        | Fact::OsAbi { .. }
        | Fact::Pie { .. }
        | Fact::ArtifactKind { .. } => "ELF header",
        Fact::Interpreter => ".interp",
        Fact::ExecutableStack { .. } | Fact::Relro { .. } => "program headers",
        Fact::StackProtector { .. } | Fact::Fortify { .. } => ".dynsym",
        Fact::BranchProtection { .. } | Fact::IsaBaseline { .. } => ".note.gnu.property",
        Fact::RequiredVersion { .. } => ".gnu.version_r",
        Fact::VersionDefinition(_) | Fact::VersionDefinitionAdded => ".gnu.version_d",
        _ => ".dynamic",
    }
}

fn symbol_findings(
    old: &ArtifactFacts,
    new: &ArtifactFacts,
    change: &SymbolChanges,
    judge: &Judge<'_>,
) -> Vec<Finding> {
    let a = change.old.map(|i| &old.elf.symbols[i]);
    let b = change.new.map(|i| &new.elf.symbols[i]);
    let name = a.or(b).map(symbol_name).expect("a changed symbol is on one side at least");
    let mut changes = change.changes.clone();
    if let (Some(x), Some(y)) = (change.old, change.new) {
        for change in changes.iter_mut().filter(|c| matches!(c.fact, Fact::ObjectSize(_))) {
            change.because = types::size_reason(old, new, x, y);
        }
    }
    let draft = Draft {
        subject: Subject::Symbol(name.clone()),
        headline: None,
        changes,
        old: symbol_evidence(old, a),
        new: symbol_evidence(new, b),
        exposure: None,
        is_passed: false,
        path: Vec::new(),
        symbols: Arc::from([name]),
    };
    judge.symbol(draft, change.old, change.new)
}

fn symbol_evidence(facts: &ArtifactFacts, symbol: Option<&Symbol>) -> Evidence {
    let dynamic = matches!(facts.elf.kind, ElfKind::SharedObject | ElfKind::Executable);
    Evidence {
        value: symbol.map_or_else(|| "absent".to_string(), symbols::describe),
        artifact: facts.path.clone(),
        section: Some(if dynamic { ".dynsym" } else { ".symtab" }.to_string()),
        offset: None,
        declaration: None,
    }
}

fn coverage(old: &ArtifactFacts, new: &ArtifactFacts, matching: &Matching) -> Coverage {
    let nodes = |facts: &ArtifactFacts| facts.types.graph().map_or(0, |g| g.nodes.len());
    Coverage {
        exports_old: old.elf.exports().count(),
        exports_new: new.elf.exports().count(),
        matched: matching.pairs.len(),
        type_nodes_old: nodes(old),
        type_nodes_new: nodes(new),
        ..Coverage::default()
    }
}

/// The answer: a break decides, then what a person must look at, then missing evidence.
fn verdict(findings: &[Finding], has_enough_evidence: bool) -> Verdict {
    let worst = findings.iter().filter(|f| f.suppressed.is_none()).map(|f| f.level).max();
    match worst {
        Some(Level::Break) => Verdict::Incompatible,
        Some(Level::Review) => Verdict::Review,
        _ if has_enough_evidence => Verdict::Compatible,
        _ => Verdict::Undecided,
    }
}

/// Whether what was read suffices to call the pair compatible.
fn enough_evidence(types: &TypesCompared, coverage: &Coverage, gaps: &[Gap], policy: &Policy) -> bool {
    let needed = coverage.need_types > 0;
    // Symbols were read in every case; these gaps say that something of an interface may be missing.
    let broken = |gap: &Gap| match gap.kind {
        GapKind::BrokenElf | GapKind::Unreadable | GapKind::LimitReached => true,
        GapKind::BrokenDebugInfo | GapKind::NoSplitDwarf | GapKind::NoSupplementaryFile => needed,
        _ => false,
    };
    let typed = coverage.typed_on_both as u64 * 100;
    let floor = coverage.need_types as u64 * u64::from(policy.typed_percent_floor);
    !matches!(types, TypesCompared::No { .. }) && typed >= floor && !gaps.iter().any(broken)
}
