//! Interned byte strings: names in a type graph are ids into one table.

use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

/// Index of a string in a [`StringTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrId(pub u32);

/// Distinct byte strings in the order of their first use; names need not be UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StringTable {
    strings: Vec<BString>,
    index: FxHashMap<BString, StrId>,
}

impl StringTable {
    /// The id of `text`, which is added when it is new.
    pub fn intern(&mut self, text: &[u8]) -> StrId {
        if let Some(&id) = self.index.get(text.as_bstr()) {
            return id;
        }
        let id = StrId(self.strings.len() as u32);
        self.strings.push(text.into());
        self.index.insert(text.into(), id);
        id
    }

    /// The id of `text` when it is in the table.
    pub fn find(&self, text: &[u8]) -> Option<StrId> {
        self.index.get(text.as_bstr()).copied()
    }

    /// The string behind `id`; an id from another table gives an empty string, never a panic.
    pub fn get(&self, id: StrId) -> &BStr {
        self.strings.get(id.0 as usize).map_or(b"".as_bstr(), |s| s.as_bstr())
    }

    /// Number of distinct strings.
    pub fn len(&self) -> usize {
        self.strings.len()
    }

    /// Whether no string was interned.
    pub fn is_empty(&self) -> bool {
        self.strings.is_empty()
    }

    /// All strings in id order.
    pub fn iter(&self) -> impl Iterator<Item = &BStr> {
        self.strings.iter().map(|s| s.as_bstr())
    }
}
