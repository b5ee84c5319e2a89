//! What happened to packages as such: new, renamed, for other architectures; architectures and streams of modules that are
//! lost; packages that obsolete one another.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{Evidence, MetaPackage, RelationKind, Sense, Subject};

use super::index::Index;
use super::rich::Atom;
use super::{Collected, Context, about_package, absent, evidence, evr};
use crate::pairing::PackageMatch;
use crate::rules::Draft;
use crate::versions::meets;

/// Judges packages, architectures, streams and obsoletes.
pub(crate) fn judge_whole(context: &Context<'_>, all: &mut Collected) {
    for pair in &context.pairs.all {
        match (pair.old, pair.new) {
            (Some(old), Some(new)) => paired(context, all, old, new, pair.by),
            (None, Some(new)) => added(context, all, new),
            _ => {}
        }
    }
    architectures(context, all);
    streams(context, all);
    obsoletes(context, all);
}

fn paired(context: &Context<'_>, all: &mut Collected, old: usize, new: usize, by: Option<PackageMatch>) {
    let (before, after) = (context.old.package(old), context.new.package(new));
    let (a, b) = (&before.nevra, &after.nevra);
    let found = match by {
        Some(PackageMatch::Provides) => Some((
            "package-renamed",
            Some("provided"),
            format!("package {} is now called {}", a.name, b.name),
        )),
        Some(PackageMatch::OtherArchitecture) => Some((
            "package-architecture-changed",
            [a, b].iter().any(|nevra| !is_machine(&nevra.arch)).then_some("noarch"),
            format!("package {} is for another architecture: {} → {}", a.name, a.arch, b.arch),
        )),
        _ => None,
    };
    let Some((rule, case, summary)) = found else { return };
    let draft = Draft {
        rule,
        case,
        subject: about_package(before),
        summary,
        old: evidence(before, a.to_string()),
        new: evidence(after, b.to_string()),
        details: Vec::new(),
    };
    all.about_old(old, context.judge(draft, Some(old), Some(new)));
}

fn added(context: &Context<'_>, all: &mut Collected, new: usize) {
    let package = context.new.package(new);
    let draft = Draft {
        rule: "package-added",
        case: None,
        subject: about_package(package),
        summary: format!("package {} is new", package.nevra),
        old: absent(),
        new: evidence(package, package.nevra.to_string()),
        details: Vec::new(),
    };
    all.about_new(new, context.judge(draft, None, Some(new)));
}

impl Context<'_> {
    /// Whether the candidate has no package at all for the architecture of one.
    pub(super) fn is_of_lost_architecture(&self, package: &MetaPackage) -> bool {
        let arch = package.nevra.arch.as_str();
        is_machine(arch) && !self.new.architectures.contains_key(arch)
    }

    /// Whether both sides have a package of this name for another architecture.
    pub(super) fn has_other_architecture(&self, package: &MetaPackage) -> bool {
        let name = &package.nevra.name;
        let mut others = self.old.architectures_of(name).filter(|arch| *arch != package.nevra.arch);
        others.any(|arch| self.new.architectures_of(name).any(|other| other == arch))
    }
}

/// Whether packages of the architecture can run on some machines only.
fn is_machine(arch: &str) -> bool {
    !matches!(arch, "noarch" | "all")
}

/// Architectures for which the candidate has no package any more.
fn architectures(context: &Context<'_>, all: &mut Collected) {
    for (arch, packages) in &context.old.architectures {
        if !is_machine(arch) || context.new.architectures.contains_key(arch) {
            continue;
        }
        let draft = Draft {
            rule: "architecture-lost",
            case: None,
            subject: Subject::Capability(format!("architecture {arch}")),
            summary: format!("the candidate has no package for {arch}; the reference has {packages}"),
            old: Evidence { value: format!("packages: {packages}"), ..absent() },
            new: absent(),
            details: Vec::new(),
        };
        all.about_all(context.judge(draft, None, None));
    }
}

