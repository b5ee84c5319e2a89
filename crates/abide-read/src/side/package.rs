//! One package file: read once from start to end, its artifacts found, its checksum verified.
//!
//! What becomes of many packages is in `side`; aliases through symbolic links in `links`; types in `types`.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use abide_model::{ArtifactFacts, Digest, ElfFacts, Gap, GapKind, PackageFacts, PackageMeta, TypeEvidence};
use bstr::{BStr, BString, ByteSlice};
use sha2::digest::Update;
use sha2::{Digest as _, Sha256};

use crate::compress::{Compression, LimitExceeded};
use crate::debuginfo::probe;
use crate::elf::read_elf;
use crate::input::{ContentKind, HEAD_BYTES};
use crate::repo::{Checksum, Hasher, hex};
use crate::rpm::{HeaderError, Limits, Package, Payload, PayloadError, StoredFile};
use crate::source::{Hashing, Source, sha256};

/// A package file and what is known of it before it is opened.
#[derive(Clone, Debug)]
pub struct PackageFile {
    /// Where its bytes are.
    pub source: Source,
    /// File name for messages.
    pub label: String,
    /// NEVRA and checksum, when a repository names it.
    pub stated: Option<(String, Checksum)>,
    /// Size, for the order of work.
    pub size_bytes: u64,
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
    pub(crate) package: Package,
    input: Hashing<Box<dyn BufRead + Send>, PackageHash>,
    file: &'f PackageFile,
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
        let read = Package::read(&mut input).and_then(|mut p| p.mismatch.take().map_or(Ok(p), Err));
        match read {
            Ok(package) => Ok(Self { package, input, file }),
            // A file that is not the stated one is reported as such, not as damaged.
            Err(error) => Err(verify(input, file).err().unwrap_or_else(|| error.into())),
        }
    }

    /// Hands the payload to `read`.
    pub(crate) fn payload<T>(
        mut self,
        limits: Limits,
        read: impl FnOnce(&mut Payload<'_>, &PackageMeta) -> Result<T, PayloadError>,
    ) -> (Result<(T, Option<Digest>), PackageError>, PackageMeta) {
        let Package { meta, plan, payload_offset, .. } = self.package;
        // A checksum of the whole file covers the payload as well.
        let wants_payload = self.file.stated.is_none() && plan.payload_sha256.is_some();
        self.input.hash_mut().payload = wants_payload.then(Sha256::new);
        let result = Payload::new(&mut self.input, &plan, limits).and_then(|mut p| read(&mut p, &meta));
        let damage = |error| PackageError::Payload { offset: payload_offset, error };
        // Damage that comes of having another file than the stated one is reported as such.
        let verified = verify(self.input, self.file).and_then(|(digest, payload)| {
            let value = result.map_err(damage)?;
            match (payload, plan.payload_sha256) {
                (Some(found), Some(stated)) if found != stated => {
                    Err(PackageError::PayloadDigest { offset: payload_offset, found, stated })
                }
                _ => Ok((value, digest)),
            }
        });
        (verified, meta)
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
    /// Bytes of artifacts with debug information of their own that may still be kept for the types.
    pub(crate) keep_bytes: AtomicU64,
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

/// What came of reading one package.
pub(crate) struct ReadPackage {
    pub(crate) facts: PackageFacts,
    /// Parallel to the artifacts.
    pub(crate) origins: Vec<Origin>,
    /// Separate debug files that are in the package.
    pub(crate) debug_files: Vec<BString>,
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
    let is_sha256 = open.package.plan.digests_are_sha256;
    let mut reader = SoftwareReader {
        file,
        context,
        is_sha256,
        artifacts: Vec::new(),
        debug_files: Vec::new(),
        gaps: Vec::new(),
    };
    let (result, meta) = open.payload(context.limits, |payload, _| {
        while let Some(stored) = payload.next_file()? {
            reader.visit(payload, stored)?;
        }
        Ok(())
    });
    let SoftwareReader { mut artifacts, mut debug_files, mut gaps, .. } = reader;
    let (digest, error) = match result {
        Ok(((), digest)) => (digest, None),
        Err(error) => {
            artifacts.clear();
            debug_files.clear();
            gaps = vec![error.gap(file)];
            (None, Some(error))
        }
    };
    artifacts.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let (artifacts, origins) = artifacts.into_iter().unzip();
    let source = file.label.as_str().into();
    let facts = PackageFacts { meta: Some(meta), source, digest, artifacts, gaps };
    (ReadPackage { facts, origins, debug_files }, error)
}

struct SoftwareReader<'a> {
    file: &'a Arc<PackageFile>,
    context: &'a Context,
    is_sha256: bool,
    artifacts: Vec<(ArtifactFacts, Origin)>,
    debug_files: Vec<BString>,
    gaps: Vec<Gap>,
}

impl SoftwareReader<'_> {
    fn visit(&mut self, payload: &mut Payload<'_>, stored: StoredFile<'_>) -> Result<(), PayloadError> {
        let kind = ContentKind::detect(payload.head(HEAD_BYTES as u64)?);
        let compression = match kind {
            ContentKind::Elf => None,
            ContentKind::Compressed(c) if is_module_name(stored.path.as_bstr()) => Some(c),
            ContentKind::KernelImage => {
                self.gap(
                    GapKind::Unsupported,
                    stored.path.as_bstr(),
                    "a bootable kernel image is not read".to_owned(),
                );
                return Ok(());
            }
            _ => return Ok(()),
        };
        if stored.size_bytes > self.context.limits.file_bytes {
            let limit = LimitExceeded { what: "the file", limit_bytes: self.context.limits.file_bytes };
            self.gap(GapKind::LimitReached, stored.path.as_bstr(), limit.to_string());
            return Ok(());
        }
        let bytes = payload.content()?;
        let digest = sha256(&bytes);
        self.check_digest(&stored, digest);
        match compression {
            None => self.elf(stored, digest, bytes),
            Some(compression) => match decode_module(compression, &bytes, self.context.limits) {
                Ok(Some(bytes)) => self.elf(stored, sha256(&bytes), bytes),
                Ok(None) => {}
                Err(error) => self.gap(GapKind::Unreadable, stored.path.as_bstr(), error),
            },
        }
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

    fn elf(&mut self, stored: StoredFile<'_>, digest: Digest, bytes: Vec<u8>) {
        let found = probe(&bytes);
        if found.is_debug_only || stored.path.starts_with(b"/usr/lib/debug/") {
            self.debug_files.push(stored.path);
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
                let kept = (is_needed && self.context.may_keep(bytes.len())).then(|| Arc::new(bytes));
                let (file, has_table) = (Arc::clone(self.file), found.has_type_table);
                let origin = Origin::Package { file, path: stored.path, kept, has_table };
                self.artifacts.push((facts, origin));
            }
            Err(detail) => self.gap(GapKind::BrokenElf, path.as_bstr(), detail),
        }
    }

    fn gap(&mut self, kind: GapKind, subject: &BStr, detail: String) {
        self.gaps.push(Gap { kind, subject: subject.into(), detail });
    }
}

