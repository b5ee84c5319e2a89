//! Plain data of abide: ids, symbols, type-graph nodes, packages, facts, gaps, findings, verdicts.
//!
//! Nothing here reads a file, opens a socket, looks at the environment or the clock, and nothing here is
//! `Serialize`: every on-disk or printed format has its own plain mirror at the edge that owns it.

pub mod elf;
pub mod facts;
pub mod finding;
pub mod gap;
pub mod graph;
pub mod kernel;
pub mod metadata;
pub mod package;
pub mod program;
pub mod progress;
pub mod source;
mod strings;

pub use elf::{
    Binding, ElfClass, ElfFacts, ElfKind, Endian, Loading, Needed, PureSlots, Symbol, SymbolKind,
    SymbolSection, SymbolVersion, VersionNeed, Visibility,
};
pub use facts::{ArtifactFacts, DebugSource, Digest, PackageFacts, ShippedSuppressions, Side, TypeEvidence};
pub use finding::{
    Consumer, Counts, Detail, Evidence, Exposure, Finding, Level, PathStep, Subject, SymbolName, Verdict,
};
pub use gap::{Gap, GapKind};
pub use graph::{
    Base, BaseEncoding, BaseSpec, DeclLocation, EnumType, Enumerator, FunctionType, Member, Origin,
    Parameter, PassBy, PointerKind, Qualifier, RecordKeyword, RecordType, Root, RootKind, TypeGraph, TypeId,
    TypeKind, TypeNode, VirtualMethod,
};
pub use kernel::{
    ExportKind, KabiRule, KabiRuleKind, KernelContent, KernelExport, KernelFile, KernelList, KernelObject,
    ListedExport, ListedSymbol, ModuleFacts, Severity, SeverityTarget,
};
pub use metadata::{
    ListedFile, ListedKind, MetaPackage, Metadata, ModuleStream, Relation, RelationKind, Sense,
};
pub use package::{
    Dependency, FileEntry, FileFlags, FileKind, Nevra, PackageFormat, PackageMeta, Script, is_debug_name,
};
pub use program::{Import, Language, Program, ProgramContent, ProgramFile};
pub use progress::{NoProgress, Progress, Stage};
pub use source::{LoadedTypes, TypeSource, TypesInFacts};
pub use strings::{StrId, StringTable};
