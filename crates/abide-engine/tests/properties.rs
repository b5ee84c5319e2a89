//! What holds for every pair: nothing differs from itself or from its own copy, the mirrored pair has the same
//! subjects, and the order of nodes does not show.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use abide_engine::{CompareOptions, Comparison, compare, fixture};
use abide_model::{
    ArtifactFacts, Base, BaseEncoding, BaseSpec, EnumType, Enumerator, Exposure, Finding, FunctionType,
    Member, Parameter, PointerKind, Qualifier, RecordKeyword, RecordType, TypeEvidence, TypeGraph, TypeId,
    TypeKind, VirtualMethod,
};
use proptest::prelude::*;

fn run(old: &ArtifactFacts, new: &ArtifactFacts) -> Comparison {
    compare(old, new, &CompareOptions::default())
}

fn graph_mut(facts: &mut ArtifactFacts) -> &mut TypeGraph {
    match &mut facts.types {
        TypeEvidence::Read { graph, .. } => graph,
        _ => panic!("a fixture has types"),
    }
}

/// A library as its author thinks of it.
#[derive(Clone, Debug)]
struct Library {
    /// Members of each record, by name and kind of type.
    records: Vec<Vec<(u8, Kind)>>,
    enumerators: Vec<(u8, i8)>,
    functions: Vec<(u8, Vec<Kind>)>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Base(u8),
    Pointer(u8),
    /// By value, of a record with a lower number.
    Embed(u8),
    Array(u8),
    Enum,
    Callback(u8),
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        any::<u8>().prop_map(Kind::Base),
        any::<u8>().prop_map(Kind::Pointer),
        any::<u8>().prop_map(Kind::Embed),
        (1u8..5).prop_map(Kind::Array),
        Just(Kind::Enum),
        any::<u8>().prop_map(Kind::Callback),
    ]
}

fn library() -> impl Strategy<Value = Library> {
    let member = (0u8..6, kind());
    let records = prop::collection::vec(prop::collection::vec(member, 0..6), 1..6);
    let enumerators = prop::collection::vec((0u8..6, -2i8..6), 1..5);
    let functions = prop::collection::vec((0u8..8, prop::collection::vec(kind(), 0..4)), 1..6);
    (records, enumerators, functions).prop_map(|(records, enumerators, functions)| Library {
        records,
        enumerators,
        functions,
    })
}

/// One edit of a library; `at` chooses where.
#[derive(Clone, Debug)]
enum Edit {
    AddMember(usize, u8, Kind),
    DropMember(usize),
    Retype(usize, Kind),
    SwapMembers(usize),
    DropFunction(usize),
    AddFunction(u8, Kind),
    AddParameter(usize, Kind),
    Enumerator(u8, i8),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<usize>(), 0u8..8, kind()).prop_map(|(at, name, k)| Edit::AddMember(at, name, k)),
        any::<usize>().prop_map(Edit::DropMember),
        (any::<usize>(), kind()).prop_map(|(at, k)| Edit::Retype(at, k)),
        any::<usize>().prop_map(Edit::SwapMembers),
        any::<usize>().prop_map(Edit::DropFunction),
        (0u8..12, kind()).prop_map(|(name, k)| Edit::AddFunction(name, k)),
        (any::<usize>(), kind()).prop_map(|(at, k)| Edit::AddParameter(at, k)),
        (0u8..8, -2i8..8).prop_map(|(name, value)| Edit::Enumerator(name, value)),
    ]
}

impl Library {
    fn apply(&mut self, edit: &Edit) {
        let count = self.records.len();
        match edit {
            Edit::AddMember(at, name, k) => self.records[at % count].push((*name, *k)),
            Edit::DropMember(at) => drop(self.records[at % count].pop()),
            Edit::Retype(at, k) => {
                if let Some(first) = self.records[at % count].first_mut() {
                    first.1 = *k;
                }
            }
            Edit::SwapMembers(at) => self.records[at % count].reverse(),
            Edit::DropFunction(at) => {
                if self.functions.len() > 1 {
                    let at = at % self.functions.len();
                    self.functions.remove(at);
                }
            }
            Edit::AddFunction(name, k) => self.functions.push((*name, vec![*k])),
            Edit::AddParameter(at, k) => {
                let at = at % self.functions.len();
                self.functions[at].1.push(*k);
            }
            Edit::Enumerator(name, value) => self.enumerators.push((*name, *value)),
        }
    }