/// Whether an artifact has an interface whose types are worth reading.
pub(crate) fn needs_types(elf: &ElfFacts) -> bool {
    elf.exports().next().is_some()
}

/// `foo.ko.xz` and the like: the only compressed files that the kernel itself loads.
pub(crate) fn is_module_name(path: &BStr) -> bool {
    [".ko.xz", ".ko.gz", ".ko.zst"].iter().any(|suffix| path.ends_with(suffix.as_bytes()))
}

/// A decompressed module, or `None` when it is no ELF file after all.
pub(crate) fn decode_module(
    compression: Compression,
    bytes: &[u8],
    limits: Limits,
) -> Result<Option<Vec<u8>>, String> {
    let decoded = compression.decode_all(bytes, limits.file_bytes.min(1 << 30), "the decompressed module");
    let decoded = decoded.map_err(|e| format!("the {} stream is damaged: {e}", compression.name()))?;
    Ok(Some(decoded).filter(|d| crate::elf::is_elf(d)))
}

/// Facts of one ELF file without its types.
pub(crate) fn artifact(
    path: BString,
    aliases: Vec<BString>,
    digest: Digest,
    bytes: &[u8],
) -> Result<ArtifactFacts, String> {
    let read = read_elf(bytes).map_err(|e| e.to_string())?;
    let gaps = read.gaps.into_iter().map(|gap| named(gap, path.as_bstr())).collect();
    let size_bytes = bytes.len() as u64;
    Ok(ArtifactFacts {
        path,
        aliases,
        digest,
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
