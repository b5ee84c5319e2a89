//! Packages and files that went, came and moved; who is hit; what a verdict is made of.

#![allow(missing_docs, dead_code)]

mod common;

use abide_model::{GapKind, Level, Verdict};
use common::*;

#[test]
fn nothing_changed() {
    let old =
        side(vec![package("foo-1", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])])]);
    let check = run(&old, &old.clone());
    assert_eq!(rules(&check), Vec::<String>::new());
    assert_eq!((check.verdict, check.coverage.identical), (Verdict::Compatible, 1));
    assert!(check.reason.contains("identical"), "{}", check.reason);
}

#[test]
fn a_removed_symbol_names_those_who_import_it() {
    let old = side(vec![
        package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1"], &["g@FOO_1"])]),
        package(
            "foo-1",
            vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f@@FOO_1", "g@@FOO_1"])],
        ),
        package("other-1", vec![program("/usr/bin/other", &["libfoo.so.1"], &["f@FOO_1"])]),
        package("stranger-1", vec![program("/usr/bin/stranger", &["libbar.so.1"], &["g@FOO_1"])]),
    ]);
    let mut new = old.clone();
    new.packages[1] =
        package("foo-2", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f@@FOO_1"])]);
    let check = run(&old, &new);
    assert_eq!(check.verdict, Verdict::Incompatible);
    let all = findings(&check);
    let finding = all.iter().find(|f| f.rule == "symbol-removed").expect("found");
    let consumers: Vec<_> = finding.consumers.iter().map(|c| c.artifact.to_string()).collect();
    assert_eq!(consumers, ["/usr/bin/app"]);
    assert!(finding.consumers[0].on_reference && finding.consumers[0].on_candidate);
    assert_eq!(finding.consumers[0].symbols, finding.symbols.to_vec());
    assert_eq!(finding.consumers[0].package.as_deref(), Some("app-1-1.x86_64"));
}

#[test]
fn a_consumer_that_was_rebuilt_without_the_symbol_is_seen_on_one_side_only() {
    let foo = |exports: &[&str]| {
        package("foo-1", vec![library("/lib64/libfoo.so.1", Some("libfoo.so.1"), exports)])
    };
    let app = |imports: &[&str]| package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1"], imports)]);
    let check = run(&side(vec![app(&["g"]), foo(&["f", "g"])]), &side(vec![app(&["f"]), foo(&["f"])]));
    let all = findings(&check);
    let finding = all.iter().find(|f| f.rule == "symbol-removed").expect("found");
    assert_eq!(finding.consumers.len(), 1);
    assert!(finding.consumers[0].on_reference && !finding.consumers[0].on_candidate);
}

#[test]
fn a_removed_package_names_what_is_lost_and_who_requires_it() {
    let old = side(vec![
        package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1"], &["f"])]),
        package("foo-1", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])]),
        requiring(package("script-1/noarch", vec![]), "foo"),
    ]);
    let mut new = old.clone();
    new.packages.remove(1);
    let check = run(&old, &new);
    assert_eq!(rules(&check), ["break needed-library-missing", "break package-removed"]);
    let finding = findings(&check)[1];
    let lost: Vec<_> = finding.details.iter().filter_map(|d| d.old.as_deref()).collect();
    assert_eq!(lost, ["foo", "libfoo.so.1()(64bit)", "libfoo.so.1"]);
    let users: Vec<_> =
        finding.consumers.iter().map(|c| (c.package.clone().unwrap(), c.artifact.to_string())).collect();
    assert_eq!(
        users,
        [
            ("app-1-1.x86_64".to_owned(), String::new()),
            ("app-1-1.x86_64".to_owned(), "/usr/bin/app".to_owned()),
            ("script-1-1.noarch".to_owned(), String::new())
        ]
    );
}

#[test]
fn debug_packages_are_never_missing() {
    let lib = || package("foo-1", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])]);
    let old = side(vec![lib(), package("foo-debuginfo-1", vec![])]);
    let new = side(vec![lib()]);
    let check = run(&old, &new);
    assert_eq!(rules(&check), Vec::<String>::new());
    assert_eq!((check.coverage.packages_compared, check.coverage.packages_removed), (1, 0));
}

