//! When a scan has nothing left to find.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashSet;

use super::roots::{Matches, Quality};

/// The symbols whose entries several threads have found for good.
///
/// Units are taken in the order of the file, and of two entries that agree in address and name the first is the
/// symbol's. So when every symbol has such an entry, no unit that has not been taken yet can have a better one.
pub(super) struct Settled {
    wanted: usize,
    symbols: Mutex<FxHashSet<u32>>,
    are_all: AtomicBool,
}

impl Settled {
    /// For a scan that looks for `wanted` symbols.
    pub(super) fn new(wanted: usize) -> Self {
        Settled { wanted, symbols: Mutex::default(), are_all: AtomicBool::new(false) }
    }

    /// Adds what one thread has found so far.
    pub(super) fn add(&self, found: &Matches) {
        let Ok(mut symbols) = self.symbols.lock() else { return };
        let sure = found.iter().filter(|(_, best)| best.quality == Quality::Both);
        symbols.extend(sure.map(|(&symbol, _)| symbol));
        if symbols.len() >= self.wanted {
            self.are_all.store(true, Ordering::Relaxed);
        }
    }

    /// Whether no later unit can change anything.
    pub(super) fn are_all(&self) -> bool {
        self.are_all.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::die::DieRef;
    use super::super::roots::Match;
    use super::super::unit::SourceId;
    use super::*;

    fn found(symbols: &[(u32, Quality)]) -> Matches {
        let entry = DieRef::new(SourceId::MAIN, 1);
        let kind = abide_model::RootKind::Variable;
        symbols
            .iter()
            .map(|&(symbol, quality)| (symbol, Match { quality, entry, unit: (0, 0), kind }))
            .collect()
    }

    #[test]
    fn only_entries_that_agree_in_address_and_name_end_a_scan() {
        let settled = Settled::new(2);
        settled.add(&found(&[(1, Quality::Both), (2, Quality::Address)]));
        assert!(!settled.are_all(), "a later entry may have the name too");
        settled.add(&found(&[(2, Quality::Both)]));
        assert!(settled.are_all());
    }

    #[test]
    fn the_same_symbol_from_two_threads_counts_once() {
        let settled = Settled::new(2);
        settled.add(&found(&[(1, Quality::Both)]));
        settled.add(&found(&[(1, Quality::Both)]));
        assert!(!settled.are_all());
    }
}
