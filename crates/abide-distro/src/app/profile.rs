//! Profiles: what is known of a release of a distribution without having it: libraries, their versions and symbols, the
//! loader, the machine, the kernel.
//!
//! A profile is data with its sources named (`profiles/*.toml`, made by `abide profile`). What it does not list is not
//! known: a program that needs it is undecided.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use abide_model::{
    Binding, ElfClass, ElfFacts, ElfKind, Endian, Symbol, SymbolKind, SymbolSection, SymbolVersion,
    Visibility,
};
use bstr::{BStr, BString, ByteSlice};
use serde::Deserialize;

use super::explain::split_version;
use super::loader::path::parent;
use super::side::{hwcaps, normal};
use super::system::{Directories, Object, Opening, SymbolEvidence, System, Target, platform};
use crate::pairing::file_name;

/// The profiles inside of this program: name and file.
const BUILT_IN: [(&str, &str); 4] = [
    ("el7", include_str!("../../profiles/el7.toml")),
    ("el8", include_str!("../../profiles/el8.toml")),
    ("el9", include_str!("../../profiles/el9.toml")),
    ("el10", include_str!("../../profiles/el10.toml")),
];

/// Symbols of libraries whose versions never change once released, for all profiles.
const SYMBOLS: &str = include_str!("../../profiles/symbols.toml");

/// Why a profile could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is no TOML, or has fields that a profile does not have.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// It is of a format that this program does not read.
    #[error("it has the format {0}; this program reads 1")]
    Format(u32),
    /// It names a machine that is not known.
    #[error("it names the machine {0:?}, which is not known")]
    Machine(String),
}

/// What is known of one release.
pub struct Profile {
    name: String,
    /// In words.
    pub title: String,
    /// Where its facts are from.
    pub sources: Vec<Source>,
    kernel: Option<[u32; 3]>,
    targets: BTreeMap<Target, ForTarget>,
}

/// Where facts of a profile are from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// What is from there.
    pub what: String,
    /// The place.
    pub from: String,
    /// Its date or version.
    pub date: String,
}

struct ForTarget {
    isa_level: Option<u8>,
    directories: Vec<BString>,
    interpreter: BString,
    libraries: BTreeMap<BString, Arc<Object>>,
}

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    format: u32,
    name: String,
    title: String,
    #[serde(default)]
    kernel: Option<[u32; 3]>,
    #[serde(default)]
    sources: Vec<Source>,
    #[serde(default)]
    targets: Vec<FileTarget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileTarget {
    machine: String,
    #[serde(default)]
    isa_level: Option<u8>,
    interpreter: String,
    directories: Vec<String>,
    libraries: BTreeMap<String, FileLibrary>,
}

/// One library.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileLibrary {
    /// `shared`: the symbols of its versions are those of the common list; `own`: they are listed here; `versions`: only
    /// the versions are known; `name`: only that it is there.
    known: String,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    needed: Vec<String>,
    /// Symbols by version, one name after the other; the empty version is none.
    #[serde(default)]
    symbols: BTreeMap<String, String>,
    /// Symbols of the common list that this release does not have.
    #[serde(default)]
    without: String,
}

/// Machine, library, version, symbols.
type Shared = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

