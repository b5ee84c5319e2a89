//! Facts: what was read of one side of a comparison.

use std::fmt;

use bstr::BString;

use crate::elf::ElfFacts;
use crate::gap::Gap;
use crate::graph::TypeGraph;
use crate::kernel::KernelFile;
use crate::metadata::Metadata;
use crate::package::{FileEntry, PackageMeta};

/// SHA-256 of a file's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Where an artifact's debug information came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DebugSource {
    /// In the artifact.
    InFile,
    /// In a separate file: its path, and the package that ships it when there is one.
    Separate {
        /// Path of the debug file.
        path: BString,
        /// NEVRA of the package.
        package: Option<String>,
    },
}

/// What is known of an artifact's types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeEvidence {
    /// They were read; gaps may still name parts.
    Read {
        /// The graph.
        graph: TypeGraph,
        /// Main debug file.
        source: DebugSource,
        /// Path of the supplementary (dwz) file that was used.
        supplementary: Option<BString>,
    },
    /// They were not looked for, since the artifact exports nothing or the caller did not ask.
    NotNeeded,
    /// They were looked for in vain; a gap says why.
    Absent,
}

impl TypeEvidence {
    /// The graph when types were read.
    pub fn graph(&self) -> Option<&TypeGraph> {
        match self {
            TypeEvidence::Read { graph, .. } => Some(graph),
            _ => None,
        }
    }
}

/// Facts of one artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactFacts {
    /// Path in the package or directory (absolute in packages, relative in directories), or the file's name.
    pub path: BString,
    /// Further paths of the same side that are links to this artifact, sorted (`libfoo.so`, `libfoo.so.1`).
    pub aliases: Vec<BString>,
    /// SHA-256 of the content; `None` when nobody needed it (see [`ArtifactFacts::is_copy_of`]).
    pub digest: Option<Digest>,
    /// Size in bytes.
    pub size_bytes: u64,
    /// ELF facts.
    pub elf: ElfFacts,
    /// Types.
    pub types: TypeEvidence,
    /// What could not be read of this artifact.
    pub gaps: Vec<Gap>,
}

impl ArtifactFacts {
    /// Whether both are the same bytes.
    ///
    /// A digest may be left out only where no file of the same size is on the other side, so that the answer
    /// without one is known to be no.
    pub fn is_copy_of(&self, other: &ArtifactFacts) -> bool {
        self.digest.is_some() && self.digest == other.digest
    }
}

/// A suppression file that lies among the files of a package or input (`*.abignore`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShippedSuppressions {
    /// Its path.
    pub path: BString,
    /// Its text.
    pub text: BString,
}

/// Facts of one package, or of loose files taken together (then `meta` is `None`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFacts {
    /// The header; `None` for files that are in no package.
    pub meta: Option<PackageMeta>,
    /// Files in no package that are laid out like an installed system: all of them, with absolute paths, sorted. Empty
    /// for packages, for other folders, and where not all could be listed.
    pub tree: Vec<FileEntry>,
    /// File name or path the package was read from, for messages.
    pub source: BString,
    /// Digest of the package file, when there is one.
    pub digest: Option<Digest>,
    /// Artifacts, sorted by path.
    pub artifacts: Vec<ArtifactFacts>,
    /// Suppression files that it ships, sorted.
    pub suppressions: Vec<ShippedSuppressions>,
    /// Files that describe a kernel (`Module.symvers`, lists of promised symbols), sorted by path.
    pub kernel_files: Vec<KernelFile>,
    /// What could not be read of this package.
    pub gaps: Vec<Gap>,
}

/// One side of a comparison: everything that was read from one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The input as the user named it.
    pub label: String,
    /// What kind of input it was, in words (`ELF file`, `RPM`, `directory`, `repository`, `snapshot`).
    pub input_kind: String,
    /// Packages, sorted by name, architecture and then NEVRA; loose files last.
    pub packages: Vec<PackageFacts>,
    /// Paths of the public headers, when packages or options state them: absolute installed paths, sorted.
    pub public_headers: Option<Vec<BString>>,
    /// What could not be read of the side as a whole.
    pub gaps: Vec<Gap>,
    /// What its repositories list; `None` when it consists of something else.
    pub metadata: Option<Metadata>,
}
