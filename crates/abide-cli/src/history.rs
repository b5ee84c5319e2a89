//! The history of a package's git repository, as the ledger reads it: one walk over each branch.

use std::collections::BTreeMap;
use std::path::Path;

use abide_read::git::{Commit, GitError, Listing, Repository};
use abide_source::files::{Files, ReadError};
use abide_source::glob;
use abide_source::ledger::{self, Entry, Snapshot, Walk};
use abide_source::modify::date::Date;
use abide_source::package::{Package, PackageError, Patches};

use crate::error::CliError;

/// What the history of a repository tells.
#[derive(Default)]
pub(crate) struct History {
    /// Divergences of single branches.
    pub(crate) entries: Vec<Entry>,
    /// Branches that could not be read: branch and reason.
    pub(crate) gaps: BTreeMap<String, String>,
}

/// Reads the branches of a repository whose names fit one of the patterns, all without any.
pub(crate) fn read(path: &Path, patterns: &[String], el_version: Option<&str>) -> Result<History, CliError> {
    let shown = path.display().to_string();
    let failed = |e: GitError| CliError::input(&shown, &e);
    let repository = Repository::open(path).map_err(failed)?;
    let fits = |name: &str| patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, name));
    let branches = repository.branches().map_err(failed)?.into_iter().filter(|branch| fits(&branch.name));
    let mut history = History::default();
    let mut any = false;
    for branch in branches {
        any = true;
        match of_branch(&repository, &branch.name, &branch.commit, el_version) {
            Ok(entries) => history.entries.extend(entries),
            Err(reason) => {
                history.gaps.insert(format!("{shown} {}", branch.name), reason);
            }
        }
    }
    if !any {
        let reason = match patterns {
            [] => "it has no branches".to_owned(),
            patterns => format!("no branch fits {}", patterns.join(" or ")),
        };
        history.gaps.insert(shown, reason);
    }
    Ok(history)
}

/// Since when the divergences of a work tree last, by their files; empty when the folder is in no repository.
pub(crate) fn since(path: &Path, el_version: Option<&str>) -> Result<BTreeMap<String, Entry>, CliError> {
    let failed = |e: GitError| CliError::input(&path.display().to_string(), &e);
    let repository = match Repository::open(path) {
        Ok(repository) => repository,
        Err(GitError::NoRepository { .. }) => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed(error)),
    };
    let tip = repository.find(&abide_read::git::Wanted::Head).map_err(failed)?;
    let entries = of_branch(&repository, "HEAD", &tip.commit.id, el_version);
    let entries = entries.map_err(|reason| CliError::usage(format!("{}: {reason}", path.display())))?;
    let lasting = entries.into_iter().filter(|entry| entry.end.is_none());
    Ok(lasting.map(|entry| (entry.file.clone(), entry)).collect())
}

/// A branch's name has slashes, which a pattern's star passes over too.
fn fits(pattern: &str, name: &str) -> bool {
    let flat = |text: &str| text.replace('/', "\u{1}");
    glob::matches(&flat(pattern), &flat(name))
}

fn of_branch(
    repository: &Repository,
    branch: &str,
    tip: &str,
    el_version: Option<&str>,
) -> Result<Vec<Entry>, String> {
    let line = ledger::line_of(branch);
    let el_version = el_version.map(str::to_owned).or_else(|| (!line.is_empty()).then(|| line.clone()));
    let mut walk = Walk::new(&line);
    let mut known = Patches::default();
    let mut tree = String::new();
    let mut last = Ok(());
    for commit in repository.first_parents(tip).map_err(|e| e.to_string())?.into_iter().rev() {
        if commit.tree == tree {
            continue;
        }
        tree.clone_from(&commit.tree);
        let listing = repository.listing(&commit.id).map_err(|e| e.to_string())?;
        let files = Tree { repository, listing };
        match Package::read_again(&files, el_version.as_deref(), &mut known) {
            Ok(package) => {
                let commit = Some(mirrored(&commit));
                walk.step(&Snapshot { branch: branch.to_owned(), package: &package, commit });
                last = Ok(());
            }
            // Before the package came and after it went there is no spec.
            Err(error @ PackageError::Specs(_)) => last = Err(error.to_string()),
            Err(error) => return Err(format!("{}: {error}", commit.id)),
        }
    }
    last.map(|()| walk.finish())
}

fn mirrored(commit: &Commit) -> ledger::Commit {
    ledger::Commit {
        id: commit.id.clone(),
        date: Date::from_unix_seconds(u64::try_from(commit.seconds).unwrap_or_default()),
        subject: commit.subject.clone(),
    }
}

/// The files of a commit, read when they are asked for.
struct Tree<'a> {
    repository: &'a Repository,
    listing: Listing,
}

impl Files for Tree<'_> {
    fn paths(&self) -> Vec<String> {
        self.listing.files.keys().cloned().collect()
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(entry) = self.listing.files.get(path) else { return Ok(None) };
        let content = self.repository.content(&entry.id);
        content.map(Some).map_err(|e| ReadError { path: path.to_owned(), reason: e.to_string() })
    }
}
