//! The content of a snapshot, format 7. Changing anything here is a new format.
//!
//! Every string is an index into one table of the whole side: names repeat in each artifact, paths in each list.
//! postcard writes enums as the position of their variant, so variants are only ever appended, with a new format.

use serde::{Deserialize, Serialize};

use super::kernel;

/// Index into [`Content::strings`].
pub(super) type Text = u32;
/// Index into the strings of the same type graph.
pub(super) type GraphText = u32;
/// Index into the nodes of the same type graph.
pub(super) type Node = u32;

/// A side and its strings.
#[derive(Serialize, Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) strings: Strings<'a>,
    pub(super) label: Text,
    pub(super) input_kind: Text,
    pub(super) packages: Vec<Package>,
    pub(super) public_headers: Option<Vec<Text>>,
    pub(super) gaps: Vec<Gap>,
    #[serde(borrow)]
    pub(super) listed: Option<super::listed::Listed<'a>>,
}

/// One package in the cache, with what its reader needs to come back to it.
#[derive(Serialize, Deserialize)]
pub(super) struct CachedPackage<'a> {
    #[serde(borrow)]
    pub(super) strings: Strings<'a>,
    pub(super) package: Package,
    /// Parallel to the artifacts: name in the archive, and whether there is BTF or CTF.
    pub(super) origins: Vec<(Text, bool)>,
}

/// One artifact's types in the cache.
#[derive(Serialize, Deserialize)]
pub(super) struct CachedTypes<'a> {
    #[serde(borrow)]
    pub(super) strings: Strings<'a>,
    pub(super) types: Types,
    pub(super) gaps: Vec<Gap>,
}

/// Distinct byte strings, one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Strings<'a> {
    pub(super) lengths: Vec<u32>,
    pub(super) bytes: &'a [u8],
}

#[derive(Serialize, Deserialize)]
pub(super) struct Gap {
    /// `GapKind::id`.
    pub(super) kind: Text,
    pub(super) subject: Text,
    pub(super) detail: Text,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Package {
    pub(super) meta: Option<Meta>,
    pub(super) tree: Vec<File>,
    pub(super) source: Text,
    pub(super) digest: Option<[u8; 32]>,
    pub(super) artifacts: Vec<Artifact>,
    /// Path and text.
    pub(super) suppressions: Vec<(Text, Text)>,
    pub(super) kernel_files: Vec<kernel::File>,
    pub(super) gaps: Vec<Gap>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) is_deb: bool,
    pub(super) name: Text,
    pub(super) epoch: u32,
    pub(super) version: Text,
    pub(super) release: Text,
    pub(super) arch: Text,
    pub(super) source_package: Option<Text>,
    pub(super) provides: Vec<Dependency>,
    pub(super) requires: Vec<Dependency>,
    pub(super) files: Vec<File>,
    /// Event, program, text.
    pub(super) scripts: Vec<(Text, Text, Text)>,
    pub(super) vendor: Option<Text>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: Text,
    pub(super) flags: u32,
    pub(super) version: Text,
}

