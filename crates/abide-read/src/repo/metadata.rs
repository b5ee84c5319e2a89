//! The three documents of a dnf repository that matter: `repomd.xml`, `primary.xml`, `filelists.xml`.
//!
//! Formats as createrepo_c writes them. `other.xml`, groups and module metadata say nothing about interfaces.

use std::io::BufRead;

use abide_model::Nevra;
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

/// Reads `primary.xml`; packages in document order.
pub fn read_primary(input: impl BufRead) -> Result<Vec<RepoPackage>, RepoError> {
    let mut visitor = Primary::default();
    walk("primary.xml", input, &mut visitor)?;
    Ok(visitor.found)
}

#[derive(Default)]
struct Primary {
    found: Vec<RepoPackage>,
    current: Option<RepoPackage>,
    is_id: bool,
    checksum_kind: String,
    in_format: bool,
}

impl Visit for Primary {
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError> {
        let get = |name: &str| element.attribute(name);
        if tag == "package" {
            self.current = (get("type").as_deref() == Some("rpm")).then(empty_package);
            self.in_format = false;
        }
        let Some(package) = &mut self.current else { return Ok(()) };
        match tag {
            // Entries of `<format>` reuse names such as `file`; those that matter are unique.
            "format" => self.in_format = true,
            "version" if !self.in_format => {
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
            "package" => {
                if self.found.len() >= PACKAGES_MAX {
                    return Err(RepoError::TooManyPackages(PACKAGES_MAX));
                }
                self.found.extend(self.current.take());
            }
            _ => {}
        }
        Ok(())
    }
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
