//! Small packages: where patches come from, what is wrong with them, comments, retirement, the ledger.

use std::collections::{BTreeMap, BTreeSet};

use abide_source::annotate::annotated;
use abide_source::history::{Fate, compare};
use abide_source::ledger::{Snapshot, ledger};
use abide_source::lint::{Rule, lint};
use abide_source::modify::config;
use abide_source::modify::date::Date;
use abide_source::package::{Package, PackageError};
use abide_source::provenance::{Class, Grade, Place, best};
use abide_source::retire::{Against, State, retire};

type Tree = BTreeMap<String, Vec<u8>>;

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

/// A patch that changes one line of a file from one text to another.
fn patch(head: &str, file: &str, from: &str, to: &str) -> String {
    format!(
        "{head}\n--- a/{file}\n+++ b/{file}\n@@ -1,3 +1,3 @@\n before the place\n-{from}\n+{to}\n behind the place\n"
    )
}

fn tree(spec: &str, patches: &[(&str, String)]) -> Tree {
    let mut tree = Tree::from([("SPECS/foo.spec".to_owned(), spec.as_bytes().to_vec())]);
    for (name, text) in patches {
        tree.insert(format!("SOURCES/{name}"), text.as_bytes().to_vec());
    }
    tree
}

fn package(tree: &Tree) -> Package {
    Package::read(tree, Some("9")).unwrap()
}

const HEAD: &str = "Name: foo\nVersion: 1.0\nRelease: 1%{?dist}\n";
const TAIL: &str = "%prep\n%autosetup -p1\n%changelog\n* Tue Jan 14 2025 A <a@b> - 1.0-1\n- x\n";

fn spec(patches: &str) -> String {
    format!("{HEAD}{patches}{TAIL}")
}

fn plain(name: &str) -> String {
    patch("", name, &format!("the old line of {name}"), &format!("the new line of {name}"))
}

#[test]
fn origins_are_found_wherever_they_are_said() {
    let lines = "# https://github.com/a/b/commit/0123456789\nPatch1: own.patch\n\
                 # Fixes of https://bugzilla.redhat.com/show_bug.cgi?id=1\nPatch2: group1.patch\nPatch3: group2.patch\n\n\
                 Patch4: head.patch\n\nPatch5: x-CVE-2024-12345.patch\n\nPatch6: weak.patch\n\nPatch7: none.patch\n\n\
                 #Patch8: off.patch\nPatch9: after-off.patch\n\nPatch10: log-entry.patch\n\n\
                 Patch11: https://example.org/fixes/value.patch\n\nPatch12: ours.patch\n\nPatch13: %{name}-macro.patch\n\n\
                 # snapshot of https://example.org/git/foo.git?h=0123456789\nSource9: foo.tar.gz\nPatch14: after-source.patch\n\n\
                 # Source: https://github.com/a/b/pull/7\nPatch15: source.patch\n";
    let spec = spec(lines).replace("- x\n", "- x\n- log-entry.patch\n  fixes rhbz#1234567\n");
    let weak = format!("From {HASH} Mon Sep 17 00:00:00 2001\n");
    let names = [
        "own",
        "group1",
        "group2",
        "x-CVE-2024-12345",
        "none",
        "after-off",
        "log-entry",
        "value",
        "ours",
        "foo-macro",
        "after-source",
        "source",
    ];
    let mut files: Vec<(String, String)> = names.iter().map(|n| (format!("{n}.patch"), plain(n))).collect();
    files.push(("head.patch".into(), patch(&format!("(cherry picked from commit {HASH})"), "h", "a", "b")));
    files.push(("weak.patch".into(), patch(&weak, "w", "a", "b")));
    let files: Vec<(&str, String)> = files.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
    let mut package = package(&tree(&spec, &files));
    package.learn(&config::read("actions:\n  - add_files:\n    - type: patch\n      name: ours.patch\n      origin:\n        link: https://example.org/1\n").unwrap());
    let found = |file: &str| {
        let listed = package.patches.iter().find(|p| p.file == format!("{file}.patch")).unwrap();
        (listed.grade(), best(&listed.evidence).map(|e| (e.place, e.class)))
    };
    assert_eq!(found("own"), (Grade::Link, Some((Place::Comment, Class::UpstreamCommit))));
    assert_eq!(found("group1"), (Grade::Link, Some((Place::Comment, Class::BugTracker))));
    assert_eq!(found("group2"), (Grade::Link, Some((Place::Group, Class::BugTracker))));
    assert_eq!(found("head"), (Grade::Identifier, Some((Place::Header, Class::UpstreamCommit))));
    assert_eq!(found("x-CVE-2024-12345"), (Grade::Identifier, Some((Place::Name, Class::Cve))));
    assert_eq!(found("weak"), (Grade::Weak, Some((Place::Header, Class::UpstreamCommit))));
    assert_eq!(found("none"), (Grade::None, None));
    // What stands above a source is about that source.
    assert_eq!(found("after-source"), (Grade::None, None));
    assert_eq!(found("source"), (Grade::Link, Some((Place::Comment, Class::MergeRequest))));
    assert_eq!(found("after-off"), (Grade::None, None));
    assert_eq!(found("log-entry"), (Grade::Identifier, Some((Place::Changelog, Class::BugTracker))));
    assert_eq!(found("value"), (Grade::Link, Some((Place::Value, Class::Web))));
    assert_eq!(found("ours"), (Grade::Link, Some((Place::Modification, Class::Web))));
    assert!(
        package.patches.iter().all(|p| p.path.is_some()),
        "{:?}",
        package.patches.iter().map(|p| &p.file).collect::<Vec<_>>()
    );
}

