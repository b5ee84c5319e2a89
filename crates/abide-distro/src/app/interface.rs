//! What a program uses of a library, before and after: the findings of a check that concern its own imports.
//!
//! The comparison is `check`'s, with the program's imports as the list of symbols that count. Here is which of its findings
//! are about what the program loads, and how they become problems of the program.

use std::collections::BTreeSet;

use abide_model::{Finding, Gap, GapKind, Program, ProgramContent, ProgramFile, Side, Verdict};
use bstr::{BStr, BString, ByteSlice};

use super::result::{Answer, Cell, Counts, Need, Problem};
use crate::gaps::leaves_open;
use crate::result::{ArtifactResult, Check, Place};

/// Names of everything that the files of a program import, and do not define among themselves.
pub fn imports(program: &Program) -> BTreeSet<BString> {
    let mut own = BTreeSet::new();
    let mut imported = BTreeSet::new();
    for file in &program.files {
        let ProgramContent::Elf { facts, .. } = &file.content else { continue };
        own.extend(facts.exports().map(|(_, symbol)| symbol.name.as_bstr()));
        imported.extend(facts.imports().map(|symbol| symbol.name.as_bstr()).filter(|name| !name.is_empty()));
    }
    imported.difference(&own).map(|name| (*name).into()).collect()
}

/// What a check between two builds of libraries says of a program.
pub fn interface(program: &Program, check: &Check, old: &Side, new: &Side) -> Cell {
    let imports = imports(program);
    let is_elf = |file: &&ProgramFile| matches!(file.content, ProgramContent::Elf { .. });
    let mut counts = Counts { files: program.files.iter().filter(is_elf).count(), ..Counts::default() };
    let mut problems = Vec::new();
    let mut gaps = program.gaps.clone();
    let mut is_open = false;
    for artifact in check.packages.iter().flat_map(|package| &package.artifacts) {
        let used = used(artifact, old, &imports);
        if used.is_empty() && !needs(program, artifact) {
            continue;
        }
        counts.libraries += 1;
        counts.symbols += used.len();
        let standing = artifact.findings.iter().filter(|finding| finding.suppressed.is_none());
        let subject = Subject { library: &artifact.name, files: &program.files, imports: &imports };
        problems.extend(standing.map(|f| subject.problem(f, "build it anew against the candidate")));
        if artifact.verdict == Verdict::Undecided {
            is_open = true;
            gaps.extend(artifact.gaps.iter().map(|gap| gap.gap.clone()));
        }
    }
    for gap in check.gaps.iter().filter(|gap| leaves_open(&gap.gap)) {
        gaps.push(gap.gap.clone());
    }
    if counts.libraries == 0 {
        let subject = program.label.as_str().into();
        let detail = format!("it uses nothing of {}", old.label);
        gaps.push(Gap { kind: GapKind::Unsupported, subject, detail });
    } else if is_open && gaps.is_empty() {
        let detail = "not all of what it uses could be compared".to_owned();
        gaps.push(Gap { kind: GapKind::UntypedSymbols, subject: new.label.as_str().into(), detail });
    }
    let answer = Answer::Runs;
    let mut cell =
        Cell { program: 0, target: 0, answer, problems, gaps, packages: Vec::new(), install: None, counts };
    cell.settle();
    cell
}

/// The imports that the reference's artifact exports.
fn used<'a>(artifact: &ArtifactResult, old: &'a Side, imports: &BTreeSet<BString>) -> Vec<&'a BStr> {
    let Some(Place { package, artifact }) = artifact.old else { return Vec::new() };
    let exports = old.packages[package].artifacts[artifact].elf.exports();
    exports.map(|(_, symbol)| symbol.name.as_bstr()).filter(|name| imports.contains(*name)).collect()
}

fn needs(program: &Program, artifact: &ArtifactResult) -> bool {
    program.files.iter().any(|file| match &file.content {
        ProgramContent::Elf { facts, .. } => facts.needed.contains(&artifact.name),
        _ => false,
    })
}

/// A library, and the files whose imports of it count.
pub(super) struct Subject<'a> {
    pub(super) library: &'a BString,
    pub(super) files: &'a [ProgramFile],
    /// Names of what they import.
    pub(super) imports: &'a BTreeSet<BString>,
}

impl Subject<'_> {
    /// A finding about the library as a problem of those files that use what it is about.
    pub(super) fn problem(&self, finding: &Finding, way_out: &str) -> Problem {
        let own = match &finding.subject {
            abide_model::Subject::Symbol(symbol) => Some(&symbol.name),
            _ => None,
        };
        let symbols = finding.symbols.iter().map(|symbol| &symbol.name).chain(own);
        let symbols: BTreeSet<&BString> = symbols.filter(|name| self.imports.contains(*name)).collect();
        let need = |file: &ProgramFile| {
            let ProgramContent::Elf { facts, .. } = &file.content else { return None };
            let mut used: Vec<String> =
                facts.imports().filter(|s| symbols.contains(&s.name)).map(|s| s.name.to_string()).collect();
            used.dedup();
            let is_user = !used.is_empty() || symbols.is_empty();
            is_user.then(|| Need { file: file.shown.clone(), package: None, symbols: used })
        };
        Problem {
            rule: finding.rule,
            case: None,
            level: finding.level,
            summary: finding.summary.clone(),
            why: finding.why.clone(),
            needs: self.files.iter().filter_map(need).collect(),
            library: Some(self.library.clone()),
            version: None,
            first_in: None,
            way_out: vec![way_out.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_problem_and_any_gap_decide() {
        assert_eq!(super::super::judge::answer(&[], &[]), Answer::Runs);
        let gap = Gap { kind: GapKind::NoDebugInfo, subject: "x".into(), detail: String::new() };
        assert_eq!(super::super::judge::answer(&[], &[gap]), Answer::Undecided);
    }
}
