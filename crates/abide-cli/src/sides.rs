//! The two sides of a check as the user names them: on the command line, or in a distribution file.

use std::path::{Path, PathBuf};

use abide_distro::CheckOptions;
use abide_distro::distribution::{Distribution, DistributionSide};
use abide_read::side::Named;

use crate::args::Check;
use crate::error::CliError;
use crate::reading::{Candidate, Request};
use crate::{kabi, policy, suppressions};

/// Everything that a check is asked to do.
pub(crate) struct Asked {
    pub(crate) old: Request,
    pub(crate) new: Candidate,
    pub(crate) options: CheckOptions,
}

/// What the command line asks for, and the distribution file where it names one.
pub(crate) fn asked(args: &Check) -> Result<Asked, CliError> {
    let file = args.sides.distribution.as_deref().map(read).transpose()?;
    let (mut policy_file, mut suppression_files, mut lists) =
        (args.policy.clone(), args.suppressions.clone(), args.symbol_list.clone());
    let mut waivers = Default::default();
    if let Some(file) = &file {
        policy_file = policy_file.or_else(|| file.distribution.policy.as_ref().map(|path| file.path(path)));
        suppression_files.extend(file.distribution.suppressions.iter().map(|path| file.path(path)));
        lists.extend(file.distribution.symbol_lists.iter().map(|path| file.path(path)));
        let read = file.distribution.waivers(suppressions::today()?);
        waivers = read.map_err(|e| CliError::input("failed to read the waivers", &e).hint(&e.hint))?;
    }
    let mut options = CheckOptions {
        policy: policy_file.as_deref().map(policy::read).transpose()?.unwrap_or_default(),
        suppressions: suppressions::read(&suppression_files, &lists)?,
        kernel: kabi::read(&args.kabi)?,
    };
    options.suppressions.merge(waivers);
    let (old, new) = requests(args, file.as_ref())?;
    Ok(Asked { old, new, options })
}

/// A distribution file and where it is.
pub(crate) struct DistributionFile {
    pub(crate) distribution: Distribution,
    folder: PathBuf,
}

/// Reads a distribution file.
pub(crate) fn read(path: &Path) -> Result<DistributionFile, CliError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|e| CliError::input(&format!("failed to read the distribution file {name}"), &e))?;
    let distribution = Distribution::parse(&name, &bytes)
        .map_err(|e| CliError::input("failed to read the distribution file", &e).hint(&e.hint))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(DistributionFile { distribution, folder })
}

impl DistributionFile {
    /// A path that the file names, which is relative to the file's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The same for what may be a URL, or a list of mirrors.
    fn place(&self, place: &str) -> String {
        let local = |place: &str| self.path(place).to_string_lossy().into_owned();
        if place.contains("://") {
            return place.to_owned();
        }
        match place.split_once('=') {
            Some((kind @ ("metalink" | "mirrorlist"), place)) => format!("{kind}={}", local(place)),
            _ => local(place),
        }
    }

    /// The repositories of a side and where its debug information is.
    pub(crate) fn inputs(&self, side: &DistributionSide) -> (Vec<Named>, Vec<PathBuf>) {
        let named = side.repositories.iter().map(|repository| Named {
            label: self.place(&repository.location),
            mirrors: repository.mirrors.clone(),
            keys: repository.keys.iter().map(|path| self.path(path)).collect(),
        });
        (named.collect(), side.debuginfo.iter().map(|place| self.place(place).into()).collect())
    }
}

fn requests(args: &Check, file: Option<&DistributionFile>) -> Result<(Request, Candidate), CliError> {
    let mut old = Request {
        inputs: inputs(&args.old, &args.sides.reference),
        debuginfo: [&args.debuginfo.debuginfo[..], &args.debuginfo.debuginfo_old].concat(),
        btf_base: args.btf_base.as_ref().and_then(|both| both.old.clone()),
        headers: args.headers.as_ref().and_then(|both| both.old.clone()),
        architectures: file.map_or_else(Vec::new, |file| file.distribution.architectures.clone()),
    };
    let mut new = Request {
        inputs: inputs(&args.new, &args.sides.candidate),
        debuginfo: [&args.debuginfo.debuginfo[..], &args.debuginfo.debuginfo_new].concat(),
        btf_base: args.btf_base.as_ref().and_then(|both| both.new.clone()),
        headers: args.headers.as_ref().and_then(|both| both.new.clone()),
        architectures: old.architectures.clone(),
    };
    let is_update = !args.sides.update.is_empty();
    if is_update {
        new.inputs = inputs(&None, &args.sides.update);
    }
    if let Some(file) = file {
        let (named, debuginfo) = file.inputs(&file.distribution.reference);
        old.inputs = named;
        old.debuginfo.extend(debuginfo);
        match &file.distribution.candidate {
            _ if is_update => {}
            Some(side) => {
                let (named, debuginfo) = file.inputs(side);
                new.inputs = named;
                new.debuginfo.extend(debuginfo);
            }
            None => {
                let error = CliError::usage(format!("{} names no candidate", file.distribution.file));
                return Err(error.hint("add [candidate] with its repositories, or give --update with builds"));
            }
        }
    }
    let new = if is_update { Candidate::Update(new) } else { Candidate::Inputs(new) };
    Ok((old, new))
}

fn inputs(one: &Option<String>, several: &[String]) -> Vec<Named> {
    one.iter().chain(several).cloned().map(Named::from).collect()
}
