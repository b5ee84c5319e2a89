//! Sides of every shape: any bytes for names, any numbers, type graphs whose ids are in range.

use std::sync::Arc;

use abide_model::*;
use bstr::BString;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use crate::kernel;
use proptest::strategy::Union;

/// A side without anything.
pub(crate) fn empty() -> Side {
    Side {
        label: String::new(),
        input_kind: String::new(),
        packages: Vec::new(),
        public_headers: None,
        gaps: Vec::new(),
        metadata: None,
    }
}

/// A side with one artifact that has these facts and types.
pub(crate) fn of_artifact(elf: ElfFacts, graph: TypeGraph) -> Side {
    let artifact = ArtifactFacts {
        path: "/usr/lib64/libx.so.1".into(),
        aliases: vec!["/usr/lib64/libx.so".into()],
        digest: Some(Digest([7; 32])),
        size_bytes: 4096,
        elf,
        types: TypeEvidence::Read { graph, source: DebugSource::InFile, supplementary: None },
        gaps: Vec::new(),
    };
    let package = PackageFacts {
        meta: None,
        tree: Vec::new(),
        source: "x".into(),
        digest: None,
        artifacts: vec![artifact],
        suppressions: Vec::new(),
        kernel_files: Vec::new(),
        gaps: Vec::new(),
    };
    Side { packages: vec![package], ..empty() }
}

/// A side whose only type is an enum with these values.
pub(crate) fn with_enumerators(values: &[i128]) -> Side {
    let mut graph = TypeGraph::default();
    let enumerators = values
        .iter()
        .enumerate()
        .map(|(i, &value)| Enumerator { name: graph.strings.intern(format!("e{i}").as_bytes()), value })
        .collect();
    graph.push(TypeKind::Enum(EnumType {
        name: None,
        size_bytes: 8,
        underlying: None,
        is_scoped: false,
        enumerators,
    }));
    of_artifact(plain_elf(Vec::new()), graph)
}

/// ELF facts with nothing but symbols.
pub(crate) fn plain_elf(symbols: Vec<Symbol>) -> ElfFacts {
    ElfFacts { symbols, ..ElfFacts::new(ElfClass::Elf64, Endian::Little, 62, ElfKind::SharedObject) }
}

fn bytes() -> BoxedStrategy<BString> {
    vec(any::<u8>(), 0..6).prop_map(BString::from).boxed()
}

fn text() -> BoxedStrategy<String> {
    ".{0,4}".boxed()
}

fn texts() -> BoxedStrategy<Vec<BString>> {
    vec(bytes(), 0..3).boxed()
}

fn gaps() -> BoxedStrategy<Vec<Gap>> {
    let kind = prop::sample::select(GapKind::ALL.to_vec());
    let gap = (kind, bytes(), text()).prop_map(|(kind, subject, detail)| Gap { kind, subject, detail });
    vec(gap, 0..2).boxed()
}

/// Any side.
pub(crate) fn side() -> BoxedStrategy<Side> {
    let headers = option::of(texts());
    (text(), text(), vec(package(), 0..3), headers, gaps())
        .prop_map(|(label, input_kind, packages, public_headers, gaps)| Side {
            label,
            input_kind,
            packages,
            public_headers,
            gaps,
            metadata: None,
        })
        .boxed()
}

fn package() -> BoxedStrategy<PackageFacts> {
    let digest = option::of(any::<[u8; 32]>().prop_map(Digest));
    let shipped = (bytes(), bytes()).prop_map(|(path, text)| ShippedSuppressions { path, text });
    let files = (vec(shipped, 0..2), kernel::files());
    (option::of(meta()), vec(file(), 0..3), bytes(), digest, vec(artifact(), 0..3), files, gaps())
        .prop_map(|(meta, tree, source, digest, artifacts, (suppressions, kernel_files), gaps)| {
            PackageFacts { meta, tree, source, digest, artifacts, suppressions, kernel_files, gaps }
        })
        .boxed()
}

