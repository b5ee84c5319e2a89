//! Snapshots: one [`Side`] in one file, so that a distribution is read once and compared often.
//!
//! ```text
//! offset  size
//!      0     8  magic "ABIDESNP"
//!      8     4  format, little-endian like all numbers here
//!     12     4  method: 0 stored, 1 zstd
//!     16     8  size of the content
//!     24     8  size of the content as it is in the file
//!     32    32  BLAKE3 of bytes 0 to 31 and of the content as it is in the file
//!     64        content: postcard of `mirror::Content`
//! ```
//!
//! The checksum is verified before anything is decompressed, and a content that would grow beyond `RATIO_LIMIT`
//! is stored as it is: so a reader may refuse larger ratios, and yet reads whatever was written. The file has
//! structures of its own (`mirror`): the domain types may change without the format. Where a snapshot lies and when
//! it is stale is the caller's matter.

mod decode;
mod encode;
mod error;
mod graph;
mod mirror;
mod variants;

use std::io::Write;

use abide_model::Side;

pub use error::SnapshotError;

/// The format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 3;

const MAGIC: &[u8; 8] = b"ABIDESNP";
const STORED: u32 = 0;
const ZSTD: u32 = 1;
/// What the checksum covers of the header.
const SUMMED_HEADER: usize = 32;
const HEADER: usize = SUMMED_HEADER + blake3::OUT_LEN;

/// Largest content: 8 GiB. A distribution of 10,000 packages stays far below.
const CONTENT_LIMIT: u64 = 8 << 30;
/// Largest ratio of content to compressed content, beyond [`RATIO_FREE`]. Usual are two to five.
const RATIO_LIMIT: u64 = 64;
/// Content of this size is compressed whatever its ratio.
const RATIO_FREE: u64 = 1 << 20;

/// zstd's own default: higher levels cost seconds on a distribution and save little.
const LEVEL: i32 = 3;

/// Whether `bytes` begin like a snapshot of any format.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Writes a side. The same side gives the same bytes.
///
/// # Errors
/// When `out` fails, or when the side is larger than a snapshot can be.
pub fn write(side: &Side, mut out: impl Write) -> Result<(), SnapshotError> {
    let content = encode::content(side)?;
    let size = content.len() as u64;
    if size > CONTENT_LIMIT {
        return Err(SnapshotError::TooLarge { size_bytes: size, limit_bytes: CONTENT_LIMIT });
    }
    let compressed = zstd::bulk::compress(&content, LEVEL).map_err(SnapshotError::Write)?;
    let (method, stored) =
        if size <= limit_for(compressed.len()) { (ZSTD, compressed) } else { (STORED, content) };
    let mut header = MAGIC.to_vec();
    header.extend(FORMAT.to_le_bytes());
    header.extend(method.to_le_bytes());
    header.extend(size.to_le_bytes());
    header.extend((stored.len() as u64).to_le_bytes());
    let checksum = checksum(&header, &stored);
    header.extend(checksum.as_bytes());
    out.write_all(&header).map_err(SnapshotError::Write)?;
    out.write_all(&stored).map_err(SnapshotError::Write)?;
    out.flush().map_err(SnapshotError::Write)
}

/// Largest content for a compressed content of this size.
fn limit_for(compressed: usize) -> u64 {
    CONTENT_LIMIT.min((compressed as u64).saturating_mul(RATIO_LIMIT).saturating_add(RATIO_FREE))
}

/// Reads a side exactly as it was written.
///
/// # Errors
/// When the bytes are no snapshot, of another format, damaged, or larger than any honest snapshot.
pub fn read(bytes: &[u8]) -> Result<Side, SnapshotError> {
    let Opened { method, size, stored } = open(bytes)?;
    match method {
        STORED if stored.len() as u64 == size => decode::side(stored),
        STORED => Err(SnapshotError::OtherSize { stated_bytes: size, found_bytes: stored.len() as u64 }),
        ZSTD => decode::side(&decompress(stored, size)?),
        other => Err(SnapshotError::UnknownMethod(other)),
    }
}

/// A snapshot whose header and checksum are right.
struct Opened<'a> {
    method: u32,
    /// Stated size of the content.
    size: u64,
    stored: &'a [u8],
}

fn open(bytes: &[u8]) -> Result<Opened<'_>, SnapshotError> {
    if !is_snapshot(bytes) {
        return Err(SnapshotError::NotASnapshot);
    }
    let cut_short =
        |needed: u64| SnapshotError::CutShort { found_bytes: bytes.len() as u64, needed_bytes: needed };
    let format = field(bytes, 8).map(u32::from_le_bytes).ok_or(cut_short(HEADER as u64))?;
    if format != FORMAT {
        return Err(SnapshotError::OtherFormat { found: format });
    }
    let (header, stored) = bytes.split_at_checked(HEADER).ok_or(cut_short(HEADER as u64))?;
    let stored_size = field(header, 24).map_or(0, u64::from_le_bytes);
    let needed = stored_size.saturating_add(HEADER as u64);
    if (stored.len() as u64) < stored_size {
        return Err(cut_short(needed));
    }
    if stored.len() as u64 > stored_size {
        return Err(SnapshotError::TrailingBytes { extra_bytes: bytes.len() as u64 - needed });
    }
    let sum: [u8; blake3::OUT_LEN] = field(header, SUMMED_HEADER).unwrap_or_default();
    if checksum(&header[..SUMMED_HEADER], stored) != sum {
        return Err(SnapshotError::Damaged);
    }
    let method = field(header, 12).map_or(0, u32::from_le_bytes);
    let size = field(header, 16).map_or(0, u64::from_le_bytes);
    Ok(Opened { method, size, stored })
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn checksum(header: &[u8], stored: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(header).update(stored).finalize()
}

fn decompress(compressed: &[u8], size: u64) -> Result<Vec<u8>, SnapshotError> {
    let limit = limit_for(compressed.len());
    let capacity = usize::try_from(size).ok().filter(|_| size <= limit);
    let capacity = capacity.ok_or(SnapshotError::TooLarge { size_bytes: size, limit_bytes: limit })?;
    let content = zstd::bulk::decompress(compressed, capacity).map_err(SnapshotError::Compression)?;
    match content.len() == capacity {
        true => Ok(content),
        false => Err(SnapshotError::OtherSize { stated_bytes: size, found_bytes: content.len() as u64 }),
    }
}
