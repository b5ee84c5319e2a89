//! POSIX extended regular expressions, as suppression files have them, by way of the `regex` crate.
//!
//! libabigail hands the text to glibc's `regcomp(REG_EXTENDED)` (regex(7)); what differs between that language and
//! the one of the `regex` crate is translated here: brackets, in which a backslash is an ordinary character,
//! escapes, `\<` and `\>`, repetition of a repetition. Only whether a name matches counts, so leftmost-longest
//! against leftmost-first makes no difference. Back-references are refused: no automaton matches them in bounded
//! time, and the files may come from a package that nobody has looked at.

use bstr::BStr;
use regex::bytes::{Regex, RegexBuilder};

/// Compiled size that every expression may have, in bytes, and that each byte of its text adds.
const LARGEST: (usize, usize) = (64 << 10, 256);

/// A compiled expression; it matches anywhere in a name unless it is anchored.
#[derive(Clone, Debug)]
pub(crate) struct Regexp(Regex);

impl Regexp {
    /// Compiles a POSIX extended regular expression; the error is one sentence.
    pub(crate) fn posix(text: &str) -> Result<Self, String> {
        Self::compile(&translate(text)?, text.len())
    }

    /// `*` for any characters, `?` for one; the whole name must match.
    pub(crate) fn glob(text: &str) -> Result<Self, String> {
        let mut out = String::from("^");
        for c in text.chars() {
            match c {
                '*' => out.push_str(".*"),
                '?' => out.push('.'),
                c => push_literal(&mut out, c),
            }
        }
        out.push('$');
        Self::compile(&out, text.len())
    }

    fn compile(text: &str, written: usize) -> Result<Self, String> {
        let built = RegexBuilder::new(text)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(LARGEST.0.saturating_add(written.saturating_mul(LARGEST.1)))
            .nest_limit(100)
            .build();
        built.map(Regexp).map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => "it is too large".to_string(),
            // The last line of the message is the reason; those before it draw the place.
            other => {
                other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").into()
            }
        })
    }

    /// Whether the expression matches somewhere in `name`.
    pub(crate) fn is_match(&self, name: &BStr) -> bool {
        self.0.is_match(name)
    }
}

