//! `add_files`: a patch or source, the line in the spec that names it, and the one that applies it in the spec's style.

use super::config::AddFile;
use super::origin::Origin;
use super::{Reason, Run};
use crate::spec::prep::{self, Application, Apply};
use crate::spec::sources::{Entry, Kind, entries, includes};
use crate::spec::{Spec, after_block, macros};

impl Run<'_> {
    pub(super) fn add_file(&mut self, add: &AddFile, origin: Option<&Origin>) -> Result<(), Reason> {
        let from = format!("files/{}", add.name);
        let content = self.beside.read(&from)?;
        let content = content.ok_or_else(|| format!("there is no {from} beside the modification file"))?;
        let paths = self.package.paths();
        let in_sources =
            paths.iter().any(|p| p.starts_with("SOURCES/")) && paths.iter().any(|p| p.starts_with("SPECS/"));
        let to = if in_sources { format!("SOURCES/{}", add.name) } else { add.name.clone() };
        if self.package.read(&to)?.is_some_and(|old| old != content) {
            self.warn(format!("{to} is replaced"));
        }
        self.package.write(&to, content);
        if !add.modify_spec {
            self.note(format!("{to} added, the spec is as it was"));
            return Ok(());
        }
        self.name_in_spec(add, origin)
    }

    fn name_in_spec(&mut self, add: &AddFile, origin: Option<&Origin>) -> Result<(), Reason> {
        let (path, spec) = self.spec()?;
        let list = self.patch_file(&spec, add.kind)?;
        let (list_path, mut list_spec) = match list {
            Some(list) => list,
            None => (path.clone(), spec.clone()),
        };
        let mut all: Vec<Entry> = entries(&spec);
        if list_path != path {
            all.extend(entries(&list_spec));
        }
        all.retain(|entry| entry.kind == add.kind);
        let (number, written) = number(&all, add)?;
        let marker = add.insert_marker.unwrap_or(self.request.modifications.parameters.insert_marker);
        let vendor = self.request.modifications.parameters.vendor.clone();
        let word = add.kind.word();
        let mut lines = Vec::new();
        let mark = format!("# {vendor} {word}");
        if marker && !has_mark(&list_spec, &mark) {
            lines.extend([String::new(), mark]);
        }
        lines.extend(origin.map(Origin::comment).unwrap_or_default());
        let place = place(&list_spec, add).ok_or_else(|| {
            format!("{list_path} has no {word} line, no Source line and no tag after which one could stand")
        })?;
        lines.push(if place.listed { add.name.clone() } else { format!("{word}{written}: {}", add.name) });
        self.note(format!(
            "{list_path}: {word} {number} is {}, at line {}",
            add.name,
            place.at + lines.len()
        ));
        list_spec.insert(place.at, lines);
        if !place.listed {
            self.added.push((self.at, add.kind, number));
        }
        self.write(&list_path, &list_spec.text.text());
        if add.kind == Kind::Patch {
            self.apply_in_spec(add, number, marker.then_some(vendor.as_str()))?;
        }
        Ok(())
    }

    /// The file of patch lines that the spec takes in and has none beside.
    fn patch_file(&self, spec: &Spec, kind: Kind) -> Result<Option<(String, Spec)>, Reason> {
        if kind == Kind::Source || entries(spec).iter().any(|entry| entry.kind == Kind::Patch) {
            return Ok(None);
        }
        let paths = self.package.paths();
        for name in includes(spec).into_iter().filter(|name| name.ends_with(".patches")) {
            if let Some(path) = super::one_file(&paths, &name)? {
                let text = self.text(&path)?;
                return Ok(Some((path, Spec::new(&text))));
            }
        }
        Ok(None)
    }

    /// Refuses when a number that was added stands for two files in the end.
    pub(super) fn check_numbers(&self) -> Result<(), (usize, Reason)> {
        let Some(first) = self.added.first() else { return Ok(()) };
        let read = || -> Result<_, Reason> {
            let (path, spec) = self.spec()?;
            let list = self.patch_file(&spec, Kind::Patch)?;
            let mut all: Vec<(String, Entry)> =
                entries(&spec).into_iter().map(|e| (path.clone(), e)).collect();
            if let Some((path, list)) = list {
                all.extend(entries(&list).into_iter().map(|e| (path.clone(), e)));
            }
            Ok(all)
        };
        let all = read().map_err(|reason| (first.0, reason))?;
        for (step, kind, number) in &self.added {
            let same: Vec<String> = all
                .iter()
                .filter(|(_, entry)| entry.kind == *kind && entry.number == *number && !entry.listed)
                .map(|(path, entry)| format!("{} ({path}, line {})", entry.value, entry.line + 1))
                .collect();
            if same.len() > 1 {
                let reason = format!("{} {number} would stand for {}", kind.word(), same.join(" and "));
                return Err((*step, reason.into()));
            }
        }
        Ok(())
    }

    fn apply_in_spec(&mut self, add: &AddFile, number: u32, vendor: Option<&str>) -> Result<(), Reason> {
        let (path, mut spec) = self.spec()?;
        let applications = prep::applications(&spec);
        if prep::in_a_range(&applications, number) {
            self.note(format!("{path}: patch {number} is applied with the others"));
            return Ok(());
        }
        let Some(section) = spec.section("prep") else {
            return Err(format!("{path} has no %prep section to apply the patch in").into());
        };
        let last =
            applications.last().map(|application| application.line).or_else(|| prep::setup(&spec, &section));
        let last = last.ok_or_else(|| {
            format!(
                "{path} has neither %setup nor a line that applies a patch, after which {} could be applied",
                add.name
            )
        })?;
        let (at, _) = after_block(&spec, section.body(), section.end, last);
        let mut lines = Vec::new();
        if let Some(vendor) = vendor {
            let mark = format!("# Applying {vendor} Patch");
            if !has_mark(&spec, &mark) {
                lines.extend([String::new(), mark]);
            }
        }
        lines.push(application(&applications, number, add));
        self.note(format!("{path}: patch {number} is applied at line {}", at + lines.len()));
        spec.insert(at, lines);
        self.write(&path, &spec.text.text());
        Ok(())
    }
}

