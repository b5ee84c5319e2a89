//! The entry functions: one for each kind of bytes that come from outside.

use std::io::Cursor;
use std::sync::LazyLock;

use abide_read::cpio::Reader;
use abide_read::deb::Deb;
use abide_read::deb::control::stanzas;
use abide_read::dwarf::{read_types, supplementary_link};
use abide_read::elf::read_elf;
use abide_read::payload::{Limits, Payload, Tree};
use abide_read::repo::{apt, metadata};
use abide_read::rpm::Package;

use crate::seeds;
use crate::sources::{self, lookaside, modifications, patch, spec};

/// One kind of input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the fuzz target.
    pub name: &'static str,
    /// Reads any bytes.
    pub run: fn(&[u8]),
    /// Valid inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub fn targets() -> &'static [Target] {
    &[
        Target { name: "elf", run: elf, seeds: seeds::artifacts },
        Target { name: "dwarf", run: dwarf, seeds: seeds::debug_files },
        Target { name: "btf", run: btf, seeds: seeds::btf },
        Target { name: "ctf", run: ctf, seeds: seeds::ctf },
        Target { name: "kernel_text", run: kernel_text, seeds: seeds::kernel_texts },
        Target { name: "kernel_image", run: kernel_image, seeds: seeds::kernel_images },
        Target { name: "rpm", run: rpm, seeds: seeds::rpms },
        Target { name: "cpio", run: cpio, seeds: seeds::archives },
        Target { name: "deb", run: deb, seeds: seeds::debs },
        Target { name: "tar", run: tar, seeds: seeds::tars },
        Target { name: "apt", run: apt, seeds: seeds::indexes },
        Target { name: "repodata", run: repodata, seeds: seeds::documents },
        Target { name: "modules", run: modules, seeds: seeds::modules },
        Target { name: "mirrors", run: mirrors, seeds: seeds::mirrors },
        Target { name: "program", run: program, seeds: seeds::programs },
        Target { name: "library_cache", run: library_cache, seeds: seeds::library_caches },
        Target { name: "signature", run: signature, seeds: seeds::signatures },
        Target { name: "bug", run: bug, seeds: seeds::bugs },
        Target { name: "snapshot", run: snapshot, seeds: seeds::snapshots },
        Target { name: "spec", run: spec, seeds: sources::specs },
        Target { name: "patch", run: patch, seeds: sources::patches },
        Target { name: "modifications", run: modifications, seeds: sources::modifications_seeds },
        Target { name: "lookaside", run: lookaside, seeds: sources::metadata },
    ]
}

/// An ELF file without its types. What was read once is read again.
pub fn elf(bytes: &[u8]) {
    let read = || read_elf(bytes).ok().map(|read| (read.facts, read.gaps));
    assert!(read() == read(), "the same bytes were read differently");
}

/// A debug file, alone and in each of its parts: with dwz's common file, and as that common file.
pub fn dwarf(bytes: &[u8]) {
    static EXAMPLE: LazyLock<seeds::Split> = LazyLock::new(seeds::split);
    let example = &*EXAMPLE;
    let own = read_elf(bytes).ok().map(|read| read.facts);
    let facts = own.as_ref().unwrap_or(&example.facts);
    let read = || read_types(bytes, None, facts);
    let (first, second) = (read(), read());
    assert!(first.graph == second.graph && first.gaps == second.gaps, "the same bytes were read differently");
    let _ = read_types(bytes, Some(&example.common), &example.facts);
    let _ = read_types(&example.debug_file, Some(bytes), &example.facts);
    let _ = supplementary_link(bytes);
}

/// BTF, alone, as a module's that continues the example's, and as the kernel's that an example continues.
pub fn btf(bytes: &[u8]) {
    static EXAMPLE: LazyLock<seeds::Compact> = LazyLock::new(seeds::compact);
    let example = &*EXAMPLE;
    let own = read_elf(bytes).ok().map(|read| read.facts);
    let facts = own.as_ref().unwrap_or(&example.facts);
    let read = || abide_read::btf::read_types(bytes, None, facts);
    let (first, second) = (read(), read());
    assert!(first.graph == second.graph && first.gaps == second.gaps, "the same bytes were read differently");
    let _ = abide_read::btf::facts(bytes);
    let _ = abide_read::btf::read_types(bytes, Some(&example.base), &example.module);
    let _ = abide_read::btf::read_types(&example.continuing, Some(bytes), &example.module);
}

/// CTF, in an ELF file or plain.
pub fn ctf(bytes: &[u8]) {
    static EXAMPLE: LazyLock<seeds::Compact> = LazyLock::new(seeds::compact);
    let own = read_elf(bytes).ok().map(|read| read.facts);
    let facts = own.as_ref().unwrap_or(&EXAMPLE.facts);
    let read = || abide_read::ctf::read_types(bytes, facts);
    let (first, second) = (read(), read());
    assert!(first.graph == second.graph && first.gaps == second.gaps, "the same bytes were read differently");
}

