//! Completions and manual pages, which are made from the command line's definition.

#[allow(dead_code)]
mod common;

use common::Workplace;

#[test]
fn completions_for_every_shell_know_the_commands() {
    let work = Workplace::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = work.abide(&["completions", shell]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        for word in ["check", "snapshot", "explain", "debuginfo"] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(work.abide(&["completions", "tcsh"]).status, 2);
}

#[test]
fn manual_pages_are_printed_and_written() {
    let work = Workplace::new();
    let run = work.abide(&["man"]);
    assert_eq!(run.status, 0);
    assert!(run.stdout.contains(".TH abide 1"), "{}", run.stdout);
    std::fs::create_dir(work.path("man1")).expect("a folder");
    assert_eq!(work.abide(&["man", "man1"]).status, 0);
    let page = std::fs::read_to_string(work.path("man1/abide-check.1")).expect("a page");
    assert!(page.contains(".TH abide-check 1") && page.contains("Exit status"), "{page}");
    let missing = work.abide(&["man", "no-such-folder"]);
    assert_eq!(missing.status, 2);
    assert!(
        missing.stderr.starts_with("error: failed to write no-such-folder/abide.1"),
        "{}",
        missing.stderr
    );
}

#[test]
fn help_has_examples_and_exit_codes() {
    let work = Workplace::new();
    let run = work.abide(&["check", "--help"]);
    assert_eq!(run.status, 0);
    insta::assert_snapshot!(run.stdout);
    assert_eq!(work.abide(&[]).status, 2);
    assert_eq!(work.abide(&["chekc", "a", "b"]).status, 2);
    assert_eq!(work.abide(&["check", "a"]).status, 2);
    assert_eq!(work.abide(&["check", "a", "b", "--jobs", "0"]).status, 2);
    assert_eq!(work.abide(&["--version"]).status, 0);
}