fn meta() -> BoxedStrategy<PackageMeta> {
    let nevra = (text(), any::<u32>(), text(), text(), text())
        .prop_map(|(name, epoch, version, release, arch)| Nevra { name, epoch, version, release, arch });
    (
        any::<bool>(),
        nevra,
        option::of(text()),
        vec(dependency(), 0..3),
        vec(dependency(), 0..3),
        vec(file(), 0..3),
        vec(script(), 0..3),
        option::of(text()),
    )
        .prop_map(|(is_deb, nevra, source_package, provides, requires, files, scripts, vendor)| PackageMeta {
            format: if is_deb { PackageFormat::Deb } else { PackageFormat::Rpm },
            nevra,
            source_package,
            provides,
            requires,
            files,
            scripts,
            vendor,
        })
        .boxed()
}

fn dependency() -> BoxedStrategy<Dependency> {
    (text(), any::<u32>(), text())
        .prop_map(|(name, flags, version)| Dependency { name, flags, version })
        .boxed()
}

fn script() -> BoxedStrategy<Script> {
    (text(), bytes(), bytes()).prop_map(|(event, program, text)| Script { event, program, text }).boxed()
}

fn file() -> BoxedStrategy<FileEntry> {
    let kinds = [FileKind::Regular, FileKind::Directory, FileKind::Symlink, FileKind::Special];
    let content = (any::<u64>(), any::<u16>(), option::of(bytes()), text());
    let owner = (option::of(bytes()), option::of(bytes()), option::of(bytes()));
    let flags = any::<[bool; 4]>().prop_map(|[is_config, is_noreplace, is_ghost, is_doc]| FileFlags {
        is_config,
        is_noreplace,
        is_ghost,
        is_doc,
    });
    (bytes(), prop::sample::select(kinds.to_vec()), content, owner, flags, option::of(bytes()))
        .prop_map(|(path, kind, content, owner, flags, interpreter)| FileEntry {
            path,
            kind,
            size_bytes: content.0,
            mode: content.1,
            link_target: content.2,
            digest: content.3,
            owner: owner.0.map(Arc::new),
            group: owner.1.map(Arc::new),
            capabilities: owner.2.map(Arc::new),
            flags,
            interpreter: interpreter.map(Arc::new),
        })
        .boxed()
}

fn artifact() -> BoxedStrategy<ArtifactFacts> {
    let elf_and_types = elf().prop_flat_map(|elf| {
        let types = types(elf.symbols.len());
        (Just(elf), types)
    });
    (bytes(), texts(), any::<[u8; 32]>(), any::<u64>(), elf_and_types, gaps())
        .prop_map(|(path, aliases, digest, size_bytes, (elf, types), gaps)| ArtifactFacts {
            path,
            aliases,
            digest: Some(Digest(digest)),
            size_bytes,
            elf,
            types,
            gaps,
        })
        .boxed()
}

fn elf() -> BoxedStrategy<ElfFacts> {
    let kinds = prop_oneof![
        Just(ElfKind::Relocatable),
        Just(ElfKind::Executable),
        Just(ElfKind::SharedObject),
        Just(ElfKind::KernelModule),
        Just(ElfKind::Vmlinux),
        any::<u16>().prop_map(ElfKind::Other),
    ];
    let numbers = (any::<u16>(), any::<u8>(), any::<u32>(), any::<[bool; 9]>());
    let names = (option::of(bytes()), texts(), option::of(bytes()), option::of(bytes()), option::of(bytes()));
    let ids = (option::of(vec(any::<u8>(), 0..4)), option::of((bytes(), any::<u32>())));
    let versions = (texts(), vec((bytes(), bytes(), any::<bool>()), 0..3));
    let properties = vec(any::<(u32, u32)>(), 0..3);
    let pure = vec((bytes(), vec(any::<u32>(), 0..3)), 0..2);
    (
        kinds,
        numbers,
        names,
        ids,
        versions,
        (properties, pure, loading()),
        vec(symbol(), 0..5),
        kernel::object(),
    )
        .prop_map(
            |(kind, numbers, names, ids, versions, (gnu_properties, pure, loading), symbols, kernel)| {
                let (machine, os_abi, flags, [is_64, is_big, debug, stack, text, tls, hard @ ..]) = numbers;
                let (soname, needed, rpath, runpath, interpreter) = names;
                let need = |(file, version, is_weak)| VersionNeed { file, version, is_weak };
                ElfFacts {
                    class: if is_64 { ElfClass::Elf64 } else { ElfClass::Elf32 },
                    endian: if is_big { Endian::Big } else { Endian::Little },
                    machine,
                    os_abi,
                    flags,
                    kind,
                    soname,
                    needed,
                    rpath,
                    runpath,
                    interpreter,
                    build_id: ids.0,
                    debug_link: ids.1,
                    has_debug_info: debug,
                    versions_defined: versions.0,
                    versions_needed: versions.1.into_iter().map(need).collect(),
                    executable_stack: stack,
                    text_relocations: text,
                    static_tls: tls,
                    is_pie: hard[0],
                    has_relro: hard[1],
                    bind_now: hard[2],
                    gnu_properties,
                    pure_slots: pure.into_iter().map(|(table, slots)| PureSlots { table, slots }).collect(),
                    loading,
                    symbols,
                    kernel,
                }
            },
        )
        .boxed()
}

