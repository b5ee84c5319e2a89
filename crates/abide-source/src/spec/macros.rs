//! A macro expander that runs nothing: definitions, conditions and the built-ins that are plain text.
//!
//! It knows when it does not know: `%(…)`, `%{lua:…}` and macros of the system make a value unknown, with the reason,
//! and so does a condition that depends on one. A caller may then ask rpm, in a sandbox.

use std::collections::BTreeMap;

use super::expression;
use super::{Condition, Spec, condition, header};

/// How deep macros may call each other.
const MOST_DEPTH: usize = 24;
/// How long an expanded value may become.
const MOST_BYTES: usize = 64 * 1024;
/// How many macros one value may call, all together.
const MOST_CALLS: usize = 20_000;

/// Why a value is not known without running something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(pub String);

/// What a macro stands for.
#[derive(Clone, Debug)]
enum Meaning {
    Body(String),
    /// With options and arguments.
    Function,
    Unknown(String),
}

/// Definitions, as of one line of a spec.
#[derive(Clone, Debug, Default)]
pub struct Macros {
    known: BTreeMap<String, Meaning>,
}

impl Macros {
    /// Defines a macro.
    pub fn define(&mut self, name: &str, body: &str) {
        self.known.insert(name.to_owned(), Meaning::Body(body.to_owned()));
    }

    /// Says that a macro exists and why its value is not known.
    pub fn unknown(&mut self, name: &str, reason: &str) {
        self.known.insert(name.to_owned(), Meaning::Unknown(reason.to_owned()));
    }

    /// Expands a text.
    pub fn expand(&self, text: &str) -> Result<String, Unknown> {
        let mut run = Run { macros: self, calls: 0 };
        run.expand(text, 0)
    }

    /// Whether the condition of an `%if` line holds.
    fn holds(&self, line: &str) -> Result<bool, Unknown> {
        let line = line.trim_start();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "%ifarch" | "%ifnarch" | "%elifarch" => Err(Unknown("it depends on the architecture".into())),
            "%ifos" | "%elifos" => Ok(self.expand(rest)?.split_whitespace().any(|os| os == "linux")),
            "%ifnos" => Ok(!self.expand(rest)?.split_whitespace().any(|os| os == "linux")),
            _ => {
                let expanded = self.expand(rest)?;
                let value = expression::evaluate(&expanded);
                value
                    .map(|v| v.is_true())
                    .ok_or_else(|| Unknown(format!("the condition {rest:?} is not understood")))
            }
        }
    }

    /// Takes in one statement that may define something.
    fn read(&mut self, statement: &str) {
        let text = statement.trim_start();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word {
            "%global" | "%define" => self.definition(rest.trim_start(), word == "%global"),
            "%undefine" => {
                self.known.remove(rest.trim());
            }
            "%bcond_with" | "%bcond_without" => {
                let name = format!("with_{}", rest.trim());
                if word == "%bcond_without" && !self.known.contains_key(&name) {
                    self.define(&name, "1");
                }
            }
            "%bcond" => self.bcond(rest),
            _ => {}
        }
    }

    fn bcond(&mut self, rest: &str) {
        let (name, default) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), "0"));
        let macro_name = format!("with_{name}");
        match self.expand(default).map(|text| expression::evaluate(&text)) {
            Ok(Some(value)) if value.is_true() => self.define(&macro_name, "1"),
            Ok(Some(_)) => {}
            _ => self.unknown(&macro_name, "its default is not understood"),
        }
    }

    fn definition(&mut self, rest: &str, now: bool) {
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        if name.is_empty() {
            return;
        }
        if after.starts_with('(') {
            self.known.insert(name.to_owned(), Meaning::Function);
            return;
        }
        let body = body(after);
        let meaning = if now {
            match self.expand(&body) {
                Ok(text) => Meaning::Body(text),
                Err(Unknown(reason)) => Meaning::Unknown(reason),
            }
        } else {
            Meaning::Body(body)
        };
        self.known.insert(name.to_owned(), meaning);
    }
}

