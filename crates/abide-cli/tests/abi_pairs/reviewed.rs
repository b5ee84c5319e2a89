//! The reviewed list: where abide answers otherwise than libabigail, and why.

use std::collections::BTreeSet;

use super::Disagreement;
use super::pair::Answer;

/// Why the answers differ; `reviewed.toml` says what each means.
const CLASSES: [&str; 4] = ["abide-knows-more", "witness-is-wrong", "not-asked", "not-read"];

pub(crate) struct Reviewed(Vec<toml::Table>);

impl Reviewed {
    pub(crate) fn read() -> Self {
        let mut file: toml::Table = include_str!("reviewed.toml").parse().expect("TOML");
        let Some(toml::Value::Array(entries)) = file.remove("answer") else { panic!("no [[answer]]") };
        let table = |entry: toml::Value| match entry {
            toml::Value::Table(table) => table,
            other => panic!("no table: {other}"),
        };
        Reviewed(entries.into_iter().map(table).collect())
    }

    /// One for each case and run, and no case twice.
    pub(crate) fn disagreements(&self) -> BTreeSet<Disagreement> {
        let mut out = BTreeSet::new();
        for entry in &self.0 {
            let text = |key: &str| entry[key].as_str().unwrap_or_else(|| panic!("{key} of {entry:?}"));
            let list = |key: &str| entry[key].as_array().unwrap_or_else(|| panic!("{key} of {entry:?}"));
            assert!(CLASSES.contains(&text("class")), "{entry:?}");
            assert!(text("reason").len() > 20, "{entry:?}");
            let abide = Answer::ALL.into_iter().find(|a| a.to_string() == text("abide"));
            let abide = abide.unwrap_or_else(|| panic!("abide of {entry:?}"));
            for case in list("cases") {
                for run in list("runs") {
                    let run = if run.as_str() == Some("default") { "default" } else { "tested" };
                    let case = case.as_str().expect("an id").to_string();
                    let is_new = out.insert((case.clone(), run, text("libabigail").to_string(), abide));
                    assert!(is_new, "{case} is there twice");
                }
            }
        }
        out
    }
}
