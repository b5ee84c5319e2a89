//! `changelog_entry`: who, what and which release, at the head of the changelog.

use super::config::Action;
use super::{Reason, Run};
use crate::near::nearest;

/// Lines are broken so that they stay within this many columns.
const WIDTH: usize = 80;

impl Run<'_> {
    pub(super) fn changelog_entry(
        &mut self,
        name: &str,
        email: &str,
        lines: &[String],
    ) -> Result<(), Reason> {
        let (path, mut spec) = self.spec()?;
        let Some(section) = spec.section("changelog") else {
            let near = nearest("%changelog", spec.lines().iter().map(String::as_str));
            return Err(Reason::NotFound { what: "a %changelog section".into(), file: path, near });
        };
        let body = &spec.lines()[section.body()..section.end];
        if let Some(at) = body.iter().position(|line| is_autochangelog(line)) {
            let line = section.body() + at + 1;
            self.note(format!("{path}: the changelog is %autochangelog (line {line}), nothing is written"));
            return Ok(());
        }
        let evr = self.final_evr(&spec)?;
        let mut entry =
            vec![format!("* {} {name} <{email}> - {}", self.request.date.changelog(), evr.shown())];
        for line in lines {
            entry.extend(wrapped(line));
        }
        entry.push(String::new());
        self.note(format!("{path}: entry for {} at line {}", evr.shown(), section.body() + 1));
        let at = section.body() + self.entries_before(&spec, section.body());
        spec.insert(at, entry);
        self.write(&path, &spec.text.text());
        Ok(())
    }

    /// How many lines at the head of the changelog came from earlier entries of the same action: entries keep the
    /// order of the file.
    fn entries_before(&self, spec: &crate::spec::Spec, body: usize) -> usize {
        let steps = &self.request.modifications.steps[..self.at];
        let earlier =
            steps.iter().rev().take_while(|step| matches!(step.action, Action::ChangelogEntry { .. }));
        let mut left = earlier.count();
        let mut lines = 0;
        for line in &spec.lines()[body..] {
            if left == 0 {
                break;
            }
            lines += 1;
            if line.is_empty() {
                left -= 1;
            }
        }
        lines
    }
}

fn is_autochangelog(line: &str) -> bool {
    matches!(line.trim(), "%autochangelog" | "%{autochangelog}" | "%{?autochangelog}")
}

/// One line of an entry as a list item of as many lines as it takes.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = "-".to_owned();
    let mut fresh = true;
    let mut glue = " ";
    for piece in pieces(text) {
        let length = current.chars().count() + glue.len() + piece.text.chars().count();
        if length > WIDTH && !fresh {
            lines.push(std::mem::replace(&mut current, " ".to_owned()));
            glue = " ";
        }
        current.push_str(glue);
        current.push_str(piece.text);
        fresh = false;
        glue = if piece.joined { "" } else { " " };
    }
    lines.push(current);
    lines
}

/// A part of a text that is not broken.
struct Piece<'t> {
    text: &'t str,
    /// No space follows.
    joined: bool,
}

/// Words, and the parts of compound words; addresses stay whole.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(at) = break_after(rest).filter(|_| !word.contains("://")) {
            pieces.push(Piece { text: &rest[..at], joined: true });
            rest = &rest[at..];
        }
        pieces.push(Piece { text: rest, joined: false });
    }
    pieces
}

/// After a hyphen between two letters on each side at least.
fn break_after(word: &str) -> Option<usize> {
    word.match_indices('-').map(|(at, _)| at + 1).find(|at| {
        let letters = |text: Option<char>| text.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let mut before = word[..at - 1].chars().rev();
        let mut after = word[*at..].chars();
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        is_letter(before.next()) && letters(before.next()) && letters(after.next()) && is_letter(after.next())
    })
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_stay_within_eighty_columns() {
        let words = format!("first {}", "w ".repeat(60));
        let lines = wrapped(words.trim());
        assert_eq!(lines[0].len(), 79);
        assert!(lines[1].starts_with("  w"));
        assert_eq!(
            wrapped(
                "Enable v3d for Raspberry Pi graphic in AlmaLinux (Resolves: https://example.org/raspberry-pi/32)"
            ),
            [
                "- Enable v3d for Raspberry Pi graphic in AlmaLinux (Resolves:",
                "  https://example.org/raspberry-pi/32)"
            ]
        );
        let long = "x".repeat(100);
        assert_eq!(wrapped(&long), [format!("- {long}")]);
        let compound = format!("{} well-known", "x".repeat(71));
        assert_eq!(wrapped(&compound), [format!("- {} well-", "x".repeat(71)), "  known".to_owned()]);
    }
}
