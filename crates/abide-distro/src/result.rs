//! What a check says: package by package, artifact by artifact, with everything that was not compared.

use abide_engine::Comparison;
use abide_engine::suppress::Notice;
use abide_model::{Counts, DebugSource, Finding, Gap, Level, Verdict};
use bstr::BString;

use crate::kernel::KernelResult;
use crate::pairing::{ArtifactMatch, PackageMatch};

/// The result of comparing two sides.
#[derive(Clone, Debug)]
pub struct Check {
    /// Package pairs in the reference's order, then removed and added packages.
    pub packages: Vec<PackageResult>,
    /// Findings about the distribution as a whole, which are no single package's.
    pub findings: Vec<Finding>,
    /// The kernels that were compared.
    pub kernels: Vec<KernelResult>,
    /// Gaps of the sides as a whole.
    pub gaps: Vec<SideGap>,
    /// All findings, counted.
    pub counts: Counts,
    /// What was compared, and what was not.
    pub coverage: Coverage,
    /// The worst verdict.
    pub verdict: Verdict,
    /// One sentence that says why the verdict is what it is.
    pub reason: String,
    /// The policy file that was applied; `None` when there was none.
    pub policy: Option<PolicyUsed>,
    /// Suppressions that are in force and matched nothing.
    pub suppressions_unused: Vec<Notice>,
    /// Suppressions that are past their date and cover nothing.
    pub suppressions_expired: Vec<Notice>,
    /// Requirements that nothing meets on either side: no finding, since nothing changed.
    pub unmet_on_both: Vec<Unmet>,
}

/// What a package of the candidate requires in vain, as its partner on the reference does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// NEVRA on the candidate.
    pub package: String,
    /// The requirements as people write them, sorted.
    pub requirements: Vec<String>,
}

impl Check {
    /// Every finding: the distribution's own, then package by package.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.packages.iter().flat_map(PackageResult::all_findings))
    }
}

/// The policy file of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyUsed {
    /// The file, as the caller named it.
    pub file: String,
    /// The compatibility level of packages that it does not list, when it states one.
    pub default_compatibility: Option<u8>,
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SideName {
    /// The side whose binary interface is the promise.
    Reference,
    /// The side that must keep it.
    Candidate,
}

/// A gap and the side that it was met on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SideGap {
    /// The side; `None` when it concerns the comparison of the two.
    pub side: Option<SideName>,
    /// The gap.
    pub gap: Gap,
}

/// Two packages, or one that has no partner.
#[derive(Clone, Debug)]
pub struct PackageResult {
    /// Index into the reference's packages.
    pub old: Option<usize>,
    /// Index into the candidate's packages.
    pub new: Option<usize>,
    /// How they were found to belong together; `None` for a package without a partner.
    pub by: Option<PackageMatch>,
    /// Its compatibility level by the policy.
    pub compatibility_level: Option<u8>,
    /// Their artifacts, in the reference's order; what only the candidate has comes last.
    pub artifacts: Vec<ArtifactResult>,
    /// Findings about the package itself.
    pub findings: Vec<Finding>,
    /// What could not be read of the packages.
    pub gaps: Vec<SideGap>,
    /// The worst verdict of what is in it.
    pub verdict: Verdict,
}

impl PackageResult {
    /// Every finding of the package and its artifacts.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.artifacts.iter().flat_map(|artifact| &artifact.findings))
    }
}

/// Where an artifact of a result is: indices into a side's packages and a package's artifacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index into the side's packages; another package than the result's when the artifact moved.
    pub package: usize,
    /// Index into that package's artifacts.
    pub artifact: usize,
}

/// Two artifacts, or one that has no partner.
#[derive(Clone, Debug)]
pub struct ArtifactResult {
    /// Soname, or file name when there is none; the reference's where there are two.
    pub name: BString,
    /// On the reference.
    pub old: Option<Place>,
    /// On the candidate.
    pub new: Option<Place>,
    /// How they were found to belong together; `None` for an artifact without a partner.
    pub by: Option<ArtifactMatch>,
    /// Where the reference's types are from, when types were compared.
    pub debug_old: Option<DebugInfo>,
    /// Where the candidate's types are from, when types were compared.
    pub debug_new: Option<DebugInfo>,
    /// What was done with them.
    pub outcome: Outcome,
    /// Everything found, worst first.
    pub findings: Vec<Finding>,
    /// What could not be read or compared.
    pub gaps: Vec<SideGap>,
    /// The artifact's own verdict.
    pub verdict: Verdict,
    /// Its compatibility level by the policy.
    pub compatibility_level: Option<u8>,
    /// What became of its imports on the candidate.
    pub resolution: Resolution,
}

