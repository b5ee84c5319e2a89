//! Suppression files: read, and what is to be said about them on standard error.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use abide_engine::suppress::{Date, Notice, SuppressError, Suppressions};

use crate::error::CliError;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Reads all files, in order: suppressions, then lists of symbols.
pub(crate) fn read(files: &[PathBuf], lists: &[PathBuf]) -> Result<Suppressions, CliError> {
    let mut all = Suppressions::default();
    let today = today()?;
    for path in files {
        all.merge(file(path, "suppressions", |name, bytes| Suppressions::parse(name, bytes, today))?);
    }
    for path in lists {
        all.merge(file(path, "the list of symbols", Suppressions::parse_list)?);
    }
    Ok(all)
}

fn file(
    path: &Path,
    what: &str,
    parse: impl Fn(&str, &[u8]) -> Result<Suppressions, SuppressError>,
) -> Result<Suppressions, CliError> {
    let name = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|e| CliError::input(&format!("failed to read {what} {name}"), &e))?;
    parse(&name, &bytes).map_err(|e| CliError::input(&format!("failed to read {what}"), &e).hint(&e.hint))
}

/// Today, in UTC: a date of expiry is the same day everywhere.
fn today() -> Result<Date, CliError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix_days(now.as_secs() / DAY)
        .ok_or_else(|| CliError::usage("the clock is beyond the year 9999, and suppressions expire by date"))
}

/// Warns of what was ignored, of expired rules and of those that matched nothing.
pub(crate) fn report(suppressions: &Suppressions, unused: &[Notice]) {
    let all =
        suppressions.warnings().iter().cloned().chain(suppressions.expired()).chain(unused.iter().cloned());
    for notice in all {
        anstream::eprintln!("warning: {notice}");
    }
}
