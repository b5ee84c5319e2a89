//! Who imports what changed: an index of the imports of every artifact of a side.
//!
//! A direct user is an artifact whose `DT_NEEDED` names the library (or whose version requirements do) and that imports
//! the symbol, with the version when the library has versions (gABI/LSB "Symbol Versioning"). An indirect one imports it
//! without naming the library, which another library that it loads brings along. Kernel modules name no library and are
//! not looked at here.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use abide_model::{ArtifactFacts, Consumer, ElfKind, Side, Symbol, SymbolName};
use bstr::{BStr, BString, ByteSlice};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::check::loaded_name;
use crate::pairing::{ArtifactPair, ArtifactRef, artifacts_of};

/// The imports of one side.
pub(crate) struct ImportIndex<'a> {
    side: &'a Side,
    /// Soname to the artifacts that need it, in the order of the side.
    users: FxHashMap<&'a BStr, Vec<ArtifactRef>>,
    /// Artifact to its imports by name.
    imports: FxHashMap<ArtifactRef, FxHashMap<&'a BStr, Vec<&'a Symbol>>>,
    /// The libraries of each name.
    libraries: FxHashMap<&'a BStr, Vec<ArtifactRef>>,
    /// By library, how many artifacts load it, directly or not.
    dependents: FxHashMap<ArtifactRef, usize>,
}

impl<'a> ImportIndex<'a> {
    /// Indexes every software artifact of the side.
    pub(crate) fn new(side: &'a Side) -> Self {
        let subjects: Vec<ArtifactRef> = software(side).collect();
        let mut users: FxHashMap<&BStr, Vec<ArtifactRef>> = FxHashMap::default();
        let mut libraries: FxHashMap<&BStr, Vec<ArtifactRef>> = FxHashMap::default();
        for subject in &subjects {
            let facts: &'a ArtifactFacts = subject.of(side);
            for soname in needed(facts) {
                users.entry(soname).or_default().push(*subject);
            }
            if facts.elf.kind == ElfKind::SharedObject {
                libraries.entry(loaded_name(facts)).or_default().push(*subject);
            }
        }
        let imports = subjects.par_iter().map(|subject| (*subject, imports_of(subject.of(side)))).collect();
        let mut index = ImportIndex { side, users, imports, libraries, dependents: FxHashMap::default() };
        let needed_by = |at: &ArtifactRef| index.users.contains_key(loaded_name(at.of(side)));
        index.dependents = subjects
            .par_iter()
            .filter(|at| needed_by(at))
            .map(|at| (*at, index.count_dependents(*at)))
            .collect();
        index
    }

