//! `abide check` on compiled pairs: what it says, and what it exits with.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};

const OLD: &str = "\
struct point { int x, y; };
struct state { int id; struct point at; };
int area(struct point p) { return p.x * p.y; }
int describe(struct state *s) { return s->id; }
int old_way(void) { return 1; }
";

/// Checks `old` against `new`, both compiled as `libfoo.so.1`, beside a program that uses all of it.
fn check(old: &str, new: &str, options: &[&str]) -> Run {
    let work = Workplace::new();
    let app = "struct point { int x, y; };\nint area(struct point);\nint old_way(void);\n\
               void _start(void) { struct point p = {1, 2}; area(p); old_way(); }\n";
    for (side, source) in [("old", old), ("new", new)] {
        let library = work.library(&format!("{side}/libfoo.so.1"), source, &[]);
        work.program(&format!("{side}/app"), app, &[&library]);
    }
    work.abide(&[&["check", "old", "new"], options].concat())
}

#[test]
fn the_same_sources_are_compatible() {
    insta::assert_snapshot!(check(OLD, OLD, &[]).golden());
}

#[test]
fn an_added_function_is_compatible() {
    let new = format!("{OLD}int new_way(void) {{ return 2; }}\n");
    insta::assert_snapshot!(check(OLD, &new, &["--all"]).golden());
    let quiet = check(OLD, &new, &[]);
    assert_eq!(quiet.status, 0);
    assert!(!quiet.stdout.contains("new_way"), "{}", quiet.stdout);
    assert!(quiet.stdout.contains("1 safe (listed with --all)"), "{}", quiet.stdout);
}

#[test]
fn a_removed_function_names_its_user() {
    let new = OLD.replace("int old_way(void) { return 1; }\n", "");
    insta::assert_snapshot!(check(OLD, &new, &[]).golden());
}

#[test]
fn a_structure_passed_by_value_that_grows_breaks() {
    let new = OLD.replace("struct point { int x, y; };", "struct point { int x, y, z; };");
    insta::assert_snapshot!(check(OLD, &new, &[]).golden());
}

#[test]
fn without_debug_information_nothing_is_called_compatible() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", OLD, &["-s"]);
    work.library("new/libfoo.so.1", &OLD.replace("return 1", "return 3"), &["-s"]);
    insta::assert_snapshot!(work.abide(&["check", "old/libfoo.so.1", "new/libfoo.so.1"]).golden());
}

#[test]
fn identical_files_need_no_debug_information() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", OLD, &["-s"]);
    let run = work.abide(&["check", "old/libfoo.so.1", "old/libfoo.so.1"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
}

#[test]
fn separate_debug_files_are_found_where_they_are_named() {
    let work = Workplace::new();
    for (side, source) in [
        ("old", OLD.to_owned()),
        ("new", OLD.replace("struct point { int x, y; }", "struct point { long x, y; }")),
    ] {
        let library = work.library(&format!("{side}/libfoo.so.1"), &source, &[]);
        std::fs::create_dir(work.path(&format!("debug-{side}"))).expect("a folder");
        let debug = work.path(&format!("debug-{side}/libfoo.so.1.debug"));
        let objcopy = |arguments: &[&std::ffi::OsStr]| {
            let status =
                std::process::Command::new("objcopy").args(arguments).status().expect("objcopy is installed");
            assert!(status.success());
        };
        objcopy(&["--only-keep-debug".as_ref(), library.as_ref(), debug.as_ref()]);
        objcopy(&["--strip-debug".as_ref(), library.as_ref()]);
    }
    let base = ["check", "old/libfoo.so.1", "new/libfoo.so.1"];
    let without = work.abide(&base);
    assert_eq!(without.status, 3, "{}", without.stdout);
    let with =
        work.abide(&[&base[..], &["--debuginfo-old", "debug-old", "--debuginfo-new", "debug-new"]].concat());
    assert_eq!(with.status, 1, "{}", with.stdout);
    let both = work.abide(&[&base[..], &["--debuginfo", "debug-old", "--debuginfo", "debug-new"]].concat());
    assert_eq!(both, with);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let new = OLD
        .replace("struct point { int x, y; };", "struct point { int x, y, z; };")
        .replace("old_way", "way");
    let one = check(OLD, &new, &["--format", "json", "--jobs", "1"]);
    let four = check(OLD, &new, &["--format", "json", "--jobs", "4"]);
    assert_eq!(one.status, 1);
    assert_eq!(one.stdout, four.stdout);
    assert_eq!(one.stderr, "");
}
