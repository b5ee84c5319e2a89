//! RPMs made byte by byte, so that tests can have what `rpmbuild` would not make.

use std::io::Write as _;

use sha2::{Digest as _, Sha256};

/// One packaged path.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) content: Vec<u8>,
    pub(crate) inode: u32,
    /// Digest in the header; the true one when `None`.
    pub(crate) digest: Option<String>,
}

pub(crate) fn regular(path: &str, content: &[u8]) -> File {
    File { path: path.into(), mode: 0o100_755, content: content.into(), inode: 0, digest: None }
}

pub(crate) fn symlink(path: &str, target: &str) -> File {
    File { path: path.into(), mode: 0o120_777, content: target.into(), inode: 0, digest: None }
}

/// Hard links: the same content under several names.
pub(crate) fn hard_links(paths: &[&str], content: &[u8]) -> Vec<File> {
    paths.iter().map(|path| File { inode: 7777, ..regular(path, content) }).collect()
}

/// A package to be written.
#[derive(Clone)]
pub(crate) struct Rpm {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) arch: &'static str,
    pub(crate) source: Option<&'static str>,
    pub(crate) files: Vec<File>,
    pub(crate) compressor: &'static str,
    pub(crate) is_stripped: bool,
    /// Further bytes of content that the header does not admit to, in the last file.
    pub(crate) hidden_zeros: usize,
}

impl Rpm {
    pub(crate) fn new(name: &'static str, files: Vec<File>) -> Self {
        Self {
            name,
            version: "1.0",
            arch: "x86_64",
            source: Some("made-1.0-1.src.rpm"),
            files,
            compressor: "gzip",
            is_stripped: false,
            hidden_zeros: 0,
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 96];
        out[..8].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0]);
        out[78..80].copy_from_slice(&[0, 5]);
        let mut signature = Tags::default();
        signature.numbers(1000, &[1234]);
        out.extend(signature.bytes());
        out.resize(out.len().next_multiple_of(8), 0);
        out.extend(self.header().bytes());
        out.extend(compress(self.compressor, &self.archive()));
        out
    }

    fn header(&self) -> Tags {
        let mut tags = Tags::default();
        tags.string(1000, self.name);
        tags.string(1001, self.version);
        tags.string(1002, "1");
        tags.string(1022, self.arch);
        if let Some(source) = self.source {
            tags.string(1044, source);
        }
        let files = &self.files;
        let each = |f: &dyn Fn(&File) -> u32| files.iter().map(f).collect::<Vec<u32>>();
        tags.numbers(1028, &each(&|f| f.content.len() as u32));
        tags.shorts(1030, &each(&|f| f.mode));
        tags.strings(1035, &files.iter().map(digest).collect::<Vec<_>>());
        let target = |f: &File| match f.mode & 0o170_000 {
            0o120_000 => String::from_utf8(f.content.clone()).unwrap(),
            _ => String::new(),
        };
        tags.strings(1036, &files.iter().map(target).collect::<Vec<_>>());
        tags.numbers(1095, &each(&|_| 1));
        tags.numbers(1096, &inodes(files));
        tags.strings(1047, &[self.name.to_owned()]);
        tags.numbers(1112, &[8]);
        tags.strings(1113, &["1.0-1".to_owned()]);
        let split = |f: &File| f.path.rsplit_once('/').map(|(d, b)| (format!("{d}/"), b.to_owned())).unwrap();
        tags.numbers(1116, &(0..files.len() as u32).collect::<Vec<_>>());
        tags.strings(1117, &files.iter().map(|f| split(f).1).collect::<Vec<_>>());
        tags.strings(1118, &files.iter().map(|f| split(f).0).collect::<Vec<_>>());
        tags.string(1124, "cpio");
        tags.string(1125, self.compressor);
        tags.numbers(5011, &[8]);
        tags
    }

    fn archive(&self) -> Vec<u8> {
        let inodes = inodes(&self.files);
        let mut out = Vec::new();
        for (i, file) in self.files.iter().enumerate() {
            let links = inodes.iter().filter(|n| **n == inodes[i]).count();
            let is_last = inodes.iter().rposition(|n| *n == inodes[i]) == Some(i);
            let content: &[u8] = if is_last { &file.content } else { &[] };
            match self.is_stripped {
                true => out.extend(format!("07070X{i:08x}").into_bytes()),
                false => {
                    out.extend(newc(&format!(".{}", file.path), file.mode, inodes[i], links, content.len()))
                }
            }
            pad(&mut out);
            out.extend(content);
            pad(&mut out);
        }
        if self.hidden_zeros > 0 {
            out.extend(newc("./hidden", 0o100_644, 99, 1, self.hidden_zeros));
            pad(&mut out);
            out.resize(out.len() + self.hidden_zeros, 0);
            pad(&mut out);
        }
        out.extend(newc("TRAILER!!!", 0, 0, 1, 0));
        pad(&mut out);
        out
    }
}

