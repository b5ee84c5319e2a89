//! Where the loader looks for a needed name (`_dl_map_object`, `open_path`, `open_verify`; ld.so(8)).
//!
//! In order: `DT_RPATH` of the user and of those that loaded it, up to the program; `DT_RUNPATH` of the user alone;
//! `ld.so.cache`; the default directories. `LD_LIBRARY_PATH` is taken to be empty.

use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

use super::path::{Tokens, elements, join, parent};
use super::{Entry, Process};
use crate::app::system::{Directories, Object, Opening, System, Target};

/// `DF_1_NODEFLIB` (gABI "Dynamic Section"): no default directories.
const DF_1_NODEFLIB: u64 = 0x800;

/// One search.
pub(super) struct Search<'a> {
    pub(super) system: &'a dyn System,
    pub(super) process: &'a Process,
    /// The object that needs the name.
    pub(super) user: usize,
}

/// What it ended with.
pub(super) enum Found {
    File(BString, Arc<Object>),
    Unusable(BString, String),
    Unknown(String),
    Nothing { other_target: Option<BString> },
}

/// A place that was tried: `None` lets the search go on.
type Tried = Option<Found>;

impl Search<'_> {
    pub(super) fn find(&self, name: &BStr) -> Found {
        let mut other_target = None;
        if let Some(found) = self.tried(name, &mut other_target) {
            return found;
        }
        match self.system.unknown_libraries(self.process.target) {
            Some(why) => Found::Unknown(why),
            None => Found::Nothing { other_target },
        }
    }

    fn tried(&self, name: &BStr, other: &mut Option<BString>) -> Tried {
        let target = self.process.target;
        let directories = self.system.directories(target);
        let user = self.entry(self.user);
        if name.contains(&b'/') {
            let path = Tokens { origin: origin(user), directories: &directories }.expand(name);
            return self.open(path, other);
        }
        if user.elf().runpath.is_none()
            && let Some(found) = self.in_rpaths(name, &directories, other)
        {
            return Some(found);
        }
        if let Some(runpath) = &user.elf().runpath
            && let Some(found) = self.in_path(user, runpath.as_bstr(), name, &directories, other)
        {
            return Some(found);
        }
        let no_default = user.elf().loading.flags_1 & DF_1_NODEFLIB != 0;
        let in_default = |path: &BString| directories.default.iter().any(|d| parent(path.as_bstr()) == d);
        let cached = self.system.cached(name, target).into_iter();
        if let Some(found) =
            cached.filter(|path| !(no_default && in_default(path))).find_map(|path| self.open(path, other))
        {
            return Some(found);
        }
        if no_default {
            return None;
        }
        directories.default.iter().find_map(|directory| self.in_directory(directory.as_bstr(), name, other))
    }

    /// `DT_RPATH` of the user and of its loaders, and of the program at last; a file with `DT_RUNPATH` has none.
    fn in_rpaths(&self, name: &BStr, directories: &Directories, other: &mut Option<BString>) -> Tried {
        let mut next = Some(self.user);
        let mut had_program = false;
        while let Some(at) = next {
            had_program |= at == 0;
            let entry = self.entry(at);
            if let Some(found) = self.in_rpath(entry, name, directories, other) {
                return Some(found);
            }
            next = entry.loader;
        }
        if had_program { None } else { self.in_rpath(self.entry(0), name, directories, other) }
    }

    fn in_rpath(&self, entry: &Entry, name: &BStr, dirs: &Directories, other: &mut Option<BString>) -> Tried {
        let rpath = entry.elf().rpath.as_ref().filter(|_| entry.elf().runpath.is_none())?;
        self.in_path(entry, rpath.as_bstr(), name, dirs, other)
    }

    fn in_path(
        &self,
        owner: &Entry,
        path: &BStr,
        name: &BStr,
        directories: &Directories,
        other: &mut Option<BString>,
    ) -> Tried {
        let tokens = Tokens { origin: origin(owner), directories };
        elements(path, &tokens).iter().find_map(|dir| self.in_directory(dir.as_bstr(), name, other))
    }

    /// A directory, its subdirectories for the machine first. What is relative to the working directory is unknown
    /// and passed over: a finding of its own says so.
    fn in_directory(&self, directory: &BStr, name: &BStr, other: &mut Option<BString>) -> Tried {
        if !directory.starts_with(b"/") {
            return None;
        }
        let subdirectories = self.system.subdirectories(self.process.target);
        let below = subdirectories.iter().map(|sub| join(join(directory, sub).as_bstr(), name));
        below.chain([join(directory, name)]).find_map(|path| self.open(path, other))
    }

    /// `open_verify`: a file for another class or machine is passed over, any other fault ends the search.
    fn open(&self, path: BString, other: &mut Option<BString>) -> Tried {
        match self.system.open(path.as_bstr()) {
            Opening::Absent => None,
            Opening::Object(object) if Target::of(&object.elf) == self.process.target => {
                Some(Found::File(path, object))
            }
            Opening::Object(object) => {
                other.get_or_insert_with(|| object.path.clone());
                None
            }
            Opening::Unusable(why) => Some(Found::Unusable(path, why)),
            Opening::Unknown(why) => Some(Found::Unknown(why)),
        }
    }

    fn entry(&self, at: usize) -> &Entry {
        &self.process.entries[at]
    }
}

/// `$ORIGIN`: the directory in which the loader opened the file, links not followed.
fn origin(entry: &Entry) -> &BStr {
    parent(entry.opened_as.as_bstr())
}
