//! The rules about packages and files as a whole, and the list of all rules, the engine's included.
//!
//! As in the engine: a rule is a data file, `rules/<id>.toml`, and the few lines of code that say when it fires
//! and in which case (here in `whole` and `packages`, since they look at more than one artifact).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use abide_engine::Policy;
use abide_engine::policy::PolicyError;
use abide_engine::rules::RuleCase;
use abide_model::{Detail, Evidence, Finding, Level, Subject};
use serde::Deserialize;

/// One rule with its texts, whichever crate it is from.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Identifier: the stem of the data file.
    pub id: &'static str,
    /// What happened, as a heading.
    pub title: String,
    /// Level where no other case applies.
    pub level: Level,
    /// Why it has this level.
    pub why: String,
    /// When what the rule reports does no harm all the same.
    pub when_safe: String,
    /// Where the fact behind the rule is stated.
    pub reference: String,
    /// Situations with another level, by name.
    pub cases: BTreeMap<String, RuleCase>,
}

macro_rules! table {
    ($($id:literal,)*) => {
        /// Id and data file of this crate's rules, sorted by id.
        static TABLE: &[(&str, &str)] = &[$(($id, include_str!(concat!("../rules/", $id, ".toml"))),)*];
    };
}

table! {
    "alternative-lost",
    "app-class-version",
    "app-copy-size",
    "app-executable-stack",
    "app-interpreter-missing",
    "app-isa-level",
    "app-kernel-floor",
    "app-library-missing",
    "app-library-unusable",
    "app-machine",
    "app-module-missing",
    "app-no-version-information",
    "app-packed-relocations",
    "app-private-symbol",
    "app-requirement-missing",
    "app-script-interpreter-missing",
    "app-search-path",
    "app-symbol-missing",
    "app-text-relocations",
    "app-version-missing",
    "app-version-of-nobody",
    "architecture-lost",
    "artifact-added",
    "artifact-moved",
    "artifact-removed",
    "branding-left",
    "branding-lost",
    "capabilities-changed",
    "command-lost",
    "config-flag-lost",
    "dbus-file-lost",
    "file-conflict",
    "import-unresolved",
    "interpreter-missing",
    "kernel-checksum-changed",
    "kernel-export-added",
    "kernel-export-gpl-only",
    "kernel-export-moved",
    "kernel-export-removed",
    "kernel-hidden-change",
    "kernel-list-symbol-added",
    "kernel-list-symbol-removed",
    "kernel-namespace-changed",
    "kmod-architecture",
    "kmod-checksum-mismatch",
    "kmod-duplicate-export",
    "kmod-gpl-only",
    "kmod-layout",
    "kmod-namespace",
    "kmod-no-checksums",
    "kmod-requirement-unmet",
    "kmod-symbol-missing",
    "kmod-type-differs",
    "kmod-unprotected",
    "kmod-unsigned",
    "kmod-vermagic",
    "kmod-weak-link",
    "link-target-changed",
    "mode-changed",
    "module-default-changed",
    "module-lost",
    "module-stream-lost",
    "module-version-changed",
    "multilib-lost",
    "needed-library-missing",
    "not-installable",
    "owner-changed",
    "package-added",
    "package-architecture-changed",
    "package-epoch-changed",
    "package-obsoleted",
    "package-older",
    "package-removed",
    "package-renamed",
    "path-kind-changed",
    "path-lost",
    "polkit-file-lost",
    "provide-lost",
    "rebuild-above-next",
    "required-version-missing",
    "required-version-provided",
    "requirement-broken",
    "script-changed",
    "unit-lost",
}

/// Every rule, sorted by id.
pub fn all() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: Vec<Rule> = TABLE.iter().map(|(id, text)| parse(id, text)).collect();
        rules.extend(abide_engine::rules::all().iter().map(from_engine));
        rules.sort_by_key(|rule| rule.id);
        rules
    })
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    let rules = all();
    rules.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|at| &rules[at])
}

