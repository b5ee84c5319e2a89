//! `abide app MODULE… --on KERNEL`: whether modules load into kernels.

use std::path::Path;
use std::time::Instant;

use abide_distro::app::{AppCheck, Cell};
use abide_distro::kernel::load::{Module, modules, newest_first, on_kernel, requirements};
use abide_distro::kernel::{Kernel, Lists, kernels};
use abide_model::{ElfKind, PackageMeta, Side};
use bstr::{BStr, BString};

use crate::app_args::App;
use crate::error::CliError;
use crate::kabi;
use crate::reading::{Reader, Request};

use super::module_changes::{self, Reference};
use super::targets::Target;
use super::{Distribution, module_types};

/// Folders are looked into this deep for modules.
const DEEPEST: usize = 12;

/// The inputs when all of them are modules: files, folders or packages that have modules and nothing else that runs.
pub(super) fn read(args: &App, reader: &Reader) -> Result<Option<Vec<Side>>, CliError> {
    if !args.programs.iter().all(|label| may_be(Path::new(label))) {
        return Ok(None);
    }
    let sides: Vec<Side> = args.programs.iter().map(|l| facts(reader, l)).collect::<Result<_, _>>()?;
    let only_modules = |side: &Side| {
        let mut artifacts = side.packages.iter().flat_map(|p| &p.artifacts).peekable();
        artifacts.peek().is_some() && artifacts.all(|a| a.elf.kind == ElfKind::KernelModule)
    };
    Ok(sides.iter().all(only_modules).then_some(sides))
}

fn facts(reader: &Reader, label: &str) -> Result<Side, CliError> {
    reader.read_facts(&Request { inputs: vec![label.into()], ..Request::default() })
}

/// By its name: a module, a package that may have some, a folder with some in it.
fn may_be(path: &Path) -> bool {
    let name = path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    match path.is_dir() {
        true => has_module(path, DEEPEST),
        false => is_module(&name) || name.ends_with(".rpm") || name.ends_with(".deb"),
    }
}

fn is_module(name: &str) -> bool {
    [".ko", ".ko.xz", ".ko.gz", ".ko.zst"].iter().any(|end| name.ends_with(end))
}

fn has_module(folder: &Path, deep: usize) -> bool {
    let Some(left) = deep.checked_sub(1) else { return false };
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let is_dir = |e: &std::fs::DirEntry| e.file_type().is_ok_and(|t| t.is_dir());
    entries.iter().any(|e| is_module(&e.file_name().to_string_lossy()))
        || entries.iter().filter(|e| is_dir(e)).any(|e| has_module(&e.path(), left))
}

/// What packages of modules require, for targets that are no kernels: a kernel of which only that is known.
struct Required {
    release: Option<String>,
    symbols: Vec<(BString, u32)>,
}

