//! Which symbol of the candidate a program built against the reference binds to.
//!
//! Follows glibc's `elf/dl-lookup.c` (`check_match`): a reference with a version binds to that version, or to an
//! unversioned definition; a reference without a version binds to the base or default version.

use abide_model::{ElfFacts, Symbol};
use bstr::{BStr, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Matching, SymbolChanges, SymbolPair, alias, bytes, is_dynamic, list, matched, names, noun, readable,
};
use crate::change::{Change, Fact};
use crate::demangle::skeleton;

/// Matches the exports of both sides and compares the matched ones as symbols.
pub(crate) fn match_exports(old: &ElfFacts, new: &ElfFacts) -> Matching {
    let finder = Finder::new(old, new);
    let mut out = Matching::default();
    let mut found = FxHashSet::default();
    for (index, symbol) in old.exports() {
        let mut changes = Vec::new();
        let partner = match finder.find(symbol) {
            Found::Same(partner) => Some(partner),
            Found::Versioned(partner) => {
                changes.push(finder.gained_version(symbol, partner));
                Some(partner)
            }
            Found::OtherVersions(others) => {
                changes.push(finder.lost_version(symbol, &others));
                // Nothing binds to the others, but a reader wants to know of their types only once.
                None
            }
            Found::Nothing => {
                changes.push(finder.removed(symbol));
                None
            }
        };
        if let Some(partner) = partner {
            found.insert(partner);
            out.pairs.push(SymbolPair { old: index, new: partner });
            changes.extend(matched::changes(old, new, symbol, &new.symbols[partner]));
            changes.extend(finder.default_version(symbol, &new.symbols[partner]));
        }
        if !changes.is_empty() {
            out.changed.push(SymbolChanges { old: Some(index), new: partner, changes });
        }
    }
    out.changed.extend(added(old, new, &found));
    alias::splits(old, new, &out.pairs, &mut out.changed);
    out
}

enum Found {
    /// Same name and version, or both without.
    Same(usize),
    /// Had no version, and the default version of the name is this.
    Versioned(usize),
    /// The name is there with versions that old programs do not bind to.
    OtherVersions(Vec<usize>),
    /// The name is gone.
    Nothing,
}

struct Finder<'a> {
    old: &'a ElfFacts,
    new: &'a ElfFacts,
    /// Exports of the candidate by name.
    by_name: FxHashMap<&'a BStr, Vec<usize>>,
    /// Symbols that only the candidate exports, by demangled skeleton; built when first needed.
    skeletons: std::cell::OnceCell<FxHashMap<String, usize>>,
}

impl<'a> Finder<'a> {
    fn new(old: &'a ElfFacts, new: &'a ElfFacts) -> Self {
        let mut by_name: FxHashMap<&BStr, Vec<usize>> = FxHashMap::default();
        for (index, symbol) in new.exports() {
            by_name.entry(symbol.name.as_bstr()).or_default().push(index);
        }
        Finder { old, new, by_name, skeletons: std::cell::OnceCell::new() }
    }

    fn find(&self, symbol: &Symbol) -> Found {
        let Some(candidates) = self.by_name.get(symbol.name.as_bstr()) else { return Found::Nothing };
        let version = |s: &Symbol| s.version.as_ref().map(|v| v.name.clone());
        let wanted = version(symbol);
        if let Some(&same) = candidates.iter().find(|&&c| version(&self.new.symbols[c]) == wanted) {
            return Found::Same(same);
        }
        let is_default = |c: &&usize| self.new.symbols[**c].version.as_ref().is_some_and(|v| v.is_default);
        match candidates.iter().find(is_default) {
            Some(&default) if wanted.is_none() => Found::Versioned(default),
            _ => Found::OtherVersions(candidates.clone()),
        }
    }

    fn gained_version(&self, symbol: &Symbol, partner: usize) -> Change {
        let version =
            self.new.symbols[partner].version.as_ref().map_or(String::new(), |v| v.name.to_string());
        let clause = format!("{} had no version and has {version}", readable(symbol));
        Change::new(Fact::SymbolVersioned, "version", clause).values("none", version)
    }

