//! The difference of two type graphs as a value: a graph of its own.
//!
//! A node is a pair of things that belong together and have a name to report them under: the signatures of an
//! exported symbol, or two definitions of a struct, class, union, enum or typedef. A node holds the *local*
//! changes of its pair; an edge leads to a pair that is part of it and differs somewhere, and keeps the way there
//! (`parameter 1`, `points to`). What has no name (pointers, arrays, function types) is compared as part of the
//! pair that contains it. So a change is in one place however many symbols reach it, and whoever reports it only
//! walks the graph; nothing is judged here.
//!
//! Only pairs with unequal hashes become nodes. Nodes are made breadth first from the symbols in their order, by a
//! queue and not by recursion, and equal pairs of hashes are one node: the graph does not depend on type ids.

mod enums;
mod function;
mod members;
mod passing;
mod place;
mod record;
mod vtable;
mod words;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::VecDeque;

use abide_model::{RecordKeyword, RootKind, StrId, TypeGraph, TypeId, TypeKind};
use bstr::BStr;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::canonical::{self, TypeHash};
use crate::change::{Change, Fact, Reach};
use crate::names;

pub(crate) use words::{layout as describe, step_words, words, words_from};

/// One side's graph with what is derived from it.
pub(crate) struct Side<'a> {
    pub(crate) graph: &'a TypeGraph,
    hashes: Vec<TypeHash>,
    /// Largest alignment that the psABI gives a scalar.
    scalar_alignment: u64,
    /// Whether the file exports functions of C++.
    is_cpp: bool,
    /// Whether the types are from BTF or CTF, which state neither alignments nor, mostly, inner dimensions of arrays.
    is_compact: bool,
    /// Normal names of all records, enums and declarations; made when first asked for.
    tags: OnceCell<FxHashSet<Cow<'a, BStr>>>,
}

impl<'a> Side<'a> {
    /// Both sides of a comparison, each with its largest alignment of a scalar, and whether it is C++.
    pub(crate) fn both(old: (&'a TypeGraph, u64, bool), new: (&'a TypeGraph, u64, bool)) -> (Self, Self) {
        let (old_hashes, new_hashes) = canonical::hashes_of_both(old.0, new.0);
        let side = |(graph, scalar_alignment, is_cpp), hashes| Side {
            graph,
            hashes,
            scalar_alignment,
            is_cpp,
            is_compact: graph.is_compact(),
            tags: OnceCell::new(),
        };
        (side(old, old_hashes), side(new, new_hashes))
    }

    pub(crate) fn hash(&self, ty: TypeId) -> TypeHash {
        self.hashes[ty.0 as usize]
    }

    fn kind(&self, ty: TypeId) -> &'a TypeKind {
        self.graph.kind(ty)
    }

    /// Name of a record, enum or declaration.
    fn tag_name(&self, ty: TypeId) -> Option<&'a BStr> {
        let id = match self.kind(ty) {
            TypeKind::Record(record) => record.name?,
            TypeKind::Enum(e) => e.name?,
            TypeKind::Declaration { name, .. } => *name,
            _ => return None,
        };
        Some(self.str(id))
    }

    /// Whether some type of the graph has this tag.
    fn has_tag(&self, name: &BStr) -> bool {
        let all = || {
            let ids = (0..self.graph.nodes.len() as u32).map(TypeId);
            ids.filter_map(|id| self.tag_name(id)).map(names::normal).collect()
        };
        self.tags.get_or_init(all).contains(&names::normal(name))
    }

    fn str(&self, id: StrId) -> &'a BStr {
        self.graph.str(id)
    }
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The symbols of this group.
    Symbol { group: u32, kind: RootKind, is_mangled: bool },
    /// A struct, class, union or enum.
    Tagged,
    /// A typedef of something without a name.
    Typedef,
}

/// A pair that differs somewhere.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) owner: Owner,
    pub(crate) old: TypeId,
    pub(crate) new: TypeId,
    /// The typedef through which the old type was first reached; names an unnamed one.
    pub(crate) alias: Option<TypeId>,
    pub(crate) changes: Vec<Change>,
    pub(crate) edges: Vec<Edge>,
}

/// The way from one node to another.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    pub(crate) reach: Reach,
    /// Whether the target itself is a parameter or result.
    pub(crate) is_passed: bool,
    pub(crate) steps: Box<[Step]>,
}

/// One step along an edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) via: Via,
    /// Where it leads, on the old side.
    pub(crate) old: TypeId,
}

/// How a step is made; names are the old side's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Parameter { index: u32, name: Option<StrId> },
    Result,
    Variable,
    Pointee,
    Referent,
    Element,
    Member { name: Option<StrId>, offset_bits: u64 },
    Base,
    Virtual { name: StrId },
    Target,
    MemberClass,
    MemberTarget,
    Candidate,
}

