//! `--format ldd`: the loader's own words for each file, so that they can be laid beside those of the loader.

use std::io::Write as _;

use abide_distro::app::{Issue, Lost, Process, System, trace};
use abide_model::{Program, Symbol};
use bstr::BString;

/// Every file of every program on every distribution; and the exit status: 1 where anything is missing.
pub(super) fn render(programs: &[Program], systems: &[Box<dyn System + '_>]) -> (Vec<u8>, u8) {
    let mut out = Vec::new();
    let mut status = 0;
    for program in programs {
        for system in systems {
            for (shown, process) in trace(program, system.as_ref()) {
                // Writing to a vector cannot fail.
                let _ = writeln!(out, "{} {shown} on {}:", program.label, system.name());
                status |= one(&mut out, &process);
            }
        }
    }
    (out, status)
}

fn one(out: &mut Vec<u8>, process: &Process) -> u8 {
    for &at in process.scope.iter().skip(1) {
        let entry = &process.entries[at];
        let name = entry.names().first().map_or(&entry.opened_as, |name| name);
        let _ = writeln!(out, "\t{name} => {}", entry.opened_as);
    }
    let mut status = 0;
    for issue in &process.issues {
        let line = line(process, issue);
        status |= u8::from(!matches!(issue, Issue::NoVersions { .. } | Issue::CopySize { .. }));
        let _ = writeln!(out, "\t{line}");
    }
    status
}

fn line(process: &Process, issue: &Issue) -> BString {
    let opened = |at: usize| &process.entries[at].opened_as;
    match issue {
        Issue::InterpreterMissing { path } => format!("{path} => not found"),
        Issue::InterpreterUnknown { path, why } => format!("{path} => not known: {why}"),
        Issue::LibraryMissing { name, .. } => format!("{name} => not found"),
        Issue::LibraryUnusable { path, why, .. } => {
            format!("error while loading shared libraries: {path}: {why}")
        }
        Issue::LibraryUnknown { name, why, .. } => format!("{name} => not known: {why}"),
        Issue::Filters { user, .. } => format!("{}: filters are not followed", opened(*user)),
        Issue::TooMany { limit } => format!("more than {limit} objects"),
        Issue::VersionMissing { user, library, version, is_weak } => {
            let weak = if *is_weak { "weak " } else { "" };
            format!(
                "{}: {weak}version `{version}' not found (required by {})",
                opened(*library),
                opened(*user)
            )
        }
        Issue::VersionUnknown { user, library, version } => {
            format!("{}: version `{version}' not known (required by {})", opened(*library), opened(*user))
        }
        Issue::NoVersions { user, library } => {
            format!("{}: no version information available (required by {})", opened(*library), opened(*user))
        }
        Issue::VersionOfNobody { user, file } => {
            format!("Inconsistency detected by ld.so: a version of {file} is required by {}", opened(*user))
        }
        Issue::PackedRelocations { user } => {
            format!("{}: DT_RELR without GLIBC_ABI_DT_RELR dependency", opened(*user))
        }
        Issue::Symbol { user, symbol, lost } => {
            let Some(symbol) = process.entries[*user].elf().symbols.get(*symbol) else {
                return BString::default();
            };
            lost_symbol(process, *user, symbol, *lost)
        }
        Issue::CopySize { symbol, user, .. } => {
            let name =
                process.entries[*user].elf().symbols.get(*symbol).map(|s| s.name.clone()).unwrap_or_default();
            format!("Symbol `{name}' has different size in shared object, consider re-linking")
        }
    }
    .into()
}

fn lost_symbol(process: &Process, user: usize, symbol: &Symbol, lost: Lost) -> String {
    let opened = |at: usize| &process.entries[at].opened_as;
    let version = symbol.version.as_ref().map(|version| version.name.to_string()).unwrap_or_default();
    match lost {
        Lost::Undefined if version.is_empty() => {
            format!("undefined symbol: {}\t({})", symbol.name, opened(user))
        }
        Lost::Undefined => {
            format!("undefined symbol: {}, version {version}\t({})", symbol.name, opened(user))
        }
        Lost::NotInFile(_) => {
            let file = symbol.version.as_ref().and_then(|v| v.file.clone()).unwrap_or_default();
            format!(
                "symbol {}, version {version} not defined in file {file} with link time reference\t({})",
                symbol.name,
                opened(user)
            )
        }
        Lost::NoVersionTable(library) => {
            format!(
                "Inconsistency detected by ld.so: {} has no versions for {}",
                opened(library),
                symbol.name
            )
        }
        Lost::Unknown => format!("not known: {}\t({})", symbol.name, opened(user)),
    }
}
