//! Entries of the type sections, each with a number of its own (`struct ctf_type`, `struct ctf_stype` and what
//! follows them).

use abide_model::{BaseEncoding, Gap, GapKind, Qualifier, RecordKeyword};
use rustc_hash::FxHashMap;

use super::dict::Dict;
use super::symbols::ElfStrings;
use crate::numbered::{Bytes, RawMember, Ref, Shape, Table, gap, text_at};

/// `CTF_K_*`.
mod kind {
    macro_rules! kinds {
        ($($name:ident = $value:expr;)*) => { $(pub(super) const $name: u32 = $value;)* };
    }
    kinds! {
        UNKNOWN = 0; INTEGER = 1; FLOAT = 2; POINTER = 3; ARRAY = 4; FUNCTION = 5; STRUCT = 6; UNION = 7; ENUM = 8;
        FORWARD = 9; TYPEDEF = 10; VOLATILE = 11; CONST = 12; RESTRICT = 13; SLICE = 14;
    }
}

/// `CTF_LSIZE_SENT`: the size follows in 64 bits.
const LARGE: u32 = u32::MAX;
/// `CTF_LSTRUCT_THRESH`: members of records from this size on have offsets of 64 bits.
const LARGE_RECORD_BYTES: u64 = 536_870_912;
/// `CTF_MAX_PTYPE`, plus one: set in the number of a type that is not the parent's.
const OWN: u32 = 0x8000_0000;
/// Set in the offset of a string of the ELF file (`CTF_NAME_STID`).
const EXTERNAL: u32 = 0x8000_0000;

/// The head of an entry.
#[derive(Clone, Copy, Debug)]
struct Head {
    name: u32,
    kind: u32,
    /// Number of members, parameters, enumerators.
    count: u32,
    /// `ctt_type`, or the low part of the size.
    type_word: u32,
    size_bytes: u64,
    /// Where the rest begins.
    tail: usize,
}

/// All types of a section.
pub(super) struct CtfTable<'t> {
    pub(super) dicts: &'t [Dict<'t>],
    strings: &'t ElfStrings<'t>,
    /// Reference of the first type of each dictionary, and their number.
    ranges: Vec<(u32, u32)>,
    /// Place in its dictionary and the dictionary, by reference.
    entries: Vec<(u32, u32)>,
    /// Definitions that only children have, by name: what a declaration in their parent stands for.
    behind: FxHashMap<(usize, &'t [u8]), Vec<Ref>>,
    cut: Vec<u64>,
    is_innermost_first: bool,
}