/// The level of a rule of this crate, or of its case, before a policy has its say.
///
/// # Panics
/// When there is no such rule or case, which the tests of the places that name them show.
pub(crate) fn level_of(rule: &str, case: Option<&str>) -> Level {
    let data = find(rule).unwrap_or_else(|| panic!("no rule {rule}"));
    match case {
        None => data.level,
        Some(case) => data.cases.get(case).unwrap_or_else(|| panic!("rule {rule} has no case {case}")).level,
    }
}

fn from_engine(rule: &abide_engine::rules::Rule) -> Rule {
    Rule {
        id: rule.id,
        title: rule.title.clone(),
        level: rule.level,
        why: rule.why.clone(),
        when_safe: rule.when_safe.clone(),
        reference: rule.reference.clone(),
        cases: rule.cases.clone(),
    }
}

/// The data file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    title: String,
    level: String,
    why: String,
    when_safe: String,
    reference: String,
    #[serde(default)]
    cases: BTreeMap<String, RuleCase>,
}

/// # Panics
/// When a data file of this crate is malformed, which a test would have shown.
fn parse(id: &'static str, text: &str) -> Rule {
    let file: RuleFile = toml::from_str(text).unwrap_or_else(|e| panic!("rules/{id}.toml: {e}"));
    let RuleFile { title, level, why, when_safe, reference, cases } = file;
    let level = Level::from_id(&level).unwrap_or_else(|| panic!("rules/{id}.toml: unknown level {level:?}"));
    Rule { id, title, level, why, when_safe, reference, cases }
}

/// Reads a policy file, whose rules and cases must exist.
///
/// `name` is how messages call the file; see [`Policy::parse`].
pub fn read_policy(name: &str, bytes: &[u8]) -> Result<Policy, PolicyError> {
    Policy::parse(name, bytes, &|rule, case| {
        find(rule).is_some_and(|rule| case.is_none_or(|case| rule.cases.contains_key(case)))
    })
}

/// A finding before its rule gave it level and reason.
pub(crate) struct Draft {
    pub(crate) rule: &'static str,
    /// The rule's case that applies; `None` for none.
    pub(crate) case: Option<&'static str>,
    pub(crate) subject: Subject,
    pub(crate) summary: String,
    pub(crate) old: Evidence,
    pub(crate) new: Evidence,
    pub(crate) details: Vec<Detail>,
}

/// Gives a draft its level and reason.
///
/// # Panics
/// When the draft names a rule or case that has no data, which the tests of the places that make drafts show.
pub(crate) fn judge(draft: Draft, policy: &Policy) -> Finding {
    let rule = find(draft.rule).unwrap_or_else(|| panic!("no rule {}", draft.rule));
    let case = draft.case.map(|case| {
        let found = rule.cases.get(case).unwrap_or_else(|| panic!("rule {} has no case {case}", rule.id));
        (format!("{}/{case}", rule.id), found.level, &found.why)
    });
    let (key, level, why) = case.unwrap_or_else(|| (rule.id.to_owned(), rule.level, &rule.why));
    let mut details = draft.details;
    details.iter_mut().for_each(|detail| detail.level = policy.counted(detail.level));
    Finding {
        rule: rule.id,
        level: policy.level(&key, level),
        subject: draft.subject,
        summary: draft.summary,
        why: policy.explain(why, level, policy.level(&key, level)),
        old: draft.old,
        new: draft.new,
        details,
        exposure: None,
        path: Vec::new(),
        symbols: Arc::from([]),
        consumers: Vec::new(),
        suppressed: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_file_is_in_the_table_once() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the rules are there")
            .map(|entry| {
                entry.expect("readable").file_name().to_string_lossy().trim_end_matches(".toml").to_owned()
            })
            .collect();
        files.sort();
        let ids: Vec<&str> = TABLE.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, files);
    }

    #[test]
    fn ids_are_unique_and_texts_are_there() {
        let rules = all();
        assert!(rules.windows(2).all(|pair| pair[0].id < pair[1].id));
        for rule in rules {
            for text in [&rule.title, &rule.why, &rule.when_safe, &rule.reference] {
                assert!(!text.trim().is_empty(), "{}", rule.id);
            }
        }
        assert!(find("package-removed").is_some());
        assert!(find("no-such-rule").is_none());
    }
}
