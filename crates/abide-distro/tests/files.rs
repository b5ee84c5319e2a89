//! What programs rely on besides binary interfaces: each rule on packages made of words.

#![allow(missing_docs, dead_code)]

mod common;

use std::sync::Arc;

use abide_model::{FileEntry, FileFlags, FileKind, GapKind, Level, PackageFacts, Script, Side, Verdict};
use bstr::BString;
use common::*;

fn shared(text: &str) -> Option<Arc<BString>> {
    Some(Arc::new(text.into()))
}

/// `PATH`, `PATH -> TARGET`, `PATH/` for a directory, each with `mode=4755`, `owner=a:b`, `caps=…`, `config`,
/// `noreplace`, `ghost`, `doc`, `run=/bin/sh`.
fn file(text: &str) -> FileEntry {
    let (path, options) = text.split_once(' ').unwrap_or((text, ""));
    let mut entry = match path.strip_suffix('/') {
        Some(dir) => FileEntry { mode: 0o755, ..FileEntry::new(dir, FileKind::Directory) },
        None => FileEntry { mode: 0o644, ..FileEntry::new(path, FileKind::Regular) },
    };
    (entry.owner, entry.group) = (shared("root"), shared("root"));
    let mut words = options.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some(("mode", mode)) => entry.mode = u16::from_str_radix(mode, 8).expect("octal"),
            Some(("owner", names)) => {
                let (owner, group) = names.split_once(':').expect("two names");
                (entry.owner, entry.group) = (shared(owner), shared(group));
            }
            Some(("caps", caps)) => entry.capabilities = shared(&caps.replace('_', " ")),
            Some(("run", program)) => entry.interpreter = shared(program),
            None if word == "->" => {
                entry.kind = FileKind::Symlink;
                entry.link_target = words.next().map(Into::into);
            }
            None if word == "config" => entry.flags.is_config = true,
            None if word == "noreplace" => {
                entry.flags = FileFlags { is_config: true, is_noreplace: true, ..entry.flags };
            }
            None if word == "ghost" => entry.flags.is_ghost = true,
            None if word == "doc" => entry.flags.is_doc = true,
            _ => panic!("{word}"),
        }
    }
    entry
}

fn with(mut package: PackageFacts, files: &[&str]) -> PackageFacts {
    let meta = package.meta.as_mut().expect("a package");
    meta.files = files.iter().map(|text| file(text)).collect();
    meta.files.sort();
    package
}

fn scripted(mut package: PackageFacts, scripts: &[(&str, &str, &str)]) -> PackageFacts {
    let script = |(event, program, text): &(&str, &str, &str)| Script {
        event: (*event).to_owned(),
        program: (*program).into(),
        text: (*text).into(),
    };
    package.meta.as_mut().expect("a package").scripts = scripts.iter().map(script).collect();
    package
}

fn vendor(mut package: PackageFacts, vendor: &str) -> PackageFacts {
    package.meta.as_mut().expect("a package").vendor = Some(vendor.to_owned());
    package
}

/// Findings of one package's files on either side: `LEVEL RULE: SUMMARY`.
fn compare(old: &[&str], new: &[&str]) -> Vec<String> {
    said(&side(vec![with(package("foo-1", vec![]), old)]), &side(vec![with(package("foo-1", vec![]), new)]))
}

fn said(old: &Side, new: &Side) -> Vec<String> {
    let check = run(old, new);
    findings(&check).iter().map(|f| format!("{} {}: {}", f.level, f.rule, f.summary)).collect()
}

