//! Which public headers speak for which package.
//!
//! A side's headers tell private types from public ones only for the packages of the same source: that a repository
//! has some `-devel` package says nothing about a library whose own is absent. Headers that no package owns were
//! given by the user, or lie in the same directory as loose files, and speak for everything.

use abide_model::{FileEntry, PackageFacts, Side};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

/// Headers by the source that they belong to.
#[derive(Default)]
pub(crate) struct Headers {
    /// With those that nobody owns.
    by_source: FxHashMap<String, Vec<BString>>,
    unowned: Vec<BString>,
}

impl Headers {
    /// Sorts the public headers of `side` by their packages' sources.
    pub(crate) fn new(side: &Side) -> Self {
        let all: FxHashSet<&BStr> = side.public_headers.iter().flatten().map(|path| path.as_bstr()).collect();
        let mut owned: FxHashSet<&BStr> = FxHashSet::default();
        let mut headers = Headers::default();
        for package in &side.packages {
            let Some(source) = source_of(package) else { continue };
            let files = package.meta.iter().flat_map(|meta| &meta.files);
            for FileEntry { path, .. } in files.filter(|file| all.contains(file.path.as_bstr())) {
                owned.insert(path.as_bstr());
                headers.by_source.entry(source.to_owned()).or_default().push(path.clone());
            }
        }
        let paths = side.public_headers.iter().flatten();
        headers.unowned = paths.filter(|path| !owned.contains(path.as_bstr())).cloned().collect();
        for list in headers.by_source.values_mut() {
            list.extend(headers.unowned.iter().cloned());
            list.sort();
            list.dedup();
        }
        headers
    }

    /// The headers that speak for `package`; `None` when there is none, so that every header counts as public.
    pub(crate) fn of(&self, package: &PackageFacts) -> Option<&[BString]> {
        let own = source_of(package).and_then(|source| self.by_source.get(source));
        own.or(Some(&self.unowned)).map(Vec::as_slice).filter(|list| !list.is_empty())
    }
}

/// What packages of one build have in common: the source package, or else the name.
fn source_of(package: &PackageFacts) -> Option<&str> {
    let meta = package.meta.as_ref()?;
    Some(meta.source_package.as_deref().unwrap_or(&meta.nevra.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::{FileKind, Nevra, PackageFormat, PackageMeta};

    fn package(name: &str, source: &str, files: &[&str]) -> PackageFacts {
        let nevra = Nevra {
            name: name.into(),
            epoch: 0,
            version: "1".into(),
            release: "1".into(),
            arch: "x86_64".into(),
        };
        let entry = |path: &&str| FileEntry::new(*path, FileKind::Regular);
        let meta = PackageMeta {
            format: PackageFormat::Rpm,
            nevra,
            source_package: Some(source.into()),
            provides: Vec::new(),
            requires: Vec::new(),
            files: files.iter().map(entry).collect(),
            scripts: Vec::new(),
            vendor: None,
        };
        PackageFacts {
            meta: Some(meta),
            tree: Vec::new(),
            source: name.into(),
            digest: None,
            artifacts: Vec::new(),
            suppressions: Vec::new(),
            kernel_files: Vec::new(),
            gaps: Vec::new(),
        }
    }

    fn side(packages: Vec<PackageFacts>, headers: &[&str]) -> Side {
        let public_headers = Some(headers.iter().map(|&h| h.into()).collect());
        Side {
            label: "x".into(),
            input_kind: "directory".into(),
            packages,
            public_headers,
            gaps: Vec::new(),
            metadata: None,
        }
    }

    #[test]
    fn headers_of_one_source_do_not_speak_for_another() {
        let side = side(
            vec![
                package("libone", "one.src.rpm", &[]),
                package("libone-devel", "one.src.rpm", &["/usr/include/one.h"]),
                package("libtwo", "two.src.rpm", &[]),
            ],
            &["/usr/include/one.h"],
        );
        let headers = Headers::new(&side);
        assert_eq!(headers.of(&side.packages[0]), Some(&["/usr/include/one.h".into()][..]));
        assert_eq!(headers.of(&side.packages[2]), None);
    }

    #[test]
    fn headers_that_no_package_owns_speak_for_all() {
        let side = side(vec![package("libtwo", "two.src.rpm", &[])], &["/given/two.h"]);
        let headers = Headers::new(&side);
        assert_eq!(headers.of(&side.packages[0]), Some(&["/given/two.h".into()][..]));
    }
}
