//! Findings and verdicts: what the engine says, and everything a reader needs to believe it.

use std::cmp::{Ordering, Reverse};
use std::fmt;
use std::sync::Arc;

use bstr::BString;

/// How bad a finding is; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Programs built before keep working.
    Safe,
    /// May break some programs: a person must look.
    Review,
    /// Breaks programs built before.
    Break,
}

impl Level {
    /// The word in output and rule files.
    pub fn id(self) -> &'static str {
        match self {
            Level::Safe => "safe",
            Level::Review => "review",
            Level::Break => "break",
        }
    }

    /// The level with this word.
    pub fn from_id(id: &str) -> Option<Self> {
        [Level::Safe, Level::Review, Level::Break].into_iter().find(|l| l.id() == id)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The answer for an artifact, a package or a whole comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The word in output.
    pub fn id(self) -> &'static str {
        match self {
            Verdict::Compatible => "compatible",
            Verdict::Undecided => "undecided",
            Verdict::Review => "review",
            Verdict::Incompatible => "incompatible",
        }
    }

    /// Exit status of a check: 0 compatible, 1 incompatible, 3 review or undecided.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Compatible => 0,
            Verdict::Incompatible => 1,
            Verdict::Undecided | Verdict::Review => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A symbol as people write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolName {
    /// Name as stored (mangled).
    pub name: BString,
    /// Version with its separator's meaning: (`name`, is default).
    pub version: Option<(BString, bool)>,
}

impl fmt::Display for SymbolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some((version, is_default)) = &self.version {
            write!(f, "{}{version}", if *is_default { "@@" } else { "@" })?;
        }
        Ok(())
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An exported symbol.
    Symbol(SymbolName),
    /// A type, written as in C (`struct foo`, `enum color`, `std::pair<int, int>`).
    Type(String),
    /// The artifact as a whole (soname, flags, needed).
    Artifact,
    /// A package.
    Package(String),
    /// What packages provide and require (`libfoo.so.1()(64bit)`), or another thing that a distribution as a whole has:
    /// a stream of a module, an architecture.
    Capability(String),
}

/// How consumers are exposed to a changed type, best case first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exposure {
    /// Only behind pointers, and its definition is not in a public header: consumers cannot see its layout.
    Opaque,
    /// Only behind pointers, with a layout that consumers may see and use.
    BehindPointer,
    /// Passed or returned by value, a global object, a base class, an array element, or embedded in one of those.
    ByValue,
}

impl Exposure {
    /// Stable identifier for output.
    pub fn id(self) -> &'static str {
        match self {
            Exposure::Opaque => "opaque",
            Exposure::BehindPointer => "behind-pointer",
            Exposure::ByValue => "by-value",
        }
    }
}

/// One side's evidence for a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The fact in words (`size 16 bytes, align 8`), or `absent`.
    pub value: String,
    /// Path of the artifact.
    pub artifact: BString,
    /// Section that the fact was read from (`.dynsym`, `.debug_info`), when known.
    pub section: Option<String>,
    /// Offset in that section, when known.
    pub offset: Option<u64>,
    /// Declaration as `file:line`, when known.
    pub declaration: Option<String>,
}

/// One line of a finding's difference: what, old and new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detail {
    /// What differs (`size`, `member 'x' offset`).
    pub what: String,
    /// Old value; `None` when it was absent.
    pub old: Option<String>,
    /// New value; `None` when it is absent.
    pub new: Option<String>,
    /// Rule that judged this item; a finding carries the rule of its worst item.
    pub rule: &'static str,
    /// Level of this item alone.
    pub level: Level,
}

/// One step on the way from an exported symbol to what changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathStep {
    /// How the step is made (`parameter 1 'fd'`, `points to`, `member 'next' at bit 64`).
    pub via: String,
    /// The type that it leads to, written as in C.
    pub ty: String,
}

/// Somebody who imports what changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consumer {
    /// NEVRA of the package; `None` for a loose file.
    pub package: Option<String>,
    /// Path of the importing artifact.
    pub artifact: BString,
    /// The affected symbols that it imports, sorted.
    pub symbols: Vec<SymbolName>,
    /// On which side it was seen.
    pub on_reference: bool,
    /// On which side it was seen.
    pub on_candidate: bool,
    /// Libraries by which it gets them, when it does not need the library itself: the first is one that it needs, the
    /// last needs the library.
    pub through: Vec<BString>,
    /// How many programs and libraries load it, directly or not, on the side where it was seen.
    pub dependents: usize,
}

impl Consumer {
    /// A package as a whole, or one of its files, seen on neither side yet.
    pub fn new(package: Option<String>, artifact: BString) -> Self {
        Consumer {
            package,
            artifact,
            symbols: Vec::new(),
            on_reference: false,
            on_candidate: false,
            through: Vec::new(),
            dependents: 0,
        }
    }

    /// Orders consumers by how much a change concerns them: who needs the library itself first, then who imports more
    /// of it, then who is loaded by more.
    pub fn rank(&self, other: &Self) -> Ordering {
        let key = |one: &Self| (!one.through.is_empty(), Reverse(one.symbols.len()), Reverse(one.dependents));
        key(self).cmp(&key(other)).then_with(|| self.cmp(other))
    }
}

/// One change, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Rule id: the file stem under `rules/`.
    pub rule: &'static str,
    /// Level after the rule and policy.
    pub level: Level,
    /// What it is about.
    pub subject: Subject,
    /// One sentence: what changed, old and new.
    pub summary: String,
    /// One or two sentences: why it breaks (or cannot break) a program that was built before.
    pub why: String,
    /// The reference's evidence.
    pub old: Evidence,
    /// The candidate's evidence.
    pub new: Evidence,
    /// The difference, item by item.
    pub details: Vec<Detail>,
    /// How consumers are exposed; types only.
    pub exposure: Option<Exposure>,
    /// Shortest way from an exported symbol, which the first step names, to the subject, among the ways that show
    /// `exposure`; empty when the subject is the symbol.
    pub path: Vec<PathStep>,
    /// Exported symbols through which it is reached, sorted; findings that are reached alike share one list.
    pub symbols: Arc<[SymbolName]>,
    /// Who imports one of `symbols`, sorted; filled by the distribution layer.
    pub consumers: Vec<Consumer>,
    /// The reason of the suppression that covers this finding, when one does.
    pub suppressed: Option<String>,
}

/// How many of each; suppressed findings count apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings of level `break`.
    pub breaks: usize,
    /// Findings of level `review`.
    pub reviews: usize,
    /// Findings of level `safe`.
    pub safe: usize,
    /// Suppressed findings of any level.
    pub suppressed: usize,
}

impl Counts {
    /// Counts `findings`.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Counts::default();
        for finding in findings {
            match (&finding.suppressed, finding.level) {
                (Some(_), _) => counts.suppressed += 1,
                (None, Level::Break) => counts.breaks += 1,
                (None, Level::Review) => counts.reviews += 1,
                (None, Level::Safe) => counts.safe += 1,
            }
        }
        counts
    }
}
