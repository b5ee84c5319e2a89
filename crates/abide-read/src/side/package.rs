//! One package file or archive: read once from start to end, its artifacts found, its checksum verified.
//!
//! What becomes of many packages is in `side`; aliases through symbolic links in `links`; types in `types`.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use abide_model::{
    ArtifactFacts, Digest, ElfFacts, ElfKind, FileEntry, Gap, GapKind, KernelFile, Nevra, PackageFacts,
    PackageFormat, PackageMeta, ShippedSuppressions, TypeEvidence,
};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;
use sha2::digest::Update;
use sha2::{Digest as _, Sha256};

use crate::btf;
use crate::compress::{Compression, LimitExceeded};
use crate::deb::{Data, Deb, DebError};
use crate::debuginfo::{Probe, probe};
use crate::elf::{ElfRead, read_elf};
use crate::input::{ContentKind, HEAD_BYTES};
use crate::kernel::image::{self, ImageError};
use crate::kernel::{TEXT_MAX_BYTES, TextKind, read_text};
use crate::payload::{HardLink, Limits, Listing, Payload, PayloadError, StoredFile, Tree};
use crate::repo::{Checksum, Hasher, hex};
use crate::rpm::meta::PayloadPlan;
use crate::rpm::{HeaderError, Package};
use crate::source::{Hashing, Source, sha256};
use crate::store::Store;

use super::shebang;

/// What holds the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// An RPM.
    Rpm,
    /// A Debian package.
    Deb,
    /// A tar archive, plain or compressed, which stands for a directory.
    Tar,
}

impl Container {
    /// The container that a file of this kind is, unless it has to be asked what is inside.
    pub(crate) fn of(kind: ContentKind) -> Option<Self> {
        match kind {
            ContentKind::Rpm => Some(Self::Rpm),
            ContentKind::Deb => Some(Self::Deb),
            ContentKind::Tar => Some(Self::Tar),
            _ => None,
        }
    }
}

/// A package file and what is known of it before it is opened.
#[derive(Clone, Debug)]
pub struct PackageFile {
    /// What it is.
    pub container: Container,
    /// Where its bytes are.
    pub source: Source,
    /// File name for messages.
    pub label: String,
    /// NEVRA and checksum, when a repository names it.
    pub stated: Option<(String, Checksum)>,
    /// Size, for the order of work.
    pub size_bytes: u64,
    /// What a tar archive in it holds, when that was found by reading it.
    pub listing: OnceLock<Arc<Vec<FileEntry>>>,
}

/// Why a package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The file cannot be opened or read.
    #[error("the package cannot be read: {0}")]
    Io(io::Error),
    /// A header is damaged.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A Debian package is damaged in front of its files.
    #[error(transparent)]
    Deb(#[from] DebError),
    /// The payload, which starts at the given offset, is damaged.
    #[error("{error} (payload at offset {offset} of the file)")]
    Payload {
        /// Where the payload starts.
        offset: u64,
        /// What is wrong.
        error: PayloadError,
    },
    /// The payload is not the one that the header describes.
    #[error("the payload at offset {offset} has the SHA-256 {found}, the header states {stated}")]
    PayloadDigest {
        /// Where the payload starts.
        offset: u64,
        /// Digest of what is there.
        found: String,
        /// Digest as stated.
        stated: String,
    },
    /// It is another file than the repository names.
    #[error("the file has the checksum {found}, the repository states {stated}")]
    Checksum {
        /// Checksum of the file.
        found: String,
        /// Checksum in the metadata.
        stated: Checksum,
    },
    /// The repository states a checksum of an algorithm that is not verified.
    #[error("the repository states a checksum of the kind `{0}`, which is not verified")]
    ChecksumKind(String),
}

impl PackageError {
    /// The gap that this leaves.
    pub(crate) fn gap(&self, file: &PackageFile) -> Gap {
        let is_missing = matches!(self, Self::Checksum { .. } | Self::ChecksumKind(_) | Self::Io(_));
        let is_limit = matches!(
            self,
            Self::Payload { error: PayloadError::Limit(_) | PayloadError::TooManyMembers(_), .. }
        );
        let kind = match (&file.stated, is_missing, is_limit) {
            (Some(_), true, _) => GapKind::MissingPackage,
            (_, _, true) => GapKind::LimitReached,
            _ => GapKind::Unreadable,
        };
        let subject = file.stated.as_ref().map_or(file.label.as_str(), |(nevra, _)| nevra);
        Gap { kind, subject: subject.into(), detail: format!("{}: {self}", file.source.name()) }
    }
}

