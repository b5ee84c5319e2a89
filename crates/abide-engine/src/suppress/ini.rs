//! The INI dialect of libabigail's suppression files (manual, "Suppression specifications", "Syntax"): sections,
//! properties, tuples, comments and escapes, with the line of each. What they mean is not known here.

use super::error::SuppressError;

/// Bytes beyond which a file is refused.
const LARGEST: usize = 4 << 20;

/// Nesting of tuples.
const DEEPEST: usize = 8;

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) properties: Vec<Property>,
}

/// A property; `value` is `None` when there is no `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) value: Option<Value>,
}

/// What stands after `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The rest of the line, not yet unescaped: commas may separate the items of a list.
    Text(String),
    /// `{a, {b, c}}`
    Tuple(Vec<Value>),
}

impl Value {
    /// The text without its escapes; `None` for a tuple.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Value::Text(raw) => Some(unescape(raw)),
            Value::Tuple(_) => None,
        }
    }

    /// The items of a list: separated by commas that are not escaped, or those of a tuple.
    pub(super) fn list(&self) -> Vec<String> {
        let items: Vec<String> = match self {
            Value::Text(raw) => split(raw).iter().map(|item| unescape(item.trim())).collect(),
            Value::Tuple(items) => items.iter().filter_map(Value::text).collect(),
        };
        items.into_iter().filter(|item| !item.is_empty()).collect()
    }
}

/// Reads the sections of a file; bytes that are not UTF-8 are replaced.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Section>, SuppressError> {
    if bytes.len() > LARGEST {
        let message = format!("the file is larger than {} MiB", LARGEST >> 20);
        return Err(error(file, 1, message, "split it into several files"));
    }
    let text = String::from_utf8_lossy(bytes);
    let mut sections: Vec<Section> = Vec::new();
    let mut lines = Lines { lines: text.lines(), number: 0 };
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || is_comment(line) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.split(']').next().filter(|name| name.len() < rest.len());
            let name = name.map(str::trim).filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| {
                error(file, number, "a section needs a name and a closing ']'", "write it as [suppress_type]")
            })?;
            sections.push(Section { name: name.to_string(), line: number, properties: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            let hint = "begin with a section such as [suppress_type]; is this a suppression file?";
            return Err(error(file, number, format!("{:?} stands before any section", shorten(line)), hint));
        };
        section.properties.push(property(file, number, line, &mut lines)?);
    }
    Ok(sections)
}

struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: u32,
}

impl Iterator for Lines<'_> {
    type Item = (u32, String);

    /// The next line; one that ends in a single backslash goes on in the next.
    fn next(&mut self) -> Option<(u32, String)> {
        let mut line = self.lines.next()?.trim_end_matches('\r').to_string();
        self.number = self.number.saturating_add(1);
        let first = self.number;
        while !is_comment(line.trim_start())
            && line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
        {
            line.pop();
            let Some(more) = self.lines.next() else { break };
            self.number = self.number.saturating_add(1);
            line.push_str(more.trim_end_matches('\r'));
        }
        Some((first, line))
    }
}

fn property(file: &str, number: u32, line: &str, lines: &mut Lines<'_>) -> Result<Property, SuppressError> {
    let Some((name, value)) = line.split_once('=') else {
        return Ok(Property { name: line.to_string(), line: number, value: None });
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(error(file, number, "a property needs a name before '='", "write it as name = value"));
    }
    let mut value = value.trim().to_string();
    // A tuple may begin on the next line and span several.
    if value.is_empty() {
        value = next_content(lines, |line| line.starts_with('{')).unwrap_or_default();
    }
    if !value.starts_with('{') {
        return Ok(Property { name: name.to_string(), line: number, value: Some(Value::Text(value)) });
    }
    let mut open = depth(&value);
    while open > 0 {
        let Some(more) = next_content(lines, |line| !line.starts_with('[')) else {
            let message = format!("the tuple of {name} is not closed");
            return Err(error(file, number, message, "add the missing '}'"));
        };
        open += depth(&more);
        value.push(' ');
        value.push_str(&more);
    }
    let bad = |message: String| error(file, number, message, "write it as {first, second}");
    let (tuple, rest) = tuple(&value[1..], 1).map_err(|m| bad(format!("the tuple of {name}: {m}")))?;
    if !rest.trim().is_empty() {
        return Err(bad(format!("{:?} stands after the tuple of {name}", shorten(rest.trim()))));
    }
    Ok(Property { name: name.to_string(), line: number, value: Some(tuple) })
}

