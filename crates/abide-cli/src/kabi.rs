//! `--kabi`: lists of what a kernel promises, and of changes that are tolerated.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use abide_distro::kernel::{Lists, Options};
use abide_model::KernelFile;
use abide_read::kernel::{TextKind, read_text};
use bstr::ByteSlice;

use crate::error::CliError;

/// Reads all files, in order.
pub(crate) fn read(files: &[PathBuf]) -> Result<Options, CliError> {
    let files = files.iter().map(|path| file(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(Options { lists: Lists { files } })
}

/// A list by its name or its first lines; anything else is taken for severities.
fn file(path: &Path) -> Result<KernelFile, CliError> {
    let name = path.display();
    let bytes = std::fs::read(path)
        .map_err(|e| CliError::input(&format!("failed to read the list of kernel symbols {name}"), &e))?;
    let at = path.as_os_str().as_bytes().as_bstr();
    let kind = match TextKind::of_text(at, &bytes) {
        Some(TextKind::Symvers | TextKind::List) => TextKind::List,
        Some(TextKind::Severities) | None => TextKind::Severities,
    };
    read_text(kind, at, &bytes).map_err(|e| {
        CliError::input(&format!("failed to read the list of kernel symbols {name}"), &e)
            .hint("give a stablelist, a Module.kabi_ARCH, a KMI list or a severities file")
    })
}
