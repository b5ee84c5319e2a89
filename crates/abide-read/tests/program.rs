//! Programs in archives: what is taken, what is refused, and that hostile ones end within the limits.

use std::io::Write as _;

use abide_model::{GapKind, Program, ProgramContent};
use abide_read::payload::Limits;
use abide_read::program::{ProgramError, read_bytes};
use zip::write::SimpleFileOptions;

const LIMITS: Limits = Limits { payload_bytes: 1 << 20, file_bytes: 1 << 18, members: 100 };

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options.unix_permissions(0o755)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A header and content of ustar.
fn member(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000755");
    block[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..263].copy_from_slice(b"ustar\0");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut out = block.to_vec();
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    let mut out = members.concat();
    out.extend([0; 1024]);
    out
}

fn read(bytes: &[u8]) -> Result<Program, ProgramError> {
    read_bytes("made.bin", bytes, LIMITS)
}

fn names(program: &Program) -> Vec<String> {
    program.files.iter().map(|file| file.shown.to_string()).collect()
}

#[test]
fn scripts_and_modules_of_a_wheel() {
    let bytes = zipped(&[
        ("pkg/__init__.py", b"import json\n"),
        ("pkg-1.dist-info/WHEEL", b"Wheel-Version: 1.0\n"),
        ("pkg-1.data/scripts/tool", b"#!/usr/bin/python3\nimport sys\n"),
    ]);
    let program = read(&bytes).unwrap();
    assert_eq!(program.input_kind, "wheel");
    assert_eq!(names(&program), ["pkg-1.data/scripts/tool", "pkg/__init__.py"]);
    assert!(matches!(&program.files[0].content, ProgramContent::Script { .. }));
}

#[test]
fn names_that_lead_out_are_refused() {
    let script: &[u8] = b"#!/bin/sh\n";
    let program =
        read(&zipped(&[("../evil", script), ("/abs", script), ("a/../../b", script), ("ok", script)]))
            .unwrap();
    assert_eq!(names(&program), ["ok"]);
    assert_eq!(program.gaps.len(), 3);
    assert!(
        program.gaps.iter().all(|gap| gap.detail.contains("leads out of the archive")),
        "{:?}",
        program.gaps
    );
    let bytes = tar(&[
        member("../evil", b'0', "", script),
        member("link", b'1', "../../etc/passwd", b""),
        member("ok", b'0', "", script),
    ]);
    let program = read(&bytes).unwrap();
    assert_eq!(names(&program), ["ok"]);
    assert_eq!(program.gaps.len(), 2);
}

#[test]
fn bombs_end_at_the_limits() {
    let zeros = vec![0u8; 4 << 20];
    let large = [b"#!/bin/sh\n".as_slice(), &zeros].concat();
    let program = read(&zipped(&[("large", &large)])).unwrap();
    assert!(program.files.is_empty());
    assert!(program.gaps[0].detail.contains("more than the 262144 bytes"), "{:?}", program.gaps);
    let many: Vec<(String, &[u8])> = (0..8).map(|i| (format!("f{i}"), &large[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    assert!(matches!(read(&zipped(&many)), Err(ProgramError::Zip { .. })));
    let many: Vec<(String, &[u8])> = (0..101).map(|i| (format!("f{i}"), b"x".as_slice())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let error = read(&zipped(&many)).unwrap_err().to_string();
    assert!(error.contains("has 101 files; up to 100 are read"), "{error}");
}

#[test]
fn damaged_archives_are_errors() {
    let bytes = zipped(&[("a", b"#!/bin/sh\n")]);
    assert!(read(&bytes[..bytes.len() - 10]).is_err());
    assert!(read(b"PK\x03\x04").is_err());
    assert!(read(b"nothing that runs").is_err());
}

#[test]
fn layers_above_the_first_are_judged() {
    let layer = |members: &[Vec<u8>]| tar(members);
    let script: &[u8] = b"#!/bin/sh\n";
    let base = layer(&[member("usr/bin/base", b'0', "", script)]);
    let app = layer(&[member("opt/app/run", b'0', "", script), member("opt/app/old", b'0', "", script)]);
    let fix = layer(&[member("opt/app/.wh.old", b'0', "", b""), member("opt/app/new", b'0', "", script)]);
    let manifest = br#"[{"Config":"c.json","Layers":["a.tar","b.tar","c.tar"]}]"#;
    let image = tar(&[
        member("manifest.json", b'0', "", manifest),
        member("a.tar", b'0', "", &base),
        member("b.tar", b'0', "", &app),
        member("c.tar", b'0', "", &fix),
    ]);
    let program = read(&image).unwrap();
    assert_eq!(program.input_kind, "docker archive");
    assert_eq!(names(&program), ["/opt/app/new", "/opt/app/run"]);
    assert!(program.notes[0].contains("first was taken for the distribution's"), "{:?}", program.notes);
    let without = tar(&[member("manifest.json", b'0', "", manifest), member("a.tar", b'0', "", &base)]);
    let error = read(&without).unwrap_err().to_string();
    assert!(error.contains("its layer b.tar is not in it"), "{error}");
}

#[test]
fn class_files_tell_their_release() {
    let class = |major: u8| [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, major, 0, 0];
    let old = class(52);
    let new = class(61);
    let jar = zipped(&[
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"),
        ("a/A.class", &old),
        ("META-INF/versions/17/a/A.class", &new),
    ]);
    let program = read(&jar).unwrap();
    assert_eq!(program.input_kind, "Java archive");
    let versions: Vec<u16> = program
        .files
        .iter()
        .filter_map(|file| match &file.content {
            ProgramContent::Java { class_version, .. } if file.shown == "made.bin" => Some(class_version.0),
            _ => None,
        })
        .collect();
    assert_eq!(versions, [52]);
    assert!(program.gaps.iter().all(|gap| gap.kind != GapKind::Unreadable));
}