/// A macro's body: without the white space around it, without the backslashes at line ends, and without braces that
/// only hold it together.
fn body(text: &str) -> String {
    let text = text.trim().replace("\\\n", "\n");
    match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        Some(inner) => inner.to_owned(),
        None => text,
    }
}

/// One expansion and what it has used up.
struct Run<'a> {
    macros: &'a Macros,
    calls: usize,
}

impl Run<'_> {
    fn expand(&mut self, text: &str, depth: usize) -> Result<String, Unknown> {
        self.calls += 1;
        if depth > MOST_DEPTH || self.calls > MOST_CALLS {
            return Err(Unknown("its macros call each other without end".into()));
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            rest = self.one(rest, &mut out, depth)?;
            if out.len() > MOST_BYTES {
                return Err(Unknown("it becomes too long".into()));
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Expands what follows a `%` and gives what is left.
    fn one<'t>(&mut self, rest: &'t str, out: &mut String, depth: usize) -> Result<&'t str, Unknown> {
        match rest.chars().next() {
            Some('%') => {
                out.push('%');
                Ok(&rest[1..])
            }
            Some('{') => {
                let Some(inner) = balanced(rest, '{', '}') else { return literal("%", rest, out) };
                out.push_str(&self.braced(inner, depth)?);
                Ok(&rest[inner.len() + 2..])
            }
            Some('(') => Err(Unknown("it runs a program, %(…)".into())),
            Some('[') => {
                let Some(inner) = balanced(rest, '[', ']') else { return literal("%", rest, out) };
                let expanded = self.expand(inner, depth + 1)?;
                let value = expression::evaluate(&expanded)
                    .ok_or_else(|| Unknown(format!("the expression {inner:?} is not understood")))?;
                out.push_str(&value.text());
                Ok(&rest[inner.len() + 2..])
            }
            _ => self.bare(rest, out, depth),
        }
    }

    /// `%name`, `%?name`, `%!?name`.
    fn bare<'t>(&mut self, rest: &'t str, out: &mut String, depth: usize) -> Result<&'t str, Unknown> {
        let flags = rest.find(|c| c != '!' && c != '?').unwrap_or(rest.len());
        let after = &rest[flags..];
        let length = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
        if length == 0 {
            return literal("%", rest, out);
        }
        out.push_str(&self.call(&rest[..flags], &after[..length], None, depth)?);
        Ok(&after[length..])
    }

    /// What is inside `%{…}`.
    fn braced(&mut self, inner: &str, depth: usize) -> Result<String, Unknown> {
        let flags = inner.find(|c| c != '!' && c != '?').unwrap_or(inner.len());
        let after = &inner[flags..];
        let length = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
        let (name, tail) = after.split_at(length);
        if name.is_empty() {
            return Err(Unknown(format!("%{{{inner}}} is not understood")));
        }
        if let Some(argument) = tail.strip_prefix(':') {
            return self.call(&inner[..flags], name, Some(argument), depth);
        }
        if tail.starts_with(char::is_whitespace) {
            return self.function(name, tail.trim(), depth);
        }
        if !tail.is_empty() {
            return Err(Unknown(format!("%{{{inner}}} is not understood")));
        }
        self.call(&inner[..flags], name, None, depth)
    }

    /// `%{with x}`, `%{without x}`.
    fn function(&mut self, name: &str, argument: &str, depth: usize) -> Result<String, Unknown> {
        let argument = self.expand(argument, depth + 1)?;
        let set = || match self.macros.known.get(&format!("with_{argument}")) {
            Some(Meaning::Unknown(reason)) => Err(Unknown(reason.clone())),
            found => Ok(found.is_some()),
        };
        match name {
            "with" => Ok(if set()? { "1" } else { "0" }.into()),
            "without" => Ok(if set()? { "0" } else { "1" }.into()),
            "defined" => Ok(if self.macros.known.contains_key(&argument) { "1" } else { "0" }.into()),
            _ => Err(Unknown(format!("%{name} takes arguments"))),
        }
    }

    fn call(
        &mut self,
        flags: &str,
        name: &str,
        argument: Option<&str>,
        depth: usize,
    ) -> Result<String, Unknown> {
        let negated = flags.matches('!').count() % 2 == 1;
        if flags.contains('?') {
            let meaning = self.macros.known.get(name);
            if let (Some(Meaning::Unknown(reason)), true) = (meaning, argument.is_some() || !negated) {
                return Err(Unknown(reason.clone()));
            }
            return match (meaning.is_some() != negated, argument) {
                (false, _) => Ok(String::new()),
                (true, Some(text)) => self.expand(text, depth + 1),
                (true, None) if negated => Ok(String::new()),
                (true, None) => self.value(name, depth),
            };
        }
        match (name, argument) {
            ("nil", None) => Ok(String::new()),
            ("expand", Some(text)) => {
                let once = self.expand(text, depth + 1)?;
                self.expand(&once, depth + 1)
            }
            ("quote", Some(text)) => self.expand(text, depth + 1),
            ("lower", Some(text)) => Ok(self.expand(text, depth + 1)?.to_lowercase()),
            ("upper", Some(text)) => Ok(self.expand(text, depth + 1)?.to_uppercase()),
            ("shrink", Some(text)) => {
                Ok(self.expand(text, depth + 1)?.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            ("lua", _) => Err(Unknown("it runs a Lua program, %{lua:…}".into())),
            (_, Some(_)) => Err(Unknown(format!("%{{{name}:…}} is not understood"))),
            (_, None) => self.value(name, depth),
        }
    }

    fn value(&mut self, name: &str, depth: usize) -> Result<String, Unknown> {
        match self.macros.known.get(name) {
            Some(Meaning::Body(body)) => self.expand(body, depth + 1),
            Some(Meaning::Function) => Err(Unknown(format!("%{name} takes arguments"))),
            Some(Meaning::Unknown(reason)) => Err(Unknown(format!("%{name}: {reason}"))),
            None => Err(Unknown(format!("%{name} is not defined in the spec"))),
        }
    }
}

fn literal<'t>(text: &str, rest: &'t str, out: &mut String) -> Result<&'t str, Unknown> {
    out.push_str(text);
    Ok(rest)
}

