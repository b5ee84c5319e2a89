//! A node's own part of its hash: everything but its children.

use abide_model::{
    EnumType, FunctionType, PassBy, PointerKind, Qualifier, RecordKeyword, RecordType, StrId, TypeGraph,
    TypeKind,
};
use twox_hash::XxHash3_128;

use crate::names;

/// The label hash of every node, by id.
pub(super) fn labels(graph: &TypeGraph) -> Vec<u128> {
    let mut writer = Writer { graph, names: vec![None; graph.strings.len()], bytes: Vec::new() };
    graph.nodes.iter().map(|node| writer.label(&node.kind)).collect()
}

struct Writer<'a> {
    graph: &'a TypeGraph,
    /// Hash of each name in its normal spelling, once it was asked for.
    names: Vec<Option<u128>>,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn label(&mut self, kind: &TypeKind) -> u128 {
        self.bytes.clear();
        match kind {
            TypeKind::Void => self.tag(0),
            TypeKind::Base(base) => {
                self.tag(1);
                self.name(base.name);
                self.number(base.size_bytes);
                self.bytes.extend_from_slice(&encoding(base.encoding));
            }
            TypeKind::Pointer { kind, size_bytes, .. } => {
                self.tag(2);
                self.tag(pointer(*kind));
                self.number(*size_bytes);
            }
            TypeKind::MemberPointer { .. } => self.tag(3),
            TypeKind::Qualified { qualifier, .. } => {
                self.tag(4);
                self.tag(qualifier_number(*qualifier));
            }
            TypeKind::Typedef { name, .. } => {
                self.tag(5);
                self.name(*name);
            }
            TypeKind::Array { dimensions, is_vector, .. } => {
                self.tag(6);
                self.tag(u8::from(*is_vector));
                self.number(dimensions.len() as u64);
                dimensions.iter().for_each(|d| self.option(*d));
            }
            TypeKind::Function(function) => self.function(function),
            TypeKind::Record(record) => self.record(record),
            TypeKind::Enum(e) => self.enumeration(e),
            TypeKind::Declaration { keyword, name } => {
                self.tag(10);
                self.tag(u8::from(keyword.is_some()));
                self.name(*name);
            }
            TypeKind::Ambiguous { name, candidates } => {
                self.tag(11);
                self.name(*name);
                self.number(candidates.len() as u64);
            }
            TypeKind::Unspecified { name } => {
                self.tag(12);
                self.name(*name);
            }
            TypeKind::Opaque { tag, name, size_bytes } => {
                self.tag(13);
                self.number(u64::from(*tag));
                self.name(*name);
                self.option(*size_bytes);
            }
            TypeKind::Broken => self.tag(14),
        }
        XxHash3_128::oneshot(&self.bytes)
    }

    fn function(&mut self, function: &FunctionType) {
        self.tag(7);
        let flags = [function.is_variadic, function.is_prototyped, function.is_noreturn];
        flags.iter().for_each(|&f| self.tag(u8::from(f)));
        self.option(function.calling_convention.map(u64::from));
        self.option(function.virtual_slot.map(u64::from));
        self.number(function.parameters.len() as u64);
    }

    fn record(&mut self, record: &RecordType) {
        self.tag(8);
        self.tag(u8::from(record.keyword == RecordKeyword::Union));
        self.optional_name(record.name);
        self.number(record.size_bytes);
        self.option(record.alignment_bytes);
        self.tag(match record.pass_by {
            None => 0,
            Some(PassBy::Value) => 1,
            Some(PassBy::Reference) => 2,
        });
        self.number(record.bases.len() as u64);
        for base in &record.bases {
            self.option(base.offset_bytes);
            self.tag(u8::from(base.is_virtual));
        }
        self.number(record.members.len() as u64);
        for member in &record.members {
            self.optional_name(member.name);
            self.number(member.offset_bits);
            self.option(member.bit_size);
        }
        self.number(record.virtual_methods.len() as u64);
        for method in &record.virtual_methods {
            self.name(method.name);
            self.optional_name(method.linkage_name);
            self.option(method.slot);
            self.tag(u8::from(method.is_pure));
        }
    }

    fn enumeration(&mut self, e: &EnumType) {
        self.tag(9);
        self.optional_name(e.name);
        self.number(e.size_bytes);
        self.tag(u8::from(e.is_scoped) | u8::from(e.underlying.is_some()) << 1);
        self.number(e.enumerators.len() as u64);
        for enumerator in &e.enumerators {
            self.name(enumerator.name);
            self.bytes.extend_from_slice(&enumerator.value.to_le_bytes());
        }
    }

    fn tag(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn number(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn option(&mut self, value: Option<u64>) {
        self.tag(u8::from(value.is_some()));
        self.number(value.unwrap_or(0));
    }

    fn optional_name(&mut self, name: Option<StrId>) {
        self.tag(u8::from(name.is_some()));
        if let Some(name) = name {
            self.name(name);
        }
    }

    fn name(&mut self, id: StrId) {
        let graph = self.graph;
        let compute = || XxHash3_128::oneshot(&names::normal(graph.str(id)));
        let hash = match self.names.get_mut(id.0 as usize) {
            Some(slot) => *slot.get_or_insert_with(compute),
            None => compute(),
        };
        self.bytes.extend_from_slice(&hash.to_le_bytes());
    }
}

fn encoding(encoding: abide_model::BaseEncoding) -> [u8; 2] {
    use abide_model::BaseEncoding as E;
    match encoding {
        E::Boolean => [0, 0],
        E::Signed => [1, 0],
        E::Unsigned => [2, 0],
        E::SignedChar => [3, 0],
        E::UnsignedChar => [4, 0],
        E::Utf => [5, 0],
        E::Float => [6, 0],
        E::ComplexFloat => [7, 0],
        E::Other(value) => [8, value],
    }
}

fn pointer(kind: PointerKind) -> u8 {
    match kind {
        PointerKind::Pointer => 0,
        PointerKind::LvalueReference => 1,
        PointerKind::RvalueReference => 2,
    }
}

fn qualifier_number(qualifier: Qualifier) -> u8 {
    match qualifier {
        Qualifier::Const => 0,
        Qualifier::Volatile => 1,
        Qualifier::Restrict => 2,
        Qualifier::Atomic => 3,
    }
}
