//! What the dynamic loader finds when it asks the file system: paths, the cache of library names, the machine.
//!
//! A system is asked and never listed: a root directory opens the files that a program needs and no others. Who reads
//! them lives elsewhere; here are the questions, and a system made of several.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
use std::sync::{Arc, OnceLock};

use abide_model::{ElfClass, ElfFacts, Endian, Symbol};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// What has to be equal for two files to be in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// `EI_CLASS`.
    pub class: ElfClass,
    /// `EI_DATA`.
    pub endian: Endian,
    /// `e_machine`.
    pub machine: u16,
}

impl Target {
    /// The target that a file is built for.
    pub fn of(elf: &ElfFacts) -> Self {
        Target { class: elf.class, endian: elf.endian, machine: elf.machine }
    }
}

/// How much is known of an object's symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolEvidence {
    /// All of them.
    All,
    /// Part of the file could not be read: what is not there may be.
    Damaged,
    /// Only the versions: a symbol of a version that the object has is taken to be there, others are not known.
    Versions,
    /// Only that the library is there.
    Nothing,
}

/// A file that the loader can load.
#[derive(Clone, Debug)]
pub struct Object {
    /// Where it is, links followed: what makes two names one file.
    pub path: BString,
    /// Its facts.
    pub elf: Arc<ElfFacts>,
    /// How far its list of symbols goes.
    pub evidence: SymbolEvidence,
    /// Versions that it has and whose symbols are not listed: they are taken to be there.
    pub unlisted: Vec<BString>,
    /// The package that it is from.
    pub package: Option<String>,
    /// Whether it belongs to the program and not to the distribution.
    pub is_own: bool,
    /// The first symbol of each name, by the name's hash; made at the first question.
    index: OnceLock<FxHashMap<u64, u32>>,
}

impl Object {
    /// An object of a distribution of which all is known.
    pub fn new(path: BString, elf: Arc<ElfFacts>) -> Self {
        let index = OnceLock::new();
        let evidence = SymbolEvidence::All;
        Object { path, elf, evidence, unlisted: Vec::new(), package: None, is_own: false, index }
    }

    /// All symbols of a name, exports and imports, with their index in [`ElfFacts::symbols`].
    pub fn symbols_named(&self, name: &BStr) -> impl Iterator<Item = (usize, &Symbol)> {
        let symbols = &self.elf.symbols;
        let start = match self.index.get_or_init(|| index(symbols)).get(&FxBuildHasher.hash_one(name)) {
            None => symbols.len(),
            Some(&at) if symbols[at as usize].name == name => at as usize,
            // Two names have one hash.
            Some(_) => symbols.partition_point(|symbol| symbol.name.as_bstr() < name),
        };
        symbols.iter().enumerate().skip(start).take_while(move |(_, symbol)| symbol.name == name)
    }
}

fn index(symbols: &[Symbol]) -> FxHashMap<u64, u32> {
    let mut index = FxHashMap::default();
    index.reserve(symbols.len());
    for (at, symbol) in symbols.iter().enumerate() {
        index.entry(FxBuildHasher.hash_one(symbol.name.as_bstr())).or_insert(at as u32);
    }
    index
}

/// What lies at a path.
#[derive(Clone, Debug)]
pub enum Opening {
    /// Nothing.
    Absent,
    /// An ELF file.
    Object(Arc<Object>),
    /// A file that the loader refuses; carries its reason as ld.so words it.
    Unusable(String),
    /// Something that this program could not read; carries the reason.
    Unknown(String),
}

/// Directories of the loader for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// Those that are searched last, in order.
    pub default: Vec<BString>,
    /// What `$LIB` stands for.
    pub lib: BString,
    /// What `$PLATFORM` stands for.
    pub platform: BString,
}

/// A distribution as a program meets it.
pub trait System: Sync {
    /// How it is called.
    fn name(&self) -> &str;
    /// What lies at an absolute path, symbolic links followed.
    fn open(&self, path: &BStr) -> Opening;
    /// Paths under which `ld.so.cache` has a name, the one that the loader prefers first.
    fn cached(&self, name: &BStr, target: Target) -> Vec<BString>;
    /// Directories that are searched last, and the values of tokens.
    fn directories(&self, target: Target) -> Directories;
    /// Subdirectories of every searched directory that come before itself (`glibc-hwcaps/x86-64-v3`), best first.
    fn subdirectories(&self, target: Target) -> Vec<BString>;
    /// Why a library that is not found may be there all the same; `None` where all libraries are known.
    fn unknown_libraries(&self, target: Target) -> Option<String>;
    /// The x86-64 level of the machine (1 to 4), where it is known.
    fn isa_level(&self) -> Option<u8>;
    /// The kernel's version, where it is known.
    fn kernel(&self) -> Option<[u32; 3]>;
    /// A file of the system that the loader would not find, and that has this name.
    fn elsewhere(&self, name: &BStr, target: Target) -> Option<Arc<Object>>;
    /// Whether a regular file or directory is at this path; `None` when that is not known.
    fn has_path(&self, path: &BStr) -> Option<bool>;
    /// Names in a directory, sorted; `None` when they are not known.
    fn entries(&self, directory: &BStr) -> Option<Vec<BString>>;
    /// The command that installs packages of the system, by their labels in [`Object::package`]; `None` where the system
    /// is not made of packages.
    fn install(&self, _packages: &BTreeSet<String>) -> Option<String> {
        None
    }
}

