//! Pairs artifacts, first inside paired packages and then across the whole side.
//!
//! Each pass has a key; artifacts are paired when exactly one of each side still free has that key. The passes
//! go from the strongest likeness to the weakest, so a weak one never takes an artifact from a strong one.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{ArtifactFacts, ElfClass, ElfKind, Endian, Side};
use bstr::{BStr, BString, ByteSlice};

use super::names::{file_name, is_default_library_dir, parent, usr_merged, version_free};
use super::{ArtifactMatch, ArtifactRef, PackagePairs, artifacts_of};
use crate::kernel::without_release;

/// Two artifacts that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ArtifactPair {
    pub(crate) old: ArtifactRef,
    pub(crate) new: ArtifactRef,
    pub(crate) by: ArtifactMatch,
}

/// The artifacts of both sides, sorted out; lists are in the order of the side.
#[derive(Debug, Default)]
pub(crate) struct ArtifactPairs {
    pub(crate) pairs: Vec<ArtifactPair>,
    pub(crate) only_old: Vec<ArtifactRef>,
    pub(crate) only_new: Vec<ArtifactRef>,
}

/// Machine code that one loader can load together.
type Target = Option<(ElfClass, Endian, u16)>;

/// What two artifacts must have in common to be paired in a pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    target: Target,
    place: BString,
    name: BString,
}

/// One pass: how the pair is named, and the key of an artifact that may take part.
struct Pass {
    by: ArtifactMatch,
    key: fn(&ArtifactFacts) -> Option<Key>,
}

/// Passes for artifacts that one loader can load together.
const PASSES: [Pass; 7] = [
    Pass { by: ArtifactMatch::Path, key: |a| Some(key(a, a.path.as_bstr(), soname(a).unwrap_or_default())) },
    Pass {
        by: ArtifactMatch::Soname,
        key: |a| Some(key(a, usr_merged(parent(a.path.as_bstr())), soname(a)?)),
    },
    Pass { by: ArtifactMatch::Soname, key: |a| Some(key(a, "".into(), soname(a)?)) },
    Pass { by: ArtifactMatch::Path, key: |a| Some(key(a, usr_merged(a.path.as_bstr()), "".into())) },
    Pass { by: ArtifactMatch::VersionedName, key: versioned_soname },
    Pass { by: ArtifactMatch::VersionedName, key: versioned_place },
    Pass { by: ArtifactMatch::Content, key: |a| Some(key(a, "".into(), a.digest?.0.as_bstr())) },
];

/// Passes inside one package pair that look past the machine: the engine reports that it changed, which says more
/// than one file gone and another come.
const PASSES_OF_A_PACKAGE: [Pass; 2] = [
    Pass {
        by: ArtifactMatch::Path,
        key: |a| Some(Key { target: None, ..key(a, a.path.as_bstr(), "".into()) }),
    },
    Pass { by: ArtifactMatch::Soname, key: |a| Some(Key { target: None, ..key(a, "".into(), soname(a)?) }) },
];

fn key(artifact: &ArtifactFacts, place: &BStr, name: &BStr) -> Key {
    let elf = &artifact.elf;
    let target = Some((elf.class, elf.endian, elf.machine));
    Key { target, place: place.to_owned(), name: name.to_owned() }
}

fn soname(artifact: &ArtifactFacts) -> Option<&BStr> {
    artifact.elf.soname.as_ref().map(|name| name.as_bstr())
}

/// A library whose soname and file name differ only in version numbers, in the same directory.
fn versioned_soname(artifact: &ArtifactFacts) -> Option<Key> {
    let soname = soname(artifact)?;
    let path = artifact.path.as_bstr();
    let mut names = version_free(file_name(path));
    names.push(b'/');
    names.extend_from_slice(&version_free(soname));
    Some(key(artifact, usr_merged(parent(path)), names.as_bstr()))
}

/// An artifact without a soname that keeps its file name in a directory whose version changed.
fn versioned_place(artifact: &ArtifactFacts) -> Option<Key> {
    if artifact.elf.soname.is_some() || artifact.elf.kind == ElfKind::Executable {
        return None;
    }
    let path = artifact.path.as_bstr();
    if matches!(artifact.elf.kind, ElfKind::Vmlinux | ElfKind::KernelModule) {
        return Some(key(artifact, without_release(usr_merged(path)).as_bstr(), "".into()));
    }
    Some(key(artifact, version_free(usr_merged(parent(path))).as_bstr(), file_name(path)))
}

