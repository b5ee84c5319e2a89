//! The record `abide.source-import/1` of what was taken over as the base of a branch, and what is told of it.
//!
//! The record lies in the branch itself, so it says nothing of when or by whom it was made: the same source gives the
//! same record.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use abide_source::import::{Examined, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::printable;

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.source-import/1";

/// The record's name in the folder.
pub const RECORD: &str = ".abide-import.json";

/// What was taken over, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ImportDocument {
    /// [`SCHEMA_ID`].
    pub schema: String,
    /// The package's name.
    pub package: String,
    /// Epoch, version and release without the distribution's mark; from the changelog when macros hide them.
    pub version: String,
    /// Where it came from.
    pub origin: Origin,
    /// SHA-256 of each file that was taken over, by its path.
    pub files: BTreeMap<String, String>,
    /// Entries that were not taken over: path and what it is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub skipped: BTreeMap<String, String>,
    /// Files that are kept beside git.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lookaside: Vec<ImportStored>,
    /// What is missing or wrong.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub problems: Vec<ImportProblem>,
}

/// Where something was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Origin {
    /// A commit of a git repository.
    #[serde(rename_all = "kebab-case")]
    Git {
        /// Address or path, as given, without a password.
        location: String,
        /// Branch, when one was asked for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        branch: Option<String>,
        /// Tag, when one was asked for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        tag: Option<OriginTag>,
        /// The commit's hash.
        commit: String,
        /// Hash of the commit's tree.
        tree: String,
        /// Day of the commit, in UTC.
        date: String,
        /// First line of the commit's message.
        subject: String,
        /// Whether the commit carries a signature.
        signed: bool,
        /// The key that signed the tag or the commit; absent when no key was asked for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        signed_by: Option<String>,
    },
    /// A source package.
    #[serde(rename_all = "kebab-case")]
    SourceRpm {
        /// Path, as given.
        location: String,
        /// Name, epoch, version, release, `src`.
        nevra: String,
        /// SHA-256 of the file.
        sha256: String,
        /// Whether its header carries a signature.
        signed: bool,
        /// The key that signed it; absent when no key was asked for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        signed_by: Option<String>,
    },
    /// A folder.
    #[serde(rename_all = "kebab-case")]
    Folder {
        /// Path, as given.
        location: String,
        /// SHA-256 of the list of its files' digests and paths, sorted, as `sha256sum` writes it.
        sha256: String,
    },
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OriginTag {
    /// Its name.
    pub name: String,
    /// Hash of its object; absent when it is only a name for a commit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// Whether it carries a signature.
    pub signed: bool,
}

/// A file that is kept beside git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ImportStored {
    /// Its path, as the metadata has it.
    pub path: String,
    /// What its digest was made with.
    pub algorithm: String,
    /// Its digest.
    pub digest: String,
    /// `verified`, `differs`, or `absent` where nothing is known of its content.
    pub state: String,
}

/// Something missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ImportProblem {
    /// What it is about.
    pub rule: String,
    /// The file it stands in.
    pub file: String,
    /// The line there, from 1; absent when it is about the file itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<usize>,
    /// The patch or source.
    pub subject: String,
    /// In words.
    pub message: String,
}

/// Makes the record.
pub fn document(
    origin: Origin,
    files: BTreeMap<String, String>,
    skipped: BTreeMap<String, String>,
    examined: &Examined,
) -> ImportDocument {
    let lookaside = examined.lookaside.iter().map(|(stored, state)| ImportStored {
        path: stored.path.clone(),
        algorithm: stored.algorithm.id().to_owned(),
        digest: stored.digest.clone(),
        state: state.id().to_owned(),
    });
    let problems = examined.problems.iter().map(|problem| ImportProblem {
        rule: problem.rule.to_owned(),
        file: problem.file.clone(),
        line: (problem.line > 0).then_some(problem.line),
        subject: problem.subject.clone(),
        message: problem.message.clone(),
    });
    ImportDocument {
        schema: SCHEMA_ID.to_owned(),
        package: examined.package.name.clone(),
        version: examined.package.version(),
        origin,
        files,
        skipped,
        lookaside: lookaside.collect(),
        problems: problems.collect(),
    }
}

/// Reads a record.
pub fn read(text: &[u8]) -> Result<ImportDocument, String> {
    let document: ImportDocument = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    if document.schema == SCHEMA_ID {
        Ok(document)
    } else {
        Err(format!("its format is {}, not {SCHEMA_ID}", document.schema))
    }
}

/// The JSON Schema (draft 2020-12) of the record.
pub fn schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(ImportDocument)).unwrap_or_default() + "\n"
}

impl ImportDocument {
    /// The record as JSON, with a final newline.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The record for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {}", printable(&self.package), printable(&self.version));
        self.origin.text(&mut text);
        if !self.lookaside.is_empty() {
            let count = |state: State| self.lookaside.iter().filter(|s| s.state == state.id()).count();
            let states = [State::Verified, State::Differs, State::Absent];
            let states: Vec<String> = states
                .into_iter()
                .filter(|state| count(*state) > 0)
                .map(|state| format!("{} {}", count(state), state.id()))
                .collect();
            let _ = writeln!(text, "  lookaside  {}", states.join(", "));
        }
        for (path, what) in &self.skipped {
            let _ = writeln!(text, "  skipped    {} ({})", printable(path), printable(what));
        }
        for problem in &self.problems {
            let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
            let _ = writeln!(
                text,
                "  {}{line} {}: {}: {}",
                printable(&problem.file),
                problem.rule,
                printable(&problem.subject),
                printable(&problem.message)
            );
        }
        text
    }
}

impl Origin {
    fn text(&self, text: &mut String) {
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<10} {}", printable(value));
        };
        match self {
            Origin::Git { location, branch, tag, commit, date, subject, signed, signed_by, .. } => {
                line("git", location);
                branch.iter().for_each(|branch| line("branch", branch));
                let unchecked = |signed: bool| signed && signed_by.is_none();
                if let Some(tag) = tag {
                    let signed = if unchecked(tag.signed) { " (signed, not checked)" } else { "" };
                    line("tag", &format!("{}{signed}", tag.name));
                }
                let signed = if unchecked(*signed) { ", signed, not checked" } else { "" };
                line("commit", &format!("{commit} ({date}{signed})"));
                line("subject", subject);
                signed_by.iter().for_each(|key| line("signed by", key));
            }
            Origin::SourceRpm { location, nevra, sha256, signed, signed_by } => {
                line(
                    "package",
                    &format!(
                        "{location}{}",
                        if *signed && signed_by.is_none() { " (signed, not checked)" } else { "" }
                    ),
                );
                line("nevra", nevra);
                line("sha256", sha256);
                signed_by.iter().for_each(|key| line("signed by", key));
            }
            Origin::Folder { location, sha256 } => {
                line("folder", location);
                line("sha256", sha256);
            }
        }
    }
}
