//! The cache of facts: the same report from it, nothing read twice, damage and full disks survived.

#[allow(dead_code)]
mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::Workplace;

/// The example repositories of the tree.
fn example(side: &str) -> String {
    format!("{}/../../examples/repos/{side}", env!("CARGO_MANIFEST_DIR"))
}

fn check(place: &Workplace, arguments: &[&str]) -> common::Run {
    let (old, new) = (example("reference"), example("candidate"));
    place.abide(&[&["check", &old, &new, "--verbose", "--all"], arguments].concat())
}

/// The line about the cache.
fn line(run: &common::Run) -> &str {
    run.stderr.lines().find(|line| line.starts_with("cache: ")).expect("a line about the cache")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path().is_dir() {
            true => files(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

fn entries(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.retain(|path| path.components().any(|part| part.as_os_str() == kind));
    found.sort();
    found
}

#[test]
fn the_second_run_reads_nothing_and_says_the_same() {
    let place = Workplace::new();
    let plain = check(&place, &["--no-cache"]);
    assert!(!plain.stderr.contains("cache: "), "{}", plain.stderr);
    let cache = place.path("cache");
    let with = ["--cache", cache.to_str().unwrap()];
    let first = check(&place, &with);
    let second = check(&place, &with);
    assert_eq!((plain.status, &plain.stdout), (first.status, &first.stdout));
    assert_eq!((plain.status, &plain.stdout), (second.status, &second.stdout));
    assert!(line(&first).starts_with("cache: 0 packages found, "), "{}", line(&first));
    assert!(line(&second).contains(" packages found, 0 added;"), "{}", line(&second));
    assert!(line(&second).ends_with(" found, 0 added"), "{}", line(&second));
    assert!(!line(&second).contains("found, 0 added; types of 0 artifacts"), "{}", line(&second));
    assert!(!entries(&cache, "types").is_empty());
}

#[test]
fn damaged_entries_are_told_and_made_anew() {
    let place = Workplace::new();
    let cache = place.path("cache");
    let with = ["--cache", cache.to_str().unwrap()];
    let first = check(&place, &with);
    for (number, path) in entries(&cache, "packages").iter().chain(&entries(&cache, "types")).enumerate() {
        let mut bytes = std::fs::read(path).unwrap();
        match number % 3 {
            0 => bytes.clear(),
            1 => bytes.truncate(bytes.len() / 2),
            _ => *bytes.last_mut().unwrap() ^= 1,
        }
        std::fs::write(path, bytes).unwrap();
    }
    let second = check(&place, &with);
    assert_eq!((first.status, &first.stdout), (second.status, &second.stdout));
    assert!(second.stderr.contains("damaged entries of the cache were made anew"), "{}", second.stderr);
    let third = check(&place, &with);
    assert_eq!(first.stdout, third.stdout);
    assert!(!third.stderr.contains("warning: "), "{}", third.stderr);
}

#[test]
fn a_cache_that_cannot_be_written_is_a_warning() {
    let place = Workplace::new();
    let plain = check(&place, &["--no-cache"]);
    let file = place.write("file", "not a folder");
    let run = check(&place, &["--cache", file.join("cache").to_str().unwrap()]);
    assert_eq!((plain.status, &plain.stdout), (run.status, &run.stdout));
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 1, "{}", run.stderr);
    assert!(warnings[0].contains("cannot be written"), "{}", warnings[0]);
}

#[test]
fn two_runs_at_once_share_a_cache() {
    let place = Workplace::new();
    let cache = place.path("cache");
    let (old, new) = (example("reference"), example("candidate"));
    let plain = place.abide(&["check", &old, &new, "--all", "--no-cache"]);
    let start = || {
        let arguments = ["check", &old, &new, "--all", "--quiet", "--cache", cache.to_str().unwrap()];
        place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let runs = [start(), start(), start()];
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), plain.stdout);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn a_changed_package_is_read_and_the_others_are_not() {
    let place = Workplace::new();
    let cache = place.path("cache");
    let with = ["--cache", cache.to_str().unwrap()];
    check(&place, &with);
    let known = entries(&cache, "packages");
    // One package is gone from the cache, as if it had not been there before.
    std::fs::remove_file(&known[0]).unwrap();
    let run = check(&place, &with);
    assert!(line(&run).contains(" packages found, 1 added;"), "{}", line(&run));
    assert_eq!(entries(&cache, "packages"), known);
}

#[test]
fn the_cache_is_shown_and_pruned() {
    let place = Workplace::new();
    let cache = place.path("cache");
    let with = ["--cache", cache.to_str().unwrap()];
    let show = |more: &[&str]| place.abide(&[&["cache"], &with[..], more].concat());
    assert_eq!(show(&[]).stdout, "TMP/cache: 0 entries, 0 bytes\n");
    check(&place, &with);
    let shown = show(&[]);
    assert!(shown.stdout.contains("(this version)  packages"), "{}", shown.stdout);
    assert!(show(&["--older-than", "1h"]).stdout.starts_with("removed 0 entries of 0 bytes\n"));
    assert!(!show(&["--max-size", "1K"]).stdout.starts_with("removed 0 entries"));
    check(&place, &with);
    let gone = show(&["--all"]);
    assert!(gone.stdout.ends_with("TMP/cache: 0 entries, 0 bytes\n"), "{}", gone.stdout);
    assert_eq!(show(&["--all", "--max-size", "1K"]).status, 2);
    assert_eq!(show(&["--older-than", "soon"]).status, 2);
}
