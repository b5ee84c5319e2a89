//! From an input of any kind to its parts: packages, plain files, debug files.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_model::{
    FileKind, Gap, KernelContent, Metadata, PackageFacts, Progress, Side, Stage, is_debug_name,
};
use bstr::ByteSlice;
use rustc_hash::FxHashSet;

use super::OpenError;
use super::loose::{self, Loose};
use super::named::Named;
use super::package::{Container, Context, Origin, PackageFile, ReadPackage, needs_types};
use super::packages::{Outcome, add_remote, archive, debug_package, list, on_disk, read_all};
use super::tree;
use super::walk::{Walked, WalkedFile, walk, walk_debug};
use crate::debuginfo::{DebugIndex, Probe, build_id_of_path, probe};
use crate::input::{ContentKind, HEAD_BYTES};
use crate::kernel::TextKind;
use crate::repo::{Keys, Location, Repo, RepoError, RepoPackage};
use crate::snapshot;
use crate::source::{FileBytes, file_head};

/// Debug packages at a URL, which are fetched only when something in them is needed.
type Remote = (Repo, Vec<(RepoPackage, Arc<PackageFile>)>);

/// What an input turned out to be.
pub(super) enum Input {
    /// A side that was read before.
    Snapshot(Box<Side>),
    /// Anything else.
    Parts(Box<Parts>),
}

/// Everything that an input consists of, before it is put in order.
#[derive(Clone, Default)]
pub(super) struct Parts {
    pub(super) kind: &'static str,
    /// What repositories list; `None` when the input is none.
    pub(super) metadata: Option<Metadata>,
    pub(super) packages: Vec<(PackageFacts, Vec<Origin>)>,
    pub(super) loose: Walked,
    pub(super) index: DebugIndex,
    pub(super) gaps: Vec<Gap>,
    remote: Vec<Remote>,
    /// Debug packages and files that belong to the input itself.
    debug_count: usize,
}

/// Opens one input.
pub(super) struct Opener<'a> {
    /// What messages call it.
    pub(super) label: &'a str,
    pub(super) named: &'a Named,
    pub(super) context: &'a Context,
    pub(super) progress: &'a dyn Progress,
}

