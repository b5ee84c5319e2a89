//! Types of matched symbols: which can be compared, and the findings about them.

use abide_model::{
    ArtifactFacts, DebugSource, DeclLocation, ElfKind, Evidence, Exposure, Finding, Gap, GapKind, PathStep,
    Root, RootKind, StrId, Subject, Symbol, SymbolKind, SymbolName, SymbolSection, TypeEvidence, TypeGraph,
    TypeKind,
};
use bstr::{BString, ByteSlice};
use rustc_hash::FxHashMap;

use crate::change::{Change, Fact, Reach};
use crate::comparison::{Coverage, TypesCompared};
use crate::diff::{self, DiffGraph, Owner, Side, Start, Via};
use crate::exposure::{Reaching, Ways};
use crate::headers::Headers;
use crate::judge::Draft;
use crate::layout::SCALAR_ALIGNMENT;
use crate::nearest::{self, Nearest};
use crate::options::CompareOptions;
use crate::suppress::Judge;
use crate::symbols::{self, Matching, SymbolPair, symbol_name};
use crate::{layout, names, spell};

/// Names that a gap lists before it counts the rest.
const NAMES: usize = 10;

/// What comparing the types gave.
pub(crate) struct TypesResult {
    pub(crate) findings: Vec<Finding>,
    pub(crate) compared: TypesCompared,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) nearest: Vec<Nearest>,
    pub(crate) untyped: Vec<SymbolName>,
}

impl TypesResult {
    /// Where types were not compared, or need not be.
    pub(crate) fn without_findings(compared: TypesCompared) -> Self {
        TypesResult {
            findings: Vec::new(),
            compared,
            gaps: Vec::new(),
            nearest: Vec::new(),
            untyped: Vec::new(),
        }
    }
}

/// Compares the types of all matched symbols that need one, and completes `coverage`.
pub(crate) fn compare(
    old: &ArtifactFacts,
    new: &ArtifactFacts,
    matching: &Matching,
    options: &CompareOptions<'_>,
    judge: &Judge<'_>,
    coverage: &mut Coverage,
) -> TypesResult {
    let needing = needing(old, new, matching);
    coverage.need_types = needing.len();
    if needing.is_empty() {
        return TypesResult::without_findings(TypesCompared::NotNeeded);
    }
    let (Some(a), Some(b)) = (old.types.graph(), new.types.graph()) else {
        return TypesResult::without_findings(TypesCompared::No { why: absence(old, new) });
    };
    let sorted = sort_by_evidence(old, new, a, b, &needing);
    coverage.typed_on_both = sorted.both.len();
    coverage.typed_on_one = sorted.one.len();
    let mut gaps = untyped_gaps(old, &sorted);
    let comparison = Types::new(old, new, a, b, &sorted.both);
    coverage.type_pairs_walked = comparison.diff.nodes.len();
    if comparison.diff.limited {
        gaps.push(Gap {
            kind: GapKind::LimitReached,
            subject: old.path.clone(),
            detail: "some types are nested so deep that they were not compared in full".to_string(),
        });
    }
    let is_kernel = matches!(old.elf.kind, ElfKind::Vmlinux | ElfKind::KernelModule);
    TypesResult {
        findings: comparison.findings(options, judge),
        compared: compared(&sorted, needing.len()),
        gaps,
        nearest: if is_kernel { comparison.nearest() } else { Vec::new() },
        untyped: if is_kernel { sorted.untyped() } else { Vec::new() },
    }
}

/// Matched symbols whose types belong to the public interface.
fn needing(old: &ArtifactFacts, new: &ArtifactFacts, matching: &Matching) -> Vec<SymbolPair> {
    let is_needed = |pair: &SymbolPair| {
        symbols::needs_type(&old.elf.symbols[pair.old])
            || is_thrown(old, pair.old) && is_thrown(new, pair.new)
    };
    matching.pairs.iter().copied().filter(is_needed).collect()
}

/// Whether a symbol is the type information of a class that was read because only exceptions carry it.
fn is_thrown(facts: &ArtifactFacts, symbol: usize) -> bool {
    let has_root =
        |graph: &TypeGraph| graph.roots.binary_search_by_key(&(symbol as u32), |r| r.symbol).is_ok();
    facts.elf.symbols[symbol].name.starts_with(b"_ZTI") && facts.types.graph().is_some_and(has_root)
}

