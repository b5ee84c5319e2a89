//! The solver's view of one side: names are packages of one architecture, of which one build can be installed.
//!
//! What a package needs, and whom it excludes, is in `clauses`; nothing here knows what a dependency looks like.

use std::cell::RefCell;
use std::fmt::Display;

use resolvo::{
    Candidates, Condition, ConditionId, ConditionalRequirement, Dependencies, DependencyProvider,
    HintDependenciesAvailable, Interner, KnownDependencies, LogicalOperator, NameId, Problem, Requirement,
    SolvableId, Solver, SolverCache, StringId, UnsolvableOrCancelled, VersionSetId, VersionSetUnionId,
};
use rustc_hash::FxHashMap;

use super::clauses::{Clause, Clauses};

/// Asks the solver about one side's packages, one after the other.
pub(crate) struct Solve<'c, 'i, 'a> {
    clauses: &'c Clauses<'i, 'a>,
    /// Name of each package, and the packages of each name.
    name_of: Vec<u32>,
    of_name: Vec<Vec<u32>>,
}

impl<'c, 'i, 'a> Solve<'c, 'i, 'a> {
    pub(crate) fn new(clauses: &'c Clauses<'i, 'a>) -> Self {
        let mut names: FxHashMap<(&str, &str), u32> = FxHashMap::default();
        // The name with the number 0 has no package: what nothing meets asks for it.
        let (mut name_of, mut of_name) = (Vec::new(), vec![Vec::new()]);
        for (number, package) in clauses.index.metadata.packages.iter().enumerate() {
            let key = (package.nevra.name.as_str(), package.nevra.arch.as_str());
            let name = *names.entry(key).or_insert_with(|| {
                of_name.push(Vec::new());
                of_name.len() as u32 - 1
            });
            of_name[name as usize].push(number as u32);
            name_of.push(name);
        }
        Solve { clauses, name_of, of_name }
    }

    /// Whether a package can be installed.
    ///
    /// Why one cannot is not asked of the solver: its account of conditional requirements cannot be relied on.
    pub(crate) fn can_install(&self, package: u32) -> bool {
        let provider = Provider { side: self, tables: RefCell::default() };
        let wanted = provider.set(self.name_of[package as usize], vec![package]);
        let problem = Problem::new().requirements(vec![Requirement::Single(wanted).into()]);
        let mut solver = Solver::new(provider);
        // Nothing here makes the solver stop before it has an answer.
        !matches!(solver.solve(problem), Err(UnsolvableOrCancelled::Unsolvable(_)))
    }
}

/// What the solver refers to by number.
#[derive(Default)]
struct Tables {
    sets: Vec<(u32, Vec<u32>)>,
    set_ids: FxHashMap<(u32, Vec<u32>), u32>,
    unions: Vec<Vec<VersionSetId>>,
    conditions: Vec<Condition>,
}

struct Provider<'s, 'c, 'i, 'a> {
    side: &'s Solve<'c, 'i, 'a>,
    tables: RefCell<Tables>,
}

impl Provider<'_, '_, '_, '_> {
    /// The set of some packages of one name.
    fn set(&self, name: u32, packages: Vec<u32>) -> VersionSetId {
        let mut tables = self.tables.borrow_mut();
        let next = tables.sets.len() as u32;
        let key = (name, packages);
        if let Some(known) = tables.set_ids.get(&key) {
            return VersionSetId(*known);
        }
        tables.sets.push(key.clone());
        tables.set_ids.insert(key, next);
        VersionSetId(next)
    }