impl Opener<'_> {
    /// Tells what the input is and reads it.
    pub(super) fn input(&self) -> Result<Input, OpenError> {
        if let Some(location) = self.named.remote() {
            let location = location.map_err(|e| self.refused(e))?;
            return self.repository(location).map(|p| Input::Parts(p.into()));
        }
        let path = self.named.path();
        let metadata = std::fs::metadata(&path).map_err(|e| self.io(e))?;
        if metadata.is_dir() {
            let parts = match Repo::is_at(&path) {
                true => self.repository(Location::Folder(path))?,
                false => self.directory(&path)?,
            };
            return Ok(Input::Parts(parts.into()));
        }
        let head = file_head(&path, HEAD_BYTES).map_err(|e| self.io(e))?;
        let kind = ContentKind::detect(&head);
        let inner = self.inner_kind(&path, kind)?;
        if inner == ContentKind::Unknown
            && let Some(text) = self.text_kind(&path, kind)?
        {
            return self.kernel_text(&path, text).map(|p| Input::Parts(p.into()));
        }
        match (kind, inner) {
            (_, ContentKind::Tar) => self.archive(path, metadata.len()).map(|p| Input::Parts(p.into())),
            (ContentKind::Rpm, _) => {
                self.package(Container::Rpm, path, metadata.len()).map(|p| Input::Parts(p.into()))
            }
            (ContentKind::Deb, _) => {
                self.package(Container::Deb, path, metadata.len()).map(|p| Input::Parts(p.into()))
            }
            (_, ContentKind::Elf | ContentKind::Btf) | (ContentKind::KernelImage, _) => {
                self.elf(path, kind).map(|p| Input::Parts(p.into()))
            }
            (ContentKind::Compressed(_), inner) => {
                Err(self.unsupported(format!("{} with {} inside", kind.describe(), inner.describe())))
            }
            (ContentKind::Snapshot, _) => {
                let bytes = FileBytes::open(&path).map_err(|e| self.io(e))?;
                let fail = |source| OpenError::Snapshot { path: self.label.to_owned(), source };
                let side = snapshot::read(&bytes).map_err(fail)?;
                let side = Side { label: self.label.to_owned(), input_kind: "snapshot".to_owned(), ..side };
                Ok(Input::Snapshot(side.into()))
            }
            (kind, _) => Err(self.unsupported(kind.describe().to_owned())),
        }
    }

    fn refused(&self, source: RepoError) -> OpenError {
        OpenError::Repository { path: self.label.to_owned(), source }
    }

    fn io(&self, source: std::io::Error) -> OpenError {
        let path = self.label.to_owned();
        match source.kind() {
            std::io::ErrorKind::NotFound => OpenError::NotFound { path },
            _ => OpenError::Io { path, source },
        }
    }

    fn unsupported(&self, found: String) -> OpenError {
        OpenError::Unsupported { path: self.label.to_owned(), found }
    }

    fn nothing(&self, reason: String) -> OpenError {
        OpenError::Nothing { path: self.label.to_owned(), reason }
    }

    /// What a file is behind its compression.
    fn inner_kind(&self, path: &Path, kind: ContentKind) -> Result<ContentKind, OpenError> {
        match kind {
            ContentKind::Compressed(_) => Ok(ContentKind::detect(&self.inner_head(path, kind)?)),
            kind => Ok(kind),
        }
    }

    /// The first bytes of a file behind its compression.
    fn inner_head(&self, path: &Path, kind: ContentKind) -> Result<Vec<u8>, OpenError> {
        let ContentKind::Compressed(compression) = kind else {
            return file_head(path, HEAD_BYTES).map_err(|e| self.io(e));
        };
        let bytes = FileBytes::open(path).map_err(|e| self.io(e))?;
        let mut head = Vec::new();
        let decoded = compression.decoder(&bytes[..]);
        let read = decoded.and_then(|d| d.take(HEAD_BYTES as u64).read_to_end(&mut head));
        read.map_err(|e| self.io(e))?;
        Ok(head)
    }

    /// Which text about a kernel a file is.
    fn text_kind(&self, path: &Path, kind: ContentKind) -> Result<Option<TextKind>, OpenError> {
        let head = self.inner_head(path, kind)?;
        Ok(TextKind::of_text(path.as_os_str().as_bytes().as_bstr(), &head))
    }

    /// A `Module.symvers` or a list of symbols by itself.
    fn kernel_text(&self, path: &Path, kind: TextKind) -> Result<Parts, OpenError> {
        let name = path.as_os_str().as_bytes().as_bstr();
        let fail = |detail| OpenError::KernelText { path: self.label.to_owned(), detail };
        let file = loose::kernel_file(path, name, kind).map_err(fail)?;
        let kind = match file.content {
            KernelContent::Symvers(_) => "Module.symvers",
            KernelContent::List(_) => "list of kernel symbols",
            KernelContent::Severities(_) => "list of tolerated changes",
        };
        let facts = PackageFacts {
            meta: None,
            tree: Vec::new(),
            source: self.label.into(),
            digest: None,
            artifacts: Vec::new(),
            suppressions: Vec::new(),
            kernel_files: vec![file],
            gaps: Vec::new(),
        };
        Ok(Parts { kind, packages: vec![(facts, Vec::new())], ..Parts::default() })
    }

    /// A tar archive, which reads as the directory that it would become.
    fn archive(&self, path: PathBuf, size_bytes: u64) -> Result<Parts, OpenError> {
        let file = on_disk(Container::Tar, path, self.label.to_owned(), size_bytes);
        self.progress.begin(Stage::ReadPackages, Some(1));
        let outcomes = read_all(vec![file], false, self.context, self.progress);
        self.progress.end(Stage::ReadPackages);
        let mut parts = Parts { kind: "tar archive", ..Parts::default() };
        for outcome in outcomes {
            match outcome {
                Outcome::Software(_, Some(source), _) | Outcome::Failed(source, _) => {
                    return Err(OpenError::Package { path: self.label.to_owned(), source });
                }
                Outcome::Software(mut package, None, file) => {
                    let nested = std::mem::take(&mut package.nested);
                    parts.add_software(*package, &file);
                    self.add_packages(&mut parts, nested);
                }
                Outcome::Debug(..) | Outcome::DebugArchive(..) | Outcome::Sources => {}
            }
        }
        self.checked(parts)
    }

    /// A single package; what keeps it from being read is an error here.
    fn package(&self, container: Container, path: PathBuf, size_bytes: u64) -> Result<Parts, OpenError> {
        let file = {
            let label = file_name(&path);
            on_disk(container, path, label, size_bytes)
        };
        self.progress.begin(Stage::ReadPackages, Some(1));
        let outcomes = read_all(vec![file], false, self.context, self.progress);
        self.progress.end(Stage::ReadPackages);
        let kind = if container == Container::Rpm { "RPM" } else { "Debian package" };
        let mut parts = Parts { kind, ..Parts::default() };
        let fail = |source| OpenError::Package { path: self.label.to_owned(), source };
        for outcome in outcomes {
            match outcome {
                Outcome::Software(_, Some(error), _) | Outcome::Failed(error, _) => return Err(fail(error)),
                Outcome::Software(package, None, file) => parts.add_software(*package, &file),
                Outcome::Debug(package, _) => {
                    return Err(self.nothing(format!("{} holds debug information only", package.nevra)));
                }
                Outcome::DebugArchive(..) => {}
                Outcome::Sources => return Err(self.nothing("a source package has no artifacts".to_owned())),
            }
        }
        Ok(parts)
    }

    /// A single ELF file, or a compressed one.
    fn elf(&self, path: PathBuf, kind: ContentKind) -> Result<Parts, OpenError> {
        let name = file_name(&path).into();
        let file = WalkedFile {
            name,
            path,
            kind,
            inode: None,
            size_bytes: 0,
            is_named: true,
            mode: 0,
            interpreter: None,
        };
        let loose = loose::read(self.label, &[file], self.context);
        let fail = |detail| match kind {
            ContentKind::KernelImage => OpenError::KernelImage { path: self.label.to_owned(), detail },
            _ => OpenError::Elf { path: self.label.to_owned(), detail },
        };
        if let Some(gap) = loose.facts.gaps.into_iter().next() {
            return Err(fail(gap.detail));
        }
        if !loose.debug_files.is_empty() {
            return Err(OpenError::DebugFile { path: self.label.to_owned() });
        }
        let facts = PackageFacts { gaps: Vec::new(), ..loose.facts };
        let kind = match kind {
            ContentKind::Btf => "BTF",
            ContentKind::KernelImage => "kernel image",
            _ => "ELF file",
        };
        Ok(Parts { kind, packages: vec![(facts, loose.origins)], ..Parts::default() })
    }

    /// A directory of packages, plain files, or both.
    fn directory(&self, path: &Path) -> Result<Parts, OpenError> {
        let mut walked = walk(path);
        let tree = tree::of_folder(&walked);
        let (packages, files) = packages_and_files(std::mem::take(&mut walked.files));
        let mut parts = Parts { kind: "directory", ..Parts::default() };
        self.add_packages(&mut parts, packages);
        let loose = loose::read(self.label, &files, self.context);
        parts.debug_count += loose.debug_files.len();
        let Loose { facts, origins, debug_files } = loose;
        debug_files.into_iter().for_each(|(path, probe)| parts.index.add_file(path, &probe));
        // A folder of packages is no tree of files.
        let tree = if parts.packages.is_empty() { tree } else { Vec::new() };
        let is_empty = facts.artifacts.is_empty() && facts.kernel_files.is_empty() && facts.gaps.is_empty();
        if !is_empty || !tree.is_empty() {
            parts.packages.push((PackageFacts { tree, ..facts }, origins));
        }
        walked.files = files;
        parts.loose = walked;
        self.checked(parts)
    }

    fn repository(&self, location: Location) -> Result<Parts, OpenError> {
        self.progress.begin(Stage::Fetch, None);
        let repo = self.named.keys().and_then(|keys| Repo::open(location.clone(), &keys));
        self.progress.end(Stage::Fetch);
        let mut repo = repo.map_err(|e| self.refused(e))?;
        repo.keep_architectures(&self.context.architectures);
        let metadata = Some(repo.take_listed(self.label, true));
        let listed = list(&repo, &location);
        let mut parts = Parts { kind: "repository", gaps: listed.gaps, metadata, ..Parts::default() };
        parts.debug_count = listed.remote_debug.len();
        self.add_packages(&mut parts, listed.files);
        parts.remote.push((repo, listed.remote_debug));
        self.checked(parts)
    }

    fn add_packages(&self, parts: &mut Parts, files: Vec<Arc<PackageFile>>) {
        self.progress.begin(Stage::ReadPackages, Some(files.len() as u64));
        for outcome in read_all(files, false, self.context, self.progress) {
            match outcome {
                Outcome::Software(package, _, file) => parts.add_software(*package, &file),
                Outcome::Debug(package, paths) => {
                    parts.debug_count += 1;
                    parts.index.add_package(*package, paths);
                }
                Outcome::DebugArchive(..) | Outcome::Sources => {}
                Outcome::Failed(error, file) => parts.gaps.push(error.gap(&file)),
            }
        }
        self.progress.end(Stage::ReadPackages);
    }

    /// An input in which nothing can be compared is an error: no findings in it would prove nothing.
    fn checked(&self, parts: Parts) -> Result<Parts, OpenError> {
        let has_content = parts.packages.iter().any(|(p, _)| match &p.meta {
            Some(_) => p.digest.is_some(),
            None => !(p.artifacts.is_empty() && p.tree.is_empty() && p.kernel_files.is_empty()),
        });
        if has_content {
            return Ok(parts);
        }
        let inner = parts.packages.iter().flat_map(|(p, _)| &p.gaps);
        Err(self.nothing(match (parts.gaps.iter().chain(inner).min(), parts.debug_count) {
            (Some(gap), _) => format!("nothing in it can be read: {}: {}", gap.subject, gap.detail),
            (None, 0) => "there is no package and no ELF file in it".to_owned(),
            (None, count) => format!("there are {count} debug packages or files in it and no software"),
        }))
    }

    /// Adds what `--debuginfo` names; each of these must be usable.
    pub(super) fn add_debuginfo(&self, parts: &mut Parts, paths: &[PathBuf]) -> Result<(), OpenError> {
        for path in paths {
            let named = Named::from(&*path.to_string_lossy());
            let opener = Opener { label: &named.label, named: &named, ..*self };
            let before = parts.index.len() + parts.remote.len() + parts.gaps.len();
            opener.add_one_debuginfo(parts)?;
            // What was named for its debug information and has none is a mistake that should not go unnoticed.
            if parts.index.len() + parts.remote.len() + parts.gaps.len() == before {
                return Err(opener.nothing("there is no debug information in it".to_owned()));
            }
        }
        Ok(())
    }

    fn add_one_debuginfo(&self, parts: &mut Parts) -> Result<(), OpenError> {
        if let Some(location) = self.named.remote() {
            let location = location.map_err(|e| self.refused(e))?;
            let repo = Repo::open(location.clone(), &Keys::default()).map_err(|e| self.refused(e))?;
            let listed = list(&repo, &location);
            parts.remote.push((repo, listed.remote_debug));
            let is_debug = |f: &Arc<PackageFile>| f.container == Container::Deb && is_debug_label(&f.label);
            let debug = listed.files.into_iter().filter(is_debug).collect();
            return self.add_debug_packages(parts, debug);
        }
        let path = self.named.path();
        let metadata = std::fs::metadata(&path).map_err(|e| self.io(e))?;
        if metadata.is_dir() {
            let walked = walk_debug(&path);
            parts.gaps.extend(walked.gaps);
            let (packages, files) = packages_and_files(walked.files);
            self.add_debug_packages(parts, packages)?;
            for file in files.into_iter().filter(|f| f.kind == ContentKind::Elf) {
                if let Some(id) = build_id_of_path(&file.path) {
                    parts.index.add_file(file.path, &Probe::named(id));
                } else if let Ok(bytes) = FileBytes::open(&file.path) {
                    parts.index.add_file(file.path, &probe(&bytes));
                }
            }
            return Ok(());
        }
        let kind = ContentKind::detect(&file_head(&path, HEAD_BYTES).map_err(|e| self.io(e))?);
        if let Some(container) = Container::of(self.inner_kind(&path, kind)?) {
            let label = file_name(&path);
            return self.add_debug_packages(parts, vec![on_disk(container, path, label, metadata.len())]);
        }
        match kind {
            ContentKind::Elf => {
                let bytes = FileBytes::open(&path).map_err(|e| self.io(e))?;
                parts.index.add_file(path, &probe(&bytes));
                Ok(())
            }
            kind => Err(self.unsupported(kind.describe().to_owned())),
        }
    }

    fn add_debug_packages(&self, parts: &mut Parts, files: Vec<Arc<PackageFile>>) -> Result<(), OpenError> {
        let is_single = files.len() == 1;
        for outcome in read_all(files, true, self.context, self.progress) {
            match outcome {
                Outcome::Debug(package, paths) if !paths.is_empty() => {
                    parts.index.add_package(*package, paths)
                }
                Outcome::DebugArchive(archive, files) if !files.is_empty() => {
                    parts.index.add_archive(*archive, files);
                }
                Outcome::Failed(error, _) if is_single => {
                    return Err(OpenError::Package { path: self.label.to_owned(), source: error });
                }
                Outcome::Failed(error, file) => parts.gaps.push(error.gap(&file)),
                Outcome::Debug(..) | Outcome::DebugArchive(..) | Outcome::Software(..) | Outcome::Sources => {
                }
            }
        }
        Ok(())
    }

    /// Lists the files of debug packages at URLs, if any artifact needs them.
    pub(super) fn add_remote_debug(&self, parts: &mut Parts) {
        let mut artifacts = parts.packages.iter().flat_map(|(p, _)| &p.artifacts);
        if !artifacts.any(|a| needs_types(&a.elf) && !a.elf.has_debug_info) {
            return;
        }
        for (repo, packages) in std::mem::take(&mut parts.remote) {
            self.progress.begin(Stage::Fetch, None);
            parts.gaps.extend(add_remote(&repo, packages, &mut parts.index));
            self.progress.end(Stage::Fetch);
        }
    }
}

