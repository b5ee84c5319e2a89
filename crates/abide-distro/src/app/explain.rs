//! The loader's complaints in words: what is the matter, which version would do and where it is first, and a way out.

use abide_model::{ElfClass, ElfKind, Endian, Gap, GapKind, ProgramFile, Symbol};
use bstr::{BStr, BString, ByteSlice};

use super::draft::{Key, New};
use super::hosts;
use super::judge::{Known, need};
use super::loader::{Issue, Lost, Process};
use super::side::glibc_minor;
use super::system::{Object, Opening, System, Target};

/// What is made of one complaint.
pub(super) enum Said {
    Problem(Box<New>),
    Gap(Gap),
    /// A symbol that nothing has that is known, while not all is.
    Unknown {
        file: BString,
        symbol: String,
    },
    Nothing,
}

/// Explains complaints of one distribution.
pub(super) struct Explain<'a> {
    pub(super) system: &'a dyn System,
    pub(super) known: Known<'a>,
}

/// How an object is called.
type Name<'n> = &'n dyn Fn(&Object) -> BString;

impl Explain<'_> {
    pub(super) fn issue(&self, file: &ProgramFile, process: &Process, issue: &Issue, name: Name<'_>) -> Said {
        let gap = |detail: String| {
            Said::Gap(Gap { kind: GapKind::Unsupported, subject: file.shown.clone(), detail })
        };
        let user = |at: usize| User::new(process, at, name);
        match issue {
            Issue::InterpreterMissing { path } => interpreter(file, path),
            Issue::InterpreterUnknown { path, why } => {
                gap(format!("its interpreter {path} is not known: {why}"))
            }
            Issue::LibraryMissing { user: at, name, other_target, elsewhere } => {
                self.library(user(*at), name, other_target.as_ref(), elsewhere.as_deref(), process)
            }
            Issue::LibraryUnusable { user: at, name, path, why } => unusable(user(*at), name, path, why),
            Issue::LibraryUnknown { user: at, name, why } => {
                let user = user(*at);
                let what = if user.is_other(file) {
                    format!("{} needs {name}", user.file)
                } else {
                    format!("it needs {name}")
                };
                let hint = if is_musl(name) {
                    format!("; it was built for musl: {FOR_GLIBC}")
                } else {
                    String::new()
                };
                gap(format!("{what}, which is not known: {why}{hint}"))
            }
            Issue::Filters { user: at, names } => {
                gap(format!("{} is a filter for {}, which is not followed", user(*at).file, list(names)))
            }
            Issue::TooMany { limit } => {
                gap(format!("it loads more than {limit} files: the rest was not looked at"))
            }
            Issue::VersionMissing { user: at, library, version, is_weak } => {
                self.version(process, user(*at), *library, version, *is_weak)
            }
            Issue::VersionUnknown { library, version, .. } => gap(format!(
                "it requires {version} of {}, whose versions are not known",
                name(&process.entries[*library].object)
            )),
            Issue::NoVersions { user: at, library } => no_versions(user(*at), process, *library, name),
            Issue::VersionOfNobody { user: at, file } => of_nobody(user(*at), file),
            Issue::PackedRelocations { user: at } => packed(user(*at)),
            Issue::Symbol { user: at, symbol, lost } => self.symbol(process, user(*at), *symbol, *lost, name),
            Issue::CopySize { user: at, symbol, library, size_bytes } => {
                copy_size(process, user(*at), *symbol, *library, *size_bytes)
            }
        }
    }

    fn library(
        &self,
        user: User,
        name: &BString,
        other_target: Option<&BString>,
        elsewhere: Option<&Object>,
        process: &Process,
    ) -> Said {
        let key =
            |case| Key { rule: "app-library-missing", case, library: Some(name.clone()), version: None };
        if let Some(object) = elsewhere.filter(|object| !object.is_own) {
            let dir = super::loader::path::parent(object.path.as_bstr()).to_owned();
            let summary =
                format!("{name} is in {dir}, which the loader searches only if ld.so.conf names it");
            let way_out =
                vec![format!("name {dir} in a file of /etc/ld.so.conf.d, or in the program's run path")];
            return user.problem(key(Some("elsewhere")), summary, way_out, None);
        }
        let mut way_out = Vec::new();
        if let Some(object) = elsewhere {
            way_out.push(format!(
                "it ships {}, where the loader does not look: give the run path $ORIGIN with the way to it",
                object.path
            ));
        }
        let musl = if is_musl(name) { " (musl's C library)" } else { "" };
        let mut summary = format!("{name}{musl} is not found");
        if let Some(other) = other_target {
            summary.push_str(&format!("; {other} is for another machine"));
        }
        let has = |system: &&dyn System| {
            let target = process.target;
            let found = system.directories(target).default;
            found.iter().any(|dir| {
                let path = super::loader::path::join(dir.as_bstr(), name);
                matches!(system.open(path.as_bstr()), Opening::Object(o) if Target::of(&o.elf) == target)
            })
        };
        let others: Vec<&str> = self.known.releases.iter().filter(|s| has(s)).map(|s| s.name()).collect();
        if !others.is_empty() {
            summary.push_str(&format!(
                "; {} {} it",
                others.join(", "),
                if others.len() == 1 { "has" } else { "have" }
            ));
        }
        if is_musl(name) {
            way_out.push(FOR_GLIBC.to_owned());
        } else if elsewhere.is_none() {
            way_out.push(install(name, process.target));
            way_out.push("or ship it beside the program, with the run path $ORIGIN".to_owned());
        }
        user.problem(key(None), summary, way_out, None)
    }

    fn version(
        &self,
        process: &Process,
        mut user: User,
        library: usize,
        version: &BString,
        is_weak: bool,
    ) -> Said {
        let elf = process.entries[library].elf();
        let is_of = |s: &&Symbol| s.version.as_ref().is_some_and(|v| &v.name == version);
        let users = process.entries[user.at].elf();
        user.symbols = users.imports().filter(is_of).map(|s| s.name.to_string()).collect();
        let named =
            process.entries[library].elf().soname.clone().unwrap_or_else(|| process.path(library).into());
        let newest = newest_like(&elf.versions_defined, version.as_bstr());
        let mut summary = format!("{named} has no {version}");
        if let Some(newest) = &newest {
            summary.push_str(&format!("; the newest it has is {newest}"));
        }
        let first_in = self
            .first_with(named.as_bstr(), version.as_bstr(), process.target)
            .or_else(|| release(version.as_bstr()));
        let mut way_out = Vec::new();
        match (&newest, elf.versions_defined.is_empty()) {
            (Some(newest), _) => {
                way_out.push(format!("build it where {named} has nothing newer than {newest}"))
            }
            _ => way_out.push(format!("build it against the distribution's own {named}")),
        }
        if !is_c_library(named.as_bstr()) {
            way_out.push(format!("or ship a newer {named} beside the program, with the run path $ORIGIN"));
        }
        let key = Key {
            rule: "app-version-missing",
            case: is_weak.then_some("weak"),
            library: Some(named),
            version: Some(version.to_string()),
        };
        user.problem(key, summary, way_out, first_in)
    }

    /// The first known distribution whose library defines a version.
    fn first_with(&self, library: &BStr, version: &BStr, target: Target) -> Option<String> {
        let has = |system: &&&dyn System| {
            let directories = system.directories(target).default;
            directories.iter().any(|dir| {
                let path = super::loader::path::join(dir.as_bstr(), library);
                matches!(system.open(path.as_bstr()), Opening::Object(o)
                    if Target::of(&o.elf) == target && o.elf.versions_defined.iter().any(|v| v == version))
            })
        };
        let first = self.known.releases.iter().find(has)?;
        Some(match release(version) {
            Some(release) => format!("{} ({release})", first.name()),
            None => first.name().to_owned(),
        })
    }

    fn symbol(&self, process: &Process, user: User, symbol: usize, lost: Lost, name: Name<'_>) -> Said {
        let facts = process.entries[user.at].elf();
        let Some(symbol) = facts.symbols.get(symbol) else { return Said::Nothing };
        let user = user.with_symbol(symbol);
        let file = symbol.version.as_ref().and_then(|v| v.file.clone());
        let version = symbol.version.as_ref().map(|v| v.name.to_string());
        let key = |case, library: Option<BString>| Key {
            rule: "app-symbol-missing",
            case,
            library,
            version: version.clone(),
        };
        let rebuild = vec!["build it against the distribution's own library".to_owned()];
        let is_plugin = process.entries[0].elf().kind == ElfKind::SharedObject && version.is_none();
        match lost {
            // The version, or the whole library, was complained about.
            _ if self.has_complaint(process, user.at, symbol) => Said::Nothing,
            Lost::Unknown if user.is_own && is_plugin && hosts::host_of(symbol.name.as_bstr()).is_some() => {
                self.left_to_host(process, user, symbol)
            }
            Lost::Unknown => Said::Unknown { file: user.file, symbol: symbol.name.to_string() },
            Lost::NotInFile(library) => {
                let library = name(&process.entries[library].object);
                let summary = format!("{library} has the version and not the symbol");
                user.problem(key(Some("not-in-file"), Some(library)), summary, rebuild, None)
            }
            Lost::NoVersionTable(library) => {
                let library = name(&process.entries[library].object);
                let summary = format!("{library} has no versions, and the loader stops at its assertion");
                user.problem(key(Some("no-version-table"), Some(library)), summary, rebuild, None)
            }
            Lost::Undefined if !user.is_own => {
                let summary =
                    format!("{}, a library of the distribution, imports symbols that nothing has", user.file);
                user.problem(
                    key(Some("distribution"), file),
                    summary,
                    vec!["ask the distribution".to_owned()],
                    None,
                )
            }
            Lost::Undefined if is_plugin => self.left_to_host(process, user, symbol),
            Lost::Undefined => {
                let summary = "nothing that it loads has the symbol".to_owned();
                let way_out = vec![
                    "link it with the library that has the symbol (-l…, -Wl,--no-undefined shows all)"
                        .to_owned(),
                ];
                user.problem(key(None, file), summary, way_out, None)
            }
        }
    }

    /// Whether a complaint about the symbol's library or version says it all.
    fn has_complaint(&self, process: &Process, user: usize, symbol: &Symbol) -> bool {
        let Some(version) = &symbol.version else { return false };
        process.issues.iter().any(|issue| match issue {
            Issue::VersionMissing { user: at, version: missing, .. } => {
                *at == user && *missing == version.name
            }
            Issue::LibraryMissing { name, .. } | Issue::LibraryUnusable { name, .. } => {
                version.file.as_ref() == Some(name)
            }
            _ => false,
        })
    }

    fn left_to_host(&self, process: &Process, user: User, symbol: &Symbol) -> Said {
        let host = hosts::host_of(symbol.name.as_bstr());
        let found = host.map(|host| hosts::has(self.system, host, process.target, symbol.name.as_bstr()));
        let (summary, way_out, library) = match (host, found) {
            (_, Some(hosts::Has::Yes)) => return Said::Nothing,
            (Some(host), Some(hosts::Has::No(program))) => (
                format!("{program}, which would load it, does not have the symbols"),
                format!("build it for the {} of the distribution", host.name),
                Some(program),
            ),
            (Some(host), _) => (
                format!("it leaves symbols to {}, which is not known here", host.name),
                format!("install {} of the release that it was built for", host.name),
                Some(host.name.into()),
            ),
            (None, _) => (
                "it leaves symbols to the program that loads it".to_owned(),
                "give that program together with it".to_owned(),
                None,
            ),
        };
        let key = Key { rule: "app-symbol-missing", case: Some("host"), library, version: None };
        user.problem(key, summary, vec![way_out], None)
    }
}

