//! The search for debug information: each place where it may be, and each way in which it may be the wrong one.

use std::path::{Path, PathBuf};
use std::process::Command;

use abide_model::{DebugSource, GapKind, Side, TypeEvidence};
use abide_read::debuginfo::{build_id_path, probe};

use crate::craft::{File, Rpm, regular, symlink};
use crate::support::{artifact, gaps, has, library, open, open_with, run};

const SOURCE: &str = "struct pair { int a; long b; }; long sum(struct pair p) { return p.a + p.b; }";

/// A library without debug information, and its debug information.
pub(crate) struct Split {
    pub(crate) library: PathBuf,
    pub(crate) debug: PathBuf,
}

/// Compiles and splits; the debug link names `libpair.so.debug`.
pub(crate) fn split(dir: &Path, arguments: &[&str]) -> Split {
    let library = library(dir, "libpair.so", SOURCE, arguments);
    let debug = dir.join("libpair.so.debug");
    run(Command::new("objcopy").arg("--only-keep-debug").arg(&library).arg(&debug));
    run(Command::new("objcopy").current_dir(dir).args([
        "--strip-debug",
        "--add-gnu-debuglink=libpair.so.debug",
        "libpair.so",
    ]));
    Split { library, debug }
}

fn source<'a>(side: &'a Side, path: &str) -> &'a DebugSource {
    match &artifact(side, path).types {
        TypeEvidence::Read { source, graph, .. } => {
            assert_eq!(graph.roots.len(), 1);
            source
        }
        other => panic!("{other:?}: {:?}", artifact(side, path).gaps),
    }
}

fn found_at(side: &Side, path: &str, end: &str) {
    match source(side, path) {
        DebugSource::Separate { path, .. } => assert!(path.ends_with(end.as_bytes()), "{path}"),
        DebugSource::InFile => panic!("in the file"),
    }
}

fn id(path: &Path) -> Vec<u8> {
    probe(&std::fs::read(path).unwrap()).build_id.unwrap()
}

