//! When a run of a reproducer shows the bug, when it shows that there is none, and when it tells nothing.
//!
//! Without criteria it is as with `git bisect run`: status 0 stands for "not seen", 125 for "cannot tell", others for
//! "seen"; but 126 and 127, a shell's words for a command that cannot be run or is not there, tell nothing.

use std::fmt;

use fancy_regex::Regex;

/// What was observed of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Exit status; 128 and the signal's number where a signal ended it, as shells have it.
    pub status: Option<u8>,
    /// Standard output and standard error in the order in which they came; only its start where it was too long.
    pub output: String,
    /// The limit that ended the run.
    pub limit: Option<Limit>,
    /// Why it could not be run.
    pub failure: Option<String>,
}

/// A limit of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Time.
    Time,
    /// Memory of all processes.
    Memory,
    /// Number of processes.
    Processes,
    /// A writable folder is full.
    Disk,
    /// Amount of output.
    Output,
}

impl Limit {
    /// All limits.
    pub const ALL: [Limit; 5] = [Limit::Time, Limit::Memory, Limit::Processes, Limit::Disk, Limit::Output];

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Limit::Time => "time",
            Limit::Memory => "memory",
            Limit::Processes => "processes",
            Limit::Disk => "disk",
            Limit::Output => "output",
        }
    }

    /// The limit of this name.
    pub fn of(id: &str) -> Option<Limit> {
        Limit::ALL.into_iter().find(|limit| limit.id() == id)
    }
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// Exit statuses, one of them.
    pub exit: Vec<u8>,
    /// Signals by number, one of them.
    pub signal: Vec<u8>,
    /// A pattern that the output must have.
    pub output: Option<Pattern>,
    /// The limit that must have ended the run.
    pub limit: Option<Limit>,
}

/// A regular expression.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles one; lines are told apart by `^` and `$`.
    pub fn new(text: &str) -> Result<Self, String> {
        Regex::new(&format!("(?m){text}")).map(Pattern).map_err(|e| e.to_string())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.as_str().strip_prefix("(?m)").unwrap_or(self.0.as_str())
    }

    /// Whether a text has it; none when that takes too long to find out.
    fn is_in(&self, text: &str) -> Option<bool> {
        self.0.is_match(text).ok()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

impl Condition {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.exit.is_empty() && self.signal.is_empty() && self.output.is_none() && self.limit.is_none()
    }

    /// Whether an observation meets it; none when that cannot be told.
    fn holds(&self, seen: &Observation) -> Option<bool> {
        if self.limit.is_some() || seen.limit.is_some() {
            // A run that was cut short met no other condition.
            return Some(self.limit.is_some() && self.limit == seen.limit);
        }
        let Some(status) = seen.status else { return Some(false) };
        let exit = self.exit.is_empty() || self.exit.contains(&status);
        let signal = self.signal.is_empty() || (status > 128 && self.signal.contains(&(status - 128)));
        let output = self.output.as_ref().map_or(Some(true), |pattern| pattern.is_in(&seen.output))?;
        Some(exit && signal && output)
    }
}

/// How runs are judged.
#[derive(Clone, Debug, Default)]
pub struct Criteria {
    /// When the bug is seen.
    pub seen: Condition,
    /// When it is seen not to be there.
    pub fixed: Condition,
}

/// What one run says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The bug is there.
    Seen,
    /// The bug is not there.
    NotSeen,
    /// The time was over first.
    TimedOut,
    /// The run tells nothing.
    Unclear(String),
    /// The run did not take place.
    NotRun(String),
}

impl Criteria {
    /// Judges a run.
    pub fn judge(&self, run: &Observation) -> Sight {
        if let Some(failure) = &run.failure {
            return Sight::NotRun(failure.clone());
        }
        let seen = if self.seen.is_empty() { default_seen(run, &self.fixed) } else { self.seen.holds(run) };
        let fixed = match self.fixed.is_empty() {
            true => Some(run.limit.is_none() && run.status == Some(0)),
            false => self.fixed.holds(run),
        };
        let default_fixed = self.fixed.is_empty() && !self.seen.is_empty();
        match (seen, fixed) {
            // Status 0 says "not there" only when nothing else says more.
            (Some(true), Some(true)) if default_fixed => Sight::Seen,
            (Some(true), Some(true)) => {
                Sight::Unclear("it meets both what [seen] and what [fixed] ask for".to_owned())
            }
            (Some(true), Some(false)) => Sight::Seen,
            (Some(false), Some(true)) => Sight::NotSeen,
            (Some(false), Some(false)) => neither(run),
            (None, _) | (_, None) => Sight::Unclear("the pattern takes too long on this output".to_owned()),
        }
    }
}

/// What is seen without `[seen]`.
fn default_seen(run: &Observation, fixed: &Condition) -> Option<bool> {
    let is_failure = run.limit.is_none() && run.status.is_some_and(|s| s != 0 && !(125..=127).contains(&s));
    // A failure that `[fixed]` asks for is none.
    Some(is_failure && (fixed.is_empty() || fixed.holds(run) != Some(true)))
}

fn neither(run: &Observation) -> Sight {
    let reason = match (run.limit, run.status) {
        (Some(Limit::Time), _) => return Sight::TimedOut,
        (Some(limit), _) => format!("it was ended at its limit of {}", limit.id()),
        (None, Some(125)) => "the reproducer says that it cannot tell (status 125)".to_owned(),
        (None, Some(126)) => "a command cannot be run (status 126)".to_owned(),
        (None, Some(127)) => "a command is not there (status 127)".to_owned(),
        (None, Some(status)) => format!("{} is neither what is seen nor what is fixed", exit(status)),
        (None, None) => "it ended without a status".to_owned(),
    };
    Sight::Unclear(reason)
}