/// An object that needs something.
struct User {
    at: usize,
    file: BString,
    package: Option<String>,
    is_own: bool,
    symbols: Vec<String>,
}

impl User {
    fn new(process: &Process, at: usize, name: Name<'_>) -> Self {
        let object = &process.entries[at].object;
        let package = object.package.clone().filter(|_| !object.is_own);
        User { at, file: name(object), package, is_own: object.is_own, symbols: Vec::new() }
    }

    fn is_other(&self, file: &ProgramFile) -> bool {
        self.file != file.shown
    }

    fn with_symbol(mut self, symbol: &Symbol) -> Self {
        self.symbols.push(symbol.name.to_string());
        self
    }

    fn problem(self, key: Key, summary: String, way_out: Vec<String>, first_in: Option<String>) -> Said {
        let mut need = need(self.file, self.package, None);
        need.symbols = self.symbols;
        Said::Problem(Box::new(New { key, summary, first_in, way_out, need }))
    }
}

/// What to do with a file that was built for musl.
const FOR_GLIBC: &str = "get its build for glibc, often named gnu or glibc";

/// Whether a library is musl's C library, which is of no use beside glibc.
fn is_musl(name: &BString) -> bool {
    name.starts_with(b"libc.musl-")
}

fn interpreter(file: &ProgramFile, path: &BString) -> Said {
    let is_musl = path.contains_str("ld-musl");
    let way_out = match is_musl {
        true => "build it against glibc, or link it statically",
        false => "build it for the distribution's loader, or set it: patchelf --set-interpreter",
    };
    let what = if is_musl { " (musl)" } else { "" };
    let key = Key { rule: "app-interpreter-missing", case: None, library: Some(path.clone()), version: None };
    let summary = format!("its interpreter {path}{what} is not there");
    let need = need(file.shown.clone(), None, None);
    Said::Problem(Box::new(New { key, summary, first_in: None, way_out: vec![way_out.to_owned()], need }))
}