#[derive(Serialize, Deserialize)]
pub(super) struct File {
    pub(super) path: Text,
    pub(super) kind: FileKind,
    pub(super) size_bytes: u64,
    pub(super) mode: u16,
    pub(super) link_target: Option<Text>,
    pub(super) digest: Text,
    pub(super) owner: Option<Text>,
    pub(super) group: Option<Text>,
    pub(super) capabilities: Option<Text>,
    /// Bits: configuration, noreplace, ghost, documentation.
    pub(super) flags: u8,
    pub(super) interpreter: Option<Text>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum FileKind {
    Regular,
    Directory,
    Symlink,
    Special,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Artifact {
    pub(super) path: Text,
    pub(super) aliases: Vec<Text>,
    pub(super) digest: Option<[u8; 32]>,
    pub(super) size_bytes: u64,
    pub(super) elf: Elf,
    pub(super) types: Types,
    pub(super) gaps: Vec<Gap>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Types {
    Read { graph: Graph, source: DebugSource, supplementary: Option<Text> },
    NotNeeded,
    Absent,
}

#[derive(Serialize, Deserialize)]
pub(super) enum DebugSource {
    InFile,
    Separate { path: Text, package: Option<Text> },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Elf {
    pub(super) is_64: bool,
    pub(super) is_big_endian: bool,
    pub(super) machine: u16,
    pub(super) os_abi: u8,
    pub(super) flags: u32,
    pub(super) kind: ElfKind,
    pub(super) soname: Option<Text>,
    pub(super) needed: Vec<Text>,
    pub(super) rpath: Option<Text>,
    pub(super) runpath: Option<Text>,
    pub(super) interpreter: Option<Text>,
    pub(super) build_id: Option<Vec<u8>>,
    pub(super) debug_link: Option<(Text, u32)>,
    pub(super) has_debug_info: bool,
    pub(super) versions_defined: Vec<Text>,
    pub(super) versions_needed: Vec<VersionNeed>,
    pub(super) executable_stack: bool,
    pub(super) text_relocations: bool,
    pub(super) static_tls: bool,
    pub(super) is_pie: bool,
    pub(super) has_relro: bool,
    pub(super) bind_now: bool,
    pub(super) gnu_properties: Vec<(u32, u32)>,
    pub(super) pure_slots: Vec<(Text, Vec<u32>)>,
    pub(super) loading: Loading,
    pub(super) symbols: Vec<Symbol>,
    pub(super) kernel: Option<kernel::Object>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Loading {
    pub(super) abi_version: u8,
    pub(super) is_fixed: bool,
    pub(super) flags_1: u64,
    pub(super) is_symbolic: bool,
    pub(super) has_version_indices: bool,
    pub(super) has_version_definitions: bool,
    pub(super) base_version: Option<Text>,
    pub(super) first_version: Option<Text>,
    pub(super) has_packed_relocations: bool,
    pub(super) filters: Vec<Text>,
    pub(super) abi_tag: Option<(u32, [u32; 3])>,
    pub(super) unreferenced: Vec<u32>,
    pub(super) marks: Vec<Text>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum ElfKind {
    Relocatable,
    Executable,
    SharedObject,
    KernelModule,
    Vmlinux,
    Other(u16),
}

#[derive(Serialize, Deserialize)]
pub(super) struct VersionNeed {
    pub(super) file: Text,
    pub(super) version: Text,
    pub(super) is_weak: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Symbol {
    pub(super) name: Text,
    pub(super) version: Option<SymbolVersion>,
    pub(super) kind: SymbolKind,
    pub(super) binding: Binding,
    pub(super) visibility: Visibility,
    pub(super) section: SymbolSection,
    pub(super) address: u64,
    pub(super) size_bytes: u64,
    pub(super) is_export: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SymbolVersion {
    pub(super) name: Text,
    pub(super) is_default: bool,
    pub(super) file: Option<Text>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum SymbolKind {
    NoType,
    Object,
    Func,
    Common,
    Tls,
    Ifunc,
    Other(u8),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Binding {
    Local,
    Global,
    Weak,
    Unique,
    Other(u8),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Visibility {
    Default,
    Internal,
    Hidden,
    Protected,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum SymbolSection {
    Undefined,
    Absolute,
    Common,
    Index(u32),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Graph {
    /// The graph's own table, in its order.
    pub(super) strings: Vec<Text>,
    pub(super) nodes: Vec<TypeNode>,
    pub(super) roots: Vec<Root>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TypeNode {
    pub(super) kind: TypeKind,
    pub(super) decl: Option<Decl>,
    pub(super) origin: Option<Origin>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Decl {
    pub(super) file: GraphText,
    pub(super) line: u32,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) offset: u64,
    pub(super) in_supplementary: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Root {
    pub(super) symbol: u32,
    pub(super) is_function: bool,
    pub(super) ty: Node,
    pub(super) source_name: Option<GraphText>,
    pub(super) decl: Option<Decl>,
    pub(super) origin: Option<Origin>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum TypeKind {
    Void,
    Base { name: GraphText, size_bytes: u64, encoding: BaseEncoding },
    Pointer { kind: PointerKind, target: Node, size_bytes: u64 },
    MemberPointer { class: Node, target: Node },
    Qualified { qualifier: Qualifier, target: Node },
    Typedef { name: GraphText, target: Node },
    Array { element: Node, dimensions: Vec<Option<u64>>, is_vector: bool },
    Function(Function),
    Record(Record),
    Enum(Enum),
    Declaration { keyword: Option<RecordKeyword>, name: GraphText },
    Ambiguous { name: GraphText, candidates: Vec<Node> },
    Unspecified { name: GraphText },
    Opaque { tag: u16, name: GraphText, size_bytes: Option<u64> },
    Broken,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum BaseEncoding {
    Boolean,
    Signed,
    Unsigned,
    SignedChar,
    UnsignedChar,
    Utf,
    Float,
    ComplexFloat,
    Other(u8),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum PointerKind {
    Pointer,
    LvalueReference,
    RvalueReference,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Qualifier {
    Const,
    Volatile,
    Restrict,
    Atomic,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum RecordKeyword {
    Struct,
    Class,
    Union,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum PassBy {
    Value,
    Reference,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Function {
    pub(super) return_type: Node,
    pub(super) parameters: Vec<Parameter>,
    pub(super) is_variadic: bool,
    pub(super) is_prototyped: bool,
    pub(super) is_noreturn: bool,
    pub(super) virtual_slot: Option<u32>,
    pub(super) calling_convention: Option<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: Option<GraphText>,
    pub(super) ty: Node,
    pub(super) is_artificial: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) keyword: RecordKeyword,
    pub(super) name: Option<GraphText>,
    pub(super) size_bytes: u64,
    pub(super) alignment_bytes: Option<u64>,
    pub(super) pass_by: Option<PassBy>,
    pub(super) bases: Vec<Base>,
    pub(super) members: Vec<Member>,
    pub(super) virtual_methods: Vec<VirtualMethod>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Base {
    pub(super) ty: Node,
    pub(super) offset_bytes: Option<u64>,
    pub(super) is_virtual: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) name: Option<GraphText>,
    pub(super) ty: Node,
    pub(super) offset_bits: u64,
    pub(super) bit_size: Option<u64>,
    pub(super) is_artificial: bool,
    pub(super) decl_line: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct VirtualMethod {
    pub(super) name: GraphText,
    pub(super) linkage_name: Option<GraphText>,
    pub(super) slot: Option<u64>,
    pub(super) ty: Node,
    pub(super) is_pure: bool,
    pub(super) decl_line: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Enum {
    pub(super) name: Option<GraphText>,
    pub(super) size_bytes: u64,
    pub(super) underlying: Option<Node>,
    pub(super) is_scoped: bool,
    pub(super) enumerators: Vec<(GraphText, i128)>,
}
