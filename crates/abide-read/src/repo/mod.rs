//! Repositories of dnf and apt: which packages there are, where, and with which checksums.
//!
//! The metadata decides: a package file that lies about without being named is no part of the repository. Packages
//! themselves are read by `rpm` and `deb`, fetching is in `fetch`.

pub mod apt;
mod checksum;
pub mod metadata;
pub mod mirrors;
pub mod modules;
mod xml;

use std::io::{BufReader, Cursor, Read as _};
use std::path::{Path, PathBuf};

use abide_model::{Gap, GapKind, ListedFile, MetaPackage, Metadata, ModuleStream, Nevra, PackageFormat};
use bstr::BString;
use rustc_hash::{FxHashMap, FxHashSet};

pub use crate::signature::Keys;
pub use checksum::{Checksum, Hasher, hex};
pub use metadata::{Data, RepoPackage};
pub use mirrors::Mirrors;

use crate::compress::{Compression, Limited};
use crate::fetch::FetchError;
use crate::source::{FileBytes, Source};

/// Where the list of a repository's metadata is.
pub const REPOMD: &str = "repodata/repomd.xml";

/// `repomd.xml` names a dozen files.
const REPOMD_MAX_BYTES: u64 = 16 << 20;

/// The largest have some 30 MB.
const MODULES_MAX_BYTES: u64 = 512 << 20;

/// A document when decompressed; the largest distribution's file lists have less than 1 GiB.
const DOCUMENT_MAX_BYTES: u64 = 4 << 30;

