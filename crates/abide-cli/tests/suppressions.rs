//! `abide check --suppressions` and `--symbol-list`: marked findings, warnings, errors. libabigail's answers on its own
//! cases are compared in `abi_pairs`.

#[allow(dead_code)]
mod common;

use std::path::PathBuf;

use common::{Run, Workplace};

fn pair(work: &Workplace) -> (PathBuf, PathBuf) {
    let old =
        work.library("old/libfoo.so.1", "int gone(void) { return 1; }\nint stays(void) { return 2; }\n", &[]);
    let new = work.library("new/libfoo.so.1", "int stays(void) { return 2; }\n", &[]);
    (old, new)
}

fn check(work: &Workplace, files: &[&str]) -> Run {
    let options = files.iter().flat_map(|file| ["--suppressions", *file]);
    let arguments: Vec<&str> =
        ["check", "old/libfoo.so.1", "new/libfoo.so.1"].into_iter().chain(options).collect();
    work.abide(&arguments)
}

#[test]
fn a_suppressed_break_is_marked_and_does_not_count() {
    let work = Workplace::new();
    pair(&work);
    assert_eq!(check(&work, &[]).status, 1);
    work.write("a.abignore", "[suppress_function]\n  name = gone\n  label = private since 2.0\n");
    let run = check(&work, &["a.abignore"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("1 suppressed"), "{}", run.stdout);
    work.write("b.toml", "[[suppress]]\nsymbol = \"gone\"\nreason = \"private\"\nexpires = \"2001-01-01\"\n");
    let run = check(&work, &["b.toml"]);
    assert_eq!(run.status, 1);
    let warning = "warning: b.toml:1: expired on 2001-01-01 and suppresses nothing: symbol = \"gone\"\n";
    assert_eq!(run.stderr, warning);
}

#[test]
fn suppressions_that_the_input_ships_are_used_and_said() {
    let work = Workplace::new();
    pair(&work);
    work.write(
        "new/notes.abignore",
        "[suppress_function]\n  name = gone\n\n[suppress_type]\n  name = other\n",
    );
    let run = work.abide(&["check", "old", "new"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert_eq!(run.stderr, "note: suppressions that the input ships are used: new: notes.abignore\n");
    let run = work.abide(&["check", "old", "new", "--no-shipped-suppressions"]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    // A snapshot keeps them; one that cannot be read is no reason to stop.
    work.abide(&["snapshot", "new", "-o", "new.abide"]);
    assert_eq!(work.abide(&["check", "old", "new.abide"]).status, 0);
    work.write("new/notes.abignore", "[suppress_function\n");
    let run = work.abide(&["check", "old", "new"]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.starts_with("warning: shipped suppressions are not used: "), "{}", run.stderr);
}

#[test]
fn what_matched_nothing_and_what_is_unknown_is_said() {
    let work = Workplace::new();
    pair(&work);
    work.write("a.abignore", "[suppress_function]\nname = other\ncolour = red\n");
    let run = check(&work, &["a.abignore"]);
    assert_eq!(run.status, 1);
    let expected = "warning: a.abignore:3: the property \"colour\" is unknown in [suppress_function] and was ignored\n\
                    warning: a.abignore:1: matched nothing: [suppress_function] name = other, colour = red\n";
    assert_eq!(run.stderr, expected);
    let arguments =
        ["check", "old/libfoo.so.1", "new/libfoo.so.1", "--suppressions=a.abignore", "--format=json"];
    let document: serde_json::Value = serde_json::from_str(&work.abide(&arguments).stdout).expect("JSON");
    let said = &document["suppressions"][0];
    assert_eq!((said["file"].as_str(), said["line"].as_u64()), (Some("a.abignore"), Some(1)));
    assert_eq!(document["suppressions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_removed_library_can_be_suppressed() {
    let work = Workplace::new();
    pair(&work);
    std::fs::remove_file(work.path("new/libfoo.so.1")).expect("it is there");
    work.library("new/libbar.so.1", "int stays(void) { return 2; }\n", &[]);
    work.library("old/libbar.so.1", "int stays(void) { return 2; }\n", &[]);
    assert_eq!(work.abide(&["check", "old", "new"]).status, 1);
    work.write(
        "a.toml",
        "[[suppress]]\nrule = \"artifact-removed\"\nartifact = \"libfoo*\"\nreason = \"moved\"\n",
    );
    work.write("a.abignore", "[suppress_file]\nsoname_regexp = ^libfoo\n");
    for file in ["a.toml", "a.abignore"] {
        let run = work.abide(&["check", "old", "new", "--suppressions", file]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{file}: {}", run.stdout);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_an_error() {
    let work = Workplace::new();
    pair(&work);
    work.write("a.abignore", "a report, and no suppressions\n");
    for file in ["a.abignore", "missing.abignore"] {
        let run = check(&work, &[file]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.starts_with("error: failed to read suppressions"), "{}", run.stderr);
    }
    assert!(check(&work, &["a.abignore"]).stderr.contains("\nhint: begin with a section"));
}

#[test]
fn a_list_of_symbols_is_the_interface() {
    let work = Workplace::new();
    pair(&work);
    let run = |file: &str| work.abide(&["check", "old/libfoo.so.1", "new/libfoo.so.1", "-w", file]);
    work.write("stays.txt", "# ours\nstays\n");
    assert_eq!(run("stays.txt").status, 0);
    work.write("gone.txt", "[rhel9_x86_64_stablelist]\n  gone\n");
    assert_eq!(run("gone.txt").status, 1);
    work.write("Module.kabi_x86_64", "0x75d19f57\tstays\tvmlinux\tEXPORT_SYMBOL\n");
    assert_eq!(run("Module.kabi_x86_64").status, 0);
    for text in ["gone = 1\n", "", "[suppress_function]\nname = gone\n"] {
        work.write("wrong.txt", text);
        let run = run("wrong.txt");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{text}");
        assert!(
            run.stderr.starts_with("error: failed to read the list of symbols: wrong.txt:1: "),
            "{}",
            run.stderr
        );
    }
}
