//! Debian packages: an `ar` archive with control data and the archive of files.
//!
//! Format: deb(5). Signatures (`_gpgorigin`) are passed over: that a package is the one that a repository names is checked
//! by the repository's checksums. The files are read by `payload`.

pub mod control;

use std::io::BufRead;

use abide_model::{MetaPackage, Metadata, PackageFormat, PackageMeta, Script};
use bstr::{BString, ByteSlice};

use crate::ar::{self, ArError};
use crate::compress::{Compression, LimitExceeded};
use crate::payload::{Limits, Payload, PayloadError, Tree};
use control::{ControlError, Stanza};

/// Compressed or not, control data is small: the largest lists some 100,000 files.
const CONTROL_MAX_BYTES: u64 = 128 << 20;

/// Members in front of the data: version, signature, control data.
const MEMBERS_MAX: usize = 16;

/// Why a package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// The outer archive is damaged.
    #[error(transparent)]
    Ar(#[from] ArError),
    /// The archive of the control data is damaged.
    #[error("the control data at offset {offset}: {error}")]
    Control {
        /// Where the member starts.
        offset: u64,
        /// What is wrong.
        error: PayloadError,
    },
    /// A member is compressed in a way that is not read.
    #[error("the member {0} has a compression that is not read")]
    UnknownCompression(BString),
    /// A member is too large.
    #[error("{0}")]
    Limit(LimitExceeded),
    /// The package has another format than 2.x.
    #[error("the package has the format `{0}`; only 2.x is read")]
    Format(String),
    /// A member that every package has is not there, or is behind another one than it should be.
    #[error("the package has no member {0} where it should be")]
    NoMember(&'static str),
    /// The control data does not describe a package.
    #[error(transparent)]
    Fields(#[from] ControlError),
}

/// A package whose control data was read.
#[derive(Debug)]
pub struct Deb {
    /// Identity and dependencies; as files those of `md5sums`, which are regular ones only.
    pub meta: PackageMeta,
    /// Where the archive of files starts, and how it is packed.
    pub data: Data,
}

/// The archive of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// `None` for a plain one.
    pub compression: Option<Compression>,
    /// Offset in the package.
    pub offset: u64,
    /// Size in the package.
    pub size_bytes: u64,
}

impl Deb {
    /// Reads everything in front of the archive of files, where `input` is left.
    pub fn read(input: &mut (impl BufRead + Send)) -> Result<Self, DebError> {
        let (meta, data) = members(input, |stanza, read| {
            let mut files = control::md5sums(&read.md5sums);
            control::mark_conffiles(&mut files, control::conffiles(&read.conffiles));
            let mut scripts = read.scripts.clone();
            scripts.sort();
            Ok(PackageMeta { files, scripts, ..control::meta(stanza)? })
        })?;
        Ok(Self { meta, data })
    }

    /// What the package says of other packages, as a repository would list it.
    pub fn read_listed(input: &mut (impl BufRead + Send)) -> Result<Metadata, DebError> {
        let (listed, _) = members(input, |stanza, _| {
            let mut listed = Metadata::new("", PackageFormat::Deb);
            let PackageMeta { nevra, source_package, .. } = control::meta(stanza)?;
            let package = control::listed(stanza, nevra, &mut listed);
            listed.packages.push(MetaPackage { source_package, ..package });
            Ok(listed)
        })?;
        Ok(listed)
    }
}

/// Goes through the members up to the archive of files; `read` gets the control data and the files beside it.
fn members<T>(
    input: &mut (impl BufRead + Send),
    read: impl Fn(&Stanza<'_>, &ControlFiles) -> Result<T, DebError>,
) -> Result<(T, Data), DebError> {
    let mut archive = ar::Reader::new(input)?;
    let mut meta = None;
    for position in 0..MEMBERS_MAX {
        let member = archive.next_member()?.ok_or(DebError::NoMember("data.tar"))?;
        let offset = archive.offset();
        if position == 0 {
            check_format(&mut archive, &member)?;
        } else if member.name.starts_with(b"control.tar") {
            let found = read_control(&mut archive, &member, offset)?;
            meta = Some(read(&control::stanzas(&found.control).next().unwrap_or_default(), &found)?);
        } else if member.name.starts_with(b"data.tar") {
            let compression = compression(&member.name, b"data.tar")?;
            let data = Data { compression, offset, size_bytes: member.size_bytes };
            return Ok((meta.ok_or(DebError::NoMember("control.tar"))?, data));
        } else if !member.name.starts_with(b"_") {
            // deb(5): members of unknown names are errors, unless they start with an underscore.
            return Err(DebError::NoMember("control.tar"));
        }
    }
    Err(DebError::NoMember("data.tar"))
}

fn check_format<R: BufRead>(archive: &mut ar::Reader<R>, member: &ar::Member) -> Result<(), DebError> {
    if member.name != "debian-binary" || member.size_bytes > 64 {
        return Err(DebError::NoMember("debian-binary"));
    }
    let mut text = Vec::new();
    archive.read(&mut text)?;
    match text.starts_with(b"2.") {
        true => Ok(()),
        false => Err(DebError::Format(text.trim().to_str_lossy().into_owned())),
    }
}

/// The suffix of a member's name says how it is packed.
fn compression(name: &BString, stem: &[u8]) -> Result<Option<Compression>, DebError> {
    match name.strip_prefix(stem) {
        Some(b"") => Ok(None),
        Some([b'.', suffix @ ..]) => match Compression::from_name(suffix) {
            None => Err(DebError::UnknownCompression(name.clone())),
            found => Ok(found),
        },
        _ => Err(DebError::UnknownCompression(name.clone())),
    }
}

fn read_control<R: BufRead>(
    archive: &mut ar::Reader<R>,
    member: &ar::Member,
    offset: u64,
) -> Result<ControlFiles, DebError> {
    let limit = LimitExceeded { what: "the control data", limit_bytes: CONTROL_MAX_BYTES };
    if member.size_bytes > CONTROL_MAX_BYTES {
        return Err(DebError::Limit(limit));
    }
    let compression = compression(&member.name, b"control.tar")?;
    let mut packed = Vec::new();
    archive.read(&mut packed)?;
    control_files(&packed, compression).map_err(|error| DebError::Control { offset, error })
}

/// The files of the control data that matter here.
#[derive(Default)]
struct ControlFiles {
    control: Vec<u8>,
    md5sums: Vec<u8>,
    conffiles: Vec<u8>,
    scripts: Vec<Script>,
}

/// Maintainer scripts (Debian policy §6), and the triggers of dpkg (deb-triggers(5)).
const SCRIPTS: [&str; 6] = ["config", "postinst", "postrm", "preinst", "prerm", "triggers"];

fn control_files(packed: &[u8], compression: Option<Compression>) -> Result<ControlFiles, PayloadError> {
    let limits = Limits { payload_bytes: CONTROL_MAX_BYTES, file_bytes: CONTROL_MAX_BYTES, members: 10_000 };
    let mut payload = Payload::tar(packed, compression, Tree::Installed, limits)?;
    let mut read = ControlFiles::default();
    while let Some(file) = payload.next_file()? {
        match &file.path[..] {
            b"/control" => read.control = payload.content()?,
            b"/md5sums" => read.md5sums = payload.content()?,
            b"/conffiles" => read.conffiles = payload.content()?,
            name => {
                if let Some(event) = SCRIPTS.iter().find(|event| name[1..] == *event.as_bytes()) {
                    read.scripts.push(control::script(event, payload.content()?));
                }
            }
        }
    }
    Ok(read)
}

impl Data {
    /// The files, read from `input`, which is at the archive's first byte.
    pub fn payload<'p>(
        &self,
        input: impl BufRead + Send + 'p,
        limits: Limits,
    ) -> Result<Payload<'p>, PayloadError> {
        // A member that is cut off ends before its size, which the tar reader notices.
        Payload::tar(input.take(self.size_bytes), self.compression, Tree::Installed, limits)
    }
}

/// Whether a package can be told to have debug files by `md5sums` alone.
///
/// `dh_strip` installs regular files by build-id; where links lead to files of other names, as in the packages of
/// kernels, only the archive lists them.
pub fn lists_debug_files(meta: &PackageMeta) -> bool {
    meta.files.iter().any(|f| f.path.starts_with(b"/usr/lib/debug/.build-id/"))
}

pub(crate) use crate::payload::absolute;
