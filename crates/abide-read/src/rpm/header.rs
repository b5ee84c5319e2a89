//! The lead and the two header structures of an RPM file, as typed tag values.
//!
//! Follows rpm's `lib/header.c` (`hdrblobInit`, `hdrblobVerifyInfo`) and `lib/rpmlead.c`, for package formats 3 to 6.
//! Written here rather than taken from the `rpm` crate, since that one trusts offsets and counts of the file: a
//! damaged index makes it panic or ask for gigabytes. What the tags mean is in `meta`.

use std::io::{self, BufRead, Read};

use bstr::ByteSlice;

use crate::repo::{Checksum, Hasher};

/// `RPMTAG_*` numbers in use.
pub mod tag {
    #![allow(missing_docs)]
    pub const NAME: u32 = 1000;
    pub const VERSION: u32 = 1001;
    pub const RELEASE: u32 = 1002;
    pub const EPOCH: u32 = 1003;
    pub const VENDOR: u32 = 1011;
    pub const ARCH: u32 = 1022;
    pub const OLD_FILE_NAMES: u32 = 1027;
    pub const FILE_SIZES: u32 = 1028;
    pub const FILE_MODES: u32 = 1030;
    pub const FILE_DIGESTS: u32 = 1035;
    pub const FILE_LINK_TOS: u32 = 1036;
    pub const FILE_FLAGS: u32 = 1037;
    pub const FILE_USER_NAME: u32 = 1039;
    pub const FILE_GROUP_NAME: u32 = 1040;
    pub const SOURCE_RPM: u32 = 1044;
    pub const ARCHIVE_SIZE: u32 = 1046;
    pub const PROVIDE_NAME: u32 = 1047;
    pub const REQUIRE_FLAGS: u32 = 1048;
    pub const REQUIRE_NAME: u32 = 1049;
    pub const REQUIRE_VERSION: u32 = 1050;
    pub const CONFLICT_FLAGS: u32 = 1053;
    pub const CONFLICT_NAME: u32 = 1054;
    pub const CONFLICT_VERSION: u32 = 1055;
    pub const OBSOLETE_NAME: u32 = 1090;
    pub const FILE_DEVICES: u32 = 1095;
    pub const FILE_INODES: u32 = 1096;
    pub const SOURCE_PACKAGE: u32 = 1106;
    pub const PROVIDE_FLAGS: u32 = 1112;
    pub const PROVIDE_VERSION: u32 = 1113;
    pub const OBSOLETE_FLAGS: u32 = 1114;
    pub const OBSOLETE_VERSION: u32 = 1115;
    pub const DIR_INDEXES: u32 = 1116;
    pub const BASE_NAMES: u32 = 1117;
    pub const DIR_NAMES: u32 = 1118;
    pub const PAYLOAD_FORMAT: u32 = 1124;
    pub const PAYLOAD_COMPRESSOR: u32 = 1125;
    pub const LONG_FILE_SIZES: u32 = 5008;
    pub const FILE_CAPS: u32 = 5010;
    pub const FILE_DIGEST_ALGO: u32 = 5011;
    pub const RECOMMEND_NAME: u32 = 5046;
    pub const RECOMMEND_VERSION: u32 = 5047;
    pub const RECOMMEND_FLAGS: u32 = 5048;
    pub const SUGGEST_NAME: u32 = 5049;
    pub const SUGGEST_VERSION: u32 = 5050;
    pub const SUGGEST_FLAGS: u32 = 5051;
    pub const SUPPLEMENT_NAME: u32 = 5052;
    pub const SUPPLEMENT_VERSION: u32 = 5053;
    pub const SUPPLEMENT_FLAGS: u32 = 5054;
    pub const ENHANCE_NAME: u32 = 5055;
    pub const ENHANCE_VERSION: u32 = 5056;
    pub const ENHANCE_FLAGS: u32 = 5057;
    /// SHA-256 of the compressed payload.
    pub const PAYLOAD_SHA256: u32 = 5092;
    /// Uncompressed payload size (format 6).
    pub const PAYLOAD_SIZE: u32 = 5113;
    /// SHA-1 of the main header, in the signature header.
    pub const SIG_SHA1: u32 = 269;
    /// SHA-256 of the main header, in the signature header.
    pub const SIG_SHA256: u32 = 273;
    /// Signatures, in the signature header: of the main header (DSA, RSA, OpenPGP of format 6) and of header and payload
    /// (PGP, GPG).
    pub const SIGNATURES: [u32; 5] = [267, 268, SIG_OPENPGP, 1002, 1005];
    /// Signatures in base64, in the signature header.
    pub const SIG_OPENPGP: u32 = 278;

