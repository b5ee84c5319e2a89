//! Tables that no compiler writes: cycles, chains, floods, cuts.

use std::time::{Duration, Instant};

use abide_model::{GapKind, SymbolKind, TypeGraph, TypeId};
use abide_read::btf::read_types;

use crate::made::facts;
use crate::writer::Writer;

/// Longest way down; a walk by recursion would need as deep a stack.
fn height(graph: &TypeGraph, id: TypeId) -> usize {
    use abide_model::TypeKind;
    let is_named = matches!(graph.kind(id), TypeKind::Record(r) if r.name.is_some());
    let (mut height, mut level, mut steps) = (0, vec![id], 0);
    while !level.is_empty() && steps < 10_000 && !(is_named && height > 0) {
        let mut next = Vec::new();
        level.iter().for_each(|&id| graph.for_each_edge(id, |edge| next.push(edge)));
        (level, height, steps) = (next, height + 1, steps + 1);
    }
    height
}

#[test]
fn cycles_without_names_end() {
    let elf = facts(&[("f", SymbolKind::Func), ("g", SymbolKind::Func)]);
    let mut w = Writer::new(false);
    // Number 1 points to itself, 2 and 3 are each other's typedef, 4 holds itself, 5 is an array of itself.
    w.reference(2, "", 1);
    w.reference(8, "a", 3);
    w.reference(8, "b", 2);
    w.record(4, "", 4, &[("self", 4, 0)], false);
    w.array(5, 1);
    w.reference(18, "tag", 6);
    let prototype = w.prototype(0, &[("", 1), ("", 2), ("", 4), ("", 5), ("", 6), ("", w.nowhere())]);
    w.function("f", prototype, 1);
    // A function that is no prototype, and a member of a type that is a variable.
    w.function("g", 1, 1);
    let read = read_types(&w.bytes(), None, &elf);
    let graph = read.graph.expect("a graph");
    assert_eq!(graph.roots.len(), 1);
    assert_eq!(read.gaps.len(), 1, "{:?}", read.gaps);
    assert_eq!(read.gaps[0].kind, GapKind::BrokenDebugInfo);
    assert!(height(&graph, graph.roots[0].ty) < 10);
}

#[test]
fn long_chains_leave_a_graph_that_can_be_walked() {
    for is_rising in [false, true] {
        let mut w = Writer::new(false);
        let int = w.int("int", 4, 1, 32);
        let count = 50_000;
        for i in 0..count {
            // Each refers to the one before it, or to the one after it.
            let target = if is_rising { int + i } else { int + i + 2 };
            w.reference(2, "", target);
        }
        let names: Vec<String> = (0..50).map(|i| format!("f{i:02}")).collect();
        for (i, name) in names.iter().enumerate() {
            let prototype = w.prototype(0, &[("p", int + 1 + i as u32 * 150)]);
            w.function(name, prototype, 1);
        }
        let wanted: Vec<(&str, SymbolKind)> = names.iter().map(|n| (n.as_str(), SymbolKind::Func)).collect();
        let read = read_types(&w.bytes(), None, &facts(&wanted));
        let graph = read.graph.expect("a graph");
        let highest = graph.roots.iter().map(|root| height(&graph, root.ty)).max();
        assert!(highest.is_some_and(|h| h <= 510), "{highest:?}");
        assert_eq!(read.gaps[0].kind, GapKind::BrokenDebugInfo, "{:?}", read.gaps);
    }
}

