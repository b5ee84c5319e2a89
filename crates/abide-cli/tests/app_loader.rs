//! `abide app --on host` beside the loader of this machine: on programs that are broken on purpose, and on its own files.

#[allow(dead_code)]
mod common;

use std::path::{Path, PathBuf};

use common::Workplace;
use testkit::loader::{Said, ask, parse};

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// Whether there is a loader to ask; said where not.
fn has_loader() -> bool {
    let has = Path::new(LOADER).exists();
    if !has {
        eprintln!("SKIPPED: there is no {LOADER} on this machine, so that nothing can be compared with it");
    }
    has
}

/// Compiles a program or library with the C library behind it.
fn cc(work: &Workplace, output: &str, source: &str, options: &[&str]) -> PathBuf {
    let (output, source) = (work.path(output), work.write(&format!("{output}.c"), source));
    std::fs::create_dir_all(output.parent().unwrap()).unwrap();
    let mut command = std::process::Command::new("cc");
    let status =
        command.arg(&source).arg("-o").arg(&output).args(options).current_dir(work.path("")).status();
    assert!(status.expect("cc is installed").success(), "cc failed: {}", output.display());
    output
}

fn library(work: &Workplace, output: &str, source: &str, options: &[&str]) -> PathBuf {
    cc(work, output, source, &[&["-shared", "-fPIC", "-Wl,--no-as-needed"], options].concat())
}

/// What abide says of files on this machine.
fn abide(work: &Workplace, files: &[&Path]) -> Vec<(String, Said)> {
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let run = work.command(&[&["app"], &files[..], &["--on", "host", "--format", "ldd", "--quiet"]].concat());
    let mut run = run;
    let output = run.output().expect("abide runs");
    let status = output.status.code().expect("abide ended by itself");
    assert!(status <= 1, "{}", String::from_utf8_lossy(&output.stderr));
    parse(&String::from_utf8_lossy(&output.stdout), None)
}

/// Both say the same of a file; returns what.
fn both(work: &Workplace, file: &Path) -> Said {
    let ours = abide(work, &[file]).remove(0).1;
    let theirs = ask(None, LOADER, file).expect("the loader runs");
    assert_eq!(ours, theirs, "left: abide, right: the loader, on {}", file.display());
    ours
}

const NEW: &str = "int f(void) { return 1; } int g(void) { return 2; }";
const OLD: &str = "int f(void) { return 1; }";
const USES_G: &str = "int g(void); int main(void) { return g(); }";

#[test]
fn a_missing_symbol() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    library(&work, "libx.so", NEW, &["-Wl,-soname,libx.so"]);
    let program = cc(&work, "prog", USES_G, &["-L.", "-lx", "-Wl,-rpath,$ORIGIN"]);
    assert!(both(&work, &program).undefined.is_empty());
    library(&work, "libx.so", OLD, &["-Wl,-soname,libx.so"]);
    let said = both(&work, &program);
    assert_eq!(said.undefined.iter().next().map(|u| u.0.as_str()), Some("g"));
}

#[test]
fn a_missing_version_and_a_moved_one() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    work.write("new.map", "X_1 { f; }; X_2 { g; } X_1;");
    work.write("old.map", "X_1 { global: f; local: *; };");
    work.write("moved.map", "X_1 { f; g; };");
    let make = |map: &str, source: &str| {
        library(&work, "libx.so", source, &["-Wl,-soname,libx.so", &format!("-Wl,--version-script={map}")]);
    };
    make("new.map", NEW);
    let program = cc(&work, "prog", USES_G, &["-L.", "-lx", "-Wl,-rpath,$ORIGIN"]);
    assert!(both(&work, &program).versions.is_empty());
    make("old.map", OLD);
    assert_eq!(both(&work, &program).versions.len(), 1);
    make("moved.map", NEW);
    assert_eq!(both(&work, &program).versions.len(), 1);
    // The version without the symbol.
    work.write("empty.map", "X_1 { f; }; X_2 { h; } X_1;");
    make("empty.map", "int f(void) { return 1; } int h(void) { return 2; }");
    let said = both(&work, &program);
    assert_eq!(said.undefined.len(), 1);
    // No versions at all.
    library(&work, "libx.so", NEW, &["-Wl,-soname,libx.so"]);
    both(&work, &program);
    // Not even a table of them.
    library(&work, "libx.so", NEW, &["-Wl,-soname,libx.so", "-nostdlib"]);
    both(&work, &program);
}

