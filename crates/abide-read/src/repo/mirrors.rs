//! The places that have one repository: in which order they are asked, and the lists that name them.
//!
//! Formats: dnf's mirror lists (one URL a line) and metalinks (RFC 5854's predecessor 3.0, as MirrorManager writes it).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::xml::{Element, Visit, walk};
use super::{Checksum, RepoError};
use crate::fetch::{Fetcher, is_url};

/// No list names more mirrors that are of use.
const MIRRORS_MAX: usize = 256;

/// A list of mirrors has some 100 KB.
const LIST_MAX_BYTES: u64 = 16 << 20;

/// Where the metadata list is below a mirror.
const REPOMD_SUFFIX: &str = "/repodata/repomd.xml";

/// The places of one repository. Clones share what is known of failures.
#[derive(Clone, Debug)]
pub struct Mirrors {
    fetcher: Fetcher,
    places: Arc<[Mirror]>,
    /// Checksums that a metalink states for `repomd.xml`; none when nobody states any.
    repomd: Arc<[Checksum]>,
}

/// One place, and how often it failed.
#[derive(Debug)]
struct Mirror {
    /// Without a slash at the end.
    url: String,
    failures: AtomicU32,
}

/// What a list of mirrors says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorList {
    /// The places, the best first.
    pub urls: Vec<String>,
    /// Checksums of `repomd.xml`, the latest first.
    pub repomd: Vec<Checksum>,
}

impl Mirrors {
    /// The places with these URLs, the first of which is asked first.
    pub fn new(fetcher: Fetcher, urls: impl IntoIterator<Item = String>) -> Self {
        Self::of_list(fetcher, MirrorList { urls: urls.into_iter().collect(), repomd: Vec::new() })
    }

    fn of_list(fetcher: Fetcher, list: MirrorList) -> Self {
        let place =
            |url: String| Mirror { url: url.trim_end_matches('/').to_owned(), failures: AtomicU32::new(0) };
        Mirrors {
            fetcher,
            places: list.urls.into_iter().take(MIRRORS_MAX).map(place).collect(),
            repomd: list.repomd.into(),
        }
    }

    /// Reads a list of mirrors, which is `metalink=` or `mirrorlist=` and a URL or path; `None` for anything else.
    pub fn of_label(label: &str) -> Option<Result<Self, RepoError>> {
        let (kind, place) =
            label.split_once('=').filter(|(kind, _)| ["metalink", "mirrorlist"].contains(kind))?;
        let fetcher = Fetcher::default();
        let read = || {
            let text = match is_url(place) {
                true => fetcher.get(place, None)?,
                false => {
                    std::fs::read(place).map_err(|source| RepoError::Io { path: place.to_owned(), source })?
                }
            };
            let list = match kind {
                "metalink" => read_metalink(&text)?,
                _ => read_mirror_list(&text),
            };
            match list.urls.is_empty() {
                true => Err(RepoError::NoMirror(place.to_owned())),
                false => Ok(Self::of_list(fetcher.clone(), list)),
            }
        };
        Some(read())
    }

    /// The first of the places, for messages.
    pub fn name(&self) -> &str {
        self.places.first().map_or("", |place| &place.url)
    }

    /// The same places above the folder `middle`, and what is below it; `None` unless all of them have it.
    pub(super) fn split_at(&self, middle: &str) -> Option<(Self, String)> {
        let mut urls = Vec::new();
        let mut below = None;
        for place in self.places.iter() {
            let (above, rest) = place.url.split_once(middle)?;
            urls.push(above.to_owned());
            below.get_or_insert_with(|| rest.to_owned());
        }
        Some((Self::new(self.fetcher.clone(), urls), below?))
    }

    /// The file at `path` of the first place that has it as `fits` wants it.
    ///
    /// A place that failed is asked after those that did not. The error is that of the place asked first.
    pub fn get(
        &self,
        path: &str,
        size_bytes: Option<u64>,
        fits: &dyn Fn(&[u8]) -> Result<(), RepoError>,
    ) -> Result<Vec<u8>, RepoError> {
        let mut order: Vec<&Mirror> = self.places.iter().collect();
        order.sort_by_key(|place| place.failures.load(Ordering::Relaxed));
        let mut first: Option<RepoError> = None;
        for place in order {
            let url = format!("{}/{path}", place.url);
            let got = self.fetcher.get(&url, size_bytes).map_err(RepoError::from);
            match got.and_then(|bytes| fits(&bytes).map(|()| bytes)) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    // That a file is not there says nothing against the place.
                    if !error.is_absent() {
                        place.failures.fetch_add(1, Ordering::Relaxed);
                    }
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.unwrap_or_else(|| RepoError::NoMirror(path.to_owned())))
    }

