//! `abide app PROGRAM… --on DISTRIBUTION`: whether programs run, and if not, why.

mod from;
mod module_changes;
mod module_types;
mod modules;
mod targets;
mod trace;
mod types;

use std::collections::BTreeMap;
use std::time::Instant;

use abide_distro::app::{
    Answer, AppCheck, Cell, Known, Profile, SideSystem, System, add_requirements, judge,
};
use abide_model::{Metadata, Program, Side};
use abide_read::program::{ProgramOptions, read_program};
use abide_read::side::Opened;
use abide_report::app::{self as report, AppDocument, AppText};
use rayon::prelude::*;

use crate::app_args::{App, AppFormat};
use crate::error::CliError;
use crate::output::Destination;
use crate::reading::{Reader, Request, refused};
use crate::systems::{RootSystem, host_isa_level};
use targets::{Target, What};

/// Judges every program on every distribution.
pub(crate) fn run(args: &App) -> Result<u8, CliError> {
    let reader = Reader::new(&args.common)?;
    let named = |name: &String| Target::of(name, targets::Side::Candidate);
    let targets: Vec<Target> = args.on.iter().map(named).collect::<Result<_, _>>()?;
    // A profile and this machine's libraries say nothing of a kernel: there modules are named as not checked.
    if targets.iter().all(Target::may_have_kernels)
        && let Some(sides) = modules::read(args, &reader)?
    {
        return of_modules(args, &reader, &targets, &sides);
    }
    let start = Instant::now();
    let roots = targets.iter().filter_map(Target::root).collect();
    let options = ProgramOptions { roots, ..Default::default() };
    let programs = read_all(&args.programs, &options)?;
    reader.time("read programs", start);
    if let Some(reference) = &args.from {
        let check = from::check(args, reference, &targets, &programs, &reader)?;
        return deliver(args, &programs, &check);
    }
    let start = Instant::now();
    let distributions: Vec<Option<Distribution>> = targets
        .iter()
        .map(|target| target.request().map(|request| Distribution::read(args, request, &reader)).transpose())
        .collect::<Result<_, _>>()?;
    let sides: Vec<Option<&Side>> =
        distributions.iter().map(|found| found.as_ref().map(Distribution::facts)).collect();
    let systems: Vec<_> =
        targets.iter().zip(&sides).map(|(target, side)| system(args, target, *side)).collect();
    reader.time("open distributions", start);
    let start = Instant::now();
    if args.format == AppFormat::Ldd {
        let out = Destination::new(args.output.as_deref());
        let (text, answer) = trace::render(&programs, &systems);
        out.deliver(&text)?;
        return Ok(answer);
    }
    let listed = list(&targets, &programs, &sides, &reader)?;
    let mut check = check(&targets, &programs, &systems, &listed);
    reader.time("judge", start);
    if args.types {
        let start = Instant::now();
        let opened: Vec<Option<&Opened>> =
            distributions.iter().map(|found| found.as_ref().and_then(Distribution::opened)).collect();
        types::add(args, &reader, (&targets, &opened), &programs, &systems, &mut check)?;
        reader.time("compare types", start);
    }
    reader.report_cache();
    deliver(args, &programs, &check)
}

/// A distribution that is read whole: to be asked for types as well, or without what that takes.
enum Distribution {
    Typed(Box<Opened>),
    Facts(Box<Side>),
}

impl Distribution {
    fn read(args: &App, request: &Request, reader: &Reader) -> Result<Self, CliError> {
        if !args.types && args.from.is_none() {
            return Ok(Distribution::Facts(Box::new(reader.read_facts(request)?)));
        }
        let mut request = request.clone();
        request.debuginfo.extend(args.debuginfo.iter().cloned());
        Ok(Distribution::Typed(Box::new(reader.open(&request).map_err(refused)?)))
    }

    fn facts(&self) -> &Side {
        match self {
            Distribution::Typed(opened) => opened.facts(),
            Distribution::Facts(side) => side,
        }
    }

    fn opened(&self) -> Option<&Opened> {
        match self {
            Distribution::Typed(opened) => Some(opened),
            Distribution::Facts(_) => None,
        }
    }
}

/// Writes the report, and gives the exit status.
fn deliver(args: &App, programs: &[Program], check: &AppCheck) -> Result<u8, CliError> {
    let out = Destination::new(args.output.as_deref());
    let notes: Vec<Vec<String>> = programs.iter().map(|program| program.notes.clone()).collect();
    let document = report::document(check, &notes);
    out.deliver(&render(&document, args, &out)?)?;
    Ok(status(check.answer()))
}

