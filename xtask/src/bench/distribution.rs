//! `cargo xtask bench distribution REFERENCE CANDIDATE [CHANGED]`: a comparison of two folders of packages without a cache,
//! with an empty one, and again; then with CHANGED, a folder with the candidate's packages of which some are others; beside
//! `sha256sum` of the same files.

use std::fs;
use std::path::{Path, PathBuf};

use super::measure;
use crate::workspace::{self, Outcome};

/// GiB of address space that a run may take.
const MEMORY_GIB: u64 = 16;

/// Runs them one after the other and prints a table.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let [reference, candidate, changed @ ..] = arguments else {
        return Err("usage: bench distribution REFERENCE CANDIDATE [CHANGED]".into());
    };
    workspace::succeed(workspace::cargo().args(["build", "--release", "--locked", "--bin", "abide"]))?;
    let abide = workspace::root().join("target/release/abide").display().to_string();
    let cache = workspace::root().join("target/bench-cache");
    if cache.exists() {
        fs::remove_dir_all(&cache).map_err(|e| format!("failed to empty {}: {e}", cache.display()))?;
    }
    let with = ["--cache".to_owned(), cache.display().to_string()];
    let without = ["--no-cache".to_owned()];
    let check = |candidate: &str, options: &[String]| {
        let command = [&abide, "check", reference, candidate, "--quiet", "--format", "json"];
        command.iter().map(|word| (*word).to_owned()).chain(options.iter().cloned()).collect::<Vec<_>>()
    };
    let mut files = files(Path::new(reference))?;
    files.extend(self::files(Path::new(candidate))?);
    let sum = std::iter::once("sha256sum".to_owned()).chain(files.iter().map(|f| f.display().to_string()));
    let mut runs = vec![
        ("sha256sum", sum.collect()),
        ("without a cache", check(candidate, &without)),
        ("with an empty cache", check(candidate, &with)),
        ("again", check(candidate, &with)),
    ];
    runs.extend(changed.first().map(|changed| ("with the changed packages", check(changed, &with))));
    let bytes: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|m| m.len()).sum();
    println!("{} files, {:.1} MB\n", files.len(), bytes as f64 / 1e6);
    println!("| run | s | cpu s | peak MB | exit |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, command) in runs {
        let sample = measure::sample(&command, MEMORY_GIB)?;
        let measure::Sample { wall, cpu, peak_mb, exit } = sample;
        println!("| {name} | {wall:.3} | {cpu:.3} | {peak_mb:.0} | {exit} |");
    }
    Ok(())
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|p| p.is_file()).collect();
    files.sort();
    Ok(files)
}
