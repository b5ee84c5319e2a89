//! How the symbols reach each node of a diff: the best way, the exposure, and the set of symbols.

use std::collections::VecDeque;
use std::sync::Arc;

use abide_model::{Exposure, SymbolName};
use rustc_hash::FxHashMap;

use crate::canonical::scc::{Edges, components};
use crate::change::Reach;
use crate::diff::{DiffGraph, Edge};

/// Every exposure, by number.
const EXPOSURES: [Exposure; 3] = [Exposure::Opaque, Exposure::BehindPointer, Exposure::ByValue];

/// A node reached with an exposure.
type State = usize;

/// The ways from symbols to nodes.
///
/// A node may be reached by value over a long way and behind a pointer over a short one; what counts is the worst
/// exposure, and the path that a finding shows must show it. So the search is over pairs of node and exposure.
pub(crate) struct Ways<'a> {
    diff: &'a DiffGraph,
    /// Whether a state was reached, and from which state over which edge.
    came: Vec<Option<Came>>,
    /// Whether a node is itself passed or returned by value.
    passed: Vec<bool>,
}

#[derive(Clone, Copy)]
enum Came {
    Start,
    From(State, u32),
}

impl<'a> Ways<'a> {
    /// Searches breadth first from the symbols in their order; `is_private` tells types that consumers cannot see,
    /// `is_open` whether a node's edge (by its number) counts.
    pub(crate) fn find(
        diff: &'a DiffGraph,
        is_private: impl Fn(u32) -> bool,
        is_open: impl Fn(u32, u32) -> bool,
    ) -> Self {
        let count = diff.nodes.len();
        let mut ways = Ways { diff, came: vec![None; count * 3], passed: vec![false; count] };
        let mut queue = VecDeque::new();
        for &start in &diff.starts {
            let state = state(start, Exposure::ByValue);
            ways.came[state] = Some(Came::Start);
            queue.push_back(state);
        }
        while let Some(from) = queue.pop_front() {
            let exposure = EXPOSURES[from % 3];
            let edges = (0u32..).zip(&diff.nodes[from / 3].edges);
            for (index, edge) in edges.filter(|(index, _)| is_open((from / 3) as u32, *index)) {
                let mut reached = edge.reach.exposure(exposure);
                if edge.is_passed && reached == Exposure::ByValue {
                    ways.passed[edge.to as usize] = true;
                }
                // Behind a pointer, and where programs construct, they see no more than the headers show.
                let by_header = match edge.reach {
                    Reach::Pointer => reached == Exposure::BehindPointer,
                    Reach::Construct => true,
                    Reach::Same | Reach::Call => false,
                };
                if by_header && is_private(edge.to) {
                    reached = Exposure::Opaque;
                }
                let to = state(edge.to, reached);
                if ways.came[to].is_none() {
                    ways.came[to] = Some(Came::From(from, index));
                    queue.push_back(to);
                }
            }
        }
        ways
    }

    /// The worst exposure of a node; every node was made by being reached.
    pub(crate) fn exposure(&self, node: u32) -> Exposure {
        let reached = |e: &&Exposure| self.came[state(node, **e)].is_some();
        EXPOSURES.iter().rev().find(reached).copied().unwrap_or(Exposure::ByValue)
    }

    /// Whether the node's type is itself a parameter or result.
    pub(crate) fn is_passed(&self, node: u32) -> bool {
        self.passed[node as usize]
    }

