//! Strongly connected components of a graph, children first (Tarjan 1972), without recursion.

use abide_model::{TypeGraph, TypeId};

/// Edges of all nodes in one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    /// Where each node's edges begin; one more entry than nodes.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Edges {
    /// The edges of a type graph, in the order of [`TypeGraph::for_each_edge`].
    pub(crate) fn of(graph: &TypeGraph) -> Self {
        let nodes = 0..graph.nodes.len() as u32;
        Edges::collect(nodes.len(), |node, push| graph.for_each_edge(TypeId(node), |t| push(t.0)))
    }

    /// Edges by asking for those of each node.
    pub(crate) fn collect(count: usize, mut edges: impl FnMut(u32, &mut dyn FnMut(u32))) -> Self {
        let mut out = Edges { starts: Vec::with_capacity(count + 1), targets: Vec::new() };
        out.starts.push(0);
        for node in 0..count as u32 {
            edges(node, &mut |target| out.targets.push(target));
            out.starts.push(out.targets.len() as u32);
        }
        out
    }

    /// Targets of one node.
    pub(crate) fn of_node(&self, node: u32) -> &[u32] {
        let (start, end) = (self.starts[node as usize], self.starts[node as usize + 1]);
        &self.targets[start as usize..end as usize]
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

/// Components in an order in which each comes after all that it reaches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Components {
    nodes: Vec<u32>,
    /// Where each component ends.
    ends: Vec<u32>,
}

impl Components {
    /// The components, children first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &[u32]> {
        (0..self.ends.len()).map(|i| {
            let start = if i == 0 { 0 } else { self.ends[i - 1] };
            &self.nodes[start as usize..self.ends[i] as usize]
        })
    }
}

/// Visit number of a node that was not seen.
const UNSEEN: u32 = 0;

/// Finds all components.
pub(crate) fn components(edges: &Edges) -> Components {
    let mut search = Search {
        edges,
        visit: vec![UNSEEN; edges.len()],
        low: vec![0; edges.len()],
        on_stack: vec![false; edges.len()],
        stack: Vec::new(),
        calls: Vec::new(),
        next: 0,
        out: Components::default(),
    };
    for root in 0..edges.len() as u32 {
        if search.visit[root as usize] == UNSEEN {
            search.run(root);
        }
    }
    search.out
}

struct Search<'a> {
    edges: &'a Edges,
    visit: Vec<u32>,
    low: Vec<u32>,
    on_stack: Vec<bool>,
    stack: Vec<u32>,
    /// What recursion would keep: the node, and how many of its edges were followed.
    calls: Vec<(u32, u32)>,
    next: u32,
    out: Components,
}

impl Search<'_> {
    fn run(&mut self, root: u32) {
        self.enter(root);
        while let Some((node, followed)) = self.calls.last_mut() {
            let (node, index) = (*node, *followed);
            match self.edges.of_node(node).get(index as usize) {
                Some(&target) => {
                    *followed += 1;
                    self.follow(node, target);
                }
                None => self.leave(node),
            }
        }
    }

    fn enter(&mut self, node: u32) {
        self.next += 1;
        self.visit[node as usize] = self.next;
        self.low[node as usize] = self.next;
        self.on_stack[node as usize] = true;
        self.stack.push(node);
        self.calls.push((node, 0));
    }

    fn follow(&mut self, node: u32, target: u32) {
        if self.visit[target as usize] == UNSEEN {
            self.enter(target);
        } else if self.on_stack[target as usize] {
            let low = &mut self.low[node as usize];
            *low = (*low).min(self.visit[target as usize]);
        }
    }

    fn leave(&mut self, node: u32) {
        self.calls.pop();
        let low = self.low[node as usize];
        if let Some(&(parent, _)) = self.calls.last() {
            let parent_low = &mut self.low[parent as usize];
            *parent_low = (*parent_low).min(low);
        }
        if low == self.visit[node as usize] {
            while let Some(member) = self.stack.pop() {
                self.on_stack[member as usize] = false;
                self.out.nodes.push(member);
                if member == node {
                    break;
                }
            }
            self.out.ends.push(self.out.nodes.len() as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(adjacency: &[&[u32]]) -> Vec<Vec<u32>> {
        let edges =
            Edges::collect(adjacency.len(), |n, push| adjacency[n as usize].iter().for_each(|&t| push(t)));
        let sorted = |c: &[u32]| {
            let mut c = c.to_vec();
            c.sort_unstable();
            c
        };
        components(&edges).iter().map(sorted).collect()
    }

    #[test]
    fn children_come_first() {
        assert_eq!(of(&[&[1], &[2], &[]]), [[2], [1], [0]]);
        assert_eq!(of(&[&[1], &[2], &[0, 3], &[]]), [vec![3], vec![0, 1, 2]]);
        assert_eq!(of(&[&[0]]), [[0]]);
        assert_eq!(of(&[&[1, 2], &[0], &[3], &[2]]), [vec![2, 3], vec![0, 1]]);
    }

    #[test]
    fn a_chain_of_a_million_needs_no_deep_stack() {
        let count = 1_000_000;
        let edges = Edges::collect(count, |n, push| {
            if n as usize + 1 < count {
                push(n + 1)
            }
        });
        assert_eq!(components(&edges).iter().count(), count);
    }
}