    fn text(&self) -> String {
        let mut out = String::from("enum e {");
        let mut seen = BTreeSet::new();
        for (name, value) in self.enumerators.iter().filter(|(n, _)| seen.insert(*n)) {
            write!(out, " E{name} = {value},").unwrap();
        }
        out += " }\n";
        for (index, members) in self.records.iter().enumerate() {
            write!(out, "struct r{index} {{").unwrap();
            let mut seen = BTreeSet::new();
            for (name, k) in members.iter().filter(|(n, _)| seen.insert(*n)) {
                write!(out, " m{name}: {};", self.kind(*k, index)).unwrap();
            }
            out += " }\n";
        }
        let mut seen = BTreeSet::new();
        for (name, parameters) in self.functions.iter().filter(|(n, _)| seen.insert(*n)) {
            let types: Vec<String> = parameters.iter().map(|k| self.kind(*k, self.records.len())).collect();
            writeln!(out, "fn f{name}({}) -> struct r0 *", types.join(", ")).unwrap();
        }
        out
    }

    fn kind(&self, kind: Kind, below: usize) -> String {
        const BASES: [&str; 8] = ["int", "long", "char", "float", "double", "unsigned int", "short", "bool"];
        let all = self.records.len();
        match kind {
            Kind::Base(n) => BASES[n as usize % BASES.len()].to_string(),
            Kind::Pointer(n) => format!("struct r{} *", n as usize % all),
            Kind::Embed(_) if below == 0 => "int".to_string(),
            Kind::Embed(n) => format!("struct r{}", n as usize % below),
            Kind::Array(n) => format!("int[{n}]"),
            Kind::Enum => "enum e".to_string(),
            Kind::Callback(n) => format!("(fn(struct r{} *) -> int) *", n as usize % all),
        }
    }

    fn facts(&self) -> ArtifactFacts {
        fixture::artifact("lib.so", &self.text()).unwrap_or_else(|e| panic!("{e}\n{}", self.text()))
    }
}

/// The same graph with its nodes in another order.
fn permuted(facts: &ArtifactFacts, keys: &[u32]) -> ArtifactFacts {
    let mut out = facts.clone();
    let graph = graph_mut(&mut out);
    let mut order: Vec<usize> = (0..graph.nodes.len()).collect();
    order.sort_by_key(|&i| (keys[i % keys.len()].wrapping_mul(i as u32 + 1), i));
    let mut place = vec![TypeId(0); order.len()];
    order.iter().enumerate().for_each(|(new, &old)| place[old] = TypeId(new as u32));
    let old_nodes = std::mem::take(&mut graph.nodes);
    graph.nodes = order.iter().map(|&i| old_nodes[i].clone()).collect();
    graph.nodes.iter_mut().for_each(|n| redirect(&mut n.kind, &mut |id| place[id.0 as usize]));
    graph.roots.iter_mut().for_each(|r| r.ty = place[r.ty.0 as usize]);
    out
}

/// The same types stored twice: every reference goes to one of the two copies.
fn doubled(facts: &ArtifactFacts, choice: &[bool]) -> ArtifactFacts {
    let mut out = facts.clone();
    let graph = graph_mut(&mut out);
    let count = graph.nodes.len() as u32;
    graph.nodes.extend(graph.nodes.clone());
    let mut at = 0;
    let mut copy = |id: TypeId| {
        at += 1;
        TypeId(id.0 + if choice[at % choice.len()] { count } else { 0 })
    };
    graph.nodes.iter_mut().for_each(|n| redirect(&mut n.kind, &mut copy));
    graph.roots.iter_mut().for_each(|r| r.ty = copy(r.ty));
    out.digest.as_mut().unwrap().0[30] ^= 1;
    out
}

