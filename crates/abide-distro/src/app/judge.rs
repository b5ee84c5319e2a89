//! One program on one distribution: every file is loaded as the loader would, and its complaints become problems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use abide_model::{ElfFacts, ElfKind, Gap, GapKind, Level, Program, ProgramContent, ProgramFile};
use bstr::{BStr, BString, ByteSlice};

use super::draft::{Drafts, Key, New};
use super::explain::Explain;
use super::loader::{Issue, Process, is_static};
use super::own::OwnFiles;
use super::result::{Answer, Cell, Counts, Need, Problem};
use super::system::{Installed, Object, Opening, System, Target, usual_interpreter};

/// What can be asked besides the distribution itself.
#[derive(Clone, Copy, Default)]
pub struct Known<'a> {
    /// Distributions that may have what this one lacks, oldest first.
    pub releases: &'a [&'a dyn System],
}

/// Judges a program on a distribution.
pub fn judge(program: &Program, system: &dyn System, known: Known<'_>) -> Cell {
    let own = OwnFiles::new(program);
    let installed = Installed { base: system, own: &own };
    let mut judge = Judge {
        program,
        system: &installed,
        own: &own,
        drafts: Drafts::default(),
        gaps: program.gaps.clone(),
        packages: BTreeSet::new(),
        libraries: BTreeSet::new(),
        counts: Counts::default(),
        covered: BTreeSet::new(),
        explain: Explain { system: &installed, known },
        unknown: BTreeMap::new(),
    };
    judge.files();
    judge.finish()
}

/// The loader's view of one file of a program on a distribution, for those who want to compare it with the loader's.
pub fn trace(program: &Program, system: &dyn System) -> Vec<(BString, Process)> {
    let own = OwnFiles::new(program);
    let installed = Installed { base: system, own: &own };
    let is_loaded = |facts: &ElfFacts| matches!(facts.kind, ElfKind::Executable | ElfKind::SharedObject);
    let files = program.files.iter().filter_map(|file| match &file.content {
        ProgramContent::Elf { facts, .. } if is_loaded(facts) => {
            let object = own.object(file.path.as_bstr())?;
            Some((file.shown.clone(), Process::start(&installed, object)))
        }
        _ => None,
    });
    files.collect()
}

struct Judge<'a> {
    program: &'a Program,
    system: &'a dyn System,
    own: &'a OwnFiles<'a>,
    drafts: Drafts,
    gaps: Vec<Gap>,
    packages: BTreeSet<String>,
    /// Paths of the distribution's files that are loaded.
    libraries: BTreeSet<BString>,
    counts: Counts,
    /// Own files that were judged as part of a program's process.
    covered: BTreeSet<BString>,
    explain: Explain<'a>,
    /// Symbols that nothing has that is known, by file.
    unknown: BTreeMap<BString, BTreeSet<String>>,
}

