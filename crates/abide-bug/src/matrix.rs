//! Cells: what several runs in one environment say together.

use crate::seen::Sight;

/// What an environment stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The distribution that must stay compatible.
    Candidate,
    /// What the next reference is made from: CentOS Stream.
    Stream,
    /// The distribution that promises, or an equivalent that can be used freely.
    Reference,
    /// An older release.
    Older,
    /// The candidate with one package exchanged.
    Swapped,
}

impl Role {
    /// All roles, in the order of a report.
    pub const ALL: [Role; 5] = [Role::Candidate, Role::Stream, Role::Reference, Role::Older, Role::Swapped];

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Role::Candidate => "candidate",
            Role::Stream => "stream",
            Role::Reference => "reference",
            Role::Older => "older",
            Role::Swapped => "swapped",
        }
    }

    /// The role of this name.
    pub fn of(id: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.id() == id)
    }
}

/// What all runs in one environment say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Every run shows the bug.
    Seen,
    /// Every run shows that it is not there.
    NotSeen,
    /// Some runs show the bug, others do not; or not all runs could tell.
    Flaky {
        /// Runs that show the bug.
        seen: usize,
        /// Runs that show that it is not there.
        not_seen: usize,
        /// All runs.
        runs: usize,
    },
    /// No run was over in time.
    TimedOut,
    /// No run tells anything.
    Unclear(String),
    /// Nothing was run.
    NotRun(String),
}

impl Finding {
    /// Folds runs. Only runs that all say the same decide.
    pub fn of(sights: &[Sight]) -> Finding {
        let count = |wanted: fn(&Sight) -> bool| sights.iter().filter(|s| wanted(s)).count();
        let (seen, not_seen) = (count(|s| *s == Sight::Seen), count(|s| *s == Sight::NotSeen));
        let runs = sights.len();
        match (seen, not_seen) {
            (0, 0) => undecided(sights),
            (seen, 0) if seen == runs => Finding::Seen,
            (0, not_seen) if not_seen == runs => Finding::NotSeen,
            (seen, not_seen) => Finding::Flaky { seen, not_seen, runs },
        }
    }

    /// Whether the bug is there; none when that is not known.
    pub fn decides(&self) -> Option<bool> {
        match self {
            Finding::Seen => Some(true),
            Finding::NotSeen => Some(false),
            _ => None,
        }
    }

    /// Its name in formats for programs.
    pub fn id(&self) -> &'static str {
        match self {
            Finding::Seen => "seen",
            Finding::NotSeen => "not-seen",
            Finding::Flaky { .. } => "flaky",
            Finding::TimedOut => "timed-out",
            Finding::Unclear(_) => "unclear",
            Finding::NotRun(_) => "not-run",
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Finding::Seen => "seen".to_owned(),
            Finding::NotSeen => "not seen".to_owned(),
            Finding::Flaky { seen, not_seen, runs } => {
                format!("flaky: seen in {seen} and not seen in {not_seen} of {runs} runs")
            }
            Finding::TimedOut => "timed out".to_owned(),
            Finding::Unclear(why) => format!("unclear: {why}"),
            Finding::NotRun(why) => format!("not run: {why}"),
        }
    }
}

fn undecided(sights: &[Sight]) -> Finding {
    if sights.contains(&Sight::TimedOut) {
        return Finding::TimedOut;
    }
    let unclear = sights.iter().find_map(|sight| match sight {
        Sight::Unclear(why) => Some(Finding::Unclear(why.clone())),
        _ => None,
    });
    let not_run = sights.iter().find_map(|sight| match sight {
        Sight::NotRun(why) => Some(Finding::NotRun(why.clone())),
        _ => None,
    });
    unclear.or(not_run).unwrap_or_else(|| Finding::NotRun("no run was asked for".to_owned()))
}

/// One environment and what was found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What it stands for.
    pub role: Role,
    /// What people call it.
    pub name: String,
    /// What was found.
    pub finding: Finding,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_that_agree_decide() {
        use Sight::{NotSeen, Seen, TimedOut};
        let unclear = || Sight::Unclear("why".to_owned());
        assert_eq!(Finding::of(&[Seen, Seen]).decides(), Some(true));
        assert_eq!(Finding::of(&[NotSeen]).decides(), Some(false));
        for runs in [vec![Seen, NotSeen], vec![Seen, TimedOut], vec![NotSeen, unclear()]] {
            let finding = Finding::of(&runs);
            assert!(matches!(finding, Finding::Flaky { runs: 2, .. }) && finding.decides().is_none());
        }
        assert_eq!(Finding::of(&[unclear(), TimedOut]), Finding::TimedOut);
        assert_eq!(Finding::of(&[unclear()]), Finding::Unclear("why".to_owned()));
        assert!(matches!(Finding::of(&[]), Finding::NotRun(_)));
    }
}