/// The hashes that a package needs: the one that identifies it, the one that the repository states, and, from its
/// first byte on, that of the payload.
struct PackageHash {
    sha256: Option<Sha256>,
    payload: Option<Sha256>,
    stated: Option<Hasher>,
}

impl Update for PackageHash {
    fn update(&mut self, data: &[u8]) {
        self.sha256.iter_mut().for_each(|h| Update::update(h, data));
        self.payload.iter_mut().for_each(|h| Update::update(h, data));
        self.stated.iter_mut().for_each(|h| h.update(data));
    }
}

/// A package whose headers were read and whose payload is next.
pub(crate) struct OpenPackage<'f> {
    /// What is known in front of the payload; for an archive nothing but the files, if they were read before.
    pub(crate) meta: PackageMeta,
    contents: Contents,
    input: Hashing<Box<dyn BufRead + Send>, PackageHash>,
    file: &'f PackageFile,
}

/// How the files are packed.
enum Contents {
    /// An RPM's payload, and its offset in the package.
    Cpio(Box<PayloadPlan>, u64),
    /// A Debian package's.
    Data(Data),
    /// The file is nothing but an archive.
    Tar,
}

/// What came of reading a payload.
pub(crate) struct PayloadRead<T> {
    /// What was made of it, and the package's digest.
    pub(crate) result: Result<(T, Option<Digest>), PackageError>,
    /// What is known of the package.
    pub(crate) meta: PackageMeta,
    /// What only the end of an archive tells, without the files, which `meta` has.
    pub(crate) listing: Option<Listing>,
}

impl<'f> OpenPackage<'f> {
    /// Opens the file and reads its headers; `with_digest` asks for the SHA-256 of the file.
    pub(crate) fn open(file: &'f PackageFile, with_digest: bool) -> Result<Self, PackageError> {
        let stated = match &file.stated {
            Some((_, checksum)) if checksum.kind != "sha256" => {
                let unknown = || PackageError::ChecksumKind(checksum.kind.clone());
                Some(checksum.hasher().ok_or_else(unknown)?)
            }
            _ => None,
        };
        let source = file.source.open().map_err(PackageError::Io)?;
        let wants_sha256 = with_digest || (file.stated.is_some() && stated.is_none());
        let sha256 = wants_sha256.then(Sha256::new);
        let mut input = Hashing::new(source, PackageHash { sha256, payload: None, stated });
        match read_headers(&mut input, file.container) {
            Ok((mut meta, contents)) => {
                if let Some(files) = file.listing.get() {
                    meta.files = files.to_vec();
                }
                Ok(Self { meta, contents, input, file })
            }
            // A file that is not the stated one is reported as such, not as damaged.
            Err(error) => Err(verify(input, file).err().unwrap_or(error)),
        }
    }

