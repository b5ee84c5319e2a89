//! Data that two names share: `environ` and `__environ`.
//!
//! A program that has a copy relocation for one name sees a change through the other only while both name one
//! object, for then the dynamic linker binds all of them to the copy.

use abide_model::{ElfFacts, Symbol, SymbolSection};
use rustc_hash::FxHashMap;

use super::{SymbolChanges, SymbolPair, is_dynamic, readable};
use crate::change::{Change, Fact};

/// Adds a change to each symbol whose object is no longer, or only now, the one of another name.
pub(super) fn splits(old: &ElfFacts, new: &ElfFacts, pairs: &[SymbolPair], changed: &mut Vec<SymbolChanges>) {
    if !is_dynamic(old) || !is_dynamic(new) {
        return;
    }
    let data: Vec<SymbolPair> = pairs
        .iter()
        .copied()
        .filter(|p| old.symbols[p.old].is_data() && new.symbols[p.new].is_data())
        .collect();
    for (pair, leader) in parted(&data, |p| &old.symbols[p.old], |p| &new.symbols[p.new]) {
        let (a, b) = (&old.symbols[leader.old], &old.symbols[pair.old]);
        let clause = format!("{} and {} were one object and are two", readable(a), readable(b));
        let change = Change::new(Fact::AliasSplit { joined: false }, "same object as", clause);
        add(changed, pair, change.values(a.name.to_string(), "its own"));
    }
    for (pair, leader) in parted(&data, |p| &new.symbols[p.new], |p| &old.symbols[p.old]) {
        let (a, b) = (&old.symbols[leader.old], &old.symbols[pair.old]);
        let clause = format!("{} and {} were two objects and are one", readable(a), readable(b));
        let change = Change::new(Fact::AliasSplit { joined: true }, "same object as", clause);
        add(changed, pair, change.values("its own", a.name.to_string()));
    }
}

/// Pairs that on the `one` side have the object of an earlier pair, and on the `other` side do not.
fn parted<'a>(
    data: &[SymbolPair],
    one: impl Fn(&SymbolPair) -> &'a Symbol,
    other: impl Fn(&SymbolPair) -> &'a Symbol,
) -> Vec<(SymbolPair, SymbolPair)> {
    let mut first: FxHashMap<(SymbolSection, u64), SymbolPair> = FxHashMap::default();
    let place = |s: &Symbol| (s.section, s.address);
    let mut out = Vec::new();
    for pair in data {
        let leader = *first.entry(place(one(pair))).or_insert(*pair);
        // Empty objects and markers share addresses by accident.
        let one_object = one(pair).size_bytes == one(&leader).size_bytes && one(pair).size_bytes > 0;
        if one_object && place(other(pair)) != place(other(&leader)) {
            out.push((*pair, leader));
        }
    }
    out
}

fn add(changed: &mut Vec<SymbolChanges>, pair: SymbolPair, change: Change) {
    match changed.iter_mut().find(|c| c.old == Some(pair.old)) {
        Some(entry) => entry.changes.push(change),
        None => {
            changed.push(SymbolChanges { old: Some(pair.old), new: Some(pair.new), changes: vec![change] });
        }
    }
}
