//! `abide check` on the example repositories in the tree: the whole report, word for word.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/reference");
const CANDIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/candidate");

/// Labels as a user in the top folder would give them.
fn check(options: &[&str]) -> Run {
    let mut run = Workplace::new().abide(&[&["check", REFERENCE, CANDIDATE], options].concat());
    run.stdout = run.stdout.replace(concat!(env!("CARGO_MANIFEST_DIR"), "/../../"), "");
    run
}

#[test]
fn the_report() {
    insta::assert_snapshot!(check(&[]).golden());
}

#[test]
fn everything() {
    insta::assert_snapshot!(check(&["--all"]).golden());
}

#[test]
fn the_document() {
    let run = check(&["--format", "json"]);
    assert_eq!(run.status, 1);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn every_format_counts_the_same() {
    let text = check(&["--all"]).stdout;
    let json = check(&["--format", "json"]).stdout;
    let in_text =
        |level: &str| text.lines().filter(|line| line.starts_with(&format!("    {level}: "))).count();
    let in_json = |level: &str| {
        let start = json.find("\"findings\": [").expect("findings");
        // A finding's own level, not that of its details, which are further in.
        json[start..].lines().filter(|line| *line == format!("      \"level\": \"{level}\",")).count()
    };
    for level in ["break", "review", "safe"] {
        assert!(in_text(level) > 0, "{level}: {text}");
        assert_eq!(in_text(level), in_json(level), "{level}");
    }
}

#[test]
fn a_repository_against_itself_is_compatible() {
    for side in [REFERENCE, CANDIDATE] {
        let run = Workplace::new().abide(&["check", side, side, "--all"]);
        assert_eq!(run.status, 0, "{}", run.stdout);
        assert!(run.stdout.contains("findings   none"), "{}", run.stdout);
    }
}

#[test]
fn the_mirror_image_has_the_mirrored_findings() {
    let run = Workplace::new().abide(&["check", CANDIDATE, REFERENCE, "--all"]);
    assert_eq!(run.status, 1);
    for (there, back) in [("tide_range", "symbol-added"), ("tide_extreme", "symbol-removed")] {
        assert!(check(&["--all"]).stdout.contains(there));
        let line =
            run.stdout.lines().find(|line| line.contains(&format!("function {there}"))).expect("found");
        assert!(line.contains(back) || run.stdout.contains(&format!("[{back}]")), "{line}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let one = check(&["--format", "json", "--jobs", "1"]);
    for jobs in ["2", "7"] {
        assert_eq!(check(&["--format", "json", "--jobs", jobs]), one);
    }
}

#[test]
fn snapshots_of_repositories_compare_as_the_repositories() {
    let work = Workplace::new();
    for (name, side) in [("old", REFERENCE), ("new", CANDIDATE)] {
        assert_eq!(work.abide(&["snapshot", side, "-o", name]).status, 0);
    }
    assert_eq!(work.abide(&["check", "old", "new", "--all"]), check(&["--all"]));
    // In the document only the inputs differ, which say that they are snapshots.
    let rest =
        |run: Run| run.stdout.split_once("\"counts\": {").map(|(_, rest)| rest.to_owned()).expect("counts");
    let mixed = work.abide(&["check", "old", CANDIDATE, "--format", "json"]);
    assert_eq!(rest(mixed), rest(check(&["--format", "json"])));
}