    /// Hands the payload to `read`.
    pub(crate) fn payload<T>(
        mut self,
        limits: Limits,
        read: impl FnOnce(&mut Payload<'_>) -> Result<T, PayloadError>,
    ) -> PayloadRead<T> {
        // A checksum of the whole file covers the payload as well.
        let (offset, stated) = match &self.contents {
            Contents::Cpio(plan, offset) if self.file.stated.is_none() => {
                (*offset, plan.payload_sha256.clone())
            }
            Contents::Cpio(_, offset) => (*offset, None),
            Contents::Data(data) => (data.offset, None),
            Contents::Tar => (0, None),
        };
        self.input.hash_mut().payload = stated.is_some().then(Sha256::new);
        let payload = match &self.contents {
            Contents::Cpio(plan, _) => Payload::cpio(&mut self.input, plan, limits),
            Contents::Data(data) => data.payload(&mut self.input, limits),
            Contents::Tar => Payload::tar(&mut self.input, None, Tree::Directory, limits),
        };
        let mut listing = None;
        let result = payload.and_then(|mut payload| {
            let value = read(&mut payload)?;
            listing = payload.into_listing();
            Ok(value)
        });
        let damage = |error| PackageError::Payload { offset, error };
        // Damage that comes of having another file than the stated one is reported as such.
        let result = verify(self.input, self.file).and_then(|(digest, payload)| {
            let value = result.map_err(damage)?;
            match (payload, stated) {
                (Some(found), Some(stated)) if found != stated => {
                    Err(PackageError::PayloadDigest { offset, found, stated })
                }
                _ => Ok((value, digest)),
            }
        });
        let mut meta = self.meta;
        if let Some(listing) = &mut listing {
            let stated = std::mem::replace(&mut meta.files, std::mem::take(&mut listing.files));
            add_digests(&mut meta.files, &stated);
        }
        PayloadRead { result, meta, listing }
    }

    /// Identity and the files that are asked for: from the headers when `is_enough` says that these have them, or
    /// else the payload is read through for its list of files. An RPM's header lists all.
    pub(crate) fn into_listed(
        self,
        limits: Limits,
        is_enough: impl Fn(&PackageMeta) -> bool,
    ) -> Result<PackageMeta, PackageError> {
        let is_complete = matches!(self.contents, Contents::Cpio(..)) || self.file.listing.get().is_some();
        if is_complete || is_enough(&self.meta) {
            return Ok(self.meta);
        }
        let file = self.file;
        let read = self.payload(limits, |payload| {
            while payload.next_file()?.is_some() {}
            Ok(())
        });
        read.result?;
        file.keep_listing(&read.meta);
        Ok(read.meta)
    }
}

impl PackageFile {
    /// Keeps the list of files, for readings that want to follow its links.
    fn keep_listing(&self, meta: &PackageMeta) {
        // Another thread that was first has the same list.
        let _ = self.listing.set(Arc::new(meta.files.clone()));
    }
}

/// Reads what is in front of the payload.
fn read_headers(
    input: &mut (impl BufRead + Send),
    container: Container,
) -> Result<(PackageMeta, Contents), PackageError> {
    match container {
        Container::Rpm => {
            let mut package = Package::read(input)?;
            match package.mismatch.take() {
                Some(mismatch) => Err(mismatch.into()),
                None => {
                    let contents = Contents::Cpio(Box::new(package.plan), package.payload_offset);
                    Ok((package.meta, contents))
                }
            }
        }
        Container::Deb => {
            let Deb { meta, data } = Deb::read(input)?;
            Ok((meta, Contents::Data(data)))
        }
        Container::Tar => Ok((nameless(), Contents::Tar)),
    }
}

/// What an archive says of itself: nothing. It never leaves the reader.
fn nameless() -> PackageMeta {
    let text = String::new;
    let nevra = Nevra { name: text(), epoch: 0, version: text(), release: text(), arch: text() };
    let (provides, requires, files) = (Vec::new(), Vec::new(), Vec::new());
    PackageMeta {
        format: PackageFormat::Deb,
        nevra,
        source_package: None,
        provides,
        requires,
        files,
        scripts: Vec::new(),
        vendor: None,
    }
}

/// Digests and marks of a list of files that was read first.
fn add_digests(files: &mut [FileEntry], stated: &[FileEntry]) {
    for entry in stated {
        if let Ok(at) = files.binary_search_by(|f| f.path.cmp(&entry.path)) {
            files[at].digest.clone_from(&entry.digest);
            files[at].flags = entry.flags;
        }
    }
}

/// Compares with what the repository states, after reading to the end of the file; nothing to do without hashes.
/// Returns the digests of the file and of the payload.
fn verify(
    mut input: Hashing<Box<dyn BufRead + Send>, PackageHash>,
    file: &PackageFile,
) -> Result<(Option<Digest>, Option<String>), PackageError> {
    let hash = input.hash_mut();
    if hash.sha256.is_some() || hash.stated.is_some() || hash.payload.is_some() {
        input.drain().map_err(PackageError::Io)?;
    }
    let hash = input.into_hash();
    let digest = hash.sha256.map(|h| Digest(h.finalize().into()));
    if let Some((_, stated)) = &file.stated {
        let found = hash.stated.map(Hasher::finish_hex).or(digest.map(|d| hex(&d.0))).unwrap_or_default();
        if found != stated.hex {
            return Err(PackageError::Checksum { found, stated: stated.clone() });
        }
    }
    Ok((digest, hash.payload.map(|h| hex(&h.finalize()))))
}

/// What the reading of packages shares.
pub(crate) struct Context {
    pub(crate) limits: Limits,
    /// Whether large files on disk are hashed only when something depends on it.
    pub(crate) lazy_digests: bool,
    /// Bytes of artifacts with debug information of their own that may still be kept for the types.
    pub(crate) keep_bytes: AtomicU64,
    /// Facts of packages that were read before.
    pub(crate) store: Option<Arc<Store>>,
    /// Architectures whose packages a repository is read for; none stands for any.
    pub(crate) architectures: Vec<String>,
}

impl Context {
    /// Takes `size` from what may be kept.
    fn may_keep(&self, size: usize) -> bool {
        let take = |left: u64| left.checked_sub(size as u64);
        self.keep_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// Where an artifact's own bytes are when its types are read, and whether they have types in a compact form (BTF, CTF).
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// In a package, under this name of the archive; in memory when there was room.
    Package { file: Arc<PackageFile>, path: BString, kept: Option<Arc<Vec<u8>>>, has_table: bool },
    /// A file on disk.
    File { path: std::path::PathBuf, has_table: bool },
}

/// What came of reading one package or archive.
pub(crate) struct ReadPackage {
    pub(crate) facts: PackageFacts,
    /// Parallel to the artifacts.
    pub(crate) origins: Vec<Origin>,
    /// Separate debug files that are in the package.
    pub(crate) debug_files: Vec<(BString, Probe)>,
    /// All paths of an archive that stands for a directory; a package has them in its header.
    pub(crate) tree: Vec<FileEntry>,
    /// Packages that are in an archive.
    pub(crate) nested: Vec<Arc<PackageFile>>,
}

/// Reads a package of software: every ELF file in it becomes an artifact.
///
/// A package whose payload is damaged keeps its header and has no artifacts, since half of them would read as the
/// removal of the others; the error comes with it.
pub(crate) fn read_software(
    open: OpenPackage<'_>,
    file: &Arc<PackageFile>,
    context: &Context,
) -> (ReadPackage, Option<PackageError>) {
    let is_sha256 = matches!(&open.contents, Contents::Cpio(plan, _) if plan.digests_are_sha256);
    let mut reader = SoftwareReader { file, context, is_sha256, found: Found::default() };
    let PayloadRead { result, mut meta, listing } = open.payload(context.limits, |payload| {
        while let Some(stored) = payload.next_file()? {
            reader.visit(payload, stored)?;
        }
        Ok(())
    });
    let mut found = reader.found;
    let (digest, error) = match result {
        Ok(((), digest)) => (digest, None),
        Err(error) => {
            found = Found { gaps: vec![error.gap(file)], ..Found::default() };
            (None, Some(error))
        }
    };
    if !found.debug_files.is_empty() {
        file.keep_listing(&meta);
    }
    let Found {
        mut artifacts,
        debug_files,
        mut suppressions,
        mut kernel_files,
        mut gaps,
        nested,
        interpreters,
    } = found;
    for (path, interpreter) in interpreters {
        if let Ok(at) = meta.files.binary_search_by(|file| file.path.cmp(&path)) {
            meta.files[at].interpreter = Some(interpreter);
        }
    }
    if let Some(Listing { hard_links, refused, .. }) = listing {
        add_hard_links(&mut artifacts, hard_links);
        gaps.extend(refused.into_iter().map(|(path, why)| {
            let detail = format!("was not taken out of the archive: {why}");
            Gap { kind: GapKind::Unsupported, subject: path, detail }
        }));
    }
    artifacts.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let (artifacts, origins) = artifacts.into_iter().unzip();
    let source = file.label.as_str().into();
    let is_package = file.container != Container::Tar;
    let tree = if is_package { Vec::new() } else { std::mem::take(&mut meta.files) };
    suppressions.sort();
    kernel_files.sort_by(|a, b| a.path.cmp(&b.path));
    let meta = is_package.then_some(meta);
    let facts =
        PackageFacts { meta, tree: Vec::new(), source, digest, artifacts, suppressions, kernel_files, gaps };
    (ReadPackage { facts, origins, debug_files, tree, nested }, error)
}

/// Names of files that came before them become aliases; of several files with one path, the last one counts.
fn add_hard_links(artifacts: &mut Vec<(ArtifactFacts, Origin)>, links: Vec<HardLink>) {
    let mut last: FxHashMap<BString, usize> = FxHashMap::default();
    for (at, (artifact, _)) in artifacts.iter().enumerate() {
        last.insert(artifact.path.clone(), at);
    }
    for HardLink { path, target } in links {
        let Some(&at) = last.get(&target) else { continue };
        artifacts[at].0.aliases.push(path.clone());
        last.insert(path, at);
    }
    let mut at = 0;
    artifacts.retain(|(artifact, _)| {
        at += 1;
        last.get(&artifact.path) == Some(&(at - 1))
    });
    for (artifact, _) in artifacts {
        artifact.aliases.push(std::mem::take(&mut artifact.path));
        artifact.aliases.sort();
        artifact.aliases.dedup();
        artifact.path = artifact.aliases.remove(0);
    }
}

#[derive(Default)]
struct Found {
    artifacts: Vec<(ArtifactFacts, Origin)>,
    debug_files: Vec<(BString, Probe)>,
    suppressions: Vec<ShippedSuppressions>,
    kernel_files: Vec<KernelFile>,
    gaps: Vec<Gap>,
    nested: Vec<Arc<PackageFile>>,
    /// Scripts by path, with what runs them.
    interpreters: Vec<(BString, Arc<BString>)>,
}

struct SoftwareReader<'a> {
    file: &'a Arc<PackageFile>,
    context: &'a Context,
    is_sha256: bool,
    found: Found,
}

impl SoftwareReader<'_> {
    fn visit(&mut self, payload: &mut Payload<'_>, stored: StoredFile<'_>) -> Result<(), PayloadError> {
        if is_suppressions(stored.path.as_bstr()) && stored.size_bytes <= SUPPRESSIONS_MAX_BYTES {
            let text = payload.content()?.into();
            self.found.suppressions.push(ShippedSuppressions { path: stored.path, text });
            return Ok(());
        }
        if let Some(kind) = TextKind::of_path(stored.path.as_bstr()).filter(|_| stored.size_bytes > 0) {
            return self.kernel_text(payload, &stored, kind);
        }
        let head = payload.head(HEAD_BYTES as u64)?;
        if let Some(interpreter) = shebang::interpreter(head) {
            let interpreter = Arc::new(interpreter);
            let names = stored.links.iter().chain([&stored.path]);
            self.found.interpreters.extend(names.map(|name| (name.clone(), Arc::clone(&interpreter))));
            return Ok(());
        }
        let kind = ContentKind::detect(head);
        let is_tree = self.file.container == Container::Tar;
        let is_packed = match kind {
            ContentKind::Elf => false,
            ContentKind::Btf if stored.path.ends_with(b".btf") => false,
            ContentKind::Compressed(_) if is_module_name(stored.path.as_bstr()) => true,
            ContentKind::Rpm | ContentKind::Deb if is_tree => false,
            ContentKind::KernelImage => true,
            _ => return Ok(()),
        };
        if stored.size_bytes > self.context.limits.file_bytes {
            let limit = LimitExceeded { what: "the file", limit_bytes: self.context.limits.file_bytes };
            self.gap(GapKind::LimitReached, stored.path.as_bstr(), limit.to_string());
            return Ok(());
        }
        if let (true, Some(container)) = (is_tree, Container::of(kind)) {
            return self.nested(payload, stored, container);
        }
        let bytes = payload.content()?;
        let digest = sha256(&bytes);
        self.check_digest(&stored, digest);
        match is_packed {
            false => self.elf(stored, digest, bytes),
            true => match unpack(&bytes, self.context.limits) {
                Ok(Some(bytes)) => self.elf(stored, sha256(&bytes), bytes),
                Ok(None) => {}
                Err((kind, detail)) => self.gap(kind, stored.path.as_bstr(), detail),
            },
        }
        Ok(())
    }

