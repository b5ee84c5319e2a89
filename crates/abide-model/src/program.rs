//! A program as it is delivered: the files that a vendor ships, in whatever container.

use bstr::BString;

use crate::elf::ElfFacts;
use crate::gap::Gap;
use crate::package::PackageMeta;

/// Everything that was read of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// As the user named it.
    pub label: String,
    /// What kind of container it is, in words (`ELF file`, `wheel`, `OCI image`).
    pub input_kind: String,
    /// Its files that can be judged, sorted by path.
    pub files: Vec<ProgramFile>,
    /// Paths of all regular files and directories, sorted: what else is there.
    pub paths: Vec<BString>,
    /// Symbolic links and their targets, sorted.
    pub links: Vec<(BString, BString)>,
    /// The package's header, where it is a package.
    pub package: Option<PackageMeta>,
    /// What was taken of it and what was left aside, for people.
    pub notes: Vec<String>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// One file of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFile {
    /// Absolute path where it is installed; where that is not known, below a made-up folder.
    pub path: BString,
    /// How it is called in messages: its path in the container.
    pub shown: BString,
    /// Permission bits.
    pub mode: u16,
    /// What it is.
    pub content: ProgramContent,
}

/// What a file of a program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramContent {
    /// An ELF file.
    Elf {
        /// Its facts.
        facts: Box<ElfFacts>,
        /// Whether part of it could not be read.
        is_damaged: bool,
        /// Names of libraries found in its text, that it may load with `dlopen`.
        hints: Vec<BString>,
    },
    /// A script with a line `#!`.
    Script {
        /// The interpreter's path as written.
        interpreter: BString,
        /// What follows it on the line.
        argument: Option<BString>,
        /// Modules that it imports at its top level.
        imports: Vec<Import>,
    },
    /// A module of Python or Perl.
    Module {
        /// Its language.
        language: Language,
        /// Modules that it imports at its top level.
        imports: Vec<Import>,
    },
    /// A Java archive or class file.
    Java {
        /// The highest version of its class files (JVMS §4.1: 52 is Java 8), and one that has it.
        class_version: (u16, BString),
        /// `Multi-Release` class files are left aside.
        classes: usize,
    },
}

/// An interpreted language whose imports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Python 3.
    Python,
    /// Perl 5.
    Perl,
}

impl Language {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::Perl => "Perl",
        }
    }
}

/// One module that is imported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Its name as the language writes it (`os.path`, `File::Spec`).
    pub name: BString,
    /// The line, from 1.
    pub line: u32,
    /// Whether the program goes on without it: inside `try`, `eval` or a condition.
    pub is_optional: bool,
}
