//! Suppression files: read, and what is to be said about them on standard error.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use abide_engine::suppress::{Date, Notice, Suppressions};

use crate::error::CliError;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Reads all files, in order.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Suppressions, CliError> {
    let mut all = Suppressions::default();
    for path in paths {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| CliError::input(&format!("failed to read suppressions {name}"), &e))?;
        let one = Suppressions::parse(&name, &bytes, today()?);
        all.merge(one.map_err(|e| CliError::input("failed to read suppressions", &e).hint(&e.hint))?);
    }
    Ok(all)
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
