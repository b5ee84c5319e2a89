//! Bug files: made, checked, refused.

use crate::common::Workplace;

#[test]
fn a_new_bug_can_be_checked_and_is_not_overwritten() {
    let place = Workplace::new();
    place.write("r.sh", "#!/bin/sh\nprintf 'it''s' | grep x\n");
    let new = |output: &str| {
        place.abide(&[
            "bug",
            "new",
            "--title",
            "ends \"early\"",
            "--package",
            "foo",
            "--expected",
            "an end",
            "--actual",
            "none",
            "--script",
            "r.sh",
            "--seen-signal",
            "SEGV",
            "--seen-output",
            r"^a\d",
            "--time",
            "5s",
            "--needs",
            "bar",
            "--link",
            "https://example.org/1",
            "-o",
            output,
        ])
    };
    assert_eq!(new("b.toml").status, 0);
    let checked = place.abide(&["bug", "check", "b.toml"]);
    assert_eq!((checked.status, checked.stdout.as_str()), (0, "b.toml: foo: ends \"early\"\n"));
    let again = new("b.toml");
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("b.toml is there already"), "{}", again.stderr);
}

#[test]
fn what_is_missing_is_asked_for_by_name() {
    let place = Workplace::new();
    let new = place.abide(&["bug", "new", "--title", "x"]);
    assert_eq!(new.status, 2);
    assert!(
        new.stderr.contains("the bug has no package") && new.stderr.contains("--package"),
        "{}",
        new.stderr
    );
}

#[test]
fn wrong_files_are_told_with_their_line() {
    let place = Workplace::new();
    place.write("a.toml", "title = \"t\"\npackage = \"p\"\n[reproducer]\nfile = \"gone.sh\"\n");
    place.write(
        "b.toml",
        "title = \"t\"\npackage = \"p\"\n[reproducer]\nscript = \"x\"\n[limits]\ntime = \"5\"\n",
    );
    place.write("c/bug.md", "no head\n");
    let run = place.abide(&["bug", "check", "a.toml", "b.toml", "c", "d"]);
    assert_eq!(run.status, 2);
    for part in [
        "failed to read the bug gone.sh: No such file",
        "b.toml:6: \"5\" is no time",
        "c/bug.md:1: the file does not begin with a TOML head",
        "failed to read the bug d:",
    ] {
        assert!(run.stderr.contains(part), "{part} in {}", run.stderr);
    }
}

#[test]
fn the_examples_are_bugs() {
    let place = Workplace::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/bugs");
    let listed = place.abide(&["bug", "list", folder]);
    assert_eq!(listed.status, 0, "{}", listed.stderr);
    assert!(listed.stdout.lines().count() >= 5, "{}", listed.stdout);
    assert!(listed.stdout.lines().all(|line| line.starts_with("not replicated")), "{}", listed.stdout);
}
