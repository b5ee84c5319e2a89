//! Distributions as `--on` names them: this machine, a root directory, or anything that `check` reads.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use abide_distro::app::system::platform;
use abide_distro::app::{
    Directories, Object, Opening, Profile, SymbolEvidence, System, Target, hwcaps, usual_interpreter,
};
use abide_model::{ElfClass, ElfKind};
use abide_read::elf::{ElfError, read_elf};
use abide_read::root::{LibraryCache, LoaderText, Root, loader_text, read_configuration};
use abide_read::source::FileBytes;
use bstr::{BStr, BString, ByteSlice};

/// A root directory that is asked for files one by one.
pub(crate) struct RootSystem {
    name: String,
    root: Root,
    isa_level: Option<u8>,
    opened: Mutex<HashMap<BString, Opening>>,
    loaders: Mutex<HashMap<Target, Arc<LoaderText>>>,
    libraries: OnceLock<Libraries>,
}

/// What stands for `ld.so.cache`.
#[derive(Default)]
struct Libraries {
    /// Paths by name, with the subdirectory of `glibc-hwcaps` that each is for.
    by_name: HashMap<BString, Vec<(Option<BString>, BString)>>,
}

impl RootSystem {
    pub(crate) fn new(name: &str, path: &Path, isa_level: Option<u8>) -> Self {
        RootSystem {
            name: name.to_owned(),
            root: Root::new(path),
            isa_level,
            opened: Mutex::default(),
            loaders: Mutex::default(),
            libraries: OnceLock::new(),
        }
    }

    fn read(&self, resolved: &BString) -> Opening {
        let path = self.root.on_disk(resolved.as_bstr());
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Opening::Absent,
            Err(error) => return Opening::Unknown(format!("{}: {error}", path.display())),
        }
        let bytes = match FileBytes::open(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Opening::Unknown(format!("{}: {error}", path.display())),
        };
        match read_elf(&bytes) {
            Ok(read) if !matches!(read.facts.kind, ElfKind::Executable | ElfKind::SharedObject) => {
                Opening::Unusable("only ET_DYN and ET_EXEC can be loaded".to_owned())
            }
            Ok(read) => {
                let mut object = Object::new(resolved.clone(), Arc::new(read.facts));
                if !read.gaps.is_empty() {
                    object.evidence = SymbolEvidence::Damaged;
                }
                Opening::Object(Arc::new(object))
            }
            Err(ElfError::Truncated(_)) => Opening::Unusable("file too short".to_owned()),
            Err(ElfError::NotElf) if bytes.len() < 64 => Opening::Unusable("file too short".to_owned()),
            Err(_) => Opening::Unusable("invalid ELF header".to_owned()),
        }
    }

    /// The strings of the loader for a target.
    fn loader(&self, target: Target) -> Arc<LoaderText> {
        let mut loaders = self.loaders.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            let path = usual_interpreter(target).and_then(|path| self.root.find(path.into()));
            let bytes = path.and_then(|path| FileBytes::open(&path).ok());
            Arc::new(bytes.map(|bytes| loader_text(&bytes)).unwrap_or_default())
        };
        Arc::clone(loaders.entry(target).or_insert_with(read))
    }

    /// `/etc/ld.so.cache`, or what ldconfig would put there.
    fn libraries(&self) -> &Libraries {
        self.libraries.get_or_init(|| {
            let cache =
                self.root.find("/etc/ld.so.cache".into()).and_then(|path| FileBytes::open(&path).ok());
            match cache.and_then(|bytes| LibraryCache::read(&bytes).ok()) {
                Some(cache) => Libraries::of_cache(cache),
                None => self.configured(),
            }
        })
    }

    /// The libraries of the directories that `ld.so.conf` names, by file name and soname (ldconfig(8)).
    fn configured(&self) -> Libraries {
        let mut libraries = Libraries::default();
        for directory in read_configuration(&self.root).directories {
            let Some(found) = self.root.find(directory.as_bstr()) else { continue };
            let Ok(entries) = fs::read_dir(found) else { continue };
            let mut names: Vec<BString> = entries
                .filter_map(|entry| Some(BString::from(entry.ok()?.file_name().as_encoded_bytes())))
                .filter(|name| {
                    (name.starts_with(b"lib") || name.starts_with(b"ld-")) && name.contains_str(".so")
                })
                .collect();
            names.sort();
            for name in names {
                let path: BString = [&directory[..], b"/", &name[..]].concat().into();
                let Opening::Object(object) = self.open(path.as_bstr()) else { continue };
                let soname = object.elf.soname.clone().filter(|soname| *soname != name);
                for known_as in std::iter::once(name).chain(soname) {
                    libraries.by_name.entry(known_as).or_default().push((None, path.clone()));
                }
            }
        }
        libraries
    }
}

