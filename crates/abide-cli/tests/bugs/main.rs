//! `abide bug`: bug files, runs in root trees that the tests make, routes, hostile reproducers, bisecting.

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod common;

mod bisect;
mod files;
mod hostile;
mod matrix;
mod roots;
mod trackers;
