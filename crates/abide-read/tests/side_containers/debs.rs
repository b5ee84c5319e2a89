//! Debian packages: what their control data says, their files, their debug packages, and damage.

use abide_model::{DebugSource, FileKind, GapKind, PackageFormat, Side, TypeEvidence};
use abide_read::debuginfo::{build_id_path, probe};
use abide_read::snapshot;

use crate::craft::{hard_links, regular, symlink};
use crate::debuginfo::split;
use crate::support::{artifact, gaps, has, open, open_with, package, plain_library, refusal};
use crate::tarball::{Deb, ar};

fn library_deb() -> Deb {
    let library = plain_library();
    let mut files =
        hard_links(&["/usr/lib/x86_64-linux-gnu/libsmall.so.1.0", "/usr/lib/libtwin.so"], &library);
    files.push(symlink("/usr/lib/x86_64-linux-gnu/libsmall.so.1", "libsmall.so.1.0"));
    files.push(regular("/usr/include/small.h", b"int small(void);"));
    Deb::new("libsmall1", files)
}

#[test]
fn packages_of_every_compression_read_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.deb");
    let mut seen: Option<Side> = None;
    for compressor in ["gzip", "xz", "zstd", "bzip2", "lzma", "none"] {
        std::fs::write(&path, Deb { compressor, ..library_deb() }.bytes()).unwrap();
        let mut side = open(&path);
        assert_eq!(side.input_kind, "Debian package");
        side.packages[0].digest = None;
        let first = seen.get_or_insert_with(|| side.clone());
        assert!(*first == side, "{compressor}");
    }
    let side = seen.unwrap();
    let meta = side.packages[0].meta.as_ref().unwrap();
    assert_eq!((meta.format, meta.nevra.to_string()), (PackageFormat::Deb, "libsmall1-1:1.0-1.amd64".into()));
    assert_eq!(meta.source_package.as_deref(), Some("made_1.0-1.dsc"));
    let files: Vec<_> =
        meta.files.iter().map(|f| (f.path.to_string(), f.kind, f.mode, f.digest.len())).collect();
    assert_eq!(
        files,
        [
            ("/usr/include/small.h".to_owned(), FileKind::Regular, 0o755, 32),
            ("/usr/lib/libtwin.so".to_owned(), FileKind::Regular, 0o755, 32),
            ("/usr/lib/x86_64-linux-gnu/libsmall.so.1".to_owned(), FileKind::Symlink, 0o777, 0),
            ("/usr/lib/x86_64-linux-gnu/libsmall.so.1.0".to_owned(), FileKind::Regular, 0o755, 32),
        ]
    );
    assert!(meta.files[1].size_bytes > 1000 && meta.files[1].size_bytes == meta.files[3].size_bytes);
    let found = artifact(&side, "/usr/lib/libtwin.so");
    let names = ["/usr/lib/x86_64-linux-gnu/libsmall.so.1", "/usr/lib/x86_64-linux-gnu/libsmall.so.1.0"];
    assert_eq!(found.aliases, names);
    assert_eq!(gaps(found).len(), 1);
    assert!(gaps(found)[0].1.ends_with("there is no package libsmall1-dbgsym"), "{:?}", gaps(found));
    assert_eq!(side.public_headers.as_deref(), Some(&["/usr/include/small.h".into()][..]));
    let mut saved = Vec::new();
    snapshot::write(&side, &mut saved).unwrap();
    assert!(snapshot::read(&saved).unwrap().packages == side.packages);
}

