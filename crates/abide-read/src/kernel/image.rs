//! The boot image (`vmlinuz`): where the compressed kernel is in it, and the kernel unpacked in memory.
//!
//! x86: Linux `Documentation/arch/x86/boot.rst` (`payload_offset`, `payload_length`, protocol 2.08). EFI zboot, which arm64
//! and others use: `drivers/firmware/efi/libstub/zboot-header.S`. What comes out of an x86 image is an ELF file without
//! symbol table; a zboot image holds a raw memory image, in which no section can be found.

use crate::compress::{Compression, LimitExceeded};

/// A kernel larger than this is none.
const KERNEL_MAX_BYTES: u64 = 1 << 30;
/// Magic number of lz4's legacy frame format (lz4 `doc/lz4_Frame_format.md`).
const LZ4_LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];
/// A block of that format decompresses to at most this.
const LZ4_BLOCK_BYTES: usize = 8 << 20;

/// Why no kernel comes out of a boot image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Neither of the known kinds of image.
    #[error("it is no boot image of a known kind (x86 bzImage, EFI zboot)")]
    UnknownKind,
    /// The header places the compressed kernel outside of the file.
    #[error("the compressed kernel is stated at {offset} with {size} bytes, and the file has {file} bytes")]
    Truncated {
        /// Offset in the file.
        offset: u64,
        /// Size as stated.
        size: u64,
        /// Size of the file.
        file: u64,
    },
    /// An image of a boot protocol before 2.08 does not say where the kernel is.
    #[error("boot protocol {}.{:02} does not say where the compressed kernel is; 2.08 does", .0 >> 8, .0 & 0xff)]
    OldProtocol(u16),
    /// No known compression; carries the first bytes.
    #[error("the kernel in it is of an unknown compression: it begins with {0}")]
    UnknownCompression(String),
    /// A compression that is known and not read.
    #[error("the kernel in it is compressed with {0}, which is not read")]
    Unsupported(&'static str),
    /// The stream is damaged.
    #[error("the {method} stream in it is damaged: {reason}")]
    Damaged {
        /// Compression.
        method: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// What comes out is not ELF.
    #[error("the kernel in it is a raw memory image without sections: its exports cannot be found")]
    NotElf,
}

/// Where the compressed kernel is.
struct Place {
    offset: u64,
    size: u64,
}

/// Unpacks the kernel, an ELF file.
///
/// # Errors
/// When the image is of an unknown kind or compression, is damaged, or holds no ELF file.
pub fn unpack(image: &[u8]) -> Result<Vec<u8>, ImageError> {
    let place = place(image)?;
    let range = || {
        let start = usize::try_from(place.offset).ok()?;
        image.get(start..start.checked_add(usize::try_from(place.size).ok()?)?)
    };
    let truncated =
        ImageError::Truncated { offset: place.offset, size: place.size, file: image.len() as u64 };
    let stream = range().ok_or(truncated)?;
    let kernel = decompress(stream)?;
    match crate::elf::is_elf(&kernel) {
        true => Ok(kernel),
        false => Err(ImageError::NotElf),
    }
}

/// The kernel's release by the header of an x86 image.
pub fn release(image: &[u8]) -> Option<&[u8]> {
    if image.get(0x202..0x206) != Some(b"HdrS") {
        return None;
    }
    let at = usize::from(u16_at(image, 0x20e)?).checked_add(0x200).filter(|at| *at > 0x200)?;
    let text = image.get(at..)?;
    let end = text.iter().take(128).position(|b| *b == b' ' || *b == 0)?;
    Some(&text[..end]).filter(|t| t.first().is_some_and(u8::is_ascii_digit))
}

fn place(image: &[u8]) -> Result<Place, ImageError> {
    if image.get(0x202..0x206) == Some(b"HdrS") {
        return bz_image(image);
    }
    if image.starts_with(b"MZ") && image.get(4..8) == Some(b"zimg") {
        let field = |at| u32_at(image, at).map(u64::from);
        let (offset, size) = (field(8), field(12));
        let (Some(offset), Some(size)) = (offset, size) else { return Err(ImageError::UnknownKind) };
        return Ok(Place { offset, size });
    }
    // Linux `Documentation/arch/arm64/booting.rst`: the image is the memory content itself.
    match image.get(0x38..0x3c) {
        Some(b"ARMd") => Err(ImageError::NotElf),
        _ => Err(ImageError::UnknownKind),
    }
}

fn bz_image(image: &[u8]) -> Result<Place, ImageError> {
    let protocol = u16_at(image, 0x206).ok_or(ImageError::UnknownKind)?;
    if protocol < 0x0208 {
        return Err(ImageError::OldProtocol(protocol));
    }
    let sectors = match image.get(0x1f1) {
        Some(0) | None => 4,
        Some(n) => u64::from(*n),
    };
    let field = |at| u32_at(image, at).map(u64::from).ok_or(ImageError::UnknownKind);
    let offset = (sectors + 1) * 512 + field(0x248)?;
    Ok(Place { offset, size: field(0x24c)? })
}

/// Four bytes with the size follow a stream of any compression but gzip (`scripts/Makefile.lib`, `size_append`).
fn decompress(stream: &[u8]) -> Result<Vec<u8>, ImageError> {
    let short = &stream[..stream.len().saturating_sub(4)];
    if stream.starts_with(&LZ4_LEGACY) {
        return lz4(short);
    }
    // lzop's and lz4's own containers.
    if stream.starts_with(&[0x89, b'L', b'Z', b'O']) {
        return Err(ImageError::Unsupported("lzo"));
    }
    let Some(compression) = Compression::detect(stream) else {
        if crate::elf::is_elf(stream) {
            return Ok(stream.to_vec());
        }
        let head: Vec<String> = stream.iter().take(8).map(|b| format!("{b:02x}")).collect();
        return Err(ImageError::UnknownCompression(head.join(" ")));
    };
    let decode = |bytes| compression.decode_all(bytes, KERNEL_MAX_BYTES, "the kernel");
    let decoded = match compression {
        // gzip has its size in the stream itself.
        Compression::Gzip => decode(stream),
        _ => decode(short).or_else(|e| if LimitExceeded::of(&e).is_some() { Err(e) } else { decode(stream) }),
    };
    decoded.map_err(|e| ImageError::Damaged { method: compression.name(), reason: e.to_string() })
}

/// Blocks with their sizes in front, after the magic number, which may come again.
fn lz4(stream: &[u8]) -> Result<Vec<u8>, ImageError> {
    let damaged = |reason: String| ImageError::Damaged { method: "lz4", reason };
    let (mut out, mut at) = (Vec::new(), LZ4_LEGACY.len());
    while let Some(size) = u32_at(stream, at) {
        at += 4;
        if size.to_le_bytes() == LZ4_LEGACY {
            continue;
        }
        let end = at.checked_add(size as usize);
        let block = end.and_then(|end| stream.get(at..end));
        let block = block.ok_or_else(|| damaged(format!("the block at {at} is cut short")))?;
        let start = out.len();
        if (start + LZ4_BLOCK_BYTES) as u64 > KERNEL_MAX_BYTES {
            return Err(damaged("the kernel is larger than the limit".to_owned()));
        }
        out.resize(start + LZ4_BLOCK_BYTES, 0);
        let written = lz4_flex::block::decompress_into(block, &mut out[start..]);
        let written = written.map_err(|e| damaged(e.to_string()))?;
        out.truncate(start + written);
        at += block.len();
    }
    Ok(out)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// An x86 image with this stream in it.
    fn image(stream: &[u8]) -> Vec<u8> {
        let mut image = vec![0u8; 1024];
        image[0x1f1] = 1;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x206..0x208].copy_from_slice(&0x020fu16.to_le_bytes());
        image[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
        image[0x300..0x30a].copy_from_slice(b"6.1.0-1 #1");
        image[0x248..0x24c].copy_from_slice(&16u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&(stream.len() as u32).to_le_bytes());
        image.extend([0; 16]);
        image.extend(stream);
        image
    }

    fn with_size(mut stream: Vec<u8>) -> Vec<u8> {
        stream.extend(8u32.to_le_bytes());
        stream
    }

    const KERNEL: &[u8] = b"\x7fELF the kernel, the kernel, the kernel";

    #[test]
    fn every_compression_is_unpacked() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(KERNEL).expect("in memory");
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        bzip2.write_all(KERNEL).expect("in memory");
        let zstd = zstd::encode_all(KERNEL, 3).expect("in memory");
        let xz = liblzma::encode_all(KERNEL, 6).expect("in memory");
        let block = lz4_flex::block::compress(KERNEL);
        let mut lz4 = LZ4_LEGACY.to_vec();
        lz4.extend((block.len() as u32).to_le_bytes());
        lz4.extend(block);
        let streams = [
            gzip.finish().expect("in memory"),
            with_size(bzip2.finish().expect("in memory")),
            with_size(zstd),
            with_size(xz),
            with_size(lz4),
            KERNEL.to_vec(),
        ];
        for stream in streams {
            assert_eq!(unpack(&image(&stream)).as_deref(), Ok(KERNEL), "{:x?}", &stream[..4]);
        }
        assert_eq!(release(&image(KERNEL)), Some(&b"6.1.0-1"[..]));
    }

    #[test]
    fn what_cannot_be_unpacked_is_named() {
        let error = |image: &[u8]| unpack(image).expect_err("refused").to_string();
        let unknown = image(b"\xde\xad\xbe\xef\x01\x02\x03\x04\x05");
        assert!(error(&unknown).ends_with("unknown compression: it begins with de ad be ef 01 02 03 04"));
        assert!(error(&image(b"\x89LZO\0\r\n\x1a\n")).contains("compressed with lzo, which is not read"));
        let zstd = zstd::encode_all(KERNEL, 3).expect("in memory");
        assert!(error(&image(&zstd[..zstd.len() - 6])).starts_with("the zstd stream in it is damaged"));
        let whole = image(&with_size(zstd.clone()));
        assert!(error(&whole[..whole.len() - 1]).starts_with("the compressed kernel is stated at"));
        assert_eq!(error(b"MZ nothing"), ImageError::UnknownKind.to_string());
        let raw = zstd::encode_all(&b"no ELF file"[..], 3).expect("in memory");
        assert_eq!(unpack(&image(&with_size(raw))), Err(ImageError::NotElf));
        let mut old = image(KERNEL);
        old[0x206..0x208].copy_from_slice(&0x0207u16.to_le_bytes());
        assert_eq!(unpack(&old), Err(ImageError::OldProtocol(0x0207)));
    }
}
