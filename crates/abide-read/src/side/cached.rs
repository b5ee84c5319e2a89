//! Facts and types from the cache: when they may be used, and what is kept.
//!
//! Facts are used for a package whose content is certain: it has the SHA-256 that the repository states and the file
//! is at a URL; or the file on disk was hashed, now or when it was as it is now. Types are used when the artifact
//! and every debug file that may be looked at have the content that they had. Damage and absence are never kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use abide_model::{Digest, TypeEvidence};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::package::{Container, Origin, PackageFile, ReadPackage};
use super::types::{Done, Job};
use crate::debuginfo::DebugIndex;
use crate::payload::Limits;
use crate::snapshot::entry::{
    PackageEntry, TypesEntry, decode_package, decode_types, encode_package, encode_types,
};
use crate::source::{Source, sha256_file};
use crate::store::{Key, Kind, KnownFile, Stamp, Store};

/// One package file, looked up in the cache.
pub(super) struct Lookup<'a> {
    store: &'a Store,
    file: &'a Arc<PackageFile>,
    limits: Limits,
    /// What a file on disk was like before anything was read of it.
    stamp: Option<Stamp>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(store: &'a Store, file: &'a Arc<PackageFile>, limits: Limits) -> Self {
        let stamp = path(file).and_then(Stamp::of);
        Lookup { store, file, limits, stamp }
    }

    /// Facts of a package whose content is known without reading it.
    pub(super) fn at_once(&self) -> Option<ReadPackage> {
        let stated = self.file.stated.as_ref().map(|(_, checksum)| checksum);
        match (&self.file.source, stated) {
            (Source::Remote(_), Some(stated)) if stated.kind == "sha256" => {
                self.get(digest_from_hex(&stated.hex)?)
            }
            (Source::File(_), stated) => {
                let known = self.store.known_file(&self.stamp?)?;
                if stated.is_some_and(|stated| !known.has(stated)) {
                    return None;
                }
                self.get(known.digest)
            }
            _ => None,
        }
    }

    /// Facts of a file that has to be hashed first, where that is worth it.
    pub(super) fn by_content(&self) -> Option<ReadPackage> {
        let path = path(self.file)?;
        let stated = match &self.file.stated {
            None if self.store.was_empty() => return None,
            None => None,
            Some((_, stated)) if stated.kind == "sha256" => {
                let digest = digest_from_hex(&stated.hex)?;
                if !self.store.has(Kind::Packages, self.key(digest)) {
                    return None;
                }
                Some(digest)
            }
            Some(_) => return None,
        };
        let digest = sha256_file(path).ok()?;
        if stated.is_some_and(|stated| stated != digest) {
            return None;
        }
        let found = self.get(digest)?;
        self.keep_file(digest);
        Some(found)
    }

    /// Enters what was read.
    pub(super) fn keep(&self, package: &ReadPackage) {
        let Some(digest) = package.facts.digest else { return };
        // Packages with debug files among their software are few; archives have no content of their own.
        if !package.debug_files.is_empty() || self.file.container == Container::Tar {
            return;
        }
        let origins = package.origins.iter().map(|origin| match origin {
            Origin::Package { path, has_table, .. } => (path.clone(), *has_table),
            Origin::File { has_table, .. } => (Default::default(), *has_table),
        });
        let entry = PackageEntry { facts: package.facts.clone(), origins: origins.collect() };
        // A package with more strings than an entry can number is read each time.
        if let Ok(content) = encode_package(&entry) {
            self.store.put(Kind::Packages, self.key(digest), content);
            self.keep_file(digest);
        }
    }

    fn keep_file(&self, digest: Digest) {
        if let (Some(path), Some(stamp)) = (path(self.file), self.stamp) {
            let stated = self.file.stated.as_ref().map(|(_, checksum)| checksum);
            self.store.keep_file(path, stamp, &KnownFile::new(digest, stated));
        }
    }

    fn get(&self, digest: Digest) -> Option<ReadPackage> {
        let PackageEntry { mut facts, origins } =
            self.store.get(Kind::Packages, self.key(digest), decode_package)?;
        if facts.digest != Some(digest) {
            return None;
        }
        facts.source = self.file.label.as_str().into();
        let origin = |(path, has_table)| {
            let file = Arc::clone(self.file);
            Origin::Package { file, path, kept: None, has_table }
        };
        Some(ReadPackage {
            facts,
            origins: origins.into_iter().map(origin).collect(),
            debug_files: Vec::new(),
            tree: Vec::new(),
            nested: Vec::new(),
        })
    }

    fn key(&self, digest: Digest) -> Key {
        let Limits { payload_bytes, file_bytes, members } = self.limits;
        let limits = [payload_bytes, file_bytes, members].map(u64::to_le_bytes).concat();
        Key::of(&[&digest.0, &limits])
    }
}