/// A pair of roots to start from, with the symbols that share it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) group: u32,
    pub(crate) kind: RootKind,
    pub(crate) old: TypeId,
    pub(crate) new: TypeId,
    /// Whether the symbols' names are mangled, and so state the parameters.
    pub(crate) is_mangled: bool,
}

/// The whole difference.
#[derive(Debug, Default)]
pub(crate) struct DiffGraph {
    pub(crate) nodes: Vec<Node>,
    /// Nodes of symbols, in the order in which they were given.
    pub(crate) starts: Vec<u32>,
    /// Whether a limit kept something from being compared.
    pub(crate) limited: bool,
}

/// Compares two graphs from the given roots on.
pub(crate) fn diff<'a>(
    old: &'a Side<'a>,
    new: &'a Side<'a>,
    starts: impl IntoIterator<Item = Start>,
) -> DiffGraph {
    let mut differ =
        Differ { old, new, out: DiffGraph::default(), known: FxHashMap::default(), queue: VecDeque::new() };
    for start in starts {
        if !is_same(old, new, start.old, start.new) {
            let Start { group, kind, is_mangled, .. } = start;
            let owner = Owner::Symbol { group, kind, is_mangled };
            let node = differ.add(owner, start.old, start.new, None);
            differ.out.starts.push(node);
        }
    }
    while let Some(node) = differ.queue.pop_front() {
        differ.compare(node);
    }
    differ.out
}

/// Whether two roots are equal in all that is compared.
pub(crate) fn is_same(old: &Side<'_>, new: &Side<'_>, a: TypeId, b: TypeId) -> bool {
    let permuted = || match (old.kind(a), new.kind(b)) {
        (TypeKind::Function(x), TypeKind::Function(y)) => function::is_permuted(old.graph, x, new.graph, y),
        _ => false,
    };
    old.hash(a) == new.hash(b) && !permuted()
}

/// Places compared within one pair: function types that share parts would take exponential time.
const MOST_PLACES: u32 = 20_000;

/// Nesting within one pair.
const DEEPEST: usize = 64;

struct Differ<'a> {
    old: &'a Side<'a>,
    new: &'a Side<'a>,
    out: DiffGraph,
    known: FxHashMap<(bool, TypeHash, TypeHash), u32>,
    queue: VecDeque<u32>,
}

/// The pair at work: where one is inside it, and what was found.
struct Inside {
    steps: Vec<Step>,
    reach: Reach,
    flow: Flow,
    budget: u32,
    /// Whether a limit was met and said so.
    limited: bool,
    /// Whether the pair is a function whose mangled name, the same on both sides, states its parameters.
    is_mangled: bool,
    changes: Vec<Change>,
    leads: Vec<Lead>,
}

/// An edge whose target has no node yet: the pair at work may turn out not to have its parts compared.
struct Lead {
    owner: Owner,
    old: TypeId,
    new: TypeId,
    alias: Option<TypeId>,
    edge: Edge,
}

/// Which way values go at a place: from programs into the library or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Unknown,
    In,
    Out,
}

impl Inside {
    /// Runs `body` one step further in.
    fn step<R>(&mut self, via: Via, old: TypeId, reach: Reach, body: impl FnOnce(&mut Self) -> R) -> R {
        let before = (self.reach, self.flow);
        self.steps.push(Step { via, old });
        self.reach = self.reach.then(reach);
        let result = body(self);
        self.steps.pop();
        (self.reach, self.flow) = before;
        result
    }

    /// Records a change here.
    fn change(&mut self, change: Change) {
        self.changes.push(Change { reach: self.reach, ..change });
    }
}

impl<'a> Differ<'a> {
    fn add(&mut self, owner: Owner, old: TypeId, new: TypeId, alias: Option<TypeId>) -> u32 {
        let index = self.out.nodes.len() as u32;
        self.out.nodes.push(Node { owner, old, new, alias, changes: Vec::new(), edges: Vec::new() });
        self.queue.push_back(index);
        index
    }

    /// The node of a pair of types; a new one is queued.
    fn node(&mut self, owner: Owner, old: TypeId, new: TypeId, alias: Option<TypeId>) -> u32 {
        let key = (owner == Owner::Typedef, self.old.hash(old), self.new.hash(new));
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let index = self.add(owner, old, new, alias);
        self.known.insert(key, index);
        index
    }

    /// Notes that the place at hand is the given pair, which is compared on its own.
    fn lead(&self, inside: &mut Inside, owner: Owner, old: TypeId, new: TypeId, alias: Option<TypeId>) {
        let is_passed =
            matches!(inside.steps.last(), Some(Step { via: Via::Parameter { .. } | Via::Result, .. }));
        let steps = inside.steps.clone().into_boxed_slice();
        let edge = Edge { to: 0, reach: inside.reach, is_passed, steps };
        inside.leads.push(Lead { owner, old, new, alias, edge });
    }