impl<'a> Judge<'a> {
    /// Programs first: a library that one of them loads is judged there, with everything that the program has.
    fn files(&mut self) {
        let program: &'a Program = self.program;
        let elf = |file: &'a ProgramFile| match &file.content {
            ProgramContent::Elf { facts, .. } => Some((file, &**facts)),
            _ => None,
        };
        let all: Vec<(&ProgramFile, &ElfFacts)> = program.files.iter().filter_map(elf).collect();
        for (file, facts) in &all {
            if facts.kind == ElfKind::Executable {
                self.program_file(file, facts);
            }
        }
        // A library that another one of them loads is judged there: it may need what that one brings along.
        let is_library = |facts: &ElfFacts| facts.kind == ElfKind::SharedObject;
        let needed: BTreeSet<&BStr> = all.iter().flat_map(|(_, f)| &f.needed).map(|n| n.as_bstr()).collect();
        let is_needed = |file: &ProgramFile, facts: &ElfFacts| {
            let soname = facts.soname.as_ref().is_some_and(|s| needed.contains(s.as_bstr()));
            soname || needed.contains(crate::pairing::file_name(file.path.as_bstr()))
        };
        for wants_needed in [false, true] {
            for (file, facts) in all.iter().filter(|(file, facts)| is_needed(file, facts) == wants_needed) {
                if is_library(facts) && !self.covered.contains(&file.path) {
                    self.program_file(file, facts);
                }
            }
        }
        for (file, facts) in &all {
            if facts.kind == ElfKind::KernelModule {
                self.gaps.push(kernel_module(file));
            }
        }
        for file in program.files.iter().filter(|file| !matches!(file.content, ProgramContent::Elf { .. })) {
            self.counts.scripts += 1;
            for said in super::scripts::judge(program, file, self.system) {
                match said {
                    super::explain::Said::Problem(new) => self.drafts.add(*new),
                    super::explain::Said::Gap(gap) => self.gaps.push(gap),
                    super::explain::Said::Unknown { .. } | super::explain::Said::Nothing => {}
                }
            }
        }
    }

    fn program_file(&mut self, file: &ProgramFile, facts: &ElfFacts) {
        self.counts.files += 1;
        let Some(object) = self.own.object(file.path.as_bstr()).map(Arc::clone) else { return };
        self.properties(file, facts);
        if is_static(facts) {
            return;
        }
        let process = Process::start(self.system, &object);
        self.note_loaded(&process);
        let is_other_machine = self.other_machine(file, facts, &process);
        for issue in process.issues.iter().filter(|_| !is_other_machine) {
            self.issue(file, &process, issue);
        }
        self.counts.symbols += process.looked_up;
        self.counts.by_version += process.by_version;
    }

    fn note_loaded(&mut self, process: &Process) {
        for entry in &process.entries {
            if entry.object.is_own {
                self.covered.insert(entry.object.path.clone());
            } else {
                self.libraries.insert(entry.object.path.clone());
                self.packages.extend(entry.object.package.clone());
            }
        }
    }

    /// A file for a machine that the distribution has no loader for.
    fn other_machine(&mut self, file: &ProgramFile, facts: &ElfFacts, process: &Process) -> bool {
        let target = Target::of(facts);
        let has_loader = |target: Target| {
            usual_interpreter(target).is_some_and(|path| {
                matches!(self.system.open(path.into()), Opening::Object(o) if Target::of(&o.elf) == target)
            })
        };
        let is_lost =
            |issue: &Issue| matches!(issue, Issue::InterpreterMissing { .. } | Issue::LibraryMissing { .. });
        if !process.issues.iter().any(is_lost) || has_loader(target) {
            return false;
        }
        let others = super::explain::TARGETS.iter().copied().filter(|t| *t != target && has_loader(*t));
        let others: Vec<&str> = others.map(super::explain::machine_name).collect();
        if others.is_empty() {
            return false;
        }
        let name = super::explain::machine_name(target);
        self.add(
            Key { rule: "app-machine", case: None, library: None, version: Some(name.to_owned()) },
            format!("it is built for {name}; the distribution is for {}", others.join(" and ")),
            vec!["build it for the distribution's machine, or install the libraries for its own".to_owned()],
            need(file.shown.clone(), None, None),
        );
        true
    }

    pub(super) fn add(&mut self, key: Key, summary: String, way_out: Vec<String>, need: Need) {
        self.drafts.add(New { key, summary, first_in: None, way_out, need });
    }

    /// What the file alone says, whatever it loads.
    fn properties(&mut self, file: &ProgramFile, facts: &ElfFacts) {
        for new in super::properties::of(file, facts, self.system) {
            self.drafts.add(new);
        }
    }

    fn issue(&mut self, file: &ProgramFile, process: &Process, issue: &Issue) {
        let shown: BTreeMap<&BStr, &BStr> = BTreeMap::from([(file.path.as_bstr(), file.shown.as_bstr())]);
        let name = |object: &Object| -> BString {
            match shown.get(object.path.as_bstr()) {
                Some(shown) => (*shown).into(),
                None => self.shown(object),
            }
        };
        match self.explain.issue(file, process, issue, &name) {
            super::explain::Said::Problem(new) => {
                if new.key.rule == "app-symbol-missing" && self.is_explained(&new) {
                    return;
                }
                self.drafts.add(*new);
            }
            super::explain::Said::Gap(gap) => self.gaps.push(gap),
            super::explain::Said::Unknown { file, symbol } => {
                self.unknown.entry(file).or_default().insert(symbol);
            }
            super::explain::Said::Nothing => {}
        }
    }

    /// A symbol of a library that is missing needs no word of its own.
    fn is_explained(&self, new: &New) -> bool {
        new.key.library.as_ref().is_some_and(|library| self.drafts.has("app-library-missing", library))
    }

    /// How an object is called in messages.
    fn shown(&self, object: &Object) -> BString {
        let is_it = |file: &&ProgramFile| file.path == object.path;
        match self.program.files.iter().find(is_it) {
            Some(file) if object.is_own => file.shown.clone(),
            _ => object.path.clone(),
        }
    }

    fn finish(mut self) -> Cell {
        self.counts.libraries = self.libraries.len();
        self.gaps.extend(self.unknown.iter().map(|(file, symbols)| unknown_symbols(file, symbols)));
        self.gaps.sort();
        self.gaps.dedup();
        if self.counts.files + self.counts.scripts == 0 && self.gaps.is_empty() {
            self.gaps.push(Gap {
                kind: GapKind::Unsupported,
                subject: self.program.label.as_str().into(),
                detail: "there is nothing in it that runs: no ELF file, no script, no Java archive"
                    .to_owned(),
            });
        }
        let problems = self.drafts.into_problems();
        let answer = answer(&problems, &self.gaps);
        Cell {
            program: 0,
            target: 0,
            answer,
            problems,
            gaps: self.gaps,
            install: self.system.install(&self.packages),
            packages: self.packages.into_iter().collect(),
            counts: self.counts,
        }
    }
}

