//! The answers of `depmod -naeE Module.symvers` beside ours, symbol by symbol: for modules that are compiled here, and for a
//! distribution's when `ABIDE_KERNELS` names a folder with them.
//!
//! That folder has `old/` with the modules of one kernel and `new/` with the `Module.symvers` of a later one, anywhere below
//! (`dpkg -x` and `rpm2cpio` leave them so). depmod takes the exports of the image from `Module.symvers`, and those of modules from
//! the modules themselves: the old ones stand in the place of the new.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use abide_distro::kernel::load::{Loader, Problem, modules};
use abide_distro::kernel::{Kernel, Lists, kernels};
use abide_model::{NoProgress, Side};
use abide_read::side::{OpenOptions, open};

use crate::build::{ModuleText, module};
use crate::common::Workplace;

/// By module: what is wrong with which symbol.
type Complaints = BTreeMap<String, BTreeSet<(String, &'static str)>>;

const RELEASE: &str = "6.1.0-1-test";

/// What depmod says; `None` when it is not installed.
fn of_depmod(base: &Path, symvers: &Path) -> Option<Complaints> {
    let run = Command::new("depmod")
        .args(["-n", "-a", "-e", "-E"])
        .arg(symvers)
        .arg("-b")
        .arg(base)
        .arg(RELEASE)
        .env("PATH", format!("{}:/sbin:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
        .output();
    let Ok(run) = run else {
        eprintln!("skipped: depmod is not installed");
        return None;
    };
    let mut complaints = Complaints::new();
    for line in String::from_utf8_lossy(&run.stderr).lines() {
        let words =
            [(" needs unknown symbol ", "missing"), (" disagrees about version of symbol ", "checksum")];
        for (text, kind) in words {
            if let Some((path, symbol)) = line.split_once(text) {
                let file = path.rsplit('/').next().unwrap_or_default().to_owned();
                complaints.entry(file).or_default().insert((symbol.trim().to_owned(), kind));
            }
        }
    }
    Some(complaints)
}

/// What we say of the same files: exports of the image alone, and all modules as a set.
fn of_abide(folder: &Path, symvers: &Path) -> (Complaints, usize) {
    let read = |path: &Path| -> Side {
        open(&path.display().to_string(), &OpenOptions::default(), &NoProgress).expect("it can be read")
    };
    let (set, kernel) = (read(folder), read(symvers));
    let lists = Lists::default();
    let mut found: Vec<Kernel<'_>> = kernels(&kernel, &lists);
    let mut kernel = found.pop().expect("a kernel");
    kernel.exports.retain(|_, export| export.owner == "vmlinux");
    let set = modules(&set);
    let start = Instant::now();
    let loader = Loader::new(&kernel, &set);
    let mut complaints = Complaints::new();
    for module in &set {
        let load = loader.load(module);
        assert!(load.open.is_empty(), "{}: {:?}", module.path, load.open);
        let file = module.path.to_string().rsplit('/').next().unwrap_or_default().to_owned();
        for problem in load.problems {
            let (symbol, kind) = match problem {
                Problem::Checksum { symbol, .. } => (symbol, "checksum"),
                Problem::Missing { symbol } => (symbol, "missing"),
                // depmod knows nothing of licences, namespaces and the like.
                _ => continue,
            };
            complaints.entry(file.clone()).or_default().insert((symbol.to_string(), kind));
        }
    }
    eprintln!("{} modules judged in {:.3} s", set.len(), start.elapsed().as_secs_f64());
    (complaints, set.len())
}

/// Lays the modules out for depmod and compares.
fn compare(work: &Workplace, modules: &Path, symvers: &Path) -> Option<usize> {
    let base = work.path("base");
    let folder = base.join("lib/modules").join(RELEASE);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink(modules, folder.join("kernel")).expect("a link");
    for name in ["modules.order", "modules.builtin"] {
        std::fs::write(folder.join(name), "").expect("a file");
    }
    let theirs = of_depmod(&base, symvers)?;
    let (ours, count) = of_abide(modules, symvers);
    let differ: Vec<&String> =
        theirs.keys().chain(ours.keys()).filter(|m| theirs.get(*m) != ours.get(*m)).collect();
    for module in differ.iter().take(5) {
        eprintln!("{module}: depmod {:?}, abide {:?}", theirs.get(*module), ours.get(*module));
    }
    assert!(differ.is_empty(), "{} of {count} modules are judged in another way", differ.len());
    eprintln!("{count} modules, {} refused: the same answer for each", ours.len());
    Some(ours.len())
}

#[test]
fn modules_that_are_compiled_here() {
    let work = Workplace::new();
    let info = ["vermagic=6.1.0-1-test SMP ", "license=GPL"];
    let text = |versions, code| ModuleText { info: &info, versions, code };
    let code = "int kept(void); int other(void); int gone(void); int b_out(void);\n";
    let good = format!("{code}int a(void) {{ return kept() + b_out(); }}\n");
    let bad = format!("{code}int a(void) {{ return kept() + other() + gone(); }}\n");
    let provider = "int b_out(void) { return 1; }\nEXPORT(b_out, 0x00000033, \"\", \"\")\n";
    let right: &[(&str, u32)] = &[("kept", 0x11), ("b_out", 0x33)];
    let wrong: &[(&str, u32)] = &[("kept", 0x11), ("other", 0x99), ("gone", 0x44)];
    module(&work, "m/good.ko", &text(Some(right), &good));
    module(&work, "m/bad.ko", &text(Some(wrong), &bad));
    module(&work, "m/provider.ko", &text(Some(&[]), provider));
    let symvers = "0x00000011\tkept\tvmlinux\tEXPORT_SYMBOL\t\n0x00000022\tother\tvmlinux\tEXPORT_SYMBOL\t\n";
    let symvers = work.write("Module.symvers", symvers);
    let modules = work.path("modules");
    std::fs::create_dir_all(&modules).expect("a folder");
    for name in ["good.ko", "bad.ko", "provider.ko"] {
        std::fs::copy(work.path(&format!("m/{name}")), modules.join(name)).expect("a copy");
    }
    let (ours, count) = of_abide(&modules, &symvers);
    assert_eq!(count, 3);
    let bad = BTreeSet::from([("gone".to_owned(), "missing"), ("other".to_owned(), "checksum")]);
    assert_eq!(ours, BTreeMap::from([("bad.ko".to_owned(), bad)]));
    if let Some(refused) = compare(&work, &modules, &symvers) {
        assert_eq!(refused, 1);
    }
}

/// The first file of this name, or folder, below a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    let found = entries.iter().find(|p| p.ends_with(name)).cloned();
    found.or_else(|| entries.iter().filter(|p| p.is_dir() && !p.is_symlink()).find_map(|p| find(p, name)))
}

#[test]
fn a_distributions_modules() {
    let Some(folder) = std::env::var_os("ABIDE_KERNELS").map(PathBuf::from) else {
        eprintln!("skipped: ABIDE_KERNELS names no folder");
        return;
    };
    let modules = find(&folder.join("old"), "kernel").expect("a folder `kernel` with modules below old/");
    let symvers = find(&folder.join("new"), "Module.symvers").expect("a Module.symvers below new/");
    compare(&Workplace::new(), &modules, &symvers);
}
