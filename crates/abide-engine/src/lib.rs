//! Graph → diff → findings → verdict: compares two artifacts' facts and judges what differs.
//!
//! Pure and deterministic: no file, no socket, no environment, no clock; the same facts give the same findings in
//! the same order. What lives here: matching of symbols, canonical hashes of type graphs, the diff graph, rules,
//! the verdict on one pair of artifacts. What does not: reading bytes (`abide-read`), pairing packages and
//! finding consumers (`abide-distro`), rendering reports (`abide-report`).
//!
//! The way through the crate: [`compare`] → `artifact` and `symbols` (ELF facts) and `diff` (types) produce
//! *changes*, values without judgement → `rules` judge each change in its situation → `judge` groups the judged
//! changes into findings, one for each subject.

mod artifact;
pub mod canonical;
mod change;
mod compare;
mod comparison;
mod demangle;
mod diff;
mod exposure;
pub mod fixture;
mod hardening;
mod headers;
mod judge;
mod layout;
mod names;
mod nearest;
mod options;
pub mod policy;
pub mod rules;
mod spell;
pub mod suppress;
mod symbols;
mod types;
mod version;

pub use compare::compare;
pub use comparison::{Comparison, Coverage, TypesCompared};
pub use demangle::demangle;
pub use nearest::Nearest;
pub use options::CompareOptions;
pub use policy::Policy;
pub use spell::spell;
