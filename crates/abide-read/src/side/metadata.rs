//! What the repositories of a side list, without reading a package: metadata of dnf and apt, or else the headers of
//! package files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_model::{Gap, Metadata, PackageFormat, Progress, Stage};

use super::OpenError;
use super::named::{Named, label_of};
use super::opener::{file_name, packages_and_files};
use super::package::{Container, PackageError, PackageFile};
use super::packages::{in_parallel, on_disk};
use super::walk::walk;
use crate::deb::Deb;
use crate::input::{ContentKind, HEAD_BYTES};
use crate::repo::metadata::is_other;
use crate::repo::{Location, Repo};
use crate::rpm::listed_of_header;
use crate::snapshot;
use crate::source::{FileBytes, file_head};

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Whether all paths are listed, for what states them.
    pub with_files: bool,
    /// Architectures whose packages are listed, besides those for all; none stands for any.
    pub architectures: Vec<String>,
}

/// Reads what the inputs list: repositories in folders or at URLs, folders with packages, packages.
pub fn read_metadata(
    inputs: &[Named],
    options: &ListOptions,
    progress: &dyn Progress,
) -> Result<Metadata, OpenError> {
    let mut all = Metadata::new(&label_of(inputs), PackageFormat::Rpm);
    for named in inputs {
        progress.begin(Stage::Fetch, None);
        let read = one(named, options, progress);
        progress.end(Stage::Fetch);
        all.append(read?);
    }
    all.gaps.sort();
    Ok(all)
}

fn one(named: &Named, options: &ListOptions, progress: &dyn Progress) -> Result<Metadata, OpenError> {
    let label = named.label.as_str();
    let refused = |source| OpenError::Repository { path: label.to_owned(), source };
    if let Some(location) = named.remote() {
        return repository(named, location.map_err(refused)?, options);
    }
    let path = named.path();
    let io_error = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => OpenError::NotFound { path: label.to_owned() },
        _ => OpenError::Io { path: label.to_owned(), source },
    };
    let about = std::fs::metadata(&path).map_err(io_error)?;
    if about.is_dir() {
        return match Repo::is_at(&path) {
            true => repository(named, Location::Folder(path), options),
            false => folder(label, path, progress),
        };
    }
    let kind = ContentKind::detect(&file_head(&path, HEAD_BYTES).map_err(io_error)?);
    let container = match kind {
        ContentKind::Rpm => Container::Rpm,
        ContentKind::Deb => Container::Deb,
        ContentKind::Snapshot => return of_snapshot(label, &path),
        kind => {
            let found = format!("{}, which lists no packages", kind.describe());
            return Err(OpenError::Unsupported { path: label.to_owned(), found });
        }
    };
    let file = on_disk(container, path.clone(), file_name(&path), about.len());
    header(&file).map_err(|source| OpenError::Package { path: label.to_owned(), source })
}

/// What the repositories listed that a snapshot was made of.
fn of_snapshot(label: &str, path: &Path) -> Result<Metadata, OpenError> {
    let path_text = label.to_owned();
    let bytes = match FileBytes::open(path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(OpenError::Io { path: path_text, source }),
    };
    let side = match snapshot::read(&bytes) {
        Ok(side) => side,
        Err(source) => return Err(OpenError::Snapshot { path: path_text, source }),
    };
    let reason = "the snapshot was made of something else than repositories".to_owned();
    side.metadata.ok_or(OpenError::Nothing { path: path_text, reason })
}

fn repository(named: &Named, location: Location, options: &ListOptions) -> Result<Metadata, OpenError> {
    let label = named.label.as_str();
    let repo = named.keys().and_then(|keys| Repo::open(location, &keys));
    let mut repo = repo.map_err(|source| OpenError::Repository { path: label.to_owned(), source })?;
    repo.keep_architectures(&options.architectures);
    Ok(repo.take_listed(label, options.with_files))
}

/// The headers of all packages below a folder.
fn folder(label: &str, path: PathBuf, progress: &dyn Progress) -> Result<Metadata, OpenError> {
    let (packages, _) = packages_and_files(walk(&path).files);
    if packages.is_empty() {
        let reason = "there is neither repository metadata nor a package in it".to_owned();
        return Err(OpenError::Nothing { path: label.to_owned(), reason });
    }
    progress.begin(Stage::ReadPackages, Some(packages.len() as u64));
    let read = in_parallel(
        packages,
        |_| 0,
        |file: Arc<PackageFile>| {
            let read = header(&file);
            progress.advance(Stage::ReadPackages, 1, &file.label);
            read.map_err(|error| error.gap(&file))
        },
    );
    progress.end(Stage::ReadPackages);
    Ok(joined(label, read))
}

/// One list of what was read package by package.
fn joined(label: &str, read: Vec<Result<Metadata, Gap>>) -> Metadata {
    let mut all = Metadata::new(label, PackageFormat::Rpm);
    for one in read {
        match one {
            Ok(one) => all.append(one),
            Err(gap) => all.gaps.push(gap),
        }
    }
    all.repositories = vec![label.to_owned()];
    all.packages.iter_mut().for_each(|package| package.repository = 0);
    all
}

/// What one package file says of itself.
fn header(file: &PackageFile) -> Result<Metadata, PackageError> {
    let mut input = file.source.open().map_err(PackageError::Io)?;
    let mut listed = match file.container {
        Container::Deb => Deb::read_listed(&mut input)?,
        Container::Rpm | Container::Tar => listed_of_header(&mut input)?,
    };
    listed.repositories.push(file.label.clone());
    listed.packages.retain(|package| !is_other(&package.nevra));
    for package in &mut listed.packages {
        file.label.clone_into(&mut package.location);
    }
    if listed.packages.is_empty() {
        (listed.other_packages, listed.files) = (1, None);
    }
    Ok(listed)
}
