//! `modify_release`: a suffix after the release of the package and of subpackages that have one of their own.

use super::config::Action;
use super::{Reason, Run};
use crate::near::nearest;
use crate::spec::evr::{DIST, Evr};
use crate::spec::{Spec, macros};

/// What became of a suffix.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Suffixed {
    /// Written after these lines' values, numbers from 1.
    At(Vec<usize>),
    /// Written after the definition of `%autorelease`, at this line.
    Definition(usize),
    /// The release is counted by rpmautospec and the spec does not hold the count.
    Counted,
    /// There is no release.
    None,
}

impl Run<'_> {
    pub(super) fn modify_release(&mut self, suffix: &str, enabled: bool, count: bool) -> Result<(), Reason> {
        if !enabled {
            self.note(format!("{suffix} is not enabled"));
            return Ok(());
        }
        let (path, mut spec) = self.spec()?;
        let suffix = if count { self.next_suffix(&spec, suffix)? } else { suffix.to_owned() };
        match add_suffix(&mut spec, &suffix) {
            Suffixed::At(lines) => {
                self.note(format!("{path}: {suffix} added at line {}", super::replace::list(&lines)));
            }
            Suffixed::Definition(line) => {
                self.note(format!("{path}: {suffix} added to the definition of %autorelease, at line {line}"));
            }
            Suffixed::Counted => self.warn(format!(
                "{path}: the release is %autorelease, which the spec does not define; {suffix} is not in the spec"
            )),
            Suffixed::None => {
                let near = nearest("Release:", spec.lines().iter().map(String::as_str));
                return Err(Reason::NotFound { what: "a Release tag".into(), file: path, near });
            }
        }
        self.write(&path, &spec.text.text());
        Ok(())
    }

    /// The suffix with the number after the highest that a tag has.
    fn next_suffix(&mut self, spec: &Spec, suffix: &str) -> Result<String, Reason> {
        let evr = self.evr(spec)?;
        let name = macros::preamble(spec, crate::spec::evr::macros(self.el_version()));
        let name = name.tag("name").and_then(|tag| tag.value.clone().ok());
        let name =
            name.ok_or("auto_increment needs the package's name, which is not known without running rpm")?;
        let stem = suffix.trim_end_matches(|c: char| c.is_ascii_digit());
        let prefix = &self.request.modifications.parameters.tag_prefix;
        let taken =
            self.request.tags.iter().filter_map(|tag| tag_number(tag, prefix, &name, &evr, stem)).max();
        let Some(taken) = taken else {
            self.note(format!("no tag has {name}-{} with {stem}N; starts with {suffix}", evr.shown()));
            return Ok(suffix.to_owned());
        };
        let next = taken.checked_add(1).ok_or("a tag's number is too large")?;
        self.note(format!("the tags reach {stem}{taken}"));
        Ok(format!("{stem}{next}"))
    }

    /// The EVR that the spec has when all suffixes of later steps are in it.
    pub(super) fn final_evr(&self, spec: &Spec) -> Result<Evr, Reason> {
        let mut spec = spec.clone();
        for step in &self.request.modifications.steps[self.at..] {
            if let Action::ModifyRelease { suffix, enabled: true, auto_increment: false } = &step.action {
                add_suffix(&mut spec, suffix);
            }
        }
        self.evr(&spec)
    }

    /// The EVR of a spec: from its own definitions, from rpm where they do not suffice and that is allowed.
    fn evr(&self, spec: &Spec) -> Result<Evr, Reason> {
        let parameters = &self.request.modifications.parameters;
        let raw = crate::spec::evr::Raw {
            version: parameters.ignore_version_macros,
            release: parameters.ignore_release_macros,
        };
        let error = match crate::spec::evr::evr(spec, self.el_version(), raw) {
            Ok(evr) => return Ok(evr),
            Err(error) => error,
        };
        match self.request.ask_rpm {
            Some(ask) => Ok(ask(&spec.text.text(), self.el_version())?),
            None => Err(error.into()),
        }
    }
}