fn unusable(user: User, name: &BString, path: &BString, why: &str) -> Said {
    let key = Key {
        rule: "app-library-unusable",
        case: None,
        library: Some(name.clone()),
        version: Some(why.to_owned()),
    };
    user.problem(
        key,
        format!("{path} cannot be loaded: {why}"),
        vec![format!("put a good {name} there, or take the file away")],
        None,
    )
}

fn no_versions(user: User, process: &Process, library: usize, name: Name<'_>) -> Said {
    let library = name(&process.entries[library].object);
    let summary = format!("{library} defines no versions; the program was linked with a build that does");
    let key = Key { rule: "app-no-version-information", case: None, library: Some(library), version: None };
    user.problem(key, summary, vec!["build it against the distribution's own library".to_owned()], None)
}

fn of_nobody(user: User, file: &BString) -> Said {
    let key = Key { rule: "app-version-of-nobody", case: None, library: Some(file.clone()), version: None };
    let summary = format!("a version of {file} is required, and no library is loaded by that name");
    user.problem(
        key,
        summary,
        vec!["link it anew; patchelf --replace-needed keeps both in step since 0.12".to_owned()],
        None,
    )
}

fn packed(user: User) -> Said {
    let key = Key { rule: "app-packed-relocations", case: None, library: None, version: None };
    let way_out =
        vec!["link it with -z pack-relative-relocs of a linker that adds the version, or without".to_owned()];
    user.problem(
        key,
        "it has packed relocations and does not require GLIBC_ABI_DT_RELR".to_owned(),
        way_out,
        None,
    )
}

