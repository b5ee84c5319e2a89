//! The divergence side: spec files, patches, where they come from, and declared modifications of them.
//!
//! Pure: it opens no file and no socket, reads no environment and no clock, and runs nothing. Files reach it through
//! the trait [`Files`]; what it decides is a set of changes that the caller writes.

pub mod annotate;
pub mod diff;
pub mod files;
pub mod glob;
pub mod history;
pub mod import;
pub mod ledger;
pub mod lint;
pub mod lookaside;
pub mod modify;
mod near;
pub mod package;
pub mod patch;
pub mod provenance;
pub mod retire;
pub mod spec;
pub mod text;
pub mod verify;

pub use files::{Files, Overlay};
