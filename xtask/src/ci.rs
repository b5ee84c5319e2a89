//! `cargo xtask ci`: every check, in the order in which a failure is cheapest, each with its time.
//!
//! A step that lacks a tool is skipped and says so; under `CI=true` that is a failure.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use crate::workspace::{self, Outcome};
use crate::{fuzz, leaks, licences, setup};

/// How a step ended.
pub(crate) enum Ended {
    Passed,
    Skipped(String),
    Failed(String),
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        outcome.map_or_else(Ended::Failed, |()| Ended::Passed)
    }
}

/// Counts of the tests that cargo ran.
#[derive(Default)]
struct Tests {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// What tests said that they left out, for want of a tool or of data.
    skipped: Vec<String>,
}

/// Runs everything; fails when a step did.
pub(crate) fn run() -> Outcome {
    let strict = std::env::var("CI").is_ok_and(|v| v == "true");
    let mut tests = Tests::default();
    let mut rows = Vec::new();
    let mut step = |name: &'static str, run: &mut dyn FnMut() -> Ended| {
        println!("\n==> {name}");
        let start = Instant::now();
        let mut ended = run();
        if let (Ended::Skipped(why), true) = (&ended, strict) {
            ended = Ended::Failed(format!("skipped, and CI=true skips nothing: {why}"));
        }
        if let Ended::Failed(why) | Ended::Skipped(why) = &ended {
            eprintln!("{name}: {why}");
        }
        rows.push((name, ended, start.elapsed().as_secs_f64()));
    };
    step("setup", &mut || setup::for_tests().map_or_else(Ended::Skipped, |()| Ended::Passed));
    step("format", &mut format);
    step("leaks", &mut || leaks::check().into());
    step("licences", &mut licences);
    step("lints", &mut lints);
    step("tests", &mut || run_tests(&mut tests).into());
    step("docs", &mut docs);
    step("example", &mut || example().into());
    step("fuzz", &mut fuzz::smoke);
    summary(&rows, &tests)
}

