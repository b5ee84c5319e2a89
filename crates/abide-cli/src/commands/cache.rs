//! `abide cache`: what is kept between runs, and removing some of it.

use std::fmt::Write as _;
use std::path::Path;

use abide_read::store::{Prune, READER_VERSION, contents, prune};

use crate::args::Cache;
use crate::cache::{default_folder, human};
use crate::error::CliError;
use crate::output::Destination;

/// Prunes, when that is asked for, and shows what is there.
pub(crate) fn run(args: &Cache) -> Result<u8, CliError> {
    let folder = default_folder(&args.folder)
        .ok_or_else(|| CliError::usage("there is no folder for the cache").hint("name one with --cache"))?;
    let failed = |error| CliError::input(&format!("failed to look through {}", folder.display()), &error);
    let what = Prune { older_than: args.older_than, max_size_bytes: args.max_size, all: args.all };
    let mut text = String::new();
    if what != Prune::default() {
        let pruned = prune(&folder, what).map_err(failed)?;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "removed {} entries of {}",
            pruned.removed.entries,
            human(pruned.removed.size_bytes)
        );
        pruned.failed.iter().for_each(|what| anstream::eprintln!("warning: not removed: {what}"));
    }
    text.push_str(&describe(&folder).map_err(failed)?);
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(0)
}

fn describe(folder: &Path) -> std::io::Result<String> {
    let contents = contents(folder)?;
    let total = contents.total();
    let mut text = format!("{}: {} entries, {}\n", folder.display(), total.entries, human(total.size_bytes));
    for ((version, kind), section) in &contents.sections {
        let whose = if version == READER_VERSION { "this version" } else { "another version" };
        let (entries, size) = (section.entries, human(section.size_bytes));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {version} ({whose})  {kind:<8}  {entries:>7} entries  {size:>11}");
    }
    Ok(text)
}
