//! Who imports what changed: an index of the imports of every artifact of a side.
//!
//! Only direct users are named: an artifact whose `DT_NEEDED` names the library (or whose version requirements
//! do) and that imports the symbol, with the version when the library has versions (gABI/LSB "Symbol
//! Versioning"). Kernel modules name no library and are not looked at here.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use abide_model::{ArtifactFacts, Consumer, Side, Symbol, SymbolName};
use bstr::{BStr, BString, ByteSlice};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::pairing::{ArtifactPair, ArtifactRef, artifacts_of};

/// The imports of one side.
pub(crate) struct ImportIndex<'a> {
    side: &'a Side,
    /// Soname to the artifacts that need it, in the order of the side.
    users: FxHashMap<&'a BStr, Vec<ArtifactRef>>,
    /// Artifact to its imports by name.
    imports: FxHashMap<ArtifactRef, FxHashMap<&'a BStr, Vec<&'a Symbol>>>,
}

impl<'a> ImportIndex<'a> {
    /// Indexes every software artifact of the side.
    pub(crate) fn new(side: &'a Side) -> Self {
        let subjects: Vec<ArtifactRef> = software(side).collect();
        let mut users: FxHashMap<&BStr, Vec<ArtifactRef>> = FxHashMap::default();
        for subject in &subjects {
            for soname in needed(subject.of(side)) {
                users.entry(soname).or_default().push(*subject);
            }
        }
        let imports = subjects.par_iter().map(|subject| (*subject, imports_of(subject.of(side)))).collect();
        ImportIndex { side, users, imports }
    }

    /// The artifacts that need one of `sonames`, but for `except`.
    pub(crate) fn users(
        &self,
        sonames: &BTreeSet<&BStr>,
        except: Option<ArtifactRef>,
    ) -> BTreeSet<ArtifactRef> {
        let users = sonames.iter().filter_map(|soname| self.users.get(soname)).flatten().copied();
        users.filter(|user| Some(*user) != except).collect()
    }

    /// Those of `symbols` that `user` imports from one of `sonames`.
    fn imported(
        &self,
        user: ArtifactRef,
        sonames: &BTreeSet<&BStr>,
        symbols: &[SymbolName],
    ) -> Vec<SymbolName> {
        let Some(imports) = self.imports.get(&user) else { return Vec::new() };
        let is_imported = |symbol: &&SymbolName| {
            let candidates = imports.get(symbol.name.as_bstr());
            candidates.is_some_and(|found| found.iter().any(|import| binds(import, symbol, sonames)))
        };
        if imports.len() >= symbols.len() || !symbols.is_sorted() {
            return symbols.iter().filter(is_imported).cloned().collect();
        }
        // Half a distribution uses libc, and a type of it may be reached through thousands of symbols.
        let mut found: Vec<SymbolName> =
            imports.keys().flat_map(|name| named(symbols, name)).filter(is_imported).cloned().collect();
        found.sort();
        found
    }

    fn package(&self, user: ArtifactRef) -> Option<String> {
        user.package_of(self.side).meta.as_ref().map(|meta| meta.nevra.to_string())
    }
}

/// Those of sorted `symbols` with this name.
fn named<'s>(symbols: &'s [SymbolName], name: &BStr) -> &'s [SymbolName] {
    let start = symbols.partition_point(|symbol| symbol.name.as_bstr() < name);
    let length = symbols[start..].partition_point(|symbol| symbol.name.as_bstr() == name);
    &symbols[start..start + length]
}

/// Every artifact of a package that carries software.
fn software(side: &Side) -> impl Iterator<Item = ArtifactRef> + '_ {
    let is_software = |index: &usize| side.packages[*index].meta.as_ref().is_none_or(|meta| !meta.is_debug());
    (0..side.packages.len()).filter(is_software).flat_map(|package| artifacts_of(side, package))
}

/// Sonames that the artifact needs, each once.
fn needed(artifact: &ArtifactFacts) -> BTreeSet<&BStr> {
    let direct = artifact.elf.needed.iter().map(|name| name.as_bstr());
    direct.chain(artifact.elf.versions_needed.iter().map(|need| need.file.as_bstr())).collect()
}

