//! `add_line`: lines at the start or the end of a section of the spec.

use super::config::AddLine;
use super::{Reason, Run};
use crate::near::nearest;
use crate::spec::{Condition, PREAMBLE, Section, Spec, condition};
use crate::text::block;

impl Run<'_> {
    pub(super) fn add_line(&mut self, add: &AddLine) -> Result<(), Reason> {
        let (path, mut spec) = self.spec()?;
        let of = add.subpackage.as_ref().map_or(String::new(), |name| format!(" of {name}"));
        let sections = spec.sections();
        let found: Vec<&Section> = sections.iter().filter(|section| is_wanted(section, add)).collect();
        let section = match found.as_slice() {
            [] => {
                let near = nearest(&format!("%{}", add.section), spec.lines().iter().map(String::as_str));
                return Err(Reason::NotFound {
                    what: format!("a section {}{of}", add.section),
                    file: path,
                    near,
                });
            }
            [section] => (*section).clone(),
            _ => {
                let lines: Vec<usize> = found.iter().map(|section| section.start + 1).collect();
                let at = super::replace::list(&lines);
                return Err(format!(
                    "{path} has the section {}{of} more than once, at line {at}",
                    add.section
                )
                .into());
            }
        };
        let at = if add.bottom { end_of(&spec, &section) } else { section.body() };
        let mut lines: Vec<String> = block(&add.content).into_iter().map(str::to_owned).collect();
        // A blank line keeps what follows apart.
        lines.push(String::new());
        self.note(format!("{path}: {} lines added at line {}", lines.len() - 1, at + 1));
        if at == spec.lines().len() {
            lines.pop();
            spec.text.ends_with_newline = true;
        }
        spec.insert(at, lines);
        self.write(&path, &spec.text.text());
        Ok(())
    }
}

fn is_wanted(section: &Section, add: &AddLine) -> bool {
    if section.name != add.section {
        return false;
    }
    match (&add.subpackage, section.subpackage()) {
        (None, None) => true,
        (Some(wanted), Some((name, _))) => wanted == name,
        _ => false,
    }
}

/// Index after the last line of a section that belongs to it: before a condition that goes on into the next one, with
/// the comments above it.
fn end_of(spec: &Spec, section: &Section) -> usize {
    let lines = &spec.lines()[..section.end];
    if section.end == spec.lines().len() {
        return section.end;
    }
    let mut open = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(section.body()) {
        match condition(line) {
            Some(Condition::Open) => open.push(index),
            Some(Condition::Close) => {
                open.pop();
            }
            _ => {}
        }
    }
    let mut end = open.first().copied().unwrap_or(section.end);
    let above = |end: usize| end > section.body() && lines[end - 1].trim_start().starts_with('#');
    if section.name == PREAMBLE || end < section.end {
        while above(end) {
            end -= 1;
        }
    }
    end
}