    fn lost_version(&self, symbol: &Symbol, others: &[usize]) -> Change {
        let versions: Vec<_> = others
            .iter()
            .map(|&o| self.new.symbols[o].version.as_ref().map_or("no version".into(), |v| v.name.clone()))
            .collect();
        let was = symbol.version.as_ref();
        // A base definition also serves references with a version, if the version itself is still defined or
        // the file defines none at all (then with a warning).
        let unversioned = others.iter().any(|&o| self.new.symbols[o].version.is_none());
        let accepted = was.is_none_or(|w| self.new.versions_defined.contains(&w.name))
            || self.new.versions_defined.is_empty();
        let fact = Fact::SymbolVersionRemoved {
            class: names::removed_class(symbol, self.old),
            binds_unversioned: unversioned && accepted,
        };
        let old = was.map_or("none".to_string(), |v| v.name.to_string());
        let new = list(versions);
        let clause = format!("{} is exported with {new} only", readable(symbol));
        Change::new(fact, "version", clause).values(old, new)
    }

    fn removed(&self, symbol: &Symbol) -> Change {
        let mut clause = format!("{} {} is no longer exported", noun(symbol.kind), readable(symbol));
        if let Some(heir) = self.heir(symbol) {
            clause += &format!("; {} is exported instead", self.new.symbols[heir].name);
        }
        let change =
            Change::new(Fact::SymbolRemoved(names::removed_class(symbol, self.old)), "exported", clause);
        change.values("yes", "no")
    }

    /// The added symbol that is the same C++ entity mangled anew (other `std::string`, ABI tag).
    fn heir(&self, symbol: &Symbol) -> Option<usize> {
        let wanted = skeleton(symbol.name.as_bstr())?;
        self.skeletons.get_or_init(|| self.added_skeletons()).get(&wanted).copied()
    }

    fn added_skeletons(&self) -> FxHashMap<String, usize> {
        let known: FxHashSet<&BStr> = self.old.exports().map(|(_, s)| s.name.as_bstr()).collect();
        let mut out = FxHashMap::default();
        for (index, symbol) in self.new.exports().filter(|(_, s)| !known.contains(s.name.as_bstr())) {
            if let Some(text) = skeleton(symbol.name.as_bstr()) {
                out.entry(text).or_insert(index);
            }
        }
        out
    }

    /// Whether new links bind to something else than before.
    fn default_version(&self, symbol: &Symbol, partner: &Symbol) -> Option<Change> {
        let (was, is) = (symbol.version.as_ref()?, partner.version.as_ref()?);
        if !was.is_default || is.is_default {
            return None;
        }
        let default = self.by_name.get(symbol.name.as_bstr()).into_iter().flatten().find_map(|&c| {
            self.new.symbols[c].version.as_ref().filter(|v| v.is_default).map(|v| v.name.to_string())
        });
        let fact = Fact::DefaultVersion { has_default: default.is_some() };
        let new = default.unwrap_or_else(|| "none".to_string());
        let clause = format!("the default version of {} changed from {} to {new}", symbol.name, was.name);
        Some(Change::new(fact, "default version", clause).values(was.name.to_string(), new))
    }
}

fn added(old: &ElfFacts, new: &ElfFacts, found: &FxHashSet<usize>) -> Vec<SymbolChanges> {
    let dynamic = is_dynamic(old);
    let entry = |(index, symbol): (usize, &Symbol)| {
        let size = if symbol.is_data() { format!(" of {}", bytes(symbol.size_bytes)) } else { String::new() };
        let verb = if dynamic { "is exported now" } else { "is new" };
        let clause = format!("{} {}{size} {verb}", noun(symbol.kind), readable(symbol));
        let change = Change::new(Fact::SymbolAdded, "exported", clause).values("no", "yes");
        SymbolChanges { old: None, new: Some(index), changes: vec![change] }
    };
    new.exports().filter(|(index, _)| !found.contains(index)).map(entry).collect()
}
