//! Snapshots: one [`Side`] in one file, so that a distribution is read once and compared often.
//!
//! ```text
//! offset  size
//!      0     8  magic "ABIDESNP"
//!      8     4  format, little-endian
//!     12     8  size of the content before compression, little-endian
//!     20     8  size of the content after compression, little-endian
//!     28    32  BLAKE3 of bytes 0 to 27 and of the compressed content
//!     60        content: postcard of `mirror::Content`, in one zstd frame
//! ```
//!
//! The checksum is verified before anything is decompressed. The file has structures of its own (`mirror`): the
//! domain types may change without the format. Where a snapshot lies and when it is stale is the caller's matter.

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
pub const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"ABIDESNP";
/// What the checksum covers of the header.
const SUMMED_HEADER: usize = 28;
const HEADER: usize = SUMMED_HEADER + blake3::OUT_LEN;

/// Largest content that is read: 8 GiB. A distribution of 10,000 packages stays far below.
const CONTENT_LIMIT: u64 = 8 << 30;
/// Largest ratio of content to compressed content, beyond [`RATIO_FREE`]. Snapshots shrink to a fifth or a tenth.
const RATIO_LIMIT: u64 = 256;
/// Content of this size is read whatever its ratio.
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
    let mut header = MAGIC.to_vec();
    header.extend(FORMAT.to_le_bytes());
    header.extend(size.to_le_bytes());
    header.extend((compressed.len() as u64).to_le_bytes());
    let checksum = checksum(&header, &compressed);
    header.extend(checksum.as_bytes());
    out.write_all(&header).map_err(SnapshotError::Write)?;
    out.write_all(&compressed).map_err(SnapshotError::Write)?;
    out.flush().map_err(SnapshotError::Write)
}

/// Reads a side exactly as it was written.
///
/// # Errors
/// When the bytes are no snapshot, of another format, damaged, or larger than any honest snapshot.
pub fn read(bytes: &[u8]) -> Result<Side, SnapshotError> {
    let (size, compressed) = open(bytes)?;
    let content = decompress(compressed, size)?;
    decode::side(&content)
}

/// Checks the header and the checksum: the stated size of the content, and the compressed content.
fn open(bytes: &[u8]) -> Result<(u64, &[u8]), SnapshotError> {
    if !is_snapshot(bytes) {
        return Err(SnapshotError::NotASnapshot);
    }
    let cut_short =
        |needed: u64| SnapshotError::CutShort { found_bytes: bytes.len() as u64, needed_bytes: needed };
    let format = field(bytes, 8).map(u32::from_le_bytes).ok_or(cut_short(HEADER as u64))?;
    if format != FORMAT {
        return Err(SnapshotError::OtherFormat { found: format });
    }
    let (header, compressed) = bytes.split_at_checked(HEADER).ok_or(cut_short(HEADER as u64))?;
    let size = field(header, 12).map_or(0, u64::from_le_bytes);
    let compressed_size = field(header, 20).map_or(0, u64::from_le_bytes);
    let needed = compressed_size.saturating_add(HEADER as u64);
    if (compressed.len() as u64) < compressed_size {
        return Err(cut_short(needed));
    }
    if compressed.len() as u64 > compressed_size {
        return Err(SnapshotError::TrailingBytes { extra_bytes: bytes.len() as u64 - needed });
    }
    let stated: [u8; blake3::OUT_LEN] = field(header, SUMMED_HEADER).unwrap_or_default();
    if checksum(&header[..SUMMED_HEADER], compressed) != stated {
        return Err(SnapshotError::Damaged);
    }
    Ok((size, compressed))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn checksum(header: &[u8], compressed: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(header).update(compressed).finalize()
}

fn decompress(compressed: &[u8], size: u64) -> Result<Vec<u8>, SnapshotError> {
    let by_ratio = (compressed.len() as u64).saturating_mul(RATIO_LIMIT).saturating_add(RATIO_FREE);
    let limit = CONTENT_LIMIT.min(by_ratio);
    let capacity = usize::try_from(size).ok().filter(|_| size <= limit);
    let capacity = capacity.ok_or(SnapshotError::TooLarge { size_bytes: size, limit_bytes: limit })?;
    let content = zstd::bulk::decompress(compressed, capacity).map_err(SnapshotError::Compression)?;
    match content.len() == capacity {
        true => Ok(content),
        false => Err(SnapshotError::OtherSize { stated_bytes: size, found_bytes: content.len() as u64 }),
    }
}