/// What is inside the brackets that a text starts with.
fn balanced(text: &str, open: char, close: char) -> Option<&str> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(&text[open.len_utf8()..at]);
            }
        }
    }
    None
}

/// A tag of the source package's preamble: its value as written, and the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Name in lower case.
    pub name: String,
    /// Value as written, without white space around it.
    pub raw: String,
    /// Value expanded at that place.
    pub value: Result<String, Unknown>,
    /// Index of the line.
    pub line: usize,
}

/// What the preamble of a spec says.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    /// The tags, in order, of branches that are taken. Where a condition is not known, tags of all its branches.
    pub tags: Vec<Tag>,
    /// The definitions at its end.
    pub macros: Macros,
}

impl Preamble {
    /// The last tag of a name, which is what rpm goes by.
    pub fn tag(&self, name: &str) -> Option<&Tag> {
        self.tags.iter().rev().find(|tag| tag.name == name)
    }
}

/// One condition around a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// Lines count.
    Taken,
    /// Lines do not count, a later branch may.
    Skipped,
    /// An earlier branch was taken, or the whole condition is inside lines that do not count.
    Done,
    /// Nobody knows.
    Unknown,
}

/// Reads the preamble of the source package with given macros to start from.
pub fn preamble(spec: &Spec, mut macros: Macros) -> Preamble {
    let mut branches: Vec<Branch> = Vec::new();
    let mut tags = Vec::new();
    for statement in spec.statements() {
        let first = &spec.lines()[statement.start];
        if header(first).is_some() {
            break;
        }
        if let Some(condition) = condition(first) {
            branch(&mut branches, condition, first, &macros);
            continue;
        }
        if branches.iter().any(|b| matches!(b, Branch::Skipped | Branch::Done)) {
            continue;
        }
        let text = spec.lines()[statement.start..statement.end].join("\n");
        if branches.contains(&Branch::Unknown) {
            doubt(&mut macros, &text);
        } else {
            macros.read(&text);
        }
        if let Some((name, raw)) = tag(first) {
            let value = if branches.contains(&Branch::Unknown) {
                Err(Unknown("it stands under a condition that is not known".into()))
            } else {
                macros.expand(raw)
            };
            if matches!(name.as_str(), "name" | "version" | "release" | "epoch") {
                match &value {
                    Ok(text) => macros.define(&name, text),
                    Err(Unknown(reason)) => macros.unknown(&name, reason),
                }
            }
            tags.push(Tag { name, raw: raw.to_owned(), value, line: statement.start });
        }
    }
    Preamble { tags, macros }
}

