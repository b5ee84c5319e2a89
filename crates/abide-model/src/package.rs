//! Packages: identity, dependencies and file lists, as their headers state them.

use std::fmt;
use std::sync::Arc;

use bstr::BString;

/// Name, epoch, version, release, architecture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nevra {
    /// `Name`.
    pub name: String,
    /// `Epoch`, 0 when absent.
    pub epoch: u32,
    /// `Version`.
    pub version: String,
    /// `Release`.
    pub release: String,
    /// `Arch`; `src` for source packages.
    pub arch: String,
}

impl fmt::Display for Nevra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.name)?;
        if self.epoch != 0 {
            write!(f, "{}:", self.epoch)?;
        }
        write!(f, "{}", self.version)?;
        if !self.release.is_empty() {
            write!(f, "-{}", self.release)?;
        }
        write!(f, ".{}", self.arch)
    }
}

/// One provide or require: `name`, and a comparison when there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dependency {
    /// Capability name, e.g. `libc.so.6(GLIBC_2.34)(64bit)` or a rich dependency in parentheses.
    pub name: String,
    /// `RPMSENSE_*` flags as stored.
    pub flags: u32,
    /// Version as stored (`epoch:version-release`), empty for none.
    pub version: String,
}

/// What a packaged path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Regular file.
    Regular,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Device, fifo, socket.
    Special,
}

/// What a package says of a file besides its content (`%config`, `%ghost`, `%doc`; Debian's `conffiles`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileFlags {
    /// Configuration: what an administrator changed is kept or saved when the package is updated.
    pub is_config: bool,
    /// Configuration whose new version is laid beside the changed one (`noreplace`).
    pub is_noreplace: bool,
    /// Named by the package and not in it: made at run time, and removed with the package.
    pub is_ghost: bool,
    /// Documentation, licences, read-me files.
    pub is_doc: bool,
}

/// One packaged path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileEntry {
    /// Absolute path in the installed system.
    pub path: BString,
    /// Kind.
    pub kind: FileKind,
    /// Size of a regular file.
    pub size_bytes: u64,
    /// Permission bits.
    pub mode: u16,
    /// Target of a symbolic link.
    pub link_target: Option<BString>,
    /// Content digest as the package states it (hex), empty when absent.
    pub digest: String,
    /// Name of the user that owns it, when it is stated; files of one package share it.
    pub owner: Option<Arc<BString>>,
    /// Name of its group, when it is stated.
    pub group: Option<Arc<BString>>,
    /// File capabilities in libcap's text form.
    pub capabilities: Option<Arc<BString>>,
    /// What the package says of it.
    pub flags: FileFlags,
    /// What runs it (`#!`): an absolute path, or the bare name that `env` looks for in `PATH`. `None` for what is no
    /// script or was not looked into.
    pub interpreter: Option<Arc<BString>>,
}

impl FileEntry {
    /// A path of which no more is known than its kind.
    pub fn new(path: impl Into<BString>, kind: FileKind) -> Self {
        FileEntry {
            path: path.into(),
            kind,
            size_bytes: 0,
            mode: 0,
            link_target: None,
            digest: String::new(),
            owner: None,
            group: None,
            capabilities: None,
            flags: FileFlags::default(),
            interpreter: None,
        }
    }
}

/// What a package runs when it, or another one, is installed or removed: a scriptlet, a trigger, a maintainer script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Script {
    /// When it runs, as the packager writes it (`%post`, `%triggerin on glibc`, `postinst`).
    pub event: String,
    /// What runs it, with arguments (`/bin/sh`, `<lua>`); empty when that is not stated.
    pub program: BString,
    /// Its text; empty when the program alone is run.
    pub text: BString,
}

/// How packages are built, which decides how their versions are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageFormat {
    /// RPM.
    Rpm,
    /// Debian: a version is `[epoch:]version[-release]`, and a native one has an empty release.
    Deb,
}

/// A package's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageMeta {
    /// Format.
    pub format: PackageFormat,
    /// Identity.
    pub nevra: Nevra,
    /// File name of the source package, when stated.
    pub source_package: Option<String>,
    /// Provides, sorted.
    pub provides: Vec<Dependency>,
    /// Requires, sorted.
    pub requires: Vec<Dependency>,
    /// Files, sorted by path.
    pub files: Vec<FileEntry>,
    /// Scriptlets, triggers, maintainer scripts, sorted.
    pub scripts: Vec<Script>,
    /// Who distributes it, when stated (`Vendor`).
    pub vendor: Option<String>,
}

impl PackageMeta {
    /// Whether the package carries debug information or sources rather than software
    /// (`-debuginfo`, `-debugsource`, Debian's `-dbg` and `-dbgsym`).
    pub fn is_debug(&self) -> bool {
        is_debug_name(&self.nevra.name)
    }
}

/// Whether a package of this name carries debug information or sources.
pub fn is_debug_name(name: &str) -> bool {
    ["-debuginfo", "-debugsource", "-dbg", "-dbgsym", "-debuginfo-common"].iter().any(|s| name.ends_with(s))
        || name.contains("-debuginfo-common-")
}
