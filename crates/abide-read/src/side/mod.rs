//! One side of a comparison: an input of any kind becomes [`Side`].
//!
//! In two steps, so that a caller can leave out what it knows to be identical on both sides: [`Opened::open`] reads
//! packages, artifacts and symbols, [`Opened::read_types`] the types. Debug packages of the input serve to find
//! types; they are not listed among the side's packages, and neither are source packages.

mod error;
mod headers;
mod kernel;
mod links;
mod loose;
mod opener;
mod package;
mod packages;
mod types;
mod walk;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use abide_model::{Digest, Gap, GapKind, PackageFacts, PackageFormat, Progress, Side, Stage, TypeEvidence};
use rustc_hash::FxHashSet;

pub use error::OpenError;
pub use package::{Container, PackageError, PackageFile};

use crate::debuginfo::{DebugIndex, Debuginfod};
use crate::payload::Limits;
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
    /// Ceilings for payloads and files.
    pub limits: Limits,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            debuginfo: Vec::new(),
            headers: Vec::new(),
            btf_base: None,
            debuginfod: None,
            use_host_debug: true,
            limits: Limits::default(),
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
    /// Parallel to packages and artifacts; empty for a snapshot, which has its types.
    origins: Vec<Vec<Origin>>,
    index: DebugIndex,
    limits: Limits,
    kernel: Option<Bytes>,
}

impl Opened {
    /// Reads packages, artifacts and symbols.
    pub fn open(label: &str, options: &OpenOptions, progress: &dyn Progress) -> Result<Self, OpenError> {
        let context = Context { limits: options.limits, keep_bytes: AtomicU64::new(KEEP_BYTES) };
        let opener = Opener { label, context: &context, progress };
        match opener.input()? {
            Input::Snapshot(side) => Ok(Self {
                side: *side,
                origins: Vec::new(),
                index: DebugIndex::default(),
                limits: options.limits,
                kernel: None,
            }),
            Input::Parts(mut parts) => {
                parts.index.use_host = options.use_host_debug;
                let servers = options.debuginfod.clone();
                parts.index.debuginfod = servers.map(|o| Debuginfod::new(o.urls, o.cache));
                opener.add_debuginfo(&mut parts, &options.debuginfo)?;
                opener.add_remote_debug(&mut parts);
                Self::assemble(label, *parts, options)
            }
        }
    }

    /// Puts packages in order, resolves links, lists headers.
    fn assemble(label: &str, parts: Parts, options: &OpenOptions) -> Result<Self, OpenError> {
        let Parts { kind, mut packages, loose, index, mut gaps, .. } = parts;
        packages.sort_by(|(a, _), (b, _)| sort_key(a).cmp(&sort_key(b)));
        let (mut packages, origins): (Vec<_>, Vec<_>) = packages.into_iter().unzip();
        links::add_aliases(&mut packages, &loose.links);
        let public_headers = match options.headers.is_empty() {
            true => headers::of_packages(&packages, &loose),
            false => headers::of_paths(&options.headers)?,
        };
        gaps.extend(loose.gaps);
        gaps.sort();
        let side =
            Side { label: label.to_owned(), input_kind: kind.to_owned(), packages, public_headers, gaps };
        let kernel = match &options.btf_base {
            Some(path) => Some(kernel::named(path)?),
            None => kernel::among(&side, &origins),
        };
        Ok(Self { side, origins, index, limits: options.limits, kernel })
    }

    /// What is known so far; types are [`TypeEvidence::NotNeeded`] everywhere, but for a snapshot.
    pub fn facts(&self) -> &Side {
        &self.side
    }

    /// Reads the types of the artifacts that export something, but for those with a digest in `skip`.
    pub fn read_types(mut self, skip: &FxHashSet<Digest>, progress: &dyn Progress) -> Side {
        if self.origins.is_empty() {
            return self.side;
        }
        let mut jobs = Vec::new();
        for (p, (package, origins)) in self.side.packages.iter().zip(&self.origins).enumerate() {
            for (a, (artifact, origin)) in package.artifacts.iter().zip(origins).enumerate() {
                if needs_types(&artifact.elf) && !skip.contains(&artifact.digest) {
                    jobs.push(types::Job::new((p, a), artifact, origin, &self.index));
                }
            }
        }
        // What is kept of artifacts is owned by the jobs now, and freed as they are done.
        self.origins.clear();
        let names: Vec<Vec<String>> = self.side.packages.iter().map(debug_names).collect();
        progress.begin(Stage::ReadTypes, Some(jobs.len() as u64));
        let mut unanswered: BTreeSet<(usize, usize)> = jobs.iter().map(types::Job::at).collect();
        let done = types::read_all(jobs, &self.index, &names, self.kernel.take(), self.limits, progress);
        progress.end(Stage::ReadTypes);
        for one in done {
            unanswered.remove(&one.at);
            let artifact = &mut self.side.packages[one.at.0].artifacts[one.at.1];
            artifact.types = one.types;
            artifact.gaps.extend(one.gaps);
        }
        // An artifact without an answer would pass for one that needs no types.
        for (package, artifact) in unanswered {
            let artifact = &mut self.side.packages[package].artifacts[artifact];
            let detail = "its debug information was not read: an error of this program".to_owned();
            artifact.types = TypeEvidence::Absent;
            artifact.gaps.push(Gap { kind: GapKind::NoDebugInfo, subject: artifact.path.clone(), detail });
        }
        self.side
    }
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
