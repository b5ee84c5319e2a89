//! The answer on a pair: what decides it, and when evidence is too thin for one.

use abide_engine::{CompareOptions, Comparison, Policy, TypesCompared, compare, fixture};
use abide_model::{ArtifactFacts, Level, TypeEvidence, Verdict};

fn facts(text: &str) -> ArtifactFacts {
    fixture::artifact("lib.so", text).unwrap_or_else(|e| panic!("{e}"))
}

fn run(old: &str, new: &str) -> Comparison {
    with(old, new, Policy::default())
}

fn with(old: &str, new: &str, policy: Policy) -> Comparison {
    compare(&facts(old), &facts(new), &CompareOptions { policy, ..CompareOptions::default() })
}

/// A library with `typed` functions that have a type and `untyped` that have none.
fn library(typed: usize, untyped: usize, more: &str) -> String {
    let typed = (0..typed).map(|i| format!("fn t{i}(int)\n"));
    let untyped = (0..untyped).map(|i| format!("function u{i}\n"));
    typed.chain(untyped).collect::<String>() + more
}

#[test]
fn the_same_bytes_are_compatible_whatever_is_missing() {
    let side = facts("function f\nno types\ngap no-debug-info \"none\"");
    let comparison = compare(&side, &side, &CompareOptions::default());
    assert_eq!(comparison.verdict, Verdict::Compatible);
    assert_eq!(comparison.types, TypesCompared::Identical);
    assert_eq!(comparison.findings, []);
    assert_eq!(comparison.coverage.matched, 1);
}

#[test]
fn the_worst_finding_decides() {
    let old = "fn f(int)\nfn g(int)";
    assert_eq!(run(old, "fn f(int)\nfn g(int)\n").verdict, Verdict::Compatible);
    assert_eq!(run(old, "fn f(int)\nfn g(int)\nfn h()").verdict, Verdict::Compatible);
    assert_eq!(run(old, "fn f(unsigned int)\nfn g(int)\nfn h()").verdict, Verdict::Review);
    assert_eq!(run(old, "fn f(unsigned int)\nfn h()").verdict, Verdict::Incompatible);
}

#[test]
fn missing_types_are_never_compatible() {
    for (old, new) in [("fn f(int)\nno types", "fn f(int)"), ("fn f(int)", "fn f(int)\nno types")] {
        let comparison = run(old, new);
        assert_eq!(comparison.verdict, Verdict::Undecided);
        assert!(matches!(comparison.types, TypesCompared::No { .. }), "{:?}", comparison.types);
    }
    // A break needs no types.
    assert_eq!(run("fn f(int)\nfn g()\nno types", "fn f(int)").verdict, Verdict::Incompatible);
}

#[test]
fn types_that_nobody_asked_for_are_missing_types() {
    let mut old = facts("fn f(int)");
    old.types = TypeEvidence::NotNeeded;
    let comparison = compare(&old, &facts("fn f(int)\n"), &CompareOptions::default());
    assert_eq!(comparison.verdict, Verdict::Undecided);
}

#[test]
fn what_has_no_type_in_any_source_needs_none() {
    let old = "notype marker\nobject _ZTV1A size 16\nobject _ZTI1A size 16\nfunction _ZThn8_N1A1fEv\nnotype _edata\n\
               function priv@@X_PRIVATE\nno types";
    let comparison = run(old, &format!("{old}\nneeded libm.so.6"));
    assert_eq!(comparison.types, TypesCompared::NotNeeded);
    assert_eq!(comparison.verdict, Verdict::Compatible);
}

#[test]
fn the_floor_is_the_policys() {
    let verdict = |typed, untyped, floor| {
        let old = library(typed, untyped, "");
        let new = library(typed, untyped, "fn added()");
        with(&old, &new, Policy { typed_percent_floor: floor, ..Policy::default() }).verdict
    };
    assert_eq!(verdict(19, 1, 95), Verdict::Compatible);
    assert_eq!(verdict(18, 2, 95), Verdict::Undecided);
    assert_eq!(verdict(18, 2, 90), Verdict::Compatible);
    assert_eq!(verdict(19, 1, 100), Verdict::Undecided);
    // No type at all is no evidence, whatever the floor.
    assert_eq!(verdict(0, 3, 0), Verdict::Undecided);
}

#[test]
fn broken_evidence_is_not_compatible() {
    let old = "fn f(int)";
    for gap in ["broken-debug-info", "no-split-dwarf", "limit-reached", "broken-elf"] {
        let verdict = run(old, &format!("{old}\ngap {gap} \"something\"")).verdict;
        assert_eq!(verdict, Verdict::Undecided, "{gap}");
    }
}

#[test]
fn an_untyped_symbol_is_a_gap_and_no_change() {
    let comparison = run(&library(30, 0, "fn f(int)"), &library(30, 0, "function f"));
    assert_eq!(comparison.findings, []);
    assert_eq!(comparison.coverage.typed_on_one, 1);
    assert_eq!(comparison.gaps.len(), 1);
    assert!(comparison.gaps[0].detail.contains(": f"), "{}", comparison.gaps[0].detail);
}

#[test]
fn a_folded_functions_entry_is_no_evidence_for_another() {
    // As if the reader had found the entry of `ns::Base::stop` at the address of `ns::Other::other`.
    let text = library(30, 0, "fn _ZN2ns5Other5otherEv(int)");
    let mut old = facts(&text);
    let TypeEvidence::Read { graph, .. } = &mut old.types else { panic!() };
    let name = graph.strings.intern(b"ns::Base::stop");
    let at =
        graph.roots.iter().position(|r| old.elf.symbols[r.symbol as usize].name.starts_with(b"_Z")).unwrap();
    graph.roots[at].source_name = Some(name);
    let new = facts(&text.replace("otherEv(int)", "otherEv(long)"));
    let comparison = compare(&old, &new, &CompareOptions::default());
    assert_eq!(comparison.findings, []);
    assert_eq!(comparison.coverage.typed_on_one, 1);
}

#[test]
fn policy_decides_over_levels() {
    let mut policy = Policy::default();
    policy.levels.insert("symbol-added".to_string(), Level::Review);
    assert_eq!(with("fn f(int)", "fn f(int)\nfn g()", policy.clone()).verdict, Verdict::Review);
    policy.levels.insert("type-changed".to_string(), Level::Safe);
    let comparison = with("fn f(int)", "fn f(long)", policy);
    assert_eq!(comparison.verdict, Verdict::Compatible);
    assert_eq!(comparison.findings[0].rule, "type-changed");
}

#[test]
fn evidence_names_file_line_section_and_value() {
    let comparison = run(
        "file \"include/a.h\"\nstruct s { x: int }\nfn f(struct s)",
        "file \"include/a.h\"\n\nstruct s { x: int; y: int }\nfn f(struct s)",
    );
    let finding = &comparison.findings[0];
    assert_eq!(finding.old.declaration.as_deref(), Some("include/a.h:2"));
    assert_eq!(finding.new.declaration.as_deref(), Some("include/a.h:3"));
    assert_eq!(finding.old.section.as_deref(), Some(".debug_info"));
    assert_eq!(finding.old.value, "struct s, 4 bytes, 1 member");
    assert_eq!(finding.new.value, "struct s, 8 bytes, 2 members");
    assert_eq!(finding.path[0].via, "function f");
    assert_eq!(finding.path[1].ty, "struct s");
}
