//! One arena from those of all workers, and the graph from that arena.
//!
//! A tag with one definition in the artifact means that definition. Where a name has several (a private struct of
//! the same name in two sources), a reference means the definition that its own unit has. A definition that several
//! units share word for word refers to what all of them agree on; where they do not agree, the node is `Ambiguous`.
//! Nothing here depends on which worker read what: nodes are numbered by walking from the symbols.

use std::collections::BTreeMap;

use abide_model::{Origin, Root, RootKind, StrId, TypeGraph, TypeId, TypeKind, TypeNode};
use rustc_hash::{FxHashMap, FxHashSet};

use super::arena::{Arena, NodeId, Slot, for_each_slot, kind, to_kind};
use super::build::{Harvest, Trouble, UnitKey};
use super::declared::Declarations;
use super::die::DieRef;
use super::names::Names;
use super::roots::{TypedRoot, Wanted};
use super::unit::SourceId;

/// What all workers found.
pub(super) struct Merged {
    pub(super) arena: Arena,
    pub(super) names: Names,
    pub(super) definitions: Vec<(NodeId, UnitKey, NodeId)>,
    crossings: Vec<(UnitKey, NodeId, NodeId)>,
    pub(super) roots: Vec<TypedRoot>,
    pub(super) trouble: Trouble,
    pub(super) declarations: Declarations,
}

impl Merged {
    /// Joins the workers' results.
    pub(super) fn new(workers: Vec<(Harvest, Vec<TypedRoot>)>) -> Option<Self> {
        let mut workers = workers.into_iter();
        let (first, roots) = workers.next()?;
        let mut merged = Merged {
            arena: first.arena,
            names: first.names,
            definitions: first.definitions,
            crossings: Vec::new(),
            roots,
            trouble: first.trouble,
            declarations: first.declarations,
        };
        merged.cross(first.crossings, &first.shared_definitions, |id| id);
        for (worker, roots) in workers {
            merged.absorb(worker, roots);
        }
        Some(merged)
    }

    fn cross(
        &mut self,
        crossings: Vec<(UnitKey, NodeId, DieRef)>,
        definitions: &FxHashMap<DieRef, NodeId>,
        map: impl Fn(NodeId) -> NodeId,
    ) {
        for (unit, tag_node, entry) in crossings {
            if let Some(&definition) = definitions.get(&entry) {
                self.crossings.push((unit, map(tag_node), map(definition)));
            }
        }
    }

    fn absorb(&mut self, worker: Harvest, roots: Vec<TypedRoot>) {
        let strings: Vec<u32> = worker.names.table.iter().map(|s| self.names.table.intern(s).0).collect();
        let mut nodes: Vec<NodeId> = Vec::with_capacity(worker.arena.len());
        let mut words = Vec::new();
        for id in 0..worker.arena.len() as NodeId {
            words.clear();
            words.extend_from_slice(worker.arena.words(id));
            for_each_slot(&mut words, |slot, word| match slot {
                Slot::Node => *word = nodes[*word as usize],
                Slot::OptionalNode if *word != 0 => *word = nodes[*word as usize - 1] + 1,
                Slot::String => *word = strings[*word as usize],
                Slot::OptionalString if *word != 0 => *word = strings[*word as usize - 1] + 1,
                _ => {}
            });
            nodes.push(self.arena.intern(&words, worker.arena.origin(id)));
        }
        let map = |id: NodeId| nodes[id as usize];
        self.definitions.extend(worker.definitions.iter().map(|&(tag, unit, id)| (map(tag), unit, map(id))));
        self.cross(worker.crossings, &worker.shared_definitions, map);
        self.roots.extend(roots.into_iter().map(|root| TypedRoot {
            node: map(root.node),
            source_name: root.source_name.checked_sub(1).map_or(0, |name| strings[name as usize] + 1),
            ..root
        }));
        self.names.missing += worker.names.missing;
        self.trouble.add(&worker.trouble);
        self.declarations.join(worker.declarations);
    }
}

/// Where a reference to a tag stands, which decides between several definitions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// Nowhere in particular: nothing below depends on it.
    Anywhere,
    /// In a symbol's own unit.
    Unit(UnitKey),
    /// Inside a definition that one or more units have.
    Definition(NodeId),
}

