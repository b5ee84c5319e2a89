//! Replacement texts of regular expressions, in the notation of Python's `re`: `\1`, `\g<1>`, `\g<name>`, `\n`, `\t`, `\\`.

use fancy_regex::{Captures, Regex};

/// A replacement text, taken apart.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    /// Reads a replacement text for an expression.
    pub(super) fn new(text: &str, regex: &Regex) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some((group, after)) = group(rest, regex)? {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Group(group));
                rest = after;
                continue;
            }
            let Some(c) = rest.chars().next() else {
                plain.push('\\');
                break;
            };
            match c {
                'n' => plain.push('\n'),
                't' => plain.push('\t'),
                '\\' => plain.push('\\'),
                // A backslash before anything else is itself: line ends and quotes of shell text.
                other => plain.extend(['\\', other]),
            }
            rest = &rest[c.len_utf8()..];
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Template { parts })
    }

    /// The text for one match.
    pub(super) fn expand(&self, captures: &Captures<'_, str>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Group(group) => text.push_str(captures.get(*group).map_or("", |m| m.as_str())),
            }
        }
        text
    }
}

/// The group that a text after a backslash means, and what follows.
fn group<'t>(rest: &'t str, regex: &Regex) -> Result<Option<(usize, &'t str)>, String> {
    let (number, after) = if let Some(named) = rest.strip_prefix("g<") {
        let Some((name, after)) = named.split_once('>') else { return Err("\\g< has no >".into()) };
        let by_name = || regex.capture_names().position(|n| n == Some(name));
        match name.parse().ok().or_else(by_name) {
            Some(number) => (number, after),
            None => return Err(format!("there is no group {name:?}")),
        }
    } else {
        let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        if digits == 0 || rest.starts_with('0') {
            return Ok(None);
        }
        (rest[..digits].parse().map_err(|_| "a group number is too large")?, &rest[digits..])
    };
    if number >= regex.captures_len() {
        return Err(format!("there is no group {number}"));
    }
    Ok(Some((number, after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(pattern: &str, template: &str, text: &str) -> Result<String, String> {
        let regex = Regex::new(pattern).unwrap();
        let template = Template::new(template, &regex)?;
        Ok(template.expand(&regex.captures(text).unwrap().unwrap()))
    }

    #[test]
    fn groups_and_escapes() {
        assert_eq!(replaced("(a)(?P<x>b)?", r"<\1\g<x>\g<0>\t\\\q>", "ab").unwrap(), "<abab\t\\\\q>");
        assert!(replaced("(a)", r"\2", "a").is_err());
        assert!(replaced("(a)", r"\g<y>", "a").is_err());
        assert_eq!(replaced("(a)", "end\\", "a").unwrap(), "end\\");
    }
}