fn redirect(kind: &mut TypeKind, f: &mut impl FnMut(TypeId) -> TypeId) {
    match kind {
        TypeKind::Pointer { target, .. }
        | TypeKind::Qualified { target, .. }
        | TypeKind::Typedef { target, .. } => *target = f(*target),
        TypeKind::MemberPointer { class, target } => {
            *class = f(*class);
            *target = f(*target);
        }
        TypeKind::Array { element, .. } => *element = f(*element),
        TypeKind::Function(function) => {
            function.return_type = f(function.return_type);
            function.parameters.iter_mut().for_each(|p| p.ty = f(p.ty));
        }
        TypeKind::Record(record) => {
            record.bases.iter_mut().for_each(|b| b.ty = f(b.ty));
            record.members.iter_mut().for_each(|m| m.ty = f(m.ty));
            record.virtual_methods.iter_mut().for_each(|v| v.ty = f(v.ty));
        }
        TypeKind::Enum(e) => e.underlying = e.underlying.map(f),
        TypeKind::Ambiguous { candidates, .. } => candidates.iter_mut().for_each(|c| *c = f(*c)),
        _ => {}
    }
}

/// A graph as a hostile file might give it: any node refers to any other.
fn hostile(seeds: &[(u8, u32, u32, u64)]) -> ArtifactFacts {
    let mut facts = fixture::artifact("lib.so", "fn f(int)\nfn g(long)\nvar v: int").unwrap();
    let graph = graph_mut(&mut facts);
    let count = seeds.len() as u32;
    let names: Vec<_> = ["a", "b", "reserved", "V<A*>"].map(|n| graph.strings.intern(n.as_bytes())).into();
    graph.nodes.clear();
    for &(tag, a, b, number) in seeds {
        let (x, y) = (TypeId(a % count), TypeId(b % count));
        let name = names[a as usize % names.len()];
        let kind = match tag % 14 {
            0 => TypeKind::Void,
            1 => {
                let encoding =
                    [BaseEncoding::Signed, BaseEncoding::Float, BaseEncoding::Other(3)][b as usize % 3];
                TypeKind::Base(BaseSpec { name, size_bytes: number, encoding })
            }
            2 | 3 => TypeKind::Pointer { kind: PointerKind::Pointer, target: x, size_bytes: number },
            4 => TypeKind::Qualified { qualifier: Qualifier::Const, target: x },
            5 => TypeKind::Typedef { name, target: x },
            6 => TypeKind::Array { element: x, dimensions: vec![Some(number), None], is_vector: b % 2 == 0 },
            7 => TypeKind::Function(FunctionType {
                return_type: x,
                parameters: vec![
                    Parameter { name: Some(name), ty: y, is_artificial: false },
                    Parameter { name: None, ty: x, is_artificial: true },
                ],
                is_variadic: b % 2 == 0,
                is_prototyped: true,
                is_noreturn: false,
                virtual_slot: None,
                calling_convention: None,
            }),
            8..=10 => TypeKind::Record(record(tag, name, x, y, number)),
            11 => TypeKind::Enum(EnumType {
                name: Some(name),
                size_bytes: number,
                underlying: Some(x),
                is_scoped: false,
                enumerators: vec![Enumerator { name, value: i128::from(number) }],
            }),
            12 => TypeKind::MemberPointer { class: x, target: y },
            _ => TypeKind::Ambiguous { name, candidates: vec![x, y] },
        };
        graph.push(kind);
    }
    let last = graph.roots.len();
    graph.roots.iter_mut().zip(0..last).for_each(|(root, i)| root.ty = TypeId(i as u32 % count));
    facts
}

fn record(tag: u8, name: abide_model::StrId, x: TypeId, y: TypeId, number: u64) -> RecordType {
    let member = |name, ty, offset_bits, bit_size| Member {
        name,
        ty,
        offset_bits,
        bit_size,
        is_artificial: false,
        decl_line: 0,
    };
    let keyword = [RecordKeyword::Struct, RecordKeyword::Class, RecordKeyword::Union][tag as usize % 3];
    let method =
        VirtualMethod { name, linkage_name: None, slot: Some(number), ty: x, is_pure: false, decl_line: 0 };
    RecordType {
        keyword,
        name: (!number.is_multiple_of(3)).then_some(name),
        size_bytes: number,
        alignment_bytes: number.is_multiple_of(5).then_some(number),
        pass_by: None,
        bases: vec![Base { ty: y, offset_bytes: Some(0), is_virtual: false }],
        members: vec![
            member(None, x, number, None),
            member(Some(name), y, number.wrapping_mul(8), None),
            member(Some(name), x, u64::MAX, Some(number)),
        ],
        virtual_methods: if tag == 9 { vec![method] } else { Vec::new() },
    }
}