#[test]
fn floods_take_time_in_proportion() {
    let start = Instant::now();
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1, 32);
    // Many declarations and definitions of one name, two huge prototypes that many functions of one name have in turn,
    // nested arrays, and names that are all tails of one string.
    let mut parameters: Vec<(&str, u32)> = (0..30_000)
        .map(|i| {
            let ty =
                if i % 2 == 0 { w.forward("s", false) } else { w.record(4, "s", 4, &[("i", int, i)], false) };
            ("", w.reference(2, "", ty))
        })
        .collect();
    let one = w.prototype(0, &parameters);
    parameters[0].0 = "named";
    let two = w.prototype(0, &parameters);
    let repeated = w.name("repeated");
    for i in 0..20_000 {
        w.raw(repeated, 12 << 24, if i % 2 == 0 { one } else { two }, &[]);
    }
    let mut nested = int;
    for _ in 0..20_000 {
        nested = w.array(nested, 2);
    }
    let long = w.name(&"x".repeat(4000));
    let mut tail = Vec::new();
    for i in 0..40_000u32 {
        tail.extend([long + i % 4000, int, 0]);
    }
    let big = w.raw(0, 4 << 24 | 40_000, 4, &tail);
    let arrays: Vec<(&str, u32)> = (0..20_000).map(|i| ("", nested - i)).collect();
    let prototype = w.prototype(big, &arrays);
    w.function("flood", prototype, 1);
    let elf = facts(&[("flood", SymbolKind::Func), ("repeated", SymbolKind::Func)]);
    let read = read_types(&w.bytes(), None, &elf);
    let graph = read.graph.expect("a graph");
    assert_eq!(graph.roots.len(), 2);
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::LimitReached), "{:?}", read.gaps);
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
}

#[test]
fn cut_and_unknown_tables_keep_what_comes_before() {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1, 32);
    let prototype = w.prototype(int, &[("a", int)]);
    w.function("f", prototype, 1);
    let whole = w.bytes();
    w.raw(0, 31 << 24, 0, &[]);
    let later = w.prototype(int, &[]);
    w.function("g", later, 1);
    let elf = facts(&[("f", SymbolKind::Func), ("g", SymbolKind::Func)]);
    let read = read_types(&w.bytes(), None, &elf);
    assert_eq!(read.graph.expect("a graph").roots.len(), 1);
    assert_eq!(read.gaps[0].kind, GapKind::Unsupported, "{:?}", read.gaps);
    for cut in 0..whole.len() {
        let read = read_types(&whole[..cut], None, &elf);
        assert!(read.graph.is_none() && !read.gaps.is_empty(), "{cut}");
    }
    let mut other = whole.clone();
    other[2] = 2;
    assert_eq!(read_types(&other, None, &elf).gaps[0].kind, GapKind::Unsupported);
    // The types end inside of an entry.
    let mut short = whole;
    short[12..16].copy_from_slice(&(16 + 20 + 3u32).to_le_bytes());
    let read = read_types(&short, None, &elf);
    assert!(read.gaps.iter().any(|gap| gap.detail.contains("cut off")), "{:?}", read.gaps);
}

#[test]
fn changed_bytes_are_never_a_panic() {
    let (mut w, mut state) = (Writer::new(false), 0x9e37_79b9_7f4a_7c15u64);
    let int = w.int("int", 4, 1, 32);
    let pointer = w.reference(2, "", int + 2);
    let list = w.record(4, "list", 16, &[("next", pointer, 0), ("bits", int, 3 << 24 | 64)], true);
    let color = w.enumeration("color", &[("RED", 0)], true);
    let wide = w.enumeration64("wide", &[("FAR", 1 << 40)], true);
    let array = w.array(list, 3);
    let forward = w.forward("list", false);
    let prototype = w.prototype(pointer, &[("l", list), ("c", color), ("w", wide), ("", 0)]);
    w.function("f", prototype, 1);
    w.variable("v", array);
    w.variable("w", forward);
    let whole = w.bytes();
    let elf = facts(&[("f", SymbolKind::Func), ("v", SymbolKind::Object), ("w", SymbolKind::Object)]);
    for _ in 0..30_000 {
        let mut copy = whole.clone();
        for _ in 0..3 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            copy[(state >> 16) as usize % whole.len()] = state as u8;
        }
        let read = read_types(&copy, Some(&whole), &elf);
        let again = read_types(&copy, Some(&whole), &elf);
        assert!(read.graph == again.graph && read.gaps == again.gaps);
    }
}
