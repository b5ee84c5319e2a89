//! From table entries to the nodes of a graph.
//!
//! A named record or enum is a node before its content is known and waits in a queue; the recursion goes through
//! unnamed types only, and its depth is limited, as is the height of what it leaves for later steps to walk.

use abide_model::{
    EnumType, Enumerator, FunctionType, Member, Parameter, PointerKind, RecordKeyword, RecordType, Root,
    RootKind, StrId, TypeGraph, TypeId, TypeKind,
};
use rustc_hash::FxHashMap;

use super::reach::Reached;
use super::roots::TypedExport;
use super::{Ref, Shape, Table};

/// Longest chain of unnamed types that is followed; the same as for DWARF.
const MAX_DEPTH: u32 = 200;
/// Longest way down through unnamed types that the graph may have; the same as for DWARF.
const MAX_HEIGHT: u32 = 500;
/// Most dimensions of an array.
const MAX_DIMENSIONS: usize = 64;

/// Not read yet.
const UNREAD: u32 = u32::MAX;
/// Being read: to meet it now means an unnamed type inside itself.
const OPEN: u32 = u32::MAX - 1;

/// The graph and what is missing in it.
pub(super) struct Built {
    pub(super) graph: TypeGraph,
    /// References to nowhere, cycles and chains without names, entries that make no sense.
    pub(super) broken: u64,
    /// Types that the writer could not express.
    pub(super) inexpressible: u64,
    /// Names beyond the room that the string section justifies.
    pub(super) refused_names: u64,
}

/// Builds what `roots` reach.
pub(super) fn build<'t, T: Table>(
    table: &'t T,
    roots: &[TypedExport<'_>],
    reached: Reached<'t>,
    pointer_bytes: u64,
) -> Built {
    let graph = TypeGraph { nodes: Vec::with_capacity(reached.count), ..TypeGraph::default() };
    let mut builder = Builder {
        table,
        pointer_bytes,
        built: Built { graph, broken: 0, inexpressible: 0, refused_names: 0 },
        nodes: vec![UNREAD; table.len()],
        heights: Vec::with_capacity(reached.count),
        definitions: reached.definitions,
        declared: FxHashMap::default(),
        pending: Vec::new(),
        // Linkers share the tails of strings, so that distinct names may take somewhat more than their section.
        name_bytes_left: table.string_bytes().saturating_mul(2).saturating_add(1 << 12),
        broken_node: None,
        depth: 0,
    };
    roots.iter().for_each(|root| builder.root(root));
    builder.built
}

struct Builder<'t, T> {
    table: &'t T,
    pointer_bytes: u64,
    built: Built,
    /// Node of each entry.
    nodes: Vec<u32>,
    /// Longest way down from each node to a named definition or an end.
    heights: Vec<u32>,
    definitions: FxHashMap<&'t [u8], Vec<Ref>>,
    /// What each declared name stands for.
    declared: FxHashMap<(&'t [u8], Option<RecordKeyword>), TypeId>,
    /// Named definitions whose content is still to be read.
    pending: Vec<(Ref, TypeId)>,
    name_bytes_left: usize,
    broken_node: Option<TypeId>,
    depth: u32,
}

impl<'t, T: Table> Builder<'t, T> {
    fn root(&mut self, root: &TypedExport<'_>) {
        let ty = match root.kind {
            RootKind::Function => self.resolve(root.ty),
            RootKind::Variable => self.object(root.ty),
        };
        self.drain();
        let is_function = matches!(self.built.graph.kind(ty), TypeKind::Function(_));
        if root.kind == RootKind::Function && !is_function {
            // A function without a signature is one of which nothing is known.
            self.built.broken += 1;
            return;
        }
        let source_name = self.name(root.source_name);
        let (symbol, kind) = (root.symbol, root.kind);
        self.built.graph.roots.push(Root { symbol, kind, ty, source_name, decl: None, origin: None });
    }

    fn drain(&mut self) {
        while let Some((id, node)) = self.pending.pop() {
            let (kind, _) = self.definition(id);
            self.built.graph.nodes[node.0 as usize].kind = kind;
        }
    }