fn loading() -> BoxedStrategy<Loading> {
    let numbers = (any::<u8>(), any::<u64>(), any::<[bool; 5]>());
    let versions = (option::of(bytes()), option::of(bytes()));
    let lists = (texts(), vec(any::<u32>(), 0..3), texts());
    (numbers, versions, lists, option::of(any::<(u32, [u32; 3])>()))
        .prop_map(|(numbers, (base_version, first_version), (filters, unreferenced, marks), abi_tag)| {
            let (abi_version, flags_1, [is_fixed, is_symbolic, indices, definitions, packed]) = numbers;
            Loading {
                abi_version,
                is_fixed,
                flags_1,
                is_symbolic,
                has_version_indices: indices,
                has_version_definitions: definitions,
                base_version,
                first_version,
                has_packed_relocations: packed,
                filters,
                abi_tag,
                unreferenced,
                marks,
            }
        })
        .boxed()
}

fn symbol() -> BoxedStrategy<Symbol> {
    let kind = prop_oneof![
        Just(SymbolKind::NoType),
        Just(SymbolKind::Object),
        Just(SymbolKind::Func),
        Just(SymbolKind::Common),
        Just(SymbolKind::Tls),
        Just(SymbolKind::Ifunc),
        any::<u8>().prop_map(SymbolKind::Other),
    ];
    let binding = prop_oneof![
        Just(Binding::Local),
        Just(Binding::Global),
        Just(Binding::Weak),
        Just(Binding::Unique),
        any::<u8>().prop_map(Binding::Other),
    ];
    let visibilities = [Visibility::Default, Visibility::Internal, Visibility::Hidden, Visibility::Protected];
    let section = prop_oneof![
        Just(SymbolSection::Undefined),
        Just(SymbolSection::Absolute),
        Just(SymbolSection::Common),
        any::<u32>().prop_map(SymbolSection::Index),
    ];
    let version = (bytes(), any::<bool>(), option::of(bytes()))
        .prop_map(|(name, is_default, file)| SymbolVersion { name, is_default, file });
    let shape = (kind, binding, prop::sample::select(visibilities.to_vec()), section);
    (bytes(), option::of(version), shape, any::<(u64, u64, bool)>())
        .prop_map(
            |(name, version, (kind, binding, visibility, section), (address, size_bytes, is_export))| {
                Symbol { name, version, kind, binding, visibility, section, address, size_bytes, is_export }
            },
        )
        .boxed()
}

fn types(symbols: usize) -> BoxedStrategy<TypeEvidence> {
    let source = prop_oneof![
        Just(DebugSource::InFile),
        (bytes(), option::of(text())).prop_map(|(path, package)| DebugSource::Separate { path, package }),
    ];
    prop_oneof![
        Just(TypeEvidence::NotNeeded),
        Just(TypeEvidence::Absent),
        (graph(symbols), source, option::of(bytes()))
            .prop_map(|(graph, source, supplementary)| TypeEvidence::Read { graph, source, supplementary }),
    ]
    .boxed()
}

