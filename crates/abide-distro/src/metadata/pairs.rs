//! Which builds belong together: the newest of each name, architecture and module's stream; then what took over a name.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use abide_model::{RelationKind, Sense};

use super::index::Index;
use super::rich::Atom;
use crate::pairing::PackageMatch;
use crate::versions::compare_builds;

/// Two builds, or one without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BuildPair {
    pub(crate) old: Option<usize>,
    pub(crate) new: Option<usize>,
    pub(crate) by: Option<PackageMatch>,
}

/// All builds of both sides, sorted out.
#[derive(Debug, Default)]
pub(crate) struct BuildPairs {
    /// Those with a build on the reference first, each group by name.
    pub(crate) all: Vec<BuildPair>,
    pub(crate) new_of_old: Vec<Option<usize>>,
    pub(crate) old_of_new: Vec<Option<usize>>,
    /// Builds that a newer one of the same side stands for.
    pub(crate) superseded_old: Vec<usize>,
    pub(crate) superseded_new: Vec<usize>,
}

/// Name, architecture, module, stream.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Pairs the builds of two sides.
pub(crate) fn pair_builds(old: &Index<'_>, new: &Index<'_>) -> BuildPairs {
    let mut pairs = BuildPairs {
        new_of_old: vec![None; old.metadata.packages.len()],
        old_of_new: vec![None; new.metadata.packages.len()],
        ..BuildPairs::default()
    };
    let left = newest(old, &mut pairs.superseded_old);
    let mut right = newest(new, &mut pairs.superseded_new);
    let mut alone = Vec::new();
    for (key, number) in &left {
        match right.remove(key) {
            Some(found) => pairs.all.push(pair(*number, found, PackageMatch::Name)),
            None => alone.push((*key, *number)),
        }
    }
    alone.retain(|(key, number)| {
        let others: Vec<Key<'_>> =
            right.range((key.0, "", "", "")..).map(|(k, _)| *k).take_while(|k| k.0 == key.0).collect();
        let by_name = (others.len() == 1).then(|| others[0]);
        let (found, by) = match by_name {
            // In another stream of a module, or in none, it is the same package all the same.
            Some(found) if found.1 == key.1 => (Some(found), PackageMatch::Name),
            Some(found) => (Some(found), PackageMatch::OtherArchitecture),
            None => (heir(old, new, *number, &right), PackageMatch::Provides),
        };
        let Some(partner) = found.and_then(|key| right.remove(&key)) else { return true };
        pairs.all.push(pair(*number, partner, by));
        false
    });
    pairs.all.extend(alone.iter().map(|(_, number)| BuildPair { old: Some(*number), new: None, by: None }));
    pairs.all.sort_by(|a, b| {
        let nevra = |pair: &BuildPair| pair.old.map(|number| &old.package(number).nevra);
        nevra(a).cmp(&nevra(b))
    });
    pairs.all.extend(right.values().map(|number| BuildPair { old: None, new: Some(*number), by: None }));
    for pair in &pairs.all {
        if let (Some(old), Some(new)) = (pair.old, pair.new) {
            (pairs.new_of_old[old], pairs.old_of_new[new]) = (Some(new), Some(old));
        }
    }
    pairs
}

fn pair(old: usize, new: usize, by: PackageMatch) -> BuildPair {
    BuildPair { old: Some(old), new: Some(new), by: Some(by) }
}

/// The candidate's new package of the same architecture that takes the place of one by name: it provides that name
/// and, where the format can say so, obsoletes it.
fn heir<'a>(
    old: &Index<'_>,
    new: &Index<'_>,
    number: usize,
    right: &BTreeMap<Key<'a>, usize>,
) -> Option<Key<'a>> {
    let nevra = &old.package(number).nevra;
    let name = Atom { name: &nevra.name, sense: Sense::ANY, version: "" };
    let providers = new.providers(&name);
    let mut found = right.iter().filter(|(key, candidate)| {
        let obsoletes = new.package(**candidate).relations(RelationKind::Obsoletes);
        key.1 == nevra.arch
            && providers.binary_search(&(**candidate as u32)).is_ok()
            && (obsoletes.iter().any(|relation| new.text(relation.name) == nevra.name)
                || new.metadata.format == abide_model::PackageFormat::Deb)
    });
    let first = found.next().map(|(key, _)| *key);
    if found.next().is_some() { None } else { first }
}

/// The newest build of each package; older ones go to `superseded`.
fn newest<'a>(index: &Index<'a>, superseded: &mut Vec<usize>) -> BTreeMap<Key<'a>, usize> {
    let mut builds: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    for (number, package) in index.metadata.packages.iter().enumerate() {
        let (module, stream) =
            index.stream(number).map_or(("", ""), |stream| (stream.name.as_str(), stream.stream.as_str()));
        let key = (package.nevra.name.as_str(), package.nevra.arch.as_str(), module, stream);
        let Some(best) = builds.get_mut(&key) else {
            builds.insert(key, number);
            continue;
        };
        let known = &index.package(*best).nevra;
        let order = compare_builds(index.metadata.format, &package.nevra, known);
        superseded.push(if order == Ordering::Greater { std::mem::replace(best, number) } else { number });
    }
    superseded.sort_unstable();
    builds
}
