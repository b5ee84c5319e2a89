//! What a package header says: identity, dependencies, file list.
//!
//! Tag meanings follow rpm's `lib/rpmtag.h` and `lib/rpmfi.c`. The content of files is in `payload`.

use std::sync::Arc;

use abide_model::{
    Dependency, FileEntry, FileFlags, FileKind, ListedFile, ListedKind, MetaPackage, Metadata, Nevra,
    PackageFormat, PackageMeta, RelationKind, Sense,
};
use bstr::{BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::header::{Header, HeaderError, tag};
use super::scripts;
use crate::compress::Compression;

/// `PATH_MAX`: no installed path is longer.
const PATH_BYTES_MAX: usize = 4096;

/// All paths of one package taken together.
const PATHS_BYTES_MAX: usize = 1 << 30;

/// `RPMFILE_CONFIG`.
const FILE_CONFIG: u64 = 1 << 0;
/// `RPMFILE_DOC`.
const FILE_DOC: u64 = 1 << 1;
/// `RPMFILE_NOREPLACE`.
const FILE_NOREPLACE: u64 = 1 << 4;
/// `RPMFILE_GHOST`: listed but not in the payload.
const FILE_GHOST: u64 = 1 << 6;
/// `RPMFILE_LICENSE`.
const FILE_LICENSE: u64 = 1 << 7;
/// `RPMFILE_README`.
const FILE_README: u64 = 1 << 8;

/// `PGPHASHALGO_SHA256`.
const HASH_SHA256: u64 = 8;

/// What is needed of the header to read the payload.
#[derive(Clone, Debug)]
pub struct PayloadPlan {
    /// Compression as the header states it, `None` for none.
    pub compression: Option<Compression>,
    /// Set when the payload is not a cpio archive (`drpm`).
    pub foreign_format: Option<BString>,
    /// Upper bound for the decompressed archive that follows from the header.
    pub size_limit_bytes: u64,
    /// Files in header order, which stripped archives refer to.
    pub files: Vec<PlannedFile>,
    /// SHA-256 of the payload as it is in the file, in hex, when the header states it.
    pub payload_sha256: Option<String>,
    /// Whether [`FileEntry::digest`] is a SHA-256.
    pub digests_are_sha256: bool,
}

/// A file as the payload reader needs it.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// Absolute path.
    pub path: BString,
    /// `st_mode`.
    pub mode: u16,
    /// Bytes that a stripped archive holds for it: 0 for all but the last of hard links.
    pub stored_bytes: u64,
    /// Device and inode, which hard links share.
    pub inode: (u64, u64),
    /// Digest in hex, possibly empty.
    pub digest: BString,
}

/// Reads identity, dependencies and files.
pub fn read(header: &Header) -> Result<(PackageMeta, PayloadPlan), HeaderError> {
    let files = read_files(header)?;
    let plan = plan(header, &files)?;
    let mut entries: Vec<FileEntry> = files.into_iter().map(RawFile::into_entry).collect();
    entries.sort();
    let meta = PackageMeta {
        format: PackageFormat::Rpm,
        nevra: nevra(header)?,
        source_package: header.string(tag::SOURCE_RPM)?.map(text),
        provides: dependencies(header, tag::PROVIDE_NAME, tag::PROVIDE_FLAGS, tag::PROVIDE_VERSION)?,
        requires: dependencies(header, tag::REQUIRE_NAME, tag::REQUIRE_FLAGS, tag::REQUIRE_VERSION)?,
        files: entries,
        scripts: scripts::read(header)?,
        vendor: header.string(tag::VENDOR)?.map(text),
    };
    Ok((meta, plan))
}

fn text(bytes: &[u8]) -> String {
    bytes.to_str_lossy().into_owned()
}

