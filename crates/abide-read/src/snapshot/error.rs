//! Why a snapshot cannot be read or written, and what to do then.

use std::io;

use super::FORMAT;

/// Why a snapshot cannot be read or written. Each message ends with the next step where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file does not begin with the magic.
    #[error("not a snapshot of abide")]
    NotASnapshot,
    /// The format is not [`FORMAT`]; carries the file's.
    #[error("{}", other_format(*found))]
    OtherFormat {
        /// Format of the file.
        found: u32,
    },
    /// The file is shorter than its header says; carries both lengths.
    #[error(
        "snapshot is cut short: {found_bytes} of {needed_bytes} bytes are there; copy it again or make it anew"
    )]
    CutShort {
        /// Length of the file.
        found_bytes: u64,
        /// Least length that it should have.
        needed_bytes: u64,
    },
    /// The file is longer than its header says; carries the number of bytes too many.
    #[error("snapshot has {extra_bytes} bytes after its end; copy it again or make it anew")]
    TrailingBytes {
        /// Bytes after the end.
        extra_bytes: u64,
    },
    /// The checksum does not match.
    #[error("snapshot was changed or damaged: its checksum does not match; copy it again or make it anew")]
    Damaged,
    /// The content is kept in a way that this format does not have; carries the number of the method.
    #[error("snapshot has an unknown method of compression ({0})")]
    UnknownMethod(u32),
    /// The content is larger than allowed; carries the stated size and the limit for this file.
    #[error(
        "snapshot states a content of {size_bytes} bytes, more than the {limit_bytes} bytes that it may have"
    )]
    TooLarge {
        /// Stated size of the content.
        size_bytes: u64,
        /// Largest size allowed, by the ceiling or by the ratio to the compressed size.
        limit_bytes: u64,
    },
    /// Names repeat so often that they would need more memory than allowed; carries the limit for this file.
    #[error("names of the snapshot would take more than the {limit_bytes} bytes that they may have")]
    TooMuchText {
        /// Bytes allowed for all names together.
        limit_bytes: u64,
    },
    /// The content cannot be decompressed.
    #[error("snapshot cannot be decompressed")]
    Compression(#[source] io::Error),
    /// The content has another size than stated; carries both.
    #[error("snapshot states a content of {stated_bytes} bytes and has {found_bytes}")]
    OtherSize {
        /// Stated size.
        stated_bytes: u64,
        /// Size after decompression.
        found_bytes: u64,
    },
    /// The content is not what this format says.
    #[error("content of the snapshot cannot be decoded")]
    Content(#[source] postcard::Error),
    /// Bytes follow the content inside the compressed part; carries their number.
    #[error("snapshot has {0} bytes after its content")]
    TrailingContent(usize),
    /// A number points outside the list that it is an index of.
    #[error("snapshot refers to {what} {index}, and there are {count}")]
    OutOfRange {
        /// What kind of thing is referred to.
        what: &'static str,
        /// The index.
        index: u64,
        /// Length of the list.
        count: u64,
    },
    /// A table of distinct strings has one of them twice; carries the index of the second.
    #[error("string {0} of a type graph occurs twice")]
    RepeatedString(usize),
    /// A field that must be UTF-8 is not; carries the field's name.
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
    /// A gap of a kind that this version does not know; carries its identifier.
    #[error("unknown kind of gap: {0}")]
    UnknownGap(String),
    /// The side has more of something than a snapshot can number; carries what.
    #[error("the side has too many {0} for a snapshot")]
    TooMany(&'static str),
    /// The output failed.
    #[error("cannot write the snapshot")]
    Write(#[source] io::Error),
}

fn other_format(found: u32) -> String {
    if found > FORMAT {
        format!(
            "snapshot was written by a newer abide: format {found}, this one reads {FORMAT}; use the newer abide, or \
             make the snapshot anew with this one"
        )
    } else {
        format!(
            "snapshot was written by an older abide: format {found}, this one reads {FORMAT}; make the snapshot anew"
        )
    }
}
