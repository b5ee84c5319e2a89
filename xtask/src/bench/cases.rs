//! What is compared: real packages and libraries under the data folder.

use std::path::{Path, PathBuf};

/// Which kind of input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// RPMs with their debuginfo RPMs.
    Packages,
    /// ELF files with debug information in them.
    Files,
}

impl Kind {
    /// libabigail's program for that.
    pub(super) fn peer(self) -> &'static str {
        match self {
            Kind::Packages => "abipkgdiff",
            Kind::Files => "abidiff",
        }
    }
}

/// One comparison.
pub(super) struct Case {
    /// Name in the table.
    pub(super) name: &'static str,
    /// Kind of both sides.
    pub(super) kind: Kind,
    /// The reference.
    pub(super) old: PathBuf,
    /// The candidate.
    pub(super) new: PathBuf,
    /// Debuginfo packages of the reference.
    pub(super) old_debug: Vec<PathBuf>,
    /// Debuginfo packages of the candidate.
    pub(super) new_debug: Vec<PathBuf>,
}

impl Case {
    /// Every input file, each once.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let mut files: Vec<&Path> = vec![&self.old, &self.new];
        files.extend(self.old_debug.iter().chain(&self.new_debug).map(PathBuf::as_path));
        files.sort();
        files.dedup();
        files.into_iter()
    }

    /// Whether all of them are there.
    pub(super) fn is_there(&self) -> bool {
        self.files().all(Path::is_file)
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

/// Every case, with its paths under `data`.
pub(super) fn all(data: &Path) -> Vec<Case> {
    let packages = PACKAGES.iter().map(|(name, folder, old, new)| {
        let paths = |names: &[&str]| -> Vec<PathBuf> {
            names.iter().map(|n| data.join(folder).join(format!("{n}.rpm"))).collect()
        };
        let (mut old, mut new) = (paths(old).into_iter(), paths(new).into_iter());
        Case {
            name,
            kind: Kind::Packages,
            old: old.next().unwrap_or_default(),
            new: new.next().unwrap_or_default(),
            old_debug: old.collect(),
            new_debug: new.collect(),
        }
    });
    let files = FILES.iter().map(|(name, old, new)| Case {
        name,
        kind: Kind::Files,
        old: data.join(old),
        new: data.join(new),
        old_debug: Vec::new(),
        new_debug: Vec::new(),
    });
    packages.chain(files).collect()
}
