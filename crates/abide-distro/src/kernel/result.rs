//! What a check says of a pair of kernels, in numbers.

use super::interface::Lists;

/// What the caller may ask of the comparison of kernels.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Lists of promised symbols and of tolerated changes, besides those among the inputs.
    pub lists: Lists,
}

/// Two kernels that were compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelResult {
    /// The reference's, by its release.
    pub old: String,
    /// The candidate's, by its release.
    pub new: String,
    /// Whether these are lists of promised symbols and not kernels.
    pub is_list: bool,
    /// Exports of the reference.
    pub exports_old: usize,
    /// Exports of the candidate.
    pub exports_new: usize,
    /// Exports of both.
    pub matched: usize,
    /// Of those, the ones with a checksum on both sides.
    pub with_checksums: usize,
    /// Of those, the ones with another checksum.
    pub changed: usize,
    /// Of those, the ones that a difference of types explains.
    pub explained: usize,
    /// Differences of types that explain them.
    pub causes: usize,
    /// Exports that are gone.
    pub removed: usize,
    /// Exports that are new.
    pub added: usize,
    /// Symbols on the reference's list of what is promised; `None` without a list.
    pub listed_old: Option<usize>,
    /// Symbols on the candidate's list.
    pub listed_new: Option<usize>,
    /// Promised exports that are gone or have another checksum.
    pub listed_broken: usize,
    /// Differences of types that no checksum tells of.
    pub hidden: usize,
}