/// The path of a file with this build-id below a root.
fn id_path(root: &Path, id: &[u8]) -> PathBuf {
    let path = root.join(build_id_path("x", id).to_string().strip_prefix("x/").unwrap());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

#[test]
fn next_to_the_file_and_in_dot_debug() {
    if !has("objcopy") {
        return;
    }
    for options in [&["-Wl,--build-id=sha1"][..], &["-Wl,--build-id=none"]] {
        let dir = tempfile::tempdir().unwrap();
        let made = split(dir.path(), options);
        found_at(&open(&made.library), "libpair.so", "/libpair.so.debug");
        let folder = dir.path().join(".debug");
        std::fs::create_dir(&folder).unwrap();
        std::fs::rename(&made.debug, folder.join("libpair.so.debug")).unwrap();
        found_at(&open(&made.library), "libpair.so", ".debug/libpair.so.debug");
        // In a directory the debug file is no artifact.
        let side = open(dir.path());
        assert_eq!(side.packages[0].artifacts.len(), 1);
        found_at(&side, "libpair.so", ".debug/libpair.so.debug");
    }
}

#[test]
fn by_build_id_below_named_paths() {
    if !has("objcopy") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = split(dir.path(), &[]);
    let tree = tempfile::tempdir().unwrap();
    let place = id_path(&tree.path().join("usr/lib/debug"), &id(&made.library));
    std::fs::rename(&made.debug, &place).unwrap();
    let missing = open(&made.library);
    assert_eq!(gaps(artifact(&missing, "libpair.so"))[0].0, GapKind::NoDebugInfo);
    for named in [tree.path(), &tree.path().join("usr/lib/debug"), &place] {
        found_at(
            &open_with(&made.library, &[named]),
            "libpair.so",
            place.file_name().unwrap().to_str().unwrap(),
        );
    }
}

#[test]
fn in_packages_by_link_and_by_name() {
    if !has("objcopy") {
        return;
    }
    for (options, is_linked) in [(&["-Wl,--build-id=sha1"][..], true), (&["-Wl,--build-id=none"], false)] {
        let dir = tempfile::tempdir().unwrap();
        let made = split(dir.path(), options);
        let debug = std::fs::read(&made.debug).unwrap();
        let real = "/usr/lib/debug/usr/lib64/libpair.so.debug";
        let mut files = vec![regular(real, &debug)];
        if is_linked {
            let link = build_id_path("/usr/lib/debug", &id(&made.library)).to_string();
            files.push(symlink(&link, "../../usr/lib64/libpair.so.debug"));
        }
        let packages = tempfile::tempdir().unwrap();
        let library = regular("/usr/lib64/libpair.so", &std::fs::read(&made.library).unwrap());
        std::fs::write(packages.path().join("1.rpm"), Rpm::new("pair", vec![library]).bytes()).unwrap();
        let debug_rpm = packages.path().join("2.rpm");
        std::fs::write(&debug_rpm, Rpm { compressor: "zstd", ..Rpm::new("pair-debuginfo", files) }.bytes())
            .unwrap();
        let expected =
            DebugSource::Separate { path: real.into(), package: Some("pair-debuginfo-1.0-1.x86_64".into()) };
        assert_eq!(*source(&open(packages.path()), "/usr/lib64/libpair.so"), expected);
        assert_eq!(
            *source(&open_with(packages.path().join("1.rpm"), &[&debug_rpm]), "/usr/lib64/libpair.so"),
            expected
        );
        // A damaged debug package is a gap of those that need it.
        let bytes = std::fs::read(&debug_rpm).unwrap();
        std::fs::write(&debug_rpm, &bytes[..bytes.len() - 300]).unwrap();
        let side = open(packages.path());
        let kinds: Vec<GapKind> =
            gaps(artifact(&side, "/usr/lib64/libpair.so")).iter().map(|g| g.0).collect();
        assert_eq!(kinds, [GapKind::Unreadable, GapKind::NoDebugInfo]);
        assert_eq!(artifact(&side, "/usr/lib64/libpair.so").types, TypeEvidence::Absent);
    }
}

#[test]
fn a_file_of_another_build_is_not_used() {
    if !has("objcopy") {
        return;
    }
    for options in [&["-Wl,--build-id=sha1"][..], &["-Wl,--build-id=none"]] {
        let dir = tempfile::tempdir().unwrap();
        let made = split(dir.path(), options);
        let other = tempfile::tempdir().unwrap();
        let wrong = split(other.path(), &[options, &["-DEXTRA", "-O0"]].concat());
        std::fs::copy(&wrong.debug, &made.debug).unwrap();
        let side = open(&made.library);
        let found = gaps(artifact(&side, "libpair.so"));
        assert_eq!(found[0].0, GapKind::DebugMismatch, "{found:?}");
        let why = if options[0].ends_with("none") { "its CRC is" } else { "its build-id is" };
        assert!(found[0].1.contains(why), "{found:?}");
        assert_eq!(found.last().unwrap().0, GapKind::NoDebugInfo);
        assert_eq!(artifact(&side, "libpair.so").types, TypeEvidence::Absent);
    }
}

/// Two split libraries whose common types dwz moved into `common`.
struct Shared {
    libraries: Vec<PathBuf>,
    debug: Vec<PathBuf>,
    common: PathBuf,
}

/// Splits two libraries below `dir` as a debug package has them, or `None` without the tools.
fn with_dwz(dir: &Path, arguments: &[&str]) -> Option<Shared> {
    with_dwz_form(dir, arguments, &[])
}

fn with_dwz_form(dir: &Path, arguments: &[&str], form: &[&str]) -> Option<Shared> {
    if !has("dwz") || !has("objcopy") {
        return None;
    }
    let types: String = (0..40)
        .map(|i| format!("struct shared_{i} {{ int a_{i}; struct shared_{i} *next_{i}; }};\n"))
        .collect();
    let uses: String = (0..40).map(|i| format!("struct shared_{i} *p_{i}, ")).collect();
    let root = dir.join("usr/lib/debug");
    // One header, so that both libraries have the very same declarations for dwz to share.
    let header = dir.join("types.h");
    std::fs::write(&header, types).unwrap();
    let (mut libraries, mut debug) = (Vec::new(), Vec::new());
    for name in ["libone.so", "libtwo.so"] {
        let source = format!(
            "#include \"{}\"\nint use_{}({uses} int last) {{ return last; }}",
            header.display(),
            &name[3..6]
        );
        let library = library(&dir.join("usr/lib64"), name, &source, arguments);
        let separate = root.join(format!("usr/lib64/{name}.debug"));
        std::fs::create_dir_all(separate.parent().unwrap()).unwrap();
        run(Command::new("objcopy").arg("--only-keep-debug").arg(&library).arg(&separate));
        run(Command::new("objcopy").arg("--strip-debug").arg(&library));
        libraries.push(library);
        debug.push(separate);
    }
    std::fs::remove_file(header).unwrap();
    let common = root.join(".dwz/made-1.0-1.x86_64");
    std::fs::create_dir_all(common.parent().unwrap()).unwrap();
    run(Command::new("dwz")
        .current_dir(&root)
        .args(["-r", "-m", ".dwz/made-1.0-1.x86_64"])
        .args(form)
        .args(&debug));
    Some(Shared { libraries, debug, common })
}

fn supplementary(side: &Side, path: &str) -> Option<String> {
    match &artifact(side, path).types {
        TypeEvidence::Read { supplementary, graph, .. } => {
            assert!(graph.nodes.len() > 80, "{}", graph.nodes.len());
            supplementary.as_ref().map(|s| s.to_string())
        }
        other => panic!("{other:?}: {:?}", artifact(side, path).gaps),
    }
}

#[test]
fn supplementary_files_as_dwarf_5_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let Some(made) = with_dwz_form(dir.path(), &["-gdwarf-5"], &["--dwarf-5"]) else { return };
    let side = open(dir.path());
    for name in ["usr/lib64/libone.so", "usr/lib64/libtwo.so"] {
        assert!(supplementary(&side, name).unwrap().ends_with(".dwz/made-1.0-1.x86_64"));
    }
    // One of another build states another checksum.
    let other = tempfile::tempdir().unwrap();
    let arguments = ["-DEXTRA", "-gno-column-info", "-gdwarf-5"];
    let Some(wrong) = with_dwz_form(other.path(), &arguments, &["--dwarf-5"]) else { return };
    std::fs::copy(&wrong.common, &made.common).unwrap();
    let side = open(dir.path());
    let found = gaps(artifact(&side, "usr/lib64/libone.so"));
    assert_eq!(found[0].0, GapKind::NoSupplementaryFile);
}

