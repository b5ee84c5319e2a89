//! debuginfod: debug files by build-id from a server, kept in a folder (elfutils' `debuginfod(8)`, "WEBAPI").
//!
//! Only used when the caller asks for it. A file that is fetched is used like one that was found: it must have the
//! build-id.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::build_id_text;
use crate::fetch::{FetchError, Fetcher};

/// No debug file is fetched beyond this.
const FILE_MAX_BYTES: u64 = 4 << 30;

/// Longest wait for an answer, and for all of a file.
const RESPONSE_SECONDS: u64 = 30;
const BODY_SECONDS: u64 = 600;

/// Build-ids have 8 to 64 bytes; what is longer makes no file name.
const ID_MAX_BYTES: usize = 64;

/// Servers, and the folder for what they send.
#[derive(Debug)]
pub struct Debuginfod {
    urls: Vec<String>,
    cache: PathBuf,
    fetcher: Fetcher,
    /// What was asked for before: each server is asked once for each file.
    answers: Mutex<FxHashMap<Vec<u8>, Answer>>,
}

/// A file, that no server has it, or why that is not known.
type Answer = Result<Option<PathBuf>, String>;

impl Debuginfod {
    /// Asks these servers, in order; `cache` is made when there is something to keep.
    pub fn new(urls: Vec<String>, cache: PathBuf) -> Self {
        let fetcher =
            Fetcher::with_timeouts(Duration::from_secs(RESPONSE_SECONDS), Duration::from_secs(BODY_SECONDS));
        Self { urls, cache, fetcher, answers: Mutex::default() }
    }

    /// The debug file with this build-id.
    pub fn debug_file(&self, id: &[u8]) -> Answer {
        if id.is_empty() || id.len() > ID_MAX_BYTES {
            return Ok(None);
        }
        // Held while a server is asked, so that a file which several artifacts need is fetched once.
        let mut answers = self.answers.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(answer) = answers.get(id) {
            return answer.clone();
        }
        let answer = self.look(id);
        answers.insert(id.to_vec(), answer.clone());
        answer
    }

    fn look(&self, id: &[u8]) -> Answer {
        let hex = build_id_text(id);
        let kept = self.cache.join(&hex).join("debuginfo");
        if kept.is_file() {
            return Ok(Some(kept));
        }
        let mut failures = Vec::new();
        for url in &self.urls {
            let url = format!("{}/buildid/{hex}/debuginfo", url.trim_end_matches('/'));
            match self.fetcher.get(&url, Some(FILE_MAX_BYTES)) {
                Ok(bytes) => {
                    let keep = keep(&kept, &bytes);
                    return keep.map(|()| Some(kept)).map_err(|e| format!("{}: {e}", self.cache.display()));
                }
                Err(FetchError::Status { status: 404, .. }) => {}
                Err(error) => failures.push(error.to_string()),
            }
        }
        match failures.is_empty() {
            true => Ok(None),
            false => Err(failures.join("; ")),
        }
    }
}

/// Writes a file that appears whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let partial = folder.join(format!("partial-{}", std::process::id()));
    let written = fs::File::create(&partial).and_then(|mut file| file.write_all(bytes));
    let done = written.and_then(|()| fs::rename(&partial, path));
    if done.is_err() {
        // Nothing more can be done about a file that is not wanted any more.
        let _ = fs::remove_file(&partial);
    }
    done
}
