//! Bytes to facts: the only crate that meets hostile input.
//!
//! Every reader returns what it could read together with the gaps; none judges. Nothing here compares.

pub mod ar;
pub mod btf;
pub mod compress;
mod counted;
pub mod cpio;
pub mod ctf;
pub mod deb;
pub mod debuginfo;
pub mod dwarf;
pub mod elf;
pub mod fetch;
pub mod git;
pub mod input;
pub mod kernel;
mod numbered;
pub mod payload;
pub mod program;
pub mod repo;
pub mod root;
pub mod rpm;
pub mod side;
pub mod signature;
pub mod snapshot;
pub mod source;
pub mod store;
pub mod tar;