fn copy_size(process: &Process, user: User, symbol: usize, library: usize, size_bytes: u64) -> Said {
    let Some(symbol) = process.entries[user.at].elf().symbols.get(symbol) else { return Said::Nothing };
    let library: BString = process.path(library).into();
    let summary =
        format!("{} is copied with {} bytes; {library} has {size_bytes}", symbol.name, symbol.size_bytes);
    let key = Key {
        rule: "app-copy-size",
        case: None,
        library: Some(library),
        version: Some(symbol.name.to_string()),
    };
    user.with_symbol(symbol).problem(
        key,
        summary,
        vec!["build it against the distribution's own library".to_owned()],
        None,
    )
}

/// How a package manager is asked for a library.
fn install(name: &BString, target: Target) -> String {
    let mark = if target.class == ElfClass::Elf64 { "()(64bit)" } else { "" };
    format!("install what provides it: dnf install '{name}{mark}'; on Debian, apt-file search {name}")
}

/// The newest version that a library defines among those with the name of `wanted` up to its number.
fn newest_like(defined: &[BString], wanted: &BStr) -> Option<BString> {
    let (prefix, _) = split_version(wanted)?;
    let alike = defined.iter().filter_map(|version| {
        let (own, numbers) = split_version(version.as_bstr())?;
        (own == prefix).then_some((numbers, version))
    });
    alike.max().map(|(_, version)| version.clone())
}

