//! One side's packages by what they provide: whether a requirement is met, and by whom.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{MetaPackage, Metadata, ModuleStream, PackageFormat, Relation, RelationKind, Sense, StrId};
use bstr::ByteSlice;
use rustc_hash::{FxHashMap, FxHashSet};

use super::rich::{self, Atom, Rich};
use crate::versions::meets;

/// Whether something in the side meets a requirement; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// Nothing does.
    No,
    /// A package of a module's stream does that is not used without being asked for.
    OtherStream,
    /// Only while another package is not installed.
    Conditional,
    /// It cannot be told: not all files are known, or the requirement cannot be read.
    Unknown,
    /// Something does.
    Yes,
}

/// Who has a capability.
#[derive(Clone, Copy)]
struct Provider {
    package: u32,
    sense: Sense,
    version: StrId,
}

/// The packages of one side by what they provide.
pub(crate) struct Index<'a> {
    pub(crate) metadata: &'a Metadata,
    /// Providers of the name with the number `n` are those from `starts[n]` on to `starts[n + 1]`.
    starts: Vec<u32>,
    providers: Vec<Provider>,
    /// Owners of the paths that anything requires.
    files: FxHashMap<String, Vec<u32>>,
    /// Index into the side's streams by package.
    streams: Vec<Option<u32>>,
    /// Architectures that packages of a name are for.
    by_name: FxHashMap<&'a str, BTreeSet<&'a str>>,
    /// How many packages there are for each architecture.
    pub(crate) architectures: BTreeMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    /// Indexes a side; `paths` are all that anything requires, on either side.
    pub(crate) fn new(metadata: &'a Metadata, paths: &FxHashSet<String>) -> Self {
        let (starts, providers) = providers(metadata);
        let (files, streams) = (owners(metadata, paths), streams(metadata));
        let mut by_name: FxHashMap<&str, BTreeSet<&str>> = FxHashMap::default();
        let mut architectures = BTreeMap::new();
        for package in &metadata.packages {
            by_name.entry(&package.nevra.name).or_default().insert(&package.nevra.arch);
            *architectures.entry(package.nevra.arch.as_str()).or_default() += 1;
        }
        Index { metadata, starts, providers, files, streams, by_name, architectures }
    }

    /// The architectures that packages of a name are for.
    pub(crate) fn architectures_of(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// A package by its number.
    pub(crate) fn package(&self, number: usize) -> &'a MetaPackage {
        &self.metadata.packages[number]
    }

    /// The stream that a package belongs to.
    pub(crate) fn stream(&self, package: usize) -> Option<&'a ModuleStream> {
        self.metadata.modules.get((*self.streams.get(package)?)? as usize)
    }

    /// Whether anything provides a name, whatever the version.
    pub(crate) fn has_name(&self, name: &[u8]) -> bool {
        self.metadata.names.find(name).is_some_and(|id| !self.of_name(id).is_empty())
    }

    fn of_name(&self, id: StrId) -> &[Provider] {
        let at = id.0 as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => &self.providers[*from as usize..*to as usize],
            _ => &[],
        }
    }

    /// Versions of a name that are provided, with how they compare.
    pub(crate) fn versions(&self, name: &[u8]) -> impl Iterator<Item = (Sense, &'a str)> {
        let id = self.metadata.names.find(name);
        let found = id.map_or(&[][..], |id| self.of_name(id));
        found.iter().map(|provider| (provider.sense, self.text(provider.version)))
    }

    pub(crate) fn text(&self, id: StrId) -> &'a str {
        self.metadata.text(id).to_str().unwrap_or_default()
    }

    /// The packages that have a capability, sorted.
    pub(crate) fn providers(&self, atom: &Atom<'_>) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(id) = self.metadata.names.find(atom.name.as_bytes()) {
            let format = self.metadata.format;
            let fits =
                |p: &&Provider| meets(format, (p.sense, self.text(p.version)), (atom.sense, atom.version));
            found.extend(self.of_name(id).iter().filter(fits).map(|p| p.package));
        }
        if atom.name.starts_with('/') {
            found.extend(self.files.get(atom.name).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a requirement of `package` is met. `package` is on `side`, which may be the other one.
    pub(crate) fn answer(&self, name: &str, sense: Sense, version: &str, asks: &Asking<'_>) -> Answer {
        if !rich::is_rich(name) {
            return self.atom(&Atom { name, sense, version }, asks);
        }
        match rich::parse(name) {
            Some(rich) => self.rich(&rich, asks),
            None => Answer::Unknown,
        }
    }

    fn atom(&self, atom: &Atom<'_>, asks: &Asking<'_>) -> Answer {
        if is_of_the_tool(atom.name) {
            return Answer::Yes;
        }
        let found = self.providers(atom);
        let best = found.iter().map(|provider| asks.sees(self, *provider as usize)).max();
        match best {
            Some(answer) if answer > Answer::No => answer,
            _ if atom.name.starts_with('/') && self.metadata.files.is_none() => Answer::Unknown,
            _ => Answer::No,
        }
    }

    fn rich(&self, rich: &Rich<'_>, asks: &Asking<'_>) -> Answer {
        match rich {
            Rich::Atom(atom) => self.atom(atom, asks),
            Rich::And(parts) => parts.iter().map(|p| self.rich(p, asks)).min().unwrap_or(Answer::Yes),
            Rich::Or(parts) => parts.iter().map(|p| self.rich(p, asks)).max().unwrap_or(Answer::No),
            Rich::If(two, other) => self.condition(&two[0], &two[1], other.as_deref(), asks),
            // `a unless b else c` is `c if b else a`.
            Rich::Unless(two, other) => match (self.rich(&two[0], asks), other.as_deref()) {
                (Answer::Yes, _) => Answer::Yes,
                (first, None) if self.rich(&two[1], asks) == Answer::No => first,
                (_, None) => Answer::Yes,
                (first, Some(other)) => match self.rich(&two[1], asks) {
                    Answer::No => first,
                    _ => first.max(self.rich(other, asks)),
                },
            },
            Rich::With(_) | Rich::Without(_) => match self.having(rich) {
                None => Answer::Unknown,
                Some(found) => {
                    let best = found.iter().map(|provider| asks.sees(self, *provider as usize)).max();
                    best.unwrap_or(Answer::No)
                }
            },
        }
    }

    /// `first if condition else other`.
    fn condition(
        &self,
        first: &Rich<'_>,
        condition: &Rich<'_>,
        other: Option<&Rich<'_>>,
        asks: &Asking<'_>,
    ) -> Answer {
        let otherwise = |cap: Answer| other.map_or(cap, |other| self.rich(other, asks).min(cap));
        match (self.rich(condition, asks), self.rich(first, asks)) {
            (Answer::No, _) => otherwise(Answer::Yes),
            (_, Answer::Yes) => Answer::Yes,
            (_, first) => first.max(otherwise(Answer::Conditional)),
        }
    }

    /// The packages that have everything that `with` joins; `None` for what no single package can have.
    pub(crate) fn having(&self, rich: &Rich<'_>) -> Option<Vec<u32>> {
        match rich {
            Rich::Atom(atom) => Some(self.providers(atom)),
            Rich::Or(parts) => {
                let mut all: Vec<u32> = Vec::new();
                for part in parts {
                    all.extend(self.having(part)?);
                }
                all.sort_unstable();
                all.dedup();
                Some(all)
            }
            Rich::With(parts) => {
                let mut parts = parts.iter();
                let mut all = self.having(parts.next()?)?;
                for part in parts {
                    let more = self.having(part)?;
                    all.retain(|package| more.binary_search(package).is_ok());
                }
                Some(all)
            }
            Rich::Without(two) => {
                let (mut all, less) = (self.having(&two[0])?, self.having(&two[1])?);
                all.retain(|package| less.binary_search(package).is_err());
                Some(all)
            }
            Rich::And(_) | Rich::If(..) | Rich::Unless(..) => None,
        }
    }
}

/// Who asks: its architecture and stream decide which packages may answer.
pub(crate) struct Asking<'a> {
    pub(crate) arch: &'a str,
    pub(crate) stream: Option<&'a ModuleStream>,
}

