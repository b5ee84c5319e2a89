//! Installed packages: lists as dpkg and rpm have them, and how two lists differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Installed {
    /// Name.
    pub name: String,
    /// `[epoch:]version[-release]`.
    pub version: String,
    /// Architecture; empty when the list does not say.
    pub arch: String,
    /// Source package; empty when the list does not say.
    pub source: String,
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)?;
        if self.arch.is_empty() { Ok(()) } else { write!(f, " {}", self.arch) }
    }
}

/// All installed packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageSet(BTreeSet<Installed>);

impl PackageSet {
    /// Reads dpkg's status file (`/var/lib/dpkg/status`); only what is installed counts.
    pub fn of_dpkg_status(text: &str) -> Self {
        let packages = text.split("\n\n").filter_map(|stanza| {
            let field = |wanted: &str| {
                stanza.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
                })
            };
            let is_installed = field("Status")?.split(' ').next_back() == Some("installed");
            let name = field("Package")?;
            let source = field("Source").map(|s| s.split(' ').next().unwrap_or_default().to_owned());
            is_installed.then_some(Installed {
                version: field("Version")?,
                arch: field("Architecture").unwrap_or_default(),
                source: source.unwrap_or_else(|| name.clone()),
                name,
            })
        });
        PackageSet(packages.collect())
    }

    /// Reads lines of people and programs: `name version [arch [source]]`, tabs or spaces between them, dpkg's
    /// `ii` lines, or a NEVRA (`name-[epoch:]version-release.arch`). Lines that are none of these are counted.
    pub fn of_lines(text: &str) -> (Self, usize) {
        let mut packages = BTreeSet::new();
        let mut odd = 0;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            if words.len() > 3 && words[0] == "ii" {
                words.remove(0);
                words.truncate(3);
            }
            let package = match words[..] {
                [nevra] => of_nevra(nevra),
                [name, version, ref rest @ ..] if version.starts_with(|c: char| c.is_ascii_digit()) => {
                    let word = |at: usize| rest.get(at).map(|w| (*w).to_owned()).unwrap_or_default();
                    let name = name.split(':').next().unwrap_or(name).to_owned();
                    // rpm names the file of the source package: `name-version-release.src.rpm`.
                    let source = word(1);
                    let source = match source.strip_suffix(".src.rpm") {
                        Some(file) => file.rsplitn(3, '-').nth(2).unwrap_or(file).to_owned(),
                        None => source,
                    };
                    Some(Installed { name, version: version.to_owned(), arch: word(0), source })
                }
                _ => None,
            };
            match package {
                Some(package) => drop(packages.insert(package)),
                None => odd += 1,
            }
        }
        (PackageSet(packages), odd)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All packages, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Installed> {
        self.0.iter()
    }

    /// Number of packages.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Digest of the sorted list.
    pub fn digest(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for package in &self.0 {
            hash.update(format!("{package}\n").as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// Packages of this name, then those made from a source package of this name.
    pub fn of(&self, name: &str) -> Vec<&Installed> {
        let exact = self.0.iter().filter(|package| package.name == name);
        let built = self.0.iter().filter(|package| package.name != name && package.source == name);
        exact.chain(built).collect()
    }

    /// What differs in another list: name, versions here, versions there.
    pub fn differences(&self, other: &PackageSet) -> Vec<Difference> {
        let (ours, theirs) = (self.versions(), other.versions());
        let names: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
        let of = |map: &BTreeMap<&str, Vec<&str>>, name| map.get(name).map(|v| v.join(", "));
        names
            .into_iter()
            .map(|name| Difference { name: name.to_owned(), here: of(&ours, name), there: of(&theirs, name) })
            .filter(|difference| difference.here != difference.there)
            .collect()
    }

    fn versions(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for package in &self.0 {
            // A list may have epochs of 0 that another leaves out.
            let version = package.version.strip_prefix("0:").unwrap_or(&package.version);
            let own = versions.entry(&package.name).or_default();
            if !own.contains(&version) {
                own.push(version);
            }
        }
        versions
    }
}

/// A package that differs between two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// Versions in the one list.
    pub here: Option<String>,
    /// Versions in the other.
    pub there: Option<String>,
}

fn of_nevra(text: &str) -> Option<Installed> {
    let text = text.strip_suffix(".rpm").unwrap_or(text);
    let (rest, arch) = text.rsplit_once('.')?;
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    (is_version && !name.is_empty()).then(|| Installed {
        name: name.to_owned(),
        version: format!("{version}-{release}"),
        arch: arch.to_owned(),
        source: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: libfoo1\nStatus: install ok installed\nArchitecture: amd64\nSource: foo (1.2)\n\
        Version: 1:1.2-3\nDescription: x\n more\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n";

    #[test]
    fn dpkg_knows_what_is_installed() {
        let set = PackageSet::of_dpkg_status(STATUS);
        let all: Vec<String> = set.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["libfoo1 1:1.2-3 amd64"]);
        assert_eq!(set.of("foo").len(), 1);
        assert_ne!(set.digest(), PackageSet::default().digest());
    }

    #[test]
    fn lists_of_people_are_read() {
        let text = "# mine\nbash-5.1.8-9.el9.x86_64\nglibc 2.34-1 x86_64\nii  libc6:amd64  2.36-9  amd64  GNU C\n\
            Desired=Unknown/Install\n";
        let (set, odd) = PackageSet::of_lines(text);
        let all: Vec<String> = set.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["bash 5.1.8-9.el9 x86_64", "glibc 2.34-1 x86_64", "libc6 2.36-9 amd64"]);
        assert_eq!(odd, 1);
    }

    #[test]
    fn two_lists_differ_by_version() {
        let read = |text: &str| PackageSet::of_lines(text).0;
        let differences = read("a 1\nb 0:1\nc 1").differences(&read("a 2\nb 1\nd 1"));
        let shown: Vec<_> =
            differences.iter().map(|d| (d.name.as_str(), d.here.as_deref(), d.there.as_deref())).collect();
        assert_eq!(shown, [("a", Some("1"), Some("2")), ("c", Some("1"), None), ("d", None, Some("1"))]);
    }
}
