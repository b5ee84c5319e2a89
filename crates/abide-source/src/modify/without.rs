//! A modification file without some of its entries: the lines of the others stay as they are.

use super::config::{Action, Modifications};

/// The text without the `add_files` entries of some patches, and without actions that are left with no entry.
pub fn without_files(text: &str, modifications: &Modifications, names: &[&str]) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut gone = vec![false; lines.len()];
    for step in &modifications.steps {
        let Action::AddFile(add) = &step.action else { continue };
        if names.contains(&add.name.as_str()) {
            for line in entry(&lines, step.line.saturating_sub(1)) {
                gone[line] = true;
            }
        }
    }
    for (start, line) in lines.iter().enumerate() {
        let is_action = line.trim_start().trim_start_matches('-').trim_start().trim_end() == "add_files:";
        if is_action && !gone[start] {
            let body: Vec<usize> = below(&lines, start).collect();
            let entries = |line: &&usize| !is_filler(lines[**line]);
            if body.iter().filter(entries).count() > 0 && body.iter().filter(entries).all(|line| gone[*line])
            {
                gone[start] = true;
                body.into_iter().for_each(|line| gone[line] = true);
            }
        }
    }
    lines.iter().zip(gone).filter(|(_, gone)| !gone).map(|(line, _)| *line).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_filler(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// The lines of the entry that starts at a line: up to the next one that is not deeper than its dash.
fn entry(lines: &[&str], start: usize) -> std::ops::Range<usize> {
    // The entry's first key may stand below its dash.
    let dash = (0..=start)
        .rev()
        .find(|line| lines.get(*line).is_some_and(|l| l.trim_start().starts_with('-')))
        .unwrap_or(start);
    let depth = lines.get(dash).map_or(0, |line| indent(line));
    let rest = lines.get(dash + 1..).unwrap_or_default();
    let length =
        rest.iter().position(|line| !line.trim().is_empty() && indent(line) <= depth).unwrap_or(rest.len());
    let mut end = dash + 1 + length;
    // Blank lines before the next entry belong to it.
    while end > dash + 1 && lines[end - 1].trim().is_empty() {
        end -= 1;
    }
    dash..end
}

/// The lines below an action's line.
fn below(lines: &[&str], start: usize) -> std::ops::Range<usize> {
    let depth = indent(lines[start]);
    let rest = &lines[start + 1..];
    let length = rest.iter().position(|line| !is_filler(line) && indent(line) <= depth).unwrap_or(rest.len());
    start + 1..start + 1 + length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modify::config;

    #[test]
    fn entries_and_empty_actions_go() {
        let text = "actions:\n  - add_files:\n      - type: patch # first\n        name: a.patch\n        origin:\n          reason: |\n            x\n\n            y\n      \
                    # second\n      - type: patch\n        name: b.patch\n\n  - modify_release:\n      - suffix: .a\n";
        let modifications = config::read(text).unwrap();
        let one = without_files(text, &modifications, &["a.patch"]);
        assert_eq!(
            one,
            "actions:\n  - add_files:\n      # second\n      - type: patch\n        name: b.patch\n\n  - modify_release:\n      - suffix: .a\n"
        );
        let both = without_files(text, &modifications, &["a.patch", "b.patch"]);
        assert_eq!(config::read(&both).unwrap().steps.len(), 1);
        assert_eq!(both, "actions:\n  - modify_release:\n      - suffix: .a\n");
    }
}
