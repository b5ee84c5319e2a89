//! Streaming decoders with stated ceilings: gzip, bzip2, xz, lzma, zstd.
//!
//! What the bytes mean is the affair of the callers; nothing here looks inside, and nothing is written to disk.

use std::io::{self, BufRead, Read};

use liblzma::stream::{CONCATENATED, Stream};

/// Memory that an xz or lzma stream may ask for: `xz -9` needs 65 MiB, rpm never uses more.
const LZMA_MEMORY_LIMIT_BYTES: u64 = 512 << 20;

/// Base-2 logarithm of the largest zstd window that is accepted (128 MiB, zstd's own default for decoders).
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// bzip2.
    Bzip2,
    /// The `.xz` file format.
    Xz,
    /// The legacy `.lzma` ("LZMA alone") format.
    Lzma,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// The format that the first bytes of a stream name, if they name one.
    ///
    /// LZMA alone has no magic number; its usual property byte (`lc=3 lp=0 pb=2`), a dictionary size of
    /// whole 64 KiB and a size field that is unknown or below 2^40 stand in for one.
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x5d, 0, 0, _, _, size @ ..] if is_lzma_size(size) => Some(Self::Lzma),
            _ => None,
        }
    }

    /// The format behind a name as rpm's `PAYLOADCOMPRESSOR` and file suffixes spell it.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"gzip" | b"gz" => Some(Self::Gzip),
            b"bzip2" | b"bz2" => Some(Self::Bzip2),
            b"xz" => Some(Self::Xz),
            b"lzma" => Some(Self::Lzma),
            b"zstd" | b"zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
        }
    }

    /// A reader of the decompressed bytes; streams that follow one another count as one.
    pub fn decoder<'a>(self, input: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(LZMA_MEMORY_LIMIT_BYTES, CONCATENATED)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
            }
            Self::Lzma => {
                let stream = Stream::new_lzma_decoder(LZMA_MEMORY_LIMIT_BYTES)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
            }
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        })
    }

    /// Decodes `input` whole, refusing to grow past `limit_bytes`.
    pub fn decode_all(self, input: &[u8], limit_bytes: u64, what: &'static str) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Limited::new(self.decoder(input)?, limit_bytes, what).read_to_end(&mut out)?;
        Ok(out)
    }
}

fn is_lzma_size(field: &[u8]) -> bool {
    field.first_chunk::<8>().is_some_and(|bytes| {
        let size = u64::from_le_bytes(*bytes);
        size == u64::MAX || size < 1 << 40
    })
}

/// A named ceiling that a stream would have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is larger than the limit of {limit_bytes} bytes")]
pub struct LimitExceeded {
    /// What is limited.
    pub what: &'static str,
    /// The ceiling.
    pub limit_bytes: u64,
}

impl LimitExceeded {
    /// The ceiling behind an I/O error, when that is its cause.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }
}

/// A reader that fails with [`LimitExceeded`] rather than hand out more than its limit.
#[derive(Debug)]
pub struct Limited<R> {
    inner: R,
    left_bytes: u64,
    limit: LimitExceeded,
}

impl<R: Read> Limited<R> {
    /// Limits `inner`; `what` names the stream in the error.
    pub fn new(inner: R, limit_bytes: u64, what: &'static str) -> Self {
        Self { inner, left_bytes: limit_bytes, limit: LimitExceeded { what, limit_bytes } }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // One byte more than allowed is asked for, to tell "ends here" from "goes on".
        let allowed = self.left_bytes.saturating_add(1).min(buf.len() as u64) as usize;
        let got = self.inner.read(&mut buf[..allowed])?;
        match self.left_bytes.checked_sub(got as u64) {
            Some(left) => self.left_bytes = left,
            None => return Err(io::Error::new(io::ErrorKind::FileTooLarge, self.limit)),
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_formats_by_their_first_bytes() {
        assert_eq!(Compression::detect(b"\x1f\x8b\x08\x00"), Some(Compression::Gzip));
        assert_eq!(Compression::detect(b"BZh9"), Some(Compression::Bzip2));
        assert_eq!(Compression::detect(b"\xfd7zXZ\0"), Some(Compression::Xz));
        assert_eq!(Compression::detect(b"\x28\xb5\x2f\xfd"), Some(Compression::Zstd));
        let lzma = b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0";
        assert_eq!(Compression::detect(lzma), Some(Compression::Lzma));
        assert_eq!(Compression::detect(b"\x7fELF"), None);
        assert_eq!(Compression::detect(b""), None);
    }

    #[test]
    fn zstd_round_trip_and_ceiling() {
        let data = vec![7u8; 100_000];
        let packed = zstd::encode_all(&data[..], 3).unwrap();
        assert_eq!(Compression::Zstd.decode_all(&packed, 100_000, "test").unwrap(), data);
        let error = Compression::Zstd.decode_all(&packed, 99_999, "test").unwrap_err();
        assert_eq!(LimitExceeded::of(&error), Some(LimitExceeded { what: "test", limit_bytes: 99_999 }));
    }

    #[test]
    fn truncated_streams_are_errors() {
        let packed = zstd::encode_all(&[1u8, 2, 3, 4, 5, 6, 7, 8, 9, 10][..], 3).unwrap();
        assert!(Compression::Zstd.decode_all(&packed[..packed.len() - 2], 1 << 20, "test").is_err());
        assert!(Compression::Xz.decode_all(b"\xfd7zXZ\0", 1 << 20, "test").is_err());
        assert!(Compression::Gzip.decode_all(b"\x1f\x8b\x08\0", 1 << 20, "test").is_err());
    }
}
