//! The reader of BTF: on tables made by hand, and on libraries that the test compiles.

#[path = "../common/mod.rs"]
mod common;
mod compiled;
mod hostile;
mod made;
mod modules;
mod writer;
