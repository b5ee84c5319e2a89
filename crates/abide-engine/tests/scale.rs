//! Graphs of a kernel's size: most types in one cycle, thousands of symbols. Run with `--nocapture` for the times.

use std::time::Instant;

use abide_engine::{CompareOptions, canonical, compare, fixture};
use abide_model::{ArtifactFacts, Level, TypeEvidence};

/// `records` structs of which each points at others near and far, and a function for every fourth.
fn kernel(records: usize, change: impl Fn(usize) -> &'static str) -> ArtifactFacts {
    let mut text = String::from("kind vmlinux\n");
    for i in 0..records {
        let (near, far) = ((i + 1) % records, (i * 7919 + 13) % records);
        text += &format!(
            "struct s{i} {{ next: struct s{near} *; far: struct s{far} *; run: (fn(struct s{far} *, int) -> int) *; \
             name: char[16]; {} }}\n",
            change(i)
        );
    }
    for i in (0..records).step_by(4) {
        text += &format!("fn f{i}(s: struct s{i} *, n: long) -> int\n");
    }
    fixture::artifact("vmlinux", &text).unwrap()
}

fn nodes(facts: &ArtifactFacts) -> usize {
    facts.types.graph().map_or(0, |g| g.nodes.len())
}

#[test]
fn equal_graphs_of_many_nodes_compare_by_hash() {
    let old = kernel(10_000, |_| "count: long");
    let mut new = old.clone();
    new.digest.as_mut().unwrap().0[31] ^= 1;
    let start = Instant::now();
    let TypeEvidence::Read { graph, .. } = &old.types else { panic!() };
    let distinct: std::collections::BTreeSet<_> = canonical::hashes(graph).into_iter().collect();
    eprintln!("hashes of {} nodes ({} distinct): {:?}", nodes(&old), distinct.len(), start.elapsed());
    let start = Instant::now();
    let comparison = compare(&old, &new, &CompareOptions::default());
    eprintln!("equal graphs: {:?}", start.elapsed());
    assert_eq!(comparison.findings, []);
    assert_eq!(comparison.coverage.type_pairs_walked, 0);
}

#[test]
fn a_few_changes_in_a_large_cycle_are_each_found_once() {
    let old = kernel(10_000, |_| "count: long");
    let new = kernel(10_000, |i| if i % 1000 == 5 { "first: int; count: long" } else { "count: long" });
    let start = Instant::now();
    let comparison = compare(&old, &new, &CompareOptions::default());
    eprintln!("ten changes in {} nodes: {:?}", nodes(&old), start.elapsed());
    assert_eq!(comparison.findings.len(), 10);
    for finding in &comparison.findings {
        assert_eq!(finding.level, Level::Break, "{}", finding.summary);
        assert_eq!(finding.symbols.len(), 2500);
        assert!(std::sync::Arc::ptr_eq(&finding.symbols, &comparison.findings[0].symbols));
    }
}

#[test]
fn thousands_of_changes_stay_affordable() {
    let old = kernel(10_000, |_| "count: long");
    let new = kernel(10_000, |i| if i % 4 == 0 { "first: int; count: long" } else { "count: long" });
    let start = Instant::now();
    let comparison = compare(&old, &new, &CompareOptions::default());
    eprintln!("2,500 changes in {} nodes: {:?}", nodes(&old), start.elapsed());
    assert_eq!(comparison.findings.len(), 2500);
}

#[test]
fn deep_chains_need_no_deep_stack() {
    let chain = |last: &str| {
        let mut text = String::new();
        for i in 0..20_000 {
            text += &format!("struct s{i} {{ next: struct s{} * }}\n", i + 1);
        }
        text += &format!("struct s20000 {{ x: {last} }}\nfn f(struct s0 *)");
        fixture::artifact("lib.so", &text).unwrap()
    };
    let start = Instant::now();
    let comparison = compare(&chain("int"), &chain("long"), &CompareOptions::default());
    eprintln!("a chain of 20,000: {:?}", start.elapsed());
    assert_eq!(comparison.findings.len(), 1);
    assert_eq!(comparison.findings[0].path.len(), 2 * 20_000 + 3);
}
