//! A distribution as the metadata of its repositories lists it: which packages there are, what each provides and
//! requires. Nothing here says what is in a package; that are its facts ([`crate::PackageFacts`]).

use std::collections::BTreeSet;

use bstr::BStr;

use crate::gap::Gap;
use crate::package::{Nevra, PackageFormat};
use crate::strings::{StrId, StringTable};

/// What a package says about others, as dnf and apt understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationKind {
    /// Capabilities that it has.
    Provides,
    /// What must be installed with it.
    Requires,
    /// What is installed with it unless somebody objects.
    Recommends,
    /// What goes well with it.
    Suggests,
    /// What brings it in, as a recommendation the other way round.
    Supplements,
    /// What it goes well with.
    Enhances,
    /// What must not be installed with it.
    Conflicts,
    /// What it takes the place of.
    Obsoletes,
}

impl RelationKind {
    /// Every kind, in the order in which packages keep them.
    pub const ALL: [RelationKind; 8] = [
        RelationKind::Provides,
        RelationKind::Requires,
        RelationKind::Recommends,
        RelationKind::Suggests,
        RelationKind::Supplements,
        RelationKind::Enhances,
        RelationKind::Conflicts,
        RelationKind::Obsoletes,
    ];
}

/// How a relation compares versions: any of less, equal and greater; none of them for any version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sense(pub u8);

impl Sense {
    /// Any version.
    pub const ANY: Sense = Sense(0);
    /// `RPMSENSE_LESS`.
    pub const LESS: Sense = Sense(1 << 1);
    /// `RPMSENSE_GREATER`.
    pub const GREATER: Sense = Sense(1 << 2);
    /// `RPMSENSE_EQUAL`.
    pub const EQUAL: Sense = Sense(1 << 3);

    /// The part of `RPMSENSE_*` flags that compares.
    pub fn of_flags(flags: u32) -> Self {
        Sense(flags as u8 & (Self::LESS.0 | Self::GREATER.0 | Self::EQUAL.0))
    }

    /// The sign that createrepo writes (`LT`, `GE`, …) or that a dependency is written with (`<`, `>=`, `>>`, …).
    pub fn of_sign(sign: &str) -> Option<Self> {
        let (less, equal, greater) = (Self::LESS.0, Self::EQUAL.0, Self::GREATER.0);
        Some(Sense(match sign {
            "LT" | "<" | "<<" => less,
            "LE" | "<=" => less | equal,
            "EQ" | "=" | "==" => equal,
            "GE" | ">=" => greater | equal,
            "GT" | ">" | ">>" => greater,
            _ => return None,
        }))
    }

    /// Whether it has all of another's parts.
    pub fn has(self, part: Sense) -> bool {
        self.0 & part.0 == part.0
    }

    /// The sign as dependencies are written.
    pub fn sign(self) -> &'static str {
        match (self.has(Self::LESS), self.has(Self::EQUAL), self.has(Self::GREATER)) {
            (true, true, false) => "<=",
            (true, false, false) => "<",
            (false, true, false) => "=",
            (false, true, true) => ">=",
            (false, false, true) => ">",
            _ => "",
        }
    }
}

/// One capability with its comparison; both texts are in [`Metadata::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// Capability, path, or a rich dependency in parentheses.
    pub name: StrId,
    /// Comparison.
    pub sense: Sense,
    /// `[epoch:]version[-release]`, the empty text for none.
    pub version: StrId,
}

/// One package as a repository lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaPackage {
    /// Identity.
    pub nevra: Nevra,
    /// File name of the source package.
    pub source_package: Option<String>,
    /// Checksum of the package file with its kind (`sha256 …`): equal ones are the same file. Empty when unknown.
    pub checksum: String,
    /// Path of the package file in its repository.
    pub location: String,
    /// Index into [`Metadata::repositories`].
    pub repository: usize,
    /// Relations by [`RelationKind`], in the order of the metadata.
    pub relations: [Vec<Relation>; RelationKind::ALL.len()],
    /// Paths that the list of packages itself names: for dnf those below `/etc` and in folders of programs.
    pub files: Vec<StrId>,
    /// Debian's `Multi-Arch: foreign` or `allowed`: it serves packages of other architectures.
    pub serves_any_architecture: bool,
}