    /// Whether signatures with this tag are of header and payload.
    pub fn covers_payload(signature: u32) -> bool {
        signature >= 1000
    }
}

const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const LEAD_SIZE: usize = 96;
const HEADER_MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];

/// `HEADER_TAGS_MAX` and `HEADER_DATA_MAX` of rpm's `lib/header.c`.
const TAGS_MAX: u32 = 0xffff;
const DATA_MAX_BYTES: u32 = 0x0fff_ffff;

/// Items of one tag; the largest packages list some hundred thousand files.
const ITEMS_MAX: u32 = 4_000_000;

/// Whether the bytes begin as an RPM file does.
pub fn is_rpm(head: &[u8]) -> bool {
    head.starts_with(&LEAD_MAGIC)
}

/// Why a header could not be read. Offsets count from the start of the RPM file.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The file does not begin with an RPM lead.
    #[error("no RPM lead at offset 0")]
    NoLead,
    /// The file ended or failed inside a part.
    #[error("the {part} at offset {offset} cannot be read: {source}")]
    Io {
        /// Lead, signature header or main header.
        part: &'static str,
        /// Where the part starts.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// No header magic number where a header must be.
    #[error("no header structure at offset {offset}, where the {part} should be")]
    BadMagic {
        /// Signature header or main header.
        part: &'static str,
        /// Where it should be.
        offset: u64,
    },
    /// More tags or data than any package has.
    #[error(
        "the {part} at offset {offset} claims {tags} tags and {data_bytes} bytes of data, beyond rpm's limits"
    )]
    TooLarge {
        /// Signature header or main header.
        part: &'static str,
        /// Where it starts.
        offset: u64,
        /// Claimed number of tags.
        tags: u32,
        /// Claimed size of the data.
        data_bytes: u32,
    },
    /// A tag whose value is outside of the data, of another type, or too long.
    #[error("tag {tag} of the main header has a bad value (type {kind}, offset {offset}, {count} items)")]
    BadTag {
        /// Tag number.
        tag: u32,
        /// `RPM_*_TYPE` as stored.
        kind: u32,
        /// Offset in the data as stored.
        offset: u32,
        /// Number of items as stored.
        count: u32,
    },
    /// A tag that every package has is absent.
    #[error("the main header has no {name} (tag {tag})")]
    Missing {
        /// Tag number.
        tag: u32,
        /// Its name.
        name: &'static str,
    },
    /// The main header is not the one that the signature header describes.
    #[error(
        "the main header at offset {offset} has the digest {found}, the signature header states {stated}"
    )]
    Digest {
        /// Where the main header starts.
        offset: u64,
        /// Digest of what is there.
        found: String,
        /// Digest as stated.
        stated: Checksum,
    },
    /// File tags that do not fit together.
    #[error("the file list is inconsistent: {what}")]
    BadFileList {
        /// What does not fit.
        what: &'static str,
    },
}

#[derive(Clone, Copy, Debug)]
struct IndexEntry {
    tag: u32,
    kind: u32,
    offset: u32,
    count: u32,
}

/// One header structure: tags with values.
#[derive(Debug)]
pub struct Header {
    index: Vec<IndexEntry>,
    data: Vec<u8>,
}

/// Lead, signature header and main header of an RPM file.
#[derive(Debug)]
pub struct Headers {
    /// Tags that describe the package.
    pub main: Header,
    /// Where the payload starts.
    pub payload_offset: u64,
    /// Where the main header starts.
    pub main_offset: u64,
    /// Signatures in the signature header, by their tags.
    pub signatures: Vec<(u32, Vec<u8>)>,
    /// Set when the main header is not the one that the signature header describes.
    pub mismatch: Option<HeaderError>,
}