/// Why a repository's metadata could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// A file of the metadata could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of the metadata could not be fetched.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// A document is not well-formed.
    #[error("{document} is damaged at offset {offset} of its text: {detail}")]
    Xml {
        /// Its name.
        document: String,
        /// Offset in the decompressed document.
        offset: u64,
        /// What is wrong.
        detail: String,
    },
    /// A document is not the one that `repomd.xml` or `Release` names.
    #[error("{path} has not the checksum that the repository states ({checksum})")]
    Checksum {
        /// The file.
        path: String,
        /// The stated checksum.
        checksum: Checksum,
    },
    /// A checksum of an algorithm that is not verified.
    #[error("{path} has a checksum of the kind `{kind}`, which is not verified")]
    ChecksumKind {
        /// The file.
        path: String,
        /// The algorithm.
        kind: String,
    },
    /// `repomd.xml` or `Release` does not name a document, or there is none.
    #[error("the repository names no `{0}` data")]
    NoData(&'static str),
    /// An entry of an index describes no package.
    #[error("{path}: {detail}")]
    Stanza {
        /// The index.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// The input is more than one repository.
    #[error("the repository has several {what}: {names}; name the folder of one")]
    Ambiguous {
        /// Of what there are several.
        what: &'static str,
        /// Their names.
        names: String,
    },
    /// Keys were given, and the metadata has no signature.
    #[error("{0} is not signed")]
    Unsigned(String),
    /// A signature that none of the given keys made, or that cannot be read.
    #[error("the signature of {path} is not good: {detail}")]
    Signature {
        /// The signed file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// A file of keys that cannot be used.
    #[error("{path} cannot be used as keys: {detail}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// A list of mirrors names none that can be asked.
    #[error("{0} names no mirror with an http or https URL")]
    NoMirror(String),
    /// A location leads out of the repository.
    #[error("the metadata refers to `{0}`, which is outside of the repository")]
    Outside(String),
    /// A document of modules is not well-formed.
    #[error("{document} is damaged in line {line}: {detail}")]
    Yaml {
        /// Its name.
        document: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        detail: String,
    },
    /// A document is not text.
    #[error("{0} is not UTF-8")]
    NoText(&'static str),
    /// More files than allowed.
    #[error("filelists.xml lists more than {0} files")]
    TooManyFiles(usize),
    /// More packages than allowed.
    #[error("primary.xml lists more than {0} packages")]
    TooManyPackages(usize),
}

impl RepoError {
    /// Whether a file is not there, rather than unreadable.
    fn is_absent(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            Self::Fetch(FetchError::Status { status, .. }) => matches!(status, 403 | 404 | 410),
            _ => false,
        }
    }
}

/// Where a repository is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// One or more `http` or `https` URLs.
    Url(Mirrors),
}

impl Location {
    /// The source behind a location that the metadata states.
    pub fn source(
        &self,
        href: &str,
        size_bytes: Option<u64>,
        checksum: Option<&Checksum>,
    ) -> Result<Source, RepoError> {
        check_href(href)?;
        Ok(match self {
            Self::Folder(folder) => Source::File(folder.join(href)),
            Self::Url(mirrors) => Source::Remote(Remote {
                mirrors: mirrors.clone(),
                path: encode(href),
                size_bytes,
                checksum: checksum.cloned(),
            }),
        })
    }

    /// A file that is as `fits` wants it: of several mirrors the first that has such a one answers.
    fn read_as(
        &self,
        href: &str,
        size_bytes: Option<u64>,
        fits: &dyn Fn(&[u8]) -> Result<(), RepoError>,
    ) -> Result<Vec<u8>, RepoError> {
        check_href(href)?;
        match self {
            Self::Folder(folder) => {
                let bytes = read_file(&folder.join(href), size_bytes)?;
                fits(&bytes).map(|()| bytes)
            }
            Self::Url(mirrors) => mirrors.get(&encode(href), size_bytes, fits),
        }
    }
}

/// A file at one of several places.
#[derive(Clone, Debug)]
pub struct Remote {
    mirrors: Mirrors,
    /// Percent-encoded.
    path: String,
    size_bytes: Option<u64>,
    /// What tells the file from another one; a place with another one is passed over.
    checksum: Option<Checksum>,
}

impl Remote {
    /// Name for messages.
    pub fn name(&self) -> String {
        format!("{}/{}", self.mirrors.name(), self.path)
    }

    /// Fetches the file. When no place has it with its checksum, what is there comes all the same: its reader says what
    /// is wrong with it.
    pub fn get(&self) -> Result<Vec<u8>, RepoError> {
        let other = std::cell::RefCell::new(None);
        let fits = |bytes: &[u8]| match &self.checksum {
            Some(checksum) if checksum.matches(bytes) == Some(false) => {
                *other.borrow_mut() = Some(bytes.to_vec());
                Err(RepoError::Checksum { path: self.path.clone(), checksum: checksum.clone() })
            }
            _ => Ok(()),
        };
        let got = self.mirrors.get(&self.path, self.size_bytes, &fits);
        got.or_else(|error| other.take().ok_or(error))
    }
}

/// Checks that bytes have a stated checksum.
fn verify(path: &str, bytes: &[u8], checksum: &Checksum) -> Result<(), RepoError> {
    let path = path.to_owned();
    match checksum.matches(bytes) {
        Some(true) => Ok(()),
        Some(false) => Err(RepoError::Checksum { path, checksum: checksum.clone() }),
        None => Err(RepoError::ChecksumKind { path, kind: checksum.kind.clone() }),
    }
}

fn read_file(path: &Path, size_bytes: Option<u64>) -> Result<Vec<u8>, RepoError> {
    let fail = |source| RepoError::Io { path: path.display().to_string(), source };
    let bytes = FileBytes::open(path).map_err(fail)?;
    match size_bytes {
        Some(size) if bytes.len() as u64 > size => {
            let detail = format!("{} bytes where {size} are stated", bytes.len());
            Err(fail(std::io::Error::other(detail)))
        }
        _ => Ok(bytes.to_vec()),
    }
}

/// A location must stay below the repository: no root, no scheme, no `..`.
fn check_href(href: &str) -> Result<(), RepoError> {
    let has_escape = href.split(['/', '\\']).any(|part| part == "..");
    let has_root = href.starts_with(['/', '\\']) || href.contains("://") || href.is_empty();
    match has_escape || has_root || href.contains('\0') {
        true => Err(RepoError::Outside(href.to_owned())),
        false => Ok(()),
    }
}

/// Percent-encodes what may not stand in the path of a URL (RFC 3986 §3.3); an existing `%` is left alone.
fn encode(href: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&b);
    href.bytes().fold(String::new(), |mut url, b| {
        match is_plain(b) {
            true => url.push(b as char),
            false => url.push_str(&format!("%{b:02X}")),
        }
        url
    })
}

