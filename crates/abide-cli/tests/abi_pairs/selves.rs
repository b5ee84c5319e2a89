//! Every input beside itself: the same file, and a copy in which every binary has another digest, so that its types
//! are read and compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::pair::{Pair, abide};

pub(crate) struct Input {
    path: PathBuf,
    kind: String,
    debuginfo: Vec<PathBuf>,
}

/// Both sides of all pairs, each once.
pub(crate) fn inputs(pairs: &[Pair]) -> Vec<Input> {
    let mut out: BTreeMap<&Path, Input> = BTreeMap::new();
    for pair in pairs {
        for (path, debuginfo) in [&pair.old, &pair.new].into_iter().zip(&pair.debuginfo) {
            // libabigail's XML is no binary.
            if path.extension().is_some_and(|e| e == "abi") {
                continue;
            }
            let input =
                || Input { path: path.clone(), kind: pair.kind.clone(), debuginfo: debuginfo.clone() };
            out.entry(path).or_insert_with(input);
        }
    }
    out.into_values().collect()
}

impl Input {
    /// An error says how the input differs from itself.
    pub(crate) fn differs(&self) -> Result<(), String> {
        self.compare(&self.path, &self.path)?;
        let work = TempDir::new().expect("a temporary folder");
        let (same, copy) = (work.path().join("same"), work.path().join("copy"));
        match self.kind.as_str() {
            "elf" | "dir" => {
                let target = if self.kind == "elf" {
                    fs::create_dir(&copy).expect("a folder");
                    copy.join(self.path.file_name().expect("a name"))
                } else {
                    copy
                };
                alter(&self.path, &target, &self.path);
                self.compare(&self.path, &target)
            }
            "rpm" if unpack(&self.path, &same) => {
                alter(&same, &copy, &same);
                self.compare(&same, &copy)
            }
            other => {
                println!("skipped: a copy of {} ({other}) with other digests", self.path.display());
                Ok(())
            }
        }
    }

    fn compare(&self, old: &Path, new: &Path) -> Result<(), String> {
        let path = |path: &Path| path.display().to_string();
        let mut arguments = vec!["check".to_string(), path(old), path(new)];
        self.debuginfo.iter().for_each(|p| arguments.extend(["--debuginfo".to_string(), path(p)]));
        let run = abide(&arguments);
        let wrong = |why: String| Err(format!("{}: {why}", self.path.display()));
        let Ok(document) = serde_json::from_str::<Value>(&run.stdout) else {
            return wrong(format!("{run:?}"));
        };
        let verdict = document["verdict"].as_str();
        let findings = document["findings"].as_array().expect("findings");
        match findings.first() {
            Some(first) => wrong(format!("{} findings, such as {first}", findings.len())),
            None if matches!(verdict, Some("compatible" | "undecided")) => Ok(()),
            None => wrong(format!("{verdict:?}")),
        }
    }
}

/// Copies a file or folder; binaries get a byte more, which no section or segment holds, and links out of `root`
/// become what they lead to.
fn alter(from: &Path, to: &Path, root: &Path) {
    let meta = fs::symlink_metadata(from).expect("it is there");
    let full = |path: &Path| fs::canonicalize(path).unwrap_or_default();
    let is_inside = || full(from).starts_with(full(root));
    if meta.is_symlink() && (is_inside() || fs::metadata(from).is_err()) {
        let target = fs::read_link(from).expect("a link");
        std::os::unix::fs::symlink(target, to).expect("a link");
        return;
    }
    let meta = fs::metadata(from).expect("it is there");
    if meta.is_dir() {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            alter(&entry.path(), &to.join(entry.file_name()), root);
        }
    } else if meta.is_file() {
        let mut bytes = fs::read(from).expect("readable");
        if bytes.starts_with(b"\x7fELF") {
            bytes.push(0);
        }
        fs::write(to, bytes).expect("writable");
        fs::set_permissions(to, meta.permissions()).expect("its mode");
    }
}

/// Unpacks an RPM; whether the tools for it are there.
fn unpack(package: &Path, folder: &Path) -> bool {
    fs::create_dir_all(folder).expect("a folder");
    let reader = Command::new("rpm2cpio").arg(package).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut reader) = reader else { return false };
    let output = reader.stdout.take().expect("a pipe");
    let writer = Command::new("cpio").args(["-idm", "--quiet"]).current_dir(folder).stdin(output).status();
    let is_read = reader.wait().is_ok_and(|status| status.success());
    is_read && writer.is_ok_and(|status| status.success())
}