    /// `Module.symvers` and the like; a link to it elsewhere in the package is the same file.
    fn kernel_text(
        &mut self,
        payload: &mut Payload<'_>,
        stored: &StoredFile<'_>,
        kind: TextKind,
    ) -> Result<(), PayloadError> {
        if stored.size_bytes > TEXT_MAX_BYTES {
            let limit = LimitExceeded { what: "the file", limit_bytes: TEXT_MAX_BYTES };
            self.gap(GapKind::LimitReached, stored.path.as_bstr(), limit.to_string());
            return Ok(());
        }
        let bytes = payload.content()?;
        self.check_digest(stored, sha256(&bytes));
        match read_text(kind, stored.path.as_bstr(), &bytes) {
            Ok(file) => self.found.kernel_files.push(file),
            Err(error) => self.gap(GapKind::Unreadable, stored.path.as_bstr(), error.to_string()),
        }
        Ok(())
    }

    /// A package inside of an archive, which is kept in memory while there is room.
    fn nested(
        &mut self,
        payload: &mut Payload<'_>,
        stored: StoredFile<'_>,
        container: Container,
    ) -> Result<(), PayloadError> {
        if !self.context.may_keep(stored.size_bytes as usize) {
            let detail = "the packages in the archive need more memory than is kept for them".to_owned();
            self.gap(GapKind::LimitReached, stored.path.as_bstr(), detail);
            return Ok(());
        }
        let bytes = Arc::new(payload.content()?);
        let label = format!("{}/{}", self.file.label, stored.path);
        let source = Source::Memory(bytes);
        let size_bytes = stored.size_bytes;
        let listing = OnceLock::new();
        let file = PackageFile { container, source, label, stated: None, size_bytes, listing };
        self.found.nested.push(Arc::new(file));
        Ok(())
    }

