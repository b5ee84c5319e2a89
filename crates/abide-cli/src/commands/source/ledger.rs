//! `abide source ledger DIRECTORY…`: the list of all divergences, for people and for programs.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use abide_report::source::ledger::{self as report, Fixed};
use abide_source::ledger::{Entry, Snapshot, ledger, merged};

use crate::commands::bug;
use crate::error::CliError;
use crate::history;
use crate::output::Destination;
use crate::packages::{self, Found};
use crate::source_args::{Ledger, LedgerFormat};

/// Makes the list.
pub(crate) fn run(args: &Ledger) -> Result<u8, CliError> {
    let (entries, gaps) = if args.history { of_history(args)? } else { of_folders(args) };
    let unread = !gaps.is_empty();
    let mut document = report::document(&args.title, &entries, gaps);
    for loaded in if args.bugs.is_empty() { Vec::new() } else { bug::bugs(&args.bugs)? } {
        let bug = &loaded.bug;
        let file = loaded.path.display().to_string();
        let fixed = Fixed { title: bug.title.clone(), file, link: bug.links.first().cloned() };
        document.link(&bug.package, &bug.fixed_by, &fixed);
    }
    let text = match args.format {
        LedgerFormat::Markdown => document.markdown(),
        LedgerFormat::Json => document.json().map_err(|e| CliError::stdout(e.into()))?,
        LedgerFormat::Html => document.html(),
        LedgerFormat::Atom => document.atom(args.address.as_deref()),
    };
    Destination::new(args.output.as_deref()).deliver(text.as_bytes())?;
    Ok(if unread { 2 } else { 0 })
}

/// Divergences, and what could not be read with the reason.
type Read = (Vec<Entry>, BTreeMap<String, String>);

fn of_folders(args: &Ledger) -> Read {
    let packages = packages::read(&args.directories, args.el_version.as_deref());
    let snapshots: Vec<Snapshot<'_>> = packages
        .found
        .iter()
        .map(|found| Snapshot {
            branch: branch(found, &args.directories),
            package: &found.package,
            commit: None,
        })
        .collect();
    (ledger(&snapshots), packages.gaps)
}

fn of_history(args: &Ledger) -> Result<Read, CliError> {
    let mut entries = Vec::new();
    let mut gaps = BTreeMap::new();
    for directory in &args.directories {
        let found = history::read(directory, &args.branch, args.el_version.as_deref())?;
        entries.extend(found.entries);
        gaps.extend(found.gaps);
    }
    Ok((merged(entries), gaps))
}

/// The branch of a package: its folder below what was given, up to `__` and without the package's own name.
fn branch(found: &Found, given: &[std::path::PathBuf]) -> String {
    let path = Path::new(&found.path);
    let below = given.iter().find_map(|root| path.strip_prefix(root).ok()).unwrap_or(path);
    let below = if below.as_os_str().is_empty() { path } else { below };
    let parts = below.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let parts: Vec<&str> = parts.map(|name| name.split("__").next().unwrap_or(name)).collect();
    let own: Vec<&str> = parts.iter().copied().filter(|name| *name != found.package.name).collect();
    if own.is_empty() { found.package.name.clone() } else { own.join("/") }
}