fn nevra(header: &Header) -> Result<Nevra, HeaderError> {
    let need =
        |number, name| header.string(number)?.map(text).ok_or(HeaderError::Missing { tag: number, name });
    // A source package has no SOURCERPM; newer ones say so in SOURCEPACKAGE (`headerIsSource`).
    let is_source = header.has(tag::SOURCE_PACKAGE) || !header.has(tag::SOURCE_RPM);
    let arch = if is_source { "src".to_owned() } else { need(tag::ARCH, "Arch")? };
    Ok(Nevra {
        name: need(tag::NAME, "Name")?,
        epoch: header.number(tag::EPOCH)?.unwrap_or(0) as u32,
        version: need(tag::VERSION, "Version")?,
        release: need(tag::RELEASE, "Release")?,
        arch,
    })
}

fn dependencies(
    header: &Header,
    names: u32,
    flags: u32,
    versions: u32,
) -> Result<Vec<Dependency>, HeaderError> {
    let flags = header.numbers(flags)?;
    let versions = header.strings(versions)?;
    let mut found: Vec<Dependency> = header
        .strings(names)?
        .iter()
        .enumerate()
        .map(|(i, name)| Dependency {
            name: text(name),
            flags: flags.get(i).copied().unwrap_or(0) as u32,
            version: versions.get(i).map(|v| text(v)).unwrap_or_default(),
        })
        .collect();
    found.sort();
    Ok(found)
}

/// Tags of each kind of relation: names, flags, versions.
const RELATIONS: [(RelationKind, [u32; 3]); 8] = [
    (RelationKind::Provides, [tag::PROVIDE_NAME, tag::PROVIDE_FLAGS, tag::PROVIDE_VERSION]),
    (RelationKind::Requires, [tag::REQUIRE_NAME, tag::REQUIRE_FLAGS, tag::REQUIRE_VERSION]),
    (RelationKind::Recommends, [tag::RECOMMEND_NAME, tag::RECOMMEND_FLAGS, tag::RECOMMEND_VERSION]),
    (RelationKind::Suggests, [tag::SUGGEST_NAME, tag::SUGGEST_FLAGS, tag::SUGGEST_VERSION]),
    (RelationKind::Supplements, [tag::SUPPLEMENT_NAME, tag::SUPPLEMENT_FLAGS, tag::SUPPLEMENT_VERSION]),
    (RelationKind::Enhances, [tag::ENHANCE_NAME, tag::ENHANCE_FLAGS, tag::ENHANCE_VERSION]),
    (RelationKind::Conflicts, [tag::CONFLICT_NAME, tag::CONFLICT_FLAGS, tag::CONFLICT_VERSION]),
    (RelationKind::Obsoletes, [tag::OBSOLETE_NAME, tag::OBSOLETE_FLAGS, tag::OBSOLETE_VERSION]),
];

/// The package as a repository would list it, with all of its paths.
pub fn listed(header: &Header) -> Result<Metadata, HeaderError> {
    let mut listed = Metadata::new("", PackageFormat::Rpm);
    let mut package = MetaPackage::new(nevra(header)?);
    package.source_package = header.string(tag::SOURCE_RPM)?.map(text);
    for (kind, [names, flags, versions]) in RELATIONS {
        for found in dependencies(header, names, flags, versions)? {
            let sense = if found.version.is_empty() { Sense::ANY } else { Sense::of_flags(found.flags) };
            let relation = listed.relation(&found.name, sense, &found.version);
            package.add(kind, relation);
        }
    }
    let mut files = Vec::new();
    for file in read_files(header)? {
        let slash = file.path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
        let kind = match (file.is_stored(), file.kind()) {
            (false, _) => ListedKind::Ghost,
            (_, FileKind::Directory) => ListedKind::Folder,
            _ => ListedKind::File,
        };
        let (folder, name) = file.path.split_at(slash);
        let (folder, name) = (listed.names.intern(folder), listed.names.intern(name));
        files.push(ListedFile { folder, name, package: 0, kind });
        if is_primary(&file.path) {
            package.files.push(listed.names.intern(&file.path));
        }
    }
    listed.files = Some(files);
    listed.packages.push(package);
    Ok(listed)
}

/// Whether a list of packages names the path itself (createrepo_c's `cr_is_primary`).
fn is_primary(path: &[u8]) -> bool {
    path.starts_with(b"/etc/") || path == b"/usr/lib/sendmail" || path.contains_str("bin/")
}

