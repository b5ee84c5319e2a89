//! `cargo xtask profiles`: makes the built-in profiles of releases (`crates/abide-distro/profiles`) from public sources.
//!
//! Nothing in them is typed by hand but for what has no source that a program can read: which policy stands for which
//! release, its kernel and its level of x86-64. The sources:
//!
//! - auditwheel's `manylinux-policy.json`: the versions that libraries of a release define, and which libraries there are;
//! - zig's `abilists`: every symbol of glibc with its versions, by machine;
//! - the files of libstdc++, libgcc and others of a release newer than all of these. Versions of these libraries, once
//!   released, never change: the symbols of an older release are those of its versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use abide_read::elf::read_elf;
use serde_json::Value;

/// A release, and what has no source that a program can read (release notes of each).
struct Release {
    name: &'static str,
    title: &'static str,
    policy: &'static str,
    kernel: [u32; 3],
    x86_64_level: u8,
}

const RELEASES: [Release; 4] = [
    Release {
        name: "el7",
        title: "Enterprise Linux 7",
        policy: "manylinux_2_17",
        kernel: [3, 10, 0],
        x86_64_level: 1,
    },
    Release {
        name: "el8",
        title: "Enterprise Linux 8",
        policy: "manylinux_2_28",
        kernel: [4, 18, 0],
        x86_64_level: 1,
    },
    Release {
        name: "el9",
        title: "Enterprise Linux 9",
        policy: "manylinux_2_34",
        kernel: [5, 14, 0],
        x86_64_level: 2,
    },
    Release {
        name: "el10",
        title: "Enterprise Linux 10",
        policy: "manylinux_2_39",
        kernel: [6, 12, 0],
        x86_64_level: 3,
    },
];

/// Machine as profiles, auditwheel and zig call it, and its loader and directories.
struct Machine {
    name: &'static str,
    policy: &'static str,
    zig: &'static str,
    interpreter: &'static str,
}

const MACHINES: [Machine; 2] = [
    Machine {
        name: "x86-64",
        policy: "x86_64",
        zig: "x86_64-linux-gnu",
        interpreter: "/lib64/ld-linux-x86-64.so.2",
    },
    Machine {
        name: "aarch64",
        policy: "aarch64",
        zig: "aarch64-linux-gnu",
        interpreter: "/lib/ld-linux-aarch64.so.1",
    },
];

/// zig's names of glibc's libraries; `ld` is the interpreter.
const GLIBC: [(&str, &str); 7] = [
    ("c", "libc.so.6"),
    ("m", "libm.so.6"),
    ("pthread", "libpthread.so.0"),
    ("dl", "libdl.so.2"),
    ("rt", "librt.so.1"),
    ("util", "libutil.so.1"),
    ("resolv", "libresolv.so.2"),
];

/// Symbols by version, of libraries by name; the empty version is none.
type Libraries = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Makes the profiles.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let sources = Sources::of(arguments)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/abide-distro/profiles");
    let policies: Value = serde_json::from_slice(&read(&sources.policy)?).map_err(|e| e.to_string())?;
    let lists = read(&sources.abilists)?;
    let mut common: BTreeMap<&str, Libraries> = BTreeMap::new();
    for machine in &MACHINES {
        let mut libraries = glibc(&lists, machine)?;
        let root = sources
            .roots
            .get(machine.name)
            .ok_or_else(|| format!("no --libraries {}=FOLDER", machine.name))?;
        for (name, symbols) in files(root)? {
            libraries.entry(name).or_insert(symbols);
        }
        common.insert(machine.name, libraries);
    }
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for release in &RELEASES {
        let policies = policies.as_array().ok_or("the policies are no list")?;
        let policy = policies.iter().find(|p| p["name"] == release.policy);
        let policy = policy.ok_or_else(|| format!("there is no policy {}", release.policy))?;
        let text = profile(release, policy, &common, &mut used, &sources);
        write(&folder.join(format!("{}.toml", release.name)), &text)?;
    }
    write(&folder.join("symbols.toml"), &symbols(&common, &used, &sources))
}

struct Sources {
    policy: PathBuf,
    abilists: PathBuf,
    roots: BTreeMap<String, PathBuf>,
    /// Where each is from, in words.
    policy_from: String,
    abilists_from: String,
    libraries_from: String,
    date: String,
}