/// The number at the end of a tag `…/NAME-VERSION-RELEASE<stem>N`, whatever mark of a distribution the release has.
fn tag_number(tag: &str, prefix: &str, name: &str, evr: &Evr, stem: &str) -> Option<u64> {
    let rest = tag.strip_prefix(prefix)?;
    let last = rest.rsplit('/').next()?;
    let after =
        last.strip_prefix(name)?.strip_prefix('-')?.strip_prefix(evr.version.as_str())?.strip_prefix('-')?;
    let digits = after.len() - after.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (head, number) = after.split_at(after.len() - digits);
    let release = head.strip_suffix(stem)?;
    let fits = match evr.release.split_once(DIST) {
        None => release == evr.release,
        Some((before, behind)) => {
            let mark = release.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            mark.is_some_and(|mark| mark.is_empty() || mark.starts_with('.'))
        }
    };
    if fits { number.parse().ok() } else { None }
}

/// Writes a suffix after every release in the spec.
pub(super) fn add_suffix(spec: &mut Spec, suffix: &str) -> Suffixed {
    let lines = release_lines(spec);
    if lines.is_empty() {
        return Suffixed::None;
    }
    if let Some(line) = lines.iter().copied().find(|line| is_autorelease(&spec.lines()[*line])) {
        let Some(definition) = autorelease_end(spec) else {
            return Suffixed::Counted;
        };
        append(&mut spec.text.lines[definition], suffix);
        for other in lines
            .into_iter()
            .filter(|other| *other != line && !is_autorelease(&spec.lines()[*other]))
            .collect::<Vec<_>>()
        {
            append(&mut spec.text.lines[other], suffix);
        }
        return Suffixed::Definition(definition + 1);
    }
    for line in &lines {
        append(&mut spec.text.lines[*line], suffix);
    }
    Suffixed::At(lines.into_iter().map(|line| line + 1).collect())
}

/// Before white space at the line's end, which would cut the release in two.
fn append(line: &mut String, suffix: &str) {
    line.insert_str(line.trim_end().len(), suffix);
}

fn release_lines(spec: &Spec) -> Vec<usize> {
    let preambles = spec.sections().into_iter().filter(crate::spec::Section::is_preamble);
    let lines = preambles.flat_map(|section| section.body()..section.end);
    lines
        .filter(|line| {
            let text = &spec.lines()[*line];
            !crate::spec::is_comment(text)
                && macros::tag(text).is_some_and(|(name, value)| name == "release" && !value.is_empty())
        })
        .collect()
}

fn is_autorelease(line: &str) -> bool {
    let value = macros::tag(line).map_or("", |(_, value)| value);
    ["%autorelease", "%{autorelease", "%{?autorelease"].iter().any(|start| value.starts_with(start))
}

/// Index of the last line of the definition of `%autorelease` that rpmautospec writes into specs.
fn autorelease_end(spec: &Spec) -> Option<usize> {
    spec.statements().into_iter().find_map(|statement| {
        let mut words = spec.lines()[statement.start].split_whitespace();
        let defines = matches!(words.next(), Some("%global" | "%define"));
        let name = words.next().unwrap_or_default();
        (defines && (name == "autorelease" || name.starts_with("autorelease("))).then(|| statement.end - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_tags() {
        let evr = |release: &str| Evr { epoch: None, version: "1.0".into(), release: release.into() };
        let dist = format!("2{DIST}.3");
        for (tag, release, expected) in [
            ("changed/a9/foo-1.0-2.el9_4.3.alma.7", dist.as_str(), Some(7)),
            ("changed/a9/foo-1.0-2.3.alma.7", &dist, Some(7)),
            ("changed/a9/foo-1.0-25.3.alma.7", &dist, None),
            ("changed/a9/foo-1.0-2.el9.alma.7", &dist, None),
            ("changed/a9/foo-1.1-2.el9.3.alma.7", &dist, None),
            ("changed/a9/foo-1.0-2.alma.12", "2", Some(12)),
            ("imports/c9/foo-1.0-2", "2", None),
        ] {
            assert_eq!(tag_number(tag, "", "foo", &evr(release), ".alma."), expected, "{tag} {release}");
        }
    }
}
