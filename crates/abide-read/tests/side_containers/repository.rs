//! dnf repositories in folders: metadata in every compression, checksums, packages that are not what they should be.

use std::path::{Path, PathBuf};

use abide_model::GapKind;
use sha2::{Digest as _, Sha256, Sha512};

use crate::craft::{Rpm, compress, regular};
use crate::support::{artifacts, copy_all, example, open, package, plain_library, refusal};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A repository with one package, whose metadata a test can distort.
pub(crate) struct Made {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) location: String,
    pub(crate) checksum_kind: &'static str,
    pub(crate) checksum: String,
}

impl Made {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rpm = Rpm::new("small", vec![regular("/usr/lib64/libsmall.so", &plain_library())]).bytes();
        std::fs::create_dir_all(dir.path().join("Packages")).unwrap();
        std::fs::write(dir.path().join("Packages/small+1.rpm"), &rpm).unwrap();
        let made = Self {
            location: "Packages/small+1.rpm".into(),
            checksum_kind: "sha256",
            checksum: hex(&Sha256::digest(&rpm)),
            dir,
        };
        made.write("none");
        made
    }

    fn primary(&self) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>small</name><arch>x86_64</arch><version epoch="0" ver="1.0" rel="1"/>
<checksum type="{}" pkgid="YES">{}</checksum><location href="{}"/>
<format><rpm:sourcerpm>made-1.0-1.src.rpm</rpm:sourcerpm></format></package></metadata>"#,
            self.checksum_kind, self.checksum, self.location
        )
    }

    /// Writes the metadata, with the primary document compressed.
    pub(crate) fn write(&self, compressor: &str) -> PathBuf {
        let primary = compress(compressor, self.primary().as_bytes());
        self.write_primary(&primary, &hex(&Sha256::digest(&primary)))
    }

    fn write_primary(&self, primary: &[u8], checksum: &str) -> PathBuf {
        let folder = self.dir.path().join("repodata");
        std::fs::create_dir_all(&folder).unwrap();
        let repomd = format!(
            r#"<?xml version="1.0"?><repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">
<checksum type="sha256">{checksum}</checksum><location href="repodata/primary.xml"/></data></repomd>"#
        );
        std::fs::write(folder.join("repomd.xml"), repomd).unwrap();
        std::fs::write(folder.join("primary.xml"), primary).unwrap();
        folder.join("primary.xml")
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

#[test]
fn the_example_repositories() {
    let side = open(example("reference"));
    assert_eq!(side.input_kind, "repository");
    assert_eq!(side.gaps, []);
    assert!(artifacts(&side).any(|a| a.types.graph().is_some()));
    // The same packages without metadata are the same side.
    let dir = tempfile::tempdir().unwrap();
    copy_all(&example("reference"), dir.path());
    std::fs::remove_dir_all(dir.path().join("repodata")).unwrap();
    let bare = open(dir.path());
    assert_eq!(bare.input_kind, "directory");
    assert!(bare.packages == side.packages && bare.public_headers == side.public_headers);
}

#[test]
fn metadata_in_every_compression() {
    let made = Made::new();
    for compressor in ["none", "gzip", "bzip2", "xz", "zstd"] {
        made.write(compressor);
        let side = open(made.path());
        assert_eq!(package(&side, "small").artifacts.len(), 1, "{compressor}");
    }
}

#[test]
fn metadata_decides_which_packages_there_are() {
    let made = Made::new();
    let stray = Rpm::new("stray", vec![regular("/usr/lib64/libstray.so", &plain_library())]).bytes();
    std::fs::write(made.path().join("Packages/stray.rpm"), stray).unwrap();
    assert_eq!(open(made.path()).packages.len(), 1);
}

#[test]
fn checksums_of_packages() {
    let rpm = |made: &Made| std::fs::read(made.path().join(&made.location)).unwrap();
    let mut made = Made::new();
    made.checksum_kind = "sha512";
    made.checksum = hex(&Sha512::digest(rpm(&made)));
    made.write("none");
    assert_eq!(open(made.path()).gaps, []);
    made.checksum_kind = "sha";
    made.checksum = hex(&sha1::Sha1::digest(rpm(&made)));
    made.write("none");
    assert_eq!(open(made.path()).gaps, []);
    made.checksum_kind = "md5";
    made.write("none");
    assert!(refusal(made.path()).contains("kind `md5`, which is not verified"));
}

#[test]
fn packages_that_are_absent_or_others() {
    let dir = tempfile::tempdir().unwrap();
    copy_all(&example("candidate"), dir.path());
    let library = dir.path().join("libtide1-1.1-1.x86_64.rpm");
    let debug = dir.path().join("libgauge3-debuginfo-1.1-1.x86_64.rpm");
    let mut bytes = std::fs::read(&library).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&library, bytes).unwrap();
    std::fs::remove_file(dir.path().join("tide-1.1-1.x86_64.rpm")).unwrap();
    std::fs::remove_file(debug).unwrap();
    let side = open(dir.path());
    let missing: Vec<(GapKind, String)> = side.gaps.iter().map(|g| (g.kind, g.subject.to_string())).collect();
    let expected = ["libgauge3-debuginfo-1.1-1.x86_64", "libtide1-1.1-1.x86_64", "tide-1.1-1.x86_64"];
    assert_eq!(missing, expected.map(|name| (GapKind::MissingPackage, name.to_owned())));
    assert!(side.gaps[1].detail.contains("the repository states sha256"), "{}", side.gaps[1].detail);
    assert!(side.packages.iter().all(|p| p.meta.as_ref().unwrap().nevra.name != "libtide1"));
}

