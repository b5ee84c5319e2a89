//! A stream that knows how far it was read: what the readers of archives (ar, cpio, tar) have in common.

use std::io::{self, BufRead, Read};

/// Counts the bytes that were taken out of a stream.
#[derive(Debug)]
pub(crate) struct Counted<R> {
    input: R,
    offset: u64,
}

impl<R> Counted<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, offset: 0 }
    }

    /// Bytes that were read so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }
}

impl<R: BufRead> Counted<R> {
    /// Appends just `count` bytes to `out`; fewer are an error.
    pub(crate) fn append(&mut self, out: &mut Vec<u8>, count: u64) -> io::Result<()> {
        let before = out.len();
        let result = (&mut self.input).take(count).read_to_end(out);
        let got = (out.len() - before) as u64;
        self.offset = self.offset.saturating_add(got);
        match result? {
            _ if got == count => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Passes over `count` bytes.
    pub(crate) fn skip(&mut self, count: u64) -> io::Result<()> {
        let mut left = count;
        while left > 0 {
            let step = match self.input.fill_buf().map(<[u8]>::len) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => left.min(n as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.input.consume(step as usize);
            self.offset = self.offset.saturating_add(step);
            left -= step;
        }
        Ok(())
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut buf = [0; N];
        self.input.read_exact(&mut buf)?;
        self.offset = self.offset.saturating_add(N as u64);
        Ok(buf)
    }

    /// The next `N` bytes, or `None` when the stream ends before the first of them.
    pub(crate) fn array_or_end<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        loop {
            match self.input.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(_) => return self.array().map(Some),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