fn hostile_seeds() -> impl Strategy<Value = Vec<(u8, u32, u32, u64)>> {
    let number = prop_oneof![0u64..32, any::<u64>()];
    prop::collection::vec((any::<u8>(), any::<u32>(), any::<u32>(), number), 1..24)
}

/// Subjects with their exposure; where another type stands in the place of one, each side has its own name.
fn subjects(comparison: &Comparison) -> BTreeSet<(String, Option<Exposure>)> {
    let replaced =
        |f: &&Finding| f.details.iter().any(|d| ["type-replaced", "type-renamed"].contains(&d.rule));
    let named = comparison.findings.iter().filter(|f| !replaced(f));
    named.map(|f| (format!("{:?}", f.subject), f.exposure)).collect()
}

fn count(comparison: &Comparison, rule: &str) -> usize {
    comparison.findings.iter().filter(|f| f.rule == rule).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_differs_from_its_copy(
        library in library(),
        keys in prop::collection::vec(any::<u32>(), 1..50),
        choice in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let facts = library.facts();
        let mut other = permuted(&facts, &keys);
        other.digest.as_mut().unwrap().0[31] ^= 1;
        prop_assert_eq!(run(&facts, &other).findings, vec![]);
        prop_assert_eq!(run(&facts, &doubled(&facts, &choice)).findings, vec![]);
    }

    #[test]
    fn the_mirror_has_the_same_subjects(library in library(), edits in prop::collection::vec(edit(), 1..5)) {
        let mut other = library.clone();
        edits.iter().for_each(|e| other.apply(e));
        let (a, b) = (library.facts(), other.facts());
        let (forth, back) = (run(&a, &b), run(&b, &a));
        prop_assert_eq!(subjects(&forth), subjects(&back), "{}\n{}", library.text(), other.text());
        prop_assert_eq!(count(&forth, "symbol-added"), count(&back, "symbol-removed"));
        prop_assert_eq!(count(&forth, "symbol-removed"), count(&back, "symbol-added"));
    }

    #[test]
    fn the_order_of_nodes_does_not_show(
        library in library(),
        edits in prop::collection::vec(edit(), 1..5),
        keys in prop::collection::vec(any::<u32>(), 1..50),
        choice in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let mut other = library.clone();
        edits.iter().for_each(|e| other.apply(e));
        let (a, b) = (library.facts(), other.facts());
        let plain = run(&a, &b);
        prop_assert_eq!(&run(&permuted(&a, &keys), &b).findings, &plain.findings);
        prop_assert_eq!(&run(&a, &permuted(&b, &keys)).findings, &plain.findings);
        // A type that is stored twice is still one finding.
        prop_assert_eq!(&run(&doubled(&a, &choice), &b).findings, &plain.findings);
    }

    #[test]
    fn a_change_is_found_and_judged(library in library(), edits in prop::collection::vec(edit(), 1..5)) {
        let mut other = library.clone();
        edits.iter().for_each(|e| other.apply(e));
        let comparison = run(&library.facts(), &other.facts());
        for finding in &comparison.findings {
            prop_assert!(!finding.summary.is_empty() && !finding.details.is_empty() && !finding.why.is_empty());
            prop_assert_eq!(Some(finding.level), finding.details.iter().map(|d| d.level).max());
            prop_assert!(finding.symbols.is_sorted());
            if matches!(finding.subject, abide_model::Subject::Type(_)) {
                prop_assert!(finding.path.len() >= 2 && !finding.symbols.is_empty());
            }
        }
    }

    #[test]
    fn hostile_graphs_are_survived(
        a in hostile_seeds(),
        b in hostile_seeds(),
        choice in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let (x, y) = (hostile(&a), hostile(&b));
        run(&x, &y);
        run(&y, &x);
        prop_assert_eq!(run(&x, &doubled(&x, &choice)).findings, vec![]);
    }
}
