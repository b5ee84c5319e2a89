//! Red Hat's lists and OpenZFS's modules, when they lie beside the project.

use std::path::{Path, PathBuf};

use std::collections::BTreeSet;

use abide_distro::kernel::Kernel;
use abide_distro::kernel::load::{Loader, Outcome, matrix, modules, requirements};
use abide_model::{NoProgress, Side};
use abide_read::kernel::read_list;
use abide_read::side::{OpenOptions, open};
use bstr::{BStr, BString, ByteSlice};

use crate::common::Workplace;

/// A folder of real inputs; says so when it is not there.
fn data(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let found = folder.is_dir().then_some(folder);
    if found.is_none() {
        eprintln!("skipped: {name} is not among ../shared/data");
    }
    found
}

fn list(kernels: &Path, release: &str, arch: &str) -> String {
    kernels.join(release).join(format!("SOURCES/Module.kabi_{arch}")).display().to_string()
}

/// Counts of the lists of one architecture: symbols, removed, added, changed checksums.
fn counts(kernels: &Path, old: &str, new: &str, arch: &str) -> (i32, [u64; 4]) {
    let work = Workplace::new();
    let (old, new) = (list(kernels, old, arch), list(kernels, new, arch));
    let run = work.abide(&["check", &old, &new, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let kernel = &json["coverage"]["kernels"][0];
    let count = |key: &str| kernel[key].as_u64().expect("a count");
    (run.status, ["exports_reference", "removed", "added", "changed"].map(count))
}

const EL8: [&str; 2] = ["el-8.8__kernel-4.18.0-477.27.1.el8_8", "el-8.9__kernel-4.18.0-513.5.1.el8_9"];
const EL9: [&str; 2] = ["el-9.2__kernel-5.14.0-284.30.1.el9_2", "el-9.3__kernel-5.14.0-362.8.1.el9_3"];

#[test]
fn red_hats_lists_keep_their_promise_in_8_and_not_in_9() {
    let Some(kernels) = data("dist-git/kernel") else { return };
    for (arch, listed) in [("x86_64", 756), ("aarch64", 688), ("ppc64le", 678), ("s390x", 637)] {
        let found = counts(&kernels, EL8[0], EL8[1], arch);
        assert_eq!(found, (0, [listed, 0, 40, 0]), "8.8 → 8.9 {arch}");
    }
    let of_9 = [
        ("x86_64", [835, 463, 182, 22]),
        ("aarch64", [755, 457, 168, 22]),
        ("ppc64le", [745, 457, 171, 22]),
        ("s390x", [714, 456, 165, 23]),
    ];
    for (arch, expected) in of_9 {
        assert_eq!(counts(&kernels, EL9[0], EL9[1], arch), (3, expected), "9.2 → 9.3 {arch}");
    }
}

/// Packages of the modules, by the build of the kernel that they are for.
fn kmods(folder: &Path) -> Vec<(String, Side)> {
    let builds = ["70", "71", "75", "80", "101", "109", "115"];
    let of = |build: &str| {
        let name = |e: &PathBuf| e.to_string_lossy().contains(&format!("/kmod-zfs-5.14.0-{build}.el9"));
        let entries = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path());
        let mut entries = entries;
        let rpm = entries.find(name).expect("the package of the build");
        let side = open(&rpm.display().to_string(), &OpenOptions::default(), &NoProgress).expect("an RPM");
        (format!("5.14.0-{build}.el9.x86_64"), side)
    };
    builds.iter().map(|build| of(build)).collect()
}

/// What each build requires of a kernel.
fn required(side: &Side) -> Vec<(BString, u32)> {
    let meta = side.packages[0].meta.as_ref().expect("a package");
    let all = requirements(meta, false).into_iter().filter(|r| r.of_kernel);
    all.map(|r| (r.symbol, r.crc)).collect()
}

#[test]
fn seven_builds_of_modules_against_seven_kernels() {
    let Some(folder) = data("el9-zfs/kernel-modules") else { return };
    let sides = kmods(&folder);
    let needs: Vec<Vec<(BString, u32)>> = sides.iter().map(|(_, side)| required(side)).collect();
    assert_eq!(needs.iter().map(Vec::len).collect::<Vec<_>>(), [416, 416, 416, 416, 415, 415, 414]);
    let kernels: Vec<Kernel<'_>> = sides
        .iter()
        .zip(&needs)
        .map(|((release, _), need)| {
            Kernel::of_requirements(Some(release.clone()), need, BStr::new("requirements"))
        })
        .collect();
    let sets: Vec<_> = sides.iter().map(|(name, side)| (name.clone(), modules(side))).collect();
    let matrix = matrix(&sets, &kernels);
    // Checksums that differ, as a comparison of the packages' own requirements counts them.
    let expected = [
        [0, 0, 110, 192, 198, 198, 198],
        [0, 0, 110, 192, 198, 198, 198],
        [110, 110, 0, 192, 198, 198, 198],
        [192, 192, 192, 0, 198, 198, 198],
        [198, 198, 198, 198, 0, 189, 188],
        [198, 198, 198, 198, 189, 0, 13],
        [198, 198, 198, 198, 188, 13, 0],
    ];
    let found: Vec<Vec<usize>> =
        matrix.rows.iter().map(|row| row.cells.iter().map(|c| c.checksums).collect()).collect();
    assert_eq!(found, expected);
    for (number, row) in matrix.rows.iter().enumerate() {
        for (other, cell) in row.cells.iter().enumerate() {
            // The requirements of a build name no other exports: nothing more than a refusal is certain.
            let wanted =
                if expected[number][other] > 0 { Outcome::Refused } else { cell.outcome.expect("modules") };
            assert_eq!(cell.outcome, Some(wanted), "{} into {}", row.name, matrix.kernels[other]);
            assert_eq!(cell.loads.len(), 9, "modules of {}", row.name);
        }
        assert_ne!(row.cells[number].outcome, Some(Outcome::Refused), "{} into its own kernel", row.name);
    }
}

#[test]
fn modules_outside_of_the_list_are_told_which_symbols() {
    let Some(folder) = data("el9-zfs/kernel-modules") else { return };
    let Some(lists) = data("dist-git/kernel") else { return };
    let sides = kmods(&folder);
    let need = required(&sides[4].1);
    for (release, listed) in [(EL9[0], 261), (EL9[1], 158)] {
        let path = list(&lists, release, "x86_64");
        let text = std::fs::read(&path).expect("a list");
        let promised = read_list(BStr::new(&path), &text).expect("a list");
        let names: BTreeSet<&BStr> = promised.symbols.iter().map(|s| s.name.as_bstr()).collect();
        let mut kernel = Kernel::of_requirements(None, &need, BStr::new("requirements"));
        kernel.listed = Some(names);
        let set = modules(&sides[4].1);
        let loader = Loader::new(&kernel, &set);
        let (mut on, mut off) = (BTreeSet::new(), BTreeSet::new());
        for module in &set {
            let load = loader.load(module);
            off.extend(load.unprotected.iter().map(|u| u.symbol.clone()));
            let used = module.elf.imports().map(|s| s.name.clone());
            on.extend(used.filter(|n| kernel.is_listed(n.as_bstr()) == Some(true)));
        }
        // module_layout is required and imported by no module.
        let is_required = |name: &BString| need.iter().any(|(n, _)| n == name);
        assert!(on.iter().all(is_required) && off.iter().all(is_required));
        let layout = usize::from(kernel.is_listed(BStr::new("module_layout")) == Some(true));
        assert_eq!(on.len() + layout, listed, "{release}");
        assert_eq!(on.len() + off.len(), 414, "of 415 required, one is module_layout");
    }
}
