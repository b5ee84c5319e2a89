//! `abide source retire OURS REFERENCE`: which of our patches the newer reference makes needless.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use abide_source::files::{self, Files};
use abide_source::modify::config::{self, Action};
use abide_source::modify::without::without_files;
use abide_source::package::Package;
use abide_source::retire::{Against, Retirement, State, retire};

use crate::error::CliError;
use crate::folder::Folder;
use crate::output::Destination;
use crate::packages::read_one;
use crate::source_args::Retire;

/// Compares and reports; with a modification file, also what is left of it.
pub(crate) fn run(args: &Retire) -> Result<u8, CliError> {
    let el_version = args.el_version.as_deref();
    let ours = read_one(&args.ours, el_version)?;
    let reference = read_one(&args.reference, el_version)?;
    let base = args.base.as_ref().map(|path| read_one(path, el_version)).transpose()?;
    let sources = args.sources.as_ref().map(|path| sources(path, &ours.package)).transpose()?;
    let modifications = match &args.modifications {
        Some(path) => {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|e| CliError::input(&format!("failed to read {shown}"), &e))?;
            let read = config::read(&text).map_err(|e| CliError::input(&shown, &e))?;
            Some((text, read))
        }
        None => None,
    };
    let names: Option<BTreeSet<String>> = modifications.as_ref().map(|(_, m)| {
        let added = m.steps.iter().filter_map(|step| match &step.action {
            Action::AddFile(add) => Some(add.name.clone()),
            _ => None,
        });
        added.collect()
    });
    let against = Against {
        reference: &reference.package,
        base: base.as_ref().map(|found| &found.package),
        names: names.as_ref(),
        sources: sources.as_deref(),
    };
    let found = retire(&ours.package, &against).map_err(|e| CliError::input("failed to compare", &e))?;
    let mut text = table(&found);
    if let (Some((original, modifications)), Some(output)) = (&modifications, &args.propose) {
        let contained: Vec<&str> =
            found.iter().filter(|r| r.state == State::Contained).map(|r| r.file.as_str()).collect();
        let left = without_files(original, modifications, &contained);
        // Nobody should get a proposal that cannot be read.
        config::read(&left).map_err(|e| CliError::input("the proposal could not be made", &e))?;
        crate::output::write_file(output, |file| file.write_all(left.as_bytes()))
            .map_err(|e| CliError::write(output, e))?;
        let _ = writeln!(text, "{} leaves out {} of them", output.display(), contained.len());
    }
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(0)
}

/// The new version's sources: unpacked, or an archive of which only files that our patches touch are kept.
fn sources(path: &Path, ours: &Package) -> Result<Box<dyn Files>, CliError> {
    if path.is_file() {
        let touched: BTreeSet<&str> = ours
            .patches
            .iter()
            .flat_map(|listed| listed.patch.files.iter().map(|file| files::name(file.path())))
            .collect();
        return Ok(Box::new(crate::archive::read(path, |name| touched.contains(files::name(name)))?));
    }
    let folder = Folder::open(path).map_err(|e| CliError::input("failed to read the sources", &e))?;
    Ok(Box::new(folder))
}

fn table(found: &[Retirement]) -> String {
    let mut text = String::new();
    for retirement in found {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<15} Patch{} {}: {}",
            retirement.state.id(),
            retirement.number,
            retirement.file,
            retirement.how
        );
    }
    let states = [State::Contained, State::FixedOtherwise, State::Conflict, State::Needed, State::Unknown];
    let counts = states.iter().map(|state| (found.iter().filter(|r| r.state == *state).count(), state.id()));
    let counts: Vec<String> = counts.filter(|(n, _)| *n > 0).map(|(n, id)| format!("{n} {id}")).collect();
    let blank = if found.is_empty() { "" } else { "\n" };
    let _ = writeln!(
        text,
        "{blank}{} of ours: {}",
        super::counted(found.len(), "patch"),
        if counts.is_empty() { "none".into() } else { counts.join(", ") }
    );
    text
}
