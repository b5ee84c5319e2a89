//! Spec files as lines that keep every byte, with what is needed to know where one is: statements, sections, conditions.
//!
//! Tolerant: what cannot be understood stays text. Nothing is expanded here; `macros` does that for the few values that
//! are needed.

pub mod evr;
mod expression;
pub mod macros;
pub mod prep;
pub mod sources;

use crate::text::Lines;

/// Names that start a section, without the `%` (rpm's `build/parseSpec.c`, `partList`).
const SECTIONS: &[&str] = &[
    "package",
    "prep",
    "generate_buildrequires",
    "conf",
    "build",
    "install",
    "check",
    "clean",
    "preun",
    "postun",
    "pretrans",
    "posttrans",
    "preuntrans",
    "postuntrans",
    "pre",
    "post",
    "files",
    "changelog",
    "description",
    "triggerpostun",
    "triggerprein",
    "triggerun",
    "triggerin",
    "trigger",
    "verifyscript",
    "sepolicy",
    "filetriggerin",
    "filetrigger",
    "filetriggerun",
    "filetriggerpostun",
    "transfiletriggerin",
    "transfiletrigger",
    "transfiletriggerun",
    "transfiletriggerpostun",
    "end",
    "patchlist",
    "sourcelist",
];

/// The name of the part before the first section.
pub const PREAMBLE: &str = "global";

/// One line or several that rpm reads as one: those of a macro's body, or joined by a backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Index of its first line.
    pub start: usize,
    /// Index after its last line.
    pub end: usize,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name without `%`, in lower case; [`PREAMBLE`] before the first.
    pub name: String,
    /// What follows the name on its line.
    pub arguments: String,
    /// Index of its header, or of its first line in the preamble.
    pub start: usize,
    /// Index after its last line.
    pub end: usize,
}

impl Section {
    /// Whether it is a preamble: of the source package or of a subpackage.
    pub fn is_preamble(&self) -> bool {
        self.name == PREAMBLE || self.name == "package"
    }

    /// Index of the first line of its body.
    pub fn body(&self) -> usize {
        if self.name == PREAMBLE { self.start } else { self.start + 1 }
    }

    /// The subpackage it belongs to: the name and whether it was given whole, with `-n`.
    pub fn subpackage(&self) -> Option<(&str, bool)> {
        let mut words = self.arguments.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "-n" => return words.next().map(|name| (name, true)),
                // Options with a value: interpreter, file list, language, priority.
                "-p" | "-f" | "-l" | "-P" => {
                    words.next();
                }
                "--" => return None,
                option if option.starts_with('-') => {}
                name => return Some((name, false)),
            }
        }
        None
    }
}

/// A spec file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// Its text.
    pub text: Lines,
}

impl Spec {
    /// Takes a text as a spec.
    pub fn new(text: &str) -> Self {
        Spec { text: Lines::new(text) }
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        &self.text.lines
    }

    /// Its statements, in order; together they cover every line.
    pub fn statements(&self) -> Vec<Statement> {
        let lines = self.lines();
        let mut statements = Vec::new();
        let mut start = 0;
        while start < lines.len() {
            let end = statement_end(lines, start);
            statements.push(Statement { start, end });
            start = end;
        }
        statements
    }

    /// Its sections, the preamble first; together they cover every line.
    pub fn sections(&self) -> Vec<Section> {
        let lines = self.lines();
        let mut sections =
            vec![Section { name: PREAMBLE.into(), arguments: String::new(), start: 0, end: lines.len() }];
        for statement in self.statements() {
            let Some((name, arguments)) = header(&lines[statement.start]) else { continue };
            if let Some(last) = sections.last_mut() {
                last.end = statement.start;
            }
            sections.push(Section { name, arguments, start: statement.start, end: lines.len() });
        }
        sections
    }

    /// The section of a name that stands alone in a spec: `prep`, `changelog`.
    pub fn section(&self, name: &str) -> Option<Section> {
        self.sections().into_iter().find(|section| section.name == name)
    }

    /// Index of the `%changelog` line, or the number of lines.
    pub fn changelog_start(&self) -> usize {
        self.section("changelog").map_or(self.lines().len(), |section| section.start)
    }

    /// Inserts lines before a line.
    pub fn insert(&mut self, at: usize, lines: impl IntoIterator<Item = String>) {
        self.text.lines.splice(at..at, lines);
    }
}

/// The name and arguments of a section's header; rpm accepts no white space before it and any case.
pub(crate) fn header(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix('%')?;
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let (name, arguments) = rest.split_at(length);
    if !arguments.is_empty() && !arguments.starts_with(char::is_whitespace) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    SECTIONS.contains(&name.as_str()).then(|| (name, arguments.trim().to_owned()))
}

