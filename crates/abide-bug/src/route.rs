//! Where a bug belongs, and why.
//!
//! | candidate | Stream | reference | route |
//! | --- | --- | --- | --- |
//! | seen | seen | seen | [`Route::Upstream`] |
//! | seen | not | seen | [`Route::FixedInStream`] |
//! | seen | not | not | [`Route::Ours`] |
//! | seen | seen | not | [`Route::Coming`] |
//! | not | – | – | [`Route::NotReproduced`] |
//!
//! Environments that are flaky, timed out, unclear or not run never decide; nor do those of one role that disagree.

use crate::matrix::{Cell, Role};

/// Where a bug belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// To be fixed upstream, in Stream.
    Upstream,
    /// Stream has a fix already.
    FixedInStream,
    /// The candidate's own.
    Ours,
    /// A regression that is on its way to the reference.
    Coming,
    /// Not reproduced on the candidate.
    NotReproduced,
    /// Too little is known.
    Undecided,
}

impl Route {
    /// The four routes of a bug that the candidate has, with what must be seen on Stream and on the reference.
    const OF_SEEN: [(bool, bool, Route); 4] = [
        (true, true, Route::Upstream),
        (false, true, Route::FixedInStream),
        (false, false, Route::Ours),
        (true, false, Route::Coming),
    ];

    /// Its name in formats for programs.
    pub fn id(self) -> &'static str {
        match self {
            Route::Upstream => "upstream",
            Route::FixedInStream => "fixed-in-stream",
            Route::Ours => "ours",
            Route::Coming => "coming",
            Route::NotReproduced => "not-reproduced",
            Route::Undecided => "undecided",
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Route::Upstream => {
                "fix it upstream, in Stream; the candidate may carry the fix meanwhile, as a divergence with this bug as its reason"
            }
            Route::FixedInStream => "it is fixed in Stream already: take that fix early, or wait for it",
            Route::Ours => "it is the candidate's own: look at the divergences that touch the package",
            Route::Coming => "a regression is on its way to the reference: report it to Stream now",
            Route::NotReproduced => "compare the reporter's packages with those of the candidate",
            Route::Undecided => "too little is known to say where it belongs",
        }
    }
}

/// A route and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The route.
    pub route: Route,
    /// What it follows from, one sentence each.
    pub reasons: Vec<String>,
    /// What is missing, one sentence each.
    pub missing: Vec<String>,
    /// The routes that are still possible where none is decided.
    pub possible: Vec<Route>,
}

/// Decides where a bug belongs.
pub fn route(cells: &[Cell]) -> Routed {
    let mut reasons = Vec::new();
    let mut missing = Vec::new();
    let mut ask = |role: Role| match answer(cells, role) {
        Ok((seen, names)) => {
            let verb = if seen { "seen" } else { "not seen" };
            reasons.push(format!("{verb} on {} ({names})", role_words(role)));
            Some(seen)
        }
        Err(why) => {
            missing.push(why);
            None
        }
    };
    let (candidate, stream, reference) = (ask(Role::Candidate), ask(Role::Stream), ask(Role::Reference));
    let possible: Vec<Route> = Route::OF_SEEN
        .into_iter()
        .filter(|(on_stream, on_reference, _)| {
            stream.is_none_or(|s| s == *on_stream) && reference.is_none_or(|r| r == *on_reference)
        })
        .map(|(_, _, route)| route)
        .collect();
    reasons.extend(further(cells));
    let decided = match candidate {
        Some(false) => Some(Route::NotReproduced),
        Some(true) if possible.len() == 1 => possible.first().copied(),
        _ => None,
    };
    match decided {
        Some(route) => {
            // What the other environments lack does not matter for a bug that is not reproduced.
            let missing = if route == Route::NotReproduced { Vec::new() } else { missing };
            Routed { route, reasons, missing, possible: Vec::new() }
        }
        None => {
            let not_reproduced = candidate.is_none().then_some(Route::NotReproduced);
            let possible = possible.into_iter().chain(not_reproduced).collect();
            Routed { route: Route::Undecided, reasons, missing, possible }
        }
    }
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Candidate => "the candidate",
        Role::Stream => "Stream",
        Role::Reference => "the reference",
        Role::Older => "an older release",
        Role::Swapped => "the candidate with other packages",
    }
}