/// A repository whose package list was read.
#[derive(Clone, Debug)]
pub struct Repo {
    location: Location,
    data: Vec<Data>,
    /// Packages in the order of the metadata.
    pub packages: Vec<RepoPackage>,
    /// The software among them with what it provides and requires.
    listed: Metadata,
}

impl Repo {
    /// Whether a folder has a repository's metadata.
    pub fn is_at(folder: &Path) -> bool {
        folder.join(REPOMD).is_file() || apt::is_at(folder)
    }

    /// Reads `repomd.xml` and the primary metadata, or else the indexes of an apt repository; one of `keys` must have
    /// signed them, unless there are none.
    pub fn open(location: Location, keys: &Keys) -> Result<Self, RepoError> {
        let is_meant = |bytes: &[u8]| match &location {
            Location::Url(mirrors) => mirrors.check_repomd(bytes),
            Location::Folder(_) => Ok(()),
        };
        let repomd = match location.read_as(REPOMD, None, &is_meant) {
            Ok(repomd) => repomd,
            Err(absent) if absent.is_absent() => {
                return match apt::open(&location, keys) {
                    Ok(apt::Found { root, packages, listed }) => {
                        Ok(Self { location: root, data: Vec::new(), packages, listed })
                    }
                    // Neither kind: what was asked for first is the more usual one.
                    Err(RepoError::NoData(_)) => Err(absent),
                    Err(error) => Err(error),
                };
            }
            Err(error) => return Err(error),
        };
        if repomd.len() as u64 > REPOMD_MAX_BYTES {
            let path = REPOMD.to_owned();
            return Err(RepoError::Io { path, source: std::io::ErrorKind::FileTooLarge.into() });
        }
        check_signature(&location, &repomd, keys)?;
        let data = metadata::read_repomd(&repomd)?;
        let listed = Metadata::new("", PackageFormat::Rpm);
        let mut repo = Self { location, data, packages: Vec::new(), listed };
        let primary = repo.document("primary", |input| metadata::read_primary(input))?;
        (repo.packages, repo.listed) = (primary.packages, primary.listed);
        Ok(repo)
    }

    /// What the packages provide and require, with the streams of modules and, when they are asked for, all paths;
    /// taken out. What cannot be read is a gap.
    pub fn take_listed(&mut self, label: &str, with_files: bool) -> Metadata {
        let mut listed = std::mem::replace(&mut self.listed, Metadata::new("", PackageFormat::Rpm));
        label.clone_into(&mut listed.label);
        listed.repositories.push(label.to_owned());
        let unread = |what: &str, error: RepoError| Gap {
            kind: GapKind::Unreadable,
            subject: label.into(),
            detail: format!("{what}: {error}"),
        };
        match self.modules() {
            Ok(modules) => listed.modules = modules,
            Err(error) => listed.gaps.push(unread("the streams of modules are not known", error)),
        }
        if with_files && !self.data.is_empty() {
            match self.files(&mut listed) {
                Ok(files) => listed.files = Some(files),
                Err(error) => listed.gaps.push(unread("the files of the packages are not known", error)),
            }
        }
        listed
    }

    fn modules(&self) -> Result<Vec<ModuleStream>, RepoError> {
        if !self.data.iter().any(|d| d.kind == "modules") {
            return Ok(Vec::new());
        }
        let text = self.document("modules", |mut input| {
            let mut text = Vec::new();
            let fail = |source| RepoError::Io { path: "modules.yaml".to_owned(), source };
            Limited::new(&mut input, MODULES_MAX_BYTES, "modules.yaml")
                .read_to_end(&mut text)
                .map_err(fail)?;
            Ok(text)
        })?;
        modules::read_modules(std::str::from_utf8(&text).map_err(|_| RepoError::NoText("modules.yaml"))?)
    }

    fn files(&self, listed: &mut Metadata) -> Result<Vec<ListedFile>, RepoError> {
        let id = |(number, package): (usize, &MetaPackage)| {
            let (_, hex) = package.checksum.split_once(' ')?;
            Some((hex.to_owned(), number as u32))
        };
        let packages: FxHashMap<String, u32> = listed.packages.iter().enumerate().filter_map(id).collect();
        let names = &mut listed.names;
        self.document("filelists", |input| metadata::read_all_files(input, &packages, names))
    }

