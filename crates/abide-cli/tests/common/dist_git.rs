//! A small package, its patches, and git repositories of it, for the tests of `abide source`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Workplace;

/// A patch that changes one line of a file.
pub(crate) fn patch(head: &str, file: &str, from: &str, to: &str) -> String {
    format!(
        "{head}--- a/{file}\n+++ b/{file}\n@@ -1,3 +1,3 @@\n before the place\n-{from}\n+{to}\n behind the place\n"
    )
}

/// A spec of version and release, with lines for its patches and an entry of the changelog.
pub(crate) fn spec(version: &str, day: &str, patches: &str, entry: &str) -> String {
    format!(
        "Name: foo\nVersion: {version}\nRelease: 1%{{?dist}}\nSummary: Foo\nLicense: MIT\nSource0: foo-%{{version}}.tar.gz\n\
         {patches}%description\nFoo.\n%prep\n%autosetup -p1\n%changelog\n* {day} A. Person <a@example.org> - {version}-1\n- {entry}\n"
    )
}

/// Whether git is there; says so when it is not.
pub(crate) fn git_is_there() -> bool {
    let there = Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: git is not installed");
    }
    there
}

/// Runs git in a folder of the workplace, with names and days of its own.
pub(crate) fn git(work: &Workplace, folder: &str, day: &str, arguments: &[&str]) -> String {
    git_with(work, folder, day, arguments, b"")
}

/// The same with standard input.
pub(crate) fn git_with(
    work: &Workplace,
    folder: &str,
    day: &str,
    arguments: &[&str],
    input: &[u8],
) -> String {
    let when = format!("{day}T12:00:00Z");
    let mut child = Command::new("git")
        .current_dir(work.path(folder))
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.org"), ("GIT_AUTHOR_DATE", &when)])
        .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.org")])
        .env("GIT_COMMITTER_DATE", &when)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// Commits all that is in a folder, which becomes a repository when it is none.
pub(crate) fn commit(work: &Workplace, folder: &str, day: &str, subject: &str) -> String {
    if !work.path(folder).join(".git").exists() {
        git(work, folder, day, &["init", "--quiet"]);
    }
    git(work, folder, day, &["add", "--all", "--force"]);
    git(work, folder, day, &["commit", "--quiet", "--allow-empty", "--message", subject]);
    git(work, folder, day, &["rev-parse", "HEAD"])
}

/// The files of a folder with their contents, sorted; git's own are left out.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut todo = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = todo.pop() {
        for entry in std::fs::read_dir(&path).expect("a folder").flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_str().expect("UTF-8"));
            match entry.file_type().expect("a kind") {
                kind if kind.is_dir() && name != ".git" => todo.push((entry.path(), format!("{name}/"))),
                kind if kind.is_file() => found.push((name, std::fs::read(entry.path()).expect("a file"))),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Makes a source package; `false` when there is no rpmbuild.
pub(crate) fn source_package(work: &Workplace) -> bool {
    let there =
        Command::new("rpmbuild").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: rpmbuild is not installed");
        return false;
    }
    let lines = "Source1: empty.conf\nPatch0: a.patch\nPatch1: wants-network-online.target.patch\n";
    work.write("top/SPECS/foo.spec", spec("1.0", "Tue Jan 14 2025", lines, "x"));
    work.write("top/SOURCES/foo-1.0.tar.gz", b"\x1f\x8b\0archive");
    work.write("top/SOURCES/empty.conf", "");
    work.write("top/SOURCES/a.patch", patch("", "a", "old", "new"));
    work.write("top/SOURCES/wants-network-online.target.patch", patch("", "b", "old", "new"));
    let status = Command::new("rpmbuild")
        .arg("--define")
        .arg(format!("_topdir {}", work.path("top").display()))
        .args(["--define", "dist .el9", "-bs", "--nodeps"])
        .arg(work.path("top/SPECS/foo.spec"))
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let made = work.path("top/SRPMS/foo-1.0-1.el9.src.rpm");
    std::fs::rename(made, work.path("foo.src.rpm")).unwrap();
    true
}