#[test]
fn a_library_that_moved_to_another_package_is_the_same_library() {
    let lib = || library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"]);
    let tool = || program("/usr/bin/foo", &["libfoo.so.1"], &["f"]);
    let old = side(vec![package("foo-1", vec![tool(), lib()])]);
    let new = side(vec![package("foo-2", vec![tool()]), package("foo-libs-2", vec![lib()])]);
    let check = run(&old, &new);
    assert_eq!(rules(&check), ["safe artifact-moved", "safe package-added"]);
    assert_eq!(check.coverage.compared(), 2);
    assert!(findings(&check)[0].summary.contains("in foo → /usr/lib64/libfoo.so.1 in foo-libs"));
}

#[test]
fn a_package_that_was_merged_into_another_is_replaced() {
    let lib = library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"]);
    let old = side(vec![package("foo-1", vec![]), package("foo-libs-1", vec![lib.clone()])]);
    let new = side(vec![providing(package("foo-2", vec![lib]), "foo-libs")]);
    let check = run(&old, &new);
    assert_eq!(rules(&check), ["safe package-removed", "safe artifact-moved"]);
    assert_eq!(check.verdict, Verdict::Compatible);
}

#[test]
fn a_library_that_left_the_loaders_directories_breaks() {
    let lib = |path| side(vec![package("foo-1", vec![library(path, Some("libfoo.so.1"), &["f"])])]);
    let check = run(&lib("/usr/lib64/libfoo.so.1"), &lib("/usr/lib64/foo/libfoo.so.1"));
    assert_eq!(rules(&check), ["break artifact-moved"]);
    let check = run(&lib("/usr/lib64/foo/libfoo.so.1"), &lib("/usr/lib64/libfoo.so.1"));
    assert_eq!(rules(&check), ["safe artifact-moved"]);
}

#[test]
fn removed_files_are_judged_by_who_can_miss_them() {
    let gone = |artifact| {
        let keep = program("/usr/bin/keep", &[], &[]);
        let old = side(vec![package("foo-1", vec![keep.clone(), artifact])]);
        let new = side(vec![package("foo-1", vec![keep])]);
        rules(&run(&old, &new))
    };
    assert_eq!(
        gone(library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])),
        ["break artifact-removed"]
    );
    assert_eq!(gone(library("/usr/lib64/app/plugin.so", None, &["init"])), ["review artifact-removed"]);
    assert_eq!(gone(program("/usr/bin/tool", &[], &[])), ["break artifact-removed"]);
    assert_eq!(gone(program("/usr/libexec/tool", &[], &[])), ["review artifact-removed"]);
}

#[test]
fn a_file_that_could_not_be_read_is_a_gap_and_not_removed() {
    let lib = library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"]);
    let old = side(vec![package("foo-1", vec![lib, program("/usr/bin/tool", &[], &[])])]);
    let mut new = old.clone();
    new.packages[0].artifacts.remove(0);
    new.packages[0].gaps.push(gap(GapKind::BrokenElf, "/usr/lib64/libfoo.so.1"));
    let check = run(&old, &new);
    assert_eq!(rules(&check), Vec::<String>::new());
    assert_eq!(check.verdict, Verdict::Undecided);
}

#[test]
fn a_package_that_the_metadata_names_is_a_gap_and_not_removed() {
    let lib = || package("foo-1", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"])]);
    let tool = || package("tool-1", vec![program("/usr/bin/tool", &[], &[])]);
    let old = side(vec![lib(), tool()]);
    let mut new = side(vec![tool()]);
    new.gaps.push(gap(GapKind::MissingPackage, "Packages/foo-2-1.x86_64.rpm"));
    let check = run(&old, &new);
    assert_eq!(rules(&check), Vec::<String>::new());
    assert_eq!(check.verdict, Verdict::Undecided);
}

#[test]
fn two_empty_sides_are_no_comparison() {
    let check = run(&side(vec![]), &side(vec![]));
    assert_eq!(check.verdict, Verdict::Undecided);
    assert!(check.reason.starts_with("nothing was compared"), "{}", check.reason);
}

#[test]
fn packages_without_binaries_are_compatible() {
    let only = || side(vec![package("docs-1/noarch", vec![])]);
    let check = run(&only(), &only());
    assert_eq!(check.verdict, Verdict::Compatible);
    assert!(check.reason.contains("without any file that has a binary interface"), "{}", check.reason);
}

#[test]
fn artifacts_without_any_partner_are_undecided_at_least() {
    let old = side(vec![loose(vec![library("a/liba.so", None, &["f"]), library("a/libb.so", None, &["f"])])]);
    let new = side(vec![loose(vec![library("c/libc.so", None, &["f"]), library("c/libd.so", None, &["f"])])]);
    let check = run(&old, &new);
    assert!(check.verdict >= Verdict::Undecided);
    assert!(findings(&check).iter().any(|f| f.level == Level::Break));
}

#[test]
fn any_number_of_threads_gives_the_same_result() {
    let lib = |n: usize, exports: &[&str]| {
        let soname = format!("libfoo{n}x.so.1");
        package(&format!("foo{n}x-1"), vec![library(&format!("/usr/lib64/{soname}"), Some(&soname), exports)])
    };
    let old = side((0..40).map(|n| lib(n, &["f", "g"])).collect());
    let new = side((0..40).map(|n| lib(n, if n % 2 == 0 { &["f"] } else { &["f", "g"] })).collect());
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| format!("{:#?}", run(&old, &new)))
    };
    assert_eq!(with(1), with(4));
}

