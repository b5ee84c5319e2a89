//! Bisecting: builds of a library as Debian packages, one of which breaks the interface.

use std::path::Path;
use std::process::Command;

use crate::common::Workplace;
use crate::roots::{bare, can_run, packages};

/// Programs that dpkg needs in a root.
const PROGRAMS: &[&str] = &[
    "sh",
    "cat",
    "uname",
    "sed",
    "dpkg",
    "dpkg-deb",
    "dpkg-split",
    "tar",
    "rm",
    "diff",
    "ldconfig",
    "start-stop-daemon",
    "xz",
    "dpkg-query",
];

/// A library whose structure is passed by value.
fn library(with_field: bool, answer: i32) -> String {
    let field = if with_field { "long flags; " } else { "" };
    format!(
        "struct point {{ {field}long x; long y; }};\nlong point_x(struct point p) {{ return p.x + 0 * {answer}; }}\n"
    )
}

const PROGRAM: &str = "struct point { long x; long y; };\nlong point_x(struct point p);\n\
    int main(void) { struct point p = { 7, 9 }; return point_x(p) == 7 ? 0 : 1; }\n";

/// Builds `foo` in a version.
fn build(place: &Workplace, version: &str, source: &str) {
    let tree = format!("tree-{version}");
    place.library(&format!("{tree}/opt/lib/libfoo.so.1"), source, &["-O0"]);
    let control = format!(
        "Package: foo\nVersion: {version}\nArchitecture: amd64\nMaintainer: a <a@example.org>\nDescription: foo\n"
    );
    place.write(&format!("{tree}/DEBIAN/control"), control);
    std::fs::create_dir_all(place.path("builds")).expect("a folder");
    let made = Command::new("dpkg-deb")
        .args(["--root-owner-group", "-Zxz", "--build"])
        .arg(place.path(&tree))
        .arg(place.path(&format!("builds/foo_{version}_amd64.deb")))
        .output()
        .expect("dpkg-deb runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn root(place: &Workplace) -> String {
    let root = bare(place, "root", PROGRAMS);
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log", "opt/bin"]
    {
        std::fs::create_dir_all(Path::new(&root).join(folder)).expect("folders");
    }
    place.write("root/var/lib/dpkg/available", "");
    place.write("root/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    place.write("root/etc/group", "root:x:0:\n");
    packages(place, "root", &[]);
    let first = place.library("first/libfoo.so.1", &library(false, 0), &["-O0"]);
    place.write("use.c", PROGRAM);
    let made = Command::new("cc")
        .arg(place.path("use.c"))
        .arg(&first)
        .arg("-Wl,-rpath,/opt/lib")
        .arg("-o")
        .arg(Path::new(&root).join("opt/bin/use-foo"))
        .status()
        .expect("cc runs");
    assert!(made.success());
    root
}

fn can_build() -> bool {
    let has =
        ["dpkg-deb", "dpkg"].iter().all(|program| Command::new(program).arg("--version").output().is_ok());
    if !has {
        println!("there is no dpkg here: the test says nothing");
    }
    has && can_run()
}

#[test]
fn the_update_that_breaks_the_interface_is_found_and_explained() {
    if !can_build() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place);
    for (number, version) in ["1.8", "1.9", "1.10", "1.10.1", "1.11~rc1", "1.11"].iter().enumerate() {
        build(&place, version, &library(number >= 4, number as i32));
    }
    place.write(
        "b.toml",
        "title = \"wrong x\"\npackage = \"foo\"\n[reproducer]\nscript = \"/opt/bin/use-foo\"\n",
    );
    let run = place.abide(&["bug", "bisect", "b.toml", "--root", &root, "--packages", "builds", "-q"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    for part in ["5 updates in ", "the first bad update is foo 1.11~rc1", "struct point", "incompatible"] {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
    assert!(!Path::new(&root).join("opt/lib/libfoo.so.1").exists(), "the root was changed");
    let json = place.abide(&[
        "bug",
        "bisect",
        "b.toml",
        "--root",
        &root,
        "--packages",
        "builds",
        "-q",
        "--format",
        "json",
    ]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(
        (document["outcome"].as_str(), document["verdict"].as_str()),
        (Some("first-bad"), Some("incompatible"))
    );
    assert_eq!(document["suspects"][0], "foo 1.11~rc1");
}

#[test]
fn the_update_that_ends_a_bug_is_found_and_ends_that_do_not_fit_are_told() {
    if !can_build() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place);
    for (version, is_bad) in [("1", true), ("2", true), ("3", false), ("4", false)] {
        build(&place, version, &library(is_bad, 0));
    }
    place.write(
        "b.toml",
        "title = \"wrong x\"\npackage = \"foo\"\n[reproducer]\nscript = \"/opt/bin/use-foo\"\n",
    );
    let bisect = |more: &[&str]| {
        let all =
            [&["bug", "bisect", "b.toml", "--root", &root, "--packages", "builds", "-q"], more].concat();
        place.abide(&all)
    };
    let fixed = bisect(&["--fixed"]);
    assert!(
        fixed.stdout.contains("the update that ends the bug is foo 3"),
        "{}{}",
        fixed.stdout,
        fixed.stderr
    );
    let wrong = bisect(&[]);
    assert_eq!(wrong.status, 3);
    assert!(wrong.stdout.contains("the bug is not there with all of these updates"), "{}", wrong.stdout);
}

#[test]
fn a_swapped_package_is_one_more_environment() {
    if !can_build() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place);
    build(&place, "1", &library(false, 0));
    // The candidate has the broken build.
    place.library("root/opt/lib/libfoo.so.1", &library(true, 0), &["-O0"]);
    place.write(
        "b.toml",
        "title = \"wrong x\"\npackage = \"foo\"\n[reproducer]\nscript = \"/opt/bin/use-foo\"\n",
    );
    let run = place.abide(&[
        "bug",
        "replicate",
        "b.toml",
        "-n1",
        "-q",
        &format!("-ecandidate={root}"),
        "--swap",
        "builds/foo_1_amd64.deb",
    ]);
    assert!(
        run.stdout.contains("gone with foo-1.amd64: what was exchanged is at fault"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}
