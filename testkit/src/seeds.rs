//! Valid inputs to start from: pieces of the example repositories.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use abide_model::ElfFacts;
use abide_model::progress::NoProgress;
use abide_read::compress::Compression;
use abide_read::elf::read_elf;
use abide_read::payload::{Limits, Payload};
use abide_read::rpm::Package;
use abide_read::side::{self, OpenOptions};
use abide_read::snapshot;

/// The example repositories.
fn repositories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/repos")
}

/// RPMs of the reference that are worth mutating: a library, its debuginfo, a package without artifacts.
fn packages() -> Vec<PathBuf> {
    ["libtide1-1.0-1.x86_64", "libtide1-debuginfo-1.0-1.x86_64", "tide-doc-1.0-1.noarch"]
        .iter()
        .map(|name| repositories().join("reference").join(format!("{name}.rpm")))
        .collect()
}

/// Whole RPMs, and the same with an empty signature header: no digest there refuses what a mutation does to them.
pub(crate) fn rpms() -> Vec<Vec<u8>> {
    let whole: Vec<Vec<u8>> = packages().iter().map(|path| read(path)).collect();
    let unsigned: Vec<Vec<u8>> = whole.iter().map(|package| unsigned(package)).collect();
    [whole, unsigned].concat()
}

/// Bytes of rpm's lead, and of a header structure's preamble: magic number and version, reserved, two counts.
const LEAD: usize = 96;
const PREAMBLE: usize = 16;

fn unsigned(package: &[u8]) -> Vec<u8> {
    let count = |at: usize| {
        let field = package.get(LEAD + at..).and_then(|rest| rest.first_chunk::<4>());
        field.map_or(0, |bytes| u32::from_be_bytes(*bytes) as usize)
    };
    // Tags of 16 bytes each and their data, padded to a multiple of eight.
    let signature = (PREAMBLE + 16 * count(8) + count(12)).next_multiple_of(8);
    let (lead, rest) = package.split_at(LEAD);
    [lead, &rest[..8], &[0; 8], &rest[signature..]].concat()
}

/// Texts about kernels.
pub(crate) fn kernel_texts() -> Vec<Vec<u8>> {
    let symvers = b"0x75d19f57\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n0x00000001\tcrypto_x\tcrypto/x\tEXPORT_SYMBOL_GPL\tNS\n";
    let list = b"[rhel9_x86_64_stablelist]\n\t__kmalloc\n\tkfree\n";
    let severities = b"# tolerated\ndrivers/net/* PASS\nvmlinux FAIL\nNS PASS\nkvm_* PASS\n";
    let packed = zstd::encode_all(&symvers[..], 3).unwrap_or_default();
    let rules = b"1\0declonly\0s\0\x001\0enumerator_value\0e LAST\x002\0";
    vec![symvers.to_vec(), list.to_vec(), severities.to_vec(), rules.to_vec(), packed]
}

/// Boot images with a small ELF file, as it is and compressed.
pub(crate) fn kernel_images() -> Vec<Vec<u8>> {
    let kernel = artifacts().into_iter().next().unwrap_or_default();
    let packed = zstd::encode_all(&kernel[..], 3).unwrap_or_default();
    [kernel, packed].into_iter().map(|stream| boot_image(&stream)).collect()
}

/// A boot image of x86 (`Documentation/arch/x86/boot.rst`) around a kernel that is compressed, or not.
pub fn boot_image(stream: &[u8]) -> Vec<u8> {
    let mut image = vec![0u8; 1024];
    image[0x1f1] = 1;
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x206..0x208].copy_from_slice(&0x020fu16.to_le_bytes());
    image[0x24c..0x250].copy_from_slice(&(stream.len() as u32 + 4).to_le_bytes());
    image.extend(stream);
    image.extend([0; 4]);
    image
}

/// Decompressed payloads.
pub(crate) fn archives() -> Vec<Vec<u8>> {
    packages().iter().map(|path| archive(path)).collect()
}

