//! `abide source import SOURCE DIRECTORY`: what somebody else has, as the new base of our branch, with a record of where
//! it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use abide_report::source::import::{self as report, ImportDocument, RECORD};
use abide_source::files::Change;
use abide_source::import::{self, Examined, Layout, State};
use abide_source::lookaside::Algorithm;
use abide_source::{Files, diff};

use super::summary;
use crate::error::CliError;
use crate::folder::Folder;
use crate::output::Destination;
use crate::source_args::{Import, ImportFormat};
use crate::taken::{self, Taken};

/// Exit status when something is missing or wrong in what was imported.
const PROBLEMS: u8 = 1;
/// At most so many files are named in a message.
const MOST_NAMED: usize = 5;

/// Imports, or shows what would be done.
pub(crate) fn run(args: &Import) -> Result<u8, CliError> {
    let target = Target::open(&args.directory)?;
    let layout = if args.flat { Layout::Flat } else { target.layout().unwrap_or(Layout::Folders) };
    let taken = taken::take(args, layout)?;
    let beside = args.lookaside.as_ref().map(|path| open(path)).transpose()?;
    let beside = beside.as_ref().map(|folder| folder as &dyn Files);
    let examined = import::examine(&taken.files, beside, args.el_version.as_deref())
        .map_err(|e| CliError::input(&format!("nothing was changed: {}", args.source), &e))?;
    refuse_wrong_digests(&examined)?;
    let digests: BTreeMap<String, String> =
        taken.files.iter().map(|(path, content)| (path.clone(), Algorithm::Sha256.digest(content))).collect();
    let document = report::document(taken.origin.clone(), digests, taken.skipped.clone(), &examined);
    let record = document.json().map_err(|e| CliError::stdout(e.into()))?;
    let changes = target.changes(&taken, record.into_bytes(), args.force)?;
    if !args.dry_run {
        target.write(&changes, &taken.executables)?;
    }
    let text = match args.format {
        ImportFormat::Json => document.json().map_err(|e| CliError::stdout(e.into()))?,
        ImportFormat::Text => text(args, &document, &changes),
    };
    Destination::new(None).deliver(text.as_bytes())?;
    let is_whole = document.problems.is_empty() && document.skipped.is_empty();
    Ok(if is_whole { 0 } else { PROBLEMS })
}

fn open(path: &Path) -> Result<Folder, CliError> {
    Folder::open(path).map_err(|e| CliError::input("failed to read the folder", &e))
}

/// A file that is here and is not the one of the metadata is never taken over.
fn refuse_wrong_digests(examined: &Examined) -> Result<(), CliError> {
    let wrong = examined.lookaside.iter().find(|(_, state)| *state == State::Differs);
    let Some((stored, _)) = wrong else { return Ok(()) };
    Err(CliError::usage(format!(
        "nothing was changed: {} is not the file whose {} is in {} (line {})",
        stored.path,
        stored.algorithm.id(),
        stored.listed_in,
        stored.line
    ))
    .hint("fetch the file again; do not build with this one"))
}

fn text(args: &Import, document: &ImportDocument, changes: &[Change]) -> String {
    let mut text = document.text();
    let shown: Vec<Change> = changes.iter().filter(|change| change.path != RECORD).cloned().collect();
    if args.dry_run && args.show {
        let _ = write!(text, "\n{}", diff::unified(&shown));
    }
    let done = if args.dry_run { "would import" } else { "imported" };
    let _ = writeln!(
        text,
        "\n{done} {} into {}: {}",
        super::counted(document.files.len(), "file"),
        args.directory.display(),
        summary(&shown)
    );
    text
}

/// The folder that is imported into.
struct Target<'a> {
    path: &'a Path,
    /// None when it is not there yet.
    folder: Option<Folder>,
    /// The files of the import before, by their digests.
    known: BTreeMap<String, String>,
}

impl<'a> Target<'a> {
    fn open(path: &'a Path) -> Result<Self, CliError> {
        let folder = if path.exists() { Some(open(path)?) } else { None };
        let mut known = BTreeMap::new();
        if let Some(folder) = &folder {
            let record = folder.read(RECORD).map_err(|e| CliError::input("failed to read the folder", &e))?;
            if let Some(record) = record {
                let place = path.join(RECORD);
                let document = report::read(&record).map_err(|reason| {
                    CliError::usage(format!("nothing was changed: {}: {reason}", place.display()))
                })?;
                known = document.files;
            }
        }
        Ok(Target { path, folder, known })
    }

    fn layout(&self) -> Option<Layout> {
        self.folder.as_ref().and_then(|folder| Layout::of(folder))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CliError> {
        let read = self.folder.as_ref().map_or(Ok(None), |folder| folder.read(path));
        read.map_err(|e| CliError::input("nothing was changed", &e))
    }

    /// What has to change; files that somebody changed since the import before are not overwritten unless asked.
    fn changes(&self, taken: &Taken, record: Vec<u8>, force: bool) -> Result<Vec<Change>, CliError> {
        let mut changes = Vec::new();
        let mut theirs = Vec::new();
        let paths: BTreeSet<&String> = taken.files.keys().chain(self.known.keys()).collect();
        for path in paths {
            if !import::is_plain(path) {
                return Err(CliError::usage(format!(
                    "nothing was changed: {path:?} leads out of the folder"
                )));
            }
            let (before, after) = (self.read(path)?, taken.files.get(path).cloned());
            if before == after {
                continue;
            }
            let is_as_imported = |content: &Vec<u8>| {
                self.known.get(path).is_some_and(|digest| *digest == Algorithm::Sha256.digest(content))
            };
            if before.as_ref().is_some_and(|content| !is_as_imported(content)) {
                theirs.push(path.clone());
            }
            changes.push(Change { path: path.clone(), before, after });
        }
        if !theirs.is_empty() && !force {
            return Err(self.refused(&theirs));
        }
        let before = self.read(RECORD)?;
        if before.as_ref() != Some(&record) {
            changes.push(Change { path: RECORD.into(), before, after: Some(record) });
        }
        Ok(changes)
    }

    fn refused(&self, theirs: &[String]) -> CliError {
        let named = match theirs {
            theirs if theirs.len() <= MOST_NAMED => theirs.join(", "),
            theirs => format!("{} and {} more", theirs[..MOST_NAMED].join(", "), theirs.len() - MOST_NAMED),
        };
        let why =
            if self.known.is_empty() { "are there already" } else { "were changed since the last import" };
        CliError::usage(format!("nothing was changed: files of {} {why}: {named}", self.path.display()))
            .hint("--force overwrites them; `--dry-run --show --force` shows what that would do")
    }

    fn write(&self, changes: &[Change], executables: &BTreeSet<String>) -> Result<(), CliError> {
        let failed = |e: crate::folder::FolderError| CliError::input("nothing was changed", &e);
        match &self.folder {
            Some(folder) => folder.write_with(changes, executables).map_err(failed),
            None => Folder::create(self.path, changes, executables).map_err(failed),
        }
    }
}