impl Parts {
    /// Adds everything of another input of the same side.
    pub(super) fn join(&mut self, other: Parts) {
        self.kind = if self.kind == other.kind { plural(self.kind) } else { "several inputs" };
        self.metadata = match (self.metadata.take(), other.metadata) {
            (Some(mut known), Some(more)) => {
                known.append(more);
                Some(known)
            }
            _ => None,
        };
        self.packages.extend(other.packages);
        self.loose.files.extend(other.loose.files);
        self.loose.links.extend(other.loose.links);
        self.loose.archived.extend(other.loose.archived);
        self.loose.gaps.extend(other.loose.gaps);
        self.index.join(other.index);
        self.gaps.extend(other.gaps);
        self.remote.extend(other.remote);
        self.debug_count += other.debug_count;
    }

    /// Drops the packages that have the name and architecture of one in `builds`.
    pub(super) fn drop_replaced(&mut self, builds: &Parts) {
        let key = |facts: &PackageFacts| {
            facts.meta.as_ref().map(|meta| (meta.nevra.name.clone(), meta.nevra.arch.clone()))
        };
        let replaced: FxHashSet<_> = builds.packages.iter().filter_map(|(facts, _)| key(facts)).collect();
        self.packages.retain(|(facts, _)| key(facts).is_none_or(|key| !replaced.contains(&key)));
    }

