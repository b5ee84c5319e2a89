//! What the rules make of a difference of type graphs: which types nobody sees any more, which changes are covered.
//!
//! As in libabigail a suppressed function, variable or type hides what is reached only through it. So the search
//! goes from the symbols that are not suppressed along edges that are not cut; what it does not reach is covered by
//! the rule that hides it. A rule that says what may change (`has_data_member_inserted_at`, `changed_enumerators`)
//! hides nothing: it covers these changes and no others.

use std::collections::VecDeque;

use abide_model::{Root, TypeGraph, TypeId, TypeKind};

use super::active::Active;
use super::layout::peel;
use super::spec::{Access, ChangeKind, Spec, TypeSpec};
use super::types::{Typed, access};
use crate::diff::{DiffGraph, Edge, Node, Owner};

/// By change of a node, the rule that covers it.
pub(crate) type Covers = Vec<Option<usize>>;

/// What the rules make of a difference.
pub(crate) struct Covered {
    /// By node.
    pub(crate) changes: Vec<Covers>,
    /// By node: whether it is seen, by itself or by what it leads to.
    seen: Vec<bool>,
    /// By node: the edges that lead nowhere any more; `None` for all of them.
    closed: Vec<Option<Vec<u32>>>,
}

impl Covered {
    /// Whether a node that is not suppressed reaches this one.
    pub(crate) fn is_seen(&self, node: u32) -> bool {
        self.seen[node as usize]
    }

    /// Whether an edge still leads from a node to its target.
    pub(crate) fn is_open(&self, node: u32, edge: u32) -> bool {
        self.closed[node as usize].as_ref().is_some_and(|closed| !closed.contains(&edge))
    }
}

/// A node of a symbol with its declarations.
pub(crate) struct Start<'a> {
    pub(crate) node: u32,
    pub(crate) old: &'a Root,
    pub(crate) new: &'a Root,
}

/// The search at work.
struct Search<'a> {
    active: &'a Active<'a>,
    diff: &'a DiffGraph,
    old: &'a TypeGraph,
    new: &'a TypeGraph,
    specs: Vec<(usize, &'a TypeSpec)>,
    /// By node: the rule that suppresses it as a whole.
    whole: Vec<Option<usize>>,
}

impl Active<'_> {
    /// Applies the rules to a difference.
    pub(crate) fn covers(
        &self,
        diff: &DiffGraph,
        old: &TypeGraph,
        new: &TypeGraph,
        starts: &[Start<'_>],
    ) -> Covered {
        let specs = self.applying.iter().filter_map(|&index| match &self.rules[index].spec {
            Spec::Type(spec) => Some((index, &**spec)),
            _ => None,
        });
        let whole = vec![self.whole; diff.nodes.len()];
        let mut search = Search { active: self, diff, old, new, specs: specs.collect(), whole };
        for start in starts {
            let symbols = (Some(start.old.symbol as usize), Some(start.new.symbol as usize));
            let rule = || self.covers_symbol(symbols.0, symbols.1, ChangeKind::Changed);
            let whole = &mut search.whole[start.node as usize];
            *whole = whole.or_else(rule);
            if search.whole[start.node as usize].is_none() {
                search.whole[start.node as usize] = search.dropped_class(start);
            }
        }
        for (index, node) in diff.nodes.iter().enumerate() {
            if let Some((old, new)) = search.sides(node) {
                let rule = search.specs.iter().find(|(_, s)| s.access.is_none() && hides(s, &[old, new]));
                search.whole[index] = search.whole[index].or(rule.map(|(rule, _)| *rule));
            }
        }
        search.covers()
    }
}

