//! tar archives and Debian packages made byte by byte, so that tests can have what `tar` and `dpkg-deb` would not make.

use crate::craft::{File, compress};

/// One ustar header block.
pub(crate) fn header(name: &str, kind: u8, mode: u32, size: u64, link: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, format!("{:07o}\0", mode & 0o7777).as_bytes());
    put(124, format!("{size:011o}\0").as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    seal(&mut block);
    block
}

/// Writes the checksum of a header block.
pub(crate) fn seal(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A header and its content.
pub(crate) fn member(name: &str, kind: u8, mode: u32, content: &[u8]) -> Vec<u8> {
    let mut out = header(name, kind, mode, content.len() as u64, "");
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// An archive of these files under the names `.PATH`; of those with one inode all but the first are hard links.
pub(crate) fn tar(files: &[File]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let name = format!(".{}", file.path);
        let first = files[..at].iter().find(|f| file.inode != 0 && f.inode == file.inode);
        match (first, file.mode & 0o170_000) {
            (Some(first), _) => out.extend(header(&name, b'1', file.mode, 0, &format!(".{}", first.path))),
            (None, 0o120_000) => {
                out.extend(header(&name, b'2', file.mode, 0, std::str::from_utf8(&file.content).unwrap()));
            }
            _ => out.extend(member(&name, b'0', file.mode, &file.content)),
        }
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A Debian package to be written.
#[derive(Clone)]
pub(crate) struct Deb {
    pub(crate) control: String,
    pub(crate) files: Vec<File>,
    pub(crate) compressor: &'static str,
    /// Whether `md5sums` lists the regular files.
    pub(crate) lists_files: bool,
    /// Further files of the control data.
    pub(crate) more: Vec<File>,
}

impl Deb {
    pub(crate) fn new(name: &str, files: Vec<File>) -> Self {
        let control = format!("Package: {name}\nSource: made\nVersion: 1:1.0-1\nArchitecture: amd64\n");
        Self { control, files, compressor: "xz", lists_files: true, more: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let regular = |f: &&File| f.mode & 0o170_000 == 0o100_000;
        let listed = self.files.iter().filter(regular).filter(|_| self.lists_files);
        let sums: String = listed.map(|f| format!("{}  {}\n", "0".repeat(32), &f.path[1..])).collect();
        let text = |path: &str, text: &str| crate::craft::regular(path, text.as_bytes());
        let control = [text("/control", &self.control), text("/md5sums", &sums)];
        let control = tar(&[&control[..], &self.more].concat());
        let suffix = match self.compressor {
            "gzip" => ".gz",
            "bzip2" => ".bz2",
            "zstd" => ".zst",
            "none" => "",
            other => &format!(".{other}"),
        };
        ar(&[
            ("debian-binary", b"2.0\n"),
            (&format!("control.tar{suffix}"), &compress(self.compressor, &control)),
            (&format!("data.tar{suffix}"), &compress(self.compressor, &tar(&self.files))),
        ])
    }
}

/// An `ar` archive.
pub(crate) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len());
        out.extend(header.into_bytes());
        out.extend(*content);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}
