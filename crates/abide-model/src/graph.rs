//! The type graph: the types that an artifact's exported symbols reach, and the symbols as its roots.
//!
//! The graph may be cyclic (`struct list { struct list *next; }`). Nodes are unique within a graph as far as the
//! reader could tell; ids say nothing about another graph. Offsets and sizes name their unit.

use bstr::BStr;

use crate::strings::{StrId, StringTable};

/// Index of a node in [`TypeGraph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

/// Where a node was read: evidence for a finding, no part of a type's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Offset of the entry in its section.
    pub offset: u64,
    /// Whether the entry is in the supplementary (dwz) file rather than in the main debug file.
    pub in_supplementary: bool,
}

/// `DW_AT_decl_file` and `DW_AT_decl_line`; no part of a type's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeclLocation {
    /// Path as the compiler recorded it, joined with its directory.
    pub file: StrId,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
}

/// A graph with its strings and roots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeGraph {
    /// All names.
    pub strings: StringTable,
    /// All nodes; every [`TypeId`] inside points into this list.
    pub nodes: Vec<TypeNode>,
    /// One entry for each exported symbol whose type is known, sorted by `symbol`.
    pub roots: Vec<Root>,
}

/// A node: its kind and where it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeNode {
    /// What it is.
    pub kind: TypeKind,
    /// Declaration in the sources.
    pub decl: Option<DeclLocation>,
    /// Entry in the debug information.
    pub origin: Option<Origin>,
}

/// An exported symbol and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Index into `ElfFacts::symbols`.
    pub symbol: u32,
    /// Function or variable.
    pub kind: RootKind,
    /// Functions: a `Function` node. Variables: the variable's type.
    pub ty: TypeId,
    /// Qualified source name (`ns::f`), when the debug information names it.
    pub source_name: Option<StrId>,
    /// Declaration of the function or variable.
    pub decl: Option<DeclLocation>,
    /// Entry in the debug information.
    pub origin: Option<Origin>,
}

/// What a root is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootKind {
    /// `DW_TAG_subprogram`.
    Function,
    /// `DW_TAG_variable`.
    Variable,
}

/// The kind of a node and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// No type: C's `void`.
    Void,
    /// `DW_TAG_base_type`.
    Base(BaseSpec),
    /// `DW_TAG_pointer_type`, `DW_TAG_reference_type`, `DW_TAG_rvalue_reference_type`.
    Pointer {
        /// Which of them.
        kind: PointerKind,
        /// What it points to.
        target: TypeId,
        /// Size of the pointer.
        size_bytes: u64,
    },
    /// `DW_TAG_ptr_to_member_type`.
    MemberPointer {
        /// The class.
        class: TypeId,
        /// Type of the member (a `Function` for member functions).
        target: TypeId,
    },
    /// `const`, `volatile`, `restrict`, `_Atomic`.
    Qualified {
        /// Which of them.
        qualifier: Qualifier,
        /// What is qualified.
        target: TypeId,
    },
    /// `DW_TAG_typedef`.
    Typedef {
        /// Qualified name.
        name: StrId,
        /// What it names.
        target: TypeId,
    },
    /// `DW_TAG_array_type`, one node for all dimensions.
    Array {
        /// Type of an element.
        element: TypeId,
        /// Number of elements, outermost dimension first; `None`: flexible or unknown bound.
        dimensions: Vec<Option<u64>>,
        /// `DW_AT_GNU_vector`.
        is_vector: bool,
    },
    /// `DW_TAG_subroutine_type` or the type of a `DW_TAG_subprogram`.
    Function(FunctionType),
    /// `struct`, `class`, `union` with a definition.
    Record(RecordType),
    /// `enum` with a definition.
    Enum(EnumType),
    /// A struct, class, union (`Some`) or enum (`None`) of which only the declaration is known: opaque.
    Declaration {
        /// Keyword of a record; `None` for an enum.
        keyword: Option<RecordKeyword>,
        /// Qualified name.
        name: StrId,
    },
    /// One name with several definitions in this artifact, reached from a place that does not say which is meant.
    Ambiguous {
        /// Qualified name.
        name: StrId,
        /// The definitions, in a canonical order.
        candidates: Vec<TypeId>,
    },
    /// `DW_TAG_unspecified_type` (`decltype(nullptr)`).
    Unspecified {
        /// Name.
        name: StrId,
    },
    /// A type of a language-specific kind (`DW_TAG_string_type`, `DW_TAG_set_type`, …), known by tag, name and size.
    Opaque {
        /// `DW_TAG_*` value.
        tag: u16,
        /// Name, possibly empty.
        name: StrId,
        /// Size, when stated.
        size_bytes: Option<u64>,
    },
    /// A reference that could not be followed; always accompanied by a gap.
    Broken,
}