/// The graph and what is still to be filled in from the entries.
pub(super) struct Assembled {
    pub(super) graph: TypeGraph,
    /// First entry of each node, by node; `BROKEN` when there is none.
    pub(super) origins: Vec<DieRef>,
    /// Entry of each root, in order.
    pub(super) root_entries: Vec<DieRef>,
}

struct Assembler<'m> {
    merged: &'m Merged,
    graph: TypeGraph,
    origins: Vec<DieRef>,
    definitions: FxHashMap<NodeId, Vec<NodeId>>,
    /// Definitions of ambiguous tags by the unit that refers to them.
    by_unit: FxHashMap<(UnitKey, NodeId), Vec<NodeId>>,
    units_of: FxHashMap<NodeId, Vec<UnitKey>>,
    /// Whether a node leads to an ambiguous tag without passing a named definition.
    leads: Vec<bool>,
    nodes: FxHashMap<(NodeId, Place), TypeId>,
    islands: FxHashMap<NodeId, TypeId>,
    ambiguous: FxHashMap<(NodeId, Vec<NodeId>), TypeId>,
    pending: Vec<(NodeId, TypeId)>,
    strings: FxHashMap<u32, StrId>,
}

/// Builds the graph that the found symbols reach.
pub(super) fn assemble(merged: &Merged, wanted: &Wanted<'_>) -> Assembled {
    let mut assembler = Assembler::new(merged);
    let mut found: BTreeMap<u32, TypedRoot> = merged.roots.iter().map(|root| (root.symbol, *root)).collect();
    // A symbol without an entry of its own is described by the best entry at its address.
    for root in &merged.roots {
        for &alias in wanted.aliases(root.symbol) {
            let best = found.entry(alias).or_insert(*root);
            if best.symbol != alias && root.found.is_better_than(&best.found) {
                *best = *root;
            }
        }
    }
    let mut functions: FxHashMap<DieRef, TypeId> = FxHashMap::default();
    let mut root_entries = Vec::with_capacity(found.len());
    for (&symbol, root) in &found {
        let (entry, place) = (root.found.entry, Place::Unit(root.found.unit));
        let ty = match root.found.kind {
            // Each function has a node of its own, since it has parameter names of its own.
            RootKind::Function => {
                *functions.entry(entry).or_insert_with(|| assembler.fresh(root.node, place, entry))
            }
            RootKind::Variable => assembler.resolve(root.node, place),
        };
        assembler.fill();
        let source_name = root.source_name.checked_sub(1).map(|name| assembler.string(name));
        root_entries.push(entry);
        assembler.graph.roots.push(Root {
            symbol,
            kind: root.found.kind,
            ty,
            source_name,
            decl: None,
            origin: origin_of(entry),
        });
    }
    Assembled { graph: assembler.graph, origins: assembler.origins, root_entries }
}

fn origin_of(entry: DieRef) -> Option<Origin> {
    (entry != DieRef::BROKEN).then(|| Origin {
        offset: entry.offset() as u64,
        in_supplementary: entry.source() == SourceId::SUPPLEMENTARY,
    })
}