fn path(file: &PackageFile) -> Option<&Path> {
    match &file.source {
        Source::File(path) => Some(path),
        Source::Memory(_) | Source::Remote(_) => None,
    }
}

fn digest_from_hex(hex: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Digest(bytes))
}

/// Types for jobs: from the cache, or by `read`, which is given the rest at once. Types of modules that continue a
/// kernel's (`with_kernel`) are read each time.
pub(super) fn load_types<'a>(
    store: &Store,
    index: &DebugIndex,
    with_kernel: bool,
    jobs: Vec<Job<'a>>,
    read: impl FnOnce(Vec<Job<'a>>) -> Vec<Done>,
) -> Vec<Done> {
    let digests = Digests { store, known: Mutex::default() };
    let look_up = |job: &Job<'_>| {
        let is_known = job.has_places() && !(with_kernel && job.is_module());
        let key = is_known.then(|| job.key(index, &|f| digests.of_package(f), &|p| digests.of(p)));
        let (key, packages) = key.flatten()?;
        let found = store.get(Kind::Types, key, |content| decode_types(content, job.symbols()));
        Some((key, packages, found))
    };
    let looked: Vec<_> = jobs.par_iter().map(look_up).collect();
    let (mut done, mut left, mut wanted) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (job, looked) in jobs.into_iter().zip(looked) {
        match looked {
            Some((_, _, Some(TypesEntry { types, gaps }))) => {
                done.push(Done { at: job.at(), types, gaps, supplementary_from: None, is_split: false });
            }
            Some((key, packages, None)) => {
                wanted.insert(job.at(), (key, packages));
                left.push(job);
            }
            None => left.push(job),
        }
    }
    let read = read(left);
    read.par_iter().for_each(|one| {
        if let Some((key, packages)) = wanted.get(&one.at) {
            keep_types(store, *key, packages, one);
        }
    });
    done.extend(read);
    done
}

/// Enters types that were read, if the key stands for every file that they came from.
fn keep_types(store: &Store, key: Key, packages: &BTreeSet<usize>, done: &Done) {
    let TypeEvidence::Read { supplementary, .. } = &done.types else { return };
    let from_known = done.supplementary_from.is_some_and(|id| packages.contains(&id));
    if done.is_split || supplementary.is_some() && !from_known {
        return;
    }
    let entry = TypesEntry { types: done.types.clone(), gaps: done.gaps.clone() };
    if let Ok(content) = encode_types(&entry) {
        store.put(Kind::Types, key, content);
    }
}

/// Digests of files, each found once.
struct Digests<'a> {
    store: &'a Store,
    known: Mutex<FxHashMap<PathBuf, Option<Digest>>>,
}

impl Digests<'_> {
    fn of(&self, path: &Path) -> Option<Digest> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(path) {
            return *known;
        }
        let digest = self.store.digest_of(path).ok();
        lock().insert(path.to_owned(), digest);
        digest
    }

    /// The digest of a package that is the stated one.
    fn of_package(&self, file: &PackageFile) -> Option<Digest> {
        let stated = match &file.stated {
            Some((_, stated)) if stated.kind == "sha256" => Some(digest_from_hex(&stated.hex)?),
            Some(_) => return None,
            None => None,
        };
        match &file.source {
            Source::File(path) => self.of(path).filter(|found| stated.is_none_or(|stated| stated == *found)),
            Source::Remote(_) => stated,
            Source::Memory(_) => None,
        }
    }
}