fn push_literal(out: &mut String, c: char) {
    // No more than these: an escaped `<` would be the start of a word.
    if r"\.+*?()|[]{}^$#&-~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// The expression in the language of the `regex` crate.
fn translate(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    // Where the last atom begins in `out`, and where each open group does.
    let (mut atom, mut groups) = (None::<usize>, Vec::new());
    let mut repeated = false;
    while let Some(c) = chars.next() {
        let begins = out.len();
        match c {
            '*' | '+' | '?' if atom.is_some() => {
                if repeated {
                    // `a+?` is `(a+)?` here, not a lazy `a+`.
                    out.insert_str(atom.unwrap_or(begins), "(?:");
                    out.push(')');
                }
                out.push(c);
                repeated = true;
                continue;
            }
            '{' if atom.is_some() => match interval(&mut chars) {
                Some(interval) => {
                    if repeated {
                        out.insert_str(atom.unwrap_or(begins), "(?:");
                        out.push(')');
                    }
                    out.push_str(&interval);
                    repeated = true;
                    continue;
                }
                None => out.push_str("\\{"),
            },
            '*' | '+' | '?' | '{' | '}' | ']' => push_literal(&mut out, c),
            '(' => {
                groups.push(begins);
                out.push_str("(?:");
                (atom, repeated) = (None, false);
                continue;
            }
            ')' if !groups.is_empty() => {
                out.push(')');
                (atom, repeated) = (groups.pop(), false);
                continue;
            }
            // POSIX leaves it undefined and glibc refuses it; a closing parenthesis alone can only mean itself.
            ')' => out.push_str("\\)"),
            '|' | '^' => {
                out.push(c);
                (atom, repeated) = (None, false);
                continue;
            }
            '[' => bracket(&mut chars, &mut out)?,
            '\\' => escape(chars.next(), &mut out)?,
            '.' | '$' => out.push(c),
            c => push_literal(&mut out, c),
        }
        (atom, repeated) = (Some(begins), false);
    }
    if !groups.is_empty() {
        return Err("a parenthesis is not closed".to_string());
    }
    Ok(out)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// `2}`, `2,}`, `2,5}` after the brace; nothing is taken when it is no interval.
fn interval(chars: &mut Chars<'_>) -> Option<String> {
    let mut ahead = chars.clone();
    let mut out = String::from("{");
    loop {
        match ahead.next()? {
            c if c.is_ascii_digit() && out.len() < 8 => out.push(c),
            ',' if !out.contains(',') => out.push(','),
            '}' => break,
            _ => return None,
        }
    }
    out.push('}');
    if !out[1..].starts_with(|c: char| c.is_ascii_digit()) {
        // glibc reads `{,3}` as `{0,3}`.
        if !out.starts_with("{,") || out == "{,}" {
            return None;
        }
        out.insert(1, '0');
    }
    *chars = ahead;
    Some(out)
}

/// POSIX character classes.
const CLASSES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
    "xdigit",
];

/// A bracket expression after its `[` (regex(7)): `]` first stands for itself, a backslash too.
fn bracket(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut is_first = true;
    loop {
        let c = chars.next().ok_or("a bracket is not closed")?;
        match c {
            ']' if !is_first => break,
            '[' if chars.peek() == Some(&':') => {
                chars.next();
                let mut name = String::new();
                loop {
                    match chars.next().ok_or("a character class is not closed")? {
                        ':' if chars.peek() == Some(&']') => break,
                        c => name.push(c),
                    }
                }
                chars.next();
                if !CLASSES.contains(&name.as_str()) {
                    return Err(format!("{name:?} is no character class"));
                }
                out.push_str(&format!("[:{name}:]"));
            }
            '[' if matches!(chars.peek(), Some('.' | '=')) => {
                return Err("collating elements ([.x.] and [=x=]) are not supported".to_string());
            }
            '-' => {
                // A range needs both ends; otherwise the hyphen is itself.
                let is_range = !is_first && !matches!(chars.peek(), None | Some(']'));
                out.push_str(if is_range { "-" } else { "\\-" });
            }
            c => push_literal(out, c),
        }
        is_first = false;
    }
    out.push(']');
    Ok(())
}

/// What follows a backslash: glibc's own escapes, and any other character as itself.
fn escape(c: Option<char>, out: &mut String) -> Result<(), String> {
    match c {
        None => return Err("it ends in a backslash".to_string()),
        Some('1'..='9') => return Err("back-references are not supported".to_string()),
        Some('<') => out.push_str("\\b{start}"),
        Some('>') => out.push_str("\\b{end}"),
        Some('`') => out.push_str("\\A"),
        Some('\'') => out.push_str("\\z"),
        Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => {
            out.push('\\');
            out.push(c);
        }
        Some(c) => push_literal(out, c),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Regexp::posix(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}")).is_match(name.into())
    }

    #[test]
    fn what_posix_matches() {
        for (pattern, name) in [
            ("bar", "foobarbaz"),
            ("^v.*0$", "var0"),
            ("int\\*", "int*"),
            ("S(\\*)", "S*"),
            ("libapp::S[0|1]", "libapp::S|"),
            ("v[[:digit:]].*", "test-v1.o"),
            ("[]x]", "]"),
            ("[^]x]", "y"),
            ("[\\n]", "\\"),
            ("a{2}b{1,}c{,2}", "aabb"),
            ("a{x}", "a{x}"),
            ("^(foo|bar){2}$", "foobar"),
            ("^(a+?)$", ""),
            ("^a**$", "aaa"),
            ("\\<word\\>", "a word."),
            ("[a&&b--c~~d]", "&"),
            ("x)", "x)"),
            ("libtest<typo>", "libtest<typo>"),
            ("[a-]", "-"),
            ("[-a]", "-"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_posix_does_not_match() {
        for (pattern, name) in [
            ("^bar", "foobar"),
            ("[\\d]", "1"),
            ("\\d", "1"),
            ("a\\.b", "axb"),
            ("[^]x]", "]"),
            ("^(foo|bar){2}$", "foo"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_refused() {
        for pattern in
            ["(a", "[a", "(a)\\1", "a\\", "[[.a.]]", "[[:nonsense:]]", "(((a{999}){999}){999}){999}"]
        {
            assert!(Regexp::posix(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn globs() {
        let glob = |pattern: &str, name: &str| Regexp::glob(pattern).unwrap().is_match(name.into());
        assert!(glob("zfs_*", "zfs_open") && glob("a?c", "abc") && glob("f(int)", "f(int)"));
        assert!(!glob("zfs_*", "libzfs_open") && !glob("a.c", "abc") && !glob("a", "ab"));
    }
}
