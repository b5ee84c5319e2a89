//! `abide app PROGRAM… --types`: what the programs' debug information declares, held against the libraries that are there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use abide_distro::app::{AppCheck, Cell, Object, System, Use, add_typed, compare_use, uses};
use abide_model::{
    ArtifactFacts, ElfFacts, ElfKind, Gap, GapKind, LoadedTypes, Program, ProgramContent, Side, TypeSource,
};
use abide_read::root::Root;
use abide_read::side::{Named, OpenError, Opened};
use bstr::{BString, ByteSlice};
use rayon::prelude::*;

use super::targets::{Target, What};
use crate::app_args::App;
use crate::error::CliError;
use crate::reading::{Reader, Request, refused};

/// Adds to every cell what its program's types say of the distribution's libraries.
///
/// `sides` are the distributions that were read whole, parallel to `targets`.
pub(super) fn add(
    args: &App,
    reader: &Reader,
    (targets, sides): (&[Target], &[Option<&Opened>]),
    programs: &[Program],
    systems: &[Box<dyn System + '_>],
    check: &mut AppCheck,
) -> Result<(), CliError> {
    let mut own: Vec<Own> =
        programs.iter().map(|program| Own::read(args, reader, program)).collect::<Result<_, _>>()?;
    for (at, target) in targets.iter().enumerate() {
        let sole = sides[at].and_then(|side| sole(side.facts()));
        let used: Vec<Vec<Use>> =
            programs.par_iter().map(|program| uses(program, systems[at].as_ref(), sole.as_ref())).collect();
        let mut libraries = match (&target.what, sides[at]) {
            (What::BuiltIn(_) | What::Profile(_), _) => Libraries::default(),
            (_, Some(side)) => Libraries::of_side(side, used.iter().flatten(), reader),
            (_, None) => Libraries::of_root(args, target, used.iter().flatten(), reader)?,
        };
        for cell in check.cells.iter_mut().filter(|cell| cell.target == at) {
            judge(
                cell,
                target,
                &programs[cell.program],
                &mut own[cell.program],
                &used[cell.program],
                &mut libraries,
            );
        }
    }
    Ok(())
}

fn judge(
    cell: &mut Cell,
    target: &Target,
    program: &Program,
    own: &mut Own,
    used: &[Use],
    libraries: &mut Libraries,
) {
    cell.gaps.extend(own.gap.clone());
    if matches!(target.what, What::BuiltIn(_) | What::Profile(_)) {
        let detail = "a profile lists symbols and no types: give repositories with debug packages, a root directory, \
                      or host";
        cell.gaps.push(gap(GapKind::NoDebugInfo, &target.name, detail));
        return add_typed(cell, Vec::new());
    }
    let mut typed = Vec::new();
    for used in used {
        let file = &program.files[used.file];
        let Some(expected) = own.by_file.get_mut(&used.file) else { continue };
        match libraries.by_path.get_mut(&used.library.path) {
            Some(library) => typed.push(compare_use(used, file, expected, library)),
            None => {
                let detail = "it was found and could not be read a second time, for its types";
                cell.gaps.push(gap(GapKind::Unreadable, &used.library.path.to_string(), detail));
            }
        }
    }
    add_typed(cell, typed);
}

/// The files of a program with the types of what they import.
struct Own {
    by_file: BTreeMap<usize, ArtifactFacts>,
    /// Why there are none at all.
    gap: Option<Gap>,
}

impl Own {
    fn read(args: &App, reader: &Reader, program: &Program) -> Result<Self, CliError> {
        let request = Request {
            inputs: vec![program.label.as_str().into()],
            debuginfo: args.debuginfo.clone(),
            ..Request::default()
        };
        let is_elf = |content: &ProgramContent| matches!(content, ProgramContent::Elf { .. });
        if !program.files.iter().any(|file| is_elf(&file.content)) {
            return Ok(Own { by_file: BTreeMap::new(), gap: None });
        }
        let opened = match reader.open(&request) {
            Ok(opened) => opened,
            Err(OpenError::Unsupported { .. }) => {
                let detail = format!(
                    "types are read of ELF files, folders, packages and tar archives, and this is a {}",
                    program.input_kind
                );
                let gap = Some(gap(GapKind::Unsupported, &program.label, &detail));
                return Ok(Own { by_file: BTreeMap::new(), gap });
            }
            Err(error) => return Err(refused(error)),
        };
        let found: Vec<(usize, (usize, usize))> = program
            .files
            .iter()
            .enumerate()
            .filter_map(|(index, file)| match &file.content {
                ProgramContent::Elf { facts, .. } => Some((index, find(opened.facts(), facts, &file.path)?)),
                _ => None,
            })
            .collect();
        let missed =
            program.files.iter().enumerate().find(|(index, file)| {
                is_elf(&file.content) && !found.iter().any(|(known, _)| known == index)
            });
        let gap = missed.map(|(_, file)| {
            gap(GapKind::Unreadable, &file.shown.to_string(), "its types were not found where it was read of")
        });
        let expecting = opened.expecting();
        let places: Vec<(usize, usize)> = found.iter().map(|(_, at)| *at).collect();
        let loaded = with_types(&expecting, &places, reader);
        let by_file = found.into_iter().map(|(index, _)| index).zip(loaded).collect();
        Ok(Own { by_file, gap })
    }
}

/// Libraries of a distribution with their types, by path.
#[derive(Default)]
struct Libraries {
    by_path: BTreeMap<BString, ArtifactFacts>,
}

impl Libraries {
    fn of_side<'u>(side: &Opened, used: impl Iterator<Item = &'u Use>, reader: &Reader) -> Self {
        let places: BTreeMap<&BString, (usize, usize)> = used
            .filter_map(|used| {
                Some((&used.library.path, find(side.facts(), &used.library.elf, &used.library.path)?))
            })
            .collect();
        let (paths, places): (Vec<&BString>, Vec<(usize, usize)>) = places.into_iter().unzip();
        let loaded = with_types(side, &places, reader);
        Libraries { by_path: paths.into_iter().cloned().zip(loaded).collect() }
    }

    /// Of a root directory only what is used is read.
    fn of_root<'u>(
        args: &App,
        target: &Target,
        used: impl Iterator<Item = &'u Use>,
        reader: &Reader,
    ) -> Result<Self, CliError> {
        let Some(folder) = target.root() else { return Ok(Libraries::default()) };
        let root = Root::new(&folder);
        let used: Vec<&Use> = used.collect();
        let on_disk = |used: &&Use| root.on_disk(used.library.path.as_bstr());
        let mut files: Vec<_> = used.iter().map(on_disk).collect();
        files.sort();
        files.dedup();
        if files.is_empty() {
            return Ok(Libraries::default());
        }
        let mut debuginfo = args.debuginfo.clone();
        let installed = folder.join("usr/lib/debug");
        if folder != Path::new("/") && installed.is_dir() {
            debuginfo.push(installed);
        }
        let inputs: Vec<Named> = files.iter().map(|file| Named::from(&*file.to_string_lossy())).collect();
        let opened = reader.open(&Request { inputs, debuginfo, ..Request::default() }).map_err(refused)?;
        Ok(Self::of_side(&opened, used.into_iter(), reader))
    }
}

