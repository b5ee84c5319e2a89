//! `abide source apply`: what is written, what is not, and what the user is told.

#[allow(dead_code)]
mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::Workplace;

const SPEC: &str = "Name: foo
Version: 1.0
Release: 1%{?dist}
Source0: foo.tar.gz
Patch0: a.patch
%prep
%autosetup -p1
%changelog
* Mon Jan 01 2024 X <x@x> - 1.0-1
- A
";

fn workplace(actions: &str) -> Workplace {
    let work = Workplace::new();
    work.write("foo/foo.spec", SPEC);
    work.write("foo/old.patch", "old");
    work.write("mods/config.yaml", format!("actions:\n{actions}"));
    work.write("mods/files/b.patch", "new\n");
    work
}

const ACTIONS: &str = "  - modify_release:
      - suffix: .ours.1
  - changelog_entry:
      - name: A. Person
        email: a@example.org
        line: [Fix it]
  - add_files:
      - type: patch
        name: b.patch
        origin:
          link: https://example.org/1
          kind: bug
  - delete_files:
      - file_name: old.patch
";

fn read(work: &Workplace, path: &str) -> String {
    std::fs::read_to_string(work.path(path)).expect("a file")
}

#[test]
fn everything_is_applied() {
    let work = workplace(ACTIONS);
    std::fs::set_permissions(work.path("foo/foo.spec"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let run =
        work.abide(&["source", "apply", "mods/config.yaml", "foo", "--date", "2025-01-14", "--explain"]);
    insta::assert_snapshot!(run.golden());
    insta::assert_snapshot!(read(&work, "foo/foo.spec"));
    assert_eq!(read(&work, "foo/b.patch"), "new\n");
    assert!(!work.path("foo/old.patch").exists());
    let mode = std::fs::metadata(work.path("foo/foo.spec")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(work.path("foo")).unwrap().count(), 2, "nothing is left behind");
}

#[test]
fn a_dry_run_shows_and_writes_nothing() {
    let work = workplace(ACTIONS);
    let run =
        work.abide(&["source", "apply", "mods/config.yaml", "foo", "--date", "2025-01-14", "--dry-run"]);
    insta::assert_snapshot!(run.golden());
    assert_eq!(read(&work, "foo/foo.spec"), SPEC);
    assert!(work.path("foo/old.patch").exists() && !work.path("foo/b.patch").exists());
}

#[test]
fn a_refused_run_writes_nothing() {
    let work = workplace(&format!(
        "{ACTIONS}  - replace:\n      - target: spec\n        find: \"Source0: bar.tar.gz\"\n        replace: x\n"
    ));
    let run = work.abide(&["source", "apply", "mods/config.yaml", "foo"]);
    insta::assert_snapshot!(run.golden());
    assert_eq!(read(&work, "foo/foo.spec"), SPEC);
    assert!(work.path("foo/old.patch").exists() && !work.path("foo/b.patch").exists());
}

#[test]
fn a_file_that_is_no_modification_file() {
    let work = workplace("  - replaces: []\n");
    let run = work.abide(&["source", "apply", "mods/config.yaml", "foo"]);
    insta::assert_snapshot!(run.golden());
}

#[test]
fn suffixes_count_on_from_the_repository() {
    let work = workplace("  - modify_release:\n      - suffix: .ours.1\n        auto_increment: true\n");
    work.write("foo/.git/packed-refs", "# pack-refs\n00 refs/tags/changed/9/foo-1.0-1.el9.ours.3\n");
    work.write("foo/.git/refs/tags/changed/9/foo-1.0-1.el9.ours.4", "00\n");
    let run = work.abide(&["source", "apply", "mods/config.yaml", "foo"]);
    assert_eq!(run.status, 0);
    assert!(read(&work, "foo/foo.spec").contains("Release: 1%{?dist}.ours.5\n"));
}

/// Whether programs can be run in a sandbox here.
fn sandbox(program: &str) -> bool {
    let there = Command::new("bwrap")
        .args([
            "--unshare-all",
            "--ro-bind",
            "/",
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            program,
            "--version",
        ])
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: {program} does not run in bubblewrap here");
    }
    there
}

#[test]
fn scripts_run_on_copies_when_allowed() {
    let actions =
        "  - run_script:\n      - script: s.sh\n  - add_files:\n      - type: source\n        name: made\n";
    let work = workplace(actions);
    work.write(
        "mods/scripts/s.sh",
        "set -e\nrm old.patch\ntest ! -e /home\necho made > ../modifications/files/made\n",
    );
    let arguments = ["source", "apply", "mods/config.yaml", "foo"];
    let refused = work.abide(&arguments);
    insta::assert_snapshot!(refused.golden());
    if !sandbox("bash") {
        return;
    }
    let run = work.abide(&[&arguments[..], &["--allow-scripts"]].concat());
    assert_eq!(run.status, 0, "{}", run.golden());
    assert_eq!(read(&work, "foo/made"), "made\n");
    assert!(!work.path("foo/old.patch").exists());
    assert!(!work.path("mods/files/made").exists(), "what is beside the modification file stays as it was");
    work.write("mods/scripts/s.sh", "echo why >&2; rm -rf /package/*; exit 3\n");
    let failed = work.abide(&[&arguments[..], &["--allow-scripts"]].concat());
    assert_eq!(failed.status, 2);
    assert!(failed.stderr.contains("it failed (exit status: 3): why"), "{}", failed.stderr);
    assert!(work.path("foo/foo.spec").exists());
}

#[test]
fn rpm_is_asked_only_when_allowed() {
    let work = workplace(ACTIONS);
    let spec = SPEC.replace("Version: 1.0", "Summary: x\nLicense: MIT\nVersion: %(echo 2.0; ls / > /tmp/x)");
    work.write("foo/foo.spec", spec.replace("%prep\n", "%description\nx\n%prep\n"));
    let arguments = ["source", "apply", "mods/config.yaml", "foo"];
    let refused = work.abide(&arguments);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("is not known without running rpm"), "{}", refused.stderr);
    if !sandbox("rpmspec") {
        return;
    }
    let run = work.abide(&[&arguments[..], &["--rpmspec"]].concat());
    assert_eq!(run.status, 0, "{}", run.golden());
    assert!(read(&work, "foo/foo.spec").contains("<a@example.org> - 2.0-1.ours.1\n"));
}