impl<'a> Asking<'a> {
    /// A package that asks on its own side.
    pub(crate) fn of(index: &Index<'a>, package: usize) -> Self {
        Asking { arch: &index.package(package).nevra.arch, stream: index.stream(package) }
    }

    /// Whether a package can answer.
    pub(crate) fn sees(&self, index: &Index<'_>, provider: usize) -> Answer {
        let package = index.package(provider);
        // rpm states what must be of one architecture in the name of the capability.
        let fits = index.metadata.format == PackageFormat::Rpm
            || package.serves_any_architecture
            || package.nevra.arch == self.arch
            || package.nevra.arch == "all"
            || self.arch == "all";
        match (fits, index.stream(provider)) {
            (false, _) => Answer::No,
            (true, None) => Answer::Yes,
            (true, Some(stream)) if stream.is_default || self.is_in_reach(stream) => Answer::Yes,
            (true, Some(_)) => Answer::OtherStream,
        }
    }

    /// Whether the stream is enabled wherever the asking package is installed.
    fn is_in_reach(&self, stream: &ModuleStream) -> bool {
        self.stream.is_some_and(|own| {
            (&own.name, &own.stream) == (&stream.name, &stream.stream)
                || own.requires.iter().any(|(name, streams)| {
                    *name == stream.name && (streams.is_empty() || streams.contains(&stream.stream))
                })
        })
    }
}