/// tar archives: a library with links to it, and members with extension headers.
pub(crate) fn tars() -> Vec<Vec<u8>> {
    let library = artifacts().into_iter().next().unwrap_or_default();
    let mut plain = member("./usr/lib/libtide.so.1", b'0', "", &library);
    plain.extend(member("./usr/lib/libtide.so", b'2', "libtide.so.1", b""));
    plain.extend(member("./usr/lib/twin.so", b'1', "./usr/lib/libtide.so.1", b""));
    let mut extended = member("long", b'L', "", b"./a/long/name\0");
    extended.extend(member("short", b'0', "", b"content"));
    extended.extend(member("pax", b'x', "", b"20 path=another/name\n19 GNU.sparse.x=1\n"));
    extended.extend(member("short", b'0', "", b"content"));
    extended.extend(member("holes", b'S', "", b"content"));
    [plain, extended].into_iter().map(ended).collect()
}

/// Programs: a zip archive (stored) with a library and a script, a container image, a script, a class file.
pub(crate) fn programs() -> Vec<Vec<u8>> {
    let library = artifacts().into_iter().next().unwrap_or_default();
    let script = b"#!/usr/bin/env python3\nimport os.path, json\nfrom a.b import c\n".to_vec();
    let class = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 1];
    let zip = stored(&[
        ("pkg/lib.so", &library),
        ("bin/tool", &script),
        ("a/A.class", &class),
        ("META-INF/MANIFEST.MF", b"x"),
    ]);
    let layer = ended(member("opt/app/run", b'0', "", &script));
    let manifest = br#"[{"Config":"c.json","Layers":["a.tar","b.tar"]}]"#;
    let image = [
        member("manifest.json", b'0', "", manifest),
        member("a.tar", b'0', "", &layer),
        member("b.tar", b'0', "", &layer),
    ];
    vec![zip, ended(image.concat()), script, class]
}

/// A zip archive without compression, so that mutations of the content are not lost (APPNOTE §4.3).
fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(abide_read::debuginfo::crc32(content).to_le_bytes());
        common.extend([content.len() as u32, content.len() as u32].iter().flat_map(|n| n.to_le_bytes()));
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*content);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xed, 0x81]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([files.len() as u16; 2].iter().flat_map(|n| n.to_le_bytes()));
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A cache of two libraries, one of them for a level of the machine.
pub(crate) fn library_caches() -> Vec<Vec<u8>> {
    let mut cache = b"glibc-ld.so.cache1.1".to_vec();
    cache.extend(2u32.to_le_bytes());
    cache.extend([0, 0, 0, 0, 2, 0, 0, 0]);
    let strings = 48 + 2 * 24;
    let extension = strings + 64;
    cache.extend((extension as u32).to_le_bytes());
    cache.resize(48, 0);
    for hwcap in [0u64, 1 << 62] {
        cache.extend(3u32.to_le_bytes());
        cache.extend((strings as u32).to_le_bytes());
        cache.extend((strings as u32 + 10).to_le_bytes());
        cache.extend(0u32.to_le_bytes());
        cache.extend(hwcap.to_le_bytes());
    }
    cache.extend(b"liba.so.1\0/lib/liba.so.1\0x86-64-v3\0");
    cache.resize(extension, 0);
    cache.extend(0xeaa4_2174u32.to_le_bytes());
    cache.extend(
        [1u32, 1, 0, extension as u32 + 24, 4, strings as u32 + 25].iter().flat_map(|n| n.to_le_bytes()),
    );
    vec![cache, b"\0/lib64/\0/usr/lib64/\0glibc-hwcaps/\0".to_vec()]
}

/// A Debian package with such an archive, nothing of it compressed, so that mutations of the content are not lost.
pub(crate) fn debs() -> Vec<Vec<u8>> {
    let control = b"Package: libtide1\nSource: tide (1.0)\nVersion: 1:1.0-1\nArchitecture: amd64\n\
        Depends: libc6 (>= 2.34), a | b\nProvides: tide (= 1)\n";
    let sums = b"00000000000000000000000000000000  usr/lib/libtide.so.1\n";
    let control = [member("./control", b'0', "", control), member("./md5sums", b'0', "", sums)].concat();
    let data = tars().into_iter().next().unwrap_or_default();
    let mut package = b"!<arch>\n".to_vec();
    let members: [(&str, &[u8]); 3] =
        [("debian-binary", b"2.0\n"), ("control.tar", &ended(control)), ("data.tar", &data)];
    for (name, content) in members {
        package.extend(format!("{name:<48}{:<10}`\n", content.len()).into_bytes());
        package.extend(content);
    }
    vec![package]
}

