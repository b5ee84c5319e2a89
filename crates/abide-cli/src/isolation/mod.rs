//! Running what is not trusted: command lines of bubblewrap, and watching over a run until its limits.

pub(crate) mod bwrap;
pub(crate) mod processes;
pub(crate) mod root;
pub(crate) mod watch;
