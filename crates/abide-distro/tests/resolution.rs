//! Imports, needed libraries and required versions of the candidate's files, found as the loader would.

#[allow(dead_code)]
mod common;

use abide_model::{ArtifactFacts, Gap, GapKind};
use common::*;

fn libfoo(exports: &[&str]) -> ArtifactFacts {
    library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), exports)
}

/// Rules of the findings about `/usr/bin/app` and plugins, without those about the library.
fn about_users(check: &abide_distro::Check) -> Vec<String> {
    let ours = ["import-unresolved", "needed-library-missing", "required-version-missing"];
    rules(check).into_iter().filter(|rule| ours.iter().any(|id| rule.ends_with(id))).collect()
}

fn app(imports: &[&str]) -> ArtifactFacts {
    program("/usr/bin/app", &["libfoo.so.1"], imports)
}

fn both(user: &ArtifactFacts, old: ArtifactFacts, new: ArtifactFacts) -> abide_distro::Check {
    let packages = |lib| side(vec![package("app-1", vec![user.clone()]), package("foo-1", vec![lib])]);
    run(&packages(old), &packages(new))
}

#[test]
fn an_unchanged_program_loses_a_symbol() {
    let check = both(&app(&["f", "g"]), libfoo(&["f", "g"]), libfoo(&["f"]));
    assert_eq!(about_users(&check), ["break import-unresolved"]);
    let finding = findings(&check).into_iter().find(|f| f.rule == "import-unresolved").expect("a finding");
    assert!(finding.summary.contains("app imports g, which nothing"), "{}", finding.summary);
    assert_eq!((check.coverage.resolution.resolved, check.coverage.resolution.lost()), (1, 1));
}

#[test]
fn nothing_is_said_when_all_is_found() {
    let check = both(&app(&["f", "g"]), libfoo(&["f", "g"]), libfoo(&["f", "g", "h"]));
    assert!(about_users(&check).is_empty());
    assert_eq!(check.coverage.resolution.resolved, 2);
}

#[test]
fn what_neither_side_resolves_is_only_counted() {
    let check = both(&app(&["f", "never"]), libfoo(&["f"]), libfoo(&["f", "g"]));
    assert!(about_users(&check).is_empty());
    assert_eq!(check.coverage.resolution.unresolved_on_both, 1);
}

#[test]
fn a_library_outside_of_the_packages_may_provide_anything() {
    let user = program("/usr/bin/app", &["libfoo.so.1", "libc.so.6"], &["f", "printf"]);
    let check = both(&user, libfoo(&["f"]), libfoo(&["f"]));
    assert!(about_users(&check).is_empty());
    assert_eq!((check.coverage.resolution.unknown, check.coverage.resolution.libraries_missing), (1, 1));
    // But the library that had the symbol is there, without it.
    let check = both(&user, libfoo(&["f", "printf"]), libfoo(&["f"]));
    assert_eq!(about_users(&check), ["break import-unresolved"]);
}

#[test]
fn symbols_are_found_in_what_libraries_need() {
    let mut foo = libfoo(&["f"]);
    foo.elf.needed.push("libbar.so.2".into());
    let bar = |exports: &[&str]| library("/usr/lib64/libbar.so.2", Some("libbar.so.2"), exports);
    let packages = |bar| side(vec![package("all-1", vec![app(&["g"]), foo.clone(), bar])]);
    assert!(about_users(&run(&packages(bar(&["g"])), &packages(bar(&["g", "h"])))).is_empty());
    let check = run(&packages(bar(&["g"])), &packages(bar(&["h"])));
    assert_eq!(about_users(&check), ["break import-unresolved"]);
}

