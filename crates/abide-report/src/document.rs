//! The findings document: what every renderer shows, as plain data.
//!
//! These structs are the format `abide.check/1`: what is added later is optional, and anything else takes a new
//! schema id. Lists are sorted, there are no timestamps, and nothing depends on the machine or the number of
//! threads. Text from files need not be UTF-8: see [`Text`].

use base64::Engine as _;
use bstr::{BStr, ByteSlice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.check/1";

/// Bytes that are text most of the time: `{"text": …}` when they are UTF-8, `{"bytes": …}` in base64 otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// Valid UTF-8.
    Text(String),
    /// Anything else, base64 (RFC 4648, with padding).
    Bytes(String),
}

impl Text {
    /// Wraps `bytes`.
    pub fn new(bytes: &BStr) -> Self {
        match bytes.to_str() {
            Ok(text) => Text::Text(text.to_owned()),
            Err(_) => Text::Bytes(base64::engine::general_purpose::STANDARD.encode(bytes)),
        }
    }

    /// The bytes themselves.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Text::Text(text) => text.clone().into_bytes(),
            Text::Bytes(base64) => {
                base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default()
            }
        }
    }

    /// For people: control characters and bytes that are no UTF-8 are escaped (`\u{7}`, `\xff`).
    pub fn display(&self) -> String {
        let bytes = self.to_bytes();
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(&printable(chunk.valid()));
            chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
        }
        text
    }
}

/// `text` with control characters escaped: names from files can neither steer the terminal nor hide what follows,
/// and nothing is left that XML 1.0 (§2.2) forbids.
pub(crate) fn printable(text: &str) -> String {
    if !text.chars().any(is_unfit) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unfit(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Control characters, those that turn the direction of text (Unicode Standard Annex #9, "Explicit Formatting"), and
/// non-characters.
fn is_unfit(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// The answer of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything was compared and nothing breaks.
    Compatible,
    /// Too little evidence to say so, and nothing seen that breaks.
    Undecided,
    /// A person must look.
    Review,
    /// Programs built against the reference break.
    Incompatible,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Compatible => "compatible",
            Verdict::Undecided => "undecided",
            Verdict::Review => "review",
            Verdict::Incompatible => "incompatible",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Programs built before keep working.
    Safe,
    /// May break some programs: a person must look.
    Review,
    /// Breaks programs built before.
    Break,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Safe => "safe",
            Level::Review => "review",
            Level::Break => "break",
        }
    }

    /// The verdict that a finding of this level amounts to.
    pub fn verdict(self) -> Verdict {
        match self {
            Level::Safe => Verdict::Compatible,
            Level::Review => Verdict::Review,
            Level::Break => Verdict::Incompatible,
        }
    }
}

/// A side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SideName {
    /// The side whose binary interface is the promise.
    Reference,
    /// The side that must keep it.
    Candidate,
}

impl SideName {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            SideName::Reference => "reference",
            SideName::Candidate => "candidate",
        }
    }
}

/// The same thing on both sides; absent on one when it was removed or added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Both<T> {
    /// On the reference.
    pub reference: Option<T>,
    /// On the candidate.
    pub candidate: Option<T>,
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "abide.check/1")]
pub struct Document {
    /// `abide.check/1`.
    pub schema: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// The policy file that was applied; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The worst verdict of all comparisons.
    pub verdict: Verdict,
    /// One sentence that says why.
    pub reason: String,
    /// What was read.
    pub inputs: Inputs,
    /// Findings, counted by level.
    pub counts: Counts,
    /// What was compared, and what was not.
    pub coverage: Coverage,
    /// Package by package, in the reference's order; what only the candidate has comes last.
    pub packages: Vec<Package>,
    /// What changed and what it means: of the distribution as a whole, then by package and artifact, worst first.
    pub findings: Vec<Finding>,
    /// What could not be read or compared.
    pub gaps: Vec<Gap>,
    /// Written exceptions that cover nothing: a person should remove or renew them.
    #[serde(default)]
    pub suppressions: Vec<IdleSuppression>,
    /// Lists of symbols that findings and consumers refer to by index: many of them share one.
    pub symbol_sets: Vec<Vec<Symbol>>,
}

impl Document {
    /// The list of symbols behind an index.
    pub fn symbol_set(&self, index: usize) -> &[Symbol] {
        self.symbol_sets.get(index).map_or(&[], Vec::as_slice)
    }
}

/// The program that wrote a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `abide`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The policy file of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// The file, as the user named it.
    pub file: String,
    /// The compatibility level of packages that it does not list, when it states one.
    pub default_compatibility: Option<u8>,
}