#[test]
fn what_is_gone_is_judged_by_what_it_is_for() {
    for (path, wanted) in [
        ("/usr/bin/foo", "break command-lost: command foo is gone"),
        ("/usr/lib/systemd/system/foo.service", "break unit-lost: systemd unit foo.service is gone"),
        (
            "/usr/share/dbus-1/system-services/org.foo.service",
            "break dbus-file-lost: D-Bus file org.foo.service is gone",
        ),
        (
            "/usr/share/dbus-1/system.d/foo.conf",
            "review dbus-file-lost: D-Bus file /usr/share/dbus-1/system.d/foo.conf is gone",
        ),
        (
            "/usr/share/polkit-1/actions/foo.policy",
            "review polkit-file-lost: polkit file /usr/share/polkit-1/actions/foo.policy is gone",
        ),
        ("/usr/lib/python3.9/site-packages/foo.py", "break module-lost: module foo is gone"),
        ("/usr/share/perl5/Foo/Bar.pm", "break module-lost: module Foo/Bar is gone"),
        ("/usr/include/foo.h", "review path-lost: development file /usr/include/foo.h is gone"),
        ("/etc/foo.conf config", "review path-lost: configuration file /etc/foo.conf is gone"),
        ("/etc/foo.d/", "review path-lost: directory /etc/foo.d is gone"),
        ("/usr/share/foo/data", "review path-lost: path /usr/share/foo/data is gone"),
        ("/usr/libexec/foo/helper", "safe path-lost: path /usr/libexec/foo/helper is gone"),
    ] {
        assert_eq!(compare(&[path], &[]), [wanted], "{path}");
        assert_eq!(compare(&[path], &[path]), [""; 0], "{path}");
        assert_eq!(compare(&[], &[path]), [""; 0], "{path}");
    }
}

#[test]
fn what_differs_in_every_build_is_not_lost() {
    let old = [
        "/usr/lib/.build-id/ab/cdef -> ../../../bin/foo",
        "/usr/lib/debug/.dwz/foo-1.x86_64",
        "/usr/share/doc/foo/NEWS",
        "/usr/share/licenses/foo/COPYING",
        "/usr/share/man/man1/foo.1.gz",
        "/usr/share/foo/README doc",
        "/usr/share/foo/",
        "/run/foo.pid ghost",
        "/usr/lib/python3.9/site-packages/__pycache__/foo.cpython-39.pyc",
    ];
    assert_eq!(compare(&old, &[]), [""; 0]);
    let old = ["/usr/share/foo-1.2/data", "/usr/lib64/libfoo.so.1 -> libfoo.so.1.2.3"];
    let new = ["/usr/share/foo-1.10/data", "/usr/lib64/libfoo.so.1 -> libfoo.so.1.2.4"];
    assert_eq!(compare(&old, &new), [""; 0]);
    let dist_info =
        |version: &str| format!("/usr/lib/python3.9/site-packages/foo-{version}.dist-info/METADATA");
    let (old, new) = (dist_info("1.2"), dist_info("1.3"));
    assert_eq!(
        compare(&[&old], &[&new]),
        ["safe module-version-changed: module foo has another version: 1.2 → 1.3"]
    );
}

#[test]
fn several_paths_are_one_finding() {
    let old = ["/usr/bin/a", "/usr/bin/b", "/usr/bin/c", "/usr/bin/d"];
    assert_eq!(compare(&old[..2], &[]), ["break command-lost: 2 commands are gone: a and b"]);
    assert_eq!(compare(&old, &[]), ["break command-lost: 4 commands are gone: a, b, c and 1 more"]);
    let (old, new) = (side(vec![with(package("foo-1", vec![]), &old)]), side(vec![package("foo-1", vec![])]));
    let check = run(&old, &new);
    assert_eq!(findings(&check)[0].details.len(), 4);
    assert_eq!(check.verdict, Verdict::Incompatible);
}

#[test]
fn another_package_or_a_link_keeps_a_path() {
    let old = side(vec![with(package("foo-1", vec![]), &["/usr/bin/foo", "/usr/sbin/bar"])]);
    let new = |files: &[&str]| side(vec![with(package("base-1", vec![]), files), package("foo-1", vec![])]);
    assert_eq!(
        said(&old, &new(&["/bin/foo", "/usr/sbin/bar"])),
        ["safe package-added: package base-1-1.x86_64 is new"]
    );
    let merged = new(&["/usr/bin/foo", "/usr/sbin -> bin", "/usr/bin/bar"]);
    assert_eq!(said(&old, &merged), ["safe package-added: package base-1-1.x86_64 is new"]);
    let moved = new(&["/usr/bin/foo", "/usr/bin/bar"]);
    assert_eq!(
        said(&old, &moved)[0],
        "review command-lost: command bar is in another directory: /usr/sbin/bar → /usr/bin/bar"
    );
}

