//! Bug files: TOML, or Markdown with a TOML head between `+++` lines and the reproducer in a fenced block.
//!
//! Any bytes may come: what is read is only checked and kept. Every error names the line and a next step.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::bug::{Bug, Limits, Reproducer};
use crate::seen::{Condition, Criteria, Limit, Pattern, signal_number};

/// Why a bug file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct ParseError {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    title: Spanned<String>,
    package: Spanned<String>,
    #[serde(default)]
    expected: String,
    #[serde(default)]
    actual: String,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    links: Vec<String>,
    reported: Option<Spanned<String>>,
    #[serde(default)]
    fixed_by: Vec<String>,
    reported_packages: Option<Spanned<String>>,
    reproducer: Option<Spanned<ReproducerTable>>,
    #[serde(default)]
    seen: ConditionTable,
    #[serde(default)]
    fixed: ConditionTable,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    tracker: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReproducerTable {
    script: Option<String>,
    file: Option<Spanned<String>>,
    #[serde(default)]
    network: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ConditionTable {
    exit: Option<Spanned<OneOrMore<u8>>>,
    signal: Option<Spanned<OneOrMore<SignalWord>>>,
    output: Option<Spanned<String>>,
    limit: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SignalWord {
    Number(u8),
    Name(String),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    time: Option<Spanned<String>>,
    memory: Option<Spanned<String>>,
    processes: Option<Spanned<u64>>,
    disk: Option<Spanned<String>>,
    output: Option<Spanned<String>>,
}

const HINT: &str = "a bug file has title, package and [reproducer], and may have expected, actual, needs, links, \
    reported, fixed-by, reported-packages, [seen], [fixed], [limits] and [tracker.NAME]";
/// No limit may be larger.
const MOST_SECONDS: u64 = 24 * 60 * 60;
const MOST_BYTES: u64 = 1 << 40;

/// Reads a bug file; Markdown when the name ends in `.md`. `name` is how messages call it.
///
/// ```
/// let text = "title = \"wrong sum\"\npackage = \"bc\"\n[reproducer]\nscript = \"test $(echo 1+1 | bc) = 2\"\n";
/// let bug = abide_bug::parse::parse("bug.toml", text.as_bytes()).unwrap();
/// assert_eq!(bug.package, "bc");
/// let error = abide_bug::parse::parse("bug.toml", b"title = 1").unwrap_err();
/// assert!(error.to_string().starts_with("bug.toml:1: "));
/// ```
pub fn parse(name: &str, bytes: &[u8]) -> Result<Bug, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        error(name, line, "the file is not UTF-8", "save it as UTF-8")
    })?;
    if name.ends_with(".md") {
        markdown(name, text)
    } else {
        toml_bug(&Place { name, text, first_line: 1 }, None)
    }
}

fn error(file: &str, line: usize, message: impl Into<String>, hint: impl Into<String>) -> ParseError {
    ParseError { file: file.to_owned(), line, message: message.into(), hint: hint.into() }
}

/// Splits a Markdown file into its head, its first fenced block and the rest.
fn markdown(name: &str, text: &str) -> Result<Bug, ParseError> {
    let hint = "begin with a line `+++`, the TOML head, and another line `+++`";
    let mut lines = text.lines().enumerate();
    match lines.next() {
        Some((_, line)) if line.trim_end() == "+++" => {}
        _ => return Err(error(name, 1, "the file does not begin with a TOML head", hint)),
    }
    let mut head = String::new();
    let mut is_closed = false;
    for (_, line) in lines.by_ref() {
        if line.trim_end() == "+++" {
            is_closed = true;
            break;
        }
        head.push_str(line);
        head.push('\n');
    }
    if !is_closed {
        return Err(error(name, text.lines().count(), "the TOML head is not closed", hint));
    }
    let (script, rest) = fenced(name, lines)?;
    let mut bug = toml_bug(&Place { name, text: &head, first_line: 2 }, script)?;
    bug.text = rest.trim().to_owned();
    Ok(bug)
}

