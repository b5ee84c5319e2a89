//! Which pairs are compared together, and the facts of such a batch with their types.
//!
//! Artifacts whose types come from one debug package are loaded together, since such a package is read from start to end;
//! small groups share a batch, so that all processors have work. What a batch takes is bounded by the largest
//! group, not by the size of a distribution.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{ArtifactFacts, ElfKind, LoadedTypes, Progress, Side, TypeSource};
use rustc_hash::FxHashMap;

use crate::pairing::{ArtifactPair, ArtifactRef};

/// A batch is full when its artifacts have this size in total.
const BATCH_BYTES: u64 = 32 << 20;
/// What a module's types take beyond its own size.
const MODULE_BYTES: u64 = 1 << 20;
/// A batch of pairs whose types are not looked for may be as large as this.
const BATCH_PAIRS: usize = 4096;

/// Where the types of both sides come from.
#[derive(Clone, Copy)]
pub struct Types<'a> {
    /// Of the reference.
    pub old: &'a dyn TypeSource,
    /// Of the candidate.
    pub new: &'a dyn TypeSource,
}

/// Distributes pairs, given by their numbers, over batches: each pair is in one of them.
pub(crate) fn batches(old: &Side, new: &Side, pairs: &[ArtifactPair], types: &Types<'_>) -> Vec<Vec<usize>> {
    let mut groups = Groups::default();
    for (number, pair) in pairs.iter().enumerate() {
        if pair.old.of(old).is_copy_of(pair.new.of(new)) {
            continue;
        }
        let group = |source: &dyn TypeSource, at: ArtifactRef| source.group(at.package, at.artifact);
        let keys =
            [group(types.old, pair.old).map(|g| (false, g)), group(types.new, pair.new).map(|g| (true, g))];
        groups.join(number, keys);
    }
    let mut by_group: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for number in 0..pairs.len() {
        by_group.entry(groups.first(number)).or_default().push(number);
    }
    let size = |number: &usize| {
        let (old, new) = (pairs[*number].old.of(old), pairs[*number].new.of(new));
        if old.is_copy_of(new) { 0 } else { weight(old).saturating_add(weight(new)) }
    };
    let (mut all, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0u64);
    for numbers in by_group.into_values() {
        bytes = bytes.saturating_add(numbers.iter().map(size).fold(0, u64::saturating_add));
        batch.extend(numbers);
        if bytes >= BATCH_BYTES || batch.len() >= BATCH_PAIRS {
            all.push(std::mem::take(&mut batch));
            bytes = 0;
        }
    }
    all.push(batch);
    all
}

/// How much an artifact counts in a batch: its size, and for a module that exports something what its interface reaches of the
/// kernel's types, which are not in it.
fn weight(artifact: &ArtifactFacts) -> u64 {
    let reaches_kernel =
        artifact.elf.kind == ElfKind::KernelModule && artifact.elf.exports().next().is_some();
    artifact.size_bytes.saturating_add(if reaches_kernel { MODULE_BYTES } else { 0 })
}

/// Numbers that belong together because they share a key, directly or through others.
#[derive(Default)]
struct Groups {
    /// Number to one of its group that is lower.
    lower: BTreeMap<usize, usize>,
    by_key: FxHashMap<(bool, u64), usize>,
}

impl Groups {
    fn join(&mut self, number: usize, keys: [Option<(bool, u64)>; 2]) {
        for key in keys.into_iter().flatten() {
            let other = *self.by_key.entry(key).or_insert(number);
            let (a, b) = (self.first(number), self.first(other));
            if a != b {
                self.lower.insert(a.max(b), a.min(b));
            }
        }
    }

    /// The lowest number of a group.
    fn first(&mut self, number: usize) -> usize {
        let mut first = number;
        while let Some(lower) = self.lower.get(&first) {
            first = *lower;
        }
        // Later questions take the short way.
        if first != number {
            self.lower.insert(number, first);
        }
        first
    }
}

/// Facts with types, of the artifacts whose types were loaded for some pairs.
pub(crate) struct Batch {
    old: FxHashMap<ArtifactRef, ArtifactFacts>,
    new: FxHashMap<ArtifactRef, ArtifactFacts>,
}

impl Batch {
    /// Loads the types of pairs that differ: those of both sides at once, but one by one where each is work for all
    /// processors, since then only one of the two is in memory.
    pub(crate) fn load<'p>(
        old: &Side,
        new: &Side,
        pairs: impl Iterator<Item = &'p ArtifactPair>,
        types: &Types<'_>,
        progress: &dyn Progress,
    ) -> Self {
        let different: Vec<&ArtifactPair> =
            pairs.filter(|pair| !pair.old.of(old).is_copy_of(pair.new.of(new))).collect();
        if different.is_empty() {
            return Batch { old: FxHashMap::default(), new: FxHashMap::default() };
        }
        let wanted_old: BTreeSet<ArtifactRef> = different.iter().map(|pair| pair.old).collect();
        let wanted_new: BTreeSet<ArtifactRef> = different.iter().map(|pair| pair.new).collect();
        if let [pair] = different[..]
            && types.old.is_parallel(pair.old.package, pair.old.artifact)
            && types.new.is_parallel(pair.new.package, pair.new.artifact)
        {
            let old = load(old, types.old, wanted_old, progress);
            return Batch { old, new: load(new, types.new, wanted_new, progress) };
        }
        // Not on the pool's threads: the sources wait for work that they hand to the pool.
        std::thread::scope(|scope| {
            let first = scope.spawn(|| load(old, types.old, wanted_old, progress));
            let new = load(new, types.new, wanted_new, progress);
            let old = first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Batch { old, new }
        })
    }

    /// An artifact of the reference, with its types.
    pub(crate) fn reference<'a>(&'a self, side: &'a Side, at: ArtifactRef) -> &'a ArtifactFacts {
        self.old.get(&at).unwrap_or_else(|| at.of(side))
    }

    /// An artifact of the candidate, with its types.
    pub(crate) fn candidate<'a>(&'a self, side: &'a Side, at: ArtifactRef) -> &'a ArtifactFacts {
        self.new.get(&at).unwrap_or_else(|| at.of(side))
    }
}

fn load(
    side: &Side,
    source: &dyn TypeSource,
    wanted: BTreeSet<ArtifactRef>,
    progress: &dyn Progress,
) -> FxHashMap<ArtifactRef, ArtifactFacts> {
    let numbers: Vec<(usize, usize)> = wanted.iter().map(|at| (at.package, at.artifact)).collect();
    let loaded = source.load(&numbers, progress);
    let with_types = |(at, loaded): (ArtifactRef, Option<LoadedTypes>)| {
        let LoadedTypes { types, gaps } = loaded?;
        let mut facts = ArtifactFacts { types, ..at.of(side).clone() };
        facts.gaps.extend(gaps);
        Some((at, facts))
    };
    wanted.into_iter().zip(loaded).filter_map(with_types).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_a_common_key_are_one_group() {
        let mut groups = Groups::default();
        groups.join(3, [Some((false, 1)), Some((true, 1))]);
        groups.join(4, [Some((false, 2)), None]);
        groups.join(5, [Some((false, 2)), Some((true, 1))]);
        groups.join(6, [Some((false, 7)), Some((true, 7))]);
        // The sides number their groups apart.
        groups.join(7, [Some((true, 2)), None]);
        let firsts: Vec<usize> = (0..8).map(|n| groups.first(n)).collect();
        assert_eq!(firsts, [0, 1, 2, 3, 3, 3, 6, 7]);
    }
}
