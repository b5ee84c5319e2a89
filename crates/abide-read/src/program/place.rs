//! Where the files of a delivery are installed.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice, ByteVec};

use crate::debuginfo::normalize;

/// Directories at the top of an installed system: an archive that has nothing else is one.
const TOP: [&[u8]; 12] =
    [b"usr", b"opt", b"etc", b"bin", b"sbin", b"lib", b"lib64", b"var", b"srv", b"home", b"root", b"run"];

/// A prefix for the paths of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Absolute, without a slash at the end; empty for the root.
    prefix: BString,
}

impl Place {
    /// The container has absolute paths.
    pub(super) fn installed() -> Self {
        Place { prefix: BString::default() }
    }

    /// A lone file lies in its directory.
    pub(super) fn of_file(path: &Path, roots: &[PathBuf]) -> Self {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Place { prefix: below(real.parent().unwrap_or(Path::new("/")), roots) }
    }

    /// A folder with nothing but the directories of a system is its root; any other lies where it is.
    pub(super) fn of_directory(path: &Path, roots: &[PathBuf], names: &[&[u8]]) -> Self {
        if is_system(names) {
            return Self::installed();
        }
        Place { prefix: below(&std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), roots) }
    }

    /// An archive without a word on its place goes below `/opt`, under its own name.
    pub(super) fn of_archive(path: &Path, names: &[&[u8]]) -> Self {
        if is_system(names) {
            return Self::installed();
        }
        let name = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
        let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
        Place { prefix: [b"/opt/", stem].concat().into() }
    }

    /// The absolute path of a file of the container.
    pub(super) fn path(&self, name: &BStr) -> BString {
        let name = name.strip_prefix(b"/").unwrap_or(name);
        normalize([&self.prefix[..], b"/", name].concat().as_bstr())
    }
}

fn is_system(names: &[&[u8]]) -> bool {
    let top = |name: &&[u8]| {
        let name = name.strip_prefix(b"./").or(name.strip_prefix(b"/")).unwrap_or(name);
        name.split(|&b| b == b'/').next().unwrap_or_default().to_vec()
    };
    !names.is_empty() && names.iter().all(|name| TOP.contains(&top(name).as_slice()))
}

/// A path of this machine, as it is seen in a root directory that it lies in.
fn below(path: &Path, roots: &[PathBuf]) -> BString {
    let inside = roots.iter().find_map(|root| path.strip_prefix(std::fs::canonicalize(root).ok()?).ok());
    let path = inside.map_or_else(|| path.to_owned(), |rest| Path::new("/").join(rest));
    let mut bytes: BString = Vec::from_path_buf(path).unwrap_or_default().into();
    while bytes.ends_with(b"/") {
        bytes.pop();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_have_a_place() {
        let place = |name: &str, files: &[&str]| {
            let files: Vec<&[u8]> = files.iter().map(|f| f.as_bytes()).collect();
            Place::of_archive(Path::new(name), &files).path("x".into()).to_string()
        };
        assert_eq!(place("tree.tar", &["./usr/bin/a", "etc/b"]), "/x");
        assert_eq!(place("numpy-1.0-cp39.whl", &["numpy/a.so"]), "/opt/numpy-1/x");
        assert_eq!(place("a.zip", &[]), "/opt/a/x");
    }
}