impl Profile {
    /// Reads a profile; the common list of symbols is the built-in one.
    ///
    /// # Errors
    /// When the text is no profile, or of another format.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        Self::with(text, shared())
    }

    fn with(text: &str, shared: &Shared) -> Result<Self, ProfileError> {
        let file: File = toml::from_str(text)?;
        if file.format != 1 {
            return Err(ProfileError::Format(file.format));
        }
        let mut targets = BTreeMap::new();
        for one in file.targets {
            let target =
                target_named(&one.machine).ok_or_else(|| ProfileError::Machine(one.machine.clone()))?;
            let common = shared.get(&one.machine);
            let directory = one.directories.first().cloned().unwrap_or_default();
            let object = |(name, library): (&String, &FileLibrary)| {
                let common = common.and_then(|common| common.get(name));
                (BString::from(name.as_str()), Arc::new(library.object(name, target, &directory, common)))
            };
            targets.insert(
                target,
                ForTarget {
                    isa_level: one.isa_level,
                    directories: one.directories.iter().map(|d| d.as_str().into()).collect(),
                    interpreter: one.interpreter.as_str().into(),
                    libraries: one.libraries.iter().map(object).collect(),
                },
            );
        }
        let File { name, title, kernel, sources, .. } = file;
        Ok(Profile { name, title, sources, kernel, targets })
    }

    /// The built-in profile of a name.
    pub fn built_in(name: &str) -> Option<&'static Profile> {
        Self::all_built_in().iter().find(|profile| profile.name == name)
    }

    /// The built-in profiles, the oldest release first.
    ///
    /// # Panics
    /// When a data file of this crate is malformed, which a test would have shown.
    pub fn all_built_in() -> &'static [Profile] {
        static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
        PROFILES.get_or_init(|| {
            let read = |(name, text): &(&str, &str)| {
                Profile::read(text).unwrap_or_else(|e| panic!("profiles/{name}.toml: {e}"))
            };
            BUILT_IN.iter().map(read).collect()
        })
    }

    /// Names of the built-in profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }
}

/// # Panics
/// When the data file is malformed, which a test would have shown.
fn shared() -> &'static Shared {
    static LIST: OnceLock<Shared> = OnceLock::new();
    LIST.get_or_init(|| toml::from_str(SYMBOLS).unwrap_or_else(|e| panic!("profiles/symbols.toml: {e}")))
}

impl FileLibrary {
    fn object(
        &self,
        name: &str,
        target: Target,
        directory: &str,
        common: Option<&BTreeMap<String, String>>,
    ) -> Object {
        let mut elf = ElfFacts::new(target.class, target.endian, target.machine, ElfKind::SharedObject);
        elf.soname = Some(name.into());
        elf.needed = self.needed.iter().map(|needed| needed.as_str().into()).collect();
        elf.versions_defined = self.versions.iter().map(|version| version.as_str().into()).collect();
        elf.loading.has_version_definitions = !self.versions.is_empty();
        elf.loading.has_version_indices = !self.versions.is_empty();
        elf.loading.first_version = elf.versions_defined.first().cloned();
        let symbols = if self.known == "shared" { common } else { Some(&self.symbols) };
        let empty = BTreeMap::new();
        let symbols = symbols.unwrap_or(&empty);
        elf.symbols = self.symbols_of(symbols);
        let mut object = Object::new(format!("{directory}/{name}").into(), Arc::new(elf));
        object.evidence = match self.known.as_str() {
            "shared" | "own" => SymbolEvidence::All,
            "versions" => SymbolEvidence::Versions,
            _ => SymbolEvidence::Nothing,
        };
        let is_unlisted = |version: &&String| !symbols.contains_key(*version);
        object.unlisted = self.versions.iter().filter(is_unlisted).map(|v| v.as_str().into()).collect();
        object
    }

    /// The symbols of the versions that this release has. Of a symbol with several versions the newest is the default.
    fn symbols_of(&self, listed: &BTreeMap<String, String>) -> Vec<Symbol> {
        let without: Vec<&str> = self.without.split_whitespace().collect();
        let has = |version: &str| version.is_empty() || self.versions.iter().any(|own| own == version);
        let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
        let mut all: Vec<(&str, &str)> = Vec::new();
        for (version, names) in listed.iter().filter(|(version, _)| has(version)) {
            for name in names.split_whitespace().filter(|name| !without.contains(name)) {
                all.push((name, version));
                let best = newest.entry(name).or_insert(version);
                if is_newer(version, best) {
                    *best = version;
                }
            }
        }
        let mut symbols: Vec<Symbol> = all
            .iter()
            .map(|(name, version)| symbol(name, version, newest.get(name) == Some(version)))
            .collect();
        symbols.sort_unstable();
        symbols
    }
}

