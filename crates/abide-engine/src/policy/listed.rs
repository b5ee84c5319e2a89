//! Which package promises what: the lists of a policy file, and how names are matched.

use abide_model::ArtifactFacts;
use bstr::{BStr, ByteSlice};

use super::Promise;
use crate::suppress::Regexp;

/// What packages promise.
#[derive(Clone, Debug)]
pub struct Compatibility {
    /// The level of packages that are not listed; `None`: their findings count as the rules say.
    pub default: Option<u8>,
    /// What the levels 1 to 4 mean.
    pub promises: [Promise; 4],
    /// The lists; the first that matches counts.
    pub listed: Vec<Listed>,
}

impl Default for Compatibility {
    fn default() -> Self {
        Compatibility { default: None, promises: [1, 2, 3, 4].map(Promise::standard), listed: Vec::new() }
    }
}

/// Packages of one level.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Names of packages.
    pub packages: Vec<Pattern>,
    /// Their artifacts that are meant; empty for all.
    pub artifacts: Vec<Pattern>,
    /// 1 to 4.
    pub level: u8,
}

/// A name, a pattern, or the beginning of a path or file name.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// The whole name.
    Exact(String),
    /// `*` for anything and `?` for one character.
    Glob(Glob),
    /// The beginning, as rpminspect compares names of libraries.
    Prefix(String),
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob(Regexp);

impl Pattern {
    /// Reads a name, in which `*` and `?` make a pattern; the error is one sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        match text.contains(['*', '?']) {
            true => Ok(Pattern::Glob(Glob(Regexp::glob(text)?))),
            false => Ok(Pattern::Exact(text.to_string())),
        }
    }

    fn matches(&self, name: &BStr) -> bool {
        match self {
            Pattern::Exact(text) => name == text.as_bytes(),
            Pattern::Glob(Glob(regexp)) => regexp.is_match(name),
            Pattern::Prefix(text) => name.starts_with(text.as_bytes()),
        }
    }
}

impl Compatibility {
    /// The promise about a package or one of its artifacts.
    pub(super) fn promise(
        &self,
        packages: [Option<&str>; 2],
        files: [Option<&ArtifactFacts>; 2],
    ) -> Option<Promise> {
        // The reference's name decides; a package that only the candidate has stands for itself.
        let package = packages[0].or(packages[1]);
        let listed = package.and_then(|name| self.listed.iter().find(|l| l.matches(name, &files)));
        let level = listed.map(|l| l.level).or(self.default)?;
        self.promises.iter().copied().find(|promise| promise.level == level)
    }
}

impl Listed {
    fn matches(&self, package: &str, files: &[Option<&ArtifactFacts>; 2]) -> bool {
        let is_meant =
            |facts: &ArtifactFacts| names(facts).any(|n| self.artifacts.iter().any(|a| a.matches(n)));
        self.packages.iter().any(|p| p.matches(BStr::new(package)))
            && (self.artifacts.is_empty() || files.iter().flatten().any(|facts| is_meant(facts)))
    }
}

/// The soname, the paths, and the file names of an artifact.
fn names(facts: &ArtifactFacts) -> impl Iterator<Item = &BStr> {
    let paths = std::iter::once(&facts.path).chain(&facts.aliases).map(|path| path.as_bstr());
    let base = |path: &'_ BStr| path.rfind_byte(b'/').map_or(0, |at| at + 1);
    let both = paths.flat_map(move |path| [path, path[base(path)..].as_bstr()]);
    both.chain(facts.elf.soname.as_ref().map(|soname| soname.as_bstr()))
}
