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

pub(crate) mod container;
mod decode;
mod encode;
pub(crate) mod entry;
mod error;
mod graph;
mod kernel;
mod listed;
mod mirror;
mod variants;

use std::io::Write;

use abide_model::Side;

pub use error::SnapshotError;

/// The format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 7;

const MAGIC: &container::Magic = b"ABIDESNP";
/// Whether `bytes` begin like a snapshot of any format.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Writes a side. The same side gives the same bytes.
///
/// # Errors
/// When `out` fails, or when the side is larger than a snapshot can be.
pub fn write(side: &Side, out: impl Write) -> Result<(), SnapshotError> {
    container::write(MAGIC, FORMAT, encode::content(side)?, out)
}

/// Reads a side exactly as it was written.
///
/// # Errors
/// When the bytes are no snapshot, of another format, damaged, or larger than any honest snapshot.
pub fn read(bytes: &[u8]) -> Result<Side, SnapshotError> {
    decode::side(&container::read(MAGIC, FORMAT, bytes)?)
}
