//! Written pairs: two versions of a library in C, C++, Rust or Fortran, what abide has to say of them, and often a program that
//! shows by running that it is true.
//!
//! The pairs are in `*.pairs` beside this file; `case.rs` describes their form.

mod case;
mod compile;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::Case;
use compile::Outcome;

#[test]
fn every_pair_is_judged_rightly() {
    if !mutants::build::has_compilers() {
        eprintln!("skipped: no cc and c++");
        return;
    }
    let cases = cases();
    let work = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match compile::run(case, work.path()) {
                        Ok(Outcome::Right) => {}
                        Ok(Outcome::Skipped(why)) => eprintln!("skipped: {}: {why}", case.name),
                        Err(why) => failures.lock().unwrap().push(format!("## {}\n{why}", case.name)),
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// All pairs, or those whose name contains the word in the variable `ABIDE_PAIR`.
fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pairs");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "pairs"));
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        out.extend(case::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display())));
    }
    let mut names: Vec<&str> = out.iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|w| w[0] != w[1]), "a name occurs twice");
    assert!(names.len() > 100, "{} pairs found", names.len());
    let word = std::env::var("ABIDE_PAIR").unwrap_or_default();
    out.retain(|c| c.name.contains(&word));
    out
}
