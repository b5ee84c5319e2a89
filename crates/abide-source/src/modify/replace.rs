//! `replace`: text or what a regular expression matches, in the spec or other files.
//!
//! In a spec nothing from `%changelog` on is touched, and comment lines only when what is looked for is a comment.
//! What was put in is not looked at again.

use fancy_regex::{Regex, RegexBuilder};

use super::config::{Find, Replace};
use super::template::Template;
use super::{Reason, Run};
use crate::near::nearest;
use crate::spec::{Spec, is_comment};
use crate::text::{Lines, block, indentation, shown};

/// How far a regular expression may go back and try again.
const MOST_BACKTRACKS: usize = 1_000_000;

/// The lines that may be changed.
struct Scope<'a> {
    lines: &'a [String],
    /// Index after the last line that may be changed.
    end: usize,
    /// Comment lines stay as they are.
    skip_comments: bool,
}

impl Scope<'_> {
    fn skips(&self, line: usize) -> bool {
        line >= self.end || (self.skip_comments && is_comment(&self.lines[line]))
    }
}

/// New lines, and the numbers of the old ones that changed, from 1.
struct Replaced {
    lines: Vec<String>,
    at: Vec<usize>,
}

impl Run<'_> {
    pub(super) fn replace(&mut self, replace: &Replace) -> Result<(), Reason> {
        let targets = self.targets(&replace.target)?;
        let mut hits = 0;
        for path in &targets {
            hits += self.replace_in(path, replace)?;
        }
        if hits > 0 {
            return Ok(());
        }
        let wanted = match &replace.find {
            Find::Text(text) | Find::Pattern(text) => text,
        };
        let first = block(wanted).into_iter().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let text = self.text(&targets[0])?;
        let file = targets.join(", ");
        let near = nearest(first, text.lines());
        Err(Reason::NotFound { what: format!("{:?}", shown(wanted)), file, near })
    }

    fn replace_in(&mut self, path: &str, replace: &Replace) -> Result<usize, Reason> {
        let mut text = Lines::new(&self.text(path)?);
        let wanted = match &replace.find {
            Find::Text(text) | Find::Pattern(text) => text.trim_start(),
        };
        let is_spec = path.ends_with(".spec");
        let end = if is_spec { Spec { text: text.clone() }.changelog_start() } else { text.lines.len() };
        let in_comments = wanted.trim_start_matches(['^', '\\', '(']).starts_with('#');
        let scope = Scope { lines: &text.lines, end, skip_comments: is_spec && !in_comments };
        let most = replace.count.unwrap_or(usize::MAX);
        let replaced = match &replace.find {
            Find::Text(find) => match block(find).as_slice() {
                [line] => in_lines(&scope, line, &replace.replace, most),
                lines => of_blocks(&scope, lines, &replace.replace, most),
            },
            Find::Pattern(pattern) => by_pattern(&scope, pattern, &replace.replace, most)?,
        };
        let hits = replaced.at.len();
        if hits == 0 {
            if replace.target != "spec" {
                self.note(format!("{path}: no match"));
            }
            return Ok(0);
        }
        text.lines = replaced.lines;
        self.write(path, &text.text());
        self.note(format!("{path}: {hits} replaced, at line {}", list(&replaced.at)));
        if replace.count.is_some_and(|count| count > hits) {
            let count = most;
            self.warn(format!("{path}: count is {count}, found {hits}; has the original changed?"));
        }
        Ok(hits)
    }
}

/// Numbers with commas, the first ten.
pub(super) fn list(numbers: &[usize]) -> String {
    let mut shown: Vec<String> = numbers.iter().take(10).map(ToString::to_string).collect();
    if numbers.len() > 10 {
        shown.push("…".into());
    }
    shown.join(", ")
}

/// A text within lines. Lines that are put in get the indentation before the match.
fn in_lines(scope: &Scope<'_>, find: &str, replace: &str, most: usize) -> Replaced {
    let new = block(replace);
    let mut replaced = Replaced { lines: Vec::new(), at: Vec::new() };
    for (index, line) in scope.lines.iter().enumerate() {
        if scope.skips(index) {
            replaced.lines.push(line.clone());
            continue;
        }
        let mut current = String::new();
        let mut rest = line.as_str();
        while replaced.at.len() < most
            && let Some(at) = rest.find(find)
        {
            let before = line.len() - rest.len() + at;
            current.push_str(&rest[..at]);
            put(&mut replaced.lines, &mut current, &new, indentation(&line[..before]));
            replaced.at.push(index + 1);
            rest = &rest[at + find.len()..];
        }
        current.push_str(rest);
        replaced.lines.push(current);
    }
    replaced
}

