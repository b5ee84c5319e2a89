//! Which rules cover an exported symbol: `[suppress_function]`, `[suppress_variable]`, symbol lists.

use abide_model::{
    ArtifactFacts, FunctionType, Root, RootKind, Symbol, SymbolKind, SymbolSection, TypeGraph, TypeKind,
};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::active::Active;
use super::names::{type_name, without_parameters};
use super::spec::{ChangeKind, NameSpec, Spec, SymbolSpec};

/// Exported symbols of one side by their place.
pub(super) struct Aliases<'a> {
    facts: Option<&'a ArtifactFacts>,
    places: FxHashMap<(SymbolSection, u64), Vec<usize>>,
}

impl<'a> Aliases<'a> {
    pub(super) fn new(facts: Option<&'a ArtifactFacts>) -> Self {
        let mut places: FxHashMap<_, Vec<usize>> = FxHashMap::default();
        for (index, symbol) in facts.into_iter().flat_map(|f| f.elf.exports()) {
            places.entry((symbol.section, symbol.address)).or_default().push(index);
        }
        Aliases { facts, places }
    }

    /// All names of the function or object that `symbol` names, itself included.
    fn of(&self, index: usize) -> Vec<View<'a>> {
        let Some(facts) = self.facts else { return Vec::new() };
        let symbol = &facts.elf.symbols[index];
        let same = self.places.get(&(symbol.section, symbol.address)).map_or(&[][..], Vec::as_slice);
        let alike = |i: &usize| facts.elf.symbols[*i].is_data() == symbol.is_data();
        let mut out: Vec<usize> = same.iter().copied().filter(alike).collect();
        if !out.contains(&index) {
            out.push(index);
        }
        out.into_iter().map(|index| View::new(facts, index)).collect()
    }
}

/// A symbol with what is known of its declaration.
struct View<'a> {
    symbol: &'a Symbol,
    root: Option<&'a Root>,
    graph: Option<&'a TypeGraph>,
}

impl<'a> View<'a> {
    fn new(facts: &'a ArtifactFacts, index: usize) -> Self {
        let graph = facts.types.graph();
        let root = graph.and_then(|g| {
            let at = g.roots.binary_search_by_key(&(index as u32), |r| r.symbol).ok()?;
            Some(&g.roots[at])
        });
        View { symbol: &facts.elf.symbols[index], root, graph }
    }

    /// Qualified names in the sources; the symbol's own when nothing else is known.
    fn names(&self) -> Vec<BString> {
        let mut out = Vec::new();
        if let (Some(graph), Some(name)) = (self.graph, self.root.and_then(|r| r.source_name)) {
            out.push(graph.str(name).to_owned());
        }
        match crate::demangle::demangle(self.symbol.name.as_bstr()) {
            Some(text) => out.push(without_parameters(&text).into()),
            None if out.is_empty() => out.push(self.symbol.name.clone()),
            None => {}
        }
        out
    }

    fn function(&self) -> Option<(&'a TypeGraph, &'a FunctionType)> {
        match self.graph?.kind(self.root?.ty) {
            TypeKind::Function(function) => Some((self.graph?, function)),
            _ => None,
        }
    }
}

impl Active<'_> {
    /// The first rule that covers a change of a symbol.
    pub(super) fn covers_symbol(
        &self,
        old: Option<usize>,
        new: Option<usize>,
        change: ChangeKind,
    ) -> Option<usize> {
        let sides: Vec<Vec<View<'_>>> = [(0, old), (1, new)]
            .into_iter()
            .filter_map(|(side, index)| Some(self.aliases[side].of(index?)))
            .filter(|views| !views.is_empty())
            .collect();
        let names = || sides.iter().flatten().map(|v| &v.symbol.name);
        let mut lists = Vec::new();
        for &index in &self.applying {
            match &self.rules[index].spec {
                Spec::Symbol(spec) if spec.covers(&sides, change) => return Some(index),
                Spec::List(list) => lists.push((index, names().any(|name| list.contains(name)))),
                _ => {}
            }
        }
        let is_listed = lists.iter().any(|(_, contains)| *contains);
        lists.first().filter(|_| !is_listed).map(|(index, _)| *index)
    }
}

impl SymbolSpec {
    fn covers(&self, sides: &[Vec<View<'_>>], change: ChangeKind) -> bool {
        let of_kind = sides.iter().flatten().all(|view| match view.symbol.kind {
            SymbolKind::NoType | SymbolKind::Other(_) => true,
            SymbolKind::Func | SymbolKind::Ifunc => !self.is_variable,
            _ => self.is_variable,
        });
        let of_change = self.change == ChangeKind::All || self.change == change;
        let matches = sides.iter().any(|views| views.iter().any(|view| self.matches(view, views)));
        of_kind && of_change && matches != self.is_negated
    }

    /// Whether the function or object matches under this one of its names.
    ///
    /// By the manual an expression that matches one alias must match all. libabigail compares source names with
    /// the other symbols' only where the source name is the symbol, as in C.
    fn matches(&self, view: &View<'_>, aliases: &[View<'_>]) -> bool {
        let names = view.names();
        let all = |spec: &NameSpec| {
            self.allow_other_aliases || aliases.iter().all(|a| spec.matches(a.symbol.name.as_bstr()))
        };
        let is_c = aliases.iter().any(|a| names.contains(&a.symbol.name));
        let version = view.symbol.version.as_ref().map(|v| v.name.as_bstr());
        self.name.matches_one_of(&names)
            && (self.name.is_empty() || !is_c || all(&self.name))
            && self.symbol.matches(view.symbol.name.as_bstr())
            && (self.symbol.is_empty() || all(&self.symbol))
            && (self.version.is_empty() || version.is_some_and(|v| self.version.matches(v)))
            && self.matches_types(view)
    }

    fn matches_types(&self, view: &View<'_>) -> bool {
        if self.types.is_empty() && self.parameters.is_empty() {
            return true;
        }
        let (Some(graph), Some(root)) = (view.graph, view.root) else { return false };
        let own = match view.function() {
            Some((_, function)) => function.return_type,
            None if root.kind == RootKind::Variable => root.ty,
            None => return false,
        };
        let is = |ty, spec: &super::spec::TextSpec| spec.matches(type_name(graph, ty).as_bstr());
        self.types.iter().all(|spec| is(own, spec)) && self.matches_parameters(view)
    }

    fn matches_parameters(&self, view: &View<'_>) -> bool {
        let Some((graph, function)) = view.function() else { return self.parameters.is_empty() };
        let implicit = usize::from(function.parameters.first().is_some_and(|p| p.is_artificial));
        self.parameters.iter().all(|spec| {
            let parameter = spec.index.checked_add(implicit).and_then(|at| function.parameters.get(at));
            parameter.is_some_and(|p| spec.ty.matches(BStr::new(&type_name(graph, p.ty))))
        })
    }
}