/// The next line that is neither empty nor a comment, taken only when it is `wanted`.
fn next_content(lines: &mut Lines<'_>, wanted: impl Fn(&str) -> bool) -> Option<String> {
    loop {
        let (rest, number) = (lines.lines.clone(), lines.number);
        let (_, line) = lines.next()?;
        let line = line.trim();
        if line.is_empty() || is_comment(line) {
            continue;
        }
        if !wanted(line) {
            (lines.lines, lines.number) = (rest, number);
            return None;
        }
        return Some(line.to_string());
    }
}

/// Braces still open.
fn depth(text: &str) -> i64 {
    let (mut depth, mut escaped) = (0i64, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// The tuple whose `{` was read, and what follows it.
fn tuple(text: &str, level: usize) -> Result<(Value, &str), String> {
    if level > DEEPEST {
        return Err("it is nested too deep".to_string());
    }
    let (mut items, mut rest) = (Vec::new(), text.trim_start());
    loop {
        if let Some(inner) = rest.strip_prefix('{') {
            let (item, after) = tuple(inner, level + 1)?;
            items.push(item);
            rest = after.trim_start();
        } else {
            let end = find_unescaped(rest, &[',', '}']).ok_or("it is not closed")?;
            let item = rest[..end].trim();
            if !item.is_empty() {
                items.push(Value::Text(item.to_string()));
            }
            rest = &rest[end..];
        }
        match rest.chars().next() {
            Some(',') => rest = rest[1..].trim_start(),
            Some('}') => return Ok((Value::Tuple(items), &rest[1..])),
            _ => return Err("a ',' or '}' is missing".to_string()),
        }
    }
}

fn find_unescaped(text: &str, wanted: &[char]) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if wanted.contains(&c) => return Some(at),
            _ => {}
        }
    }
    None
}

fn split(mut text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    while let Some(at) = find_unescaped(text, &[',']) {
        out.push(&text[..at]);
        text = &text[at + 1..];
    }
    out.push(text);
    out
}

/// Takes the backslash from the characters that are special in a file; before any other it stays, for it then
/// belongs to a regular expression.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&next)) if "[]{}=\\,;#".contains(next) => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', ';'])
}

/// The beginning of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    let mut out: String = text.chars().take(40).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

pub(super) fn error(
    file: &str,
    line: u32,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> SuppressError {
    SuppressError { file: file.to_string(), line, message: message.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Property {
        parse("f", format!("[s]\n{text}").as_bytes()).unwrap().remove(0).properties.remove(0)
    }

    #[test]
    fn values_and_escapes() {
        assert_eq!(one("name = S*").value.unwrap().text().unwrap(), "S*");
        assert_eq!(one(r"r = ^V_\[0-9\]\\.x\.y$").value.unwrap().text().unwrap(), r"^V_[0-9]\.x\.y$");
        assert_eq!(one("l = a, b\\,c ,d").value.unwrap().list(), ["a", "b,c", "d"]);
        assert_eq!(one("flag").value, None);
        assert_eq!(one("a = one\\\n two").value.unwrap().text().unwrap(), "one two");
        assert_eq!(one("a = x # y").value.unwrap().text().unwrap(), "x # y");
    }

    #[test]
    fn tuples_span_lines() {
        let text = |t: &str| Value::Text(t.to_string());
        let expected = Value::Tuple(vec![
            Value::Tuple(vec![text("offset_after(m0)"), text("8")]),
            Value::Tuple(vec![text("72"), text("end")]),
        ]);
        assert_eq!(one("t =\n {\n# note\n {offset_after(m0), 8},\n {72, end}\n }").value, Some(expected));
    }

    #[test]
    fn places_of_errors() {
        let at = |text: &str| parse("f", text.as_bytes()).unwrap_err().line;
        assert_eq!(at("# x\nname = S\n"), 2);
        assert_eq!(at("[s\n"), 1);
        assert_eq!(at("[s]\n\n= 3\n"), 3);
        assert_eq!(at("[s]\na = {1, 2\n[t]\n"), 2);
        assert_eq!(at("[s]\na = {1, 2} x\n"), 2);
        assert_eq!(at(&format!("[s]\na = {}1{}\n", "{".repeat(50), "}".repeat(50))), 2);
    }
}