/// What the type of an exported object says about its other size: the reason for a finding about the symbol.
pub(crate) fn size_reason(old: &ArtifactFacts, new: &ArtifactFacts, a: usize, b: usize) -> Option<String> {
    let (old_graph, new_graph) = (old.types.graph()?, new.types.graph()?);
    let root = |graph: &TypeGraph, symbol: usize| {
        let at = graph.roots.binary_search_by_key(&(symbol as u32), |r| r.symbol).ok()?;
        Some(graph.roots[at].ty).filter(|_| graph.roots[at].kind == RootKind::Variable)
    };
    let (x, y) = (root(old_graph, a)?, root(new_graph, b)?);
    let (was, is) = (layout::size_of(old_graph, x)?, layout::size_of(new_graph, y)?);
    if (was, is) != (old.elf.symbols[a].size_bytes, new.elf.symbols[b].size_bytes) {
        return None;
    }
    let (text, now) = (spell::spell(old_graph, x), spell::spell(new_graph, y));
    if names::same(text.as_bytes().as_bstr(), now.as_bytes().as_bstr()) {
        return Some(format!("its type {text} {}", if is > was { "grew" } else { "shrank" }));
    }
    Some(format!("its type changed from {text} to {now}"))
}

fn absence(old: &ArtifactFacts, new: &ArtifactFacts) -> String {
    let side = |facts: &ArtifactFacts| match facts.types {
        TypeEvidence::Read { .. } => None,
        TypeEvidence::NotNeeded => Some("was not asked for its types"),
        TypeEvidence::Absent => Some("has no usable debug information"),
    };
    match (side(old), side(new)) {
        (Some(a), Some(b)) if a == b => {
            format!("neither side {}", a.replacen("has no", "has", 1).replacen("was not", "was", 1))
        }
        (Some(a), Some(b)) => format!("the reference {a}, and the candidate {b}"),
        (Some(a), None) => format!("the reference {a}"),
        (None, Some(b)) => format!("the candidate {b}"),
        (None, None) => String::new(),
    }
}

/// Matched symbols by the evidence there is for their types.
#[derive(Default)]
struct ByEvidence<'a> {
    both: Vec<TypedPair<'a>>,
    one: Vec<SymbolName>,
    none: Vec<SymbolName>,
}

impl ByEvidence<'_> {
    /// Those that were not compared, sorted.
    fn untyped(&self) -> Vec<SymbolName> {
        let mut all: Vec<SymbolName> = self.one.iter().chain(&self.none).cloned().collect();
        all.sort();
        all
    }
}

struct TypedPair<'a> {
    symbols: SymbolPair,
    old: &'a Root,
    new: &'a Root,
}

fn sort_by_evidence<'a>(
    old: &ArtifactFacts,
    new: &ArtifactFacts,
    a: &'a TypeGraph,
    b: &'a TypeGraph,
    needing: &[SymbolPair],
) -> ByEvidence<'a> {
    let index = |graph: &'a TypeGraph| -> FxHashMap<u32, &'a Root> {
        graph.roots.iter().map(|r| (r.symbol, r)).collect()
    };
    let (roots_a, roots_b) = (index(a), index(b));
    let mut out = ByEvidence::default();
    for &pair in needing {
        let (x, y) = (&old.elf.symbols[pair.old], &new.elf.symbols[pair.new]);
        // The debug information of an indirect function describes its resolver.
        let comparable = (x.kind == SymbolKind::Ifunc) == (y.kind == SymbolKind::Ifunc);
        let roots = (roots_a.get(&(pair.old as u32)), roots_b.get(&(pair.new as u32)));
        let own = |graph: &TypeGraph, root: &Root, symbol: &Symbol| {
            root.source_name.is_none_or(|n| symbols::is_described_by(symbol.name.as_bstr(), graph.str(n)))
        };
        match roots {
            // Another function's entry at the same address says nothing of this one: compilers fold equal code.
            (Some(&r), Some(&s)) if !own(a, r, x) || !own(b, s, y) => {
                let neither = !own(a, r, x) && !own(b, s, y);
                if neither { &mut out.none } else { &mut out.one }.push(symbol_name(x));
            }
            // BTF has functions in assembler as such without parameters and result.
            (Some(&r), Some(&s)) if is_bare(a, r, b, s) || is_bare(b, s, a, r) => {
                out.one.push(symbol_name(x))
            }
            // Functions in assembler have no types.
            (Some(&r), Some(&s)) if is_assembler(a, r) != is_assembler(b, s) => out.one.push(symbol_name(x)),
            (Some(&r), Some(&s)) if comparable && r.kind == s.kind => {
                out.both.push(TypedPair { symbols: pair, old: r, new: s });
            }
            (None, None) => out.none.push(symbol_name(x)),
            _ => out.one.push(symbol_name(x)),
        }
    }
    out
}

