//! `--kabi`: lists of what a kernel promises, of changes that are tolerated, and rules about checksums.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use abide_distro::kernel::{Lists, Options};
use abide_model::KernelFile;
use abide_read::kernel::{TextKind, read_rules, read_text};
use bstr::ByteSlice;

use crate::error::CliError;

/// Reads all files, in order.
pub(crate) fn read(files: &[PathBuf]) -> Result<Options, CliError> {
    let mut lists = Lists::default();
    for path in files {
        add(path, &mut lists)?;
    }
    Ok(Options { lists })
}

/// Rules of an object file, a list by its name or its first lines; anything else is taken for severities.
fn add(path: &Path, lists: &mut Lists) -> Result<(), CliError> {
    let name = path.display();
    let bytes = std::fs::read(path)
        .map_err(|e| CliError::input(&format!("failed to read the list of kernel symbols {name}"), &e))?;
    if bytes.starts_with(b"\x7fELF") {
        let rules = read_rules(&bytes)
            .map_err(|e| CliError::input(&format!("failed to read the kABI rules of {name}"), &e))?;
        lists.rules.extend(rules);
        return Ok(());
    }
    lists.files.push(list(path, &bytes)?);
    Ok(())
}

fn list(path: &Path, bytes: &[u8]) -> Result<KernelFile, CliError> {
    let name = path.display();
    let at = path.as_os_str().as_bytes().as_bstr();
    let kind = match TextKind::of_text(at, bytes) {
        Some(TextKind::Symvers | TextKind::List) => TextKind::List,
        Some(TextKind::Severities) | None => TextKind::Severities,
    };
    read_text(kind, at, bytes).map_err(|e| {
        CliError::input(&format!("failed to read the list of kernel symbols {name}"), &e)
            .hint("give a stablelist, a Module.kabi_ARCH, a KMI list, a severities file, or an object file with kABI rules")
    })
}
