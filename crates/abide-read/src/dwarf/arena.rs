//! Hash-consed nodes as words.
//!
//! A node is a short run of `u32`: a kind, numbers, string ids, and ids of nodes that were interned before it.
//! Equal content has one id, so that a type that two thousand units repeat is stored once. A *named* struct, union,
//! class or enum is never an edge of another node: the edge goes to a `Tag` node that holds only the name, and the
//! definitions are kept beside it. So no node's content is cyclic, and one pass is enough. `docs/algorithms/type-graph.md`
//! tells why.

use std::hash::Hasher;

use abide_model::{
    Base, BaseEncoding, BaseSpec, EnumType, Enumerator, FunctionType, Member, Parameter, PassBy, PointerKind,
    Qualifier, RecordKeyword, RecordType, StrId, TypeId, TypeKind, VirtualMethod,
};
use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::die::DieRef;

/// Id of a node in an [`Arena`].
pub(super) type NodeId = u32;

/// First word of a node.
pub(super) mod kind {
    macro_rules! kinds {
        ($($name:ident = $value:expr;)*) => { $(pub(in crate::dwarf) const $name: u32 = $value;)* };
    }
    kinds! {
        VOID = 0; BASE = 1; POINTER = 2; MEMBER_POINTER = 3; QUALIFIED = 4; TYPEDEF = 5; ARRAY = 6; FUNCTION = 7;
        RECORD = 8; ENUM = 9; TAG = 10; UNSPECIFIED = 11; OPAQUE = 12; BROKEN = 13;
    }
}

/// Flag bits inside nodes.
pub(super) mod flag {
    pub(in crate::dwarf) const VARIADIC: u32 = 1;
    pub(in crate::dwarf) const PROTOTYPED: u32 = 2;
    pub(in crate::dwarf) const NORETURN: u32 = 4;
    pub(in crate::dwarf) const ARTIFICIAL: u32 = 1;
    pub(in crate::dwarf) const VIRTUAL_BASE: u32 = 1;
    pub(in crate::dwarf) const HAS_OFFSET: u32 = 2;
    pub(in crate::dwarf) const SCOPED: u32 = 1;
    pub(in crate::dwarf) const PURE: u32 = 1;
    pub(in crate::dwarf) const HAS_SLOT: u32 = 2;
}

/// Nodes, each content once.
#[derive(Default)]
pub(super) struct Arena {
    words: Vec<u32>,
    /// Start of each node in `words`; the end is the next start.
    starts: Vec<u32>,
    table: HashTable<NodeId>,
    /// The first entry, by source and offset, that described the node.
    origins: Vec<DieRef>,
    /// Longest way down from the node to one without edges.
    heights: Vec<u32>,
}

fn hash_words(words: &[u32]) -> u64 {
    let mut hasher = FxHasher::default();
    let mut pairs = words.chunks_exact(2);
    for pair in &mut pairs {
        hasher.write_u64(u64::from(pair[0]) << 32 | u64::from(pair[1]));
    }
    if let [last] = pairs.remainder() {
        hasher.write_u32(*last);
    }
    hasher.write_usize(words.len());
    hasher.finish()
}

impl Arena {
    /// The id of the node with this content, which is added when it is new.
    pub(super) fn intern(&mut self, words: &[u32], origin: DieRef) -> NodeId {
        let hash = hash_words(words);
        let (all, starts) = (&self.words, &self.starts);
        if let Some(&id) = self.table.find(hash, |&id| span(all, starts, id) == words) {
            return self.meet(id, origin);
        }
        let id = self.starts.len() as NodeId;
        self.starts.push(self.words.len() as u32);
        self.words.extend_from_slice(words);
        self.origins.push(origin);
        self.heights.push(self.height_of(words));
        let (all, starts) = (&self.words, &self.starts);
        self.table.insert_unique(hash, id, |&id| hash_words(span(all, starts, id)));
        id
    }

    /// Notes another entry that describes a node.
    pub(super) fn meet(&mut self, id: NodeId, origin: DieRef) -> NodeId {
        let known = &mut self.origins[id as usize];
        *known = (*known).min(origin);
        id
    }

    pub(super) fn words(&self, id: NodeId) -> &[u32] {
        span(&self.words, &self.starts, id)
    }

    pub(super) fn origin(&self, id: NodeId) -> DieRef {
        self.origins[id as usize]
    }

    /// Longest way down; a reader refuses what would make a walk too deep.
    pub(super) fn height(&self, id: NodeId) -> u32 {
        self.heights[id as usize]
    }

    fn height_of(&self, words: &[u32]) -> u32 {
        let mut height = 0;
        for_each_slot(&mut words.to_vec(), |slot, word| match slot {
            Slot::Node => height = height.max(self.heights[*word as usize] + 1),
            Slot::OptionalNode if *word != 0 => height = height.max(self.heights[*word as usize - 1] + 1),
            _ => {}
        });
        height
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }
}