#[test]
fn supplementary_files_in_trees_and_directories() {
    let dir = tempfile::tempdir().unwrap();
    let Some(made) = with_dwz(dir.path(), &[]) else { return };
    let side = open(dir.path());
    assert_eq!(side.packages[0].artifacts.len(), 2, "debug files are no artifacts");
    for name in ["usr/lib64/libone.so", "usr/lib64/libtwo.so"] {
        assert!(supplementary(&side, name).unwrap().ends_with(".dwz/made-1.0-1.x86_64"));
    }
    let side = open_with(&made.libraries[0], &[&dir.path().join("usr/lib/debug")]);
    assert!(supplementary(&side, "libone.so").is_some());
    // By its build-id alone, when it is elsewhere.
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = id_path(elsewhere.path(), &id(&made.common));
    std::fs::rename(&made.common, &moved).unwrap();
    let side = open_with(&made.libraries[0], &[&made.debug[0], elsewhere.path()]);
    assert_eq!(supplementary(&side, "libone.so"), Some(moved.display().to_string()));
    // And not at all, when it is gone: half of the types would read as changes.
    let side = open_with(&made.libraries[0], &[&made.debug[0]]);
    let found = gaps(artifact(&side, "libone.so"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, GapKind::NoSupplementaryFile);
    assert!(found[0].1.contains("it was found nowhere"), "{}", found[0].1);
    assert_eq!(artifact(&side, "libone.so").types, TypeEvidence::Absent);
}

#[test]
fn a_supplementary_file_of_another_build_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let Some(made) = with_dwz(dir.path(), &[]) else { return };
    let other = tempfile::tempdir().unwrap();
    let Some(wrong) = with_dwz(other.path(), &["-DEXTRA", "-gno-column-info"]) else { return };
    assert_ne!(id(&made.common), id(&wrong.common));
    std::fs::copy(&wrong.common, &made.common).unwrap();
    let side = open(dir.path());
    for name in ["usr/lib64/libone.so", "usr/lib64/libtwo.so"] {
        let found = gaps(artifact(&side, name));
        assert_eq!(found[0].0, GapKind::NoSupplementaryFile);
        assert!(found[0].1.contains("has the build-id"), "{}", found[0].1);
    }
}

