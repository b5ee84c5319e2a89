//! `abide app --types`: what a program's debug information declares, held against the libraries that are there.

#[allow(dead_code)]
mod common;

use std::path::Path;

use common::Workplace;

const HEADER: &str = "struct s { int a; int b; }; struct hidden; enum mode { ON, OFF };\n\
    int f(struct s *v, enum mode m); extern int level; struct hidden *made(void); int old(void);\n";
const BODY: &str = "struct hidden { long x; }; static struct hidden one; int level; struct hidden *made(void) { return &one; }\n\
    int f(struct s *v, enum mode m) { return v->b + m; } int old(void) { return 1; }\n";
const PROGRAM: &str = "void _start(void) { struct s v = {1, 2}; f(&v, ON); level = 3; made(); }\n";

/// A program that was built for one library, and that library changed.
fn made(change: impl Fn(&str) -> String) -> Workplace {
    let work = Workplace::new();
    let old = format!("{HEADER}{BODY}");
    let library = work.library("old/libx.so.1", &old, &[]);
    work.library("new/libx.so.1", &change(&old), &[]);
    work.program("prog", &format!("{HEADER}{PROGRAM}"), &[&library, Path::new("-g")]);
    work
}

/// Compiles C++ without its runtime.
fn cpp(work: &Workplace, name: &str, source: &str, options: &[&str]) {
    let output = work.path(name);
    std::fs::create_dir_all(output.parent().expect("inside the folder")).expect("folders");
    work.write("source.cc", source);
    let status = std::process::Command::new("cc")
        .args(["-g", "-nostdlib", "-fno-exceptions", "-fno-rtti", "-Wl,--build-id"])
        .arg(work.path("source.cc"))
        .arg("-o")
        .arg(output)
        .args(options)
        .status();
    assert!(status.expect("cc is installed").success());
}

/// What it says, on one line.
fn ask(work: &Workplace, on: &str) -> common::Run {
    let mut run = work.abide(&["app", "prog", "--types", "--on", on, "-q"]);
    run.stdout = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    run
}

#[test]
fn what_it_was_built_for_is_what_it_finds() {
    let work = made(str::to_owned);
    for on in ["old/libx.so.1", "new/libx.so.1", "new"] {
        let run = ask(&work, on);
        // A library is no distribution, so that the rest is not known.
        assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("types of 3 compared; 0 breaks, 0 reviews"), "{}", run.stdout);
    }
}

#[test]
fn a_change_of_what_it_uses_is_found_without_a_reference() {
    let work = made(|old| old.replace("{ int a; int b; }", "{ int a; int c; int b; }"));
    let run = ask(&work, "new/libx.so.1");
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("break libx.so.1: struct s: member 'b' moved from byte 4 to byte 8"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("by prog: f"), "{}", run.stdout);
    let work = made(|old| old.replace("int level", "long level"));
    let run = ask(&work, "new/libx.so.1");
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("object level: the type changed from int (4 bytes) to long int (8 bytes)"),
        "{}",
        run.stdout
    );
    let work = made(|old| old.replace("{ ON, OFF }", "{ OFF, ON }"));
    let run = ask(&work, "new/libx.so.1");
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
}

#[test]
fn what_it_does_not_use_or_does_not_see_is_no_matter() {
    let work = made(|old| {
        old.replace("int old(void)", "long old(long x)").replace("{ long x; }", "{ long x; int more[9]; }")
    });
    let run = ask(&work, "new/libx.so.1");
    assert!(run.stdout.contains("types of 3 compared; 0 breaks, 0 reviews"), "{}", run.stdout);
}