/// Both inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inputs {
    /// The side whose binary interface is the promise.
    pub reference: Input,
    /// The side that must keep it.
    pub candidate: Input,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// As the user named it.
    pub label: String,
    /// `ELF file`, `RPM`, `directory`, `repository`, `snapshot`, …
    pub kind: String,
    /// Packages and loose files, with what they were read from.
    pub packages: Vec<InputPackage>,
}

/// One package of an input, or its loose files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputPackage {
    /// Name, epoch, version, release and architecture; none for loose files.
    pub nevra: Option<String>,
    /// File that it was read from.
    pub path: Text,
    /// SHA-256 of that file, when it was read from one.
    pub sha256: Option<String>,
    /// What it was used for.
    pub role: Role,
}

/// What a package of an input was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Its artifacts were compared.
    Subject,
    /// It carries debug information or sources: evidence for others.
    Debug,
    /// The side has a newer build of it: not compared.
    Superseded,
}

/// Numbers of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Level `break`.
    pub breaks: usize,
    /// Level `review`.
    pub reviews: usize,
    /// Level `safe`.
    pub safe: usize,
    /// Of any level, covered by a written exception.
    pub suppressed: usize,
    /// Gaps.
    pub gaps: usize,
}

impl Counts {
    /// Counts one more finding.
    pub(crate) fn add(&mut self, finding: &Finding) {
        match (&finding.suppressed, finding.level) {
            (Some(_), _) => self.suppressed += 1,
            (None, Level::Break) => self.breaks += 1,
            (None, Level::Review) => self.reviews += 1,
            (None, Level::Safe) => self.safe += 1,
        }
    }

    /// Adds what another has counted.
    pub(crate) fn join(&mut self, other: &Counts) {
        self.breaks += other.breaks;
        self.reviews += other.reviews;
        self.safe += other.safe;
        self.suppressed += other.suppressed;
        self.gaps += other.gaps;
    }
}

/// What was compared, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Packages.
    pub packages: PackageCoverage,
    /// Artifacts.
    pub artifacts: ArtifactCoverage,
    /// Exported symbols and their types.
    pub symbols: SymbolCoverage,
    /// Imports of the candidate's programs and libraries.
    #[serde(default)]
    pub imports: ImportCoverage,
    /// What the metadata of repositories says; absent when the sides are no repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<MetadataCoverage>,
    /// Kernels whose exports were compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<KernelCoverage>,
}

/// What was looked at of the metadata of repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MetadataCoverage {
    /// Pairs of builds that are the same file.
    pub same_files: usize,
    /// Capabilities of the reference's packages that nothing on the candidate provides.
    pub capabilities_lost: usize,
    /// Requirements of the candidate's packages.
    pub requirements: usize,
    /// Of those, the ones that nothing meets on the candidate alone.
    pub requirements_broken: usize,
    /// Of those, the ones that nothing meets on either side.
    pub requirements_broken_on_both: usize,
    /// Of those, the ones of which it cannot be told.
    pub requirements_undecided: usize,
    /// Packages of the candidate that are new or another build, for which it was asked whether they can be installed.
    #[serde(default)]
    pub packages_solved: usize,
    /// Of those, the ones that cannot be, although the reference's could or is not there.
    #[serde(default)]
    pub not_installable: usize,
    /// Of those, the ones that can be installed on neither side.
    #[serde(default)]
    pub not_installable_on_both: usize,
    /// Requirements that nothing meets on either side, by package of the candidate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet_on_both: Vec<Unmet>,
    /// Paths of the candidate's packages that were looked through for conflicts; absent when not all are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<usize>,
}

/// Two kernels, or two lists of promised symbols.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KernelCoverage {
    /// The reference's release.
    pub reference: String,
    /// The candidate's release.
    pub candidate: String,
    /// Whether these are lists of promised symbols and no kernels.
    pub is_list: bool,
    /// Symbols that the reference exports, or lists.
    pub exports_reference: usize,
    /// Symbols that the candidate exports, or lists.
    pub exports_candidate: usize,
    /// Of those, the ones of both sides with a checksum on both.
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
    /// Symbols on the reference's list of what is promised; absent without a list.
    pub listed: Option<usize>,
    /// Of those, the ones that are gone or have another checksum.
    pub listed_broken: usize,
    /// Differences of types that no checksum tells of.
    pub hidden: usize,
}

