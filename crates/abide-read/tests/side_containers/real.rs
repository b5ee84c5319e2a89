//! Real repositories and packages beside the project; each test says so when they are absent.

use abide_model::{DebugSource, GapKind, TypeEvidence};
use bstr::ByteSlice;

use crate::support::{artifact, artifacts, gaps, open, open_with, package, rpms_below, shared};

const LIBRARIES: [&str; 5] = [
    "/lib64/libnvpair.so.3.0.0",
    "/lib64/libuutil.so.3.0.0",
    "/lib64/libzfs.so.4.1.0",
    "/lib64/libzfs_core.so.3.0.0",
    "/lib64/libzfsbootenv.so.1.0.0",
];

#[test]
fn every_library_of_a_real_repository_has_its_types_through_dwz() {
    let Some(root) = shared("el9-zfs") else { return };
    for (which, version) in [("reference", "2.1.4"), ("candidate", "2.1.5")] {
        let side = open(root.join(which));
        let dwz = format!("/usr/lib/debug/.dwz/zfs-{version}-1.el9.x86_64");
        for path in LIBRARIES {
            let TypeEvidence::Read { graph, source, supplementary } = &artifact(&side, path).types else {
                panic!("{path} of {which}: {:?}", artifact(&side, path).gaps)
            };
            assert_eq!(graph.roots.len(), artifact(&side, path).elf.exports().count(), "{path} of {which}");
            assert_eq!(supplementary.as_ref().unwrap(), dwz.as_str());
            assert!(
                matches!(source, DebugSource::Separate { package: Some(p), .. } if p.contains("-debuginfo-"))
            );
            assert_eq!(gaps(artifact(&side, path)), []);
        }
        let pool = artifact(&side, "/lib64/libzpool.so.5.0.0");
        match which {
            "reference" => assert!(pool.types.graph().is_some()),
            _ => {
                assert_eq!(pool.types, TypeEvidence::Absent);
                assert_eq!(gaps(pool)[0].0, GapKind::NoDebugInfo);
                assert!(gaps(pool)[0].1.contains("there is no package libzpool5-debuginfo"));
            }
        }
        assert_eq!(side.gaps, []);
        assert_eq!(
            artifact(&side, "/lib64/libzfs.so.4.1.0").aliases,
            ["/lib64/libzfs.so", "/lib64/libzfs.so.4"]
        );
    }
}

#[test]
fn kernel_modules_of_real_packages() {
    let Some(root) = shared("el9-zfs/kernel-modules") else { return };
    let side = open(root);
    let modules: Vec<_> = artifacts(&side).collect();
    assert_eq!(modules.len(), 7 * 9);
    assert!(modules.iter().all(|m| m.elf.kind == abide_model::ElfKind::KernelModule));
    let requires = &package(&side, "kmod-zfs-5.14.0-70.el9.x86_64").meta.as_ref().unwrap().requires;
    assert!(requires.iter().filter(|r| r.name.starts_with("kernel(")).count() > 400);
}

#[test]
fn real_packages_of_fifteen_years() {
    let Some(root) = shared("abi-pairs/test-diff-pkg") else { return };
    let files = rpms_below(&root);
    let is_debug = |p: &std::path::Path| p.to_string_lossy().contains("-debuginfo-");
    let debug: Vec<_> = files.iter().filter(|p| is_debug(p)).map(|p| p.as_path()).collect();
    let mut count = 0;
    for file in files.iter().filter(|p| !is_debug(p)) {
        let side = open_with(file, &debug);
        for artifact in artifacts(&side) {
            let exports = artifact.elf.exports().count();
            // Debian's or the maker's own choice: this one has no debug information in its debug package.
            let is_known = artifact.path.contains_str("libgmpxx");
            match &artifact.types {
                TypeEvidence::NotNeeded => assert_eq!(exports, 0),
                TypeEvidence::Read { .. } => count += 1,
                TypeEvidence::Absent => {
                    assert!(!artifact.gaps.is_empty(), "{} has neither types nor a gap", artifact.path);
                    assert!(is_known, "{} of {}: {:?}", artifact.path, file.display(), artifact.gaps);
                }
            }
        }
    }
    assert!(count > 40, "{count}");
}
