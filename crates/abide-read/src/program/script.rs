//! Scripts: the interpreter of the first line (execve(2)), and the modules that Python and Perl import at their top
//! level.
//!
//! Imports are read line by line as the languages' grammars lay them out at the top level; what is inside of a
//! function, a condition or a `try` is optional. Nothing is run.

use abide_model::{Import, Language, ProgramContent};
use bstr::{BStr, BString, ByteSlice};

/// Linux reads no more of a first line (`BINPRM_BUF_SIZE`).
const FIRST_LINE_MAX: usize = 256;
/// Imports that are taken from one file.
const IMPORTS_MAX: usize = 2000;

/// What a text file is, if it is one that is judged.
pub(super) fn content(name: &BStr, mode: u16, bytes: &[u8]) -> Option<ProgramContent> {
    let by_name = match () {
        () if name.ends_with(b".py") => Some(Language::Python),
        () if name.ends_with(b".pm") || name.ends_with(b".pl") => Some(Language::Perl),
        () => None,
    };
    match shebang(bytes) {
        Some((interpreter, argument)) if mode & 0o111 != 0 => {
            let words = [interpreter.as_bstr(), argument.as_deref().map_or(BStr::new(""), |a| a.as_bstr())];
            let language = language(&words).or(by_name);
            let imports = language.map(|language| imports_of(language, bytes)).unwrap_or_default();
            Some(ProgramContent::Script { interpreter, argument, imports })
        }
        _ => {
            by_name.map(|language| ProgramContent::Module { language, imports: imports_of(language, bytes) })
        }
    }
}

fn language(words: &[&BStr]) -> Option<Language> {
    let has = |name: &str| words.iter().any(|word| word.contains_str(name));
    match () {
        () if has("python") => Some(Language::Python),
        () if has("perl") => Some(Language::Perl),
        () => None,
    }
}

/// Interpreter and argument of a line `#!`.
pub fn shebang(bytes: &[u8]) -> Option<(BString, Option<BString>)> {
    let rest = bytes[..bytes.len().min(FIRST_LINE_MAX)].strip_prefix(b"#!")?;
    let line = rest.lines().next()?.trim();
    let (interpreter, argument) = match line.find_byteset(b" \t") {
        Some(at) => (&line[..at], Some(line[at..].trim())),
        None => (line, None),
    };
    // `#![attribute]` of Rust and the like are no scripts.
    interpreter
        .starts_with(b"/")
        .then(|| (interpreter.into(), argument.filter(|a| !a.is_empty()).map(BString::from)))
}

/// Modules that a file imports.
pub fn imports_of(language: Language, text: &[u8]) -> Vec<Import> {
    let mut imports = match language {
        Language::Python => python(text),
        Language::Perl => perl(text),
    };
    imports.truncate(IMPORTS_MAX);
    imports
}

/// `import a.b, c as d` and `from a.b import c` (Python reference, §7.11). A name is reduced to its first part.
fn python(text: &[u8]) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut quote: Option<&[u8]> = None;
    let mut depth = 0usize;
    for (number, line) in (1u32..).zip(text.lines()) {
        let is_statement = quote.is_none() && depth == 0;
        if is_statement {
            let indent = line.len() - line.trim_start().len();
            python_line(line.trim(), indent > 0, number, &mut imports);
        }
        scan_line(line, &mut quote, &mut depth);
    }
    imports
}

fn python_line(line: &[u8], is_optional: bool, number: u32, imports: &mut Vec<Import>) {
    let mut add = |name: &[u8]| {
        let first = name.split(|&b| b == b'.').next().unwrap_or_default().trim();
        if is_name(first) {
            imports.push(Import { name: first.into(), line: number, is_optional });
        }
    };
    let statement = line.split(|&b| b == b'#').next().unwrap_or_default();
    if let Some(rest) = word(statement, b"import") {
        let modules = rest.split(|&b| b == b';').next().unwrap_or_default();
        for module in modules.split(|&b| b == b',') {
            add(module.trim().split(|b| b.is_ascii_whitespace()).next().unwrap_or_default());
        }
    } else if let Some(rest) = word(statement, b"from") {
        // `from . import x` is the package itself.
        let module = rest.trim().split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
        if !module.starts_with(b".") && rest.find(b" import").is_some() {
            add(module);
        }
    }
}

