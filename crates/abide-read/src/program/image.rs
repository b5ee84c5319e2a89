//! Container images: which layers of an OCI layout or of docker's archive are the application's.
//!
//! Formats: OCI image-spec, "Image Layout" and "Image Manifest"; docker's `manifest.json`. An image does not say where
//! the distribution ends and the application begins: its first layer is taken for the distribution's, the others for
//! the application's. A lone layer is taken whole.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use serde::Deserialize;

use crate::payload::{Payload, PayloadError};

/// Manifests, indexes and configurations are no larger.
const SMALL_BYTES_MAX: u64 = 4 << 20;
/// Names of an archive that are kept, and small files.
const SMALL_FILES_MAX: usize = 4096;
/// Layers of one image.
const LAYERS_MAX: usize = 1000;

/// What an archive holds, as far as it tells whether it is an image.
#[derive(Default)]
pub(super) struct Index {
    /// Names of all files.
    pub(super) names: Vec<BString>,
    small: BTreeMap<BString, Vec<u8>>,
}

/// The layers of an image.
pub(super) struct Layers {
    /// What kind of image, in words.
    pub(super) kind: &'static str,
    /// Names of the layers' files, the lowest first.
    all: Vec<BString>,
}

impl Layers {
    /// The application's.
    pub(super) fn taken(&self) -> &[BString] {
        if self.all.len() > 1 { &self.all[1..] } else { &self.all }
    }

    /// What was taken, for people.
    pub(super) fn note(&self) -> String {
        match self.all.len() {
            1 => "the image has one layer, which was taken whole".to_owned(),
            count => format!(
                "of the image's {count} layers the first was taken for the distribution's and left aside; judged {} the other {}",
                if count == 2 { "is" } else { "are" },
                if count == 2 { "one".to_owned() } else { (count - 1).to_string() }
            ),
        }
    }
}

/// Lists an archive and keeps its small JSON files.
pub(super) fn index(mut payload: Payload<'_>) -> Result<Index, PayloadError> {
    let mut index = Index::default();
    while let Some(stored) = payload.next_file()? {
        let is_small = stored.size_bytes <= SMALL_BYTES_MAX && index.small.len() < SMALL_FILES_MAX;
        if is_small && payload.head(1)?.starts_with(b"{") | payload.head(1)?.starts_with(b"[") {
            index.small.insert(stored.path.clone(), payload.content()?);
        }
        index.names.push(stored.path);
    }
    Ok(index)
}

/// The content of some members.
pub(super) fn contents(
    mut payload: Payload<'_>,
    wanted: &[BString],
) -> Result<BTreeMap<BString, Vec<u8>>, PayloadError> {
    let mut found = BTreeMap::new();
    while let Some(stored) = payload.next_file()? {
        if wanted.contains(&stored.path) {
            found.insert(stored.path, payload.content()?);
        }
    }
    Ok(found)
}

/// Whether a folder is an OCI image layout.
pub(super) fn is_layout(path: &Path) -> bool {
    path.join("oci-layout").is_file() && path.join("index.json").is_file()
}

/// A small file.
pub(super) fn read_small(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(SMALL_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= SMALL_BYTES_MAX).then_some(bytes)
}

/// `manifest.json` of `docker save`.
#[derive(Deserialize)]
struct DockerImage {
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

/// `index.json`, a nested index, or a manifest.
#[derive(Deserialize)]
struct Oci {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

impl Index {
    /// The small files of a layout on disk, as they are asked for.
    pub(super) fn of_layout(read: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let mut index = Index::default();
        let mut ahead = vec!["oci-layout".to_owned(), "index.json".to_owned()];
        while let Some(name) = ahead.pop() {
            if index.small.len() >= SMALL_FILES_MAX || index.small.contains_key(name.as_bytes().as_bstr()) {
                continue;
            }
            let Some(bytes) = read(&name) else { continue };
            if let Ok(oci) = serde_json::from_slice::<Oci>(&bytes) {
                ahead.extend(oci.manifests.iter().filter_map(|d| blob(&d.digest)));
            }
            index.small.insert(name.into(), bytes);
        }
        index
    }

