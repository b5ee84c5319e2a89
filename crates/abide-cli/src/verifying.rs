//! The commits that patches claim to be, looked up in clones on disk.

use std::path::{Path, PathBuf};

use abide_read::git::{self, GitError, Repository};
use abide_source::package::Package;
use abide_source::verify::{self, Commit, CommitFile, Verification};

use crate::error::CliError;

/// A patch that names more commits than this is held against the first of them.
const MOST_COMMITS: usize = 40;

/// Clones that were opened, and where clones of packages may be.
pub(crate) struct Clones {
    of_all: Vec<(PathBuf, Repository)>,
    folders: Vec<PathBuf>,
}

impl Clones {
    /// Opens what the command line names: a clone, or a folder of clones.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Clones, CliError> {
        let mut clones = Clones { of_all: Vec::new(), folders: Vec::new() };
        for path in paths {
            if git::is_repository(path) {
                clones.of_all.push((path.clone(), opened(path)?));
            } else if path.is_dir() {
                clones.folders.push(path.clone());
            } else {
                return Err(CliError::usage(format!(
                    "{} is neither a git repository nor a folder of them",
                    path.display()
                )));
            }
        }
        Ok(clones)
    }

    /// Holds each patch of a package against what it claims, in their order.
    pub(crate) fn verify(&self, package: &Package) -> Result<Vec<Verification>, CliError> {
        let own = self.of_package(&package.name)?;
        let repositories: Vec<&(PathBuf, Repository)> = own.iter().chain(&self.of_all).collect();
        let mut verifications = Vec::new();
        for listed in &package.patches {
            let claims = verify::claims(listed);
            let mut commits = Vec::new();
            for claim in claims.iter().take(MOST_COMMITS) {
                if let Some(commit) = find(&repositories, &claim.hash)? {
                    commits.push(commit);
                }
            }
            verifications.push(verify::verify(&listed.patch, &claims, &commits));
        }
        Ok(verifications)
    }

    /// Clones named after a package in the folders of clones.
    fn of_package(&self, name: &str) -> Result<Vec<(PathBuf, Repository)>, CliError> {
        let named = |folder: &PathBuf| [folder.join(name), folder.join(format!("{name}.git"))];
        let paths = self.folders.iter().flat_map(named).filter(|path| git::is_repository(path));
        // A name from a spec leads nowhere else.
        let is_plain = abide_source::import::is_plain(name) && !name.contains('/');
        paths.filter(|_| is_plain).map(|path| Ok((path.clone(), opened(&path)?))).collect()
    }
}

fn opened(path: &Path) -> Result<Repository, CliError> {
    Repository::open(path).map_err(|e| CliError::input(&path.display().to_string(), &e))
}

fn find(repositories: &[&(PathBuf, Repository)], claim: &str) -> Result<Option<Commit>, CliError> {
    for (path, repository) in repositories {
        let failed = |e: GitError| CliError::input(&format!("{}: commit {claim}", path.display()), &e);
        let Some(id) = repository.lookup(claim) else { continue };
        let changed = repository.changed(&id).map_err(failed)?;
        let files = changed
            .into_iter()
            .map(|file| CommitFile { path: file.path, before: file.before, after: file.after })
            .collect();
        return Ok(Some(Commit { id, files }));
    }
    Ok(None)
}
