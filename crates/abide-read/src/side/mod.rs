//! One side of a comparison: an input of any kind becomes [`Side`].
//!
//! In two steps: [`Opened::open`] reads packages, artifacts and symbols; types are loaded for a few artifacts at a time
//! when they are compared ([`abide_model::TypeSource`]), or for all that a caller does not skip
//! ([`Opened::read_types`]). What was read before comes from the cache, when there is one. Debug packages of the input
//! serve to find types; they are not listed among the side's packages, and neither are source packages.

mod cached;
mod error;
mod headers;
mod kernel;
mod links;
mod loose;
mod metadata;
mod named;
mod opener;
mod package;
mod packages;
mod shebang;
mod tree;
mod types;
pub(crate) mod walk;

use std::collections::BTreeSet;
use std::hash::Hasher as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use abide_model::{
    ArtifactFacts, Digest, Gap, GapKind, LoadedTypes, PackageFacts, PackageFormat, Progress, Side, Stage,
    TypeEvidence, TypeSource,
};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

pub use error::OpenError;
pub use metadata::{ListOptions, read_metadata};
pub use named::Named;
pub use package::{Container, PackageError, PackageFile};

use crate::debuginfo::{DebugIndex, Debuginfod};
use crate::payload::Limits;
use crate::source::sha256_file;
use crate::store::Store;
use opener::{Input, Opener, Parts};
use package::{Context, Origin, needs_types};
use types::Bytes;

/// Bytes of artifacts with debug information in themselves that are kept between the two steps; beyond this, their
/// packages are read a second time.
const KEEP_BYTES: u64 = 512 << 20;

/// How an input is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where debug information may be besides the input: debug RPMs, folders of them, trees such as
    /// `/usr/lib/debug`, single debug files, URLs of repositories.
    pub debuginfo: Vec<PathBuf>,
    /// Folders with the public headers, or `-devel` RPMs; they replace what the input's packages say.
    pub headers: Vec<PathBuf>,
    /// The kernel's BTF, in vmlinux or alone, that the BTF of modules continues; without it a vmlinux among the input.
    pub btf_base: Option<PathBuf>,
    /// debuginfod servers, and the folder for what they send; without any, none is asked.
    pub debuginfod: Option<DebuginfodOptions>,
    /// Whether `/usr/lib/debug` of this machine is looked at.
    pub use_host_debug: bool,
    /// Whether large files on disk are hashed only where [`Opened::settle_digests`] finds that it matters: for a
    /// report that does not state digests.
    pub lazy_digests: bool,
    /// Ceilings for payloads and files.
    pub limits: Limits,
    /// Facts that were read before, and where new ones go.
    pub store: Option<Arc<Store>>,
    /// Architectures whose packages a repository is read for, besides those for all; none stands for any.
    pub architectures: Vec<String>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            debuginfo: Vec::new(),
            headers: Vec::new(),
            btf_base: None,
            debuginfod: None,
            use_host_debug: true,
            lazy_digests: false,
            limits: Limits::default(),
            store: None,
            architectures: Vec::new(),
        }
    }
}

/// Where debug files come from when they are nowhere else.
#[derive(Clone, Debug)]
pub struct DebuginfodOptions {
    /// Servers, in the order in which they are asked.
    pub urls: Vec<String>,
    /// Folder for the files.
    pub cache: PathBuf,
}

/// Reads an input with the types of all its artifacts.
///
/// `label` is a path, or the http(s) or file URL of a repository.
pub fn open(label: &str, options: &OpenOptions, progress: &dyn Progress) -> Result<Side, OpenError> {
    Ok(Opened::open(label, options, progress)?.read_types(&FxHashSet::default(), progress))
}

/// A side whose artifacts are known, without their types.
pub struct Opened {
    side: Side,
    /// Parallel to packages and artifacts; empty for a snapshot, which has its types. What is kept of an artifact's
    /// bytes is taken out when its types are loaded.
    origins: Mutex<Vec<Vec<Origin>>>,
    index: DebugIndex,
    limits: Limits,
    store: Option<Arc<Store>>,
    kernel: Option<Bytes>,
}

