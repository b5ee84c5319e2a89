//! The files of a source archive (tar, compressed or not), those that are wanted, in memory.

use std::collections::BTreeMap;
use std::path::Path;

use abide_read::compress::Compression;
use abide_read::payload::{Limits, Payload, Tree};
use abide_read::source::FileBytes;

use crate::error::CliError;

/// Files of more bytes are none that a patch changes.
const MOST_FILE_BYTES: u64 = 64 << 20;
/// An archive of all that a project ever wrote has fewer.
const LIMITS: Limits = Limits { payload_bytes: 64 << 30, file_bytes: MOST_FILE_BYTES, members: 2_000_000 };

/// Reads an archive and keeps the files whose paths are wanted.
pub(crate) fn read(
    path: &Path,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
    let shown = path.display().to_string();
    let failed = |e: &dyn std::error::Error| CliError::input(&format!("failed to read {shown}"), e);
    let bytes = FileBytes::open(path).map_err(|e| failed(&e))?;
    let compression = Compression::detect(&bytes);
    let mut payload =
        Payload::tar(&bytes[..], compression, Tree::Directory, LIMITS).map_err(|e| failed(&e))?;
    let mut files = BTreeMap::new();
    while let Some(stored) = payload.next_file().map_err(|e| failed(&e))? {
        let name = stored.path.to_string().trim_start_matches('/').to_owned();
        if stored.size_bytes <= MOST_FILE_BYTES && is_wanted(&name) {
            files.insert(name, payload.content().map_err(|e| failed(&e))?);
        }
    }
    Ok(files)
}
