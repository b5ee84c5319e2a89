//! `abide rules`: every rule with its level.

use std::fmt::Write as _;

use abide_distro::rules;

use crate::args::Rules;
use crate::error::CliError;
use crate::output::Destination;

/// Prints the list.
pub(crate) fn run(_: &Rules) -> Result<u8, CliError> {
    let rules = rules::all();
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let mut levels = vec![rule.level];
        levels.extend(rule.cases.values().map(|case| case.level));
        levels.sort();
        levels.dedup();
        let levels: Vec<&str> = levels.iter().rev().map(|level| level.id()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<width$}  {:<19} {}", rule.id, levels.join(", "), rule.title);
    }
    let _ = writeln!(text, "\n{} rules; `abide explain RULE` tells more", rules.len());
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(0)
}
