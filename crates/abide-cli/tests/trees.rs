//! Folders and archives that are laid out like an installed system: their files are compared as those of packages are.

#[allow(dead_code)]
mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::Workplace;

/// Two systems; the second has no `tool`, and its `helper` is run by what is not there any more.
fn systems(place: &Workplace) {
    for side in ["old", "new"] {
        let write = |path: &str, text: &str, mode: u32| {
            let path = place.write(&format!("{side}/{path}"), text);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        };
        write("usr/bin/helper", "#!/usr/bin/tool\n", 0o755);
        write("usr/bin/opened", "#!/bin/sh\n", if side == "old" { 0o4755 } else { 0o755 });
        write("usr/share/doc/x", side, 0o644);
        if side == "old" {
            write("usr/bin/tool", "#!/bin/sh\n", 0o755);
        }
    }
}

#[test]
fn a_folder_and_an_archive_say_the_same() {
    let place = Workplace::new();
    systems(&place);
    let folder = place.abide(&["check", "old", "new"]);
    assert_eq!(folder.status, 1, "{}", folder.stderr);
    for said in [
        "break: command tool is gone [command-lost]",
        "break: what runs /usr/bin/helper is not on the candidate [interpreter-missing]",
        "break: mode of /usr/bin/opened changed: 4755 → 0755 [mode-changed]",
    ] {
        assert!(folder.stdout.contains(said), "{said}: {}", folder.stdout);
    }
    for side in ["old", "new"] {
        let status = Command::new("tar")
            .args(["-C", side, "-cf", &format!("{side}.tar"), "."])
            .current_dir(place.path("."))
            .status()
            .expect("tar runs");
        assert!(status.success());
    }
    let archive = place.abide(&["check", "old.tar", "new.tar"]);
    let findings = |run: &common::Run| -> Vec<String> {
        run.stdout.lines().filter(|line| line.starts_with("    break: ")).map(str::to_owned).collect()
    };
    assert_eq!(findings(&archive), findings(&folder));
    assert_eq!(place.abide(&["check", "old", "old"]).status, 0);
}
