//! A program as it is delivered: an ELF file, a folder, a package, a wheel, an archive, a container image.
//!
//! Every regular file is seen once and reduced to what can be judged ([`abide_model::ProgramContent`]); nothing is
//! unpacked to disk. Names that lead out of the container are refused with a reason. Where the program is installed is
//! told by the container; where it does not tell, a folder below `/opt` is made up, and `$ORIGIN` does the rest.

mod collect;
mod image;
mod java;
mod place;
mod script;
mod zipped;

use std::io;
use std::path::{Path, PathBuf};

use abide_model::{Program, ProgramContent};
use bstr::ByteSlice;

use crate::compress::Compression;
use crate::deb::{Deb, DebError};
use crate::input::{ContentKind, HEAD_BYTES};
use crate::payload::{Limits, Payload, PayloadError, Tree};
use crate::rpm::{HeaderError, Package};
use crate::side::walk::walk;
use crate::source::{FileBytes, file_head};
use collect::Collector;
use place::Place;

pub use java::class_version;
pub use script::{imports_of, shebang};
pub use zipped::ZipError;

/// What is read as a program, for messages.
pub const READABLE: &str = "an ELF file, a script, a directory, an RPM or Debian package, a Python wheel or other zip archive, a tar archive, or a container image (OCI or docker-archive)";

/// Why a program could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is not there or cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The path as given.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A file of a kind that is not read as a program.
    #[error("{path}: is {found}; what is read is {READABLE}")]
    Unsupported {
        /// The path as given.
        path: String,
        /// What it is.
        found: String,
    },
    /// A lone ELF file that is damaged in its header.
    #[error("{path}: {detail}")]
    Elf {
        /// The path as given.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// An RPM with a damaged header.
    #[error("{path}: {source}")]
    Rpm {
        /// The path as given.
        path: String,
        /// What is wrong.
        source: HeaderError,
    },
    /// A Debian package that is damaged in front of its files.
    #[error("{path}: {source}")]
    Deb {
        /// The path as given.
        path: String,
        /// What is wrong.
        source: DebError,
    },
    /// The files of a package or archive are damaged.
    #[error("{path}: {source}")]
    Payload {
        /// The path as given.
        path: String,
        /// What is wrong.
        source: PayloadError,
    },
    /// A zip archive is damaged.
    #[error("{path}: {source}")]
    Zip {
        /// The path as given.
        path: String,
        /// What is wrong.
        source: ZipError,
    },
    /// A container image is not what its manifest says.
    #[error("{path}: {detail}")]
    Image {
        /// The path as given.
        path: String,
        /// What is wrong.
        detail: String,
    },
}

/// How a program is read.
#[derive(Clone, Debug)]
pub struct ProgramOptions {
    /// Root directories: a program in one of them is installed where it lies there.
    pub roots: Vec<PathBuf>,
    /// Ceilings for archives and files.
    pub limits: Limits,
}

impl Default for ProgramOptions {
    /// Programs are smaller than distributions, and so are the ceilings.
    fn default() -> Self {
        let limits = Limits { payload_bytes: 16 << 30, file_bytes: 2 << 30, members: 1_000_000 };
        ProgramOptions { roots: Vec::new(), limits }
    }
}