fn span<'w>(words: &'w [u32], starts: &[u32], id: NodeId) -> &'w [u32] {
    let start = starts[id as usize] as usize;
    let end = starts.get(id as usize + 1).map_or(words.len(), |&e| e as usize);
    &words[start..end]
}

/// What a word of a node means to somebody who moves nodes between arenas.
pub(super) enum Slot {
    Node,
    /// A node id plus one; 0 for none.
    OptionalNode,
    String,
    /// A string id plus one; 0 for none.
    OptionalString,
}

/// Calls `f` for each word that is an id.
pub(super) fn for_each_slot(words: &mut [u32], mut f: impl FnMut(Slot, &mut u32)) {
    match words[0] {
        kind::BASE | kind::TAG | kind::UNSPECIFIED => f(Slot::String, &mut words[1]),
        kind::POINTER | kind::QUALIFIED => f(Slot::Node, &mut words[2]),
        kind::MEMBER_POINTER => {
            f(Slot::Node, &mut words[1]);
            f(Slot::Node, &mut words[2]);
        }
        kind::TYPEDEF => {
            f(Slot::String, &mut words[1]);
            f(Slot::Node, &mut words[2]);
        }
        kind::ARRAY => f(Slot::Node, &mut words[2]),
        kind::FUNCTION => {
            f(Slot::Node, &mut words[3]);
            for parameter in words[4..].chunks_exact_mut(2) {
                f(Slot::Node, &mut parameter[1]);
            }
        }
        kind::RECORD => {
            f(Slot::OptionalString, &mut words[2]);
            let (bases, members) = (words[8] as usize, words[9] as usize);
            let (base_words, rest) = words[RECORD_HEADER..].split_at_mut(bases * BASE_WORDS);
            let (member_words, method_words) = rest.split_at_mut(members * MEMBER_WORDS);
            base_words.chunks_exact_mut(BASE_WORDS).for_each(|b| f(Slot::Node, &mut b[0]));
            for member in member_words.chunks_exact_mut(MEMBER_WORDS) {
                f(Slot::OptionalString, &mut member[0]);
                f(Slot::Node, &mut member[1]);
            }
            for method in method_words.chunks_exact_mut(METHOD_WORDS) {
                f(Slot::String, &mut method[0]);
                f(Slot::OptionalString, &mut method[1]);
                f(Slot::Node, &mut method[2]);
            }
        }
        kind::ENUM => {
            f(Slot::OptionalString, &mut words[2]);
            f(Slot::OptionalNode, &mut words[5]);
            for enumerator in words[6..].chunks_exact_mut(ENUMERATOR_WORDS) {
                f(Slot::String, &mut enumerator[0]);
            }
        }
        kind::OPAQUE => f(Slot::String, &mut words[2]),
        _ => {}
    }
}

/// Words of a record before its bases: kind, keyword and pass, name, size (2), alignment (2), reserved, two counts.
pub(super) const RECORD_HEADER: usize = 10;
/// Type, flags, offset (2).
pub(super) const BASE_WORDS: usize = 4;
/// Name, type, offset (2), bit size plus one, flags.
pub(super) const MEMBER_WORDS: usize = 6;
/// Name, linkage name, type, slot, flags.
pub(super) const METHOD_WORDS: usize = 5;
/// Name, value (4).
const ENUMERATOR_WORDS: usize = 5;

