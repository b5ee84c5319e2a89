//! Bytes to facts: the only crate that meets hostile input.
//!
//! Every reader returns what it could read together with the gaps; none judges. Nothing here compares.

pub mod elf;
