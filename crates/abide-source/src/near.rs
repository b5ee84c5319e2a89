//! The line that is most like what was looked for: what an error shows when nothing matched.

use crate::text::shown;

/// Lines longer than this are compared by their start only.
const COMPARED_CHARS: usize = 200;
/// Lines less alike than this are no help.
const LEAST_LIKENESS: f64 = 0.55;

/// A line and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Its number, from 1.
    pub line: usize,
    /// Its text, without the white space around it.
    pub text: String,
}

impl std::fmt::Display for Near {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// The nearest of the lines, if any is near.
pub(crate) fn nearest<'a>(wanted: &str, lines: impl Iterator<Item = &'a str>) -> Option<Near> {
    let wanted = compared(wanted);
    if wanted.is_empty() {
        return None;
    }
    let mut best: Option<(f64, Near)> = None;
    for (index, line) in lines.enumerate() {
        let candidate = compared(line);
        if candidate.is_empty() {
            continue;
        }
        let likeness = likeness(&wanted, &candidate);
        if likeness >= LEAST_LIKENESS && best.as_ref().is_none_or(|(most, _)| likeness > *most) {
            best = Some((likeness, Near { line: index + 1, text: shown(line.trim()) }));
        }
    }
    best.map(|(_, near)| near)
}

/// A part of a line is nearly as near as a whole line.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let whole = strsim::normalized_levenshtein(wanted, candidate);
    let start: String = candidate.chars().take(wanted.chars().count()).collect();
    whole.max(0.95 * strsim::normalized_levenshtein(wanted, &start))
}

fn compared(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(COMPARED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_is_named_and_the_far_is_not() {
        let lines = ["Name: foo", "Requires:   clang = 1.0", "Release: 1"];
        assert_eq!(nearest("Requires: clang = 1.1", lines.into_iter()).unwrap().line, 2);
        assert_eq!(nearest("%changelog", lines.into_iter()), None);
        assert_eq!(nearest("", lines.into_iter()), None);
    }
}
