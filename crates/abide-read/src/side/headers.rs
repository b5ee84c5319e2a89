//! Public headers: which declarations a consumer of the side can see.

use std::path::Path;

use abide_model::{FileKind, PackageFacts};
use bstr::{BStr, BString, ByteSlice};

use super::OpenError;
use super::package::{Container, OpenPackage};
use super::packages::on_disk;
use super::walk::{Walked, walk};
use crate::input::{ContentKind, HEAD_BYTES};
use crate::payload::Limits;
use crate::source::file_head;

/// Headers of all software packages, `None` when there is none.
pub(crate) fn of_packages(packages: &[PackageFacts], loose: &Walked) -> Option<Vec<BString>> {
    let files = packages.iter().filter_map(|p| p.meta.as_ref()).flat_map(|meta| &meta.files);
    let files =
        files.filter(|f| matches!(f.kind, FileKind::Regular | FileKind::Symlink)).map(|f| f.path.clone());
    let loose = loose.files.iter().map(|f| &f.name).chain(&loose.archived).map(|n| absolute(n.as_bstr()));
    sorted(files.chain(loose).filter(|path| is_public(path.as_bstr())).collect())
}

/// Everything below the named folders, and the headers in the named packages.
pub(crate) fn of_paths(paths: &[std::path::PathBuf]) -> Result<Option<Vec<BString>>, OpenError> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(of_path(path)?);
    }
    Ok(sorted(found))
}

fn of_path(path: &Path) -> Result<Vec<BString>, OpenError> {
    let fail = |source| OpenError::Io { path: path.display().to_string(), source };
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        return Ok(walk(path).files.iter().map(|f| absolute(f.name.as_bstr())).collect());
    }
    let kind = ContentKind::detect(&file_head(path, HEAD_BYTES).map_err(fail)?);
    if let Some(container @ (Container::Rpm | Container::Deb)) = Container::of(kind) {
        let file = on_disk(container, path.to_owned(), path.display().to_string(), metadata.len());
        let open = OpenPackage::open(&file, false);
        let meta = open.and_then(|open| open.into_listed(Limits::default(), |_| false));
        let meta = meta.map_err(|source| OpenError::Package { path: path.display().to_string(), source })?;
        let files = meta.files.into_iter().map(|f| f.path);
        return Ok(files.filter(|p| is_public(p.as_bstr())).collect());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(vec![absolute(name.as_bytes().as_bstr())])
}

fn absolute(name: &BStr) -> BString {
    if name.starts_with(b"/") { name.into() } else { [b"/", name.as_bytes()].concat().into() }
}

fn sorted(mut paths: Vec<BString>) -> Option<Vec<BString>> {
    paths.sort();
    paths.dedup();
    (!paths.is_empty()).then_some(paths)
}

/// Anything below `/usr/include`, where C++ headers have no suffix, and header files elsewhere that are no sources
/// for debuggers and no documentation.
fn is_public(path: &BStr) -> bool {
    const SUFFIXES: [&str; 6] = [".h", ".hh", ".hpp", ".hxx", ".h++", ".H"];
    const ELSEWHERE: [&str; 4] = ["/usr/src/debug/", "/usr/lib/debug/", "/usr/share/doc/", "/usr/share/gdb/"];
    let is_header = SUFFIXES.iter().any(|suffix| path.ends_with(suffix.as_bytes()));
    let is_elsewhere = ELSEWHERE.iter().any(|dir| path.starts_with(dir.as_bytes()));
    path.starts_with(b"/usr/include/") || (is_header && !is_elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_by_place_and_suffix() {
        for public in
            ["/usr/include/c++/11/vector", "/usr/include/a.h", "/opt/x/include/a.hpp", "/usr/lib64/glib/a.h"]
        {
            assert!(is_public(public.into()), "{public}");
        }
        for private in ["/usr/src/debug/x/a.h", "/usr/lib64/a.so", "/usr/share/doc/x/a.h"] {
            assert!(!is_public(private.into()), "{private}");
        }
    }
}