fn summary(rows: &[(&'static str, Ended, f64)], tests: &Tests) -> Outcome {
    println!();
    let mut failed = Vec::new();
    for (name, ended, seconds) in rows {
        let (word, why) = match ended {
            Ended::Passed => ("passed", ""),
            Ended::Skipped(why) => ("skipped", why.as_str()),
            Ended::Failed(why) => {
                failed.push(*name);
                ("FAILED", why.lines().next().unwrap_or_default())
            }
        };
        println!("{word:8} {name:9} {seconds:7.1} s  {why}");
    }
    for line in &tests.skipped {
        println!("in tests: {line}");
    }
    println!("tests: {} passed, {} failed, {} skipped", tests.passed, tests.failed, tests.ignored);
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

fn has_component(name: &str) -> bool {
    workspace::output(workspace::cargo().args([name, "--version"])).is_ok()
}

fn format() -> Ended {
    if !has_component("fmt") {
        return Ended::Skipped("rustfmt is not installed".into());
    }
    workspace::succeed(workspace::cargo().args(["fmt", "--all", "--check"]))
        .and_then(|()| {
            workspace::succeed(workspace::cargo().args([
                "fmt",
                "--manifest-path",
                "fuzz/Cargo.toml",
                "--check",
            ]))
        })
        .into()
}

/// The compiler whose lints are enforced. Others have other lints: what they find is shown and fails nothing.
const LINTED_WITH: &str = "rustc 1.95.";

/// `-D warnings` where the compiler is the one whose lints are enforced.
fn deny_warnings() -> &'static [&'static str] {
    let version = workspace::output(workspace::rustc().arg("--version")).unwrap_or_default();
    if version.starts_with(LINTED_WITH.as_bytes()) { &["-D", "warnings"] } else { &[] }
}

fn lints() -> Ended {
    if !has_component("clippy") {
        return Ended::Skipped("clippy is not installed".into());
    }
    let mut command = workspace::cargo();
    command.args(["clippy", "--release", "--locked", "--workspace", "--all-targets", "--"]);
    workspace::succeed(command.args(deny_warnings())).into()
}

fn licences() -> Ended {
    let ours = licences::check();
    if ours.is_ok() && has_component("deny") {
        return workspace::succeed(workspace::cargo().args(["deny", "check", "licenses", "bans", "sources"]))
            .into();
    }
    ours.into()
}

fn docs() -> Ended {
    let mut command = workspace::cargo();
    command.env("RUSTDOCFLAGS", deny_warnings().join(" "));
    workspace::succeed(command.args(["doc", "--release", "--locked", "--workspace", "--no-deps"])).into()
}

/// All tests. Their output goes through, but for what successful tests print; lines there that say what was skipped
/// are kept for the summary, and cargo's result lines are added up.
fn run_tests(tests: &mut Tests) -> Outcome {
    let mut command = workspace::cargo();
    command.args(["test", "--release", "--locked", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|e| format!("failed to start cargo test: {e}"))?;
    let stdout = child.stdout.take().ok_or("cargo test has no output")?;
    let mut of_success = false;
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|e| format!("failed to read cargo test's output: {e}"))?;
        of_success = line == "successes:" || of_success && !is_end_of_successes(&line);
        if !of_success {
            println!("{line}");
            count(&line, tests);
        } else if line.starts_with("skipped") {
            tests.skipped.push(line);
        }
    }
    let status = child.wait().map_err(|e| format!("failed to wait for cargo test: {e}"))?;
    if !status.success() {
        return Err(format!("cargo test: {status}"));
    }
    if tests.passed == 0 { Err("no test was run".into()) } else { Ok(()) }
}

fn is_end_of_successes(line: &str) -> bool {
    line == "failures:" || line.starts_with("test result: ")
}

/// Adds a line like `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn count(line: &str, tests: &mut Tests) {
    let Some(result) = line.strip_prefix("test result: ") else { return };
    let words: Vec<&str> = result.split_whitespace().collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<usize>() else { continue };
        match pair[1] {
            "passed;" => tests.passed += number,
            "failed;" => tests.failed += number,
            "ignored;" => tests.ignored += number,
            _ => {}
        }
    }
}

/// README's first command: the example must come out incompatible (exit status 1), as README shows it.
fn example() -> Outcome {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--release", "--locked", "--", "check"]);
    command.args(["examples/repos/reference", "examples/repos/candidate"]);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|e| format!("failed to start abide: {e}"))?;
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{} lines, the first: {}", report.lines().count(), report.lines().next().unwrap_or_default());
    if output.status.code() != Some(1) {
        return Err(format!("the example's exit status is {} instead of 1\n{report}", output.status));
    }
    let readme = workspace::root().join("README.md");
    let readme = std::fs::read_to_string(&readme).map_err(|e| format!("{}: {e}", readme.display()))?;
    match line_not_in(&readme, &report) {
        None => Ok(()),
        Some(line) => {
            Err(format!("README shows a line that the report does not have (or not there): {line}"))
        }
    }
}

/// The first line of README's first `text` block that is not in the report, in the same order.
fn line_not_in<'r>(readme: &'r str, report: &str) -> Option<&'r str> {
    let block = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut lines = report.lines();
    let shown = block.unwrap_or("README has no report\n").lines().filter(|line| *line != "…");
    shown.into_iter().find(|shown| !lines.any(|line| line == *shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_found_with_gaps_and_in_order() {
        let readme = "x\n```text\na\n…\nc\n```\n";
        assert_eq!(line_not_in(readme, "a\nb\nc\n"), None);
        assert_eq!(line_not_in(readme, "c\na\n"), Some("c"));
        assert_eq!(line_not_in("no block", "a\n"), Some("README has no report"));
    }

    #[test]
    fn result_lines_are_added_up() {
        let mut tests = Tests::default();
        count("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out", &mut tests);
        count("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured", &mut tests);
        count("test something ... ok", &mut tests);
        assert_eq!((tests.passed, tests.failed, tests.ignored), (7, 2, 1));
    }
}