/// `Module.symvers`, lists of promised symbols, severities, kABI rules.
pub fn kernel_text(bytes: &[u8]) {
    use abide_read::kernel::{TextKind, parse_rules, read_rules, read_text};
    let path = bstr::BStr::new("kabi/file_x86_64");
    let _ = TextKind::of_text(path, bytes);
    let _ = (parse_rules(bytes), read_rules(bytes));
    for kind in [TextKind::Symvers, TextKind::List, TextKind::Severities] {
        let read = || read_text(kind, path, bytes);
        assert_eq!(read(), read(), "the same bytes were read differently");
    }
}

/// A boot image, and the kernel that comes out of it.
pub fn kernel_image(bytes: &[u8]) {
    let _ = abide_read::kernel::image::release(bytes);
    let Ok(kernel) = abide_read::kernel::image::unpack(bytes) else { return };
    let _ = read_elf(&kernel);
}

/// Ceilings that keep a hostile payload small enough to run thousands of them.
const LIMITS: Limits = Limits { payload_bytes: 1 << 26, file_bytes: 1 << 25, members: 10_000 };

/// An RPM: headers and payload.
pub fn rpm(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    let Ok(package) = Package::read(&mut input) else { return };
    let Ok(payload) = Payload::cpio(input, &package.plan, LIMITS) else { return };
    read_through(payload);
}

/// A bug file, as TOML and as Markdown.
pub fn bug(bytes: &[u8]) {
    for name in ["bug.toml", "bug.md"] {
        if let Ok(bug) = abide_bug::parse::parse(name, bytes) {
            let _ = bug.digest(&Default::default());
        }
    }
}

/// An archive as it is inside an RPM.
pub fn cpio(bytes: &[u8]) {
    let mut archive = Reader::new(Cursor::new(bytes));
    let mut content = Vec::new();
    while let Ok(Some(_)) = archive.next_member(|index| Some(u64::from(index % 100))) {
        content.clear();
        let _ = archive.read(&mut content, 1 << 20);
    }
}

/// A Debian package: control data and files.
pub fn deb(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    let Ok(package) = Deb::read(&mut input) else { return };
    let Ok(payload) = package.data.payload(input, LIMITS) else { return };
    read_through(payload);
}

/// A program in memory: a zip or tar archive, a container image, a script, a class file.
pub fn program(bytes: &[u8]) {
    let read = || abide_read::program::read_bytes("made", bytes, LIMITS).ok();
    assert!(read() == read(), "the same bytes were read differently");
}

/// `ld.so.cache`, and the strings of a loader.
pub fn library_cache(bytes: &[u8]) {
    let _ = abide_read::root::LibraryCache::read(bytes);
    let _ = abide_read::root::loader_text(bytes);
}

/// A tar archive that stands for a directory.
pub fn tar(bytes: &[u8]) {
    let Ok(payload) = Payload::tar(bytes, None, Tree::Directory, LIMITS) else { return };
    read_through(payload);
}

fn read_through(mut payload: Payload<'_>) {
    while let Ok(Some(_)) = payload.next_file() {
        let _ = payload.head(64).map(<[u8]>::len);
        let _ = payload.content();
    }
    let Some(listing) = payload.into_listing() else { return };
    assert!(listing.files.iter().all(|f| !f.path.windows(3).any(|part| part == b"../")), "a path leads out");
}

/// A `Packages` index or a `Release` file of an apt repository.
pub fn apt(bytes: &[u8]) {
    let _ = apt::read_release(bytes);
    for stanza in stanzas(bytes) {
        let _ = apt::read_package(&stanza, "Packages");
    }
}

/// A document of a repository, whichever it says it is.
pub fn repodata(bytes: &[u8]) {
    let _ = metadata::read_repomd(bytes);
    let _ = metadata::read_primary(bytes);
    let _ = metadata::read_filelists(bytes, |_| true, |_| true);
    let Ok(primary) = metadata::read_primary(bytes) else { return };
    let numbers = primary.listed.packages.iter().enumerate();
    let packages =
        numbers.map(|(n, p)| (p.checksum.rsplit(' ').next().unwrap_or_default().to_owned(), n as u32));
    let mut names = primary.listed.names.clone();
    let _ = metadata::read_all_files(bytes, &packages.collect(), &mut names);
}

/// The streams of modules.
pub fn modules(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = abide_read::repo::modules::read_modules(text);
    }
}

/// Keys and signatures.
pub fn signature(bytes: &[u8]) {
    abide_read::signature::read_any(bytes);
}

/// A list of mirrors, whichever kind it is.
pub fn mirrors(bytes: &[u8]) {
    let list = abide_read::repo::mirrors::read_mirror_list(bytes);
    let linked = abide_read::repo::mirrors::read_metalink(bytes).unwrap_or_default();
    assert!(list.urls.iter().chain(&linked.urls).all(|url| url.to_ascii_lowercase().starts_with("http")));
}

/// A snapshot's content, given a header that fits it; what is accepted must survive being written and read again.
pub fn snapshot(content: &[u8]) {
    let _ = abide_read::snapshot::read(content);
    let Ok(side) = abide_read::snapshot::read(&seeds::sealed(content)) else { return };
    let mut written = Vec::new();
    abide_read::snapshot::write(&side, &mut written).expect("what was read can be written");
    let again = abide_read::snapshot::read(&written).expect("what was written can be read");
    assert!(side == again, "a snapshot changes when it is written again");
}
