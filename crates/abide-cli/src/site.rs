//! A report that is a folder: built beside its place, then put there whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use abide_report::Document;
use abide_report::html::site::MARKER;

use crate::error::CliError;

/// Refuses a folder that holds something else than an earlier site.
pub(crate) fn refuse(folder: &Path) -> Result<(), CliError> {
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none() || folder.join(MARKER).is_file(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    let error = CliError::usage(format!("{} is no site of an earlier run", folder.display()));
    Err(error.hint("name a new or an empty folder: an existing one is replaced as a whole"))
}

/// Writes the site; an earlier one is replaced when the new one is complete.
pub(crate) fn write(document: &Document, folder: &Path) -> Result<(), CliError> {
    build(document, folder).map_err(|e| CliError::write(folder, e))
}

fn build(document: &Document, folder: &Path) -> io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let folder = &fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let work = tempfile::Builder::new().prefix(".abide-").tempdir_in(parent)?;
    let new = work.path().join("new");
    let mut made: Option<PathBuf> = None;
    abide_report::html::site::write(document, &mut |path, bytes| {
        let path = new.join(path);
        // Pages come folder by folder.
        if let Some(folder) = path.parent().filter(|folder| made.as_deref() != Some(*folder)) {
            fs::create_dir_all(folder)?;
            made = Some(folder.to_owned());
        }
        fs::write(path, bytes)
    })?;
    let old = work.path().join("old");
    let had_old = match fs::rename(folder, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if let Err(error) = fs::rename(&new, folder) {
        if had_old {
            fs::rename(&old, folder)?;
        }
        return Err(error);
    }
    work.close()
}