/// What became of the packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageCoverage {
    /// Pairs that were compared.
    pub compared: usize,
    /// On the reference only.
    pub removed: usize,
    /// On the candidate only.
    pub added: usize,
    /// Older builds, on both sides together, that were left aside.
    pub superseded: usize,
    /// Debug packages that the reference's types come from.
    pub debug_reference: usize,
    /// Debug packages that the candidate's types come from.
    pub debug_candidate: usize,
}

/// What became of the artifacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactCoverage {
    /// Pairs with the same content.
    pub identical: usize,
    /// Pairs compared by symbols and types.
    pub with_types: usize,
    /// Pairs compared by symbols and by the types of some of them.
    pub types_partly: usize,
    /// Pairs compared by symbols only, for lack of debug information.
    pub symbols_only: usize,
    /// Pairs that export nothing whose type could matter.
    pub no_exports: usize,
    /// On the reference only.
    pub removed: usize,
    /// On the candidate only.
    pub added: usize,
}

/// What became of the exported symbols of the compared pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolCoverage {
    /// Exported by the reference.
    pub reference: usize,
    /// Exported by the candidate.
    pub candidate: usize,
    /// Of both, those that stand for a public function or object and so need a type.
    pub need_types: usize,
    /// Of those, the ones with a type on both sides.
    pub typed: usize,
}

/// A written exception that covers nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct IdleSuppression {
    /// The file as the user named it.
    pub file: String,
    /// Line where the rule begins, from 1.
    pub line: u32,
    /// Why it covers nothing.
    pub state: IdleState,
    /// The same in words, with the rule.
    pub message: String,
}

/// Why a written exception covers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdleState {
    /// It is in force, and nothing that differs matches.
    Unused,
    /// It is past its date.
    Expired,
}

impl IdleState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            IdleState::Unused => "unused",
            IdleState::Expired => "expired",
        }
    }
}

/// What became of the imports of the candidate's programs and libraries: whether they are found in what is loaded with
/// each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportCoverage {
    /// All that are not weak.
    pub total: usize,
    /// Found.
    pub resolved: usize,
    /// Found on the reference and not on the candidate, or new and not found: findings tell which.
    pub lost: usize,
    /// Found on neither side, or provided by the program that loads a plugin.
    pub unresolved_on_both: usize,
    /// Not decided: a library that may provide them is not among the candidate's packages, or could not be read.
    pub unknown: usize,
}

/// What a package of the candidate requires in vain, as its partner on the reference does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unmet {
    /// NEVRA.
    pub package: String,
    /// The requirements as people write them.
    pub requirements: Vec<String>,
}

/// One package of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    /// Its NEVRA on either side; both absent for loose files.
    pub nevra: Both<String>,
    /// Name of the source package that it was built from, the reference's where the two differ; none when no package
    /// states it.
    #[serde(default)]
    pub source: Option<String>,
    /// How the two were found to belong together: `name`, `loose`, `provides`, `other-architecture`, `only-ones`;
    /// none when one is absent.
    pub matched_by: Option<String>,
    /// Its compatibility level by the policy, 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<u8>,
    /// The worst verdict of what is in it.
    pub verdict: Verdict,
    /// Its artifacts.
    pub artifacts: Vec<Artifact>,
}

/// One artifact of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Soname, or file name when there is none.
    pub name: Text,
    /// The file on either side.
    pub files: Both<File>,
    /// How the two were found to belong together: `path`, `soname`, `versioned-name`, `content`, `alias`,
    /// `only-ones`; none when one is absent.
    pub matched_by: Option<String>,
    /// What was done with the two.
    pub compared: Compared,
    /// Why types were not compared, or only in part.
    pub types_note: Option<String>,
    /// Its compatibility level by the policy, 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<u8>,
    /// Its own verdict.
    pub verdict: Verdict,
    /// Its findings, counted by level.
    pub counts: Counts,
}

/// How two artifacts were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compared {
    /// Same content: nothing to compare.
    Identical,
    /// Symbols and types.
    Types,
    /// Symbols, and the types of some.
    TypesPartly,
    /// Symbols only, for lack of debug information.
    SymbolsOnly,
    /// ELF facts; nothing is exported whose type could matter.
    NoExports,
    /// Absent on the candidate.
    Removed,
    /// Absent on the reference.
    Added,
}

/// One file of a side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Path in the package or folder.
    pub path: Text,
    /// NEVRA of the package that ships it, none for loose files.
    pub package: Option<String>,
    /// SHA-256 of the content.
    pub sha256: String,
    /// `NT_GNU_BUILD_ID` in hex.
    pub build_id: Option<String>,
    /// Where its debug information is from, when its types were looked at.
    pub debug_info: Option<DebugInfo>,
}

