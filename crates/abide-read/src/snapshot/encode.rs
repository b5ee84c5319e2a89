//! A side to the content of a snapshot. Each domain type is taken apart field by field, so that a new field does
//! not compile until it has its place here.

use std::sync::Arc;

use abide_model::{
    ArtifactFacts, Base, BaseSpec, DebugSource, DeclLocation, Dependency, Digest, ElfClass, ElfFacts, Endian,
    EnumType, Enumerator, FileEntry, FileFlags, FunctionType, Gap, Loading, Member, Nevra, Origin,
    PackageFacts, PackageFormat, PackageMeta, Parameter, RecordType, Root, RootKind, Script, Side, Symbol,
    SymbolVersion, TypeEvidence, TypeGraph, TypeKind, TypeNode, VersionNeed, VirtualMethod,
};
use bstr::BString;
use rustc_hash::FxHashMap;

use super::error::SnapshotError;
use super::listed;
use super::mirror::{self, Text};

/// The encoded content of a side.
pub(super) fn content(side: &Side) -> Result<Vec<u8>, SnapshotError> {
    let mut strings = Strings::default();
    let Side { label, input_kind, packages, public_headers, gaps, metadata } = side;
    let label = strings.text(label.as_bytes());
    let input_kind = strings.text(input_kind.as_bytes());
    let packages = packages.iter().map(|p| strings.package(p)).collect();
    let public_headers = public_headers.as_ref().map(|paths| strings.texts(paths));
    let gaps = strings.gaps(gaps);
    let strings = strings.table()?;
    let names = metadata.as_ref().map(listed::names);
    let listed =
        metadata.as_ref().zip(names.as_ref()).map(|(metadata, names)| listed::mirror(metadata, names));
    let strings = strings.mirror();
    let content = mirror::Content { strings, label, input_kind, packages, public_headers, gaps, listed };
    postcard::to_allocvec(&content).map_err(SnapshotError::Content)
}

/// All distinct strings.
pub(super) struct Table {
    lengths: Vec<u32>,
    bytes: Vec<u8>,
}

impl Table {
    pub(super) fn mirror(&self) -> mirror::Strings<'_> {
        mirror::Strings { lengths: self.lengths.clone(), bytes: &self.bytes }
    }
}

/// The distinct strings so far.
#[derive(Default)]
pub(super) struct Strings<'s> {
    index: FxHashMap<&'s [u8], Text>,
    lengths: Vec<u32>,
    bytes: Vec<u8>,
    /// More strings, or longer ones, than indices can say.
    is_full: bool,
}

impl<'s> Strings<'s> {
    /// The strings when all are in.
    pub(super) fn table(self) -> Result<Table, SnapshotError> {
        match self.is_full {
            true => Err(SnapshotError::TooMany("strings")),
            false => Ok(Table { lengths: self.lengths, bytes: self.bytes }),
        }
    }

    pub(super) fn text(&mut self, text: &'s [u8]) -> Text {
        if let Some(&id) = self.index.get(text) {
            return id;
        }
        let (Ok(id), Ok(length)) = (Text::try_from(self.lengths.len()), u32::try_from(text.len())) else {
            self.is_full = true;
            return 0;
        };
        self.lengths.push(length);
        self.bytes.extend_from_slice(text);
        self.index.insert(text, id);
        id
    }

    pub(super) fn texts(&mut self, all: &'s [BString]) -> Vec<Text> {
        all.iter().map(|t| self.text(t)).collect()
    }

    pub(super) fn optional(&mut self, text: &'s Option<BString>) -> Option<Text> {
        text.as_ref().map(|t| self.text(t))
    }

    pub(super) fn gaps(&mut self, gaps: &'s [Gap]) -> Vec<mirror::Gap> {
        gaps.iter().map(|gap| self.gap(gap)).collect()
    }

    fn gap(&mut self, gap: &'s Gap) -> mirror::Gap {
        let Gap { kind, subject, detail } = gap;
        mirror::Gap {
            kind: self.text(kind.id().as_bytes()),
            subject: self.text(subject),
            detail: self.text(detail.as_bytes()),
        }
    }

    pub(super) fn package(&mut self, package: &'s PackageFacts) -> mirror::Package {
        let PackageFacts { meta, tree, source, digest, artifacts, suppressions, kernel_files, gaps } =
            package;
        mirror::Package {
            meta: meta.as_ref().map(|m| self.meta(m)),
            tree: tree.iter().map(|f| self.file(f)).collect(),
            source: self.text(source),
            digest: digest.map(|Digest(bytes)| bytes),
            artifacts: artifacts.iter().map(|a| self.artifact(a)).collect(),
            suppressions: suppressions.iter().map(|s| (self.text(&s.path), self.text(&s.text))).collect(),
            kernel_files: kernel_files.iter().map(|f| self.kernel_file(f)).collect(),
            gaps: self.gaps(gaps),
        }
    }

