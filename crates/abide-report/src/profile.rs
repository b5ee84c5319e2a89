//! A profile of a distribution: what `abide app` has to know of it, in one file.
//!
//! The form is read by `abide_distro::app::Profile`; written here are all libraries of the default directories, with every
//! version and symbol.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use abide_distro::app::{Object, Opening, System, TARGETS, Target, machine_name, usual_interpreter};
use bstr::{BStr, ByteSlice};

/// What a profile says of itself.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name.
    pub name: String,
    /// In words.
    pub title: String,
    /// Where its facts are from.
    pub from: String,
    /// When that was, as the user says it.
    pub date: String,
    /// The kernel.
    pub kernel: Option<[u32; 3]>,
    /// The level of x86-64.
    pub isa_level: Option<u8>,
}

/// Writes the profile of a system; none where no loader is found in it.
pub fn profile(system: &dyn System, about: &About) -> Option<String> {
    let mut text = format!("format = 1\nname = {:?}\ntitle = {:?}\n", about.name, about.title);
    if let Some(kernel) = about.kernel {
        let _ = writeln!(text, "kernel = {kernel:?}");
    }
    let _ = write!(
        text,
        "\n[[sources]]\nwhat = \"all libraries of the default directories\"\nfrom = {:?}\ndate = {:?}\n",
        about.from, about.date
    );
    let mut has_target = false;
    for target in TARGETS {
        has_target |= write_target(&mut text, system, about, target);
    }
    has_target.then_some(text)
}

fn write_target(text: &mut String, system: &dyn System, about: &About, target: Target) -> bool {
    let Some(interpreter) = usual_interpreter(target) else { return false };
    let Opening::Object(loader) = system.open(interpreter.into()) else { return false };
    if Target::of(&loader.elf) != target {
        return false;
    }
    let directories = system.directories(target).default;
    let names: Vec<String> = directories.iter().map(|d| d.to_string()).collect();
    let _ = write!(text, "\n[[targets]]\nmachine = {:?}\n", machine_name(target));
    if let Some(level) = about.isa_level.filter(|_| target.machine == 62) {
        let _ = writeln!(text, "isa-level = {level}");
    }
    let _ = writeln!(text, "interpreter = {interpreter:?}\ndirectories = {names:?}");
    for (name, object) in libraries(system, target, &directories) {
        write_library(text, &name, &object);
    }
    let name = interpreter.rsplit('/').next().unwrap_or(interpreter);
    if !directories.iter().any(|dir| has(system, dir.as_bstr(), name, target)) {
        write_library(text, name, &loader);
    }
    true
}

fn has(system: &dyn System, directory: &BStr, name: &str, target: Target) -> bool {
    let path = format!("{directory}/{name}");
    matches!(system.open(path.as_str().into()), Opening::Object(o) if Target::of(&o.elf) == target)
}

/// Every library of the default directories by the names it is found under; the first directory counts.
fn libraries(
    system: &dyn System,
    target: Target,
    directories: &[bstr::BString],
) -> BTreeMap<String, Arc<Object>> {
    let mut found = BTreeMap::new();
    for directory in directories {
        for name in system.entries(directory.as_bstr()).unwrap_or_default() {
            let Ok(text) = name.to_str().map(str::to_owned) else { continue };
            if !text.contains(".so") || found.contains_key(&text) {
                continue;
            }
            let path = format!("{directory}/{text}");
            match system.open(path.as_str().into()) {
                Opening::Object(object) if Target::of(&object.elf) == target => {
                    // Only names that programs need: the soname, or the file's own where it has none.
                    let soname = object.elf.soname.as_ref().map(|soname| soname.to_string());
                    if soname.is_none_or(|soname| soname == text) {
                        found.insert(text, object);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

fn write_library(text: &mut String, name: &str, object: &Object) {
    let elf = &object.elf;
    let list = |all: &[bstr::BString]| all.iter().map(|v| v.to_string()).collect::<Vec<_>>();
    let _ = write!(text, "\n[targets.libraries.{name:?}]\nknown = \"own\"\n");
    let _ = writeln!(text, "versions = {:?}\nneeded = {:?}", list(&elf.versions_defined), list(&elf.needed));
    let mut symbols: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, symbol) in elf.exports() {
        let version = symbol.version.as_ref().map(|v| v.name.to_string()).unwrap_or_default();
        symbols.entry(version).or_default().insert(symbol.name.to_string());
    }
    let _ = writeln!(text, "[targets.libraries.{name:?}.symbols]");
    for (version, names) in symbols {
        let names: Vec<String> =
            names.into_iter().filter(|name| !name.contains(char::is_whitespace)).collect();
        let _ = writeln!(text, "{version:?} = {:?}", names.join(" "));
    }
}
