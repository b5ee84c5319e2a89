//! `delete_line`: whole lines, or several in a row, wherever they stand.

use super::replace::{list, same_block};
use super::{Reason, Run};
use crate::near::nearest;
use crate::spec::Spec;
use crate::text::{Lines, block, shown};

impl Run<'_> {
    pub(super) fn delete_lines(&mut self, target: &str, blocks: &[(usize, String)]) -> Result<(), Reason> {
        for path in self.targets(target)? {
            let mut text = Lines::new(&self.text(&path)?);
            for (_, wanted) in blocks {
                let is_spec = path.ends_with(".spec");
                let end =
                    if is_spec { Spec { text: text.clone() }.changelog_start() } else { text.lines.len() };
                let wanted_lines = block(wanted);
                let at = delete(&mut text.lines, end, &wanted_lines);
                if at.is_empty() {
                    let first =
                        wanted_lines.into_iter().find(|line| !line.trim().is_empty()).unwrap_or_default();
                    let near = nearest(first, text.lines.iter().map(String::as_str));
                    return Err(Reason::NotFound { what: format!("{:?}", shown(wanted)), file: path, near });
                }
                self.note(format!("{path}: deleted at line {}", list(&at)));
            }
            self.write(&path, &text.text());
        }
        Ok(())
    }
}

/// Deletes every occurrence before a line and gives their line numbers, from 1.
fn delete(lines: &mut Vec<String>, end: usize, wanted: &[&str]) -> Vec<usize> {
    let mut kept = Vec::with_capacity(lines.len());
    let mut at = Vec::new();
    let mut index = 0;
    while index < lines.len() {
        if index + wanted.len() <= end && same_block(&lines[index..], wanted) {
            at.push(index + 1);
            index += wanted.len();
        } else {
            kept.push(std::mem::take(&mut lines[index]));
            index += 1;
        }
    }
    *lines = kept;
    at
}
