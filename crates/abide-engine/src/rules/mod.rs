//! Rules: which changes break programs built before, which a person must look at, which are safe.
//!
//! A rule is a small function and a data file, `rules/<id>.toml`. The function says whether a change is the
//! rule's business and in which *case* it stands; level and reasons of each case are data. Each change belongs to
//! exactly one rule. To add a rule: write the file, write the function, add one line to `table!`, add a fixture
//! pair in `tests/pairs/` in which it fires; the tests assert that none of the four is missing.

mod artifact;
mod function;
mod place;
mod record;
mod symbol;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use abide_model::{Exposure, Level};
use serde::Deserialize;

use crate::change::Fact;
use crate::policy::Policy;

/// One rule with its texts.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Identifier: the stem of the data file.
    pub id: &'static str,
    /// What happened, as a heading.
    pub title: String,
    /// Level where no milder case applies.
    pub level: Level,
    /// Why it has this level.
    pub why: String,
    /// When a change that the rule reports does no harm all the same.
    pub when_safe: String,
    /// Where the fact behind the rule is stated: specifications, sources, manuals.
    pub reference: String,
    /// Situations with another level, by name.
    pub cases: BTreeMap<String, RuleCase>,
    judge: Judge,
}

/// A situation in which a rule has another level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCase {
    /// The level then.
    #[serde(deserialize_with = "level")]
    pub level: Level,
    /// Why.
    pub why: String,
}

/// What a rule may look at besides the change itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    /// How consumers are exposed to the place of the change; `None` for symbols and artifacts.
    pub(crate) exposure: Option<Exposure>,
    /// Whether the type is itself passed or returned by value.
    pub(crate) is_passed: bool,
}

impl Situation {
    /// Whether no consumer can see the place.
    pub(crate) fn is_opaque(self) -> bool {
        self.exposure == Some(Exposure::Opaque)
    }

    /// The case of changes whose level depends on nothing but the exposure.
    pub(crate) fn case(self) -> &'static str {
        match self.exposure {
            Some(Exposure::Opaque) => "opaque",
            Some(Exposure::BehindPointer) => "behind-pointer",
            _ => DEFAULT,
        }
    }

    /// [`DEFAULT`] unless nobody can see the place.
    pub(crate) fn unless_opaque(self) -> &'static str {
        if self.is_opaque() { "opaque" } else { DEFAULT }
    }
}

/// `None`: not this rule's change. Else the case, [`DEFAULT`] for none.
type Judge = fn(&Fact, Situation) -> Option<&'static str>;

/// The case without a name.
pub(crate) const DEFAULT: &str = "";

/// A change's judgement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    /// The level before the policy had its say.
    pub(crate) own: Level,
    pub(crate) why: &'static str,
}

/// All rules, sorted by id.
pub fn all() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| TABLE.iter().map(|(id, text, judge)| parse(id, text, *judge)).collect())
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    let rules = all();
    rules.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|at| &rules[at])
}

/// Judges a change by the one rule whose business it is.
pub(crate) fn judge(fact: &Fact, situation: Situation, policy: &Policy) -> Judged {
    let claim = all().iter().find_map(|rule| (rule.judge)(fact, situation).map(|case| (rule, case)));
    // A test asserts that every fact has a rule.
    let (rule, case) = claim.unwrap_or_else(|| (unclaimed(), DEFAULT));
    match rule.cases.get(case) {
        Some(found) => {
            let level = policy.level(&format!("{}/{case}", rule.id), found.level);
            Judged { rule, level, own: found.level, why: &found.why }
        }
        None => Judged { rule, level: policy.level(rule.id, rule.level), own: rule.level, why: &rule.why },
    }
}

/// The rule for what cannot be compared: a person must look.
fn unclaimed() -> &'static Rule {
    find("type-not-comparable").unwrap_or(&all()[0])
}

/// All rules that claim `fact`; exactly one, as a test asserts.
#[cfg(test)]
pub(crate) fn claims(fact: &Fact, situation: Situation) -> Vec<(&'static Rule, &'static str)> {
    all().iter().filter_map(|rule| (rule.judge)(fact, situation).map(|case| (rule, case))).collect()
}

/// The data file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    title: String,
    #[serde(deserialize_with = "level")]
    level: Level,
    why: String,
    when_safe: String,
    reference: String,
    #[serde(default)]
    cases: BTreeMap<String, RuleCase>,
}

fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
    let word = String::deserialize(deserializer)?;
    Level::from_id(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown level {word:?}")))
}

/// # Panics
/// When a data file of this crate is malformed, which a test would have shown.
fn parse(id: &'static str, text: &str, judge: Judge) -> Rule {
    let file: RuleFile = toml::from_str(text).unwrap_or_else(|e| panic!("rules/{id}.toml: {e}"));
    let RuleFile { title, level, why, when_safe, reference, cases } = file;
    Rule { id, title, level, why, when_safe, reference, cases, judge }
}

