//! A program's own files as a file system: what it ships is found before the distribution's.

use std::collections::BTreeSet;
use std::sync::Arc;

use abide_model::{Program, ProgramContent};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::system::{Object, Opening, Own, SymbolEvidence, Target};
use crate::pairing::file_name;

/// Symbolic links that lead to one another are followed this often.
const HOPS_MAX: usize = 40;

/// The files of one program.
pub(crate) struct OwnFiles<'a> {
    objects: FxHashMap<&'a BStr, Arc<Object>>,
    links: FxHashMap<&'a BStr, &'a BStr>,
    paths: BTreeSet<&'a BStr>,
}

impl<'a> OwnFiles<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        let package = program.package.as_ref().map(|meta| meta.nevra.to_string());
        let object = |path: &'a BString, content: &ProgramContent| match content {
            ProgramContent::Elf { facts, is_damaged, .. } => {
                let mut object = Object::new(path.clone(), Arc::new((**facts).clone()));
                object.is_own = true;
                object.package.clone_from(&package);
                if *is_damaged {
                    object.evidence = SymbolEvidence::Damaged;
                }
                Some((path.as_bstr(), Arc::new(object)))
            }
            _ => None,
        };
        OwnFiles {
            objects: program.files.iter().filter_map(|f| object(&f.path, &f.content)).collect(),
            links: program.links.iter().map(|(path, target)| (path.as_bstr(), target.as_bstr())).collect(),
            paths: program.paths.iter().map(|path| path.as_bstr()).collect(),
        }
    }

    /// The object at a path that is its own.
    pub(crate) fn object(&self, path: &BStr) -> Option<&Arc<Object>> {
        self.objects.get(path)
    }

    /// A path without links, as far as they are the program's own.
    fn resolve(&self, path: &BStr) -> Option<BString> {
        let mut done: Vec<BString> = Vec::new();
        let mut ahead: Vec<BString> = split(path).rev().collect();
        let mut hops = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            let here = joined(&done);
            let Some(target) = self.links.get(here.as_bstr()) else { continue };
            hops += 1;
            if hops > HOPS_MAX {
                return None;
            }
            done.pop();
            if target.starts_with(b"/") {
                done.clear();
            }
            ahead.extend(split(target).rev());
        }
        Some(joined(&done))
    }
}

fn split(path: &BStr) -> impl DoubleEndedIterator<Item = BString> + '_ {
    path.split(|&b| b == b'/').filter(|part| !part.is_empty() && *part != b".").map(BString::from)
}

fn joined(parts: &[BString]) -> BString {
    [b"/", bstr::join("/", parts).as_slice()].concat().into()
}

impl Own for OwnFiles<'_> {
    fn open(&self, path: &BStr) -> Opening {
        let Some(path) = self.resolve(path) else { return Opening::Absent };
        match self.objects.get(path.as_bstr()) {
            Some(object) => Opening::Object(Arc::clone(object)),
            None if self.paths.contains(path.as_bstr()) => Opening::Unusable("invalid ELF header".to_owned()),
            None => Opening::Absent,
        }
    }

    fn has_path(&self, path: &BStr) -> bool {
        self.resolve(path).is_some_and(|path| self.paths.contains(path.as_bstr()))
    }

    fn elsewhere(&self, name: &BStr, target: Target) -> Option<Arc<Object>> {
        let has_name = |object: &Object| {
            file_name(object.path.as_bstr()) == name
                || object.elf.soname.as_ref().is_some_and(|soname| soname == name)
        };
        let mut found: Vec<&Arc<Object>> =
            self.objects.values().filter(|o| Target::of(&o.elf) == target && has_name(o)).collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found.first().map(|object| Arc::clone(object))
    }
}
