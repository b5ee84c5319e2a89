//! Which package and artifact answers to which.

#![allow(missing_docs, dead_code)]

mod common;

use abide_model::{Side, Verdict};
use common::*;

fn paired(old: &[(&str, Option<&str>)], new: &[(&str, Option<&str>)]) -> Vec<String> {
    let make = |list: &[(&str, Option<&str>)]| {
        side(vec![package("p-1", list.iter().map(|(path, soname)| library(path, *soname, &["f"])).collect())])
    };
    let (old, new) = (make(old), make(new));
    pairs(&run(&old, &new), &old, &new)
}

#[test]
fn a_versioned_file_that_moved_is_the_same_library() {
    let old = [("/usr/lib64/libnvpair.so.3.0.0", Some("libnvpair.so.3"))];
    let new = [("/usr/lib64/libnvpair.so.3.0.1", Some("libnvpair.so.3"))];
    assert_eq!(
        paired(&old, &new),
        ["/usr/lib64/libnvpair.so.3.0.0 → /usr/lib64/libnvpair.so.3.0.1 (soname)"]
    );
}

#[test]
fn a_soname_that_changed_its_version_is_paired_by_the_stem() {
    let old = [("/usr/lib64/libfoo-1.2.so", Some("libfoo-1.2.so"))];
    let new = [("/usr/lib64/libfoo-1.3.so", Some("libfoo-1.3.so"))];
    assert_eq!(paired(&old, &new), ["/usr/lib64/libfoo-1.2.so → /usr/lib64/libfoo-1.3.so (versioned-name)"]);
}

#[test]
fn a_compatibility_library_keeps_its_own_partner() {
    let old = [("/usr/lib64/libfoo.so.1.0", Some("libfoo.so.1"))];
    let new = [
        ("/usr/lib64/libfoo.so.1.1", Some("libfoo.so.1")),
        ("/usr/lib64/libfoo.so.2.0", Some("libfoo.so.2")),
    ];
    assert_eq!(
        paired(&old, &new),
        [
            "/usr/lib64/libfoo.so.1.0 → /usr/lib64/libfoo.so.1.1 (soname)",
            "- → /usr/lib64/libfoo.so.2.0 (alone)"
        ]
    );
}

#[test]
fn two_copies_of_one_soname_are_told_apart_by_directory() {
    let list = [
        ("/usr/lib64/glibc-hwcaps/x86-64-v3/libz.so.1.0", Some("libz.so.1")),
        ("/usr/lib64/libz.so.1.0", Some("libz.so.1")),
    ];
    let new = list.map(|(path, soname)| (path.strip_suffix('0').map_or(path, |_| path), soname));
    let result = paired(&list, &new);
    assert!(result.iter().all(|pair| pair.ends_with("(path)")), "{result:?}");
}

#[test]
fn the_usr_merge_is_no_move() {
    let old = side(vec![package("p-1", vec![program("/bin/tool", &[], &[])])]);
    let new = side(vec![package("p-2", vec![program("/usr/bin/tool", &[], &[])])]);
    let check = run(&old, &new);
    assert_eq!(pairs(&check, &old, &new), ["/bin/tool → /usr/bin/tool (path)"]);
    assert_eq!(rules(&check), Vec::<String>::new());
}

#[test]
fn plugins_are_never_paired_by_a_likeness_of_names() {
    let old = [("/usr/lib64/app/plugin1.so", None)];
    let new = [("/usr/lib64/app/plugin2.so", None)];
    assert_eq!(
        paired(&old, &new),
        ["/usr/lib64/app/plugin1.so → - (alone)", "- → /usr/lib64/app/plugin2.so (alone)"]
    );
}

#[test]
fn plugins_follow_the_versioned_directory_of_their_program() {
    let old = [("/usr/lib64/python3.9/lib-dynload/x.so", None)];
    let new = [("/usr/lib64/python3.11/lib-dynload/x.so", None)];
    assert_eq!(
        paired(&old, &new),
        ["/usr/lib64/python3.9/lib-dynload/x.so → /usr/lib64/python3.11/lib-dynload/x.so (versioned-name)"]
    );
}

