//! apt repositories: `Packages` indexes, in a flat folder or named by a suite's `Release` file.
//!
//! Format: Debian's "RepositoryFormat", apt's sources.list(5). Checksums of `Release` are verified, and its
//! signature where keys are given. Packages themselves are read by `deb`.

use std::io::{self, BufReader, Read};

use abide_model::{MetaPackage, Metadata, PackageFormat};
use bstr::{BString, ByteSlice};

use super::metadata::is_other;
use super::{Checksum, DOCUMENT_MAX_BYTES, Keys, Location, RepoError, RepoPackage, verify};
use crate::compress::{Compression, Limited};
use crate::deb::control::{self, Stanza, stanzas};
use crate::debuginfo::build_id_path;
use crate::side::Container;

/// Names of an index, the best packed first.
const INDEXES: [&str; 6] =
    ["Packages.xz", "Packages.zst", "Packages.gz", "Packages.bz2", "Packages.lzma", "Packages"];

/// `Release` names a few thousand files.
const RELEASE_MAX_BYTES: u64 = 64 << 20;

/// No repository names more packages.
const PACKAGES_MAX: usize = 2_000_000;

/// Where the packages of a repository are, and which there are.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) root: Location,
    pub(super) packages: Vec<RepoPackage>,
    pub(super) listed: Metadata,
}

/// A file that `Release` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path below the folder of `Release`.
    pub path: String,
    /// Size.
    pub size_bytes: u64,
    /// Checksum.
    pub checksum: Checksum,
}

/// Whether a folder may be an apt repository, or a part of one.
pub fn is_at(folder: &std::path::Path) -> bool {
    let has_one = |names: &[&str]| names.iter().any(|name| folder.join(name).is_file());
    let is_in_dists = folder.components().any(|c| c.as_os_str() == "dists");
    has_one(&INDEXES)
        || (is_in_dists
            && folder
                .ancestors()
                .take(8)
                .any(|f| f.join("Release").is_file() || f.join("InRelease").is_file()))
        || !suites(folder).is_empty()
}

/// Reads the indexes of the repository at `location`, or of the part of one: a suite, a component, an architecture.
pub(super) fn open(location: &Location, keys: &Keys) -> Result<Found, RepoError> {
    match split_at_dists(location) {
        Some((root, parts)) => below_dists(root, &parts, keys),
        None => match location {
            Location::Folder(folder) => match &suites(folder)[..] {
                [] => flat(location, keys),
                [suite] => below_dists(location.clone(), std::slice::from_ref(suite), keys),
                several => Err(RepoError::Ambiguous { what: "suites", names: several.join(", ") }),
            },
            Location::Url(..) => flat(location, keys),
        },
    }
}

/// Folders with a `Release` below `dists`.
fn suites(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("dists")).into_iter().flatten().flatten();
    // Links such as `stable` name a suite a second time.
    let real = entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir()));
    let has_release =
        |e: &std::fs::DirEntry| ["Release", "InRelease"].iter().any(|n| e.path().join(n).is_file());
    let mut names: Vec<String> =
        real.filter(has_release).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The archive's root and the path below its `dists`.
fn split_at_dists(location: &Location) -> Option<(Location, Vec<String>)> {
    match location {
        Location::Folder(folder) => {
            let parts: Vec<_> = folder.components().collect();
            let at = parts.iter().rposition(|c| c.as_os_str() == "dists")?;
            let text = |c: &std::path::Component<'_>| c.as_os_str().to_string_lossy().into_owned();
            let below: Vec<String> = parts[at + 1..].iter().map(text).collect();
            let root: std::path::PathBuf = parts[..at].iter().collect();
            let root = if at == 0 { ".".into() } else { root };
            (!below.is_empty()).then_some((Location::Folder(root), below))
        }
        Location::Url(mirrors) => {
            let (root, below) = mirrors.split_at("/dists/")?;
            let below: Vec<String> = below.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
            (!below.is_empty()).then(|| (Location::Url(root), below))
        }
    }
}

