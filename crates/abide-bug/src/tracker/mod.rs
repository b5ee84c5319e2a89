//! Trackers: what a report is called there, its fields, and the documented call that makes it.

mod request;
mod text;

pub use request::{Request, request};
pub use text::{Environment, Evidence, body, summary};

/// A kind of bug tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tracker {
    /// Jira, as Red Hat has for RHEL and CentOS Stream.
    Jira,
    /// Bugzilla 5 and later.
    Bugzilla,
    /// MantisBT.
    Mantis,
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
}

impl Tracker {
    /// All trackers.
    pub const ALL: [Tracker; 5] =
        [Tracker::Jira, Tracker::Bugzilla, Tracker::Mantis, Tracker::Github, Tracker::Gitlab];

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Tracker::Jira => "jira",
            Tracker::Bugzilla => "bugzilla",
            Tracker::Mantis => "mantis",
            Tracker::Github => "github",
            Tracker::Gitlab => "gitlab",
        }
    }

    /// The tracker of this name.
    pub fn of(id: &str) -> Option<Tracker> {
        Tracker::ALL.into_iter().find(|tracker| tracker.id() == id)
    }
}
