//! `cargo xtask loader FILE… [--root FOLDER] [--isa-level N]`: abide's word on files beside that of the real loader.
//!
//! Every file is asked of `abide app --format ldd` and of the loader, in the root directory or on this machine. Folders are
//! looked through. What differs is printed; agreement has to be total.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use testkit::loader::{Said, ask, parse};

use crate::workspace;

/// The loader that is asked.
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
/// Files that are given to one run of abide.
const AT_ONCE: usize = 200;

/// Compares, and fails when anything differs.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let Asked { root, isa_level, files } = Asked::of(arguments)?;
    let abide = workspace::root().join("target/release/abide");
    if !abide.is_file() {
        return Err(format!("{} is not there: cargo build --release", abide.display()));
    }
    let (mut differ, mut complained) = (0, 0);
    let (mut ours_time, mut theirs_time) = (0.0, 0.0);
    for files in files.chunks(AT_ONCE) {
        let start = Instant::now();
        let mut command = Command::new(&abide);
        command.arg("app").args(files).args(["--format", "ldd", "--quiet", "--on"]);
        command.arg(root.as_deref().unwrap_or(Path::new("host")));
        if let Some(level) = &isa_level {
            command.args(["--isa-level", level]);
        }
        let output = command.output().map_err(|e| format!("abide: {e}"))?;
        if output.status.code() == Some(2) {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let ours = parse(&String::from_utf8_lossy(&output.stdout), root.as_deref());
        ours_time += start.elapsed().as_secs_f64();
        let start = Instant::now();
        for (file, ours) in &ours {
            let inside = match &root {
                Some(root) => {
                    Path::new("/").join(Path::new(file).strip_prefix(root).map_err(|e| e.to_string())?)
                }
                None => PathBuf::from(file),
            };
            let theirs = ask(root.as_deref(), LOADER, &inside).map_err(|e| format!("the loader: {e}"))?;
            complained += usize::from(theirs.has_complaints());
            if !ours.agrees_with(&theirs) {
                differ += 1;
                report(file, ours, &theirs);
            }
        }
        theirs_time += start.elapsed().as_secs_f64();
    }
    let count = files.len();
    println!("{count} files, {complained} with complaints of the loader, {differ} differ");
    println!(
        "abide {:.1} files/s, the loader one by one {:.1} files/s",
        count as f64 / ours_time,
        count as f64 / theirs_time
    );
    if differ == 0 { Ok(()) } else { Err(format!("{differ} files differ")) }
}

fn report(file: &str, ours: &Said, theirs: &Said) {
    println!("{file}\n  abide:  {ours:?}\n  loader: {theirs:?}");
}

struct Asked {
    root: Option<PathBuf>,
    isa_level: Option<String>,
    files: Vec<PathBuf>,
}

impl Asked {
    fn of(arguments: &[String]) -> Result<Self, String> {
        let mut asked = Asked { root: None, isa_level: None, files: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--root" => asked.root = Some(PathBuf::from(value()?)),
                "--isa-level" => asked.isa_level = Some(value()?.clone()),
                file => collect(Path::new(file), &mut asked.files)?,
            }
        }
        match asked.files.is_empty() {
            true => Err("usage: cargo xtask loader FILE… [--root FOLDER] [--isa-level N]".to_owned()),
            false => Ok(asked),
        }
    }
}

/// Dynamic ELF files for x86-64 at or below a path; links are not followed.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let metadata = path.symlink_metadata().map_err(|e| format!("{}: {e}", path.display()))?;
    if metadata.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut entries: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        entries.sort();
        return entries.iter().try_for_each(|entry| collect(entry, files));
    }
    if metadata.is_file()
        && let Ok(bytes) = std::fs::read(path)
        && let Ok(read) = abide_read::elf::read_elf(&bytes)
        && read.facts.machine == 62
        && (!read.facts.needed.is_empty() || read.facts.interpreter.is_some())
    {
        files.push(path.to_owned());
    }
    Ok(())
}
