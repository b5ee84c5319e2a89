//! `abide snapshot`: saves one side, which then compares exactly as its input.

#[allow(dead_code)]
mod common;

use common::Workplace;

const OLD: &str = "struct p { int x; };\nint f(struct p p) { return p.x; }\nint g(void) { return 1; }\n";
const NEW: &str = "struct p { long x; };\nint f(struct p p) { return p.x; }\n";

#[test]
fn a_snapshot_compares_as_its_input() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", OLD, &[]);
    work.library("new/libfoo.so.1", NEW, &[]);
    for side in ["old", "new"] {
        let run = work.abide(&["snapshot", side, "-o", &format!("{side}.abide")]);
        assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    }
    let findings = |old: &str, new: &str| {
        let run = work.abide(&["check", old, new, "--all"]);
        assert_eq!(run.status, 1, "{}", run.stderr);
        run.stdout
    };
    let direct = findings("old", "new");
    assert_eq!(findings("old.abide", "new"), direct);
    assert_eq!(findings("old", "new.abide"), direct);
    assert_eq!(findings("old.abide", "new.abide"), direct);
    // Saved once more, it is the same file.
    assert_eq!(work.abide(&["snapshot", "old", "-o", "again.abide"]).status, 0);
    let bytes = |name: &str| std::fs::read(work.path(name)).expect("a snapshot");
    assert_eq!(bytes("old.abide"), bytes("again.abide"));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", OLD, &[]);
    assert_eq!(work.abide(&["snapshot", "old", "-o", "old.abide"]).status, 0);
    let bytes = std::fs::read(work.path("old.abide")).expect("a snapshot");
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..bytes.len() - 1], &flipped] {
        work.write("damaged.abide", damaged);
        let run = work.abide(&["check", "damaged.abide", "old"]);
        assert_eq!(run.status, 2, "{}", run.stdout);
        assert!(run.stderr.contains("damaged.abide"), "{}", run.stderr);
    }
}

#[test]
fn what_cannot_be_read_is_not_saved() {
    let work = Workplace::new();
    let run = work.abide(&["snapshot", "missing", "-o", "out.abide"]);
    assert_eq!(run.status, 2);
    assert!(!work.path("out.abide").exists());
}