impl<'t> CtfTable<'t> {
    pub(super) fn new(dicts: &'t [Dict<'t>], strings: &'t ElfStrings<'t>, is_innermost_first: bool) -> Self {
        let mut table = CtfTable {
            dicts,
            strings,
            ranges: Vec::with_capacity(dicts.len()),
            entries: vec![(0, 0)],
            behind: FxHashMap::default(),
            cut: Vec::new(),
            is_innermost_first,
        };
        for (index, dict) in dicts.iter().enumerate() {
            table.index(index, dict);
        }
        table.find_behind();
        table
    }

    fn index(&mut self, index: usize, dict: &Dict<'_>) {
        let (types, first) = (dict.types(), self.entries.len() as u32);
        let mut at = 0;
        while at < types.data.len() {
            let end = head(types, at).and_then(|head| Some(head.tail as u64 + tail_bytes(&head)?));
            let Some(end) = end.filter(|&end| end <= types.data.len() as u64) else {
                self.cut.push(self.entries.len() as u64 - u64::from(first) + 1);
                break;
            };
            self.entries.push((at as u32, index as u32));
            at = end as usize;
        }
        self.ranges.push((first, self.entries.len() as u32 - first));
    }

    fn find_behind(&mut self) {
        let mut behind: FxHashMap<(usize, &'t [u8]), Vec<Ref>> = FxHashMap::default();
        for (id, &(at, index)) in self.entries.iter().enumerate().skip(1) {
            let dict = &self.dicts[index as usize];
            let (Some(parent), Some(head)) = (dict.parent, head(dict.types(), at as usize)) else { continue };
            if matches!(head.kind, kind::STRUCT | kind::UNION | kind::ENUM) {
                let name = self.text(dict, head.name);
                if !name.is_empty() {
                    behind.entry((parent, name)).or_default().push(Ref(id as u32));
                }
            }
        }
        self.behind = behind;
    }

    /// What could not be read of the tables.
    pub(super) fn report(&self, gaps: &mut Vec<Gap>) {
        for number in &self.cut {
            gaps.push(gap(
                GapKind::BrokenDebugInfo,
                format!(".ctf: type {number} is cut off or of an unknown kind"),
            ));
        }
    }

    /// Whether names are in a string table of the ELF file that is not there.
    pub(super) fn lacks_strings(&self) -> bool {
        self.entries.iter().skip(1).any(|&(at, index)| {
            let dict = &self.dicts[index as usize];
            let name = head(dict.types(), at as usize).map_or(0, |head| head.name);
            name & EXTERNAL != 0 && self.strings.of(dict).is_empty()
        })
    }

    fn entry(&self, id: Ref) -> Option<(&'t Dict<'t>, Head)> {
        if id == Ref::VOID {
            return None;
        }
        let &(at, index) = self.entries.get(id.0 as usize)?;
        let dict = &self.dicts[index as usize];
        Some((dict, head(dict.types(), at as usize)?))
    }

    /// The reference that the number `id` means in the dictionary with this index.
    pub(super) fn reference(&self, index: usize, id: u32) -> Ref {
        if id == 0 {
            return Ref::VOID;
        }
        let parent = self.dicts.get(index).and_then(|dict| dict.parent);
        // Numbers of a child's own types have the high bit set, all others are the parent's.
        let (owner, number) = match (parent, id & OWN != 0) {
            (Some(_), true) => (index, id & !OWN),
            (Some(parent), false) => (parent, id),
            (None, _) => (index, id),
        };
        match self.ranges.get(owner) {
            Some(&(first, count)) if (1..=count).contains(&number) => Ref(first + number - 1),
            _ => Ref::NOWHERE,
        }
    }

    fn reference_from(&self, id: Ref, number: u32) -> Ref {
        match self.entries.get(id.0 as usize) {
            Some(&(_, index)) => self.reference(index as usize, number),
            None => Ref::NOWHERE,
        }
    }

    /// A name as seen from `dict`; empty when there is none.
    pub(super) fn text(&self, dict: &'t Dict<'t>, name: u32) -> &'t [u8] {
        let text = match name & EXTERNAL {
            0 => dict.own_text(name),
            _ => text_at(self.strings.of(dict), (name & !EXTERNAL) as usize),
        };
        text.unwrap_or_default()
    }

    /// What follows the head of an entry, if it is of one of these kinds.
    fn tail(&self, id: Ref, kinds: &[u32]) -> Option<(&'t Dict<'t>, Head, Bytes<'t>)> {
        let (dict, head) = self.entry(id).filter(|(_, head)| kinds.contains(&head.kind))?;
        let tail = dict.types().part(head.tail as u64, tail_bytes(&head)?)?;
        Some((dict, head, tail))
    }

    /// A member's type without the slice around it, and the bits that the slice or a narrow integer takes.
    fn bits(&self, ty: Ref) -> (Ref, u64, Option<u64>) {
        if let Some((_, _, tail)) = self.tail(ty, &[kind::SLICE]) {
            let number = tail.u32(0).unwrap_or(0);
            let (offset, bits) = (tail.u16(4).unwrap_or(0), tail.u16(6).unwrap_or(0));
            return (self.reference_from(ty, number), offset.into(), Some(bits.into()));
        }
        if let Some((_, head, tail)) = self.tail(ty, &[kind::INTEGER]) {
            let data = tail.u32(0).unwrap_or(0);
            let (bits, offset) = (u64::from(data & 0xffff), u64::from(data >> 16 & 0xff));
            let is_bool = data >> 24 & format::BOOL != 0;
            if !is_bool && bits > 0 && (bits < head.size_bytes * 8 || offset > 0) {
                return (ty, offset, Some(bits));
            }
        }
        (ty, 0, None)
    }
}