    /// Whether `bytes` are the `repomd.xml` that a metalink means.
    pub(super) fn check_repomd(&self, bytes: &[u8]) -> Result<(), RepoError> {
        match self.repomd.first() {
            Some(checksum) if !self.repomd.iter().any(|c| c.matches(bytes) == Some(true)) => {
                let path = super::REPOMD.to_owned();
                Err(RepoError::Checksum { path, checksum: checksum.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Reads a plain list: a URL a line; what is none is passed over.
pub fn read_mirror_list(text: &[u8]) -> MirrorList {
    let text = String::from_utf8_lossy(text);
    let urls = text.lines().map(str::trim).filter(|line| is_url(line));
    MirrorList { urls: urls.take(MIRRORS_MAX).map(str::to_owned).collect(), repomd: Vec::new() }
}

/// Reads a metalink: the places of `repomd.xml` by preference, and the checksums that it may have.
pub fn read_metalink(text: &[u8]) -> Result<MirrorList, RepoError> {
    if text.len() as u64 > LIST_MAX_BYTES {
        let path = "metalink".to_owned();
        return Err(RepoError::Io { path, source: std::io::ErrorKind::FileTooLarge.into() });
    }
    let mut visitor = Metalink::default();
    walk("metalink", text, &mut visitor)?;
    let Metalink { mut urls, mut repomd, .. } = visitor;
    // Stable: what is equally good stays in the order of the list.
    urls.sort_by_key(|(preference, _)| std::cmp::Reverse(*preference));
    repomd.retain(|checksum| checksum.hasher().is_some() && checksum.kind != "sha1");
    Ok(MirrorList { urls: urls.into_iter().map(|(_, url)| url).collect(), repomd })
}

#[derive(Default)]
struct Metalink {
    is_repomd: bool,
    preference: u32,
    kind: String,
    urls: Vec<(u32, String)>,
    repomd: Vec<Checksum>,
}

impl Visit for Metalink {
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError> {
        match tag {
            "file" => self.is_repomd = element.attribute("name").as_deref() == Some("repomd.xml"),
            "url" => {
                self.preference = element.attribute("preference").and_then(|p| p.parse().ok()).unwrap_or(0)
            }
            "hash" => self.kind = element.attribute("type").unwrap_or_default(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: &str, text: &str) -> Result<(), RepoError> {
        let text = text.trim();
        match tag {
            "url" if self.is_repomd && is_url(text) && self.urls.len() < MIRRORS_MAX => {
                let url = text.strip_suffix(REPOMD_SUFFIX).unwrap_or(text);
                self.urls.push((self.preference, url.to_owned()));
            }
            "hash" if self.is_repomd && self.repomd.len() < MIRRORS_MAX => {
                let kind = std::mem::take(&mut self.kind);
                self.repomd.push(Checksum { kind, hex: text.to_ascii_lowercase() });
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_urls() {
        let list = read_mirror_list(b"# repo\nhttps://a/x/\n\nnot one\nhttp://b/y\nrsync://c/z\n");
        assert_eq!(list.urls, ["https://a/x/", "http://b/y"]);
    }

    #[test]
    fn metalinks_name_urls_by_preference_and_checksums() {
        let text = br#"<?xml version="1.0"?><metalink version="3.0" xmlns="http://www.metalinker.org/"
            xmlns:mm0="http://fedorahosted.org/mirrormanager"><files><file name="repomd.xml">
            <mm0:timestamp>1</mm0:timestamp><size>3</size>
            <verification><hash type="md5">00</hash><hash type="sha256">AB</hash></verification>
            <mm0:alternates><mm0:alternate><verification><hash type="sha256">cd</hash></verification>
            </mm0:alternate></mm0:alternates>
            <resources maxconnections="1">
            <url protocol="rsync" preference="100">rsync://a/repodata/repomd.xml</url>
            <url protocol="http" preference="90">http://b/os/repodata/repomd.xml</url>
            <url protocol="https" preference="99">https://c/os/repodata/repomd.xml</url>
            </resources></file></files></metalink>"#;
        let list = read_metalink(text).unwrap();
        assert_eq!(list.urls, ["https://c/os", "http://b/os"]);
        let hexes: Vec<&str> = list.repomd.iter().map(|c| c.hex.as_str()).collect();
        assert_eq!(hexes, ["ab", "cd"]);
        assert!(read_metalink(b"<metalink><files>").is_err());
    }

    #[test]
    fn places_are_split_together() {
        let places = |urls: &[&str]| Mirrors::new(Fetcher::default(), urls.iter().map(|u| (*u).to_owned()));
        let (above, below) =
            places(&["http://a/debian/dists/x/", "http://b/dists/x"]).split_at("/dists/").unwrap();
        assert_eq!((above.name(), below.as_str()), ("http://a/debian", "x"));
        assert!(places(&["http://a/dists/x", "http://b"]).split_at("/dists/").is_none());
    }
}
