//! What packages say of their files and scripts: an RPM built from a spec in the tree, Debian packages, tar archives.

use std::path::{Path, PathBuf};
use std::process::Command;

use abide_model::{FileEntry, PackageMeta};

use crate::craft::{regular, symlink};
use crate::support::{has, open};
use crate::tarball::{Deb, header, seal, tar};

/// Builds `tests/data/NAME.spec`.
fn build(name: &str, dir: &Path) -> PathBuf {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("{name}.spec"));
    let define = |text: String| ["--define".to_owned(), text];
    let top = dir.display();
    let output = Command::new("rpmbuild")
        .args(["-bb", "--quiet", "--target", "noarch"])
        .args(define(format!("_topdir {top}")))
        .args(define("_binary_payload w1.gzdio".to_owned()))
        .args(define("__os_install_post %{nil}".to_owned()))
        .arg(spec)
        .output()
        .expect("rpmbuild runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    dir.join("RPMS/noarch").join(format!("{name}-1.0-1.noarch.rpm"))
}

fn lines(meta: &PackageMeta) -> Vec<String> {
    let line = |file: &FileEntry| {
        let flags = [
            (file.flags.is_config, " config"),
            (file.flags.is_noreplace, " noreplace"),
            (file.flags.is_ghost, " ghost"),
            (file.flags.is_doc, " doc"),
        ];
        let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        let run = file.interpreter.as_ref().map(|run| format!(" run by {run}")).unwrap_or_default();
        let caps = file.capabilities.as_ref().map(|caps| format!(" {caps}")).unwrap_or_default();
        let (owner, group) = (file.owner.as_ref().unwrap(), file.group.as_ref().unwrap());
        format!("{} {:04o} {owner}:{group}{caps}{flags}{run}", file.path, file.mode)
    };
    meta.files.iter().map(line).collect()
}

#[test]
fn an_rpm_with_files_and_scripts_of_every_kind() {
    if !has("rpmbuild") {
        println!("not tested: rpmbuild is absent");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let side = open(build("rich", dir.path()));
    let meta = side.packages[0].meta.as_ref().unwrap();
    assert_eq!(meta.vendor.as_deref(), Some("Example"));
    assert_eq!(
        lines(meta),
        [
            "/etc/rich.conf 0644 root:root config noreplace",
            "/etc/rich.default 0644 root:root config",
            "/usr/bin/rich 4755 root:wheel run by /bin/sh",
            "/usr/bin/rich-python 0644 root:root cap_net_raw=ep run by python3",
            "/usr/share/doc/rich/README 0644 root:root doc",
            "/var/lib/rich 0700 daemon:daemon",
            "/var/lib/rich/state 0644 root:root ghost",
        ]
    );
    let scripts: Vec<String> =
        meta.scripts.iter().map(|s| format!("{} [{}] {}", s.event, s.program, s.text)).collect();
    assert_eq!(
        scripts,
        [
            "%filetriggerin on /usr/lib/fonts [/bin/sh] fc-cache",
            "%post [/sbin/ldconfig] ",
            "%posttrans [/bin/sh] echo after",
            "%pre [/bin/sh] echo before",
            "%preun [<lua>] print(\"gone\")",
            "%transfiletriggerin on /usr/share/icons [/bin/bash] gtk-update-icon-cache",
            "%triggerin on bar, foo [/bin/sh] echo %1",
            "%triggerpostun on baz [/bin/sh] echo later",
        ]
    );
}

#[test]
fn a_debian_package_with_conffiles_and_maintainer_scripts() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = vec![
        regular("/etc/rich.conf", b"x\n"),
        regular("/usr/bin/rich", b"#!/usr/bin/perl -w\n"),
        symlink("/usr/bin/poor", "rich"),
    ];
    files[0].mode = 0o100_640;
    let mut deb = Deb::new("rich", files);
    deb.more = vec![
        regular("/conffiles", b"/etc/rich.conf\nremove-on-upgrade /etc/old.conf\n"),
        regular("/postinst", b"#!/bin/sh -e\necho hello\n"),
        regular("/triggers", b"activate-noawait ldconfig\n"),
        regular("/shlibs", b"libx 1 x\n"),
    ];
    let path = dir.path().join("rich.deb");
    std::fs::write(&path, deb.bytes()).unwrap();
    let side = open(&path);
    let meta = side.packages[0].meta.as_ref().unwrap();
    assert_eq!(
        lines(meta),
        [
            "/etc/rich.conf 0640 root:root config noreplace",
            "/usr/bin/poor 0777 root:root",
            "/usr/bin/rich 0755 root:root run by /usr/bin/perl",
        ]
    );
    let scripts: Vec<String> = meta.scripts.iter().map(|s| format!("{} [{}]", s.event, s.program)).collect();
    assert_eq!(scripts, ["postinst [/bin/sh -e]", "triggers []"]);
}

#[test]
fn owners_of_members_of_an_archive() {
    let mut named = header("a", b'0', 0o644, 0, "");
    named[265..269].copy_from_slice(b"mail");
    named[297..300].copy_from_slice(b"adm");
    seal(&mut named);
    let mut numbered = header("b", b'0', 0o644, 0, "");
    numbered[108..115].copy_from_slice(b"0001750");
    seal(&mut numbered);
    let mut broken = header("c", b'0', 0o644, 0, "");
    broken[108..115].copy_from_slice(b"nonsens");
    seal(&mut broken);
    let bytes = [named, numbered, broken, tar(&[])].concat();
    let mut reader = abide_read::tar::Reader::new(&bytes[..]);
    let mut found = Vec::new();
    while let Some(member) = reader.next_member().unwrap() {
        found.push(format!("{} {}:{}", member.name, member.owner, member.group));
    }
    assert_eq!(found, ["a mail:adm", "b 1000:root", "c :root"]);
}
