//! The kernel's part of a snapshot: its mirror, and both ways between that and the facts.

use abide_model::{
    ExportKind, KernelContent, KernelExport, KernelFile, KernelList, KernelObject, ListedExport,
    ListedSymbol, ModuleFacts, Severity, SeverityTarget,
};
use serde::{Deserialize, Serialize};

use super::decode;
use super::encode;
use super::error::SnapshotError;
use super::mirror::Text;

type Result<T> = std::result::Result<T, SnapshotError>;

#[derive(Serialize, Deserialize)]
pub(super) struct Object {
    release: Option<Text>,
    exports: Vec<Export>,
    module: Option<Module>,
}

#[derive(Serialize, Deserialize)]
struct Export {
    name: Text,
    crc: Option<u32>,
    kind: Kind,
    namespace: Option<Text>,
    owner: Text,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    Plain,
    Gpl,
    GplFuture,
    Unused,
    UnusedGpl,
}

#[derive(Serialize, Deserialize)]
struct Module {
    name: Option<Text>,
    vermagic: Option<Text>,
    license: Option<Text>,
    version: Option<Text>,
    depends: Vec<Text>,
    namespaces: Vec<Text>,
    is_in_tree: bool,
    has_retpoline: bool,
    versions: Option<Vec<(Text, u32)>>,
    this_module_bytes: Option<u64>,
    is_signed: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct File {
    path: Text,
    content: Content,
}

#[derive(Serialize, Deserialize)]
enum Content {
    Symvers(Vec<Export>),
    List {
        arch: Option<Text>,
        release: Option<(u32, Option<u32>)>,
        symbols: Vec<Listed>,
    },
    /// Pattern, target (0 symbol, 1 owner, 2 namespace), whether it passes, line.
    Severities(Vec<(Text, u8, bool, u32)>),
}

/// Name; checksum, owner and kind.
type Listed = (Text, Option<(u32, Text, Kind)>);

fn kind(kind: ExportKind) -> Kind {
    match kind {
        ExportKind::Plain => Kind::Plain,
        ExportKind::Gpl => Kind::Gpl,
        ExportKind::GplFuture => Kind::GplFuture,
        ExportKind::Unused => Kind::Unused,
        ExportKind::UnusedGpl => Kind::UnusedGpl,
    }
}

fn kind_back(kind: Kind) -> ExportKind {
    match kind {
        Kind::Plain => ExportKind::Plain,
        Kind::Gpl => ExportKind::Gpl,
        Kind::GplFuture => ExportKind::GplFuture,
        Kind::Unused => ExportKind::Unused,
        Kind::UnusedGpl => ExportKind::UnusedGpl,
    }
}

impl<'s> encode::Strings<'s> {
    pub(super) fn kernel_object(&mut self, object: &'s KernelObject) -> Object {
        let KernelObject { release, exports, module } = object;
        Object {
            release: self.optional(release),
            exports: exports.iter().map(|e| self.kernel_export(e)).collect(),
            module: module.as_ref().map(|m| self.kernel_module(m)),
        }
    }

    fn kernel_export(&mut self, export: &'s KernelExport) -> Export {
        let KernelExport { name, crc, kind: how, namespace, owner } = export;
        Export {
            name: self.text(name),
            crc: *crc,
            kind: kind(*how),
            namespace: self.optional(namespace),
            owner: self.text(owner),
        }
    }

    fn kernel_module(&mut self, module: &'s ModuleFacts) -> Module {
        let ModuleFacts {
            name,
            vermagic,
            license,
            version,
            depends,
            namespaces,
            is_in_tree,
            has_retpoline,
            versions,
            this_module_bytes,
            is_signed,
        } = module;
        Module {
            name: self.optional(name),
            vermagic: self.optional(vermagic),
            license: self.optional(license),
            version: self.optional(version),
            depends: self.texts(depends),
            namespaces: self.texts(namespaces),
            is_in_tree: *is_in_tree,
            has_retpoline: *has_retpoline,
            versions: versions.as_ref().map(|all| all.iter().map(|(n, crc)| (self.text(n), *crc)).collect()),
            this_module_bytes: *this_module_bytes,
            is_signed: *is_signed,
        }
    }

