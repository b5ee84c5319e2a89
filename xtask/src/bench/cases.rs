//! What is compared, beside what, and what is to be reached; here the packages and libraries under the data folder.

use std::path::{Path, PathBuf};

/// What a figure is held against.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reference {
    /// Another program of the same case, by its name in the table.
    Runner(&'static str),
    /// The program beside abide in the yardstick case, for peers that cannot be installed; in words, which.
    Yardstick(&'static str),
    /// Seconds or 10^6 bytes.
    Fixed,
}

/// What is to be reached.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// Peak memory rather than time.
    pub(super) is_memory: bool,
    /// Largest ratio to the reference.
    pub(super) at_most: f64,
    /// The reference.
    pub(super) of: Reference,
}

impl Target {
    /// Time, at most so many times that of the reference.
    pub(super) const fn wall(at_most: f64, of: Reference) -> Self {
        Target { is_memory: false, at_most, of }
    }

    /// Peak memory, at most so many times that of the reference.
    pub(super) const fn memory(at_most: f64, of: Reference) -> Self {
        Target { is_memory: true, at_most, of }
    }

    /// Seconds.
    pub(super) const fn seconds(at_most: f64) -> Self {
        Target { is_memory: false, at_most, of: Reference::Fixed }
    }

    /// Peak memory in 10^6 bytes.
    pub(super) const fn memory_mb(at_most: f64) -> Self {
        Target { is_memory: true, at_most, of: Reference::Fixed }
    }
}

/// One comparison.
pub(super) struct Case {
    /// Name in the table.
    pub(super) name: String,
    /// Runs of abide that come first and are not timed.
    pub(super) prepare: Vec<Vec<String>>,
    /// What follows `abide check --quiet`.
    pub(super) arguments: Vec<String>,
    /// Other programs: name in the table, and the command; `floor` is this program's own task.
    pub(super) others: Vec<(&'static str, Vec<String>)>,
    /// What is to be reached.
    pub(super) targets: Vec<Target>,
    /// Whether its peer is the measure for programs that cannot be installed.
    pub(super) is_yardstick: bool,
}

impl Case {
    /// A case without other programs.
    pub(super) fn new(name: &str, arguments: Vec<String>, targets: Vec<Target>) -> Self {
        let name = name.to_owned();
        Case { name, prepare: Vec::new(), arguments, others: Vec::new(), targets, is_yardstick: false }
    }

    /// Adds the floor with what it decompresses and hashes.
    pub(super) fn floor(&mut self, arguments: impl IntoIterator<Item = String>) {
        self.others.push(("floor", arguments.into_iter().collect()));
    }