#[test]
fn references_without_a_version() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    library(&work, "libx.so", NEW, &["-Wl,-soname,libx.so"]);
    let program = cc(&work, "prog", USES_G, &["-L.", "-lx", "-Wl,-rpath,$ORIGIN"]);
    // In turn: the default version, the first one although hidden, a later hidden one, two of them.
    let versions = [
        ("X_1 { f; }; X_2 { g; } X_1;", NEW.to_owned()),
        ("X_1 { }; X_2 { f; } X_1;", "__asm__(\".symver g1, g@X_1\"); int g1(void) { return 1; } int f(void) { return 0; }".to_owned()),
        ("X_1 { f; }; X_2 { }; X_3 { };", "__asm__(\".symver g1, g@X_3\"); int g1(void) { return 1; } int f(void) { return 0; }".to_owned()),
        ("X_1 { f; }; X_2 { }; X_3 { };", "__asm__(\".symver g1, g@X_2\\n.symver g2, g@@X_3\"); int g1(void) { return 1; } int g2(void) { return 1; } int f(void) { return 0; }".to_owned()),
    ];
    let mut missing = Vec::new();
    for (map, source) in versions {
        work.write("x.map", map);
        library(&work, "libx.so", &source, &["-Wl,-soname,libx.so", "-Wl,--version-script=x.map"]);
        missing.push(both(&work, &program).undefined.len());
    }
    assert_eq!(missing, [0, 0, 1, 0]);
}

#[test]
fn weak_references() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    library(&work, "libx.so", NEW, &["-Wl,-soname,libx.so"]);
    let source = "int g(void) __attribute__((weak)); int main(void) { return g ? g() : 0; }";
    let program = cc(&work, "prog", source, &["-L.", "-lx", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN"]);
    library(&work, "libx.so", OLD, &["-Wl,-soname,libx.so"]);
    assert!(both(&work, &program).undefined.is_empty());
    // With a version that is there and does not have the symbol, the loader is not forgiving.
    work.write("new.map", "X_1 { f; }; X_2 { g; } X_1;");
    library(&work, "libx.so", NEW, &["-Wl,-soname,libx.so", "-Wl,--version-script=new.map"]);
    let program = cc(&work, "prog2", source, &["-L.", "-lx", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN"]);
    work.write("new.map", "X_1 { f; }; X_2 { h; } X_1;");
    library(
        &work,
        "libx.so",
        "int f(void) { return 1; } int h(void) { return 2; }",
        &["-Wl,-soname,libx.so", "-Wl,--version-script=new.map"],
    );
    both(&work, &program);
}

#[test]
fn needed_libraries_in_a_circle_and_missing_ones() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    let rpath = "-Wl,-rpath,$ORIGIN";
    library(&work, "liba.so", "int a(void) { return 1; }", &["-Wl,-soname,liba.so"]);
    library(
        &work,
        "libb.so",
        "int a(void); int b(void) { return a(); }",
        &["-Wl,-soname,libb.so", "-L.", "-la", rpath],
    );
    library(
        &work,
        "liba.so",
        "int b(void); int a(void) { return b(); }",
        &["-Wl,-soname,liba.so", "-L.", "-lb", rpath],
    );
    let program = cc(&work, "prog", "int a(void); int main(void) { return a(); }", &["-L.", "-la", rpath]);
    assert_eq!(both(&work, &program).libraries.len(), 3);
    std::fs::remove_file(work.path("libb.so")).unwrap();
    let said = both(&work, &program);
    assert_eq!(said.libraries.get("libb.so"), Some(&None));
    assert_eq!(said.undefined.len(), 1);
    // A text file of the name ends everything.
    work.write(
        "libb.so",
        "INPUT ( libc.so.6 ) and more text, so that it is as long as a header of ELF has to be",
    );
    assert!(both(&work, &program).gave_up);
    work.write("libb.so", "short");
    assert!(both(&work, &program).gave_up);
}

#[test]
fn run_paths() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    let deep = |rpath: &str, dtags: &str, name: &str| {
        library(&work, "d/libc1.so", "int c(void) { return 1; }", &["-Wl,-soname,libc1.so"]);
        library(
            &work,
            "b/libb.so",
            "int c(void); int b(void) { return c(); }",
            &["-Wl,-soname,libb.so", "-Ld", "-lc1"],
        );
        let rpath = format!("-Wl,-rpath,{rpath}");
        let options = ["-Lb", "-lb", "-Ld", "-Wl,-rpath-link,d", &rpath, dtags];
        cc(&work, name, "int b(void); int main(void) { return b(); }", &options)
    };
    // DT_RPATH serves what the libraries need, DT_RUNPATH does not.
    let old = deep("$ORIGIN/b:$ORIGIN/d", "-Wl,--disable-new-dtags", "old");
    assert!(both(&work, &old).libraries.values().all(Option::is_some));
    let new = deep("$ORIGIN/b:$ORIGIN/d", "-Wl,--enable-new-dtags", "new");
    assert_eq!(both(&work, &new).libraries.get("libc1.so"), Some(&None));
    // A library with DT_RUNPATH does not inherit DT_RPATH.
    library(
        &work,
        "b/libb.so",
        "int c(void); int b(void) { return c(); }",
        &["-Wl,-soname,libb.so", "-Ld", "-lc1", "-Wl,-rpath,/nowhere", "-Wl,--enable-new-dtags"],
    );
    assert_eq!(both(&work, &old).libraries.get("libc1.so"), Some(&None));
    // Tokens, braces, and a library beside its user.
    library(
        &work,
        "b/libb.so",
        "int c(void); int b(void) { return c(); }",
        &["-Wl,-soname,libb.so", "-Ld", "-lc1", "-Wl,-rpath,${ORIGIN}/../d", "-Wl,--enable-new-dtags"],
    );
    assert!(both(&work, &new).libraries.values().all(Option::is_some));
    let tokens =
        deep("$ORIGIN/$LIB:$ORIGIN/b/$PLATFORM/..:$ORIGINAL:$ORIGIN/b", "-Wl,--enable-new-dtags", "tokens");
    both(&work, &tokens);
}

#[test]
fn names_links_and_files() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    let rpath = "-Wl,-rpath,$ORIGIN";
    // One file under two names is one object; a library without soname is needed by its path.
    library(&work, "liba.so.1.2", "int a(void) { return 1; }", &["-Wl,-soname,liba.so.1"]);
    std::os::unix::fs::symlink("liba.so.1.2", work.path("liba.so.1")).unwrap();
    std::os::unix::fs::symlink("liba.so.1.2", work.path("liba.so")).unwrap();
    library(&work, "libn.so", "int n(void) { return 1; }", &[]);
    let source = "int a(void); int n(void); int main(void) { return a() + n(); }";
    let plain = work.path("libn.so");
    let program = cc(&work, "prog", source, &["-L.", "-la", plain.to_str().unwrap(), rpath]);
    assert!(both(&work, &program).libraries.values().all(Option::is_some));
    // A program cannot be needed.
    cc(&work, "libp.so", "int p(void) { return 1; } int main(void) { return 0; }", &["-pie", "-rdynamic"]);
    library(&work, "libq.so", "int p(void) { return 1; }", &["-Wl,-soname,libp.so"]);
    let user = cc(&work, "user", "int p(void); int main(void) { return p(); }", &["-L.", "-lq", rpath]);
    both(&work, &user);
}