impl Headers {
    /// Reads up to the payload; `input` is left at its first byte.
    pub fn read(input: &mut impl BufRead) -> Result<Self, HeaderError> {
        check_lead(input)?;
        let signature_at = LEAD_SIZE as u64;
        let (signature, signature_size) = Header::read(input, "signature header", signature_at, None)?;
        // The signature header is padded to a multiple of eight (`rpmReadSignature`).
        let padding = (8 - signature_size % 8) % 8;
        let main_at = signature_at + signature_size + padding;
        discard(input, padding, "signature header", signature_at)?;
        let mut digest = HeaderDigest::new(&signature)?;
        let (main, size) = Header::read(input, "main header", main_at, digest.as_mut())?;
        let mismatch = digest.and_then(|digest| digest.verify(main_at).err());
        let signatures = signature.signatures();
        Ok(Self { main, main_offset: main_at, payload_offset: main_at + size, signatures, mismatch })
    }
}

impl Header {
    /// Signatures; one whose bytes are not there is empty, so that it is known of.
    fn signatures(&self) -> Vec<(u32, Vec<u8>)> {
        let mut found = Vec::new();
        for tag in tag::SIGNATURES {
            match self.find(tag) {
                None => {}
                Some(_) if tag == tag::SIG_OPENPGP => {
                    let texts = self.strings(tag).unwrap_or_default();
                    found.extend(texts.into_iter().map(|text| (tag, text.to_vec())));
                }
                Some(entry) => found.push((tag, self.bytes_of(entry).unwrap_or_default().to_vec())),
            }
        }
        found
    }
}

/// Only the magic number of the lead means anything today (`rpmLeadRead`).
fn check_lead(input: &mut impl BufRead) -> Result<(), HeaderError> {
    let mut lead = [0; LEAD_SIZE];
    let fail = |source| HeaderError::Io { part: "lead", offset: 0, source };
    input.read_exact(&mut lead[..4]).map_err(fail)?;
    if !is_rpm(&lead) {
        return Err(HeaderError::NoLead);
    }
    input.read_exact(&mut lead[4..]).map_err(fail)
}

fn discard(input: &mut impl BufRead, count: u64, part: &'static str, offset: u64) -> Result<(), HeaderError> {
    let skipped = io::copy(&mut input.take(count), &mut io::sink());
    match skipped {
        Ok(n) if n == count => Ok(()),
        Ok(_) => Err(HeaderError::Io { part, offset, source: io::ErrorKind::UnexpectedEof.into() }),
        Err(source) => Err(HeaderError::Io { part, offset, source }),
    }
}

/// Digest over a whole header structure with its magic number, and what the signature header says that it is
/// (rpm's `lib/rpmvs.c`).
struct HeaderDigest {
    stated: Checksum,
    hasher: Hasher,
}

impl HeaderDigest {
    /// The better of the two that the signature header may state.
    fn new(signature: &Header) -> Result<Option<Self>, HeaderError> {
        for (tag, kind) in [(tag::SIG_SHA256, "sha256"), (tag::SIG_SHA1, "sha1")] {
            if let Some(hex) = signature.string(tag)? {
                let hex = hex.to_str_lossy().to_ascii_lowercase();
                let stated = Checksum { kind: kind.to_owned(), hex };
                return Ok(stated.hasher().map(|hasher| Self { stated, hasher }));
            }
        }
        Ok(None)
    }

    fn verify(self, offset: u64) -> Result<(), HeaderError> {
        match self.hasher.finish_hex() {
            found if found == self.stated.hex => Ok(()),
            found => Err(HeaderError::Digest { offset, found, stated: self.stated }),
        }
    }
}

/// Reads a header's preamble: number of tags and bytes of data.
fn read_preamble(
    input: &mut impl BufRead,
    part: &'static str,
    offset: u64,
) -> Result<([u8; 16], u32, u32), HeaderError> {
    let mut preamble = [0; 16];
    input.read_exact(&mut preamble).map_err(|source| HeaderError::Io { part, offset, source })?;
    if preamble[..4] != HEADER_MAGIC {
        return Err(HeaderError::BadMagic { part, offset });
    }
    let (tags, data_bytes) = (be32(&preamble, 8), be32(&preamble, 12));
    if tags > TAGS_MAX || data_bytes > DATA_MAX_BYTES {
        return Err(HeaderError::TooLarge { part, offset, tags, data_bytes });
    }
    Ok((preamble, tags, data_bytes))
}

