//! The campaign that every change runs: few mutants, always the same ones.
//!
//! `cargo xtask mutants` runs as many as one likes.

use std::collections::BTreeSet;
use std::path::Path;

use mutants::campaign::{self, Agreement, Options};
use mutants::rng::Rng;
use mutants::{build, generate, mutate, render, report};

#[test]
fn abide_agrees_with_what_happens() {
    if !build::has_compilers() {
        eprintln!("skipped: no cc and c++");
        return;
    }
    let options = Options {
        count: 64,
        seed: 7,
        threads: 2,
        keep: None,
        work: Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(),
        only: None,
        keep_all: false,
    };
    let mutants = campaign::run(&options).unwrap();
    let table = report::table(&mutants);
    assert_eq!(mutants.len(), options.count);
    let wrong = mutants.iter().filter(|m| m.agreement >= Agreement::NotNeutral).count();
    assert_eq!(wrong, 0, "{table}");
    // The harness sees breaks, and abide does not call everything one.
    let broke = mutants.iter().filter(|m| m.broke == Some(true)).count();
    let compatible = mutants.iter().filter(|m| m.plain == Some(abide_model::Verdict::Compatible)).count();
    assert!(broke > 15, "{table}");
    assert!(compatible > 15, "{table}");
    assert!(mutants.iter().all(|m| m.broke.is_some()), "{table}");
}

#[test]
fn every_kind_of_mutation_finds_a_place_and_changes_a_library() {
    let kinds = mutate::catalogue();
    let names: BTreeSet<&str> = kinds.iter().map(|k| k.id).collect();
    assert_eq!(names.len(), kinds.len(), "two kinds have one name");
    assert!(names.len() >= 60);
    let mut rng = Rng::new(3);
    let mut idle = names;
    for _ in 0..200 {
        let library = generate::library(&mut rng);
        let before = format!("{library:?}");
        for kind in kinds.iter().filter(|k| idle.contains(k.id)).collect::<Vec<_>>() {
            let mut mutated = library.clone();
            if (kind.apply)(&mut mutated, &mut rng) {
                assert!(before != format!("{mutated:?}"), "{} changes nothing", kind.id);
                idle.remove(kind.id);
            }
        }
    }
    assert!(idle.is_empty(), "never applied: {idle:?}");
}

#[test]
fn the_same_seed_gives_the_same_library_and_program() {
    let make = || {
        let library = generate::library(&mut Rng::part(5, 9));
        (render::library(&library), render::program(&library))
    };
    assert_eq!(make(), make());
    assert_ne!(make().0, render::library(&generate::library(&mut Rng::part(5, 10))));
}