impl Opened {
    /// Reads packages, artifacts and symbols.
    pub fn open(label: &str, options: &OpenOptions, progress: &dyn Progress) -> Result<Self, OpenError> {
        Self::open_all(&[Named::from(label)], options, progress)
    }

    /// Reads packages, artifacts and symbols of all inputs of one side.
    pub fn open_all(
        inputs: &[Named],
        options: &OpenOptions,
        progress: &dyn Progress,
    ) -> Result<Self, OpenError> {
        match parts_of(inputs, &context(options), progress)? {
            Input::Snapshot(side) => Ok(Self::of_snapshot(*side, options)),
            Input::Parts(parts) => Self::finish(inputs, *parts, options, progress),
        }
    }

    /// Reads a reference, and what becomes of it when the builds in `update` take the place of those with the same
    /// names and architectures. What both have is read once.
    pub fn open_updated(
        reference: (&[Named], &OpenOptions),
        update: (&[Named], &OpenOptions),
        progress: &dyn Progress,
    ) -> Result<(Self, Self), OpenError> {
        let context = context(reference.1);
        let list = ListOptions { with_files: true, architectures: update.1.architectures.clone() };
        let listed = read_metadata(update.0, &list, progress)?;
        let Input::Parts(old) = parts_of(reference.0, &context, progress)? else {
            let found = "a snapshot, which has no packages that builds could take the place of".to_owned();
            return Err(OpenError::Unsupported { path: named::label_of(reference.0), found });
        };
        let Input::Parts(builds) = parts_of(update.0, &context, progress)? else {
            let found = "a snapshot, which is no build".to_owned();
            return Err(OpenError::Unsupported { path: named::label_of(update.0), found });
        };
        let mut new = old.clone();
        new.drop_replaced(&builds);
        let metadata = new.metadata.take().map(|mut metadata| {
            metadata.update(listed);
            metadata
        });
        new.join(*builds);
        (new.kind, new.metadata) = ("repository with an update", metadata);
        let inputs: Vec<Named> = reference.0.iter().chain(update.0).cloned().collect();
        Ok((
            Self::finish(reference.0, *old, reference.1, progress)?,
            Self::finish(&inputs, *new, update.1, progress)?,
        ))
    }

    fn of_snapshot(side: Side, options: &OpenOptions) -> Self {
        Self {
            side,
            origins: Mutex::default(),
            index: DebugIndex::default(),
            limits: options.limits,
            store: None,
            kernel: None,
        }
    }

    fn finish(
        inputs: &[Named],
        mut parts: Parts,
        options: &OpenOptions,
        progress: &dyn Progress,
    ) -> Result<Self, OpenError> {
        let label = named::label_of(inputs);
        let context = context(options);
        let whole = Named::from(&*label);
        let opener = Opener { label: &label, named: &whole, context: &context, progress };
        parts.index.use_host = options.use_host_debug;
        let servers = options.debuginfod.clone();
        parts.index.debuginfod = servers.map(|o| Arc::new(Debuginfod::new(o.urls, o.cache)));
        opener.add_debuginfo(&mut parts, &options.debuginfo)?;
        opener.add_remote_debug(&mut parts);
        Self::assemble(&label, parts, options)
    }

    /// Puts packages in order, resolves links, lists headers.
    fn assemble(label: &str, parts: Parts, options: &OpenOptions) -> Result<Self, OpenError> {
        let Parts { kind, metadata, mut packages, loose, index, mut gaps, .. } = parts;
        packages.sort_by(|(a, _), (b, _)| sort_key(a).cmp(&sort_key(b)));
        let (mut packages, origins): (Vec<_>, Vec<_>) = packages.into_iter().unzip();
        links::add_aliases(&mut packages, &loose.links);
        let public_headers = match options.headers.is_empty() {
            true => headers::of_packages(&packages, &loose),
            false => headers::of_paths(&options.headers)?,
        };
        gaps.extend(loose.gaps);
        gaps.sort();
        let side = Side {
            label: label.to_owned(),
            input_kind: kind.to_owned(),
            packages,
            public_headers,
            gaps,
            metadata,
        };
        let kernel = match &options.btf_base {
            Some(path) => Some(kernel::named(path)?),
            None => kernel::among(&side, &origins),
        };
        let (origins, store) = (Mutex::new(origins), options.store.clone());
        Ok(Self { side, origins, index, limits: options.limits, store, kernel })
    }

