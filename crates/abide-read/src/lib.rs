//! Bytes to facts: the only crate that meets hostile input.
//!
//! Every reader returns what it could read together with the gaps; none judges. Nothing here compares.

pub mod btf;
pub mod compress;
pub mod cpio;
pub mod ctf;
pub mod debuginfo;
pub mod dwarf;
pub mod elf;
pub mod fetch;
pub mod input;
mod numbered;
pub mod repo;
pub mod rpm;
pub mod side;
pub mod snapshot;
pub mod source;
