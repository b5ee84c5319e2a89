//! What is said of programs on distributions: one cell for each pair, with its problems.

use abide_model::{Gap, Level};
use bstr::BString;

/// Whether a program runs, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Nothing speaks against it.
    Runs,
    /// It runs if what the problems name is so.
    RunsIf,
    /// There is too little evidence.
    Undecided,
    /// It will not run, or part of it will not.
    WillNotRun,
}

impl Answer {
    /// Stable identifier.
    pub fn id(self) -> &'static str {
        match self {
            Answer::Runs => "runs",
            Answer::RunsIf => "runs-if",
            Answer::Undecided => "undecided",
            Answer::WillNotRun => "will-not-run",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Answer::Runs => "runs",
            Answer::RunsIf => "runs if …",
            Answer::Undecided => "undecided",
            Answer::WillNotRun => "will not run",
        }
    }
}

/// Programs and distributions, and what became of each pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppCheck {
    /// The programs, as the user named them: label and kind.
    pub programs: Vec<(String, String)>,
    /// The distributions.
    pub targets: Vec<String>,
    /// By program and then by distribution.
    pub cells: Vec<Cell>,
}

impl AppCheck {
    /// The worst answer of all.
    pub fn answer(&self) -> Answer {
        self.cells.iter().map(|cell| cell.answer).max().unwrap_or(Answer::Undecided)
    }
}

/// One program on one distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Index of the program.
    pub program: usize,
    /// Index of the distribution.
    pub target: usize,
    /// Whether it runs.
    pub answer: Answer,
    /// Why not, the worst first.
    pub problems: Vec<Problem>,
    /// What is not known.
    pub gaps: Vec<Gap>,
    /// Packages of the distribution whose files the program loads, sorted.
    pub packages: Vec<String>,
    /// The command that installs these.
    pub install: Option<String>,
    /// What was looked at.
    pub counts: Counts,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Programs and libraries of the delivery that were judged.
    pub files: usize,
    /// Libraries of the distribution that they load.
    pub libraries: usize,
    /// Symbols that were looked up.
    pub symbols: usize,
    /// Symbols that are taken to be there because their version is.
    pub by_version: usize,
    /// Scripts and modules of interpreted languages, and Java archives.
    pub scripts: usize,
    /// Functions and variables whose types were compared; none when nobody asked.
    pub typed: Option<usize>,
}

/// One reason why a program does not run, or runs only if.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule's id.
    pub rule: &'static str,
    /// The rule's case, if one applies.
    pub case: Option<&'static str>,
    /// How bad it is.
    pub level: Level,
    /// What is the matter.
    pub summary: String,
    /// Why it matters.
    pub why: String,
    /// Who needs it.
    pub needs: Vec<Need>,
    /// The library, interpreter or package that it is about.
    pub library: Option<BString>,
    /// The version that is missing.
    pub version: Option<String>,
    /// Where that version is first: a distribution, or a release of the library.
    pub first_in: Option<String>,
    /// What can be done.
    pub way_out: Vec<String>,
}

/// A file with what it needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The file.
    pub file: BString,
    /// The package of the distribution that it is from; none for the program's own files.
    pub package: Option<String>,
    /// Symbols, or what else it is that it needs, sorted.
    pub symbols: Vec<String>,
}