/// Notes what was asked for.
#[derive(Default)]
struct Asked(std::sync::Mutex<Vec<Vec<(usize, usize)>>>);

impl abide_model::TypeSource for Asked {
    fn group(&self, package: usize, _: usize) -> Option<u64> {
        Some(package as u64)
    }

    fn load(
        &self,
        wanted: &[(usize, usize)],
        _: &dyn abide_model::Progress,
    ) -> Vec<Option<abide_model::LoadedTypes>> {
        self.0.lock().expect("not poisoned").push(wanted.to_vec());
        vec![None; wanted.len()]
    }
}

#[test]
fn types_are_loaded_for_pairs_that_differ_group_by_group() {
    let large = |name: &str| {
        let path = format!("/usr/lib64/{name}");
        abide_model::ArtifactFacts { size_bytes: 20 << 20, ..library(&path, Some(name), &["f"]) }
    };
    let same = large("liba.so.1");
    let old = side(vec![
        package("p-1", vec![same.clone(), large("libb.so.1"), large("libc.so.1")]),
        package("q-1", vec![large("libd.so.1"), large("libgone.so.1")]),
    ]);
    let new = side(vec![
        package("p-1", vec![same, large("libb.so.1"), large("libc.so.1")]),
        package("q-1", vec![large("libd.so.1"), large("libnew.so.1")]),
    ]);
    let (asked_old, asked_new) = (Asked::default(), Asked::default());
    let types = abide_distro::Types { old: &asked_old, new: &asked_new };
    abide_distro::check_with(&old, &new, &types, &Default::default(), &abide_model::NoProgress);
    let expected = [vec![(0, 1), (0, 2)], vec![(1, 0)]];
    assert_eq!(asked_old.0.into_inner().expect("not poisoned"), expected);
    assert_eq!(asked_new.0.into_inner().expect("not poisoned"), expected);
}

#[test]
fn a_raised_version_that_the_candidate_ships_is_no_cause_for_review() {
    let lib = |exports: &[&str], versions: &[&str]| {
        let mut lib = library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), exports);
        lib.elf.versions_defined = versions.iter().map(|version| (*version).into()).collect();
        package("foo-1", vec![lib])
    };
    let app = |import: &str| package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1"], &[import])]);
    let old = side(vec![app("f@FOO_1.0"), lib(&["f@@FOO_1.0"], &["FOO_1.0"])]);
    let new_lib = || lib(&["f@@FOO_1.0", "g@@FOO_1.1"], &["FOO_1.0", "FOO_1.1"]);
    let check = run(&old, &side(vec![app("g@FOO_1.1"), new_lib()]));
    assert_eq!(rules(&check)[0], "safe required-version-provided");
    assert!(findings(&check)[0].summary.ends_with("; foo-1-1.x86_64 of the candidate has it"));
    // Without the library among the packages, nobody knows.
    let check = run(&side(vec![app("f@FOO_1.0")]), &side(vec![app("g@FOO_1.1")]));
    assert_eq!(rules(&check), ["review required-version-changed"]);
    assert_eq!(check.verdict, Verdict::Review);
}

#[test]
fn a_package_and_a_folder_compare_by_their_files() {
    let lib = library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f"]);
    let mut file = lib.clone();
    file.path = "lib/libfoo.so.1".into();
    let tool = program("/usr/bin/tool", &[], &[]);
    let package = side(vec![package("foo-1", vec![tool, lib])]);
    let folder = side(vec![loose(vec![file])]);
    let check = run(&package, &folder);
    assert_eq!(rules(&check), ["review artifact-removed"], "the tool, and nothing about packages");
    assert_eq!(check.coverage.identical, 1);
    assert_eq!(rules(&run(&folder, &package)), ["safe artifact-added"]);
}