/// What became of imports: whether they are found in what is loaded with the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Imports that are not weak.
    pub imports: usize,
    /// Found.
    pub resolved: usize,
    /// Found on neither side, or provided by the program that loads a plugin.
    pub unresolved_on_both: usize,
    /// Not decided: a library that may provide them is not among the candidate's packages, or could not be read.
    pub unknown: usize,
    /// Needed libraries that neither side has.
    pub libraries_missing: usize,
}

impl Resolution {
    /// The imports that are found no more.
    pub fn lost(&self) -> usize {
        self.imports - self.resolved - self.unresolved_on_both - self.unknown
    }

    pub(crate) fn add(&mut self, other: &Resolution) {
        let Resolution { imports, resolved, unresolved_on_both, unknown, libraries_missing } = other;
        self.imports += imports;
        self.resolved += resolved;
        self.unresolved_on_both += unresolved_on_both;
        self.unknown += unknown;
        self.libraries_missing += libraries_missing;
    }
}

/// Where the types of an artifact were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugInfo {
    /// The main debug file.
    pub source: DebugSource,
    /// Path of the supplementary (dwz) file that was used.
    pub supplementary: Option<BString>,
}

/// What was done with two artifacts.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Same content: there is nothing to compare.
    Identical,
    /// The engine compared them; its findings and gaps are those of the result.
    Compared(Box<Comparison>),
    /// Absent on the candidate.
    Removed,
    /// Absent on the reference.
    Added,
}

/// What was compared, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Packages that were compared with a partner (loose files count as none).
    pub packages_compared: usize,
    /// Packages that only the reference has.
    pub packages_removed: usize,
    /// Packages that only the candidate has.
    pub packages_added: usize,
    /// Older builds, on both sides together, that were left aside.
    pub packages_superseded: usize,
    /// Debug packages that the reference's types come from.
    pub debug_packages_old: usize,
    /// Debug packages that the candidate's types come from.
    pub debug_packages_new: usize,
    /// Artifact pairs with the same content.
    pub identical: usize,
    /// Artifact pairs compared by symbols and types.
    pub with_types: usize,
    /// Artifact pairs compared by symbols and by the types of some of them.
    pub types_partly: usize,
    /// Artifact pairs compared by symbols only, for lack of debug information.
    pub symbols_only: usize,
    /// Artifact pairs that export nothing whose type could matter.
    pub no_exports: usize,
    /// Artifacts that only the reference has.
    pub artifacts_removed: usize,
    /// Artifacts that only the candidate has.
    pub artifacts_added: usize,
    /// Symbols that the reference's compared artifacts export.
    pub symbols_old: usize,
    /// Symbols that the candidate's compared artifacts export.
    pub symbols_new: usize,
    /// Symbols of both that stand for a public function or object, and so need a type.
    pub symbols_need_types: usize,
    /// Of those, the ones whose types were compared.
    pub symbols_typed: usize,
    /// What became of the imports of the candidate's programs and libraries.
    pub resolution: Resolution,
    /// What the metadata of repositories says; `None` when the sides are no repositories.
    pub metadata: Option<MetadataCoverage>,
}

/// What was looked at of the metadata of repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetadataCoverage {
    /// Pairs of builds that are the same file.
    pub same_files: usize,
    /// Capabilities of the reference's packages that nothing on the candidate provides.
    pub capabilities_lost: usize,
    /// Requirements of the candidate's packages.
    pub requirements: usize,
    /// Of those, the ones that nothing meets.
    pub requirements_broken: usize,
    /// Of those, the ones that nothing meets on either side.
    pub requirements_broken_on_both: usize,
    /// Of those, the ones of which it cannot be told.
    pub requirements_undecided: usize,
    /// Packages of the candidate that are new or another build, for which it was asked whether they can be installed.
    pub packages_solved: usize,
    /// Of those, the ones that cannot be, although the reference's could or is not there.
    pub not_installable: usize,
    /// Of those, the ones that can be installed on neither side.
    pub not_installable_on_both: usize,
    /// Paths of the candidate's packages that were looked through for conflicts; `None` when not all are listed.
    pub files: Option<usize>,
}

impl Coverage {
    /// Artifact pairs that were compared in one way or another.
    pub fn compared(&self) -> usize {
        self.identical + self.with_types + self.types_partly + self.symbols_only + self.no_exports
    }
}

/// The verdict that a level alone amounts to.
pub(crate) fn verdict_of(level: Level) -> Verdict {
    match level {
        Level::Safe => Verdict::Compatible,
        Level::Review => Verdict::Review,
        Level::Break => Verdict::Incompatible,
    }
}

/// The worst verdict of findings that are not suppressed.
pub(crate) fn verdict_of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Verdict {
    let standing = findings.into_iter().filter(|finding| finding.suppressed.is_none());
    standing.map(|finding| verdict_of(finding.level)).max().unwrap_or(Verdict::Compatible)
}
