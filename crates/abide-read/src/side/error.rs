//! Why an input could not be opened at all. What is missing inside one that could is a gap, no error.

use std::io;

use super::package::PackageError;
use crate::repo::RepoError;
use crate::snapshot::SnapshotError;

/// Why an input could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing is there.
    #[error("{path}: no such file or directory")]
    NotFound {
        /// The path as given.
        path: String,
    },
    /// It is there and cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A file of a kind that is not read.
    #[error("{path}: is {found}; what is read is {}", crate::input::READABLE)]
    Unsupported {
        /// The file.
        path: String,
        /// What it is.
        found: String,
    },
    /// A lone ELF file that is damaged.
    #[error("{path}: {detail}")]
    Elf {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// A lone boot image out of which no kernel comes.
    #[error("{path}: {detail}")]
    KernelImage {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// A lone text about a kernel that is not what it seems.
    #[error("{path}: {detail}")]
    KernelText {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// A lone ELF file that holds debug information only.
    #[error("{path}: is a separate debug file: it has no interface of its own")]
    DebugFile {
        /// The file.
        path: String,
    },
    /// A lone package that is damaged.
    #[error("{path}: {source}")]
    Package {
        /// The file.
        path: String,
        /// What is wrong.
        source: PackageError,
    },
    /// A repository whose metadata cannot be used.
    #[error("{path}: {source}")]
    Repository {
        /// Folder or URL.
        path: String,
        /// What is wrong.
        source: RepoError,
    },
    /// A snapshot that cannot be used.
    #[error("{path}: {source}")]
    Snapshot {
        /// The file.
        path: String,
        /// What is wrong.
        source: SnapshotError,
    },
    /// A directory or repository without anything to compare.
    #[error("{path}: {reason}")]
    Nothing {
        /// Folder or URL.
        path: String,
        /// What was found instead.
        reason: String,
    },
}

impl OpenError {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => {
                "check the path; inputs are files, folders, or http(s) URLs of repositories"
            }
            Self::Io { .. } => "check that the file is complete and that you may read it",
            Self::Unsupported { .. } => {
                "unpack it and give the folder, or give the package or ELF file itself"
            }
            Self::Elf { .. } => "get the file again; a complete one starts with a whole ELF header",
            Self::KernelImage { .. } => "give the vmlinux of the kernel's debuginfo, or its Module.symvers",
            Self::KernelText { .. } => {
                "a Module.symvers comes from the kernel's build, its -devel package or its headers"
            }
            Self::DebugFile { .. } => "give the library itself, and this file or its folder with --debuginfo",
            Self::Package { .. } => {
                "get the package again, and check it with `rpm -K FILE` or `dpkg-deb -I FILE`"
            }
            Self::Repository {
                source: RepoError::Unsigned(_) | RepoError::Signature { .. } | RepoError::Key { .. },
                ..
            } => {
                "give the keys that sign this repository's metadata, and check that it comes from where it should"
            }
            Self::Repository { .. } => {
                "check that the folder or URL holds `repodata/repomd.xml`, a `Packages` index or a suite's `Release`"
            }
            Self::Snapshot { .. } => "make the snapshot again with `abide snapshot`",
            Self::Nothing { .. } => {
                "give a folder with packages or ELF files; debug packages alone go to --debuginfo"
            }
        }
    }
}
