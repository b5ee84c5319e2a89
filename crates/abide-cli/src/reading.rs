//! Reading inputs with the options that commands share: threads, progress, debug information, headers.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use abide_model::{Metadata, NoProgress, Progress, Side};
use abide_read::side::{
    DebuginfodOptions, ListOptions, Named, OpenError, OpenOptions, Opened, read_metadata,
};
use abide_read::store::Store;

use crate::args::Common;
use crate::cache;
use crate::error::CliError;
use crate::progress::Bars;

/// One input as the user asked for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Paths, URLs, repositories.
    pub(crate) inputs: Vec<Named>,
    /// Where debug information may be besides the input.
    pub(crate) debuginfo: Vec<PathBuf>,
    /// The kernel's BTF that the BTF of modules continues.
    pub(crate) btf_base: Option<PathBuf>,
    /// Public headers.
    pub(crate) headers: Option<PathBuf>,
    /// Of repositories only packages for these are read, besides those for all; none stands for every one.
    pub(crate) architectures: Vec<String>,
}

/// The other side of a check.
#[derive(Clone, Debug)]
pub(crate) enum Candidate {
    /// What these inputs hold.
    Inputs(Request),
    /// The reference with these builds in it.
    Update(Request),
}

/// Reads inputs and tells how far it is.
pub(crate) struct Reader {
    progress: Box<dyn Progress>,
    store: Option<Arc<Store>>,
    verbose: bool,
    debuginfod: Option<DebuginfodOptions>,
}

impl Reader {
    /// Sets up threads and progress bars.
    pub(crate) fn new(common: &Common) -> Result<Self, CliError> {
        if let Some(jobs) = common.jobs {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(jobs)).build_global();
            pool.map_err(|e| CliError::input("failed to start threads", &e))?;
        }
        let progress: Box<dyn Progress> =
            if common.quiet { Box::new(NoProgress) } else { Box::new(Bars::new()) };
        let store = cache::folder(&common.cache).map(|folder| Arc::new(Store::new(&folder)));
        Ok(Reader {
            progress,
            store,
            verbose: common.verbose,
            debuginfod: debuginfod(&common.debuginfod.debuginfod)?,
        })
    }

    /// Where progress goes.
    pub(crate) fn progress(&self) -> &dyn Progress {
        self.progress.as_ref()
    }

    /// Reads one input whole.
    pub(crate) fn read(&self, request: &Request) -> Result<Side, CliError> {
        let start = Instant::now();
        let side = self.open(request).map_err(refused)?.read_types(&Default::default(), self.progress());
        self.time("read", start);
        Ok(side)
    }

    /// Reads one input without its types.
    pub(crate) fn read_facts(&self, request: &Request) -> Result<Side, CliError> {
        let start = Instant::now();
        let opened = self.open(request).map_err(refused)?;
        self.time("read packages", start);
        Ok(opened.into_facts())
    }

    /// Opens one input, whose types may be read later.
    pub(crate) fn open(&self, request: &Request) -> Result<Opened, OpenError> {
        Opened::open_all(&request.inputs, &self.options(request), self.progress())
    }

    /// Opens both inputs of a check; types are read when they are compared.
    ///
    /// Without `states_digests` a large file is hashed only when the other side has one of its size.
    pub(crate) fn open_both(
        &self,
        old: &Request,
        new: &Candidate,
        states_digests: bool,
    ) -> Result<(Opened, Opened), CliError> {
        let start = Instant::now();
        let options =
            |request: &Request| OpenOptions { lazy_digests: !states_digests, ..self.options(request) };
        let open = |request: &Request| Opened::open_all(&request.inputs, &options(request), self.progress());
        let (mut old, mut new) = match new {
            Candidate::Inputs(new) => {
                let (old, new) = side_by_side(|| open(old), || open(new));
                (old.map_err(refused)?, new.map_err(refused)?)
            }
            Candidate::Update(new) => {
                let (reference, update) =
                    ((&old.inputs[..], &options(old)), (&new.inputs[..], &options(new)));
                Opened::open_updated(reference, update, self.progress()).map_err(refused)?
            }
        };
        let (old_sizes, new_sizes) = (sizes(old.facts()), sizes(new.facts()));
        side_by_side(|| old.settle_digests(&new_sizes), || new.settle_digests(&old_sizes));
        self.time("read packages", start);
        Ok((old, new))
    }

    /// Reads what the repositories and packages of one side list, with every file.
    pub(crate) fn list(&self, request: &Request) -> Result<Metadata, CliError> {
        let list = ListOptions { with_files: true, architectures: request.architectures.clone() };
        read_metadata(&request.inputs, &list, self.progress()).map_err(refused)
    }

    /// Reads what the repositories of both sides list.
    pub(crate) fn list_both(&self, old: &Request, new: &Candidate) -> Result<(Metadata, Metadata), CliError> {
        let start = Instant::now();
        let (Candidate::Inputs(request) | Candidate::Update(request)) = new;
        let (listed, found) = side_by_side(|| self.list(old), || self.list(request));
        let (old, found) = (listed?, found?);
        let new = match new {
            Candidate::Inputs(_) => found,
            Candidate::Update(_) => {
                let mut new = old.clone();
                new.label = format!("{} with {}", old.label, found.label);
                new.update(found);
                new
            }
        };
        self.time("read metadata", start);
        Ok((old, new))
    }

    /// Says what kept the cache from being used, and to those who want to know how often it was of use.
    pub(crate) fn report_cache(&self) {
        let Some(store) = &self.store else { return };
        if let Some(problem) = store.problem() {
            anstream::eprintln!("warning: the cache was not used as it should: {problem}");
        }
        let counts = store.counts();
        if counts.damaged > 0 {
            anstream::eprintln!("warning: {} damaged entries of the cache were made anew", counts.damaged);
        }
        if self.verbose {
            let _ = writeln!(
                std::io::stderr(),
                "cache: {} packages found, {} added; types of {} artifacts found, {} added",
                counts.packages_found,
                counts.packages_added,
                counts.types_found,
                counts.types_added
            );
        }
    }

    fn options(&self, request: &Request) -> OpenOptions {
        OpenOptions {
            debuginfo: request.debuginfo.clone(),
            headers: request.headers.clone().into_iter().collect(),
            btf_base: request.btf_base.clone(),
            debuginfod: self.debuginfod.clone(),
            store: self.store.clone(),
            architectures: request.architectures.clone(),
            ..OpenOptions::default()
        }
    }

    /// Says how long a stage took, to those who want to know.
    pub(crate) fn time(&self, stage: &str, start: Instant) {
        if self.verbose {
            // Nothing depends on it, and nobody is left to be told when standard error is gone.
            let _ = writeln!(std::io::stderr(), "{stage}: {:.3} s", start.elapsed().as_secs_f64());
        }
    }
}

