//! What a change means for a distribution: which package and artifact answers to which, who imports what
//! changed, and one verdict for everything.
//!
//! Pure: facts come in, a [`Check`] goes out. The same facts give the same result for any number of threads. What
//! lives here: pairing, consumers, what happened to packages and files as a whole, the fold of verdicts. What does
//! not: reading bytes (`abide-read`), comparing two artifacts (`abide-engine`), rendering (`abide-report`).

pub mod app;
mod batches;
mod check;
mod consumers;
mod declared;
pub mod distribution;
mod files;
mod gaps;
mod headers;
pub mod kernel;
mod metadata;
mod packages;
mod pairing;
mod provided;
mod reason;
mod resolve;
mod result;
pub mod rules;
mod suppressed;
mod versions;
mod who;
mod whole;

pub use batches::Types;
pub use check::{CheckOptions, check, check_with};
pub use metadata::check_metadata;
pub use pairing::{ArtifactMatch, PackageMatch};
pub use result::{
    ArtifactResult, Check, Coverage, DebugInfo, MetadataCoverage, Outcome, PackageResult, Place, PolicyUsed,
    Resolution, SideGap, SideName, Unmet,
};
pub use rules::read_policy;
pub use versions::compare_versions;
pub use who::{Answer, Provider, Question, who};
