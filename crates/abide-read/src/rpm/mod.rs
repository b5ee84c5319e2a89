//! RPM packages: header, file list, payload.
//!
//! Format: rpm's `docs/manual/format_v4.md`, `lib/header.c`, `lib/cpio.c`. Signatures are not verified here; whether
//! a package is the one that a repository names is checked by `repo`'s checksums, and the content of artifacts
//! by the digests in the header.

pub mod header;
pub mod meta;
pub mod payload;

use std::io::BufRead;

use abide_model::PackageMeta;

pub use header::{HeaderError, is_rpm};
pub use payload::{Limits, Payload, PayloadError, StoredFile};

/// A package whose headers were read.
#[derive(Debug)]
pub struct Package {
    /// Identity, dependencies, files.
    pub meta: PackageMeta,
    /// What is needed to read the payload.
    pub plan: meta::PayloadPlan,
    /// Where the payload starts in the file.
    pub payload_offset: u64,
}

impl Package {
    /// Reads lead and headers; `input` is left at the first byte of the payload.
    pub fn read(input: &mut impl BufRead) -> Result<Self, HeaderError> {
        let headers = header::Headers::read(input)?;
        let (meta, plan) = meta::read(&headers.main)?;
        Ok(Self { meta, plan, payload_offset: headers.payload_offset })
    }
}
