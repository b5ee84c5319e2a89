//! Symbol resolution across a whole side: whether each import of a program or library is found in what is loaded with
//! it, as the dynamic loader would (glibc's `do_lookup_x`, `check_match`, `_dl_check_map_versions`).
//!
//! Both sides are resolved, since only the difference counts: a plugin's imports from the program that loads it are
//! found on neither. What a library that is not on the side would provide is not known, and counted apart.

mod loader;
mod report;

use std::collections::BTreeMap;

use abide_model::{ArtifactFacts, Binding, ElfKind, Finding, Symbol};
use bstr::{BStr, ByteSlice};

pub(crate) use loader::{Loader, Scope, normal};

use crate::check::Context;
use crate::gaps::{may_hide_package, may_lack_symbols};
use crate::pairing::{ArtifactRef, file_name, is_default_library_dir, is_library_name, parent};
use crate::result::Resolution;

/// What became of one import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Provided by this file.
    Here(ArtifactRef),
    /// A library that may provide it is not on the side.
    Unknown,
    /// Provided by nothing that is loaded.
    No,
}

/// The loaders of both sides.
pub(crate) struct Loaders<'a> {
    old: Loader<'a>,
    new: Loader<'a>,
}

/// An import that the candidate does not resolve.
struct Lost<'a> {
    symbol: &'a Symbol,
    /// Where the reference has it; `None` when the reference's file does not import it.
    was: Option<ArtifactRef>,
    /// A file of the candidate that has it, though it is not loaded.
    elsewhere: Option<ArtifactRef>,
}

impl<'a> Loaders<'a> {
    pub(crate) fn new(old: Loader<'a>, new: Loader<'a>) -> Self {
        Loaders { old, new }
    }

    /// Findings about an artifact of the candidate whose imports are resolved no more, and what was counted.
    pub(crate) fn judge(
        &self,
        context: &Context<'_>,
        old: Option<ArtifactRef>,
        new: ArtifactRef,
    ) -> (Vec<Finding>, Resolution) {
        let mut counts = Resolution::default();
        let facts = new.of(self.new.side);
        if !matches!(facts.elf.kind, ElfKind::Executable | ElfKind::SharedObject) {
            return (Vec::new(), counts);
        }
        let old = old.filter(|old| old.of(self.old.side).elf.kind == facts.elf.kind);
        let new_scope = self.new.scope(new);
        let old_scope = old.map(|old| (old, self.old.scope(old)));
        let mut findings = Vec::new();
        let (libraries, missing) = self.missing_libraries(context, old, new, &new_scope);
        findings.extend(report::missing_libraries(context, new, &libraries));
        let versions = self.missing_versions(old, new);
        findings.extend(report::missing_versions(context, self, new, &versions));
        let lost = self.lost_imports(old_scope.as_ref(), new, &new_scope, &mut counts);
        findings.extend(report::lost_imports(context, self, old.is_some(), new, &lost));
        counts.libraries_missing = missing;
        (findings, counts)
    }

