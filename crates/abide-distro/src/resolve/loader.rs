//! Which file the dynamic loader takes for a needed library, and everything that it loads for a program
//! (ld.so(8); gABI, "Shared Object Dependencies").
//!
//! A side is no installed system: where several packages ship a library, each of them may be the one that is loaded, and
//! `ld.so.conf` is not known. So a library in a directory that the loader does not search on its own is taken when
//! there is no other.

use std::collections::BTreeSet;

use abide_model::{ArtifactFacts, ElfClass, Endian, Side};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::gaps::may_lack_symbols;
use crate::pairing::{ArtifactRef, artifacts_of, file_name, is_default_library_dir, parent};

/// What has to be equal for two files to be in one process.
type Target = (ElfClass, Endian, u16);

/// A program or library and everything that is loaded with it.
pub(crate) struct Scope<'a> {
    /// In the order of the search: breadth first, the file itself at the front.
    pub(crate) objects: Vec<ArtifactRef>,
    /// Needed libraries, of the file or of what it needs, that are not on the side.
    pub(crate) missing: BTreeSet<&'a BStr>,
    /// Whether symbols of one of them could not be read.
    pub(crate) is_damaged: bool,
}

/// The libraries of one side by the names under which they are loaded.
pub(crate) struct Loader<'a> {
    pub(crate) side: &'a Side,
    by_name: FxHashMap<(Target, &'a BStr), Vec<Named>>,
    by_path: FxHashMap<&'a BStr, Vec<ArtifactRef>>,
}

#[derive(Clone, Copy)]
struct Named {
    at: ArtifactRef,
    is_default: bool,
}

impl<'a> Loader<'a> {
    /// Indexes the packages of a side but for those with an index in `superseded`, which are not installed.
    pub(crate) fn new(side: &'a Side, superseded: &[usize]) -> Self {
        let mut loader = Loader { side, by_name: FxHashMap::default(), by_path: FxHashMap::default() };
        for (index, package) in side.packages.iter().enumerate() {
            let is_debug = package.meta.as_ref().is_some_and(abide_model::PackageMeta::is_debug);
            if !is_debug && !superseded.contains(&index) {
                artifacts_of(side, index).for_each(|at| loader.add(at));
            }
        }
        loader
    }

    fn add(&mut self, at: ArtifactRef) {
        let facts = at.of(self.side);
        let target = target(facts);
        let soname = facts.elf.soname.as_ref().map(|soname| soname.as_bstr());
        let mut names: Vec<(&BStr, bool)> = Vec::new();
        for path in std::iter::once(&facts.path).chain(&facts.aliases) {
            let is_default = is_default_library_dir(parent(path.as_bstr()));
            self.by_path.entry(merged(path.as_bstr())).or_default().push(at);
            names.push((file_name(path.as_bstr()), is_default));
            // ldconfig makes a link by the soname.
            names.extend(soname.map(|soname| (soname, is_default)));
        }
        names.sort();
        names.dedup_by(|a, b| {
            a.0 == b.0 && {
                b.1 |= a.1;
                true
            }
        });
        for (name, is_default) in names {
            self.by_name.entry((target, name)).or_default().push(Named { at, is_default });
        }
    }

    /// The files that may be loaded when `user` needs `name`; several when packages disagree.
    pub(crate) fn find(&self, user: ArtifactRef, name: &BStr) -> Vec<ArtifactRef> {
        let facts = user.of(self.side);
        let target = target(facts);
        let fits = |at: &&ArtifactRef| self::target(at.of(self.side)) == target;
        let at_path = |path: &BStr| -> Vec<ArtifactRef> {
            self.by_path.get(merged(path)).into_iter().flatten().filter(fits).copied().collect()
        };
        if name.contains(&b'/') {
            return at_path(name);
        }
        // DT_RPATH does not count beside DT_RUNPATH.
        let searched = facts.elf.runpath.as_ref().or(facts.elf.rpath.as_ref());
        for dir in searched.into_iter().flat_map(|dirs| dirs.split_str(":")) {
            for dir in expand(dir.as_bstr(), parent(facts.path.as_bstr()), facts.elf.class) {
                let found = at_path([dir.as_slice(), b"/", name].concat().as_bstr());
                if !found.is_empty() {
                    return found;
                }
            }
        }
        let Some(named) = self.by_name.get(&(target, name)) else { return Vec::new() };
        let any_default = named.iter().any(|n| n.is_default);
        // In a folder of its own a file may be loaded by a program that has loaded its neighbours before, by their paths.
        let folder = parent(facts.path.as_bstr());
        let is_beside = |n: &Named| parent(n.at.of(self.side).path.as_bstr()) == folder;
        let may_be = |n: &&Named| n.is_default || !any_default || is_beside(n);
        named.iter().filter(may_be).map(|n| n.at).collect()
    }

