//! RPMs: headers cross-checked with `rpm`, payloads of every format, what becomes an artifact and what an alias.

use std::path::Path;

use abide_model::{Dependency, FileKind, GapKind};
use abide_read::rpm::Package;
use abide_read::source::Source;

use crate::craft::{Rpm, compress, hard_links, regular, symlink};
use crate::support::{
    artifact, artifacts, example, gaps, has, open, package, plain_library, rpm, rpms_below, shared,
};

fn headers_match(file: &Path) {
    let read = Package::read(&mut Source::File(file.to_owned()).open().unwrap()).unwrap();
    let meta = &read.meta;
    let nevra = rpm(&["--qf", "%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{SOURCERPM}"], file);
    let n = &meta.nevra;
    let own = format!(
        "{} {} {} {} {} {}",
        n.name,
        n.epoch,
        n.version,
        n.release,
        n.arch,
        meta.source_package.as_deref().unwrap()
    );
    assert_eq!(own, nevra, "{}", file.display());
    let lines = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).filter(|l| l != "(none)").collect();
        lines.sort();
        lines
    };
    let own = |all: &[Dependency]| {
        lines(all.iter().map(|d| format!("{} {} {}\n", d.name, d.flags, d.version)).collect())
    };
    let stated = |tags: &[&str]| lines(rpm(tags, file).replace(" (none)\n", " \n"));
    assert_eq!(
        own(&meta.provides),
        stated(&["--qf", "[%{PROVIDENAME} %{PROVIDEFLAGS} %{PROVIDEVERSION}\n]"])
    );
    assert_eq!(
        own(&meta.requires),
        stated(&["--qf", "[%{REQUIRENAME} %{REQUIREFLAGS} %{REQUIREVERSION}\n]"])
    );
    let files = meta.files.iter().map(|f| {
        let target = f.link_target.as_ref().map(|t| t.to_string()).unwrap_or_default();
        let size = if f.kind == FileKind::Regular { f.size_bytes } else { 0 };
        format!("{} {:o} {size} {target} {}\n", f.path, f.mode, f.digest)
    });
    let format = "[%{FILENAMES}|%{FILEMODES}|%{FILESIZES}|%{FILELINKTOS}|%{FILEDIGESTS}\n]";
    let stated = rpm(&["--qf", format], file);
    let stated = stated.lines().filter(|l| *l != "(none)").map(|line| {
        let parts: Vec<&str> = line.split('|').collect();
        let mode = parts[1].parse::<i64>().unwrap() as u16;
        let size = if mode & 0o170_000 == 0o100_000 { parts[2] } else { "0" };
        format!("{} {:o} {size} {} {}\n", parts[0], mode & 0o7777, parts[3], parts[4])
    });
    assert_eq!(lines(files.collect()), lines(stated.collect()), "{}", file.display());
}

#[test]
fn headers_say_what_rpm_says() {
    if !has("rpm") {
        return;
    }
    let mut files = rpms_below(&example("reference"));
    assert!(files.len() > 10);
    files.extend(rpms_below(&example("candidate")));
    // Fedora 12 to 36, EL6 to EL9, x86_64, aarch64 and ppc64.
    for name in ["abi-pairs", "el9-zfs"] {
        files.extend(shared(name).iter().flat_map(|dir| rpms_below(dir)));
    }
    files.iter().for_each(|file| headers_match(file));
    println!("{} packages", files.len());
}

