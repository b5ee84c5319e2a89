//! `abide check --suppressions`: marked findings, warnings, errors; and the answers of libabigail on its own cases.

#[allow(dead_code)]
mod common;

use std::path::{Path, PathBuf};

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

/// Cases in which abide answers otherwise than libabigail 3.0, and why.
const REVIEWED: [(&str, &str); 17] = [
    ("test20-suppr-removed-fn-sym-report-1", NO_RULES),
    ("test20-suppr-removed-fn-sym-report-2", NO_RULES),
    ("test20-suppr-removed-fn-sym-report-3", NO_RULES),
    ("test20-suppr-removed-fn-sym-report-4", NO_RULES),
    ("test20-suppr-removed-fn-sym-report-5", NO_RULES),
    ("test47-non-reachable-types-report-2", UNREACHABLE),
    ("test47-non-reachable-types-report-3", UNREACHABLE),
    ("test47-non-reachable-types-report-4", UNREACHABLE),
    ("test-has-data-member-inserted-at-1-report-1", UNREACHABLE),
    ("test-has-data-member-inserted-at-2-report.2", UNREACHABLE),
    ("libtest48-soname-abixml-report-1#2", XML),
    ("libtest48-soname-abixml-report-1#3", XML),
    ("libtest48-soname-abixml-report-2#1", XML),
    ("libtest48-soname-abixml-report-2#2", XML),
    ("test-diff-pkg/dirpkg-3-report-0", IN_PACKAGE),
    ("test-diff-pkg-ctf/dirpkg-3-report-0", IN_PACKAGE),
    ("test0-fn-changed-report-1", APPLICATION),
];
const NO_RULES: &str =
    "the suppression file is a report; libabigail takes it for an empty one, abide refuses it";
const UNREACHABLE: &str =
    "asked for types that no exported symbol reaches, which are no part of the interface";
const XML: &str = "one side is libabigail's XML, which is no binary";
const IN_PACKAGE: &str = "one of the suppression files lies in the compared folder, and is not looked for";
const APPLICATION: &str = "the answer is for one application, which does not use all functions";

#[test]
fn libabigails_cases_have_libabigails_answers() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/abi-pairs");
    let Ok(text) = std::fs::read_to_string(data.join("pairs.jsonl")) else {
        println!("../shared/data/abi-pairs is absent: libabigail's cases are not run");
        return;
    };
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let (Some(files), Some(new)) = (case["suppressions"].as_array(), case["new"].as_str()) else {
            continue;
        };
        let id = case["id"].as_str().expect("an id");
        cases += 1;
        let exit = case["libabigail"]["3.0-tested"]["exit"].as_i64().expect("an exit status");
        let wanted = if exit & 8 != 0 {
            "incompatible"
        } else if exit & 4 != 0 {
            "changed"
        } else {
            "unchanged"
        };
        let got = answer(&data, case["old"].as_str().expect("a path"), new, files);
        let reviewed = REVIEWED.iter().any(|(name, _)| id.ends_with(name));
        if reviewed == (got == wanted) {
            let note = if reviewed { " (no longer another answer)" } else { "" };
            wrong.push(format!("{id}: wanted {wanted}, got {got}{note}"));
        }
    }
    assert!(cases > 100, "{cases}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `unchanged`, `changed`, `incompatible`, or `error`.
fn answer(data: &Path, old: &str, new: &str, files: &[serde_json::Value]) -> &'static str {
    let path = |name: &str| data.join(name).display().to_string();
    let mut arguments = vec!["check".to_string(), path(old), path(new), "--format=json".into(), "-q".into()];
    for file in files {
        arguments.extend(["--suppressions".to_string(), path(file.as_str().expect("a path"))]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = Workplace::new().abide(&arguments);
    let Ok(document) = serde_json::from_str::<serde_json::Value>(&run.stdout) else { return "error" };
    let count = |level: &str| document["counts"][level].as_u64().expect("a count");
    match (count("breaks"), count("reviews") + count("safe")) {
        (0, 0) => "unchanged",
        (0, _) => "changed",
        _ => "incompatible",
    }
}
