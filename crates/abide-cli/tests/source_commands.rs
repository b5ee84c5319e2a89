//! Every `abide source` command as its users meet it: its help, a good run, and what it says when something is wrong.

#[allow(dead_code)]
mod common;
#[allow(dead_code)]
#[path = "common/dist_git.rs"]
mod dist_git;

use common::Workplace;
use dist_git::{commit, git, git_is_there, patch, spec, tree};
use serde_json::Value;

/// Our package with every kind of patch, and the reference that it stands beside.
fn packages() -> Workplace {
    let work = Workplace::new();
    let hash = "0123456789abcdef0123456789abcdef01234567";
    let lines = "# Use our name\n# Kind: branding\n# Approved-By: A. Person\n# Expires: 2025-01-31\n# Upstream-Status: not upstream\n\
                 Patch0: branding.patch\n\
                 # https://github.com/foo/foo/commit/0123456789\nPatch1: known.patch\n\n\
                 Patch2: mail.patch\n\nPatch3: foo-CVE-2024-12345.patch\n\nPatch4: weak.patch\n\nPatch5: none.patch\n\nPatch6: gone.patch\n";
    work.write("ours/foo/SPECS/foo.spec", spec("1.0", "Tue Jan 14 2025", lines, "x"));
    let mail = format!(
        "From {hash} Mon Sep 17 00:00:00 2001\nSubject: [PATCH] Fix it\n\nUpstream-commit: {hash}\nResolves: rhbz#1234567\n---\n"
    );
    let weak = format!("From {hash} Mon Sep 17 00:00:00 2001\nSubject: [PATCH] Weak\n---\n");
    for (name, head) in [
        ("branding", ""),
        ("known", ""),
        ("mail", mail.as_str()),
        ("foo-CVE-2024-12345", ""),
        ("weak", weak.as_str()),
        ("none", ""),
        ("unused", ""),
    ] {
        work.write(
            &format!("ours/foo/SOURCES/{name}.patch"),
            patch(head, name, &format!("the old line of {name}"), &format!("the new line of {name}")),
        );
    }
    let lines = "Patch0: other-name.patch\n";
    let reference =
        spec("1.0", "Wed Jan 15 2025", lines, "Fix CVE-2024-12345").replace("Release: 1", "Release: 2");
    work.write("reference/foo/SPECS/foo.spec", reference);
    let other = patch("", "known", "the old line of known", "the new line of known");
    work.write("reference/foo/SOURCES/other-name.patch", other);
    work
}

#[test]
fn help_of_every_command() {
    let work = Workplace::new();
    for command in ["import", "apply", "lint", "annotate", "retire", "ledger", "status"] {
        let run = work.abide(&["source", command, "--help"]);
        insta::assert_snapshot!(format!("help_{command}"), run.golden());
    }
    insta::assert_snapshot!("help", work.abide(&["source", "--help"]).golden());
}