    fn meta(&mut self, meta: &'s PackageMeta) -> mirror::Meta {
        let PackageMeta { format, nevra, source_package, provides, requires, files, scripts, vendor } = meta;
        let Nevra { name, epoch, version, release, arch } = nevra;
        mirror::Meta {
            is_deb: *format == PackageFormat::Deb,
            name: self.text(name.as_bytes()),
            epoch: *epoch,
            version: self.text(version.as_bytes()),
            release: self.text(release.as_bytes()),
            arch: self.text(arch.as_bytes()),
            source_package: source_package.as_ref().map(|s| self.text(s.as_bytes())),
            provides: provides.iter().map(|d| self.dependency(d)).collect(),
            requires: requires.iter().map(|d| self.dependency(d)).collect(),
            files: files.iter().map(|f| self.file(f)).collect(),
            scripts: scripts.iter().map(|s| self.script(s)).collect(),
            vendor: vendor.as_ref().map(|v| self.text(v.as_bytes())),
        }
    }

    fn dependency(&mut self, dependency: &'s Dependency) -> mirror::Dependency {
        let Dependency { name, flags, version } = dependency;
        mirror::Dependency {
            name: self.text(name.as_bytes()),
            flags: *flags,
            version: self.text(version.as_bytes()),
        }
    }

    fn file(&mut self, file: &'s FileEntry) -> mirror::File {
        let FileEntry { path, kind, size_bytes, mode, link_target, digest, .. } = file;
        let FileEntry { owner, group, capabilities, flags, interpreter, .. } = file;
        let FileFlags { is_config, is_noreplace, is_ghost, is_doc } = *flags;
        let bits = [is_config, is_noreplace, is_ghost, is_doc].map(u8::from);
        mirror::File {
            path: self.text(path),
            kind: (*kind).into(),
            size_bytes: *size_bytes,
            mode: *mode,
            link_target: self.optional(link_target),
            digest: self.text(digest.as_bytes()),
            owner: self.shared(owner),
            group: self.shared(group),
            capabilities: self.shared(capabilities),
            flags: bits.iter().enumerate().map(|(at, bit)| bit << at).sum(),
            interpreter: self.shared(interpreter),
        }
    }

    fn shared(&mut self, text: &'s Option<Arc<BString>>) -> Option<Text> {
        text.as_ref().map(|t| self.text(t))
    }

    fn script(&mut self, script: &'s Script) -> (Text, Text, Text) {
        let Script { event, program, text } = script;
        (self.text(event.as_bytes()), self.text(program), self.text(text))
    }

    fn artifact(&mut self, artifact: &'s ArtifactFacts) -> mirror::Artifact {
        let ArtifactFacts { path, aliases, digest, size_bytes, elf, types, gaps } = artifact;
        mirror::Artifact {
            path: self.text(path),
            aliases: self.texts(aliases),
            digest: digest.map(|Digest(bytes)| bytes),
            size_bytes: *size_bytes,
            elf: self.elf(elf),
            types: self.types(types),
            gaps: self.gaps(gaps),
        }
    }

    pub(super) fn types(&mut self, types: &'s TypeEvidence) -> mirror::Types {
        match types {
            TypeEvidence::Read { graph, source, supplementary } => mirror::Types::Read {
                graph: self.graph(graph),
                source: match source {
                    DebugSource::InFile => mirror::DebugSource::InFile,
                    DebugSource::Separate { path, package } => mirror::DebugSource::Separate {
                        path: self.text(path),
                        package: package.as_ref().map(|p| self.text(p.as_bytes())),
                    },
                },
                supplementary: self.optional(supplementary),
            },
            TypeEvidence::NotNeeded => mirror::Types::NotNeeded,
            TypeEvidence::Absent => mirror::Types::Absent,
        }
    }