/// `GLIBC_2.34` as name and numbers.
pub(super) fn split_version(version: &BStr) -> Option<(&[u8], Vec<u64>)> {
    let at = version.rfind_byte(b'_')?;
    let numbers = version[at + 1..].split_str(".").map(|n| n.to_str().ok()?.parse().ok());
    Some((&version[..at], numbers.collect::<Option<Vec<u64>>>()?))
}

/// The release of its project in which a version appeared, where the version says so itself.
fn release(version: &BStr) -> Option<String> {
    let minor = glibc_minor(version)?;
    let _ = minor;
    Some(format!("glibc {}", version.strip_prefix(b"GLIBC_")?.as_bstr()))
}

fn is_c_library(name: &BStr) -> bool {
    const PARTS: [&str; 9] = [
        "libc.",
        "libm.",
        "libpthread.",
        "libdl.",
        "librt.",
        "libutil.",
        "libresolv.",
        "libanl.",
        "ld-linux",
    ];
    PARTS.iter().any(|part| name.starts_with(part.as_bytes()))
}

fn list(names: &[BString]) -> String {
    names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// Targets whose usual loader is looked for, to say what a distribution is for.
pub const TARGETS: [Target; 6] = [
    Target { class: ElfClass::Elf64, endian: Endian::Little, machine: 62 },
    Target { class: ElfClass::Elf64, endian: Endian::Little, machine: 183 },
    Target { class: ElfClass::Elf64, endian: Endian::Little, machine: 21 },
    Target { class: ElfClass::Elf64, endian: Endian::Big, machine: 22 },
    Target { class: ElfClass::Elf64, endian: Endian::Little, machine: 243 },
    Target { class: ElfClass::Elf32, endian: Endian::Little, machine: 3 },
];

/// A machine's usual name.
pub fn machine_name(target: Target) -> &'static str {
    match (target.machine, target.class, target.endian) {
        (62, ElfClass::Elf64, _) => "x86-64",
        (62, ..) => "x32",
        (3, ..) => "i686",
        (183, ..) => "aarch64",
        (40, ..) => "arm",
        (21, _, Endian::Little) => "ppc64le",
        (21, ..) => "ppc64",
        (20, ..) => "ppc",
        (22, ..) => "s390x",
        (243, ..) => "riscv64",
        (258, ..) => "loongarch64",
        (8, ..) => "mips",
        _ => "another machine",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_a_kind() {
        let defined = ["GLIBC_2.2.5", "GLIBC_2.28", "GLIBC_2.9", "GLIBC_PRIVATE"].map(BString::from);
        assert_eq!(newest_like(&defined, "GLIBC_2.34".into()), Some("GLIBC_2.28".into()));
        assert_eq!(newest_like(&defined, "OPENSSL_3.0.0".into()), None);
        assert_eq!(release("GLIBC_2.34".into()).as_deref(), Some("glibc 2.34"));
        assert_eq!(release("GLIBCXX_3.4.30".into()), None);
    }
}
