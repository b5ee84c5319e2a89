//! Plain files and directories: what is an artifact, what an alias, what a debug file.

use std::os::unix::fs::symlink;

use abide_model::{DebugSource, TypeEvidence};

use crate::craft::compress;
use crate::support::{artifact, artifacts, library, open, plain_library};

const SOURCE: &str = "struct pair { int a; long b; }; long sum(struct pair p) { return p.a + p.b; }";

#[test]
fn a_single_file_has_its_types() {
    let dir = tempfile::tempdir().unwrap();
    let path = library(dir.path(), "libpair.so", SOURCE, &[]);
    let side = open(&path);
    assert_eq!(side.input_kind, "ELF file");
    let found = artifact(&side, "libpair.so");
    let TypeEvidence::Read { graph, source: DebugSource::InFile, supplementary: None } = &found.types else {
        panic!("{:?}", found.types)
    };
    assert_eq!(graph.roots.len(), 1);
    // The same bytes under another name and compressed are the same artifact.
    let packed = dir.path().join("packed");
    std::fs::write(&packed, compress("xz", &std::fs::read(&path).unwrap())).unwrap();
    let other = open(&packed);
    let other = artifact(&other, "packed");
    assert_eq!((other.digest, &other.types), (found.digest, &found.types));
}

#[test]
fn a_directory_has_links_as_aliases_and_follows_none() {
    let outside = tempfile::tempdir().unwrap();
    library(outside.path(), "libout.so", SOURCE, &[]);
    let dir = tempfile::tempdir().unwrap();
    let lib = dir.path().join("usr/lib64");
    let real = library(&lib, "libpair.so.1.0", SOURCE, &[]);
    symlink("libpair.so.1.0", lib.join("libpair.so.1")).unwrap();
    symlink("libpair.so.1", lib.join("libpair.so")).unwrap();
    symlink("/usr/lib64/nowhere.so", lib.join("dangling.so")).unwrap();
    symlink("loop", lib.join("loop")).unwrap();
    symlink(outside.path(), lib.join("outside")).unwrap();
    symlink(outside.path().join("libout.so"), lib.join("libout.so")).unwrap();
    std::fs::hard_link(&real, lib.join("libhard.so")).unwrap();
    std::fs::write(lib.join("script.so"), "#!/bin/sh").unwrap();
    let side = open(dir.path());
    assert_eq!(side.input_kind, "directory");
    assert_eq!(artifacts(&side).count(), 1);
    let found = artifact(&side, "usr/lib64/libhard.so");
    let aliases = ["usr/lib64/libpair.so", "usr/lib64/libpair.so.1", "usr/lib64/libpair.so.1.0"];
    assert_eq!(found.aliases, aliases);
    assert!(found.types.graph().is_some());
}

#[test]
fn packages_and_plain_files_together() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = crate::craft::Rpm::new(
        "small",
        vec![crate::craft::regular("/usr/lib64/libsmall.so", &plain_library())],
    );
    std::fs::create_dir(dir.path().join("a")).unwrap();
    // The name does not make it a package.
    std::fs::write(dir.path().join("a/package.txt"), bytes.bytes()).unwrap();
    std::fs::write(dir.path().join("fake.rpm"), "no package").unwrap();
    library(dir.path(), "libpair.so", SOURCE, &[]);
    let side = open(dir.path());
    assert_eq!(side.packages.len(), 2);
    assert_eq!(side.packages[0].source, "a/package.txt");
    assert!(side.packages[1].meta.is_none(), "plain files come last");
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let input = crate::support::example("reference");
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| open(&input))
    };
    let one = with(1);
    assert!(artifacts(&one).any(|a| a.types.graph().is_some()));
    for threads in [2, 5] {
        assert!(one == with(threads), "{threads} threads");
    }
}

#[test]
fn a_snapshot_opens_as_what_it_was_made_of() {
    let dir = tempfile::tempdir().unwrap();
    let side = open(crate::support::example("reference"));
    let path = dir.path().join("saved");
    abide_read::snapshot::write(&side, std::fs::File::create(&path).unwrap()).unwrap();
    let again = open(&path);
    assert_eq!(again.input_kind, "snapshot");
    assert!(again.packages == side.packages && again.gaps == side.gaps);
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(crate::support::refusal(&path).contains("saved"));
}
