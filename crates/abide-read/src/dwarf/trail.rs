//! What a definition was the first time: its names in their order, and its node.
//!
//! Two thousand units define `struct task_struct`, with the same members in the same order. Looking each name up in a
//! table of all names waits for memory; the list of the first time is read in sequence. A definition that turns out
//! equal word for word is the known node, without a hash over all of it. What differs is looked up as anything else.

use rustc_hash::FxHashMap;

use super::arena::NodeId;
use super::die::StringRef;

/// A name's place and its id.
type Item = (StringRef, u32);

/// The lists of all definitions that one worker has read, by tag.
#[derive(Default)]
pub(super) struct Trails {
    items: Vec<Item>,
    by_tag: FxHashMap<NodeId, (usize, usize, NodeId)>,
}

/// The way through one definition.
#[derive(Default)]
pub(super) struct Trail {
    next: usize,
    end: usize,
    /// The names of a definition that is met for the first time.
    new: Option<Vec<Item>>,
    /// The node of the definition that was met before.
    pub(super) definition: Option<NodeId>,
}

impl Trails {
    /// Begins a definition of a tag.
    pub(super) fn start(&mut self, tag: NodeId) -> Trail {
        match self.by_tag.get(&tag) {
            Some(&(next, end, id)) => Trail { next, end, new: None, definition: Some(id) },
            None => Trail { next: 0, end: 0, new: Some(Vec::new()), definition: None },
        }
    }

    /// Ends it.
    pub(super) fn end(&mut self, tag: NodeId, trail: Trail, definition: NodeId) {
        if let Some(new) = trail.new {
            let start = self.items.len();
            self.items.extend(new);
            self.by_tag.insert(tag, (start, self.items.len(), definition));
        }
    }

    /// The id of the name at `place`, when it is the one that comes next.
    #[inline]
    pub(super) fn expected(&self, trail: &mut Trail, place: StringRef) -> Option<u32> {
        let &(expected, name) = self.items.get(trail.next).filter(|_| trail.next < trail.end)?;
        if expected != place {
            // Another definition of that name: its members are elsewhere.
            trail.end = 0;
            return None;
        }
        trail.next += 1;
        Some(name)
    }
}

impl Trail {
    /// Keeps a name for the next time. One that stands in the entry itself has another place every time.
    pub(super) fn note(&mut self, place: StringRef, name: u32) {
        if let Some(new) = self.new.as_mut().filter(|_| !place.is_inline()) {
            new.push((place, name));
        }
    }
}
