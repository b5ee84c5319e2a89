//! One source, built by several compilers with several options: nothing that matters changed, and abide says so.

use std::path::Path;
use std::process::Command;

use mutants::rng::Rng;
use mutants::{build, generate, judge, render};

/// Name, compiler for C, options. The first one is the reference.
const BUILDS: &[(&str, &str, &[&str])] = &[
    ("gcc", "gcc", &["-O1"]),
    ("unoptimised", "gcc", &["-O0"]),
    ("optimised", "gcc", &["-O2"]),
    ("whole-program", "gcc", &["-O2", "-flto"]),
    ("dwarf-4", "gcc", &["-O1", "-gdwarf-4"]),
    ("type-units", "gcc", &["-O1", "-fdebug-types-section"]),
    ("clang", "clang", &["-O0"]),
    ("clang-optimised", "clang", &["-O2"]),
    ("clang-whole-program", "clang", &["-O2", "-flto", "-fuse-ld=lld"]),
    ("clang-dwarf-4", "clang", &["-O1", "-gdwarf-4"]),
];

/// What compilers really do otherwise: another function of the C library is called, an inline function has no copy
/// outside of its callers any more.
const REAL: &[&str] =
    &["review [required-version-changed]", "review [symbol-removed]", "review [needed-removed]"];

#[test]
fn builds_of_one_source_are_compatible() {
    let work = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut compared = 0;
    for cpp in [false, true] {
        let library =
            (1..50).map(|seed| generate::library(&mut Rng::new(seed))).find(|l| l.cpp == cpp).unwrap();
        let folder = work.path().join(if cpp { "cpp" } else { "c" });
        let first = sources(&folder, &library);
        for (name, compiler, options) in BUILDS {
            let linker = options.contains(&"-fuse-ld=lld").then_some("ld.lld");
            if let Some(missing) = [Some(*compiler), linker].into_iter().flatten().find(|tool| !has(tool)) {
                eprintln!("skipped: no {missing}");
                continue;
            }
            let other = compile(&folder, name, compiler, cpp, options);
            check(&first.join("gcc.so"), &other, name);
            compared += 1;
        }
        compared += usize::from(with_dwz(first));
    }
    assert!(compared >= 2 || !has("gcc"));
}

fn check(a: &Path, b: &Path, name: &str) {
    let answer = judge::ask(a, b, false);
    for line in answer.text.lines().filter(|l| l.trim_start() == *l) {
        let is_real = REAL.iter().any(|r| line.starts_with(r));
        let is_bad = line.starts_with("break [") || line.starts_with("review [") || line.starts_with("gap");
        assert!(!is_bad || is_real, "{name}: {}", answer.text);
        // What is listed as safe is about symbols and the file, or a type that one compiler describes and one does not.
        let is_of_types = line.starts_with("safe [member") || line.starts_with("safe [type-changed");
        assert!(!is_of_types, "{name}: {}", answer.text);
    }
    assert!(answer.verdict.is_some(), "{name}");
}

/// Writes the sources; the folder.
fn sources<'p>(folder: &'p Path, library: &mutants::model::Library) -> &'p Path {
    let text = render::library(library);
    std::fs::create_dir_all(folder).unwrap();
    let source = if library.cpp { "subject.cpp" } else { "subject.c" };
    for (name, text) in
        [("subject.h", &text.header), ("private.h", &text.private_header), (source, &text.source)]
    {
        std::fs::write(folder.join(name), text).unwrap();
    }
    if let Some(script) = &text.script {
        std::fs::write(folder.join("subject.map"), script).unwrap();
    }
    folder
}

fn compile(folder: &Path, name: &str, compiler: &str, cpp: bool, options: &[&str]) -> std::path::PathBuf {
    let compiler = match (compiler, cpp) {
        ("gcc", true) => "g++",
        ("clang", true) => "clang++",
        (c, _) => c,
    };
    let file = format!("{name}.so");
    let mut command = Command::new(compiler);
    command.current_dir(folder).args(["-g", "-w", "-fPIC", "-shared", "-fno-strict-aliasing"]).args(options);
    command.args([if cpp { "-std=gnu++17" } else { "-std=gnu11" }, "-Wl,-soname,libsubject.so.1"]);
    if folder.join("subject.map").exists() {
        command.arg("-Wl,--version-script=subject.map");
    }
    let output = command.args(["-o", &file, if cpp { "subject.cpp" } else { "subject.c" }]).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    folder.join(file)
}

/// The reference with its debug information deduplicated.
fn with_dwz(folder: &Path) -> bool {
    if !has("dwz") || !has("gcc") {
        eprintln!("skipped: no dwz");
        return false;
    }
    let (from, to) = (folder.join("gcc.so"), folder.join("dwz.so"));
    std::fs::copy(&from, &to).unwrap();
    assert!(Command::new("dwz").arg(&to).status().unwrap().success());
    check(&from, &to, "dwz");
    true
}

fn has(program: &str) -> bool {
    build::has_compilers() && Command::new(program).arg("--version").output().is_ok()
}
