//! Suppression files: read, and what is to be said about them on standard error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use abide_engine::suppress::{Date, Notice, SuppressError, Suppressions};
use abide_model::{PackageFacts, Side};

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

/// Names of the suppression files that inputs hold themselves.
#[derive(Default)]
pub(crate) struct Shipped(BTreeSet<String>);

/// Adds the suppression files among the files of both sides, each for the packages of the build that ships it, as
/// libabigail's abipkgdiff does. One that cannot be read is left aside: it is not the user's.
pub(crate) fn add_shipped(all: &mut Suppressions, sides: [&Side; 2]) -> Result<Shipped, CliError> {
    let mut names = BTreeSet::new();
    for side in sides {
        for package in &side.packages {
            for file in &package.suppressions {
                let name = format!("{}: {}", package.source, file.path);
                match Suppressions::parse(&name, &file.text, today()?) {
                    Ok(mut one) => {
                        one.only_for(packages_of_build(side, package));
                        all.merge(one);
                        anstream::eprintln!("note: suppressions that the input ships are used: {name}");
                        names.insert(name);
                    }
                    Err(error) => anstream::eprintln!("warning: shipped suppressions are not used: {error}"),
                }
            }
        }
    }
    Ok(Shipped(names))
}

/// Names of the packages that are built from the same source; none for files that are in no package.
fn packages_of_build(side: &Side, package: &PackageFacts) -> BTreeSet<String> {
    let Some(meta) = &package.meta else { return BTreeSet::new() };
    let metas = side.packages.iter().filter_map(|p| p.meta.as_ref());
    let same = metas.filter(|m| m.source_package.is_some() && m.source_package == meta.source_package);
    same.chain([meta]).map(|m| m.nevra.name.clone()).collect()
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
pub(crate) fn today() -> Result<Date, CliError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix_days(now.as_secs() / DAY)
        .ok_or_else(|| CliError::usage("the clock is beyond the year 9999, and suppressions expire by date"))
}

/// Warns of what was ignored, of expired rules and of those that matched nothing.
///
/// That a shipped rule matches nothing is usual: it was written for another update.
pub(crate) fn report(suppressions: &Suppressions, unused: &[Notice], shipped: &Shipped) {
    let unused = unused.iter().filter(|notice| !shipped.0.contains(&notice.file));
    let all = suppressions.warnings().iter().cloned().chain(suppressions.expired()).chain(unused.cloned());
    for notice in all {
        anstream::eprintln!("warning: {notice}");
    }
}