/// An exit status in words.
pub fn exit(status: u8) -> String {
    match status {
        129..=192 => match signal_name(status - 128) {
            Some(name) => format!("status {status} ({name})"),
            None => format!("status {status} (signal {})", status - 128),
        },
        _ => format!("status {status}"),
    }
}

/// Signals of Linux that end programs, by number (signal(7); the same on all architectures of ours).
const SIGNALS: &[(u8, &str)] = &[
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (14, "SIGALRM"),
    (15, "SIGTERM"),
    (24, "SIGXCPU"),
    (25, "SIGXFSZ"),
    (31, "SIGSYS"),
];

/// The name of a signal.
pub fn signal_name(number: u8) -> Option<&'static str> {
    SIGNALS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name)
}

/// The number of a signal, with or without `SIG`.
pub fn signal_number(name: &str) -> Option<u8> {
    let bare = |name: &str| name.trim_start_matches("SIG").to_owned();
    SIGNALS.iter().find(|(_, known)| bare(known) == bare(name)).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(status: u8, output: &str) -> Observation {
        Observation { status: Some(status), output: output.to_owned(), limit: None, failure: None }
    }

    fn cut(limit: Limit) -> Observation {
        Observation { status: None, output: String::new(), limit: Some(limit), failure: None }
    }

    fn pattern(text: &str) -> Condition {
        Condition { output: Some(Pattern::new(text).unwrap()), ..Condition::default() }
    }

    #[test]
    fn without_criteria_it_is_as_with_git_bisect_run() {
        let criteria = Criteria::default();
        assert_eq!(criteria.judge(&run(0, "")), Sight::NotSeen);
        for status in [1, 2, 124, 128, 139] {
            assert_eq!(criteria.judge(&run(status, "")), Sight::Seen, "{status}");
        }
        for status in [125, 126, 127] {
            assert!(matches!(criteria.judge(&run(status, "")), Sight::Unclear(_)), "{status}");
        }
        assert_eq!(criteria.judge(&cut(Limit::Time)), Sight::TimedOut);
        assert!(matches!(criteria.judge(&cut(Limit::Memory)), Sight::Unclear(_)));
    }

    #[test]
    fn what_is_neither_decides_nothing() {
        let signal = Condition { signal: vec![11], ..Condition::default() };
        let criteria = Criteria { seen: signal, fixed: Condition::default() };
        assert_eq!(criteria.judge(&run(139, "")), Sight::Seen);
        assert_eq!(criteria.judge(&run(0, "")), Sight::NotSeen);
        assert!(matches!(criteria.judge(&run(1, "")), Sight::Unclear(_)));
        assert!(matches!(criteria.judge(&run(134, "")), Sight::Unclear(_)));
    }

    #[test]
    fn patterns_of_output_decide_with_status_0() {
        let criteria = Criteria { seen: pattern("^wrong$"), fixed: Condition::default() };
        assert_eq!(criteria.judge(&run(0, "a\nwrong\n")), Sight::Seen);
        assert_eq!(criteria.judge(&run(0, "a\nright\n")), Sight::NotSeen);
        assert!(matches!(criteria.judge(&run(1, "right")), Sight::Unclear(_)));
        let both = Criteria { seen: pattern("x"), fixed: pattern("y") };
        assert!(matches!(both.judge(&run(0, "xy")), Sight::Unclear(_)));
        assert_eq!(both.judge(&run(3, "y")), Sight::NotSeen);
        let only_fixed = Criteria { seen: Condition::default(), fixed: pattern("y") };
        assert_eq!(only_fixed.judge(&run(1, "y")), Sight::NotSeen);
        assert_eq!(only_fixed.judge(&run(1, "x")), Sight::Seen);
        assert!(matches!(only_fixed.judge(&run(0, "x")), Sight::Unclear(_)));
    }

    #[test]
    fn a_limit_can_be_the_bug() {
        let criteria = Criteria {
            seen: Condition { limit: Some(Limit::Time), ..Condition::default() },
            ..Criteria::default()
        };
        assert_eq!(criteria.judge(&cut(Limit::Time)), Sight::Seen);
        assert_eq!(criteria.judge(&run(0, "")), Sight::NotSeen);
        assert!(matches!(criteria.judge(&cut(Limit::Output)), Sight::Unclear(_)));
        // A run that was cut short never shows that a pattern is absent.
        let criteria = Criteria { seen: pattern("x"), fixed: Condition::default() };
        assert_eq!(criteria.judge(&cut(Limit::Time)), Sight::TimedOut);
    }

    #[test]
    fn a_run_that_did_not_take_place_says_why() {
        let failure = Some("no shell".to_owned());
        let run = Observation { status: Some(1), output: String::new(), limit: None, failure };
        assert_eq!(Criteria::default().judge(&run), Sight::NotRun("no shell".to_owned()));
    }

    #[test]
    fn signals_have_names() {
        assert_eq!(
            (signal_number("SEGV"), signal_number("SIGABRT"), signal_number("X")),
            (Some(11), Some(6), None)
        );
        assert_eq!(
            (exit(139), exit(170), exit(3)),
            ("status 139 (SIGSEGV)".to_owned(), "status 170 (signal 42)".to_owned(), "status 3".to_owned())
        );
    }
}