    /// The node of the symbol from which the shortest way comes that shows the exposure, and the edges of it with the
    /// nodes from which they lead.
    pub(crate) fn path(&self, node: u32) -> (u32, Vec<(u32, &'a Edge)>) {
        let mut at = state(node, self.exposure(node));
        let mut edges = Vec::new();
        while let Some(Came::From(from, index)) = self.came[at] {
            edges.push(((from / 3) as u32, &self.diff.nodes[from / 3].edges[index as usize]));
            at = from;
        }
        edges.reverse();
        ((at / 3) as u32, edges)
    }
}

fn state(node: u32, exposure: Exposure) -> State {
    node as usize * 3 + exposure as usize
}

/// For each node the symbols that reach it; nodes that are reached alike share one list.
pub(crate) struct Reaching {
    set_of: Vec<u32>,
    lists: Vec<Arc<[SymbolName]>>,
}

impl Reaching {
    /// `names` gives the symbols of a start node, by its number among the starts.
    pub(crate) fn find(diff: &DiffGraph, names: impl Fn(usize) -> Vec<SymbolName>) -> Self {
        let mut sets = Sets::default();
        let set_of = reaching_sets(diff, &mut sets);
        let names: Vec<Vec<SymbolName>> = (0..diff.starts.len()).map(names).collect();
        let mut wanted = vec![false; sets.bits.len()];
        for (node, set) in diff.nodes.iter().zip(&set_of) {
            wanted[*set as usize] |= !node.changes.is_empty();
        }
        let list = |(set, wanted): (&Vec<u64>, &bool)| {
            let mut out: Vec<SymbolName> = Vec::new();
            if *wanted {
                members(set).for_each(|start| out.extend(names[start].iter().cloned()));
                out.sort();
                out.dedup();
            }
            Arc::from(out)
        };
        let lists = sets.bits.iter().zip(&wanted).map(list).collect();
        Reaching { set_of, lists }
    }

    /// The symbols that reach a node that has changes, sorted.
    pub(crate) fn symbols(&self, node: u32) -> Arc<[SymbolName]> {
        self.lists[self.set_of[node as usize] as usize].clone()
    }
}

/// Sets of starts, each stored once.
#[derive(Default)]
struct Sets {
    bits: Vec<Vec<u64>>,
    known: FxHashMap<Vec<u64>, u32>,
}

impl Sets {
    fn intern(&mut self, set: Vec<u64>) -> u32 {
        if let Some(&known) = self.known.get(&set) {
            return known;
        }
        let id = self.bits.len() as u32;
        self.bits.push(set.clone());
        self.known.insert(set, id);
        id
    }
}

fn members(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    set.iter().enumerate().flat_map(|(word, bits)| {
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
    })
}

/// Propagates sets from the starts along the edges: a component of the graph has one set, and gets it before all
/// that it reaches.
fn reaching_sets(diff: &DiffGraph, sets: &mut Sets) -> Vec<u32> {
    let count = diff.nodes.len();
    let edges = Edges::collect(count, |node, push| {
        diff.nodes[node as usize].edges.iter().for_each(|e| push(e.to));
    });
    let parts = components(&edges);
    let mut part_of = vec![0u32; count];
    for (index, part) in (0u32..).zip(parts.iter()) {
        part.iter().for_each(|&n| part_of[n as usize] = index);
    }
    let empty = sets.intern(vec![0; diff.starts.len().div_ceil(64)]);
    let mut set_of_part = vec![empty; part_of.iter().max().map_or(0, |m| *m as usize + 1)];
    let start_of: FxHashMap<u32, usize> = diff.starts.iter().enumerate().map(|(i, &n)| (n, i)).collect();
    let order: Vec<&[u32]> = parts.iter().collect();
    for (index, part) in order.iter().enumerate().rev() {
        for start in part.iter().filter_map(|n| start_of.get(n)) {
            let mut set = sets.bits[set_of_part[index] as usize].clone();
            set[start / 64] |= 1 << (start % 64);
            set_of_part[index] = sets.intern(set);
        }
        let own = set_of_part[index];
        let targets = part.iter().flat_map(|&n| edges.of_node(n)).map(|&t| part_of[t as usize] as usize);
        for target in targets.filter(|&t| t != index) {
            let theirs = set_of_part[target];
            if theirs == own {
                continue;
            }
            set_of_part[target] = if theirs == empty {
                own
            } else {
                let joined = sets.bits[own as usize].iter().zip(&sets.bits[theirs as usize]);
                sets.intern(joined.map(|(a, b)| a | b).collect())
            };
        }
    }
    part_of.iter().map(|&p| set_of_part[p as usize]).collect()
}
