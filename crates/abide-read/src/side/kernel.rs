//! The kernel whose BTF the modules of a side continue.

use std::path::Path;
use std::sync::Arc;

use abide_model::{ElfKind, Side};

use super::OpenError;
use super::package::Origin;
use super::types::Bytes;
use crate::source::FileBytes;

/// The file that the user names.
pub(crate) fn named(path: &Path) -> Result<Bytes, OpenError> {
    let fail = |source| OpenError::Io { path: path.display().to_string(), source };
    FileBytes::open(path).map(|bytes| Bytes::File(Arc::new(bytes))).map_err(fail)
}

/// The only vmlinux among the artifacts, when there are modules and it is at hand.
pub(crate) fn among(side: &Side, origins: &[Vec<Origin>]) -> Option<Bytes> {
    let artifacts = || side.packages.iter().zip(origins).flat_map(|(p, o)| p.artifacts.iter().zip(o));
    if !artifacts().any(|(artifact, _)| artifact.elf.kind == ElfKind::KernelModule) {
        return None;
    }
    let mut kernels = artifacts().filter(|(artifact, _)| artifact.elf.kind == ElfKind::Vmlinux);
    let (_, origin) = kernels.next()?;
    // Of several kernels nothing says which one a module is for.
    if kernels.next().is_some() {
        return None;
    }
    match origin {
        Origin::File { path, .. } => FileBytes::open(path).ok().map(|bytes| Bytes::File(Arc::new(bytes))),
        Origin::Package { kept, .. } => kept.clone().map(Bytes::Shared),
    }
}
