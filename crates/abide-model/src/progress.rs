//! How long work tells its caller how far it is. What is drawn, and whether, is the caller's affair.

/// The stages of a check, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Metadata or packages come over the network.
    Fetch,
    /// Packages and files are opened and their artifacts found.
    ReadPackages,
    /// Types are read from debug information.
    ReadTypes,
    /// Pairs of artifacts are compared.
    Compare,
}

/// Receives progress; called from any thread.
pub trait Progress: Sync {
    /// A stage begins; `total` is the number of items when it is known.
    fn begin(&self, stage: Stage, total: Option<u64>);

    /// `count` more items of the stage are done; `item` names the last of them.
    fn advance(&self, stage: Stage, count: u64, item: &str);

    /// The stage is over.
    fn end(&self, stage: Stage);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: Stage, _: Option<u64>) {}

    fn advance(&self, _: Stage, _: u64, _: &str) {}

    fn end(&self, _: Stage) {}
}