impl MetaPackage {
    /// A package without relations.
    pub fn new(nevra: Nevra) -> Self {
        MetaPackage {
            nevra,
            source_package: None,
            checksum: String::new(),
            location: String::new(),
            repository: 0,
            relations: Default::default(),
            files: Vec::new(),
            serves_any_architecture: false,
        }
    }

    /// The relations of one kind.
    pub fn relations(&self, kind: RelationKind) -> &[Relation] {
        &self.relations[kind as usize]
    }

    /// Adds a relation.
    pub fn add(&mut self, kind: RelationKind, relation: Relation) {
        self.relations[kind as usize].push(relation);
    }
}

/// One stream of a module, in one of its builds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleStream {
    /// Module.
    pub name: String,
    /// Stream.
    pub stream: String,
    /// Version of the build.
    pub version: u64,
    /// Whether it is used without being asked for.
    pub is_default: bool,
    /// Packages that belong to it, as `name-epoch:version-release.arch`.
    pub artifacts: Vec<String>,
    /// Modules that it needs, with the streams that do; no stream stands for any.
    pub requires: Vec<(String, Vec<String>)>,
}

/// One path of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedFile {
    /// Folder, with the slash at its end.
    pub folder: StrId,
    /// Name in the folder.
    pub name: StrId,
    /// Index into [`Metadata::packages`].
    pub package: u32,
    /// What it is.
    pub kind: ListedKind,
}

/// What a listed path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListedKind {
    /// A file or link.
    File,
    /// A folder.
    Folder,
    /// A path that the package claims without shipping anything for it.
    Ghost,
}

/// What the repositories of one side list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The input as the user named it.
    pub label: String,
    /// How versions are ordered and dependencies written.
    pub format: PackageFormat,
    /// Texts of relations and paths. The empty text is always among them.
    pub names: StringTable,
    /// Repositories as the user named them.
    pub repositories: Vec<String>,
    /// Software packages; neither sources nor debug information.
    pub packages: Vec<MetaPackage>,
    /// How many packages with sources or debug information there are besides.
    pub other_packages: usize,
    /// Streams of modules, in the order of the metadata.
    pub modules: Vec<ModuleStream>,
    /// All paths of all packages; `None` when they were not asked for or not all of them are known.
    pub files: Option<Vec<ListedFile>>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Metadata {
    /// No package yet.
    pub fn new(label: &str, format: PackageFormat) -> Self {
        let mut names = StringTable::default();
        names.intern(b"");
        Metadata {
            label: label.to_owned(),
            format,
            names,
            repositories: Vec::new(),
            packages: Vec::new(),
            other_packages: 0,
            modules: Vec::new(),
            files: None,
            gaps: Vec::new(),
        }
    }

    /// The text behind an id.
    pub fn text(&self, id: StrId) -> &BStr {
        self.names.get(id)
    }

    /// A relation with its texts added to the table.
    pub fn relation(&mut self, name: &str, sense: Sense, version: &str) -> Relation {
        let name = self.names.intern(name.as_bytes());
        Relation { name, sense, version: self.names.intern(version.as_bytes()) }
    }

    /// A relation as people write it: `foo >= 1.2`.
    pub fn spell(&self, relation: &Relation) -> String {
        match relation.sense.sign() {
            "" => self.text(relation.name).to_string(),
            sign => format!("{} {sign} {}", self.text(relation.name), self.text(relation.version)),
        }
    }

    /// Adds everything that another repository lists.
    pub fn append(&mut self, mut other: Metadata) {
        let ids: Vec<StrId> = other.names.iter().map(|text| self.names.intern(text)).collect();
        let id = |old: &mut StrId| *old = ids.get(old.0 as usize).copied().unwrap_or(StrId(0));
        let (before, repositories) = (self.packages.len() as u32, self.repositories.len());
        for package in &mut other.packages {
            package.repository += repositories;
            package.files.iter_mut().for_each(id);
            for relation in package.relations.iter_mut().flatten() {
                id(&mut relation.name);
                id(&mut relation.version);
            }
        }
        self.files = match (self.files.take(), other.files.take()) {
            (known, Some(mut more)) if known.is_some() || before == 0 => {
                for file in &mut more {
                    id(&mut file.folder);
                    id(&mut file.name);
                    file.package += before;
                }
                let mut files = known.unwrap_or_default();
                files.append(&mut more);
                Some(files)
            }
            // Without those of one repository they are not all.
            (known, None) if other.packages.is_empty() => known,
            _ => None,
        };
        if before == 0 {
            self.format = other.format;
        }
        self.repositories.append(&mut other.repositories);
        self.packages.append(&mut other.packages);
        self.other_packages += other.other_packages;
        self.modules.append(&mut other.modules);
        self.gaps.append(&mut other.gaps);
    }
}