/// Where debug information came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DebugInfo {
    /// The separate file; none when it is in the artifact itself.
    pub path: Option<Text>,
    /// NEVRA of the package that ships the separate file.
    pub package: Option<String>,
    /// The supplementary (dwz) file that was used.
    pub supplementary: Option<Text>,
}

/// One change, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Identifies the finding in this document, and the same change in the documents of other builds: 16 hex digits,
    /// made of rule, package name and architecture, artifact and subject. No version, offset or line is in it.
    pub id: String,
    /// Rule id; `abide explain RULE` tells more.
    pub rule: String,
    /// Level.
    pub level: Level,
    /// Where it stands in `packages`; none when it concerns the distribution as a whole.
    pub place: Option<Place>,
    /// NEVRA of the package on either side.
    pub package: Both<String>,
    /// The artifact (soname or file name), none for a finding about a package or the whole.
    pub artifact: Option<Text>,
    /// What it is about.
    pub subject: Subject,
    /// What changed, old and new.
    pub summary: String,
    /// Why it breaks, or cannot break, a program that was built before.
    pub why: String,
    /// What the reference has.
    pub reference: Evidence,
    /// What the candidate has.
    pub candidate: Evidence,
    /// The difference, item by item.
    pub details: Vec<Detail>,
    /// How consumers are exposed to a changed type: `opaque`, `behind-pointer`, `by-value`.
    pub exposure: Option<String>,
    /// Shortest way from an exported symbol, which the first step names, to the subject.
    pub path: Vec<PathStep>,
    /// Exported symbols through which it is reached: an index into the document's `symbol_sets`.
    pub symbols: usize,
    /// Who imports one of these symbols, among the packages of both sides. None: not sought, since the level is
    /// `safe` or nothing can bind to the artifact.
    pub consumers: Option<Vec<Consumer>>,
    /// The reason of the written exception that covers it.
    pub suppressed: Option<String>,
}

/// A place in the document's `packages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Index into `packages`.
    pub package: usize,
    /// Index into that package's `artifacts`; none for the package itself.
    pub artifact: Option<usize>,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An exported symbol.
    Symbol(Symbol),
    /// A type, written as in C.
    Type(String),
    /// The artifact as a whole.
    Artifact,
    /// A package.
    Package(String),
    /// What packages provide and require, or another thing that a distribution as a whole has.
    Capability(String),
}

/// A symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Symbol {
    /// Name as stored (mangled).
    pub name: Text,
    /// Name as in the source, when `name` is a mangled C++ or Rust name.
    pub demangled: Option<String>,
    /// Version.
    pub version: Option<Text>,
    /// Whether the version is the default one (`@@`); none without a version.
    pub is_default: Option<bool>,
}

/// One side's evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The fact in words, or `absent`.
    pub value: String,
    /// Path of the artifact.
    pub artifact: Text,
    /// Section that the fact was read from.
    pub section: Option<String>,
    /// Offset in that section.
    pub offset: Option<u64>,
    /// Declaration as `file:line`.
    pub declaration: Option<String>,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detail {
    /// What differs.
    pub what: String,
    /// Old value; none when it was absent.
    pub old: Option<String>,
    /// New value; none when it is absent.
    pub new: Option<String>,
    /// Rule that judged this item; a finding carries the rule of its worst item.
    pub rule: String,
    /// Level of this item alone.
    pub level: Level,
}

/// One step from an exported symbol towards the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathStep {
    /// How the step is made.
    pub via: String,
    /// The type that it leads to.
    #[serde(rename = "type")]
    pub ty: String,
}

/// Somebody who imports what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Consumer {
    /// NEVRA of its package, the reference's when it is on both sides.
    pub package: Option<String>,
    /// Path of the importing artifact; empty when it is the package as a whole.
    pub artifact: Text,
    /// The affected symbols that it imports: an index into the document's `symbol_sets`.
    pub symbols: usize,
    /// Sides on which it was seen.
    pub sides: Vec<SideName>,
    /// Libraries by which it gets the symbols, when it does not need the artifact itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<Text>,
    /// How many programs and libraries load it, directly or not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dependents: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// One thing that could not be read or was absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Class of gap.
    pub kind: String,
    /// Side, when it concerns one of them.
    pub side: Option<SideName>,
    /// Where it stands in `packages`; none when it concerns a side as a whole.
    pub place: Option<Place>,
    /// NEVRA of the package that it concerns.
    pub package: Option<String>,
    /// The artifact (soname or file name) that it concerns.
    pub artifact: Option<Text>,
    /// What it concerns, as its reader knows it.
    pub subject: Text,
    /// What was looked for, where, and what was found instead.
    pub detail: String,
}
