//! What changed for a set of modules between the kernel that they were built for and another: the findings of a check of
//! both that concern what they import.

use std::collections::BTreeSet;

use abide_model::{Finding, Gap, GapKind, Level, Side, Subject, Verdict};
use bstr::{BString, ByteSlice};

use super::super::interface::Kernel;
use super::{Module, version_of};
use crate::app::{Cell, Need, Problem};
use crate::gaps::leaves_open;
use crate::result::{ArtifactResult, Check, Place};

/// Names of everything that the modules import and do not export among themselves.
pub fn imports(set: &[Module<'_>]) -> BTreeSet<BString> {
    let own: BTreeSet<&BString> = set.iter().flat_map(|m| m.exports).map(|export| &export.name).collect();
    let imported = set.iter().flat_map(|module| module.elf.imports()).map(|symbol| &symbol.name);
    imported.filter(|name| !name.is_empty() && !own.contains(name)).cloned().collect()
}

/// Adds what a check between two kernels says to the cell of a set of modules on the later one, `kernel`.
///
/// `old` is the earlier kernel with its side. What the loader says of itself, that a symbol is gone or that its checksum
/// is another one, is in the cell already; here is why.
pub fn add_changes(
    cell: &mut Cell,
    set: &[Module<'_>],
    check: &Check,
    (old, earlier): (&Side, &Kernel<'_>),
    kernel: &Kernel<'_>,
) {
    let imports = imports(set);
    // A module that was built for the later kernel meets no difference to the earlier one; the release may tell.
    let is_concerned = |module: &&Module<'_>| match (module.built_for, &earlier.release, &kernel.release) {
        (Some(built), Some(earlier), Some(later)) => built == earlier.as_str() || built != later.as_str(),
        _ => true,
    };
    let concerned: Vec<&Module<'_>> = set.iter().filter(is_concerned).collect();
    let standing = check.all_findings().filter(|finding| finding.suppressed.is_none());
    cell.problems.extend(standing.filter_map(|finding| problem(finding, &concerned, &imports, kernel)));
    let mut compared = 0;
    for artifact in check.packages.iter().flat_map(|package| &package.artifacts) {
        let used = used(artifact, old, &imports);
        compared += used;
        if used > 0 && artifact.verdict == Verdict::Undecided {
            cell.gaps.extend(artifact.gaps.iter().map(|gap| gap.gap.clone()));
        }
    }
    cell.gaps.extend(check.gaps.iter().map(|gap| &gap.gap).filter(|gap| leaves_open(gap)).cloned());
    if compared == 0 && !imports.is_empty() {
        let detail =
            format!("no file of {} defines what the modules use, so that types are not compared", old.label);
        cell.gaps.push(Gap { kind: GapKind::NoDebugInfo, subject: kernel.name().into(), detail });
    }
    cell.settle();
}

/// How many of the imports a file of the earlier kernel exports.
fn used(artifact: &ArtifactResult, old: &Side, imports: &BTreeSet<BString>) -> usize {
    let Some(Place { package, artifact }) = artifact.old else { return 0 };
    let exports = old.packages[package].artifacts[artifact].elf.exports();
    exports.filter(|(_, symbol)| imports.contains(&symbol.name)).count()
}

fn problem(
    finding: &Finding,
    set: &[&Module<'_>],
    imports: &BTreeSet<BString>,
    kernel: &Kernel<'_>,
) -> Option<Problem> {
    let is_checksum = match finding.rule {
        "kernel-checksum-changed" => true,
        "kernel-hidden-change" if finding.level > Level::Safe => false,
        _ => return None,
    };
    let own = match &finding.subject {
        Subject::Symbol(symbol) => Some(&symbol.name),
        _ => None,
    };
    let symbols = finding.symbols.iter().map(|symbol| &symbol.name).chain(own);
    let symbols: BTreeSet<&BString> = symbols.filter(|name| imports.contains(*name)).collect();
    let need = |module: &&Module<'_>| {
        let is_met = |name: &BString| {
            let built = version_of(module.facts.versions.as_deref(), name);
            let found = kernel.exports.get(name.as_bstr()).and_then(|export| export.crc);
            !is_checksum || built.zip(found).is_none_or(|(built, found)| built != found)
        };
        let mut used: Vec<String> = module
            .elf
            .imports()
            .filter(|symbol| symbols.contains(&symbol.name) && is_met(&symbol.name))
            .map(|symbol| symbol.name.to_string())
            .collect();
        used.sort();
        (!used.is_empty()).then(|| Need { file: module.path.to_owned(), package: None, symbols: used })
    };
    let needs: Vec<Need> = set.iter().filter_map(need).collect();
    (!needs.is_empty()).then(|| Problem {
        rule: finding.rule,
        case: None,
        level: finding.level,
        summary: finding.summary.clone(),
        why: finding.why.clone(),
        needs,
        library: None,
        version: None,
        first_in: None,
        way_out: vec!["build the module with the headers of this kernel".to_owned()],
    })
}
