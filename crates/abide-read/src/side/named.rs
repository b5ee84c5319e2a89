//! What a caller names as an input: a path or URL, and for a repository its mirrors and keys.

use std::path::PathBuf;

use super::opener::local_path;
use crate::fetch::{Fetcher, is_url};
use crate::repo::{Keys, Location, Mirrors, RepoError};

/// One input of a side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Path, http(s) or file URL, or a list of mirrors: `metalink=` or `mirrorlist=` and its URL or path.
    pub label: String,
    /// Further places with the same repository, in the order in which they are asked.
    pub mirrors: Vec<String>,
    /// Files with public keys, one of which must have signed the repository's metadata; without any, none is asked
    /// for.
    pub keys: Vec<PathBuf>,
}

impl From<&str> for Named {
    fn from(label: &str) -> Self {
        Named { label: label.to_owned(), ..Named::default() }
    }
}

impl From<String> for Named {
    fn from(label: String) -> Self {
        Named { label, ..Named::default() }
    }
}

impl Named {
    /// Where the repository is; `None` for what is a path.
    pub(crate) fn remote(&self) -> Option<Result<Location, RepoError>> {
        if let Some(mirrors) = Mirrors::of_label(&self.label) {
            return Some(mirrors.map(Location::Url));
        }
        let urls = || std::iter::once(&self.label).chain(&self.mirrors).cloned();
        is_url(&self.label).then(|| Ok(Location::Url(Mirrors::new(Fetcher::default(), urls()))))
    }

    /// The keys, read.
    pub(crate) fn keys(&self) -> Result<Keys, RepoError> {
        Keys::read(&self.keys)
    }

    /// The path of what is one.
    pub(crate) fn path(&self) -> PathBuf {
        local_path(&self.label)
    }
}

/// What a side is called that consists of several inputs.
pub(crate) fn label_of(inputs: &[Named]) -> String {
    let labels: Vec<&str> = inputs.iter().map(|input| input.label.as_str()).collect();
    labels.join(", ")
}
