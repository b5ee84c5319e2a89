//! Reproducers that misbehave: held, cut at their limits, named; nothing is left of them and nothing is changed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::common::Workplace;
use crate::roots::{can_run, root};

const LIMITS: &str =
    "[limits]\ntime = \"3s\"\nmemory = \"300M\"\nprocesses = 40\ndisk = \"10M\"\noutput = \"1M\"\n";

/// Runs a script in a root and gives the run.
fn run(place: &Workplace, root: &str, script: &str) -> serde_json::Value {
    let bug = format!("title = \"t\"\npackage = \"foo\"\n[reproducer]\nscript = '''\n{script}'''\n{LIMITS}");
    place.write("b.toml", bug);
    let environment = format!("-ecandidate={root}");
    let run = place.abide(&["bug", "replicate", "b.toml", "-n1", "--format", "json", &environment]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    let run = document["environments"][0]["runs"][0].clone();
    assert!(!run.is_null(), "{document}");
    run
}

fn limit(run: &serde_json::Value) -> &str {
    run["limit"].as_str().unwrap_or("none")
}

/// Every file of a root with its content.
fn content(root: &str) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![Path::new(root).to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = std::fs::symlink_metadata(&path).expect("a file").file_type();
            match kind {
                kind if kind.is_dir() => open.push(path),
                kind if kind.is_file() => {
                    let bytes = std::fs::read(&path).expect("content");
                    found.insert(path.display().to_string(), bytes);
                }
                _ => {}
            }
        }
    }
    found
}

/// Whether a process with this word on its command line is left.
fn is_left(word: &str) -> bool {
    let lines = Command::new("ps").args(["-eo", "args"]).output().expect("ps runs");
    String::from_utf8_lossy(&lines.stdout).lines().any(|line| line.contains(word))
}

#[test]
fn each_limit_is_named_and_nothing_is_left() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "r", "x");
    let before = content(&root);
    for (script, expected) in [
        ("f() { f | f & f; }\nf\n", "processes"),
        ("yes abcdefgh\n", "output"),
        ("trap '' TERM INT HUP QUIT\nwhile :; do sleep 1; done\n", "time"),
        ("cat /dev/zero >/tmp/big\nexit 0\n", "disk"),
        ("cat /dev/zero >/dev/shm/big\nexit 0\n", "disk"),
        // One line without an end, which sed holds whole: much faster than a variable of the shell, so that time is not what ends it.
        ("head -c 900000000 /dev/zero | sed -n '$d'\n", "memory"),
    ] {
        let run = run(&place, &root, script);
        assert_eq!(limit(&run), expected, "{script}{run}");
        assert_ne!(run["sight"], "not-seen", "{script}");
    }
    assert!(content(&root) == before, "the root was changed");
    assert!(!is_left("yes abcdefgh"));
}

#[test]
fn daemons_are_named_and_ended() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "r", "x");
    let run = run(&place, &root, "(setsid sleep 98765 &)\n(setsid sleep 98765 &)\nsleep 0.2\nexit 0\n");
    assert_eq!((run["left-running"].as_u64(), run["sight"].as_str()), (Some(2), Some("not-seen")));
    assert!(!is_left("sleep 98765"));
}

#[test]
fn nothing_outside_can_be_written_or_reached() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "r", "x");
    let before = content(&root);
    let script = "for path in /opt/answer /usr/x /etc/x /bug/x /x /dev/x /proc/sys/kernel/panic; do\n\
        (echo 1 >$path) 2>/dev/null && echo \"wrote $path\"\ndone\n\
        (echo 1 >/tmp/x) && echo 'tmp can be written'\n(echo 1 >$HOME/x) && echo 'home can be written'\n\
        sed -n '3,$p' /proc/net/dev\nsed 's/^/env /' /proc/self/environ\nexit 0\n";
    let run = run(&place, &root, script);
    let output = run["output"].as_str().expect("output");
    assert!(!output.contains("wrote"), "{output}");
    assert!(output.contains("tmp can be written") && output.contains("home can be written"), "{output}");
    let devices: Vec<&str> = output.lines().filter(|line| line.contains(": ")).collect();
    assert!(devices.iter().all(|line| line.trim_start().starts_with("lo:")), "{devices:?}");
    assert!(!output.contains("ABIDE_CACHE"), "the environment is seen: {output}");
    assert!(content(&root) == before, "the root was changed");
}

#[test]
fn a_fork_bomb_is_held_where_the_kernel_does_not_count() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "closed/r", "x");
    // Whoever is not its owner cannot enter: no other user can run it.
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(place.path("closed"), closed).expect("permissions");
    let run = run(&place, &root, "f() { f | f & f; }\nf\n");
    assert_eq!(limit(&run), "processes", "{run}");
}
