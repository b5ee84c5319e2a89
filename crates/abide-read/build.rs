//! States a version of the readers: a hash over their sources, so that no cached fact outlives the code that read it.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    for folder in ["src", "../abide-model/src"] {
        let folder = here.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        list(&folder, &mut files);
    }
    // Which versions of the decoders are linked in.
    let lock = here.join("../../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    files.push(lock);
    files.sort();
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    for file in files {
        hash.add(&fs::read(&file).unwrap_or_default());
        hash.add(&[0]);
    }
    println!("cargo::rustc-env=ABIDE_READER_VERSION={:016x}", hash.0);
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(path),
        }
    }
}

/// FNV-1a: tells sources apart that nobody made collide on purpose.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