    fn add_software(&mut self, package: ReadPackage, file: &Arc<PackageFile>) {
        let ReadPackage { mut facts, origins, debug_files, tree, .. } = package;
        facts.tree = tree::of_archive(&tree);
        for entry in tree {
            match entry.link_target {
                Some(target) => self.loose.links.push((entry.path, target)),
                None if entry.kind == FileKind::Regular => self.loose.archived.push(entry.path),
                None => {}
            }
        }
        match &facts.meta {
            _ if debug_files.is_empty() => {}
            Some(meta) => {
                let paths = debug_files.into_iter().map(|(path, _)| path);
                self.index.add_package(debug_package(meta, file), paths);
            }
            None => {
                self.debug_count += debug_files.len();
                self.index.add_archive(archive(file), debug_files);
            }
        }
        let is_empty = facts.artifacts.is_empty() && facts.kernel_files.is_empty() && facts.gaps.is_empty();
        if facts.meta.is_some() || !facts.tree.is_empty() || !is_empty {
            self.packages.push((facts, origins));
        }
    }
}

/// What several inputs of one kind are called.
fn plural(kind: &'static str) -> &'static str {
    match kind {
        "repository" | "repositories" => "repositories",
        "RPM" | "RPMs" => "RPMs",
        "directory" | "directories" => "directories",
        _ => "several inputs",
    }
}

/// Packages, and everything else.
pub(super) fn packages_and_files(files: Vec<WalkedFile>) -> (Vec<Arc<PackageFile>>, Vec<WalkedFile>) {
    let is_package = |f: &WalkedFile| matches!(f.kind, ContentKind::Rpm | ContentKind::Deb);
    let (packages, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_package);
    let open = |f: WalkedFile| {
        let container = if f.kind == ContentKind::Deb { Container::Deb } else { Container::Rpm };
        on_disk(container, f.path, f.name.to_string(), f.size_bytes)
    };
    (packages.into_iter().map(open).collect(), files)
}

/// Whether a package file of Debian is a debug package by its name, `NAME_VERSION_ARCH.deb`.
fn is_debug_label(label: &str) -> bool {
    let name = label.rsplit('/').next().unwrap_or(label);
    name.split('_').next().is_some_and(is_debug_name)
}

/// `file:///path` and plain paths.
pub(super) fn local_path(label: &str) -> PathBuf {
    label.strip_prefix("file://").unwrap_or(label).into()
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