/// The suite is as much of the path as has a `Release` file; the rest selects among its indexes.
fn below_dists(root: Location, parts: &[String], keys: &Keys) -> Result<Found, RepoError> {
    for end in (1..=parts.len()).rev() {
        let suite = format!("dists/{}", parts[..end].join("/"));
        if let Some(release) = release(&root, &format!("{suite}/"), keys)? {
            let index = of_suite(&root, &suite, &release, &parts[end..].join("/"))?;
            return Ok(index.found(root));
        }
    }
    Err(RepoError::NoData("Release"))
}

/// The text of `InRelease` or `Release`, when there is one; with keys the part that one of them signed.
fn release(root: &Location, folder: &str, keys: &Keys) -> Result<Option<Vec<u8>>, RepoError> {
    for name in ["InRelease", "Release"] {
        let path = format!("{folder}{name}");
        // A `Release` beside an index of one component says nothing of checksums.
        let Some(text) = read(root, &path, None)?.filter(|text| text.contains_str("SHA256:")) else {
            continue;
        };
        if text.len() as u64 > RELEASE_MAX_BYTES {
            return Err(RepoError::Io { path, source: io::ErrorKind::FileTooLarge.into() });
        }
        if keys.is_empty() {
            return Ok(Some(text));
        }
        if name == "InRelease" {
            return keys.signed_text(&path, &text).map(Some);
        }
        let signature = read(root, &format!("{path}.gpg"), None)?;
        let signature = signature.ok_or_else(|| RepoError::Unsigned(path.clone()))?;
        return keys.check(&path, &text, &signature).map(|()| Some(text));
    }
    Ok(None)
}

/// A file of the repository, `None` when it is not there.
fn read(root: &Location, path: &str, size_bytes: Option<u64>) -> Result<Option<Vec<u8>>, RepoError> {
    read_as(root, path, size_bytes, &|_| Ok(()))
}

