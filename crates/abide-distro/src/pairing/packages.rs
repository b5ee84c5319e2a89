//! Pairs packages: by name and architecture, then by what a package provides, then by being the only ones.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use abide_model::{ArtifactFacts, ElfKind, PackageFacts, Side};

use super::PackageMatch;
use super::names::version_free;
use crate::versions::compare_versions;

/// Two packages that belong together, as indices into their sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackagePair {
    pub(crate) old: usize,
    pub(crate) new: usize,
    pub(crate) by: PackageMatch,
}

/// The packages of both sides, sorted out.
#[derive(Debug, Default)]
pub(crate) struct PackagePairs {
    /// In the reference's order.
    pub(crate) pairs: Vec<PackagePair>,
    /// Candidate to reference.
    by_new: BTreeMap<usize, usize>,
    /// Without a partner on the candidate.
    pub(crate) only_old: Vec<usize>,
    /// Without a partner on the reference.
    pub(crate) only_new: Vec<usize>,
    /// Older builds of a package of the same side: not compared.
    pub(crate) superseded_old: Vec<usize>,
    /// Older builds of a package of the same side: not compared.
    pub(crate) superseded_new: Vec<usize>,
}

impl PackagePairs {
    /// The candidate's partner of a reference package.
    pub(crate) fn partner_of_old(&self, old: usize) -> Option<usize> {
        let found = self.pairs.binary_search_by_key(&old, |pair| pair.old).ok()?;
        Some(self.pairs[found].new)
    }

    /// The reference's partner of a candidate package.
    pub(crate) fn partner_of_new(&self, new: usize) -> Option<usize> {
        self.by_new.get(&new).copied()
    }

    /// Whether a reference package has no partner.
    pub(crate) fn is_removed(&self, old: usize) -> bool {
        self.only_old.binary_search(&old).is_ok()
    }

    /// Whether a candidate package has no partner.
    pub(crate) fn is_added(&self, new: usize) -> bool {
        self.only_new.binary_search(&new).is_ok()
    }
}

/// Name and architecture.
type Key<'a> = (&'a str, &'a str);

/// Pairs the packages of two sides; debug packages are evidence and take no part.
pub(crate) fn pair_packages(old: &Side, new: &Side) -> PackagePairs {
    let mut result = PackagePairs::default();
    let mut left = newest(old, &mut result.superseded_old);
    let mut right = newest(new, &mut result.superseded_new);
    let only_ones = left.len() == 1 && right.len() == 1;

    take_pairs(&mut left, &mut right, PackageMatch::Name, &mut result.pairs, |key, right| {
        right.contains_key(&key).then_some(key)
    });
    take_pairs(&mut left, &mut right, PackageMatch::OtherArchitecture, &mut result.pairs, |key, right| {
        only(right.keys().copied().filter(|other| other.0 == key.0))
    });
    take_pairs(&mut left, &mut right, PackageMatch::Provides, &mut result.pairs, |key, right| {
        only(
            right
                .iter()
                .filter(|(other, index)| other.1 == key.1 && provides(&new.packages[**index], key.0))
                .map(|(k, _)| *k),
        )
    });
    let stem = |side: &Side, key: Key<'_>, index: usize| {
        is_of_kernel(&side.packages[index]).then(|| (version_free(key.0.into()), key.1.to_owned()))
    };
    let lines: BTreeMap<Key<'_>, _> =
        left.iter().filter_map(|(key, index)| Some((*key, stem(old, *key, *index)?))).collect();
    take_pairs(&mut left, &mut right, PackageMatch::VersionedName, &mut result.pairs, |key, right| {
        let own = lines.get(&key)?;
        let is_lone = lines.values().filter(|other| *other == own).count() == 1;
        let same = right.iter().filter(|(k, i)| stem(new, **k, **i).as_ref() == Some(own)).map(|(k, _)| *k);
        only(same).filter(|_| is_lone)
    });
    if only_ones {
        take_pairs(&mut left, &mut right, PackageMatch::OnlyOnes, &mut result.pairs, |_, right| {
            only(right.keys().copied())
        });
    }
    pair_loose(old, new, &mut result);
    result.only_old.extend(left.into_values());
    result.only_new.extend(right.into_values());
    result.pairs.sort_by_key(|pair| (pair.old, pair.new));
    result.by_new = result.pairs.iter().map(|pair| (pair.new, pair.old)).collect();
    result.only_old.sort_unstable();
    result.only_new.sort_unstable();
    result
}

/// Whether a package has parts of a kernel: several versions of it can be installed, and Debian has the version in
/// its name.
fn is_of_kernel(package: &PackageFacts) -> bool {
    let is_kernel = |a: &ArtifactFacts| matches!(a.elf.kind, ElfKind::Vmlinux | ElfKind::KernelModule);
    !package.kernel_files.is_empty() || package.artifacts.iter().any(is_kernel)
}

/// Moves the pairs that `partner` finds out of both maps.
fn take_pairs<'a>(
    left: &mut BTreeMap<Key<'a>, usize>,
    right: &mut BTreeMap<Key<'a>, usize>,
    by: PackageMatch,
    pairs: &mut Vec<PackagePair>,
    partner: impl Fn(Key<'a>, &BTreeMap<Key<'a>, usize>) -> Option<Key<'a>>,
) {
    left.retain(|key, old| {
        let Some(new) = partner(*key, right).and_then(|found| right.remove(&found)) else { return true };
        pairs.push(PackagePair { old: *old, new, by });
        false
    });
}

/// The packages of which the side has a newer build, ascending.
pub(crate) fn superseded(side: &Side) -> Vec<usize> {
    let mut superseded = Vec::new();
    newest(side, &mut superseded);
    superseded
}

/// The newest build of each software package; older builds go to `superseded`.
fn newest<'a>(side: &'a Side, superseded: &mut Vec<usize>) -> BTreeMap<Key<'a>, usize> {
    let mut builds: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    for (index, package) in side.packages.iter().enumerate() {
        let Some(meta) = package.meta.as_ref().filter(|meta| !meta.is_debug()) else { continue };
        let key = (meta.nevra.name.as_str(), meta.nevra.arch.as_str());
        let Some(best) = builds.get_mut(&key) else {
            builds.insert(key, index);
            continue;
        };
        let is_newer = side.packages[*best]
            .meta
            .as_ref()
            .is_none_or(|known| compare_versions(meta, known) == Ordering::Greater);
        superseded.push(if is_newer { std::mem::replace(best, index) } else { index });
    }
    superseded.sort_unstable();
    builds
}

/// Files that are in no package, taken together, have their like on the other side.
fn pair_loose(old: &Side, new: &Side, result: &mut PackagePairs) {
    let loose = |side: &Side| -> Vec<usize> {
        (0..side.packages.len()).filter(|index| side.packages[*index].meta.is_none()).collect()
    };
    let (left, right) = (loose(old), loose(new));
    let paired = left.len().min(right.len());
    let pairs = left.iter().zip(&right);
    result.pairs.extend(pairs.map(|(&old, &new)| PackagePair { old, new, by: PackageMatch::Loose }));
    result.only_old.extend_from_slice(&left[paired..]);
    result.only_new.extend_from_slice(&right[paired..]);
}

/// Whether the package provides `name` as a capability.
pub(crate) fn provides(package: &PackageFacts, name: &str) -> bool {
    package.meta.as_ref().is_some_and(|meta| meta.provides.iter().any(|provided| provided.name == name))
}

/// The item of an iterator that has just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}
