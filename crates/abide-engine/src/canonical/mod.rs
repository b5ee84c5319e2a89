//! Canonical content hashes of types: equal types of two graphs have equal hashes, and only they.
//!
//! A type's hash covers everything that it reaches. Acyclic types are hashed bottom up. The types of a cycle
//! (`struct list { struct list *next; }`) are hashed together: see [`hashes`] for how. What is *not* in a hash:
//! parameter names, declarations, origins, the keyword `struct` against `class`, whether a parameter is
//! artificial, and what compilers spell differently (the crate's `names`).

mod label;
pub(crate) mod scc;

use abide_model::{TypeGraph, TypeKind};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
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
/// That bisimilar nodes also have equal values needs a graph in which no type is stored twice, for a cycle that is
/// also rolled out has other components. So nodes are first merged by refining the whole graph in the same way,
/// which ends after two or three rounds when, as usual, all nodes turn out to differ.
pub fn hashes(graph: &TypeGraph) -> Vec<TypeHash> {
    let plain = Edges::of(graph);
    let unordered: Vec<bool> =
        graph.nodes.iter().map(|n| matches!(n.kind, TypeKind::Ambiguous { .. })).collect();
    let labels = label::labels(graph);
    let class = Hasher::new(&plain, &labels, &unordered).classes();
    // All references go to the first node of each class; the others are no longer reached.
    let merged = match &class {
        Some(first) => Edges::collect(graph.nodes.len(), |node, push| {
            plain.of_node(first[node as usize]).iter().for_each(|&t| push(first[t as usize]));
        }),
        None => plain,
    };
    let mut hasher = Hasher::new(&merged, &labels, &unordered);
    for component in scc::components(&merged).iter() {
        hasher.component(component);
    }
    let value = hasher.value;
    match class {
        Some(first) => first.iter().map(|&node| TypeHash(value[node as usize])).collect(),
        None => value.into_iter().map(TypeHash).collect(),
    }
}

/// The hashes of two graphs that are to be compared.
///
/// Graphs that are stored alike, as a reader makes them of a rebuild, are told apart by nothing: then a node's number
/// serves as its hash, and neither graph is hashed.
pub(crate) fn hashes_of_both(a: &TypeGraph, b: &TypeGraph) -> (Vec<TypeHash>, Vec<TypeHash>) {
    if is_stored_alike(a, b) {
        let numbers: Vec<TypeHash> = (0..a.nodes.len() as u128).map(TypeHash).collect();
        return (numbers.clone(), numbers);
    }
    rayon::join(|| hashes(a), || hashes(b))
}

/// Whether every node and string is the same under the same number; where they were declared does not matter.
fn is_stored_alike(a: &TypeGraph, b: &TypeGraph) -> bool {
    a.nodes.len() == b.nodes.len()
        && a.strings == b.strings
        && a.nodes.iter().zip(&b.nodes).all(|(x, y)| x.kind == y.kind)
}

struct Hasher<'a> {
    edges: &'a Edges,
    labels: &'a [u128],
    /// Nodes whose children have no order.
    unordered: &'a [bool],
    /// Final values of finished components, current values inside the one at work.
    value: Vec<u128>,
    buffer: Vec<u8>,
}

impl<'a> Hasher<'a> {
    fn new(edges: &'a Edges, labels: &'a [u128], unordered: &'a [bool]) -> Self {
        Hasher { edges, labels, unordered, value: vec![0; labels.len()], buffer: Vec::new() }
    }

    /// For each node the first that is the same type, or `None` when no type is stored twice.
    fn classes(mut self) -> Option<Vec<u32>> {
        let all: Vec<u32> = (0..self.labels.len() as u32).collect();
        // A graph that does not settle is left as it is: its hashes stay sound.
        let distinct = self.refine(&all, |distinct| distinct == all.len())?.1;
        if distinct == all.len() {
            return None;
        }
        let mut first: FxHashMap<u128, u32> = FxHashMap::default();
        Some(all.iter().map(|&node| *first.entry(self.value[node as usize]).or_insert(node)).collect())
    }

    fn component(&mut self, nodes: &[u32]) {
        if let [node] = *nodes
            && !self.edges.of_node(node).contains(&node)
        {
            self.value[node as usize] = self.combine(node);
            return;
        }
        match self.refine(nodes, |_| false) {
            Some((round, _)) => self.seal(nodes, round),
            None => self.seal_unsettled(nodes),
        }
    }

    /// Label and the children's current values.
    fn combine(&mut self, node: u32) -> u128 {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.extend_from_slice(&self.labels[node as usize].to_le_bytes());
        let children = self.edges.of_node(node);
        if self.unordered[node as usize] {
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

    /// Refines until settled, or `enough` distinct values were found: the round, and how many there are.
    fn refine(&mut self, nodes: &[u32], enough: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        nodes.iter().for_each(|&n| self.value[n as usize] = self.labels[n as usize]);
        let mut next = Vec::with_capacity(nodes.len());
        let mut distinct = self.count_distinct(nodes);
        for round in 1..=MOST_ROUNDS {
            next.clear();
            for &node in nodes {
                next.push(self.combine(node));
            }
            nodes.iter().zip(&next).for_each(|(&n, &v)| self.value[n as usize] = v);
            let values = self.count_distinct(nodes);
            if values == distinct || enough(values) {
                return Some((round, values));
            }
            distinct = values;
        }
        None
    }

    fn count_distinct(&self, nodes: &[u32]) -> usize {
        let mut seen = FxHashSet::with_capacity_and_hasher(nodes.len(), FxBuildHasher);
        seen.extend(nodes.iter().map(|&n| self.value[n as usize]));
        seen.len()
    }

    fn distinct(&self, nodes: &[u32]) -> Vec<u128> {
        let mut values: Vec<u128> = nodes.iter().map(|&n| self.value[n as usize]).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    fn seal(&mut self, nodes: &[u32], round: usize) {
        let bytes: Vec<u8> = self.distinct(nodes).iter().flat_map(|v| v.to_le_bytes()).collect();
        let set = XxHash3_128::oneshot(&bytes);
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
