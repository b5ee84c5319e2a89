//! The three documents of a dnf repository that matter: `repomd.xml`, `primary.xml`, `filelists.xml`.
//!
//! Formats as createrepo_c writes them. Modules are read in `modules`; `other.xml` and groups say nothing about
//! interfaces.

use std::borrow::Cow;
use std::io::BufRead;

use abide_model::{
    ListedFile, ListedKind, MetaPackage, Metadata, Nevra, PackageFormat, Relation, RelationKind, Sense,
    StrId, StringTable, is_debug_name,
};
use bstr::BString;
use rustc_hash::FxHashMap;

use super::xml::{Element, Visit, walk};
use super::{Checksum, RepoError};
use crate::side::Container;

/// No repository names more packages.
const PACKAGES_MAX: usize = 2_000_000;

/// One `<data>` of `repomd.xml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// `primary`, `filelists`, …
    pub kind: String,
    /// Path of the file below the repository.
    pub location: String,
    /// Checksum of the file.
    pub checksum: Option<Checksum>,
    /// Size of the file.
    pub size_bytes: Option<u64>,
    /// Size when decompressed.
    pub open_size_bytes: Option<u64>,
}

/// One package of `primary.xml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoPackage {
    /// Identity.
    pub nevra: Nevra,
    /// Checksum of the package file, also the package's id in the other documents.
    pub checksum: Checksum,
    /// Path of the package below the repository.
    pub location: String,
    /// `xml:base`: set when the package is elsewhere.
    pub base: Option<String>,
    /// Size of the package file.
    pub size_bytes: Option<u64>,
    /// File name of the source package.
    pub source_package: Option<String>,
    /// What the package file is.
    pub container: Container,
    /// Debug files that the index itself names.
    pub debug_paths: Vec<BString>,
}

/// Reads `repomd.xml`.
pub fn read_repomd(bytes: &[u8]) -> Result<Vec<Data>, RepoError> {
    let mut visitor = Repomd::default();
    walk("repomd.xml", bytes, &mut visitor)?;
    Ok(visitor.found)
}

#[derive(Default)]
struct Repomd {
    found: Vec<Data>,
    current: Data,
    checksum_kind: String,
}