#[test]
fn a_plugin_finds_symbols_in_the_program_that_loads_it() {
    let plugin = |imports: &[&str]| {
        let mut plugin = program("/usr/lib64/host/plugin.so", &["libfoo.so.1"], imports);
        plugin.elf.kind = abide_model::ElfKind::SharedObject;
        plugin
    };
    let host = |exports: &[&str]| {
        let mut host = library("/usr/bin/host", None, exports);
        host.elf.kind = abide_model::ElfKind::Executable;
        host
    };
    let packages = |plugin, host| side(vec![package("p-1", vec![plugin, host, libfoo(&["f"])])]);
    let old = packages(plugin(&["f", "host_call"]), host(&["host_call"]));
    let new = packages(plugin(&["f", "host_call", "host_new"]), host(&["host_call", "host_new"]));
    let check = run(&old, &new);
    assert!(about_users(&check).is_empty(), "{:?}", about_users(&check));
    assert_eq!(check.coverage.resolution.unresolved_on_both, 2);
    // Nothing at all has the new import.
    let new = packages(plugin(&["f", "host_call", "gone"]), host(&["host_call"]));
    assert_eq!(about_users(&run(&old, &new)), ["break import-unresolved"]);
    // Something that is not among the packages provides other imports: it may have the new one as well.
    let old = packages(plugin(&["f", "of_another"]), host(&["host_call"]));
    let new = packages(plugin(&["f", "of_another", "gone"]), host(&["host_call"]));
    let check = run(&old, &new);
    assert!(about_users(&check).is_empty(), "{:?}", about_users(&check));
    assert_eq!((check.coverage.resolution.unknown, check.coverage.resolution.lost()), (1, 0));
    // libtool gives a module a soname as well.
    let named = |imports: &[&str]| {
        let mut module = plugin(imports);
        module.elf.soname = Some("plugin.so".into());
        module
    };
    let old = packages(named(&["f", "of_another"]), host(&["host_call"]));
    let new = packages(named(&["f", "of_another", "gone"]), host(&["host_call"]));
    assert!(about_users(&run(&old, &new)).is_empty());
}

#[test]
fn a_symbol_that_moved_to_a_library_that_is_not_needed() {
    let other = |exports: &[&str]| library("/usr/lib64/libother.so.1", Some("libother.so.1"), exports);
    let packages = |user: ArtifactFacts, foo, other| side(vec![package("p-1", vec![user, foo, other])]);
    let compare = |user: &ArtifactFacts| {
        let old = packages(user.clone(), libfoo(&["f", "g"]), other(&["x"]));
        let new = packages(user.clone(), libfoo(&["f"]), other(&["g", "x"]));
        about_users(&run(&old, &new))
    };
    assert_eq!(compare(&app(&["f", "g"])), ["break import-unresolved"]);
    let mut user = library("/usr/lib64/libuser.so.1", Some("libuser.so.1"), &["u"]);
    user.elf.needed.push("libfoo.so.1".into());
    user.elf.symbols.extend(app(&["g"]).elf.symbols);
    user.elf.symbols.sort();
    assert_eq!(compare(&user), ["review import-unresolved"]);
}

#[test]
fn run_paths_lead_to_private_libraries() {
    let private = |dir: &str, exports: &[&str]| {
        library(&format!("{dir}/libprivate.so"), Some("libprivate.so"), exports)
    };
    let mut user = program("/opt/x/bin/app", &["libprivate.so"], &["p"]);
    user.elf.runpath = Some("$ORIGIN/../lib:/nowhere".into());
    // Another library of the same name is in the loader's own directory.
    let packages = |exports: &[&str]| {
        let own = private("/opt/x/lib", exports);
        side(vec![package("p-1", vec![user.clone(), own, private("/usr/lib64", &["q"])])])
    };
    assert!(about_users(&run(&packages(&["p"]), &packages(&["p", "more"]))).is_empty());
    assert_eq!(about_users(&run(&packages(&["p"]), &packages(&["more"]))), ["break import-unresolved"]);
}