#[test]
fn those_who_ask_for_a_path_are_named() {
    let old = side(vec![
        with(package("app-1", vec![]), &["/usr/libexec/app run=/usr/bin/foo"]),
        with(package("foo-1", vec![]), &["/usr/bin/foo"]),
        requiring(package("tool-1", vec![]), "/usr/bin/foo"),
    ]);
    let mut new = old.clone();
    new.packages[1] = package("foo-1", vec![]);
    let check = run(&old, &new);
    let all = findings(&check);
    assert_eq!(all.iter().map(|f| f.rule).collect::<Vec<_>>(), ["interpreter-missing", "command-lost"]);
    assert_eq!(all[0].summary, "what runs /usr/libexec/app is not on the candidate");
    let users: Vec<String> = all[1]
        .consumers
        .iter()
        .map(|c| format!("{} {}", c.package.as_deref().unwrap_or(""), c.artifact))
        .collect();
    assert_eq!(users, ["app-1-1.x86_64 /usr/libexec/app", "tool-1-1.x86_64 "]);
}

#[test]
fn modes_owners_and_capabilities() {
    for (old, new, wanted) in [
        (
            "/usr/bin/su mode=4755",
            "/usr/bin/su mode=0755",
            "break mode-changed: mode of /usr/bin/su changed: 4755 → 0755",
        ),
        (
            "/usr/bin/x mode=0755",
            "/usr/bin/x mode=4755",
            "review mode-changed: mode of /usr/bin/x changed: 0755 → 4755",
        ),
        (
            "/usr/bin/x mode=0755",
            "/usr/bin/x mode=0644",
            "break mode-changed: mode of /usr/bin/x changed: 0755 → 0644",
        ),
        ("/etc/x mode=0644", "/etc/x mode=0666", "review mode-changed: mode of /etc/x changed: 0644 → 0666"),
        ("/etc/x mode=0644", "/etc/x mode=0600", "review mode-changed: mode of /etc/x changed: 0644 → 0600"),
        ("/etc/x mode=0600", "/etc/x mode=0644", "review mode-changed: mode of /etc/x changed: 0600 → 0644"),
        (
            "/var/x/ mode=1777",
            "/var/x/ mode=0777",
            "review mode-changed: mode of /var/x changed: 1777 → 0777",
        ),
        (
            "/usr/share/x mode=0755",
            "/usr/share/x mode=0644",
            "safe mode-changed: mode of /usr/share/x changed: 0755 → 0644",
        ),
        ("/var/x owner=a:a", "/var/x owner=b:a", "review owner-changed: owner of /var/x changed: a:a → b:a"),
        (
            "/usr/bin/x mode=4755",
            "/usr/bin/x mode=4755 owner=x:root",
            "break owner-changed: owner of /usr/bin/x changed: root:root → x:root",
        ),
        (
            "/usr/bin/ping caps=cap_net_raw=ep",
            "/usr/bin/ping",
            "break capabilities-changed: capabilities of /usr/bin/ping changed: cap net raw=ep → none",
        ),
        (
            "/usr/bin/ping",
            "/usr/bin/ping caps=cap_net_raw=ep",
            "review capabilities-changed: capabilities of /usr/bin/ping changed: none → cap net raw=ep",
        ),
    ] {
        assert_eq!(compare(&[old], &[new]), [wanted], "{old}");
    }
    // The two ways of writing the same capabilities.
    assert_eq!(compare(&["/usr/bin/x caps=cap=ep"], &["/usr/bin/x caps==_cap+ep"]), [""; 0]);
    // A shared directory may keep its bit for the restricted deletion and gain nothing else.
    assert_eq!(compare(&["/var/x/ mode=1777"], &["/var/x/ mode=1777"]), [""; 0]);
}