fn branch(branches: &mut Vec<Branch>, condition: Condition, line: &str, macros: &Macros) {
    let test = || match macros.holds(line) {
        Ok(true) => Branch::Taken,
        Ok(false) => Branch::Skipped,
        Err(_) => Branch::Unknown,
    };
    match condition {
        Condition::Open => {
            let inside_skipped = branches.iter().any(|b| matches!(b, Branch::Skipped | Branch::Done));
            branches.push(if inside_skipped { Branch::Done } else { test() });
        }
        Condition::Else => {
            let is_plain = line.trim_start().starts_with("%else");
            if let Some(last) = branches.last_mut() {
                *last = match *last {
                    Branch::Taken | Branch::Done => Branch::Done,
                    Branch::Skipped if is_plain => Branch::Taken,
                    Branch::Skipped => test(),
                    Branch::Unknown => Branch::Unknown,
                };
            }
        }
        Condition::Close => {
            branches.pop();
        }
    }
}

/// Takes in a statement that counts only perhaps.
fn doubt(macros: &mut Macros, text: &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if matches!(word, "%global" | "%define" | "%undefine" | "%bcond_with" | "%bcond_without" | "%bcond") {
        let rest = rest.trim_start();
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = if word.starts_with("%bcond") {
            format!("with_{}", &rest[..length])
        } else {
            rest[..length].to_owned()
        };
        macros.unknown(&name, "it is set under a condition that is not known");
    }
}

/// A tag line: name in lower case and value.
pub fn tag(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let length = name.find('(').unwrap_or(name.len());
    let word = &name[..length];
    (!word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric()))
        .then(|| (word.to_ascii_lowercase(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(spec: &str, tag: &str) -> Result<String, String> {
        let mut macros = Macros::default();
        macros.define("rhel", "9");
        let preamble = preamble(&Spec::new(spec), macros);
        preamble.tag(tag).expect("tag").value.clone().map_err(|Unknown(reason)| reason)
    }

    #[test]
    fn definitions_and_conditions() {
        let spec = "%global a 1\n%define b %{a}.2\n%if 0%{?rhel} >= 9 && 0%{!?fedora:1}\n%global c x\n%else\n%global c y\n\
                    %endif\n%bcond_without q\n%if %{with q}\nVersion: %{b}%{?c}%{?none}%{!?none:-n}\n%endif\n";
        assert_eq!(value(spec, "version").unwrap(), "1.2x-n");
    }

    #[test]
    fn bodies_of_many_lines() {
        let spec = "%global a %{expand:1\\\n.2}\n%global b {%{expand:%%{a}}}\nVersion: %{b}%[1+1]\n";
        assert_eq!(value(spec, "version").unwrap(), "1\n.22");
    }

    #[test]
    fn what_runs_is_unknown() {
        for (spec, word) in [
            ("Version: %(date)\n", "runs a program"),
            ("%global v %{lua:print(1)}\nVersion: %{v}\n", "Lua"),
            ("%ifarch x86_64\n%global v 1\n%else\n%global v 2\n%endif\nVersion: %{v}\n", "condition"),
            ("Version: %{nowhere}\n", "not defined"),
            ("%define a %{b}\n%define b %{a}\nVersion: %{a}\n", "without end"),
        ] {
            let reason = value(spec, "version").unwrap_err();
            assert!(reason.contains(word), "{spec}: {reason}");
        }
    }
}