fn imports_of(artifact: &ArtifactFacts) -> FxHashMap<&BStr, Vec<&Symbol>> {
    let mut imports: FxHashMap<&BStr, Vec<&Symbol>> = FxHashMap::default();
    for symbol in artifact.elf.imports() {
        imports.entry(symbol.name.as_bstr()).or_default().push(symbol);
    }
    imports
}

/// Whether the loader would bind `import` to `symbol` of a library with one of `sonames`.
///
/// A versioned import binds to that version of the file it names; an unversioned one to the default version, or
/// to whatever there is (glibc's `do_lookup_x`). A library that lost its versions still serves versioned imports.
fn binds(import: &Symbol, symbol: &SymbolName, sonames: &BTreeSet<&BStr>) -> bool {
    let Some(wanted) = &import.version else {
        return symbol.version.as_ref().is_none_or(|(_, is_default)| *is_default);
    };
    let from_here = wanted.file.as_ref().is_none_or(|file| sonames.contains(file.as_bstr()));
    from_here && symbol.version.as_ref().is_none_or(|(version, _)| *version == wanted.name)
}

/// The imports of both sides, and which artifacts are the same on both.
pub(crate) struct Consumers<'a> {
    old: ImportIndex<'a>,
    new: ImportIndex<'a>,
    /// Candidate artifact to its partner on the reference.
    partners: FxHashMap<ArtifactRef, ArtifactRef>,
}

/// The library whose users are asked for.
pub(crate) struct Library<'a> {
    /// Its names on both sides.
    pub(crate) sonames: BTreeSet<&'a BStr>,
    /// Its place on the reference, which is no consumer of itself.
    pub(crate) old: Option<ArtifactRef>,
    /// Its place on the candidate.
    pub(crate) new: Option<ArtifactRef>,
}

impl<'a> Consumers<'a> {
    /// Indexes both sides.
    pub(crate) fn new(old: &'a Side, new: &'a Side, pairs: &[ArtifactPair]) -> Self {
        let (old, new) = rayon::join(|| ImportIndex::new(old), || ImportIndex::new(new));
        Consumers { old, new, partners: pairs.iter().map(|pair| (pair.new, pair.old)).collect() }
    }

    /// Who imports one of `symbols` from `library`; with no symbols: who needs the library at all.
    pub(crate) fn of(&self, library: &Library<'_>, symbols: &[SymbolName]) -> Vec<Consumer> {
        let mut found: BTreeMap<(bool, ArtifactRef), Consumer> = BTreeMap::new();
        for user in self.old.users(&library.sonames, library.old) {
            if let Some(consumer) = consumer(&self.old, user, library, symbols) {
                found.insert((false, user), Consumer { on_reference: true, ..consumer });
            }
        }
        for user in self.new.users(&library.sonames, library.new) {
            let Some(consumer) = consumer(&self.new, user, library, symbols) else { continue };
            let key = self.partners.get(&user).map_or((true, user), |partner| (false, *partner));
            match found.entry(key) {
                Entry::Vacant(free) => free.insert(consumer).on_candidate = true,
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.on_candidate = true;
                    known.symbols.extend(consumer.symbols);
                    known.symbols.sort();
                    known.symbols.dedup();
                }
            }
        }
        let mut consumers: Vec<Consumer> = found.into_values().collect();
        consumers.sort();
        consumers
    }
}

fn consumer(
    index: &ImportIndex<'_>,
    user: ArtifactRef,
    library: &Library<'_>,
    symbols: &[SymbolName],
) -> Option<Consumer> {
    let imported = index.imported(user, &library.sonames, symbols);
    if imported.is_empty() && !symbols.is_empty() {
        return None;
    }
    let artifact: BString = user.of(index.side).path.clone();
    let package = index.package(user);
    Some(Consumer { package, artifact, symbols: imported, on_reference: false, on_candidate: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_found_by_name() {
        let symbol = |name: &str, version: &str| SymbolName {
            name: name.into(),
            version: Some((version.into(), version == "V2")),
        };
        let symbols = [symbol("a", "V1"), symbol("b", "V1"), symbol("b", "V2"), symbol("d", "V1")];
        assert!(symbols.is_sorted());
        assert_eq!(named(&symbols, "b".into()), &symbols[1..3]);
        assert_eq!(named(&symbols, "d".into()), &symbols[3..]);
        for absent in ["", "aa", "c", "e"] {
            assert!(named(&symbols, absent.into()).is_empty(), "{absent}");
        }
    }
}
