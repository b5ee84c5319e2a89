//! tar archives read as the directories that they would become; what leads out of them is refused.

use std::path::Path;
use std::process::Command;

use abide_model::{GapKind, TypeEvidence};
use abide_read::payload::Limits;
use abide_read::side::{self, OpenOptions};
use abide_read::tar::{Kind, Reader, TarError};

use crate::craft::{Rpm, compress, hard_links, regular, symlink};
use crate::debuginfo::split;
use crate::support::{
    artifact, artifacts, has, library, open, open_with, options, plain_library, refusal, run,
};
use crate::tarball::{Deb, header, member, seal, tar};

const SOURCE: &str = "struct pair { int a; long b; }; long sum(struct pair p) { return p.a + p.b; }";

fn write(dir: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_archive_reads_as_its_directory_does() {
    if !has("tar") || !has("objcopy") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    let lib = tree.join("usr/lib");
    let real = library(&lib, "libpair.so.1.0", SOURCE, &[]);
    std::os::unix::fs::symlink("libpair.so.1.0", lib.join("libpair.so.1")).unwrap();
    std::fs::hard_link(&real, lib.join("libhard.so")).unwrap();
    std::fs::create_dir_all(tree.join("usr/include")).unwrap();
    std::fs::write(tree.join("usr/include/pair.h"), "struct pair;").unwrap();
    // Longer than the 100 bytes of a header's name.
    let deep = lib.join(format!("{}/{}", "x".repeat(60), "y".repeat(60)));
    std::fs::create_dir_all(&deep).unwrap();
    split(&deep, &[]);
    let folder = open(&tree);
    assert_eq!(artifacts(&folder).count(), 2);
    for (format, flag) in [("ustar", "-c"), ("gnu", "-cz"), ("pax", "-cJ"), ("v7", "-cj"), ("gnu", "-c")] {
        let packed = dir.path().join("tree.tar");
        // v7 has no long names.
        let exclude = if format == "v7" { "--exclude=xxx*" } else { "--exclude=none" };
        run(Command::new("tar")
            .arg(flag)
            .arg("-f")
            .arg(&packed)
            .args(["--format", format, exclude])
            .arg("-C")
            .args([tree.as_path(), Path::new(".")]));
        let side = open(&packed);
        assert_eq!(side.input_kind, "tar archive");
        assert_eq!(side.public_headers, folder.public_headers, "{format}");
        assert_eq!(artifacts(&side).count(), if format == "v7" { 1 } else { 2 });
        for found in artifacts(&side) {
            let same = artifacts(&folder).find(|a| a.path == found.path).unwrap();
            assert_eq!((found.digest, &found.aliases), (same.digest, &same.aliases));
            assert!(found.types.graph().is_some() && found.types.graph() == same.types.graph());
            assert_eq!(found.gaps, same.gaps);
        }
    }
}

#[test]
fn packages_in_an_archive() {
    let library = plain_library();
    let rpm = Rpm::new("small", vec![regular("/usr/lib64/libsmall.so", &library)]).bytes();
    let deb = Deb::new("libsmall", vec![regular("/usr/lib/libsmall.so", &library)]).bytes();
    let dir = tempfile::tempdir().unwrap();
    let files = [regular("/a.rpm", &rpm), regular("/sub/b.deb", &deb), regular("/libsmall.so", &library)];
    let path = write(dir.path(), "all.tar.zst", &compress("zstd", &tar(&files)));
    let side = open(&path);
    let names: Vec<_> = side.packages.iter().map(|p| p.meta.as_ref().map(|m| m.nevra.to_string())).collect();
    assert_eq!(
        names,
        [Some("libsmall-1:1.0-1.amd64".to_owned()), Some("small-1.0-1.x86_64".to_owned()), None]
    );
    assert!(side.packages.iter().all(|p| p.artifacts.len() == 1));
}

#[test]
fn debug_files_in_an_archive() {
    if !has("objcopy") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = split(dir.path(), &[]);
    let library = std::fs::read(&made.library).unwrap();
    let debug = std::fs::read(&made.debug).unwrap();
    let whole = [regular("/lib/libpair.so", &library), regular("/lib/debug/pair.debug", &debug)];
    let side = open(write(dir.path(), "whole.tar", &tar(&whole)));
    assert_eq!(artifacts(&side).count(), 1);
    assert!(artifact(&side, "lib/libpair.so").types.graph().is_some(), "by its build-id");
    std::fs::remove_file(&made.debug).unwrap();
    assert_eq!(artifact(&open(&made.library), "libpair.so").types, TypeEvidence::Absent);
    let apart = write(dir.path(), "debug.tar.gz", &compress("gzip", &tar(&whole[1..])));
    assert!(artifact(&open_with(&made.library, &[&apart]), "libpair.so").types.graph().is_some());
}

#[test]
fn the_last_of_equal_names_counts() {
    let library = plain_library();
    let files = [
        regular("/lib.so", b"\x7fELF but no more"),
        regular("/lib.so", &library),
        regular("/other.so", &library),
    ];
    let dir = tempfile::tempdir().unwrap();
    let side = open(write(dir.path(), "a.tar", &tar(&files)));
    assert_eq!(artifacts(&side).map(|a| a.path.to_string()).collect::<Vec<_>>(), ["lib.so", "other.so"]);
    let links = hard_links(&["/b.so", "/a.so"], &library);
    let side = open(write(dir.path(), "b.tar", &tar(&links)));
    assert_eq!(artifact(&side, "a.so").aliases, ["b.so"]);
}

#[test]
fn what_leads_out_is_refused_and_said() {
    let library = plain_library();
    let mut bytes = member("../../etc/lib.so", b'0', 0o755, &library);
    bytes.extend(member("/abs/lib.so", b'0', 0o755, &library));
    bytes.extend(header("evil", b'1', 0o755, 0, "../../etc/passwd"));
    bytes.extend(header("out.so", b'2', 0o777, 0, "../../../etc/lib.so"));
    bytes.extend(header("dev", b'3', 0o644, 0, ""));
    bytes.extend(member("sparse.so", b'S', 0o644, &library));
    bytes.extend([0; 1024]);
    let dir = tempfile::tempdir().unwrap();
    let side = open(write(dir.path(), "a.tar", &bytes));
    assert_eq!(artifacts(&side).map(|a| a.path.to_string()).collect::<Vec<_>>(), ["abs/lib.so"]);
    assert!(artifact(&side, "abs/lib.so").aliases.is_empty());
    let gaps = &side.packages[0].gaps;
    assert!(gaps.iter().all(|g| g.kind == GapKind::Unsupported), "{gaps:?}");
    let subjects: Vec<_> = gaps.iter().map(|g| g.subject.to_string()).collect();
    assert_eq!(subjects, ["etc/lib.so", "evil", "sparse.so"]);
}

#[test]
fn extensions_of_pax_and_gnu() {
    let names = |bytes: &[u8]| {
        let mut reader = Reader::new(bytes);
        let mut found = Vec::new();
        while let Some(member) = reader.next_member()? {
            let mut content = Vec::new();
            reader.read(&mut content, u64::MAX)?;
            found.push((member.name.to_string(), member.kind, member.link.to_string(), content.len()));
        }
        Ok::<_, TarError>(found)
    };
    let long = "d/".repeat(200) + "name";
    let mut bytes = member("@LongLink", b'L', 0, format!("{long}\0").as_bytes());
    bytes.extend(member("short", b'0', 0o644, b"abc"));
    bytes.extend(member("pax", b'x', 0, b"14 path=a=b.c\n13 size=1027\n"));
    let mut sized = member("short", b'0', 0o644, &[b'x'; 1027]);
    sized[124..136].copy_from_slice(b"00000000000\0");
    seal(&mut sized[..512]);
    bytes.extend(sized);
    bytes.extend(member("pax", b'x', 0, b"16 linkpath=x/y\n"));
    bytes.extend(header("link", b'2', 0o777, 5, "short"));
    bytes.extend(member("global", b'g', 0, b"14 comment=no\n"));
    bytes.extend(member("pax", b'x', 0, b"22 GNU.sparse.major=1\n"));
    bytes.extend(member("holes", b'0', 0o644, b"map"));
    let mut large = header("base256", b'0', 0o644, 0, "");
    large[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
    seal(&mut large);
    bytes.extend(large);
    bytes.extend(*b"four");
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes.extend([0; 512]);
    assert_eq!(
        names(&bytes).unwrap(),
        [
            (long, Kind::Regular, String::new(), 3),
            ("a=b.c".into(), Kind::Regular, String::new(), 1027),
            ("link".into(), Kind::Symlink, "x/y".into(), 0),
            ("holes".into(), Kind::Sparse, String::new(), 3),
            ("base256".into(), Kind::Regular, String::new(), 4),
        ]
    );
    let whole = tar(&[regular("/a", b"hello")]);
    assert!(matches!(names(&whole[..700]), Err(TarError::Io { .. })), "cut in the padding");
    assert!(matches!(names(&whole[..515]), Err(TarError::Io { .. })), "cut in the content");
    assert!(matches!(names(&whole[..1024]), Err(TarError::NoEnd { offset: 1024 })));
    let mut bad = whole.clone();
    bad[0] ^= 1;
    assert!(matches!(names(&bad), Err(TarError::BadChecksum { offset: 0 })));
    let endless = member("pax", b'x', 0, b"").repeat(40);
    assert!(matches!(names(&endless), Err(TarError::BadHeader { .. })));
    for record in ["5 a=b\n", "99 path=x\n", "x path=y\n", "0 a=b\n", "10 path\n"] {
        let bad = [member("pax", b'x', 0, record.as_bytes()), whole.clone()].concat();
        assert!(matches!(names(&bad), Err(TarError::BadHeader { field: "pax record", .. })), "{record}");
    }
}

#[test]
fn damaged_archives_are_errors_and_bombs_end() {
    let dir = tempfile::tempdir().unwrap();
    let whole = tar(&[regular("/lib.so", &plain_library()), symlink("/l", "lib.so")]);
    for length in (513..whole.len() - 1023).step_by(512).chain([600, whole.len() - 1024]) {
        let message = refusal(write(dir.path(), "cut.tar", &whole[..length]));
        assert!(message.contains("cut.tar") && message.contains("offset"), "{message}");
    }
    let zeros = [member("zeros", b'0', 0o644, &vec![0; 8 << 20]), vec![0; 1024]].concat();
    let bomb = write(dir.path(), "bomb.tar.gz", &compress("gzip", &zeros));
    let limits = Limits { payload_bytes: 1 << 20, ..Limits::default() };
    let options = OpenOptions { limits, ..options() };
    let error = side::open(&bomb.to_string_lossy(), &options, &abide_model::NoProgress).err().unwrap();
    assert!(error.to_string().contains("larger than the limit"), "{error}");
}
