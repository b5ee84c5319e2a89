//! Whether packages that changed can be installed: at once where a plain choice of providers is free of conflicts, else
//! by a solver (`solve`), which proves it either way.
//!
//! `docs/algorithms/installability.md` has the reasons.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::Nevra;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::clauses::{Clause, Clauses};
use super::index::Index;
use super::solve::Solve;
use super::{Collected, Context, about_package, absent, consumer, evidence, is_same_file};
use crate::rules::Draft;

/// Judges the packages of the candidate that are new or another build than on the reference.
pub(crate) fn judge_installable(context: &Context<'_>, all: &mut Collected) {
    let changed = context.pairs.all.iter().filter_map(|pair| {
        let new = pair.new?;
        let is_same = |old: usize| is_same_file(context.old.package(old), context.new.package(new));
        (!pair.old.is_some_and(is_same)).then_some((pair.old, new as u32))
    });
    let changed: Vec<(Option<usize>, u32)> = changed.collect();
    let (old, new) = (Clauses::new(&context.old), Clauses::new(&context.new));
    let lost = hopeless(&new);
    let lost_before = if lost.is_empty() { BTreeMap::new() } else { hopeless(&old) };
    attach(context, all, &new, &lost);
    let open: Vec<(Option<usize>, u32, String)> = changed
        .par_iter()
        .filter(|(_, number)| !lost.contains_key(number))
        .filter_map(|(old, number)| witness(&new, *number).err().map(|why| (*old, *number, why)))
        .collect();
    all.coverage.packages_solved = changed.len();
    let there = Solve::new(&new);
    let before = Solve::new(&old);
    for (old_number, number, why) in open {
        if there.can_install(number) {
            continue;
        }
        let case = match old_number.map(|old| before.can_install(old as u32)) {
            None => Some("new-package"),
            Some(true) => None,
            Some(false) => {
                all.coverage.not_installable_on_both += 1;
                continue;
            }
        };
        not_installable(context, all, number as usize, case, why);
    }
    for (old_number, number) in &changed {
        let Some(root) = lost.get(number) else { continue };
        if old_number.is_some_and(|old| lost_before.contains_key(&(old as u32))) {
            all.coverage.not_installable_on_both += 1;
            continue;
        }
        // What is at the root is a finding of its own, which names those that fall with it.
        if root != number {
            all.coverage.not_installable += 1;
            all.falls_with(*number as usize, *root as usize, old_number.is_none());
        }
    }
}

fn not_installable(
    context: &Context<'_>,
    all: &mut Collected,
    new: usize,
    case: Option<&'static str>,
    why: String,
) {
    all.coverage.not_installable += 1;
    let package = context.new.package(new);
    let old = context.partner_of_new(new);
    let draft = Draft {
        rule: "not-installable",
        case,
        subject: about_package(package),
        summary: format!("{} cannot be installed from the candidate: {why}", package.nevra),
        old: old.map_or_else(absent, |old| {
            let before = context.old.package(old);
            evidence(before, before.nevra.to_string())
        }),
        new: evidence(package, package.nevra.to_string()),
        details: Vec::new(),
    };
    all.about_new(new, context.judge(draft, old, Some(new)));
}

/// Packages that cannot be installed whatever is chosen, since all that meets one of their needs cannot be; each with a
/// package at the root, one with a need that nothing meets.
fn hopeless(clauses: &Clauses<'_, '_>) -> BTreeMap<u32, u32> {
    let count = clauses.index.metadata.packages.len() as u32;
    let mut found: BTreeMap<u32, u32> = BTreeMap::new();
    let mut ahead: Vec<u32> = (0..count).collect();
    loop {
        let next: Vec<(u32, u32)> = ahead
            .par_iter()
            .filter_map(|package| {
                let dead = clauses.needs(*package).iter().find(|clause| {
                    clause.when.is_empty() && clause.any.iter().all(|other| found.contains_key(other))
                })?;
                let root = dead.any.first().map_or(*package, |other| found[other]);
                Some((*package, root))
            })
            .collect();
        if next.is_empty() {
            return found;
        }
        let new: BTreeSet<u32> = next.iter().map(|(package, _)| *package).collect();
        found.extend(next);
        // Only who may use one of those that were just found can be next.
        ahead = (0..count)
            .into_par_iter()
            .filter(|package| {
                let needs = clauses.needs(*package).iter();
                !found.contains_key(package)
                    && needs.flat_map(|clause| &clause.any).any(|other| new.contains(other))
            })
            .collect();
    }
}

/// Names those that fall with a package in its finding.
fn attach(context: &Context<'_>, all: &mut Collected, new: &Clauses<'_, '_>, hopeless: &BTreeMap<u32, u32>) {
    let mut by_root: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (package, root) in hopeless.iter().filter(|(package, root)| package != root) {
        by_root.entry(*root).or_default().push(*package);
    }
    let left_out: FxHashSet<usize> = context.pairs.superseded_new.iter().copied().collect();
    for (root, packages) in by_root {
        let consumers = packages.iter().filter(|number| !left_out.contains(&(**number as usize)));
        let index: &Index<'_> = new.index;
        let mut consumers: Vec<_> =
            consumers.map(|number| consumer(index.package(*number as usize), false, true)).collect();
        consumers.sort();
        all.needed_by(root as usize, consumers);
    }
}

/// A plain choice, the first provider of the best fitting architecture for every need, is installed; when it cannot be,
/// why not.
fn witness(clauses: &Clauses<'_, '_>, start: u32) -> Result<(), String> {
    let index = clauses.index;
    let mut chosen: FxHashSet<u32> = FxHashSet::from_iter([start]);
    let mut ahead = vec![start];
    let mut forbidden: Vec<(u32, &Clause)> = Vec::new();
    while let Some(package) = ahead.pop() {
        let arch = &index.package(package as usize).nevra.arch;
        for clause in clauses.needs(package) {
            if clause.any.iter().any(|other| chosen.contains(other)) {
                continue;
            }
            let fit = |other: &&u32| {
                let nevra = &index.package(**other as usize).nevra;
                (nevra.arch != *arch, **other)
            };
            match clause.any.iter().min_by_key(fit) {
                Some(other) => {
                    chosen.insert(*other);
                    ahead.push(*other);
                }
                None if clause.when.is_empty() => return Err(format!("nothing provides {}", clause.text)),
                None => forbidden.push((package, clause)),
            }
        }
    }
    let mut chosen: Vec<u32> = chosen.into_iter().collect();
    chosen.sort_unstable();
    let is_there = |package: &u32| chosen.binary_search(package).is_ok();
    let nevra = |package: &u32| &index.package(*package as usize).nevra;
    let broken = |(_, clause): &&(u32, &Clause)| clause.when.iter().all(|any| any.iter().any(is_there));
    if let Some((package, clause)) = forbidden.iter().find(broken) {
        return Err(format!("{} needs {}, which nothing meets", nevra(package), clause.text));
    }
    for package in &chosen {
        if let Some(other) = clauses.enemies(*package).iter().find(|other| is_there(other)) {
            return Err(format!(
                "{} and {} exclude one another, and it needs both",
                nevra(package),
                nevra(other)
            ));
        }
    }
    let mut builds: Vec<&Nevra> = chosen.iter().map(nevra).collect();
    builds.sort();
    let twice = builds.windows(2).find(|two| two[0].name == two[1].name && two[0].arch == two[1].arch);
    match twice {
        Some([a, b]) => Err(format!("it needs both {a} and {b}, of which one can be installed")),
        _ => Ok(()),
    }
}