fn graph(symbols: usize) -> BoxedStrategy<TypeGraph> {
    (btree_set(bytes(), 1..6), 1u32..8)
        .prop_flat_map(move |(texts, nodes)| {
            let ids = Ids { strings: texts.len() as u32, nodes };
            let roots = if symbols == 0 { 0..1 } else { 0..3 };
            let root = root(ids, symbols.max(1) as u32);
            (Just(texts), vec(node(ids), nodes as usize), vec(root, roots))
        })
        .prop_map(|(texts, nodes, roots)| {
            let mut strings = StringTable::default();
            // Not in the order of the set, so that the order is seen to be kept.
            texts.iter().rev().for_each(|t| {
                strings.intern(t);
            });
            TypeGraph { strings, nodes, roots }
        })
        .boxed()
}

/// How many strings and nodes a graph has.
#[derive(Clone, Copy)]
struct Ids {
    strings: u32,
    nodes: u32,
}

impl Ids {
    fn name(self) -> BoxedStrategy<StrId> {
        (0..self.strings).prop_map(StrId).boxed()
    }

    fn ty(self) -> BoxedStrategy<TypeId> {
        (0..self.nodes).prop_map(TypeId).boxed()
    }

    fn decl(self) -> BoxedStrategy<Option<DeclLocation>> {
        option::of((self.name(), any::<u32>()).prop_map(|(file, line)| DeclLocation { file, line })).boxed()
    }
}

fn origin() -> BoxedStrategy<Option<Origin>> {
    option::of(
        any::<(u64, bool)>().prop_map(|(offset, in_supplementary)| Origin { offset, in_supplementary }),
    )
    .boxed()
}

fn root(ids: Ids, symbols: u32) -> BoxedStrategy<Root> {
    (0..symbols, any::<bool>(), ids.ty(), option::of(ids.name()), ids.decl(), origin())
        .prop_map(|(symbol, is_function, ty, source_name, decl, origin)| Root {
            symbol,
            kind: if is_function { RootKind::Function } else { RootKind::Variable },
            ty,
            source_name,
            decl,
            origin,
        })
        .boxed()
}

fn node(ids: Ids) -> BoxedStrategy<TypeNode> {
    (kind(ids), ids.decl(), origin()).prop_map(|(kind, decl, origin)| TypeNode { kind, decl, origin }).boxed()
}

fn kind(ids: Ids) -> BoxedStrategy<TypeKind> {
    use TypeKind as K;
    let encodings = prop_oneof![
        prop::sample::select(vec![
            BaseEncoding::Boolean,
            BaseEncoding::Signed,
            BaseEncoding::Unsigned,
            BaseEncoding::SignedChar,
            BaseEncoding::UnsignedChar,
            BaseEncoding::Utf,
            BaseEncoding::Float,
            BaseEncoding::ComplexFloat,
        ]),
        any::<u8>().prop_map(BaseEncoding::Other),
    ];
    let pointers = [PointerKind::Pointer, PointerKind::LvalueReference, PointerKind::RvalueReference];
    let qualifiers = [Qualifier::Const, Qualifier::Volatile, Qualifier::Restrict, Qualifier::Atomic];
    Union::new([
        Just(K::Void).boxed(),
        Just(K::Broken).boxed(),
        (ids.name(), any::<u64>(), encodings)
            .prop_map(|(name, size_bytes, encoding)| K::Base(BaseSpec { name, size_bytes, encoding }))
            .boxed(),
        (prop::sample::select(pointers.to_vec()), ids.ty(), any::<u64>())
            .prop_map(|(kind, target, size_bytes)| K::Pointer { kind, target, size_bytes })
            .boxed(),
        (ids.ty(), ids.ty()).prop_map(|(class, target)| K::MemberPointer { class, target }).boxed(),
        (prop::sample::select(qualifiers.to_vec()), ids.ty())
            .prop_map(|(qualifier, target)| K::Qualified { qualifier, target })
            .boxed(),
        (ids.name(), ids.ty()).prop_map(|(name, target)| K::Typedef { name, target }).boxed(),
        (ids.ty(), vec(any::<Option<u64>>(), 0..3), any::<bool>())
            .prop_map(|(element, dimensions, is_vector)| K::Array { element, dimensions, is_vector })
            .boxed(),
        function(ids).prop_map(K::Function).boxed(),
        record(ids).prop_map(K::Record).boxed(),
        enumeration(ids).prop_map(K::Enum).boxed(),
        (option::of(keyword()), ids.name())
            .prop_map(|(keyword, name)| K::Declaration { keyword, name })
            .boxed(),
        (ids.name(), vec(ids.ty(), 0..3))
            .prop_map(|(name, candidates)| K::Ambiguous { name, candidates })
            .boxed(),
        ids.name().prop_map(|name| K::Unspecified { name }).boxed(),
        (any::<u16>(), ids.name(), any::<Option<u64>>())
            .prop_map(|(tag, name, size_bytes)| K::Opaque { tag, name, size_bytes })
            .boxed(),
    ])
    .boxed()
}