fn inodes(files: &[File]) -> Vec<u32> {
    files.iter().enumerate().map(|(i, f)| if f.inode == 0 { i as u32 + 1 } else { f.inode }).collect()
}

fn digest(file: &File) -> String {
    match (&file.digest, file.mode & 0o170_000) {
        (Some(digest), _) => digest.clone(),
        (None, 0o100_000) => Sha256::digest(&file.content).iter().map(|b| format!("{b:02x}")).collect(),
        _ => String::new(),
    }
}

fn newc(name: &str, mode: u32, inode: u32, links: usize, size: usize) -> Vec<u8> {
    let fields = [inode, mode, 0, 0, links as u32, 0, size as u32, 0, 0, 0, 0, name.len() as u32 + 1, 0];
    let fields: String = fields.iter().map(|f| format!("{f:08x}")).collect();
    format!("070701{fields}{name}\0").into_bytes()
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

pub(crate) fn compress(name: &str, data: &[u8]) -> Vec<u8> {
    match name {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        "bzip2" => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        "xz" => liblzma::encode_all(data, 2).unwrap(),
        "lzma" => {
            let options = liblzma::stream::LzmaOptions::new_preset(2).unwrap();
            let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::encode_all(data, 3).unwrap(),
        "none" => data.to_vec(),
        other => panic!("no such compressor: {other}"),
    }
}

/// One header structure.
#[derive(Default)]
pub(crate) struct Tags {
    index: Vec<(u32, u32, u32, u32)>,
    data: Vec<u8>,
}

impl Tags {
    fn add(&mut self, tag: u32, kind: u32, align: usize, count: usize, bytes: &[u8]) {
        self.data.resize(self.data.len().next_multiple_of(align), 0);
        self.index.push((tag, kind, self.data.len() as u32, count as u32));
        self.data.extend(bytes);
    }

    fn string(&mut self, tag: u32, text: &str) {
        self.add(tag, 6, 1, 1, format!("{text}\0").as_bytes());
    }

    fn strings(&mut self, tag: u32, texts: &[String]) {
        let bytes: String = texts.iter().map(|t| format!("{t}\0")).collect();
        self.add(tag, 8, 1, texts.len(), bytes.as_bytes());
    }

    fn numbers(&mut self, tag: u32, values: &[u32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
        self.add(tag, 4, 4, values.len(), &bytes);
    }

    fn shorts(&mut self, tag: u32, values: &[u32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|v| (*v as u16).to_be_bytes()).collect();
        self.add(tag, 3, 2, values.len(), &bytes);
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
        out.extend((self.index.len() as u32).to_be_bytes());
        out.extend((self.data.len() as u32).to_be_bytes());
        for entry in &self.index {
            [entry.0, entry.1, entry.2, entry.3].iter().for_each(|v| out.extend(v.to_be_bytes()));
        }
        out.extend(&self.data);
        out
    }
}
