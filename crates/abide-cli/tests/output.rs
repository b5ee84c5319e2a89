//! Where reports go, and what happens when they cannot get there.

#[allow(dead_code)]
mod common;

use std::fs::{self, File};
use std::io::Read;
use std::process::Stdio;

use common::Workplace;

const SOURCE: &str = "int f(void) { return 1; }\n";

fn pair() -> Workplace {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", SOURCE, &[]);
    work.library("new/libfoo.so.1", SOURCE, &[]);
    work
}

#[test]
fn a_report_goes_to_a_file_whole() {
    let work = pair();
    let run = work.abide(&["check", "old", "new", "-o", "report.txt"]);
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    let printed = work.abide(&["check", "old", "new"]);
    assert_eq!(fs::read_to_string(work.path("report.txt")).expect("a report"), printed.stdout);
    let left: Vec<_> = fs::read_dir(work.path(".")).expect("a folder").collect();
    assert_eq!(left.len(), 3, "nothing else is left behind: {left:?}");
}

#[test]
fn a_report_that_cannot_be_written_is_no_verdict() {
    let work = pair();
    let run = work.abide(&["check", "old", "new", "-o", "missing/report.txt"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: failed to write missing/report.txt"), "{}", run.stderr);
    let run = work.abide(&["check", "old", "new", "-o", "old"]);
    assert_eq!(run.status, 2, "a folder is no file: {}", run.stderr);
}

#[test]
fn an_older_report_stays_when_there_is_no_new_one() {
    let work = pair();
    work.write("report.txt", "older");
    assert_eq!(work.abide(&["check", "old", "nowhere", "-o", "report.txt"]).status, 2);
    assert_eq!(fs::read_to_string(work.path("report.txt")).expect("a report"), "older");
}

#[test]
fn a_full_device_is_no_verdict() {
    let full = File::options().write(true).open("/dev/full").expect("Linux");
    let run = pair().command(&["check", "old", "new"]).stdout(full).output().expect("abide runs");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("standard output"));
}

#[test]
fn a_closed_pipe_is_no_verdict() {
    for arguments in [&["check", "old", "new"][..], &["rules"], &["man"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let run = pair().command(arguments).stdout(writer).output().expect("abide runs");
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&run.stderr), "", "quietly");
    }
}

#[test]
fn no_colour_where_there_is_no_terminal() {
    let run = pair().abide(&["check", "old", "new"]);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'));
}

#[test]
fn colour_on_request_and_no_colour_on_request() {
    let work = pair();
    let run = |variables: &[(&str, &str)]| {
        let mut command = work.command(&["check", "old", "new"]);
        command.envs(variables.iter().copied());
        String::from_utf8(command.output().expect("abide runs").stdout).expect("UTF-8")
    };
    assert!(run(&[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'));
    assert!(!run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn a_pipe_can_be_the_output_file() {
    let work = pair();
    let mut child = work
        .command(&["check", "old", "new", "-o", "/dev/stdout"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("abide runs");
    let mut text = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut text).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(text.starts_with("compatible: "), "{text}");
}
