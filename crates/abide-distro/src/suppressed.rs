//! Suppressions of what the engine does not see: artifacts and packages as a whole.

use std::collections::BTreeSet;
use std::sync::Mutex;

use abide_model::{ArtifactFacts, Finding, Side};

use crate::check::Context;
use crate::pairing::ArtifactRef;

/// Indices of the suppressions that covered something, collected from all threads.
#[derive(Default)]
pub(crate) struct Used(Mutex<BTreeSet<usize>>);

impl Used {
    pub(crate) fn add<'a>(&self, rules: impl IntoIterator<Item = &'a usize>) {
        let mut used = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        used.extend(rules);
    }

    pub(crate) fn take(&self) -> BTreeSet<usize> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Marks findings about an artifact as a whole.
pub(crate) fn mark_artifact(context: &Context<'_>, findings: &mut [Finding], at: [Option<ArtifactRef>; 2]) {
    let files = [at[0].map(|a| a.of(context.old)), at[1].map(|a| a.of(context.new))];
    mark(context, findings, files, at.map(|a| a.map(|a| a.package)));
}

/// Marks findings about a package; indices into each side's packages.
pub(crate) fn mark_package(
    context: &Context<'_>,
    findings: &mut [Finding],
    old: Option<usize>,
    new: Option<usize>,
) {
    mark(context, findings, [None, None], [old, new]);
}

fn mark(
    context: &Context<'_>,
    findings: &mut [Finding],
    files: [Option<&ArtifactFacts>; 2],
    packages: [Option<usize>; 2],
) {
    let rules = &context.options.suppressions;
    if rules.is_empty() {
        return;
    }
    let names = package_names(context, packages[0], packages[1]);
    for finding in findings {
        let used = rules.mark_whole(finding, files, names);
        context.used.add(&used);
    }
}

/// The names of two packages; loose files are in none.
pub(crate) fn package_names<'a>(
    context: &Context<'a>,
    old: Option<usize>,
    new: Option<usize>,
) -> [Option<&'a str>; 2] {
    let name = |side: &'a Side, index: Option<usize>| {
        side.packages[index?].meta.as_ref().map(|meta| meta.nevra.name.as_str())
    };
    [name(context.old, old), name(context.new, new)]
}