/// Whether all that is known of a function is that it is written in assembler.
fn is_assembler(graph: &TypeGraph, root: &Root) -> bool {
    root.kind == RootKind::Function && matches!(graph.node(root.ty).kind, TypeKind::Unspecified { .. })
}

/// Whether the compact form says of a function that it takes and gives nothing, and DWARF says something else.
fn is_bare(compact: &TypeGraph, root: &Root, graph: &TypeGraph, other: &Root) -> bool {
    compact.is_void_function(root)
        && !graph.is_void_function(other)
        && compact.is_compact()
        && !graph.is_compact()
}

fn compared(sorted: &ByEvidence<'_>, need: usize) -> TypesCompared {
    let both = sorted.both.len();
    let why = || {
        format!(
            "debug information describes {both} of {need} exported functions and objects on both sides, and {} on \
             one side only",
            sorted.one.len()
        )
    };
    match both {
        _ if both == need => TypesCompared::Yes,
        0 => TypesCompared::No { why: why() },
        _ => TypesCompared::Partly { why: why() },
    }
}

fn untyped_gaps(old: &ArtifactFacts, sorted: &ByEvidence<'_>) -> Vec<Gap> {
    let gap = |names: &[SymbolName], text: &str| {
        let mut list: Vec<String> = names.iter().take(NAMES).map(|n| n.to_string()).collect();
        if names.len() > NAMES {
            list.push(format!("and {} more", names.len() - NAMES));
        }
        let (count, list) = (names.len(), list.join(", "));
        let noun = if count == 1 { "exported function or object" } else { "exported functions or objects" };
        Gap {
            kind: GapKind::UntypedSymbols,
            subject: old.path.clone(),
            detail: format!("{count} {noun} {text}: {list}"),
        }
    };
    let mut out = Vec::new();
    if !sorted.none.is_empty() {
        out.push(gap(&sorted.none, "without a type on either side"));
    }
    if !sorted.one.is_empty() {
        out.push(gap(&sorted.one, "with a type on one side only, which was not compared"));
    }
    out
}

/// Largest alignment of a scalar by psABI: the System V i386 ABI aligns everything to 4.
fn scalar_alignment(facts: &ArtifactFacts) -> u64 {
    match (facts.elf.machine, facts.elf.class) {
        (3, _) => 4,
        (4, _) => 2,
        (_, abide_model::ElfClass::Elf32) => 8,
        _ => SCALAR_ALIGNMENT,
    }
}

/// Whether the file exports something with a mangled name of C++.
fn is_cpp(facts: &ArtifactFacts) -> bool {
    facts.elf.exports().any(|(_, s)| s.name.starts_with(b"_Z"))
}

/// Symbols that name one function or object on both sides.
struct Group {
    kind: RootKind,
    names: Vec<SymbolName>,
    old: Root,
    new: Root,
}

struct Types<'a> {
    old_facts: &'a ArtifactFacts,
    new_facts: &'a ArtifactFacts,
    old: &'a TypeGraph,
    new: &'a TypeGraph,
    groups: Vec<Group>,
    diff: DiffGraph,
}

