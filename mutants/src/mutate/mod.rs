//! The catalogue of mutations: each changes a library in one way.
//!
//! A mutation that is neutral by construction cannot break any program that was built before; what abide says of it is
//! held against that. The others may break this program or only others: what happened is found out by running it.

mod class;
mod function;
mod neutral;
mod record;
mod symbol;
mod types;

use crate::model::Library;
use crate::rng::Rng;

/// Whether a mutation can break a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neutral {
    /// It may.
    No,
    /// It cannot, and the binaries alone show it.
    Yes,
    /// It cannot, which is seen only by someone who knows the public headers.
    WithHeaders,
    /// It may, and nothing in the binaries shows it.
    Unseen,
}

/// One kind of mutation.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Name in reports.
    pub id: &'static str,
    /// Whether it can break a program.
    pub neutral: Neutral,
    /// Applies it somewhere; false when there is no place for it, and then nothing was changed.
    pub apply: fn(&mut Library, &mut Rng) -> bool,
}

const fn breaking(id: &'static str, apply: fn(&mut Library, &mut Rng) -> bool) -> Kind {
    Kind { id, neutral: Neutral::No, apply }
}

const fn neutral(id: &'static str, apply: fn(&mut Library, &mut Rng) -> bool) -> Kind {
    Kind { id, neutral: Neutral::Yes, apply }
}

const fn hidden(id: &'static str, apply: fn(&mut Library, &mut Rng) -> bool) -> Kind {
    Kind { id, neutral: Neutral::WithHeaders, apply }
}

const fn unseen(id: &'static str, apply: fn(&mut Library, &mut Rng) -> bool) -> Kind {
    Kind { id, neutral: Neutral::Unseen, apply }
}

/// Every kind, in a fixed order.
pub fn catalogue() -> Vec<Kind> {
    [record::KINDS, types::KINDS, function::KINDS, symbol::KINDS, class::KINDS, neutral::KINDS].concat()
}