#[test]
fn symbolic_copies_and_data() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    let rpath = "-Wl,-rpath,$ORIGIN";
    let data =
        "int v[4] = {1}; int f(void) { return v[0]; } _Thread_local int t; int *tp(void) { return &t; }";
    library(&work, "libx.so", data, &["-Wl,-soname,libx.so", "-Wl,-Bsymbolic"]);
    let source = "extern int v[4]; extern _Thread_local int t; int main(void) { return v[1] + t; }";
    let program = cc(&work, "prog", source, &["-L.", "-lx", rpath, "-no-pie", "-fno-pie"]);
    assert!(both(&work, &program).undefined.is_empty());
    library(&work, "libx.so", "int f(void) { return 1; }", &["-Wl,-soname,libx.so"]);
    assert_eq!(both(&work, &program).undefined.len(), 2);
    let shared = library(&work, "liby.so", "extern int missing; int *y(void) { return &missing; }", &[]);
    assert_eq!(both(&work, &shared).undefined.len(), 1);
    let hidden = "__attribute__((visibility(\"hidden\"))) extern int own __attribute__((weak)); int *y(void) { return &own; }";
    let shared = library(&work, "libz.so", hidden, &[]);
    both(&work, &shared);
}

#[test]
fn files_of_this_machine() {
    if !has_loader() {
        return;
    }
    let work = Workplace::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["/usr/bin", "/usr/lib/x86_64-linux-gnu"] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.symlink_metadata().is_ok_and(|m| m.is_file()) && is_elf(path))
            .collect();
        found.sort();
        files.extend(found.into_iter().step_by(7).take(40));
    }
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let ours = abide(&work, &paths);
    assert!(ours.len() > 20, "{} files", ours.len());
    for (file, ours) in ours {
        let theirs = ask(None, LOADER, Path::new(&file)).expect("the loader runs");
        assert_eq!(ours, theirs, "left: abide, right: the loader, on {file}");
    }
}

/// A dynamic ELF file for this machine, from its first bytes.
fn is_elf(path: &Path) -> bool {
    let mut head = [0u8; 20];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    read.is_ok() && head.starts_with(b"\x7fELF\x02\x01") && head[18] == 62
}
