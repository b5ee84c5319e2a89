//! The dynamic loader of glibc as a pure function: which files a program loads, in which order, and what the loader
//! would say against them.
//!
//! It follows glibc's `elf/dl-load.c` (`_dl_map_object`), `dl-deps.c`, `dl-version.c` and `dl-lookup.c` step by step;
//! the essay `docs/algorithms/loader.md` names the decisions. Nothing is read here: a [`System`] answers. Unlike the
//! loader, which stops at the first error, everything is collected, as with `LD_TRACE_LOADED_OBJECTS`.

mod issue;
mod lookup;
pub(crate) mod path;
mod search;
mod versions;

use std::sync::Arc;

use abide_model::ElfFacts;
use bstr::{BStr, BString, ByteSlice};
pub use issue::{Issue, Lost};
pub(crate) use lookup::definition;

use super::system::{Object, Opening, System, Target, usual_interpreter};

/// Objects of one process; a hostile list of needed files ends here.
const OBJECTS_MAX: usize = 4096;

/// `DF_1_PIE` (`DT_FLAGS_1`): the file is a program, which cannot be loaded as a library.
const DF_1_PIE: u64 = 0x0800_0000;

/// One object of the process.
pub struct Entry {
    /// The file.
    pub object: Arc<Object>,
    /// The path under which the loader opened it (`l_name`), links not followed.
    pub opened_as: BString,
    /// The names by which it is known (`l_libname`).
    names: Vec<BString>,
    /// Whether its `DT_SONAME` is among the names (`l_soname_added`).
    has_soname: bool,
    /// The object that needed it first (`l_loader`).
    pub loader: Option<usize>,
}

impl Entry {
    /// The facts.
    pub fn elf(&self) -> &ElfFacts {
        &self.object.elf
    }

    /// The names by which it is known, the one that it was loaded by first.
    pub fn names(&self) -> &[BString] {
        &self.names
    }

    /// `_dl_name_match_p`.
    fn is_named(&self, name: &BStr) -> bool {
        self.opened_as == name || self.names.iter().any(|n| n == name)
    }
}

/// An import of one object and the definition in another that it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Index of the importing object among the process's entries.
    pub user: usize,
    /// Index of the import among its symbols.
    pub symbol: usize,
    /// Index of the defining object.
    pub library: usize,
    /// Index of the definition among its symbols.
    pub definition: usize,
}

/// A program with everything that is loaded for it.
pub struct Process {
    /// The target of the program.
    pub target: Target,
    /// Every object, the program first; the loader itself is among them although the program does not need it.
    pub entries: Vec<Entry>,
    /// The order in which symbols are looked for (`l_searchlist` of the program): indices into `entries`.
    pub scope: Vec<usize>,
    /// Needed names that nothing was found for.
    missing: Vec<BString>,
    /// Whether one of these, or part of one that was found, is not known.
    pub is_partial: bool,
    /// Everything that the loader says, in the order in which it would.
    pub issues: Vec<Issue>,
    /// What the program's own files bind to in files of the distribution.
    pub bindings: Vec<Binding>,
    /// Symbols that were looked for.
    pub looked_up: usize,
    /// Those that are taken to be there since their version is.
    pub by_version: usize,
}

impl Process {
    /// Loads a program, or a library as if it were one, and binds everything that relocations name.
    pub fn start(system: &dyn System, main: &Arc<Object>) -> Process {
        let mut process = Process {
            target: Target::of(&main.elf),
            entries: Vec::new(),
            scope: Vec::new(),
            missing: Vec::new(),
            is_partial: main.evidence == super::system::SymbolEvidence::Damaged,
            issues: Vec::new(),
            bindings: Vec::new(),
            looked_up: 0,
            by_version: 0,
        };
        process.add(Arc::clone(main), main.path.clone(), Vec::new(), None);
        process.scope.push(0);
        if is_static(&main.elf) {
            return process;
        }
        process.add_interpreter(system);
        process.add_needed(system);
        process.check_versions();
        process.bind();
        process
    }

    fn add(
        &mut self,
        object: Arc<Object>,
        opened_as: BString,
        names: Vec<BString>,
        loader: Option<usize>,
    ) -> usize {
        let has_soname = object.elf.soname.as_ref().is_none_or(|soname| names.contains(soname));
        self.entries.push(Entry { object, opened_as, names, has_soname, loader });
        self.entries.len() - 1
    }