struct RawFile {
    path: BString,
    size_bytes: u64,
    mode: u16,
    flags: u64,
    inode: (u64, u64),
    link_target: BString,
    digest: BString,
    owner: Option<Arc<BString>>,
    group: Option<Arc<BString>>,
    capabilities: Option<Arc<BString>>,
}

impl RawFile {
    fn kind(&self) -> FileKind {
        match self.mode & 0o170_000 {
            0o100_000 => FileKind::Regular,
            0o040_000 => FileKind::Directory,
            0o120_000 => FileKind::Symlink,
            _ => FileKind::Special,
        }
    }

    fn is_stored(&self) -> bool {
        self.flags & FILE_GHOST == 0
    }

    fn into_entry(self) -> FileEntry {
        let kind = self.kind();
        FileEntry {
            kind,
            size_bytes: if kind == FileKind::Regular { self.size_bytes } else { 0 },
            mode: self.mode & 0o7777,
            link_target: (kind == FileKind::Symlink).then_some(self.link_target),
            digest: text(&self.digest),
            flags: flags(self.flags),
            owner: self.owner,
            group: self.group,
            capabilities: self.capabilities,
            interpreter: None,
            path: self.path,
        }
    }
}

/// Texts that many files have in common, each kept once.
#[derive(Default)]
struct Shared<'h>(FxHashMap<&'h [u8], Arc<BString>>);

impl<'h> Shared<'h> {
    fn shared(&mut self, text: Option<&&'h [u8]>) -> Option<Arc<BString>> {
        let text = text.copied().filter(|text| !text.is_empty())?;
        Some(Arc::clone(self.0.entry(text).or_insert_with(|| Arc::new(text.into()))))
    }
}

fn flags(bits: u64) -> FileFlags {
    let has = |flag: u64| bits & flag != 0;
    FileFlags {
        is_config: has(FILE_CONFIG),
        is_noreplace: has(FILE_NOREPLACE),
        is_ghost: has(FILE_GHOST),
        is_doc: has(FILE_DOC | FILE_LICENSE | FILE_README),
    }
}

fn read_files(header: &Header) -> Result<Vec<RawFile>, HeaderError> {
    let paths = paths(header)?;
    let sizes = match header.numbers(tag::LONG_FILE_SIZES)? {
        sizes if sizes.is_empty() => header.numbers(tag::FILE_SIZES)?,
        sizes => sizes,
    };
    let modes = header.numbers(tag::FILE_MODES)?;
    let flags = header.numbers(tag::FILE_FLAGS)?;
    let (devices, inodes) = (header.numbers(tag::FILE_DEVICES)?, header.numbers(tag::FILE_INODES)?);
    let links = header.strings(tag::FILE_LINK_TOS)?;
    let digests = header.strings(tag::FILE_DIGESTS)?;
    let (users, groups) = (header.strings(tag::FILE_USER_NAME)?, header.strings(tag::FILE_GROUP_NAME)?);
    let capabilities = header.strings(tag::FILE_CAPS)?;
    let item = |all: &[&[u8]], i: usize| BString::from(all.get(i).copied().unwrap_or_default());
    if sizes.len() != paths.len() || modes.len() != paths.len() {
        return Err(HeaderError::BadFileList { what: "not every file has a size and a mode" });
    }
    let mut names = Shared::default();
    let file = |(i, path): (usize, BString)| RawFile {
        path,
        size_bytes: sizes[i],
        mode: modes[i] as u16,
        flags: flags.get(i).copied().unwrap_or(0),
        inode: (devices.get(i).copied().unwrap_or(0), inodes.get(i).copied().unwrap_or(0)),
        link_target: item(&links, i),
        digest: item(&digests, i),
        owner: names.shared(users.get(i)),
        group: names.shared(groups.get(i)),
        capabilities: names.shared(capabilities.get(i)),
    };
    Ok(paths.into_iter().enumerate().map(file).collect())
}