    /// The same files as users of others: types are read of what they import, as far as their debug information declares
    /// it, and [`ElfFacts::expected`](abide_model::ElfFacts::expected) has the roots' symbols. A snapshot knows
    /// nothing of that.
    pub fn expecting(mut self) -> Self {
        for artifact in self.side.packages.iter_mut().flat_map(|package| &mut package.artifacts) {
            artifact.elf = artifact.elf.expected();
            artifact.types = TypeEvidence::NotNeeded;
        }
        // What the cache knows of an artifact is what it exports.
        self.store = None;
        self
    }

    /// What is known so far; types are [`TypeEvidence::NotNeeded`] everywhere, but for a snapshot.
    pub fn facts(&self) -> &Side {
        &self.side
    }

    /// What is known, without types but for those of a snapshot.
    pub fn into_facts(self) -> Side {
        self.side
    }

    /// Hashes the files whose digests were left out, where one of the sizes of the files on the `other` side is theirs.
    ///
    /// All others are no copies of anything there, which is what a comparison asks a digest for.
    pub fn settle_digests(&mut self, other: &BTreeSet<u64>) {
        let origins = self.origins.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (package, origins) in self.side.packages.iter_mut().zip(&*origins) {
            for (artifact, origin) in package.artifacts.iter_mut().zip(origins) {
                let Origin::File { path, .. } = origin else { continue };
                if artifact.digest.is_some() || !other.contains(&artifact.size_bytes) {
                    continue;
                }
                match sha256_file(path) {
                    Ok(digest) => artifact.digest = Some(digest),
                    Err(error) => artifact.gaps.push(Gap {
                        kind: GapKind::Unreadable,
                        subject: artifact.path.clone(),
                        detail: format!("cannot be read: {error}"),
                    }),
                }
            }
        }
    }

    /// Reads the types of the artifacts that export something, but for those with a digest in `skip`.
    pub fn read_types(mut self, skip: &FxHashSet<Digest>, progress: &dyn Progress) -> Side {
        let mut wanted = Vec::new();
        for (p, package) in self.side.packages.iter().enumerate() {
            let artifacts = package.artifacts.iter().enumerate();
            let is_skipped = |a: &ArtifactFacts| a.digest.is_some_and(|digest| skip.contains(&digest));
            wanted.extend(artifacts.filter(|(_, a)| !is_skipped(a)).map(|(a, _)| (p, a)));
        }
        progress.begin(Stage::ReadTypes, Some(wanted.len() as u64));
        let loaded = self.load(&wanted, progress);
        progress.end(Stage::ReadTypes);
        for ((package, artifact), loaded) in wanted.into_iter().zip(loaded) {
            if let Some(LoadedTypes { types, gaps }) = loaded {
                let artifact = &mut self.side.packages[package].artifacts[artifact];
                artifact.types = types;
                artifact.gaps.extend(gaps);
            }
        }
        self.side
    }

    /// Where the own bytes of an artifact are. What was kept of them goes along.
    fn take_origin(&self, package: usize, artifact: usize) -> Option<Origin> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = origins.get_mut(package)?.get_mut(artifact)?;
        let taken = origin.clone();
        if let Origin::Package { kept, .. } = origin {
            *kept = None;
        }
        Some(taken)
    }

    fn job(&self, package: usize, artifact: usize, origin: &Origin) -> types::Job<'_> {
        let facts = &self.side.packages[package].artifacts[artifact];
        types::Job::new((package, artifact), facts, origin, &self.index)
    }

    fn needs_types(&self, package: usize, artifact: usize) -> bool {
        needs_types(&self.side.packages[package].artifacts[artifact].elf)
    }
}

impl TypeSource for Opened {
    fn group(&self, package: usize, artifact: usize) -> Option<u64> {
        if !self.needs_types(package, artifact) {
            return None;
        }
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = origins.get(package)?.get(artifact)?;
        let name = self.job(package, artifact, origin).group(&self.index)?;
        let mut hasher = FxHasher::default();
        hasher.write(name.as_bytes());
        Some(hasher.finish())
    }