    /// Needed libraries that the candidate lacks and the reference has; and the number that neither has.
    fn missing_libraries(
        &self,
        context: &Context<'_>,
        old: Option<ArtifactRef>,
        new: ArtifactRef,
        scope: &Scope<'a>,
    ) -> (Vec<(&'a BStr, ArtifactRef)>, usize) {
        let (mut lost, mut unknown) = (Vec::new(), 0);
        let facts: &'a ArtifactFacts = new.of(self.new.side);
        for name in facts.elf.needed.iter().map(|name| name.as_bstr()).filter(|n| scope.missing.contains(n)) {
            let was = old.and_then(|old| self.old.find(old, name).first().copied());
            match was {
                Some(was) if !may_hide_package(context, was.package) => lost.push((name, was)),
                _ => unknown += 1,
            }
        }
        (lost, unknown)
    }

    /// Versions that a needed library of the candidate does not define: the loader refuses to start the program.
    fn missing_versions(
        &self,
        old: Option<ArtifactRef>,
        new: ArtifactRef,
    ) -> Vec<(&'a abide_model::VersionNeed, ArtifactRef)> {
        let facts: &'a ArtifactFacts = new.of(self.new.side);
        let needs = facts.elf.versions_needed.iter().filter(|need| !need.is_weak);
        let missing = needs.filter_map(|need| Some((need, unmet(&self.new, new, need)?)));
        let was_met = |need: &abide_model::VersionNeed| {
            let Some(old) = old else { return true };
            let same = old.of(self.old.side).elf.versions_needed.iter().any(|other| other == need);
            !same || unmet(&self.old, old, need).is_none()
        };
        missing.filter(|(need, _)| was_met(need)).collect()
    }

    fn lost_imports(
        &self,
        old: Option<&(ArtifactRef, Scope<'_>)>,
        new: ArtifactRef,
        scope: &Scope<'_>,
        counts: &mut Resolution,
    ) -> Vec<Lost<'a>> {
        let facts: &'a ArtifactFacts = new.of(self.new.side);
        let (mut lost, mut open) = (Vec::new(), Vec::new());
        let imports = facts.elf.imports().filter(|s| s.binding != Binding::Weak && !s.name.is_empty());
        let known: BTreeMap<_, _> = match old {
            Some((old, _)) => old.of(self.old.side).elf.imports().map(|s| (import_key(s), s)).collect(),
            None => BTreeMap::new(),
        };
        for symbol in imports {
            counts.imports += 1;
            match resolve(&self.new, new, scope, symbol) {
                Found::Here(_) => counts.resolved += 1,
                Found::Unknown => {
                    counts.unknown += 1;
                    let was = self.was(old, &known, symbol);
                    // The library that had it is there, without it; and what is missing was missing before.
                    if let Some((old, old_scope)) = old
                        && let Some(Found::Here(was)) = was
                        && scope.missing.is_subset(&old_scope.missing)
                        && self.partner_lacks(*old, new, was, symbol)
                    {
                        counts.unknown -= 1;
                        lost.push(Lost { symbol, was: Some(was), elsewhere: self.elsewhere(new, symbol) });
                    }
                }
                Found::No => match self.was(old, &known, symbol) {
                    Some(Found::No | Found::Unknown) => {
                        counts.unresolved_on_both += 1;
                        open.push(symbol);
                    }
                    was => {
                        let was = match was {
                            Some(Found::Here(was)) => Some(was),
                            _ => None,
                        };
                        let elsewhere = self.elsewhere(new, symbol);
                        let is_library = facts.elf.kind == ElfKind::SharedObject;
                        // A new import of a plugin that its host program provides.
                        if was.is_none() && is_library && elsewhere.is_some_and(|at| self.is_host(at)) {
                            counts.unresolved_on_both += 1;
                            continue;
                        }
                        lost.push(Lost { symbol, was, elsewhere });
                    }
                },
            }
        }
        counts.unknown += self.leave_to_host(new, &open, &mut lost);
        lost
    }

    /// Takes new imports of a plugin out of `lost`, and says how many, when other imports (`open`) are found nowhere
    /// among the packages: then so is the program that provides them, or what it brings along.
    fn leave_to_host(&self, new: ArtifactRef, open: &[&Symbol], lost: &mut Vec<Lost<'a>>) -> usize {
        let is_new = |one: &Lost<'_>| one.was.is_none() && one.elsewhere.is_none();
        if !is_plugin(new.of(self.new.side)) || !lost.iter().any(is_new) {
            return 0;
        }
        if open.iter().all(|symbol| self.elsewhere(new, symbol).is_some()) {
            return 0;
        }
        let before = lost.len();
        lost.retain(|one| !is_new(one));
        before - lost.len()
    }

    /// What became of the same import on the reference; `None` when the reference's file does not have it.
    fn was(
        &self,
        old: Option<&(ArtifactRef, Scope<'_>)>,
        known: &BTreeMap<(&BStr, Option<&BStr>), &Symbol>,
        symbol: &Symbol,
    ) -> Option<Found> {
        let (old, scope) = old?;
        Some(resolve(&self.old, *old, scope, known.get(&import_key(symbol))?))
    }

    /// Whether the library that had a symbol on the reference is loaded on the candidate as well, and lacks it.
    fn partner_lacks(&self, old: ArtifactRef, new: ArtifactRef, was: ArtifactRef, symbol: &Symbol) -> bool {
        let library = was.of(self.old.side);
        let name = library.elf.soname.as_ref().map_or(file_name(library.path.as_bstr()), |s| s.as_bstr());
        let needs = |at: ArtifactRef, side| at.of(side).elf.needed.iter().any(|needed| needed == name);
        if !needs(old, self.old.side) || !needs(new, self.new.side) {
            return false;
        }
        let found = self.new.find(new, name);
        let may_have = |at: &ArtifactRef| {
            let facts = at.of(self.new.side);
            provides(facts, symbol) || may_lack_symbols(facts)
        };
        !found.is_empty() && !found.iter().any(may_have)
    }

    /// Any file of the candidate that has the symbol; an executable or plugin rather than a library.
    fn elsewhere(&self, new: ArtifactRef, symbol: &Symbol) -> Option<ArtifactRef> {
        let has = |at: &ArtifactRef| *at != new && provides(at.of(self.new.side), symbol);
        let mut found: Vec<ArtifactRef> = self.new.all(new).filter(has).collect();
        found.sort_by_key(|at| (!self.is_host(*at), *at));
        found.first().copied()
    }

    /// Whether a file is one that loads plugins, or a plugin itself, rather than a library that is needed by name.
    fn is_host(&self, at: ArtifactRef) -> bool {
        let facts = at.of(self.new.side);
        facts.elf.kind == ElfKind::Executable
            || (facts.elf.soname.is_none() && !is_library_name(facts.path.as_bstr()))
    }
}

/// Whether a shared object is loaded by its path rather than by its name: by what it is called, whether it has a soname
/// or not (libtool gives one to modules too), or by where it is.
fn is_plugin(facts: &ArtifactFacts) -> bool {
    let path = facts.path.as_bstr();
    let is_library = is_library_name(path) && is_default_library_dir(parent(path));
    facts.elf.kind == ElfKind::SharedObject && !is_library
}

fn import_key(symbol: &Symbol) -> (&BStr, Option<&BStr>) {
    (symbol.name.as_bstr(), symbol.version.as_ref().map(|version| version.name.as_bstr()))
}

/// Looks for an import in everything that is loaded.
fn resolve(loader: &Loader<'_>, user: ArtifactRef, scope: &Scope<'_>, symbol: &Symbol) -> Found {
    // The file that the version is expected from has it nearly always.
    let file = symbol.version.as_ref().and_then(|version| version.file.as_ref()).map(|file| file.as_bstr());
    let expected = file.map(|file| loader.find(user, file)).unwrap_or_default();
    let has = |at: &&ArtifactRef| provides(at.of(loader.side), symbol);
    if let Some(at) = expected.iter().find(has).or_else(|| scope.objects.iter().find(has)) {
        return Found::Here(*at);
    }
    match file {
        _ if scope.is_damaged => Found::Unknown,
        Some(file) if expected.is_empty() || scope.missing.contains(file) => Found::Unknown,
        None if !scope.missing.is_empty() => Found::Unknown,
        _ => Found::No,
    }
}

/// Whether a file exports what `import` asks for. A symbol without a version serves every import; an import without
/// one is served by every version (`check_match`).
fn provides(facts: &ArtifactFacts, import: &Symbol) -> bool {
    let symbols = &facts.elf.symbols;
    let start = symbols.partition_point(|symbol| symbol.name < import.name);
    let wanted = import.version.as_ref().map(|version| &version.name);
    symbols[start..].iter().take_while(|symbol| symbol.name == import.name).any(|symbol| {
        let version = symbol.version.as_ref().map(|version| &version.name);
        symbol.is_export && (wanted.is_none() || version.is_none() || version == wanted)
    })
}

/// The library that should define a required version and does not. One that defines no version at all is accepted by
/// the loader with a warning; one that is not on the side is not known.
fn unmet(loader: &Loader<'_>, user: ArtifactRef, need: &abide_model::VersionNeed) -> Option<ArtifactRef> {
    let found = loader.find(user, need.file.as_bstr());
    let meets = |at: &ArtifactRef| {
        let elf = &at.of(loader.side).elf;
        let is_base = elf.soname.as_ref() == Some(&need.version);
        elf.versions_defined.is_empty() || is_base || elf.versions_defined.contains(&need.version)
    };
    if found.iter().any(meets) { None } else { found.first().copied() }
}
