//! RPM packages: header and file list; the files themselves are read by `payload`.
//!
//! Format: rpm's `docs/manual/format_v4.md`, `lib/header.c`, `lib/cpio.c`. Signatures are verified in `signed`, where keys are given; whether
//! a package is the one that a repository names is checked by `repo`'s checksums, and the content of artifacts
//! by the digests in the header.

pub mod header;
pub mod meta;
mod scripts;
pub mod signed;
pub mod sources;

use std::io::BufRead;

use abide_model::{Metadata, PackageMeta};

pub use header::{HeaderError, is_rpm};

/// A package whose headers were read.
#[derive(Debug)]
pub struct Package {
    /// Identity, dependencies, files.
    pub meta: PackageMeta,
    /// What is needed to read the payload.
    pub plan: meta::PayloadPlan,
    /// Where the payload starts in the file.
    pub payload_offset: u64,
    /// Whether the package carries a signature.
    pub signed: bool,
    /// Set when the main header is not the one that the signature header describes: then nothing else here is to
    /// be trusted.
    pub mismatch: Option<HeaderError>,
}

impl Package {
    /// Reads lead and headers; `input` is left at the first byte of the payload.
    pub fn read(input: &mut impl BufRead) -> Result<Self, HeaderError> {
        let header::Headers { main, payload_offset, signatures, mismatch, .. } =
            header::Headers::read(input)?;
        let (meta, plan) = meta::read(&main)?;
        Ok(Self { meta, plan, payload_offset, signed: !signatures.is_empty(), mismatch })
    }
}

/// What a package's header says of other packages, and all paths in it; nothing of the payload is read.
pub fn listed_of_header(input: &mut impl BufRead) -> Result<Metadata, HeaderError> {
    let header::Headers { main, mismatch, .. } = header::Headers::read(input)?;
    match mismatch {
        Some(mismatch) => Err(mismatch),
        None => meta::listed(&main),
    }
}
