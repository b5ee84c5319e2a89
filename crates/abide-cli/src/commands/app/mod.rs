//! `abide app PROGRAM… --on DISTRIBUTION`: whether programs run, and if not, why.

mod from;
mod modules;
mod trace;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use abide_distro::app::{
    Answer, AppCheck, Cell, Known, Profile, SideSystem, System, add_requirements, judge,
};
use abide_model::{Metadata, Program, Side};
use abide_read::program::{ProgramOptions, read_program};
use abide_report::app::{self as report, AppDocument, AppText};
use rayon::prelude::*;

use crate::app_args::{App, AppFormat};
use crate::error::CliError;
use crate::output::Destination;
use crate::reading::{Reader, Request};
use crate::systems::{RootSystem, host_isa_level, root_of};

/// Judges every program on every distribution.
pub(crate) fn run(args: &App) -> Result<u8, CliError> {
    let reader = Reader::new(&args.common)?;
    // A profile and this machine's libraries say nothing of a kernel: there modules are named as not checked.
    let may_be_kernels = args.on.iter().all(|on| on != "host" && !is_profile(on));
    if may_be_kernels && let Some(sides) = modules::read(args, &reader)? {
        return of_modules(args, &reader, &sides);
    }
    let start = Instant::now();
    let options =
        ProgramOptions { roots: args.on.iter().filter_map(|on| root_of(on)).collect(), ..Default::default() };
    let programs = read_all(&args.programs, &options)?;
    reader.time("read programs", start);
    if let Some(reference) = &args.from {
        let check = from::check(args, reference, &programs, &reader)?;
        return deliver(args, &programs, &check);
    }
    let start = Instant::now();
    let profiles = read_profiles(args)?;
    let sides = read_sides(args, &reader)?;
    let systems = systems(args, &profiles, &sides);
    reader.time("open distributions", start);
    let start = Instant::now();
    if args.format == AppFormat::Ldd {
        let out = Destination::new(args.output.as_deref());
        let (text, answer) = trace::render(&programs, &systems);
        out.deliver(&text)?;
        return Ok(answer);
    }
    let listed = list(args, &programs, &sides, &reader)?;
    let check = check(args, &programs, &systems, &listed);
    reader.time("judge", start);
    reader.report_cache();
    deliver(args, &programs, &check)
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
fn of_modules(args: &App, reader: &Reader, sides: &[Side]) -> Result<u8, CliError> {
    if args.format == AppFormat::Ldd {
        return Err(CliError::usage(
            "modules are not loaded by the dynamic loader: there is no `ldd` of them",
        ));
    }
    let (check, notes) = modules::check(args, reader, sides)?;
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

/// What the distributions have that are no root directories; a root is asked as it goes.
fn read_sides(args: &App, reader: &Reader) -> Result<Vec<Option<Side>>, CliError> {
    let read = |name: &String| match root_of(name) {
        Some(_) => Ok(None),
        None if is_profile(name) => Ok(None),
        None => {
            let inputs = several(name).into_iter().map(Into::into).collect();
            reader.read_facts(&Request { inputs, ..Request::default() }).map(Some)
        }
    };
    args.on.iter().map(read).collect()
}

/// Whether a name of `--on` is that of a profile: a built-in one, or a file of ours.
fn is_profile(name: &str) -> bool {
    Profile::built_in(name).is_some() || (name.ends_with(".toml") && Path::new(name).is_file())
}

/// Profiles in files; the others are inside of this program.
fn read_profiles(args: &App) -> Result<Vec<Option<Profile>>, CliError> {
    let read = |name: &String| {
        if Profile::built_in(name).is_some() || !is_profile(name) {
            return Ok(None);
        }
        let failed = |error: &dyn std::error::Error| {
            CliError::input(&format!("failed to read the profile {name}"), error)
        };
        let text = std::fs::read_to_string(name).map_err(|e| failed(&e))?;
        Profile::read(&text).map(Some).map_err(|e| failed(&e))
    };
    args.on.iter().map(read).collect()
}

/// Repositories that are one distribution have commas between them.
fn several(name: &str) -> Vec<&str> {
    if Path::new(name).exists() {
        vec![name]
    } else {
        name.split(',').filter(|part| !part.is_empty()).collect()
    }
}

fn systems<'a>(
    args: &'a App,
    profiles: &'a [Option<Profile>],
    sides: &'a [Option<Side>],
) -> Vec<Box<dyn System + 'a>> {
    type Named<'a> = ((&'a String, &'a Option<Profile>), &'a Option<Side>);
    let system = |((name, profile), side): Named<'a>| -> Box<dyn System + 'a> {
        if let Some(profile) = Profile::built_in(name).or(profile.as_ref()) {
            return Box::new(profile);
        }
        match (side, root_of(name)) {
            (Some(side), _) => Box::new(SideSystem::new(side, args.isa_level)),
            (None, root) => {
                let isa_level = args.isa_level.or_else(|| host_isa_level().filter(|_| name == "host"));
                Box::new(RootSystem::new(name, &root.unwrap_or_default(), isa_level))
            }
        }
    };
    args.on.iter().zip(profiles).zip(sides).map(system).collect()
}

/// What the repositories list together with each program that is a package.
type Listed = BTreeMap<(usize, usize), Metadata>;

fn list(
    args: &App,
    programs: &[Program],
    sides: &[Option<Side>],
    reader: &Reader,
) -> Result<Listed, CliError> {
    let mut listed = Listed::new();
    for (target, name) in args.on.iter().enumerate().filter(|(target, _)| sides[*target].is_some()) {
        let is_snapshot = sides[target].as_ref().is_some_and(|side| side.input_kind == "snapshot");
        for (program, read) in programs.iter().enumerate().filter(|(_, read)| read.package.is_some()) {
            if !is_snapshot {
                let inputs = several(name).into_iter().chain([read.label.as_str()]).map(Into::into);
                listed.insert((program, target), reader.list(&inputs.collect::<Vec<_>>())?);
            }
        }
    }
    Ok(listed)
}

fn check(args: &App, programs: &[Program], systems: &[Box<dyn System + '_>], listed: &Listed) -> AppCheck {
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
        targets: args.on.clone(),
        cells: pairs.par_iter().map(one).collect(),
    }
}
