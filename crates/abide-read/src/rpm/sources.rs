//! Source packages: all files of one, in memory, each checked against the package's header.
//!
//! Signatures are verified where keys are given, and noted otherwise. Nothing is unpacked to disk here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use abide_model::{FileKind, Nevra};
use bstr::ByteSlice;
use sha2::{Digest, Sha256};

use super::signed::signed_by;
use super::{HeaderError, Package};
use crate::payload::{Limits, Payload, PayloadError};
use crate::signature::Keys;
use crate::source::FileBytes;

/// All files of a package together.
const MOST_BYTES: u64 = 4 << 30;
/// Files of a package.
const MOST_FILES: u64 = 100_000;

/// Why a source package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its headers could not be read, or are not those that were sealed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Its payload could not be read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// It is a package of programs.
    #[error("{0} is no source package")]
    NotSource(Nevra),
    /// A file is not the one that the header describes.
    #[error("{path} is not the file that the header describes: its digest is {found}, not {stated}")]
    Digest {
        /// Which file.
        path: String,
        /// As computed.
        found: String,
        /// As stated.
        stated: String,
    },
    /// The header lists a file that the payload does not have.
    #[error("{0} is listed and not in the payload")]
    Absent(String),
}

/// A source package.
#[derive(Debug)]
pub struct SourcePackage {
    /// Name, epoch, version, release, `src`.
    pub nevra: Nevra,
    /// Whether its header carries a signature.
    pub signed: bool,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// Its files, by their names. All contents are those that the header describes by SHA-256, if it does.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Whether the header's digests of files are SHA-256 and so were checked.
    pub checked: bool,
}

impl SourcePackage {
    /// Reads one.
    pub fn open(path: &Path) -> Result<Self, SourcesError> {
        let mut file = File::open(path)?;
        let sha256 = digest(&mut file)?;
        file.rewind()?;
        Self::read(BufReader::new(file), sha256)
    }

    /// Which of `keys` signed the file that this was read from; `Err` in the result says why none did.
    ///
    /// All contents are covered: by the signature itself, or by digests in the header that it covers.
    pub fn signed_by(&self, path: &Path, keys: &Keys) -> Result<Result<String, String>, SourcesError> {
        let bytes = FileBytes::open(path)?;
        if hex(&Sha256::digest(&bytes[..])) != self.sha256 {
            return Ok(Err("the file was changed while it was read".to_owned()));
        }
        let found = signed_by(&bytes, keys)?;
        Ok(found.and_then(|by| match by.covers_payload || self.checked {
            true => Ok(by.key),
            false => Err("the signature covers the header, which has no SHA-256 of its files".to_owned()),
        }))
    }

    fn read(mut input: impl io::BufRead + Send, sha256: String) -> Result<Self, SourcesError> {
        let package = Package::read(&mut input)?;
        if let Some(mismatch) = package.mismatch {
            return Err(mismatch.into());
        }
        if package.meta.nevra.arch != "src" {
            return Err(SourcesError::NotSource(package.meta.nevra));
        }
        let limits = Limits { payload_bytes: MOST_BYTES, file_bytes: MOST_BYTES, members: MOST_FILES };
        let mut files = BTreeMap::new();
        let mut payload = Payload::cpio(input, &package.plan, limits)?;
        while let Some(stored) = payload.next_file()? {
            let content = payload.content()?;
            let name = name(&stored.path);
            if package.plan.digests_are_sha256 && !stored.digest.is_empty() {
                let (found, stated) = (hex(&Sha256::digest(&content)), stored.digest.to_str_lossy());
                if found != stated {
                    return Err(SourcesError::Digest { path: name, found, stated: stated.into_owned() });
                }
            }
            files.insert(name, content);
        }
        drop(payload);
        let listed = package.meta.files.iter().filter(|file| file.kind == FileKind::Regular);
        for file in listed {
            let name = name(&file.path);
            if files.contains_key(&name) {
                continue;
            }
            // The payload has no content for an empty file.
            if file.size_bytes > 0 {
                return Err(SourcesError::Absent(name));
            }
            files.insert(name, Vec::new());
        }
        Ok(SourcePackage {
            nevra: package.meta.nevra,
            signed: package.signed,
            sha256,
            files,
            checked: package.plan.digests_are_sha256,
        })
    }
}

/// A source package's files are all in one folder.
fn name(path: &[u8]) -> String {
    path.strip_prefix(b"/").unwrap_or(path).to_str_lossy().into_owned()
}

fn digest(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