    /// The layers, where it is an image.
    ///
    /// # Errors
    /// When it is one whose manifest is not there or cannot be read.
    pub(super) fn layers(&self) -> Result<Option<Layers>, String> {
        let (kind, all) = if let Some(bytes) = self.get("manifest.json") {
            let Ok(images) = serde_json::from_slice::<Vec<DockerImage>>(bytes) else { return Ok(None) };
            let first = images.into_iter().next().ok_or("its manifest.json names no image")?;
            ("docker archive", first.layers.into_iter().map(BString::from).collect())
        } else if self.get("oci-layout").is_some() {
            ("OCI image", self.oci_layers()?)
        } else {
            return Ok(None);
        };
        match all.len() {
            0 => Err("its manifest names no layer".to_owned()),
            count if count > LAYERS_MAX => {
                Err(format!("its manifest names {count} layers; up to {LAYERS_MAX} are read"))
            }
            _ => Ok(Some(Layers { kind, all })),
        }
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.small.get(BStr::new(name)).map(Vec::as_slice)
    }

    /// Follows `index.json` to a manifest: the image for this machine, or else the first.
    fn oci_layers(&self) -> Result<Vec<BString>, String> {
        let mut name = "index.json".to_owned();
        for _ in 0..8 {
            let bytes = self.get(&name).ok_or_else(|| format!("its {name} is not in it or too large"))?;
            let oci: Oci =
                serde_json::from_slice(bytes).map_err(|e| format!("its {name} cannot be read: {e}"))?;
            if !oci.layers.is_empty() {
                let layer = |d: &Descriptor| {
                    blob(&d.digest).ok_or_else(|| format!("a layer has the digest {}", d.digest))
                };
                return oci.layers.iter().map(|d| layer(d).map(BString::from)).collect();
            }
            let next = oci.manifests.iter().find(|d| is_usual(d)).or(oci.manifests.first());
            let next = next.ok_or_else(|| format!("its {name} names no image"))?;
            name = blob(&next.digest).ok_or_else(|| format!("a manifest has the digest {}", next.digest))?;
        }
        Err("its indexes are nested too deeply".to_owned())
    }
}

fn is_usual(descriptor: &Descriptor) -> bool {
    descriptor.platform.as_ref().is_some_and(|p| p.os == "linux" && p.architecture == "amd64")
}

/// Where a blob lies: `blobs/ALGORITHM/HEX`.
fn blob(digest: &str) -> Option<String> {
    let (algorithm, hex) = digest.split_once(':')?;
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_plain(algorithm) && is_plain(hex)).then(|| format!("blobs/{algorithm}/{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(files: &[(&str, &str)]) -> Index {
        let small = files.iter().map(|(name, text)| (BString::from(*name), text.as_bytes().to_vec()));
        Index { names: Vec::new(), small: small.collect() }
    }

    #[test]
    fn layers_of_both_kinds() {
        let docker =
            index(&[("manifest.json", r#"[{"Config":"c","Layers":["a/layer.tar","b/layer.tar"]}]"#)]);
        assert_eq!(docker.layers().unwrap().unwrap().taken(), ["b/layer.tar"]);
        let oci = index(&[
            ("oci-layout", "{}"),
            ("index.json", r#"{"manifests":[{"digest":"sha256:aa"}]}"#),
            (
                "blobs/sha256/aa",
                r#"{"layers":[{"digest":"sha256:11"},{"digest":"sha256:22"},{"digest":"sha256:33"}]}"#,
            ),
        ]);
        let layers = oci.layers().unwrap().unwrap();
        assert_eq!(layers.taken(), ["blobs/sha256/22", "blobs/sha256/33"]);
        assert_eq!(layers.kind, "OCI image");
    }

    #[test]
    fn what_is_no_image_or_a_bad_one() {
        assert!(index(&[("manifest.json", "{}")]).layers().unwrap().is_none());
        assert!(index(&[]).layers().unwrap().is_none());
        assert!(index(&[("manifest.json", "[]")]).layers().is_err());
        let circle = [
            ("oci-layout", "{}"),
            ("index.json", r#"{"manifests":[{"digest":"sha256:aa"}]}"#),
            ("blobs/sha256/aa", r#"{"manifests":[{"digest":"sha256:aa"}]}"#),
        ];
        assert!(index(&circle).layers().is_err());
        assert_eq!(blob("sha256:../../x"), None);
    }
}
