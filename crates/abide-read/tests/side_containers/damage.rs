//! Bad input: an error when it is all there is, a gap when there is more, never a panic.

use abide_model::GapKind;
use abide_read::payload::Limits;
use abide_read::side::{OpenError, OpenOptions};

use crate::craft::{Rpm, regular};
use crate::support::{artifacts, example, open, options, plain_library, refusal, rpms_below, try_open};

#[test]
fn a_truncated_package_is_an_error_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(example("reference").join("libtide1-1.0-1.x86_64.rpm")).unwrap();
    let path = dir.path().join("cut.rpm");
    for length in (1..whole.len()).step_by(211).chain([4, 95, 96, 100, 112, whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let message = refusal(&path);
        assert!(message.contains("cut.rpm"), "{message}");
        assert!(length < 4 || message.contains("offset"), "{length}: {message}");
    }
}

#[test]
fn flipped_bytes_are_survived() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(example("reference").join("libtide1-1.0-1.x86_64.rpm")).unwrap();
    let path = dir.path().join("flipped.rpm");
    let (mut refused, mut count) = (0, 0);
    // Behind lead and signature header every byte is covered by a digest.
    let signed = u32::from_be_bytes(whole[104..108].try_into().unwrap()) as usize * 16;
    let signed = 96 + 16 + signed + u32::from_be_bytes(whole[108..112].try_into().unwrap()) as usize;
    for at in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        match try_open(&path) {
            Err(OpenError::Package { .. } | OpenError::Unsupported { .. } | OpenError::Nothing { .. }) => {
                refused += 1
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => assert!(at < signed.next_multiple_of(8), "{at} of {}", whole.len()),
        }
        count += 1;
    }
    assert!(refused * 2 > count, "{refused} of {count}");
}

#[test]
fn flipped_bytes_that_no_digest_covers_are_survived() {
    let dir = tempfile::tempdir().unwrap();
    let made = crate::debuginfo::split(dir.path(), &[]);
    let library = regular("/usr/lib64/libpair.so", &std::fs::read(made.library).unwrap());
    let debug = regular("/usr/lib/debug/usr/lib64/libpair.so.debug", &std::fs::read(made.debug).unwrap());
    let sides = tempfile::tempdir().unwrap();
    for (name, file) in [("pair", library), ("pair-debuginfo", debug)] {
        for (i, is_stripped) in [false, true].into_iter().enumerate() {
            let rpm = Rpm { compressor: "none", is_stripped, ..Rpm::new(name, vec![file.clone()]) };
            std::fs::create_dir_all(sides.path().join(i.to_string())).unwrap();
            std::fs::write(sides.path().join(i.to_string()).join(name), rpm.bytes()).unwrap();
        }
    }
    for side in ["0", "1"].map(|i| sides.path().join(i)) {
        let whole = open(&side);
        assert!(artifacts(&whole).all(|a| a.types.graph().is_some()));
        for name in ["pair", "pair-debuginfo"].map(|n| side.join(n)) {
            let bytes = std::fs::read(&name).unwrap();
            for at in (0..bytes.len()).step_by(61) {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << (at % 8);
                std::fs::write(&name, flipped).unwrap();
                let _ = try_open(&side);
            }
            std::fs::write(&name, bytes).unwrap();
        }
    }
}

#[test]
fn one_damaged_package_among_others_is_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let whole = Rpm::new("small", vec![regular("/usr/lib64/libsmall.so", &plain_library())]).bytes();
    std::fs::write(dir.path().join("good.rpm"), &whole).unwrap();
    std::fs::write(dir.path().join("no-header.rpm"), &whole[..200]).unwrap();
    std::fs::write(dir.path().join("no-payload.rpm"), &whole[..whole.len() - 40]).unwrap();
    let side = open(dir.path());
    assert_eq!(artifacts(&side).count(), 1, "half of a package's artifacts would read as removals");
    assert_eq!(side.gaps.len(), 1);
    assert_eq!((side.gaps[0].kind, &side.gaps[0].subject[..]), (GapKind::Unreadable, &b"no-header.rpm"[..]));
    let damaged = side.packages.iter().find(|p| p.source == "no-payload.rpm").unwrap();
    assert_eq!(damaged.gaps[0].kind, GapKind::Unreadable);
    assert!(damaged.gaps[0].detail.contains("payload at offset"), "{}", damaged.gaps[0].detail);
}

