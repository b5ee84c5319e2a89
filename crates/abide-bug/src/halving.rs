//! Halving: the first bad one of ordered updates, found in few steps.
//!
//! State `n` is the system with the first `n` updates. Both ends are looked at first: without updates the bug must not
//! be there, with all of them it must. A state that tells nothing is passed over, and the one nearest to it is tried,
//! as `git bisect skip` does; when only such states are left, the answer is a range.

use std::collections::BTreeMap;

/// What a state says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The bug is not there.
    Good,
    /// The bug is there.
    Bad,
    /// Nothing.
    CannotTell,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try the state with so many updates.
    Try(usize),
    /// Everything is known.
    Done(Outcome),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The update of this number, from 0, is the first bad one.
    FirstBad(usize),
    /// One of these is, and the states between tell nothing: first and last number.
    Between(usize, usize),
    /// The bug is there without any update.
    BadBefore,
    /// The bug is not there with all updates.
    GoodAfter,
    /// The state with so many updates, at an end, tells nothing.
    UnclearEnd(usize),
}

/// The search.
#[derive(Clone, Debug)]
pub struct Halving {
    updates: usize,
    known: BTreeMap<usize, Answer>,
}

impl Halving {
    /// A search among so many updates.
    pub fn new(updates: usize) -> Self {
        Halving { updates, known: BTreeMap::new() }
    }

    /// Enters what a state says.
    pub fn record(&mut self, state: usize, answer: Answer) {
        self.known.insert(state, answer);
    }

    /// What to do next.
    pub fn next(&self) -> Next {
        for (state, wanted) in [(self.updates, Answer::Bad), (0, Answer::Good)] {
            match self.known.get(&state) {
                None => return Next::Try(state),
                Some(answer) if *answer == wanted => {}
                Some(Answer::CannotTell) => return Next::Done(Outcome::UnclearEnd(state)),
                Some(Answer::Good) => return Next::Done(Outcome::GoodAfter),
                Some(Answer::Bad) => return Next::Done(Outcome::BadBefore),
            }
        }
        let (good, bad) = self.bounds();
        if bad - good == 1 {
            return Next::Done(Outcome::FirstBad(good));
        }
        let middle = good + (bad - good) / 2;
        let open = (good + 1..bad).filter(|state| !self.known.contains_key(state));
        match open.min_by_key(|state| state.abs_diff(middle)) {
            Some(state) => Next::Try(state),
            None => Next::Done(Outcome::Between(good, bad - 1)),
        }
    }

    /// About how many states are still to be tried.
    pub fn steps_left(&self) -> u32 {
        let (good, bad) = self.bounds();
        let ends = [0, self.updates].iter().filter(|state| !self.known.contains_key(state)).count();
        (bad - good).max(1).ilog2() + u32::from(!(bad - good).max(1).is_power_of_two()) + ends as u32
    }

    /// The first bad state, and the last good one before it.
    fn bounds(&self) -> (usize, usize) {
        let of =
            |wanted: Answer| self.known.iter().filter(move |(_, a)| **a == wanted).map(|(state, _)| *state);
        let bad = of(Answer::Bad).min().unwrap_or(self.updates);
        let good = of(Answer::Good).filter(|state| *state < bad).max().unwrap_or(0);
        (good, bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(updates: usize, answer: impl Fn(usize) -> Answer) -> (Outcome, usize) {
        let mut halving = Halving::new(updates);
        for steps in 0.. {
            match halving.next() {
                Next::Done(outcome) => return (outcome, steps),
                Next::Try(state) => halving.record(state, answer(state)),
            }
            assert!(steps <= updates + 1, "a state was tried twice");
        }
        unreachable!()
    }

    #[test]
    fn every_first_bad_update_is_found_in_few_steps() {
        for updates in 1..40 {
            for first in 0..updates {
                let answer = |state: usize| if state > first { Answer::Bad } else { Answer::Good };
                let (outcome, steps) = search(updates, answer);
                assert_eq!(outcome, Outcome::FirstBad(first));
                assert!(steps <= 2 + updates.ilog2() as usize + 1, "{updates} updates took {steps} steps");
            }
        }
    }

    #[test]
    fn states_that_tell_nothing_are_passed_over() {
        for updates in 2..16 {
            for first in 0..updates {
                for unclear in 1..updates {
                    let (outcome, _) = search(updates, |state| match state {
                        _ if state == unclear => Answer::CannotTell,
                        _ if state > first => Answer::Bad,
                        _ => Answer::Good,
                    });
                    let expected = match unclear == first || unclear == first + 1 {
                        false => Outcome::FirstBad(first),
                        true => Outcome::Between(unclear - 1, unclear),
                    };
                    assert_eq!(outcome, expected, "{updates} updates, {first}, {unclear} unclear");
                }
            }
        }
    }

    #[test]
    fn ends_are_looked_at_first() {
        assert_eq!(search(5, |_| Answer::Good), (Outcome::GoodAfter, 1));
        assert_eq!(search(5, |_| Answer::Bad), (Outcome::BadBefore, 2));
        assert_eq!(search(5, |_| Answer::CannotTell), (Outcome::UnclearEnd(5), 1));
        assert_eq!(search(0, |_| Answer::Bad).0, Outcome::BadBefore);
    }
}