    fn is_parallel(&self, package: usize, artifact: usize) -> bool {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(origin) = origins.get(package).and_then(|origins| origins.get(artifact)) else {
            return false;
        };
        self.job(package, artifact, origin).is_parallel()
    }

    fn load(&self, wanted: &[(usize, usize)], progress: &dyn Progress) -> Vec<Option<LoadedTypes>> {
        let mut jobs = Vec::new();
        for &(package, artifact) in wanted.iter().filter(|at| self.needs_types(at.0, at.1)) {
            if let Some(origin) = self.take_origin(package, artifact) {
                jobs.push(self.job(package, artifact, &origin));
            }
        }
        let asked: FxHashSet<(usize, usize)> = jobs.iter().map(types::Job::at).collect();
        let names = |package: usize| self.side.packages.get(package).map(debug_names).unwrap_or_default();
        let pass = types::Pass::new(&self.index, &names, self.kernel.clone(), self.limits, progress);
        let done = match &self.store {
            Some(store) => cached::load_types(store, &self.index, self.kernel.is_some(), jobs, |jobs| {
                pass.read_all(jobs)
            }),
            None => pass.read_all(jobs),
        };
        let mut loaded: FxHashMap<(usize, usize), LoadedTypes> =
            done.into_iter().map(|d| (d.at, LoadedTypes { types: d.types, gaps: d.gaps })).collect();
        let answer = |at: &(usize, usize)| match loaded.remove(at) {
            None if asked.contains(at) => Some(self.unanswered(*at)),
            found => found,
        };
        wanted.iter().map(answer).collect()
    }
}

impl Opened {
    /// An artifact without an answer would pass for one that needs no types.
    fn unanswered(&self, (package, artifact): (usize, usize)) -> LoadedTypes {
        let subject = self.side.packages[package].artifacts[artifact].path.clone();
        let detail = "its debug information was not read: an error of this program".to_owned();
        let gaps = vec![Gap { kind: GapKind::NoDebugInfo, subject, detail }];
        LoadedTypes { types: TypeEvidence::Absent, gaps }
    }
}

fn context(options: &OpenOptions) -> Context {
    Context {
        limits: options.limits,
        lazy_digests: options.lazy_digests,
        keep_bytes: AtomicU64::new(KEEP_BYTES),
        store: options.store.clone(),
        architectures: options.architectures.clone(),
    }
}

/// Everything that the inputs of one side consist of.
fn parts_of(inputs: &[Named], context: &Context, progress: &dyn Progress) -> Result<Input, OpenError> {
    let mut all: Option<Box<Parts>> = None;
    for named in inputs {
        let opener = Opener { label: &named.label, named, context, progress };
        let parts = match (opener.input()?, inputs.len()) {
            (Input::Parts(parts), _) => parts,
            (snapshot, 1) => return Ok(snapshot),
            (Input::Snapshot(_), _) => {
                let found = "a snapshot, which is a side of its own".to_owned();
                return Err(OpenError::Unsupported { path: named.label.clone(), found });
            }
        };
        match &mut all {
            None => all = Some(parts),
            Some(all) => all.join(*parts),
        }
    }
    Ok(Input::Parts(all.unwrap_or_default()))
}

/// The names that a package's debug package can have.
fn debug_names(package: &PackageFacts) -> Vec<String> {
    let Some(meta) = &package.meta else { return Vec::new() };
    let suffixes: &[&str] = match meta.format {
        PackageFormat::Rpm => &["debuginfo"],
        PackageFormat::Deb => &["dbgsym", "dbg"],
    };
    suffixes.iter().map(|suffix| format!("{}-{suffix}", meta.nevra.name)).collect()
}

/// By name, architecture, and then the rest; plain files last.
fn sort_key(package: &PackageFacts) -> impl Ord + '_ {
    let nevra = package.meta.as_ref().map(|m| &m.nevra);
    (nevra.is_none(), nevra.map(|n| (&n.name, &n.arch, n)), &package.source)
}