#[test]
fn configuration_and_links() {
    for (old, new, wanted) in [
        (
            "/etc/x config",
            "/etc/x",
            "review config-flag-lost: configuration file /etc/x is replaced on update",
        ),
        (
            "/etc/x noreplace",
            "/etc/x config",
            "review config-flag-lost: configuration file /etc/x is replaced on update",
        ),
        ("/etc/x -> a", "/etc/x -> b", "review link-target-changed: link /etc/x leads elsewhere: a → b"),
        (
            "/etc/x -> a-1.2",
            "/etc/x -> a-1.3",
            "safe link-target-changed: link /etc/x leads elsewhere: a-1.2 → a-1.3",
        ),
        (
            "/usr/share/x/",
            "/usr/share/x -> y",
            "review path-kind-changed: path /usr/share/x is something else: directory → symbolic link to y",
        ),
        (
            "/usr/share/x -> y",
            "/usr/share/x",
            "safe path-kind-changed: path /usr/share/x is something else: symbolic link to y → file",
        ),
    ] {
        assert_eq!(compare(&[old], &[new]), [wanted], "{old}");
    }
    assert_eq!(compare(&["/etc/x -> /usr/lib/y"], &["/etc/x -> ../lib/y"]), [""; 0]);
    assert_eq!(compare(&["/etc/x"], &["/etc/x noreplace"]), [""; 0]);
    let old = ["/etc/x -> /usr/lib/y", "/usr/lib/y"];
    assert_eq!(
        compare(&old, &["/etc/x -> /usr/lib/z", "/usr/lib/y"]),
        ["break link-target-changed: link /etc/x leads to nothing: /usr/lib/y → /usr/lib/z"]
    );
}

#[test]
fn modules_for_another_interpreter_are_lost_to_the_old_one() {
    let path = |version: &str| format!("/usr/lib/python{version}/site-packages/foo/__init__.py");
    assert_eq!(
        compare(&[&path("3.9")], &[&path("3.11")]),
        ["break module-lost: module foo is for another version of the interpreter: \
            /usr/lib/python3.9/site-packages/foo/__init__.py → /usr/lib/python3.11/site-packages/foo/__init__.py"]
    );
    assert_eq!(compare(&[&path("3.9")], &[&path("3.9"), &path("3.11")]), [""; 0]);
    let inner = "/usr/lib/python3.9/site-packages/foo/inner.py";
    assert_eq!(
        compare(&[&path("3.9"), inner], &[&path("3.9")]),
        ["review module-lost: module foo/inner is gone"]
    );
    let private = "/usr/lib/python3.9/site-packages/foo/_inner.py";
    assert_eq!(compare(&[private], &[]), ["safe module-lost: module foo/_inner is gone"]);
}

#[test]
fn scripts_and_alternatives() {
    let side_of = |scripts: &[(&str, &str, &str)]| side(vec![scripted(package("foo-1", vec![]), scripts)]);
    let compare = |old: &[(&str, &str, &str)], new: &[(&str, &str, &str)]| said(&side_of(old), &side_of(new));
    let sh = "/bin/sh";
    let useradd = ("%pre", sh, "useradd -r foo\n");
    assert_eq!(compare(&[useradd], &[]), ["review script-changed: script %pre is gone"]);
    assert_eq!(compare(&[], &[useradd]), ["review script-changed: script %pre is new"]);
    assert_eq!(
        compare(&[useradd], &[("%pre", sh, "useradd foo\n")]),
        ["review script-changed: script %pre changed"]
    );
    assert_eq!(compare(&[useradd], &[("%pre", "/usr/bin/sh", "# a comment\n\n  useradd -r foo")]), [""; 0]);
    assert_eq!(compare(&[("%post", "/sbin/ldconfig", "")], &[]), [""; 0]);
    assert_eq!(compare(&[("postinst", sh, "#!/bin/sh\nset -e\n")], &[]), [""; 0]);
    let install = ("%post", sh, "alternatives --install /usr/bin/foo foo /usr/bin/foo-1 10");
    assert_eq!(
        compare(&[install], &[]),
        [
            "break alternative-lost: alternative /usr/bin/foo is set up no more",
            "review script-changed: script %post is gone"
        ]
    );
    let shipped = side(vec![with(package("foo-1", vec![]), &["/usr/bin/foo"])]);
    assert_eq!(said(&side_of(&[install]), &shipped), ["review script-changed: script %post is gone"]);
}

