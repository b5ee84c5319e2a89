//! Snapshots that are damaged, of another format, or made to harm.

use abide_model::*;
use abide_read::snapshot::{FORMAT, SnapshotError, is_snapshot, read};

use crate::generate::{of_artifact, plain_elf, with_enumerators};
use crate::written;

const HEADER: usize = 64;

fn sample() -> Vec<u8> {
    written(&with_enumerators(&[1, -1]))
}

/// A snapshot with this header and content, and a checksum that is right.
fn summed(format: u32, method: u32, size: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"ABIDESNP".to_vec();
    bytes.extend(format.to_le_bytes());
    bytes.extend(method.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend((content.len() as u64).to_le_bytes());
    let sum = blake3::Hasher::new().update(&bytes).update(content).finalize();
    bytes.extend(sum.as_bytes());
    bytes.extend(content);
    bytes
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn another_file_is_no_snapshot() {
    assert!(!is_snapshot(b"\x7fELF"));
    assert!(matches!(read(b"\x7fELF"), Err(SnapshotError::NotASnapshot)));
    assert!(matches!(read(b""), Err(SnapshotError::NotASnapshot)));
}

#[test]
fn every_prefix_is_cut_short() {
    let whole = sample();
    for length in 8..whole.len() {
        assert!(is_snapshot(&whole[..length]));
        let error = read(&whole[..length]).unwrap_err();
        assert!(matches!(error, SnapshotError::CutShort { .. }), "{length}: {error}");
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let whole = sample();
    for at in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x10;
        assert!(read(&wrong).is_err(), "byte {at}");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(matches!(read(&longer), Err(SnapshotError::TrailingBytes { extra_bytes: 1 })));
}

#[test]
fn another_format_says_what_to_do() {
    let newer = summed(FORMAT + 2, 1, 0, b"");
    assert!(
        message(&newer)
            .contains(&format!("written by a newer abide: format {}, this one reads {FORMAT}", FORMAT + 2)),
        "{}",
        message(&newer)
    );
    assert!(message(&summed(0, 1, 0, b"")).contains("older abide"));
    assert!(matches!(read(&summed(FORMAT, 9, 0, b"")), Err(SnapshotError::UnknownMethod(9))));
}

#[test]
fn a_stated_size_is_not_believed() {
    let zeros = zstd::bulk::compress(&vec![0u8; 1 << 24], 3).unwrap();
    let bomb = summed(FORMAT, 1, 1 << 24, &zeros);
    assert!(matches!(read(&bomb), Err(SnapshotError::TooLarge { .. })));
    let endless = summed(FORMAT, 1, u64::MAX, &zeros);
    assert!(matches!(read(&endless), Err(SnapshotError::TooLarge { .. })));
    let small = summed(FORMAT, 1, 100, &zeros);
    assert!(matches!(read(&small), Err(SnapshotError::Compression(_))));
    let few = zstd::bulk::compress(b"few", 3).unwrap();
    assert!(matches!(read(&summed(FORMAT, 1, 100, &few)), Err(SnapshotError::OtherSize { .. })));
    assert!(matches!(read(&summed(FORMAT, 0, 100, b"few")), Err(SnapshotError::OtherSize { .. })));
    assert!(matches!(read(&summed(FORMAT, 1, 100, b"no zstd")), Err(SnapshotError::Compression(_))));
}

#[test]
fn content_that_is_none() {
    for content in [&b""[..], b"\x00", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[0xff; 100]] {
        let bytes = summed(FORMAT, 0, content.len() as u64, content);
        assert!(read(&bytes).is_err());
    }
}

/// Wrong content behind a right checksum: an error or another side, never a panic.
#[test]
fn any_byte_of_the_content_may_be_wrong() {
    let whole = sample();
    let content = zstd::bulk::decompress(&whole[HEADER..], 1 << 20).unwrap();
    for at in 0..content.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut wrong = content.clone();
            wrong[at] = value;
            let _ = read(&summed(FORMAT, 0, wrong.len() as u64, &wrong));
        }
        let cut = &content[..at];
        assert!(read(&summed(FORMAT, 0, cut.len() as u64, cut)).is_err());
    }
    let longer = [&content[..], b"x"].concat();
    let error = read(&summed(FORMAT, 0, longer.len() as u64, &longer)).unwrap_err();
    assert!(matches!(error, SnapshotError::TrailingContent(1)), "{error}");
}

#[test]
fn a_long_name_that_everything_has_is_refused() {
    let mut side = with_enumerators(&[]);
    side.packages[0].artifacts[0].aliases = vec![vec![b'x'; 1 << 20].into(); 256];
    assert!(matches!(read(&written(&side)), Err(SnapshotError::TooMuchText { .. })));
}

fn refused(graph: TypeGraph) -> String {
    message(&written(&of_artifact(plain_elf(Vec::new()), graph)))
}

#[test]
fn ids_out_of_range_are_refused() {
    let mut types = TypeGraph::default();
    types.push(TypeKind::Qualified { qualifier: Qualifier::Const, target: TypeId(1) });
    assert_eq!(refused(types), "snapshot refers to type 1, and there are 1");
    let mut strings = TypeGraph::default();
    strings.push(TypeKind::Unspecified { name: StrId(0) });
    assert_eq!(refused(strings), "snapshot refers to string of a type graph 0, and there are 0");
    let mut symbols = TypeGraph::default();
    let ty = symbols.push(TypeKind::Void);
    let root = Root { symbol: 0, kind: RootKind::Variable, ty, source_name: None, decl: None, origin: None };
    symbols.roots.push(root);
    assert_eq!(refused(symbols), "snapshot refers to symbol 0, and there are 0");
}
