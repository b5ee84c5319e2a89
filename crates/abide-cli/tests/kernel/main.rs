//! Kernels: small ones that the tests compile, with exports and checksums as the kernel's build leaves them, and real ones
//! when they are there.

#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;

mod app;
mod app_types;
mod bad_input;
mod build;
mod depmod;
mod lists;
mod packages;
mod pairs;
mod real;
