//! `abide rules` and `abide explain`.

#[allow(dead_code)]
mod common;

use common::Workplace;

#[test]
fn every_rule_is_listed_and_can_be_explained() {
    let work = Workplace::new();
    let rules = work.abide(&["rules"]);
    assert_eq!(rules.status, 0);
    let ids: Vec<&str> = rules
        .stdout
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|l| l.split(' ').next())
        .collect();
    assert!(ids.len() > 30, "{}", rules.stdout);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "sorted");
    for id in ids {
        let run = work.abide(&["explain", id]);
        assert_eq!(run.status, 0, "{id}");
        assert!(run.stdout.starts_with(&format!("{id}: ")), "{}", run.stdout);
        assert!(run.stdout.contains("\nReference\n"), "{}", run.stdout);
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 100), "{}", run.stdout);
    }
}

#[test]
fn a_rule_is_explained() {
    let run = Workplace::new().abide(&["explain", "package-removed"]);
    insta::assert_snapshot!(run.golden());
}

#[test]
fn a_mistyped_rule_is_suggested() {
    let run = Workplace::new().abide(&["explain", "symbol-remvoed"]);
    insta::assert_snapshot!(run.golden());
    let run = Workplace::new().abide(&["explain", "qqq"]);
    insta::assert_snapshot!(run.golden());
}
