//! `abide app`: what it says, in each format, and what it exits with.

#[allow(dead_code)]
mod common;

use common::Workplace;

/// A program that needs a version of the C library that el7 and el8 do not have; without start files, so that nothing
/// else of the compiler's C library is in it.
const NEW: &str = "\
__asm__(\".symver pthread_create, pthread_create@GLIBC_2.34\");\n\
int pthread_create(void); int puts(const char *);\n\
void _start(void) { pthread_create(); puts(\"\"); }\n";

fn made() -> Workplace {
    let work = Workplace::new();
    // A library that stands for the C library when the program is linked.
    work.write("c.map", "GLIBC_2.2.5 { puts; }; GLIBC_2.34 { pthread_create; } GLIBC_2.2.5;");
    let map = format!("-Wl,--version-script={}", work.path("c.map").display());
    let source = "int pthread_create(void) { return 0; } int puts(const char *s) { return !s; }";
    let libc = work.library("link/libc.so.6", source, &[&map]);
    work.program("prog", NEW, &[&libc]);
    work
}

#[test]
fn a_program_that_is_too_new() {
    let work = made();
    let run = work.abide(&["app", "prog", "--on", "el8", "--on", "el9"]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!(run.golden());
    assert_eq!(work.abide(&["app", "prog", "--on", "el10"]).status, 0);
}

#[test]
fn every_format_has_the_same_problem() {
    let work = made();
    for format in ["text", "json", "jsonl", "sarif", "junit", "html"] {
        let run = work.abide(&["app", "prog", "--on", "el8", "--format", format]);
        assert_eq!(run.status, 1, "{format}: {}", run.stderr);
        for word in ["GLIBC_2.34", "app-version-missing", "pthread_create", "el9"] {
            assert!(run.stdout.contains(word), "{format} has no {word}: {}", run.stdout);
        }
    }
}

#[test]
fn lines_are_a_result_each() {
    let work = made();
    let run = work.abide(&["app", "prog", "--on", "el8", "--on", "el9", "--format", "jsonl"]);
    let document = work.abide(&["app", "prog", "--on", "el8", "--on", "el9", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&document.stdout).expect("JSON");
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let types: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types, ["begin", "result", "result", "end"]);
    assert_eq!(lines[1]["data"], document["results"][0]);
    assert_eq!(lines[2]["data"], document["results"][1]);
    assert_eq!(lines[0]["data"]["distributions"], document["distributions"]);
    assert_eq!(lines[3]["data"]["answer"], document["answer"]);
}

#[test]
fn what_is_not_covered_is_undecided() {
    let work = Workplace::new();
    let library = work.library("libown.so.1", "int f(void) { return 1; }", &[]);
    work.program("prog", "int f(void);\nvoid _start(void) { f(); }\n", &[&library]);
    let run = work.abide(&["app", "prog", "--on", "el9"]);
    assert_eq!(run.status, 3, "{}", run.stdout);
    assert!(run.stdout.contains("it needs libown.so.1, which is not known"), "{}", run.stdout);
}

#[test]
fn what_was_built_for_musl_has_its_way_out() {
    let work = Workplace::new();
    let musl = work.library("libc.musl-x86_64.so.1", "int f(void) { return 1; }", &[]);
    work.program("prog", "int f(void);\nvoid _start(void) { f(); }\n", &[&musl]);
    std::fs::remove_file(&musl).expect("removed");
    work.library("root/usr/lib64/libc.so.6", "int g(void) { return 1; }", &[]);
    let flat = |run: &common::Run| run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let run = work.abide(&["app", "prog", "--on", "el9"]);
    assert_eq!(run.status, 3, "{}", run.stdout);
    assert!(flat(&run).contains("it was built for musl: get its build for glibc"), "{}", run.stdout);
    let run = work.abide(&["app", "prog", "--on", "root"]);
    assert_eq!(run.status, 1, "{}", run.stdout);
    assert!(flat(&run).contains("libc.musl-x86_64.so.1 (musl's C library) is not found"), "{}", run.stdout);
    assert!(
        flat(&run).contains("→ get its build for glibc") && !run.stdout.contains("dnf"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_distribution_file_stands_for_its_candidate() {
    let work = Workplace::new();
    let old = work.library("reference/usr/lib64/libown.so.1", "int f(void) { return 1; }", &[]);
    work.library("candidate/usr/lib64/libown.so.1", "int g(void) { return 1; }", &[]);
    work.program("prog", "int f(void);\nvoid _start(void) { f(); }\n", &[&old]);
    let sides = "[reference]\nname = 'Own 9'\nrepositories = ['reference']\n";
    work.write("one.toml", sides);
    work.write("both.toml", format!("{sides}[candidate]\nrepositories = ['candidate']\n"));
    let on = |name: &str| work.abide(&["app", "prog", "--on", name]);
    let run = on("both.toml");
    assert!(run.stdout.contains("nothing that is known has f"), "{}{}", run.stdout, run.stderr);
    for name in ["both.toml#reference", "one.toml"] {
        let run = on(name);
        assert!(!run.stdout.contains("has f"), "{name}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(&format!("Own 9 ({name})")), "{name}: {}", run.stdout);
    }
    let run = on("one.toml#candidate");
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("one.toml names no candidate"), "{}", run.stderr);
    let run = work.abide(&["app", "prog", "--from", "both.toml", "--on", "both.toml"]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("from Own 9 (both.toml)"), "{}", run.stdout);
}

#[test]
fn scripts_and_what_they_need() {
    let work = Workplace::new();
    for folder in ["etc", "usr/bin", "usr/lib64/python3.9/site-packages", "usr/lib/jvm/java-11-openjdk"] {
        std::fs::create_dir_all(work.path(&format!("root/{folder}"))).unwrap();
    }
    work.write("root/usr/bin/python3", "");
    work.write("root/usr/lib64/python3.9/json/__init__.py", "");
    let tool = "#!/usr/bin/env python3\nimport json, sys\nimport yaml\n";
    for (name, text) in [("tool", tool), ("old", "#!/usr/bin/python\n")] {
        let path = work.write(&format!("app/{name}"), text);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    work.write("app/A.class", [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 0]);
    let run = work.abide(&["app", "app", "--on", "root"]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!(run.golden());
}

#[test]
fn kernel_modules_are_named() {
    let work = Workplace::new();
    let source = "__attribute__((section(\".modinfo\"))) const char m[] = \"license=GPL\";";
    let path = work.write("m.c", source);
    let status =
        std::process::Command::new("cc").arg("-c").arg(path).arg("-o").arg(work.path("m.ko")).status();
    assert!(status.unwrap().success());
    let run = work.abide(&["app", "m.ko", "--on", "el9"]);
    assert_eq!(run.status, 3);
    assert!(run.stdout.contains("m.ko: kernel module, not checked"), "{}", run.stdout);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let work = Workplace::new();
    work.write("text", "nothing");
    for arguments in [
        &["app", "absent", "--on", "el9"][..],
        &["app", "text", "--on", "el9"],
        &["app", "text", "--on", "absent"],
    ] {
        let run = work.abide(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.stdout);
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}

#[test]
fn a_profile_of_a_root_directory_says_what_the_root_says() {
    if !std::path::Path::new("/lib64/ld-linux-x86-64.so.2").exists() {
        eprintln!("SKIPPED: there is no x86-64 loader on this machine, of which a profile could be made");
        return;
    }
    let work = Workplace::new();
    let run = work.abide(&[
        "profile",
        "host",
        "--name",
        "here",
        "--date",
        "2026-01-01",
        "--isa-level",
        "1",
        "-o",
        "here.toml",
        "-q",
    ]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let run = work.abide(&["app", "/usr/bin/env", "--on", "here.toml"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
}

#[test]
fn only_what_the_program_imports_is_compared() {
    let work = Workplace::new();
    let old = "struct s { int a; }; int f(struct s v) { return v.a; } int g(void) { return 1; } int h(long x) { return x; }";
    let new = "struct s { int a, b; }; int f(struct s v) { return v.a; } int h(int x) { return x; }";
    let old = work.library("old/libx.so.1", old, &[]);
    work.library("new/libx.so.1", new, &[]);
    let uses = |name: &str, source: &str| work.program(name, source, &[&old]);
    uses("none", "void _start(void) {}\n");
    uses("by-value", "struct s { int a; }; int f(struct s); void _start(void) { struct s v = {1}; f(v); }\n");
    uses("removed", "int g(void); void _start(void) { g(); }\n");
    let ask = |name: &str| work.abide(&["app", name, "--from", "old/libx.so.1", "--on", "new/libx.so.1"]);
    let run = ask("by-value");
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("by by-value: f"), "{}", run.stdout);
    assert!(!run.stdout.contains("symbol-removed"), "{}", run.stdout);
    let run = ask("removed");
    assert_eq!(run.status, 1, "{}", run.stdout);
    assert!(run.stdout.contains("[symbol-removed]"), "{}", run.stdout);
    let run = work.abide(&["app", "removed", "--from", "old/libx.so.1", "--on", "old/libx.so.1"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
}

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/reference");
const CANDIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/candidate");

#[test]
fn a_package_of_the_reference_on_the_candidate() {
    let work = Workplace::new();
    let package = format!("{REFERENCE}/harbor-1.0-1.x86_64.rpm");
    let run = work.abide(&["app", &package, "--from", REFERENCE, "--on", CANDIDATE, "-q"]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    let text = run.golden().replace(REFERENCE, "REFERENCE").replace(CANDIDATE, "CANDIDATE");
    // Nothing that harbor does not use is said.
    assert!(!text.contains("libtide"), "{text}");
}

#[test]
fn requirements_of_a_package_in_part_of_a_distribution() {
    let work = Workplace::new();
    let package = format!("{REFERENCE}/harbor-1.0-1.x86_64.rpm");
    let run = work.abide(&["app", &package, "--on", REFERENCE, "-q", "--format", "json"]);
    assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("libc.so.6()(64bit) is not in it, which is only part of a distribution"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("libgauge.so.3()(64bit) is not in it"), "{}", run.stdout);
}