    /// The id of a name; `None` for an empty one, and for one too many.
    fn name(&mut self, name: &[u8]) -> Option<StrId> {
        if name.is_empty() {
            return None;
        }
        let strings = &mut self.built.graph.strings;
        if let Some(known) = strings.find(name) {
            return Some(known);
        }
        let Some(left) = self.name_bytes_left.checked_sub(name.len()) else {
            self.built.refused_names += 1;
            return None;
        };
        self.name_bytes_left = left;
        Some(strings.intern(name))
    }

    fn name_or_empty(&mut self, name: &[u8]) -> StrId {
        self.name(name).unwrap_or_else(|| self.built.graph.strings.intern(b""))
    }

    fn push(&mut self, kind: TypeKind, height: u32) -> TypeId {
        if height > MAX_HEIGHT {
            return self.broken();
        }
        self.heights.push(height);
        self.built.graph.push(kind)
    }

    fn broken_node(&mut self) -> TypeId {
        if let Some(known) = self.broken_node {
            return known;
        }
        let node = self.push(TypeKind::Broken, 0);
        self.broken_node = Some(node);
        node
    }

    fn broken(&mut self) -> TypeId {
        self.built.broken += 1;
        self.broken_node()
    }

    fn inexpressible(&mut self) -> TypeId {
        self.built.inexpressible += 1;
        self.broken_node()
    }

    /// The type of something that takes storage, which `void` cannot be.
    fn object(&mut self, id: Ref) -> TypeId {
        if self.table.is_void(id) { self.inexpressible() } else { self.resolve(id) }
    }

    /// One more than the height of `node`, or 1 above a node that ends every walk.
    fn above(&self, node: TypeId) -> u32 {
        self.heights[node.0 as usize] + 1
    }

    /// The node of an entry.
    fn resolve(&mut self, id: Ref) -> TypeId {
        match self.nodes.get(id.0 as usize).copied() {
            None | Some(OPEN) => self.broken(),
            Some(UNREAD) => self.read(id),
            Some(node) => TypeId(node),
        }
    }

    fn read(&mut self, id: Ref) -> TypeId {
        if self.depth >= MAX_DEPTH {
            return self.broken();
        }
        self.nodes[id.0 as usize] = OPEN;
        self.depth += 1;
        let node = self.read_shape(id);
        self.depth -= 1;
        self.nodes[id.0 as usize] = node.0;
        node
    }

    fn read_shape(&mut self, id: Ref) -> TypeId {
        match self.table.shape(id) {
            Shape::Void => self.push(TypeKind::Void, 0),
            Shape::Base { name, size_bytes, encoding } => {
                let name = self.name_or_empty(name);
                self.push(TypeKind::Base(abide_model::BaseSpec { name, size_bytes, encoding }), 0)
            }
            Shape::Pointer(target) => {
                let target = self.resolve(target);
                let kind =
                    TypeKind::Pointer { kind: PointerKind::Pointer, target, size_bytes: self.pointer_bytes };
                self.push(kind, self.above(target))
            }
            Shape::Qualified(qualifier, target) => {
                let target = self.resolve(target);
                self.push(TypeKind::Qualified { qualifier, target }, self.above(target))
            }
            Shape::Typedef { name, target } => {
                let target = self.resolve(target);
                let name = self.name_or_empty(name);
                self.push(TypeKind::Typedef { name, target }, self.above(target))
            }
            Shape::Array { .. } => self.array(id),
            Shape::Function { .. } => self.function(id),
            Shape::Record { name, .. } | Shape::Enum { name, .. } if !name.is_empty() => {
                let node = self.push(TypeKind::Broken, 0);
                self.pending.push((id, node));
                node
            }
            Shape::Record { .. } | Shape::Enum { .. } => {
                let (kind, height) = self.definition(id);
                self.push(kind, height)
            }
            Shape::Declaration { keyword, name } => self.declaration(keyword, name),
            Shape::Same(target) => self.resolve(target),
            Shape::Inexpressible => self.inexpressible(),
            Shape::Broken => self.broken(),
        }
    }

