//! Checksums as repository metadata states them.
//!
//! Names follow createrepo_c's `cr_checksum_type`: `sha` is SHA-1. MD5 and others are not verified but refused.

use std::fmt;

use sha1::Sha1;
use sha2::digest::Update;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// A stated checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Algorithm, as stated.
    pub kind: String,
    /// Value in lower-case hex.
    pub hex: String,
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.hex)
    }
}

impl Checksum {
    /// Starts to hash with this algorithm, if it is one that is verified.
    pub fn hasher(&self) -> Option<Hasher> {
        Hasher::new(&self.kind)
    }

    /// Whether `bytes` have this checksum; `None` when the algorithm is not verified.
    pub fn matches(&self, bytes: &[u8]) -> Option<bool> {
        let mut hasher = self.hasher()?;
        hasher.update(bytes);
        Some(hasher.finish_hex() == self.hex)
    }
}

/// One of the algorithms at work.
#[derive(Clone)]
pub enum Hasher {
    /// SHA-1.
    Sha1(Sha1),
    /// SHA-224.
    Sha224(Sha224),
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-384.
    Sha384(Sha384),
    /// SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    fn new(kind: &str) -> Option<Self> {
        Some(match kind {
            "sha" | "sha1" => Self::Sha1(Sha1::new()),
            "sha224" => Self::Sha224(Sha224::new()),
            "sha256" => Self::Sha256(Sha256::new()),
            "sha384" => Self::Sha384(Sha384::new()),
            "sha512" => Self::Sha512(Sha512::new()),
            _ => return None,
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(h) => Update::update(h, bytes),
            Self::Sha224(h) => Update::update(h, bytes),
            Self::Sha256(h) => Update::update(h, bytes),
            Self::Sha384(h) => Update::update(h, bytes),
            Self::Sha512(h) => Update::update(h, bytes),
        }
    }

    /// The checksum in lower-case hex.
    pub fn finish_hex(self) -> String {
        match self {
            Self::Sha1(h) => hex(&h.finalize()),
            Self::Sha224(h) => hex(&h.finalize()),
            Self::Sha256(h) => hex(&h.finalize()),
            Self::Sha384(h) => hex(&h.finalize()),
            Self::Sha512(h) => hex(&h.finalize()),
        }
    }
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}
