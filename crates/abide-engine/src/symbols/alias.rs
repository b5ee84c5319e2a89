//! Data that two names share: `environ` and `__environ`.
//!
//! A program that has a copy relocation for one name sees a change through the other only while both name one
//! object, for then the dynamic linker binds all of them to the copy.

use abide_model::{ElfFacts, SymbolSection};
use rustc_hash::FxHashMap;

use super::{SymbolChanges, SymbolPair, is_dynamic, readable};
use crate::change::{Change, Fact};

/// Adds a change to each symbol whose old object is no longer the one of its alias.
pub(super) fn splits(old: &ElfFacts, new: &ElfFacts, pairs: &[SymbolPair], changed: &mut Vec<SymbolChanges>) {
    if !is_dynamic(old) || !is_dynamic(new) {
        return;
    }
    let mut first: FxHashMap<(SymbolSection, u64), SymbolPair> = FxHashMap::default();
    for &pair in pairs.iter().filter(|p| old.symbols[p.old].is_data() && new.symbols[p.new].is_data()) {
        let (a, b) = (&old.symbols[pair.old], &new.symbols[pair.new]);
        let &mut leader = first.entry((a.section, a.address)).or_insert(pair);
        let (leader_a, leader_b) = (&old.symbols[leader.old], &new.symbols[leader.new]);
        // Empty objects and markers share addresses by accident.
        if (leader_b.section, leader_b.address) == (b.section, b.address)
            || a.size_bytes != leader_a.size_bytes
            || a.size_bytes == 0
        {
            continue;
        }
        let clause = format!("{} and {} were one object and are two", readable(leader_a), readable(a));
        let change = Change::new(Fact::AliasSplit, "same object as", clause)
            .values(leader_a.name.to_string(), "its own");
        match changed.iter_mut().find(|c| c.old == Some(pair.old)) {
            Some(entry) => entry.changes.push(change),
            None => changed.push(SymbolChanges {
                old: Some(pair.old),
                new: Some(pair.new),
                changes: vec![change],
            }),
        }
    }
}
