//! An artifact whose types are wanted, and the places where its debug information may be.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use abide_model::{ArtifactFacts, DebugSource, Gap, GapKind, TypeEvidence};
use bstr::{BString, ByteSlice};

use crate::debuginfo::{Candidate, DebugIndex, Place, Reason};
use crate::side::package::{Origin, PackageFile};
use crate::source::FileBytes;

/// Bytes of a debug file.
#[derive(Clone)]
pub(crate) enum Bytes {
    Shared(Arc<Vec<u8>>),
    File(Arc<FileBytes>),
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
    pub(super) supplementary_from: Option<usize>,
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

    /// Notes why a place was in vain.
    pub(super) fn miss(&mut self, kind: GapKind, detail: String) {
        self.misses.push(self.gap(kind, detail));
    }

    pub(super) fn gap(&self, kind: GapKind, detail: String) -> Gap {
        Gap { kind, subject: self.artifact.path.clone(), detail }
    }

    /// Types were read; what was wrong with other places does not matter any more.
    pub(super) fn read(self, types: TypeEvidence, gaps: Vec<Gap>, supplementary_from: Option<usize>) -> Done {
        Done { at: self.at, types, gaps, supplementary_from }
    }

    /// No types were read, for these reasons.
    pub(super) fn absent(self, gaps: impl IntoIterator<Item = Gap>) -> Done {
        let mut all = self.misses;
        all.extend(gaps);
        // One file can be a candidate for two reasons.
        all.dedup();
        Done { at: self.at, types: TypeEvidence::Absent, gaps: all, supplementary_from: None }
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
