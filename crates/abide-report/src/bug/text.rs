//! Matrices and bisections for people.

use std::fmt::Write as _;

use super::{BisectDocument, EnvironmentEntry, MatrixDocument, RouteEntry};
use abide_bug::seen::exit;

/// Lines of output that are shown of each environment.
const OUTPUT_LINES: usize = 6;

/// Packages that are shown of each environment.
const PACKAGES: usize = 2;

/// A matrix; with the output of each environment when it is wanted.
pub fn matrix(document: &MatrixDocument, width: usize, verbose: bool) -> String {
    let mut text = format!("{}: {}\n\n", document.bug.package, document.bug.title);
    let names: Vec<String> =
        document.environments.iter().map(|e| format!("{} ({})", e.role, e.name)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (environment, name) in document.environments.iter().zip(&names) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<longest$}  {}", row(environment));
        for line in details(environment, verbose) {
            let _ = writeln!(text, "  {:longest$}    {line}", "");
        }
    }
    text.push('\n');
    route(&mut text, &document.route, width);
    for note in &document.notes {
        wrapped(&mut text, "note: ", note, width);
    }
    text
}

fn row(environment: &EnvironmentEntry) -> String {
    let mut parts = vec![environment.words.clone()];
    let shown = environment.package.iter().take(PACKAGES).cloned();
    parts.extend(shown);
    if environment.package.len() > PACKAGES {
        parts.push(format!("and {} more", environment.package.len() - PACKAGES));
    }
    match parts.split_first() {
        Some((words, packages)) if !packages.is_empty() => format!("{words}; {}", packages.join(", ")),
        _ => parts.join(""),
    }
}

/// How the runs ended and what was noticed of them; equal ones once.
fn details(environment: &EnvironmentEntry, verbose: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for run in &environment.runs {
        let mut words = match (run.status, &run.limit) {
            (_, Some(limit)) => format!("ended at its limit of {limit}"),
            (Some(status), None) => exit(status),
            (None, None) => continue,
        };
        match run.left_running {
            0 => {}
            1 => words.push_str("; it left a process running, which was ended"),
            left => {
                let _ = write!(words, "; it left {left} processes running, which were ended");
            }
        }
        if !lines.contains(&words) {
            lines.push(words);
        }
    }
    if verbose {
        let shown = environment.runs.iter().find(|run| run.sight == "seen").or(environment.runs.first());
        for line in shown.iter().flat_map(|run| run.output.lines()).take(OUTPUT_LINES) {
            lines.push(format!("| {}", line.chars().filter(|c| !c.is_control()).collect::<String>()));
        }
    }
    lines
}

fn route(text: &mut String, route: &RouteEntry, width: usize) {
    wrapped(text, &format!("route: {}: ", route.route), &route.advice, width);
    for reason in &route.reasons {
        wrapped(text, "  - ", reason, width);
    }
    for missing in &route.missing {
        wrapped(text, "  - not known: ", missing, width);
    }
    if !route.possible.is_empty() {
        wrapped(text, "  - still possible: ", &route.possible.join(", "), width);
    }
}

/// A bisection, without the check of the packages.
pub fn bisection(document: &BisectDocument, width: usize) -> String {
    let mut text = format!("{}: {}\n\n", document.bug.package, document.bug.title);
    let count = document.updates.len();
    let _ = writeln!(text, "{count} update{} in {}", if count == 1 { "" } else { "s" }, document.root);
    for step in &document.steps {
        let last = step.last.as_deref().unwrap_or("none of them");
        let _ = writeln!(text, "  {:>3}  {:<11}  {last}: {}", step.updates, step.answer, step.words);
    }
    text.push('\n');
    wrapped(&mut text, "", &document.words, width);
    text
}

fn wrapped(text: &mut String, head: &str, body: &str, width: usize) {
    let indent = if head.starts_with("  ") { "    " } else { "  " };
    let options =
        textwrap::Options::new(width).initial_indent(head).subsequent_indent(indent).break_words(false);
    text.push_str(&textwrap::fill(body, options));
    text.push('\n');
}