#[test]
fn every_rule_of_the_lint() {
    let lines = "Patch1: a.patch\n# Expires: 2025-01-01\n# rhbz#1234567\nPatch2: b.patch\n# rhbz#1234567\nPatch2: c.patch\n\
                 # rhbz#1234567\nPatch4: gone.patch\n# rhbz#1234567\nPatch5: empty.patch\n# rhbz#1234567\nPatch6: b.patch\n\
                 %if 1\n# rhbz#1234567\nPatch7: d.patch\n%else\n# rhbz#1234567\nPatch7: e.patch\n%endif\n\
                 # rhbz#1234567\nPatch8: rename.patch\n";
    let spec = spec(lines).replace("%autosetup -p1", "%autosetup -N\n%autopatch -M 7");
    let rename =
        format!("From {HASH} Mon Sep 17 00:00:00 2001\ndiff --git a/x b/y\nrename from x\nrename to y\n");
    let mut files =
        vec![("empty.patch", "words\n".to_owned()), ("unused.patch", plain("u")), ("rename.patch", rename)];
    files.extend(["a", "b", "c", "d", "e"].map(|n| {
        (["a.patch", "b.patch", "c.patch", "d.patch", "e.patch"][n.as_bytes()[0] as usize - 97], plain(n))
    }));
    let package = package(&tree(&spec, &files));
    let found = lint(&package, Date::parse("2025-01-02"));
    let rules: Vec<(Rule, &str)> = found.iter().map(|f| (f.rule, f.patch.as_str())).collect();
    assert_eq!(
        rules,
        [
            (Rule::UnusedFile, "unused.patch"),
            (Rule::NoProvenance, "a.patch"),
            (Rule::Expired, "b.patch"),
            (Rule::DuplicateNumber, "c.patch"),
            (Rule::MissingFile, "gone.patch"),
            (Rule::Empty, "empty.patch"),
            (Rule::DuplicateFile, "b.patch"),
            (Rule::NotApplied, "rename.patch"),
        ]
    );
    assert!(lint(&package, None).iter().all(|f| f.rule != Rule::Expired));
    assert!(lint(&package, Date::parse("2025-01-01")).iter().all(|f| f.rule != Rule::Expired));
}

#[test]
fn comments_are_written_once_and_only_where_something_is_known() {
    let lines = "# known rhbz#1234567\nPatch1: known.patch\n\nPatch2: head.patch\nPatch3: none.patch\nPatch4: weak.patch\n\
                 %global two %{expand:\nPatch5: head2.patch\n}\n";
    let head = patch(
        &format!(
            "Subject: [PATCH] 100%\nUpstream-commit: {HASH}\nResolves: CVE-2024-12345, rhbz#1234567\nLink: https://github.com/a/b/pull/7?x=%41"
        ),
        "h",
        "a",
        "b",
    );
    let weak = patch(&format!("From {HASH} Mon Sep 17 00:00:00 2001"), "w", "a", "b");
    let mut tree = tree(
        &spec(lines),
        &[
            ("known.patch", plain("k")),
            ("head.patch", head.clone()),
            ("none.patch", plain("n")),
            ("weak.patch", weak),
            ("head2.patch", head),
        ],
    );
    let package_before = package(&tree);
    let (changes, annotations) = annotated(&tree, &package_before).unwrap();
    assert_eq!(annotations.len(), 1);
    let after = String::from_utf8(changes[0].after.clone().unwrap()).unwrap();
    let comment = format!(
        "# Origin: https://github.com/a/b/pull/7?x=%%41\n# Commit: {HASH}\n# Bug: rhbz#1234567\n# CVE: CVE-2024-12345\nPatch2: head.patch\nPatch3: none.patch\n"
    );
    assert!(after.contains(&comment), "{after}");
    tree.insert("SPECS/foo.spec".into(), after.into_bytes());
    let package_after = package(&tree);
    assert!(annotated(&tree, &package_after).unwrap().0.is_empty());
    let none = package_after.patches.iter().find(|p| p.file == "none.patch").unwrap();
    assert_eq!(none.grade(), Grade::None, "a comment that was written for one patch is not another's");
    let head = package_after.patches.iter().find(|p| p.file == "head.patch").unwrap();
    assert!(
        head.evidence
            .iter()
            .any(|e| e.place == Place::Comment && e.text == "https://github.com/a/b/pull/7?x=%41")
    );
}