/// Paths in header order: base names with directories, or the full names of very old packages.
fn paths(header: &Header) -> Result<Vec<BString>, HeaderError> {
    let bases = header.strings(tag::BASE_NAMES)?;
    if bases.is_empty() {
        return Ok(header.strings(tag::OLD_FILE_NAMES)?.into_iter().map(BString::from).collect());
    }
    let dirs = header.strings(tag::DIR_NAMES)?;
    let indexes = header.numbers(tag::DIR_INDEXES)?;
    if indexes.len() != bases.len() {
        return Err(HeaderError::BadFileList { what: "not every base name has a directory" });
    }
    let mut total = 0usize;
    let join = |(base, index): (&&[u8], &u64)| {
        let dir = dirs
            .get(*index as usize)
            .ok_or(HeaderError::BadFileList { what: "a directory index is outside of the directory list" })?;
        total = total.saturating_add(dir.len()).saturating_add(base.len());
        if dir.len() + base.len() > PATH_BYTES_MAX || total > PATHS_BYTES_MAX {
            return Err(HeaderError::BadFileList { what: "a path, or all of them together, is too long" });
        }
        Ok(BString::from([dir, *base].concat()))
    };
    bases.iter().zip(&indexes).map(join).collect()
}

fn plan(header: &Header, files: &[RawFile]) -> Result<PayloadPlan, HeaderError> {
    let format = header.string(tag::PAYLOAD_FORMAT)?.unwrap_or(b"cpio");
    let compressor = header.string(tag::PAYLOAD_COMPRESSOR)?;
    // Without the tag the payload is gzip (`rpmpkgs` of format 3); "none" and the like name no decoder.
    let compression = compressor.map_or(Some(Compression::Gzip), Compression::from_name);
    let algo = header.number(tag::FILE_DIGEST_ALGO)?.unwrap_or(1);
    Ok(PayloadPlan {
        payload_sha256: header.string(tag::PAYLOAD_SHA256)?.map(|d| text(d).to_ascii_lowercase()),
        compression,
        foreign_format: (format != b"cpio").then(|| format.into()),
        size_limit_bytes: size_limit(header, files)?,
        files: planned(files),
        digests_are_sha256: algo == HASH_SHA256,
    })
}

/// The archive is as large as the header says, or at most as large as the listed files with their cpio headers.
fn size_limit(header: &Header, files: &[RawFile]) -> Result<u64, HeaderError> {
    const PER_FILE_BYTES: u64 = 128;
    const SLACK_BYTES: u64 = 1 << 16;
    let stated = [tag::ARCHIVE_SIZE, tag::PAYLOAD_SIZE].map(|t| header.number(t));
    let stated = stated.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().max().unwrap_or(0);
    let one = |f: &RawFile| f.size_bytes.saturating_add(f.path.len() as u64).saturating_add(PER_FILE_BYTES);
    let listed = files.iter().map(one).fold(0u64, u64::saturating_add);
    Ok(stated.max(listed).saturating_add(SLACK_BYTES))
}

/// Only the last stored link of a hard-linked file carries content (`rpmfilesBuildNLink`, `iterReadArchiveNext`).
fn planned(files: &[RawFile]) -> Vec<PlannedFile> {
    let is_content = |f: &RawFile| f.kind() == FileKind::Regular && f.is_stored();
    let mut last = FxHashMap::default();
    for (i, file) in files.iter().enumerate().filter(|(_, f)| is_content(f) && f.inode != (0, 0)) {
        last.insert(file.inode, i);
    }
    let stored_bytes = |i: usize, file: &RawFile| match file.kind() {
        FileKind::Regular if !file.is_stored() => 0,
        FileKind::Regular if last.get(&file.inode).is_some_and(|&l| l != i) => 0,
        FileKind::Regular | FileKind::Symlink => file.size_bytes,
        FileKind::Directory | FileKind::Special => 0,
    };
    let plan = |(i, file): (usize, &RawFile)| PlannedFile {
        path: file.path.clone(),
        mode: file.mode,
        stored_bytes: stored_bytes(i, file),
        inode: file.inode,
        digest: file.digest.clone(),
    };
    files.iter().enumerate().map(plan).collect()
}
