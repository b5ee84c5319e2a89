//! What became of a package's patches from one snapshot to the next.

use std::collections::BTreeMap;

use crate::package::{Listed, Package};

/// What became of one patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its file has another content.
    Edited,
    /// Its file has another name, and the same content or change.
    Renamed,
    /// It has another number.
    Renumbered,
}

impl Fate {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Fate::Added => "added",
            Fate::Removed => "removed",
            Fate::Edited => "edited",
            Fate::Renamed => "renamed",
            Fate::Renumbered => "renumbered",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// What.
    pub fate: Fate,
    /// The patch's file before; empty when it is new.
    pub before: String,
    /// The patch's file after; empty when it is gone.
    pub after: String,
}

/// What happened between two snapshots, sorted.
pub fn compare(old: &Package, new: &Package) -> Vec<Event> {
    let mut events = Vec::new();
    let mut left: Vec<&Listed> = Vec::new();
    let mut right: BTreeMap<&str, &Listed> = new.patches.iter().map(|p| (p.file.as_str(), p)).collect();
    let mut seen = std::collections::BTreeSet::new();
    for before in old.patches.iter().filter(|before| seen.insert(before.file.as_str())) {
        match right.remove(before.file.as_str()) {
            Some(after) => same_name(before, after, &mut events),
            None => left.push(before),
        }
    }
    let mut renamed: Vec<&str> = Vec::new();
    for before in left {
        let after =
            right.values().find(|after| !renamed.contains(&after.file.as_str()) && is_same(before, after));
        match after {
            Some(after) => {
                renamed.push(&after.file);
                events.push(event(Fate::Renamed, &before.file, &after.file));
            }
            None => events.push(event(Fate::Removed, &before.file, "")),
        }
    }
    let added = right.into_keys().filter(|name| !renamed.contains(name));
    events.extend(added.map(|name| event(Fate::Added, "", name)));
    events.sort();
    events
}

fn event(fate: Fate, before: &str, after: &str) -> Event {
    Event { fate, before: before.to_owned(), after: after.to_owned() }
}

fn same_name(before: &Listed, after: &Listed, events: &mut Vec<Event>) {
    if before.digest != after.digest && before.digest.is_some() && after.digest.is_some() {
        events.push(event(Fate::Edited, &before.file, &after.file));
    }
    if before.entry.number != after.entry.number {
        events.push(event(Fate::Renumbered, &before.file, &after.file));
    }
}

/// Whether two patches are one: the same file, or the same change.
pub fn is_same(a: &Listed, b: &Listed) -> bool {
    let same_file = a.digest.is_some() && a.digest == b.digest;
    let change = a.patch.change_id();
    same_file || (change.is_some() && change == b.patch.change_id())
}
