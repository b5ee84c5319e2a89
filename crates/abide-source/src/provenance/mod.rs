//! Where a patch comes from: what is said of it, what kind of place that is, and how well it can be followed.
//!
//! Evidence is collected, never made up: each piece keeps its words and where they stand.

mod address;
mod header;
mod name;
mod words;

use std::fmt;

pub use address::class_of_link;
pub use header::of_header;
pub use name::of_name;
pub use words::of_text;

/// Where a piece of evidence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the comment right above the patch's line.
    Comment,
    /// In the patch's line itself.
    Value,
    /// In the modification file.
    Modification,
    /// In the patch file, before its first difference.
    Header,
    /// In the comment above the group that the patch is in.
    Group,
    /// In the patch's file name.
    Name,
    /// In the changelog entry that names the patch.
    Changelog,
}

/// All places, in the order of trust.
pub const PLACES: &[Place] = &[
    Place::Comment,
    Place::Value,
    Place::Modification,
    Place::Header,
    Place::Group,
    Place::Name,
    Place::Changelog,
];

/// What kind of place a patch comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A commit of the project itself.
    UpstreamCommit,
    /// A merge or pull request.
    MergeRequest,
    /// CentOS Stream.
    CentosStream,
    /// Fedora.
    Fedora,
    /// Another distribution.
    OtherDistribution,
    /// A mailing list.
    MailingList,
    /// A bug tracker.
    BugTracker,
    /// A CVE.
    Cve,
    /// Nowhere: it is our own, or the reference's own.
    Own,
    /// Somewhere on the web.
    Web,
}

/// All classes.
pub const CLASSES: &[Class] = &[
    Class::UpstreamCommit,
    Class::MergeRequest,
    Class::CentosStream,
    Class::Fedora,
    Class::OtherDistribution,
    Class::MailingList,
    Class::BugTracker,
    Class::Cve,
    Class::Own,
    Class::Web,
];

/// How well evidence can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// There is none.
    None,
    /// A hash of an unknown repository.
    Weak,
    /// An identifier that a person can look up.
    Identifier,
    /// A link.
    Link,
}

/// All grades, best first.
pub const GRADES: &[Grade] = &[Grade::Link, Grade::Identifier, Grade::Weak, Grade::None];

impl Place {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Place::Comment => "comment",
            Place::Value => "value",
            Place::Modification => "modification",
            Place::Header => "header",
            Place::Group => "group-comment",
            Place::Name => "name",
            Place::Changelog => "changelog",
        }
    }
}

impl Class {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Class::UpstreamCommit => "upstream-commit",
            Class::MergeRequest => "merge-request",
            Class::CentosStream => "centos-stream",
            Class::Fedora => "fedora",
            Class::OtherDistribution => "other-distribution",
            Class::MailingList => "mailing-list",
            Class::BugTracker => "bug-tracker",
            Class::Cve => "cve",
            Class::Own => "own",
            Class::Web => "web",
        }
    }
}

impl Grade {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Grade::None => "none",
            Grade::Weak => "weak",
            Grade::Identifier => "identifier",
            Grade::Link => "link",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Where it stands.
    pub place: Place,
    /// What kind of place it points to.
    pub class: Class,
    /// How well it can be followed.
    pub grade: Grade,
    /// The link or identifier.
    pub text: String,
}

/// The best grade among evidence.
pub fn grade(evidence: &[Evidence]) -> Grade {
    evidence.iter().map(|e| e.grade).max().unwrap_or(Grade::None)
}

/// The piece that says best where a patch comes from: the best followed, of the class that says most, from the place
/// trusted most.
pub fn best(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().min_by_key(|e| (std::cmp::Reverse(e.grade), e.class, e.place))
}

/// The CVE identifiers among evidence, sorted.
pub fn cves(evidence: &[Evidence]) -> Vec<&str> {
    let mut cves: Vec<&str> = evidence
        .iter()
        .filter(|e| e.class == Class::Cve && e.text.starts_with("CVE-"))
        .map(|e| e.text.as_str())
        .collect();
    cves.sort_unstable();
    cves.dedup();
    cves
}
