//! An artifact whose types are wanted, and the places where its debug information may be.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_model::{ArtifactFacts, DebugSource, Digest, ElfKind, Gap, GapKind, TypeEvidence};
use bstr::{BString, ByteSlice};

use super::path_bytes;
use crate::debuginfo::{Candidate, DebugIndex, Place, Reason};
use crate::dwarf::{DebugFile, has_many_plain_entries};
use crate::side::package::{Origin, PackageFile};
use crate::source::FileBytes;
use crate::store::Key;

/// Bytes of a debug file.
#[derive(Clone)]
pub(crate) enum Bytes {
    Shared(Arc<Vec<u8>>),
    File(Arc<FileBytes>),
}

impl Bytes {
    /// The debug file, with where it is on disk.
    pub(super) fn debug_file(&self) -> DebugFile<'_> {
        match self {
            Self::Shared(bytes) => bytes.as_slice().into(),
            Self::File(bytes) => DebugFile { bytes, file: bytes.file() },
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::File(bytes) => bytes,
        }
    }
}

/// A file in memory that is to be read for types.
pub(super) struct Found {
    pub(super) bytes: Bytes,
    /// Its path, in its package or on disk.
    pub(super) place: BString,
    /// Its path when it is on disk.
    pub(super) on_disk: Option<PathBuf>,
    /// What is reported as the source of the types.
    pub(super) source: DebugSource,
}

/// One place where an artifact's debug information may be.
pub(super) enum Attempt {
    /// The artifact's own bytes, in memory.
    Kept(Arc<Vec<u8>>),
    /// The artifact's own file.
    Own(PathBuf),
    /// The artifact itself, in its package.
    OwnPackage(Arc<PackageFile>, BString),
    /// A separate file on disk.
    File(PathBuf, Reason),
    /// In a debug package.
    Package(usize, BString, Reason),
    /// From a debuginfod server, by build-id.
    Server(Vec<u8>),
}

/// An artifact whose types are wanted.
pub(crate) struct Job<'a> {
    at: (usize, usize),
    pub(super) artifact: &'a ArtifactFacts,
    /// Best first; the next one to try is at the front.
    pub(super) attempts: Vec<Attempt>,
    /// What was wrong with those that were tried.
    misses: Vec<Gap>,
}

/// Types of one artifact.
pub(crate) struct Done {
    pub(crate) at: (usize, usize),
    pub(crate) types: TypeEvidence,
    pub(crate) gaps: Vec<Gap>,
    /// The debug package that the supplementary file came from.
    pub(crate) supplementary_from: Option<usize>,
    /// Whether files were looked for that only the debug information itself names (`.dwo`).
    pub(crate) is_split: bool,
}

/// Finished, or to be tried at its next place.
pub(super) type Step<'a> = Result<Done, Job<'a>>;

impl<'a> Job<'a> {
    /// Lists the places for `artifact`; where its own bytes are is told by `origin`.
    pub(crate) fn new(
        at: (usize, usize),
        artifact: &'a ArtifactFacts,
        origin: &Origin,
        index: &DebugIndex,
    ) -> Self {
        let own = || match origin {
            Origin::Package { kept: Some(bytes), .. } => Attempt::Kept(Arc::clone(bytes)),
            Origin::Package { file, path, kept: None, .. } => {
                Attempt::OwnPackage(Arc::clone(file), path.clone())
            }
            Origin::File { path, .. } => Attempt::Own(path.clone()),
        };
        let (folder, has_table) = match origin {
            Origin::File { path, has_table } => (path.parent(), *has_table),
            Origin::Package { has_table, .. } => (None, *has_table),
        };
        let mut attempts = Vec::new();
        if artifact.elf.has_debug_info {
            attempts.push(own());
        } else {
            let found = index.candidates(artifact.path.as_bstr(), folder, &artifact.elf);
            attempts.extend(found.into_iter().map(Attempt::separate));
            let asked = index.debuginfod.as_ref().and(artifact.elf.build_id.clone());
            attempts.extend(asked.map(Attempt::Server));
            // BTF and CTF say less than a separate file with DWARF does.
            attempts.extend(has_table.then(own));
        }
        Self { at, artifact, attempts, misses: Vec::new() }
    }

    /// Package and artifact, by index.
    pub(crate) fn at(&self) -> (usize, usize) {
        self.at
    }