/// Reads a program.
///
/// # Errors
/// When it cannot be opened, or is of a kind that is not read. What cannot be read inside of it is a gap.
pub fn read_program(label: &str, options: &ProgramOptions) -> Result<Program, ProgramError> {
    let path = Path::new(label);
    let io = |source| ProgramError::Io { path: label.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(io)?;
    let reader = Reader { label, path, limits: options.limits, roots: &options.roots };
    if metadata.is_dir() {
        return match image::is_layout(path) {
            true => reader.layout(),
            false => reader.directory(),
        };
    }
    let kind = ContentKind::detect(&file_head(path, HEAD_BYTES).map_err(io)?);
    match kind {
        ContentKind::Rpm => reader.rpm(),
        ContentKind::Deb => reader.deb(),
        ContentKind::Tar => reader.tar(|| reader.open_tar(None)),
        ContentKind::Compressed(compression) if reader.is_compressed_tar(compression) => {
            reader.tar(|| reader.open_tar(Some(compression)))
        }
        ContentKind::Zip => reader.zip(&FileBytes::open(path).map_err(io)?),
        _ => reader.file(kind, &FileBytes::open(path).map_err(io)?),
    }
}

/// Reads a program whose bytes are in memory: a zip or tar archive, a container image, or a lone file.
///
/// # Errors
/// As [`read_program`]; packages and folders are not read in this way.
pub fn read_bytes(label: &str, bytes: &[u8], limits: Limits) -> Result<Program, ProgramError> {
    let reader = Reader { label, path: Path::new(label), limits, roots: &[] };
    let kind = ContentKind::detect(&bytes[..bytes.len().min(HEAD_BYTES)]);
    match kind {
        ContentKind::Zip => reader.zip(bytes),
        ContentKind::Tar => reader.tar(|| reader.tar_of(bytes, None)),
        ContentKind::Compressed(compression) if is_tar_inside(compression, bytes) => {
            reader.tar(|| reader.tar_of(bytes, Some(compression)))
        }
        _ => reader.file(kind, bytes),
    }
}

/// Whether a compressed stream has a tar archive inside.
fn is_tar_inside(compression: Compression, bytes: &[u8]) -> bool {
    let mut head = Vec::new();
    let Ok(decoder) = compression.decoder(bytes) else { return false };
    let read = io::Read::read_to_end(&mut io::Read::take(decoder, HEAD_BYTES as u64), &mut head);
    read.is_ok() && ContentKind::detect(&head) == ContentKind::Tar
}

/// One delivery.
struct Reader<'a> {
    label: &'a str,
    path: &'a Path,
    limits: Limits,
    roots: &'a [PathBuf],
}