impl<'m> Assembler<'m> {
    fn new(merged: &'m Merged) -> Self {
        let mut definitions: FxHashMap<NodeId, Vec<NodeId>> = FxHashMap::default();
        for &(tag_node, _, id) in &merged.definitions {
            let list = definitions.entry(tag_node).or_default();
            if !list.contains(&id) {
                list.push(id);
            }
        }
        for list in definitions.values_mut() {
            list.sort_unstable_by_key(|&id| merged.arena.origin(id));
        }
        let same = join_equal(&merged.arena, &mut definitions);
        let chosen = |id: NodeId| same.get(&id).copied().unwrap_or(id);
        let is_ambiguous: FxHashSet<NodeId> =
            definitions.iter().filter(|(_, list)| list.len() > 1).map(|(&tag, _)| tag).collect();
        let mut leads = vec![false; merged.arena.len()];
        if !is_ambiguous.is_empty() {
            let mut words = Vec::new();
            for id in 0..merged.arena.len() as NodeId {
                words.clear();
                words.extend_from_slice(merged.arena.words(id));
                let mut leading = is_ambiguous.contains(&id);
                for_each_slot(&mut words, |slot, word| match slot {
                    Slot::Node => leading |= leads[*word as usize],
                    Slot::OptionalNode if *word != 0 => leading |= leads[*word as usize - 1],
                    _ => {}
                });
                leads[id as usize] = leading;
            }
        }
        let (mut by_unit, mut units_of) = (FxHashMap::default(), FxHashMap::default());
        for &(tag_node, unit, id) in &merged.definitions {
            let id = chosen(id);
            if is_ambiguous.contains(&tag_node) {
                note(&mut by_unit, (unit, tag_node), id);
            }
            if leads[id as usize] {
                note(&mut units_of, id, unit);
            }
        }
        for &(unit, tag_node, id) in &merged.crossings {
            if is_ambiguous.contains(&tag_node) {
                note(&mut by_unit, (unit, tag_node), chosen(id));
            }
        }
        Assembler {
            merged,
            graph: TypeGraph::default(),
            origins: Vec::new(),
            definitions,
            by_unit,
            units_of,
            leads,
            nodes: FxHashMap::default(),
            islands: FxHashMap::default(),
            ambiguous: FxHashMap::default(),
            pending: Vec::new(),
            strings: FxHashMap::default(),
        }
    }

    fn string(&mut self, id: u32) -> StrId {
        let (graph, merged) = (&mut self.graph, self.merged);
        *self.strings.entry(id).or_insert_with(|| graph.strings.intern(merged.names.table.get(StrId(id))))
    }

    fn push(&mut self, kind: TypeKind, origin: DieRef) -> TypeId {
        let id = TypeId(self.graph.nodes.len() as u32);
        self.graph.nodes.push(TypeNode { kind, decl: None, origin: origin_of(origin) });
        self.origins.push(origin);
        id
    }

    /// The node's content with every id resolved as seen from `place`.
    fn content(&mut self, id: NodeId, place: Place) -> TypeKind {
        let mut words = self.merged.arena.words(id).to_vec();
        for_each_slot(&mut words, |slot, word| match slot {
            Slot::Node => *word = self.resolve(*word, place).0,
            Slot::OptionalNode if *word != 0 => *word = self.resolve(*word - 1, place).0 + 1,
            Slot::String => *word = self.string(*word).0,
            Slot::OptionalString if *word != 0 => *word = self.string(*word - 1).0 + 1,
            _ => {}
        });
        to_kind(&words).unwrap_or(TypeKind::Broken)
    }

    /// A node of its own, not shared with equal ones.
    fn fresh(&mut self, id: NodeId, place: Place, entry: DieRef) -> TypeId {
        let kind = self.content(id, place);
        self.push(kind, entry)
    }

    fn resolve(&mut self, id: NodeId, place: Place) -> TypeId {
        if self.merged.arena.words(id)[0] == kind::TAG {
            return self.resolve_tag(id, place);
        }
        let place = if self.leads[id as usize] { place } else { Place::Anywhere };
        if let Some(&known) = self.nodes.get(&(id, place)) {
            return known;
        }
        let kind = self.content(id, place);
        let ty = self.push(kind, self.merged.arena.origin(id));
        self.nodes.insert((id, place), ty);
        ty
    }

    fn resolve_tag(&mut self, tag_node: NodeId, place: Place) -> TypeId {
        let all = self.definitions.get(&tag_node).map_or(&[][..], Vec::as_slice);
        match all {
            [] => {
                let key = (tag_node, Place::Anywhere);
                if let Some(&known) = self.nodes.get(&key) {
                    return known;
                }
                let name = self.string(self.merged.arena.words(tag_node)[1]);
                let kind = TypeKind::Declaration { keyword: None, name };
                let ty = self.push(kind, self.merged.arena.origin(tag_node));
                self.nodes.insert(key, ty);
                ty
            }
            [only] => self.island(*only),
            _ => {
                let candidates = self.candidates(tag_node, place);
                match candidates.as_slice() {
                    [only] => self.island(*only),
                    _ => self.ambiguous(tag_node, candidates),
                }
            }
        }
    }