/// Modules on kernels, reported as programs on distributions are.
fn of_modules(args: &App, reader: &Reader, targets: &[Target], sides: &[Side]) -> Result<u8, CliError> {
    if args.format == AppFormat::Ldd {
        return Err(CliError::usage(
            "modules are not loaded by the dynamic loader: there is no `ldd` of them",
        ));
    }
    let (check, notes) = modules::check(args, reader, targets, sides)?;
    let document = report::document(&check, &notes);
    let out = Destination::new(args.output.as_deref());
    out.deliver(&render(&document, args, &out)?)?;
    reader.report_cache();
    Ok(status(check.answer()))
}

fn render(document: &AppDocument, args: &App, out: &Destination) -> Result<Vec<u8>, CliError> {
    let json = |text: std::io::Result<String>| text.map(String::into_bytes).map_err(CliError::stdout);
    match args.format {
        AppFormat::Json => json(report::json(document)),
        AppFormat::Jsonl => {
            let mut lines = Vec::new();
            report::lines(document, &mut lines).map_err(CliError::stdout)?;
            Ok(lines)
        }
        AppFormat::Sarif => json(report::sarif(document)),
        AppFormat::Junit => report::junit(document).map_err(CliError::stdout),
        AppFormat::Html => report::html(document)
            .map(String::into_bytes)
            .map_err(|e| CliError::stdout(std::io::Error::other(e))),
        AppFormat::Text | AppFormat::Ldd => {
            let text =
                AppText { width: out.width(), colour: out.wants_colour(), verbose: args.common.verbose };
            Ok(report::text(document, text).into_bytes())
        }
    }
}

fn status(answer: Answer) -> u8 {
    match answer {
        Answer::Runs => 0,
        Answer::WillNotRun => 1,
        Answer::RunsIf | Answer::Undecided => 3,
    }
}

fn read_all(labels: &[String], options: &ProgramOptions) -> Result<Vec<Program>, CliError> {
    let read = |label: &String| {
        read_program(label, options).map_err(|error| CliError::input("failed to read the program", &error))
    };
    labels.par_iter().map(read).collect()
}

/// What the loader asks on a target.
fn system<'a>(args: &App, target: &'a Target, side: Option<&'a Side>) -> Box<dyn System + 'a> {
    let root = |path: &std::path::Path, isa_level| -> Box<dyn System> {
        Box::new(RootSystem::new(&target.name, path, args.isa_level.or(isa_level)))
    };
    match (&target.what, side) {
        (What::BuiltIn(profile), _) => Box::new(*profile),
        (What::Profile(profile), _) => Box::new(profile.as_ref()),
        (What::Host, _) => root("/".as_ref(), host_isa_level()),
        (What::Root(path), _) => root(path, None),
        (What::Inputs(_), Some(side)) => Box::new(SideSystem::new(side, args.isa_level)),
        // Every target with inputs has a side, which was read of them.
        (What::Inputs(_), None) => root("".as_ref(), None),
    }
}

/// What the repositories list together with each program that is a package.
type Listed = BTreeMap<(usize, usize), Metadata>;

fn list(
    targets: &[Target],
    programs: &[Program],
    sides: &[Option<&Side>],
    reader: &Reader,
) -> Result<Listed, CliError> {
    let mut listed = Listed::new();
    for (target, (found, side)) in targets.iter().zip(sides).enumerate() {
        let is_snapshot = side.as_ref().is_some_and(|side| side.input_kind == "snapshot");
        let Some(request) = found.request().filter(|_| !is_snapshot) else { continue };
        for (program, read) in programs.iter().enumerate().filter(|(_, read)| read.package.is_some()) {
            let mut both = request.clone();
            both.inputs.push(read.label.as_str().into());
            listed.insert((program, target), reader.list(&both)?);
        }
    }
    Ok(listed)
}

fn check(
    targets: &[Target],
    programs: &[Program],
    systems: &[Box<dyn System + '_>],
    listed: &Listed,
) -> AppCheck {
    let pairs: Vec<(usize, usize)> = (0..programs.len())
        .flat_map(|program| (0..systems.len()).map(move |target| (program, target)))
        .collect();
    let profiles: Vec<&Profile> = Profile::all_built_in().iter().collect();
    let releases: Vec<&dyn System> = profiles.iter().map(|profile| profile as &dyn System).collect();
    let one = |&(program, target): &(usize, usize)| {
        let known = Known { releases: &releases };
        let system = systems[target].as_ref();
        let mut cell = Cell { program, target, ..judge(&programs[program], system, known) };
        add_requirements(&mut cell, &programs[program], listed.get(&(program, target)), system);
        cell
    };
    AppCheck {
        programs: programs.iter().map(|p| (p.label.clone(), p.input_kind.clone())).collect(),
        targets: targets.iter().map(|target| target.name.clone()).collect(),
        cells: pairs.par_iter().map(one).collect(),
    }
}