/// Big-endian number at a place that is known to be inside.
fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |value, &b| value << 8 | u32::from(b))
}

impl Header {
    /// Reads a header and returns it with its size.
    fn read(
        input: &mut impl BufRead,
        part: &'static str,
        offset: u64,
        digest: Option<&mut HeaderDigest>,
    ) -> Result<(Self, u64), HeaderError> {
        let (preamble, tags, data_bytes) = read_preamble(input, part, offset)?;
        let fail = |source| HeaderError::Io { part, offset, source };
        let mut raw = vec![0; tags as usize * 16];
        input.read_exact(&mut raw).map_err(fail)?;
        let mut data = Vec::new();
        let got = input.take(u64::from(data_bytes)).read_to_end(&mut data).map_err(fail)?;
        if got as u64 != u64::from(data_bytes) {
            return Err(fail(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(digest) = digest {
            [&preamble[..], &raw, &data].into_iter().for_each(|piece| digest.hasher.update(piece));
        }
        let entry = |e: &[u8]| IndexEntry {
            tag: be32(e, 0),
            kind: be32(e, 4),
            offset: be32(e, 8),
            count: be32(e, 12),
        };
        let index = raw.chunks_exact(16).map(entry).collect();
        Ok((Self { index, data }, 16 + u64::from(tags) * 16 + u64::from(data_bytes)))
    }

    /// Whether the tag is there.
    pub fn has(&self, tag: u32) -> bool {
        self.index.iter().any(|e| e.tag == tag)
    }

    fn find(&self, tag: u32) -> Option<IndexEntry> {
        self.index.iter().copied().find(|e| e.tag == tag)
    }

    fn bytes_of(&self, entry: IndexEntry) -> Result<&[u8], HeaderError> {
        if entry.count > ITEMS_MAX {
            return Err(bad(entry));
        }
        self.data.get(entry.offset as usize..).ok_or(bad(entry))
    }

    /// Numbers of an `INT8` to `INT64` or `CHAR` tag, widened; empty when the tag is absent.
    pub fn numbers(&self, tag: u32) -> Result<Vec<u64>, HeaderError> {
        let Some(entry) = self.find(tag) else { return Ok(Vec::new()) };
        let width = match entry.kind {
            1 | 2 => 1,
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return Err(bad(entry)),
        };
        let bytes = self.bytes_of(entry)?.get(..entry.count as usize * width).ok_or(bad(entry))?;
        let number = |item: &[u8]| item.iter().fold(0u64, |value, &b| value << 8 | u64::from(b));
        Ok(bytes.chunks_exact(width).map(number).collect())
    }

    /// First number of a tag.
    pub fn number(&self, tag: u32) -> Result<Option<u64>, HeaderError> {
        Ok(self.numbers(tag)?.first().copied())
    }

    /// Strings of a `STRING`, `STRING_ARRAY` or `I18NSTRING` tag; empty when the tag is absent.
    pub fn strings(&self, tag: u32) -> Result<Vec<&[u8]>, HeaderError> {
        let Some(entry) = self.find(tag) else { return Ok(Vec::new()) };
        let count = match entry.kind {
            6 => 1,
            8 | 9 => entry.count,
            _ => return Err(bad(entry)),
        };
        let mut rest = self.bytes_of(entry)?;
        let mut strings = Vec::with_capacity((count as usize).min(rest.len()));
        for _ in 0..count {
            let end = rest.iter().position(|&b| b == 0).ok_or(bad(entry))?;
            strings.push(&rest[..end]);
            rest = &rest[end + 1..];
        }
        Ok(strings)
    }

    /// First string of a tag.
    pub fn string(&self, tag: u32) -> Result<Option<&[u8]>, HeaderError> {
        Ok(self.strings(tag)?.first().copied())
    }
}

fn bad(entry: IndexEntry) -> HeaderError {
    HeaderError::BadTag { tag: entry.tag, kind: entry.kind, offset: entry.offset, count: entry.count }
}