    fn compare(&mut self, index: u32) {
        let node = &self.out.nodes[index as usize];
        let (owner, old, new) = (node.owner, node.old, node.new);
        let mut inside = Inside {
            steps: Vec::new(),
            reach: Reach::Same,
            flow: Flow::Unknown,
            budget: MOST_PLACES,
            limited: false,
            is_mangled: false,
            changes: Vec::new(),
            leads: Vec::new(),
        };
        match owner {
            Owner::Symbol { kind, is_mangled, .. } => {
                inside.is_mangled = is_mangled;
                self.roots(&mut inside, kind, old, new);
            }
            Owner::Tagged => self.tagged(&mut inside, old, new),
            Owner::Typedef => self.targets(&mut inside, old, new),
        }
        let leads = std::mem::take(&mut inside.leads);
        let edge =
            |lead: Lead| Edge { to: self.node(lead.owner, lead.old, lead.new, lead.alias), ..lead.edge };
        let edges = leads.into_iter().map(edge).collect();
        let node = &mut self.out.nodes[index as usize];
        (node.changes, node.edges) = (inside.changes, edges);
    }

    fn roots(&mut self, inside: &mut Inside, kind: RootKind, old: TypeId, new: TypeId) {
        match (self.old.kind(old), self.new.kind(new)) {
            (TypeKind::Function(a), TypeKind::Function(b)) => self.function(inside, a, b, Flow::In),
            _ if kind == RootKind::Variable => {
                inside.step(Via::Variable, old, Reach::Same, |inside| {
                    self.place(inside, old, new, place::Role::Variable);
                });
            }
            _ => self.place(inside, old, new, place::Role::Other),
        }
    }

    fn targets(&mut self, inside: &mut Inside, old: TypeId, new: TypeId) {
        if let (TypeKind::Typedef { target: a, .. }, TypeKind::Typedef { target: b, .. }) =
            (self.old.kind(old), self.new.kind(new))
        {
            inside.step(Via::Target, *a, Reach::Same, |inside| {
                self.place(inside, *a, *b, place::Role::Other);
            });
        }
    }

    /// Two types with a tag: records, enums and declarations of either.
    fn tagged(&mut self, inside: &mut Inside, old: TypeId, new: TypeId) {
        match (self.old.kind(old), self.new.kind(new)) {
            (TypeKind::Record(a), TypeKind::Record(b)) => {
                self.records(inside, record::Records { old, new, a, b });
            }
            (TypeKind::Enum(a), TypeKind::Enum(b)) => self.enums(inside, (old, new), a, b),
            (TypeKind::Declaration { .. }, TypeKind::Declaration { .. }) => {
                self.replaced(inside, old, new, true);
            }
            (TypeKind::Declaration { .. }, kind) if is_polymorphic(kind) => {
                inside.change(
                    undescribed("reference").values("declared only", words::layout(self.new.graph, new)),
                );
            }
            (kind, TypeKind::Declaration { .. }) if is_polymorphic(kind) || self.may_be_polymorphic(kind) => {
                inside.change(
                    undescribed("candidate").values(words::layout(self.old.graph, old), "declared only"),
                );
            }
            (TypeKind::Declaration { .. }, _) => {
                let change =
                    Change::new(Fact::BecameDefined, "definition", "is defined now, was only declared");
                inside.change(change.values("declared only", words::layout(self.new.graph, new)));
                self.name_change(inside, old, new);
            }
            (_, TypeKind::Declaration { .. }) => {
                let change =
                    Change::new(Fact::BecameOpaque, "definition", "is only declared now, was defined");
                inside.change(change.values(words::layout(self.old.graph, old), "declared only"));
                self.name_change(inside, old, new);
            }
            _ => {}
        }
    }
}

impl Differ<'_> {
    /// Whether a class that lost its definition may have become one with virtual functions or bases: GCC describes
    /// those only where their table is, and so nowhere when all their virtual functions are inline or pure.
    fn may_be_polymorphic(&self, kind: &TypeKind) -> bool {
        self.new.is_cpp && matches!(kind, TypeKind::Record(r) if r.keyword != RecordKeyword::Union)
    }
}

/// Whether the class has virtual functions. Compilers describe such a class only in the unit that has its virtual
/// table (GCC) or its constructors (Clang): a bare declaration says that the definition is elsewhere, not that
/// programs cannot see it.
fn is_polymorphic(kind: &TypeKind) -> bool {
    matches!(kind, TypeKind::Record(r)
        if !r.virtual_methods.is_empty() || r.bases.iter().any(|b| b.is_virtual)
            || r.members.first().is_some_and(|m| m.is_artificial))
}

/// A class with virtual functions that one side only declares.
fn undescribed(side: &str) -> Change {
    let clause = format!(
        "is only declared in the {side}'s debug information, so its definitions could not be compared"
    );
    Change::new(Fact::NotComparable, "definition", clause)
}
