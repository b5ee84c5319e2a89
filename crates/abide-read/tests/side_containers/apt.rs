//! apt repositories, flat and with suites, in folders and over HTTP.

use std::path::Path;

use abide_model::{GapKind, TypeEvidence};
use sha2::{Digest as _, Sha256};

use crate::craft::{compress, regular};
use crate::debuginfo::split;
use crate::http::{Answer, Server};
use crate::support::{artifact, artifacts, has, open, open_with, plain_library, refusal, try_open};
use crate::tarball::Deb;

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Writes a package to the pool and returns its stanza.
fn add(root: &Path, file: &str, name: &str, deb: &Deb, more: &str) -> String {
    let bytes = deb.bytes();
    let path = root.join("pool").join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &bytes).unwrap();
    format!(
        "Package: {name}\nSource: made\nVersion: 1:1.0-1\nArchitecture: amd64\nFilename: pool/{file}\nSize: {}\n\
        SHA256: {}\n{more}Description: made\n with more\n\n",
        bytes.len(),
        hex(&bytes)
    )
}

/// Writes an index with the `Release` of its suite.
fn suite(root: &Path, indexes: &[(&str, &str, &[u8])]) {
    let folder = root.join("dists/made");
    let mut release = "Origin: Made\nSuite: made\nSHA256:\n".to_owned();
    for (path, compressor, text) in indexes {
        let bytes = compress(compressor, text);
        std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        std::fs::write(folder.join(path), &bytes).unwrap();
        release.push_str(&format!(" {} {} {path}\n", hex(&bytes), bytes.len()));
    }
    release.push_str(&format!(" {} 5 main/binary-arm64/Packages.xz\n", "0".repeat(64)));
    std::fs::write(folder.join("Release"), release).unwrap();
}

fn small(name: &str) -> Deb {
    Deb::new(name, vec![regular("/usr/lib/libsmall.so", &plain_library())])
}

#[test]
fn suites_and_parts_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let one = add(root, "one.deb", "one", &small("one"), "");
    let two = add(root, "two.deb", "two", &small("two"), "");
    std::fs::write(root.join("pool/stray.deb"), small("stray").bytes()).unwrap();
    suite(
        root,
        &[
            ("main/binary-amd64/Packages.xz", "xz", one.as_bytes()),
            ("extra/binary-amd64/Packages.gz", "gzip", two.as_bytes()),
            ("main/debian-installer/binary-amd64/Packages.gz", "gzip", b"not read"),
        ],
    );
    let names = |path: &str| -> Vec<String> {
        let side = open(root.join(path));
        assert_eq!((side.input_kind.as_str(), side.gaps.len()), ("repository", 0));
        side.packages.iter().map(|p| p.meta.as_ref().unwrap().nevra.name.clone()).collect()
    };
    assert_eq!(names(""), ["one", "two"]);
    assert_eq!(names("dists/made"), ["one", "two"]);
    assert_eq!(names("dists/made/extra"), ["two"]);
    assert_eq!(names("dists/made/main/binary-amd64"), ["one"]);
    // A package that is not the stated one, and one that is not there.
    std::fs::write(root.join("pool/one.deb"), small("other").bytes()).unwrap();
    std::fs::remove_file(root.join("pool/two.deb")).unwrap();
    let error = refusal(root);
    assert!(error.contains("nothing in it can be read"), "{error}");
    // An index that is not the stated one.
    std::fs::write(root.join("dists/made/main/binary-amd64/Packages.xz"), compress("xz", b"")).unwrap();
    let error = refusal(root);
    assert!(error.contains("has not the checksum that the repository states"), "{error}");
    std::fs::create_dir_all(root.join("dists/other")).unwrap();
    std::fs::write(root.join("dists/other/Release"), "SHA256:\n").unwrap();
    let error = refusal(root);
    assert!(error.contains("several suites: made, other"), "{error}");
}

#[test]
fn flat_folders() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let one = add(root, "one.deb", "one", &small("one"), "").replace("pool/", "./pool/");
    let missing = one.replace("one.deb", "missing.deb").replace("Package: one", "Package: missing");
    std::fs::write(root.join("Packages"), [one.clone(), missing].concat()).unwrap();
    let side = open(root);
    assert_eq!(artifacts(&side).count(), 1);
    assert_eq!(side.gaps.len(), 1);
    assert_eq!(
        (side.gaps[0].kind, side.gaps[0].subject.to_string().as_str()),
        (GapKind::MissingPackage, "missing-1:1.0-1.amd64")
    );
    let bad = one.replace("Filename: ./pool", "Filename: ../pool");
    std::fs::write(root.join("Packages"), [one.clone(), bad].concat()).unwrap();
    let side = open(root);
    assert!(side.gaps[0].detail.contains("outside of the repository"), "{:?}", side.gaps);
    std::fs::write(root.join("Release"), format!("SHA256:\n {} 1 Packages\n", "0".repeat(64))).unwrap();
    assert!(try_open(root).is_err(), "larger than stated");
    std::fs::remove_file(root.join("Release")).unwrap();
    std::fs::write(root.join("Packages"), one.replace("Version: 1:1.0-1\n", "")).unwrap();
    assert!(refusal(root).contains("no field `Version`"));
}

#[test]
fn over_http_only_what_is_needed_is_fetched() {
    if !has("objcopy") {
        return;
    }
    let made = tempfile::tempdir().unwrap();
    let split = split(made.path(), &[]);
    let library = std::fs::read(&split.library).unwrap();
    let id = abide_read::debuginfo::probe(&library).build_id.unwrap();
    let place = abide_read::debuginfo::build_id_path("/usr/lib/debug", &id).to_string();
    let debug = Deb::new("pair-dbgsym", vec![regular(&place, &std::fs::read(&split.debug).unwrap())]);
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let pair =
        add(root, "pair.deb", "pair", &Deb::new("pair", vec![regular("/usr/lib/libpair.so", &library)]), "");
    let id: String = id.iter().map(|b| format!("{b:02x}")).collect();
    let debug = add(root, "pair-dbgsym.deb", "pair-dbgsym", &debug, &format!("Build-Ids: {id}\n"));
    let other = add(root, "other-dbgsym.deb", "other-dbgsym", &small("other-dbgsym"), "Build-Ids: 0123\n");
    let both = [pair.clone(), debug.clone(), other.clone()].concat();
    suite(root, &[("main/binary-amd64/Packages.xz", "xz", both.as_bytes())]);
    let server = Server::start(root.to_owned(), |_, _| Answer::File);
    let error = refusal(format!("{}dists/made", server.url));
    assert!(error.contains("several architectures: amd64, arm64"), "{error}");
    let url = format!("{}dists/made/main/binary-amd64", server.url);
    let side = open(&url);
    assert!(artifact(&side, "/usr/lib/libpair.so").types.graph().is_some());
    assert!(server.asked().iter().all(|path| !path.contains("other-dbgsym")), "{:?}", server.asked());
    // The debug packages of another repository.
    suite(root, &[("main/binary-amd64/Packages.xz", "xz", [debug, other].concat().as_bytes())]);
    let lone = root.join("pool/pair.deb");
    let found = open_with(&lone, &[Path::new(&url)]);
    assert!(matches!(artifact(&found, "/usr/lib/libpair.so").types, TypeEvidence::Read { .. }));
}
