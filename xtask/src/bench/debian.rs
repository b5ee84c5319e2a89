//! Large inputs from Debian: fetched with apt, unpacked with dpkg, two versions side by side where apt offers two.
//!
//! `old/PACKAGE` and `new/PACKAGE` in the folder hold the files. Of a package with one version, `new` is the same build
//! with bytes appended to the library: another digest, and all the work that a rebuild gives.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::cases::{Case, Reference, Target};
use crate::workspace::{self, Outcome};

/// Package, and what is unpacked of it.
const PACKAGES: &[(&str, &str)] = &[
    ("libc6", "*/libc.so.6"),
    ("libc6-dbg", "./usr/lib/debug/.build-id/*"),
    ("libpetsc-real3.18-dbg", "*/libpetsc_real.so.*"),
    ("libpython3.11-dbg", "*/libpython3.11d.so.*"),
    ("librados2", "*/lib*.so.*"),
    ("librados2-dbg", "./usr/lib/debug/.build-id/*"),
    ("libstdc++6-12-dbg", "*/debug/libstdc++.so.6*"),
    ("openjdk-17-dbg", "./usr/lib/debug/.build-id/*"),
    ("openjdk-17-jre-headless", "*/server/libjvm.so"),
];
/// The kernel's package is named by its version.
const KERNEL: (&str, &str, &str) = ("linux-image-6.1.0-", "-amd64-dbg", "./usr/lib/debug/boot/vmlinux*");

/// Downloads and unpacks what is not there yet.
pub(super) fn fetch(folder: &Path) -> Outcome {
    for (package, pattern) in PACKAGES {
        let versions = versions(package)?;
        let (Some(new), Some(old)) = (versions.first(), versions.get(1).or(versions.first())) else {
            return Err(format!("apt offers no {package}; its package lists may be old"));
        };
        for (side, version) in [("old", old), ("new", new)] {
            unpack(folder, side, package, &format!("{package}={version}"), pattern)?;
        }
        if old == new {
            eprintln!("{package}: apt offers one version, {new}");
        }
    }
    let kernels = kernels()?;
    let (Some(old), Some(new)) = (kernels.first(), kernels.last()) else {
        return Err("apt offers no linux-image-6.1.0-*-amd64-dbg".into());
    };
    unpack(folder, "old", "vmlinux", old, KERNEL.2)?;
    unpack(folder, "new", "vmlinux", new, KERNEL.2)?;
    derive(folder)
}

/// Versions that apt offers, newest first.
fn versions(package: &str) -> Outcome<Vec<String>> {
    let table = workspace::output(Command::new("apt-cache").args(["madison", package]))?;
    let table = String::from_utf8_lossy(&table).into_owned();
    let mut versions: Vec<String> = Vec::new();
    for line in table.lines() {
        let version = line.split('|').nth(1).map(str::trim).unwrap_or_default().to_owned();
        if !version.is_empty() && !versions.contains(&version) {
            versions.push(version);
        }
    }
    Ok(versions)
}

/// Names of the kernels' packages, oldest first.
fn kernels() -> Outcome<Vec<String>> {
    let (prefix, suffix, _) = KERNEL;
    let names = workspace::output(Command::new("apt-cache").args(["pkgnames", prefix]))?;
    let names = String::from_utf8_lossy(&names).into_owned();
    let number = |name: &str| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse::<u32>().ok();
    let mut found: Vec<(u32, String)> =
        names.lines().filter_map(|name| Some((number(name)?, name.to_owned()))).collect();
    found.sort();
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Unpacks the files of one package that match `pattern` to `SIDE/NAME`.
fn unpack(folder: &Path, side: &str, name: &str, request: &str, pattern: &str) -> Outcome {
    let target = folder.join(side).join(name);
    if target.is_dir() {
        return Ok(());
    }
    let work = folder.join("work");
    let io = |e: std::io::Error| format!("{}: {e}", work.display());
    let _ = std::fs::remove_dir_all(&work);
    std::fs::create_dir_all(work.join("files")).map_err(io)?;
    eprintln!("fetching {request}");
    workspace::succeed(
        Command::new("apt-get")
            .args(["download", "-q", "-o", "APT::Sandbox::User=root", request])
            .current_dir(&work)
            .stdout(Stdio::null()),
    )?;
    let entries = std::fs::read_dir(&work).map_err(io)?;
    let deb =
        entries.filter_map(Result::ok).map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "deb"));
    let deb = deb.ok_or_else(|| format!("apt-get brought no package for {request}"))?;
    let mut archive =
        Command::new("dpkg").arg("--fsys-tarfile").arg(&deb).stdout(Stdio::piped()).spawn().map_err(io)?;
    let stream = archive.stdout.take().ok_or("dpkg has no output")?;
    let unpacked = workspace::succeed(
        Command::new("tar")
            .args(["-x", "--wildcards", "-C"])
            .arg(work.join("files"))
            .arg(pattern)
            .stdin(stream),
    );
    let _ = archive.wait();
    unpacked?;
    std::fs::create_dir_all(folder.join(side)).map_err(io)?;
    std::fs::rename(work.join("files"), &target).map_err(io)?;
    std::fs::remove_dir_all(&work).map_err(io)
}