/// Streams of modules that are gone, and other defaults.
fn streams(context: &Context<'_>, all: &mut Collected) {
    let streams = |index: &Index<'_>| {
        let mut found: BTreeMap<(String, String), bool> = BTreeMap::new();
        for stream in &index.metadata.modules {
            *found.entry((stream.name.clone(), stream.stream.clone())).or_default() |= stream.is_default;
        }
        found
    };
    let (old, new) = (streams(&context.old), streams(&context.new));
    for ((module, stream), was_default) in &old {
        let now = new.get(&(module.clone(), stream.clone()));
        let (rule, summary) = match (now, was_default) {
            (None, _) => ("module-stream-lost", format!("the stream {module}:{stream} is gone")),
            (Some(false), true) => {
                let other = new.iter().find(|((name, _), is_default)| name == module && **is_default);
                let instead = other.map_or("none is".to_owned(), |((_, stream), _)| format!("{stream} is"));
                ("module-default-changed", format!("{module}:{stream} is no default any more; {instead}"))
            }
            _ => continue,
        };
        let draft = Draft {
            rule,
            case: None,
            subject: Subject::Capability(format!("module({module}:{stream})")),
            summary,
            old: Evidence { value: format!("module {module}:{stream}"), ..absent() },
            new: absent(),
            details: Vec::new(),
        };
        all.about_all(context.judge(draft, None, None));
    }
}

/// Packages of the candidate that obsolete others of the candidate: an update would take these away, and in a circle
/// each time the other.
fn obsoletes(context: &Context<'_>, all: &mut Collected) {
    let (before, after) = (edges(&context.old), edges(&context.new));
    let name = |number: usize| context.new.package(number).nevra.name.clone();
    let known: BTreeSet<(String, String)> = before
        .iter()
        .map(|(a, b)| {
            (context.old.package(*a).nevra.name.clone(), context.old.package(*b).nevra.name.clone())
        })
        .collect();
    let circles = circles(&after);
    for (from, to) in &after {
        if known.contains(&(name(*from), name(*to))) {
            continue;
        }
        let (by, gone) = (context.new.package(*from), context.new.package(*to));
        let is_circle = circles.get(from).is_some_and(|circle| Some(circle) == circles.get(to));
        let draft = Draft {
            rule: "package-obsoleted",
            case: is_circle.then_some("circle"),
            subject: about_package(gone),
            summary: match is_circle {
                true => format!("{} and {} obsolete one another in a circle", by.nevra, gone.nevra),
                false => format!("{} is obsoleted by {}, which is there as well", gone.nevra, by.nevra),
            },
            old: absent(),
            new: evidence(by, by.nevra.to_string()),
            details: Vec::new(),
        };
        all.about_new(*to, context.judge(draft, None, Some(*to)));
    }
}

/// Pairs of packages of which the first obsoletes the second.
fn edges(index: &Index<'_>) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    for (number, package) in index.metadata.packages.iter().enumerate() {
        for relation in package.relations(RelationKind::Obsoletes) {
            let (name, version) = (index.text(relation.name), index.text(relation.version));
            let atom = Atom { name, sense: Sense::ANY, version: "" };
            for other in index.providers(&atom).into_iter().map(|number| number as usize) {
                // Obsoletes go by the names of packages, never by what these provide (rpm's `lib/depends.c`).
                let nevra = &index.package(other).nevra;
                let is_meant = nevra.name == name && nevra.name != package.nevra.name;
                let build = evr(index.package(other));
                let provided = (Sense::EQUAL, build.as_str());
                if is_meant && meets(index.metadata.format, provided, (relation.sense, version)) {
                    found.insert((number, other));
                }
            }
        }
    }
    found
}

/// For each package in a circle of obsoletes the lowest number of a package in it.
fn circles(edges: &BTreeSet<(usize, usize)>) -> BTreeMap<usize, usize> {
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(*from).or_default().push(*to);
    }
    let reach = |start: usize| {
        let (mut seen, mut ahead) = (BTreeSet::new(), vec![start]);
        while let Some(at) = ahead.pop() {
            for to in next.get(&at).into_iter().flatten() {
                if seen.insert(*to) {
                    ahead.push(*to);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        next.keys().map(|start| (*start, reach(*start))).collect();
    let in_circle = |a: &usize, b: &usize| {
        reached.get(a).is_some_and(|r| r.contains(b)) && reached.get(b).is_some_and(|r| r.contains(a))
    };
    let lowest = |a: &usize| reached.keys().find(|b| in_circle(a, b)).copied();
    reached.keys().filter_map(|a| Some((*a, lowest(a)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found() {
        let edges = BTreeSet::from([(1, 2), (2, 3), (3, 1), (3, 4), (5, 5)]);
        assert_eq!(circles(&edges), BTreeMap::from([(1, 1), (2, 1), (3, 1), (5, 5)]));
    }
}
