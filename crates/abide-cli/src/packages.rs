//! Folders that hold packages' sources: found, and read in parallel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use abide_source::package::{Package, PackageError};
use rayon::prelude::*;

use crate::error::CliError;
use crate::folder::Folder;

/// How deep packages may lie below a folder.
const MOST_DEPTH: usize = 6;

/// A package and its folder.
pub(crate) struct Found {
    /// The folder, as given or below what was given.
    pub(crate) path: String,
    /// The folder's files.
    pub(crate) folder: Folder,
    /// What was read.
    pub(crate) package: Package,
}

/// Packages, and folders that hold none with the reason.
#[derive(Default)]
pub(crate) struct Packages {
    pub(crate) found: Vec<Found>,
    pub(crate) gaps: BTreeMap<String, String>,
}

/// Reads all packages in and below folders.
pub(crate) fn read(folders: &[PathBuf], el_version: Option<&str>) -> Packages {
    let mut paths = Vec::new();
    let mut packages = Packages::default();
    for folder in folders {
        let before = paths.len();
        find(folder, 0, &mut paths);
        if paths.len() == before {
            packages.gaps.insert(folder.display().to_string(), "no spec file in it or below it".into());
        }
    }
    let read: Vec<(String, Result<Found, String>)> =
        paths.into_par_iter().map(|path| (path.display().to_string(), one(&path, el_version))).collect();
    for (path, result) in read {
        match result {
            Ok(found) => packages.found.push(found),
            Err(reason) => {
                packages.gaps.insert(path, reason);
            }
        }
    }
    packages
}

/// Reads the package in one folder.
pub(crate) fn read_one(path: &Path, el_version: Option<&str>) -> Result<Found, CliError> {
    one(path, el_version).map_err(|reason| CliError::usage(format!("{}: {reason}", path.display())))
}

fn one(path: &Path, el_version: Option<&str>) -> Result<Found, String> {
    let folder = Folder::open(path).map_err(|e| e.to_string())?;
    let package = Package::read(&folder, el_version).map_err(|e: PackageError| e.to_string())?;
    Ok(Found { path: path.display().to_string(), folder, package })
}

/// Folders with a spec in them or in `SPECS`; links are not followed.
fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let mut below = Vec::new();
    let mut is_package = false;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != ".git" => below.push(entry.path()),
            Ok(kind) if kind.is_file() => is_package |= name.to_string_lossy().ends_with(".spec"),
            _ => {}
        }
    }
    is_package |= below.iter().any(|path| path.ends_with("SPECS") && has_spec(path));
    if is_package {
        found.push(folder.to_owned());
    } else if depth < MOST_DEPTH {
        below.sort();
        below.iter().for_each(|path| find(path, depth + 1, found));
    }
}

fn has_spec(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(".spec"))
}
