//! Symbols that a module uses outside of what is promised, and what the list has instead.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};

use super::super::interface::Kernel;
use super::Load;

/// Names less alike than this are not offered.
const ALIKE: f64 = 0.75;

/// A symbol that is not promised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unprotected {
    /// Its name.
    pub symbol: BString,
    /// The promised symbol with the nearest name, when one is near: a variant with fewer underscores, or of another
    /// suffix.
    pub nearest: Option<BString>,
}

/// The list of promised symbols, prepared for looking up what is near.
pub(super) struct Listed<'a> {
    names: Option<Vec<&'a BStr>>,
    by_stem: BTreeMap<Vec<u8>, &'a BStr>,
}

impl<'a> Listed<'a> {
    pub(super) fn new(kernel: &Kernel<'a>) -> Self {
        let names: Option<Vec<&BStr>> = kernel.listed.as_ref().map(|l| l.iter().copied().collect());
        let mut by_stem = BTreeMap::new();
        for name in names.iter().flatten() {
            by_stem.entry(stem(name)).or_insert(*name);
        }
        Listed { names, by_stem }
    }

    /// Enters a symbol of the kernel that a module uses.
    pub(super) fn look_up(&self, symbol: &BStr, load: &mut Load) {
        let Some(names) = &self.names else { return };
        match names.binary_search(&symbol) {
            Ok(_) => load.protected += 1,
            Err(_) => {
                let nearest = self.nearest(symbol, names).map(BString::from);
                load.unprotected.push(Unprotected { symbol: symbol.into(), nearest });
            }
        }
    }

    fn nearest(&self, symbol: &BStr, names: &[&'a BStr]) -> Option<&'a BStr> {
        if let Some(same) = self.by_stem.get(&stem(symbol)) {
            return Some(same);
        }
        let text = symbol.to_str().ok()?;
        let alike = |name: &&'a BStr| {
            // Names of very different length cannot be alike enough.
            let (a, b) = (name.len().min(symbol.len()) as f64, name.len().max(symbol.len()) as f64);
            let other = name.to_str().ok().filter(|_| a / b >= ALIKE)?;
            let score = strsim::normalized_levenshtein(text, other);
            (score >= ALIKE).then_some((score, *name))
        };
        let best = names.iter().filter_map(alike).fold(None, |best: Option<(f64, &BStr)>, one| match best {
            Some(best) if best.0 >= one.0 => Some(best),
            _ => Some(one),
        });
        best.map(|(_, name)| name)
    }
}

/// A name without what tells variants apart: leading underscores, `_noprof`, `_node`, `_bh` and the like.
fn stem(name: &BStr) -> Vec<u8> {
    let bare = name.trim_start_with(|c| c == '_');
    let ends =
        ["_noprof", "_nested", "_irqsave", "_irqrestore", "_irq", "_bh", "_node", "_locked", "_unlocked"];
    let end = ends.iter().find_map(|end| bare.strip_suffix(end.as_bytes()));
    end.unwrap_or(bare).to_vec()
}
