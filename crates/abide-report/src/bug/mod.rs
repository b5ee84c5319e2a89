//! Bugs: the matrix document `abide.bug-matrix/1`, the bisection document `abide.bug-bisect/1`, and both as text.

mod text;

use abide_bug::route::Routed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use text::{bisection, matrix};

/// Identifier of the matrix document.
pub const MATRIX_SCHEMA: &str = "abide.bug-matrix/1";
/// Identifier of the list.
pub const LIST_SCHEMA: &str = "abide.bug-list/1";
/// Identifier of the bisection document.
pub const BISECT_SCHEMA: &str = "abide.bug-bisect/1";

/// A bug's runs in all environments, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct MatrixDocument {
    /// [`MATRIX_SCHEMA`].
    pub schema: String,
    /// Program and version.
    pub made_by: String,
    /// The bug.
    pub bug: BugEntry,
    /// When the matrix was complete, in seconds since 1970.
    pub at: u64,
    /// Runs that were asked for in each environment.
    pub runs: usize,
    /// The environments, by role.
    pub environments: Vec<EnvironmentEntry>,
    /// Where the bug belongs.
    pub route: RouteEntry,
    /// What can be done next, and what was noticed besides.
    pub notes: Vec<String>,
}

/// Which bug it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BugEntry {
    /// Its file.
    pub file: String,
    /// Its title.
    pub title: String,
    /// The package.
    pub package: String,
    /// Digest of all that runs depend on.
    pub digest: String,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentEntry {
    /// candidate, stream, reference, older or swapped.
    pub role: String,
    /// What people call it.
    pub name: String,
    /// root, oci or command.
    pub kind: String,
    /// The root tree, the image or the template.
    pub place: String,
    /// Kernel release that runs met.
    pub kernel: Option<String>,
    /// Installed packages: `name version architecture`; none when they are not known.
    pub packages: Option<Vec<String>>,
    /// Digest of that list.
    pub packages_digest: Option<String>,
    /// The bug's package as it is installed there.
    pub package: Vec<String>,
    /// seen, not-seen, flaky, timed-out, unclear or not-run.
    pub finding: String,
    /// The same in words, with the reason.
    pub words: String,
    /// The runs.
    pub runs: Vec<RunEntry>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RunEntry {
    /// Number, from 1.
    pub number: usize,
    /// What was run.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub at: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// seen, not-seen, timed-out, unclear or not-run.
    pub sight: String,
    /// Why it is unclear or was not run.
    pub why: Option<String>,
    /// Exit status as shells have it; none when the run was ended.
    pub status: Option<u8>,
    /// The limit that ended it.
    pub limit: Option<String>,
    /// Start of its output.
    pub output: String,
    /// Bytes of its output.
    pub output_bytes: u64,
    /// The most processes and threads at one time, as far as was seen.
    pub most_processes: u64,
    /// The most memory at one time, as far as was seen.
    pub most_memory_bytes: u64,
    /// Processes that it left running; they were ended.
    pub left_running: u64,
    /// What held it: namespaces, user, what counted its processes.
    pub isolation: String,
}

/// Where a bug belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RouteEntry {
    /// upstream, fixed-in-stream, ours, coming, not-reproduced or undecided.
    pub route: String,
    /// What to do.
    pub advice: String,
    /// What it follows from.
    pub reasons: Vec<String>,
    /// What is missing.
    pub missing: Vec<String>,
    /// Routes that are still possible.
    pub possible: Vec<String>,
}

impl From<&Routed> for RouteEntry {
    fn from(routed: &Routed) -> Self {
        RouteEntry {
            route: routed.route.id().to_owned(),
            advice: routed.route.advice().to_owned(),
            reasons: routed.reasons.clone(),
            missing: routed.missing.clone(),
            possible: routed.possible.iter().map(|route| route.id().to_owned()).collect(),
        }
    }
}

/// The way to the first bad update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BisectDocument {
    /// [`BISECT_SCHEMA`].
    pub schema: String,
    /// Program and version.
    pub made_by: String,
    /// The bug.
    pub bug: BugEntry,
    /// The root that updates were installed into.
    pub root: String,
    /// All updates, oldest first.
    pub updates: Vec<String>,
    /// The states that were tried, in this order.
    pub steps: Vec<StepEntry>,
    /// first-bad (with `--fixed`: the first good one), between, bad-before, good-after or unclear-end.
    pub outcome: String,
    /// The same in words.
    pub words: String,
    /// The first bad update, or all that may be it.
    pub suspects: Vec<String>,
    /// What changed between the packages before and after: the check's verdict.
    pub verdict: Option<String>,
    /// The whole findings document (`abide.check/1`).
    pub check: Option<serde_json::Value>,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepEntry {
    /// How many updates it has.
    pub updates: usize,
    /// The last of them.
    pub last: Option<String>,
    /// good, bad or cannot-tell.
    pub answer: String,
    /// What was found, or why nothing was.
    pub words: String,
}

/// Bugs with their newest routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ListDocument {
    /// [`LIST_SCHEMA`].
    pub schema: String,
    /// The bugs, by file.
    pub bugs: Vec<ListEntry>,
}

/// One bug of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ListEntry {
    /// Its file.
    pub file: String,
    /// Its title.
    pub title: String,
    /// The package.
    pub package: String,
    /// Day of the report.
    pub reported: Option<String>,
    /// Days since then.
    pub age_days: Option<u64>,
    /// Where it belongs, as its newest matrix says; none when it was not replicated.
    pub route: Option<String>,
    /// Days since that matrix.
    pub replicated_days_ago: Option<u64>,
    /// What ended it.
    pub fixed_by: Vec<String>,
    /// Where else it is described.
    pub links: Vec<String>,
}

/// JSON Schema of the matrix document.
pub fn matrix_schema() -> String {
    schema::<MatrixDocument>()
}

/// JSON Schema of the bisection document.
pub fn bisect_schema() -> String {
    schema::<BisectDocument>()
}

/// JSON Schema of the list.
pub fn list_schema() -> String {
    schema::<ListDocument>()
}

fn schema<T: JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// A document for programs.
pub fn json(document: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}
