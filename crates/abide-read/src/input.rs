//! What a file is, told from its content and never from its name.
//!
//! Only the first bytes are looked at; whether the rest keeps the promise is found by the reader of that format.

use crate::compress::Compression;

/// How many bytes [`ContentKind::detect`] wants to see; fewer are fine for a file that has no more.
pub const HEAD_BYTES: usize = 1024;

/// What the first bytes of a file say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// ELF (gABI "ELF Header").
    Elf,
    /// BTF without a file around it, as in `/sys/kernel/btf`.
    Btf,
    /// An RPM package.
    Rpm,
    /// A side saved by this program.
    Snapshot,
    /// A compressed stream; what is inside has to be asked again.
    Compressed(Compression),
    /// A Debian package.
    Deb,
    /// An `ar` archive, for instance a static library.
    Ar,
    /// A tar archive.
    Tar,
    /// A cpio archive.
    Cpio,
    /// A Linux kernel image for booting (`vmlinuz`).
    KernelImage,
    /// A Mach-O or PE file.
    ForeignExecutable,
    /// libabigail's own representation of an interface.
    AbiXml,
    /// An XML document.
    Xml,
    /// A zip archive.
    Zip,
    /// Nothing at all.
    Empty,
    /// None of these.
    Unknown,
}

impl ContentKind {
    /// Tells the kind from the first bytes.
    pub fn detect(head: &[u8]) -> Self {
        match head {
            _ if crate::snapshot::is_snapshot(head) => Self::Snapshot,
            [] => Self::Empty,
            [0x7f, b'E', b'L', b'F', ..] => Self::Elf,
            _ if crate::btf::is_raw(head) => Self::Btf,
            _ if crate::rpm::is_rpm(head) => Self::Rpm,
            _ if head.starts_with(b"!<arch>\ndebian-binary") => Self::Deb,
            _ if head.starts_with(b"!<arch>\n") || head.starts_with(b"!<thin>\n") => Self::Ar,
            _ if head.get(257..262) == Some(b"ustar") || crate::tar::is_tar(head) => Self::Tar,
            _ if head.starts_with(b"0707") => Self::Cpio,
            // Linux `Documentation/arch/x86/boot.rst`, `arch/arm64/booting.rst`.
            _ if head.get(0x202..0x206) == Some(b"HdrS") || head.get(0x38..0x3c) == Some(b"ARMd") => {
                Self::KernelImage
            }
            // `drivers/firmware/efi/libstub/zboot-header.S`.
            [b'M', b'Z', _, _, b'z', b'i', b'm', b'g', ..] => Self::KernelImage,
            [b'M', b'Z', ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => Self::ForeignExecutable,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            _ if head.trim_ascii_start().starts_with(b"<abi-") => Self::AbiXml,
            _ if head.trim_ascii_start().starts_with(b"<?xml") => Self::Xml,
            _ => Compression::detect(head).map_or(Self::Unknown, Self::Compressed),
        }
    }

    /// Name for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Elf => "an ELF file",
            Self::Btf => "BTF",
            Self::Rpm => "an RPM package",
            Self::Snapshot => "a snapshot",
            Self::Compressed(Compression::Gzip) => "a gzip file",
            Self::Compressed(Compression::Bzip2) => "a bzip2 file",
            Self::Compressed(Compression::Xz) => "an xz file",
            Self::Compressed(Compression::Lzma) => "an lzma file",
            Self::Compressed(Compression::Zstd) => "a zstd file",
            Self::Deb => "a Debian package",
            Self::Ar => "an ar archive (static library)",
            Self::Tar => "a tar archive",
            Self::Cpio => "a cpio archive",
            Self::KernelImage => "a bootable Linux kernel image",
            Self::ForeignExecutable => "an executable that is not ELF",
            Self::AbiXml => "an interface in libabigail's XML",
            Self::Xml => "an XML document",
            Self::Zip => "a zip archive",
            Self::Empty => "an empty file",
            Self::Unknown => "a file of unknown kind",
        }
    }
}

/// The kinds of input that are read, for messages.
pub const READABLE: &str = "an ELF file, a kernel image, BTF, Module.symvers, a list of kernel symbols, an RPM or Debian package, a directory or tar archive of packages or plain files, a repository (folder or URL), or a snapshot";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_kinds_by_content() {
        assert_eq!(ContentKind::detect(b"\x7fELF\x02\x01"), ContentKind::Elf);
        assert_eq!(ContentKind::detect(&[0xed, 0xab, 0xee, 0xdb, 3, 0]), ContentKind::Rpm);
        assert_eq!(ContentKind::detect(b"!<arch>\ndebian-binary   "), ContentKind::Deb);
        assert_eq!(ContentKind::detect(b"!<arch>\nfoo.o/  "), ContentKind::Ar);
        assert_eq!(ContentKind::detect(&[0x9f, 0xeb, 1, 0, 24, 0, 0, 0]), ContentKind::Btf);
        assert_eq!(ContentKind::detect(b""), ContentKind::Empty);
        assert_eq!(ContentKind::detect(b"\x7fEL"), ContentKind::Unknown);
        let mut tar = [0u8; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(ContentKind::detect(&tar), ContentKind::Tar);
        let mut image = [0u8; 1024];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        assert_eq!(ContentKind::detect(&image), ContentKind::KernelImage);
    }
}
