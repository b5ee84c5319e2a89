//! Packages, a snapshot or a folder as a system: what would be there if all of it were installed.
//!
//! It is no installed system: `ld.so.conf` is not known, so that a library outside of the default directories is
//! not found, and named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use abide_model::{ElfClass, ElfKind, PackageFormat, Side};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::system::{Directories, Object, Opening, SymbolEvidence, System, Target, platform};
use crate::gaps::{leaves_open, may_lack_symbols};
use crate::pairing::{ArtifactRef, artifacts_of, file_name, parent, superseded};

/// A side that is asked like an installed system.
pub struct SideSystem<'a> {
    side: &'a Side,
    by_path: FxHashMap<BString, ArtifactRef>,
    by_name: FxHashMap<&'a BStr, Vec<ArtifactRef>>,
    objects: Mutex<FxHashMap<ArtifactRef, Arc<Object>>>,
    superseded: Vec<usize>,
    paths: OnceLock<BTreeSet<BString>>,
    isa_level: Option<u8>,
}

impl<'a> SideSystem<'a> {
    /// Indexes a side; of a package that is there in several builds the newest counts.
    pub fn new(side: &'a Side, isa_level: Option<u8>) -> Self {
        let mut system = SideSystem {
            side,
            by_path: FxHashMap::default(),
            by_name: FxHashMap::default(),
            objects: Mutex::default(),
            superseded: superseded(side),
            paths: OnceLock::new(),
            isa_level,
        };
        for index in 0..side.packages.len() {
            let meta = side.packages[index].meta.as_ref();
            if !meta.is_some_and(abide_model::PackageMeta::is_debug) && !system.superseded.contains(&index) {
                artifacts_of(side, index).for_each(|at| system.add(at));
            }
        }
        system
    }

    fn add(&mut self, at: ArtifactRef) {
        let facts = at.of(self.side);
        for path in std::iter::once(&facts.path).chain(&facts.aliases) {
            self.by_path.entry(merged(path.as_bstr())).or_insert(at);
            self.by_name.entry(file_name(path.as_bstr())).or_default().push(at);
        }
        if let Some(soname) = &facts.elf.soname {
            // ldconfig makes a link by the soname beside the file.
            let link = [parent(facts.path.as_bstr()).as_bytes(), b"/", soname.as_bytes()].concat();
            self.by_path.entry(merged(link.as_bstr())).or_insert(at);
            self.by_name.entry(soname.as_bstr()).or_default().push(at);
        }
    }

    /// The artifact as an object, made once.
    fn object(&self, at: ArtifactRef) -> Arc<Object> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let made = objects.entry(at).or_insert_with(|| {
            let facts = at.of(self.side);
            let path = if facts.path.starts_with(b"/") {
                facts.path.clone()
            } else {
                [b"/", &facts.path[..]].concat().into()
            };
            let mut object = Object::new(path, Arc::new(facts.elf.clone()));
            object.package = at.package_of(self.side).meta.as_ref().map(|meta| meta.nevra.to_string());
            if may_lack_symbols(facts) {
                object.evidence = SymbolEvidence::Damaged;
            }
            Arc::new(object)
        });
        Arc::clone(made)
    }

    /// The library directory of the C library tells whether the distribution has Debian's directories or Red Hat's.
    fn c_library(&self, target: Target) -> Option<ArtifactRef> {
        let names: [&[u8]; 2] = [b"libc.so.6", b"libc.so.6.1"];
        let mut found = names.iter().filter_map(|name| self.by_name.get(name.as_bstr())).flatten();
        found.find(|at| Target::of(&at.of(self.side).elf) == target).copied()
    }

    /// Every package that is looked at, with its header.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &'a abide_model::PackageMeta> + '_ {
        let side = self.side;
        let all = side.packages.iter().enumerate().filter(|(index, _)| !self.superseded.contains(index));
        all.filter_map(|(_, package)| package.meta.as_ref())
    }
}

