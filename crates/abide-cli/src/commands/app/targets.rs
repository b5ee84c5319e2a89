//! What `--on` and `--from` name: a profile, this machine, a root directory, or inputs, which a distribution file may list.

use std::path::{Path, PathBuf};

use abide_distro::app::Profile;
use abide_read::side::Named;

use crate::error::CliError;
use crate::reading::Request;
use crate::sides::{self, DistributionFile};
use crate::systems::root_of;

/// A distribution, as far as its name tells.
pub(super) struct Target {
    /// What reports call it.
    pub(super) name: String,
    pub(super) what: What,
}

/// What a name turned out to be.
pub(super) enum What {
    BuiltIn(&'static Profile),
    Profile(Box<Profile>),
    /// This machine.
    Host,
    Root(PathBuf),
    /// Repositories, folders, packages, files or snapshots that are one distribution.
    Inputs(Request),
}

/// Which side of a distribution file is meant when its name does not say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Reference,
    Candidate,
}

impl Target {
    /// Looks at what `name` is; files of ours are read.
    pub(super) fn of(name: &str, side: Side) -> Result<Self, CliError> {
        let target = |what| Target { name: name.to_owned(), what };
        if let Some(profile) = Profile::built_in(name) {
            return Ok(target(What::BuiltIn(profile)));
        }
        if let Some(path) = root_of(name) {
            return Ok(target(if name == "host" { What::Host } else { What::Root(path) }));
        }
        let (file, side) = match name.rsplit_once('#') {
            Some((file, "reference")) => (file, Some(Side::Reference)),
            Some((file, "candidate")) => (file, Some(Side::Candidate)),
            _ => (name, Some(side).filter(|side| *side == Side::Reference)),
        };
        if file.ends_with(".toml") && Path::new(file).is_file() {
            return of_file(name, file, side);
        }
        let inputs = several(name);
        Ok(target(What::Inputs(Request { inputs, ..Request::default() })))
    }

    /// What is to be read of it; none for what is asked as it goes.
    pub(super) fn request(&self) -> Option<&Request> {
        match &self.what {
            What::Inputs(request) => Some(request),
            _ => None,
        }
    }

    /// The directory that it is, for whatever is to be found below it.
    pub(super) fn root(&self) -> Option<PathBuf> {
        match &self.what {
            What::Host => Some("/".into()),
            What::Root(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// The same for what looks for kernels, which takes a root directory for a folder.
    pub(super) fn request_for_kernels(&self) -> Request {
        match &self.what {
            What::Inputs(request) => request.clone(),
            _ => Request { inputs: vec![self.name.as_str().into()], ..Request::default() },
        }
    }

    /// Whether kernels can be in it: a profile and this machine's libraries say nothing of one.
    pub(super) fn may_have_kernels(&self) -> bool {
        matches!(self.what, What::Root(_) | What::Inputs(_))
    }
}

/// A file of ours: a distribution file, or a profile.
fn of_file(name: &str, file: &str, side: Option<Side>) -> Result<Target, CliError> {
    let failed = |what: &str, error: &dyn std::error::Error| {
        CliError::input(&format!("failed to read {what} {file}"), error)
    };
    let text = std::fs::read_to_string(file).map_err(|e| failed("the file", &e))?;
    let is_distribution = text.parse::<toml::Table>().is_ok_and(|t| !t.contains_key("format"));
    if is_distribution || name != file {
        return of_distribution(name, &sides::read(Path::new(file))?, side);
    }
    let profile = Profile::read(&text).map_err(|e| failed("the profile", &e))?;
    Ok(Target { name: name.to_owned(), what: What::Profile(Box::new(profile)) })
}

/// One side of a distribution file: the one that is named, or else the candidate, or the only one that there is.
fn of_distribution(name: &str, file: &DistributionFile, side: Option<Side>) -> Result<Target, CliError> {
    let distribution = &file.distribution;
    let chosen = match side {
        Some(Side::Reference) => &distribution.reference,
        Some(Side::Candidate) => distribution.candidate.as_ref().ok_or_else(|| {
            let error = CliError::usage(format!("{} names no candidate", distribution.file));
            error.hint("add [candidate] with its repositories, or ask for the reference")
        })?,
        None => distribution.candidate.as_ref().unwrap_or(&distribution.reference),
    };
    let (inputs, debuginfo) = file.inputs(chosen);
    let name = match &chosen.name {
        Some(called) => format!("{called} ({name})"),
        None => name.to_owned(),
    };
    let architectures = distribution.architectures.clone();
    Ok(Target {
        name,
        what: What::Inputs(Request { inputs, debuginfo, architectures, ..Request::default() }),
    })
}

/// Repositories that are one distribution have commas between them.
fn several(name: &str) -> Vec<Named> {
    if Path::new(name).exists() {
        vec![name.into()]
    } else {
        name.split(',').filter(|part| !part.is_empty()).map(Into::into).collect()
    }
}