    fn elf(&mut self, elf: &'s ElfFacts) -> mirror::Elf {
        let ElfFacts {
            class,
            endian,
            machine,
            os_abi,
            flags,
            kind,
            soname,
            needed,
            rpath,
            runpath,
            interpreter,
            build_id,
            debug_link,
            has_debug_info,
            versions_defined,
            versions_needed,
            executable_stack,
            text_relocations,
            static_tls,
            is_pie,
            has_relro,
            bind_now,
            gnu_properties,
            pure_slots,
            loading,
            symbols,
            kernel,
        } = elf;
        mirror::Elf {
            is_64: *class == ElfClass::Elf64,
            is_big_endian: *endian == Endian::Big,
            machine: *machine,
            os_abi: *os_abi,
            flags: *flags,
            kind: (*kind).into(),
            soname: self.optional(soname),
            needed: self.texts(needed),
            rpath: self.optional(rpath),
            runpath: self.optional(runpath),
            interpreter: self.optional(interpreter),
            build_id: build_id.clone(),
            debug_link: debug_link.as_ref().map(|(name, crc)| (self.text(name), *crc)),
            has_debug_info: *has_debug_info,
            versions_defined: self.texts(versions_defined),
            versions_needed: versions_needed.iter().map(|n| self.version_need(n)).collect(),
            executable_stack: *executable_stack,
            text_relocations: *text_relocations,
            static_tls: *static_tls,
            is_pie: *is_pie,
            has_relro: *has_relro,
            bind_now: *bind_now,
            gnu_properties: gnu_properties.clone(),
            pure_slots: pure_slots.iter().map(|p| (self.text(&p.table), p.slots.clone())).collect(),
            loading: self.loading(loading),
            symbols: symbols.iter().map(|s| self.symbol(s)).collect(),
            kernel: kernel.as_ref().map(|k| self.kernel_object(k)),
        }
    }

    fn loading(&mut self, loading: &'s Loading) -> mirror::Loading {
        let Loading {
            abi_version,
            is_fixed,
            flags_1,
            is_symbolic,
            has_version_indices,
            has_version_definitions,
            base_version,
            first_version,
            has_packed_relocations,
            filters,
            abi_tag,
            unreferenced,
            marks,
        } = loading;
        mirror::Loading {
            abi_version: *abi_version,
            is_fixed: *is_fixed,
            flags_1: *flags_1,
            is_symbolic: *is_symbolic,
            has_version_indices: *has_version_indices,
            has_version_definitions: *has_version_definitions,
            base_version: self.optional(base_version),
            first_version: self.optional(first_version),
            has_packed_relocations: *has_packed_relocations,
            filters: self.texts(filters),
            abi_tag: *abi_tag,
            unreferenced: unreferenced.clone(),
            marks: self.texts(marks),
        }
    }

    fn version_need(&mut self, need: &'s VersionNeed) -> mirror::VersionNeed {
        let VersionNeed { file, version, is_weak } = need;
        mirror::VersionNeed { file: self.text(file), version: self.text(version), is_weak: *is_weak }
    }

    fn symbol(&mut self, symbol: &'s Symbol) -> mirror::Symbol {
        let Symbol { name, version, kind, binding, visibility, section, address, size_bytes, is_export } =
            symbol;
        mirror::Symbol {
            name: self.text(name),
            version: version.as_ref().map(|SymbolVersion { name, is_default, file }| mirror::SymbolVersion {
                name: self.text(name),
                is_default: *is_default,
                file: self.optional(file),
            }),
            kind: (*kind).into(),
            binding: (*binding).into(),
            visibility: (*visibility).into(),
            section: (*section).into(),
            address: *address,
            size_bytes: *size_bytes,
            is_export: *is_export,
        }
    }

    fn graph(&mut self, graph: &'s TypeGraph) -> mirror::Graph {
        let TypeGraph { strings, nodes, roots } = graph;
        mirror::Graph {
            strings: strings.iter().map(|s| self.text(s)).collect(),
            nodes: nodes.iter().map(node).collect(),
            roots: roots.iter().map(root).collect(),
        }
    }
}

fn decl(decl: &DeclLocation) -> mirror::Decl {
    let DeclLocation { file, line } = decl;
    mirror::Decl { file: file.0, line: *line }
}

fn origin(origin: &Origin) -> mirror::Origin {
    let Origin { offset, in_supplementary } = origin;
    mirror::Origin { offset: *offset, in_supplementary: *in_supplementary }
}

fn root(root: &Root) -> mirror::Root {
    let Root { symbol, kind, ty, source_name, decl: place, origin: entry } = root;
    mirror::Root {
        symbol: *symbol,
        is_function: *kind == RootKind::Function,
        ty: ty.0,
        source_name: source_name.map(|s| s.0),
        decl: place.as_ref().map(decl),
        origin: entry.as_ref().map(origin),
    }
}

fn node(node: &TypeNode) -> mirror::TypeNode {
    let TypeNode { kind: what, decl: place, origin: entry } = node;
    mirror::TypeNode { kind: kind(what), decl: place.as_ref().map(decl), origin: entry.as_ref().map(origin) }
}

