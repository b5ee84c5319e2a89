//! What the commands of `abide bug` share: bug files, environments, records, updates.

pub(crate) mod bisect;
pub(crate) mod environment;
pub(crate) mod load;
pub(crate) mod matrix;
pub(crate) mod notes;
pub(crate) mod run;
pub(crate) mod send;
pub(crate) mod updates;

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Program and version.
pub(crate) fn made_by() -> String {
    format!("abide {}", env!("CARGO_PKG_VERSION"))
}