/// Runs both on threads of their own.
///
/// Not on the pool's: the readers wait for work that they hand to the pool.
fn side_by_side<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let first = scope.spawn(a);
        let second = b();
        (first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), second)
    })
}

/// Sizes of all artifacts.
fn sizes(side: &Side) -> BTreeSet<u64> {
    side.packages.iter().flat_map(|package| &package.artifacts).map(|artifact| artifact.size_bytes).collect()
}

/// The servers that the user names or the environment has, when the option is given; and where their files are kept.
fn debuginfod(named: &[String]) -> Result<Option<DebuginfodOptions>, CliError> {
    if named.is_empty() {
        return Ok(None);
    }
    let listed = std::env::var("DEBUGINFOD_URLS").unwrap_or_default();
    let of_environment = || listed.split_whitespace().map(str::to_owned);
    let mut urls = Vec::new();
    for name in named {
        match name.is_empty() {
            true => urls.extend(of_environment()),
            false => urls.push(name.clone()),
        }
    }
    if urls.is_empty() {
        return Err(CliError::usage("--debuginfod names no URL, and DEBUGINFOD_URLS is empty"));
    }
    let folder = cache::of_user().unwrap_or_else(|| std::env::temp_dir().join("abide"));
    let cache = folder.join("debuginfod");
    Ok(Some(DebuginfodOptions { urls, cache }))
}

/// An input that could not be opened, for the user.
pub(crate) fn refused(error: OpenError) -> CliError {
    let hint = error.hint();
    CliError::input("failed to read", &error).hint(hint)
}