impl Visit for Repomd {
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError> {
        match tag {
            "data" => {
                let kind = element.attribute("type").unwrap_or_default();
                self.current = Data { kind, ..Data::default() };
            }
            "location" => self.current.location = element.attribute("href").unwrap_or_default(),
            "checksum" => self.checksum_kind = element.attribute("type").unwrap_or_default(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: &str, text: &str) -> Result<(), RepoError> {
        let number = || text.trim().parse().ok();
        match tag {
            "data" if self.found.len() < 1000 => self.found.push(std::mem::take(&mut self.current)),
            "checksum" => self.current.checksum = Some(checksum(&self.checksum_kind, text)),
            "size" => self.current.size_bytes = number(),
            "open-size" => self.current.open_size_bytes = number(),
            _ => {}
        }
        Ok(())
    }
}

fn checksum(kind: &str, text: &str) -> Checksum {
    Checksum { kind: kind.to_owned(), hex: text.trim().to_ascii_lowercase() }
}

/// What `primary.xml` says.
#[derive(Debug)]
pub struct Primary {
    /// Package files in document order.
    pub packages: Vec<RepoPackage>,
    /// The same packages, but for those with sources or debug information, with what they provide and require.
    pub listed: Metadata,
}

/// Reads `primary.xml`.
pub fn read_primary(input: impl BufRead) -> Result<Primary, RepoError> {
    let mut visitor = PrimaryVisitor {
        found: Vec::new(),
        listed: Metadata::new("", PackageFormat::Rpm),
        current: None,
        relations: MetaPackage::new(empty_package().nevra),
        is_id: false,
        checksum_kind: String::new(),
        in_format: false,
        kind: None,
    };
    walk("primary.xml", input, &mut visitor)?;
    Ok(Primary { packages: visitor.found, listed: visitor.listed })
}

struct PrimaryVisitor {
    found: Vec<RepoPackage>,
    listed: Metadata,
    current: Option<RepoPackage>,
    /// What the current package says of others; its identity is that of `current`.
    relations: MetaPackage,
    is_id: bool,
    checksum_kind: String,
    in_format: bool,
    /// The list of relations that is open.
    kind: Option<RelationKind>,
}

/// The list that an element of `<format>` opens.
fn relation_kind(tag: &str) -> Option<RelationKind> {
    Some(match tag {
        "provides" => RelationKind::Provides,
        "requires" => RelationKind::Requires,
        "recommends" => RelationKind::Recommends,
        "suggests" => RelationKind::Suggests,
        "supplements" => RelationKind::Supplements,
        "enhances" => RelationKind::Enhances,
        "conflicts" => RelationKind::Conflicts,
        "obsoletes" => RelationKind::Obsoletes,
        _ => return None,
    })
}

impl Visit for PrimaryVisitor {
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError> {
        let get = |name: &str| element.attribute(name);
        if tag == "package" {
            self.current = (get("type").as_deref() == Some("rpm")).then(empty_package);
            self.relations = MetaPackage::new(empty_package().nevra);
            (self.in_format, self.kind) = (false, None);
        }
        let Some(package) = &mut self.current else { return Ok(()) };
        if self.in_format {
            match (tag, self.kind) {
                ("entry", Some(kind)) => {
                    let relation = entry(element, &mut self.listed);
                    self.relations.add(kind, relation);
                }
                (tag, _) => self.kind = relation_kind(tag),
            }
            return Ok(());
        }
        match tag {
            // Entries of `<format>` reuse names such as `file`; those that matter are unique.
            "format" => self.in_format = true,
            "version" => {
                package.nevra.epoch = get("epoch").and_then(|e| e.parse().ok()).unwrap_or(0);
                package.nevra.version = get("ver").unwrap_or_default();
                package.nevra.release = get("rel").unwrap_or_default();
            }
            "checksum" => {
                self.is_id = get("pkgid").as_deref() == Some("YES");
                self.checksum_kind = get("type").unwrap_or_default();
            }
            "size" => package.size_bytes = get("package").and_then(|s| s.parse().ok()),
            "location" => {
                package.location = get("href").unwrap_or_default();
                package.base = get("xml:base");
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: &str, text: &str) -> Result<(), RepoError> {
        let Some(package) = &mut self.current else { return Ok(()) };
        match tag {
            "name" if !self.in_format => package.nevra.name = text.to_owned(),
            "arch" if !self.in_format => package.nevra.arch = text.to_owned(),
            "checksum" if self.is_id => package.checksum = checksum(&self.checksum_kind, text),
            "sourcerpm" => package.source_package = Some(text.to_owned()).filter(|t| !t.is_empty()),
            "file" if self.in_format => {
                let path = self.listed.names.intern(text.as_bytes());
                self.relations.files.push(path);
            }
            "format" => self.in_format = false,
            "package" => {
                if self.found.len() >= PACKAGES_MAX {
                    return Err(RepoError::TooManyPackages(PACKAGES_MAX));
                }
                self.finish();
            }
            _ => {}
        }
        Ok(())
    }
}

impl PrimaryVisitor {
    fn finish(&mut self) {
        let Some(package) = self.current.take() else { return };
        if is_other(&package.nevra) {
            self.listed.other_packages += 1;
        } else {
            let relations = std::mem::replace(&mut self.relations, MetaPackage::new(empty_package().nevra));
            self.listed.packages.push(MetaPackage {
                nevra: package.nevra.clone(),
                source_package: package.source_package.clone(),
                checksum: package.checksum.to_string(),
                location: package.location.clone(),
                ..relations
            });
        }
        self.found.push(package);
    }
}

/// Whether a package has sources or debug information rather than software.
pub(crate) fn is_other(nevra: &Nevra) -> bool {
    matches!(nevra.arch.as_str(), "src" | "nosrc") || is_debug_name(&nevra.name)
}

/// `<rpm:entry name="…" flags="GE" epoch="0" ver="1" rel="2"/>`.
fn entry(element: &Element<'_>, listed: &mut Metadata) -> Relation {
    let (mut name, mut sense) = (StrId(0), Sense::ANY);
    let (mut epoch, mut version, mut release) = (Cow::Borrowed(""), Cow::Borrowed(""), Cow::Borrowed(""));
    element.each(|key, value| match key {
        "name" => name = listed.names.intern(value.as_bytes()),
        "flags" => sense = Sense::of_sign(&value).unwrap_or_default(),
        "epoch" => epoch = value,
        "ver" => version = value,
        "rel" => release = value,
        _ => {}
    });
    if version.is_empty() {
        return Relation { name, sense: Sense::ANY, version: StrId(0) };
    }
    let mut text = String::with_capacity(epoch.len() + version.len() + release.len() + 2);
    if !epoch.is_empty() && epoch != "0" {
        text.push_str(&epoch);
        text.push(':');
    }
    text.push_str(&version);
    if !release.is_empty() {
        text.push('-');
        text.push_str(&release);
    }
    Relation { name, sense, version: listed.names.intern(text.as_bytes()) }
}

fn empty_package() -> RepoPackage {
    RepoPackage {
        nevra: Nevra {
            name: String::new(),
            epoch: 0,
            version: String::new(),
            release: String::new(),
            arch: String::new(),
        },
        checksum: Checksum { kind: String::new(), hex: String::new() },
        location: String::new(),
        base: None,
        size_bytes: None,
        source_package: None,
        container: Container::Rpm,
        debug_paths: Vec::new(),
    }
}

/// Reads `filelists.xml`: for each package id that `wants`, the paths that `keeps` lets through.
pub fn read_filelists(
    input: impl BufRead,
    wants: impl Fn(&str) -> bool,
    keeps: impl Fn(&str) -> bool,
) -> Result<FxHashMap<String, Vec<BString>>, RepoError> {
    let mut visitor = Filelists { wants, keeps, found: FxHashMap::default(), current: None };
    walk("filelists.xml", input, &mut visitor)?;
    Ok(visitor.found)
}

struct Filelists<W, K> {
    wants: W,
    keeps: K,
    found: FxHashMap<String, Vec<BString>>,
    current: Option<(String, Vec<BString>)>,
}

impl<W: Fn(&str) -> bool, K: Fn(&str) -> bool> Visit for Filelists<W, K> {
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError> {
        if tag == "package" {
            let id = element.attribute("pkgid").unwrap_or_default();
            self.current = (self.wants)(&id).then(|| (id, Vec::new()));
        }
        Ok(())
    }

    fn close(&mut self, tag: &str, text: &str) -> Result<(), RepoError> {
        match (tag, &mut self.current) {
            ("file", Some((_, paths))) if (self.keeps)(text) => paths.push(text.into()),
            ("package", current) => self.found.extend(current.take()),
            _ => {}
        }
        Ok(())
    }
}

/// Reads `filelists.xml`: every path of the packages with the ids in `packages`, which gives their numbers.
pub fn read_all_files(
    input: impl BufRead,
    packages: &FxHashMap<String, u32>,
    names: &mut StringTable,
) -> Result<Vec<ListedFile>, RepoError> {
    let mut visitor = AllFiles { packages, names, found: Vec::new(), package: None, kind: ListedKind::File };
    walk("filelists.xml", input, &mut visitor)?;
    Ok(visitor.found)
}

/// No distribution has more.
const FILES_MAX: usize = 200_000_000;

struct AllFiles<'a> {
    packages: &'a FxHashMap<String, u32>,
    names: &'a mut StringTable,
    found: Vec<ListedFile>,
    package: Option<u32>,
    kind: ListedKind,
}

impl Visit for AllFiles<'_> {
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError> {
        match tag {
            "package" => {
                self.package = element.attribute("pkgid").and_then(|id| self.packages.get(&id).copied());
            }
            "file" if self.package.is_some() => {
                self.kind = match element.attribute("type").as_deref() {
                    Some("dir") => ListedKind::Folder,
                    Some("ghost") => ListedKind::Ghost,
                    _ => ListedKind::File,
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: &str, text: &str) -> Result<(), RepoError> {
        let (Some(package), "file") = (self.package, tag) else { return Ok(()) };
        if self.found.len() >= FILES_MAX {
            return Err(RepoError::TooManyFiles(FILES_MAX));
        }
        let (folder, name) = text.split_at(text.rfind('/').map_or(0, |slash| slash + 1));
        self.found.push(ListedFile {
            folder: self.names.intern(folder.as_bytes()),
            name: self.names.intern(name.as_bytes()),
            package,
            kind: self.kind,
        });
        Ok(())
    }
}
