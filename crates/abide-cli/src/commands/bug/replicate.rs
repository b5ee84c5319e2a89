//! `abide bug replicate BUG`: the matrix of a bug.

use abide_bug::matrix::Role;
use abide_distro::distribution::{BugEnvironment, BugPlace};
use abide_report::bug::{MatrixDocument, matrix as text_of};

use super::{show, store, tell_problem};
use crate::bug::bisect::{Failure, Made, made};
use crate::bug::environment::{Environment, Place};
use crate::bug::matrix::{Asked, replicate};
use crate::bug::notes::Sources;
use crate::bug::run::Keeping;
use crate::bug::{load, updates};
use crate::bug_args::{Environments, Replicate};
use crate::error::CliError;
use crate::sides::{self, DistributionFile};

/// Runs the matrix and shows it.
pub(crate) fn run(args: &Replicate) -> Result<u8, CliError> {
    let loaded = load::load(&args.bug)?;
    let store = store(&args.records);
    let (environments, swapped) = environments(&args.environments)?;
    let document = replicate(
        &loaded,
        Asked {
            environments,
            runs: usize::from(args.environments.runs),
            keeping: Keeping { store: store.as_ref(), fresh: args.fresh },
            sources: sources(&args.environments),
            quiet: args.records.quiet,
        },
    )?;
    drop(swapped);
    tell_problem(store.as_ref());
    show(&args.form, &document, |width| text_of(&document, width, args.form.verbose))?;
    Ok(status(&document))
}

/// The folders with package sources.
pub(crate) fn sources(args: &Environments) -> Sources<'_> {
    Sources { candidate: &args.source, stream: &args.stream_source }
}

/// The environments that are named, and the candidate with packages exchanged, whose root lives as long as the second
/// value.
pub(crate) fn environments(args: &Environments) -> Result<(Vec<Environment>, Option<Made>), CliError> {
    let mut environments = args.environment.clone();
    if let Some(file) = &args.distribution {
        environments.extend(of_file(&sides::read(file)?)?);
    }
    if environments.is_empty() {
        let error = CliError::usage("there is no environment to run the bug in");
        return Err(
            error.hint("name one with --environment candidate=ROOT, others for stream and reference, or a --distribution file")
        );
    }
    if args.swap.is_empty() {
        return Ok((environments, None));
    }
    let candidate = environments.iter().find_map(|own| match (&own.place, own.role) {
        (Place::Root(root), Role::Candidate) => Some(root.clone()),
        _ => None,
    });
    let candidate = candidate.ok_or_else(|| {
        CliError::usage("--swap needs a candidate that is a root tree").hint("name it with -e candidate=ROOT")
    })?;
    let files = args.swap.iter().map(|path| updates::file(path)).collect::<Result<Vec<_>, _>>()?;
    let format =
        files.first().map(|file| file.meta.format).ok_or_else(|| CliError::usage("--swap names no file"))?;
    let made =
        made(&candidate, &files.iter().collect::<Vec<_>>(), format).map_err(|failure| match failure {
            Failure::Install(why) => {
                CliError::usage(format!("the packages of --swap cannot be installed: {why}"))
                    .hint("give all packages that must be exchanged together, with commas between them")
            }
            Failure::Fatal(error) => error,
        })?;
    let names: Vec<String> = files.iter().map(|file| file.meta.nevra.to_string()).collect();
    let place = Place::Root(made.path());
    environments.push(Environment { role: Role::Swapped, name: names.join(" "), place });
    Ok((environments, Some(made)))
}

/// The environments of a distribution file; root trees are where they are from its folder.
fn of_file(file: &DistributionFile) -> Result<Vec<Environment>, CliError> {
    let one = |entry: &BugEnvironment| {
        let role = Role::of(&entry.role).ok_or_else(|| {
            let known: Vec<&str> = Role::ALL.iter().map(|role| role.id()).collect();
            let message =
                format!("{}:{}: there is no role {:?}", file.distribution.file, entry.line, entry.role);
            CliError::usage(message).hint(format!("there are {}", known.join(", ")))
        })?;
        let place = match &entry.place {
            BugPlace::Root(path) => Ok(Place::Root(file.path(path))),
            BugPlace::Image(image) => Ok(Place::Oci(image.clone())),
            BugPlace::Command(template) => Place::parse(&format!("command:{template}")),
        };
        let place = place.map_err(|why| {
            CliError::usage(format!("{}:{}: {why}", file.distribution.file, entry.line))
                .hint("a command has {script} where the script's path goes")
        })?;
        Ok(Environment::new(role, entry.name.as_deref(), place))
    };
    file.distribution.environments.iter().map(one).collect()
}

/// The exit status of a matrix.
fn status(document: &MatrixDocument) -> u8 {
    match document.route.route.as_str() {
        "not-reproduced" => 0,
        "undecided" => 3,
        _ => 1,
    }
}