impl<'a> Types<'a> {
    fn new(
        old_facts: &'a ArtifactFacts,
        new_facts: &'a ArtifactFacts,
        old: &'a TypeGraph,
        new: &'a TypeGraph,
        pairs: &[TypedPair<'_>],
    ) -> Self {
        let (side_a, side_b) = Side::both(
            (old, scalar_alignment(old_facts), is_cpp(old_facts)),
            (new, scalar_alignment(new_facts), is_cpp(new_facts)),
        );
        let groups = group(old_facts, new_facts, &side_a, &side_b, pairs);
        let starts = (0u32..).zip(&groups).map(|(group, g)| Start {
            group,
            kind: g.kind,
            old: g.old.ty,
            new: g.new.ty,
            is_mangled: g.names.iter().any(|n| n.name.starts_with(b"_Z")),
        });
        let mut diff = diff::diff(&side_a, &side_b, starts);
        mark_constructed(&mut diff, &groups);
        Types { old_facts, new_facts, old, new, groups, diff }
    }

    fn findings(&self, options: &CompareOptions<'_>, judge: &Judge<'_>) -> Vec<Finding> {
        // Programs built before saw the reference's headers: what they could not see cannot break them.
        let headers = match options.old_is_consumer {
            true => Headers::of_consumer(),
            false => Headers::new(options.old_headers),
        };
        let is_private = |node: u32| self.is_private(node, &headers);
        let reaching = Reaching::find(&self.diff, |start| {
            self.group_of(self.diff.starts[start]).map_or(Vec::new(), |g| g.names.clone())
        });
        let changed = (0u32..).zip(&self.diff.nodes).filter(|(_, node)| !node.changes.is_empty());
        let starts = self.diff.starts.iter().filter_map(|&node| {
            let group = self.group_of(node)?;
            Some((node, &group.old, &group.new))
        });
        let covered = judge.covers(&self.diff, (self.old, self.new), starts);
        // What is suppressed exposes nothing; only what nothing else reaches is described by the ways through it.
        let all = Ways::find(&self.diff, is_private, |_, _| true);
        let open = covered.as_ref().map(|c| Ways::find(&self.diff, is_private, |n, e| c.is_open(n, e)));
        changed
            .flat_map(|(index, _)| {
                let is_seen = covered.as_ref().is_some_and(|c| c.is_seen(index));
                let ways = open.as_ref().filter(|_| is_seen).unwrap_or(&all);
                let covers = covered.as_ref().map(|c| &c.changes[index as usize]);
                judge.typed(self.draft(index, ways, &reaching, &headers), covers)
            })
            .collect()
    }

    /// What is nearest to each symbol whose type differs.
    fn nearest(&self) -> Vec<Nearest> {
        let ways = Ways::find(&self.diff, |_| false, |_, _| true);
        let mut names: FxHashMap<u32, Subject> = FxHashMap::default();
        let mut subject = |node: u32| {
            let name = || match self.group_of(node) {
                Some(group) => Subject::Symbol(group.names[0].clone()),
                None => Subject::Type(self.name(node, &ways)),
            };
            names.entry(node).or_insert_with(name).clone()
        };
        let near = nearest::nodes(&self.diff);
        let of_start = |(start, found): (&u32, Vec<(u32, u32)>)| {
            let group = self.group_of(*start)?;
            let differences = found.into_iter().map(|(node, steps)| (subject(node), steps)).collect();
            Some(Nearest { symbols: group.names.clone(), differences })
        };
        self.diff.starts.iter().zip(near).filter_map(of_start).collect()
    }

    fn is_private(&self, node: u32, headers: &Headers<'_>) -> bool {
        let node = &self.diff.nodes[node as usize];
        let decl = self.old.node(node.old).decl;
        node.owner == Owner::Tagged && decl.is_some_and(|d| headers.is_private(self.old.str(d.file)))
    }

    fn group_of(&self, node: u32) -> Option<&Group> {
        match self.diff.nodes[node as usize].owner {
            Owner::Symbol { group, .. } => self.groups.get(group as usize),
            _ => None,
        }
    }

    /// Whether all that changed is the slot of a member function whose class consumers cannot see: who calls
    /// through a table or derives from a class has its definition.
    fn is_private_slot(&self, changes: &[Change], group: &Group, headers: &Headers<'_>) -> bool {
        let is_slot = |change: &Change| {
            matches!(change.fact, Fact::VirtualMoved | Fact::VirtualAdded(_) | Fact::VirtualRemoved { .. })
        };
        let is_private = |decl: DeclLocation| headers.is_private_header(self.old.str(decl.file));
        changes.iter().all(is_slot) && group.old.decl.is_some_and(is_private)
    }

    fn draft(&self, index: u32, ways: &Ways<'_>, reaching: &Reaching, headers: &Headers<'_>) -> Draft {
        let node = &self.diff.nodes[index as usize];
        let (old, new) = (self.evidence(index, true), self.evidence(index, false));
        let changes = node.changes.clone();
        let exposure = Some(ways.exposure(index));
        if let Some(group) = self.group_of(index) {
            let is_private = self.is_private_slot(&changes, group, headers);
            let exposure = if is_private { Some(Exposure::Opaque) } else { exposure };
            return Draft {
                subject: Subject::Symbol(group.names[0].clone()),
                headline: Some(headline(group)),
                changes,
                old,
                new,
                exposure,
                is_passed: false,
                path: Vec::new(),
                symbols: group.names.clone().into(),
            };
        }
        let name = self.name(index, ways);
        let headline = if node.owner == Owner::Typedef { format!("typedef {name}") } else { name.clone() };
        Draft {
            subject: Subject::Type(name),
            headline: Some(headline),
            changes,
            old,
            new,
            exposure,
            is_passed: ways.is_passed(index),
            path: self.path(index, ways),
            symbols: reaching.symbols(index),
        }
    }

    /// The name under which a type is reported.
    fn name(&self, index: u32, ways: &Ways<'_>) -> String {
        let node = &self.diff.nodes[index as usize];
        let text = spell::spell(self.old, node.old);
        match (is_unnamed(self.old.kind(node.old)), node.alias) {
            (false, _) => text,
            (true, Some(alias)) => spell::spell(self.old, alias),
            (true, None) => format!("{text} ({})", self.whereabouts(index, ways)),
        }
    }

    /// Where an unnamed type is found: `member 'pos' of struct foo`.
    fn whereabouts(&self, index: u32, ways: &Ways<'_>) -> String {
        let mut text = String::new();
        for (from, edge) in ways.path(index).1.into_iter().rev() {
            let node = &self.diff.nodes[from as usize];
            let name =
                if node.owner == Owner::Typedef { spell::spell(self.old, node.old) } else { String::new() };
            let words = diff::words_from(self.old, &edge.steps, name);
            text = if text.is_empty() { words } else { format!("{text} of {words}") };
            if let Some(group) = self.group_of(from) {
                return format!("{text} of {}", headline(group));
            }
            // The nearest type with a name is enough.
            match (node.owner, is_unnamed(self.old.kind(node.old)), node.alias) {
                (Owner::Typedef, ..) => return text,
                (_, false, _) => return format!("{text} of {}", spell::spell(self.old, node.old)),
                (_, true, Some(alias)) => return format!("{text} of {}", spell::spell(self.old, alias)),
                (_, true, None) => {}
            }
        }
        text
    }

    /// The way from a symbol, step by step.
    fn path(&self, index: u32, ways: &Ways<'_>) -> Vec<PathStep> {
        let (start, edges) = ways.path(index);
        let mut out = Vec::new();
        if let Some(group) = self.group_of(start) {
            let via = headline(group);
            out.push(PathStep { via, ty: spell::spell(self.old, group.old.ty) });
        }
        for (_, edge) in edges {
            out.extend(edge.steps.iter().map(|step| PathStep {
                via: diff::step_words(self.old, step),
                ty: spell::spell(self.old, step.old),
            }));
            if let Some(last) = out.last_mut().filter(|_| edge.reach == Reach::Construct) {
                last.via = "constructs".to_string();
            }
        }
        out
    }

    fn evidence(&self, index: u32, is_old: bool) -> Evidence {
        let node = &self.diff.nodes[index as usize];
        let (facts, graph) = if is_old { (self.old_facts, self.old) } else { (self.new_facts, self.new) };
        let ty = if is_old { node.old } else { node.new };
        let type_node = graph.node(ty);
        let (value, decl, origin) = match self.group_of(index) {
            Some(group) => {
                let root = if is_old { &group.old } else { &group.new };
                (signature(graph, root, group), root.decl, root.origin)
            }
            None => (diff::describe(graph, ty), type_node.decl, type_node.origin),
        };
        let file = |file: StrId| graph.str(file).to_string();
        Evidence {
            value,
            artifact: evidence_file(facts, origin.is_some_and(|o| o.in_supplementary)),
            section: Some(".debug_info".to_string()),
            offset: origin.map(|o| o.offset),
            declaration: decl.map(|d| match d.line {
                0 => file(d.file),
                line => format!("{}:{line}", file(d.file)),
            }),
        }
    }
}

/// What a constructor's `this` points to is memory that its caller gives: a program that constructs an object, or
/// derives from the class, has the size and layout of its headers compiled in.
fn mark_constructed(diff: &mut DiffGraph, groups: &[Group]) {
    for &start in &diff.starts {
        let node = &mut diff.nodes[start as usize];
        let Owner::Symbol { group, .. } = node.owner else { continue };
        let names = groups.get(group as usize).map_or(&[][..], |g| &g.names);
        if !names.iter().any(|n| symbols::is_constructor(n.name.as_bstr())) {
            continue;
        }
        for edge in &mut node.edges {
            let vias: Vec<Via> = edge.steps.iter().map(|s| s.via).collect();
            if let [Via::Parameter { index: 0, .. }, Via::Pointee] = vias[..] {
                edge.reach = Reach::Construct;
            }
        }
    }
}

/// Whether a record or enum has no name of its own.
fn is_unnamed(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Record(record) => record.name.is_none(),
        TypeKind::Enum(e) => e.name.is_none(),
        _ => false,
    }
}