impl Cell {
    /// Puts problems and gaps in order, and answers anew.
    pub(crate) fn settle(&mut self) {
        self.problems.sort_by_key(|problem| std::cmp::Reverse(problem.level));
        self.gaps.sort();
        self.gaps.dedup();
        self.answer = answer(&self.problems, &self.gaps);
    }
}

/// What problems and gaps amount to.
pub(super) fn answer(problems: &[Problem], gaps: &[Gap]) -> Answer {
    let worst = problems.iter().map(|problem| match problem.level {
        Level::Break => Answer::WillNotRun,
        Level::Review => Answer::RunsIf,
        Level::Safe => Answer::Runs,
    });
    let open = if gaps.is_empty() { Answer::Runs } else { Answer::Undecided };
    worst.max().unwrap_or(Answer::Runs).max(open)
}

/// A file and what it needs of the problem's subject.
pub(super) fn need(file: BString, package: Option<String>, symbol: Option<String>) -> Need {
    Need { file, package, symbols: symbol.into_iter().collect() }
}

/// Symbols that are named in a gap before the rest is counted.
const NAMED: usize = 3;

fn unknown_symbols(file: &BString, symbols: &BTreeSet<String>) -> Gap {
    let names: Vec<&str> = symbols.iter().take(NAMED).map(String::as_str).collect();
    let more = symbols.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let detail =
        format!("nothing that is known has {}{more}, and not all that it loads is known", names.join(", "));
    Gap { kind: GapKind::Unsupported, subject: file.clone(), detail }
}

/// Kernel modules are handed on here: they are no business of the dynamic loader.
fn kernel_module(file: &ProgramFile) -> Gap {
    Gap {
        kind: GapKind::Unsupported,
        subject: file.shown.clone(),
        detail: "kernel module, not checked here; give a kernel with --on".to_owned(),
    }
}
