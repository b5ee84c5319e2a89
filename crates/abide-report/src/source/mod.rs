//! What the divergence side says, as documents: findings and coverage of patches, the ledger, the record of an import.
//!
//! Like the check's document, each is a plain mirror with a schema id; lists are sorted, there are no timestamps.

pub mod import;
pub mod ledger;
pub mod lint;
