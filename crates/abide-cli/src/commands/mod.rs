//! The commands, one file each; each gives the exit status or an error for the table in `error`.

pub(crate) mod app;
pub(crate) mod bug;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod man;
pub(crate) mod profile;
pub(crate) mod rules;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod who;
