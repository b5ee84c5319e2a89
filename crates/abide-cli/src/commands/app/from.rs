//! `abide app PROGRAM… --from REFERENCE --on CANDIDATE`: what changes for what the programs import.

use std::collections::BTreeSet;

use abide_distro::app::{AppCheck, Cell, imports, interface};
use abide_distro::{CheckOptions, Types};
use abide_engine::suppress::Suppressions;
use abide_model::Program;
use bstr::BString;

use crate::app_args::{App, AppFormat};
use crate::error::CliError;
use crate::reading::{Candidate, Reader, Request};
use crate::suppressions;

use super::targets::{Side, Target, What};

/// Compares the reference with every candidate, for each program.
pub(super) fn check(
    args: &App,
    reference: &str,
    targets: &[Target],
    programs: &[Program],
    reader: &Reader,
) -> Result<AppCheck, CliError> {
    if args.format == AppFormat::Ldd {
        return Err(CliError::usage(
            "--format ldd says what the loader finds, which --from does not ask for",
        ));
    }
    let reference = Target::of(reference, Side::Reference)?;
    let old = request(args, &reference)?;
    let mut cells = Vec::new();
    for (target, named) in targets.iter().enumerate() {
        let new = Candidate::Inputs(request(args, named)?);
        let (old, new) = reader.open_both(&old, &new, false)?;
        for (program, read) in programs.iter().enumerate() {
            let options = CheckOptions {
                suppressions: suppressions_of(args, &read.label, &imports(read))?,
                ..CheckOptions::default()
            };
            let types = Types { old: &old, new: &new };
            let check =
                abide_distro::check_with(old.facts(), new.facts(), &types, &options, reader.progress());
            cells.push(Cell { program, target, ..interface(read, &check, old.facts(), new.facts()) });
        }
    }
    cells.sort_by_key(|cell| (cell.program, cell.target));
    reader.report_cache();
    Ok(AppCheck {
        programs: programs.iter().map(|p| (p.label.clone(), p.input_kind.clone())).collect(),
        targets: targets.iter().map(|target| format!("{} (from {})", target.name, reference.name)).collect(),
        cells,
    })
}

/// What is read of one build.
fn request(args: &App, target: &Target) -> Result<Request, CliError> {
    let mut request = match (&target.what, target.request()) {
        (_, Some(request)) => request.clone(),
        (What::Root(_), None) => Request { inputs: vec![target.name.as_str().into()], ..Request::default() },
        _ => {
            let what = format!("--from compares two builds of libraries, and {} is none", target.name);
            return Err(CliError::usage(what)
                .hint("give the library, package, folder, repository or distribution file of each side"));
        }
    };
    request.debuginfo.extend(args.debuginfo.iter().cloned());
    Ok(request)
}

/// The user's exceptions, and a program's imports as the list of symbols that count.
pub(super) fn suppressions_of(
    args: &App,
    label: &str,
    imports: &BTreeSet<BString>,
) -> Result<Suppressions, CliError> {
    let mut all = suppressions::read(&args.suppressions, &[])?;
    let names: Vec<u8> = bstr::join("\n", imports);
    let name = format!("the imports of {label}");
    if !names.is_empty() {
        let list = Suppressions::parse_list(&name, &names);
        all.merge(list.map_err(|e| CliError::input("failed to read the imports as a list of symbols", &e))?);
    }
    Ok(all)
}