/// The one library that a side is, where it is a file of its own.
fn sole(side: &Side) -> Option<Arc<Object>> {
    let [package] = &side.packages[..] else { return None };
    let [artifact] = &package.artifacts[..] else { return None };
    let is_file = package.meta.is_none() && artifact.elf.kind == ElfKind::SharedObject;
    is_file.then(|| Arc::new(Object::new(artifact.path.clone(), Arc::new(artifact.elf.clone()))))
}

/// The artifact that a file of the same facts is; of several the one whose path it ends with.
fn find(side: &Side, elf: &ElfFacts, path: &BString) -> Option<(usize, usize)> {
    let packages = side.packages.iter().enumerate();
    let all = packages.flat_map(|(p, package)| {
        package.artifacts.iter().enumerate().map(move |(a, artifact)| ((p, a), artifact))
    });
    let same: Vec<_> =
        all.filter(|(_, artifact)| artifact.elf.build_id == elf.build_id && artifact.elf == *elf).collect();
    let is_there = |artifact: &ArtifactFacts| path.ends_with(artifact.path.trim_start_with(|c| c == '/'));
    same.iter().find(|(_, artifact)| is_there(artifact)).or(same.first()).map(|(at, _)| *at)
}

/// The artifacts at these places with their types.
pub(super) fn with_types(side: &Opened, places: &[(usize, usize)], reader: &Reader) -> Vec<ArtifactFacts> {
    let loaded = side.load(places, reader.progress());
    let facts = |(&(package, artifact), loaded): (&(usize, usize), Option<LoadedTypes>)| {
        let mut facts = side.facts().packages[package].artifacts[artifact].clone();
        if let Some(LoadedTypes { types, gaps }) = loaded {
            facts.types = types;
            facts.gaps.extend(gaps);
        }
        facts
    };
    places.iter().zip(loaded).map(facts).collect()
}

fn gap(kind: GapKind, subject: &str, detail: &str) -> Gap {
    Gap { kind, subject: subject.into(), detail: detail.to_owned() }
}
