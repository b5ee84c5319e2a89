//! `abide source import`: from git, from a source package, from a folder; what is written and recorded, and what is
//! refused.

#[allow(dead_code)]
mod common;
#[allow(dead_code)]
#[path = "common/dist_git.rs"]
mod dist_git;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::Workplace;
use dist_git::{commit, git, git_is_there, git_with, patch, source_package, spec, tree};
use serde_json::Value;

const DAYS: [&str; 3] = ["2025-01-14", "2025-02-14", "2025-03-14"];

/// A repository with two commits on `main`, a tag on the first and a branch `c9s` with a commit of its own.
fn upstream() -> Workplace {
    let work = Workplace::new();
    let lines = "# https://example.org/foo/commit/0123456789\nPatch0: a.patch\nPatch1: b.patch\n";
    work.write("up/foo.spec", spec("1.0", "Tue Jan 14 2025", lines, "x"));
    work.write("up/a.patch", patch("", "a", "old", "new"));
    work.write("up/b.patch", patch("", "b", "old", "new"));
    work.write("up/run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(work.path("up/run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    work.write("up/sources", format!("SHA512 (foo-1.0.tar.gz) = {}\n", "0".repeat(128)));
    work.write("up/tests/t.txt", "t\n");
    commit(&work, "up", DAYS[0], "import foo-1.0-1");
    git(&work, "up", DAYS[0], &["tag", "--annotate", "imports/c9/foo-1.0-1", "--message", "foo-1.0-1"]);
    std::fs::remove_file(work.path("up/b.patch")).unwrap();
    work.write("up/foo.spec", spec("1.1", "Fri Feb 14 2025", "Patch0: a.patch\n", "y"));
    work.write("up/sources", format!("SHA512 (foo-1.1.tar.gz) = {}\n", "1".repeat(128)));
    commit(&work, "up", DAYS[1], "Update to 1.1");
    git(&work, "up", DAYS[2], &["checkout", "--quiet", "-b", "c9s"]);
    work.write("up/c9s", "only here\n");
    commit(&work, "up", DAYS[2], "Only in c9s");
    git(&work, "up", DAYS[2], &["checkout", "--quiet", "main"]);
    work
}

fn record(work: &Workplace, folder: &str) -> Value {
    serde_json::from_slice(&std::fs::read(work.path(folder).join(".abide-import.json")).unwrap()).unwrap()
}

fn names(work: &Workplace, folder: &str) -> Vec<String> {
    tree(&work.path(folder)).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn branches_tags_and_commits_of_a_clone() {
    if !git_is_there() {
        return;
    }
    let work = upstream();
    let first = work.abide(&["source", "import", "up", "new/foo", "--tag", "imports/c9/foo-1.0-1"]);
    insta::assert_snapshot!(first.golden());
    let expected =
        [".abide-import.json", "a.patch", "b.patch", "foo.spec", "run.sh", "sources", "tests/t.txt"];
    assert_eq!(names(&work, "new/foo"), expected);
    let mode = std::fs::metadata(work.path("new/foo/run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111 & mode, "{mode:o}");
    assert_ne!(mode & 0o100, 0);
    insta::assert_snapshot!(std::fs::read_to_string(work.path("new/foo/.abide-import.json")).unwrap());
    // The next one takes away what is no longer there, and nothing of ours.
    work.write("new/foo/ours.txt", "ours\n");
    let second = work.abide(&["source", "import", "up", "new/foo"]);
    insta::assert_snapshot!(second.golden());
    assert!(!work.path("new/foo/b.patch").exists() && work.path("new/foo/ours.txt").exists());
    let branch = work.abide(&["source", "import", "up", "new/foo", "--branch", "c9s", "--format", "json"]);
    assert_eq!(branch.status, 0, "{}", branch.golden());
    let told: Value = serde_json::from_str(&branch.stdout).unwrap();
    assert_eq!(told, record(&work, "new/foo"));
    assert_eq!(told["origin"]["branch"], "c9s");
    let head = git(&work, "up", DAYS[0], &["rev-parse", "main"]);
    let by_hash = work.abide(&["source", "import", "up", "by-hash", "--commit", &head[..12]]);
    assert_eq!(by_hash.status, 0, "{}", by_hash.golden());
    assert_eq!(record(&work, "by-hash")["origin"]["commit"], head);
    let address = format!("file://{}", work.path("up").display());
    let by_address = work.abide(&["source", "import", &address, "by-address", "--branch", "c9s"]);
    assert_eq!(by_address.status, 0, "{}", by_address.golden());
    assert!(work.path("by-address/c9s").exists());
}

#[test]
fn the_same_source_gives_the_same_record() {
    if !git_is_there() {
        return;
    }
    let work = upstream();
    for folder in ["one", "two"] {
        assert_eq!(work.abide(&["source", "import", "up", folder]).status, 0);
    }
    assert_eq!(tree(&work.path("one")), tree(&work.path("two")));
    let again = work.abide(&["source", "import", "up", "one"]);
    assert!(again.stdout.ends_with("into one: no file differs\n"), "{}", again.stdout);
}

#[test]
fn what_we_changed_is_not_overwritten_unless_asked() {
    if !git_is_there() {
        return;
    }
    let work = upstream();
    work.abide(&["source", "import", "up", "foo", "--tag", "imports/c9/foo-1.0-1"]);
    work.write("foo/foo.spec", "ours\n");
    let before = tree(&work.path("foo"));
    let refused = work.abide(&["source", "import", "up", "foo"]);
    insta::assert_snapshot!(refused.golden());
    assert_eq!(tree(&work.path("foo")), before);
    let dry = work.abide(&["source", "import", "up", "foo", "--force", "--dry-run", "--show"]);
    assert!(dry.stdout.contains("--- a/b.patch\n+++ /dev/null\n"), "{}", dry.stdout);
    assert_eq!(tree(&work.path("foo")), before);
    assert_eq!(work.abide(&["source", "import", "up", "foo", "--force"]).status, 0);
    assert_ne!(tree(&work.path("foo")), before);
    // Files that came from nowhere are not overwritten either.
    work.write("other/a.patch", "somebody's\n");
    let refused = work.abide(&["source", "import", "up", "other"]);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("are there already: a.patch"), "{}", refused.stderr);
    assert_eq!(names(&work, "other"), ["a.patch"]);
}

#[test]
fn what_is_not_there_is_said() {
    if !git_is_there() {
        return;
    }
    let work = upstream();
    for arguments in [
        &["--branch", "no"][..],
        &["--tag", "main"],
        &["--commit", "0000000000000000000000000000000000000000"],
        &["--commit", "xyz"],
    ] {
        let run = work.abide(&[&["source", "import", "up", "foo"], arguments].concat());
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.golden());
        assert!(run.stderr.contains("nothing was changed: up: "), "{}", run.stderr);
        assert!(!work.path("foo").exists());
    }
    work.write("text", "no package\n");
    work.write("empty/x", "");
    for (source, arguments) in
        [("text", &[][..]), ("empty", &[]), ("none", &[]), ("empty", &["--branch", "a"])]
    {
        let run = work.abide(&[&["source", "import", source, "foo"], arguments].concat());
        assert_eq!(run.status, 2, "{source}: {}", run.golden());
        assert!(!work.path("foo").exists());
    }
}

/// A tree whose entry is not named as a file may be.
fn hostile(work: &Workplace, name: &str) {
    work.write("bad/foo.spec", spec("1.0", "Tue Jan 14 2025", "", "x"));
    commit(work, "bad", DAYS[0], "x");
    let blob = git_with(work, "bad", DAYS[0], &["hash-object", "-w", "--stdin"], b"evil\n");
    let id: Vec<u8> = (0..20).map(|i| u8::from_str_radix(&blob[2 * i..2 * i + 2], 16).unwrap()).collect();
    let entry = [b"100644 ", name.as_bytes(), b"\0", &id].concat();
    let tree = git_with(
        work,
        "bad",
        DAYS[0],
        &["hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        &entry,
    );
    let made = git(work, "bad", DAYS[0], &["commit-tree", &tree, "-m", "evil"]);
    git(work, "bad", DAYS[0], &["update-ref", "refs/heads/evil", &made]);
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    if !git_is_there() {
        return;
    }
    for name in ["..", ".git", "a/../../b", ".GIT"] {
        let work = Workplace::new();
        hostile(&work, name);
        let run = work.abide(&["source", "import", "bad", "in/foo", "--branch", "evil"]);
        assert_eq!(run.status, 2, "{name}: {}", run.golden());
        assert!(!work.path("in").exists(), "{name}");
    }
}

#[test]
fn links_are_not_taken_over_and_not_followed() {
    if !git_is_there() {
        return;
    }
    let work = upstream();
    std::os::unix::fs::symlink("/etc/passwd", work.path("up/link")).unwrap();
    commit(&work, "up", DAYS[2], "A link");
    let run = work.abide(&["source", "import", "up", "foo"]);
    assert_eq!(run.status, 1, "{}", run.golden());
    assert!(run.stdout.contains("skipped    link (a link)"), "{}", run.stdout);
    assert!(!work.path("foo/link").exists());
    // Nor is anything written through a link of the folder.
    std::fs::create_dir_all(work.path("outside")).unwrap();
    std::fs::create_dir_all(work.path("bar")).unwrap();
    std::os::unix::fs::symlink(work.path("outside"), work.path("bar/tests")).unwrap();
    let run = work.abide(&["source", "import", "up", "bar"]);
    assert_eq!(run.status, 2, "{}", run.golden());
    assert!(names(&work, "outside").is_empty());
}

#[test]
fn a_folder_and_what_is_wrong_in_it() {
    let work = Workplace::new();
    let lines =
        "# rhbz#1234567\nPatch0: a.patch\n# rhbz#1234567\nPatch1: wants-network-online.target.patch\n";
    work.write("in/SPECS/foo.spec", spec("1.0", "Tue Jan 14 2025", lines, "x"));
    work.write("in/SOURCES/extra.patch", patch("", "a", "old", "new"));
    work.write("in/.foo.metadata", format!("{} SOURCES/foo-1.0.tar.gz\n", "0".repeat(40)));
    work.write("in/.gitignore", "SOURCES/*.tar*\n");
    let run = work.abide(&["source", "import", "in", "foo"]);
    insta::assert_snapshot!(run.golden());
    assert_eq!(record(&work, "foo")["problems"].as_array().unwrap().len(), 3);
    // A file of the lookaside that is another than the metadata says is never taken over.
    work.write("cache/foo-1.0.tar.gz", "another");
    let run = work.abide(&["source", "import", "in", "bar", "--lookaside", "cache"]);
    insta::assert_snapshot!(run.golden());
    assert!(!work.path("bar").exists());
}

#[test]
fn a_source_package_is_laid_out() {
    let work = Workplace::new();
    if !source_package(&work) {
        return;
    }
    let run = work.abide(&["source", "import", "foo.src.rpm", "foo"]);
    assert_eq!(run.status, 0, "{}", run.golden());
    assert!(run.stdout.contains("  nevra      foo-1.0-1.el9.src\n"), "{}", run.stdout);
    assert!(run.stdout.contains("  lookaside  1 verified\n"), "{}", run.stdout);
    let expected = [
        ".abide-import.json",
        ".foo.metadata",
        ".gitignore",
        "SOURCES/a.patch",
        "SOURCES/empty.conf",
        "SOURCES/foo-1.0.tar.gz",
        "SOURCES/wants-network-online.target.patch",
        "SPECS/foo.spec",
    ];
    assert_eq!(names(&work, "foo"), expected);
    let origin = &record(&work, "foo")["origin"];
    assert_eq!((&origin["kind"], &origin["signed"]), (&Value::from("source-rpm"), &Value::from(false)));
    let flat = work.abide(&["source", "import", "foo.src.rpm", "flat", "--flat"]);
    assert_eq!(flat.status, 0, "{}", flat.golden());
    assert!(work.path("flat/foo.spec").exists() && work.path("flat/sources").exists());
    // Another import into the same folder keeps its layout.
    assert_eq!(work.abide(&["source", "import", "foo.src.rpm", "flat"]).status, 0);
    assert!(work.path("flat/foo.spec").exists() && !work.path("flat/SPECS").exists());
}

#[test]
fn a_damaged_source_package_is_refused() {
    let work = Workplace::new();
    if !source_package(&work) {
        return;
    }
    let whole = std::fs::read(work.path("foo.src.rpm")).unwrap();
    for (name, damaged) in [
        ("cut", whole[..whole.len() - 40].to_vec()),
        ("head", whole[..200].to_vec()),
        ("payload", {
            let mut bytes = whole.clone();
            let at = bytes.len() - 30;
            bytes[at] ^= 0x55;
            bytes
        }),
        ("header", {
            let mut bytes = whole.clone();
            let at = bytes.windows(4).rposition(|w| w == [0x8e, 0xad, 0xe8, 1]).unwrap() + 900;
            bytes[at] ^= 0x55;
            bytes
        }),
    ] {
        work.write("bad.src.rpm", damaged);
        let run = work.abide(&["source", "import", "bad.src.rpm", "foo"]);
        assert_eq!(run.status, 2, "{name}: {}", run.golden());
        assert!(!work.path("foo").exists(), "{name}");
    }
}

/// Serves repositories below a folder over HTTP, each request by git's own program.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &folder);
        }
    });
    format!("http://{address}")
}