/// Whether the bug is seen in the environments of a role, with their names; otherwise why that is not known.
fn answer(cells: &[Cell], role: Role) -> Result<(bool, String), String> {
    let words = role_words(role);
    let own: Vec<&Cell> = cells.iter().filter(|cell| cell.role == role).collect();
    if own.is_empty() {
        return Err(format!("there is no environment for {words}"));
    }
    let decided: Vec<bool> = own.iter().filter_map(|cell| cell.finding.decides()).collect();
    if let Some(cell) = own.iter().find(|cell| cell.finding.decides().is_none()) {
        return Err(format!("{words} ({}): {}", cell.name, cell.finding.words()));
    }
    if decided.iter().any(|seen| *seen != decided[0]) {
        return Err(format!("the environments for {words} disagree"));
    }
    let names: Vec<&str> = own.iter().map(|cell| cell.name.as_str()).collect();
    Ok((decided[0], names.join(", ")))
}

/// What older releases and exchanged packages say besides.
fn further(cells: &[Cell]) -> Vec<String> {
    let of = |role: Role| cells.iter().filter(move |cell| cell.role == role);
    let on_candidate = answer(cells, Role::Candidate).ok().map(|(seen, _)| seen);
    let older = of(Role::Older).filter_map(|cell| {
        let seen = cell.finding.decides()?;
        Some(match seen {
            true => format!("seen on {} already, which is older", cell.name),
            false => format!("not seen on {}, which is older: it came later", cell.name),
        })
    });
    let swapped = of(Role::Swapped).filter_map(|cell| {
        Some(match (on_candidate?, cell.finding.decides()?) {
            (true, false) => format!("gone with {}: what was exchanged is at fault", cell.name),
            (true, true) => format!("still seen with {}: something else is at fault", cell.name),
            (false, true) => format!("seen with {}: what was exchanged is at fault", cell.name),
            (false, false) => format!("not seen with {} either", cell.name),
        })
    });
    older.chain(swapped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Finding;

    fn cell(role: Role, finding: Finding) -> Cell {
        Cell { role, name: format!("{} 9", role.id()), finding }
    }

    fn routed(candidate: Finding, stream: Finding, reference: Finding) -> Routed {
        let cells =
            [cell(Role::Candidate, candidate), cell(Role::Stream, stream), cell(Role::Reference, reference)];
        route(&cells)
    }

    #[test]
    fn the_table() {
        use Finding::{NotSeen, Seen};
        for (cells, expected) in [
            ((Seen, Seen, Seen), Route::Upstream),
            ((Seen, NotSeen, Seen), Route::FixedInStream),
            ((Seen, NotSeen, NotSeen), Route::Ours),
            ((Seen, Seen, NotSeen), Route::Coming),
            ((NotSeen, Seen, Seen), Route::NotReproduced),
            ((NotSeen, NotSeen, Finding::TimedOut), Route::NotReproduced),
        ] {
            assert_eq!(routed(cells.0, cells.1, cells.2).route, expected);
        }
    }

    #[test]
    fn what_is_not_known_never_decides_and_is_named() {
        use Finding::{NotSeen, Seen};
        let odd = [
            Finding::Flaky { seen: 1, not_seen: 2, runs: 3 },
            Finding::TimedOut,
            Finding::Unclear("x".to_owned()),
            Finding::NotRun("y".to_owned()),
        ];
        for odd in odd {
            for answer in [Seen, NotSeen] {
                for cells in [
                    (odd.clone(), answer.clone(), answer.clone()),
                    (Seen, odd.clone(), answer.clone()),
                    (Seen, answer.clone(), odd.clone()),
                ] {
                    let routed = routed(cells.0, cells.1, cells.2);
                    assert_eq!((routed.route, routed.missing.len()), (Route::Undecided, 1));
                    assert!(routed.missing[0].contains(&odd.words()), "{:?}", routed.missing);
                    assert!(routed.possible.len() > 1);
                }
            }
        }
        let alone = route(&[cell(Role::Candidate, Seen)]);
        assert_eq!((alone.route, alone.possible.len()), (Route::Undecided, 4));
        assert_eq!(alone.missing[0], "there is no environment for Stream");
    }

    #[test]
    fn two_environments_of_a_role_must_agree() {
        let cells = [
            cell(Role::Candidate, Finding::Seen),
            cell(Role::Stream, Finding::Seen),
            cell(Role::Stream, Finding::NotSeen),
            cell(Role::Reference, Finding::Seen),
        ];
        let routed = route(&cells);
        assert_eq!(routed.route, Route::Undecided);
        assert_eq!(routed.possible, [Route::Upstream, Route::FixedInStream]);
    }

    #[test]
    fn an_exchanged_package_is_told() {
        let cells = [cell(Role::Candidate, Finding::Seen), cell(Role::Swapped, Finding::NotSeen)];
        let reasons = route(&cells).reasons;
        assert_eq!(reasons[1], "gone with swapped 9: what was exchanged is at fault");
    }
}