/// The interpreter that the psABI and glibc give to programs of a target.
pub fn usual_interpreter(target: Target) -> Option<&'static str> {
    Some(match (target.machine, target.class, target.endian) {
        (62, ElfClass::Elf64, _) => "/lib64/ld-linux-x86-64.so.2",
        (62, ElfClass::Elf32, _) => "/libx32/ld-linux-x32.so.2",
        (3, ..) => "/lib/ld-linux.so.2",
        (183, _, Endian::Little) => "/lib/ld-linux-aarch64.so.1",
        (183, _, Endian::Big) => "/lib/ld-linux-aarch64_be.so.1",
        (40, ..) => "/lib/ld-linux-armhf.so.3",
        (21, _, Endian::Little) => "/lib64/ld64.so.2",
        (21, _, Endian::Big) => "/lib64/ld64.so.1",
        (20, ..) => "/lib/ld.so.1",
        (22, ElfClass::Elf64, _) => "/lib/ld64.so.1",
        (22, ElfClass::Elf32, _) => "/lib/ld.so.1",
        (243, ElfClass::Elf64, _) => "/lib/ld-linux-riscv64-lp64d.so.1",
        (258, ElfClass::Elf64, _) => "/lib64/ld-linux-loongarch-lp64d.so.1",
        _ => return None,
    })
}

/// The value of `$PLATFORM` (`AT_PLATFORM`): the machine's name.
pub fn platform(target: Target) -> &'static str {
    match (target.machine, target.endian) {
        (62, _) => "x86_64",
        (3, _) => "i686",
        (183, _) => "aarch64",
        (40, _) => "v7l",
        (21, Endian::Little) => "power9",
        (22, _) => "z15",
        _ => "",
    }
}

/// The program's own files in front of a distribution.
pub struct Installed<'a> {
    /// The distribution.
    pub base: &'a dyn System,
    /// The program's files.
    pub own: &'a dyn Own,
}

/// Files that a program brings along.
pub trait Own: Sync {
    /// What lies at an absolute path, links followed.
    fn open(&self, path: &BStr) -> Opening;
    /// Whether anything lies there.
    fn has_path(&self, path: &BStr) -> bool;
    /// Its file of this name, wherever it is.
    fn elsewhere(&self, name: &BStr, target: Target) -> Option<Arc<Object>>;
}

impl System for Installed<'_> {
    fn name(&self) -> &str {
        self.base.name()
    }

    fn open(&self, path: &BStr) -> Opening {
        match self.own.open(path) {
            Opening::Absent => self.base.open(path),
            found => found,
        }
    }

    fn cached(&self, name: &BStr, target: Target) -> Vec<BString> {
        self.base.cached(name, target)
    }

    fn directories(&self, target: Target) -> Directories {
        self.base.directories(target)
    }

    fn subdirectories(&self, target: Target) -> Vec<BString> {
        self.base.subdirectories(target)
    }

    fn unknown_libraries(&self, target: Target) -> Option<String> {
        self.base.unknown_libraries(target)
    }

    fn isa_level(&self) -> Option<u8> {
        self.base.isa_level()
    }

    fn kernel(&self) -> Option<[u32; 3]> {
        self.base.kernel()
    }

    fn elsewhere(&self, name: &BStr, target: Target) -> Option<Arc<Object>> {
        self.own.elsewhere(name, target).or_else(|| self.base.elsewhere(name, target))
    }

    fn has_path(&self, path: &BStr) -> Option<bool> {
        if self.own.has_path(path) { Some(true) } else { self.base.has_path(path) }
    }

    fn entries(&self, directory: &BStr) -> Option<Vec<BString>> {
        self.base.entries(directory)
    }

    fn install(&self, packages: &BTreeSet<String>) -> Option<String> {
        self.base.install(packages)
    }
}
