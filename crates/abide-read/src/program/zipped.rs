//! Zip archives (PKWARE APPNOTE): wheels, Java archives, and plain ones.
//!
//! The central directory and the decoders are the `zip` crate's; the ceilings, and what is refused, are here.

use std::io::{self, Cursor, Read};

use bstr::{BStr, BString, ByteSlice};
use zip::ZipArchive;
use zip::result::ZipError as Error;

use crate::input::HEAD_BYTES;
use crate::payload::Limits;

/// Targets of symbolic links are no longer (`PATH_MAX`).
const LINK_BYTES_MAX: u64 = 4096;

/// Why a zip archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The archive is damaged.
    #[error("the zip archive is damaged: {0}")]
    Damaged(Error),
    /// There are more files than allowed.
    #[error("the zip archive has {count} files; up to {limit} are read")]
    TooMany {
        /// How many it has.
        count: usize,
        /// The ceiling.
        limit: u64,
    },
    /// The files together are larger than allowed.
    #[error("the files of the zip archive are larger than {0} bytes together")]
    TooLarge(u64),
}

/// One file of an archive, as it is met.
pub(super) enum ZippedFile<'a> {
    /// It is not taken.
    Refused { name: &'a BStr, why: String },
    /// A symbolic link.
    Link { name: &'a BStr, target: Vec<u8> },
    /// Its first bytes; whether the rest is wanted is asked.
    Head { name: &'a BStr, mode: u16, head: &'a [u8], wants: &'a mut bool },
    /// All of it.
    Content { name: &'a BStr, mode: u16, bytes: &'a [u8] },
}

/// Names of all files.
pub(super) fn names(bytes: &[u8], limits: Limits) -> Result<Vec<BString>, ZipError> {
    let mut archive = open(bytes, limits)?;
    let mut names = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index_raw(at).map_err(ZipError::Damaged)?;
        if !file.is_dir() {
            names.push(file.name_raw().into());
        }
    }
    Ok(names)
}

fn open(bytes: &[u8], limits: Limits) -> Result<ZipArchive<Cursor<&[u8]>>, ZipError> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(ZipError::Damaged)?;
    match archive.len() {
        count if count as u64 > limits.members => Err(ZipError::TooMany { count, limit: limits.members }),
        _ => Ok(archive),
    }
}

/// Hands every file to `visit`.
pub(super) fn each(
    bytes: &[u8],
    limits: Limits,
    visit: &mut dyn FnMut(ZippedFile<'_>),
) -> Result<(), ZipError> {
    let mut archive = open(bytes, limits)?;
    let mut left = limits.payload_bytes;
    for at in 0..archive.len() {
        let name: BString = match archive.by_index_raw(at) {
            Ok(file) if file.is_dir() => continue,
            Ok(file) => file.name_raw().into(),
            Err(error) => return Err(ZipError::Damaged(error)),
        };
        let name = name.as_bstr();
        let mut refuse = |why: String| visit(ZippedFile::Refused { name, why });
        if name.starts_with(b"/") || name.split_str("/").any(|part| part == b"..") {
            refuse("its name leads out of the archive".to_owned());
            continue;
        }
        let mut file = match archive.by_index(at) {
            Ok(file) => file,
            Err(error) => {
                refuse(error.to_string());
                continue;
            }
        };
        let mode = (file.unix_mode().unwrap_or(0o644) & 0o7777) as u16;
        if file.is_symlink() {
            match take(&mut file, LINK_BYTES_MAX, &mut left, Vec::new()) {
                Ok(Taken::All(target)) => visit(ZippedFile::Link { name, target }),
                Ok(Taken::TooLong(_)) => refuse("it is a link with a target that is too long".to_owned()),
                Err(error) => refuse(error.to_string()),
            }
            continue;
        }
        if let Err(error) = one(&mut file, name, mode, limits.file_bytes, &mut left, visit) {
            visit(ZippedFile::Refused { name, why: error.to_string() });
        }
        if left == 0 {
            return Err(ZipError::TooLarge(limits.payload_bytes));
        }
    }
    Ok(())
}

fn one(
    file: &mut impl Read,
    name: &BStr,
    mode: u16,
    limit: u64,
    left: &mut u64,
    visit: &mut dyn FnMut(ZippedFile<'_>),
) -> io::Result<()> {
    let (Taken::All(head) | Taken::TooLong(head)) = take(file, HEAD_BYTES as u64, left, Vec::new())?;
    let mut wants = false;
    visit(ZippedFile::Head { name, mode, head: &head, wants: &mut wants });
    if !wants {
        return Ok(());
    }
    match take(file, limit, left, head)? {
        Taken::All(bytes) => visit(ZippedFile::Content { name, mode, bytes: &bytes }),
        Taken::TooLong(_) => {
            let why = format!("it has more than the {limit} bytes that are read of one file");
            visit(ZippedFile::Refused { name, why });
        }
    }
    Ok(())
}

/// What was read of a stream.
enum Taken {
    All(Vec<u8>),
    /// There is more; what was read is what was asked for.
    TooLong(Vec<u8>),
}

/// Reads on behind `bytes` until there are `limit`, and takes what was read from what is left for all files.
fn take(file: &mut impl Read, limit: u64, left: &mut u64, mut bytes: Vec<u8>) -> io::Result<Taken> {
    let ceiling = limit.saturating_sub(bytes.len() as u64).min(*left);
    let count = file.take(ceiling).read_to_end(&mut bytes)? as u64;
    *left -= count;
    match count == ceiling {
        true => Ok(Taken::TooLong(bytes)),
        false => Ok(Taken::All(bytes)),
    }
}