/// `CTF_INT_*` and `CTF_FP_*`.
mod format {
    pub(super) const SIGNED: u32 = 1;
    pub(super) const CHAR: u32 = 2;
    pub(super) const BOOL: u32 = 4;
}

fn head(types: Bytes<'_>, at: usize) -> Option<Head> {
    let (name, info, word) = (types.u32(at)?, types.u32(at + 4)?, types.u32(at + 8)?);
    let (kind, count) = (info >> 26, info & 0xff_ffff);
    let is_reference = matches!(
        kind,
        kind::POINTER
            | kind::FUNCTION
            | kind::FORWARD
            | kind::TYPEDEF
            | kind::VOLATILE
            | kind::CONST
            | kind::RESTRICT
    );
    let (size_bytes, tail) = if word == LARGE && !is_reference {
        let (high, low) = (types.u32(at + 12)?, types.u32(at + 16)?);
        (u64::from(high) << 32 | u64::from(low), at + 20)
    } else {
        (u64::from(word), at + 12)
    };
    Some(Head { name, kind, count, type_word: word, size_bytes, tail })
}

/// Bytes after the head; `None` for a kind that is not known.
fn tail_bytes(head: &Head) -> Option<u64> {
    let count = u64::from(head.count);
    Some(match head.kind {
        kind::INTEGER | kind::FLOAT => 4,
        kind::ARRAY => 12,
        // An even number of words.
        kind::FUNCTION => (count + count % 2) * 4,
        kind::STRUCT | kind::UNION if head.size_bytes >= LARGE_RECORD_BYTES => count * 16,
        kind::STRUCT | kind::UNION => count * 12,
        kind::ENUM => count * 8,
        kind::SLICE => 8,
        kind::UNKNOWN | kind::POINTER | kind::FORWARD..=kind::RESTRICT => 0,
        _ => return None,
    })
}

