//! Lookaside metadata: the files that are kept beside git, by their digests, and how such a file is checked.
//!
//! Forms: `sources` of Fedora and CentOS Stream, with lines `SHA512 (NAME) = DIGEST` or, before 2017, `MD5  NAME`
//! (dist-git's `lookaside_cache_*`, rpkg's `sources.py`); `.NAME.metadata` of imported packages, with lines
//! `DIGEST SOURCES/NAME` whose length says what it is (CentOS's `get_sources.sh`).

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::files;

/// What a digest was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// MD5: shows damage, and nothing about intent.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Algorithm::Md5 => "md5",
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The one whose digests have so many hexadecimal digits.
    fn of_length(digits: usize) -> Option<Algorithm> {
        let all = [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
        all.into_iter().find(|algorithm| algorithm.digits() == digits)
    }

    fn digits(self) -> usize {
        match self {
            Algorithm::Md5 => 32,
            Algorithm::Sha1 => 40,
            Algorithm::Sha256 => 64,
            Algorithm::Sha384 => 96,
            Algorithm::Sha512 => 128,
        }
    }

    /// The digest of bytes, in lower case.
    pub fn digest(self, bytes: &[u8]) -> String {
        match self {
            Algorithm::Md5 => hex(&Md5::digest(bytes)),
            Algorithm::Sha1 => hex(&Sha1::digest(bytes)),
            Algorithm::Sha256 => hex(&Sha256::digest(bytes)),
            Algorithm::Sha384 => hex(&Sha384::digest(bytes)),
            Algorithm::Sha512 => hex(&Sha512::digest(bytes)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that is kept beside git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its path as the line has it.
    pub path: String,
    /// What its digest was made with.
    pub algorithm: Algorithm,
    /// Its digest, in lower case.
    pub digest: String,
    /// The metadata file that lists it.
    pub listed_in: String,
    /// The line there, from 1.
    pub line: usize,
}

impl Stored {
    /// Its name without folders.
    pub fn name(&self) -> &str {
        files::name(&self.path)
    }

    /// Whether bytes are those that the metadata means.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.algorithm.digest(bytes) == self.digest
    }
}

/// What a metadata file says.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// The files, in order.
    pub stored: Vec<Stored>,
    /// Lines that were not understood, from 1.
    pub unknown: Vec<usize>,
}

/// Whether a path is that of lookaside metadata.
pub fn is_metadata(path: &str) -> bool {
    path == "sources" || (path.starts_with('.') && path.ends_with(".metadata") && !path.contains('/'))
}

/// Reads a metadata file.
pub fn read(path: &str, text: &str) -> Metadata {
    let mut metadata = Metadata::default();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match parse(line) {
            Some((name, algorithm, digest)) => metadata.stored.push(Stored {
                path: name.to_owned(),
                algorithm,
                digest: digest.to_ascii_lowercase(),
                listed_in: path.to_owned(),
                line: index + 1,
            }),
            None => metadata.unknown.push(index + 1),
        }
    }
    metadata
}

/// Whether a line of metadata stands for a file of this name.
pub(crate) fn names(line: &str, name: &str) -> bool {
    file_of(line).is_some_and(|path| files::name(path) == name)
}

/// The path in a line of either form, whatever its digest is.
fn file_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let path = match tagged(line) {
        Some((_, path, _)) => path,
        None => line.split_once(char::is_whitespace)?.1.trim_start(),
    };
    // `md5sum` marks binary files by a star.
    let path = path.strip_prefix('*').unwrap_or(path);
    (!path.is_empty()).then_some(path)
}

/// `TYPE (PATH) = DIGEST`
fn tagged(line: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = line.split_once(" (")?;
    let (path, digest) = rest.rsplit_once(") = ")?;
    Some((kind, path, digest))
}

fn parse(line: &str) -> Option<(&str, Algorithm, &str)> {
    let line = line.trim();
    let path = file_of(line)?;
    let digest = match tagged(line) {
        Some((kind, _, digest)) => {
            let algorithm = Algorithm::of_length(digest.len())?;
            kind.replace('-', "").eq_ignore_ascii_case(algorithm.id()).then_some(digest)?
        }
        None => line.split_once(char::is_whitespace)?.0,
    };
    let algorithm = Algorithm::of_length(digest.len())?;
    digest.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some((path, algorithm, digest))
}

/// The patterns by which importers take a file for an archive although its name goes on: `*.tar*` fits
/// `network-online.target.patch`.
const ARCHIVES: &[(&str, &str)] = &[
    ("*.tar*", ".tar"),
    ("*.tgz*", ".tgz"),
    ("*.tbz*", ".tbz"),
    ("*.txz*", ".txz"),
    ("*.zip*", ".zip"),
    ("*.gem*", ".gem"),
    ("*.jar*", ".jar"),
    ("*.gz*", ".gz"),
    ("*.bz2*", ".bz2"),
    ("*.xz*", ".xz"),
];

/// The pattern for archives that a name which is no archive's fits all the same.
pub fn mistaken_by(name: &str) -> Option<&'static str> {
    let fits = |(_, part): &&(&str, &str)| name.find(part).is_some_and(|at| at + part.len() < name.len());
    ARCHIVES.iter().find(fits).map(|(pattern, _)| *pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_checked() {
        let (md5, sha1) = ("900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d");
        let sha512 = Algorithm::Sha512.digest(b"abc");
        let text = format!(
            "SHA512 (a b-1.0 (x).tar.gz) = {sha512}\n{md5}  old.tar.gz\n{md5} *star.tgz\n\n{} SOURCES/new.tar\nSHA256 (wrong) = {sha1}\nwords\n{}g x\n",
            sha1.to_ascii_uppercase(),
            &sha1[..39]
        );
        let found = read("sources", &text);
        let shown: Vec<(&str, &str, usize)> =
            found.stored.iter().map(|s| (s.path.as_str(), s.algorithm.id(), s.line)).collect();
        assert_eq!(
            shown,
            [
                ("a b-1.0 (x).tar.gz", "sha512", 1),
                ("old.tar.gz", "md5", 2),
                ("star.tgz", "md5", 3),
                ("SOURCES/new.tar", "sha1", 5)
            ]
        );
        assert_eq!(found.unknown, [6, 7, 8]);
        assert!(found.stored.iter().all(|stored| stored.is(b"abc") && !stored.is(b"abd")));
        assert_eq!(found.stored[3].name(), "new.tar");
    }

    #[test]
    fn which_files_are_metadata() {
        for (path, expected) in [
            ("sources", true),
            (".foo.metadata", true),
            ("SOURCES/sources", false),
            ("foo.metadata", false),
            ("SOURCES/.foo.metadata", false),
        ] {
            assert_eq!(is_metadata(path), expected, "{path}");
        }
    }

    #[test]
    fn names_that_look_like_archives() {
        assert_eq!(mistaken_by("0001-wants-network-online.target.patch"), Some("*.tar*"));
        assert_eq!(mistaken_by("read.gzip-header.patch"), Some("*.gz*"));
        assert_eq!(mistaken_by("foo-1.0.tar.gz"), Some("*.tar*"));
        assert_eq!(mistaken_by("fix.patch"), None);
        assert_eq!(mistaken_by("target.patch"), None);
    }
}