/// A program that uses a class of a library, with and without a virtual function in it.
fn with_class(is_virtual: bool) -> Workplace {
    let work = Workplace::new();
    let set = if is_virtual { "virtual void set(long);" } else { "void set(long);" };
    let header = format!("class box {{ public: int size; long get(int) const; {set} box(); }};\n");
    let body = "box::box() : size(1) {} long box::get(int x) const { return size + x; }\n\
        void box::set(long v) { size = v; }\n";
    let old = format!("{header}{body}");
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libx.so.1"];
    cpp(&work, "old/libx.so.1", &old, &shared);
    cpp(&work, "new/libx.so.1", &old.replace("int size", "int pad; int size"), &shared);
    let library = work.path("old/libx.so.1");
    let library = library.to_str().expect("UTF-8");
    let program =
        "void use(box &b) { b.get(2); b.box::set(3); } extern \"C\" void _start() { box b; use(b); }\n";
    cpp(
        &work,
        "prog",
        &format!("{header}{program}"),
        &["-Wl,--unresolved-symbols=ignore-all", "-fno-stack-protector", library],
    );
    work
}

#[test]
fn classes_and_their_members() {
    let work = with_class(false);
    let run = ask(&work, "old/libx.so.1");
    assert!(run.stdout.contains("types of 3 compared; 0 breaks, 0 reviews"), "{}", run.stdout);
    let run = ask(&work, "new/libx.so.1");
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("break libx.so.1: class box"), "{}", run.stdout);
}

#[test]
fn a_class_that_the_program_only_declares_is_not_taken_for_unchanged() {
    // Compilers describe a class with virtual functions where its virtual table is.
    let work = with_class(true);
    let run = ask(&work, "new/libx.so.1");
    assert_eq!(run.status, if run.stdout.contains("break libx") { 1 } else { 3 }, "{}", run.stdout);
    if run.status == 3 {
        assert!(
            run.stdout.contains("class box: is only declared in its own debug information"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn without_debug_information_nothing_is_taken_for_compatible() {
    let work = made(str::to_owned);
    let status = std::process::Command::new("strip").arg("-g").arg(work.path("prog")).status();
    assert!(status.expect("strip is installed").success());
    let run = ask(&work, "old/libx.so.1");
    assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("not known prog: no debug information"), "{}", run.stdout);
    let work = made(str::to_owned);
    let status = std::process::Command::new("strip").arg("-g").arg(work.path("old/libx.so.1")).status();
    assert!(status.expect("strip is installed").success());
    let run = ask(&work, "old/libx.so.1");
    assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("libx.so.1: no debug information"), "{}", run.stdout);
}

#[test]
fn a_profile_has_no_types_and_modules_have_none_of_this() {
    let work = made(str::to_owned);
    let run = ask(&work, "el9");
    assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("a profile lists symbols and no types"), "{}", run.stdout);
    let run = work.abide(&["app", "prog", "--types", "--from", "old/libx.so.1", "--on", "new/libx.so.1"]);
    assert_eq!(run.status, 2, "{}", run.stdout);
}

/// Programs of a real repository on its own libraries: whatever is said of them has to be true, and is known to be.
#[test]
fn real_programs_on_the_libraries_they_were_built_with() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/el9-zfs/reference");
    if !data.exists() {
        eprintln!("not run: {} is not there", data.display());
        return;
    }
    let work = Workplace::new();
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (package, side) = (text(&data.join("zfs-2.1.4-1.el9.x86_64.rpm")), text(&data));
    let run = work.abide(&[
        "app",
        &package,
        "--types",
        "--debuginfo",
        &side,
        "--on",
        &side,
        "--format",
        "json",
        "-q",
    ]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let result = &document["results"][0];
    assert!(result["counts"]["typed"].as_u64().expect("a number") > 1000, "{}", result["counts"]);
    // zdb and ztest declare two variables of libzpool with other types than it defines them with.
    let named =
        |problem: &serde_json::Value| problem["needed-by"][0]["symbols"][0].as_str().map(str::to_owned);
    let problems = result["problems"].as_array().expect("a list").iter();
    let found: Vec<String> = problems.filter_map(named).collect();
    assert_eq!(found, ["zfs_vdev_async_read_max_active", "zfs_compressed_arc_enabled"]);
}