    /// Everything that is loaded with `user`.
    pub(crate) fn scope(&self, user: ArtifactRef) -> Scope<'a> {
        let mut scope = Scope { objects: vec![user], missing: BTreeSet::new(), is_damaged: false };
        let mut seen = FxHashSet::from_iter([user]);
        let mut next = 0;
        while let Some(&object) = scope.objects.get(next) {
            next += 1;
            let side: &'a Side = self.side;
            scope.is_damaged |= may_lack_symbols(object.of(side));
            for name in &object.of(side).elf.needed {
                let found = self.find(object, name.as_bstr());
                if found.is_empty() {
                    scope.missing.insert(name.as_bstr());
                }
                scope.objects.extend(found.into_iter().filter(|at| seen.insert(*at)));
            }
        }
        scope
    }

    /// Every indexed artifact for the same machine as `user`.
    pub(crate) fn all(&self, user: ArtifactRef) -> impl Iterator<Item = ArtifactRef> + '_ {
        let target = target(user.of(self.side));
        let all = (0..self.side.packages.len()).flat_map(|package| artifacts_of(self.side, package));
        all.filter(move |at| self::target(at.of(self.side)) == target)
    }
}

fn target(facts: &ArtifactFacts) -> Target {
    (facts.elf.class, facts.elf.endian, facts.elf.machine)
}

/// A path after the `/usr` merge; paths of directory inputs have no slash in front.
fn merged(path: &BStr) -> &BStr {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.strip_prefix(b"usr/").unwrap_or(path).as_bstr()
}

/// A directory of a run path with its tokens replaced; several when `$LIB` may be one of several.
fn expand(dir: &BStr, origin: &BStr, class: ElfClass) -> Vec<BString> {
    let token = |text: &[u8], name: &str, value: &[u8]| {
        text.replace(format!("${{{name}}}"), value).replace(format!("${name}"), value)
    };
    let dir = token(dir, "ORIGIN", origin);
    let libs: &[&[u8]] = match class {
        ElfClass::Elf64 => &[b"lib64", b"lib"],
        ElfClass::Elf32 => &[b"lib", b"lib32"],
    };
    let mut found: Vec<BString> = libs.iter().map(|lib| normal(token(&dir, "LIB", lib).as_bstr())).collect();
    found.dedup();
    found
}

/// A path without `.`, `..` and doubled slashes; an absolute one stays so.
pub(crate) fn normal(path: &BStr) -> BString {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split_str("/") {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let start: &[u8] = if path.starts_with(b"/") { b"/" } else { b"" };
    [start, &bstr::join("/", parts)].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_paths_are_expanded() {
        let expand = |dir: &str| expand(dir.into(), "/usr/bin".into(), ElfClass::Elf64);
        assert_eq!(expand("$ORIGIN/../lib64/foo/"), ["/usr/lib64/foo"]);
        assert_eq!(expand("${ORIGIN}"), ["/usr/bin"]);
        assert_eq!(expand("/opt/$LIB"), ["/opt/lib64", "/opt/lib"]);
        assert_eq!(expand("/../.././x"), ["/x"]);
    }

    #[test]
    fn paths_are_merged() {
        for path in ["/usr/lib64/a", "/lib64/a", "usr/lib64/a", "lib64/a"] {
            assert_eq!(merged(path.into()), "lib64/a", "{path}");
        }
    }
}
