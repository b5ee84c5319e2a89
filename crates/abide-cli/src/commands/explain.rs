//! `abide explain RULE`: what a rule looks for, why that breaks programs, when it does not.

use std::fmt::Write as _;

use abide_distro::rules::{self, Rule};
use abide_model::Level;
use anstyle::Style;

use crate::args::Explain;
use crate::error::CliError;
use crate::output::Destination;

/// Prints the explanation.
pub(crate) fn run(args: &Explain) -> Result<u8, CliError> {
    // A finding's case (`rule/case`) is explained with its rule.
    let id = args.rule.split('/').next().unwrap_or(&args.rule);
    let rule = rules::find(id).ok_or_else(|| unknown(&args.rule))?;
    let out = Destination::new(None);
    out.deliver(text(rule, out.width(), out.wants_colour()).as_bytes())?;
    Ok(0)
}

fn text(rule: &Rule, width: usize, colour: bool) -> String {
    let bold = if colour { Style::new().bold() } else { Style::new() };
    let mut text = format!("{bold}{}{bold:#}: {}\n", rule.id, rule.title);
    section(&mut text, width, &format!("{bold}{}{bold:#}", level(rule.level)), &rule.why);
    for (name, case) in &rule.cases {
        section(&mut text, width, &format!("{bold}{}{bold:#} ({name})", level(case.level)), &case.why);
    }
    section(&mut text, width, "When it does no harm", &rule.when_safe);
    section(&mut text, width, "Reference", &rule.reference);
    text
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Break => "Break",
        Level::Review => "Review",
        Level::Safe => "Safe",
    }
}

fn section(text: &mut String, width: usize, title: &str, body: &str) {
    let options =
        textwrap::Options::new(width).initial_indent("  ").subsequent_indent("  ").break_words(false);
    // Writing to a string cannot fail.
    let _ = write!(text, "\n{title}\n{}\n", textwrap::fill(body, options));
}

fn unknown(id: &str) -> CliError {
    let error = CliError::usage(format!("there is no rule {id:?}"));
    let near = rules::all()
        .iter()
        .map(|rule| (strsim::jaro_winkler(id, rule.id), rule.id))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, id)) => error.hint(format!("did you mean `{id}`? `abide rules` lists all")),
        None => error.hint("`abide rules` lists all"),
    }
}
