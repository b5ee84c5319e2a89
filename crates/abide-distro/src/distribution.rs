//! Distribution files: which repositories are the reference and which the candidate, and by what they are judged.
//!
//! What lives here: the form of `distribution.toml` and its errors, for every command that works on a distribution. What
//! does not: files and networks; paths are as the file has them, relative to its folder. `docs/distributions.md` is
//! the manual.

use abide_engine::suppress::{Date, SuppressError, Suppressions, Waiver};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// Two distributions, or one, as a file describes them.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// The file as the caller named it.
    pub file: String,
    /// Architectures that count, besides packages for all; none stands for all that there are.
    pub architectures: Vec<String>,
    /// Policy file.
    pub policy: Option<String>,
    /// Suppression files.
    pub suppressions: Vec<String>,
    /// Files with the symbols that are the interface.
    pub symbol_lists: Vec<String>,
    /// The side whose binary interface is the promise.
    pub reference: DistributionSide,
    /// The side that must keep it; absent in a file that describes one distribution.
    pub candidate: Option<DistributionSide>,
    /// Where bugs are run.
    pub environments: Vec<BugEnvironment>,
    waivers: Vec<(u32, Waiver)>,
}

/// A system in which the reproducers of bugs are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BugEnvironment {
    /// Line of the file, from 1.
    pub line: u32,
    /// What it stands for: candidate, stream, reference, older.
    pub role: String,
    /// What people call it.
    pub name: Option<String>,
    /// What it is.
    pub place: BugPlace,
}

/// What an environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BugPlace {
    /// A root tree.
    Root(String),
    /// An OCI image or archive.
    Image(String),
    /// A command with `{script}` in it.
    Command(String),
}

/// One side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionSide {
    /// What people call it.
    pub name: Option<String>,
    /// Repositories with its packages.
    pub repositories: Vec<Repository>,
    /// Repositories, folders or packages with debug information.
    pub debuginfo: Vec<String>,
}

/// One repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// Folder or URL, or the URL or path of a list of mirrors behind `metalink=` or `mirrorlist=`.
    pub location: String,
    /// Further places with the same content, in the order in which they are asked.
    pub mirrors: Vec<String>,
    /// Files with public keys, one of which must have signed the metadata; none asks for no signature.
    pub keys: Vec<String>,
}