impl Libraries {
    fn of_cache(cache: LibraryCache) -> Self {
        let mut libraries = Libraries::default();
        for entry in cache.entries.into_iter().filter(|entry| !entry.has_old_hwcap) {
            libraries.by_name.entry(entry.name).or_default().push((entry.hwcap, entry.path));
        }
        libraries
    }
}

impl System for RootSystem {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self, path: &BStr) -> Opening {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.get(path) {
            return known.clone();
        }
        let found = match self.root.resolve(path) {
            None => Opening::Absent,
            Some(resolved) => match opened.get(&resolved) {
                Some(known) => known.clone(),
                None => {
                    let read = self.read(&resolved);
                    opened.insert(resolved, read.clone());
                    read
                }
            },
        };
        opened.insert(path.into(), found.clone());
        found
    }

    fn cached(&self, name: &BStr, target: Target) -> Vec<BString> {
        let Some(found) = self.libraries().by_name.get(name) else { return Vec::new() };
        let active = self.subdirectories(target);
        let rank = |hwcap: &Option<BString>| match hwcap {
            None => Some(active.len()),
            Some(name) => active.iter().position(|sub| sub.ends_with(name.as_slice())),
        };
        let mut ranked: Vec<(usize, &BString)> =
            found.iter().filter_map(|(hwcap, path)| Some((rank(hwcap)?, path))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, path)| path.clone()).collect()
    }

    fn directories(&self, target: Target) -> Directories {
        let known = self.loader(target).directories.clone();
        let default = match known.is_empty() {
            false => known,
            true => usual_directories(target),
        };
        let lib =
            default.first().map_or(BStr::new("lib"), |dir| dir.strip_prefix(b"/").unwrap_or(dir).as_bstr());
        Directories { lib: lib.into(), platform: platform(target).into(), default: default.clone() }
    }

    fn subdirectories(&self, target: Target) -> Vec<BString> {
        match self.loader(target).knows_hwcaps {
            true => hwcaps(target, self.isa_level),
            false => Vec::new(),
        }
    }

    fn unknown_libraries(&self, _: Target) -> Option<String> {
        None
    }

    fn isa_level(&self) -> Option<u8> {
        self.isa_level
    }

    fn kernel(&self) -> Option<[u32; 3]> {
        None
    }

    fn elsewhere(&self, _: &BStr, _: Target) -> Option<Arc<Object>> {
        None
    }

    fn has_path(&self, path: &BStr) -> Option<bool> {
        Some(self.root.resolve(path).is_some())
    }

    fn entries(&self, directory: &BStr) -> Option<Vec<BString>> {
        let Some(found) = self.root.find(directory) else { return Some(Vec::new()) };
        let entries = fs::read_dir(found).ok()?;
        let mut names: Vec<BString> =
            entries.filter_map(|entry| Some(entry.ok()?.file_name().as_encoded_bytes().into())).collect();
        names.sort();
        Some(names)
    }
}

/// The default directories of a loader that does not tell them: Red Hat's.
fn usual_directories(target: Target) -> Vec<BString> {
    match target.class {
        ElfClass::Elf64 => vec!["/lib64".into(), "/usr/lib64".into()],
        ElfClass::Elf32 => vec!["/lib".into(), "/usr/lib".into()],
    }
}

/// The x86-64 level of this machine (x86-64 psABI, "Micro-Architecture Levels"); `None` on other machines.
#[cfg(target_arch = "x86_64")]
pub(crate) fn host_isa_level() -> Option<u8> {
    use std::arch::is_x86_feature_detected as has;
    let v2 = has!("sse3")
        && has!("ssse3")
        && has!("sse4.1")
        && has!("sse4.2")
        && has!("popcnt")
        && has!("cmpxchg16b");
    let v3 = v2
        && has!("avx")
        && has!("avx2")
        && has!("bmi1")
        && has!("bmi2")
        && has!("f16c")
        && has!("fma")
        && has!("lzcnt")
        && has!("movbe");
    let v4 =
        v3 && has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl");
    Some(1 + u8::from(v2) + u8::from(v3) + u8::from(v4))
}

/// The x86-64 level of this machine: none.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn host_isa_level() -> Option<u8> {
    None
}

/// The directory that a name of `--on` stands for, where it is this machine or a root.
pub(crate) fn root_of(name: &str) -> Option<PathBuf> {
    if Profile::built_in(name).is_some() {
        return None;
    }
    match name {
        "host" => Some(PathBuf::from("/")),
        name => Some(PathBuf::from(name)).filter(|path| path.is_dir() && Root::is_at(path)),
    }
}
