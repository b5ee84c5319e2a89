//! A root directory as the dynamic loader sees it: paths that stay inside, `ld.so.cache`, `ld.so.conf`, the loader's own
//! directories.
//!
//! Symbolic links are followed as after `chroot`: an absolute target starts at the root, `..` never leaves it. Files
//! are opened one by one as somebody asks; nothing is listed but the directories that `ld.so.conf` names.

mod cache;
mod conf;
mod loader;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

pub use cache::{CacheEntry, LibraryCache};
pub use conf::{Configured, read_configuration};
pub use loader::{LoaderText, loader_text};

/// Symbolic links that are followed for one path (Linux: 40).
const HOPS_MAX: usize = 40;

/// A directory that stands for `/`.
#[derive(Clone, Debug)]
pub struct Root {
    path: PathBuf,
}

impl Root {
    /// The root at `path`; whether it is a directory is seen when it is asked.
    pub fn new(path: &Path) -> Self {
        Root { path: path.to_owned() }
    }

    /// Where it lies on this machine.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a directory looks like the root of a system rather than like a folder of files.
    pub fn is_at(path: &Path) -> bool {
        let has = |name: &str| path.join(name).symlink_metadata().is_ok();
        has("etc") && (has("usr") || has("lib64") || has("lib"))
    }

    /// The file at an absolute path, links followed: its path inside the root without any link. `None` when there is
    /// nothing.
    pub fn resolve(&self, path: &BStr) -> Option<BString> {
        let mut done: Vec<BString> = Vec::new();
        let mut ahead: Vec<BString> = split(path).rev().collect();
        let mut hops = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            let real = self.real(&done);
            let metadata = fs::symlink_metadata(&real).ok()?;
            if metadata.is_symlink() {
                hops += 1;
                if hops > HOPS_MAX {
                    return None;
                }
                let target = fs::read_link(&real).ok()?;
                let target = target.as_os_str().as_bytes().as_bstr();
                done.pop();
                if target.starts_with(b"/") {
                    done.clear();
                }
                ahead.extend(split(target).rev());
            }
        }
        Some([b"/", bstr::join("/", &done).as_slice()].concat().into())
    }

    /// Where a path without links lies on this machine.
    pub fn on_disk(&self, resolved: &BStr) -> PathBuf {
        self.real(&split(resolved).collect::<Vec<_>>())
    }

    /// The file or directory at an absolute path, for reading; links are followed inside the root.
    pub fn find(&self, path: &BStr) -> Option<PathBuf> {
        Some(self.on_disk(self.resolve(path)?.as_bstr()))
    }

    fn real(&self, parts: &[BString]) -> PathBuf {
        let mut real = self.path.clone();
        real.extend(parts.iter().map(|part| Path::new(std::ffi::OsStr::from_bytes(part))));
        real
    }
}

fn split(path: &BStr) -> impl DoubleEndedIterator<Item = BString> + '_ {
    path.split(|&b| b == b'/').filter(|part| !part.is_empty() && *part != b".").map(BString::from)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(dir.path());
        fs::create_dir_all(dir.path().join("usr/lib")).unwrap();
        fs::write(dir.path().join("usr/lib/real.so"), "x").unwrap();
        symlink("/usr/lib", dir.path().join("lib")).unwrap();
        symlink("../../../../../usr/lib/real.so", dir.path().join("usr/lib/up.so")).unwrap();
        symlink("loop", dir.path().join("loop")).unwrap();
        let resolve = |path: &str| root.resolve(path.into()).map(|found| found.to_string());
        assert_eq!(resolve("/lib/real.so").as_deref(), Some("/usr/lib/real.so"));
        assert_eq!(resolve("/lib/up.so").as_deref(), Some("/usr/lib/real.so"));
        assert_eq!(resolve("/lib/../../lib/./real.so").as_deref(), Some("/usr/lib/real.so"));
        assert_eq!(resolve("/loop"), None);
        assert_eq!(resolve("/absent"), None);
        assert_eq!(resolve("/").as_deref(), Some("/"));
    }
}
