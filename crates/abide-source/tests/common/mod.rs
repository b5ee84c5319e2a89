//! Real data beside the project, as trees in memory; without it nothing is tested and that is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files by their paths below a folder.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// A folder of the data, when it is there.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Adds the files below `folder` that `keeps` lets through, by names that begin with `prefix`.
pub(crate) fn load(folder: &Path, prefix: &str, keeps: fn(&str) -> bool, tree: &mut Tree) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            load(&path, &format!("{name}/"), keeps, tree);
        } else if keeps(&name) {
            tree.insert(name, fs::read(&path).unwrap());
        }
    }
}