impl Sources {
    fn of(arguments: &[String]) -> Result<Self, String> {
        let usage = "usage: cargo xtask profiles --policy FILE --policy-from TEXT --abilists FILE --abilists-from TEXT \
                     --libraries MACHINE=FOLDER… --libraries-from TEXT --date DATE";
        let mut roots = BTreeMap::new();
        let mut named: BTreeMap<&str, &str> = BTreeMap::new();
        for pair in arguments.chunks(2) {
            let [option, value] = pair else { return Err(usage.to_owned()) };
            match value.split_once('=') {
                Some((machine, folder)) if option == "--libraries" => {
                    roots.insert(machine.to_owned(), PathBuf::from(folder));
                }
                _ => {
                    named.insert(option, value);
                }
            }
        }
        let get = |option: &str| named.get(option).map(|v| (*v).to_owned()).ok_or_else(|| usage.to_owned());
        Ok(Sources {
            policy: get("--policy")?.into(),
            abilists: get("--abilists")?.into(),
            roots,
            policy_from: get("--policy-from")?,
            abilists_from: get("--abilists-from")?,
            libraries_from: get("--libraries-from")?,
            date: get("--date")?,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Reads zig's list (`src/libs/glibc.zig`): names of libraries, versions and targets, then for functions and for objects
/// inclusions: a name (once for several), the targets as bits, a size for objects, the library, and the versions; the highest
/// bit of the library ends a name, that of a version ends the versions.
fn glibc(lists: &[u8], machine: &Machine) -> Result<Libraries, String> {
    let mut reader = Bytes { bytes: lists, at: 0 };
    let count = reader.byte()?;
    let libraries: Vec<String> = (0..count).map(|_| reader.text()).collect::<Result<_, _>>()?;
    let count = reader.byte()?;
    let mut versions = Vec::new();
    for _ in 0..count {
        versions.push([reader.byte()?, reader.byte()?, reader.byte()?]);
    }
    let count = reader.byte()?;
    let targets: Vec<String> = (0..count).map(|_| reader.text()).collect::<Result<_, _>>()?;
    let target = targets.iter().position(|t| t == machine.zig).ok_or("the machine is not in the list")?;
    let mut found = Libraries::new();
    for has_size in [false, true] {
        let mut name = None;
        for _ in 0..reader.word()? {
            let symbol: String = match name.take() {
                Some(name) => name,
                None => reader.text()?,
            };
            let mask = reader.number()?;
            if has_size {
                reader.number()?;
            }
            let library = reader.byte()?;
            let known = libraries.get(usize::from(library & 0x7f)).ok_or("a library without a name")?;
            loop {
                let version = reader.byte()?;
                let numbers = versions.get(usize::from(version & 0x7f)).ok_or("a version without a name")?;
                if mask >> target & 1 != 0 {
                    let symbols = found.entry(soname(known, machine)).or_default();
                    symbols.entry(version_name(*numbers)).or_default().insert(symbol.clone());
                }
                if version & 0x80 != 0 {
                    break;
                }
            }
            if library & 0x80 == 0 {
                name = Some(symbol);
            }
        }
    }
    Ok(found)
}

fn soname(zig: &str, machine: &Machine) -> String {
    let known = GLIBC.iter().find(|(name, _)| *name == zig).map(|(_, soname)| *soname);
    let loader = machine.interpreter.rsplit('/').next().unwrap_or_default();
    known.unwrap_or(loader).to_owned()
}

fn version_name([major, minor, patch]: [u8; 3]) -> String {
    if patch == 0 { format!("GLIBC_{major}.{minor}") } else { format!("GLIBC_{major}.{minor}.{patch}") }
}

struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn byte(&mut self) -> Result<u8, String> {
        let byte = self.bytes.get(self.at).copied().ok_or("the list ends early")?;
        self.at += 1;
        Ok(byte)
    }

    fn word(&mut self) -> Result<u16, String> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn text(&mut self) -> Result<String, String> {
        let mut text = Vec::new();
        loop {
            match self.byte()? {
                0 => return String::from_utf8(text).map_err(|e| e.to_string()),
                byte => text.push(byte),
            }
        }
    }

    /// LEB128.
    fn number(&mut self) -> Result<u64, String> {
        let (mut number, mut shift) = (0u64, 0u32);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
    }
}

/// Libraries of a folder, below any depth, by soname.
fn files(folder: &Path) -> Result<Libraries, String> {
    let mut found = Libraries::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))? {
            let path = entry.map_err(|e| e.to_string())?.path();
            let metadata = path.symlink_metadata().map_err(|e| e.to_string())?;
            if metadata.is_dir() {
                ahead.push(path);
                continue;
            }
            let Some(read) =
                metadata.is_file().then(|| read(&path)).transpose()?.and_then(|b| read_elf(&b).ok())
            else {
                continue;
            };
            let Some(soname) = read.facts.soname.clone() else { continue };
            let symbols: &mut BTreeMap<String, BTreeSet<String>> =
                found.entry(soname.to_string()).or_default();
            for (_, symbol) in read.facts.exports() {
                let version = symbol.version.as_ref().map(|v| v.name.to_string()).unwrap_or_default();
                symbols.entry(version).or_default().insert(symbol.name.to_string());
            }
        }
    }
    Ok(found)
}

