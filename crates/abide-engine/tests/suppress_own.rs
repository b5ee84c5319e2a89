//! Our own form: patterns, owner, expiry.

mod suppress_common;

use abide_engine::fixture;
use abide_model::{Evidence, Finding, Level, Subject};
use suppress_common::{outcome, parse, run};

const OLD: &str = "soname libtest.so.1\nstruct S { a: int }\nfn f(s: struct S *)\nfn gone()\n";
const NEW: &str = "soname libtest.so.1\nstruct S { a: int; b: int }\nfn f(s: struct S *)\n";

fn suppressed(rule: &str) -> Vec<String> {
    let found =
        outcome(OLD, NEW, "rules.toml", &format!("[[suppress]]\nreason = \"x\"\n{rule}\n")).into_iter();
    found.filter_map(|f| Some(f.strip_suffix(" (suppressed)")?.to_string())).collect()
}

#[test]
fn patterns() {
    let (size, gone) = ("struct S: record-size-changed member-added", "gone: symbol-removed");
    assert_eq!(suppressed("symbol = \"go*\""), [gone]);
    assert_eq!(suppressed("symbol = \"/^g.ne$/\""), [gone]);
    assert_eq!(suppressed("symbol = \"f\""), [size]);
    assert_eq!(suppressed("type = \"S\""), [size]);
    assert_eq!(suppressed("type = \"struct ?\""), [size]);
    assert_eq!(suppressed("subject = \"*\""), [gone, size]);
    assert_eq!(suppressed("rule = \"symbol-removed\""), [gone]);
    assert_eq!(suppressed("rule = [\"member-added\", \"record-size-changed\"]"), [size]);
    assert_eq!(suppressed("rule = \"member-added\""), ["struct S: member-added"]);
    assert_eq!(suppressed("artifact = \"libtest.so*\""), [gone, size]);
    assert_eq!(suppressed("artifact = \"/usr/lib64/libtest.so.1.0\""), [gone, size]);
    assert_eq!(suppressed("soname = \"libother.so.1\""), [""; 0]);
    assert_eq!(suppressed("package = \"libtest\"\ntype = \"S\""), [size]);
    assert_eq!(suppressed("package = \"libother\"\ntype = \"S\""), [""; 0]);
}

#[test]
fn a_rule_expires() {
    let text =
        |date: &str| format!("[[suppress]]\nreason = \"x\"\nsymbol = \"gone\"\nexpires = \"{date}\"\n");
    // The day of the test is 2025-01-14; on its last day a rule still holds.
    for (date, holds) in [("2025-01-14", true), ("2025-01-13", false)] {
        let rules = parse("rules.toml", &text(date)).unwrap();
        let comparison = run(OLD, NEW, &rules);
        assert_eq!(comparison.findings.iter().any(|f| f.suppressed.is_some()), holds, "{date}");
        assert_eq!(rules.expired().is_empty(), holds);
        assert_eq!(rules.unused(&comparison.suppressions_used), []);
    }
    let expired = parse("rules.toml", &text("2024-12-31")).unwrap().expired();
    let text = "rules.toml:1: expired on 2024-12-31 and suppresses nothing: symbol = \"gone\"";
    assert_eq!(expired[0].to_string(), text);
}

#[test]
fn findings_about_whole_artifacts() {
    let facts = fixture::artifact("/usr/lib64/plugins/a.so", "fn f()\n").unwrap();
    let evidence = || Evidence {
        value: String::new(),
        artifact: "a".into(),
        section: None,
        offset: None,
        declaration: None,
    };
    let finding = || Finding {
        rule: "artifact-removed",
        level: Level::Review,
        subject: Subject::Artifact,
        summary: String::new(),
        why: String::new(),
        old: evidence(),
        new: evidence(),
        details: Vec::new(),
        exposure: None,
        path: Vec::new(),
        symbols: std::sync::Arc::from([]),
        consumers: Vec::new(),
        suppressed: None,
    };
    for (name, text, marked) in [
        (
            "r.toml",
            "[[suppress]]\nreason = \"x\"\nrule = \"artifact-removed\"\nartifact = \"*/plugins/*\"\n",
            true,
        ),
        ("r.toml", "[[suppress]]\nreason = \"x\"\nrule = \"artifact-added\"\n", false),
        ("r.toml", "[[suppress]]\nreason = \"x\"\npackage = \"other\"\n", false),
        ("r", "[suppress_file]\nfile_name_regexp = /plugins/\n", true),
        ("r", "[suppress_function]\nname = f\n", false),
    ] {
        let mut finding = finding();
        let rules = parse(name, text).unwrap();
        let used = rules.mark_whole(&mut finding, [Some(&facts), None], [Some("libtest"), None]);
        assert_eq!((used.is_some(), finding.suppressed.is_some()), (marked, marked), "{text}");
    }
}
