//! What repositories list, in a snapshot: a table of names of its own, since the list numbers its names already.

use abide_model::{
    Gap, GapKind, ListedFile, ListedKind, MetaPackage, Metadata, ModuleStream, Nevra, PackageFormat,
    Relation, Sense, StrId,
};
use serde::{Deserialize, Serialize};

use super::error::SnapshotError;
use super::mirror::Strings;

/// A list of packages and its names.
#[derive(Serialize, Deserialize)]
pub(super) struct Listed<'a> {
    #[serde(borrow)]
    names: Strings<'a>,
    label: String,
    is_deb: bool,
    repositories: Vec<String>,
    packages: Vec<Package>,
    other_packages: u64,
    modules: Vec<Module>,
    /// Folder, name, package, kind.
    files: Option<Vec<(u32, u32, u32, u8)>>,
    gaps: Vec<(String, Vec<u8>, String)>,
}

#[derive(Serialize, Deserialize)]
struct Package {
    /// Name, version, release, architecture.
    nevra: [String; 4],
    epoch: u32,
    source_package: Option<String>,
    checksum: String,
    location: String,
    repository: u64,
    /// For each kind: name, comparison, version.
    relations: [Vec<(u32, u8, u32)>; 8],
    files: Vec<u32>,
    serves_any_architecture: bool,
}

#[derive(Serialize, Deserialize)]
struct Module {
    name: String,
    stream: String,
    version: u64,
    is_default: bool,
    artifacts: Vec<String>,
    requires: Vec<(String, Vec<String>)>,
}

/// The names of a list, one after the other.
pub(super) fn names(metadata: &Metadata) -> (Vec<u32>, Vec<u8>) {
    let lengths = metadata.names.iter().map(|name| name.len() as u32).collect();
    (lengths, metadata.names.iter().flat_map(|name| name.iter().copied()).collect())
}

/// The mirror of a list; `names` are those of [`names`].
pub(super) fn mirror<'a>(metadata: &Metadata, names: &'a (Vec<u32>, Vec<u8>)) -> Listed<'a> {
    let Metadata { label, format, names: _, repositories, packages, other_packages, modules, files, gaps } =
        metadata;
    let file = |f: &ListedFile| (f.folder.0, f.name.0, f.package, f.kind as u8);
    let gap = |gap: &Gap| (gap.kind.id().to_owned(), gap.subject.to_vec(), gap.detail.clone());
    Listed {
        names: Strings { lengths: names.0.clone(), bytes: &names.1 },
        label: label.clone(),
        is_deb: *format == PackageFormat::Deb,
        repositories: repositories.clone(),
        packages: packages.iter().map(package).collect(),
        other_packages: *other_packages as u64,
        modules: modules.iter().map(module).collect(),
        files: files.as_ref().map(|files| files.iter().map(file).collect()),
        gaps: gaps.iter().map(gap).collect(),
    }
}

fn package(package: &MetaPackage) -> Package {
    let MetaPackage {
        nevra: Nevra { name, epoch, version, release, arch },
        source_package,
        checksum,
        location,
        repository,
        relations,
        files,
        serves_any_architecture,
    } = package;
    let relation = |r: &Relation| (r.name.0, r.sense.0, r.version.0);
    Package {
        nevra: [name.clone(), version.clone(), release.clone(), arch.clone()],
        epoch: *epoch,
        source_package: source_package.clone(),
        checksum: checksum.clone(),
        location: location.clone(),
        repository: *repository as u64,
        relations: relations.each_ref().map(|list| list.iter().map(relation).collect()),
        files: files.iter().map(|file| file.0).collect(),
        serves_any_architecture: *serves_any_architecture,
    }
}

fn module(stream: &ModuleStream) -> Module {
    let ModuleStream { name, stream, version, is_default, artifacts, requires } = stream.clone();
    Module { name, stream, version, is_default, artifacts, requires }
}

/// The list behind a mirror; every number is checked.
pub(super) fn metadata(listed: Listed<'_>) -> Result<Metadata, SnapshotError> {
    let format = if listed.is_deb { PackageFormat::Deb } else { PackageFormat::Rpm };
    let mut metadata = Metadata::new(&listed.label, format);
    let mut rest = listed.names.bytes;
    for (number, length) in listed.names.lengths.iter().enumerate() {
        let (name, behind) = rest.split_at_checked(*length as usize).ok_or(SnapshotError::OutOfRange {
            what: "byte",
            index: u64::from(*length),
            count: rest.len() as u64,
        })?;
        rest = behind;
        // The first is the empty one, which a new list has.
        if metadata.names.intern(name).0 as usize != number {
            return Err(SnapshotError::RepeatedString(number));
        }
    }
    let count = metadata.names.len();
    let id = |number: u32| within("name", number, count).map(StrId);
    metadata.packages = listed.packages.into_iter().map(|p| package_of(p, &id)).collect::<Result<_, _>>()?;
    let packages = metadata.packages.len();
    let file = |(folder, name, package, kind)| {
        let package = within("package", package, packages)?;
        Ok(ListedFile { folder: id(folder)?, name: id(name)?, package, kind: kind_of(kind)? })
    };
    let files = listed.files.map(|files| files.into_iter().map(file).collect::<Result<_, SnapshotError>>());
    metadata.files = files.transpose()?;
    metadata.repositories = listed.repositories;
    metadata.other_packages = listed.other_packages as usize;
    metadata.modules = listed.modules.into_iter().map(module_of).collect();
    metadata.gaps = listed.gaps.into_iter().map(gap_of).collect::<Result<_, _>>()?;
    Ok(metadata)
}

fn within(what: &'static str, index: u32, count: usize) -> Result<u32, SnapshotError> {
    match (index as usize) < count {
        true => Ok(index),
        false => Err(SnapshotError::OutOfRange { what, index: u64::from(index), count: count as u64 }),
    }
}

fn kind_of(number: u8) -> Result<ListedKind, SnapshotError> {
    let kinds = [ListedKind::File, ListedKind::Folder, ListedKind::Ghost];
    let kind = kinds.into_iter().find(|kind| *kind as u8 == number);
    kind.ok_or(SnapshotError::OutOfRange { what: "kind of file", index: u64::from(number), count: 3 })
}

fn package_of(
    package: Package,
    id: &impl Fn(u32) -> Result<StrId, SnapshotError>,
) -> Result<MetaPackage, SnapshotError> {
    let [name, version, release, arch] = package.nevra;
    let mut made = MetaPackage::new(Nevra { name, epoch: package.epoch, version, release, arch });
    for (list, stored) in made.relations.iter_mut().zip(package.relations) {
        for (name, sense, version) in stored {
            list.push(Relation { name: id(name)?, sense: Sense(sense), version: id(version)? });
        }
    }
    made.files = package.files.into_iter().map(id).collect::<Result<_, _>>()?;
    Ok(MetaPackage {
        source_package: package.source_package,
        checksum: package.checksum,
        location: package.location,
        repository: package.repository as usize,
        serves_any_architecture: package.serves_any_architecture,
        ..made
    })
}

fn module_of(module: Module) -> ModuleStream {
    let Module { name, stream, version, is_default, artifacts, requires } = module;
    ModuleStream { name, stream, version, is_default, artifacts, requires }
}

fn gap_of((kind, subject, detail): (String, Vec<u8>, String)) -> Result<Gap, SnapshotError> {
    let kind = GapKind::from_id(&kind).ok_or(SnapshotError::UnknownGap(kind))?;
    Ok(Gap { kind, subject: subject.into(), detail })
}
