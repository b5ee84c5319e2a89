//! Many modules and many kernels: which fits which, the oldest and newest that fit, and what `weak-modules` would link.

use std::cmp::Ordering;

use super::super::interface::Kernel;
use super::{Load, Loader, Module, Outcome};

/// One set of modules against one kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The worst of its modules.
    pub outcome: Option<Outcome>,
    /// Modules of each outcome: loads, undecided, refused.
    pub counts: [usize; 3],
    /// Symbols with another checksum, each once.
    pub checksums: usize,
    /// Symbols that nothing exports, each once.
    pub missing: usize,
    /// Whether `weak-modules` links the set for this kernel: it was built for another release, has checksums, and loads.
    pub is_weak_link: bool,
    /// The answers, in the order of the modules.
    pub loads: Vec<Load>,
}

/// One set of modules, a package or a folder, against all kernels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Name of the set.
    pub name: String,
    /// One for each kernel.
    pub cells: Vec<Cell>,
    /// Index of the oldest kernel that takes all its modules.
    pub oldest: Option<usize>,
    /// Index of the newest.
    pub newest: Option<usize>,
}

/// All sets against all kernels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Names of the kernels.
    pub kernels: Vec<String>,
    /// One for each set.
    pub rows: Vec<Row>,
}

/// Loads every set into every kernel. Sets are independent of each other.
pub fn matrix(sets: &[(String, Vec<Module<'_>>)], kernels: &[Kernel<'_>]) -> Matrix {
    let row = |(name, set): &(String, Vec<Module<'_>>)| {
        let cells: Vec<Cell> = kernels.iter().map(|kernel| cell(set, kernel)).collect();
        let fits = (0..cells.len()).filter(|i| cells[*i].outcome == Some(Outcome::Loads));
        let order = |a: &usize, b: &usize| releases(&kernels[*a], &kernels[*b]);
        Row { name: name.clone(), oldest: fits.clone().min_by(order), newest: fits.max_by(order), cells }
    };
    Matrix { kernels: kernels.iter().map(Kernel::name).collect(), rows: sets.iter().map(row).collect() }
}

/// The kernels with these indices, by their releases, the newest first.
pub fn newest_first(kernels: &[&Kernel<'_>], indices: &[usize]) -> Vec<usize> {
    let mut order = indices.to_vec();
    order.sort_by(|a, b| releases(kernels[*b], kernels[*a]).then(a.cmp(b)));
    order
}

fn releases(a: &Kernel<'_>, b: &Kernel<'_>) -> Ordering {
    let text = |k: &Kernel<'_>| k.release.clone().unwrap_or_default();
    rpm_version::rpm_evr_compare(&text(a), &text(b))
}

fn cell<'a>(set: &[Module<'a>], kernel: &Kernel<'a>) -> Cell {
    let loader = Loader::new(kernel, set);
    let loads: Vec<Load> = set.iter().map(|module| loader.load(module)).collect();
    let mut cell = Cell { outcome: loads.iter().map(Load::outcome).max(), ..Cell::default() };
    for load in &loads {
        cell.counts[load.outcome() as usize] += 1;
    }
    let symbols = |id: &str| {
        let of = |load: &Load| -> Vec<_> {
            load.problems.iter().filter(|p| p.id() == id).map(|p| p.order().1).collect()
        };
        let all: std::collections::BTreeSet<_> = loads.iter().flat_map(of).collect();
        all.len()
    };
    (cell.checksums, cell.missing) = (symbols("checksum"), symbols("missing-symbol"));
    let is_other = |module: &Module<'_>| {
        module.facts.versions.is_some()
            && kernel.release.as_ref().zip(module.built_for).is_some_and(|(k, m)| m != k.as_str())
    };
    cell.is_weak_link = cell.outcome == Some(Outcome::Loads) && set.iter().all(is_other);
    cell.loads = loads;
    cell
}