#[test]
fn a_command_that_an_alternative_keeps_is_there() {
    let old = side(vec![with(package("foo-1", vec![]), &["/usr/bin/foo"])]);
    let install = ("%post", "/bin/sh", "update-alternatives --install /usr/bin/foo foo /usr/bin/foo-2 10");
    let new = side(vec![scripted(package("foo-1", vec![]), &[install])]);
    assert_eq!(said(&old, &new), ["review script-changed: script %post is new"]);
}

#[test]
fn names_of_the_reference_are_told_apart() {
    let old = side(vec![
        vendor(
            with(package("foo-1", vec![]), &["/etc/redhat-release", "/usr/share/redhat/logo"]),
            "Red Hat, Inc.",
        ),
        vendor(package("bar-1", vec![]), "Red Hat, Inc."),
    ]);
    let new = side(vec![
        vendor(with(package("foo-1", vec![]), &["/etc/redhat-release"]), "AlmaLinux"),
        vendor(package("other-1", vec![]), "AlmaLinux"),
        vendor(package("bar-1", vec![]), "Red Hat, Inc."),
    ]);
    assert_eq!(
        said(&old, &new),
        [
            "review branding-left: name of the reference in /etc/redhat-release stays",
            "review branding-lost: path with the reference's name /usr/share/redhat/logo is gone",
            "review branding-left: vendor of package bar is still the reference's",
            "safe package-added: package other-1-1.x86_64 is new",
        ]
    );
    // Two builds of one distribution say nothing about brands.
    assert_eq!(said(&old, &old.clone()), [""; 0]);
}

#[test]
fn a_list_that_was_not_read_to_its_end_loses_nothing() {
    let old = side(vec![with(package("foo-1", vec![]), &["/usr/bin/foo"])]);
    let mut broken = package("foo-1", vec![]);
    broken.gaps.push(gap(GapKind::Unreadable, "foo-1-1.x86_64.rpm"));
    let check = run(&old, &side(vec![broken]));
    assert_eq!((rules(&check), check.verdict), (vec![], Verdict::Undecided));
}

#[test]
fn the_files_of_a_package_that_was_merged_into_another_are_looked_for() {
    let old = side(vec![
        with(package("foo-1", vec![]), &["/usr/bin/foo", "/usr/bin/kept"]),
        package("bar-1", vec![]),
    ]);
    let heir = providing(with(package("bar-1", vec![]), &["/usr/bin/kept"]), "foo");
    let check = run(&old, &side(vec![heir]));
    let said: Vec<_> = findings(&check).iter().map(|f| (f.level, f.rule)).collect();
    assert_eq!(said, [(Level::Break, "command-lost"), (Level::Safe, "package-removed")]);
}

#[test]
fn trees_without_packages_are_compared_file_by_file() {
    let tree = |files: &[&str]| {
        let mut loose = loose(vec![]);
        loose.tree = files.iter().map(|text| file(text)).collect();
        loose.tree.sort();
        side(vec![loose])
    };
    let old =
        tree(&["/usr/bin/foo mode=0755 run=/usr/bin/bar", "/usr/bin/bar", "/usr/sbin/baz", "/usr/lib/x/y"]);
    let new = tree(&[
        "/usr/bin/foo mode=0755 run=/usr/bin/bar",
        "/usr/sbin -> bin",
        "/usr/bin/baz",
        "/usr/lib/x/y",
    ]);
    assert_eq!(
        said(&old, &new),
        [
            "break command-lost: command bar is gone",
            "break interpreter-missing: what runs /usr/bin/foo is not on the candidate"
        ]
    );
    assert_eq!(said(&old, &old.clone()), [""; 0]);
    // A folder that is no installed system has no tree.
    assert_eq!(said(&old, &tree(&[])), [""; 0]);
}
