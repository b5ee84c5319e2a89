//! A distribution's own decisions: how much evidence is enough, other levels than the rules' own, and what each
//! package promises.
//!
//! What lives here: the values and how they are applied to a level; `file` reads both forms of a policy file. What
//! does not: files and the list of all rules, which the caller hands in. `docs/policy.md` is the manual.

mod file;
mod listed;

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_model::{ArtifactFacts, Level};

pub use file::PolicyError;
pub use listed::{Compatibility, Listed, Pattern};

/// A distribution's own decisions.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file that it was read from, as the caller named it; `None` for the built-in one.
    pub source: Option<Arc<str>>,
    /// Of the matched exported functions and objects, the share in percent that must have types on both sides:
    /// below it the verdict is `undecided`.
    ///
    /// Default 95: real libraries have a few assembler entry points that no debug information describes, and a
    /// gap names them in any case.
    pub typed_percent_floor: u8,
    /// Levels by rule id (`member-renamed`) or rule and case (`record-size-changed/behind-pointer`).
    ///
    /// A bare rule id replaces the rule's own level and leaves its milder cases alone. Default: none.
    pub levels: BTreeMap<String, Level>,
    /// What packages promise. Default: nothing is said, and every finding counts as its rule says.
    pub compatibility: Arc<Compatibility>,
    /// How far the promise of a kernel's list of symbols reaches; `None`: by the distribution's major release.
    pub kernel_promise: Option<KernelPromise>,
    /// The promise of the package that is judged; set by [`Policy::of_pair`].
    pub promise: Option<Promise>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            source: None,
            typed_percent_floor: 95,
            levels: BTreeMap::new(),
            compatibility: Arc::default(),
            kernel_promise: None,
            promise: None,
        }
    }
}

/// How far the promise of a kernel's list of symbols reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelPromise {
    /// To every minor release of a major one.
    Major,
    /// To the updates of one minor release.
    Minor,
    /// Nowhere.
    None,
}

/// What a package promises, and so what a finding about it counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Compatibility level, 1 (the widest promise) to 4 (none).
    pub level: u8,
    /// What a `break` counts as.
    pub breaks: Level,
    /// What a `review` counts as.
    pub reviews: Level,
}

impl Promise {
    /// The built-in meaning of a level.
    ///
    /// By Red Hat's "Application Compatibility Guide": 1 is stable across major releases and 2 within one, so that
    /// both allow no break; 3 is stable for a stream's life only, so a person must look whether a stream ended; 4
    /// promises nothing. rpminspect's default threshold lies in the same place, between 2 and 3.
    pub fn standard(level: u8) -> Self {
        match level {
            ..=2 => Promise { level, breaks: Level::Break, reviews: Level::Review },
            3 => Promise { level, breaks: Level::Review, reviews: Level::Review },
            _ => Promise { level, breaks: Level::Safe, reviews: Level::Safe },
        }
    }
}

impl Policy {
    /// The policy for a pair of artifacts or packages; what is absent on a side is `None`.
    ///
    /// The reference's package decides, for it made the promise; the candidate's where the reference has none.
    pub fn of_pair(&self, packages: [Option<&str>; 2], files: [Option<&ArtifactFacts>; 2]) -> Policy {
        Policy { promise: self.compatibility.promise(packages, files), ..self.clone() }
    }

    /// The level of a rule, or of one of its cases, by its key and its own level.
    pub fn level(&self, key: &str, own: Level) -> Level {
        self.counted(self.levels.get(key).copied().unwrap_or(own))
    }

    /// What a level counts as under the promise.
    pub fn counted(&self, level: Level) -> Level {
        match (self.promise, level) {
            (Some(promise), Level::Break) => promise.breaks,
            (Some(promise), Level::Review) => promise.reviews,
            _ => level,
        }
    }

    /// The rule's reason, and what the policy made of it when it counts as something else than its own level.
    pub fn explain(&self, why: &str, own: Level, level: Level) -> String {
        if own == level {
            return why.to_string();
        }
        let file = self.source.as_deref().map_or(String::new(), |source| format!(" {source}"));
        let cause = match self.promise {
            Some(promise) if self.counted(own) == level => {
                format!("the package has compatibility level {}", promise.level)
            }
            _ => "it states another level for the rule".to_string(),
        };
        let (own, level) = (own.id(), level.id());
        format!("{why} By the policy{file} this {own} counts as {level}: {cause}.")
    }
}

#[cfg(test)]
mod tests;