    /// The sets of packages of any names.
    fn sets(&self, packages: &[u32]) -> Vec<VersionSetId> {
        let mut by_name: Vec<(u32, Vec<u32>)> = Vec::new();
        for package in packages {
            let name = self.side.name_of[*package as usize];
            match by_name.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(*package),
                None => by_name.push((name, vec![*package])),
            }
        }
        by_name.into_iter().map(|(name, packages)| self.set(name, packages)).collect()
    }

    fn requirement(&self, clause: &Clause) -> ConditionalRequirement {
        let sets = match clause.any.is_empty() {
            true => vec![self.set(0, Vec::new())],
            false => self.sets(&clause.any),
        };
        let requirement = match sets[..] {
            [one] => Requirement::Single(one),
            _ => {
                let mut tables = self.tables.borrow_mut();
                tables.unions.push(sets);
                Requirement::Union(VersionSetUnionId(tables.unions.len() as u32 - 1))
            }
        };
        let all = clause.when.iter().map(|any| {
            let any = self.sets(any).into_iter().map(|set| self.condition(Condition::Requirement(set)));
            self.joined(LogicalOperator::Or, any.collect())
        });
        let condition = self.joined(LogicalOperator::And, all.flatten().collect());
        ConditionalRequirement { condition, requirement }
    }

    fn joined(&self, operator: LogicalOperator, parts: Vec<ConditionId>) -> Option<ConditionId> {
        parts.into_iter().reduce(|a, b| self.condition(Condition::Binary(operator, a, b)))
    }

    fn condition(&self, condition: Condition) -> ConditionId {
        let mut tables = self.tables.borrow_mut();
        tables.conditions.push(condition);
        ConditionId::new(tables.conditions.len() as u32 - 1)
    }

    fn nevra(&self, package: u32) -> String {
        self.side.clauses.index.package(package as usize).nevra.to_string()
    }
}

impl Interner for Provider<'_, '_, '_, '_> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl Display + '_ {
        self.nevra(solvable.into_raw())
    }

    fn display_merged_solvables(&self, solvables: &[SolvableId]) -> impl Display + '_ {
        let mut names: Vec<String> =
            solvables.iter().map(|solvable| self.nevra(solvable.into_raw())).collect();
        names.sort();
        names.dedup();
        names.join(" | ")
    }

    fn display_name(&self, name: NameId) -> impl Display + '_ {
        match self.side.of_name[name.into_raw() as usize].first() {
            Some(package) => {
                let nevra = &self.side.clauses.index.package(*package as usize).nevra;
                format!("{}.{}", nevra.name, nevra.arch)
            }
            None => "what nothing provides".to_owned(),
        }
    }

    fn display_version_set(&self, set: VersionSetId) -> impl Display + '_ {
        let tables = self.tables.borrow();
        let packages = tables.sets[set.0 as usize].1.iter();
        packages.map(|package| self.nevra(*package)).collect::<Vec<_>>().join(" | ")
    }

    fn display_string(&self, _: StringId) -> impl Display + '_ {
        ""
    }

    fn version_set_name(&self, set: VersionSetId) -> NameId {
        NameId::from_raw(self.tables.borrow().sets[set.0 as usize].0)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        NameId::from_raw(self.side.name_of[solvable.into_raw() as usize])
    }

    fn version_sets_in_union(&self, union: VersionSetUnionId) -> impl Iterator<Item = VersionSetId> {
        self.tables.borrow().unions[union.0 as usize].clone().into_iter()
    }

    fn resolve_condition(&self, condition: ConditionId) -> Condition {
        self.tables.borrow().conditions[condition.as_u32() as usize].clone()
    }
}

impl DependencyProvider for Provider<'_, '_, '_, '_> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        set: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let tables = self.tables.borrow();
        let packages = &tables.sets[set.0 as usize].1;
        candidates.iter().copied().filter(|s| packages.contains(&s.into_raw()) != inverse).collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates> {
        let packages = &self.side.of_name[name.into_raw() as usize];
        Some(Candidates {
            candidates: packages.iter().map(|package| SolvableId::from_raw(*package)).collect(),
            hint_dependencies_available: HintDependenciesAvailable::None,
            ..Candidates::default()
        })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        // Any order finds a set when there is one; this one is the same each time.
        solvables.sort_by_key(|solvable| solvable.into_raw());
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        let clauses = self.side.clauses;
        let requirements =
            clauses.needs(solvable.into_raw()).iter().map(|clause| self.requirement(clause)).collect();
        let enemies = clauses.enemies(solvable.into_raw());
        let mut constrains = Vec::new();
        let mut names: Vec<u32> = enemies.iter().map(|other| self.side.name_of[*other as usize]).collect();
        names.sort_unstable();
        names.dedup();
        // The package's own name is left out: of its other builds none can be installed beside it anyway.
        for name in names.into_iter().filter(|name| *name != self.side.name_of[solvable.into_raw() as usize])
        {
            let all = self.side.of_name[name as usize].iter().copied();
            let allowed = all.filter(|package| enemies.binary_search(package).is_err()).collect();
            constrains.push(self.set(name, allowed));
        }
        Dependencies::Known(KnownDependencies { requirements, constrains })
    }
}