#[test]
fn patches_that_the_reference_has() {
    let two = format!("{}{}", plain("p1"), plain("p2").trim_start());
    let ours = tree(
        &spec(
            "Patch1: same.patch\nPatch2: moved.patch\nPatch3: split.patch\nPatch4: x-CVE-2024-11111.patch\nPatch5: clash.patch\nPatch6: needed.patch\nPatch7: half.patch\nPatch8: gone.patch\nPatch9: fedora.patch\n",
        ),
        &[
            ("same.patch", plain("s")),
            ("moved.patch", plain("m")),
            ("split.patch", two.clone()),
            ("x-CVE-2024-11111.patch", plain("c")),
            ("clash.patch", patch("", "z", "this is the old line", "ours")),
            ("needed.patch", plain("n")),
            ("half.patch", format!("{}{}", plain("p1"), plain("q").trim_start())),
            ("fedora.patch", plain("f")),
        ],
    );
    let reference = tree(
        &spec("Patch1: other.patch\nPatch7: same.patch\nPatch8: renamed.patch\nPatch9: p1.patch\nPatch10: p2.patch\n")
            .replace("- x\n", "- fix CVE-2024-11111\n"),
        &[
            ("other.patch", patch("", "z", "this is the old line", "theirs")),
            ("same.patch", plain("s")),
            ("renamed.patch", plain("m").replace("@@ -1,3 +1,3 @@", "@@ -9,3 +11,3 @@")),
            ("p1.patch", plain("p1")),
            ("p2.patch", plain("p2")),
        ],
    );
    let base = tree(&spec("Patch9: fedora.patch\n"), &[("fedora.patch", plain("f"))]);
    let (ours, reference, base) = (package(&ours), package(&reference), package(&base));
    let against = Against { reference: &reference, base: Some(&base), names: None, sources: None };
    let found = retire(&ours, &against).unwrap();
    let states: Vec<(&str, State, &str)> =
        found.iter().map(|r| (r.file.as_str(), r.state, r.how.as_str())).collect();
    assert_eq!(
        states,
        [
            ("same.patch", State::Contained, "the reference has this file, as number 7"),
            (
                "moved.patch",
                State::Contained,
                "the reference has the same change, as renamed.patch, number 8"
            ),
            ("split.patch", State::Contained, "all its places are in p1.patch, p2.patch"),
            (
                "x-CVE-2024-11111.patch",
                State::FixedOtherwise,
                "the reference fixes CVE-2024-11111 in its changelog (line 13)"
            ),
            (
                "clash.patch",
                State::Conflict,
                "other.patch removes a line of z that it stands on: this is the old line"
            ),
            ("needed.patch", State::Needed, "the reference does not have it"),
            ("half.patch", State::Conflict, "the reference has 1 of its 2 places"),
            ("gone.patch", State::Unknown, "the file is not there"),
        ]
    );
    let names = BTreeSet::from(["needed.patch".to_owned()]);
    let named = Against { names: Some(&names), ..against };
    assert_eq!(retire(&ours, &named).unwrap().len(), 1);
}

