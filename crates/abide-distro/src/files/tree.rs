//! The installed tree of one side: which package has which path, and where links lead.
//!
//! `/usr` is merged: `/bin/sh` and `/usr/bin/sh` are one path. Nothing here is judged.

use abide_model::{FileEntry, FileKind, Side};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use super::alternatives;
use super::contents::Contents;
use crate::pairing::{file_name, parent, usr_merged};

/// Links that lead to one another are followed this often (`ELOOP`, path_resolution(7)).
const HOPS_MAX: usize = 40;

/// Where commands are looked for (`PATH` of `login.defs` and systemd), below `/usr` and without it.
const COMMAND_DIRS: [&[u8]; 5] = [b"/bin", b"/sbin", b"/local/bin", b"/local/sbin", b"/games"];

/// A path of a side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// What it is; `None` when the package sets it up as an alternative.
    pub(crate) entry: Option<&'a FileEntry>,
}

/// Every path of the packages that would be installed.
pub(crate) struct Tree<'a> {
    by_path: FxHashMap<&'a BStr, Found<'a>>,
    /// Links that packages set up as alternatives.
    alternatives: FxHashSet<BString>,
    /// Directories that something is below.
    above: FxHashSet<&'a BStr>,
}

impl<'a> Tree<'a> {
    /// Indexes the packages of a side but for debug packages and those with an index in `superseded`.
    pub(crate) fn new(side: &'a Side, superseded: &[usize]) -> Self {
        let mut tree = Tree {
            by_path: FxHashMap::default(),
            alternatives: FxHashSet::default(),
            above: FxHashSet::default(),
        };
        for (package, facts) in side.packages.iter().enumerate() {
            let contents = Contents::of(facts).filter(|_| superseded.binary_search(&package).is_err());
            contents.into_iter().for_each(|contents| tree.add(contents));
        }
        tree
    }

    fn add(&mut self, contents: Contents<'a>) {
        for entry in contents.files {
            let path = usr_merged(entry.path.as_bstr());
            // What is shipped says more than what is only named.
            let found = Found { entry: Some(entry) };
            let slot = self.by_path.entry(path).or_insert(found);
            if slot.entry.is_some_and(|known| known.flags.is_ghost) && !entry.flags.is_ghost {
                *slot = found;
            }
            let mut dir = parent(path);
            while !dir.is_empty() && self.above.insert(dir) {
                dir = parent(dir);
            }
        }
        for link in alternatives::of(contents.scripts) {
            self.alternatives.insert(usr_merged(link.as_bstr()).into());
        }
    }

    /// What is at `path`, when links among the directories above are followed; a link in the end is not.
    pub(crate) fn find(&self, path: &BStr) -> Option<Found<'a>> {
        let mut place = BString::from(usr_merged(path));
        for _ in 0..HOPS_MAX {
            if let Some(found) = self.by_path.get(place.as_bstr()) {
                return Some(*found);
            }
            if self.alternatives.contains(&place) {
                return Some(Found { entry: None });
            }
            place = self.through_link_above(place.as_bstr())?;
        }
        None
    }

    /// What is at `path` in the end.
    pub(crate) fn follow(&self, path: &BStr) -> Option<Found<'a>> {
        let mut place = BString::from(path);
        for _ in 0..HOPS_MAX {
            let found = self.find(place.as_bstr())?;
            let Some(target) = found.entry.and_then(|entry| Some((entry, entry.link_target.as_ref()?)))
            else {
                return Some(found);
            };
            place = target_of(target.0.path.as_bstr(), target.1.as_bstr());
        }
        None
    }

    /// The path with the nearest link among its directories replaced by what that leads to.
    fn through_link_above(&self, path: &BStr) -> Option<BString> {
        let mut dir = parent(path);
        while !dir.is_empty() {
            let entry = self.by_path.get(dir).and_then(|found| found.entry);
            if let Some((entry, target)) = entry.and_then(|entry| Some((entry, entry.link_target.as_ref()?)))
            {
                let there = target_of(entry.path.as_bstr(), target.as_bstr());
                let moved = BString::from([&there[..], &path[dir.len()..]].concat());
                return Some(usr_merged(moved.as_bstr()).into());
            }
            dir = parent(dir);
        }
        None
    }

    /// Whether a directory has anything in it.
    pub(crate) fn has_below(&self, dir: &BStr) -> bool {
        self.above.contains(usr_merged(dir))
    }

    /// The command of this name, and its path, in the order of `PATH`.
    pub(crate) fn command(&self, name: &BStr) -> Option<(BString, Found<'a>)> {
        COMMAND_DIRS.iter().find_map(|dir| {
            let path = BString::from([*dir, b"/", name].concat());
            let found = self.find(path.as_bstr())?;
            let path = found.entry.map_or(path, |entry| entry.path.clone());
            Some((path, found))
        })
    }
}

/// Whether a path is that of a command in `PATH`.
pub(crate) fn is_command(path: &BStr) -> bool {
    COMMAND_DIRS.contains(&parent(usr_merged(path)).as_bytes()) && !file_name(path).is_empty()
}

/// Where a link at `path` leads, as an absolute path.
pub(crate) fn target_of(path: &BStr, target: &BStr) -> BString {
    let mut parts: Vec<&[u8]> = Vec::new();
    let start = if target.starts_with(b"/") { b"".as_bstr() } else { parent(path) };
    for part in start.split_str("/").chain(target.split_str("/")) {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    [b"/", &bstr::join("/", parts)[..]].concat().into()
}

/// What a path is, in words.
pub(crate) fn describe(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Regular => "file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symbolic link",
        FileKind::Special => "special file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_taken_from_the_link_s_directory() {
        let of = |path: &str, target: &str| target_of(path.into(), target.into()).to_string();
        assert_eq!(of("/usr/bin/sh", "bash"), "/usr/bin/bash");
        assert_eq!(of("/usr/bin/awk", "../lib/./gawk"), "/usr/lib/gawk");
        assert_eq!(of("/etc/localtime", "/usr/share/zoneinfo/UTC"), "/usr/share/zoneinfo/UTC");
        assert_eq!(of("/a", "../../../b"), "/b");
    }

    #[test]
    fn commands_are_told_by_their_directory() {
        for path in ["/bin/sh", "/usr/bin/sh", "/usr/sbin/useradd", "/usr/local/bin/x", "/usr/games/moo"] {
            assert!(is_command(path.into()), "{path}");
        }
        for path in ["/usr/bin", "/usr/bin/", "/usr/bin/x/y", "/usr/libexec/x", "/etc/bin/x"] {
            assert!(!is_command(path.into()), "{path}");
        }
    }
}