/// Splits a 64-bit number into two words.
pub(super) fn split(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Words of an enumerator.
pub(super) fn enumerator_words(name: u32, value: i128) -> [u32; ENUMERATOR_WORDS] {
    let [a, b] = split(value as u64);
    let [c, d] = split((value >> 64) as u64);
    [name, a, b, c, d]
}

/// The model's form of a node whose ids were already mapped; `None` for a tag, which the caller resolves.
pub(super) fn to_kind(words: &[u32]) -> Option<TypeKind> {
    Some(match words[0] {
        kind::VOID => TypeKind::Void,
        kind::BASE => TypeKind::Base(BaseSpec {
            name: StrId(words[1]),
            size_bytes: join(words[2], words[3]),
            encoding: encoding(words[4]),
        }),
        kind::POINTER => TypeKind::Pointer {
            kind: match words[1] & 0xff {
                1 => PointerKind::LvalueReference,
                2 => PointerKind::RvalueReference,
                _ => PointerKind::Pointer,
            },
            target: TypeId(words[2]),
            size_bytes: u64::from(words[1] >> 8),
        },
        kind::MEMBER_POINTER => TypeKind::MemberPointer { class: TypeId(words[1]), target: TypeId(words[2]) },
        kind::QUALIFIED => TypeKind::Qualified {
            qualifier: match words[1] {
                0 => Qualifier::Const,
                1 => Qualifier::Volatile,
                2 => Qualifier::Restrict,
                _ => Qualifier::Atomic,
            },
            target: TypeId(words[2]),
        },
        kind::TYPEDEF => TypeKind::Typedef { name: StrId(words[1]), target: TypeId(words[2]) },
        kind::ARRAY => TypeKind::Array {
            element: TypeId(words[2]),
            dimensions: words[3..].chunks_exact(3).map(|d| (d[0] != 0).then(|| join(d[1], d[2]))).collect(),
            is_vector: words[1] != 0,
        },
        kind::FUNCTION => TypeKind::Function(function(words)),
        kind::RECORD => TypeKind::Record(record(words)),
        kind::ENUM => TypeKind::Enum(EnumType {
            is_scoped: words[1] & flag::SCOPED != 0,
            name: optional(words[2]).map(StrId),
            size_bytes: join(words[3], words[4]),
            underlying: optional(words[5]).map(TypeId),
            enumerators: words[6..]
                .chunks_exact(ENUMERATOR_WORDS)
                .map(|e| Enumerator { name: StrId(e[0]), value: wide(&e[1..]) })
                .collect(),
        }),
        kind::UNSPECIFIED => TypeKind::Unspecified { name: StrId(words[1]) },
        kind::OPAQUE => TypeKind::Opaque {
            tag: words[1] as u16,
            name: StrId(words[2]),
            size_bytes: (words[3] != 0).then(|| join(words[4], words[5])),
        },
        kind::BROKEN => TypeKind::Broken,
        _ => return None,
    })
}

fn optional(word: u32) -> Option<u32> {
    word.checked_sub(1)
}

fn wide(words: &[u32]) -> i128 {
    let low = u128::from(join(words[0], words[1]));
    let high = u128::from(join(words[2], words[3]));
    (low | high << 64) as i128
}

fn encoding(code: u32) -> BaseEncoding {
    // DWARF 5 §7.8.
    match code {
        0x02 => BaseEncoding::Boolean,
        0x03 => BaseEncoding::ComplexFloat,
        0x04 => BaseEncoding::Float,
        0x05 => BaseEncoding::Signed,
        0x06 => BaseEncoding::SignedChar,
        0x07 => BaseEncoding::Unsigned,
        0x08 => BaseEncoding::UnsignedChar,
        0x10..=0x12 => BaseEncoding::Utf,
        other => BaseEncoding::Other(other as u8),
    }
}

fn function(words: &[u32]) -> FunctionType {
    FunctionType {
        is_variadic: words[1] & flag::VARIADIC != 0,
        is_prototyped: words[1] & flag::PROTOTYPED != 0,
        is_noreturn: words[1] & flag::NORETURN != 0,
        calling_convention: optional(words[2] & 0xffff).map(|cc| cc as u8),
        virtual_slot: optional(words[2] >> 16),
        return_type: TypeId(words[3]),
        parameters: words[4..]
            .chunks_exact(2)
            .map(|p| Parameter { name: None, ty: TypeId(p[1]), is_artificial: p[0] & flag::ARTIFICIAL != 0 })
            .collect(),
    }
}

fn record(words: &[u32]) -> RecordType {
    let (bases, members) = (words[8] as usize, words[9] as usize);
    let (base_words, rest) = words[RECORD_HEADER..].split_at(bases * BASE_WORDS);
    let (member_words, method_words) = rest.split_at(members * MEMBER_WORDS);
    RecordType {
        keyword: match words[1] & 0xff {
            0 => RecordKeyword::Struct,
            1 => RecordKeyword::Class,
            _ => RecordKeyword::Union,
        },
        name: optional(words[2]).map(StrId),
        size_bytes: join(words[3], words[4]),
        alignment_bytes: Some(join(words[5], words[6])).filter(|&a| a != 0),
        pass_by: match words[1] >> 8 {
            1 => Some(PassBy::Reference),
            2 => Some(PassBy::Value),
            _ => None,
        },
        bases: base_words
            .chunks_exact(BASE_WORDS)
            .map(|b| Base {
                ty: TypeId(b[0]),
                is_virtual: b[1] & flag::VIRTUAL_BASE != 0,
                offset_bytes: (b[1] & flag::HAS_OFFSET != 0).then(|| join(b[2], b[3])),
            })
            .collect(),
        members: member_words
            .chunks_exact(MEMBER_WORDS)
            .map(|m| Member {
                name: optional(m[0]).map(StrId),
                ty: TypeId(m[1]),
                offset_bits: join(m[2], m[3]),
                bit_size: optional(m[4]).map(u64::from),
                is_artificial: m[5] & flag::ARTIFICIAL != 0,
                decl_line: 0,
            })
            .collect(),
        virtual_methods: method_words
            .chunks_exact(METHOD_WORDS)
            .map(|v| VirtualMethod {
                name: StrId(v[0]),
                linkage_name: optional(v[1]).map(StrId),
                ty: TypeId(v[2]),
                slot: (v[4] & flag::HAS_SLOT != 0).then(|| u64::from(v[3])),
                is_pure: v[4] & flag::PURE != 0,
                decl_line: 0,
            })
            .collect(),
    }
}