/// Whether the rule suppresses the type whatever changed.
fn hides(spec: &TypeSpec, sides: &[Typed<'_>]) -> bool {
    !spec.is_conditional() && spec.is_about(sides)
}

impl<'a> Search<'a> {
    /// Both sides of a node that is a type.
    fn sides(&self, node: &Node) -> Option<(Typed<'a>, Typed<'a>)> {
        let is_type = matches!(node.owner, Owner::Tagged | Owner::Typedef);
        let old = Typed {
            graph: self.old,
            ty: node.old,
            alias: node.alias.filter(|_| is_unnamed(self.old, node.old)),
        };
        is_type.then_some((old, Typed { graph: self.new, ty: node.new, alias: None }))
    }

    /// The rule that drops the class of which the symbol is a member function.
    fn dropped_class(&self, start: &Start<'_>) -> Option<usize> {
        let class = |graph: &'a TypeGraph, root: &Root| {
            let TypeKind::Function(function) = graph.kind(root.ty) else { return None };
            let this = function.parameters.first().filter(|p| p.is_artificial)?;
            let TypeKind::Pointer { target, .. } = graph.kind(peel(graph, this.ty)) else { return None };
            Some(Typed { graph, ty: peel(graph, *target), alias: None })
        };
        let sides = [class(self.old, start.old)?, class(self.new, start.new)?];
        let drops = |spec: &TypeSpec| spec.drops && spec.access.is_none() && hides(spec, &sides);
        self.specs.iter().find(|(_, spec)| drops(spec)).map(|(rule, _)| *rule)
    }

    fn covers(&self) -> Covered {
        let count = self.diff.nodes.len();
        // Ways by which what is not suppressed reaches a node, and the rule that hides one that is not reached.
        let mut ways: Vec<Vec<Access>> = vec![Vec::new(); count];
        let mut hidden: Vec<Option<usize>> = self.whole.clone();
        let mut closed: Vec<Option<Vec<u32>>> = vec![None; count];
        let (mut seen, mut queue) = (vec![false; count], VecDeque::new());
        for &start in &self.diff.starts {
            seen[start as usize] = true;
            queue.push_back(start);
        }
        while let Some(at) = queue.pop_front() {
            if let Some(rule) = self.whole[at as usize] {
                self.active.uses(rule);
                continue;
            }
            let mut cut = Vec::new();
            for (index, edge) in (0u32..).zip(&self.diff.nodes[at as usize].edges) {
                let to = edge.to as usize;
                if let Some(rule) = self.cut(edge) {
                    self.active.uses(rule);
                    hidden[to].get_or_insert(rule);
                    cut.push(index);
                    continue;
                }
                let way = access(edge);
                if !ways[to].contains(&way) {
                    ways[to].push(way);
                }
                if !std::mem::replace(&mut seen[to], true) {
                    queue.push_back(edge.to);
                }
            }
            closed[at as usize] = Some(cut);
        }
        self.spread(&seen, &mut hidden);
        let nodes = self.diff.nodes.iter().enumerate();
        let changes = nodes
            .map(|(at, node)| match (seen[at], self.whole[at]) {
                (true, None) => self.changes(node, &ways[at]),
                (_, Some(rule)) => vec![Some(rule); node.changes.len()],
                (false, None) => vec![hidden[at]; node.changes.len()],
            })
            .collect();
        let seen = seen.into_iter().zip(&self.whole).map(|(seen, whole)| seen && whole.is_none()).collect();
        Covered { changes, seen, closed }
    }

    /// Hands the rule that hides a node on to what is behind it.
    fn spread(&self, reached: &[bool], hidden: &mut [Option<usize>]) {
        let hides = |at: &usize| hidden[*at].is_some() && (self.whole[*at].is_some() || !reached[*at]);
        let mut queue: VecDeque<usize> = (0..hidden.len()).filter(hides).collect();
        while let Some(at) = queue.pop_front() {
            for edge in &self.diff.nodes[at].edges {
                let to = edge.to as usize;
                if !reached[to] && hidden[to].is_none() {
                    hidden[to] = hidden[at];
                    queue.push_back(to);
                }
            }
        }
    }

    /// The rule that suppresses what the edge passes through: a typedef, a pointer or array by its name, or the
    /// target when it is reached the way that the rule asks for.
    fn cut(&self, edge: &Edge) -> Option<usize> {
        let target = &self.diff.nodes[edge.to as usize];
        let way = access(edge);
        let by_way = self.specs.iter().find(|(_, spec)| {
            let sides = || self.sides(target).is_some_and(|(old, new)| hides(spec, &[old, new]));
            spec.access.is_some_and(|wanted| wanted.admits(way)) && sides()
        });
        if let Some((rule, _)) = by_way {
            return Some(*rule);
        }
        let passed = edge.steps.iter().flat_map(|step| self.peels(step.old)).filter(|ty| *ty != target.old);
        let passed: Vec<TypeId> = passed.collect();
        let through = self.specs.iter().find(|(_, spec)| {
            let is_about = |ty: &TypeId| hides(spec, &[Typed { graph: self.old, ty: *ty, alias: None }]);
            spec.access.is_none() && !spec.is_negated && passed.iter().any(is_about)
        });
        through.map(|(rule, _)| *rule)
    }

    /// A type with its typedefs and qualifiers, outermost first; records and enums have nodes of their own.
    fn peels(&self, ty: TypeId) -> Vec<TypeId> {
        let mut out = vec![ty];
        for _ in 0..1000 {
            match self.old.kind(out[out.len() - 1]) {
                TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => out.push(*target),
                _ => break,
            }
        }
        out.retain(|ty| {
            let kind = self.old.kind(*ty);
            !matches!(kind, TypeKind::Record(_) | TypeKind::Enum(_) | TypeKind::Qualified { .. })
        });
        out
    }

    /// The changes of a node that is seen, one by one.
    fn changes(&self, node: &Node, ways: &[Access]) -> Covers {
        let mut out: Covers = vec![None; node.changes.len()];
        for (rule, spec) in &self.specs {
            for (cover, change) in out.iter_mut().zip(&node.changes) {
                if cover.is_none() && spec.covers_place(change) {
                    *cover = Some(*rule);
                }
            }
            let admitted = spec.access.is_none_or(|wanted| ways.iter().all(|way| wanted.admits(*way)));
            let Some((old, new)) = self.sides(node) else { continue };
            if spec.is_conditional() && admitted && spec.is_about(&[old, new]) {
                let covered = spec.covers(old, new, &node.changes);
                for (cover, _) in out.iter_mut().zip(covered).filter(|(cover, is)| *is && cover.is_none()) {
                    *cover = Some(*rule);
                }
            }
        }
        out
    }
}

fn is_unnamed(graph: &TypeGraph, ty: TypeId) -> bool {
    match graph.kind(ty) {
        TypeKind::Record(record) => record.name.is_none(),
        TypeKind::Enum(e) => e.name.is_none(),
        _ => false,
    }
}
