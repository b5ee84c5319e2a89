//! Bugs: what a bug file says, what runs of its reproducer show, where the bug belongs, and the texts that go there.
//!
//! Pure: nothing here runs anything, opens a file or knows the time. Running reproducers is the program's affair
//! (`abide-cli`), output formats are `abide-report`'s. `docs/bugs.md` is the manual.

pub mod bug;
pub mod halving;
pub mod matrix;
pub mod packages;
pub mod parse;
pub mod route;
pub mod seen;
pub mod tracker;

pub use bug::Bug;