#[test]
fn altered_debug_packages_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    copy_all(&example("candidate"), dir.path());
    let debug = dir.path().join("libtide1-debuginfo-1.1-1.x86_64.rpm");
    let mut bytes = std::fs::read(&debug).unwrap();
    // A byte more behind the payload changes nothing but the checksum.
    bytes.push(0);
    std::fs::write(&debug, bytes).unwrap();
    let side = open(dir.path());
    let library = crate::support::artifact(&side, "/usr/lib64/libtide.so.1.0.0");
    assert!(library.types.graph().is_none());
    assert_eq!(library.gaps[0].kind, GapKind::MissingPackage, "{:?}", library.gaps);
}

#[test]
fn locations_outside_of_the_repository_are_refused() {
    let mut made = Made::new();
    let inside = made.path().join(&made.location);
    let name = made.path().file_name().unwrap().to_str().unwrap().to_owned();
    for location in [
        format!("../{name}/Packages/small+1.rpm"),
        inside.display().to_string(),
        "http://127.0.0.1:1/a.rpm".into(),
    ] {
        made.location = location;
        made.write("gzip");
        assert!(refusal(made.path()).contains("outside of the repository"), "{}", made.location);
    }
}

#[test]
fn damaged_metadata_is_an_error() {
    let made = Made::new();
    let primary = made.write("gzip");
    let bytes = std::fs::read(&primary).unwrap();
    std::fs::write(&primary, &bytes[..bytes.len() - 9]).unwrap();
    assert!(refusal(made.path()).contains("checksum that the repository states"));
    made.write_primary(&bytes[..bytes.len() - 9], &hex(&Sha256::digest(&bytes[..bytes.len() - 9])));
    assert!(refusal(made.path()).contains("primary.xml is damaged"), "{}", refusal(made.path()));
    for broken in
        ["<metadata><package type='rpm'><name>a</metadata>", "not xml", "", "<metadata>&bomb;</metadata>"]
    {
        made.write_primary(broken.as_bytes(), &hex(&Sha256::digest(broken)));
        assert!(refusal(made.path()).contains("primary.xml is damaged"), "{broken}");
    }
    let repomd = made.path().join("repodata/repomd.xml");
    std::fs::write(&repomd, "<repomd><data type='primary'>").unwrap();
    assert!(refusal(made.path()).contains("repomd.xml"));
    std::fs::write(&repomd, "<repomd></repomd>").unwrap();
    assert!(refusal(made.path()).contains("names no `primary` data"));
}
