//! Entries of the cache: one package's facts, or one artifact's types, in the structures of a snapshot.

use abide_model::{Gap, PackageFacts, TypeEvidence};
use bstr::BString;

use super::decode::{self, take};
use super::encode::Strings;
use super::error::SnapshotError;
use super::mirror;

type Result<T> = std::result::Result<T, SnapshotError>;

/// A package, and what its reader needs to come back to its files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PackageEntry {
    pub(crate) facts: PackageFacts,
    /// Parallel to the artifacts: name in the archive, and whether there is BTF or CTF.
    pub(crate) origins: Vec<(BString, bool)>,
}

/// Types of one artifact with their gaps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TypesEntry {
    pub(crate) types: TypeEvidence,
    pub(crate) gaps: Vec<Gap>,
}

/// Encodes a package.
pub(crate) fn encode_package(entry: &PackageEntry) -> Result<Vec<u8>> {
    let mut strings = Strings::default();
    let package = strings.package(&entry.facts);
    let origins = entry.origins.iter().map(|(path, table)| (strings.text(path), *table)).collect();
    let strings = strings.table()?;
    let content = mirror::CachedPackage { strings: strings.mirror(), package, origins };
    postcard::to_allocvec(&content).map_err(SnapshotError::Content)
}

/// Decodes a package.
pub(crate) fn decode_package(content: &[u8]) -> Result<PackageEntry> {
    let mirror::CachedPackage { strings, package, origins } = take(content)?;
    let strings = decode::Strings::of(&strings, content.len())?;
    let facts = strings.package(package)?;
    if origins.len() != facts.artifacts.len() {
        let (index, count) = (facts.artifacts.len() as u64, origins.len());
        return Err(decode::out_of_range("origin", index, count));
    }
    Ok(PackageEntry {
        facts,
        origins: origins
            .into_iter()
            .map(|(path, table)| Ok((strings.text(path)?, table)))
            .collect::<Result<_>>()?,
    })
}

/// Encodes types.
pub(crate) fn encode_types(entry: &TypesEntry) -> Result<Vec<u8>> {
    let mut strings = Strings::default();
    let types = strings.types(&entry.types);
    let gaps = strings.gaps(&entry.gaps);
    let strings = strings.table()?;
    postcard::to_allocvec(&mirror::CachedTypes { strings: strings.mirror(), types, gaps })
        .map_err(SnapshotError::Content)
}

/// Decodes types of an artifact that has so many symbols.
pub(crate) fn decode_types(content: &[u8], symbols: usize) -> Result<TypesEntry> {
    let mirror::CachedTypes { strings, types, gaps } = take(content)?;
    let strings = decode::Strings::of(&strings, content.len())?;
    Ok(TypesEntry { types: strings.types(types, symbols)?, gaps: strings.gaps(gaps)? })
}