    pub(super) fn kernel_file(&mut self, file: &'s KernelFile) -> File {
        let KernelFile { path, content } = file;
        let content = match content {
            KernelContent::Symvers(exports) => {
                Content::Symvers(exports.iter().map(|e| self.kernel_export(e)).collect())
            }
            KernelContent::List(KernelList { arch, release, symbols }) => Content::List {
                arch: arch.as_ref().map(|a| self.text(a.as_bytes())),
                release: *release,
                symbols: symbols.iter().map(|s| self.listed(s)).collect(),
            },
            KernelContent::Severities(all) => {
                Content::Severities(all.iter().map(|s| self.severity(s)).collect())
            }
        };
        File { path: self.text(path), content }
    }

    fn listed(&mut self, symbol: &'s ListedSymbol) -> Listed {
        let ListedSymbol { name, export } = symbol;
        let export = export
            .as_ref()
            .map(|ListedExport { crc, owner, kind: how }| (*crc, self.text(owner), kind(*how)));
        (self.text(name), export)
    }

    fn severity(&mut self, severity: &'s Severity) -> (Text, u8, bool, u32) {
        let Severity { pattern, target, passes, line } = severity;
        let target = match target {
            SeverityTarget::Symbol => 0,
            SeverityTarget::Owner => 1,
            SeverityTarget::Namespace => 2,
        };
        (self.text(pattern), target, *passes, *line)
    }
}

impl decode::Strings<'_> {
    pub(super) fn kernel_object(&self, object: Object) -> Result<KernelObject> {
        let Object { release, exports, module } = object;
        Ok(KernelObject {
            release: self.optional(release)?,
            exports: self.kernel_exports(exports)?,
            module: module.map(|m| self.kernel_module(m)).transpose()?,
        })
    }

    fn kernel_exports(&self, exports: Vec<Export>) -> Result<Vec<KernelExport>> {
        let one = |e: Export| {
            Ok(KernelExport {
                name: self.text(e.name)?,
                crc: e.crc,
                kind: kind_back(e.kind),
                namespace: self.optional(e.namespace)?,
                owner: self.text(e.owner)?,
            })
        };
        exports.into_iter().map(one).collect()
    }

    fn kernel_module(&self, module: Module) -> Result<ModuleFacts> {
        let versions = |all: Vec<(Text, u32)>| -> Result<Vec<_>> {
            all.into_iter().map(|(name, crc)| Ok((self.text(name)?, crc))).collect()
        };
        Ok(ModuleFacts {
            name: self.optional(module.name)?,
            vermagic: self.optional(module.vermagic)?,
            license: self.optional(module.license)?,
            version: self.optional(module.version)?,
            depends: self.texts(module.depends)?,
            namespaces: self.texts(module.namespaces)?,
            is_in_tree: module.is_in_tree,
            has_retpoline: module.has_retpoline,
            versions: module.versions.map(versions).transpose()?,
            this_module_bytes: module.this_module_bytes,
            is_signed: module.is_signed,
        })
    }

    pub(super) fn kernel_file(&self, file: File) -> Result<KernelFile> {
        let content = match file.content {
            Content::Symvers(exports) => KernelContent::Symvers(self.kernel_exports(exports)?),
            Content::List { arch, release, symbols } => KernelContent::List(KernelList {
                arch: arch.map(|a| self.utf8(a, "the architecture of a kernel's list")).transpose()?,
                release,
                symbols: symbols.into_iter().map(|s| self.listed(s)).collect::<Result<_>>()?,
            }),
            Content::Severities(all) => {
                KernelContent::Severities(all.into_iter().map(|s| self.severity(s)).collect::<Result<_>>()?)
            }
        };
        Ok(KernelFile { path: self.text(file.path)?, content })
    }

    fn listed(&self, (name, export): Listed) -> Result<ListedSymbol> {
        let export = export.map(|(crc, owner, how)| {
            Ok(ListedExport { crc, owner: self.text(owner)?, kind: kind_back(how) })
        });
        Ok(ListedSymbol { name: self.text(name)?, export: export.transpose()? })
    }

    fn severity(&self, (pattern, target, passes, line): (Text, u8, bool, u32)) -> Result<Severity> {
        let target = match target {
            0 => SeverityTarget::Symbol,
            1 => SeverityTarget::Owner,
            2 => SeverityTarget::Namespace,
            other => return Err(decode::out_of_range("severity's target", other.into(), 3)),
        };
        Ok(Severity { pattern: self.text(pattern)?, target, passes, line })
    }
}
