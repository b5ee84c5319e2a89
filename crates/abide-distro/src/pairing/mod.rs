//! Which package and which artifact of the candidate answers to which of the reference.
//!
//! Pairing decides nothing about compatibility: what stays without a partner, or has one only under another
//! name, is handed on by name and becomes a finding.

mod artifacts;
mod names;
mod packages;

pub(crate) use artifacts::{ArtifactPair, pair_artifacts};
pub(crate) use names::{
    file_name, is_default_library_dir, is_library_name, parent, usr_merged, version_free,
};
pub(crate) use packages::{PackagePair, PackagePairs, pair_packages, provides, superseded};

use abide_model::{ArtifactFacts, PackageFacts, Side};

/// How two packages were found to belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageMatch {
    /// Same name and architecture.
    Name,
    /// Files that are in no package, taken together.
    Loose,
    /// The candidate's package provides the reference's name.
    Provides,
    /// Same name, other architecture.
    OtherArchitecture,
    /// Packages of a kernel, whose names are the same but for the version in them.
    VersionedName,
    /// Each side has just one package.
    OnlyOnes,
}

impl PackageMatch {
    /// Stable identifier for output.
    pub fn id(self) -> &'static str {
        match self {
            PackageMatch::Name => "name",
            PackageMatch::Loose => "loose",
            PackageMatch::Provides => "provides",
            PackageMatch::OtherArchitecture => "other-architecture",
            PackageMatch::VersionedName => "versioned-name",
            PackageMatch::OnlyOnes => "only-ones",
        }
    }
}

/// How two artifacts were found to belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactMatch {
    /// Same path (`/usr` merged or not).
    Path,
    /// Same soname.
    Soname,
    /// Same name but for the version in it.
    VersionedName,
    /// Same content.
    Content,
    /// The path is now another name (a link) of the candidate's artifact.
    Alias,
    /// Each side has just one artifact.
    OnlyOnes,
}

impl ArtifactMatch {
    /// Stable identifier for output.
    pub fn id(self) -> &'static str {
        match self {
            ArtifactMatch::Path => "path",
            ArtifactMatch::Soname => "soname",
            ArtifactMatch::VersionedName => "versioned-name",
            ArtifactMatch::Content => "content",
            ArtifactMatch::Alias => "alias",
            ArtifactMatch::OnlyOnes => "only-ones",
        }
    }
}

/// Place of an artifact on its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ArtifactRef {
    /// Index of the package.
    pub(crate) package: usize,
    /// Index of the artifact in it.
    pub(crate) artifact: usize,
}

impl ArtifactRef {
    /// The artifact's facts.
    pub(crate) fn of(self, side: &Side) -> &ArtifactFacts {
        &self.package_of(side).artifacts[self.artifact]
    }

    /// The facts of the package that it is in.
    pub(crate) fn package_of(self, side: &Side) -> &PackageFacts {
        &side.packages[self.package]
    }
}

/// References to every artifact of a package.
pub(crate) fn artifacts_of(side: &Side, package: usize) -> impl Iterator<Item = ArtifactRef> + '_ {
    (0..side.packages[package].artifacts.len()).map(move |artifact| ArtifactRef { package, artifact })
}