fn keyword() -> BoxedStrategy<RecordKeyword> {
    prop::sample::select(vec![RecordKeyword::Struct, RecordKeyword::Class, RecordKeyword::Union]).boxed()
}

fn function(ids: Ids) -> BoxedStrategy<FunctionType> {
    let parameter = (option::of(ids.name()), ids.ty(), any::<bool>())
        .prop_map(|(name, ty, is_artificial)| Parameter { name, ty, is_artificial });
    (ids.ty(), vec(parameter, 0..3), any::<[bool; 3]>(), any::<Option<u8>>())
        .prop_map(|(return_type, parameters, flags, calling_convention)| FunctionType {
            return_type,
            parameters,
            is_variadic: flags[0],
            is_prototyped: flags[1],
            is_noreturn: flags[2],
            virtual_slot: flags[1].then_some(7),
            calling_convention,
        })
        .boxed()
}

fn record(ids: Ids) -> BoxedStrategy<RecordType> {
    let base = (ids.ty(), any::<Option<u64>>(), any::<bool>())
        .prop_map(|(ty, offset_bytes, is_virtual)| Base { ty, offset_bytes, is_virtual });
    let member = (option::of(ids.name()), ids.ty(), any::<(u64, Option<u64>, bool, u32)>()).prop_map(
        |(name, ty, (offset_bits, bit_size, is_artificial, decl_line))| Member {
            name,
            ty,
            offset_bits,
            bit_size,
            is_artificial,
            decl_line,
        },
    );
    let method = (ids.name(), option::of(ids.name()), ids.ty(), any::<(Option<u64>, bool, u32)>()).prop_map(
        |(name, linkage_name, ty, (slot, is_pure, decl_line))| VirtualMethod {
            name,
            linkage_name,
            slot,
            ty,
            is_pure,
            decl_line,
        },
    );
    let pass_by = option::of(prop::sample::select(vec![PassBy::Value, PassBy::Reference]));
    let head = (keyword(), option::of(ids.name()), any::<(u64, Option<u64>)>(), pass_by);
    (head, vec(base, 0..3), vec(member, 0..4), vec(method, 0..3))
        .prop_map(|((keyword, name, sizes, pass_by), bases, members, virtual_methods)| RecordType {
            keyword,
            name,
            size_bytes: sizes.0,
            alignment_bytes: sizes.1,
            pass_by,
            bases,
            members,
            virtual_methods,
        })
        .boxed()
}

fn enumeration(ids: Ids) -> BoxedStrategy<EnumType> {
    let enumerator = (ids.name(), any::<i128>()).prop_map(|(name, value)| Enumerator { name, value });
    (option::of(ids.name()), any::<u64>(), option::of(ids.ty()), any::<bool>(), vec(enumerator, 0..4))
        .prop_map(|(name, size_bytes, underlying, is_scoped, enumerators)| EnumType {
            name,
            size_bytes,
            underlying,
            is_scoped,
            enumerators,
        })
        .boxed()
}