fn word<'t>(line: &'t [u8], word: &[u8]) -> Option<&'t [u8]> {
    line.strip_prefix(word).filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
}

fn is_name(text: &[u8]) -> bool {
    !text.is_empty()
        && !text[0].is_ascii_digit()
        && text.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80)
}

/// Follows strings in three quotes and brackets across lines.
fn scan_line(line: &[u8], quote: &mut Option<&[u8]>, depth: &mut usize) {
    let mut rest = line;
    while !rest.is_empty() {
        if let Some(end) = *quote {
            match rest.find(end) {
                Some(at) => {
                    rest = &rest[at + end.len()..];
                    *quote = None;
                }
                None => return,
            }
            continue;
        }
        match rest[0] {
            b'#' => return,
            b'(' | b'[' | b'{' => *depth += 1,
            b')' | b']' | b'}' => *depth = depth.saturating_sub(1),
            b'"' | b'\'' => {
                let triple: &'static [u8] = if rest[0] == b'"' { b"\"\"\"" } else { b"'''" };
                if rest.starts_with(triple) {
                    *quote = Some(triple);
                    rest = &rest[3..];
                    continue;
                }
                rest = after_string(rest);
                continue;
            }
            _ => {}
        }
        rest = &rest[1..];
    }
}

/// What follows a string on one line.
fn after_string(text: &[u8]) -> &[u8] {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b if b == text[0] => return &text[at + 1..],
            _ => at += 1,
        }
    }
    &[]
}

/// `use Module` and `require Module` at the start of a line (perlfunc). Names in lower case are pragmas; what follows
/// `__END__`, and documentation, is no code.
fn perl(text: &[u8]) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut is_pod = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        if line.starts_with(b"__END__") || line.starts_with(b"__DATA__") {
            break;
        }
        if line.first() == Some(&b'=') && line.get(1).is_some_and(u8::is_ascii_alphabetic) {
            is_pod = !line.starts_with(b"=cut");
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let statement = line.trim();
        let rest = word(statement, b"use").or_else(|| word(statement, b"require"));
        let Some(rest) = rest.filter(|_| !is_pod) else { continue };
        let rest = rest.trim();
        let end = rest.iter().position(|&b| !(b.is_ascii_alphanumeric() || b == b':' || b == b'_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        if name.first().is_some_and(u8::is_ascii_uppercase) {
            let is_optional = indent > 0 || statement.starts_with(b"require");
            imports.push(Import { name: name.into(), line: number, is_optional });
        }
    }
    imports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(language: Language, text: &str) -> Vec<String> {
        let mark = |import: &Import| if import.is_optional { "?" } else { "" };
        imports_of(language, text.as_bytes())
            .iter()
            .map(|i| format!("{}{}@{}", i.name, mark(i), i.line))
            .collect()
    }

    #[test]
    fn first_lines() {
        let (interpreter, argument) = shebang(b"#! /bin/sh -e\nx").unwrap();
        assert_eq!((interpreter.as_slice(), argument.unwrap().as_slice()), (&b"/bin/sh"[..], &b"-e"[..]));
        let (interpreter, argument) = shebang(b"#!/usr/bin/env  python3\r\nx").unwrap();
        assert_eq!(
            (interpreter.as_slice(), argument.unwrap().as_slice()),
            (&b"/usr/bin/env"[..], &b"python3"[..])
        );
        assert_eq!(shebang(b"#![allow(x)]"), None);
        assert_eq!(shebang(b"#!"), None);
    }

    #[test]
    fn imports_of_python() {
        let text = "\"\"\"doc\nimport no\n\"\"\"\nimport os.path, sys as s  # c\nfrom a.b import (c,\n  d)\ntry:\n    import json\nexcept ImportError:\n    pass\nfrom . import own\nx = 'import no'\nimportant = 1\n";
        assert_eq!(names(Language::Python, text), ["os@4", "sys@4", "a@5", "json?@8"]);
    }

    #[test]
    fn imports_of_perl() {
        let text = "use strict;\nuse File::Spec::Functions qw(x);\nuse 5.010;\n  use Later;\nrequire Some::Thing;\n=pod\nuse Not;\n=cut\nuse Carp\n__END__\nuse Never;\n";
        assert_eq!(
            names(Language::Perl, text),
            ["File::Spec::Functions@2", "Later?@4", "Some::Thing?@5", "Carp@9"]
        );
    }
}
