//! Files that describe a kernel and are no ELF files: `Module.symvers`, lists of promised symbols, SUSE's severities,
//! and the boot image, out of which the kernel is unpacked in memory.
//!
//! In packages and folders they are found by their names, since most are plain text; a file that the user names is told by
//! its content. What kernel images and modules say in their own sections is read in `elf`.

pub mod image;
mod list;
mod rules;
mod severities;
mod symvers;

use abide_model::{KernelContent, KernelFile};
use bstr::{BStr, BString, ByteSlice};

use crate::compress::Compression;
use crate::input::ContentKind;

pub use list::read_list;
pub use rules::{KabiRulesError, parse_rules, read_rules};
pub use severities::read_severities;
pub use symvers::read_symvers;

/// Text of more than this is none of these files: the largest `Module.symvers` have 4 MB.
pub const TEXT_MAX_BYTES: u64 = 64 << 20;

/// Why a text file about a kernel cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelTextError {
    /// A line has another number of columns than 4 or 5; carries the line and what was found.
    #[error(
        "line {line} has {found} columns, and Module.symvers has 4 or 5: checksum, symbol, module, export, namespace"
    )]
    Columns {
        /// Line, from 1.
        line: u32,
        /// Number of columns.
        found: usize,
    },
    /// The first column is no checksum of 32 bits; carries the line and the text.
    #[error("line {line}: {text:?} is no checksum, which is written as 0x and up to 8 hexadecimal digits")]
    Checksum {
        /// Line, from 1.
        line: u32,
        /// What is there.
        text: String,
    },
    /// No column is one of the words for a kind of export; carries the line and the column where it belongs.
    #[error("line {line}: {text:?} is no kind of export (EXPORT_SYMBOL, EXPORT_SYMBOL_GPL, …)")]
    Export {
        /// Line, from 1.
        line: u32,
        /// What is there.
        text: String,
    },
    /// A line that names no symbol; carries the line and its text.
    #[error("line {line}: {text:?} is no symbol")]
    Symbol {
        /// Line, from 1.
        line: u32,
        /// What is there.
        text: String,
    },
    /// A line of a severities file that is not a pattern and PASS or FAIL.
    #[error("line {line}: {text:?} is not a pattern followed by PASS or FAIL")]
    Severity {
        /// Line, from 1.
        line: u32,
        /// What is there.
        text: String,
    },
    /// There is no line that says anything.
    #[error("no line in it names a symbol")]
    Empty,
    /// The compressed stream is damaged or too large; carries the reason.
    #[error("the {method} stream cannot be decompressed: {reason}")]
    Stream {
        /// Compression.
        method: &'static str,
        /// What the decoder says.
        reason: String,
    },
}

/// Which of the text files a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// `Module.symvers`, `symvers.gz`, `symvers-RELEASE.gz`.
    Symvers,
    /// `Module.kabi_ARCH`, `kabi_stablelist_ARCH`, `kabi_whitelist_ARCH`, Android's `abi_symbollist`.
    List,
    /// `kabi/severities`.
    Severities,
}

impl TextKind {
    /// By the path of a file in a package or folder; the text itself decides nothing there.
    pub fn of_path(path: &BStr) -> Option<Self> {
        let path: &[u8] = path;
        let (folder, name) = match path.rfind_byte(b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&b""[..], path),
        };
        let plain = [&b".gz"[..], b".xz", b".zst"].iter().find_map(|s| name.strip_suffix(*s)).unwrap_or(name);
        let is_kabi = |name: &[u8]| {
            ["Module.kabi_", "kabi_stablelist", "kabi_whitelist", "abi_symbollist", "abi_gki_"]
                .iter()
                .any(|start| name.starts_with(start.as_bytes()))
        };
        match plain {
            b"Module.symvers" | b"symvers" => Some(Self::Symvers),
            _ if plain.len() < name.len() && plain.starts_with(b"symvers-") => Some(Self::Symvers),
            // Copies of symbols for kernels of other flavours; empty in all releases.
            _ if name.starts_with(b"Module.kabi_dup_") => None,
            _ if is_kabi(plain) => Some(Self::List),
            b"severities" if folder.ends_with(b"kabi") => Some(Self::Severities),
            _ => None,
        }
    }

    /// By the first lines of a file that the user names.
    pub fn of_text(path: &BStr, head: &[u8]) -> Option<Self> {
        if let Some(kind) = Self::of_path(path) {
            return Some(kind);
        }
        let mut lines = head.lines().map(<[u8]>::trim_ascii);
        let first =
            lines.find(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";"))?;
        let is_section = first.starts_with(b"[") && first.ends_with(b"]");
        match first {
            _ if symvers::is_line(first) => Some(Self::Symvers),
            _ if is_section && list::is_list_section(&first[1..first.len() - 1]) => Some(Self::List),
            _ => None,
        }
    }
}

/// Reads a text file of this kind, which may be compressed.
///
/// # Errors
/// When it is not what its kind says; the first line that is not is named.
pub fn read_text(kind: TextKind, path: &BStr, bytes: &[u8]) -> Result<KernelFile, KernelTextError> {
    let decoded;
    let text = match ContentKind::detect(bytes) {
        ContentKind::Compressed(compression) => {
            decoded = decompress(compression, bytes)?;
            decoded.as_slice()
        }
        _ => bytes,
    };
    let content = match kind {
        TextKind::Symvers => KernelContent::Symvers(read_symvers(text)?),
        TextKind::List => KernelContent::List(read_list(path, text)?),
        TextKind::Severities => KernelContent::Severities(read_severities(text)?),
    };
    Ok(KernelFile { path: BString::from(path), content })
}

fn decompress(compression: Compression, bytes: &[u8]) -> Result<Vec<u8>, KernelTextError> {
    let decoded = compression.decode_all(bytes, TEXT_MAX_BYTES, "the decompressed text");
    decoded.map_err(|e| KernelTextError::Stream { method: compression.name(), reason: e.to_string() })
}

/// The lines of a text that say something, with their numbers.
fn lines(text: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    (1u32..).zip(text.lines()).filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// Text for a message: not more than a screen's width, whatever it holds.
fn shown(text: &[u8]) -> String {
    let text = text.to_str_lossy();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
