//! Reading inputs with the options that commands share: threads, progress, debug information, headers.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use abide_model::{NoProgress, Progress, Side};
use abide_read::side::{DebuginfodOptions, OpenError, OpenOptions, Opened};

use crate::args::Common;
use crate::error::CliError;
use crate::progress::Bars;

/// One input as the user asked for it.
pub(crate) struct Request<'a> {
    /// Path or URL.
    pub(crate) label: &'a str,
    /// Where debug information may be besides the input.
    pub(crate) debuginfo: Vec<PathBuf>,
    /// The kernel's BTF that the BTF of modules continues.
    pub(crate) btf_base: Option<PathBuf>,
    /// Public headers.
    pub(crate) headers: Option<PathBuf>,
}

/// Reads inputs and tells how far it is.
pub(crate) struct Reader {
    progress: Box<dyn Progress>,
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
        Ok(Reader {
            progress,
            verbose: common.verbose,
            debuginfod: debuginfod(&common.debuginfod.debuginfod)?,
        })
    }

    /// Where progress goes.
    pub(crate) fn progress(&self) -> &dyn Progress {
        self.progress.as_ref()
    }

    /// Reads one input whole.
    pub(crate) fn read(&self, request: &Request<'_>) -> Result<Side, CliError> {
        let start = Instant::now();
        let side =
            abide_read::side::open(request.label, &options(request, &self.debuginfod), self.progress())
                .map_err(refused)?;
        self.time("read", start);
        Ok(side)
    }

    /// Reads both inputs of a check; types that the check does not look at are left out.
    pub(crate) fn read_both(&self, old: &Request<'_>, new: &Request<'_>) -> Result<(Side, Side), CliError> {
        let start = Instant::now();
        let open = |request: &Request<'_>| {
            Opened::open(request.label, &options(request, &self.debuginfod), self.progress())
        };
        let (old, new) = side_by_side(|| open(old), || open(new));
        let (old, new) = (old.map_err(refused)?, new.map_err(refused)?);
        self.time("read packages", start);
        let start = Instant::now();
        let skip = abide_distro::types_not_needed(old.facts(), new.facts());
        let sides = side_by_side(
            || old.read_types(&skip, self.progress()),
            || new.read_types(&skip, self.progress()),
        );
        self.time("read types", start);
        Ok(sides)
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
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let cache = base.unwrap_or_else(std::env::temp_dir).join("abide/debuginfod");
    Ok(Some(DebuginfodOptions { urls, cache }))
}

fn options(request: &Request<'_>, debuginfod: &Option<DebuginfodOptions>) -> OpenOptions {
    OpenOptions {
        debuginfod: debuginfod.clone(),
        debuginfo: request.debuginfo.clone(),
        btf_base: request.btf_base.clone(),
        headers: request.headers.clone().into_iter().collect(),
        ..OpenOptions::default()
    }
}

fn refused(error: OpenError) -> CliError {
    let hint = error.hint();
    CliError::input("failed to read", &error).hint(hint)
}