impl Table for CtfTable<'_> {
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn shape(&self, id: Ref) -> Shape<'_> {
        if id == Ref::VOID {
            return Shape::Void;
        }
        let Some((dict, head)) = self.entry(id) else { return Shape::Broken };
        let name = || self.text(dict, head.name);
        let target = || self.reference_from(id, head.type_word);
        let data = || dict.types().u32(head.tail).unwrap_or(0);
        let size_bytes = head.size_bytes;
        match head.kind {
            kind::INTEGER if size_bytes == 0 && name() == b"void" => Shape::Void,
            kind::INTEGER => Shape::Base { name: name(), size_bytes, encoding: int_encoding(data() >> 24) },
            kind::FLOAT => Shape::Base { name: name(), size_bytes, encoding: float_encoding(data() >> 24) },
            kind::POINTER => Shape::Pointer(target()),
            kind::TYPEDEF => Shape::Typedef { name: name(), target: target() },
            kind::VOLATILE => Shape::Qualified(Qualifier::Volatile, target()),
            kind::CONST => Shape::Qualified(Qualifier::Const, target()),
            kind::RESTRICT => Shape::Qualified(Qualifier::Restrict, target()),
            kind::ARRAY => {
                let count = dict.types().u32(head.tail + 8).map(u64::from).filter(|&count| count != 0);
                Shape::Array { element: self.reference_from(id, data()), count }
            }
            kind::FUNCTION => Shape::Function {
                returned: target(),
                is_variadic: self.is_variadic(dict, &head),
                is_prototyped: true,
            },
            kind::STRUCT => Shape::Record { keyword: RecordKeyword::Struct, name: name(), size_bytes },
            kind::UNION => Shape::Record { keyword: RecordKeyword::Union, name: name(), size_bytes },
            kind::ENUM => Shape::Enum { name: name(), size_bytes },
            kind::FORWARD => Shape::Declaration { keyword: declared_keyword(head.type_word), name: name() },
            kind::UNKNOWN => Shape::Inexpressible,
            // A slice is a bit-field's type; no other thing can have it.
            _ => Shape::Broken,
        }
    }

    fn members(&self, id: Ref) -> impl Iterator<Item = RawMember<'_>> {
        let found = self.tail(id, &[kind::STRUCT, kind::UNION]);
        let is_large = found.as_ref().is_some_and(|(_, head, _)| head.size_bytes >= LARGE_RECORD_BYTES);
        let (dict, rows) = match found {
            Some((dict, _, tail)) => (Some(dict), tail),
            None => (None, Bytes { data: &[], is_big: false }),
        };
        rows.data.chunks_exact(if is_large { 16 } else { 12 }).filter_map(move |row| {
            let row = Bytes { data: row, is_big: rows.is_big };
            // Large: name, high part, type, low part.
            let (ty, place) = match row.u32(12) {
                Some(low) => (row.u32(8)?, u64::from(row.u32(4)?) << 32 | u64::from(low)),
                None => (row.u32(8)?, u64::from(row.u32(4)?)),
            };
            let (ty, offset, bit_size) = self.bits(self.reference_from(id, ty));
            let name = self.text(dict?, row.u32(0)?);
            Some(RawMember { name, ty, offset_bits: place.wrapping_add(offset), bit_size })
        })
    }

    fn parameters(&self, id: Ref) -> impl Iterator<Item = (&[u8], Ref)> {
        let found = self.tail(id, &[kind::FUNCTION]);
        let count =
            found.as_ref().map_or(0, |(dict, head, _)| head.count - u32::from(self.is_variadic(dict, head)));
        let words = found.map_or(Bytes { data: &[], is_big: false }, |(_, _, tail)| tail);
        words.words().take(count as usize).map(move |number| (&b""[..], self.reference_from(id, number)))
    }

    fn enumerators(&self, id: Ref) -> impl Iterator<Item = (&[u8], i128)> {
        let found = self.tail(id, &[kind::ENUM]);
        let (dict, rows) = match found {
            Some((dict, _, tail)) => (Some(dict), tail),
            None => (None, Bytes { data: &[], is_big: false }),
        };
        rows.rows().filter_map(move |[name, value]: [u32; 2]| {
            Some((self.text(dict?, name), i128::from(value as i32)))
        })
    }

    fn definitions_behind(&self, declaration: Ref) -> &[Ref] {
        let found = self.entries.get(declaration.0 as usize).and_then(|&(_, index)| {
            let (dict, head) = self.entry(declaration)?;
            self.behind.get(&(index as usize, self.text(dict, head.name)))
        });
        found.map_or(&[], Vec::as_slice)
    }

    fn string_bytes(&self) -> usize {
        let own: usize = self.dicts.iter().map(|dict| dict.strings().len()).sum();
        own + self.strings.len()
    }

    fn is_innermost_first(&self) -> bool {
        self.is_innermost_first
    }

    fn format(&self) -> &'static str {
        "CTF"
    }
}

impl CtfTable<'_> {
    /// The last parameter of a variadic function has no type.
    fn is_variadic(&self, dict: &Dict<'_>, head: &Head) -> bool {
        head.count > 0 && dict.types().u32(head.tail + (head.count as usize - 1) * 4) == Some(0)
    }
}

/// The kind that a declaration has in `ctt_type`; 0 stands for a struct.
fn declared_keyword(kind: u32) -> Option<RecordKeyword> {
    match kind {
        kind::UNION => Some(RecordKeyword::Union),
        kind::ENUM => None,
        _ => Some(RecordKeyword::Struct),
    }
}

fn int_encoding(flags: u32) -> BaseEncoding {
    match (flags & format::BOOL != 0, flags & format::CHAR != 0, flags & format::SIGNED != 0) {
        (true, _, _) => BaseEncoding::Boolean,
        (_, true, true) => BaseEncoding::SignedChar,
        (_, true, false) => BaseEncoding::UnsignedChar,
        (_, false, true) => BaseEncoding::Signed,
        (_, false, false) => BaseEncoding::Unsigned,
    }
}

/// `CTF_FP_*`.
fn float_encoding(format: u32) -> BaseEncoding {
    match format {
        // Single, double, long double.
        1 | 2 | 6 => BaseEncoding::Float,
        // The complex ones.
        3..=5 => BaseEncoding::ComplexFloat,
        // Imaginary: DW_ATE_imaginary_float.
        10..=12 => BaseEncoding::Other(0x09),
        // Intervals, which DWARF has no code for.
        other => BaseEncoding::Other(0x80 | (other as u8 & 0x7f)),
    }
}