    /// A stated SHA-256 that does not fit means that the package was altered after it was built.
    fn check_digest(&mut self, stored: &StoredFile<'_>, digest: Digest) {
        if self.is_sha256 && !stored.digest.is_empty() {
            let found = hex(&digest.0);
            if !stored.digest.eq_ignore_ascii_case(found.as_bytes()) {
                let detail =
                    format!("the content has the SHA-256 {found}, the header states {}", stored.digest);
                self.gap(GapKind::Unreadable, stored.path.as_bstr(), detail);
            }
        }
    }

    fn is_debug_path(&self, path: &BStr) -> bool {
        match self.file.container {
            Container::Tar => is_in_debug_tree(path),
            Container::Rpm | Container::Deb => path.starts_with(b"/usr/lib/debug/"),
        }
    }

    fn elf(&mut self, stored: StoredFile<'_>, digest: Digest, bytes: Vec<u8>) {
        let found = probe(&bytes);
        if found.is_debug_only || self.is_debug_path(stored.path.as_bstr()) {
            self.found.debug_files.push((stored.path, found));
            return;
        }
        let mut names = stored.links;
        names.push(stored.path.clone());
        names.sort();
        let path = names.remove(0);
        match artifact(path.clone(), names, digest, &bytes) {
            Ok(facts) => {
                let has_types = found.has_debug_info || found.has_type_table;
                let is_needed = has_types && needs_types(&facts.elf);
                // The code of a module is most of it.
                let is_module = facts.elf.kind == ElfKind::KernelModule && !found.has_debug_info;
                let small = if is_needed && is_module { btf::alone(&bytes) } else { None };
                let bytes = small.unwrap_or(bytes);
                let kept = (is_needed && self.context.may_keep(bytes.len())).then(|| Arc::new(bytes));
                let (file, has_table) = (Arc::clone(self.file), found.has_type_table);
                let origin = Origin::Package { file, path: stored.path, kept, has_table };
                self.found.artifacts.push((facts, origin));
            }
            Err(detail) => self.gap(GapKind::BrokenElf, path.as_bstr(), detail),
        }
    }

