//! A bug as its file describes it.

use std::collections::BTreeMap;

use crate::seen::Criteria;

/// A bug.
#[derive(Clone, Debug)]
pub struct Bug {
    /// One line that says what is wrong.
    pub title: String,
    /// Source or binary package that is thought to be at fault.
    pub package: String,
    /// What should happen.
    pub expected: String,
    /// What happens instead, in words.
    pub actual: String,
    /// What shows the bug.
    pub reproducer: Reproducer,
    /// Packages that an environment must have for the reproducer to say anything.
    pub needs: Vec<String>,
    /// Where else the bug is described.
    pub links: Vec<String>,
    /// Day of the report, `YYYY-MM-DD`.
    pub reported: Option<String>,
    /// What ended it: ledger entries, builds or links.
    pub fixed_by: Vec<String>,
    /// When the reproducer shows the bug, and when it shows that there is none.
    pub criteria: Criteria,
    /// What a run may use.
    pub limits: Limits,
    /// Whether a run may use the network.
    pub network: bool,
    /// File beside the bug with the reporter's list of packages.
    pub reported_packages: Option<String>,
    /// Fields for trackers: tracker, field, value; they win over those that abide fills in.
    pub fields: BTreeMap<String, BTreeMap<String, String>>,
    /// Whatever else is written in a Markdown file.
    pub text: String,
}

/// What shows a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reproducer {
    /// A script in the bug's file; run by what its `#!` line names, or `/bin/sh`.
    Inline(String),
    /// A script in the bug's folder.
    File(String),
}

/// What a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds.
    pub time_s: u64,
    /// Bytes of memory, all processes together.
    pub memory_bytes: u64,
    /// Processes and threads' leaders at one time.
    pub processes: u64,
    /// Bytes in each writable folder.
    pub disk_bytes: u64,
    /// Bytes of output.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            time_s: 60,
            memory_bytes: 2 << 30,
            processes: 256,
            disk_bytes: 256 << 20,
            output_bytes: 4 << 20,
        }
    }
}

impl Bug {
    /// Digest of all that a run depends on: the reproducer, what it is judged by, its limits, the files beside it.
    ///
    /// Title, words and links may change without making earlier runs worthless.
    pub fn digest(&self, files: &BTreeMap<String, Vec<u8>>) -> String {
        let mut hash = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        match &self.reproducer {
            Reproducer::Inline(script) => part(script.as_bytes()),
            Reproducer::File(path) => part(format!("file {path}").as_bytes()),
        }
        part(format!("{:?} {:?} {} {:?}", self.criteria, self.limits, self.network, self.needs).as_bytes());
        for (path, content) in files {
            part(path.as_bytes());
            part(content);
        }
        hash.finalize().to_hex().to_string()
    }
}
