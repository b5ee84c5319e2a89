//! The content of a snapshot to a side. Every index is checked here, so that nothing behind has to.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use abide_model::{
    ArtifactFacts, DebugSource, Dependency, Digest, ElfClass, ElfFacts, Endian, FileEntry, FileFlags, Gap,
    GapKind, Loading, Nevra, PackageFacts, PackageFormat, PackageMeta, PureSlots, Script,
    ShippedSuppressions, Side, Symbol, SymbolVersion, TypeEvidence, VersionNeed,
};
use bstr::BString;
use rustc_hash::FxHashMap;

use super::error::SnapshotError;
use super::graph;
use super::listed;
use super::mirror::{self, Text};

/// How many bytes of names a content may stand for: so many for each of its own, beyond [`TEXT_FREE`]. A name is
/// stored once and may be referred to often; usual are less than three.
const TEXT_LIMIT: usize = 32;
/// Names of this size in total are read whatever the content's size.
const TEXT_FREE: usize = 64 << 20;

type Result<T> = std::result::Result<T, SnapshotError>;

/// The side behind a decompressed content.
pub(super) fn side(content: &[u8]) -> Result<Side> {
    let content_bytes = content.len();
    let mirror::Content { strings, label, input_kind, packages, public_headers, gaps, listed } =
        take(content)?;
    let strings = Strings::of(&strings, content_bytes)?;
    Ok(Side {
        label: strings.utf8(label, "the label")?,
        input_kind: strings.utf8(input_kind, "the kind of input")?,
        packages: packages.into_iter().map(|p| strings.package(p)).collect::<Result<_>>()?,
        public_headers: public_headers.map(|paths| strings.texts(paths)).transpose()?,
        gaps: strings.gaps(gaps)?,
        metadata: listed.map(listed::metadata).transpose()?,
    })
}

/// The structures of a content, which must have nothing behind them.
pub(super) fn take<'a, T: serde::Deserialize<'a>>(content: &'a [u8]) -> Result<T> {
    let (value, rest) = postcard::take_from_bytes(content).map_err(SnapshotError::Content)?;
    match rest.len() {
        0 => Ok(value),
        more => Err(SnapshotError::TrailingContent(more)),
    }
}

/// The table of all strings.
pub(super) struct Strings<'a> {
    all: Vec<&'a [u8]>,
    /// Bytes of names that may still be handed out.
    left: Cell<usize>,
    limit: usize,
    /// Texts that many files have in common.
    common: RefCell<FxHashMap<Text, Arc<BString>>>,
}

impl<'a> Strings<'a> {
    /// The strings of a content of so many bytes.
    pub(super) fn of(table: &mirror::Strings<'a>, content_bytes: usize) -> Result<Self> {
        Self::new(table, content_bytes.saturating_mul(TEXT_LIMIT).saturating_add(TEXT_FREE))
    }

    fn new(table: &mirror::Strings<'a>, limit: usize) -> Result<Self> {
        let mut rest = table.bytes;
        let mut all = Vec::with_capacity(table.lengths.len());
        for &length in &table.lengths {
            let Some((text, tail)) = rest.split_at_checked(length as usize) else {
                return Err(out_of_range("byte", length.into(), rest.len()));
            };
            all.push(text);
            rest = tail;
        }
        Ok(Strings { all, left: Cell::new(limit), limit, common: RefCell::default() })
    }

