//! Every reader on mutants of valid input: a fixed number with a fixed seed, so that a failure repeats.
//!
//! What a mutant must not do: panic, take long, or ask for memory without bound (a ceiling on the address space turns
//! that into an abort). fuzz/ runs the same entries with coverage feedback.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};
use testkit::{Mutator, Target, targets};

/// Mutants of each seed.
const MUTANTS: u64 = 2000;
/// Far above what any mutant of so small a file may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Address space of this test: what one hostile length would pass.
const MEMORY_BYTES: u64 = 8 << 30;

/// `ABIDE_MUTANTS` asks for another number of mutants.
fn mutants() -> u64 {
    std::env::var("ABIDE_MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(MUTANTS)
}

/// What went wrong with one mutant, if anything.
fn try_one(target: &Target, bytes: &[u8]) -> Option<String> {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    let took = start.elapsed();
    match outcome {
        Err(_) => Some("it panics".into()),
        Ok(()) if took > PATIENCE => Some(format!("it takes {took:?}")),
        Ok(()) => None,
    }
}

#[test]
fn no_mutant_upsets_a_reader() {
    setrlimit(Resource::RLIMIT_AS, MEMORY_BYTES, MEMORY_BYTES).unwrap();
    let mut wrong = Vec::new();
    for target in targets() {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            assert!(!seed.is_empty(), "{}: seed {number} is empty", target.name);
            let unchanged = try_one(target, seed);
            wrong.extend(unchanged.map(|what| format!("{}: seed {number} itself: {what}", target.name)));
            for round in 0..mutants() {
                let mutant = Mutator::new(round << 8 | number as u64).mutant(seed);
                let what = try_one(target, &mutant);
                wrong.extend(
                    what.map(|what| format!("{}: seed {number}, mutant {round}: {what}", target.name)),
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} failures, the first of them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[test]
fn every_prefix_of_small_seeds_is_read() {
    for target in targets() {
        for seed in (target.seeds)().iter().filter(|seed| seed.len() < 20_000) {
            for length in (0..seed.len()).step_by(1 + seed.len() / 400) {
                let what = try_one(target, &seed[..length]);
                assert!(what.is_none(), "{}: first {length} bytes: {what:?}", target.name);
            }
        }
    }
}
