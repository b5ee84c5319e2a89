//! Where the types of artifacts come from when they are wanted: read for a few artifacts at a time and dropped
//! after, since those of a whole distribution fit in no memory.

use crate::facts::TypeEvidence;
use crate::gap::Gap;
use crate::progress::Progress;

/// Types of one artifact, and what could not be read of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedTypes {
    /// The types.
    pub types: TypeEvidence,
    /// Gaps to add to the artifact's own.
    pub gaps: Vec<Gap>,
}

/// Reads types of one side's artifacts; asked from any thread. Artifacts are named by the index of their package and
/// their index in it.
pub trait TypeSource: Sync {
    /// What has to be read for an artifact's types, as a number: artifacts with the same number (those of one
    /// debug package) are best loaded together. `None` when nothing has to be read that others need as well.
    fn group(&self, package: usize, artifact: usize) -> Option<u64>;

    /// Whether reading this one artifact's types keeps all processors busy, so that nothing is gained, and much memory
    /// spent, by reading another beside it.
    fn is_parallel(&self, _package: usize, _artifact: usize) -> bool {
        false
    }

    /// Reads the types of artifacts, in the order of `wanted`; `None` for those whose facts have them already, or
    /// that need none.
    fn load(&self, wanted: &[(usize, usize)], progress: &dyn Progress) -> Vec<Option<LoadedTypes>>;
}

/// The facts of a side have all types themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypesInFacts;

impl TypeSource for TypesInFacts {
    fn group(&self, _: usize, _: usize) -> Option<u64> {
        None
    }

    fn load(&self, wanted: &[(usize, usize)], _: &dyn Progress) -> Vec<Option<LoadedTypes>> {
        vec![None; wanted.len()]
    }
}