/// Appends new text to the line being built; all but its last line are finished with it.
fn put(lines: &mut Vec<String>, current: &mut String, new: &[&str], indent: &str) {
    for (index, text) in new.iter().enumerate() {
        if index > 0 {
            lines.push(std::mem::take(current));
            if !text.trim().is_empty() {
                current.push_str(indent);
            }
        }
        current.push_str(text);
    }
}

/// Whole lines in a row, whatever white space is around each.
fn of_blocks(scope: &Scope<'_>, find: &[&str], replace: &str, most: usize) -> Replaced {
    let new = if replace.is_empty() { Vec::new() } else { block(replace) };
    let mut replaced = Replaced { lines: Vec::new(), at: Vec::new() };
    let mut index = 0;
    while index < scope.lines.len() {
        let fits = index + find.len() <= scope.end && replaced.at.len() < most;
        if fits && same_block(&scope.lines[index..], find) {
            let found = indentation(&scope.lines[index]);
            // What the text to find has of it already, the new text has too.
            let indent = found.strip_suffix(indentation(find[0])).unwrap_or(found);
            let indented = |line: &&str| {
                if line.trim().is_empty() { (*line).to_owned() } else { format!("{indent}{line}") }
            };
            replaced.lines.extend(new.iter().map(indented));
            replaced.at.push(index + 1);
            index += find.len();
        } else {
            replaced.lines.push(scope.lines[index].clone());
            index += 1;
        }
    }
    replaced
}

/// Whether lines start with a block, whatever white space is around each.
pub(super) fn same_block(lines: &[String], block: &[&str]) -> bool {
    lines.len() >= block.len() && lines.iter().zip(block).all(|(line, wanted)| line.trim() == wanted.trim())
}

fn by_pattern(scope: &Scope<'_>, pattern: &str, replace: &str, most: usize) -> Result<Replaced, Reason> {
    let regex = RegexBuilder::new(pattern)
        .multi_line(true)
        .backtrack_limit(MOST_BACKTRACKS)
        .build()
        .map_err(|e| format!("{pattern:?} is no regular expression: {e}"))?;
    let template = Template::new(replace, &regex)?;
    // Without a line feed in it, an expression means something within one line.
    if pattern.contains("\\n") || pattern.contains('\n') || pattern.contains("(?s") {
        across_lines(scope, &regex, &template, most)
    } else {
        within_lines(scope, &regex, &template, most)
    }
}

fn within_lines(
    scope: &Scope<'_>,
    regex: &Regex,
    template: &Template,
    most: usize,
) -> Result<Replaced, Reason> {
    let mut replaced = Replaced { lines: Vec::new(), at: Vec::new() };
    for (index, line) in scope.lines.iter().enumerate() {
        if scope.skips(index) || replaced.at.len() >= most {
            replaced.lines.push(line.clone());
            continue;
        }
        let mut current = String::new();
        let mut done = 0;
        for captures in regex.captures_iter(line.as_str()) {
            let captures = captures.map_err(|e| format!("line {}: {e}", index + 1))?;
            let Some(whole) = captures.get(0) else { continue };
            if replaced.at.len() >= most {
                break;
            }
            current.push_str(&line[done..whole.start()]);
            let new = template.expand(&captures);
            put(&mut replaced.lines, &mut current, &block(&new), indentation(&line[..whole.start()]));
            replaced.at.push(index + 1);
            done = whole.end();
        }
        current.push_str(&line[done..]);
        replaced.lines.push(current);
    }
    Ok(replaced)
}

fn across_lines(
    scope: &Scope<'_>,
    regex: &Regex,
    template: &Template,
    most: usize,
) -> Result<Replaced, Reason> {
    let text = scope.lines[..scope.end].join("\n");
    let mut replaced = Replaced { lines: Vec::new(), at: Vec::new() };
    let mut new = String::new();
    let mut done = 0;
    for captures in regex.captures_iter(text.as_str()) {
        let captures = captures.map_err(|e| e.to_string())?;
        let Some(whole) = captures.get(0) else { continue };
        if replaced.at.len() >= most {
            break;
        }
        let line = text[..whole.start()].matches('\n').count();
        if scope.skips(line) {
            continue;
        }
        new.push_str(&text[done..whole.start()]);
        let expanded = template.expand(&captures);
        // A block's own last line feed counts only where the match ends with one.
        let ends_line = whole.as_str().ends_with('\n');
        new.push_str(if ends_line { &expanded } else { expanded.strip_suffix('\n').unwrap_or(&expanded) });
        replaced.at.push(line + 1);
        done = whole.end();
    }
    new.push_str(&text[done..]);
    if scope.end > 0 {
        replaced.lines.extend(new.split('\n').map(str::to_owned));
    }
    replaced.lines.extend_from_slice(&scope.lines[scope.end..]);
    Ok(replaced)
}