/// The first fenced block, and everything else.
fn fenced<'a>(
    name: &str,
    lines: impl Iterator<Item = (usize, &'a str)>,
) -> Result<(Option<String>, String), ParseError> {
    let mut script: Option<String> = None;
    let mut rest = String::new();
    let mut open: Option<(usize, usize)> = None;
    for (number, line) in lines {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match open {
            None if ticks >= 3 && script.is_none() => {
                open = Some((ticks, number + 1));
                script = Some(String::new());
            }
            Some((opened, _)) if ticks >= opened && line.trim_end().len() == ticks => open = None,
            Some(_) => {
                let script = script.get_or_insert_default();
                script.push_str(line);
                script.push('\n');
            }
            None => {
                rest.push_str(line);
                rest.push('\n');
            }
        }
    }
    match open {
        Some((_, line)) => {
            Err(error(name, line, "the fenced block is not closed", "end it with a line of backticks"))
        }
        None => Ok((script, rest)),
    }
}

/// Where a head is, for messages.
struct Place<'a> {
    name: &'a str,
    text: &'a str,
    first_line: usize,
}

impl Place<'_> {
    fn error(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> ParseError {
        let before = self.text.as_bytes().get(..at.min(self.text.len())).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + self.first_line;
        error(self.name, line, message, hint)
    }
}

fn toml_bug(place: &Place<'_>, fenced: Option<String>) -> Result<Bug, ParseError> {
    let file: File = toml::from_str(place.text)
        .map_err(|e| place.error(e.span().map_or(0, |span| span.start), e.message(), HINT))?;
    for (field, name) in [(&file.title, "title"), (&file.package, "package")] {
        if field.get_ref().trim().is_empty() {
            return Err(place.error(
                field.span().start,
                format!("the {name} is empty"),
                format!("write a {name}"),
            ));
        }
    }
    if file.title.get_ref().contains(['\n', '\r']) {
        return Err(place.error(
            file.title.span().start,
            "the title has several lines",
            "put the rest into actual",
        ));
    }
    if let Some(day) = file.reported.as_ref().filter(|day| !is_day(day.get_ref())) {
        let message = format!("{:?} is no day", day.get_ref());
        return Err(place.error(day.span().start, message, "write it as YYYY-MM-DD"));
    }
    if let Some(path) = &file.reported_packages {
        relative(place, path)?;
    }
    check_trackers(place, &file.tracker)?;
    let network = file.reproducer.as_ref().is_some_and(|table| table.get_ref().network);
    Ok(Bug {
        reproducer: reproducer(place, file.reproducer, fenced)?,
        criteria: Criteria { seen: condition(place, file.seen)?, fixed: condition(place, file.fixed)? },
        limits: limits(place, file.limits)?,
        title: file.title.into_inner(),
        package: file.package.into_inner(),
        expected: file.expected,
        actual: file.actual,
        needs: file.needs,
        links: file.links,
        reported: file.reported.map(Spanned::into_inner),
        fixed_by: file.fixed_by,
        network,
        reported_packages: file.reported_packages.map(Spanned::into_inner),
        fields: file.tracker,
        text: String::new(),
    })
}

fn check_trackers(
    place: &Place<'_>,
    trackers: &BTreeMap<String, BTreeMap<String, String>>,
) -> Result<(), ParseError> {
    let known = crate::tracker::Tracker::ALL.map(|tracker| tracker.id());
    match trackers.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let at = place.text.find(&format!("[tracker.{name}")).unwrap_or(0);
            let message = format!("there is no tracker {name:?}");
            Err(place.error(at, message, format!("there are {}", known.join(", "))))
        }
    }
}

fn reproducer(
    place: &Place<'_>,
    table: Option<Spanned<ReproducerTable>>,
    fenced: Option<String>,
) -> Result<Reproducer, ParseError> {
    let at = table.as_ref().map_or(place.text.len(), |table| table.span().start);
    let hint = "give one of: script = \"…\", file = \"…\" beside the bug file, a fenced block in Markdown";
    let (script, file) = table.map(Spanned::into_inner).map_or((None, None), |t| (t.script, t.file));
    if let Some(file) = &file {
        relative(place, file)?;
    }
    match (script, file, fenced) {
        (Some(script), None, None) | (None, None, Some(script)) if !script.trim().is_empty() => {
            Ok(Reproducer::Inline(script))
        }
        (None, Some(file), None) => Ok(Reproducer::File(file.into_inner())),
        (None, None, None) => Err(place.error(at, "there is no reproducer", hint)),
        (Some(_), None, None) | (None, None, Some(_)) => {
            Err(place.error(at, "the reproducer is empty", hint))
        }
        _ => Err(place.error(at, "there are several reproducers", hint)),
    }
}