impl Reader<'_> {
    fn io(&self, source: io::Error) -> ProgramError {
        ProgramError::Io { path: self.label.to_owned(), source }
    }

    fn payload_error(&self, source: PayloadError) -> ProgramError {
        ProgramError::Payload { path: self.label.to_owned(), source }
    }

    /// A lone file.
    fn file(&self, kind: ContentKind, bytes: &[u8]) -> Result<Program, ProgramError> {
        let mut collector = Collector::new(Place::of_file(self.path, self.roots), self.limits);
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).as_encoded_bytes();
        collector.file(name.as_bstr(), 0o755, bytes);
        let kind_words = match collector.files().first().map(|file| &file.content) {
            Some(ProgramContent::Elf { .. }) => "ELF file",
            Some(ProgramContent::Script { .. }) => "script",
            Some(ProgramContent::Module { .. }) => "module",
            Some(ProgramContent::Java { .. }) => "Java class",
            None => {
                let path = self.label.to_owned();
                return Err(match (kind, collector.gaps().first()) {
                    (ContentKind::Elf, Some(gap)) => ProgramError::Elf { path, detail: gap.detail.clone() },
                    _ => ProgramError::Unsupported { path, found: kind.describe().to_owned() },
                });
            }
        };
        Ok(collector.finish(self.label, kind_words))
    }

    fn directory(&self) -> Result<Program, ProgramError> {
        let walked = walk(self.path);
        let top: Vec<&[u8]> = walked.files.iter().map(|f| f.name.as_slice()).collect();
        let place = Place::of_directory(self.path, self.roots, &top);
        let mut collector = Collector::new(place, self.limits);
        for file in &walked.files {
            collector.on_disk(file);
        }
        for (path, target) in walked.links {
            collector.link(path.as_bstr(), target);
        }
        walked.gaps.into_iter().for_each(|gap| collector.gap(gap));
        Ok(collector.finish(self.label, "directory"))
    }

    fn rpm(&self) -> Result<Program, ProgramError> {
        let file = std::fs::File::open(self.path).map_err(|e| self.io(e))?;
        let mut input = io::BufReader::with_capacity(128 << 10, file);
        let package = Package::read(&mut input)
            .map_err(|source| ProgramError::Rpm { path: self.label.to_owned(), source })?;
        let mut collector = Collector::new(Place::installed(), self.limits);
        let mut payload =
            Payload::cpio(input, &package.plan, self.limits).map_err(|e| self.payload_error(e))?;
        collector.payload(&mut payload).map_err(|e| self.payload_error(e))?;
        collector.package(package.meta);
        Ok(collector.finish(self.label, "RPM"))
    }

    fn deb(&self) -> Result<Program, ProgramError> {
        let file = std::fs::File::open(self.path).map_err(|e| self.io(e))?;
        let mut input = io::BufReader::with_capacity(128 << 10, file);
        let package = Deb::read(&mut input)
            .map_err(|source| ProgramError::Deb { path: self.label.to_owned(), source })?;
        let mut collector = Collector::new(Place::installed(), self.limits);
        let mut payload = package.data.payload(input, self.limits).map_err(|e| self.payload_error(e))?;
        collector.payload(&mut payload).map_err(|e| self.payload_error(e))?;
        collector.listing(payload.into_listing());
        collector.package(package.meta);
        Ok(collector.finish(self.label, "Debian package"))
    }

    fn open_tar(&self, compression: Option<Compression>) -> Result<Payload<'static>, ProgramError> {
        let file = std::fs::File::open(self.path).map_err(|e| self.io(e))?;
        let input = io::BufReader::with_capacity(128 << 10, file);
        Payload::tar(input, compression, Tree::Directory, self.limits).map_err(|e| self.payload_error(e))
    }

    fn tar_of<'b>(
        &self,
        bytes: &'b [u8],
        compression: Option<Compression>,
    ) -> Result<Payload<'b>, ProgramError> {
        Payload::tar(bytes, compression, Tree::Directory, self.limits).map_err(|e| self.payload_error(e))
    }

    /// An archive of files, or a container image, which is told by its manifest. It is read from its start twice.
    fn tar<'b>(&self, open: impl Fn() -> Result<Payload<'b>, ProgramError>) -> Result<Program, ProgramError> {
        let index = image::index(open()?).map_err(|e| self.payload_error(e))?;
        if let Some(layers) = index.layers().map_err(|detail| self.image_error(detail))? {
            return self.image(open()?, &layers);
        }
        let names: Vec<&[u8]> = index.names.iter().map(|name| name.as_slice()).collect();
        let mut collector = Collector::new(Place::of_archive(self.path, &names), self.limits);
        let mut payload = open()?;
        collector.payload(&mut payload).map_err(|e| self.payload_error(e))?;
        collector.listing(payload.into_listing());
        Ok(collector.finish(self.label, "tar archive"))
    }

    fn image_error(&self, detail: String) -> ProgramError {
        ProgramError::Image { path: self.label.to_owned(), detail }
    }

    fn image(&self, payload: Payload<'_>, layers: &image::Layers) -> Result<Program, ProgramError> {
        let mut collector = Collector::new(Place::installed(), self.limits);
        let contents = image::contents(payload, layers.taken()).map_err(|e| self.payload_error(e))?;
        for layer in layers.taken() {
            let bytes = contents
                .get(layer)
                .ok_or_else(|| self.image_error(format!("its layer {layer} is not in it")))?;
            collector.layer(bytes).map_err(|e| self.payload_error(e))?;
        }
        collector.note(layers.note());
        Ok(collector.finish(self.label, layers.kind))
    }

    /// An OCI image layout on disk.
    fn layout(&self) -> Result<Program, ProgramError> {
        let read = |name: &str| image::read_small(&self.path.join(name));
        let index = image::Index::of_layout(read);
        let layers = index.layers().map_err(|detail| self.image_error(detail))?;
        let layers = layers.ok_or_else(|| self.image_error("its index names no image".to_owned()))?;
        let mut collector = Collector::new(Place::installed(), self.limits);
        for layer in layers.taken() {
            let name = layer.to_string();
            let bytes = FileBytes::open(&self.path.join(&name)).map_err(|e| self.io(e))?;
            collector.layer(&bytes).map_err(|e| self.payload_error(e))?;
        }
        collector.note(layers.note());
        Ok(collector.finish(self.label, layers.kind))
    }

    fn zip(&self, bytes: &[u8]) -> Result<Program, ProgramError> {
        let fail = |source| ProgramError::Zip { path: self.label.to_owned(), source };
        let names = zipped::names(bytes, self.limits).map_err(fail)?;
        let list: Vec<&[u8]> = names.iter().map(|name| name.as_slice()).collect();
        let mut collector = Collector::new(Place::of_archive(self.path, &list), self.limits);
        let is_wheel = list.iter().any(|name| name.ends_with(b".dist-info/WHEEL"));
        let is_jar = list.contains(&b"META-INF/MANIFEST.MF".as_slice());
        if is_jar {
            let name = self.path.file_name().unwrap_or(self.path.as_os_str()).as_encoded_bytes();
            collector.java(name.as_bstr(), bytes);
        }
        zipped::each(bytes, self.limits, &mut |file| collector.zipped(file)).map_err(fail)?;
        let kind = match (is_wheel, is_jar) {
            (true, _) => "wheel",
            (_, true) => "Java archive",
            _ => "zip archive",
        };
        Ok(collector.finish(self.label, kind))
    }

    fn is_compressed_tar(&self, compression: Compression) -> bool {
        FileBytes::open(self.path).is_ok_and(|bytes| is_tar_inside(compression, &bytes))
    }
}