    /// Arrays of arrays are one node, as in DWARF.
    fn array(&mut self, id: Ref) -> TypeId {
        let (mut dimensions, mut element) = (Vec::new(), id);
        while let Shape::Array { element: inner, count } = self.table.shape(element) {
            if dimensions.len() == MAX_DIMENSIONS {
                return self.broken();
            }
            dimensions.push(count);
            element = inner;
        }
        if self.table.is_innermost_first() {
            dimensions.reverse();
        }
        let element = self.object(element);
        self.push(TypeKind::Array { element, dimensions, is_vector: false }, self.above(element))
    }

    fn function(&mut self, id: Ref) -> TypeId {
        let Shape::Function { returned, is_variadic, is_prototyped } = self.table.shape(id) else {
            return self.broken();
        };
        let table = self.table;
        let return_type = self.resolve(returned);
        let mut height = self.above(return_type);
        let mut parameters = Vec::new();
        for (name, ty) in table.parameters(id) {
            let ty = self.object(ty);
            height = height.max(self.above(ty));
            parameters.push(Parameter { name: self.name(name), ty, is_artificial: false });
        }
        let function = FunctionType {
            return_type,
            parameters,
            is_variadic,
            is_prototyped,
            is_noreturn: false,
            virtual_slot: None,
            calling_convention: None,
        };
        self.push(TypeKind::Function(function), height)
    }

    /// The content of a record or enum and its height.
    fn definition(&mut self, id: Ref) -> (TypeKind, u32) {
        match self.table.shape(id) {
            Shape::Record { keyword, name, size_bytes } => self.record(id, keyword, name, size_bytes),
            Shape::Enum { name, size_bytes } => (self.enumeration(id, name, size_bytes), 0),
            _ => (TypeKind::Broken, 0),
        }
    }

    fn record(&mut self, id: Ref, keyword: RecordKeyword, name: &[u8], size_bytes: u64) -> (TypeKind, u32) {
        let table = self.table;
        let mut height = 0;
        let mut members = Vec::new();
        for member in table.members(id) {
            let ty = self.object(member.ty);
            height = height.max(self.above(ty));
            members.push(Member {
                name: self.name(member.name),
                ty,
                offset_bits: member.offset_bits,
                bit_size: member.bit_size,
                is_artificial: false,
                decl_line: 0,
            });
        }
        let record = RecordType {
            keyword,
            name: self.name(name),
            size_bytes,
            alignment_bytes: None,
            pass_by: None,
            bases: Vec::new(),
            members,
            virtual_methods: Vec::new(),
        };
        (TypeKind::Record(record), height)
    }

    fn enumeration(&mut self, id: Ref, name: &[u8], size_bytes: u64) -> TypeKind {
        let table = self.table;
        let enumerators = table
            .enumerators(id)
            .map(|(name, value)| Enumerator { name: self.name_or_empty(name), value })
            .collect();
        TypeKind::Enum(EnumType {
            name: self.name(name),
            size_bytes,
            underlying: None,
            is_scoped: false,
            enumerators,
        })
    }

    /// What a declared name means: its only definition, all of them where there are several, or just the name.
    fn declaration(&mut self, keyword: Option<RecordKeyword>, name: &'t [u8]) -> TypeId {
        if let Some(&known) = self.declared.get(&(name, keyword)) {
            return known;
        }
        let is_of_kind = |id: &Ref| match self.table.shape(*id) {
            Shape::Record { keyword: found, .. } => keyword == Some(found),
            Shape::Enum { .. } => keyword.is_none(),
            _ => false,
        };
        let all = self.definitions.get(name).map_or(&[][..], Vec::as_slice);
        let meant: Vec<Ref> = all.iter().copied().filter(is_of_kind).collect();
        let node = match meant.as_slice() {
            [only] => self.resolve(*only),
            [] => {
                let name = self.name_or_empty(name);
                self.push(TypeKind::Declaration { keyword, name }, 0)
            }
            _ => {
                let candidates = meant.iter().map(|&id| self.resolve(id)).collect();
                let name = self.name_or_empty(name);
                self.push(TypeKind::Ambiguous { name, candidates }, 0)
            }
        };
        self.declared.insert((name, keyword), node);
        node
    }
}