/// Makes what no package has: rebuilds of what has one version, kernels with BTF alone, snapshots.
fn derive(folder: &Path) -> Outcome {
    for library in LIBRARIES {
        let (Some(old), Some(new)) = (library.file(folder, "old"), library.file(folder, "new")) else {
            continue;
        };
        let read = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
        if read(&old)? == read(&new)? {
            append(&new)?;
        }
    }
    for side in ["old", "new"] {
        let (Some(kernel), btf) =
            (find(&folder.join(side).join("vmlinux"), "vmlinux-"), folder.join(side).join("btf"))
        else {
            continue;
        };
        if !btf.is_file() {
            workspace::succeed(Command::new("objcopy").arg("--strip-debug").arg(&kernel).arg(&btf))?;
        }
    }
    Ok(())
}

/// Appends bytes, which belong to no section.
fn append(path: &Path) -> Outcome {
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|mut f| f.write_all(&[0; 64])).map_err(|e| format!("{}: {e}", path.display()))
}

/// A library in one package, and the package with its debug information when that is another.
struct Library {
    name: &'static str,
    package: &'static str,
    debug: Option<&'static str>,
    file: &'static str,
    targets: &'static [Target],
}

/// libabigail 3.0 and STG are in no Debian release. What they took was measured beside `pahole -J` of one kernel, which
/// took 4.35 s: so many of those they count for.
const PAHOLES_PER_SECOND: f64 = 1.0 / 4.35;

const ABIDIFF: Reference = Reference::Runner("abidiff");
const SECTIONS: Reference = Reference::Runner("floor");

const LIBRARIES: &[Library] = &[
    Library {
        name: "libjvm (C++, compressed)",
        package: "openjdk-17-jre-headless",
        debug: Some("openjdk-17-dbg"),
        file: "libjvm.so",
        targets: &[
            Target::wall(1.5, SECTIONS),
            Target::wall(15.4 * PAHOLES_PER_SECOND / 12.0, Reference::Yardstick("libabigail 3.0 / 12")),
            Target::memory_mb(650.0),
        ],
    },
    Library {
        name: "librados (C++, compressed)",
        package: "librados2",
        debug: Some("librados2-dbg"),
        file: "librados.so",
        targets: &[Target::wall(1.5, SECTIONS)],
    },
    Library {
        name: "libceph-common of librados2 (C++, compressed)",
        package: "librados2",
        debug: Some("librados2-dbg"),
        file: "libceph-common.so.2",
        targets: &[Target::wall(1.5, SECTIONS)],
    },
    Library {
        name: "libstdc++ debug build",
        package: "libstdc++6-12-dbg",
        debug: None,
        file: "libstdc++.so.6.0",
        targets: &[Target::wall(1.0 / 50.0, ABIDIFF), Target::memory(0.1, ABIDIFF)],
    },
    Library {
        name: "PETSc debug build",
        package: "libpetsc-real3.18-dbg",
        debug: None,
        file: "libpetsc_real.so.3.18.5",
        targets: &[Target::wall(1.0 / 20.0, ABIDIFF), Target::memory(0.25, ABIDIFF)],
    },
    Library {
        name: "libpython debug build",
        package: "libpython3.11-dbg",
        debug: None,
        file: "libpython3.11d.so.1.0",
        targets: &[
            Target::wall(1.0 / 20.0, ABIDIFF),
            Target::memory(0.25, ABIDIFF),
            Target::wall(0.64 * PAHOLES_PER_SECOND / 8.0, Reference::Yardstick("STG / 8")),
        ],
    },
    Library {
        name: "libc",
        package: "libc6",
        debug: Some("libc6-dbg"),
        file: "libc.so.6",
        targets: &[Target::wall(1.0 / 20.0, ABIDIFF), Target::memory(0.25, ABIDIFF)],
    },
];

impl Library {
    fn file(&self, folder: &Path, side: &str) -> Option<PathBuf> {
        find(&folder.join(side).join(self.package), self.file)
    }

