//! Which differences of types are nearest to each symbol: the shortest explanations of what became of it.
//!
//! Reached by a symbol is, in one program, almost everything by almost everyone: the types of a kernel hang together.
//! Near is what a reader takes for the reason.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use abide_model::{Subject, SymbolName};

use crate::diff::DiffGraph;

/// Differences that are kept for a symbol.
const MOST: usize = 6;
/// Nodes that are looked at for a symbol.
const LOOKED_AT: usize = 600;

/// The differences nearest to symbols of one function or object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The symbols.
    pub symbols: Vec<SymbolName>,
    /// What differs, with the number of steps (members, parameters, pointers) to it; the nearest first. Mere consequences of
    /// other differences are left out.
    pub differences: Vec<(Subject, u32)>,
}

/// Nodes that differ by themselves, nearest first, for each start of the diff, which is given by its position.
pub(crate) fn nodes(diff: &DiffGraph) -> Vec<Vec<(u32, u32)>> {
    let is_root: Vec<bool> =
        diff.nodes.iter().map(|n| n.changes.iter().any(|c| c.because.is_none())).collect();
    let mut seen = vec![u32::MAX; diff.nodes.len()];
    let starts = (0u32..).zip(&diff.starts);
    starts.map(|(stamp, start)| search(diff, *start, stamp, &is_root, &mut seen)).collect()
}

fn search(diff: &DiffGraph, start: u32, stamp: u32, is_root: &[bool], seen: &mut [u32]) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let mut queue = BinaryHeap::from([Reverse((0u32, start))]);
    for _ in 0..LOOKED_AT {
        let Some(Reverse((distance, node))) = queue.pop() else { break };
        if std::mem::replace(&mut seen[node as usize], stamp) == stamp {
            continue;
        }
        if is_root[node as usize] {
            found.push((node, distance));
            if found.len() == MOST {
                break;
            }
        }
        for edge in &diff.nodes[node as usize].edges {
            if seen[edge.to as usize] != stamp {
                let steps = u32::try_from(edge.steps.len()).unwrap_or(u32::MAX).max(1);
                queue.push(Reverse((distance.saturating_add(steps), edge.to)));
            }
        }
    }
    found
}
