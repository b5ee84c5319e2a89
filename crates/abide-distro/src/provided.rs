//! What the candidate brings along itself: a requirement that its own packages meet is no cause for review.

use abide_engine::Policy;
use abide_model::{ArtifactFacts, Finding, Level, Side};
use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use crate::pairing::{ArtifactRef, artifacts_of};
use crate::rules;

/// The engine's rule, which cannot know what else is on the side.
const RAISED: &str = "required-version-changed";
/// The rule for what the candidate meets itself.
const PROVIDED: &str = "required-version-provided";

/// A policy under which required versions do not count in the engine's verdict, since this crate judges them; and
/// whether it does: a level that the policy states stays.
pub(crate) fn without_required_versions(policy: &Policy) -> (Policy, bool) {
    let mut policy = policy.clone();
    let is_stated = policy.levels.contains_key(RAISED);
    if !is_stated {
        policy.levels.insert(RAISED.to_owned(), Level::Safe);
    }
    (policy, !is_stated)
}

/// Gives a finding the rule's level and reason.
fn set_level(finding: &mut Finding, rule: &str, policy: &Policy) {
    let Some(rule) = rules::find(rule) else { return };
    let level = policy.level(rule.id, rule.level);
    finding.rule = rule.id;
    finding.level = level;
    finding.why = policy.explain(&rule.why, rule.level, level);
    for detail in &mut finding.details {
        (detail.rule, detail.level) = (rule.id, level);
    }
}

/// The libraries of one side by soname.
pub(crate) struct Libraries<'a> {
    side: &'a Side,
    by_soname: FxHashMap<&'a BStr, Vec<ArtifactRef>>,
}

impl<'a> Libraries<'a> {
    /// Indexes a side.
    pub(crate) fn new(side: &'a Side) -> Self {
        let mut by_soname: FxHashMap<&BStr, Vec<ArtifactRef>> = FxHashMap::default();
        for artifact in (0..side.packages.len()).flat_map(|package| artifacts_of(side, package)) {
            if let Some(soname) = &artifact.of(side).elf.soname {
                by_soname.entry(soname.as_bstr()).or_default().push(artifact);
            }
        }
        Libraries { side, by_soname }
    }

    /// The library for `user`'s machine that defines `version` of `soname`.
    fn provider(&self, user: &ArtifactFacts, soname: &str, version: &str) -> Option<ArtifactRef> {
        let candidates = self.by_soname.get(soname.as_bytes().as_bstr())?;
        let same_machine = |facts: &ArtifactFacts| {
            (facts.elf.class, facts.elf.machine) == (user.elf.class, user.elf.machine)
        };
        candidates.iter().copied().find(|artifact| {
            let facts = artifact.of(self.side);
            same_machine(facts) && facts.elf.versions_defined.iter().any(|defined| *defined == version)
        })
    }

    /// Judges the findings about required versions: safe when this side meets the requirement itself, else as the
    /// engine's rule says.
    pub(crate) fn judge_required_versions(
        &self,
        user: &ArtifactFacts,
        findings: &mut [Finding],
        policy: &Policy,
    ) {
        let Some(rule) = rules::find(RAISED) else { return };
        // The rule's cases (a lowered version) keep what the engine said.
        for finding in findings.iter_mut().filter(|f| f.rule == RAISED && f.why.starts_with(&rule.why)) {
            let Some(provider) = self.met_by(user, finding) else {
                set_level(finding, RAISED, policy);
                continue;
            };
            let owner = match &provider.package_of(self.side).meta {
                Some(meta) => meta.nevra.to_string(),
                None => provider.of(self.side).path.to_string(),
            };
            finding.summary = format!("{}; {owner} of the candidate has it", finding.summary);
            set_level(finding, PROVIDED, policy);
        }
    }

    /// The library that meets every version which the finding names.
    fn met_by(&self, user: &ArtifactFacts, finding: &Finding) -> Option<ArtifactRef> {
        let mut provider = None;
        for detail in &finding.details {
            let soname = detail.what.strip_prefix("required version of ")?;
            provider = Some(self.provider(user, soname, detail.new.as_deref()?)?);
        }
        provider
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_are_named_here_exist() {
        assert_eq!(rules::find(RAISED).map(|rule| rule.level), Some(Level::Review));
        assert_eq!(rules::find(PROVIDED).map(|rule| rule.level), Some(Level::Safe));
    }
}