/// A path that stays in the bug's folder.
fn relative(place: &Place<'_>, path: &Spanned<String>) -> Result<(), ParseError> {
    let text = path.get_ref();
    let is_inside = !text.is_empty()
        && !text.starts_with('/')
        && !text.contains('\0')
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    match is_inside {
        true => Ok(()),
        false => Err(place.error(
            path.span().start,
            format!("{text:?} is not in the bug's folder"),
            "name a file below the bug's folder, without ..",
        )),
    }
}

fn condition(place: &Place<'_>, table: ConditionTable) -> Result<Condition, ParseError> {
    let mut signal = Vec::new();
    if let Some(words) = table.signal {
        let at = words.span().start;
        for word in words.into_inner().into_vec() {
            signal.push(match word {
                SignalWord::Number(number @ 1..=64) => number,
                SignalWord::Number(number) => {
                    return Err(place.error(at, format!("there is no signal {number}"), "see signal(7)"));
                }
                SignalWord::Name(name) => signal_number(&name).ok_or_else(|| {
                    place.error(
                        at,
                        format!("there is no signal {name:?}"),
                        "write a name such as SIGSEGV, or a number",
                    )
                })?,
            });
        }
    }
    let output = table.output.map(|text| {
        let hint = "write a regular expression; in TOML, '…' keeps backslashes";
        let message =
            |e: String| place.error(text.span().start, format!("the pattern cannot be used: {e}"), hint);
        Pattern::new(text.get_ref()).map_err(message)
    });
    let limit = table.limit.map(|word| {
        let known: Vec<&str> = Limit::ALL.iter().map(|limit| limit.id()).collect();
        let message = || {
            place.error(
                word.span().start,
                format!("there is no limit {:?}", word.get_ref()),
                format!("there are {}", known.join(", ")),
            )
        };
        Limit::of(word.get_ref()).ok_or_else(message)
    });
    Ok(Condition {
        exit: table.exit.map(|e| e.into_inner().into_vec()).unwrap_or_default(),
        signal,
        output: output.transpose()?,
        limit: limit.transpose()?,
    })
}