fn kind(kind: &TypeKind) -> mirror::TypeKind {
    use mirror::TypeKind as To;
    match kind {
        TypeKind::Void => To::Void,
        TypeKind::Base(BaseSpec { name, size_bytes, encoding }) => {
            To::Base { name: name.0, size_bytes: *size_bytes, encoding: (*encoding).into() }
        }
        TypeKind::Pointer { kind, target, size_bytes } => {
            To::Pointer { kind: (*kind).into(), target: target.0, size_bytes: *size_bytes }
        }
        TypeKind::MemberPointer { class, target } => To::MemberPointer { class: class.0, target: target.0 },
        TypeKind::Qualified { qualifier, target } => {
            To::Qualified { qualifier: (*qualifier).into(), target: target.0 }
        }
        TypeKind::Typedef { name, target } => To::Typedef { name: name.0, target: target.0 },
        TypeKind::Array { element, dimensions, is_vector } => {
            To::Array { element: element.0, dimensions: dimensions.clone(), is_vector: *is_vector }
        }
        TypeKind::Function(f) => To::Function(function(f)),
        TypeKind::Record(r) => To::Record(record(r)),
        TypeKind::Enum(e) => To::Enum(enumeration(e)),
        TypeKind::Declaration { keyword, name } => {
            To::Declaration { keyword: keyword.map(Into::into), name: name.0 }
        }
        TypeKind::Ambiguous { name, candidates } => {
            To::Ambiguous { name: name.0, candidates: candidates.iter().map(|c| c.0).collect() }
        }
        TypeKind::Unspecified { name } => To::Unspecified { name: name.0 },
        TypeKind::Opaque { tag, name, size_bytes } => {
            To::Opaque { tag: *tag, name: name.0, size_bytes: *size_bytes }
        }
        TypeKind::Broken => To::Broken,
    }
}

fn function(function: &FunctionType) -> mirror::Function {
    let FunctionType {
        return_type,
        parameters,
        is_variadic,
        is_prototyped,
        is_noreturn,
        calling_convention,
        virtual_slot,
    } = function;
    let parameter = |Parameter { name, ty, is_artificial }: &Parameter| mirror::Parameter {
        name: name.map(|n| n.0),
        ty: ty.0,
        is_artificial: *is_artificial,
    };
    mirror::Function {
        return_type: return_type.0,
        parameters: parameters.iter().map(parameter).collect(),
        is_variadic: *is_variadic,
        is_prototyped: *is_prototyped,
        is_noreturn: *is_noreturn,
        virtual_slot: *virtual_slot,
        calling_convention: *calling_convention,
    }
}

fn record(record: &RecordType) -> mirror::Record {
    let RecordType { keyword, name, size_bytes, alignment_bytes, pass_by, bases, members, virtual_methods } =
        record;
    let base = |Base { ty, offset_bytes, is_virtual }: &Base| mirror::Base {
        ty: ty.0,
        offset_bytes: *offset_bytes,
        is_virtual: *is_virtual,
    };
    mirror::Record {
        keyword: (*keyword).into(),
        name: name.map(|n| n.0),
        size_bytes: *size_bytes,
        alignment_bytes: *alignment_bytes,
        pass_by: pass_by.map(Into::into),
        bases: bases.iter().map(base).collect(),
        members: members.iter().map(member).collect(),
        virtual_methods: virtual_methods.iter().map(virtual_method).collect(),
    }
}

fn member(member: &Member) -> mirror::Member {
    let Member { name, ty, offset_bits, bit_size, is_artificial, decl_line } = member;
    mirror::Member {
        name: name.map(|n| n.0),
        ty: ty.0,
        offset_bits: *offset_bits,
        bit_size: *bit_size,
        is_artificial: *is_artificial,
        decl_line: *decl_line,
    }
}

fn virtual_method(method: &VirtualMethod) -> mirror::VirtualMethod {
    let VirtualMethod { name, linkage_name, slot, ty, is_pure, decl_line } = method;
    mirror::VirtualMethod {
        name: name.0,
        linkage_name: linkage_name.map(|n| n.0),
        slot: *slot,
        ty: ty.0,
        is_pure: *is_pure,
        decl_line: *decl_line,
    }
}

fn enumeration(enumeration: &EnumType) -> mirror::Enum {
    let EnumType { name, size_bytes, underlying, is_scoped, enumerators } = enumeration;
    mirror::Enum {
        name: name.map(|n| n.0),
        size_bytes: *size_bytes,
        underlying: underlying.map(|u| u.0),
        is_scoped: *is_scoped,
        enumerators: enumerators.iter().map(|Enumerator { name, value }| (name.0, *value)).collect(),
    }
}