#[test]
fn a_module_that_moved_with_its_kernel_is_no_cause_for_review() {
    let module = |kernel: &str| {
        let mut module = library(&format!("/lib/modules/{kernel}/extra/zfs.ko"), None, &["f"]);
        module.elf.kind = abide_model::ElfKind::KernelModule;
        side(vec![package("kmod-zfs-1", vec![module])])
    };
    let check = run(&module("5.14.0-70.el9.x86_64"), &module("5.14.0-115.el9.x86_64"));
    assert_eq!(rules(&check), ["safe artifact-moved"]);
}

#[test]
fn libraries_of_two_machines_are_never_paired_across_packages() {
    let mut other = library("/usr/lib/libfoo.so.1", Some("libfoo.so.1"), &["f"]);
    other.elf.machine = 3;
    other.elf.class = abide_model::ElfClass::Elf32;
    let old = side(vec![
        package("foo-1/i686", vec![other]),
        package("foo-1/x86_64", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])]),
    ]);
    let new = side(vec![package(
        "foo-2/x86_64",
        vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])],
    )]);
    let check = run(&old, &new);
    assert_eq!(rules(&check), ["break package-removed"]);
    assert_eq!(check.coverage.compared(), 1);
}

#[test]
fn a_package_for_another_architecture_is_a_named_finding() {
    let mut other = library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"]);
    other.elf.machine = 183;
    let old =
        side(vec![package("foo-1", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])])]);
    let new = side(vec![package("foo-1/aarch64", vec![other])]);
    let check = run(&old, &new);
    assert!(rules(&check).contains(&"break package-architecture-changed".to_owned()), "{:?}", rules(&check));
    assert!(rules(&check).contains(&"break architecture-changed".to_owned()), "{:?}", rules(&check));
    assert_eq!(check.verdict, Verdict::Incompatible);
}

#[test]
fn the_only_two_packages_are_compared_whatever_their_names() {
    let lib = || vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])];
    let (old, new) = (side(vec![package("foo-1", lib())]), side(vec![package("foo-ng-2", lib())]));
    let check = run(&old, &new);
    assert_eq!(rules(&check), ["review package-renamed"]);
    let new = side(vec![providing(package("foo-ng-2", lib()), "foo")]);
    assert_eq!(rules(&run(&old, &new)), ["safe package-renamed"]);
}

#[test]
fn the_only_two_loose_files_are_compared_whatever_their_names() {
    let old = side(vec![loose(vec![library("a.so", None, &["f"])])]);
    let new = side(vec![loose(vec![library("b.so", None, &["f"])])]);
    assert_eq!(pairs(&run(&old, &new), &old, &new), ["a.so → b.so (only-ones)"]);
}

#[test]
fn the_newest_build_stands_for_a_package() {
    let lib = |exports: &[&str]| vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), exports)];
    let old = side(vec![package("foo-1.9", lib(&["f"]))]);
    let new = side(vec![package("foo-1.10", lib(&["f"])), package("foo-1.9", lib(&[]))]);
    let check = run(&old, &new);
    assert_eq!(rules(&check), Vec::<String>::new());
    assert_eq!(check.coverage.packages_superseded, 1);
}

#[test]
fn a_path_that_became_a_link_is_still_there() {
    let old =
        side(vec![package("p-1", vec![program("/usr/bin/a", &[], &[]), program("/usr/bin/b", &[], &[])])]);
    let mut both = program("/usr/bin/a", &[], &[]);
    both.aliases = vec!["/usr/bin/b".into()];
    let new: Side = side(vec![package("p-2", vec![both])]);
    let check = run(&old, &new);
    assert_eq!(
        pairs(&check, &old, &new),
        ["/usr/bin/a → /usr/bin/a (path)", "/usr/bin/b → /usr/bin/a (alias)"]
    );
    assert_eq!(rules(&check), Vec::<String>::new());
}