impl System for SideSystem<'_> {
    fn name(&self) -> &str {
        &self.side.label
    }

    fn open(&self, path: &BStr) -> Opening {
        match self.by_path.get(&merged(normal(path).as_bstr())) {
            Some(&at) => {
                let is_loadable =
                    matches!(at.of(self.side).elf.kind, ElfKind::Executable | ElfKind::SharedObject);
                match is_loadable {
                    true => Opening::Object(self.object(at)),
                    false => Opening::Unusable("only ET_DYN and ET_EXEC can be loaded".to_owned()),
                }
            }
            None => Opening::Absent,
        }
    }

    fn cached(&self, _: &BStr, _: Target) -> Vec<BString> {
        Vec::new()
    }

    fn directories(&self, target: Target) -> Directories {
        let lib: BString = match self.c_library(target) {
            Some(at) => {
                let directory = merged(parent(at.of(self.side).path.as_bstr()));
                directory.trim_start_with(|c| c == '/').into()
            }
            None => usual_lib(target).into(),
        };
        let mut default: Vec<BString> = Vec::new();
        let dirs: &[&[u8]] = if lib.contains(&b'/') { &[&lib, b"lib"] } else { &[&lib] };
        for dir in dirs {
            default.push([b"/", *dir].concat().into());
            default.push([b"/usr/", *dir].concat().into());
        }
        Directories { default, lib, platform: platform(target).into() }
    }

    fn subdirectories(&self, target: Target) -> Vec<BString> {
        let Some(libc) = self.c_library(target) else { return Vec::new() };
        // glibc 2.33 is the first that looks for them.
        let is_new = |version: &BString| glibc_minor(version.as_bstr()).is_some_and(|minor| minor >= 33);
        match libc.of(self.side).elf.versions_defined.iter().any(is_new) {
            true => hwcaps(target, self.isa_level),
            false => Vec::new(),
        }
    }

    fn unknown_libraries(&self, target: Target) -> Option<String> {
        let gaps = self.side.gaps.iter().chain(self.side.packages.iter().flat_map(|package| &package.gaps));
        let count = gaps.filter(|gap| leaves_open(gap)).count();
        if self.c_library(target).is_none() {
            return Some(
                "there is no C library in it for this machine, so that it is only part of a distribution"
                    .to_owned(),
            );
        }
        match count {
            0 => None,
            1 => Some("part of it could not be read".to_owned()),
            count => Some(format!("{count} parts of it could not be read")),
        }
    }

    fn isa_level(&self) -> Option<u8> {
        self.isa_level
    }

    fn kernel(&self) -> Option<[u32; 3]> {
        None
    }

    fn elsewhere(&self, name: &BStr, target: Target) -> Option<Arc<Object>> {
        let found = self.by_name.get(name)?;
        let at = found.iter().find(|at| Target::of(&at.of(self.side).elf) == target)?;
        Some(self.object(*at))
    }

    fn entries(&self, directory: &BStr) -> Option<Vec<BString>> {
        let start: BString = [merged(normal(directory).as_bstr()).as_bytes(), b"/"].concat().into();
        let below = self.paths().range(start.clone()..).take_while(|path| path.starts_with(&start));
        let mut names: Vec<BString> = below
            .filter_map(|path| path[start.len()..].split(|&b| b == b'/').next())
            .map(BString::from)
            .collect();
        names.dedup();
        match names.is_empty() && self.unknown_paths().is_some() {
            true => None,
            false => Some(names),
        }
    }

    fn install(&self, packages: &BTreeSet<String>) -> Option<String> {
        let wanted = self.packages().filter(|meta| packages.contains(&meta.nevra.to_string()));
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut program = "dnf install";
        for meta in wanted {
            names.entry(&meta.nevra.name).or_default().insert(&meta.nevra.arch);
            if meta.format == PackageFormat::Deb {
                program = "apt install";
            }
        }
        // A name alone means the machine's own architecture; which that is shows where there is a choice.
        let is_mixed = names.values().any(|architectures| architectures.len() > 1);
        let mark = if program == "dnf install" { '.' } else { ':' };
        let words = names.iter().flat_map(|(name, architectures)| {
            architectures.iter().map(move |architecture| match is_mixed && *architecture != "noarch" {
                true => format!(" {name}{mark}{architecture}"),
                false => format!(" {name}"),
            })
        });
        let words: String = words.collect();
        (!words.is_empty()).then(|| format!("{program}{words}"))
    }

    fn has_path(&self, path: &BStr) -> Option<bool> {
        match self.paths().contains(&merged(normal(path).as_bstr())) {
            true => Some(true),
            false => self.unknown_paths().is_none().then_some(false),
        }
    }
}

impl SideSystem<'_> {
    /// Every path of the packages, after the `/usr` merge, and their directories.
    fn paths(&self) -> &BTreeSet<BString> {
        self.paths.get_or_init(|| {
            let files = self.packages().flat_map(|meta| &meta.files).map(|file| merged(file.path.as_bstr()));
            files.chain(self.by_path.keys().cloned()).collect()
        })
    }

    /// Why a file that is not listed may be there all the same.
    fn unknown_paths(&self) -> Option<()> {
        let is_partial = self.side.packages.iter().any(|package| package.meta.is_none())
            || !self.by_name.keys().any(|name| name.starts_with(b"libc.so.6"));
        is_partial.then_some(())
    }
}

/// A path after the `/usr` merge, with a slash in front.
pub(crate) fn merged(path: &BStr) -> BString {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let path = path.strip_prefix(b"usr/").unwrap_or(path);
    // `/bin`, `/sbin`, `/lib` are links to their like below `/usr`; `/sbin` and `/bin` are one place where they are merged.
    [b"/", path].concat().into()
}

/// An absolute path without `.`, `..` and doubled slashes.
pub(crate) fn normal(path: &BStr) -> BString {
    crate::resolve::normal([b"/", path.as_bytes()].concat().as_bstr())
}

/// Red Hat's name of the library directory.
pub(crate) fn usual_lib(target: Target) -> &'static str {
    match target.class {
        ElfClass::Elf64 => "lib64",
        ElfClass::Elf32 => "lib",
    }
}

/// The minor version of `GLIBC_2.x`.
pub(crate) fn glibc_minor(version: &BStr) -> Option<u32> {
    let rest = version.strip_prefix(b"GLIBC_2.")?;
    let digits = rest.split(|b| !b.is_ascii_digit()).next()?;
    digits.to_str().ok()?.parse().ok()
}

/// Subdirectories of `glibc-hwcaps` for a level of x86-64, best first. Other machines' are not looked at.
pub fn hwcaps(target: Target, isa_level: Option<u8>) -> Vec<BString> {
    let level = if target.machine == 62 { isa_level.unwrap_or(1) } else { 1 };
    (2..=level.min(4)).rev().map(|level| format!("glibc-hwcaps/x86-64-v{level}").into()).collect()
}

#[cfg(test)]
mod tests {
    use abide_model::Endian;

    use super::*;

    #[test]
    fn glibc_versions() {
        assert_eq!(glibc_minor("GLIBC_2.34".into()), Some(34));
        assert_eq!(glibc_minor("GLIBC_2.2.5".into()), Some(2));
        assert_eq!(glibc_minor("GLIBC_PRIVATE".into()), None);
    }

    #[test]
    fn levels_have_their_directories() {
        let target = Target { class: ElfClass::Elf64, endian: Endian::Little, machine: 62 };
        assert_eq!(hwcaps(target, Some(3)), ["glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2"]);
        assert!(hwcaps(target, None).is_empty());
    }
}
