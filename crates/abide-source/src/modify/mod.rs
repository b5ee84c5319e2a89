//! Declared modifications of a package's sources: read from one YAML file, applied all or not at all.
//!
//! The result is a set of changed files in memory. Writing them, running scripts and asking rpm are the caller's.

mod add_file;
mod add_line;
mod changelog;
pub mod config;
pub mod date;
mod delete_file;
mod delete_line;
pub mod origin;
mod release;
mod replace;
mod template;
pub mod without;
mod yaml;

use crate::files::{self, Change, Files, Overlay, ReadError};
use crate::glob;
use crate::near::Near;
use crate::spec::Spec;
use crate::spec::evr::Evr;
use crate::text;

use config::{Action, Modifications, Place, Step};
use date::Date;

/// Files larger than this are not taken as text.
const MOST_TEXT_BYTES: usize = 64 << 20;

/// What is asked.
pub struct Request<'a> {
    /// What to do.
    pub modifications: &'a Modifications,
    /// The package's folder.
    pub package: &'a dyn Files,
    /// The folder of the modification file, with `files/` and `scripts/`.
    pub beside: &'a dyn Files,
    /// The day of changelog entries.
    pub date: Date,
    /// The release of Enterprise Linux that macros are expanded for; the file's parameter counts without it.
    pub el_version: Option<String>,
    /// Names of the tags of the package's repository, which `auto_increment` counts on from.
    pub tags: &'a [String],
    /// Asks rpm for a spec's EVR where it cannot be known without running it.
    pub ask_rpm: Option<&'a AskRpm<'a>>,
    /// Runs scripts; without it they are refused.
    pub scripts: Option<&'a dyn Scripts>,
}

/// Gives the EVR of a spec (text, release of Enterprise Linux), or why not.
pub type AskRpm<'a> = dyn Fn(&str, Option<&str>) -> Result<Evr, String> + 'a;

/// Runs scripts of a modification file.
pub trait Scripts {
    /// Runs one in copies of both folders and says what it changed there.
    fn run(
        &self,
        script: &str,
        place: Place,
        package: &Overlay<'_>,
        beside: &Overlay<'_>,
    ) -> Result<ScriptChanges, String>;
}

/// What a script changed.
#[derive(Clone, Debug, Default)]
pub struct ScriptChanges {
    /// In the package.
    pub package: Vec<Change>,
    /// Beside the modification file.
    pub beside: Vec<Change>,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Line of the entry in the modification file, from 1.
    pub line: usize,
    /// The action's name.
    pub action: &'static str,
    /// What it matched or did.
    pub message: String,
    /// Whether a person should look at it.
    pub warning: bool,
}

/// What all steps did together.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Files of the package that differ.
    pub changes: Vec<Change>,
    /// What each step did, in order.
    pub notes: Vec<Note>,
}

/// Why nothing is done.
#[derive(Debug, thiserror::Error)]
#[error("{action} (line {line}): {reason}")]
pub struct ApplyError {
    /// The action's name.
    pub action: &'static str,
    /// Line of the entry in the modification file, from 1.
    pub line: usize,
    /// Why.
    pub reason: Reason,
}

/// Why a step cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// A text is not where it should be.
    #[error("{what} is not in {file}{}", near.as_ref().map_or(String::new(), |n| format!("; nearest is {n}")))]
    NotFound {
        /// What was looked for.
        what: String,
        /// In which file.
        file: String,
        /// The line most like it.
        near: Option<Near>,
    },
    /// A file is not there.
    #[error("there is no file {name:?} in the package{}", near.as_ref().map_or(String::new(), |n| format!("; nearest is {n}")))]
    NoFile {
        /// Its name.
        name: String,
        /// The file most like it.
        near: Option<String>,
    },
    /// A script was not allowed to run.
    #[error("{script} was not run: scripts run only when allowed")]
    ScriptsNotAllowed {
        /// Its path beside the modification file.
        script: String,
    },
    /// The release is not known.
    #[error(transparent)]
    Evr(#[from] crate::spec::evr::EvrError),
    /// Anything else, in words.
    #[error("{0}")]
    Refused(String),
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Reason::Refused(text)
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Reason::Refused(text.to_owned())
    }
}

/// Applies all modifications, or none.
pub fn apply(request: &Request<'_>) -> Result<Outcome, ApplyError> {
    let mut run = Run {
        request,
        package: Overlay::new(request.package),
        beside: Overlay::new(request.beside),
        notes: Vec::new(),
        at: 0,
        added: Vec::new(),
    };
    for (index, step) in request.modifications.steps.iter().enumerate() {
        run.at = index;
        let fail = |reason| ApplyError { action: step.action.name(), line: step.line, reason };
        run.step(step).map_err(fail)?;
    }
    let fail = |(index, reason): (usize, Reason)| {
        let step = request.modifications.steps.get(index);
        let (action, line) = step.map_or(("actions", 1), |step| (step.action.name(), step.line));
        ApplyError { action, line, reason }
    };
    run.check_numbers().map_err(fail)?;
    let changes = run.package.changes().map_err(|error| fail((run.at, error.into())))?;
    Ok(Outcome { changes, notes: run.notes })
}

/// One application while it runs.
struct Run<'a> {
    request: &'a Request<'a>,
    package: Overlay<'a>,
    beside: Overlay<'a>,
    notes: Vec<Note>,
    /// Index of the step.
    at: usize,
    /// Tags that were added: by which step, of which kind, with which number.
    added: Vec<(usize, crate::spec::sources::Kind, u32)>,
}