    /// Leaves packages of other architectures aside; `noarch` and `all` are of every one. None names any.
    pub fn keep_architectures(&mut self, architectures: &[String]) {
        if architectures.is_empty() {
            return;
        }
        let is_kept = |nevra: &Nevra| {
            matches!(nevra.arch.as_str(), "noarch" | "all") || architectures.contains(&nevra.arch)
        };
        self.packages.retain(|package| is_kept(&package.nevra));
        self.listed.packages.retain(|package| is_kept(&package.nevra));
    }

    /// Where a package is; refused when that is outside of the repository.
    pub fn source(&self, package: &RepoPackage) -> Result<Source, RepoError> {
        match &package.base {
            Some(base) => Err(RepoError::Outside(format!("{base}/{}", package.location))),
            None => self.location.source(&package.location, package.size_bytes, Some(&package.checksum)),
        }
    }

    /// Paths below `/usr/lib/debug` of the packages with these ids.
    pub fn debug_paths(&self, ids: &FxHashSet<&str>) -> Result<FxHashMap<String, Vec<BString>>, RepoError> {
        if self.data.is_empty() {
            let wanted = self.packages.iter().filter(|p| ids.contains(p.checksum.hex.as_str()));
            return Ok(wanted.map(|p| (p.checksum.hex.clone(), p.debug_paths.clone())).collect());
        }
        let keeps = |path: &str| path.starts_with("/usr/lib/debug/");
        self.document("filelists", |input| metadata::read_filelists(input, |id| ids.contains(id), keeps))
    }

    /// Fetches one document, verifies it and hands its decompressed text to `read`.
    fn document<T>(
        &self,
        kind: &'static str,
        read: impl FnOnce(Box<dyn std::io::BufRead + '_>) -> Result<T, RepoError>,
    ) -> Result<T, RepoError> {
        let data = self.data.iter().find(|d| d.kind == kind).ok_or(RepoError::NoData(kind))?;
        let fits = |bytes: &[u8]| match &data.checksum {
            Some(checksum) => verify(&data.location, bytes, checksum),
            None => Ok(()),
        };
        let bytes = self.location.read_as(&data.location, data.size_bytes, &fits)?;
        let Some(compression) = Compression::detect(&bytes) else {
            return read(Box::new(Cursor::new(bytes)));
        };
        let limit = data.open_size_bytes.unwrap_or(DOCUMENT_MAX_BYTES).min(DOCUMENT_MAX_BYTES);
        let fail = |source| RepoError::Io { path: data.location.clone(), source };
        let decoder = compression.decoder(&bytes[..]).map_err(fail)?;
        let text = Limited::new(decoder, limit, "the decompressed metadata");
        read(Box::new(BufReader::with_capacity(128 << 10, text)))
    }
}

/// Checks the signature of `repomd.xml`, which states the checksums of everything else.
fn check_signature(location: &Location, repomd: &[u8], keys: &Keys) -> Result<(), RepoError> {
    if keys.is_empty() {
        return Ok(());
    }
    let path = format!("{REPOMD}.asc");
    let signature = location.read_as(&path, None, &|_| Ok(())).map_err(|error| match error.is_absent() {
        true => RepoError::Unsigned(REPOMD.to_owned()),
        false => error,
    })?;
    keys.check(REPOMD, repomd, &signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_stay_inside() {
        for inside in ["a.rpm", "Packages/a/a-1.0.rpm", "a..b.rpm", "repodata/x.xml.gz"] {
            assert!(check_href(inside).is_ok(), "{inside}");
        }
        for outside in
            ["", "/etc/passwd", "../a.rpm", "Packages/../../a", "http://h/a.rpm", "a\\..\\b", "a\0"]
        {
            assert!(matches!(check_href(outside), Err(RepoError::Outside(_))), "{outside}");
        }
    }

    #[test]
    fn urls_are_encoded() {
        assert_eq!(encode("a b/c+d^1~2.rpm"), "a%20b/c+d%5E1~2.rpm");
    }
}
