//! Symbolic links become aliases of the artifacts that they lead to.
//!
//! Links are resolved by name within the side: nothing on this machine is followed.

use abide_model::{FileKind, PackageFacts};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use crate::debuginfo::{join, parent};

/// Symbolic links that lead to one another are followed this often.
const HOPS_MAX: usize = 16;

/// A link: the package that has it, its path and target.
struct Link<'a> {
    package: usize,
    path: &'a BStr,
    target: &'a BStr,
}

/// An artifact's place: package and index.
type At = (usize, usize);

/// Adds the links of the packages, and of plain files (`loose`: those of the package without header), as aliases.
pub(crate) fn add_aliases(packages: &mut [PackageFacts], loose: &[(BString, BString)]) {
    let found = resolve_all(packages, loose);
    for ((package, artifact), alias) in found {
        packages[package].artifacts[artifact].aliases.push(alias);
    }
    for artifact in packages.iter_mut().flat_map(|p| &mut p.artifacts) {
        artifact.aliases.sort();
        artifact.aliases.dedup();
    }
}

fn resolve_all(packages: &[PackageFacts], loose: &[(BString, BString)]) -> Vec<(At, BString)> {
    let links = all_links(packages, loose);
    let mut by_path: FxHashMap<&BStr, Vec<&Link<'_>>> = FxHashMap::default();
    links.iter().for_each(|link| by_path.entry(link.path).or_default().push(link));
    let mut artifacts: FxHashMap<&BStr, Vec<At>> = FxHashMap::default();
    for (p, package) in packages.iter().enumerate() {
        for (a, artifact) in package.artifacts.iter().enumerate() {
            for name in std::iter::once(&artifact.path).chain(&artifact.aliases) {
                artifacts.entry(name.as_bstr()).or_default().push((p, a));
            }
        }
    }
    let wanted = links.iter().filter(|link| !is_build_id_link(link.path));
    wanted.filter_map(|l| Some((resolve(packages, &by_path, &artifacts, l)?, l.path.into()))).collect()
}

fn all_links<'a>(packages: &'a [PackageFacts], loose: &'a [(BString, BString)]) -> Vec<Link<'a>> {
    let mut links = Vec::new();
    for (index, package) in packages.iter().enumerate() {
        match &package.meta {
            Some(meta) => {
                let symlinks = meta.files.iter().filter(|f| f.kind == FileKind::Symlink);
                links.extend(symlinks.filter_map(|f| {
                    let target = f.link_target.as_ref()?.as_bstr();
                    Some(Link { package: index, path: f.path.as_bstr(), target })
                }));
            }
            None => links.extend(loose.iter().map(|(path, target)| Link {
                package: index,
                path: path.as_bstr(),
                target: target.as_bstr(),
            })),
        }
    }
    links
}

/// rpm's own links by build-id differ with every build and name no interface.
fn is_build_id_link(path: &BStr) -> bool {
    path.starts_with(b"/usr/lib/debug/") || path.contains_str(".build-id/")
}

fn resolve(
    packages: &[PackageFacts],
    links: &FxHashMap<&BStr, Vec<&Link<'_>>>,
    artifacts: &FxHashMap<&BStr, Vec<At>>,
    link: &Link<'_>,
) -> Option<At> {
    let package = link.package;
    let mut place = join(parent(link.path), link.target);
    for _ in 0..HOPS_MAX {
        if let Some(found) = artifacts.get(place.as_bstr()) {
            return choose(packages, package, found.iter().copied(), |at| at.0);
        }
        let next = choose(packages, package, links.get(place.as_bstr())?.iter().copied(), |l| l.package)?;
        place = join(parent(next.path), next.target);
    }
    None
}

/// Of several packages with one path: the link's own, one of the same build, or the only one.
fn choose<T: Copy>(
    packages: &[PackageFacts],
    own: usize,
    found: impl Iterator<Item = T> + Clone,
    package: impl Fn(&T) -> usize,
) -> Option<T> {
    let build = |p: usize| {
        let meta = packages[p].meta.as_ref()?;
        Some((meta.source_package.as_deref()?, meta.nevra.arch.as_str()))
    };
    if let Some(same) = found.clone().find(|t| package(t) == own) {
        return Some(same);
    }
    let same_build = found.clone().find(|t| build(own).is_some() && build(package(t)) == build(own));
    let mut all = found;
    same_build.or_else(|| all.next().filter(|_| all.next().is_none()))
}