/// Index after the last line of the statement that starts at a line, as rpm reads on while braces are open
/// (`build/parseSpec.c`, `copyNextLineFromOFI`). A statement that never ends is its first line only.
fn statement_end(lines: &[String], start: usize) -> usize {
    let mut open = Open::default();
    for (offset, line) in lines[start..].iter().enumerate() {
        open.read(line);
        if open.is_closed() {
            return start + offset + 1;
        }
    }
    if open.braces() { start + 1 } else { lines.len() }
}

/// What is still open at the end of a line.
#[derive(Default)]
struct Open {
    curly: usize,
    round: usize,
    square: usize,
    backslash: bool,
}

impl Open {
    fn read(&mut self, line: &str) {
        self.backslash = false;
        let bytes = line.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            match (bytes[i], bytes.get(i + 1)) {
                (b'\\', None) => self.backslash = true,
                (b'\\', Some(_)) | (b'%', Some(b'%')) => i += 1,
                (b'%', Some(b'{')) => {
                    self.curly += 1;
                    i += 1;
                }
                (b'%', Some(b'(')) => {
                    self.round += 1;
                    i += 1;
                }
                (b'%', Some(b'[')) => {
                    self.square += 1;
                    i += 1;
                }
                (b'{', _) if self.curly > 0 => self.curly += 1,
                (b'}', _) => self.curly = self.curly.saturating_sub(1),
                (b'(', _) if self.round > 0 => self.round += 1,
                (b')', _) => self.round = self.round.saturating_sub(1),
                (b'[', _) if self.square > 0 => self.square += 1,
                (b']', _) => self.square = self.square.saturating_sub(1),
                _ => {}
            }
            i += 1;
        }
    }

    fn braces(&self) -> bool {
        self.curly > 0 || self.round > 0 || self.square > 0
    }

    fn is_closed(&self) -> bool {
        !self.braces() && !self.backslash
    }
}

/// What a line does to the conditions around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Starts one.
    Open,
    /// Starts another branch.
    Else,
    /// Ends one.
    Close,
}

/// What the line does, when it is a condition.
pub fn condition(line: &str) -> Option<Condition> {
    let word = line.trim_start().strip_prefix('%')?;
    let length = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    match &word[..length] {
        "if" | "ifarch" | "ifnarch" | "ifos" | "ifnos" => Some(Condition::Open),
        "else" | "elif" | "elifarch" | "elifos" => Some(Condition::Else),
        "endif" => Some(Condition::Close),
        _ => None,
    }
}

/// Whether rpm takes the line as a comment.
pub fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Index after the outermost block around a line: `%if … %endif`, in scripts also `pushd … popd`.
/// Without a block around it, the index after the statement.
pub(crate) fn after_block(spec: &Spec, from: usize, to: usize, line: usize) -> (usize, bool) {
    let lines = spec.lines();
    let mut open: Vec<usize> = Vec::new();
    let opens = |text: &str| condition(text) == Some(Condition::Open) || first_word(text) == "pushd";
    let closes = |text: &str| condition(text) == Some(Condition::Close) || first_word(text) == "popd";
    for (index, text) in lines.iter().enumerate().take(line).skip(from) {
        if opens(text) {
            open.push(index);
        } else if closes(text) {
            open.pop();
        }
    }
    let depth = open.len();
    let end = statement_end(lines, line).min(to);
    if depth == 0 {
        return (end, false);
    }
    let mut left = depth;
    for (index, text) in lines.iter().enumerate().take(to).skip(end) {
        if opens(text) {
            left += 1;
        } else if closes(text) {
            left -= 1;
            if left == 0 {
                return (index + 1, true);
            }
        }
    }
    (end, false)
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Spec::new(text).sections().into_iter().map(|s| format!("{} {}", s.name, s.arguments)).collect()
    }

    #[test]
    fn sections_are_found_and_bodies_of_macros_are_not() {
        let text = "Name: a\n%global x() %{expand:\n%files %{1}\n}\n%description\n%prep\n%Build\n%buildroot\n \
                    %install\n%files -n b -f list\n%changelog \n";
        assert_eq!(
            names(text),
            ["global ", "description ", "prep ", "build ", "files -n b -f list", "changelog "]
        );
    }

    #[test]
    fn an_open_brace_does_not_swallow_the_rest() {
        assert_eq!(names("%global x %{?y\n%prep\n%build\n"), ["global ", "prep ", "build "]);
    }

    #[test]
    fn subpackages() {
        let spec = Spec::new("%files -f x.list -n whole\n%post -p /bin/sh part\n%files\n%package doc\n");
        let names: Vec<_> =
            spec.sections().iter().skip(1).map(|s| s.subpackage().map(|(n, w)| (n.to_owned(), w))).collect();
        assert_eq!(
            names,
            [Some(("whole".into(), true)), Some(("part".into(), false)), None, Some(("doc".into(), false))]
        );
    }
}
