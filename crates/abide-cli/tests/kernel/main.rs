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

use common::Run;

/// Asserts the exit status, and that the report has these words, wherever its lines break.
#[track_caller]
fn says(run: &Run, status: i32, words: &[&str]) {
    assert_eq!(run.status, status, "{}{}", run.stdout, run.stderr);
    let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(flat.contains(word), "{word:?} is not in\n{}", run.stdout);
    }
}