    /// The definitions that a reference from `place` may mean, in a fixed order.
    fn candidates(&self, tag_node: NodeId, place: Place) -> Vec<NodeId> {
        let units: &[UnitKey] = match &place {
            Place::Anywhere => &[],
            Place::Unit(unit) => std::slice::from_ref(unit),
            Place::Definition(id) => self.units_of.get(id).map_or(&[], Vec::as_slice),
        };
        let mut seen: Vec<NodeId> = Vec::new();
        for unit in units {
            for &id in self.by_unit.get(&(*unit, tag_node)).map_or(&[][..], Vec::as_slice) {
                if !seen.contains(&id) {
                    seen.push(id);
                }
            }
        }
        if seen.is_empty() {
            seen.clone_from(&self.definitions[&tag_node]);
        }
        seen.sort_unstable_by_key(|&id| self.merged.arena.origin(id));
        seen
    }

    fn ambiguous(&mut self, tag_node: NodeId, candidates: Vec<NodeId>) -> TypeId {
        let key = (tag_node, candidates);
        if let Some(&known) = self.ambiguous.get(&key) {
            return known;
        }
        let name = self.string(self.merged.arena.words(tag_node)[1]);
        let candidates = key.1.iter().map(|&id| self.island(id)).collect();
        let ty = self.push(TypeKind::Ambiguous { name, candidates }, DieRef::BROKEN);
        self.ambiguous.insert(key, ty);
        ty
    }

    /// The node of a named definition, whose content is filled in later.
    fn island(&mut self, id: NodeId) -> TypeId {
        if let Some(&known) = self.islands.get(&id) {
            return known;
        }
        let ty = self.push(TypeKind::Broken, self.merged.arena.origin(id));
        self.islands.insert(id, ty);
        self.pending.push((id, ty));
        ty
    }

    fn fill(&mut self) {
        while let Some((id, ty)) = self.pending.pop() {
            let kind = self.content(id, Place::Definition(id));
            self.graph.nodes[ty.0 as usize].kind = kind;
        }
    }
}

/// Joins the definitions of a tag that differ in nothing but typedefs: compilers name a member's type by one typedef
/// in one unit and by another in the next. Returns what replaces each definition that was dropped.
fn join_equal(arena: &Arena, definitions: &mut FxHashMap<NodeId, Vec<NodeId>>) -> FxHashMap<NodeId, NodeId> {
    let mut same = FxHashMap::default();
    let mut plain = Plain { arena, nodes: FxHashMap::default(), plain: Arena::default() };
    for list in definitions.values_mut().filter(|list| list.len() > 1) {
        let mut kept: Vec<(NodeId, NodeId)> = Vec::new();
        list.retain(|&id| {
            let form = plain.node(id);
            match kept.iter().find(|(known, _)| *known == form) {
                Some(&(_, first)) => {
                    same.insert(id, first);
                    false
                }
                None => {
                    kept.push((form, id));
                    true
                }
            }
        });
    }
    same
}

/// Nodes without typedefs.
struct Plain<'a> {
    arena: &'a Arena,
    nodes: FxHashMap<NodeId, NodeId>,
    plain: Arena,
}

impl Plain<'_> {
    fn node(&mut self, id: NodeId) -> NodeId {
        if let Some(&known) = self.nodes.get(&id) {
            return known;
        }
        let mut words = self.arena.words(id).to_vec();
        let form = if words[0] == kind::TYPEDEF {
            self.node(words[2])
        } else {
            for_each_slot(&mut words, |slot, word| match slot {
                Slot::Node => *word = self.node(*word),
                Slot::OptionalNode if *word != 0 => *word = self.node(*word - 1) + 1,
                _ => {}
            });
            self.plain.intern(&words, DieRef::BROKEN)
        };
        self.nodes.insert(id, form);
        form
    }
}

fn note<K: std::hash::Hash + Eq, V: PartialEq>(map: &mut FxHashMap<K, Vec<V>>, key: K, value: V) {
    let list = map.entry(key).or_default();
    if list.last() != Some(&value) && !list.contains(&value) {
        list.push(value);
    }
}
