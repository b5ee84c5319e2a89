//! Repositories of any size, made of numbers: metadata in dnf's form, without the packages.
//!
//! The same numbers give the same bytes. What is in them is like a distribution's in number and kind: libraries with
//! versions, programs that need some, files, a few packages that the other release lacks or breaks.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

/// How many paths a package has.
const FILES: usize = 100;

/// One release of the made distribution.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// How many packages it has.
    pub packages: usize,
    /// Whether it is the later one: every tenth package is another build, every thousandth library has another soname,
    /// every two-thousandth package is gone.
    pub is_later: bool,
}

/// Writes a release's `repodata` below `folder`.
pub fn write_repository(folder: &Path, release: Release) -> io::Result<()> {
    let repodata = folder.join("repodata");
    fs::create_dir_all(&repodata)?;
    let (mut primary, mut filelists) = (String::new(), String::new());
    let numbers: Vec<usize> = (0..release.packages).filter(|n| !release.is_gone(*n)).collect();
    let count = numbers.len();
    let _ = write!(
        primary,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" \
         xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"{count}\">\n"
    );
    let _ = write!(
        filelists,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\" \
         packages=\"{count}\">\n"
    );
    for number in numbers {
        package(&mut primary, &mut filelists, release, number);
    }
    primary.push_str("</metadata>\n");
    filelists.push_str("</filelists>\n");
    let mut repomd = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n\
         <revision>1</revision>\n",
    );
    for (kind, text) in [("primary", primary), ("filelists", filelists)] {
        // Not zstd: peers that have none count an unreadable repository as an empty one.
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes())?;
        let packed = encoder.finish()?;
        fs::write(repodata.join(format!("{kind}.xml.gz")), &packed)?;
        let _ = writeln!(
            repomd,
            "<data type=\"{kind}\"><checksum type=\"sha256\">{}</checksum><open-checksum type=\"sha256\">{}\
             </open-checksum><location href=\"repodata/{kind}.xml.gz\"/><timestamp>1</timestamp><size>{}</size>\
             <open-size>{}</open-size></data>",
            hex(&packed),
            hex(text.as_bytes()),
            packed.len(),
            text.len()
        );
    }
    repomd.push_str("</repomd>\n");
    fs::write(repodata.join("repomd.xml"), repomd)
}

impl Release {
    fn is_gone(self, number: usize) -> bool {
        self.is_later && number % 2000 == 1999
    }

    /// The release number of a package.
    fn build(self, number: usize) -> usize {
        if self.is_later && number.is_multiple_of(10) { 2 } else { 1 }
    }

    /// The version in the soname of a package's library.
    fn soname(self, number: usize) -> usize {
        if self.is_later && number % 1000 == 990 { 2 } else { 1 }
    }
}

fn package(primary: &mut String, filelists: &mut String, release: Release, number: usize) {
    let (build, so) = (release.build(number), release.soname(number));
    let id = hex(format!("{number} {build} {so}").as_bytes());
    let _ = write!(
        primary,
        "<package type=\"rpm\"><name>made-{number}</name><arch>x86_64</arch>\
         <version epoch=\"0\" ver=\"1.{number}\" rel=\"{build}.el9\"/>\
         <checksum type=\"sha256\" pkgid=\"YES\">{id}</checksum><summary>made</summary><description>Package {number} of \
         a made distribution &amp; nothing else.</description><packager></packager><url></url>\
         <time file=\"1\" build=\"1\"/><size package=\"1000\" installed=\"2000\" archive=\"2100\"/>\
         <location href=\"Packages/made-{number}-1.{number}-{build}.el9.x86_64.rpm\"/><format>\
         <rpm:license>MIT</rpm:license><rpm:vendor/><rpm:group>Unspecified</rpm:group><rpm:buildhost>made</rpm:buildhost>\
         <rpm:sourcerpm>made-{}-1-{build}.el9.src.rpm</rpm:sourcerpm><rpm:header-range start=\"1\" end=\"2\"/>\
         <rpm:provides>",
        number / 3
    );
    let _ = write!(
        primary,
        "<rpm:entry name=\"made-{number}\" flags=\"EQ\" epoch=\"0\" ver=\"1.{number}\" rel=\"{build}.el9\"/>\
         <rpm:entry name=\"made-{number}(x86-64)\" flags=\"EQ\" epoch=\"0\" ver=\"1.{number}\" rel=\"{build}.el9\"/>\
         <rpm:entry name=\"libmade{number}.so.{so}()(64bit)\"/>\
         <rpm:entry name=\"libmade{number}.so.{so}(MADE_1.0)(64bit)\"/>\
         <rpm:entry name=\"libmade{number}.so.{so}(MADE_1.1)(64bit)\"/>\
         <rpm:entry name=\"pkgconfig(made{number})\" flags=\"EQ\" epoch=\"0\" ver=\"1.{number}\"/>"
    );
    primary.push_str("</rpm:provides><rpm:requires>");
    for needed in needs(number) {
        let soname = release.soname(needed);
        // What was built before the library changed still asks for the old one, in packages that were not rebuilt.
        let soname = if build == 2 { soname } else { 1 };
        let _ = write!(
            primary,
            "<rpm:entry name=\"libmade{needed}.so.{soname}()(64bit)\"/>\
             <rpm:entry name=\"libmade{needed}.so.{soname}(MADE_1.0)(64bit)\"/>"
        );
    }
    primary.push_str("</rpm:requires>");
    let _ = writeln!(primary, "<file>/usr/bin/made-{number}</file></format></package>");
    let _ = write!(
        filelists,
        "<package pkgid=\"{id}\" name=\"made-{number}\" arch=\"x86_64\"><version epoch=\"0\" ver=\"1.{number}\" \
         rel=\"{build}.el9\"/><file>/usr/bin/made-{number}</file><file type=\"dir\">/usr/share/made-{number}</file>"
    );
    for file in 0..FILES {
        let _ = write!(filelists, "<file>/usr/share/made-{number}/part-{}/file-{file}.dat</file>", file % 7);
    }
    filelists.push_str("</package>\n");
}

/// The packages that one needs: some of those with lower numbers, spread by a multiplicative step.
fn needs(number: usize) -> Vec<usize> {
    let mut state = number as u64 | 1;
    let mut found: Vec<usize> = (0..number.min(8))
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % number
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
