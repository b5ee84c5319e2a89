//! What is compared file by file: a package, or files in no package that are laid out like an installed system.

use abide_model::{FileEntry, PackageFacts, PackageFormat, Script};

/// The files of a package or tree, and what goes with them.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    /// Name of the package; empty for a tree.
    pub(crate) name: &'a str,
    /// How the package is built; a tree has what a package of Debian has: a mode of 0 is one that is not stated.
    pub(crate) format: PackageFormat,
    /// Sorted by path.
    pub(crate) files: &'a [FileEntry],
    /// Scripts; none of a tree.
    pub(crate) scripts: &'a [Script],
    /// Who distributes it.
    pub(crate) vendor: Option<&'a str>,
    /// Version and release.
    versions: [&'a str; 2],
    /// File name of the source package.
    source: Option<&'a str>,
}

impl<'a> Contents<'a> {
    /// The contents of a package or tree; `None` for debug packages and files without a tree.
    pub(crate) fn of(package: &'a PackageFacts) -> Option<Self> {
        match &package.meta {
            Some(meta) if meta.is_debug() => None,
            Some(meta) => Some(Contents {
                name: &meta.nevra.name,
                format: meta.format,
                files: &meta.files,
                scripts: &meta.scripts,
                vendor: meta.vendor.as_deref(),
                versions: [&meta.nevra.version, &meta.nevra.release],
                source: meta.source_package.as_deref(),
            }),
            None if package.tree.is_empty() => None,
            None => Some(Contents {
                name: "",
                format: PackageFormat::Deb,
                files: &package.tree,
                scripts: &[],
                vendor: None,
                versions: ["", ""],
                source: None,
            }),
        }
    }

    /// Version and release, as far as they are told from other numbers: a single one would stand for a part of others.
    pub(crate) fn versions(self) -> impl Iterator<Item = &'a str> {
        self.versions.into_iter().filter(|text| text.len() > 2)
    }

    /// Names of the package and its source; none of a tree.
    pub(crate) fn names(self) -> Vec<&'a str> {
        let source = self.source.map(|source| match source.split_once('_') {
            Some((name, _)) => name,
            None => source.rsplitn(3, '-').nth(2).unwrap_or(source),
        });
        [Some(self.name), source].into_iter().flatten().filter(|name| !name.is_empty()).collect()
    }
}
