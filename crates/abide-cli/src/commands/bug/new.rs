//! `abide bug new`: a bug file, from options or from answers on a terminal.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use abide_source::modify::date::Date;

use crate::bug::now;
use crate::bug_args::New;
use crate::error::CliError;
use crate::output::Destination;

/// Makes the file, checks it as `check` does, and writes it where none is yet.
pub(crate) fn run(args: &New) -> Result<u8, CliError> {
    let title = given(args.title.as_deref(), "title", "What is wrong, in one line?")?;
    let package = given(args.package.as_deref(), "package", "Which package?")?;
    let (expected, actual) = (
        wished(args.expected.as_deref(), "What should happen?")?,
        wished(args.actual.as_deref(), "What happens instead?")?,
    );
    let script = match &args.script {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|e| CliError::input(&format!("failed to read {}", path.display()), &e))?,
        None => given(
            None,
            "script",
            "A command that fails when the bug is there (or edit the file afterwards)?",
        )?,
    };
    let text = file(
        args,
        &[("title", &title), ("package", &package), ("expected", &expected), ("actual", &actual)],
        &script,
    );
    let name = args.output.as_ref().map_or_else(|| "the bug".to_owned(), |path| path.display().to_string());
    abide_bug::parse::parse(&name, text.as_bytes())
        .map_err(|e| CliError::input("the bug file cannot be made", &e).hint(&e.hint))?;
    if let Some(path) = args.output.as_ref().filter(|path| path.exists()) {
        let error = CliError::usage(format!("{} is there already", path.display()));
        return Err(error.hint("name another file"));
    }
    Destination::new(args.output.as_deref()).deliver(text.as_bytes())?;
    Ok(0)
}

/// What an option says, or the answer to a question.
fn given(option: Option<&str>, name: &str, question: &str) -> Result<String, CliError> {
    let missing = || CliError::usage(format!("the bug has no {name}")).hint(format!("give it with --{name}"));
    match option {
        Some(text) => Ok(text.to_owned()),
        None => ask(question)?.filter(|answer| !answer.is_empty()).ok_or_else(missing),
    }
}

/// The same for what may be left out.
fn wished(option: Option<&str>, question: &str) -> Result<String, CliError> {
    match option {
        Some(text) => Ok(text.to_owned()),
        None => Ok(ask(question)?.unwrap_or_default()),
    }
}

/// Asks on a terminal; none when there is none.
fn ask(question: &str) -> Result<Option<String>, CliError> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} ").and_then(|()| stderr.flush()).map_err(CliError::stdout)?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|e| CliError::input("failed to read the answer", &e))?;
    Ok(Some(line.trim().to_owned()))
}

fn file(args: &New, heads: &[(&str, &String)], script: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (name, value) in heads.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "{name} = {}", quoted(value));
    }
    let _ = writeln!(text, "reported = \"{}\"", Date::from_unix_seconds(now()));
    for (name, values) in [("needs", &args.needs), ("links", &args.link)] {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            let _ = writeln!(text, "{name} = [{}]", values.join(", "));
        }
    }
    let _ = writeln!(text, "\n[reproducer]\nscript = {}", quoted(script));
    let mut seen = String::new();
    if !args.seen_exit.is_empty() {
        let _ = writeln!(seen, "exit = {:?}", args.seen_exit);
    }
    if !args.seen_signal.is_empty() {
        let names: Vec<String> = args.seen_signal.iter().map(|name| quoted(name)).collect();
        let _ = writeln!(seen, "signal = [{}]", names.join(", "));
    }
    if let Some(pattern) = &args.seen_output {
        let _ = writeln!(seen, "output = {}", quoted(pattern));
    }
    if !seen.is_empty() {
        let _ = write!(text, "\n[seen]\n{seen}");
    }
    if let Some(time) = &args.time {
        let _ = writeln!(text, "\n[limits]\ntime = {}", quoted(time));
    }
    text
}

/// A TOML string; one of several lines stays readable where that is possible.
fn quoted(text: &str) -> String {
    let is_plain = text.contains('\n')
        && !text.contains("'''")
        && !text.contains('\r')
        && text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
    match is_plain {
        true => format!("'''\n{text}'''"),
        false => toml::Value::from(text).to_string(),
    }
}