impl Metadata {
    /// Puts builds in the place of all packages with the same names and architectures.
    pub fn update(&mut self, builds: Metadata) {
        let key = |package: &MetaPackage| (package.nevra.name.clone(), package.nevra.arch.clone());
        let replaced: BTreeSet<(String, String)> = builds.packages.iter().map(key).collect();
        let mut numbers = Vec::with_capacity(self.packages.len());
        let mut kept = 0;
        self.packages.retain(|package| {
            let keeps = !replaced.contains(&key(package));
            numbers.push(keeps.then_some(kept));
            kept += u32::from(keeps);
            keeps
        });
        if let Some(files) = &mut self.files {
            files.retain_mut(|file| {
                let number = numbers.get(file.package as usize).copied().flatten();
                file.package = number.unwrap_or_default();
                number.is_some()
            });
        }
        self.append(builds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str, requires: &str) -> Metadata {
        let mut metadata = Metadata::new(name, PackageFormat::Rpm);
        metadata.repositories.push(name.to_owned());
        let nevra = Nevra {
            name: name.to_owned(),
            epoch: 0,
            version: "1".to_owned(),
            release: "1".to_owned(),
            arch: "noarch".to_owned(),
        };
        let relation = metadata.relation(requires, Sense::EQUAL, "1");
        let mut package = MetaPackage::new(nevra);
        package.add(RelationKind::Requires, relation);
        metadata.packages.push(package);
        metadata
    }

    #[test]
    fn repositories_are_joined_with_their_texts() {
        let mut all = Metadata::new("all", PackageFormat::Deb);
        all.append(listed("a", "x"));
        all.append(listed("b", "y"));
        assert_eq!(all.format, PackageFormat::Rpm);
        let spelled: Vec<String> = all
            .packages
            .iter()
            .map(|p| {
                format!(
                    "{} {}",
                    all.repositories[p.repository],
                    all.spell(&p.relations(RelationKind::Requires)[0])
                )
            })
            .collect();
        assert_eq!(spelled, ["a x = 1", "b y = 1"]);
    }

    #[test]
    fn files_are_known_when_those_of_all_repositories_are() {
        let with_files = |name: &str| Metadata { files: Some(Vec::new()), ..listed(name, "x") };
        let mut all = Metadata::new("all", PackageFormat::Rpm);
        all.append(with_files("a"));
        assert!(all.files.is_some());
        all.append(listed("b", "y"));
        assert!(all.files.is_none());
        all.append(with_files("c"));
        assert!(all.files.is_none());
    }

    #[test]
    fn signs_are_read_and_written() {
        for (text, sign) in [("LT", "<"), ("LE", "<="), ("EQ", "="), ("GE", ">="), ("GT", ">")] {
            assert_eq!(Sense::of_sign(text).map(Sense::sign), Some(sign));
            assert_eq!(Sense::of_sign(sign), Sense::of_sign(text));
        }
        assert_eq!(Sense::of_sign("!="), None);
        assert_eq!(Sense::of_flags(0x100_000c).sign(), ">=");
    }
}
