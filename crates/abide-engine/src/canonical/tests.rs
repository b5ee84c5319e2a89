//! Equal types hash alike, others do not; cycles, order of nodes and spelling included.

use abide_model::{TypeGraph, TypeId};

use super::*;
use crate::fixture;

fn graph(text: &str) -> TypeGraph {
    fixture::artifact("a", text).unwrap_or_else(|e| panic!("{e}")).types.graph().unwrap().clone()
}

/// Hash of the type of the first root.
fn root_hash(text: &str) -> TypeHash {
    let graph = graph(text);
    hashes(&graph)[graph.roots[0].ty.0 as usize]
}

fn alike(a: &str, b: &str) {
    assert_eq!(root_hash(a), root_hash(b), "{a}\n{b}");
}

fn differ(a: &str, b: &str) {
    assert_ne!(root_hash(a), root_hash(b), "{a}\n{b}");
}

#[test]
fn graphs_that_are_stored_alike_need_no_hashes() {
    let text = "struct b { x: int }\nstruct a { p: struct b *; q: struct a * }\nfn f(struct a *)";
    let (a, mut b) = (graph(text), graph(text));
    let (old, new) = hashes_of_both(&a, &b);
    assert_eq!(old, new);
    assert_ne!(old, hashes(&a));
    // One other name, under the same number.
    b = graph(&text.replace("x: int", "y: int"));
    assert_eq!(a.nodes, b.nodes);
    let (old, new) = hashes_of_both(&a, &b);
    assert_eq!((&old, &new), (&hashes(&a), &hashes(&b)));
    assert_ne!(old[b.roots[0].ty.0 as usize], new[b.roots[0].ty.0 as usize]);
}

#[test]
fn order_of_nodes_does_not_matter() {
    alike(
        "struct b { x: int }\nstruct a { p: struct b *; q: struct a * }\nfn f(struct a *)",
        "struct a { p: struct b *; q: struct a * }\nstruct b { x: int }\nfn f(struct a *)",
    );
}

#[test]
fn what_is_not_in_a_hash() {
    alike("fn f(x: int)", "\n\nfn f(y: int)");
    alike("struct s { x: int }\nfn f(struct s)", "class s { x: int }\nfn f(class s)");
    alike("class \"V<A*>\" { x: int }\nfn f(\"V<A*>\")", "class \"V<A *>\" { x: int }\nfn f(\"V<A *>\")");
    alike("fn f(unsigned long)", "fn f(long unsigned int)");
}

#[test]
fn what_is_in_a_hash() {
    differ("fn f(int)", "fn f(long)");
    differ("fn f(long)", "fn f(long long)");
    differ("fn f(int *)", "fn f(int &)");
    differ("fn f(int, ...)", "fn f(int)");
    differ("struct s { x: int }\nfn f(struct s)", "struct s { y: int }\nfn f(struct s)");
    differ("struct s { x: int }\nfn f(struct s)", "struct s size 8 { x: int }\nfn f(struct s)");
    differ("struct s { x: int }\nfn f(struct s)", "struct s by-value { x: int }\nfn f(struct s)");
    differ("enum e { A }\nfn f(enum e)", "enum e { A = 1 }\nfn f(enum e)");
    differ("fn f(int[2][3] *)", "fn f(int[3][2] *)");
    differ("struct s\nfn f(struct s *)", "struct s { x: int }\nfn f(struct s *)");
}

#[test]
fn cycles_that_differ_far_away_differ_everywhere() {
    let cycle = |last: &str| {
        let mut text = String::new();
        for i in 0..40 {
            text += &format!("struct s{i} {{ next: struct s{} * }}\n", i + 1);
        }
        text + &format!("struct s40 {{ back: struct s0 *; x: {last} }}\nfn f(struct s0 *)")
    };
    alike(&cycle("int"), &cycle("int"));
    differ(&cycle("int"), &cycle("long"));
}

#[test]
fn a_cycle_without_names_is_settled_by_its_shape() {
    // Two unnamed records that point at each other, told apart by one member.
    let text = |x: &str| {
        format!("struct a {{ p: (struct {{ q: struct a *; x: {x} }}) *; r: struct a * }}\nfn f(struct a *)")
    };
    alike(&text("int"), &text("int"));
    differ(&text("int"), &text("unsigned int"));
}

/// A ring of pointers with one record in it: no round tells two pointers apart until it reaches the record.
fn ring(length: u32, name: &str) -> TypeGraph {
    let mut graph = TypeGraph::default();
    for i in 1..length {
        let target = TypeId(i);
        graph.push(TypeKind::Pointer { kind: abide_model::PointerKind::Pointer, target, size_bytes: 8 });
    }
    let name = graph.strings.intern(name.as_bytes());
    graph.push(TypeKind::Typedef { name, target: TypeId(0) });
    graph
}

#[test]
fn a_hostile_ring_takes_bounded_time_and_stays_sound() {
    let (a, b) = (ring(20_000, "t"), ring(20_000, "u"));
    assert_eq!(hashes(&a), hashes(&a.clone()));
    let other = hashes(&b);
    assert!(hashes(&a).iter().zip(&other).all(|(x, y)| x != y));
    // Within the rounds the ring is settled, and every pointer has its own hash.
    let mut small = hashes(&ring(50, "t"));
    small.sort();
    small.dedup();
    assert_eq!(small.len(), 50);
}

#[test]
fn a_cycle_rolled_out_once_more_is_the_same() {
    // typedef t = pointer to t, and a pointer outside of the cycle that is bisimilar to the one inside.
    let mut graph = ring(2, "t");
    let once = hashes(&graph);
    let outside = graph.push(graph.kind(TypeId(0)).clone());
    let hashes = hashes(&graph);
    assert_eq!(hashes[0], hashes[outside.0 as usize]);
    assert_ne!(hashes[0], hashes[1]);
    assert_eq!(once[..], hashes[..2]);
}

#[test]
fn candidates_of_an_ambiguous_name_have_no_order() {
    let text = |a: &str, b: &str| format!("fn f(ambiguous s {{ struct {{ {a} }}; struct {{ {b} }} }} *)");
    alike(&text("x: int", "y: long"), &text("y: long", "x: int"));
    differ(&text("x: int", "y: long"), &text("x: int", "y: int"));
}