/// A `Packages` index and a `Release` file.
pub(crate) fn indexes() -> Vec<Vec<u8>> {
    let packages = b"Package: libtide1\nVersion: 1:1.0-1\nArchitecture: amd64\nDepends: libc6 (>= 2.34), a | b\n\
        Filename: ./pool/libtide1.deb\nSize: 10\nSHA256: 00ff\nDescription: tide\n more\n\nPackage: tide-dbgsym\n\
        Version: 1\nArchitecture: amd64\nFilename: pool/d.deb\nSHA1: 01\nBuild-Ids: 0123 4567\n";
    let release = b"Origin: Made\nMD5Sum:\n 00 1 Packages\nSHA256:\n 00ff 12 main/binary-amd64/Packages.xz\n";
    vec![packages.to_vec(), release.to_vec()]
}

/// A ustar header with its content.
fn member(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000755\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend(content);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

/// The members with the empty blocks that end an archive.
fn ended(mut members: Vec<u8>) -> Vec<u8> {
    members.resize(members.len() + 1024, 0);
    members
}

/// Programs and libraries without debug information.
pub(crate) fn artifacts() -> Vec<Vec<u8>> {
    let names = ["libtide1-1.0-1.x86_64", "libmoor2-1.0-1.x86_64", "harbor-1.0-1.x86_64"];
    names.iter().flat_map(|name| elf_files(name)).collect()
}

/// Separate debug files and dwz's common file.
pub(crate) fn debug_files() -> Vec<Vec<u8>> {
    let names = [
        "libtide1-debuginfo-1.0-1.x86_64",
        "libgauge3-debuginfo-1.1-1.x86_64",
        "tide-debuginfo-1.0-1.x86_64",
    ];
    names.iter().flat_map(|name| elf_files(name)).collect()
}

/// One library with split debug information.
#[derive(Debug)]
pub(crate) struct Split {
    /// Facts of the library.
    pub(crate) facts: ElfFacts,
    /// Its separate debug file.
    pub(crate) debug_file: Vec<u8>,
    /// The common file that the debug file refers to.
    pub(crate) common: Vec<u8>,
}

/// libtide of the reference.
pub(crate) fn split() -> Split {
    let first = |package: &str| elf_files(package).into_iter().next().unwrap_or_default();
    let library = first("libtide1-1.0-1.x86_64");
    let facts = read_elf(&library).unwrap_or_else(|e| panic!("libtide: {e}")).facts;
    // Sorted by path, so dwz's file under .dwz is before the one of a program.
    Split {
        facts,
        debug_file: first("libtide1-debuginfo-1.0-1.x86_64"),
        common: first("tide-debuginfo-1.0-1.x86_64"),
    }
}

/// A small library's types in compact forms (seeds/make.sh).
#[derive(Debug)]
pub(crate) struct Compact {
    /// Facts of the library.
    pub(crate) facts: ElfFacts,
    /// The same, as if it were a kernel module.
    pub(crate) module: ElfFacts,
    /// BTF that stands alone.
    pub(crate) base: Vec<u8>,
    /// BTF that continues it.
    pub(crate) continuing: Vec<u8>,
}

/// The example of BTF and CTF.
pub(crate) fn compact() -> Compact {
    let facts = read_elf(&kept("two-ctf.so")).unwrap_or_else(|e| panic!("two-ctf.so: {e}")).facts;
    let module = ElfFacts { kind: abide_model::ElfKind::KernelModule, ..facts.clone() };
    Compact { facts, module, base: kept("types.btf"), continuing: kept("other.btf") }
}

/// BTF alone, and BTF that continues it.
pub(crate) fn btf() -> Vec<Vec<u8>> {
    ["types.btf", "other.btf"].map(kept).into()
}

/// A dictionary, the same compressed, and an archive of several in a library.
pub(crate) fn ctf() -> Vec<Vec<u8>> {
    let plain = kept("types.ctf");
    // The header is never compressed; its fourth byte holds the flags, the first of which says that the rest is.
    let (header, body) = plain.split_at(52);
    let mut packed = header.to_vec();
    packed[3] |= 1;
    packed.extend(zlib(body));
    vec![plain, packed, kept("two-ctf.so")]
}

/// A zlib stream of one stored block, in which mutations of the content are not lost (RFC 1950, RFC 1951 §3.2.4).
fn zlib(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or_default();
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(content);
    let (a, b) = content.iter().fold((1u32, 0u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (a + b) % 65521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

fn kept(name: &str) -> Vec<u8> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name))
}

/// The documents of a repository, decompressed, `repomd.xml` first.
pub(crate) fn documents() -> Vec<Vec<u8>> {
    let folder = repositories().join("reference/repodata");
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&folder).map(|d| d.flatten().map(|e| e.path()).collect()).unwrap_or_default();
    names.sort_by_key(|path| (path.extension() != Some("xml".as_ref()), path.clone()));
    names.iter().map(|path| decompressed(read(path))).collect()
}

