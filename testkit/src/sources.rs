//! Entries and seeds of the divergence side: specs, patches, modification files, lookaside metadata.

use std::collections::BTreeMap;
use std::path::Path;

use abide_source::annotate::annotated;
use abide_source::import::{Layout, examine, laid_out};
use abide_source::ledger::{Snapshot, ledger};
use abide_source::lint::lint;
use abide_source::modify::date::Date;
use abide_source::modify::without::without_files;
use abide_source::modify::{Request, apply, config};
use abide_source::package::Package;
use abide_source::patch::Patch;
use abide_source::retire::{Against, retire};
use abide_source::spec::Spec;
use abide_source::verify::{Commit, CommitFile, claims, verify};
use abide_source::{lookaside as metadata_of, text};

type Tree = BTreeMap<String, Vec<u8>>;

const SPEC: &str = "%global snapshot 20250114
Name: foo
Version: 1.0%{?snapshot:.%{snapshot}}
Release: %{?snapshot:0.}1%{?dist}
Source0: %{name}-%{version}.tar.gz
# https://example.org/foo/commit/0123456789abcdef0123456789abcdef01234567
Patch0: %{name}-fix.patch
%if 0%{?rhel} >= 9
Patch1: CVE-2024-12345.patch
%else
Patch2: other.patch
%endif
%package devel
Summary: Files
%description devel
Files.
%prep
%setup -q
%patch0 -p1
%patch -P 1 -p1 -b .cve
%build
%changelog
* Tue Jan 14 2025 A. Person <a@example.org> - 1.0-1
- foo-fix.patch: fix (rhbz#1234567)
";

const PATCH: &str = "From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
From: A. Person <a@example.org>
Subject: [PATCH] Fix it

Upstream-commit: 0123456789abcdef0123456789abcdef01234567
Resolves: rhbz#1234567
---
diff --git a/src/a.c b/src/a.c
--- a/src/a.c
+++ b/src/a.c
@@ -1,3 +1,4 @@ fn
 one
-two
+2
+and a half
 three
--- /dev/null
+++ b/new
@@ -0,0 +1 @@
+new
\\ No newline at end of file
-- 
2.40
";

const MODIFICATIONS: &str = "parameters: {el_version: \"9\"}
actions:
  - replace:
      - {target: spec, find: foo, replace: bar, count: 2}
      - {target: spec, rfind: \"(Patch)(\\\\d+)\", replace: \"\\\\1\\\\2\"}
  - delete_line:
      - target: spec
        lines: [\"%build\"]
  - modify_release:
      - suffix: .ours.1
        auto_increment: true
  - add_files:
      - type: patch
        name: b.patch
        number: Latest
        origin: {link: \"https://example.org/1\", kind: bug, cve: [CVE-2024-12345], expires: \"2026-01-31\"}
  - add_line:
      - {target: spec, section: prep, location: bottom, content: |
          true}
  - changelog_entry:
      - {name: A. Person, email: a@example.org, line: [Fix it]}
  - delete_files:
      - file_name: old.patch
";

fn tree(files: &[(&str, &[u8])]) -> Tree {
    files.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect()
}

/// A package with this spec and these patches.
fn package(spec: &[u8], patch: &[u8]) -> Tree {
    tree(&[
        ("SPECS/foo.spec", spec),
        ("SOURCES/foo-fix.patch", patch),
        ("SOURCES/CVE-2024-12345.patch", PATCH.as_bytes()),
        ("SOURCES/old.patch", b"old"),
    ])
}

/// A spec: read, judged, annotated; what is written keeps every byte that is not changed, and a second run changes
/// nothing.
pub fn spec(bytes: &[u8]) {
    let decoded = text::decode(bytes);
    assert!(
        text::encode(&Spec::new(&decoded).text.text()) == bytes,
        "a spec changes when it is written again"
    );
    let mut files = package(bytes, PATCH.as_bytes());
    let Ok(read) = Package::read(&files, Some("9")) else { return };
    let _ = lint(&read, Date::parse("2025-01-14"));
    let snapshot = || Snapshot { branch: "el-9.2".into(), package: &read, commit: None };
    let _ = ledger(&[snapshot(), snapshot()]);
    let _ = examine(&files, None, Some("9"));
    let Ok((changes, _)) = annotated(&files, &read) else { return };
    for change in changes {
        files.insert(change.path, change.after.unwrap_or_default());
    }
    let Ok(again) = Package::read(&files, Some("9")) else { panic!("what was annotated cannot be read") };
    assert!(again.patches.len() == read.patches.len(), "annotating changes the patches");
    let (changes, _) = annotated(&files, &again).expect("memory can be read");
    assert!(changes.is_empty(), "annotating twice changes something");
    let flat = tree(&[("foo.spec", bytes), ("a.patch", PATCH.as_bytes())]);
    let _ = laid_out(flat, Layout::Folders);
}

/// A patch: what it says and changes, held against a commit and against a reference that has another.
pub fn patch(bytes: &[u8]) {
    let patch = Patch::new(bytes);
    assert!(patch.change_id() == Patch::new(bytes).change_id(), "the same bytes were read differently");
    let _ = (patch.subject(), patch.size(), patch.hunk_keys());
    let Ok(ours) = Package::read(&package(SPEC.as_bytes(), bytes), Some("9")) else { return };
    let Ok(reference) = Package::read(&package(SPEC.as_bytes(), PATCH.as_bytes()), Some("9")) else { return };
    let file = CommitFile {
        path: "src/a.c".into(),
        before: Some(b"one\ntwo\nthree\n".to_vec()),
        after: Some(b"one\n2\nand a half\nthree\n".to_vec()),
    };
    let commit = Commit { id: "0".repeat(40), files: vec![file] };
    for listed in &ours.patches {
        let claims = claims(listed);
        let _ = verify(&listed.patch, &claims, std::slice::from_ref(&commit));
    }
    let sources = tree(&[("foo-1.0/src/a.c", b"one\ntwo\nthree\n")]);
    let against = Against { reference: &reference, base: None, names: None, sources: Some(&sources) };
    let _ = retire(&ours, &against);
}

/// A modification file: read, applied to an example, and written without one of its patches.
pub fn modifications(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(modifications) = config::read(text) else { return };
    let package = package(SPEC.as_bytes(), PATCH.as_bytes());
    let beside = tree(&[("files/b.patch", PATCH.as_bytes())]);
    let _ = apply(&Request {
        modifications: &modifications,
        package: &package,
        beside: &beside,
        date: Date::parse("2025-01-14").expect("a day"),
        el_version: None,
        tags: &[],
        ask_rpm: None,
        scripts: None,
    });
    let left = without_files(text, &modifications, &["b.patch"]);
    let _ = config::read(&left);
}

/// Lookaside metadata.
pub fn lookaside(bytes: &[u8]) {
    let text = text::decode(bytes);
    let read = metadata_of::read("sources", &text);
    let lines = text.lines().count();
    assert!(read.stored.len() + read.unknown.len() <= lines, "more files than lines");
    for stored in &read.stored {
        let _ = (stored.is(b"content"), metadata_of::mistaken_by(stored.name()));
    }
}

/// Valid specs: the one above, and those of the examples.
pub(crate) fn specs() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/specs");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "spec")).collect();
    paths.sort();
    let examples = paths.into_iter().take(2).filter_map(|path| std::fs::read(path).ok());
    std::iter::once(SPEC.as_bytes().to_vec()).chain(examples).collect()
}

/// Valid patches.
pub(crate) fn patches() -> Vec<Vec<u8>> {
    vec![PATCH.as_bytes().to_vec()]
}

/// Valid modification files.
pub(crate) fn modifications_seeds() -> Vec<Vec<u8>> {
    vec![MODIFICATIONS.as_bytes().to_vec()]
}

/// Valid metadata of each form.
pub(crate) fn metadata() -> Vec<Vec<u8>> {
    let digest = |digits: usize| "0a".repeat(digits / 2);
    let tagged = format!("SHA512 (foo-1.0.tar.gz) = {}\nSHA256 (b) = {}\n", digest(128), digest(64));
    let plain = format!("{}  foo-1.0.tar.gz\n{} SOURCES/b.target.patch\n", digest(32), digest(40));
    vec![tagged.into_bytes(), plain.into_bytes()]
}