fn is_newer(version: &str, than: &str) -> bool {
    split_version(version.into()).map(|(_, numbers)| numbers)
        > split_version(than.into()).map(|(_, numbers)| numbers)
}

fn symbol(name: &str, version: &str, is_default: bool) -> Symbol {
    let version =
        (!version.is_empty()).then(|| SymbolVersion { name: version.into(), is_default, file: None });
    Symbol {
        name: name.into(),
        version,
        kind: SymbolKind::NoType,
        binding: Binding::Global,
        visibility: Visibility::Default,
        section: SymbolSection::Absolute,
        address: 0,
        size_bytes: 0,
        is_export: true,
    }
}

/// A machine's name in profiles.
pub fn target_named(name: &str) -> Option<Target> {
    let (class, machine) = match name {
        "x86-64" => (ElfClass::Elf64, 62),
        "i686" => (ElfClass::Elf32, 3),
        "aarch64" => (ElfClass::Elf64, 183),
        "ppc64le" => (ElfClass::Elf64, 21),
        "s390x" => (ElfClass::Elf64, 22),
        _ => return None,
    };
    let endian = if name == "s390x" { Endian::Big } else { Endian::Little };
    Some(Target { class, endian, machine })
}

impl System for &Profile {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self, path: &BStr) -> Opening {
        let path = normal(path);
        let (directory, name) = (parent(path.as_bstr()), file_name(path.as_bstr()));
        let found = self.targets.values().find_map(|target| {
            let is_there = target.interpreter == path || target.directories.iter().any(|d| d == directory);
            target.libraries.get(name).filter(|_| is_there)
        });
        match found {
            Some(object) => Opening::Object(Arc::clone(object)),
            None => Opening::Absent,
        }
    }

    fn cached(&self, _: &BStr, _: Target) -> Vec<BString> {
        Vec::new()
    }

    fn directories(&self, target: Target) -> Directories {
        let default = self.targets.get(&target).map(|t| t.directories.clone()).unwrap_or_default();
        let lib =
            default.first().map_or(BStr::new("lib64"), |dir| dir.strip_prefix(b"/").unwrap_or(dir).as_bstr());
        Directories { lib: lib.into(), platform: platform(target).into(), default: default.clone() }
    }

    fn subdirectories(&self, target: Target) -> Vec<BString> {
        // Whether the files of a program are looked for below them depends on the loader: glibc 2.33.
        let libc = self.targets.get(&target).and_then(|t| t.libraries.get(BStr::new("libc.so.6")));
        let is_new = |v: &BString| super::side::glibc_minor(v.as_bstr()).is_some_and(|minor| minor >= 33);
        match libc.is_some_and(|libc| libc.elf.versions_defined.iter().any(is_new)) {
            true => hwcaps(target, self.targets.get(&target).and_then(|t| t.isa_level)),
            false => Vec::new(),
        }
    }

    fn unknown_libraries(&self, target: Target) -> Option<String> {
        Some(match self.targets.get(&target) {
            None => format!("the profile {} does not cover this machine", self.name),
            Some(known) => format!("the profile {} lists {} libraries", self.name, known.libraries.len()),
        })
    }

    fn isa_level(&self) -> Option<u8> {
        let x86_64 = target_named("x86-64")?;
        self.targets.get(&x86_64)?.isa_level
    }

    fn kernel(&self) -> Option<[u32; 3]> {
        self.kernel
    }

    fn elsewhere(&self, _: &BStr, _: Target) -> Option<Arc<Object>> {
        None
    }

    fn has_path(&self, _: &BStr) -> Option<bool> {
        None
    }

    fn entries(&self, _: &BStr) -> Option<Vec<BString>> {
        None
    }
}