    /// The tree of debug files.
    fn debug_tree(&self, folder: &Path, side: &str) -> Option<PathBuf> {
        self.debug.map(|package| folder.join(side).join(package).join("usr/lib/debug"))
    }

    fn case(&self, folder: &Path) -> Option<Case> {
        let (old, new) = (self.file(folder, "old")?, self.file(folder, "new")?);
        let mut ours = vec![text(&old), text(&new)];
        let (mut theirs, mut sections) = (Vec::new(), Vec::new());
        for (side, file, our_flag, their_flag) in
            [("old", &old, "--debuginfo-old", "--d1"), ("new", &new, "--debuginfo-new", "--d2")]
        {
            match self.debug_tree(folder, side) {
                None => sections.push(text(file)),
                Some(tree) => {
                    ours.extend([our_flag.into(), text(&tree)]);
                    theirs.extend([their_flag.into(), text(&tree)]);
                    sections.extend(debug_file(file, &tree).map(|f| text(&f)));
                }
            }
        }
        theirs.extend([text(&old), text(&new)]);
        let mut case = Case::new(self.name, ours, self.targets.to_vec());
        if self.targets.iter().any(|t| t.of == SECTIONS) {
            case.floor(["--sections".to_owned()].into_iter().chain(sections));
        }
        // libabigail 2.2 needs minutes and gigabytes for the largest; no target asks for it.
        if self.targets.iter().any(|t| t.of == ABIDIFF) {
            case.peer("abidiff", theirs);
        }
        Some(case)
    }
}

/// The debug file that belongs to a library, by its build-id.
fn debug_file(library: &Path, tree: &Path) -> Option<PathBuf> {
    let id = abide_read::debuginfo::probe(&std::fs::read(library).ok()?).build_id?;
    let hex: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let (first, rest) = hex.split_first()?;
    Some(tree.join(".build-id").join(first).join(format!("{}.debug", rest.concat())))
}

/// Every case whose inputs are there.
pub(super) fn cases(folder: &Path) -> Outcome<Vec<Case>> {
    let mut cases = Vec::new();
    let kernel = |side: &str| find(&folder.join(side).join("vmlinux"), "vmlinux-");
    if let (Some(old), Some(new)) = (kernel("old"), kernel("new")) {
        let targets = vec![Target::wall(0.4, Reference::Runner("pahole")), Target::memory_mb(500.0)];
        let mut case = Case::new("vmlinux, DWARF", vec![text(&old), text(&new)], targets);
        // Detached: what it would write into a copy of the file is not counted.
        let btf = format!("--btf_encode_detached={}", text(&folder.join("pahole.btf")));
        case.peer("pahole", ["-J".into(), btf, text(&old)]);
        case.is_yardstick = true;
        cases.push(case);
    }
    let btf = |side: &str| Some(folder.join(side).join("btf")).filter(|path| path.is_file());
    if let (Some(old), Some(new)) = (btf("old"), btf("new")) {
        let target = Target::wall(0.88 * PAHOLES_PER_SECOND / 5.0, Reference::Yardstick("STG / 5"));
        cases.push(Case::new("vmlinux, BTF", vec![text(&old), text(&new)], vec![target]));
    }
    cases.extend(LIBRARIES.iter().filter_map(|library| library.case(folder)));
    if let Some(kernel) = kernel("old") {
        let rebuilt = folder.join("vmlinux-rebuilt");
        if !rebuilt.is_file() {
            std::fs::copy(&kernel, &rebuilt).map_err(|e| format!("{}: {e}", rebuilt.display()))?;
            append(&rebuilt)?;
        }
        let snapshots = [(kernel, folder.join("a.abide")), (rebuilt, folder.join("b.abide"))];
        let paths = snapshots.iter().map(|(_, snapshot)| text(snapshot)).collect();
        let mut case = Case::new("vmlinux, identical rebuild, snapshots", paths, vec![Target::seconds(0.05)]);
        // Made anew each time: the format may have changed.
        case.prepare = snapshots
            .into_iter()
            .map(|(input, output)| {
                ["snapshot", "--quiet", &text(&input), "-o", &text(&output)].map(str::to_owned).to_vec()
            })
            .collect();
        cases.push(case);
    }
    Ok(cases)
}

/// The first regular file below `folder` whose name begins so.
fn find(folder: &Path, prefix: &str) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.filter_map(Result::ok) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && entry.file_name().to_string_lossy().starts_with(prefix) => {
                    found.push(entry.path());
                }
                _ => {}
            }
        }
    }
    found.sort();
    found.into_iter().next()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
