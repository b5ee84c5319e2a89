//! Which export has which type: by name, since neither BTF nor CTF states addresses.
//!
//! A name proves less than an address. Where a name has several types (a static function of the same name in another
//! source), or belongs to several symbols (versions of one name), nothing is taken.

use abide_model::{ElfFacts, RootKind, Symbol, SymbolKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Ref, Shape, Table};

/// How sure it is that an entry is about the exported thing of that name; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Private to its source, or not stated.
    Static,
    /// A declaration of something that is defined elsewhere.
    Extern,
    /// The definition that other sources see.
    Global,
}

/// An entry that names a function or variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'d> {
    pub(crate) name: &'d [u8],
    pub(crate) kind: RootKind,
    /// The function's prototype, or the variable's type.
    pub(crate) ty: Ref,
    pub(crate) rank: Rank,
}

/// An export and its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypedExport<'d> {
    pub(crate) symbol: u32,
    pub(crate) kind: RootKind,
    pub(crate) ty: Ref,
    pub(crate) source_name: &'d [u8],
}

/// What came of matching.
#[derive(Debug, Default)]
pub(crate) struct Matched<'d> {
    /// Sorted by symbol.
    pub(crate) roots: Vec<TypedExport<'d>>,
    /// Names with several different types.
    pub(crate) contradicted: Vec<&'d [u8]>,
    /// Names of several symbols at different places.
    pub(crate) shared: Vec<&'d [u8]>,
}

/// The exported names and what is said of each.
pub(crate) struct Exports<'f, 'd> {
    facts: &'f ElfFacts,
    /// Exports of one name, as indexes of symbols.
    names: Vec<Vec<u32>>,
    by_name: FxHashMap<&'f [u8], u32>,
    /// Candidates of the best rank so far, parallel to `names`.
    candidates: Vec<Vec<Candidate<'d>>>,
}

impl<'f, 'd> Exports<'f, 'd> {
    pub(crate) fn new(facts: &'f ElfFacts) -> Self {
        let (mut names, mut by_name) = (Vec::<Vec<u32>>::new(), FxHashMap::default());
        for (index, symbol) in facts.exports() {
            let known = *by_name.entry(symbol.name.as_slice()).or_insert_with(|| {
                names.push(Vec::new());
                names.len() as u32 - 1
            });
            names[known as usize].push(index as u32);
        }
        let candidates = vec![Vec::new(); names.len()];
        Exports { facts, names, by_name, candidates }
    }

    /// Notes what an entry says.
    pub(crate) fn consider(&mut self, candidate: Candidate<'d>) {
        let Some(&name) = self.by_name.get(candidate.name) else { return };
        let accepts = |&symbol: &u32| accepts(&self.facts.symbols[symbol as usize], candidate.kind);
        if !self.names[name as usize].iter().any(accepts) {
            return;
        }
        let known = &mut self.candidates[name as usize];
        match known.first().map(|first| candidate.rank.cmp(&first.rank)) {
            Some(std::cmp::Ordering::Less) => {}
            Some(std::cmp::Ordering::Equal) => known.push(candidate),
            Some(std::cmp::Ordering::Greater) => *known = vec![candidate],
            None => known.push(candidate),
        }
    }

    /// The exports with one type each.
    pub(crate) fn matched<T: Table>(&self, table: &T) -> Matched<'d> {
        let mut signatures = Signatures::default();
        let mut matched = Matched::default();
        for (symbols, candidates) in self.names.iter().zip(&self.candidates) {
            let Some(&first) = candidates.first() else { continue };
            let is_same = |other: &Candidate<'_>| {
                other.kind == first.kind && signatures.are_equal(table, first.ty, other.ty)
            };
            if !candidates[1..].iter().all(is_same) {
                matched.contradicted.push(first.name);
                continue;
            }
            let accepted = |&&s: &&u32| accepts(&self.facts.symbols[s as usize], first.kind);
            let accepted: Vec<u32> = symbols.iter().filter(accepted).copied().collect();
            let place = |s: u32| place(&self.facts.symbols[s as usize]);
            if accepted.windows(2).any(|pair| place(pair[0]) != place(pair[1])) {
                matched.shared.push(first.name);
                continue;
            }
            let Candidate { kind, ty, name, .. } = first;
            let typed = |symbol| TypedExport { symbol, kind, ty, source_name: name };
            matched.roots.extend(accepted.into_iter().map(typed));
        }
        matched.roots.sort_unstable_by_key(|root| root.symbol);
        self.add_aliases(&mut matched.roots);
        matched
    }

    /// A symbol that no entry names has the type of the export at the same place, as an alias has.
    fn add_aliases(&self, roots: &mut Vec<TypedExport<'d>>) {
        let key = |symbol: &Symbol| {
            let may_be_alias = symbol.size_bytes > 0
                && matches!(symbol.kind, SymbolKind::Func | SymbolKind::Object)
                && matches!(symbol.section, abide_model::SymbolSection::Index(_));
            may_be_alias.then(|| (place(symbol), symbol.size_bytes, symbol.kind))
        };
        let mut at_place = FxHashMap::default();
        for root in roots.iter() {
            if let Some(key) = key(&self.facts.symbols[root.symbol as usize]) {
                at_place.entry(key).or_insert(*root);
            }
        }
        let typed: FxHashSet<u32> = roots.iter().map(|root| root.symbol).collect();
        for (index, symbol) in self.facts.exports() {
            let index = index as u32;
            // What is said of the own name, though it contradicts itself, goes before what a neighbour has.
            let is_named = self.by_name.get(symbol.name.as_slice());
            let is_named = is_named.is_some_and(|&name| !self.candidates[name as usize].is_empty());
            if is_named || typed.contains(&index) {
                continue;
            }
            if let Some(found) = key(symbol).and_then(|key| at_place.get(&key)) {
                roots.push(TypedExport { symbol: index, ..*found });
            }
        }
        roots.sort_unstable_by_key(|root| root.symbol);
    }
}

/// Where a symbol is; two symbols of one place are one thing.
fn place(symbol: &Symbol) -> (abide_model::SymbolSection, u64) {
    (symbol.section, symbol.address)
}

fn accepts(symbol: &Symbol, kind: RootKind) -> bool {
    match symbol.kind {
        SymbolKind::Func | SymbolKind::Ifunc => kind == RootKind::Function,
        SymbolKind::Object | SymbolKind::Tls | SymbolKind::Common => kind == RootKind::Variable,
        _ => true,
    }
}

/// Prototypes without names of parameters, each content once.
#[derive(Default)]
struct Signatures {
    by_type: FxHashMap<Ref, u32>,
    by_content: FxHashMap<Vec<u32>, u32>,
}

impl Signatures {
    /// Whether two types are the same as far as the table's numbers tell.
    fn are_equal<T: Table>(&mut self, table: &T, one: Ref, other: Ref) -> bool {
        one == other || self.of(table, one) == self.of(table, other)
    }

    fn of<T: Table>(&mut self, table: &T, id: Ref) -> u32 {
        if let Some(&known) = self.by_type.get(&id) {
            return known;
        }
        let content = match table.shape(id) {
            Shape::Function { returned, is_variadic, .. } => {
                let mut words = vec![1, returned.0, u32::from(is_variadic)];
                words.extend(table.parameters(id).map(|(_, ty)| ty.0));
                words
            }
            _ => vec![0, id.0],
        };
        let next = self.by_content.len() as u32;
        let signature = *self.by_content.entry(content).or_insert(next);
        self.by_type.insert(id, signature);
        signature
    }
}
