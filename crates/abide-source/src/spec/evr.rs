//! Epoch, version and release of a spec, as a changelog names them: without the distribution's mark.

use super::Spec;
use super::macros::{Macros, Preamble, Unknown, preamble};

/// Stands where the distribution's mark (`%{?dist}`) would be.
pub const DIST: char = '\u{1}';

/// Epoch, version, release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evr {
    /// The epoch, when one is set.
    pub epoch: Option<String>,
    /// The version.
    pub version: String,
    /// The release; [`DIST`] stands for the distribution's mark.
    pub release: String,
}

impl Evr {
    /// `epoch:version-release` without the distribution's mark.
    pub fn shown(&self) -> String {
        let epoch = self.epoch.as_ref().map_or(String::new(), |epoch| format!("{epoch}:"));
        format!("{epoch}{}-{}", self.version, self.release.replace(DIST, ""))
    }
}

/// Which values are taken as they are written, with their macros.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw {
    /// The version.
    pub version: bool,
    /// The release.
    pub release: bool,
}

/// Why there is no EVR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvrError {
    /// The tag is not in the spec.
    #[error("the spec has no {0} tag")]
    NoTag(&'static str),
    /// The value needs more than definitions.
    #[error("{tag} ({raw}) is not known without running rpm: {reason}")]
    Unknown {
        /// Which tag.
        tag: &'static str,
        /// As written.
        raw: String,
        /// Why.
        reason: Unknown,
    },
}

/// The macros that every spec starts with: the distribution's mark and the release of Enterprise Linux, if given.
pub fn macros(el_version: Option<&str>) -> Macros {
    let mut macros = Macros::default();
    macros.define("dist", &DIST.to_string());
    match el_version {
        Some(version) => {
            macros.define("rhel", version);
            macros.define(&format!("el{version}"), "1");
        }
        None => macros.unknown("rhel", "the release of Enterprise Linux was not given (--el-version)"),
    }
    macros
}

/// The EVR of the source package.
pub fn evr(spec: &Spec, el_version: Option<&str>, raw: Raw) -> Result<Evr, EvrError> {
    let preamble = preamble(spec, macros(el_version));
    let epoch = match preamble.tag("epoch") {
        Some(_) => Some(value(&preamble, "epoch", "Epoch", false)?),
        None => None,
    };
    Ok(Evr {
        epoch,
        version: value(&preamble, "version", "Version", raw.version)?,
        release: value(&preamble, "release", "Release", raw.release)?,
    })
}

fn value(preamble: &Preamble, tag: &str, shown: &'static str, raw: bool) -> Result<String, EvrError> {
    let tag = preamble.tag(tag).ok_or(EvrError::NoTag(shown))?;
    if raw {
        return Ok(tag.raw.clone());
    }
    let reason = match &tag.value {
        Ok(text) if !text.is_empty() && !text.contains(['%', '\n', ' ', '\t']) => return Ok(text.clone()),
        Ok(text) => Unknown(format!("it becomes {text:?}")),
        Err(reason) => reason.clone(),
    };
    Err(EvrError::Unknown { tag: shown, raw: tag.raw.clone(), reason })
}
