//! What the dynamic loader of a system says of a file, laid beside what `abide app --format ldd` says.
//!
//! The loader is asked with `LD_TRACE_LOADED_OBJECTS`, `LD_BIND_NOW` and `LD_WARN`, as `ldd -r` does: it loads the file,
//! checks versions, binds every symbol, and runs nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What was said of one file. Addresses, and who said it, are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Libraries by the name that was needed, with the file that was found, links followed; none when nothing was.
    pub libraries: BTreeMap<String, Option<PathBuf>>,
    /// Whether a signal ended the loader.
    pub crashed: bool,
    /// Symbols that were not found: name, version or empty, and the file that imports it.
    pub undefined: BTreeSet<(String, String, PathBuf)>,
    /// Versions that were not found: library, version, and who requires it.
    pub versions: BTreeSet<(PathBuf, String, PathBuf)>,
    /// Whether the loader gave up.
    pub gave_up: bool,
}

/// Asks the loader of a root directory, or of this machine.
///
/// # Errors
/// When the loader cannot be started.
pub fn ask(root: Option<&Path>, loader: &str, file: &Path) -> std::io::Result<Said> {
    const ASK: [&str; 3] = ["LD_TRACE_LOADED_OBJECTS=1", "LD_BIND_NOW=1", "LD_WARN=1"];
    let mut command = match root {
        // The variables are for the loader in the root alone, so that `env` of the root sets them.
        Some(root) => {
            let mut command = Command::new("chroot");
            command.arg(root).args([loader, "/usr/bin/env"]).args(ASK).arg(loader).env_clear();
            // Without a path `chroot` itself is not found.
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            command
        }
        None => {
            let mut command = Command::new(loader);
            command.env_clear().envs(ASK.iter().filter_map(|variable| variable.split_once('=')));
            command
        }
    };
    command.arg(file).current_dir("/");
    let output = command.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let real = |path: &str| real(root, path);
    let mut said = Said::default();
    for line in out.lines() {
        library(&mut said, line.trim(), &real);
    }
    for line in err.lines() {
        complaint(&mut said, line.trim(), &real);
    }
    said.crashed = std::os::unix::process::ExitStatusExt::signal(&output.status).is_some();
    // Only a loader that gave up says nothing and fails.
    said.gave_up |= !output.status.success() && out.is_empty() && !err.contains("statically linked");
    Ok(said.settled())
}

/// Takes apart the output of `abide app FILE… --on ROOT --format ldd`; files by their path.
pub fn parse(text: &str, root: Option<&Path>) -> Vec<(String, Said)> {
    let mut all: Vec<(String, Said)> = Vec::new();
    let real = |path: &str| real(root, path);
    for line in text.lines() {
        match line.strip_prefix('\t') {
            None => {
                let name = line.rsplit_once(" on ").map_or(line, |(name, _)| name);
                let label = name.split(' ').next().unwrap_or(name);
                all.push((label.to_owned(), Said::default()));
            }
            Some(line) => {
                let Some((_, said)) = all.last_mut() else { continue };
                library(said, line, &real);
                complaint(said, line, &real);
            }
        }
    }
    all.into_iter().map(|(name, said)| (name, said.settled())).collect()
}

impl Said {
    /// Whether anything is missing.
    pub fn has_complaints(&self) -> bool {
        self.gave_up
            || !self.undefined.is_empty()
            || !self.versions.is_empty()
            || self.libraries.values().any(Option::is_none)
    }

    /// Whether this, abide's word, is what the loader says, or begins with before it crashes: while it traces, glibc's
    /// reads the name of a version that it has no library for from nowhere.
    pub fn agrees_with(&self, loader: &Said) -> bool {
        if !loader.crashed {
            return self == loader;
        }
        self.libraries == loader.libraries
            && self.versions == loader.versions
            && self.undefined.is_superset(&loader.undefined)
    }

    /// Of a loader that gave up, nothing else counts. Where a library is missing, the loader forgets versions that are
    /// required of it (glibc's `_dl_check_map_versions`, `ndx_high`), which it does only while it traces.
    fn settled(mut self) -> Self {
        if self.gave_up {
            return Said { gave_up: true, ..Said::default() };
        }
        if self.libraries.values().any(Option::is_none) {
            self.undefined =
                self.undefined.into_iter().map(|(name, _, file)| (name, String::new(), file)).collect();
        }
        self
    }
}

fn library(said: &mut Said, line: &str, real: &dyn Fn(&str) -> PathBuf) {
    // A needed name that is a path has no arrow.
    let by_path =
        line.strip_suffix(')').and_then(|line| line.split_once(" (0x")).map(|(path, _)| (path, path));
    let Some((name, found)) = line.split_once(" => ").or(by_path) else { return };
    if found.starts_with("not known") {
        return;
    }
    let found = found.split(" (0x").next().unwrap_or(found);
    // The loader itself, and the kernel's page, are there without a search.
    if name.contains("linux-vdso") || name.contains("ld-linux") || name.contains("ld64.so") {
        return;
    }
    let found = (found != "not found").then(|| real(found));
    said.libraries.insert(name.to_owned(), found);
}

fn complaint(said: &mut Said, line: &str, real: &dyn Fn(&str) -> PathBuf) {
    if let Some(rest) = line.strip_prefix("undefined symbol: ") {
        let (symbol, file) = rest.rsplit_once("\t(").unwrap_or((rest, ""));
        let (symbol, version) = symbol.split_once(", version ").unwrap_or((symbol, ""));
        said.undefined.insert((symbol.to_owned(), version.to_owned(), real(file.trim_end_matches(')'))));
    } else if let Some(rest) =
        line.strip_prefix("symbol ").filter(|rest| rest.contains(" not defined in file "))
    {
        let (what, file) = rest.rsplit_once("\t(").unwrap_or((rest, ""));
        let what = what.split(" not defined in file ").next().unwrap_or(what);
        let (symbol, version) = what.split_once(" version ").unwrap_or((what, ""));
        let symbol = symbol.trim_end_matches(',').to_owned();
        said.undefined.insert((symbol, version.to_owned(), real(file.trim_end_matches(')'))));
    } else if line.contains("Inconsistency detected by ld.so")
        || line.contains("error while loading shared libraries")
        || line.contains("CPU ISA level is lower")
        || line.contains("without GLIBC_ABI_DT_RELR")
    {
        said.gave_up = true;
    } else if let Some((before, rest)) =
        line.split_once("version `").filter(|(before, _)| !before.contains("weak"))
    {
        let Some((version, user)) = rest.split_once("' not found (required by ") else { return };
        let library = before.trim_end_matches(": ").rsplit(": ").next().unwrap_or(before);
        let user = real(user.trim_end_matches(')'));
        said.versions.insert((real(library), version.to_owned(), user));
    }
}

/// A path of a root, links followed, so that two names of a file are one.
fn real(root: Option<&Path>, path: &str) -> PathBuf {
    let outside = match root {
        Some(root) => root.join(path.trim_start_matches('/')),
        None => PathBuf::from(path),
    };
    std::fs::canonicalize(&outside).unwrap_or(outside)
}
