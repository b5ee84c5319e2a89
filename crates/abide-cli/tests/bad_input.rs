//! Inputs that cannot be read: an error with a hint and no verdict, or a gap; never a panic, never 0.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos");
const SOURCE: &str = "int f(void) { return 1; }\n";

/// Runs a check that must not give a verdict, and says so to the user.
fn refused(work: &Workplace, arguments: &[&str]) -> Run {
    let run = work.abide(arguments);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
    run
}

#[test]
fn inputs_that_are_no_inputs() {
    let work = Workplace::new();
    let library = work.library("libfoo.so.1", SOURCE, &[]);
    let library = library.to_str().expect("UTF-8");
    work.write("empty", "");
    work.write("text", "hello\n");
    work.write("folder/readme", "hello\n");
    std::fs::create_dir(work.path("nothing")).expect("a folder");
    let mut report = String::new();
    for bad in ["missing.so", "missing/", "empty", "text", "folder", "nothing", "http://127.0.0.1:9/repo"] {
        for arguments in [["check", library, bad], ["check", bad, library]] {
            let run = refused(&work, &arguments);
            report.push_str(&run.stderr);
        }
    }
    insta::assert_snapshot!(report);
}

#[test]
fn damaged_elf_files() {
    let work = Workplace::new();
    let library = work.library("libfoo.so.1", SOURCE, &[]);
    let bytes = std::fs::read(&library).expect("a library");
    for cut in [4, 16, 40, 63, 64, 100, bytes.len() / 2, bytes.len() - 1] {
        work.write("cut.so", &bytes[..cut]);
        let run = work.abide(&["check", "libfoo.so.1", "cut.so"]);
        assert_ne!(run.status, 0, "cut at {cut}: {}", run.stdout);
        assert!(run.status <= 3, "cut at {cut}: {}", run.stderr);
    }
}

#[test]
fn a_damaged_file_in_a_folder_is_named() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", SOURCE, &[]);
    let library = work.library("old/libbar.so.1", SOURCE, &[]);
    work.library("new/libfoo.so.1", SOURCE, &[]);
    work.write("new/libbar.so.1", &std::fs::read(library).expect("a library")[..100]);
    let run = work.abide(&["check", "old", "new"]);
    assert_ne!(run.status, 0, "{}", run.stdout);
    assert!(run.stdout.contains("libbar.so.1") && run.stdout.contains("[broken-elf]"), "{}", run.stdout);
}

/// A copy of an example repository with or without its metadata.
fn repository(work: &Workplace, name: &str, with_metadata: bool) {
    let from = std::path::Path::new(EXAMPLES).join(name);
    let mut folders = vec![from.clone()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(folder).expect("an example").map(|entry| entry.expect("readable").path())
        {
            let inside = entry.strip_prefix(&from).expect("inside").to_str().expect("UTF-8").to_owned();
            if entry.is_dir() && with_metadata {
                folders.push(entry);
            } else if entry.is_file() {
                work.write(&format!("{name}/{inside}"), std::fs::read(entry).expect("readable"));
            }
        }
    }
}

#[test]
fn a_damaged_package_on_its_own_is_refused() {
    let work = Workplace::new();
    repository(&work, "reference", false);
    let name = "reference/libtide1-1.0-1.x86_64.rpm";
    let bytes = std::fs::read(work.path(name)).expect("a package");
    let mut flipped = bytes.clone();
    let last = flipped.len() - 100;
    flipped[last] ^= 0xff;
    for damaged in [&bytes[..50], &bytes[..3000], &bytes[..bytes.len() - 1000], &flipped] {
        work.write("damaged.rpm", damaged);
        refused(&work, &["check", name, "damaged.rpm"]);
    }
}

#[test]
fn a_package_that_the_repository_lacks_is_a_gap() {
    let work = Workplace::new();
    repository(&work, "reference", true);
    std::fs::remove_file(work.path("reference/libgauge3-1.0-1.x86_64.rpm")).expect("it is there");
    let whole = format!("{EXAMPLES}/reference");
    for sides in [["reference", &whole], [&whole, "reference"]] {
        let run = work.abide(&["check", sides[0], sides[1], "--all"]);
        assert_eq!(run.status, 3, "{}", run.stdout);
        assert!(run.stdout.contains("[missing-package]"), "{}", run.stdout);
        assert!(
            !run.stdout.contains("[package-removed]") && !run.stdout.contains("[package-added]"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_damaged_package_in_a_repository_is_a_gap() {
    let work = Workplace::new();
    repository(&work, "reference", true);
    let name = "reference/libgauge3-1.0-1.x86_64.rpm";
    let bytes = std::fs::read(work.path(name)).expect("a package");
    work.write(name, &bytes[..bytes.len() - 1000]);
    let run = work.abide(&["check", &format!("{EXAMPLES}/reference"), "reference", "--all"]);
    assert_eq!(run.status, 3, "{}", run.stdout);
    assert!(!run.stdout.contains("[package-removed]"), "{}", run.stdout);
}

#[test]
fn damaged_metadata_is_refused() {
    let work = Workplace::new();
    repository(&work, "reference", true);
    let good = std::fs::read(work.path("reference/repodata/repomd.xml")).expect("metadata");
    let wrong = String::from_utf8(good.clone())
        .expect("XML")
        .replace("<checksum type=\"sha256\">", "<checksum type=\"sha256\">00");
    for damaged in [&good[..good.len() / 2], b"", b"<?xml version=\"1.0\"?><repomd/>", wrong.as_bytes()] {
        work.write("reference/repodata/repomd.xml", damaged);
        refused(&work, &["check", "reference", &format!("{EXAMPLES}/candidate")]);
    }
}

#[test]
fn a_folder_of_packages_compares_as_the_repository() {
    let work = Workplace::new();
    repository(&work, "reference", false);
    repository(&work, "candidate", false);
    let folders = work.abide(&["check", "reference", "candidate", "--all"]);
    let repositories =
        work.abide(&["check", &format!("{EXAMPLES}/reference"), &format!("{EXAMPLES}/candidate"), "--all"]);
    // What a repository's metadata adds: whether requirements are met.
    let lines = repositories.stdout.lines().filter(|line| !line.starts_with("  requires "));
    let of_packages: String = lines.map(|line| format!("{line}\n")).collect();
    assert_eq!(folders.status, repositories.status);
    assert_eq!(folders.stdout, of_packages);
}

#[test]
fn options_that_lead_nowhere() {
    let work = Workplace::new();
    work.library("libfoo.so.1", SOURCE, &[]);
    let pair = ["check", "libfoo.so.1", "libfoo.so.1"];
    for wrong in [["--debuginfo", "missing"], ["--headers", "missing,missing"], ["--headers", "one"]] {
        let run = work.abide(&[&pair[..], &wrong].concat());
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{wrong:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}
