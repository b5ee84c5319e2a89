//! Where bytes come from: files on disk, mapped or streamed, and files that came over the network.
//!
//! What the bytes are is told by `input`.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::repo::Remote;

/// Files up to this size are read; larger ones are mapped.
const MAP_FROM_BYTES: u64 = 1 << 20;

/// Bytes of a file that are mapped at a time while it is hashed.
const HASH_BYTES: u64 = 16 << 20;

/// Content of a file.
#[derive(Debug)]
pub enum FileBytes {
    /// In memory.
    Owned(Vec<u8>),
    /// Mapped: pages come from the file as they are touched.
    Mapped(memmap2::Mmap, File),
}

impl FileBytes {
    /// Opens a regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let size = regular_size(&file.metadata()?)?;
        if size < MAP_FROM_BYTES {
            let mut bytes = Vec::with_capacity(size as usize);
            file.by_ref().take(MAP_FROM_BYTES).read_to_end(&mut bytes)?;
            return Ok(Self::Owned(bytes));
        }
        // Files of the kernel (`/sys`) can be read and not always be mapped.
        match map(&file) {
            Ok(map) => Ok(Self::Mapped(map, file)),
            Err(_) => {
                let mut bytes = Vec::new();
                file.take(size).read_to_end(&mut bytes)?;
                Ok(Self::Owned(bytes))
            }
        }
    }

    /// The file that the bytes are mapped from.
    pub fn file(&self) -> Option<&File> {
        match self {
            Self::Owned(_) => None,
            Self::Mapped(_, file) => Some(file),
        }
    }
}

fn map(file: &File) -> io::Result<memmap2::Mmap> {
    map_with(memmap2::MmapOptions::new(), file)
}

/// The one place that needs `unsafe`: no safe interface maps a file.
#[allow(unsafe_code)]
fn map_with(options: memmap2::MmapOptions, file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is private and read-only. Another process that shortens the file meanwhile ends this one
    // with SIGBUS, as it does every linker and debugger; one that writes to it can make facts of mixed versions,
    // which no way of reading a changing file prevents.
    unsafe { options.map_copy_read_only(file) }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map, _) => map,
        }
    }
}

fn regular_size(metadata: &Metadata) -> io::Result<u64> {
    match metadata.is_file() {
        true => Ok(metadata.len()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}

/// The first bytes of a regular file, at most `count`.
pub fn file_head(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    regular_size(&file.metadata()?)?;
    let mut head = Vec::with_capacity(count);
    file.take(count as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// SHA-256 of bytes in memory.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// SHA-256 of a file, which is mapped in pieces: reading would copy it first, and all of it at once would count as
/// this program's memory.
pub fn sha256_file(path: &Path) -> io::Result<Digest> {
    let file = File::open(path)?;
    let size = regular_size(&file.metadata()?)?;
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < size {
        let len = (size - offset).min(HASH_BYTES);
        let mut options = memmap2::MmapOptions::new();
        options.offset(offset).len(len as usize).populate();
        hash.update(&map_with(options, &file)?[..]);
        offset += len;
    }
    Ok(Digest(hash.finalize().into()))
}

/// A package file that can be read from its start, more than once.
#[derive(Clone, Debug)]
pub enum Source {
    /// On disk.
    File(PathBuf),
    /// In memory.
    Memory(Arc<Vec<u8>>),
    /// At a URL; every reading fetches it.
    Remote(Remote),
}

impl Source {
    /// A reader at the first byte.
    pub fn open(&self) -> io::Result<Box<dyn BufRead + Send>> {
        Ok(match self {
            Self::File(path) => {
                let file = File::open(path)?;
                regular_size(&file.metadata()?)?;
                Box::new(BufReader::with_capacity(128 << 10, file))
            }
            Self::Memory(bytes) => Box::new(Cursor::new(Shared(Arc::clone(bytes)))),
            Self::Remote(remote) => Box::new(Cursor::new(remote.get().map_err(io::Error::other)?)),
        })
    }

    /// Name for messages.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory(_) => "memory".to_owned(),
            Self::Remote(remote) => remote.name(),
        }
    }
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A reader that hashes what passes through it.
pub struct Hashing<R, H> {
    inner: R,
    hash: H,
}

impl<R: BufRead, H: sha2::digest::Update> Hashing<R, H> {
    /// Hashes what is read of `inner`.
    pub fn new(inner: R, hash: H) -> Self {
        Self { inner, hash }
    }

    /// Reads to the end.
    pub fn drain(&mut self) -> io::Result<()> {
        loop {
            let count = match self.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(buf) => buf.len(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.consume(count);
        }
    }
}

impl<R, H> Hashing<R, H> {
    /// The hash state so far, for instance to have it begin at this place.
    pub fn hash_mut(&mut self) -> &mut H {
        &mut self.hash
    }

    /// The hash state over everything that was read.
    pub fn into_hash(self) -> H {
        self.hash
    }
}

impl<R: BufRead, H: sha2::digest::Update> BufRead for Hashing<R, H> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed was in the buffer, so that asking for it again reads nothing new.
        if amount > 0
            && let Ok(buf) = self.inner.fill_buf()
        {
            self.hash.update(&buf[..amount.min(buf.len())]);
        }
        self.inner.consume(amount);
    }
}

impl<R: BufRead, H: sha2::digest::Update> Read for Hashing<R, H> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut buf = self.fill_buf()?;
        let count = buf.read(out)?;
        self.consume(count);
        Ok(count)
    }
}
