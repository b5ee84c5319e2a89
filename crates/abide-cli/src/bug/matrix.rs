//! A whole matrix: every environment, then where the bug belongs; the newest one of each bug is kept.

use abide_bug::matrix::Cell;
use abide_bug::route::route;
use abide_read::store::{Key, Store};
use abide_report::bug::{MATRIX_SCHEMA, MatrixDocument};

use super::environment::{Environment, Ready};
use super::load::Loaded;
use super::notes::{self, Sources};
use super::run::{Keeping, Unpacked, runs};
use crate::error::CliError;

/// What is asked of a matrix.
pub(crate) struct Asked<'a> {
    pub(crate) environments: Vec<Environment>,
    pub(crate) runs: usize,
    pub(crate) keeping: Keeping<'a>,
    pub(crate) sources: Sources<'a>,
    pub(crate) quiet: bool,
}

/// Runs a bug everywhere.
pub(crate) fn replicate(loaded: &Loaded, asked: Asked<'_>) -> Result<MatrixDocument, CliError> {
    let (folder, script) = loaded.unpack()?;
    let bug = Unpacked { loaded, folder: folder.path(), script: &script };
    let (mut cells, mut entries, mut sets) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept = 0;
    let mut environments = asked.environments;
    environments.sort_by(|a, b| (a.role, &a.name).cmp(&(b.role, &b.name)));
    for environment in environments {
        let role = environment.role;
        let name = environment.name.clone();
        let ready = Ready::look(environment);
        let done = runs(&bug, &ready, asked.runs, asked.keeping);
        if !asked.quiet {
            anstream::eprintln!("{} ({name}): {}", role.id(), done.finding.words());
        }
        kept += done.kept;
        cells.push(Cell { role, name, finding: done.finding });
        entries.push(done.entry);
        sets.push((role, ready.packages));
    }
    let routed = route(&cells);
    let mut notes = notes::notes(loaded, &routed, &sets, asked.sources);
    if kept > 0 {
        let all: usize = entries.iter().map(|entry| entry.runs.len()).sum();
        notes.push(format!("{kept} of {all} runs are earlier ones; --fresh makes them anew"));
    }
    let document = MatrixDocument {
        schema: MATRIX_SCHEMA.to_owned(),
        made_by: super::made_by(),
        bug: loaded.entry(),
        at: super::now(),
        runs: asked.runs,
        environments: entries,
        route: (&routed).into(),
        notes,
    };
    if let Some(store) = asked.keeping.store {
        keep(store, &document);
    }
    Ok(document)
}

fn key(digest: &str) -> Key {
    Key::of(&[b"abide.bug-matrix/1", digest.as_bytes()])
}

fn keep(store: &Store, document: &MatrixDocument) {
    if let Ok(bytes) = serde_json::to_vec(document) {
        store.keep_record(key(&document.bug.digest), bytes);
    }
}

/// The newest matrix of a bug as it is now.
pub(crate) fn newest(store: &Store, digest: &str) -> Option<MatrixDocument> {
    store.record(key(digest)).and_then(|bytes| serde_json::from_slice(&bytes).ok())
}