/// Pairs the artifacts of two sides whose packages are paired already.
pub(crate) fn pair_artifacts(old: &Side, new: &Side, packages: &PackagePairs) -> ArtifactPairs {
    let mut result = ArtifactPairs::default();
    for pair in &packages.pairs {
        let left: Vec<_> = artifacts_of(old, pair.old).collect();
        let right: Vec<_> = artifacts_of(new, pair.new).collect();
        let only_ones = pair.by == super::PackageMatch::Loose && left.len() == 1 && right.len() == 1;
        let (left, right) = run_passes(&PASSES, (old, new), (left, right), &mut result.pairs);
        let (left, right) = run_passes(&PASSES_OF_A_PACKAGE, (old, new), (left, right), &mut result.pairs);
        if only_ones && left.len() == 1 && right.len() == 1 {
            result.pairs.push(ArtifactPair { old: left[0], new: right[0], by: ArtifactMatch::OnlyOnes });
        } else {
            result.only_old.extend(left);
            result.only_new.extend(right);
        }
    }
    result.only_old.extend(packages.only_old.iter().flat_map(|package| artifacts_of(old, *package)));
    result.only_new.extend(packages.only_new.iter().flat_map(|package| artifacts_of(new, *package)));

    let left = std::mem::take(&mut result.only_old);
    let right = std::mem::take(&mut result.only_new);
    (result.only_old, result.only_new) = run_passes(&PASSES, (old, new), (left, right), &mut result.pairs);
    pair_other_names(old, new, &mut result);
    result.pairs.sort_by_key(|pair| (pair.old, pair.new));
    result.only_old.sort_unstable();
    result.only_new.sort_unstable();
    result
}

/// Runs every pass over the free artifacts and gives back those that stay free.
fn run_passes(
    passes: &[Pass],
    (old, new): (&Side, &Side),
    (mut left, mut right): (Vec<ArtifactRef>, Vec<ArtifactRef>),
    pairs: &mut Vec<ArtifactPair>,
) -> (Vec<ArtifactRef>, Vec<ArtifactRef>) {
    for pass in passes {
        if left.is_empty() || right.is_empty() {
            break;
        }
        let by_key = (keyed(old, &left, pass), keyed(new, &right, pass));
        let mut taken = (BTreeSet::new(), BTreeSet::new());
        for (key, candidates) in &by_key.0 {
            if let ([old], Some([new])) = (candidates.as_slice(), by_key.1.get(key).map(Vec::as_slice)) {
                pairs.push(ArtifactPair { old: *old, new: *new, by: pass.by });
                taken.0.insert(*old);
                taken.1.insert(*new);
            }
        }
        left.retain(|artifact| !taken.0.contains(artifact));
        right.retain(|artifact| !taken.1.contains(artifact));
    }
    (left, right)
}

fn keyed(side: &Side, free: &[ArtifactRef], pass: &Pass) -> BTreeMap<Key, Vec<ArtifactRef>> {
    let mut map: BTreeMap<Key, Vec<ArtifactRef>> = BTreeMap::new();
    for artifact in free {
        if let Some(key) = (pass.key)(artifact.of(side)) {
            map.entry(key).or_default().push(*artifact);
        }
    }
    map
}

/// Reference artifacts that are left over but that the candidate still offers under the same name: their path is
/// a link to another artifact now, or one copy of a library remains where there were two.
fn pair_other_names(old: &Side, new: &Side, result: &mut ArtifactPairs) {
    let mut names: BTreeMap<(Target, &BStr), ArtifactRef> = BTreeMap::new();
    let mut sonames: BTreeMap<(Target, &BStr), ArtifactRef> = BTreeMap::new();
    let subjects = result.pairs.iter().map(|pair| pair.new).chain(result.only_new.iter().copied());
    for artifact in subjects {
        let facts = artifact.of(new);
        let target = Some((facts.elf.class, facts.elf.endian, facts.elf.machine));
        for name in std::iter::once(&facts.path).chain(&facts.aliases) {
            names.entry((target, usr_merged(name.as_bstr()))).or_insert(artifact);
        }
        if let Some(soname) = soname(facts).filter(|_| is_default_library_dir(parent(facts.path.as_bstr()))) {
            sonames.entry((target, soname)).or_insert(artifact);
        }
    }
    let pairs = &mut result.pairs;
    result.only_old.retain(|artifact| {
        let facts = artifact.of(old);
        let target = Some((facts.elf.class, facts.elf.endian, facts.elf.machine));
        let by_name =
            names.get(&(target, usr_merged(facts.path.as_bstr()))).map(|new| (new, ArtifactMatch::Alias));
        let by_soname = || {
            soname(facts)
                .and_then(|name| sonames.get(&(target, name)))
                .map(|new| (new, ArtifactMatch::Soname))
        };
        let Some((&new, by)) = by_name.or_else(by_soname) else { return true };
        pairs.push(ArtifactPair { old: *artifact, new, by });
        false
    });
    let used: BTreeSet<_> = pairs.iter().map(|pair| pair.new).collect();
    result.only_new.retain(|artifact| !used.contains(artifact));
}