    fn gap(&mut self, kind: GapKind, subject: &BStr, detail: String) {
        self.found.gaps.push(Gap { kind, subject: subject.into(), detail });
    }
}

/// The separate debug files of an archive, and those of its artifacts that have debug information in themselves.
pub(crate) fn read_debug_archive(
    file: &Arc<PackageFile>,
    limits: Limits,
) -> Result<Vec<(BString, Probe)>, PackageError> {
    let mut found = Vec::new();
    let read = OpenPackage::open(file, false)?.payload(limits, |payload| {
        while let Some(stored) = payload.next_file()? {
            let is_elf = ContentKind::detect(payload.head(HEAD_BYTES as u64)?) == ContentKind::Elf;
            if is_elf && stored.size_bytes <= limits.file_bytes {
                let probe = probe(&payload.content()?);
                found.push((stored.path, probe));
            }
        }
        Ok(())
    });
    read.result?;
    file.keep_listing(&read.meta);
    Ok(found)
}

/// `usr/lib/debug` inside of a directory, and GDB's `.debug` folders.
pub(crate) fn is_in_debug_tree(name: &BStr) -> bool {
    [&b"usr/lib/debug/"[..], b".debug/", b".build-id/", b".dwz/"]
        .iter()
        .any(|tree| name.starts_with(tree) || name.contains_str([b"/", *tree].concat()))
}

