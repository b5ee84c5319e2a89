//! Files that two packages of the candidate both have, though nothing keeps the two from being installed together.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{Detail, Level, ListedKind, Metadata, RelationKind, Sense, StrId};
use bstr::ByteSlice;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::index::Index;
use super::{Collected, Context, about_package, absent, evidence, evr};
use crate::rules::Draft;
use crate::versions::meets;

/// How many paths of a pair are named.
const PATHS_MAX: usize = 1000;

/// A path as folder and name.
type Path = (StrId, StrId);

/// Judges paths that more than one package has.
pub(crate) fn judge_conflicts(context: &Context<'_>, all: &mut Collected) {
    let (Some(files), Some(_)) = (&context.new.metadata.files, &context.old.metadata.files) else { return };
    all.coverage.files = Some(files.len());
    let newest = |index: &Index<'_>, left_out: &[usize]| -> Vec<bool> {
        let mut newest = vec![true; index.metadata.packages.len()];
        left_out.iter().for_each(|number| newest[*number] = false);
        newest
    };
    let shared = shared(context.new.metadata, &newest(&context.new, &context.pairs.superseded_new));
    let known = known(context, &shared);
    let mut by_pair: BTreeMap<(u32, u32), Vec<Path>> = BTreeMap::new();
    for (path, packages) in shared {
        for (at, a) in packages.iter().enumerate() {
            for b in &packages[at + 1..] {
                by_pair.entry((*a, *b)).or_default().push(path);
            }
        }
    }
    for ((a, b), paths) in by_pair {
        pair(context, all, (a as usize, b as usize), paths, &known);
    }
}

fn pair(
    context: &Context<'_>,
    all: &mut Collected,
    (a, b): (usize, usize),
    paths: Vec<Path>,
    known: &FxHashSet<(String, String, String)>,
) {
    let (first, second) = (context.new.package(a), context.new.package(b));
    // Builds of one package for several architectures share files by rule (rpm's file colours).
    if first.nevra.name == second.nevra.name || excludes(&context.new, a, b) || excludes(&context.new, b, a) {
        return;
    }
    let mut texts: Vec<String> = paths.iter().map(|path| text(context.new.metadata, *path)).collect();
    texts.retain(|path| {
        let names = (first.nevra.name.clone(), second.nevra.name.clone());
        !known.contains(&(path.clone(), names.0.clone(), names.1.clone()))
            && !known.contains(&(path.clone(), names.1, names.0))
    });
    let Some(one) = texts.first() else { return };
    let is_same_build = first.source_package.is_some() && first.source_package == second.source_package;
    let more = if texts.len() > 1 { format!(" and {} more", texts.len() - 1) } else { String::new() };
    let summary = format!("{} and {} both have {one}{more}", first.nevra.name, second.nevra.name);
    texts.truncate(PATHS_MAX);
    let detail = |path: String| Detail {
        what: "file".to_owned(),
        old: None,
        new: Some(path),
        rule: "file-conflict",
        level: Level::Review,
    };
    let draft = Draft {
        rule: "file-conflict",
        case: is_same_build.then_some("same-build"),
        subject: about_package(first),
        summary,
        old: absent(),
        new: evidence(second, format!("also in {}", second.nevra)),
        details: texts.into_iter().map(detail).collect(),
    };
    let mut finding = context.judge(draft, context.partner_of_new(a), Some(a));
    finding.details.iter_mut().for_each(|detail| detail.level = finding.level);
    all.about_new(a, finding);
}

/// Paths of files that several packages have, in the order of the texts.
fn shared(metadata: &Metadata, newest: &[bool]) -> Vec<(Path, Vec<u32>)> {
    let files = metadata.files.iter().flatten();
    let mut all: Vec<(Path, u32)> = files
        .filter(|file| file.kind == ListedKind::File && newest.get(file.package as usize) == Some(&true))
        .map(|file| ((file.folder, file.name), file.package))
        .collect();
    all.par_sort_unstable();
    all.dedup();
    let groups = all.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
    let mut found: Vec<(Path, Vec<u32>)> =
        groups.map(|group| (group[0].0, group.iter().map(|(_, package)| *package).collect())).collect();
    found.sort_by_cached_key(|(path, _)| text(metadata, *path));
    found
}

/// Which of the shared paths two packages of the reference share as well: path and the names of both.
fn known(context: &Context<'_>, shared: &[(Path, Vec<u32>)]) -> FxHashSet<(String, String, String)> {
    let old = context.old.metadata;
    let mut wanted: FxHashMap<Path, String> = FxHashMap::default();
    for (path, _) in shared {
        let new = context.new.metadata;
        let (folder, name) = (old.names.find(new.text(path.0)), old.names.find(new.text(path.1)));
        if let (Some(folder), Some(name)) = (folder, name) {
            wanted.insert((folder, name), text(new, *path));
        }
    }
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in old.files.iter().flatten().filter(|file| file.kind == ListedKind::File) {
        if let Some(path) = wanted.get(&(file.folder, file.name)) {
            owners.entry(path).or_default().insert(&old.packages[file.package as usize].nevra.name);
        }
    }
    let pairs = |(path, names): (&str, BTreeSet<&str>)| {
        let both = names.iter().flat_map(|a| names.iter().filter(move |b| a < *b).map(move |b| (*a, *b)));
        both.map(|(a, b)| (path.to_owned(), a.to_owned(), b.to_owned())).collect::<Vec<_>>()
    };
    owners.into_iter().flat_map(pairs).collect()
}

/// Whether a package says that another cannot be installed beside it.
pub(crate) fn excludes(index: &Index<'_>, package: usize, other: usize) -> bool {
    let (package, other) = (index.package(package), index.package(other));
    let format = index.metadata.format;
    let build = evr(other);
    let is_own = |name: &str, sense: Sense, version: &str| {
        other.nevra.name == name && meets(format, (Sense::EQUAL, &build), (sense, version))
    };
    let obsoletes = package.relations(RelationKind::Obsoletes).iter();
    let mut obsoletes = obsoletes
        .filter(|relation| is_own(index.text(relation.name), relation.sense, index.text(relation.version)));
    obsoletes.next().is_some()
        || package.relations(RelationKind::Conflicts).iter().any(|relation| {
            let (name, version) = (index.text(relation.name), index.text(relation.version));
            is_own(name, relation.sense, version)
                || other.relations(RelationKind::Provides).iter().any(|provided| {
                    provided.name == relation.name
                        && meets(
                            format,
                            (provided.sense, index.text(provided.version)),
                            (relation.sense, version),
                        )
                })
        })
}

fn text(metadata: &Metadata, path: Path) -> String {
    format!("{}{}", metadata.text(path.0).to_str_lossy(), metadata.text(path.1).to_str_lossy())
}