    pub(super) fn bytes(&self, text: Text) -> Result<&'a [u8]> {
        let found = self.all.get(text as usize).copied();
        let found = found.ok_or_else(|| out_of_range("string", text.into(), self.all.len()))?;
        match self.left.get().checked_sub(found.len()) {
            Some(left) => self.left.set(left),
            None => return Err(SnapshotError::TooMuchText { limit_bytes: self.limit as u64 }),
        }
        Ok(found)
    }

    pub(super) fn text(&self, text: Text) -> Result<BString> {
        self.bytes(text).map(BString::from)
    }

    pub(super) fn texts(&self, all: Vec<Text>) -> Result<Vec<BString>> {
        all.into_iter().map(|t| self.text(t)).collect()
    }

    pub(super) fn optional(&self, text: Option<Text>) -> Result<Option<BString>> {
        text.map(|t| self.text(t)).transpose()
    }

    /// A text that is kept once, however often it is referred to.
    fn shared(&self, text: Option<Text>) -> Result<Option<Arc<BString>>> {
        let Some(id) = text else { return Ok(None) };
        if let Some(known) = self.common.borrow().get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let shared = Arc::new(self.text(id)?);
        self.common.borrow_mut().insert(id, Arc::clone(&shared));
        Ok(Some(shared))
    }

    pub(super) fn utf8(&self, text: Text, what: &'static str) -> Result<String> {
        let text = std::str::from_utf8(self.bytes(text)?).map_err(|_| SnapshotError::NotUtf8(what))?;
        Ok(text.to_owned())
    }

    pub(super) fn gaps(&self, gaps: Vec<mirror::Gap>) -> Result<Vec<Gap>> {
        gaps.into_iter().map(|gap| self.gap(&gap)).collect()
    }

    fn gap(&self, gap: &mirror::Gap) -> Result<Gap> {
        let id = self.utf8(gap.kind, "the kind of a gap")?;
        let kind = GapKind::from_id(&id).ok_or(SnapshotError::UnknownGap(id))?;
        Ok(Gap {
            kind,
            subject: self.text(gap.subject)?,
            detail: self.utf8(gap.detail, "the detail of a gap")?,
        })
    }

    pub(super) fn package(&self, package: mirror::Package) -> Result<PackageFacts> {
        let mirror::Package { meta, tree, source, digest, artifacts, suppressions, kernel_files, gaps } =
            package;
        let shipped =
            |(path, text)| Ok(ShippedSuppressions { path: self.text(path)?, text: self.text(text)? });
        Ok(PackageFacts {
            meta: meta.map(|m| self.meta(m)).transpose()?,
            tree: tree.iter().map(|f| self.file(f)).collect::<Result<_>>()?,
            source: self.text(source)?,
            digest: digest.map(Digest),
            artifacts: artifacts.into_iter().map(|a| self.artifact(a)).collect::<Result<_>>()?,
            suppressions: suppressions.into_iter().map(shipped).collect::<Result<_>>()?,
            kernel_files: kernel_files.into_iter().map(|f| self.kernel_file(f)).collect::<Result<_>>()?,
            gaps: self.gaps(gaps)?,
        })
    }

    fn meta(&self, meta: mirror::Meta) -> Result<PackageMeta> {
        let mirror::Meta { is_deb, name, epoch, version, release, arch, .. } = meta;
        let mirror::Meta { source_package, provides, requires, files, scripts, vendor, .. } = meta;
        let nevra = Nevra {
            name: self.utf8(name, "a package's name")?,
            epoch,
            version: self.utf8(version, "a package's version")?,
            release: self.utf8(release, "a package's release")?,
            arch: self.utf8(arch, "a package's architecture")?,
        };
        Ok(PackageMeta {
            format: if is_deb { PackageFormat::Deb } else { PackageFormat::Rpm },
            nevra,
            source_package: source_package.map(|s| self.utf8(s, "a source package's name")).transpose()?,
            provides: provides.into_iter().map(|d| self.dependency(&d)).collect::<Result<_>>()?,
            requires: requires.into_iter().map(|d| self.dependency(&d)).collect::<Result<_>>()?,
            files: files.into_iter().map(|f| self.file(&f)).collect::<Result<_>>()?,
            scripts: scripts.into_iter().map(|s| self.script(s)).collect::<Result<_>>()?,
            vendor: vendor.map(|v| self.utf8(v, "a package's vendor")).transpose()?,
        })
    }

    fn dependency(&self, dependency: &mirror::Dependency) -> Result<Dependency> {
        Ok(Dependency {
            name: self.utf8(dependency.name, "a dependency's name")?,
            flags: dependency.flags,
            version: self.utf8(dependency.version, "a dependency's version")?,
        })
    }

    fn file(&self, file: &mirror::File) -> Result<FileEntry> {
        Ok(FileEntry {
            path: self.text(file.path)?,
            kind: file.kind.into(),
            size_bytes: file.size_bytes,
            mode: file.mode,
            link_target: self.optional(file.link_target)?,
            digest: self.utf8(file.digest, "a file's digest")?,
            owner: self.shared(file.owner)?,
            group: self.shared(file.group)?,
            capabilities: self.shared(file.capabilities)?,
            flags: flags(file.flags),
            interpreter: self.shared(file.interpreter)?,
        })
    }

    fn script(&self, (event, program, text): (mirror::Text, mirror::Text, mirror::Text)) -> Result<Script> {
        let event = self.utf8(event, "the event of a script")?;
        Ok(Script { event, program: self.text(program)?, text: self.text(text)? })
    }

    fn artifact(&self, artifact: mirror::Artifact) -> Result<ArtifactFacts> {
        let mirror::Artifact { path, aliases, digest, size_bytes, elf, types, gaps } = artifact;
        let elf = self.elf(elf)?;
        Ok(ArtifactFacts {
            path: self.text(path)?,
            aliases: self.texts(aliases)?,
            digest: digest.map(Digest),
            size_bytes,
            types: self.types(types, elf.symbols.len())?,
            elf,
            gaps: self.gaps(gaps)?,
        })
    }

    pub(super) fn types(&self, types: mirror::Types, symbols: usize) -> Result<TypeEvidence> {
        let (graph, source, supplementary) = match types {
            mirror::Types::Read { graph, source, supplementary } => (graph, source, supplementary),
            mirror::Types::NotNeeded => return Ok(TypeEvidence::NotNeeded),
            mirror::Types::Absent => return Ok(TypeEvidence::Absent),
        };
        let source = match source {
            mirror::DebugSource::InFile => DebugSource::InFile,
            mirror::DebugSource::Separate { path, package } => DebugSource::Separate {
                path: self.text(path)?,
                package: package.map(|p| self.utf8(p, "a debug package's name")).transpose()?,
            },
        };
        Ok(TypeEvidence::Read {
            graph: graph::decode(graph, self, symbols)?,
            source,
            supplementary: self.optional(supplementary)?,
        })
    }

    fn elf(&self, elf: mirror::Elf) -> Result<ElfFacts> {
        Ok(ElfFacts {
            class: if elf.is_64 { ElfClass::Elf64 } else { ElfClass::Elf32 },
            endian: if elf.is_big_endian { Endian::Big } else { Endian::Little },
            machine: elf.machine,
            os_abi: elf.os_abi,
            flags: elf.flags,
            kind: elf.kind.into(),
            soname: self.optional(elf.soname)?,
            needed: self.texts(elf.needed)?,
            rpath: self.optional(elf.rpath)?,
            runpath: self.optional(elf.runpath)?,
            interpreter: self.optional(elf.interpreter)?,
            build_id: elf.build_id,
            debug_link: elf.debug_link.map(|(name, crc)| Ok((self.text(name)?, crc))).transpose()?,
            has_debug_info: elf.has_debug_info,
            versions_defined: self.texts(elf.versions_defined)?,
            versions_needed: elf
                .versions_needed
                .into_iter()
                .map(|n| self.version_need(&n))
                .collect::<Result<_>>()?,
            executable_stack: elf.executable_stack,
            text_relocations: elf.text_relocations,
            static_tls: elf.static_tls,
            is_pie: elf.is_pie,
            has_relro: elf.has_relro,
            bind_now: elf.bind_now,
            gnu_properties: elf.gnu_properties,
            pure_slots: elf
                .pure_slots
                .into_iter()
                .map(|(table, slots)| Ok(PureSlots { table: self.text(table)?, slots }))
                .collect::<Result<_>>()?,
            loading: self.loading(elf.loading)?,
            symbols: elf.symbols.into_iter().map(|s| self.symbol(&s)).collect::<Result<_>>()?,
            kernel: elf.kernel.map(|k| self.kernel_object(k).map(Box::new)).transpose()?,
        })
    }

    fn loading(&self, loading: mirror::Loading) -> Result<Loading> {
        Ok(Loading {
            abi_version: loading.abi_version,
            is_fixed: loading.is_fixed,
            flags_1: loading.flags_1,
            is_symbolic: loading.is_symbolic,
            has_version_indices: loading.has_version_indices,
            has_version_definitions: loading.has_version_definitions,
            base_version: self.optional(loading.base_version)?,
            first_version: self.optional(loading.first_version)?,
            has_packed_relocations: loading.has_packed_relocations,
            filters: self.texts(loading.filters)?,
            abi_tag: loading.abi_tag,
            unreferenced: loading.unreferenced,
            marks: self.texts(loading.marks)?,
        })
    }

    fn version_need(&self, need: &mirror::VersionNeed) -> Result<VersionNeed> {
        Ok(VersionNeed {
            file: self.text(need.file)?,
            version: self.text(need.version)?,
            is_weak: need.is_weak,
        })
    }

    fn symbol(&self, symbol: &mirror::Symbol) -> Result<Symbol> {
        let version = |v: &mirror::SymbolVersion| -> Result<SymbolVersion> {
            let (name, file) = (self.text(v.name)?, self.optional(v.file)?);
            Ok(SymbolVersion { name, is_default: v.is_default, file })
        };
        Ok(Symbol {
            name: self.text(symbol.name)?,
            version: symbol.version.as_ref().map(version).transpose()?,
            kind: symbol.kind.into(),
            binding: symbol.binding.into(),
            visibility: symbol.visibility.into(),
            section: symbol.section.into(),
            address: symbol.address,
            size_bytes: symbol.size_bytes,
            is_export: symbol.is_export,
        })
    }
}

fn flags(bits: u8) -> FileFlags {
    let has = |at: u8| bits >> at & 1 == 1;
    FileFlags { is_config: has(0), is_noreplace: has(1), is_ghost: has(2), is_doc: has(3) }
}

pub(super) fn out_of_range(what: &'static str, index: u64, count: usize) -> SnapshotError {
    SnapshotError::OutOfRange { what, index, count: count as u64 }
}
