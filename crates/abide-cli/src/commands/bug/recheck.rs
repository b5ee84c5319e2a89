//! `abide bug recheck PATH…`: bugs again, where something moved.

use super::replicate::{environments, sources};
use super::{bugs, store, tell_problem};
use crate::bug::matrix::{Asked, newest, replicate};
use crate::bug::run::Keeping;
use crate::bug_args::Recheck;
use crate::error::CliError;
use crate::output::Destination;

/// Replicates all; runs whose environment is as it was are the earlier ones.
pub(crate) fn run(args: &Recheck) -> Result<u8, CliError> {
    let bugs = bugs(&args.paths)?;
    let store = store(&args.records);
    let (environments, _swapped) = environments(&args.environments)?;
    let mut text = String::new();
    let mut changed = 0;
    for loaded in &bugs {
        let before = store.as_ref().and_then(|store| newest(store, &loaded.digest));
        let asked = Asked {
            environments: environments.clone(),
            runs: usize::from(args.environments.runs),
            keeping: Keeping { store: store.as_ref(), fresh: false },
            sources: sources(&args.environments),
            quiet: true,
        };
        let now = replicate(loaded, asked)?;
        let route = &now.route.route;
        let words = match before.map(|before| before.route.route) {
            None => format!("{route}, for the first time"),
            Some(before) if before == *route => format!("{route}, as before"),
            Some(before) => {
                changed += 1;
                format!("{route}, which was {before}: {}", now.route.advice)
            }
        };
        text.push_str(&format!("{}: {words}\n", loaded.path.display()));
    }
    tell_problem(store.as_ref());
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(u8::from(changed > 0))
}