#[test]
fn patches_that_the_new_sources_have() {
    let ours = tree(
        &spec("Patch1: in.patch\nPatch2: fits.patch\nPatch3: not.patch\n"),
        &[("in.patch", plain("i")), ("fits.patch", plain("f")), ("not.patch", plain("n"))],
    );
    let text = |line: &str| format!("x\nbefore the place\n{line}\nbehind the place\n").into_bytes();
    let sources = Tree::from([
        ("foo-1.1/i".to_owned(), text("the new line of i")),
        ("foo-1.1/f".to_owned(), text("the old line of f")),
        ("foo-1.1/n".to_owned(), text("another line")),
    ]);
    let (ours, reference) = (package(&ours), package(&tree(&spec(""), &[])));
    let against = Against { reference: &reference, base: None, names: None, sources: Some(&sources) };
    let states: Vec<State> = retire(&ours, &against).unwrap().into_iter().map(|r| r.state).collect();
    assert_eq!(states, [State::Contained, State::Needed, State::Conflict]);
}

#[test]
fn history_and_ledger() {
    let at = |version: &str, day: &str, lines: &str, files: &[(&str, String)]| {
        let text = spec(lines)
            .replace("Version: 1.0", &format!("Version: {version}"))
            .replace("Tue Jan 14 2025", day)
            .replace("- 1.0-1", &format!("- {version}-1"));
        package(&tree(&text, files))
    };
    let first = at(
        "1.0",
        "Tue Jan 14 2025",
        "# Use our name\n# Kind: branding\n# Approved-By: A. Person\nPatch1: a.patch\nPatch2: b.patch\nPatch3: old-name.patch\n",
        &[("a.patch", plain("a")), ("b.patch", plain("b")), ("old-name.patch", plain("o"))],
    );
    let second = at(
        "1.1",
        "Wed Jan 15 2025",
        "# Use our name\n# Kind: branding\nPatch5: a.patch\nPatch3: new-name.patch\nPatch4: x-CVE-2025-12345.patch\n",
        &[
            ("a.patch", plain("changed")),
            ("new-name.patch", plain("o")),
            ("x-CVE-2025-12345.patch", plain("c")),
        ],
    );
    let events: Vec<(Fate, String, String)> =
        compare(&first, &second).into_iter().map(|e| (e.fate, e.before, e.after)).collect();
    let event = |fate, before: &str, after: &str| (fate, before.to_owned(), after.to_owned());
    assert_eq!(
        events,
        [
            event(Fate::Added, "", "x-CVE-2025-12345.patch"),
            event(Fate::Removed, "b.patch", ""),
            event(Fate::Edited, "a.patch", "a.patch"),
            event(Fate::Renamed, "old-name.patch", "new-name.patch"),
            event(Fate::Renumbered, "a.patch", "a.patch"),
        ]
    );
    let snapshots = [
        Snapshot { branch: "el-9.3".into(), package: &second, commit: None },
        Snapshot { branch: "el-9.2".into(), package: &first, commit: None },
        Snapshot { branch: "el-8.8".into(), package: &first, commit: None },
    ];
    let entries = ledger(&snapshots);
    let shown: Vec<String> = entries
        .iter()
        .map(|e| {
            let end =
                e.end.as_ref().map_or(String::new(), |end| format!("; {}: {}", end.at.version, end.why));
            let or_before = if e.since_or_before { "<=" } else { "" };
            format!(
                "{} {} {} {} {or_before}{} {}{end}",
                e.line,
                e.anchor,
                e.kind,
                e.kind_is_declared,
                e.since.version,
                e.branches.join(",")
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "8 foo-8-a-patch branding true <=1.0-1 el-8.8",
            "8 foo-8-b-patch bug false <=1.0-1 el-8.8",
            "8 foo-8-old-name-patch bug false <=1.0-1 el-8.8",
            "9 foo-9-a-patch branding true <=1.0-1 el-9.2,el-9.3",
            "9 foo-9-new-name-patch bug false <=1.0-1 el-9.2,el-9.3",
            "9 foo-9-x-cve-2025-12345-patch security false 1.1-1 el-9.3",
            "9 foo-9-b-patch bug false <=1.0-1 el-9.2; 1.1-1: the new version 1.1 does without it",
        ]
    );
    assert_eq!(entries[0].why, "Use our name");
    assert_eq!(entries[0].approved_by.as_deref(), Some("A. Person"));
}

#[test]
fn folders_that_are_no_package() {
    assert!(matches!(Package::read(&Tree::new(), None), Err(PackageError::Specs(0))));
    let two = Tree::from([("a.spec".to_owned(), Vec::new()), ("b.spec".to_owned(), Vec::new())]);
    assert!(matches!(Package::read(&two, None), Err(PackageError::Specs(2))));
    let empty = Tree::from([("a.spec".to_owned(), Vec::new())]);
    let package = Package::read(&empty, None).unwrap();
    assert_eq!((package.name.as_str(), package.version().as_str()), ("a", "unknown"));
}
