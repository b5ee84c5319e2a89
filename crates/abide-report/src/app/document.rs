//! The serialised form, and how a check becomes one.

use abide_distro::app::{AppCheck, Cell, Need, Problem};
use abide_model::Gap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Text;

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.app/1";

/// Programs on distributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppDocument {
    /// [`SCHEMA_ID`].
    pub schema: String,
    /// What made it.
    pub tool: AppTool,
    /// The worst answer of all: `runs`, `runs-if`, `undecided`, `will-not-run`.
    pub answer: String,
    /// The programs, as they were named.
    pub programs: Vec<AppProgram>,
    /// The distributions, as they were named.
    pub distributions: Vec<String>,
    /// One for each pair, by program and then by distribution.
    pub results: Vec<AppResult>,
}

/// The program that made a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppTool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppProgram {
    /// As it was named.
    pub label: String,
    /// What kind of input it is, in words.
    pub kind: String,
    /// What was taken of it, for people.
    pub notes: Vec<String>,
}

/// One program on one distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppResult {
    /// Index of the program.
    pub program: usize,
    /// Index of the distribution.
    pub distribution: usize,
    /// `runs`, `runs-if`, `undecided` or `will-not-run`.
    pub answer: String,
    /// Why not, or what it depends on; the worst first.
    pub problems: Vec<AppProblem>,
    /// What is not known.
    pub gaps: Vec<AppGap>,
    /// Packages of the distribution whose files it loads.
    pub packages: Vec<String>,
    /// The command that installs these; absent where the distribution is not known by packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    /// What was looked at.
    pub counts: AppCounts,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppProblem {
    /// The rule's id.
    pub rule: String,
    /// The rule's case, where one applies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<String>,
    /// `break`, `review` or `safe`.
    pub level: String,
    /// What is the matter.
    pub summary: String,
    /// Why it matters.
    pub why: String,
    /// Who needs it.
    pub needed_by: Vec<AppNeed>,
    /// The library, interpreter or package that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub library: Option<Text>,
    /// The version that is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Where that version is first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_in: Option<String>,
    /// What can be done.
    pub way_out: Vec<String>,
}

/// A file with what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppNeed {
    /// The file.
    pub file: Text,
    /// The package of the distribution that it is from; absent for the program's own files.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub package: Option<String>,
    /// Symbols, or what else it is that it needs.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub symbols: Vec<String>,
}

/// What is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppGap {
    /// Stable identifier of its class.
    pub kind: String,
    /// What it is about.
    pub subject: Text,
    /// In words.
    pub detail: String,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppCounts {
    /// ELF files of the program that were judged.
    pub files: usize,
    /// Scripts, modules and Java archives of the program that were judged.
    pub scripts: usize,
    /// Files of the distribution that they load.
    pub libraries: usize,
    /// Symbols that were looked up.
    pub symbols: usize,
    /// Symbols that are taken to be there because their version is.
    pub by_version: usize,
    /// Functions and variables whose types were compared; absent when nobody asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub typed: Option<usize>,
}

/// Makes the document; `notes` are those of each program.
pub fn document(check: &AppCheck, notes: &[Vec<String>]) -> AppDocument {
    let program = |(index, (label, kind)): (usize, &(String, String))| AppProgram {
        label: label.clone(),
        kind: kind.clone(),
        notes: notes.get(index).cloned().unwrap_or_default(),
    };
    AppDocument {
        schema: SCHEMA_ID.to_owned(),
        tool: AppTool { name: "abide".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        answer: check.answer().id().to_owned(),
        programs: check.programs.iter().enumerate().map(program).collect(),
        distributions: check.targets.clone(),
        results: check.cells.iter().map(result).collect(),
    }
}

fn result(cell: &Cell) -> AppResult {
    AppResult {
        program: cell.program,
        distribution: cell.target,
        answer: cell.answer.id().to_owned(),
        problems: cell.problems.iter().map(problem).collect(),
        gaps: cell.gaps.iter().map(gap).collect(),
        packages: cell.packages.clone(),
        install: cell.install.clone(),
        counts: AppCounts {
            files: cell.counts.files,
            scripts: cell.counts.scripts,
            libraries: cell.counts.libraries,
            symbols: cell.counts.symbols,
            by_version: cell.counts.by_version,
            typed: cell.counts.typed,
        },
    }
}

fn problem(problem: &Problem) -> AppProblem {
    AppProblem {
        rule: problem.rule.to_owned(),
        case: problem.case.map(str::to_owned),
        level: problem.level.id().to_owned(),
        summary: problem.summary.clone(),
        why: problem.why.clone(),
        needed_by: problem.needs.iter().map(need).collect(),
        library: problem.library.as_ref().map(|library| Text::new(library.as_ref())),
        version: problem.version.clone(),
        first_in: problem.first_in.clone(),
        way_out: problem.way_out.clone(),
    }
}

fn need(need: &Need) -> AppNeed {
    AppNeed {
        file: Text::new(need.file.as_ref()),
        package: need.package.clone(),
        symbols: need.symbols.clone(),
    }
}

fn gap(gap: &Gap) -> AppGap {
    AppGap {
        kind: gap.kind.id().to_owned(),
        subject: Text::new(gap.subject.as_ref()),
        detail: gap.detail.clone(),
    }
}

/// The document as JSON, with a final newline.
pub fn json(document: &AppDocument) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

/// The JSON Schema (draft 2020-12) of the document.
pub fn schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(AppDocument)).unwrap_or_default() + "\n"
}
