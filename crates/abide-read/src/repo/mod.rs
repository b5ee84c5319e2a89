//! Repositories of dnf and apt: which packages there are, where, and with which checksums.
//!
//! The metadata decides: a package file that lies about without being named is no part of the repository. Packages
//! themselves are read by `rpm` and `deb`, fetching is in `fetch`.

pub mod apt;
mod checksum;
pub mod metadata;
mod xml;

use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

use bstr::BString;
use rustc_hash::{FxHashMap, FxHashSet};

pub use checksum::{Checksum, Hasher, hex};
pub use metadata::{Data, RepoPackage};

use crate::compress::{Compression, Limited};
use crate::fetch::{FetchError, Fetcher};
use crate::source::{FileBytes, Source};

/// Where the list of a repository's metadata is.
pub const REPOMD: &str = "repodata/repomd.xml";

/// `repomd.xml` names a dozen files.
const REPOMD_MAX_BYTES: u64 = 16 << 20;

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
    /// A location leads out of the repository.
    #[error("the metadata refers to `{0}`, which is outside of the repository")]
    Outside(String),
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
    /// An `http` or `https` URL, without a slash at the end.
    Url(String, Fetcher),
}

impl Location {
    /// The source behind a location that the metadata states.
    pub fn source(&self, href: &str, size_bytes: Option<u64>) -> Result<Source, RepoError> {
        check_href(href)?;
        Ok(match self {
            Self::Folder(folder) => Source::File(folder.join(href)),
            Self::Url(base, fetcher) => {
                let url = format!("{base}/{}", encode(href));
                Source::Remote { fetcher: fetcher.clone(), url, size_bytes }
            }
        })
    }

    fn read(&self, href: &str, size_bytes: Option<u64>) -> Result<Vec<u8>, RepoError> {
        match self.source(href, size_bytes)? {
            Source::File(path) => read_file(&path, size_bytes),
            Source::Remote { fetcher, url, size_bytes } => Ok(fetcher.get(&url, size_bytes)?),
            Source::Memory(bytes) => Ok(bytes.to_vec()),
        }
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
#[derive(Debug)]
pub struct Repo {
    location: Location,
    data: Vec<Data>,
    /// Packages in the order of the metadata.
    pub packages: Vec<RepoPackage>,
}

impl Repo {
    /// Whether a folder has a repository's metadata.
    pub fn is_at(folder: &Path) -> bool {
        folder.join(REPOMD).is_file() || apt::is_at(folder)
    }

    /// Reads `repomd.xml` and the primary metadata, or else the indexes of an apt repository.
    pub fn open(location: Location) -> Result<Self, RepoError> {
        let repomd = match location.read(REPOMD, None) {
            Ok(repomd) => repomd,
            Err(absent) if absent.is_absent() => {
                return match apt::open(&location) {
                    Ok(apt::Found { root, packages }) => {
                        Ok(Self { location: root, data: Vec::new(), packages })
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
        let data = metadata::read_repomd(&repomd)?;
        let mut repo = Self { location, data, packages: Vec::new() };
        repo.packages = repo.document("primary", |input| metadata::read_primary(input))?;
        Ok(repo)
    }

    /// Where a package is; refused when that is outside of the repository.
    pub fn source(&self, package: &RepoPackage) -> Result<Source, RepoError> {
        match &package.base {
            Some(base) => Err(RepoError::Outside(format!("{base}/{}", package.location))),
            None => self.location.source(&package.location, package.size_bytes),
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
        let bytes = self.location.read(&data.location, data.size_bytes)?;
        if let Some(checksum) = &data.checksum {
            let path = data.location.clone();
            match checksum.matches(&bytes) {
                Some(true) => {}
                Some(false) => return Err(RepoError::Checksum { path, checksum: checksum.clone() }),
                None => return Err(RepoError::ChecksumKind { path, kind: checksum.kind.clone() }),
            }
        }
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
