//! The floor of any comparison: read the files, decompress the payload if they are packages, hash the bytes; or
//! decompress the debug sections of ELF files, and no more.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Mutex;

use abide_read::compress::Compression;
use abide_read::rpm::{HeaderError, Package};
use object::{CompressionFormat, Object, ObjectSection};
use sha2::{Digest, Sha256};

use crate::workspace::Outcome;

/// `cargo xtask floor [--sections] FILE...`: one thread a core takes the next file, or the next section.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let total = match arguments.split_first() {
        Some((first, files)) if first == "--sections" => sections(files)?,
        _ => on_threads(arguments, |path| hash(path).map_err(|e| format!("{path}: {e}")))?,
    };
    println!("{total} bytes");
    Ok(())
}

/// Decompresses every debug section of the files, the largest first.
fn sections(paths: &[String]) -> Outcome<u64> {
    let read = |path: &String| std::fs::read(path).map_err(|e| format!("{path}: {e}"));
    let files = paths.iter().map(read).collect::<Outcome<Vec<_>>>()?;
    let mut all = Vec::new();
    for (path, bytes) in paths.iter().zip(&files) {
        let file = object::File::parse(&bytes[..]).map_err(|e| format!("{path}: {e}"))?;
        for section in file.sections().filter(|s| s.name().is_ok_and(|n| n.starts_with(".debug_"))) {
            all.push(section.compressed_data().map_err(|e| format!("{path}: {e}"))?);
        }
    }
    all.sort_by_key(|data| std::cmp::Reverse(data.data.len()));
    on_threads(&all, |data| {
        let out = Vec::with_capacity(usize::try_from(data.uncompressed_size).map_err(|e| e.to_string())?);
        inflate(data.format, data.data, out).map_err(|e| e.to_string())
    })
}

fn inflate(format: CompressionFormat, data: &[u8], mut out: Vec<u8>) -> std::io::Result<u64> {
    let size = match format {
        CompressionFormat::Zlib => flate2::read::ZlibDecoder::new(data).read_to_end(&mut out)?,
        CompressionFormat::Zstandard => zstd::Decoder::with_buffer(data)?.read_to_end(&mut out)?,
        _ => 0,
    };
    Ok(size as u64)
}

/// Adds up what `work` says of each item.
fn on_threads<T: Sync>(items: &[T], work: impl Fn(&T) -> Outcome<u64> + Sync) -> Outcome<u64> {
    let queue = Mutex::new(items.iter());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let worker = || -> Outcome<u64> {
        let mut bytes = 0;
        loop {
            let next = queue.lock().map_err(|_| "a thread panicked")?.next();
            let Some(item) = next else { return Ok(bytes) };
            bytes += work(item)?;
        }
    };
    let sums: Vec<Outcome<u64>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err("a thread panicked".into()))).collect()
    });
    sums.into_iter().sum()
}

/// Hashes the payload of an RPM, or the file itself; returns how many bytes that were.
fn hash(path: &str) -> std::io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    let mut head = [0; 4];
    file.read_exact(&mut head)?;
    file = BufReader::with_capacity(1 << 18, File::open(path)?);
    // rpm's lead starts with these four bytes (lib/rpmlead.c).
    if head != [0xed, 0xab, 0xee, 0xdb] {
        return feed(&mut file);
    }
    let foreign = |e: HeaderError| std::io::Error::other(e.to_string());
    Package::read(&mut file).map_err(foreign)?;
    let start = std::io::BufRead::fill_buf(&mut file)?;
    match Compression::detect(start) {
        Some(compression) => feed(&mut compression.decoder(file)?),
        None => feed(&mut file),
    }
}

fn feed(input: &mut dyn Read) -> std::io::Result<u64> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut total = 0;
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        hasher.update(&buffer[..count]);
        total += count as u64;
    }
}
