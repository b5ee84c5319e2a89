//! Bisecting: each state is a throw-away copy of the root with packages installed by its own package manager.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use abide_bug::halving::{Answer, Halving, Next, Outcome};
use abide_bug::matrix::{Finding, Role};
use abide_model::PackageFormat;
use abide_report::bug::StepEntry;
use tempfile::TempDir;

use super::environment::{Environment, Place, Ready};
use super::load::Loaded;
use super::run::{Keeping, Unpacked, runs};
use super::updates::{PackageFile, Updates};
use crate::error::CliError;
use crate::isolation::root;

/// Seconds that a package manager may take.
const INSTALL_S: u64 = 900;

/// A search and what it tried.
pub(crate) struct Searched {
    pub(crate) steps: Vec<StepEntry>,
    pub(crate) outcome: Outcome,
}

/// What is searched for, and how.
pub(crate) struct Wanted<'a> {
    pub(crate) root: &'a Path,
    pub(crate) updates: &'a Updates,
    pub(crate) runs: usize,
    /// The update that ends the bug is searched for, instead of the one that brings it.
    pub(crate) fixed: bool,
    pub(crate) quiet: bool,
}

/// Searches for the first update that brings, or ends, the bug.
pub(crate) fn search(loaded: &Loaded, wanted: &Wanted<'_>) -> Result<Searched, CliError> {
    let updates = wanted.updates;
    let (folder, script) = loaded.unpack()?;
    let bug = Unpacked { loaded, folder: folder.path(), script: &script };
    let mut halving = Halving::new(updates.updates.len());
    let mut steps = Vec::new();
    loop {
        let state = match halving.next() {
            Next::Done(outcome) => return Ok(Searched { steps, outcome }),
            Next::Try(state) => state,
        };
        if !wanted.quiet {
            let left = halving.steps_left();
            anstream::eprintln!(
                "trying {state} of {} updates; about {left} more to go",
                updates.updates.len()
            );
        }
        let finding = try_state(&bug, wanted, state)?;
        let answer = match finding.decides() {
            Some(seen) if seen != wanted.fixed => Answer::Bad,
            Some(_) => Answer::Good,
            None => Answer::CannotTell,
        };
        halving.record(state, answer);
        let last =
            state.checked_sub(1).and_then(|at| updates.updates.get(at)).map(|update| update.name.clone());
        steps.push(StepEntry {
            updates: state,
            last,
            answer: word(answer, wanted.fixed).to_owned(),
            words: finding.words(),
        });
    }
}

fn word(answer: Answer, fixed: bool) -> &'static str {
    match answer {
        Answer::Good | Answer::Bad if (answer == Answer::Bad) == fixed => "good",
        Answer::Good | Answer::Bad => "bad",
        Answer::CannotTell => "cannot-tell",
    }
}

fn try_state(bug: &Unpacked<'_>, wanted: &Wanted<'_>, state: usize) -> Result<Finding, CliError> {
    let updates = wanted.updates;
    let made = match made(wanted.root, &updates.state(state), updates.format) {
        Ok(made) => made,
        Err(Failure::Install(why)) => return Ok(Finding::Unclear(why)),
        Err(Failure::Fatal(error)) => return Err(error),
    };
    let place = Place::Root(made.path());
    let ready = Ready::look(Environment { role: Role::Candidate, name: "copy".to_owned(), place });
    // A copy is not the root that was named: no run in it is kept.
    Ok(runs(bug, &ready, wanted.runs, Keeping { store: None, fresh: true }).finding)
}

/// A root that is thrown away.
pub(crate) struct Made(TempDir);

impl Made {
    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("root")
    }
}

/// Why there is no such root.
pub(crate) enum Failure {
    /// The packages cannot be installed.
    Install(String),
    /// No root can be made at all.
    Fatal(CliError),
}

/// Copies a root and installs packages into the copy.
pub(crate) fn made(root: &Path, files: &[&PackageFile], format: PackageFormat) -> Result<Made, Failure> {
    let fatal = |what: &str, e: std::io::Error| Failure::Fatal(CliError::input(what, &e));
    if !root.is_dir() {
        let message = format!("{} is no root tree", root.display());
        return Err(Failure::Fatal(CliError::usage(message).hint("name a folder that holds a whole system")));
    }
    let folder = tempfile::Builder::new().prefix("abide-root-").tempdir();
    let folder = folder.map_err(|e| fatal("failed to make a folder for a root", e))?;
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).map_err(|e| fatal("failed to open a folder", e))?;
    let made = Made(folder);
    root::copy(root, &made.path()).map_err(|why| Failure::Fatal(CliError::usage(why)))?;
    let packages = tempfile::tempdir().map_err(|e| fatal("failed to make a folder for packages", e))?;
    let mut names = Vec::new();
    for file in files {
        let name = file.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let to = packages.path().join(&name);
        std::fs::copy(&file.path, to).map_err(|e| fatal("failed to copy a package", e))?;
        names.push(name);
    }
    let mut command: Vec<&str> = match format {
        PackageFormat::Deb => vec!["dpkg", "--force-downgrade,confold,confdef", "--install"],
        PackageFormat::Rpm => vec!["rpm", "--upgrade", "--oldpackage", "--replacepkgs"],
    };
    command.extend(names.iter().map(String::as_str));
    root::install(&made.path(), packages.path(), &command, INSTALL_S).map_err(Failure::Install)?;
    Ok(made)
}
