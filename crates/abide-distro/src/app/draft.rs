//! Problems before they are put in order: drafts of one kind are one problem.

use std::collections::BTreeMap;

use abide_model::Level;
use bstr::BString;

use super::explain::split_version;
use super::result::{Need, Problem};
use crate::rules;

/// What makes two drafts the same problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) rule: &'static str,
    pub(super) case: Option<&'static str>,
    /// The library, interpreter or package that it is about.
    pub(super) library: Option<BString>,
    /// The version, or what else tells problems of one library apart.
    pub(super) version: Option<String>,
}

/// The drafts of one cell.
#[derive(Default)]
pub(super) struct Drafts {
    by_key: BTreeMap<Key, Draft>,
}

struct Draft {
    summary: String,
    first_in: Option<String>,
    way_out: Vec<String>,
    needs: BTreeMap<(BString, Option<String>), Vec<String>>,
}

/// One draft.
pub(super) struct New {
    pub(super) key: Key,
    pub(super) summary: String,
    pub(super) first_in: Option<String>,
    pub(super) way_out: Vec<String>,
    pub(super) need: Need,
}

impl Drafts {
    pub(super) fn add(&mut self, new: New) {
        let New { key, summary, first_in, way_out, need } = new;
        let draft = self.by_key.entry(key).or_insert_with(|| Draft {
            summary,
            first_in,
            way_out,
            needs: BTreeMap::new(),
        });
        draft.needs.entry((need.file, need.package)).or_default().extend(need.symbols);
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Whether any has this rule and library.
    pub(super) fn has(&self, rule: &str, library: &BString) -> bool {
        self.by_key.keys().any(|key| key.rule == rule && key.library.as_ref() == Some(library))
    }

    /// The problems, the worst first.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.by_key.into_iter().map(|(key, draft)| problem(key, draft)).collect();
        // Of the versions that a library lacks the newest comes first: it decides where the program runs.
        problems.sort_by_cached_key(|problem| {
            let level = match problem.level {
                Level::Break => 0,
                Level::Review => 1,
                Level::Safe => 2,
            };
            let version = problem.version.as_ref().and_then(|v| Some(split_version(v.as_str().into())?.1));
            (level, problem.rule, problem.library.clone(), std::cmp::Reverse(version))
        });
        problems
    }
}

/// # Panics
/// When a draft names a rule or case that has no data, which the tests of the places that make drafts show.
fn problem(key: Key, draft: Draft) -> Problem {
    let rule = rules::find(key.rule).unwrap_or_else(|| panic!("no rule {}", key.rule));
    let (level, why) = match key.case {
        Some(case) => {
            let found = rule.cases.get(case).unwrap_or_else(|| panic!("rule {} has no case {case}", rule.id));
            (found.level, &found.why)
        }
        None => (rule.level, &rule.why),
    };
    let need = |((file, package), mut symbols): ((BString, Option<String>), Vec<String>)| {
        symbols.sort();
        symbols.dedup();
        Need { file, package, symbols }
    };
    Problem {
        rule: rule.id,
        case: key.case,
        level,
        summary: draft.summary,
        why: why.clone(),
        needs: draft.needs.into_iter().map(need).collect(),
        library: key.library,
        version: key.version,
        first_in: draft.first_in,
        way_out: draft.way_out,
    }
}