fn answer(stream: TcpStream, folder: &Path) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let Some((method, rest)) = lines.first().and_then(|line| line.split_once(' ')) else { return };
    let target = rest.split(' ').next().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| {
        let found = lines.iter().filter_map(|line| line.split_once(": "));
        found.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let mut body = Vec::new();
    if let Some(length) = header("content-length") {
        input.take(length.parse().unwrap()).read_to_end(&mut body).unwrap();
    } else if header("transfer-encoding").is_some() {
        body = chunked(&mut input);
    }
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("REQUEST_METHOD", method), ("PATH_INFO", path)])
        .envs([("QUERY_STRING", query), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
        .env("GIT_PROTOCOL", header("git-protocol").unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || pipe.write_all(&body));
    let output = child.wait_with_output().unwrap().stdout;
    let _ = writer.join();
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let content = output.get(end + 4..).unwrap_or_default();
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        content.len()
    );
    let _ = stream.write_all(content);
}

fn chunked(input: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        input.read_exact(&mut chunk).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

#[test]
fn over_http() {
    if !git_is_there() {
        return;
    }
    let work = upstream();
    let address = serve(&work.path(""));
    let source = format!("{address}/up/.git");
    for (arguments, file) in [
        (&["--branch", "c9s"][..], "c9s"),
        (&["--tag", "imports/c9/foo-1.0-1"], "b.patch"),
        (&[], "foo.spec"),
    ] {
        let run = work.abide(&[&["source", "import", &source, "over-http"], arguments].concat());
        assert_eq!(run.status, 0, "{arguments:?}: {}", run.golden());
        assert!(work.path("over-http").join(file).exists(), "{file}");
        std::fs::remove_dir_all(work.path("over-http")).unwrap();
    }
    let none = work.abide(&["source", "import", &format!("{address}/none"), "over-http"]);
    assert_eq!(none.status, 2, "{}", none.golden());
    let none = work.abide(&["source", "import", &source, "over-http", "--branch", "none"]);
    assert_eq!(none.status, 2, "{}", none.golden());
    assert!(none.stderr.contains("no branch \"none\""), "{}", none.stderr);
    assert!(!work.path("over-http").exists());
}