/// Judges every input on every kernel; beside the check the notes about each input.
pub(super) fn check(
    args: &App,
    reader: &Reader,
    on: &[Target],
    programs: &[Side],
) -> Result<(AppCheck, Vec<Vec<String>>), CliError> {
    let start = Instant::now();
    let lists = kabi::read(&args.kabi)?.lists;
    let sides: Vec<Distribution> = on
        .iter()
        .map(|on| Distribution::read(args, &on.request_for_kernels(), reader))
        .collect::<Result<_, _>>()?;
    let required: Vec<Vec<Required>> = sides.iter().map(|side| required(side.facts())).collect();
    let mut targets: Vec<(String, Kernel<'_>)> = Vec::new();
    let mut of: Vec<&Distribution> = Vec::new();
    for ((Target { name: label, .. }, side), required) in on.iter().zip(&sides).zip(&required) {
        let found = of_target(side.facts(), required, &lists);
        if found.is_empty() {
            return Err(CliError::usage(format!("there is no kernel in {label}")).hint(
                "give a vmlinuz or vmlinux, a Module.symvers, kernel packages, or a folder with these",
            ));
        }
        if args.from.is_some() {
            module_changes::one(&found, label)?;
        }
        let many = found.len() > 1;
        of.extend(found.iter().map(|_| side));
        targets.extend(found.into_iter().map(|kernel| (name(label, &kernel, many), kernel)));
    }
    reader.time("open kernels", start);
    let start = Instant::now();
    let from = match &args.from {
        Some(name) => Some(Reference::open(args, reader, name, &lists)?),
        None => None,
    };
    let sets: Vec<Vec<Module<'_>>> = programs.iter().map(modules).collect();
    let mut cells = Vec::new();
    for (program, (side, set)) in programs.iter().zip(&sets).enumerate() {
        let metas: Vec<&PackageMeta> = side.packages.iter().filter_map(|p| p.meta.as_ref()).collect();
        let label = args.programs[program].as_str();
        let typed = match args.types {
            true => Some(module_types::Set::open(args, reader, label)?),
            false => None,
        };
        for (target, (_, kernel)) in targets.iter().enumerate() {
            let mut cell = on_kernel(program, target, set, &metas, kernel);
            if let (Some(typed), Some(opened)) = (&typed, of[target].opened()) {
                typed.judge(reader, set, (opened, kernel), &mut cell);
            }
            if let (Some(from), Some(opened)) = (&from, of[target].opened()) {
                from.judge(args, reader, (label, set), (opened, kernel), &lists, &mut cell)?;
            }
            cells.push(cell);
        }
    }
    let notes =
        (0..programs.len()).map(|p| notes(&sets[p], &targets, cells.iter().filter(|c| c.program == p)));
    let notes = notes.collect();
    reader.time("judge", start);
    let kind = |side: &Side| side.input_kind.clone();
    let check = AppCheck {
        programs: args.programs.iter().cloned().zip(programs.iter().map(kind)).collect(),
        targets: targets.into_iter().map(|(name, _)| name).collect(),
        cells,
    };
    Ok((check, notes))
}

/// The label, and the release where the label does not say which of several it is.
fn name(label: &str, kernel: &Kernel<'_>, many: bool) -> String {
    match &kernel.release {
        Some(release) if many || !label.contains(release.as_str()) => format!("{label}: {release}"),
        _ => label.to_owned(),
    }
}

/// The kernels of a target; of packages of modules alone, what they require of one.
fn of_target<'a>(side: &'a Side, required: &'a [Required], lists: &'a Lists) -> Vec<Kernel<'a>> {
    let found: Vec<Kernel<'a>> = kernels(side, lists).into_iter().filter(|k| !k.exports.is_empty()).collect();
    if !found.is_empty() {
        return found;
    }
    let source = BStr::new("what packages of modules require");
    let kernel = |r: &'a Required| Kernel::of_requirements(r.release.clone(), &r.symbols, source);
    required.iter().map(|r| kernel(r).with_lists(lists)).collect()
}

fn required(side: &Side) -> Vec<Required> {
    let of = |package: &abide_model::PackageFacts| {
        let all = requirements(package.meta.as_ref()?, false).into_iter().filter(|r| r.of_kernel);
        let symbols: Vec<(BString, u32)> = all.map(|r| (r.symbol, r.crc)).collect();
        let object = package.artifacts.iter().find_map(|a| a.elf.kernel.as_ref());
        let release = object.and_then(|o| o.release.as_ref()).map(|r| r.to_string());
        (!symbols.is_empty()).then_some(Required { release, symbols })
    };
    side.packages.iter().filter_map(of).collect()
}

/// How many modules there are, and which kernels take them.
fn notes<'c>(
    set: &[Module<'_>],
    targets: &[(String, Kernel<'_>)],
    cells: impl Iterator<Item = &'c Cell>,
) -> Vec<String> {
    let mut notes = vec![match set.len() {
        1 => "1 module".to_owned(),
        n => format!("{n} modules"),
    }];
    if targets.len() < 2 {
        return notes;
    }
    let kernels: Vec<&Kernel<'_>> = targets.iter().map(|(_, kernel)| kernel).collect();
    let takes: Vec<usize> =
        cells.filter(|c| c.answer == abide_distro::app::Answer::Runs).map(|c| c.target).collect();
    let order = newest_first(&kernels, &takes);
    notes.push(match (order.last(), order.first()) {
        (Some(oldest), Some(newest)) => format!(
            "fits {} of {} kernels: the oldest is {}, the newest {}",
            order.len(),
            targets.len(),
            targets[*oldest].0,
            targets[*newest].0
        ),
        _ => format!("fits none of {} kernels for certain", targets.len()),
    });
    notes
}