fn limits(place: &Place<'_>, table: LimitsTable) -> Result<Limits, ParseError> {
    let default = Limits::default();
    let bytes = |value: Option<Spanned<String>>, default: u64| match value {
        None => Ok(default),
        Some(text) => size(text.get_ref()).filter(|n| (1..=MOST_BYTES).contains(n)).ok_or_else(|| {
            place.error(
                text.span().start,
                format!("{:?} is no size", text.get_ref()),
                "write a number with K, M or G",
            )
        }),
    };
    let time_s = match table.time {
        None => default.time_s,
        Some(text) => {
            seconds(text.get_ref()).filter(|n| (1..=MOST_SECONDS).contains(n)).ok_or_else(|| {
                let hint = "write a number with s, m or h, a day at most";
                place.error(text.span().start, format!("{:?} is no time", text.get_ref()), hint)
            })?
        }
    };
    let processes = match table.processes {
        None => default.processes,
        Some(number) if (1..=100_000).contains(number.get_ref()) => number.into_inner(),
        Some(number) => {
            return Err(place.error(
                number.span().start,
                "the number of processes is out of range",
                "write 1 to 100000",
            ));
        }
    };
    Ok(Limits {
        time_s,
        processes,
        memory_bytes: bytes(table.memory, default.memory_bytes)?,
        disk_bytes: bytes(table.disk, default.disk_bytes)?,
        output_bytes: bytes(table.output, default.output_bytes)?,
    })
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let shift = match unit {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

/// Seconds of `30s`, `5m`, `1h`.
pub fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Whether a text is a day, `YYYY-MM-DD`.
pub fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, length: usize| {
        let is_number = text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(_), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"
title = "parser ends"
package = "libfoo"
reported = "2026-01-02"
links = ["https://bugs.example.org/1"]

[reproducer]
script = "foo < /bug/input"

[seen]
signal = ["SIGSEGV", 6]
output = '^bad \d+$'

[limits]
time = "5s"
memory = "512M"

[tracker.jira]
project = "RHEL"
"#;

    fn fail(text: &str) -> String {
        parse("b.toml", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_file_is_read() {
        let bug = parse("b.toml", TOML.as_bytes()).unwrap();
        assert_eq!(bug.criteria.seen.signal, [11, 6]);
        assert_eq!(bug.criteria.seen.output.as_ref().unwrap().text(), r"^bad \d+$");
        assert_eq!((bug.limits.time_s, bug.limits.memory_bytes), (5, 512 << 20));
        assert_eq!(bug.fields["jira"]["project"], "RHEL");
        assert!(!bug.network);
    }

    #[test]
    fn markdown_has_a_head_and_a_fenced_reproducer() {
        let text = "+++\ntitle = \"t\"\npackage = \"p\"\n+++\n\n# Words\n\n```sh\nexit 1\n```\n\nMore\n```\nkept\n```\n";
        let bug = parse("b.md", text.as_bytes()).unwrap();
        assert_eq!(bug.reproducer, Reproducer::Inline("exit 1\n".to_owned()));
        assert_eq!(bug.text, "# Words\n\n\nMore\n```\nkept\n```");
        let fail = |text: &str| parse("b.md", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(fail("# Words"), "b.md:1: the file does not begin with a TOML head");
        assert_eq!(fail("+++\ntitle = \"t\"\n"), "b.md:2: the TOML head is not closed");
        assert_eq!(
            fail("+++\ntitle = \"\"\npackage = \"p\"\n+++\n```\nx\n```\n"),
            "b.md:2: the title is empty"
        );
        assert_eq!(
            fail("+++\ntitle = \"t\"\npackage = \"p\"\n+++\n```\nx\n"),
            "b.md:5: the fenced block is not closed"
        );
    }

    #[test]
    fn errors_name_the_line() {
        let with = |from: &str, to: &str| fail(&TOML.replace(from, to));
        assert_eq!(with("SIGSEGV", "SIGFOO"), "b.toml:11: there is no signal \"SIGFOO\"");
        assert_eq!(with("\"5s\"", "\"5\""), "b.toml:15: \"5\" is no time");
        assert_eq!(with("512M", "0"), "b.toml:16: \"0\" is no size");
        assert_eq!(with("2026-01-02", "2026-13-02"), "b.toml:4: \"2026-13-02\" is no day");
        assert_eq!(with("tracker.jira", "tracker.jura"), "b.toml:18: there is no tracker \"jura\"");
        assert!(with(r"\d+", "(").starts_with("b.toml:12: the pattern cannot be used"));
        assert!(with("package", "packag").starts_with("b.toml:3: unknown field `packag`"));
        assert_eq!(with("script = \"foo < /bug/input\"", ""), "b.toml:7: there is no reproducer");
        assert_eq!(
            with("script = \"foo < /bug/input\"", "file = \"../x\""),
            "b.toml:8: \"../x\" is not in the bug's folder"
        );
        assert_eq!(parse("b.toml", b"\n\xff").unwrap_err().to_string(), "b.toml:2: the file is not UTF-8");
    }

    #[test]
    fn the_digest_follows_what_runs() {
        let bug = |text: &str| parse("b.toml", text.as_bytes()).unwrap();
        let digest = |text: &str| bug(text).digest(&BTreeMap::new());
        assert_eq!(digest(TOML), digest(&TOML.replace("parser ends", "other words")));
        for (from, to) in [("foo <", "bar <"), ("5s", "6s"), ("SIGSEGV", "SIGABRT"), (r"\d+", r"\d")] {
            assert_ne!(digest(TOML), digest(&TOML.replace(from, to)), "{from}");
        }
        let files = BTreeMap::from([("input".to_owned(), b"x".to_vec())]);
        assert_ne!(digest(TOML), bug(TOML).digest(&files));
    }
}
