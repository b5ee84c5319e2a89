//! Matrices: routes, what never decides, what is kept.

use std::time::{Duration, Instant};

use crate::common::Workplace;
use crate::roots::{can_run, packages, root};

const BUG: &str = "title = \"wrong answer\"\npackage = \"foo\"\n[reproducer]\nscript = '''\n\
    read answer </opt/answer\necho \"answer $answer\"\ncase $answer in\nbad) exit 1 ;;\nodd) exit 125 ;;\n\
    slow) sleep 60 ;;\nesac\n'''\n[limits]\ntime = \"1s\"\n";

fn environments(place: &Workplace, answers: [&str; 3]) -> Vec<String> {
    let roles = ["candidate", "stream", "reference"];
    roles
        .iter()
        .zip(answers)
        .map(|(role, answer)| format!("-e{role}={}", root(place, role, answer)))
        .collect()
}

fn route(answers: [&str; 3]) -> (i32, String) {
    let place = Workplace::new();
    place.write("b.toml", BUG);
    let environments = environments(&place, answers);
    let mut arguments = vec!["bug", "replicate", "b.toml", "-n2", "--format", "json"];
    arguments.extend(environments.iter().map(String::as_str));
    let run = place.abide(&arguments);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    assert_eq!(document["schema"], "abide.bug-matrix/1");
    (run.status, document["route"]["route"].as_str().expect("a route").to_owned())
}

#[test]
fn routes_follow_what_was_seen() {
    if !can_run() {
        return;
    }
    for (answers, status, expected) in [
        (["bad", "bad", "bad"], 1, "upstream"),
        (["bad", "good", "bad"], 1, "fixed-in-stream"),
        (["bad", "good", "good"], 1, "ours"),
        (["bad", "bad", "good"], 1, "coming"),
        (["good", "bad", "bad"], 0, "not-reproduced"),
        (["bad", "odd", "good"], 3, "undecided"),
        (["bad", "good", "slow"], 3, "undecided"),
        (["odd", "good", "good"], 3, "undecided"),
    ] {
        assert_eq!(route(answers), (status, expected.to_owned()), "{answers:?}");
    }
}

#[test]
fn the_matrix_is_told_and_kept() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    place.write("b.toml", BUG);
    let environments = environments(&place, ["bad", "good", "slow"]);
    let mut arguments = vec!["bug", "replicate", "b.toml", "-n1", "-q"];
    arguments.extend(environments.iter().map(String::as_str));
    insta::assert_snapshot!(place.abide(&arguments).golden());
    let listed = place.abide(&["bug", "list", "b.toml"]);
    assert!(listed.stdout.starts_with("undecided"), "{}", listed.stdout);
    let status = place.abide(&["bug", "status", "b.toml"]);
    assert!(status.stdout.contains("reference (reference)  timed out"), "{}", status.stdout);
    // Another script is another bug.
    place.write("b.toml", BUG.replace("exit 1 ", "exit 2 "));
    let status = place.abide(&["bug", "status", "b.toml"]);
    assert_eq!(status.status, 2);
    assert!(status.stderr.contains("was not replicated yet"), "{}", status.stderr);
}

#[test]
fn runs_that_disagree_are_flaky() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "r", "x");
    // What a run writes is gone with it: only the time tells runs apart.
    let bug = "title = \"t\"\npackage = \"foo\"\n[reproducer]\nscript = '''\nread up rest </proc/uptime\n\
        case $up in *[02468]) exit 1 ;; esac\n'''\n";
    place.write("b.toml", bug);
    let run = place.abide(&["bug", "replicate", "b.toml", "-n40", &format!("-ecandidate={root}")]);
    assert_eq!(run.status, 3, "{}", run.stdout);
    assert!(run.stdout.contains("flaky: seen in "), "{}", run.stdout);
}

#[test]
fn an_interrupted_matrix_goes_on_and_a_changed_root_is_run_anew() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "r", "good");
    place.write("b.toml", "title = \"t\"\npackage = \"foo\"\n[reproducer]\nscript = \"sleep 0.4\"\n");
    let environment = format!("-ecandidate={root}");
    let mut child =
        place.command(&["bug", "replicate", "b.toml", "-n8", &environment]).spawn().expect("abide runs");
    std::thread::sleep(Duration::from_millis(2500));
    child.kill().expect("it is there");
    child.wait().expect("it is gone");
    let replicate = || place.abide(&["bug", "replicate", "b.toml", "-n8", &environment]);
    let resumed = replicate();
    assert_eq!(resumed.status, 0, "{}", resumed.stdout);
    assert!(resumed.stdout.contains("of 8 runs are earlier ones"), "{}", resumed.stdout);
    let start = Instant::now();
    assert!(replicate().stdout.contains("8 of 8 runs are earlier ones"));
    assert!(start.elapsed() < Duration::from_secs(3), "runs were made again");
    packages(&place, "r", &[("foo", "2")]);
    assert!(!replicate().stdout.contains("earlier ones"), "another package set is another environment");
    let recheck = place.abide(&["bug", "recheck", "b.toml", "-n8", &environment]);
    assert_eq!((recheck.status, recheck.stdout.as_str()), (0, "b.toml: not-reproduced, as before\n"));
}

#[test]
fn what_an_environment_lacks_is_named() {
    if !can_run() {
        return;
    }
    let place = Workplace::new();
    let root = root(&place, "r", "bad");
    place.write("b.toml", BUG.replacen("package = \"foo\"", "package = \"foo\"\nneeds = [\"bar\"]", 1));
    let run =
        place.abide(&["bug", "replicate", "b.toml", &format!("-ecandidate={root}"), "-estream=/nowhere"]);
    assert_eq!(run.status, 3);
    for part in ["not run: it does not have bar, which the bug needs", "not run: /nowhere is no folder"] {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
}

#[test]
fn a_command_of_the_users_is_an_environment() {
    let place = Workplace::new();
    place.write("b.toml", "title = \"t\"\npackage = \"bash\"\n[reproducer]\nscript = \"exit 3\"\n");
    let run = place.abide(&["bug", "replicate", "b.toml", "-n1", "-ecandidate:here=command:sh {script}"]);
    assert!(run.stdout.contains("candidate (here)  seen"), "{}{}", run.stdout, run.stderr);
    let gone =
        place.abide(&["bug", "replicate", "b.toml", "-n1", "-ecandidate:gone=command:exit 255 {script}"]);
    assert!(gone.stdout.contains("nothing can be run there"), "{}", gone.stdout);
}