    /// The loader is in the process before anything else. A library has no word on it: the usual one loads it.
    fn add_interpreter(&mut self, system: &dyn System) {
        let stated = self.entries[0].elf().interpreter.clone();
        let usual = usual_interpreter(self.target).map(BString::from);
        let Some(path) = stated.clone().or(usual) else { return };
        match system.open(path.as_bstr()) {
            Opening::Object(object) if Target::of(&object.elf) == self.target => {
                let mut names = vec![path.clone()];
                names.extend(object.elf.soname.clone());
                self.add(object, path, names, None);
            }
            Opening::Unknown(why) if stated.is_some() => {
                self.is_partial = true;
                self.issues.push(Issue::InterpreterUnknown { path, why });
            }
            // A system that knows no libraries of this target is unknown rather than without them.
            _ if stated.is_some() => match system.unknown_libraries(self.target) {
                Some(why) => {
                    self.is_partial = true;
                    self.issues.push(Issue::InterpreterUnknown { path, why });
                }
                None => self.issues.push(Issue::InterpreterMissing { path }),
            },
            _ => {}
        }
    }

    /// `_dl_map_object_deps`: breadth first, each object once.
    fn add_needed(&mut self, system: &dyn System) {
        let mut next = 0;
        while let Some(&user) = self.scope.get(next) {
            next += 1;
            let elf = Arc::clone(&self.entries[user].object.elf);
            if !elf.loading.filters.is_empty() {
                self.is_partial = true;
                self.issues.push(Issue::Filters { user, names: elf.loading.filters.clone() });
            }
            for name in &elf.needed {
                if self.entries.len() >= OBJECTS_MAX {
                    self.is_partial = true;
                    self.issues.push(Issue::TooMany { limit: OBJECTS_MAX });
                    return;
                }
                if let Some(found) = self.map(system, user, name.as_bstr())
                    && !self.scope.contains(&found)
                {
                    self.scope.push(found);
                }
            }
        }
    }

    /// `_dl_map_object`.
    fn map(&mut self, system: &dyn System, user: usize, name: &BStr) -> Option<usize> {
        if let Some(found) = self.already(name) {
            return Some(found);
        }
        let found = search::Search { system, process: self, user }.find(name);
        match found {
            search::Found::File(path, object) => self.take(user, name, path, object),
            search::Found::Unusable(path, why) => {
                self.missing.push(name.into());
                self.issues.push(Issue::LibraryUnusable { user, name: name.into(), path, why });
                None
            }
            search::Found::Unknown(why) => {
                self.is_partial = true;
                self.missing.push(name.into());
                self.issues.push(Issue::LibraryUnknown { user, name: name.into(), why });
                None
            }
            search::Found::Nothing { other_target } => {
                self.missing.push(name.into());
                let elsewhere = system.elsewhere(name, self.target);
                self.issues.push(Issue::LibraryMissing { user, name: name.into(), other_target, elsewhere });
                None
            }
        }
    }

    /// An object that is loaded and has this name, or this `DT_SONAME`.
    fn already(&mut self, name: &BStr) -> Option<usize> {
        let is_it = |e: &Entry| {
            e.is_named(name) || (!e.has_soname && e.elf().soname.as_ref().is_some_and(|s| s == name))
        };
        let found = self.entries.iter().position(is_it)?;
        let entry = &mut self.entries[found];
        if !entry.is_named(name) {
            entry.names.push(name.into());
            entry.has_soname = true;
        }
        Some(found)
    }

    /// `_dl_map_object_from_fd`: the same file under another name is the same object.
    fn take(&mut self, user: usize, name: &BStr, path: BString, object: Arc<Object>) -> Option<usize> {
        if let Some(same) = self.entries.iter().position(|e| e.object.path == object.path) {
            self.entries[same].names.push(name.into());
            return Some(same);
        }
        let is_pie = object.elf.loading.flags_1 & DF_1_PIE != 0;
        if is_pie || object.elf.loading.is_fixed {
            let kind = if is_pie { "position-independent executable" } else { "executable" };
            let why = format!("cannot dynamically load {kind}");
            self.missing.push(name.into());
            self.issues.push(Issue::LibraryUnusable { user, name: name.into(), path, why });
            return None;
        }
        Some(self.add(object, path, vec![name.into()], Some(user)))
    }

    /// The object that is known by a name (`find_needed`).
    fn named(&self, name: &BStr) -> Option<usize> {
        self.entries.iter().position(|e| e.is_named(name))
    }

    /// Whether a name was needed and not found (`l_faked`).
    fn is_missing(&self, name: &BStr) -> bool {
        self.missing.iter().any(|m| m == name)
    }
}

/// A program that has no dynamic part: the kernel starts it alone.
pub fn is_static(elf: &ElfFacts) -> bool {
    elf.kind == abide_model::ElfKind::Executable && elf.interpreter.is_none() && elf.needed.is_empty()
}
