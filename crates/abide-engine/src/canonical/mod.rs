//! Canonical content hashes of types: equal types of two graphs have equal hashes, and only they.
//!
//! A type's hash covers everything that it reaches. Acyclic types are hashed bottom up. The types of a cycle
//! (`struct list { struct list *next; }`) are hashed together: see [`hashes`] for how. What is *not* in a hash:
//! parameter names, declarations, origins, the keyword `struct` against `class`, whether a parameter is
//! artificial, and what compilers spell differently (the crate's `names`).

mod label;
pub(crate) mod scc;

use abide_model::{TypeGraph, TypeId, TypeKind};
use rustc_hash::FxHashMap;
use twox_hash::XxHash3_128;

pub(crate) use scc::Edges;

/// 128-bit content hash of a type and all that it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeHash(pub u128);

/// Rounds of refinement after which a cycle counts as unsettled.
///
/// Real cycles settle after three to six, since most nodes carry a name. Only a hostile chain of equal nodes
/// needs more, and then hashing must not become quadratic.
const MOST_ROUNDS: usize = 64;

/// The hash of every node, by id.
///
/// Strongly connected components are visited children first. Inside one, each node starts with the hash of its
/// own label and is then hashed again with its children's current values, round by round, until the number of
/// distinct values stays the same: the partition is then the coarsest bisimulation. The final value takes in the
/// round and the set of all values of the component. Two nodes with equal final values are bisimilar: they agree
/// to the same depth, and as both sets of values are equal and settled, so do their children.
///
/// A graph in which a cycle is stored twice, once rolled out, may give bisimilar nodes different hashes; such
/// a difference costs time (the pair is walked, and nothing is found), never truth.
pub fn hashes(graph: &TypeGraph) -> Vec<TypeHash> {
    let edges = Edges::of(graph);
    let labels = label::labels(graph);
    let mut hasher = Hasher {
        graph,
        edges: &edges,
        labels: &labels,
        value: vec![0; graph.nodes.len()],
        cyclic: FxHashMap::default(),
        buffer: Vec::new(),
    };
    for component in scc::components(&edges).iter() {
        hasher.component(component);
    }
    hasher.value.into_iter().map(TypeHash).collect()
}

struct Hasher<'a> {
    graph: &'a TypeGraph,
    edges: &'a Edges,
    labels: &'a [u128],
    /// Final values of finished components, current values inside the one at work.
    value: Vec<u128>,
    /// For nodes of cycles: what they would hash to if they were outside → their final value. So a node that
    /// merely rolls a cycle out once more gets the cycle's value.
    cyclic: FxHashMap<u128, u128>,
    buffer: Vec<u8>,
}

impl Hasher<'_> {
    fn component(&mut self, nodes: &[u32]) {
        if let [node] = *nodes
            && !self.edges.of_node(node).contains(&node)
        {
            let value = self.combine(node);
            self.value[node as usize] = self.cyclic.get(&value).copied().unwrap_or(value);
            return;
        }
        match self.refine(nodes) {
            Some((round, set)) => self.seal(nodes, round, set),
            None => self.seal_unsettled(nodes),
        }
        for &node in nodes {
            let outside = self.combine(node);
            self.cyclic.insert(outside, self.value[node as usize]);
        }
    }

    /// Label and the children's current values.
    fn combine(&mut self, node: u32) -> u128 {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.extend_from_slice(&self.labels[node as usize].to_le_bytes());
        let children = self.edges.of_node(node);
        if matches!(self.graph.kind(TypeId(node)), TypeKind::Ambiguous { .. }) {
            let mut values: Vec<u128> = children.iter().map(|&c| self.value[c as usize]).collect();
            values.sort_unstable();
            values.iter().for_each(|v| buffer.extend_from_slice(&v.to_le_bytes()));
        } else {
            children.iter().for_each(|&c| buffer.extend_from_slice(&self.value[c as usize].to_le_bytes()));
        }
        let value = XxHash3_128::oneshot(&buffer);
        self.buffer = buffer;
        value
    }

    /// Refines until settled: the round, and the digest of all values in it.
    fn refine(&mut self, nodes: &[u32]) -> Option<(usize, u128)> {
        nodes.iter().for_each(|&n| self.value[n as usize] = self.labels[n as usize]);
        let mut next = Vec::with_capacity(nodes.len());
        let mut distinct = self.distinct(nodes).len();
        for round in 1..=MOST_ROUNDS {
            next.clear();
            for &node in nodes {
                next.push(self.combine(node));
            }
            nodes.iter().zip(&next).for_each(|(&n, &v)| self.value[n as usize] = v);
            let values = self.distinct(nodes);
            if values.len() == distinct {
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                return Some((round, XxHash3_128::oneshot(&bytes)));
            }
            distinct = values.len();
        }
        None
    }

    fn distinct(&self, nodes: &[u32]) -> Vec<u128> {
        let mut values: Vec<u128> = nodes.iter().map(|&n| self.value[n as usize]).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    fn seal(&mut self, nodes: &[u32], round: usize, set: u128) {
        for &node in nodes {
            let value = &mut self.value[node as usize];
            *value = sealed(b"cycle", set, round as u64, *value);
        }
    }

    /// A component that did not settle is hashed as it is stored: equal hashes still mean equal types, but the
    /// same cycle in another order hashes differently.
    fn seal_unsettled(&mut self, nodes: &[u32]) {
        let place: FxHashMap<u32, u64> = nodes.iter().zip(0..).map(|(&n, i)| (n, i)).collect();
        let mut bytes = Vec::new();
        for &node in nodes {
            bytes.extend_from_slice(&self.labels[node as usize].to_le_bytes());
            for child in self.edges.of_node(node) {
                match place.get(child) {
                    Some(index) => bytes.extend_from_slice(&[&[1], &index.to_le_bytes()[..]].concat()),
                    None => {
                        bytes.push(0);
                        bytes.extend_from_slice(&self.value[*child as usize].to_le_bytes());
                    }
                }
            }
        }
        let whole = XxHash3_128::oneshot(&bytes);
        for &node in nodes {
            self.value[node as usize] = sealed(b"plain", whole, place[&node], 0);
        }
    }
}

fn sealed(kind: &[u8; 5], whole: u128, number: u64, value: u128) -> u128 {
    let mut bytes = [0u8; 45];
    bytes[..5].copy_from_slice(kind);
    bytes[5..21].copy_from_slice(&whole.to_le_bytes());
    bytes[21..29].copy_from_slice(&number.to_le_bytes());
    bytes[29..].copy_from_slice(&value.to_le_bytes());
    XxHash3_128::oneshot(&bytes)
}

#[cfg(test)]
mod tests;
