//! Inputs that cannot be read: an error with a hint and no verdict, or a gap; never a panic, never 0.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};

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
