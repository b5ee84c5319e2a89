//! Plain files: a single ELF file, or those of a directory that are in no package.

use std::path::Path;

use abide_model::{ArtifactFacts, Digest, Gap, GapKind, KernelFile, PackageFacts, ShippedSuppressions};
use bstr::{BStr, BString, ByteSlice};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::package::{
    Context, Origin, SUPPRESSIONS_MAX_BYTES, artifact, is_in_debug_tree, is_module_name, is_suppressions,
    unpack,
};
use super::walk::WalkedFile;
use crate::compress::LimitExceeded;
use crate::debuginfo::{Probe, probe};
use crate::input::ContentKind;
use crate::kernel::{TEXT_MAX_BYTES, TextKind, read_text};
use crate::payload::Limits;
use crate::source::{FileBytes, sha256, sha256_file};

/// Files from this size on are hashed piece by piece, so that mapping them keeps only what the facts need in memory,
/// or not at all when nothing depends on it.
const STREAM_FROM_BYTES: u64 = 8 << 20;

/// What one file turned out to be.
enum Found {
    Artifact(Box<ArtifactFacts>, Origin),
    Debug(std::path::PathBuf, Probe),
    Suppressions(ShippedSuppressions),
    Kernel(KernelFile),
    Gap(Gap),
    Nothing,
}

/// What was read of the plain files of a directory.
pub(crate) struct Loose {
    /// Facts, in the shape of a package without header.
    pub(crate) facts: PackageFacts,
    /// Parallel to the artifacts.
    pub(crate) origins: Vec<Origin>,
    /// Separate debug files.
    pub(crate) debug_files: Vec<(std::path::PathBuf, Probe)>,
}

/// Reads the ELF files among `files`.
pub(crate) fn read(label: &str, files: &[WalkedFile], context: &Context) -> Loose {
    let (first_of_links, links) = hard_links(files);
    let found: Vec<Found> = first_of_links.par_iter().map(|file| read_one(file, &links, context)).collect();
    let facts = PackageFacts {
        meta: None,
        tree: Vec::new(),
        source: label.into(),
        digest: None,
        artifacts: Vec::new(),
        suppressions: Vec::new(),
        kernel_files: Vec::new(),
        gaps: Vec::new(),
    };
    let mut loose = Loose { facts, origins: Vec::new(), debug_files: Vec::new() };
    for one in found {
        match one {
            Found::Artifact(facts, origin) => {
                loose.facts.artifacts.push(*facts);
                loose.origins.push(origin);
            }
            Found::Debug(path, probe) => loose.debug_files.push((path, probe)),
            Found::Suppressions(file) => loose.facts.suppressions.push(file),
            Found::Kernel(file) => loose.facts.kernel_files.push(file),
            Found::Gap(gap) => loose.facts.gaps.push(gap),
            Found::Nothing => {}
        }
    }
    loose
}

type Links = FxHashMap<(u64, u64), Vec<BString>>;

/// One file for each group of hard links, the first by name, and the further names.
fn hard_links(files: &[WalkedFile]) -> (Vec<&WalkedFile>, Links) {
    let mut links = Links::default();
    let mut firsts = Vec::new();
    for file in files {
        match file.inode {
            Some(inode) if links.contains_key(&inode) => {
                links.entry(inode).or_default().push(file.name.clone());
            }
            Some(inode) => {
                links.insert(inode, Vec::new());
                firsts.push(file);
            }
            None => firsts.push(file),
        }
    }
    (firsts, links)
}

fn read_one(file: &WalkedFile, links: &Links, context: &Context) -> Found {
    let gap = |kind, detail| Found::Gap(Gap { kind, subject: file.name.clone(), detail });
    if is_suppressions(file.name.as_bstr()) && file.size_bytes <= SUPPRESSIONS_MAX_BYTES && !file.is_named {
        return match FileBytes::open(&file.path) {
            Ok(text) => Found::Suppressions(ShippedSuppressions {
                path: file.name.clone(),
                text: text.to_vec().into(),
            }),
            Err(error) => gap(GapKind::Unreadable, format!("cannot be read: {error}")),
        };
    }
    if let Some(kind) = TextKind::of_path(file.name.as_bstr()).filter(|_| file.size_bytes > 0) {
        return kernel_text(file, kind);
    }
    let is_packed = match file.kind {
        ContentKind::Elf => false,
        ContentKind::Btf if file.is_named || file.name.ends_with(b".btf") => false,
        ContentKind::Compressed(_) if file.is_named || is_module_name(file.name.as_bstr()) => true,
        ContentKind::KernelImage => true,
        _ => return Found::Nothing,
    };
    let bytes = match FileBytes::open(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => return gap(GapKind::Unreadable, format!("cannot be read: {error}")),
    };
    let bytes = match is_packed.then(|| unpack(&bytes, context.limits)) {
        None => bytes,
        Some(Ok(Some(decoded))) => FileBytes::Owned(decoded),
        Some(Ok(None)) => return Found::Nothing,
        Some(Err((kind, detail))) => return gap(kind, detail),
    };
    let found = probe(&bytes);
    if found.is_debug_only || (!file.is_named && is_in_debug_tree(file.name.as_bstr())) {
        return Found::Debug(file.path.clone(), found);
    }
    let digest = match digest(&bytes, &file.path, context) {
        Ok(digest) => digest,
        Err(error) => return gap(GapKind::Unreadable, format!("cannot be read: {error}")),
    };
    let aliases = file.inode.and_then(|i| links.get(&i).cloned()).unwrap_or_default();
    match artifact(file.name.clone(), aliases, digest, &bytes) {
        Ok(facts) => {
            let origin = Origin::File { path: file.path.clone(), has_table: found.has_type_table };
            Found::Artifact(Box::new(facts), origin)
        }
        Err(detail) => gap(GapKind::BrokenElf, detail),
    }
}

/// A text file about a kernel.
pub(crate) fn kernel_file(path: &Path, name: &BStr, kind: TextKind) -> Result<KernelFile, String> {
    let bytes = FileBytes::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > TEXT_MAX_BYTES {
        return Err(LimitExceeded { what: "the file", limit_bytes: TEXT_MAX_BYTES }.to_string());
    }
    read_text(kind, name, &bytes).map_err(|e| e.to_string())
}

fn kernel_text(file: &WalkedFile, kind: TextKind) -> Found {
    match kernel_file(&file.path, file.name.as_bstr(), kind) {
        Ok(found) => Found::Kernel(found),
        Err(detail) => Found::Gap(Gap { kind: GapKind::Unreadable, subject: file.name.clone(), detail }),
    }
}

fn digest(bytes: &FileBytes, path: &Path, context: &Context) -> std::io::Result<Option<Digest>> {
    match bytes {
        FileBytes::Mapped(map, _) if map.len() as u64 >= STREAM_FROM_BYTES => match context.lazy_digests {
            true => Ok(None),
            false => sha256_file(path).map(Some),
        },
        bytes => Ok(Some(sha256(bytes))),
    }
}

/// The bytes of an artifact on disk, unpacked when it is a compressed module or a boot image.
pub(crate) fn reopen(path: &Path, limits: Limits) -> Result<FileBytes, String> {
    let bytes = FileBytes::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    match ContentKind::detect(&bytes) {
        ContentKind::Compressed(_) | ContentKind::KernelImage => {
            let decoded = unpack(&bytes, limits).map_err(|(_, detail)| detail)?;
            decoded.map(FileBytes::Owned).ok_or_else(|| "is no ELF file any more".to_owned())
        }
        _ => Ok(bytes),
    }
}
