//! Truth by execution: generated libraries and programs, mutations of the interface, and what really happens.
//!
//! A generator makes a C or C++ library and a program that uses its whole interface through the public header. A
//! mutation changes the library; the old program runs with the new library, and what it prints is compared with
//! what abide says. Development only: nothing of abide depends on it.

pub mod build;
pub mod campaign;
pub mod generate;
pub mod judge;
pub mod layout;
pub mod model;
pub mod mutate;
pub mod render;
pub mod report;
pub mod rng;
