//! The report's text: Markdown, Jira's markup, or plain text for MantisBT.

use std::fmt::Write as _;

use super::Tracker;
use crate::bug::{Bug, Reproducer};
use crate::route::Routed;

/// Lines of output that a report shows.
const OUTPUT_LINES: usize = 40;
/// Bytes of output that a report shows.
const OUTPUT_BYTES: usize = 8000;

/// One environment of the evidence table.
#[derive(Clone, Debug)]
pub struct Environment {
    /// What it stands for.
    pub role: String,
    /// What people call it.
    pub name: String,
    /// What was found.
    pub finding: String,
    /// The package as it is installed there.
    pub package: String,
    /// Digest of the package set.
    pub packages_digest: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// How the runs ended.
    pub runs: String,
    /// Output of the run that shows most.
    pub output: String,
}

/// Everything that a report tells.
pub struct Evidence<'a> {
    /// The bug.
    pub bug: &'a Bug,
    /// The reproducer's text.
    pub script: &'a str,
    /// Where it belongs.
    pub routed: &'a Routed,
    /// The environments.
    pub environments: &'a [Environment],
    /// The program and version that made it.
    pub made_by: &'a str,
}

/// The report's title.
pub fn summary(bug: &Bug) -> String {
    match bug.title.starts_with(&bug.package) {
        true => bug.title.clone(),
        false => format!("{}: {}", bug.package, bug.title),
    }
}

/// The report's text in the tracker's markup.
pub fn body(evidence: &Evidence<'_>, tracker: Tracker) -> String {
    let markup = match tracker {
        Tracker::Jira => Markup::Jira,
        Tracker::Mantis => Markup::Plain,
        Tracker::Bugzilla | Tracker::Github | Tracker::Gitlab => Markup::Markdown,
    };
    let mut out = String::new();
    let bug = evidence.bug;
    for (title, text) in
        [("What happens", &bug.actual), ("What is expected", &bug.expected), ("Details", &bug.text)]
    {
        if !text.trim().is_empty() {
            markup.heading(&mut out, title);
            let _ = writeln!(out, "{}\n", text.trim());
        }
    }
    markup.heading(&mut out, "Reproducer");
    if let Reproducer::File(path) = &bug.reproducer {
        let _ = writeln!(out, "{path}:\n");
    }
    markup.code(&mut out, evidence.script);
    if !bug.needs.is_empty() {
        let _ = writeln!(out, "It needs: {}\n", bug.needs.join(", "));
    }
    markup.heading(&mut out, "Where it is seen");
    markup.table(&mut out, evidence.environments);
    route(&mut out, &markup, evidence.routed);
    for environment in evidence.environments.iter().filter(|e| !e.output.trim().is_empty()) {
        markup.heading(&mut out, &format!("Output on {}", environment.name));
        markup.code(&mut out, &shortened(&environment.output));
    }
    if !bug.links.is_empty() {
        markup.heading(&mut out, "Links");
        bug.links.iter().for_each(|link| {
            let _ = writeln!(out, "{} {link}", markup.bullet());
        });
        out.push('\n');
    }
    let _ = writeln!(out, "Runs, environments and package lists are recorded; made by {}.", evidence.made_by);
    out
}

fn route(out: &mut String, markup: &Markup, routed: &Routed) {
    markup.heading(out, "Where it belongs");
    let _ = writeln!(out, "{}: {}\n", routed.route.id(), routed.route.advice());
    for line in &routed.reasons {
        let _ = writeln!(out, "{} {line}", markup.bullet());
    }
    for line in &routed.missing {
        let _ = writeln!(out, "{} not known: {line}", markup.bullet());
    }
    out.push('\n');
}

enum Markup {
    Markdown,
    Jira,
    Plain,
}

impl Markup {
    fn heading(&self, out: &mut String, title: &str) {
        let _ = match self {
            Markup::Markdown => writeln!(out, "## {title}\n"),
            Markup::Jira => writeln!(out, "h3. {title}\n"),
            Markup::Plain => writeln!(out, "{title}\n{}\n", "-".repeat(title.chars().count())),
        };
    }

    fn bullet(&self) -> &'static str {
        if matches!(self, Markup::Jira) { "*" } else { "-" }
    }

    fn code(&self, out: &mut String, text: &str) {
        let text = text.trim_end_matches('\n');
        match self {
            Markup::Markdown => {
                // A fence that is longer than any in the text.
                let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                let fence = "`".repeat((longest + 1).max(3));
                let _ = writeln!(out, "{fence}\n{text}\n{fence}\n");
            }
            Markup::Jira => {
                let text = text.replace("{noformat}", "{ noformat }");
                let _ = writeln!(out, "{{noformat}}\n{text}\n{{noformat}}\n");
            }
            Markup::Plain => {
                text.lines().for_each(|line| {
                    let _ = writeln!(out, "    {line}");
                });
                out.push('\n');
            }
        }
    }

    fn table(&self, out: &mut String, environments: &[Environment]) {
        let head = ["environment", "", "the bug", "package", "runs", "kernel", "packages"];
        let rows = environments.iter().map(|e| {
            let digest = e.packages_digest.as_deref().map_or("not known", |d| d.get(..12).unwrap_or(d));
            [
                &e.role,
                &e.name,
                &e.finding,
                &e.package,
                &e.runs,
                e.kernel.as_deref().unwrap_or("not known"),
                digest,
            ]
            .map(|cell| self.cell(cell))
        });
        match self {
            Markup::Markdown => {
                let _ = writeln!(out, "| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()));
            }
            Markup::Jira => {
                let _ = writeln!(out, "||{}||", head.map(|h| if h.is_empty() { " " } else { h }).join("||"));
            }
            Markup::Plain => {}
        }
        for row in rows {
            let _ = match self {
                Markup::Plain => {
                    let [role, name, finding, package, runs, kernel, packages] = row;
                    writeln!(
                        out,
                        "- {role}, {name}: {finding} ({runs}; {package}; kernel {kernel}; packages {packages})"
                    )
                }
                _ => writeln!(out, "| {} |", row.join(" | ")),
            };
        }
        out.push('\n');
    }

    fn cell(&self, text: &str) -> String {
        let text = text.replace(['\n', '\r'], " ");
        match self {
            Markup::Plain => text,
            _ if text.is_empty() => " ".to_owned(),
            _ => text.replace('|', "\\|"),
        }
    }
}

fn shortened(output: &str) -> String {
    let mut text = String::new();
    for (number, line) in output.lines().enumerate() {
        if number == OUTPUT_LINES || text.len() + line.len() > OUTPUT_BYTES {
            text.push_str("[the rest is left out]\n");
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