/// A suppression file of more than this is none.
pub(crate) const SUPPRESSIONS_MAX_BYTES: u64 = 1 << 20;

/// `*.abignore`, which libabigail's abipkgdiff takes for suppressions wherever it lies.
pub(crate) fn is_suppressions(path: &BStr) -> bool {
    path.ends_with(b".abignore")
}

/// Whether an artifact has an interface whose types are worth reading.
pub(crate) fn needs_types(elf: &ElfFacts) -> bool {
    elf.exports().next().is_some()
}

/// `foo.ko.xz` and the like: the only compressed files that the kernel itself loads.
pub(crate) fn is_module_name(path: &BStr) -> bool {
    [".ko.xz", ".ko.gz", ".ko.zst"].iter().any(|suffix| path.ends_with(suffix.as_bytes()))
}

/// The ELF file that is in a compressed module or a boot image, or `None` when there is none after all.
///
/// # Errors
/// What kind of gap that leaves, and why.
pub(crate) fn unpack(bytes: &[u8], limits: Limits) -> Result<Option<Vec<u8>>, (GapKind, String)> {
    match ContentKind::detect(bytes) {
        ContentKind::Compressed(compression) => {
            decode_module(compression, bytes, limits).map_err(|detail| (GapKind::Unreadable, detail))
        }
        ContentKind::KernelImage => image::unpack(bytes).map(Some).map_err(|error| {
            let kind = match error {
                ImageError::Damaged { .. } | ImageError::Truncated { .. } => GapKind::Unreadable,
                _ => GapKind::Unsupported,
            };
            (kind, format!("no kernel was taken out of the boot image: {error}"))
        }),
        _ => Ok(None),
    }
}

/// A decompressed module, or `None` when it is no ELF file after all.
fn decode_module(compression: Compression, bytes: &[u8], limits: Limits) -> Result<Option<Vec<u8>>, String> {
    let decoded = compression.decode_all(bytes, limits.file_bytes.min(1 << 30), "the decompressed module");
    let decoded = decoded.map_err(|e| format!("the {} stream is damaged: {e}", compression.name()))?;
    Ok(Some(decoded).filter(|d| crate::elf::is_elf(d)))
}

/// Facts of one ELF file without its types.
pub(crate) fn artifact(
    path: BString,
    aliases: Vec<BString>,
    digest: impl Into<Option<Digest>>,
    bytes: &[u8],
) -> Result<ArtifactFacts, String> {
    let read = match crate::btf::is_raw(bytes) {
        true => ElfRead { facts: crate::btf::facts(bytes)?, gaps: Vec::new(), is_cut: false },
        false => read_elf(bytes).map_err(|e| e.to_string())?,
    };
    // What such a file does not have would read as removed.
    if read.is_cut {
        return Err(format!(
            "the file is cut short: it has {} bytes, and its headers state more",
            bytes.len()
        ));
    }
    let gaps = read.gaps.into_iter().map(|gap| named(gap, path.as_bstr())).collect();
    let size_bytes = bytes.len() as u64;
    Ok(ArtifactFacts {
        path,
        aliases,
        digest: digest.into(),
        size_bytes,
        elf: read.facts,
        types: TypeEvidence::NotNeeded,
        gaps,
    })
}

/// A gap whose subject is filled in.
pub(crate) fn named(gap: Gap, subject: &BStr) -> Gap {
    match gap.subject.is_empty() {
        true => Gap { subject: subject.into(), ..gap },
        false => gap,
    }
}