    /// Adds a peer that is installed.
    pub(super) fn peer(&mut self, program: &'static str, arguments: impl IntoIterator<Item = String>) {
        self.others.push((program, arguments.into_iter().collect()));
    }
}

/// Name, folder, old and new with their debuginfo packages (without `.rpm`).
type Packages = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const PACKAGES: &[Packages] = &[
    (
        "libzfs5 2.1.4 → 2.1.5 (EL9, dwz)",
        "el9-zfs",
        &[
            "reference/libzfs5-2.1.4-1.el9.x86_64",
            "reference/libzfs5-debuginfo-2.1.4-1.el9.x86_64",
            "reference/zfs-debuginfo-2.1.4-1.el9.x86_64",
        ],
        &[
            "candidate/libzfs5-2.1.5-1.el9.x86_64",
            "candidate/libzfs5-debuginfo-2.1.5-1.el9.x86_64",
            "candidate/zfs-debuginfo-2.1.5-1.el9.x86_64",
        ],
    ),
    (
        "libnvpair3 2.1.4 → 2.1.5 (EL9, dwz)",
        "el9-zfs",
        &[
            "reference/libnvpair3-2.1.4-1.el9.x86_64",
            "reference/libnvpair3-debuginfo-2.1.4-1.el9.x86_64",
            "reference/zfs-debuginfo-2.1.4-1.el9.x86_64",
        ],
        &[
            "candidate/libnvpair3-2.1.5-1.el9.x86_64",
            "candidate/libnvpair3-debuginfo-2.1.5-1.el9.x86_64",
            "candidate/zfs-debuginfo-2.1.5-1.el9.x86_64",
        ],
    ),
    (
        "libuutil3 2.1.4 → 2.1.5 (EL9, dwz)",
        "el9-zfs",
        &[
            "reference/libuutil3-2.1.4-1.el9.x86_64",
            "reference/libuutil3-debuginfo-2.1.4-1.el9.x86_64",
            "reference/zfs-debuginfo-2.1.4-1.el9.x86_64",
        ],
        &[
            "candidate/libuutil3-2.1.5-1.el9.x86_64",
            "candidate/libuutil3-debuginfo-2.1.5-1.el9.x86_64",
            "candidate/zfs-debuginfo-2.1.5-1.el9.x86_64",
        ],
    ),
    (
        "flatpak-libs 1.2.4 → 1.4.0 (Fedora 30, dwz)",
        "abi-pairs/test-diff-pkg/PR24690",
        &[
            "flatpak-libs-1.2.4-3.fc30.x86_64",
            "flatpak-libs-debuginfo-1.2.4-3.fc30.x86_64",
            "flatpak-debuginfo-1.2.4-3.fc30.x86_64",
        ],
        &[
            "flatpak-libs-1.4.0-1.fc30.x86_64",
            "flatpak-libs-debuginfo-1.4.0-1.fc30.x86_64",
            "flatpak-debuginfo-1.4.0-1.fc30.x86_64",
        ],
    ),
    (
        "libcdio 0.94-1 → 0.94-2 (Fedora 26)",
        "abi-pairs/test-diff-pkg",
        &["libcdio-0.94-1.fc26.x86_64", "libcdio-debuginfo-0.94-1.fc26.x86_64"],
        &["libcdio-0.94-2.fc26.x86_64", "libcdio-debuginfo-0.94-2.fc26.x86_64"],
    ),
    (
        "gmp 4.3.1-7 → 4.3.1-10 (EL6, ppc64)",
        "abi-pairs/test-diff-pkg",
        &["gmp-4.3.1-7.el6_2.2.ppc64", "gmp-debuginfo-4.3.1-7.el6_2.2.ppc64"],
        &["gmp-4.3.1-10.el6.ppc64", "gmp-debuginfo-4.3.1-10.el6.ppc64"],
    ),
    (
        "hdf5 1.10.6 with itself (Fedora 33)",
        "abi-pairs/test-diff-pkg",
        &["hdf5-1.10.6-2.fc33.x86_64", "hdf5-debuginfo-1.10.6-2.fc33.x86_64"],
        &["hdf5-1.10.6-2.fc33.x86_64", "hdf5-debuginfo-1.10.6-2.fc33.x86_64"],
    ),
    (
        "graphviz 2.44.0 with itself (EL9, aarch64)",
        "abi-pairs/test-diff-pkg",
        &["graphviz-2.44.0-18.el9.aarch64", "graphviz-debuginfo-2.44.0-18.el9.aarch64"],
        &["graphviz-2.44.0-18.el9.aarch64", "graphviz-debuginfo-2.44.0-18.el9.aarch64"],
    ),
];

/// Name, old and new.
const FILES: &[(&str, &str, &str)] = &[
    (
        "liblttng-ctl.so 2.10 → later",
        "abi-pairs/test-diff-dwarf/PR25058-liblttng-ctl2.10.so",
        "abi-pairs/test-diff-dwarf/PR25058-liblttng-ctl.so",
    ),
    (
        "liba.so → libb.so (C++, rvalue references)",
        "abi-pairs/test-diff-filter/test30-pr18904-rvalueref-liba.so",
        "abi-pairs/test-diff-filter/test30-pr18904-rvalueref-libb.so",
    ),
    (
        "ld-2.28.so 210 → 211",
        "abi-pairs/test-abidiff-exit/ld-2.28-210.so",
        "abi-pairs/test-abidiff-exit/ld-2.28-211.so",
    ),
];

/// Every case whose files are under `data`; the others are named on standard error.
pub(super) fn shared(data: &Path) -> Vec<Case> {
    let packages = PACKAGES.iter().filter_map(|(name, folder, old, new)| {
        let paths = |names: &[&str]| -> Vec<PathBuf> {
            names.iter().map(|n| data.join(folder).join(format!("{n}.rpm"))).collect()
        };
        let (old, new) = (paths(old), paths(new));
        let mut case = compared(name, &old, &new, "abipkgdiff")?;
        case.targets.push(Target::wall(1.3, Reference::Runner("floor")));
        Some(case)
    });
    let files = FILES
        .iter()
        .filter_map(|(name, old, new)| compared(name, &[data.join(old)], &[data.join(new)], "abidiff"));
    packages.chain(files).collect()
}

/// The first file of each side with its debug packages, beside libabigail's program and the floor.
fn compared(name: &str, old: &[PathBuf], new: &[PathBuf], peer: &'static str) -> Option<Case> {
    let mut files: Vec<&PathBuf> = old.iter().chain(new).collect();
    files.sort();
    files.dedup();
    if let Some(absent) = files.iter().find(|file| !file.is_file()) {
        eprintln!("{name}: {} is not there", absent.display());
        return None;
    }
    let text = |path: &PathBuf| path.display().to_string();
    let (old_main, old_debug) = old.split_first()?;
    let (new_main, new_debug) = new.split_first()?;
    let flags = |flag: &str, paths: &[PathBuf]| -> Vec<String> {
        paths.iter().flat_map(|path| [flag.to_owned(), text(path)]).collect()
    };
    let mains = vec![text(old_main), text(new_main)];
    let debug = [flags("--debuginfo-old", old_debug), flags("--debuginfo-new", new_debug)].concat();
    let mut case = Case::new(name, [mains.clone(), debug].concat(), Vec::new());
    case.floor(files.into_iter().map(text));
    let first = if peer == "abipkgdiff" { vec!["--no-default-suppression".to_owned()] } else { Vec::new() };
    case.peer(peer, [first, flags("--d1", old_debug), flags("--d2", new_debug), mains].concat());
    Some(case)
}
