//! Truncated and corrupt files: facts of what is left and gaps for the rest, never a panic.

use abide_model::{ElfKind, GapKind};
use abide_read::elf::{ElfError, is_elf, read_elf};

use crate::support::{Workshop, exports};

fn library() -> Vec<u8> {
    let shop = Workshop::new();
    shop.write("v.map", "V1 { global: a; b; local: *; };");
    let source = r#"
        #include <stdio.h>
        int a(void) { return puts("a"); }
        int b = 3;
    "#;
    let path = shop.library("libd.so", source, &["-Wl,--version-script=v.map", "-Wl,-soname,libd.so.1"]);
    std::fs::read(path).unwrap()
}

#[test]
fn no_elf_header_is_an_error() {
    assert!(!is_elf(b"") && !is_elf(b"\x7fEL"));
    assert_eq!(read_elf(b"").unwrap_err(), ElfError::NotElf);
    assert_eq!(read_elf(b"#!/bin/sh\n").unwrap_err(), ElfError::NotElf);
    assert_eq!(read_elf(b"\x7fELF").unwrap_err(), ElfError::Truncated(4));
    assert_eq!(read_elf(b"\x7fELF\x02\x01\x01").unwrap_err(), ElfError::Truncated(7));
    assert_eq!(read_elf(b"\x7fELF\x03\x01\x01").unwrap_err(), ElfError::UnknownClass(3));
    assert_eq!(read_elf(b"\x7fELF\x02\x07\x01").unwrap_err(), ElfError::UnknownEncoding(7));
}

#[test]
fn every_prefix_is_an_error_or_has_a_gap() {
    let whole = library();
    let complete = read_elf(&whole).unwrap();
    assert_eq!(complete.gaps, []);
    assert_eq!(exports(&complete.facts), ["a@@V1", "b@@V1"]);
    for length in (0..whole.len()).step_by(7) {
        match read_elf(&whole[..length]) {
            Err(_) => assert!(length < 64, "{length}"),
            // The section headers are at the end: each cut is noticed.
            Ok(read) => assert!(!read.gaps.is_empty(), "{length}"),
        }
    }
}

#[test]
fn what_is_before_the_cut_is_kept() {
    let whole = library();
    let cut = read_elf(&whole[..whole.len() - 200]).unwrap();
    assert_eq!(exports(&cut.facts), ["a@@V1", "b@@V1"]);
    assert!(cut.gaps.iter().all(|g| g.kind == GapKind::BrokenElf));
    assert!(cut.gaps[0].detail.contains("section header table"), "{:?}", cut.gaps);
}

#[test]
fn a_cut_in_what_is_loaded_is_told_from_one_behind_it() {
    let whole = library();
    assert!(!read_elf(&whole).unwrap().is_cut);
    assert!(!read_elf(&whole[..whole.len() - 200]).unwrap().is_cut, "only section headers are missing");
    for length in [64, 1000, 0x1000, 0x2000] {
        assert!(read_elf(&whole[..length]).unwrap().is_cut, "{length}");
    }
}

#[test]
fn without_section_headers_the_dynamic_facts_are_the_same() {
    let mut bytes = library();
    let whole = read_elf(&bytes).unwrap();
    let (offset, counts) = if bytes[4] == 2 { (40..48, 58..64) } else { (32..36, 46..52) };
    bytes[offset].fill(0);
    bytes[counts].fill(0);
    assert_eq!(read_elf(&bytes).unwrap(), whole);
}

#[test]
fn any_byte_may_be_wrong() {
    let whole = library();
    let mut wrong = whole.clone();
    // Headers, dynamic section, symbols and versions are in the first pages of so small a file.
    for at in (16..whole.len().min(4096)).step_by(3) {
        for value in [0, 0x7f, 0xff] {
            wrong[at] = value;
            let _ = read_elf(&wrong);
        }
        wrong[at] = whole[at];
    }
}

#[test]
fn a_table_of_endless_size_is_cut_to_the_file() {
    let mut bytes = library();
    // e_shnum 0 with a table: the count is in section 0, here made absurd.
    let start = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
    if bytes[4] != 2 || bytes[5] != 1 {
        return;
    }
    bytes[60..62].fill(0);
    bytes[start + 32..start + 40].fill(0xff);
    let read = read_elf(&bytes).unwrap();
    assert_eq!(read.facts.kind, ElfKind::SharedObject);
    assert!(read.gaps.iter().any(|g| g.detail.contains("section header table")), "{:?}", read.gaps);
}