/// The file whose `.debug_info` was read: the artifact, its debug file, or the supplementary one.
fn evidence_file(facts: &ArtifactFacts, in_supplementary: bool) -> BString {
    match &facts.types {
        TypeEvidence::Read { supplementary: Some(path), .. } if in_supplementary => path.clone(),
        TypeEvidence::Read { source: DebugSource::Separate { path, .. }, .. } => path.clone(),
        _ => facts.path.clone(),
    }
}

/// Groups symbols that name one thing on both sides, in the order of the first of each.
fn group(
    old: &ArtifactFacts,
    new: &ArtifactFacts,
    a: &Side<'_>,
    b: &Side<'_>,
    pairs: &[TypedPair<'_>],
) -> Vec<Group> {
    type Key = (SymbolSection, u64, SymbolSection, u64, u128, u128);
    let mut known: FxHashMap<Key, usize> = FxHashMap::default();
    let mut out: Vec<Group> = Vec::new();
    for pair in pairs {
        let (x, y) = (&old.elf.symbols[pair.symbols.old], &new.elf.symbols[pair.symbols.new]);
        if diff::is_same(a, b, pair.old.ty, pair.new.ty) {
            continue;
        }
        let (hash_a, hash_b) = (a.hash(pair.old.ty).0, b.hash(pair.new.ty).0);
        let key = (x.section, x.address, y.section, y.address, hash_a, hash_b);
        let at = *known.entry(key).or_insert_with(|| {
            out.push(Group {
                kind: pair.old.kind,
                names: Vec::new(),
                old: pair.old.clone(),
                new: pair.new.clone(),
            });
            out.len() - 1
        });
        out[at].names.push(symbol_name(x));
    }
    out.iter_mut().for_each(|g| g.names.sort());
    out
}

/// `function zfs_open`.
fn headline(group: &Group) -> String {
    let noun = if group.kind == RootKind::Function { "function" } else { "object" };
    let name = &group.names[0].name;
    let readable = crate::demangle::demangle(name.as_bstr()).unwrap_or_else(|| name.to_string());
    match group.names.len() {
        1 => format!("{noun} {readable}"),
        2 => format!("{noun} {readable} (and 1 alias)"),
        n => format!("{noun} {readable} (and {} aliases)", n - 1),
    }
}

/// The declaration as the reference or candidate has it.
fn signature(graph: &TypeGraph, root: &Root, group: &Group) -> String {
    let name = match root.source_name {
        Some(name) => graph.str(name).to_string(),
        None => group.names[0].name.to_string(),
    };
    spell::declare(graph, root.ty, &name)
}