/// The same for a file that is as `fits` wants it.
fn read_as(
    root: &Location,
    path: &str,
    size_bytes: Option<u64>,
    fits: &dyn Fn(&[u8]) -> Result<(), RepoError>,
) -> Result<Option<Vec<u8>>, RepoError> {
    match root.read_as(path, size_bytes, fits) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the list of `SHA256:` in a `Release` or `InRelease` file; lines around it, also those of a signature, are
/// passed over.
pub fn read_release(text: &[u8]) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut is_list = false;
    for line in text.lines() {
        if !line.starts_with(b" ") {
            is_list = line.trim() == b"SHA256:";
        } else if is_list {
            let mut words = line.fields();
            let (Some(hex), Some(size), Some(path)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let size = size.to_str().ok().and_then(|s| s.parse().ok());
            let (Some(size_bytes), Ok(path), Ok(hex)) = (size, path.to_str(), hex.to_str()) else { continue };
            let checksum = Checksum { kind: "sha256".to_owned(), hex: hex.to_ascii_lowercase() };
            found.push(Entry { path: path.to_owned(), size_bytes, checksum });
        }
    }
    found
}

fn of_suite(root: &Location, suite: &str, release: &[u8], selected: &str) -> Result<Index, RepoError> {
    let entries = read_release(release);
    let mut folders: Vec<&str> = entries.iter().filter_map(|e| index_folder(&e.path)).collect();
    folders.retain(|folder| is_below(folder, selected));
    folders.sort_unstable();
    folders.dedup();
    if let Location::Url(..) = root {
        let mut architectures: Vec<&str> =
            folders.iter().filter_map(|f| f.rsplit("binary-").next()).collect();
        architectures.retain(|a| *a != "all");
        architectures.sort_unstable();
        architectures.dedup();
        if architectures.len() > 1 {
            return Err(RepoError::Ambiguous { what: "architectures", names: architectures.join(", ") });
        }
    }
    let mut all = Index::default();
    let mut count = 0;
    for folder in folders {
        // Of a mirror on disk that was made for some architectures, the others' folders are absent as a whole.
        if matches!(root, Location::Folder(path) if !path.join(suite).join(folder).is_dir()) {
            continue;
        }
        let text = index(root, suite, folder, &entries)?;
        count += 1;
        all.add(&text, &format!("{suite}/{folder}/Packages"))?;
    }
    match count {
        0 => Err(RepoError::NoData("Packages")),
        _ => Ok(all),
    }
}

/// The folder of an index of binary packages; the installer's own packages are not among them.
fn index_folder(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/')?;
    let last = folder.rsplit('/').next().unwrap_or_default();
    let is_index = INDEXES.contains(&name) && last.starts_with("binary-");
    (is_index && !folder.split('/').any(|part| part == "debian-installer")).then_some(folder)
}

fn is_below(folder: &str, selected: &str) -> bool {
    selected.is_empty()
        || folder == selected
        || folder.strip_prefix(selected).is_some_and(|r| r.starts_with('/'))
}

/// The text of the index in a folder, verified and decompressed.
fn index(root: &Location, suite: &str, folder: &str, entries: &[Entry]) -> Result<Vec<u8>, RepoError> {
    let find = |name: &str| {
        let path = format!("{folder}/{name}");
        entries.iter().find(move |e| e.path == path)
    };
    let plain_bytes = find("Packages").map(|e| e.size_bytes);
    for entry in INDEXES.iter().filter_map(|name| find(name)) {
        let path = format!("{suite}/{}", entry.path);
        let fits = |bytes: &[u8]| verify(&path, bytes, &entry.checksum);
        if let Some(bytes) = read_as(root, &path, Some(entry.size_bytes), &fits)? {
            return decompress(&path, bytes, plain_bytes);
        }
    }
    Err(RepoError::NoData("Packages"))
}

fn decompress(path: &str, bytes: Vec<u8>, limit_bytes: Option<u64>) -> Result<Vec<u8>, RepoError> {
    let Some(compression) = Compression::detect(&bytes) else { return Ok(bytes) };
    let limit = limit_bytes.unwrap_or(DOCUMENT_MAX_BYTES).min(DOCUMENT_MAX_BYTES);
    let fail = |source| RepoError::Io { path: path.to_owned(), source };
    let mut text = Vec::new();
    let decoder = compression.decoder(BufReader::new(&bytes[..])).map_err(fail)?;
    Limited::new(decoder, limit, "the decompressed metadata").read_to_end(&mut text).map_err(fail)?;
    Ok(text)
}

/// A folder with an index and packages below it; checksums of the index are verified when there is a `Release`.
fn flat(location: &Location, keys: &Keys) -> Result<Found, RepoError> {
    let release = release(location, "", keys)?;
    if release.is_none() && !keys.is_empty() {
        return Err(RepoError::Unsigned("Packages".to_owned()));
    }
    let entries = release.map(|text| read_release(&text)).unwrap_or_default();
    for name in INDEXES {
        let entry = entries.iter().find(|e| e.path.strip_prefix("./").unwrap_or(&e.path) == name);
        let Some(bytes) = read(location, name, entry.map(|e| e.size_bytes))? else { continue };
        match entry {
            Some(entry) => verify(name, &bytes, &entry.checksum)?,
            // An index that a `Release` does not vouch for is not used while it vouches for others.
            None if entries.iter().any(|e| e.path.contains("Packages")) => continue,
            None => {}
        }
        let mut all = Index::default();
        all.add(&decompress(name, bytes, None)?, name)?;
        return Ok(all.found(location.clone()));
    }
    Err(RepoError::NoData("Packages"))
}

/// Packages of one or more indexes.
struct Index {
    packages: Vec<RepoPackage>,
    listed: Metadata,
}

impl Default for Index {
    fn default() -> Self {
        Index { packages: Vec::new(), listed: Metadata::new("", PackageFormat::Deb) }
    }
}

impl Index {
    fn add(&mut self, text: &[u8], path: &str) -> Result<(), RepoError> {
        for stanza in stanzas(text) {
            if self.packages.len() >= PACKAGES_MAX {
                return Err(RepoError::TooManyPackages(PACKAGES_MAX));
            }
            let package = read_package(&stanza, path)?;
            match is_other(&package.nevra) {
                true => self.listed.other_packages += 1,
                false => {
                    let listed = MetaPackage {
                        source_package: package.source_package.clone(),
                        checksum: package.checksum.to_string(),
                        location: package.location.clone(),
                        ..control::listed(&stanza, package.nevra.clone(), &mut self.listed)
                    };
                    self.listed.packages.push(listed);
                }
            }
            self.packages.push(package);
        }
        Ok(())
    }

    fn found(self, root: Location) -> Found {
        Found { root, packages: self.packages, listed: self.listed }
    }
}

/// One package of an index.
pub fn read_package(stanza: &Stanza<'_>, path: &str) -> Result<RepoPackage, RepoError> {
    let bad = |detail: String| RepoError::Stanza { path: path.to_owned(), detail };
    let meta = control::meta(stanza).map_err(|e| bad(e.to_string()))?;
    let location = stanza.text("Filename").ok_or_else(|| bad(format!("{} has no `Filename`", meta.nevra)))?;
    Ok(RepoPackage {
        location: location.strip_prefix("./").unwrap_or(&location).to_owned(),
        checksum: checksum(stanza),
        base: None,
        size_bytes: stanza.text("Size").and_then(|s| s.parse().ok()),
        source_package: meta.source_package,
        container: Container::Deb,
        debug_paths: debug_paths(stanza),
        nevra: meta.nevra,
    })
}

/// The strongest of the stated checksums.
fn checksum(stanza: &Stanza<'_>) -> Checksum {
    let fields = [("SHA512", "sha512"), ("SHA256", "sha256"), ("SHA1", "sha1"), ("MD5sum", "md5")];
    let stated = fields.iter().find_map(|(field, kind)| Some((*kind, stanza.text(field)?)));
    let (kind, hex) = stated.unwrap_or(("none", String::new()));
    Checksum { kind: kind.to_owned(), hex: hex.trim().to_ascii_lowercase() }
}

/// `Build-Ids` of a debug package: `dh_strip` installs a file for each.
fn debug_paths(stanza: &Stanza<'_>) -> Vec<BString> {
    let ids = stanza.text("Build-Ids").unwrap_or_default();
    ids.split_whitespace().filter_map(from_hex).map(|id| build_id_path("/usr/lib/debug", &id)).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| Some(c.to_digit(16)? as u8)).collect();
    Some(digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        .filter(|id: &Vec<u8>| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use abide_model::Nevra;

    use super::*;

    #[test]
    fn release_files_list_their_indexes() {
        let text = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Made\nMD5Sum:\n aa 1 Packages\nSHA256:\n \
            AB 12 main/binary-amd64/Packages.xz\n cd x bad\n ef 3 ./Packages\n-----BEGIN PGP SIGNATURE-----\n\n abc 1 x\n";
        let entries = read_release(text);
        let found: Vec<_> =
            entries.iter().map(|e| (e.path.as_str(), e.size_bytes, e.checksum.hex.as_str())).collect();
        assert_eq!(found, [("main/binary-amd64/Packages.xz", 12, "ab"), ("./Packages", 3, "ef")]);
        assert_eq!(index_folder("main/binary-amd64/Packages.xz"), Some("main/binary-amd64"));
        for other in ["main/debian-installer/binary-amd64/Packages", "main/source/Sources", "Packages"] {
            assert_eq!(index_folder(other), None, "{other}");
        }
        assert!(is_below("main/binary-amd64", "main") && !is_below("main2/binary-amd64", "main"));
    }

    #[test]
    fn packages_of_an_index() {
        let text = b"Package: a-dbgsym\nVersion: 1-2\nArchitecture: amd64\nFilename: ./pool/a.deb\nSize: 7\n\
            SHA1: 11\nSHA256: AA\nBuild-Ids: abcd 01ef zz\n\nPackage: b\nVersion: 1\nArchitecture: all\n";
        let all: Vec<_> = stanzas(text).collect();
        let first = read_package(&all[0], "Packages").unwrap();
        assert_eq!((first.location.as_str(), first.size_bytes), ("pool/a.deb", Some(7)));
        assert_eq!(first.checksum.to_string(), "sha256 aa");
        assert_eq!(
            first.debug_paths,
            ["/usr/lib/debug/.build-id/ab/cd.debug", "/usr/lib/debug/.build-id/01/ef.debug"]
        );
        assert_eq!(first.nevra, Nevra { release: "2".into(), ..first.nevra.clone() });
        let error = read_package(&all[1], "Packages").unwrap_err().to_string();
        assert_eq!(error, "Packages: b-1.all has no `Filename`");
    }
}