/// Whether a release's policy has a version.
fn has(policy: &Value, machine: &Machine, version: &str) -> bool {
    let Some((kind, number)) = version.split_once('_') else { return false };
    let listed = policy["symbol_versions"][machine.policy][kind].as_array();
    listed.is_some_and(|listed| listed.iter().any(|v| v == number))
}

fn profile(
    release: &Release,
    policy: &Value,
    common: &BTreeMap<&str, Libraries>,
    used: &mut BTreeMap<&str, BTreeSet<String>>,
    sources: &Sources,
) -> String {
    let mut text = format!(
        "# Made by `cargo xtask profiles`; do not edit.\nformat = 1\nname = \"{}\"\ntitle = \"{}\"\nkernel = {:?}\n",
        release.name, release.title, release.kernel
    );
    let rows = [
        ("libraries and versions", format!("{}, policy {}", sources.policy_from, release.policy)),
        ("symbols of glibc", sources.abilists_from.clone()),
        ("symbols of other libraries", sources.libraries_from.clone()),
        ("kernel and level of x86-64", "release notes of the distribution, stated by hand".to_owned()),
    ];
    for (what, from) in rows {
        let _ = write!(
            text,
            "\n[[sources]]\nwhat = \"{what}\"\nfrom = \"{from}\"\ndate = \"{}\"\n",
            sources.date
        );
    }
    for machine in &MACHINES {
        let Some(libraries) = common.get(machine.name) else { continue };
        let level = if machine.name == "x86-64" {
            format!("isa-level = {}\n", release.x86_64_level)
        } else {
            String::new()
        };
        let _ = write!(
            text,
            "\n[[targets]]\nmachine = \"{}\"\n{level}interpreter = \"{}\"\ndirectories = [\"/lib64\", \"/usr/lib64\"]\n",
            machine.name, machine.interpreter
        );
        let loader = machine.interpreter.rsplit('/').next().unwrap_or_default();
        let listed = policy["lib_whitelist"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let names: BTreeSet<&str> = listed.chain([loader]).collect();
        for name in names {
            let _ = write!(text, "\n[targets.libraries.\"{name}\"]\n");
            match libraries.get(name) {
                Some(symbols) => {
                    used.entry(machine.name).or_default().insert(name.to_owned());
                    library(&mut text, policy, machine, name, symbols);
                }
                None => text.push_str("known = \"name\"\n"),
            }
        }
    }
    text
}

fn library(
    text: &mut String,
    policy: &Value,
    machine: &Machine,
    name: &str,
    symbols: &BTreeMap<String, BTreeSet<String>>,
) {
    let mut versions: Vec<&str> =
        symbols.keys().map(String::as_str).filter(|v| has(policy, machine, v)).collect();
    versions.sort_by_key(|version| numbers(version));
    let is_glibc = versions.iter().any(|version| version.starts_with("GLIBC_"));
    if name == "libc.so.6" && has(policy, machine, "GLIBC_ABI_DT_RELR") {
        versions.push("GLIBC_ABI_DT_RELR");
    }
    // It is in every build, and its symbols are nobody's interface.
    if is_glibc {
        versions.push("GLIBC_PRIVATE");
    }
    text.push_str("known = \"shared\"\n");
    let _ = writeln!(text, "versions = {versions:?}");
    if name == "libc.so.6" {
        let _ = writeln!(text, "needed = [{:?}]", machine.interpreter.rsplit('/').next().unwrap_or_default());
    }
    let without: Vec<&str> =
        policy["blacklist"][name].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let without: Vec<&str> =
        without.into_iter().filter(|s| symbols.values().any(|all| all.contains(*s))).collect();
    if !without.is_empty() {
        let _ = writeln!(text, "without = {:?}", without.join(" "));
    }
}

/// What a version's name ends with, for the order.
fn numbers(version: &str) -> (String, Vec<u32>) {
    let (kind, rest) = version.rsplit_once('_').unwrap_or((version, ""));
    (kind.to_owned(), rest.split('.').map(|n| n.parse().unwrap_or(u32::MAX)).collect())
}

/// The common list: only libraries and versions that a release has.
fn symbols(
    common: &BTreeMap<&str, Libraries>,
    used: &BTreeMap<&str, BTreeSet<String>>,
    sources: &Sources,
) -> String {
    let mut text = format!(
        "# Symbols of libraries by version, for all profiles. Made by `cargo xtask profiles`; do not edit.\n# glibc: {}.\n# Others: {}.\n",
        sources.abilists_from, sources.libraries_from
    );
    for (machine, libraries) in common {
        for (name, versions) in
            libraries.iter().filter(|(name, _)| used.get(machine).is_some_and(|u| u.contains(*name)))
        {
            let _ = write!(text, "\n[{machine}.\"{name}\"]\n");
            for (version, symbols) in versions.iter().filter(|(version, _)| *version != "GLIBC_PRIVATE") {
                let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
                let _ = writeln!(text, "{version:?} = {:?}", names.join(" "));
            }
        }
    }
    text
}
