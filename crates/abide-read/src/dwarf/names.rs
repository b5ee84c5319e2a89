//! Names: interning by place in the string section, spelling, and scopes.
//!
//! Compilers spell template arguments differently (`V<A*>`, `V<A *>`; `> >`, `>>`). A name is kept in one spelling,
//! in which a space stands only between two words, so that one type has one name.

use abide_model::{StrId, StringTable};
use rustc_hash::FxHashMap;

use super::die::StringRef;
use super::unit::Sources;

/// Strings of one worker.
#[derive(Default)]
pub(super) struct Names {
    pub(super) table: StringTable,
    /// Names that lie outside their section, or in a supplementary file that is absent.
    pub(super) missing: u64,
    by_place: FxHashMap<StringRef, u32>,
    joined: FxHashMap<(u32, u32), u32>,
}

impl Names {
    /// The id of the string at `place`; a place outside its section gives `None`.
    pub(super) fn at(&mut self, sources: &Sources<'_>, place: StringRef) -> Option<u32> {
        if !place.is_inline()
            && let Some(&id) = self.by_place.get(&place)
        {
            return Some(id);
        }
        let Some(text) = place.resolve(sources) else {
            self.missing += 1;
            return None;
        };
        let id = self.add(text);
        if !place.is_inline() {
            self.by_place.insert(place, id);
        }
        Some(id)
    }

    /// The id of a name in its one spelling.
    pub(super) fn add(&mut self, name: &[u8]) -> u32 {
        if name.contains(&b'<') { self.table.intern(&respell(name)).0 } else { self.table.intern(name).0 }
    }

    /// The string.
    pub(super) fn text(&self, id: u32) -> &[u8] {
        self.table.get(StrId(id))
    }

    /// Whether the string is empty.
    pub(super) fn is_empty(&self, id: u32) -> bool {
        self.table.get(StrId(id)).is_empty()
    }

    /// `scope::name`.
    pub(super) fn join(&mut self, scope: u32, name: u32) -> u32 {
        if let Some(&id) = self.joined.get(&(scope, name)) {
            return id;
        }
        let mut text = self.table.get(StrId(scope)).to_vec();
        text.extend_from_slice(b"::");
        text.extend_from_slice(self.table.get(StrId(name)));
        let id = self.table.intern(&text).0;
        self.joined.insert((scope, name), id);
        id
    }
}

/// Drops every space that does not separate two words.
pub(super) fn respell(name: &[u8]) -> Vec<u8> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    let mut out: Vec<u8> = Vec::with_capacity(name.len());
    for (index, &byte) in name.iter().enumerate() {
        if byte == b' ' {
            let before = out.last().copied().unwrap_or(b' ');
            let after = name[index + 1..].iter().copied().find(|&b| b != b' ').unwrap_or(b' ');
            if !(is_word(before) && is_word(after)) {
                continue;
            }
            if out.last() == Some(&b' ') {
                continue;
            }
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::respell;

    #[test]
    fn spellings_of_two_compilers_are_one() {
        assert_eq!(respell(b"V<A *>"), b"V<A*>");
        assert_eq!(respell(b"map<int, V<A> >"), b"map<int,V<A>>");
        assert_eq!(respell(b"V<unsigned  long const>"), b"V<unsigned long const>");
        assert_eq!(respell(b"operator< "), b"operator<");
    }
}