/// `DW_TAG_base_type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseSpec {
    /// Name (`unsigned long`).
    pub name: StrId,
    /// `DW_AT_byte_size`.
    pub size_bytes: u64,
    /// `DW_AT_encoding`.
    pub encoding: BaseEncoding,
}

/// `DW_ATE_*` as far as it changes how a value is passed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BaseEncoding {
    /// `DW_ATE_boolean`.
    Boolean,
    /// `DW_ATE_signed`.
    Signed,
    /// `DW_ATE_unsigned`.
    Unsigned,
    /// `DW_ATE_signed_char`.
    SignedChar,
    /// `DW_ATE_unsigned_char`.
    UnsignedChar,
    /// `DW_ATE_UTF`, `DW_ATE_ASCII`, `DW_ATE_UCS`.
    Utf,
    /// `DW_ATE_float`.
    Float,
    /// `DW_ATE_complex_float`.
    ComplexFloat,
    /// Any other value.
    Other(u8),
}

/// The pointer-like forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointerKind {
    /// `T *`
    Pointer,
    /// `T &`
    LvalueReference,
    /// `T &&`
    RvalueReference,
}

/// Type qualifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    /// `const`
    Const,
    /// `volatile`
    Volatile,
    /// `restrict`
    Restrict,
    /// `_Atomic`
    Atomic,
}

/// Keyword of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKeyword {
    /// `struct`
    Struct,
    /// `class`
    Class,
    /// `union`
    Union,
}

/// `DW_CC_pass_by_value` / `DW_CC_pass_by_reference` of a C++ record (DWARF 5 §5.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PassBy {
    /// In registers or a copy on the stack: trivial for the purposes of calls.
    Value,
    /// By address of a temporary: not trivial.
    Reference,
}

/// Signature of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionType {
    /// Returned type, a `Void` node for none.
    pub return_type: TypeId,
    /// Parameters in order, with the implicit object parameter (`this`) first where there is one.
    pub parameters: Vec<Parameter>,
    /// Ends in `...`.
    pub is_variadic: bool,
    /// Whether the parameters are known (`DW_AT_prototyped`, or a language that always has prototypes).
    pub is_prototyped: bool,
    /// `DW_AT_noreturn`.
    pub is_noreturn: bool,
    /// `DW_AT_calling_convention` when it is not `DW_CC_normal`.
    pub calling_convention: Option<u8>,
    /// Slot in the virtual table of an exported virtual function (a root): all that is known of the table where the
    /// class is only declared. `None` elsewhere.
    pub virtual_slot: Option<u32>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name, no part of the binary interface.
    pub name: Option<StrId>,
    /// Type.
    pub ty: TypeId,
    /// `DW_AT_artificial`: the implicit object parameter and the like.
    pub is_artificial: bool,
}

/// Definition of a struct, class or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// Keyword.
    pub keyword: RecordKeyword,
    /// Qualified name; `None` for an unnamed record.
    pub name: Option<StrId>,
    /// `DW_AT_byte_size`.
    pub size_bytes: u64,
    /// `DW_AT_alignment`, when stated.
    pub alignment_bytes: Option<u64>,
    /// `DW_AT_calling_convention` when stated, or what the class's own special member functions say; bases and
    /// members may say more.
    pub pass_by: Option<PassBy>,
    /// Base classes in order.
    pub bases: Vec<Base>,
    /// Data members that occupy storage, in order of declaration.
    pub members: Vec<Member>,
    /// Virtual member functions, ordered by slot and then by declaration.
    pub virtual_methods: Vec<VirtualMethod>,
}

/// `DW_TAG_inheritance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The base class.
    pub ty: TypeId,
    /// Offset of the subobject; `None` for a virtual base.
    pub offset_bytes: Option<u64>,
    /// Virtual base.
    pub is_virtual: bool,
}