/// Why a distribution file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct DistributionError {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    architectures: Vec<String>,
    policy: Option<String>,
    #[serde(default)]
    suppressions: Vec<String>,
    #[serde(default)]
    symbol_lists: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    reference: Spanned<SideTable>,
    candidate: Option<Spanned<SideTable>>,
    #[serde(default)]
    environment: Vec<Spanned<EnvironmentTable>>,
    #[serde(default)]
    waiver: Vec<Spanned<Waiver>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentTable {
    role: String,
    name: Option<String>,
    root: Option<String>,
    image: Option<String>,
    command: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SideTable {
    name: Option<String>,
    repositories: Vec<Spanned<RepositoryEntry>>,
    #[serde(default)]
    debuginfo: Vec<String>,
    keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RepositoryEntry {
    Location(String),
    Table(RepositoryTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryTable {
    location: Option<String>,
    #[serde(default)]
    mirrors: Vec<String>,
    metalink: Option<String>,
    mirrorlist: Option<String>,
    keys: Option<Vec<String>>,
}

const HINT: &str = "a distribution file has [reference] and [candidate] with repositories = [\"…\"], and may have \
    architectures, policy, suppressions, symbol-lists, keys, [[environment]] and [[waiver]]";

impl Distribution {
    /// Reads a distribution file; `name` is how messages call it.
    ///
    /// ```
    /// # use abide_distro::distribution::Distribution;
    /// let text = "[reference]\nrepositories = [\"ref\", { metalink = \"https://example.org/m\" }]\n";
    /// let read = Distribution::parse("distribution.toml", text.as_bytes()).unwrap();
    /// assert_eq!(read.reference.repositories[1].location, "metalink=https://example.org/m");
    /// assert!(read.candidate.is_none());
    /// ```
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, DistributionError> {
        let place = Place { file: name, bytes };
        let text = std::str::from_utf8(bytes)
            .map_err(|e| place.error(e.valid_up_to(), "the file is not UTF-8", "save it as UTF-8"))?;
        let file: File = toml::from_str(text)
            .map_err(|e| place.error(e.span().map_or(0, |span| span.start), e.message(), HINT))?;
        let line = |waiver: &Spanned<Waiver>| place.line(waiver.span().start);
        Ok(Distribution {
            file: name.to_owned(),
            reference: place.side(file.reference, &file.keys)?,
            candidate: file.candidate.map(|side| place.side(side, &file.keys)).transpose()?,
            environments: file
                .environment
                .into_iter()
                .map(|entry| place.environment(entry))
                .collect::<Result<_, _>>()?,
            waivers: file.waiver.into_iter().map(|w| (line(&w), w.into_inner())).collect(),
            architectures: file.architectures,
            policy: file.policy,
            suppressions: file.suppressions,
            symbol_lists: file.symbol_lists,
        })
    }

    /// The waivers as suppressions; those that expired before `today` cover nothing.
    pub fn waivers(&self, today: Date) -> Result<Suppressions, SuppressError> {
        Suppressions::of_waivers(&self.file, self.waivers.iter().cloned(), today)
    }
}

/// The file that is read, for messages.
struct Place<'a> {
    file: &'a str,
    bytes: &'a [u8],
}

impl Place<'_> {
    fn line(&self, at: usize) -> u32 {
        let before = &self.bytes[..at.min(self.bytes.len())];
        u32::try_from(before.iter().filter(|b| **b == b'\n').count())
            .map_or(u32::MAX, |line| line.saturating_add(1))
    }

    fn error(&self, at: usize, message: &str, hint: &str) -> DistributionError {
        let (file, line) = (self.file.to_owned(), self.line(at));
        DistributionError { file, line, message: message.to_owned(), hint: hint.to_owned() }
    }

    /// A side, whose keys are its own or else those of the whole file.
    fn side(
        &self,
        table: Spanned<SideTable>,
        keys: &[String],
    ) -> Result<DistributionSide, DistributionError> {
        let at = table.span().start;
        let SideTable { name, repositories, debuginfo, keys: own } = table.into_inner();
        let keys = own.as_deref().unwrap_or(keys);
        if repositories.is_empty() {
            return Err(self.error(at, "the side has no repository", "name a folder or URL in repositories"));
        }
        let repositories = repositories.into_iter().map(|entry| self.repository(entry, keys));
        Ok(DistributionSide { name, repositories: repositories.collect::<Result<_, _>>()?, debuginfo })
    }

    fn environment(&self, entry: Spanned<EnvironmentTable>) -> Result<BugEnvironment, DistributionError> {
        let at = entry.span().start;
        let EnvironmentTable { role, name, root, image, command } = entry.into_inner();
        let place = match (root, image, command) {
            (Some(root), None, None) => BugPlace::Root(root),
            (None, Some(image), None) => BugPlace::Image(image),
            (None, None, Some(command)) => BugPlace::Command(command),
            _ => {
                let hint = "give one of root, image and command";
                return Err(self.error(at, "the environment must be in one place", hint));
            }
        };
        Ok(BugEnvironment { line: self.line(at), role, name, place })
    }

    fn repository(
        &self,
        entry: Spanned<RepositoryEntry>,
        keys: &[String],
    ) -> Result<Repository, DistributionError> {
        let at = entry.span().start;
        let table = match entry.into_inner() {
            RepositoryEntry::Location(location) => {
                return Ok(Repository { location, mirrors: Vec::new(), keys: keys.to_vec() });
            }
            RepositoryEntry::Table(table) => table,
        };
        let list = |kind: &str, url: Option<String>| url.map(|url| format!("{kind}={url}"));
        let mut locations =
            [table.location, list("metalink", table.metalink), list("mirrorlist", table.mirrorlist)]
                .into_iter()
                .flatten();
        let hint =
            "give one of location, metalink and mirrorlist; further places of a location go to mirrors";
        match (locations.next(), locations.next()) {
            (Some(location), None) => Ok(Repository {
                location,
                mirrors: table.mirrors,
                keys: table.keys.unwrap_or_else(|| keys.to_vec()),
            }),
            (None, _) => Err(self.error(at, "the repository has no location", hint)),
            (Some(_), Some(_)) => Err(self.error(at, "the repository has several locations", hint)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
architectures = ["x86_64", "i686"]
policy = "policy.toml"
keys = ["all.asc"]

[reference]
name = "Reference 9"
repositories = ["ref/BaseOS", { location = "https://a/x", mirrors = ["https://b/x"], keys = ["x.asc"] }]
debuginfo = ["ref/debug"]

[candidate]
repositories = [{ mirrorlist = "https://m/list" }]
keys = []

[[waiver]]
rule = "package-removed"
package = "foo"
reason = "never shipped"
owner = "team"
expires = "2030-01-01"
"#;

    #[test]
    fn sides_have_repositories_with_keys() {
        let read = Distribution::parse("d.toml", TEXT.as_bytes()).unwrap();
        let reference = &read.reference.repositories;
        assert_eq!(reference[0].keys, ["all.asc"]);
        assert_eq!(
            (&reference[1].mirrors[..], &reference[1].keys[..]),
            (&["https://b/x".to_owned()][..], &["x.asc".to_owned()][..])
        );
        let candidate = &read.candidate.as_ref().unwrap().repositories[0];
        assert_eq!((candidate.location.as_str(), candidate.keys.len()), ("mirrorlist=https://m/list", 0));
        let day = |text| Date::parse(text).unwrap();
        assert_eq!(read.waivers(day("2029-12-31")).unwrap().expired().len(), 0);
        assert_eq!(read.waivers(day("2030-01-02")).unwrap().expired().len(), 1);
    }

    #[test]
    fn errors_name_line_and_next_step() {
        let fail = |text: &str| Distribution::parse("d.toml", text.as_bytes()).unwrap_err().to_string();
        assert!(fail("\n[reference]\nrepository = []\n").starts_with("d.toml:3: unknown field `repository`"));
        assert_eq!(fail("[reference]\nrepositories = []\n"), "d.toml:1: the side has no repository");
        assert_eq!(
            fail("[reference]\nrepositories = [\n{ location = \"a\", metalink = \"b\" }]\n"),
            "d.toml:3: the repository has several locations"
        );
        assert!(fail("").contains("missing field `reference`"));
    }

    #[test]
    fn environments_are_in_one_place() {
        let with = |entry: &str| {
            let text = format!("{TEXT}\n[[environment]]\nrole = \"candidate\"\n{entry}\n");
            Distribution::parse("d.toml", text.as_bytes())
        };
        let read = with("name = \"Ours 9\"\nroot = \"roots/9\"").unwrap();
        let environment = &read.environments[0];
        assert_eq!((environment.line, &environment.place), (22, &BugPlace::Root("roots/9".to_owned())));
        for entry in ["", "root = \"a\"\nimage = \"b\""] {
            let error = with(entry).unwrap_err().to_string();
            assert_eq!(error, "d.toml:22: the environment must be in one place");
        }
    }

    #[test]
    fn waivers_need_owner_and_end() {
        for (line, missing) in
            [("owner = \"team\"\n", "owner"), ("expires = \"2030-01-01\"\n", "date of expiry")]
        {
            let text = TEXT.replace(line, "");
            let read = Distribution::parse("d.toml", text.as_bytes()).unwrap();
            let error = read.waivers(Date::parse("2026-01-01").unwrap()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("the waiver has no {missing}")), "{error}");
        }
    }
}