impl Run<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Reason> {
        match &step.action {
            Action::Replace(replace) => self.replace(replace),
            Action::DeleteLine { target, blocks } => self.delete_lines(target, blocks),
            Action::ModifyRelease { suffix, enabled, auto_increment } => {
                self.modify_release(suffix, *enabled, *auto_increment)
            }
            Action::ChangelogEntry { name, email, lines } => self.changelog_entry(name, email, lines),
            Action::AddFile(add) => self.add_file(add, step.origin.as_ref()),
            Action::DeleteFile(name) => self.delete_file(name),
            Action::RunScript { script, place } => self.run_script(script, *place),
            Action::AddLine(add) => self.add_line(add),
        }
    }

    fn note(&mut self, message: impl Into<String>) {
        self.push_note(message.into(), false);
    }

    fn warn(&mut self, message: impl Into<String>) {
        self.push_note(message.into(), true);
    }

    fn push_note(&mut self, message: String, warning: bool) {
        let step = &self.request.modifications.steps[self.at];
        self.notes.push(Note { line: step.line, action: step.action.name(), message, warning });
    }

    /// The release of Enterprise Linux to expand macros for.
    fn el_version(&self) -> Option<&str> {
        self.request.el_version.as_deref().or(self.request.modifications.parameters.el_version.as_deref())
    }

    /// The path of the package's only spec.
    fn spec_path(&self) -> Result<String, Reason> {
        let paths = self.package.paths();
        let specs: Vec<&String> = paths
            .iter()
            .filter(|path| path.ends_with(".spec") && matches!(path.split('/').count(), 1 | 2))
            .filter(|path| !path.contains('/') || path.starts_with("SPECS/"))
            .collect();
        match specs.as_slice() {
            [spec] => Ok((*spec).clone()),
            [] => Err("the package has no spec file".into()),
            _ => Err(format!("the package has {} spec files", specs.len()).into()),
        }
    }

    /// The package's spec and its path.
    fn spec(&self) -> Result<(String, Spec), Reason> {
        let path = self.spec_path()?;
        let text = self.text(&path)?;
        Ok((path, Spec::new(&text)))
    }

    fn text(&self, path: &str) -> Result<String, Reason> {
        let bytes = self.package.read(path)?.ok_or_else(|| self.no_file(path))?;
        if bytes.len() > MOST_TEXT_BYTES {
            return Err(format!("{path} is larger than {} MiB", MOST_TEXT_BYTES >> 20).into());
        }
        Ok(text::decode(&bytes))
    }

    fn write(&mut self, path: &str, text: &str) {
        self.package.write(path, text::encode(text));
    }

    fn no_file(&self, name: &str) -> Reason {
        let paths = self.package.paths();
        let near = paths
            .iter()
            .map(|path| (strsim::jaro_winkler(name, files::name(path)), path))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Reason::NoFile { name: name.to_owned(), near: near.map(|(_, path)| path.clone()) }
    }

    /// The files that a target means: the spec, one file by its path or name, or those of a pattern.
    fn targets(&self, target: &str) -> Result<Vec<String>, Reason> {
        if target == "spec" {
            return Ok(vec![self.spec_path()?]);
        }
        let paths = self.package.paths();
        if let Some(path) = one_file(&paths, target)? {
            return Ok(vec![path]);
        }
        let matching: Vec<String> = if glob::is_pattern(target) {
            paths.into_iter().filter(|path| glob::matches(target, path)).collect()
        } else {
            Vec::new()
        };
        if matching.is_empty() { Err(self.no_file(target)) } else { Ok(matching) }
    }

    fn run_script(&mut self, script: &str, place: Place) -> Result<(), Reason> {
        let path = format!("scripts/{script}");
        if self.beside.read(&path)?.is_none() {
            return Err(format!("there is no {path} beside the modification file").into());
        }
        let Some(scripts) = self.request.scripts else {
            return Err(Reason::ScriptsNotAllowed { script: path });
        };
        let changes = scripts.run(&path, place, &self.package, &self.beside)?;
        self.note(format!(
            "{path} changed {} files of the package and {} beside the modification file",
            changes.package.len(),
            changes.beside.len()
        ));
        take(&mut self.package, changes.package);
        take(&mut self.beside, changes.beside);
        Ok(())
    }
}

fn take(overlay: &mut Overlay<'_>, changes: Vec<Change>) {
    for change in changes {
        match change.after {
            Some(content) => overlay.write(&change.path, content),
            None => overlay.remove(&change.path),
        }
    }
}

/// The one file of a path or name: by its path, in the folder itself, in `SOURCES` or `SPECS`, or the only one of
/// that name anywhere.
fn one_file(paths: &[String], name: &str) -> Result<Option<String>, Reason> {
    for path in [name.to_owned(), format!("SOURCES/{name}"), format!("SPECS/{name}")] {
        if paths.contains(&path) {
            return Ok(Some(path));
        }
    }
    let mut same = paths.iter().filter(|path| files::name(path) == name);
    match (same.next(), same.next()) {
        (Some(first), Some(second)) => {
            Err(format!("{name:?} may be {first} or {second}; give the path").into())
        }
        (found, _) => Ok(found.cloned()),
    }
}

#[cfg(test)]
mod tests;
