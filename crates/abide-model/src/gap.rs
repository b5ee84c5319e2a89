//! What could not be read: always reported, never taken for "compatible".

use bstr::BString;

/// One thing that could not be read or was absent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What is missing.
    pub kind: GapKind,
    /// The artifact, package or file that it concerns, as a reader knows it.
    pub subject: BString,
    /// One sentence for people: what was looked for, where, and what was found instead.
    pub detail: String,
}

/// The classes of gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GapKind {
    /// No debug information was found for the artifact: its types were not compared.
    NoDebugInfo,
    /// The debug information refers to a supplementary (dwz) file that was not found or does not match.
    NoSupplementaryFile,
    /// The debug information is split and the `.dwo`/`.dwp` file is absent.
    NoSplitDwarf,
    /// A separate debug file was found but belongs to another build.
    DebugMismatch,
    /// Entries or references in the debug information that could not be followed.
    BrokenDebugInfo,
    /// Exported symbols that the debug information does not describe.
    UntypedSymbols,
    /// Part of an ELF file could not be read.
    BrokenElf,
    /// A file or package could not be read at all.
    Unreadable,
    /// The file is of a kind that this program does not read.
    Unsupported,
    /// A package named by the repository metadata is absent or has another checksum.
    MissingPackage,
    /// A stated limit (size, count, depth) stopped the reader.
    LimitReached,
    /// The caller asked not to read it.
    NotRead,
}

impl GapKind {
    /// Stable identifier for machine-readable output.
    pub fn id(self) -> &'static str {
        match self {
            GapKind::NoDebugInfo => "no-debug-info",
            GapKind::NoSupplementaryFile => "no-supplementary-file",
            GapKind::NoSplitDwarf => "no-split-dwarf",
            GapKind::DebugMismatch => "debug-mismatch",
            GapKind::BrokenDebugInfo => "broken-debug-info",
            GapKind::UntypedSymbols => "untyped-symbols",
            GapKind::BrokenElf => "broken-elf",
            GapKind::Unreadable => "unreadable",
            GapKind::Unsupported => "unsupported",
            GapKind::MissingPackage => "missing-package",
            GapKind::LimitReached => "limit-reached",
            GapKind::NotRead => "not-read",
        }
    }

    /// The kind with this identifier.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.id() == id)
    }

    /// Every kind.
    pub const ALL: [GapKind; 12] = [
        GapKind::NoDebugInfo,
        GapKind::NoSupplementaryFile,
        GapKind::NoSplitDwarf,
        GapKind::DebugMismatch,
        GapKind::BrokenDebugInfo,
        GapKind::UntypedSymbols,
        GapKind::BrokenElf,
        GapKind::Unreadable,
        GapKind::Unsupported,
        GapKind::MissingPackage,
        GapKind::LimitReached,
        GapKind::NotRead,
    ];
}
