//! The floor under every reader of packages: decompresses payloads and hashes them, and does nothing else.
//!
//! `cargo run --release --example payloads -- FILE.rpm…`, to be timed beside a check of the same packages.
use std::io::Read;
use std::sync::Mutex;

use abide_read::rpm::Package;
use abide_read::source::Source;
use sha2::{Digest, Sha256};

fn main() {
    let files = Mutex::new(std::env::args().skip(1).collect::<Vec<_>>());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(file) = files.lock().ok().and_then(|mut files| files.pop()) else { return };
                    match hash(&file) {
                        Ok(digest) => println!("{digest}  {file}"),
                        Err(error) => eprintln!("{file}: {error}"),
                    }
                }
            });
        }
    });
}

fn hash(file: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut input = Source::File(file.into()).open()?;
    let package = Package::read(&mut input)?;
    let mut payload: Box<dyn Read + Send> = match package.plan.compression {
        Some(compression) => compression.decoder(input)?,
        None => Box::new(input),
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match payload.read(&mut buffer)? {
            0 => return Ok(abide_read::repo::hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}