/// Bytes of a snapshot's header (abide_read::snapshot: magic, format, method, two sizes, checksum).
const SNAPSHOT_HEADER: usize = 64;

/// The content of the snapshot of a small side with types.
pub(crate) fn snapshots() -> Vec<Vec<u8>> {
    let package = |name: &str| repositories().join("reference").join(format!("{name}.rpm"));
    let library = package("libtide1-1.0-1.x86_64");
    let debuginfo = vec![package("libtide1-debuginfo-1.0-1.x86_64"), package("tide-debuginfo-1.0-1.x86_64")];
    let options = OpenOptions { debuginfo, use_host_debug: false, ..OpenOptions::default() };
    let label = library.to_string_lossy();
    let side = side::open(&label, &options, &NoProgress).unwrap_or_else(|e| panic!("{label}: {e}"));
    let mut file = Vec::new();
    snapshot::write(&side, &mut file).unwrap_or_else(|e| panic!("{label}: {e}"));
    let content = file.get(SNAPSHOT_HEADER..).unwrap_or_default().to_vec();
    vec![decompressed(content)]
}

/// A whole snapshot with this content, stored as it is.
pub(crate) fn sealed(content: &[u8]) -> Vec<u8> {
    let mut file = b"ABIDESNP".to_vec();
    file.extend(snapshot::FORMAT.to_le_bytes());
    file.extend(0_u32.to_le_bytes());
    file.extend((content.len() as u64).to_le_bytes());
    file.extend((content.len() as u64).to_le_bytes());
    let checksum = blake3::Hasher::new().update(&file).update(content).finalize();
    file.extend(checksum.as_bytes());
    file.extend(content);
    file
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn decompressed(bytes: Vec<u8>) -> Vec<u8> {
    match Compression::detect(&bytes) {
        Some(compression) => compression.decode_all(&bytes, 1 << 24, "a seed").unwrap_or_default(),
        None => bytes,
    }
}

fn open(path: &Path) -> (Package, BufReader<File>) {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut input = BufReader::new(file);
    let package = Package::read(&mut input).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (package, input)
}

fn archive(path: &Path) -> Vec<u8> {
    let (_, mut input) = open(path);
    let mut compressed = Vec::new();
    input.read_to_end(&mut compressed).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    decompressed(compressed)
}

/// The ELF files in a package of either repository.
fn elf_files(package: &str) -> Vec<Vec<u8>> {
    let found =
        ["reference", "candidate"].map(|side| repositories().join(side).join(format!("{package}.rpm")));
    let path = found.iter().find(|path| path.is_file()).unwrap_or(&found[0]);
    let (package, input) = open(path);
    let mut payload = Payload::cpio(input, &package.plan, Limits::default())
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut files = Vec::new();
    while let Ok(Some(_)) = payload.next_file() {
        files.extend(payload.content().ok().filter(|content| content.starts_with(b"\x7fELF")));
    }
    files
}

/// Streams of modules.
pub(crate) fn modules() -> Vec<Vec<u8>> {
    let text = "---\ndocument: modulemd\nversion: 2\ndata:\n  name: lang\n  stream: \"3.1\"\n  version: 9\n  \
        dependencies:\n  - requires: {platform: [el9], perl: []}\n  artifacts:\n    rpms:\n    - lang-0:3-1.x86_64\n...\n\
        ---\ndocument: modulemd-defaults\nversion: 1\ndata: {module: lang, stream: 3.1}\n...\n";
    vec![text.as_bytes().to_vec()]
}

/// Lists of mirrors.
pub(crate) fn mirrors() -> Vec<Vec<u8>> {
    let link = "<?xml version=\"1.0\"?><metalink version=\"3.0\"><files><file name=\"repomd.xml\"><verification>\
        <hash type=\"sha256\">ab</hash></verification><resources><url protocol=\"https\" preference=\"9\">\
        https://mirror.example.org/os/repodata/repomd.xml</url></resources></file></files></metalink>";
    vec![
        link.as_bytes().to_vec(),
        b"# mirrors\nhttps://mirror.example.org/os\nhttp://other.example.org/os\n".to_vec(),
    ]
}

/// A key made for this purpose, a signature that it made, and a text signed with it.
pub(crate) fn signatures() -> Vec<Vec<u8>> {
    let files =
        [include_str!("seeds/key.asc"), include_str!("seeds/text.asc"), include_str!("seeds/signed.asc")];
    files.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Bug files in both forms.
pub(crate) fn bugs() -> Vec<Vec<u8>> {
    let head =
        "title = \"ends early\"\npackage = \"foo\"\nreported = \"2026-01-02\"\nlinks = [\"https://x/1\"]\n";
    let judged = "[seen]\nsignal = [\"SIGSEGV\", 6]\noutput = '^(a|b)+\\d$'\n[fixed]\nexit = [0, 1]\n";
    let limits =
        "[limits]\ntime = \"5s\"\nmemory = \"512M\"\nprocesses = 9\n[tracker.jira]\nproject = \"X\"\n";
    let toml = format!("{head}[reproducer]\nscript = \"foo\"\nnetwork = true\n{judged}{limits}");
    let markdown = format!("+++\n{head}{judged}{limits}+++\n# Words\n````sh\nfoo\n```\n````\nmore\n");
    vec![toml.into_bytes(), markdown.into_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_snapshot_is_read() {
        for content in snapshots() {
            let side = snapshot::read(&sealed(&content)).unwrap();
            let types = side.packages[0].artifacts[0].types.graph();
            assert!(types.is_some_and(|graph| !graph.roots.is_empty()));
        }
    }

    #[test]
    fn documents_and_archives_are_read() {
        use abide_read::repo::metadata;
        let documents = documents();
        assert_eq!(metadata::read_repomd(&documents[0]).unwrap().len(), 3);
        let packages = documents.iter().filter_map(|d| metadata::read_primary(d.as_slice()).ok());
        assert!(packages.map(|p| p.packages.len()).max() > Some(10));
        assert!(archives().iter().all(|a| a.starts_with(b"0707")));
    }

    #[test]
    fn the_compact_forms_read_whole() {
        let example = compact();
        let roots = |read: abide_read::dwarf::TypesRead| {
            assert_eq!(read.gaps, Vec::new());
            read.graph.map_or(0, |graph| graph.roots.len())
        };
        let exports = example.facts.exports().count();
        assert_eq!(roots(abide_read::btf::read_types(&example.base, None, &example.facts)), exports - 1);
        let continuing =
            abide_read::btf::read_types(&example.continuing, Some(&example.base), &example.module);
        assert_eq!(roots(continuing), 1);
        let counts = ctf()
            .iter()
            .map(|seed| roots(abide_read::ctf::read_types(seed, &example.facts)))
            .collect::<Vec<_>>();
        assert_eq!(counts, [exports - 1, exports - 1, exports]);
    }

    #[test]
    fn unsigned_packages_are_read() {
        for package in rpms() {
            let read = Package::read(&mut package.as_slice()).unwrap();
            assert!(!read.meta.files.is_empty());
        }
    }

    #[test]
    fn the_split_library_reads_whole() {
        let split = split();
        let read = abide_read::dwarf::read_types(&split.debug_file, Some(&split.common), &split.facts);
        let roots = read.graph.map_or(0, |graph| graph.roots.len());
        assert_eq!((roots, read.gaps), (split.facts.exports().count(), Vec::new()));
        let alone = abide_read::dwarf::read_types(&split.debug_file, None, &split.facts);
        assert_ne!(alone.gaps, Vec::new(), "the common file is not needed");
    }
}
