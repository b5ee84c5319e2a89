//! Changes → findings with the rules of suppression files in between: a subject with covered and open changes
//! becomes two findings, of which one is suppressed.

use std::collections::BTreeSet;

use abide_model::{Finding, Root, Subject, SymbolName, TypeGraph};
use bstr::{BString, ByteSlice};

use super::active::{Active, any};
use super::cover::{Covered, Covers, Start};
use super::names::{from_text, without_parameters};
use super::spec::{ChangeKind, OwnSpec, Spec};
use crate::change::{Change, Fact};
use crate::diff::DiffGraph;
use crate::judge::Draft;
use crate::policy::Policy;

/// Judges drafts by the rules and by what was suppressed.
pub(crate) struct Judge<'a> {
    policy: &'a Policy,
    active: Option<Active<'a>>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(policy: &'a Policy, active: Option<Active<'a>>) -> Self {
        if let Some((active, whole)) = active.as_ref().and_then(|a| Some((a, a.whole?))) {
            active.uses(whole);
        }
        Judge { policy, active }
    }

    /// Findings about the artifact as a whole.
    pub(crate) fn artifact(&self, draft: Draft) -> Vec<Finding> {
        let covers = vec![None; draft.changes.len()];
        self.findings(draft, covers)
    }

    /// Findings about an exported symbol; indices into each side's symbols.
    pub(crate) fn symbol(&self, draft: Draft, old: Option<usize>, new: Option<usize>) -> Vec<Finding> {
        let cover = |change: &Change| self.active.as_ref()?.covers_symbol(old, new, kind(&change.fact));
        let covers = draft.changes.iter().map(cover).collect();
        self.findings(draft, covers)
    }

    /// What the rules make of a difference of types; `None` when there are no rules.
    pub(crate) fn covers<'g>(
        &self,
        diff: &DiffGraph,
        sides: (&TypeGraph, &TypeGraph),
        starts: impl Iterator<Item = (u32, &'g Root, &'g Root)>,
    ) -> Option<Covered> {
        let starts: Vec<Start<'_>> = starts.map(|(node, old, new)| Start { node, old, new }).collect();
        Some(self.active.as_ref()?.covers(diff, sides.0, sides.1, &starts))
    }

    /// Findings about a type or a typed symbol.
    pub(crate) fn typed(&self, draft: Draft, covers: Option<&Covers>) -> Vec<Finding> {
        let covers = covers.cloned().unwrap_or_else(|| vec![None; draft.changes.len()]);
        self.findings(draft, covers)
    }

    /// Indices of the rules that suppressed something.
    pub(crate) fn used(&self) -> BTreeSet<usize> {
        self.active.as_ref().map(Active::used).unwrap_or_default()
    }

    fn findings(&self, draft: Draft, mut covers: Covers) -> Vec<Finding> {
        let Some(active) = &self.active else { return vec![draft.judge(self.policy)] };
        let whole = draft.clone().judge(self.policy);
        for (cover, detail) in covers.iter_mut().zip(&whole.details) {
            *cover =
                active.whole.or(*cover).or_else(|| active.own(&whole.subject, &whole.symbols, detail.rule));
        }
        if covers.iter().all(|cover| *cover == covers[0]) {
            let suppressed = covers[0].map(|rule| active.uses(rule));
            return vec![Finding { suppressed, ..whole }];
        }
        let mut groups: Vec<Option<usize>> = Vec::new();
        covers.iter().for_each(|c| {
            if !groups.contains(c) {
                groups.push(*c)
            }
        });
        let one = |group: Option<usize>| {
            let changes = draft.changes.iter().zip(&covers).filter(|(_, c)| **c == group);
            let changes = changes.map(|(change, _)| change.clone()).collect();
            let finding = Draft { changes, ..draft.clone() }.judge(self.policy);
            Finding { suppressed: group.map(|rule| active.uses(rule)), ..finding }
        };
        groups.into_iter().map(one).collect()
    }
}

/// `change_kind` of a symbol's change: a version that went away is a symbol that went away.
fn kind(fact: &Fact) -> ChangeKind {
    match fact {
        Fact::SymbolRemoved(_) | Fact::SymbolVersionRemoved { .. } => ChangeKind::Deleted,
        Fact::SymbolAdded => ChangeKind::Added,
        _ => ChangeKind::Changed,
    }
}

impl Active<'_> {
    /// The first rule of our own form that covers an item of a finding.
    pub(super) fn own(&self, subject: &Subject, symbols: &[SymbolName], rule: &str) -> Option<usize> {
        self.applying.iter().copied().find(|&index| match &self.rules[index].spec {
            Spec::Own(spec) => spec.covers(subject, symbols, rule),
            _ => false,
        })
    }
}

impl OwnSpec {
    fn covers(&self, subject: &Subject, symbols: &[SymbolName], rule: &str) -> bool {
        let of_rule = self.rules.is_empty() || self.rules.iter().any(|r| r == rule);
        let of_subject = self.subject.as_ref().is_none_or(|r| any(r, &subject_names(subject)));
        let of_type = self.ty.as_ref().is_none_or(|r| match subject {
            Subject::Type(_) => any(r, &subject_names(subject)),
            _ => false,
        });
        // A type is covered when nothing but such symbols reaches it.
        let of_symbol = self.symbol.as_ref().is_none_or(|r| match subject {
            Subject::Symbol(name) => any(r, &symbol_names(name)),
            Subject::Type(_) => !symbols.is_empty() && symbols.iter().all(|name| any(r, &symbol_names(name))),
            _ => false,
        });
        of_rule && of_subject && of_type && of_symbol
    }
}

fn subject_names(subject: &Subject) -> Vec<BString> {
    match subject {
        Subject::Symbol(name) => symbol_names(name),
        Subject::Type(text) => vec![text.as_str().into(), from_text(text)],
        Subject::Package(name) | Subject::Capability(name) => vec![name.as_str().into()],
        Subject::Artifact => Vec::new(),
    }
}

/// `f`, `f@@V`, `ns::f(int)`, `ns::f`
fn symbol_names(name: &SymbolName) -> Vec<BString> {
    let mut out = vec![name.name.clone(), name.to_string().into()];
    if let Some(text) = crate::demangle::demangle(name.name.as_bstr()) {
        out.push(without_parameters(&text).into());
        out.push(text.into());
    }
    out
}