#[test]
fn the_supplementary_file_of_another_package_of_the_build() {
    let dir = tempfile::tempdir().unwrap();
    let Some(made) = with_dwz(dir.path(), &[]) else { return };
    let pack = |path: &Path| {
        let name = Path::new("/").join(path.strip_prefix(dir.path()).unwrap());
        regular(name.to_str().unwrap(), &std::fs::read(path).unwrap())
    };
    let link = |i: usize, target: &str| {
        symlink(
            &build_id_path("/usr/lib/debug", &id(&made.libraries[i])).to_string(),
            &format!("../../usr/lib64/{target}"),
        )
    };
    let packages = tempfile::tempdir().unwrap();
    let write = |file: &str, rpm: Rpm| std::fs::write(packages.path().join(file), rpm.bytes()).unwrap();
    write("1.rpm", Rpm::new("one", vec![pack(&made.libraries[0])]));
    write("2.rpm", Rpm::new("two", vec![pack(&made.libraries[1])]));
    write("3.rpm", Rpm::new("one-debuginfo", vec![link(0, "libone.so.debug"), pack(&made.debug[0])]));
    // The supplementary file comes last in its archive, behind a debug file that needs it.
    write(
        "4.rpm",
        Rpm::new("two-debuginfo", vec![link(1, "libtwo.so.debug"), pack(&made.debug[1]), pack(&made.common)]),
    );
    let side = open(packages.path());
    for name in ["/usr/lib64/libone.so", "/usr/lib64/libtwo.so"] {
        assert_eq!(supplementary(&side, name).as_deref(), Some("/usr/lib/debug/.dwz/made-1.0-1.x86_64"));
    }
    // The package that brings it is damaged behind it: then nothing that rests on it is used.
    let bytes = std::fs::read(packages.path().join("4.rpm")).unwrap();
    std::fs::write(packages.path().join("4.rpm"), damage_the_end(&made, &pack, link(1, "libtwo.so.debug")))
        .unwrap();
    let side = open(packages.path());
    for name in ["/usr/lib64/libone.so", "/usr/lib64/libtwo.so"] {
        assert_eq!(artifact(&side, name).types, TypeEvidence::Absent);
        assert_eq!(gaps(artifact(&side, name))[0].0, GapKind::Unreadable);
    }
    std::fs::write(packages.path().join("4.rpm"), bytes).unwrap();
    // Packages of another build keep theirs, and without the package there is none.
    write(
        "4.rpm",
        Rpm { source: Some("other-1.src.rpm"), ..Rpm::new("two-debuginfo", vec![pack(&made.common)]) },
    );
    assert!(
        supplementary(&open(packages.path()), "/usr/lib64/libone.so").is_some(),
        "found by its name and build-id"
    );
    std::fs::remove_file(packages.path().join("4.rpm")).unwrap();
    let side = open(packages.path());
    assert_eq!(gaps(artifact(&side, "/usr/lib64/libone.so"))[0].0, GapKind::NoSupplementaryFile);
}

/// The second debug package with the supplementary file first, cut in the file that comes last.
fn damage_the_end(made: &Shared, pack: &dyn Fn(&Path) -> File, link: File) -> Vec<u8> {
    let files = vec![pack(&made.common), link, pack(&made.debug[1])];
    let mut bytes = Rpm { compressor: "none", ..Rpm::new("two-debuginfo", files) }.bytes();
    bytes.truncate(bytes.len() - 1000);
    bytes
}
