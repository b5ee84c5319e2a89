//! What a package needs as clauses: each is met by one of some packages, perhaps only while others are installed; and
//! which packages exclude one another.

use std::sync::OnceLock;

use abide_model::{RelationKind, Sense};
use rustc_hash::FxHashMap;

use super::conflicts::excludes;
use super::index::{Answer, Asking, Index, is_of_the_tool};
use super::rich::{self, Atom, Rich};

/// No dependency of a real package becomes more clauses.
const CLAUSES_MAX: usize = 10_000;

/// One of `any` must be installed while one of each list in `when` is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Numbers of packages, sorted.
    pub(crate) any: Vec<u32>,
    /// Conditions; without any the clause holds always.
    pub(crate) when: Vec<Vec<u32>>,
    /// The requirement that it is from, as written.
    pub(crate) text: String,
}

/// The clauses of one side's packages, made when they are asked for.
pub(crate) struct Clauses<'i, 'a> {
    pub(crate) index: &'i Index<'a>,
    needs: Vec<OnceLock<Vec<Clause>>>,
    enemies: Vec<OnceLock<Vec<u32>>>,
    /// Packages whose obsoletes and conflicts name a package, and those that provide a name in conflicts.
    named: FxHashMap<&'a str, Vec<u32>>,
}

impl<'i, 'a> Clauses<'i, 'a> {
    pub(crate) fn new(index: &'i Index<'a>) -> Self {
        let count = index.metadata.packages.len();
        let mut named: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
        for (number, package) in index.metadata.packages.iter().enumerate() {
            for kind in [RelationKind::Conflicts, RelationKind::Obsoletes] {
                for relation in package.relations(kind) {
                    named.entry(index.text(relation.name)).or_default().push(number as u32);
                }
            }
        }
        let slots = || (0..count).map(|_| OnceLock::new()).collect();
        Clauses { index, needs: slots(), enemies: (0..count).map(|_| OnceLock::new()).collect(), named }
    }

    /// What a package needs.
    pub(crate) fn needs(&self, package: u32) -> &[Clause] {
        self.needs[package as usize].get_or_init(|| self.make_needs(package as usize))
    }

    /// The packages that cannot be installed beside a package, whichever of the two says so; sorted.
    pub(crate) fn enemies(&self, package: u32) -> &[u32] {
        self.enemies[package as usize].get_or_init(|| self.make_enemies(package as usize))
    }

    fn make_needs(&self, package: usize) -> Vec<Clause> {
        let (index, asks) = (self.index, Asking::of(self.index, package));
        let mut all = Vec::new();
        for relation in index.package(package).relations(RelationKind::Requires) {
            let (name, version) = (index.text(relation.name), index.text(relation.version));
            if is_of_the_tool(name) {
                continue;
            }
            let rich = match rich::is_rich(name) {
                true => rich::parse(name),
                false => Some(Rich::Atom(Atom { name, sense: relation.sense, version })),
            };
            // What cannot be read is a gap of its own, and so is a path that may be somewhere.
            let Some(rich) = rich else { continue };
            let is_open =
                name.starts_with('/') && index.answer(name, Sense::ANY, "", &asks) == Answer::Unknown;
            if is_open {
                continue;
            }
            let mut clauses = self.clauses(&rich, &asks);
            clauses.iter_mut().for_each(|clause| clause.text = index.metadata.spell(relation));
            all.append(&mut clauses);
        }
        all
    }

    /// The dependency in conjunctive form.
    fn clauses(&self, rich: &Rich<'_>, asks: &Asking<'_>) -> Vec<Clause> {
        match rich {
            Rich::And(parts) => parts.iter().flat_map(|part| self.clauses(part, asks)).collect(),
            Rich::Or(parts) => {
                let mut all = vec![Clause::default()];
                for part in parts {
                    let next = self.clauses(part, asks);
                    all = all
                        .iter()
                        .flat_map(|a| next.iter().map(|b| joined(a, b)))
                        .take(CLAUSES_MAX)
                        .collect();
                }
                all
            }
            Rich::If(two, other) => self.choice(&two[1], Some(&two[0]), other.as_deref(), asks),
            Rich::Unless(two, other) => self.choice(&two[1], other.as_deref(), Some(&two[0]), asks),
            Rich::Atom(_) | Rich::With(_) | Rich::Without(_) => {
                let any = self.index.having(rich).unwrap_or_default();
                vec![Clause { any: self.seen(any, asks), ..Clause::default() }]
            }
        }
    }

    /// `condition ? first : other`.
    fn choice(
        &self,
        condition: &Rich<'_>,
        first: Option<&Rich<'_>>,
        other: Option<&Rich<'_>>,
        asks: &Asking<'_>,
    ) -> Vec<Clause> {
        // Conditions that no single package can meet (`(a and b)`) are left open: the dependency then asks for nothing.
        let Some(when) = self.index.having(condition) else { return Vec::new() };
        let mut all = Vec::new();
        if !when.is_empty() {
            for mut clause in first.map_or_else(Vec::new, |first| self.clauses(first, asks)) {
                clause.when.push(when.clone());
                all.push(clause);
            }
        }
        let unless = Clause { any: when, ..Clause::default() };
        let others = other.map_or_else(Vec::new, |other| self.clauses(other, asks));
        all.extend(others.iter().map(|clause| joined(clause, &unless)));
        all
    }

    fn seen(&self, mut any: Vec<u32>, asks: &Asking<'_>) -> Vec<u32> {
        any.retain(|package| asks.sees(self.index, *package as usize) == Answer::Yes);
        any
    }

    fn make_enemies(&self, package: usize) -> Vec<u32> {
        let index = self.index;
        let mut found: Vec<u32> = Vec::new();
        let own = index.package(package);
        // Whom this package names.
        for kind in [RelationKind::Conflicts, RelationKind::Obsoletes] {
            for relation in own.relations(kind) {
                let name = Atom { name: index.text(relation.name), sense: Sense::ANY, version: "" };
                found.extend(index.providers(&name));
            }
        }
        // Who names this package.
        let names = own.relations(RelationKind::Provides).iter().map(|relation| index.text(relation.name));
        for name in names.chain([own.nevra.name.as_str()]) {
            found.extend(self.named.get(name).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|other| {
            let other = *other as usize;
            other != package && (excludes(index, package, other) || excludes(index, other, package))
        });
        found
    }
}

/// The clause that is met when one of the two is.
fn joined(a: &Clause, b: &Clause) -> Clause {
    let mut any = [&a.any[..], &b.any].concat();
    any.sort_unstable();
    any.dedup();
    Clause { any, when: [&a.when[..], &b.when].concat(), text: String::new() }
}
