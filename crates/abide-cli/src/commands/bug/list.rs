//! `abide bug list PATH…`: bugs, their newest routes and ages.

use std::fmt::Write as _;

use abide_report::bug::{LIST_SCHEMA, ListDocument, ListEntry};
use abide_source::modify::date::Date;

use super::{bugs, show, store};
use crate::bug::load::Loaded;
use crate::bug::{matrix, now};
use crate::bug_args::List;
use crate::error::CliError;

const DAY_S: u64 = 86_400;

/// Lists them.
pub(crate) fn run(args: &List) -> Result<u8, CliError> {
    let store = store(&args.records);
    let entries = bugs(&args.paths)?.iter().map(|loaded| entry(loaded, store.as_ref())).collect();
    let document = ListDocument { schema: LIST_SCHEMA.to_owned(), bugs: entries };
    show(&args.form, &document, |_| text(&document))?;
    Ok(0)
}

fn entry(loaded: &Loaded, store: Option<&abide_read::store::Store>) -> ListEntry {
    let newest = store.and_then(|store| matrix::newest(store, &loaded.digest));
    ListEntry {
        file: loaded.path.display().to_string(),
        title: loaded.bug.title.clone(),
        package: loaded.bug.package.clone(),
        reported: loaded.bug.reported.clone(),
        age_days: loaded.bug.reported.as_deref().and_then(age_days),
        route: newest.as_ref().map(|matrix| matrix.route.route.clone()),
        replicated_days_ago: newest.as_ref().map(|matrix| now().saturating_sub(matrix.at) / DAY_S),
        fixed_by: loaded.bug.fixed_by.clone(),
        links: loaded.bug.links.clone(),
    }
}

/// Days since a day; found by counting back, since dates have no arithmetic.
fn age_days(day: &str) -> Option<u64> {
    let day = Date::parse(day)?;
    let today = now();
    (0..=today / DAY_S).find(|days| Date::from_unix_seconds(today - days * DAY_S) <= day)
}

fn text(document: &ListDocument) -> String {
    let route = |entry: &ListEntry| entry.route.clone().unwrap_or_else(|| "not replicated".to_owned());
    let widest = |of: &dyn Fn(&ListEntry) -> String| {
        document.bugs.iter().map(|entry| of(entry).chars().count()).max().unwrap_or(0)
    };
    let (routes, packages) = (widest(&route), widest(&|entry| entry.package.clone()));
    let mut text = String::new();
    for entry in &document.bugs {
        let age = entry.age_days.map_or_else(String::new, |days| format!("{days} d"));
        let fixed = if entry.fixed_by.is_empty() { "" } else { " (fixed)" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<routes$}  {age:>7}  {:<packages$}  {}{fixed}  {}",
            route(entry),
            entry.package,
            entry.title,
            entry.file
        );
    }
    text
}