macro_rules! table {
    ($($id:literal => $judge:path,)*) => {
        /// Id, data file and function of each rule, sorted by id.
        static TABLE: &[(&str, &str, Judge)] =
            &[$(($id, include_str!(concat!("../../rules/", $id, ".toml")), $judge),)*];
    };
}

table! {
    "alias-split" => symbol::alias_split,
    "alignment-changed" => record::alignment_changed,
    "architecture-changed" => artifact::architecture_changed,
    "argument-class-changed" => record::argument_class_changed,
    "array-length-changed" => place::array_length_changed,
    "array-shape-changed" => place::array_shape_changed,
    "artifact-kind-changed" => artifact::artifact_kind_changed,
    "base-added" => record::base_added,
    "base-moved" => record::base_moved,
    "base-removed" => record::base_removed,
    "base-type-renamed" => place::base_type_renamed,
    "bind-now-changed" => artifact::bind_now_changed,
    "bit-field-changed" => record::bit_field_changed,
    "branch-protection-changed" => artifact::branch_protection_changed,
    "calling-convention-changed" => function::calling_convention_changed,
    "default-version-changed" => symbol::default_version_changed,
    "elf-flags-changed" => artifact::elf_flags_changed,
    "enum-size-changed" => record::enum_size_changed,
    "enum-underlying-changed" => record::enum_underlying_changed,
    "enumerator-added" => record::enumerator_added,
    "enumerator-removed" => record::enumerator_removed,
    "enumerator-renamed" => record::enumerator_renamed,
    "enumerator-value-changed" => record::enumerator_value_changed,
    "executable-stack-changed" => artifact::executable_stack_changed,
    "fortify-changed" => artifact::fortify_changed,
    "interpreter-changed" => artifact::interpreter_changed,
    "isa-baseline-changed" => artifact::isa_baseline_changed,
    "member-added" => record::member_added,
    "member-moved" => record::member_moved,
    "member-removed" => record::member_removed,
    "member-renamed" => record::member_renamed,
    "needed-added" => artifact::needed_added,
    "needed-removed" => artifact::needed_removed,
    "noreturn-changed" => function::noreturn_changed,
    "object-size-changed" => symbol::object_size_changed,
    "os-abi-changed" => artifact::os_abi_changed,
    "parameter-added" => function::parameter_added,
    "parameter-order-changed" => function::parameter_order_changed,
    "parameter-removed" => function::parameter_removed,
    "pie-changed" => artifact::pie_changed,
    "pointee-changed" => place::pointee_changed,
    "pointer-kind-changed" => place::pointer_kind_changed,
    "prototype-changed" => function::prototype_changed,
    "purity-changed" => record::purity_changed,
    "qualifier-changed" => place::qualifier_changed,
    "record-keyword-changed" => record::record_keyword_changed,
    "record-size-changed" => record::record_size_changed,
    "relro-changed" => artifact::relro_changed,
    "required-version-changed" => artifact::required_version_changed,
    "reserved-member-used" => record::reserved_member_used,
    "runpath-changed" => artifact::runpath_changed,
    "signedness-changed" => place::signedness_changed,
    "soname-changed" => artifact::soname_changed,
    "stack-protector-changed" => artifact::stack_protector_changed,
    "static-tls-changed" => artifact::static_tls_changed,
    "symbol-added" => symbol::symbol_added,
    "symbol-binding-changed" => symbol::symbol_binding_changed,
    "symbol-kind-changed" => symbol::symbol_kind_changed,
    "symbol-removed" => symbol::symbol_removed,
    "symbol-version-removed" => symbol::symbol_version_removed,
    "symbol-versioned" => symbol::symbol_versioned,
    "symbol-visibility-changed" => symbol::symbol_visibility_changed,
    "text-relocations-changed" => artifact::text_relocations_changed,
    "triviality-changed" => record::triviality_changed,
    "type-became-defined" => place::type_became_defined,
    "type-became-opaque" => place::type_became_opaque,
    "type-changed" => place::type_changed,
    "type-not-comparable" => place::type_not_comparable,
    "type-renamed" => place::type_renamed,
    "type-replaced" => place::type_replaced,
    "typedef-renamed" => place::typedef_renamed,
    "variadic-changed" => function::variadic_changed,
    "version-definition-added" => artifact::version_definition_added,
    "version-definition-removed" => artifact::version_definition_removed,
    "virtual-function-added" => record::virtual_function_added,
    "virtual-function-moved" => record::virtual_function_moved,
    "virtual-function-removed" => record::virtual_function_removed,
}

#[cfg(test)]
mod tests;