    /// Names what has to be read first: the build whose debug packages share a supplementary file, or the artifact's
    /// own package. `None` for a file that has to do with no other.
    pub(crate) fn group<'i>(&self, index: &'i DebugIndex) -> Option<Cow<'i, str>> {
        match self.attempts.first()? {
            Attempt::Package(id, ..) => Some(Cow::Borrowed(&index.packages[*id].build)),
            Attempt::OwnPackage(file, _) => Some(Cow::Owned(file.source.name())),
            Attempt::Kept(_) | Attempt::Own(_) | Attempt::File(..) | Attempt::Server(_) => None,
        }
    }

    /// Whether many threads can read the first place: entries that need not be decompressed, by one thread, before.
    pub(crate) fn is_parallel(&self) -> bool {
        match self.attempts.first() {
            Some(Attempt::Kept(bytes)) => has_many_plain_entries(bytes),
            Some(Attempt::Own(path) | Attempt::File(path, _)) => {
                FileBytes::open(path).is_ok_and(|bytes| has_many_plain_entries(&bytes))
            }
            Some(Attempt::OwnPackage(..) | Attempt::Package(..) | Attempt::Server(_)) | None => false,
        }
    }

    /// Everything that the types depend on: the artifact, and each place where they may be. `None` when one of these
    /// cannot be told.
    ///
    /// `digest` gives the SHA-256 of a file. Also returned are the debug packages that may bring a supplementary file.
    pub(crate) fn key(
        &self,
        index: &DebugIndex,
        digest: &impl Fn(&PackageFile) -> Option<Digest>,
        file_digest: &impl Fn(&Path) -> Option<Digest>,
    ) -> Option<(Key, BTreeSet<usize>)> {
        let mut parts: Vec<Vec<u8>> = vec![self.artifact.path.to_vec(), self.artifact.digest?.0.to_vec()];
        let mut packages = BTreeSet::new();
        for attempt in &self.attempts {
            match attempt {
                Attempt::Kept(_) | Attempt::Own(_) | Attempt::OwnPackage(..) => parts.push(b"own".to_vec()),
                Attempt::Server(_) => return None,
                Attempt::File(path, reason) => {
                    parts.push(format!("file {reason:?}").into());
                    parts.push(path_bytes(path).into());
                    parts.push(file_digest(path)?.0.to_vec());
                }
                Attempt::Package(id, path, reason) => {
                    let package = &index.packages[*id];
                    parts.push(format!("package {reason:?} {}", package.nevra).into());
                    parts.push(path.to_vec());
                    parts.push(digest(&package.file)?.0.to_vec());
                    packages.extend(index.dwz_packages(&package.build));
                }
            }
        }
        for id in &packages {
            parts.push(digest(&index.packages[*id].file)?.0.to_vec());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Some((Key::of(&parts), packages))
    }

    /// Whether the types may continue those of a kernel.
    pub(crate) fn is_module(&self) -> bool {
        self.artifact.elf.kind == ElfKind::KernelModule
    }

    /// The number of symbols of the artifact, which its types refer to.
    pub(crate) fn symbols(&self) -> usize {
        self.artifact.elf.symbols.len()
    }

    /// Whether there is any place to look.
    pub(crate) fn has_places(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// Notes why a place was in vain.
    pub(super) fn miss(&mut self, kind: GapKind, detail: String) {
        self.misses.push(self.gap(kind, detail));
    }

    pub(super) fn gap(&self, kind: GapKind, detail: String) -> Gap {
        Gap { kind, subject: self.artifact.path.clone(), detail }
    }

    /// Types were read; what was wrong with other places does not matter any more.
    pub(super) fn read(self, types: TypeEvidence, gaps: Vec<Gap>, supplementary_from: Option<usize>) -> Done {
        Done { at: self.at, types, gaps, supplementary_from, is_split: false }
    }

    /// No types were read, for these reasons.
    pub(super) fn absent(self, gaps: impl IntoIterator<Item = Gap>) -> Done {
        let mut all = self.misses;
        all.extend(gaps);
        // One file can be a candidate for two reasons.
        all.dedup();
        Done {
            at: self.at,
            types: TypeEvidence::Absent,
            gaps: all,
            supplementary_from: None,
            is_split: false,
        }
    }
}

impl Attempt {
    fn separate(candidate: Candidate) -> Self {
        match candidate.place {
            Place::Package(id, path) => Self::Package(id, path, candidate.reason),
            Place::File(path) => Self::File(path, candidate.reason),
        }
    }
}
