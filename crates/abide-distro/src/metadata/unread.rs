//! Packages that are there and could not be read: taken for what the other side has of them.
//!
//! What such a package provides and requires is not known. To take it for gone would raise an alarm for everything that
//! needs it, and each would be about a file that has to be copied again. The gap that names the file leaves the verdict
//! open in any case.

use std::borrow::Cow;

use abide_model::Metadata;
use rustc_hash::FxHashSet;

use crate::gaps::is_unread_package;

/// The list of one side, with the `other` side's packages in the place of those that could not be read.
pub(super) fn completed<'a>(side: &'a Metadata, other: &Metadata) -> Cow<'a, Metadata> {
    if side.gaps.is_empty() {
        return Cow::Borrowed(side);
    }
    let has: FxHashSet<(&str, &str)> =
        side.packages.iter().map(|p| (p.nevra.name.as_str(), p.nevra.arch.as_str())).collect();
    let stands_in: Vec<bool> = other
        .packages
        .iter()
        .map(|package| {
            let (name, arch) = (package.nevra.name.as_str(), package.nevra.arch.as_str());
            !has.contains(&(name, arch)) && side.gaps.iter().any(|gap| is_unread_package(gap, name, arch))
        })
        .collect();
    if !stands_in.contains(&true) {
        return Cow::Borrowed(side);
    }
    let mut only = other.clone();
    let mut keeps = stands_in.iter().copied();
    only.packages.retain(|_| keeps.next().unwrap_or(false));
    (only.files, only.gaps) = (None, Vec::new());
    only.modules.clear();
    only.repositories.clear();
    only.packages.iter_mut().for_each(|package| package.repository = 0);
    only.other_packages = 0;
    let (repositories, mut all) = (side.repositories.clone(), side.clone());
    all.append(only);
    all.repositories = repositories;
    let last = all.repositories.len().saturating_sub(1);
    all.packages.iter_mut().for_each(|package| package.repository = package.repository.min(last));
    Cow::Owned(all)
}