#[test]
fn what_is_no_package_is_said_by_every_command() {
    let work = Workplace::new();
    work.write("empty/x", "");
    work.write("two/a.spec", "");
    work.write("two/b.spec", "");
    let mut text = String::new();
    for command in ["lint", "annotate", "ledger", "status"] {
        for folder in ["empty", "two", "none"] {
            let run = work.abide(&["source", command, folder]);
            assert_eq!(run.status, 2, "{command} {folder}: {}", run.golden());
            text.push_str(&format!("== {command} {folder}\n{}", run.golden()));
        }
    }
    for arguments in [["retire", "empty", "two"], ["apply", "none.yaml", "empty"]] {
        let run = work.abide(&[&["source"], &arguments[..]].concat());
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.golden());
        text.push_str(&format!("== {arguments:?}\n{}", run.golden()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn lint() {
    let work = packages();
    let run = work.abide(&["source", "lint", "ours", "--date", "2025-02-01"]);
    insta::assert_snapshot!(run.golden());
    let json = work.abide(&["source", "lint", "ours", "--date", "2025-02-01", "--format", "json"]);
    assert_eq!(json.status, 1);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["coverage"]["patches"], 7);
    let summary = work.abide(&["source", "lint", "ours", "--summary"]);
    assert!(!summary.stdout.contains("none.patch"), "{}", summary.stdout);
    let one = work.abide(&["source", "lint", "reference", "ours/foo", "-o", "report.txt"]);
    assert_eq!((one.status, one.stdout.as_str()), (1, ""));
    assert!(std::fs::read_to_string(work.path("report.txt")).unwrap().contains("8 patches of 2 packages"));
}

#[test]
fn annotate() {
    let work = packages();
    let before = tree(&work.path("ours"));
    let dry = work.abide(&["source", "annotate", "ours", "--dry-run"]);
    insta::assert_snapshot!(dry.golden());
    assert_eq!(tree(&work.path("ours")), before);
    let run = work.abide(&["source", "annotate", "ours"]);
    insta::assert_snapshot!(run.golden());
    let after = tree(&work.path("ours"));
    assert_ne!(after, before);
    let again = work.abide(&["source", "annotate", "ours"]);
    assert_eq!(again.stdout, "annotated 0 patches of 1 package\n");
    assert_eq!(tree(&work.path("ours")), after);
}

#[test]
fn retire() {
    let work = packages();
    insta::assert_snapshot!(work.abide(&["source", "retire", "ours/foo", "reference/foo"]).golden());
    let actions = "actions:\n  - add_files:\n      - type: patch\n        name: known.patch\n      - type: patch\n        name: none.patch\n";
    work.write("mods.yaml", actions);
    let proposed = work.abide(&[
        "source",
        "retire",
        "ours/foo",
        "reference/foo",
        "--modifications",
        "mods.yaml",
        "--propose",
        "new.yaml",
    ]);
    insta::assert_snapshot!(proposed.golden());
    let left = std::fs::read_to_string(work.path("new.yaml")).unwrap();
    assert!(!left.contains("known.patch") && left.contains("none.patch"), "{left}");
    // The new sources, unpacked and as an archive.
    work.write("new/foo-1.1/none", "before the place\nthe new line of none\nbehind the place\n");
    let made = std::process::Command::new("tar")
        .current_dir(work.path("new"))
        .args(["-czf", "../foo-1.1.tar.gz", "foo-1.1"])
        .status();
    assert!(made.unwrap().success());
    for sources in ["new", "foo-1.1.tar.gz"] {
        let run = work.abide(&["source", "retire", "ours/foo", "reference/foo", "--sources", sources]);
        let line = "contained       Patch5 none.patch: the new sources have all its places\n";
        assert!(run.stdout.contains(line), "{sources}: {}", run.golden());
    }
    let missing = work.abide(&["source", "retire", "ours/foo", "reference/foo", "--sources", "no"]);
    assert_eq!(missing.status, 2);
}

#[test]
fn status() {
    let work = packages();
    let run = work.abide(&["source", "status", "ours", "--reference", "reference", "--date", "2025-02-01"]);
    insta::assert_snapshot!(run.golden());
}

#[test]
fn ledger() {
    let work = packages();
    insta::assert_snapshot!(work.abide(&["source", "ledger", "ours"]).golden());
    let mut anchors = Vec::new();
    for (format, mark) in [("markdown", "<a id=\""), ("html", "<tr id=\""), ("json", "\"anchor\": \"")] {
        let run = work.abide(&["source", "ledger", "ours", "--format", format]);
        assert_eq!(run.status, 0);
        let mut found: Vec<String> =
            run.stdout.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        found.sort();
        anchors.push(found);
    }
    assert!(anchors[0].len() == 7 && anchors.iter().all(|found| *found == anchors[0]), "{anchors:?}");
    let address = "https://example.org/ledger.html";
    let feed = work.abide(&["source", "ledger", "ours", "--format", "atom", "--address", address]);
    for anchor in &anchors[0] {
        assert!(feed.stdout.contains(&format!("<link href=\"{address}#{anchor}\"/>")), "{anchor}");
    }
    // What could not be read is said in every format.
    std::fs::create_dir(work.path("hollow")).unwrap();
    for format in ["markdown", "html", "json", "atom"] {
        let run = work.abide(&["source", "ledger", "ours", "hollow", "--format", format]);
        assert_eq!(run.status, 2, "{format}: {}", run.stdout);
        let words = if format == "json" { "\"hollow\": \"" } else { "hollow: not read: " };
        assert!(run.stdout.contains(words), "{format}: {}", run.stdout);
    }
}

#[test]
fn a_divergence_is_linked_to_the_bug_that_it_ended() {
    let work = packages();
    let plain = work.abide(&["source", "ledger", "ours", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&plain.stdout).expect("JSON");
    let of = |at: usize, name: &str| document["divergences"][at][name].as_str().expect("a text").to_owned();
    let (anchor, package, file) = (of(0, "anchor"), of(1, "package"), of(1, "file"));
    let bug = |title: &str, package: &str, fixed_by: &str| {
        format!(
            "title = \"{title}\"\npackage = \"{package}\"\nexpected = \"a\"\nactual = \"b\"\n\
             links = [\"https://bugs.example.org/1\"]\nfixed-by = [\"{fixed_by}\"]\n[reproducer]\nscript = \"true\"\n"
        )
    };
    work.write("bugs/one.toml", bug("one | bug", "other", &anchor));
    work.write("bugs/two.toml", bug("two", &package, &file));
    work.write("bugs/none.toml", bug("of another", "other", &file));
    for (format, one) in
        [("json", "one | bug"), ("markdown", "fixes one \\| bug"), ("html", ">one | bug</a>")]
    {
        let run = work.abide(&["source", "ledger", "ours", "--format", format, "--bugs", "bugs"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        assert_eq!(run.stdout.matches(one).count(), 1, "{format}: {}", run.stdout);
        assert!(run.stdout.contains("two") && !run.stdout.contains("of another"), "{format}: {}", run.stdout);
    }
    let run = work.abide(&["source", "ledger", "ours", "--format", "json", "--bugs", "bugs"]);
    let linked: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(linked["divergences"][0]["fixes"][0]["title"], "one | bug");
    assert_eq!(linked["divergences"][1]["fixes"][0]["link"], "https://bugs.example.org/1");
}

/// A repository in which patches begin and end on two branches.
fn repository() -> Workplace {
    let work = Workplace::new();
    let write = |version: &str, day: &str, lines: &str, entry: &str| {
        work.write("foo/foo.spec", spec(version, day, lines, entry));
    };
    let of =
        |name: &str| patch("", name, &format!("the old line of {name}"), &format!("the new line of {name}"));
    work.write("foo/README", "No package yet\n");
    commit(&work, "foo", "2025-01-01", "Begin");
    git(&work, "foo", "2025-01-01", &["branch", "--move", "a9"]);
    write("1.0", "Tue Jan 14 2025", "Patch0: a.patch\n", "x");
    work.write("foo/a.patch", of("a"));
    commit(&work, "foo", "2025-01-14", "import foo-1.0-1");
    let lines = "Patch0: a.patch\n# Kind: branding\nPatch1: b.patch\n# rhbz#1234567\nPatch2: c.patch\n";
    write("1.0", "Tue Jan 14 2025", lines, "x");
    work.write("foo/b.patch", of("b"));
    work.write("foo/c.patch", of("c"));
    commit(&work, "foo", "2025-01-20", "Add ours");
    git(&work, "foo", "2025-01-20", &["branch", "a9-beta"]);
    std::fs::remove_file(work.path("foo/a.patch")).unwrap();
    let lines = "# Kind: branding\nPatch1: b.patch\n# rhbz#1234567\nPatch2: c.patch\n";
    write("1.0", "Tue Jan 14 2025", lines, "x");
    commit(&work, "foo", "2025-02-01", "Drop a.patch: nobody wants it");
    std::fs::remove_file(work.path("foo/c.patch")).unwrap();
    write(
        "1.1",
        "Fri Feb 14 2025",
        "# Kind: branding\nPatch1: b.patch\n",
        "Update to 1.1, which has the fix (rhbz#1234567)",
    );
    commit(&work, "foo", "2025-02-14", "import foo-1.1-1");
    work
}

#[test]
fn ledger_from_the_history_of_a_repository() {
    if !git_is_there() {
        return;
    }
    let work = repository();
    let run = work.abide(&["source", "ledger", "foo", "--history"]);
    insta::assert_snapshot!(run.golden());
    let json = work.abide(&["source", "ledger", "foo", "--history", "--format", "json", "--branch", "a9"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    let found: Vec<(String, bool, String)> = document["divergences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&d["file"]), d["since-or-before"] == true, text(&d["ended"]["why"]))
        })
        .collect();
    let expected = [
        ("b.patch", false, ""),
        ("a.patch", true, "it was dropped (commit: Drop a.patch: nobody wants it)"),
        (
            "c.patch",
            false,
            "the new version 1.1 does without it (changelog: Update to 1.1, which has the fix (rhbz#1234567))",
        ),
    ];
    assert_eq!(found, expected.map(|(file, first, why)| (file.to_owned(), first, why.to_owned())));
    let begun = git(&work, "foo", "2025-01-01", &["rev-parse", "a9~2"]);
    assert_eq!(document["divergences"][0]["since"]["commit"], begun);
    let none = work.abide(&["source", "ledger", "foo", "--history", "--branch", "c*"]);
    assert_eq!(none.status, 2, "{}", none.golden());
    git(&work, ".", "2025-01-01", &["init", "--quiet", "bare"]);
    let none = work.abide(&["source", "ledger", "bare", "--history"]);
    assert!(
        none.status == 2 && none.stdout.contains("bare: not read: it has no branches"),
        "{}",
        none.golden()
    );
    let none = work.abide(&["source", "ledger", ".", "--history"]);
    assert_eq!(none.status, 2);
    assert!(none.stderr.contains("no git repository"), "{}", none.stderr);
}

#[test]
fn status_from_the_history_of_a_repository() {
    if !git_is_there() {
        return;
    }
    let work = repository();
    let run = work.abide(&["source", "status", "foo", "--history"]);
    assert!(run.stdout.contains("  since       b.patch (1.0-1, 2025-01-20)\n"), "{}", run.golden());
    let none = packages().abide(&["source", "status", "ours", "--history"]);
    assert!(none.stdout.contains("  since       no git history here\n"), "{}", none.golden());
}

#[test]
fn patches_are_held_against_the_commits_they_claim() {
    if !git_is_there() {
        return;
    }
    let work = Workplace::new();
    let numbered = |changed: &str| {
        let lines = (1..=20).map(|n| if n == 10 { format!("{changed}\n") } else { format!("line {n}\n") });
        lines.collect::<String>()
    };
    work.write("clones/foo/src/a.c", numbered("line 10"));
    work.write("clones/foo/NEWS", "old\n");
    commit(&work, "clones/foo", "2025-01-01", "Begin");
    work.write("clones/foo/src/a.c", numbered("changed"));
    work.write("clones/foo/NEWS", "new\n");
    let hash = commit(&work, "clones/foo", "2025-01-02", "Fix it");
    let whole = git(&work, "clones/foo", "2025-01-02", &["format-patch", "-1", "--stdout"]);
    let claim = format!("(cherry picked from commit {hash})\n");
    let of = |context: &str, new: &str| {
        format!(
            "{claim}--- a/src/a.c\n+++ b/src/a.c\n@@ -9,3 +9,3 @@\n {context}\n-line 10\n+{new}\n line 11\n"
        )
    };
    let news = "--- a/NEWS\n+++ b/NEWS\n@@ -1 +1 @@\n-old\n+new\n";
    let patches = [
        ("same", whole.clone()),
        ("drift", format!("{}{news}", of("another line 9", "changed"))),
        ("part", of("line 9", "changed")),
        ("different", of("line 9", "changed otherwise")),
        ("not-found", of("line 9", "changed").replace(&hash, &"0123456789".repeat(4).replace('9', "a"))),
        ("none", of("line 9", "changed").replace(&claim, "")),
    ];
    let mut lines = String::new();
    for (number, (name, text)) in patches.iter().enumerate() {
        lines.push_str(&format!("# rhbz#1234567\nPatch{number}: {name}.patch\n"));
        work.write(&format!("ours/{name}.patch"), text);
    }
    work.write("ours/foo.spec", spec("1.0", "Tue Jan 14 2025", &lines, "x"));
    let run = work.abide(&["source", "lint", "ours", "--verify", "clones"]);
    insta::assert_snapshot!(run.golden().replace(&hash[..12], "COMMIT"));
    let by_clone = work.abide(&["source", "lint", "ours", "--verify", "clones/foo", "--format", "json"]);
    let document: Value = serde_json::from_str(&by_clone.stdout).unwrap();
    let found: Vec<&str> = document["packages"][0]["patches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|patch| patch["verification"]["likeness"].as_str().unwrap())
        .collect();
    let expected = ["same", "context-drift", "part", "different", "commit-not-found", "no-commit-claimed"];
    assert_eq!(found, expected);
    let wrong = work.abide(&["source", "lint", "ours", "--verify", "none"]);
    assert_eq!(wrong.status, 2, "{}", wrong.golden());
}
