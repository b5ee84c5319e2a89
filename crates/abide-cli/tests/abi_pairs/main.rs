//! `abide check` beside libabigail 2.8 and 3.0 on 368 recorded pairs, and every input beside itself.
//!
//! What lives here: the comparison of answers, and the rule that every other answer stands in the reviewed list
//! `reviewed.toml`. What does not: the pairs, which are used when they lie beside the project.

#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;

mod pair;
mod reviewed;
mod selves;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use pair::{Answer, Pair};
use reviewed::Reviewed;

/// The pairs, unless they are absent.
fn pairs() -> Option<Vec<Pair>> {
    let pairs = Pair::all();
    if pairs.is_none() {
        println!("skipped: ../shared/data/abi-pairs is absent");
    }
    pairs
}

/// A case, the run of libabigail, its answer, abide's answer.
type Disagreement = (String, &'static str, String, Answer);

/// Libabigail gave two answers: with default options and with the case's own. Both runs had the case's suppression
/// files and headers, as abide has.
///
/// They agree with abide when a `break` of abide's is "incompatible" for libabigail, a `review` "changed", and no
/// finding "unchanged"; `safe` findings agree with the last two, for libabigail shows harmless changes or not
/// depending on options. Where the two versions differ, or one of them failed, one of them is enough, except that
/// "incompatible" always wants a `break`.
#[test]
fn every_other_answer_than_libabigails_has_been_reviewed() {
    let Some(pairs) = pairs() else { return };
    let reviewed = Reviewed::read();
    let answers: Vec<[(Answer, String); 2]> = pairs.par_iter().map(Pair::ask).collect();
    let mut found: BTreeSet<Disagreement> = BTreeSet::new();
    let mut table: BTreeMap<(String, Answer), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (pair, answers) in pairs.iter().zip(&answers) {
        for (run, (answer, problem)) in ["default", "tested"].into_iter().zip(answers) {
            if !problem.is_empty() {
                wrong.push(format!("{}: {problem}", pair.id));
            }
            let witness = pair.witness(run);
            *table.entry((witness.to_string(), *answer)).or_default() += 1;
            if !witness.agrees(*answer) {
                found.insert((pair.id.clone(), run, witness.to_string(), *answer));
            }
        }
    }
    assert!(pairs.len() > 300, "{} pairs", pairs.len());
    for ((witness, answer), count) in &table {
        println!("{count:4} × libabigail: {witness}, abide: {answer}");
    }
    let listed = reviewed.disagreements();
    wrong.extend(found.difference(&listed).map(|d| format!("not in the reviewed list: {d:?}")));
    wrong.extend(listed.difference(&found).map(|d| format!("in the reviewed list, but no longer so: {d:?}")));
    println!("{} of {} answers differ and are reviewed", found.len(), 2 * pairs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_input_differs_from_itself() {
    let Some(pairs) = pairs() else { return };
    let inputs = selves::inputs(&pairs);
    assert!(inputs.len() > 300, "{} inputs", inputs.len());
    let wrong: Vec<String> = inputs.par_iter().filter_map(|input| input.differs().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} inputs equal themselves, and a copy with other digests", inputs.len());
}