/// `DW_TAG_member` that occupies storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name; `None` for an unnamed struct or union member.
    pub name: Option<StrId>,
    /// Type.
    pub ty: TypeId,
    /// Offset from the start of the record (DWARF 5 `DW_AT_data_bit_offset` convention on every input).
    pub offset_bits: u64,
    /// Width of a bit-field; `None` for an ordinary member.
    pub bit_size: Option<u64>,
    /// Compiler-made (`_vptr`).
    pub is_artificial: bool,
    /// Line of the declaration in the record's file; 0 when unknown.
    pub decl_line: u32,
}

/// A virtual member function: its place in the table is part of the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualMethod {
    /// Unqualified name.
    pub name: StrId,
    /// Mangled name, when stated; tells overloads apart.
    pub linkage_name: Option<StrId>,
    /// `DW_AT_vtable_elem_location`: index in the table.
    pub slot: Option<u64>,
    /// Signature.
    pub ty: TypeId,
    /// `DW_VIRTUALITY_pure_virtual`.
    pub is_pure: bool,
    /// Line of the declaration; 0 when unknown.
    pub decl_line: u32,
}

/// Definition of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumType {
    /// Qualified name; `None` for an unnamed enum.
    pub name: Option<StrId>,
    /// `DW_AT_byte_size`.
    pub size_bytes: u64,
    /// Underlying type, when stated.
    pub underlying: Option<TypeId>,
    /// `DW_AT_enum_class`.
    pub is_scoped: bool,
    /// Enumerators in order of declaration.
    pub enumerators: Vec<Enumerator>,
}

/// `DW_TAG_enumerator`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Enumerator {
    /// Name.
    pub name: StrId,
    /// `DW_AT_const_value`, wide enough for every signed and unsigned 64-bit value.
    pub value: i128,
}

impl TypeGraph {
    /// Whether it was read of a compact form (BTF, CTF): types there have numbers, entries of DWARF have offsets.
    pub fn is_compact(&self) -> bool {
        !self.nodes.is_empty() && self.nodes.iter().all(|node| node.origin.is_none())
    }

    /// Whether a symbol is a function without parameters and result. In BTF these are functions in assembler as well.
    pub fn is_void_function(&self, root: &Root) -> bool {
        let TypeKind::Function(function) = self.kind(root.ty) else { return false };
        let is_void = matches!(self.kind(function.return_type), TypeKind::Void);
        root.kind == RootKind::Function && is_void && function.parameters.is_empty() && !function.is_variadic
    }

    /// The node behind `id`.
    ///
    /// # Panics
    /// When `id` comes from another graph; readers and decoders check their ids before they hand a graph out.
    pub fn node(&self, id: TypeId) -> &TypeNode {
        &self.nodes[id.0 as usize]
    }

    /// The kind of the node behind `id`; see [`TypeGraph::node`].
    pub fn kind(&self, id: TypeId) -> &TypeKind {
        &self.node(id).kind
    }

    /// The string behind `id`.
    pub fn str(&self, id: StrId) -> &BStr {
        self.strings.get(id)
    }

    /// Appends a node without a place.
    pub fn push(&mut self, kind: TypeKind) -> TypeId {
        let id = TypeId(self.nodes.len() as u32);
        self.nodes.push(TypeNode { kind, decl: None, origin: None });
        id
    }

    /// Calls `f` with each type that the node refers to directly, in a fixed order.
    pub fn for_each_edge(&self, id: TypeId, mut f: impl FnMut(TypeId)) {
        match self.kind(id) {
            TypeKind::Void
            | TypeKind::Base(_)
            | TypeKind::Declaration { .. }
            | TypeKind::Unspecified { .. }
            | TypeKind::Opaque { .. }
            | TypeKind::Broken => {}
            TypeKind::Pointer { target, .. }
            | TypeKind::Qualified { target, .. }
            | TypeKind::Typedef { target, .. } => f(*target),
            TypeKind::MemberPointer { class, target } => {
                f(*class);
                f(*target);
            }
            TypeKind::Array { element, .. } => f(*element),
            TypeKind::Function(function) => {
                f(function.return_type);
                function.parameters.iter().for_each(|p| f(p.ty));
            }
            TypeKind::Record(record) => {
                record.bases.iter().for_each(|b| f(b.ty));
                record.members.iter().for_each(|m| f(m.ty));
                record.virtual_methods.iter().for_each(|v| f(v.ty));
            }
            TypeKind::Enum(e) => e.underlying.into_iter().for_each(f),
            TypeKind::Ambiguous { candidates, .. } => candidates.iter().for_each(|c| f(*c)),
        }
    }
}