#[test]
fn nothing_to_compare_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert!(refusal(dir.path()).contains("no package and no ELF file"));
    assert!(refusal(dir.path().join("absent")).contains("no such file"));
    std::fs::write(dir.path().join("notes.txt"), "text").unwrap();
    assert!(refusal(dir.path()).contains("no package and no ELF file"));
    for debug in
        rpms_below(&example("reference")).iter().filter(|p| p.to_string_lossy().contains("debuginfo"))
    {
        assert!(refusal(debug).contains("debug information only"));
        std::fs::copy(debug, dir.path().join(debug.file_name().unwrap())).unwrap();
    }
    assert!(refusal(dir.path()).contains("no software"), "{}", refusal(dir.path()));
    let damaged = tempfile::tempdir().unwrap();
    std::fs::write(damaged.path().join("cut.rpm"), b"\xed\xab\xee\xdb").unwrap();
    assert!(refusal(damaged.path()).contains("nothing in it can be read: cut.rpm"));
    let library = dir.path().join("libsmall.so");
    std::fs::write(&library, plain_library()).unwrap();
    let empty = tempfile::tempdir().unwrap();
    for useless in [empty.path().to_owned(), damaged.path().join("useless.rpm")] {
        std::fs::write(damaged.path().join("useless.rpm"), Rpm::new("useless", vec![]).bytes()).unwrap();
        let options = OpenOptions { debuginfo: vec![useless], ..options() };
        let opened = abide_read::side::open(&library.to_string_lossy(), &options, &abide_model::NoProgress);
        let error = opened.unwrap_err().to_string();
        assert!(error.contains("no debug information in it"), "{error}");
    }
    std::fs::write(
        damaged.path().join("source.rpm"),
        Rpm { source: None, ..Rpm::new("made", vec![]) }.bytes(),
    )
    .unwrap();
    assert!(refusal(damaged.path().join("source.rpm")).contains("source package"));
}

#[test]
fn other_kinds_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let packed = crate::craft::compress("gzip", b"plain text");
    let kinds: [(&[u8], &str); 6] = [
        (b"!<arch>\nfoo.o/", "an ar archive"),
        (&packed, "a gzip file with a file of unknown kind inside"),
        (b"<abi-corpus version='2.1'>", "libabigail"),
        (b"", "an empty file"),
        (b"plain text", "a file of unknown kind"),
        (b"PK\x03\x04", "a zip archive"),
    ];
    for (content, name) in kinds {
        // The name says nothing: the content does.
        let path = dir.path().join("libfoo.so.1");
        std::fs::write(&path, content).unwrap();
        let message = refusal(&path);
        assert!(message.contains(name) && message.contains("what is read is an ELF file"), "{message}");
    }
    let mut image = vec![0; 1024];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    std::fs::write(dir.path().join("vmlinuz"), image).unwrap();
    assert!(refusal(dir.path().join("vmlinuz")).contains("no kernel was taken out of the boot image"));
    std::fs::write(dir.path().join("cut.so"), b"\x7fELF\x02\x01\x01").unwrap();
    assert!(refusal(dir.path().join("cut.so")).contains("cut short"));
}

#[test]
fn a_payload_larger_than_stated_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let files = vec![regular("/usr/lib64/libsmall.so", &plain_library())];
    let path = dir.path().join("bomb.rpm");
    let bomb = Rpm { hidden_zeros: 50 << 20, compressor: "zstd", ..Rpm::new("bomb", files.clone()) }.bytes();
    assert!(bomb.len() < 100_000);
    std::fs::write(&path, bomb).unwrap();
    let message = refusal(&path);
    assert!(message.contains("the decompressed payload is larger than the limit of"), "{message}");

    std::fs::write(&path, Rpm::new("large", files).bytes()).unwrap();
    let limits = Limits { file_bytes: 1000, ..Limits::default() };
    let options = OpenOptions { limits, ..options() };
    let side = abide_read::side::open(&path.to_string_lossy(), &options, &abide_model::NoProgress).unwrap();
    assert_eq!(side.packages[0].gaps[0].kind, GapKind::LimitReached);
}
