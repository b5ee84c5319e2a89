//! Interned byte strings: names in a type graph are ids into one table.

use std::fmt;
use std::hash::BuildHasher;

use bstr::{BStr, ByteSlice};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Index of a string in a [`StringTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrId(pub u32);

/// Distinct byte strings in the order of their first use; names need not be UTF-8.
///
/// All of them lie in one buffer, and the index holds ids only: a graph has many small names, and one allocation
/// for each would cost more than everything else that is done with them.
#[derive(Clone, Default)]
pub struct StringTable {
    bytes: Vec<u8>,
    /// Where each string ends in `bytes`; it begins where the one before it ends.
    ends: Vec<usize>,
    index: HashTable<StrId>,
}

impl StringTable {
    /// An empty table with room for so many strings of so many bytes in total.
    pub fn with_capacity(strings: usize, bytes: usize) -> Self {
        StringTable {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(strings),
            index: HashTable::with_capacity(strings),
        }
    }

    /// The id of `text`, which is added when it is new.
    pub fn intern(&mut self, text: &[u8]) -> StrId {
        let hash = hash(text);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&id) = self.index.find(hash, |&id| slice(bytes, ends, id) == Some(text)) {
            return id;
        }
        let id = StrId(self.ends.len() as u32);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        let (bytes, ends) = (&self.bytes, &self.ends);
        let rehash = |&id: &StrId| self::hash(slice(bytes, ends, id).unwrap_or_default());
        self.index.insert_unique(hash, id, rehash);
        id
    }

    /// The id of `text` when it is in the table.
    pub fn find(&self, text: &[u8]) -> Option<StrId> {
        self.index.find(hash(text), |&id| slice(&self.bytes, &self.ends, id) == Some(text)).copied()
    }

    /// The string behind `id`; an id from another table gives an empty string, never a panic.
    pub fn get(&self, id: StrId) -> &BStr {
        slice(&self.bytes, &self.ends, id).unwrap_or_default().as_bstr()
    }

    /// Number of distinct strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no string was interned.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All strings in id order.
    pub fn iter(&self) -> impl Iterator<Item = &BStr> {
        (0..self.ends.len()).map(|i| self.get(StrId(i as u32)))
    }
}

impl PartialEq for StringTable {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.bytes == other.bytes
    }
}

impl Eq for StringTable {}

impl fmt::Debug for StringTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn slice<'t>(bytes: &'t [u8], ends: &[usize], id: StrId) -> Option<&'t [u8]> {
    let index = id.0 as usize;
    let start = index.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
    bytes.get(start..*ends.get(index)?)
}

fn hash(text: &[u8]) -> u64 {
    FxBuildHasher.hash_one(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_ids() {
        let mut table = StringTable::default();
        let texts: Vec<String> = (0..1000).map(|i| format!("name{}", i % 500)).collect();
        let ids: Vec<StrId> = texts.iter().map(|t| table.intern(t.as_bytes())).collect();
        assert_eq!(table.len(), 500);
        for (text, id) in texts.iter().zip(ids) {
            assert_eq!(table.get(id), text.as_str());
            assert_eq!(table.find(text.as_bytes()), Some(id));
        }
        assert_eq!(table.find(b"name500"), None);
        assert_eq!(table.get(StrId(500)), "");
        assert_eq!(table.iter().next().unwrap(), "name0");
    }

    #[test]
    fn empty_and_odd_strings() {
        let mut table = StringTable::with_capacity(2, 4);
        assert!(table.is_empty());
        let empty = table.intern(b"");
        let odd = table.intern(b"\xff\0");
        assert_eq!((table.get(empty), table.get(odd)), (b"".as_bstr(), b"\xff\0".as_bstr()));
        assert_eq!(table.intern(b""), empty);
        let mut other = StringTable::default();
        other.intern(b"");
        assert_ne!(table, other);
        other.intern(b"\xff\0");
        assert_eq!(table, other);
    }
}
