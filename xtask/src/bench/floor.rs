//! The floor of any comparison: read the files, decompress the payload if they are packages, hash the bytes.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Mutex;

use abide_read::compress::Compression;
use abide_read::rpm::{HeaderError, Package};
use sha2::{Digest, Sha256};

use crate::workspace::Outcome;

/// `cargo xtask floor FILE...`: one thread a core takes the next file.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let queue = Mutex::new(arguments.iter());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let worker = || -> Outcome<u64> {
        let mut bytes = 0;
        loop {
            let next = queue.lock().map_err(|_| "a thread panicked")?.next();
            let Some(path) = next else { return Ok(bytes) };
            bytes += hash(path).map_err(|e| format!("{path}: {e}"))?;
        }
    };
    let sums: Vec<Outcome<u64>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err("a thread panicked".into()))).collect()
    });
    let total = sums.into_iter().sum::<Outcome<u64>>()?;
    println!("{total} bytes");
    Ok(())
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
