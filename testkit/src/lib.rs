//! What abide's tests and fuzz targets share: the entry functions of the readers, seeds for them, and mutations.
//!
//! The same entries run under libFuzzer (fuzz/) and, on a fixed number of mutants with a fixed seed, in this crate's own
//! test. An entry takes any bytes and must return: no panic, no hang, no memory without bound. What is read is
//! thrown away, except where reading twice or writing and reading again must give the same.

pub mod loader;
mod mutate;
pub mod repository;
mod seeds;
mod sources;
mod targets;

pub use mutate::Mutator;
pub use seeds::boot_image;
pub use sources::{lookaside, modifications, patch, spec};
pub use targets::{
    Target, apt, btf, bug, cpio, ctf, deb, dwarf, elf, kernel_image, kernel_text, library_cache, mirrors,
    modules, program, repodata, rpm, signature, snapshot, tar, targets,
};