/// Whether a requirement is on the package manager itself.
pub(crate) fn is_of_the_tool(name: &str) -> bool {
    name.starts_with("rpmlib(") || name.starts_with("solvable:")
}

fn providers(metadata: &Metadata) -> (Vec<u32>, Vec<Provider>) {
    let mut starts = vec![0u32; metadata.names.len() + 2];
    let of = |package: &'_ MetaPackage| -> Vec<Relation> {
        let mut own = package.relations(RelationKind::Provides).to_vec();
        // Every package has its own name, also one whose metadata leaves that out.
        if let Some(name) = metadata.names.find(package.nevra.name.as_bytes())
            && !own.iter().any(|relation| relation.name == name)
        {
            own.push(Relation { name, sense: Sense::ANY, version: StrId(0) });
        }
        own
    };
    let all: Vec<Vec<Relation>> = metadata.packages.iter().map(of).collect();
    for relation in all.iter().flatten() {
        if let Some(start) = starts.get_mut(relation.name.0 as usize + 2) {
            *start += 1;
        }
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    // `starts[n + 1]` is where the next provider of the name goes; in the end it is where those of `n` end.
    let nobody = Provider { package: 0, sense: Sense::ANY, version: StrId(0) };
    let mut found = vec![nobody; starts.last().copied().unwrap_or(0) as usize];
    for (package, relations) in all.iter().enumerate() {
        for relation in relations {
            let Some(next) = starts.get_mut(relation.name.0 as usize + 1) else { continue };
            found[*next as usize] =
                Provider { package: package as u32, sense: relation.sense, version: relation.version };
            *next += 1;
        }
    }
    (starts, found)
}

/// The paths that a side's packages require, by any kind of relation that asks for something.
pub(crate) fn required_paths(metadata: &Metadata, paths: &mut FxHashSet<String>) {
    let mut seen = FxHashSet::default();
    for package in &metadata.packages {
        for kind in [RelationKind::Requires, RelationKind::Recommends] {
            for relation in package.relations(kind) {
                if !seen.insert(relation.name) {
                    continue;
                }
                let name = metadata.text(relation.name).to_str().unwrap_or_default();
                if name.starts_with('/') {
                    paths.insert(name.to_owned());
                } else if let Some(rich) = rich::is_rich(name).then(|| rich::parse(name)).flatten() {
                    rich.atoms(&mut |atom| {
                        if atom.name.starts_with('/') {
                            paths.insert(atom.name.to_owned());
                        }
                    });
                }
            }
        }
    }
}

/// The packages that have the wanted paths.
fn owners(metadata: &Metadata, paths: &FxHashSet<String>) -> FxHashMap<String, Vec<u32>> {
    let mut owners: FxHashMap<String, Vec<u32>> = FxHashMap::default();
    let mut by_id: FxHashMap<StrId, &String> = FxHashMap::default();
    let mut by_parts: FxHashMap<(StrId, StrId), &String> = FxHashMap::default();
    for path in paths {
        by_id.extend(metadata.names.find(path.as_bytes()).map(|id| (id, path)));
        let (folder, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
        let parts = (metadata.names.find(folder.as_bytes()), metadata.names.find(name.as_bytes()));
        if let (Some(folder), Some(name)) = parts {
            by_parts.insert((folder, name), path);
        }
    }
    for (number, package) in metadata.packages.iter().enumerate() {
        for path in package.files.iter().filter_map(|file| by_id.get(file)) {
            owners.entry((*path).clone()).or_default().push(number as u32);
        }
    }
    for file in metadata.files.iter().flatten() {
        // A path that is claimed without content meets a requirement, too.
        if let Some(path) = by_parts.get(&(file.folder, file.name)) {
            owners.entry((*path).clone()).or_default().push(file.package);
        }
    }
    owners
}

/// The stream of each package.
fn streams(metadata: &Metadata) -> Vec<Option<u32>> {
    let mut by_artifact: FxHashMap<&str, u32> = FxHashMap::default();
    for (number, stream) in metadata.modules.iter().enumerate() {
        by_artifact.extend(stream.artifacts.iter().map(|artifact| (artifact.as_str(), number as u32)));
    }
    if by_artifact.is_empty() {
        return Vec::new();
    }
    let stream = |package: &MetaPackage| {
        let n = &package.nevra;
        let artifact = format!("{}-{}:{}-{}.{}", n.name, n.epoch, n.version, n.release, n.arch);
        by_artifact.get(artifact.as_str()).copied()
    };
    metadata.packages.iter().map(stream).collect()
}