    fn count_dependents(&self, library: ArtifactRef) -> usize {
        let sonames = BTreeSet::from([loaded_name(library.of(self.side))]);
        let direct = self.users(&sonames, Some(library));
        let indirect = self.behind(&direct);
        direct.len() + indirect.len()
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

    /// The artifacts that load the libraries among `direct`, and need none of the libraries that those need: each with
    /// the one that it is reached by.
    fn behind(&self, direct: &BTreeSet<ArtifactRef>) -> BTreeMap<ArtifactRef, ArtifactRef> {
        let mut found: BTreeMap<ArtifactRef, ArtifactRef> = BTreeMap::new();
        let mut ahead: VecDeque<ArtifactRef> = direct.iter().copied().collect();
        while let Some(library) = ahead.pop_front() {
            let facts = library.of(self.side);
            if facts.elf.kind != ElfKind::SharedObject {
                continue;
            }
            for user in self.users.get(loaded_name(facts)).into_iter().flatten() {
                if *user != library && !direct.contains(user) && !found.contains_key(user) {
                    found.insert(*user, library);
                    ahead.push_back(*user);
                }
            }
        }
        found
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

    /// Those of `symbols` that `user` imports although it does not need the library, and that no library which it does
    /// need provides.
    fn imported_indirectly(
        &self,
        user: ArtifactRef,
        sonames: &BTreeSet<&BStr>,
        symbols: &[SymbolName],
    ) -> Vec<SymbolName> {
        // A versioned import names the file: its user is a direct one.
        let is_bare = |symbol: &SymbolName| {
            let imports = self.imports.get(&user).and_then(|imports| imports.get(symbol.name.as_bstr()));
            imports.is_some_and(|imports| imports.iter().any(|import| import.version.is_none()))
        };
        let needed = needed(user.of(self.side));
        let provided = |symbol: &SymbolName| {
            let libraries = needed.iter().filter_map(|name| self.libraries.get(name)).flatten();
            libraries.into_iter().any(|at| exports(at.of(self.side), symbol.name.as_bstr()))
        };
        let mut found = self.imported(user, sonames, symbols);
        found.retain(|symbol| is_bare(symbol) && !provided(symbol));
        found
    }

    fn package(&self, user: ArtifactRef) -> Option<String> {
        user.package_of(self.side).meta.as_ref().map(|meta| meta.nevra.to_string())
    }

    /// Everybody who imports one of `symbols` from a library with one of `sonames`; with no symbols: who needs it at
    /// all.
    fn of(&self, sonames: &BTreeSet<&BStr>, own: Option<ArtifactRef>, symbols: &[SymbolName]) -> Vec<User> {
        let direct = self.users(sonames, own);
        let mut found: Vec<User> = Vec::new();
        for user in &direct {
            let imported = self.imported(*user, sonames, symbols);
            if !imported.is_empty() || symbols.is_empty() {
                found.push(User { at: *user, symbols: imported, through: Vec::new() });
            }
        }
        // Where every symbol has a version, every import names the library.
        let bare: Vec<SymbolName> = symbols.iter().filter(|s| s.version.is_none()).cloned().collect();
        if !bare.is_empty() {
            let behind = self.behind(&direct);
            for user in behind.keys().filter(|user| Some(**user) != own) {
                let imported = self.imported_indirectly(*user, sonames, &bare);
                if !imported.is_empty() {
                    let through = self.way(&behind, *user);
                    found.push(User { at: *user, symbols: imported, through });
                }
            }
        }
        found
    }

    /// Names of the libraries between a user and the one that needs the library.
    fn way(&self, behind: &BTreeMap<ArtifactRef, ArtifactRef>, user: ArtifactRef) -> Vec<BString> {
        let mut way = Vec::new();
        let mut at = user;
        let mut seen = FxHashSet::from_iter([user]);
        while let Some(next) = behind.get(&at).filter(|next| seen.insert(**next)) {
            way.push(loaded_name(next.of(self.side)).to_owned());
            at = *next;
        }
        way
    }

    fn consumer(&self, user: User) -> Consumer {
        let artifact: BString = user.at.of(self.side).path.clone();
        Consumer {
            symbols: user.symbols,
            through: user.through,
            dependents: self.dependents.get(&user.at).copied().unwrap_or(0),
            ..Consumer::new(self.package(user.at), artifact)
        }
    }
}

/// An artifact that imports something.
struct User {
    at: ArtifactRef,
    symbols: Vec<SymbolName>,
    through: Vec<BString>,
}

/// Whether a file exports a symbol of this name.
fn exports(facts: &ArtifactFacts, name: &BStr) -> bool {
    let symbols = &facts.elf.symbols;
    let start = symbols.partition_point(|symbol| symbol.name.as_bstr() < name);
    symbols[start..].iter().take_while(|symbol| symbol.name == name).any(|symbol| symbol.is_export)
}

/// Those of sorted `symbols` with this name.
fn named<'s>(symbols: &'s [SymbolName], name: &BStr) -> &'s [SymbolName] {
    let start = symbols.partition_point(|symbol| symbol.name.as_bstr() < name);
    let length = symbols[start..].partition_point(|symbol| symbol.name.as_bstr() == name);
    &symbols[start..start + length]
}

/// Every artifact of a package that carries software.
pub(crate) fn software(side: &Side) -> impl Iterator<Item = ArtifactRef> + '_ {
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

    /// Who imports one of `symbols` from `library`, the most concerned first; with no symbols: who needs the library
    /// at all.
    pub(crate) fn of(&self, library: &Library<'_>, symbols: &[SymbolName]) -> Vec<Consumer> {
        let mut found: BTreeMap<(bool, ArtifactRef), Consumer> = BTreeMap::new();
        for user in self.old.of(&library.sonames, library.old, symbols) {
            let key = (false, user.at);
            found.insert(key, Consumer { on_reference: true, ..self.old.consumer(user) });
        }
        for user in self.new.of(&library.sonames, library.new, symbols) {
            let key = self.partners.get(&user.at).map_or((true, user.at), |partner| (false, *partner));
            let consumer = Consumer { on_candidate: true, ..self.new.consumer(user) };
            match found.entry(key) {
                Entry::Vacant(free) => drop(free.insert(consumer)),
                Entry::Occupied(mut known) => merge(known.get_mut(), consumer),
            }
        }
        let mut consumers: Vec<Consumer> = found.into_values().collect();
        consumers.sort_by(Consumer::rank);
        consumers
    }
}

/// Adds what was seen on the candidate of a consumer that the reference has as well.
fn merge(known: &mut Consumer, other: Consumer) {
    known.on_candidate = true;
    if other.through.is_empty() {
        known.through.clear();
    }
    known.symbols.extend(other.symbols);
    known.symbols.sort();
    known.symbols.dedup();
}

/// Who imports one of `symbols` from the libraries at `places` of one side, the most concerned first. Those who need
/// one of them and import nothing are among them when `all` is set.
pub(crate) fn of_side(
    index: &ImportIndex<'_>,
    sonames: &BTreeSet<&BStr>,
    places: &[ArtifactRef],
    symbols: &[SymbolName],
    all: bool,
) -> Vec<Consumer> {
    let mut found: BTreeMap<ArtifactRef, Consumer> = BTreeMap::new();
    let mut users = index.of(sonames, None, symbols);
    if all {
        users.extend(index.of(sonames, None, &[]));
    }
    for user in users.into_iter().filter(|user| !places.contains(&user.at)) {
        let at = user.at;
        let consumer = Consumer { on_reference: true, ..index.consumer(user) };
        found.entry(at).or_insert(consumer);
    }
    let mut consumers: Vec<Consumer> = found.into_values().collect();
    consumers.sort_by(Consumer::rank);
    consumers
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