#[test]
fn a_neighbour_in_a_folder_of_its_own_may_be_loaded_before() {
    let version = |mut lib: ArtifactFacts, version: &str| {
        lib.elf.versions_defined = vec![version.into()];
        lib
    };
    let system = || version(library("/usr/lib64/libnss.so", Some("libnss.so"), &["n@@NSS_1"]), "NSS_1");
    let own = || version(library("/usr/lib64/fox/libnss.so", Some("libnss.so"), &["n@@NSS_2"]), "NSS_2");
    let user = |folder: &str, import: &str| {
        let mut user = library(&format!("{folder}/libuser.so"), Some("libuser.so"), &[]);
        let program = program("/usr/bin/x", &["libnss.so"], &[import]);
        user.elf.needed = program.elf.needed;
        user.elf.symbols = program.elf.symbols;
        user.elf.versions_needed = program.elf.versions_needed;
        user
    };
    let packages = |folder: &str, import: &str| {
        side(vec![package("fox-1", vec![user(folder, import), own()]), package("nss-1", vec![system()])])
    };
    let check = |folder: &str| about_users(&run(&packages(folder, "n@NSS_1"), &packages(folder, "n@NSS_2")));
    assert!(check("/usr/lib64/fox").is_empty());
    // Elsewhere the loader takes its own.
    assert_eq!(check("/usr/lib64/other"), ["break required-version-missing", "review import-unresolved"]);
}

#[test]
fn libraries_of_another_machine_do_not_serve() {
    let mut other = libfoo(&["f"]);
    other.path = "/usr/lib/libfoo.so.1".into();
    other.elf.machine = 3;
    other.elf.class = abide_model::ElfClass::Elf32;
    let old =
        side(vec![package("p-1", vec![app(&["f"]), libfoo(&["f"])]), package("q-1", vec![other.clone()])]);
    let new = side(vec![package("p-1", vec![app(&["f"])]), package("q-1", vec![other])]);
    assert_eq!(about_users(&run(&old, &new)), ["break needed-library-missing"]);
}

#[test]
fn a_library_that_could_not_be_read_is_not_missing() {
    let old = side(vec![package("app-1", vec![app(&["f"])]), package("foo-1", vec![libfoo(&["f"])])]);
    let mut damaged = package("foo-1", vec![]);
    let subject = "foo-1-1.x86_64".into();
    damaged.gaps.push(Gap { kind: GapKind::Unreadable, subject, detail: "damaged".to_owned() });
    let new = side(vec![package("app-1", vec![app(&["f"])]), damaged]);
    assert!(about_users(&run(&old, &new)).is_empty());
    // Nor is a symbol of a library whose symbols could not be read.
    let mut half = libfoo(&[]);
    half.gaps.push(Gap { kind: GapKind::BrokenElf, subject: "x".into(), detail: "cut".to_owned() });
    let check = both(&app(&["f"]), libfoo(&["f"]), half);
    assert!(about_users(&check).is_empty());
    assert_eq!(check.coverage.resolution.unknown, 1);
}

#[test]
fn versions_must_be_defined_by_the_library_that_is_loaded() {
    let lib = |exports: &[&str], versions: &[&str]| {
        let mut lib = libfoo(exports);
        lib.elf.versions_defined = versions.iter().map(|version| (*version).into()).collect();
        lib
    };
    let user = app(&["f@FOO_1.1"]);
    let good = || lib(&["f@@FOO_1.1"], &["FOO_1.0", "FOO_1.1"]);
    assert!(about_users(&both(&user, good(), lib(&["f@@FOO_1.1"], &["FOO_1.1"]))).is_empty());
    let check = both(&user, good(), lib(&["f@@FOO_1.0"], &["FOO_1.0"]));
    assert_eq!(about_users(&check), ["break required-version-missing", "break import-unresolved"]);
    // A library without versions serves all.
    assert!(about_users(&both(&user, good(), lib(&["f"], &[]))).is_empty());
}

#[test]
fn weak_imports_may_stay_unresolved() {
    let mut user = app(&["f", "g"]);
    user.elf
        .symbols
        .iter_mut()
        .filter(|s| s.name == "g")
        .for_each(|s| s.binding = abide_model::Binding::Weak);
    assert!(about_users(&both(&user, libfoo(&["f", "g"]), libfoo(&["f"]))).is_empty());
}
