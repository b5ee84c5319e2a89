//! The result of comparing two artifacts.

use std::collections::BTreeSet;

use abide_model::{Finding, Gap, SymbolName, Verdict};

use crate::nearest::Nearest;

/// Everything that is known after comparing two artifacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Judged changes of every level, also `safe`: worst first, then by subject.
    pub findings: Vec<Finding>,
    /// Whether types were compared.
    pub types: TypesCompared,
    /// How much was compared.
    pub coverage: Coverage,
    /// For symbols of a kernel or module whose types differ, what is nearest to them.
    pub nearest: Vec<Nearest>,
    /// Symbols of a kernel or module whose types are not known on both sides, sorted.
    pub untyped: Vec<SymbolName>,
    /// Whether what was read suffices to call the pair compatible, when nothing in it breaks.
    pub has_enough_evidence: bool,
    /// The answer for this pair.
    pub verdict: Verdict,
    /// What could not be read or compared: both artifacts' gaps and the comparison's own, sorted, each once.
    pub gaps: Vec<Gap>,
    /// Indices of the suppressions that covered something.
    pub suppressions_used: BTreeSet<usize>,
}

/// Whether the types behind the symbols were compared, and if not fully, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypesCompared {
    /// All of those that matched symbols need.
    Yes,
    /// Both sides are the same bytes: there was nothing to compare.
    Identical,
    /// No symbol that both sides export needs a type.
    NotNeeded,
    /// Some; the sentence says which not.
    Partly {
        /// Reason, for people.
        why: String,
    },
    /// None; the sentence says why.
    No {
        /// Reason, for people.
        why: String,
    },
}

impl TypesCompared {
    /// Stable identifier for output.
    pub fn id(&self) -> &'static str {
        match self {
            TypesCompared::Yes => "yes",
            TypesCompared::Identical => "identical",
            TypesCompared::NotNeeded => "not-needed",
            TypesCompared::Partly { .. } => "partly",
            TypesCompared::No { .. } => "no",
        }
    }

    /// The reason, in words for people.
    pub fn why(&self) -> Option<&str> {
        match self {
            TypesCompared::Yes => None,
            TypesCompared::Identical => Some("both sides are the identical file"),
            TypesCompared::NotNeeded => Some("no exported symbol that both sides share needs a type"),
            TypesCompared::Partly { why } | TypesCompared::No { why } => Some(why),
        }
    }
}

/// How much of the two interfaces was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Symbols that the reference exports.
    pub exports_old: usize,
    /// Symbols that the candidate exports.
    pub exports_new: usize,
    /// Symbols of the reference that were found again.
    pub matched: usize,
    /// Matched symbols that stand for a public function or object of the sources, and so need a type.
    pub need_types: usize,
    /// Of those, the ones with a type on both sides.
    pub typed_on_both: usize,
    /// Of those, the ones with a type on one side only.
    pub typed_on_one: usize,
    /// Nodes of the reference's type graph.
    pub type_nodes_old: usize,
    /// Nodes of the candidate's type graph.
    pub type_nodes_new: usize,
    /// Pairs of types that differ somewhere and were walked; equal types compare by hash and are not counted.
    pub type_pairs_walked: usize,
}