/// Whether the spec has a mark already, also in the plural.
fn has_mark(spec: &Spec, mark: &str) -> bool {
    spec.lines().iter().any(|line| {
        let line = line.trim();
        let longer = line.get(mark.len()..).unwrap_or("-");
        line.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
            && matches!(longer.to_ascii_lowercase().as_str(), "" | "s" | "es" | ":")
    })
}

/// The number of a new entry, and how it is written after the tag's word.
fn number(entries: &[Entry], add: &AddFile) -> Result<(u32, String), Reason> {
    if let Some(number) = add.number {
        return Ok((number, number.to_string()));
    }
    let next = match entries.iter().map(|entry| entry.number).max() {
        Some(most) => most.checked_add(1).ok_or("the highest number is taken")?,
        None => 1,
    };
    // A spec that leaves the counting to rpm goes on doing so, where rpm counts on from the highest.
    let counted =
        entries.last().is_some_and(|last| !last.numbered && last.number.checked_add(1) == Some(next));
    Ok((next, if counted { String::new() } else { next.to_string() }))
}

/// Where a new line goes.
struct Place {
    /// Index of the line before which it goes.
    at: usize,
    /// Whether it is a name in a list rather than a tag.
    listed: bool,
}

/// After the last entry of its kind, and after the condition that one stands under; patches otherwise after the last
/// source, anything otherwise after the tags.
///
/// A number that is given asks for a tag even where the others stand in a list: rpm counts a list on from the last tag.
fn place(spec: &Spec, add: &AddFile) -> Option<Place> {
    let kind = add.kind;
    let mut entries = entries(spec);
    entries.retain(|entry| !entry.listed || add.number.is_none());
    let of = |kind: Kind| entries.iter().rev().find(|entry| entry.kind == kind);
    let after_entry = |entry: &Entry| {
        let sections = spec.sections();
        let section = sections.iter().find(|s| (s.start..s.end).contains(&entry.line))?;
        let (at, left_block) = after_block(spec, section.body(), section.end, entry.line);
        // What stands under a condition is set apart from what follows it.
        let blank = left_block && spec.lines().get(at).is_some_and(|line| line.trim().is_empty());
        Some(Place { at: if blank { at + 1 } else { at }, listed: entry.listed })
    };
    if let Some(entry) = of(kind) {
        return after_entry(entry);
    }
    let sections = spec.sections();
    if add.number.is_none()
        && let Some(list) = sections.iter().find(|section| section.name == kind.list())
    {
        return Some(Place { at: list.body(), listed: true });
    }
    if kind == Kind::Patch
        && let Some(entry) = of(Kind::Source).filter(|entry| !entry.listed)
    {
        return after_entry(entry);
    }
    let preamble = sections.first()?;
    let tags = ["name", "version", "release", "license", "url", "summary"];
    let is_tag = |line: &usize| {
        macros::tag(&spec.lines()[*line]).is_some_and(|(name, _)| tags.contains(&name.as_str()))
    };
    let last = (preamble.start..preamble.end).rev().find(is_tag)?;
    Some(Place { at: after_block(spec, preamble.start, preamble.end, last).0, listed: false })
}

/// The line that applies a patch, in the style of the last one that applies a single patch.
fn application(applications: &[Application], number: u32, add: &AddFile) -> String {
    let style = applications
        .iter()
        .rev()
        .map(|application| &application.how)
        .find(|how| !matches!(how, Apply::All { .. }));
    let options = if add.no_backup { " -p1".to_owned() } else { format!(" -p1 -b .{}", backup(&add.name)) };
    match style {
        Some(Apply::Numbered(_)) => format!("%patch{number}{options}"),
        Some(Apply::Option { joined: true, .. }) => format!("%patch -P{number}{options}"),
        Some(Apply::Argument(_)) => format!("%patch {number}{options}"),
        Some(Apply::Function(_)) => format!("ApplyPatch {}", add.name),
        Some(Apply::Option { .. } | Apply::All { .. }) | None => format!("%patch -P {number}{options}"),
    }
}

/// The suffix of files that a patch changed: its name without the last extension and without dots.
fn backup(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.replace('.', "")
}