#[test]
fn debug_packages_by_build_id_and_through_links() {
    if !has("objcopy") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = split(dir.path(), &[]);
    let library = std::fs::read(&made.library).unwrap();
    let debug = std::fs::read(&made.debug).unwrap();
    let by_id = build_id_path("/usr/lib/debug", &probe(&library).build_id.unwrap()).to_string();
    let packages = tempfile::tempdir().unwrap();
    let (software, debug_deb) = (packages.path().join("1.deb"), packages.path().join("2.deb"));
    std::fs::write(&software, Deb::new("pair", vec![regular("/usr/lib/libpair.so", &library)]).bytes())
        .unwrap();
    let real = "/usr/lib/debug/other/name.debug";
    let linked = vec![symlink(&by_id, "../../other/name.debug"), regular(real, &debug)];
    let direct = vec![regular(&by_id, &debug)];
    for (name, files, lists_files, place) in [
        ("pair-dbgsym", direct.clone(), true, by_id.as_str()),
        ("pair-dbg", direct, false, &by_id),
        ("pair-dbg", linked.clone(), true, real),
        ("pair-dbgsym", linked, false, real),
    ] {
        std::fs::write(&debug_deb, Deb { lists_files, ..Deb::new(name, files) }.bytes()).unwrap();
        let expected =
            DebugSource::Separate { path: place.into(), package: Some(format!("{name}-1:1.0-1.amd64")) };
        for side in [open(packages.path()), open_with(&software, &[&debug_deb])] {
            assert_eq!(side.packages.len(), 1);
            let TypeEvidence::Read { source, .. } = &artifact(&side, "/usr/lib/libpair.so").types else {
                panic!("{:?}", artifact(&side, "/usr/lib/libpair.so").gaps)
            };
            assert_eq!(*source, expected);
        }
    }
    let bytes = std::fs::read(&debug_deb).unwrap();
    std::fs::write(&debug_deb, &bytes[..bytes.len() - 200]).unwrap();
    let side = open(packages.path());
    assert!(
        side.gaps.iter().any(|g| g.kind == GapKind::Unreadable && g.subject == "2.deb"),
        "{:?}",
        side.gaps
    );
    assert_eq!(artifact(&side, "/usr/lib/libpair.so").types, TypeEvidence::Absent);
}

#[test]
fn types_in_the_package_itself_are_read_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let source = "struct pair { int a; long b; }; long sum(struct pair p) { return p.a + p.b; }";
    let library = crate::support::library(dir.path(), "libpair.so", source, &[]);
    let file = regular("/usr/lib/libpair.so", &std::fs::read(library).unwrap());
    let path = dir.path().join("pair.deb");
    std::fs::write(&path, Deb { lists_files: false, ..Deb::new("pair", vec![file]) }.bytes()).unwrap();
    let side = open(&path);
    assert_eq!(artifact(&side, "/usr/lib/libpair.so").types.graph().unwrap().roots.len(), 1);
    assert_eq!(package(&side, "pair").artifacts.len(), 1);
}

#[test]
fn damage_is_an_error_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.deb");
    let whole = library_deb().bytes();
    for length in (22..whole.len() - 1).step_by(97) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let message = refusal(&path);
        assert!(message.contains("cut.deb"), "{length}: {message}");
    }
    let refused = |members: &[(&str, &[u8])], expected: &str| {
        std::fs::write(&path, ar(members)).unwrap();
        let message = refusal(&path);
        assert!(message.contains(expected), "{message}");
    };
    refused(&[("debian-binary", b"2.0\n")], "no member data.tar");
    refused(&[("debian-binary", b"3.0\n")], "the format `3.0`");
    refused(&[("debian-binary", b"2.0\n"), ("data.tar", b"")], "no member control.tar");
    refused(&[("debian-binary", b"2.0\n"), ("what", b"")], "no member control.tar");
    refused(&[("debian-binary", b"2.0\n"), ("control.tar.rar", b"")], "a compression that is not read");
    refused(&[("debian-binary", b"2.0\n"), ("control.tar", &[0; 1024])], "no field `Package`");
    let unversioned = Deb { control: "Package: x\nVersion: -1\nArchitecture: all\n".into(), ..library_deb() };
    std::fs::write(&path, unversioned.bytes()).unwrap();
    assert!(refusal(&path).contains("the version `-1`"));
}

#[test]
fn flipped_bytes_are_survived() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flipped.deb");
    let whole = Deb { compressor: "none", ..library_deb() }.bytes();
    let mut refused = 0;
    for at in (8..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        refused += usize::from(crate::support::try_open(&path).is_err());
    }
    assert!(refused > 10, "{refused}");
}
