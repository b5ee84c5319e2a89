//! Folders, libraries to pack, and short ways to open and to ask.

use std::path::{Path, PathBuf};
use std::process::Command;

use abide_model::{ArtifactFacts, GapKind, NoProgress, PackageFacts, Side};
use abide_read::side::{self, OpenError, OpenOptions};

/// Reference or candidate of the example repositories.
pub(crate) fn example(which: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/repos").join(which)
}

/// Real inputs beside the project, when they are there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !path.exists() {
        println!("not tested on real data: ../shared/data/{name} is absent");
        return None;
    }
    Some(path)
}

pub(crate) fn options() -> OpenOptions {
    OpenOptions { use_host_debug: false, ..OpenOptions::default() }
}

pub(crate) fn try_open(path: impl AsRef<Path>) -> Result<Side, OpenError> {
    side::open(&path.as_ref().to_string_lossy(), &options(), &NoProgress)
}

pub(crate) fn open(path: impl AsRef<Path>) -> Side {
    try_open(path).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn open_with(path: impl AsRef<Path>, debuginfo: &[&Path]) -> Side {
    let debuginfo = debuginfo.iter().map(|p| p.to_path_buf()).collect();
    let options = OpenOptions { debuginfo, ..options() };
    side::open(&path.as_ref().to_string_lossy(), &options, &NoProgress).unwrap()
}

/// The error of an input that cannot be opened, as the user reads it.
pub(crate) fn refusal(path: impl AsRef<Path>) -> String {
    match try_open(path) {
        Ok(side) => panic!("{} was opened", side.label),
        Err(error) => {
            assert!(!error.hint().is_empty());
            error.to_string()
        }
    }
}

pub(crate) fn artifacts(side: &Side) -> impl Iterator<Item = &ArtifactFacts> {
    side.packages.iter().flat_map(|p| &p.artifacts)
}

pub(crate) fn artifact<'a>(side: &'a Side, path: &str) -> &'a ArtifactFacts {
    let found = artifacts(side).find(|a| a.path == path);
    found.unwrap_or_else(|| {
        panic!("no {path} among {:?}", artifacts(side).map(|a| &a.path).collect::<Vec<_>>())
    })
}

pub(crate) fn package<'a>(side: &'a Side, name: &str) -> &'a PackageFacts {
    side.packages.iter().find(|p| p.meta.as_ref().is_some_and(|m| m.nevra.name == name)).unwrap()
}

/// Kinds and details of all gaps of an artifact.
pub(crate) fn gaps(artifact: &ArtifactFacts) -> Vec<(GapKind, &str)> {
    artifact.gaps.iter().map(|g| (g.kind, g.detail.as_str())).collect()
}

/// Compiles a shared library with debug information; the file has the given name in `dir`.
pub(crate) fn library(dir: &Path, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    std::fs::create_dir_all(dir).unwrap();
    let c = dir.join(format!("{name}.c"));
    std::fs::write(&c, source).unwrap();
    let out = dir.join(name);
    run(Command::new("cc")
        .args(["-g", "-O1", "-shared", "-fPIC", "-Wl,--build-id=sha1", "-o"])
        .arg(&out)
        .arg(&c)
        .args(arguments));
    std::fs::remove_file(c).unwrap();
    out
}

/// A small library without debug information.
pub(crate) fn plain_library() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = library(
        dir.path(),
        "libsmall.so.1.0",
        "int small(void) { return 1; }",
        &["-g0", "-Wl,-soname,libsmall.so.1"],
    );
    std::fs::read(path).unwrap()
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a program can be run; says so when it cannot.
pub(crate) fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        println!("not tested: {program} is not installed");
    }
    is_there
}

/// Standard output of `rpm` with these arguments.
pub(crate) fn rpm(arguments: &[&str], file: &Path) -> String {
    let output =
        Command::new("rpm").args(["-qp", "--nosignature", "--nodigest"]).args(arguments).arg(file).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn rpms_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(rpms_below(&path)),
            false if path.extension().is_some_and(|e| e == "rpm") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

pub(crate) fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_all(&path, &target),
            false => std::fs::write(target, std::fs::read(path).unwrap()).unwrap(),
        }
    }
}