#[test]
fn payloads_of_every_format_read_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let library = plain_library();
    let mut first = None;
    for compressor in ["gzip", "bzip2", "xz", "lzma", "zstd", "none"] {
        for is_stripped in [false, true] {
            let mut files = hard_links(&["/usr/lib64/a/libsmall.so", "/usr/lib64/b/libsmall.so"], &library);
            files.push(regular("/usr/share/doc/small/README", b"not an artifact"));
            files.push(regular("/usr/lib64/libsmall.so.1.0", &library));
            files.push(symlink("/usr/lib64/libsmall.so.1", "libsmall.so.1.0"));
            let path = dir.path().join("small.rpm");
            std::fs::write(&path, Rpm { compressor, is_stripped, ..Rpm::new("small", files) }.bytes())
                .unwrap();
            let mut side = open(&path);
            assert_eq!(side.input_kind, "RPM");
            side.packages[0].digest = None;
            let first = first.get_or_insert_with(|| side.clone());
            assert_eq!(*first, side, "{compressor}, stripped: {is_stripped}");
        }
    }
    let side = first.unwrap();
    assert_eq!(artifacts(&side).count(), 2);
    assert_eq!(artifact(&side, "/usr/lib64/a/libsmall.so").aliases, ["/usr/lib64/b/libsmall.so"]);
    let main = artifact(&side, "/usr/lib64/libsmall.so.1.0");
    assert_eq!(main.aliases, ["/usr/lib64/libsmall.so.1"]);
    assert_eq!(main.digest, Some(abide_read::source::sha256(&library)));
    assert_eq!(main.size_bytes, library.len() as u64);
    assert_eq!(main.elf.soname.as_deref().map(Vec::as_slice), Some(&b"libsmall.so.1"[..]));
}

#[test]
fn links_of_other_packages_are_aliases() {
    let side = open(example("reference"));
    let library = artifact(&side, "/usr/lib64/libtide.so.1.0.0");
    assert_eq!(library.aliases, ["/usr/lib64/libtide.so", "/usr/lib64/libtide.so.1"]);
    assert!(
        side.packages.iter().all(|p| !p.meta.as_ref().unwrap().is_debug()),
        "debug packages are no software"
    );
    let names: Vec<&str> =
        side.packages.iter().map(|p| p.meta.as_ref().unwrap().nevra.name.as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let headers = side.public_headers.as_ref().unwrap();
    assert!(headers.iter().any(|h| h.ends_with(b".h")) && headers.is_sorted());
}

#[test]
fn modules_are_read_through_their_compression() {
    let dir = tempfile::tempdir().unwrap();
    let library = plain_library();
    let files = ["xz", "gzip", "zstd"].map(|compressor| {
        let suffix =
            [("xz", "xz"), ("gzip", "gz"), ("zstd", "zst")].iter().find(|(c, _)| *c == compressor).unwrap().1;
        regular(&format!("/lib/modules/6/m-{suffix}.ko.{suffix}"), &compress(compressor, &library))
    });
    let path = dir.path().join("modules.rpm");
    std::fs::write(&path, Rpm::new("modules", files.to_vec()).bytes()).unwrap();
    let side = open(&path);
    assert_eq!(artifacts(&side).count(), 3);
    assert!(artifacts(&side).all(|a| a.digest == Some(abide_read::source::sha256(&library))));
}

#[test]
fn altered_content_leaves_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = regular("/usr/lib64/libsmall.so", &plain_library());
    file.digest = Some("00".repeat(32));
    let path = dir.path().join("small.rpm");
    std::fs::write(&path, Rpm::new("small", vec![file]).bytes()).unwrap();
    let side = open(&path);
    let gap = &package(&side, "small").gaps[0];
    assert_eq!((gap.kind, &gap.subject[..]), (GapKind::Unreadable, &b"/usr/lib64/libsmall.so"[..]));
    assert!(gap.detail.contains("the header states 0000"), "{}", gap.detail);
}

#[test]
fn absent_debug_information_says_where_it_was_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.rpm");
    std::fs::write(
        &path,
        Rpm::new("small", vec![regular("/usr/lib64/libsmall.so", &plain_library())]).bytes(),
    )
    .unwrap();
    let side = open(&path);
    let found = gaps(artifact(&side, "/usr/lib64/libsmall.so"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, GapKind::NoDebugInfo);
    assert!(
        found[0].1.contains("build-id") && found[0].1.contains("there is no package small-debuginfo"),
        "{}",
        found[0].1
    );
}
