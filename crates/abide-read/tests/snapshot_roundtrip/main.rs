//! Snapshots: what was written is read, and what is damaged, foreign or hostile is refused by name.

mod generate;
mod hostile;
mod kernel;

use abide_model::Side;
use abide_read::snapshot::{is_snapshot, read, write};
use proptest::prelude::*;

fn written(side: &Side) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(side, &mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(side in generate::side()) {
        let bytes = written(&side);
        prop_assert!(is_snapshot(&bytes));
        prop_assert_eq!(read(&bytes).unwrap(), side.clone());
        prop_assert_eq!(written(&side), bytes);
    }
}

#[test]
fn an_empty_side() {
    let side = generate::empty();
    assert_eq!(read(&written(&side)).unwrap(), side);
}

#[test]
fn the_extremes_of_an_enumerator() {
    let values = [i64::MIN.into(), u64::MAX.into(), i128::MIN, i128::MAX];
    let side = generate::with_enumerators(&values);
    assert_eq!(read(&written(&side)).unwrap(), side);
}

/// Compressed beyond the ratio that a reader allows, so it has to be stored.
#[test]
fn a_side_that_repeats_itself_endlessly() {
    let mut side = generate::with_enumerators(&[1, 2, 3]);
    let artifact = side.packages[0].artifacts[0].clone();
    side.packages[0].artifacts = vec![artifact; 40_000];
    let bytes = written(&side);
    assert_eq!(bytes[12], 0, "stored");
    assert!(bytes.len() > 1 << 20);
    assert_eq!(read(&bytes).unwrap(), side);
}

/// Real facts with a real type graph.
#[test]
fn a_compiled_library() {
    let folder = std::env::temp_dir().join(format!("abide-snapshot-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (source, library) = (folder.join("l.c"), folder.join("l.so"));
    std::fs::write(&source, "struct s { struct s *next; int a[3]; }; int f(struct s *p) { return p->a[0]; }")
        .unwrap();
    let cc = std::process::Command::new("cc")
        .args(["-g", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(cc.expect("the C compiler `cc` is needed").success());
    let bytes = std::fs::read(&library).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let elf = abide_read::elf::read_elf(&bytes).unwrap().facts;
    let graph = abide_read::dwarf::read_types(&bytes, None, &elf).graph.expect("types");
    assert!(!graph.nodes.is_empty());
    let side = generate::of_artifact(elf, graph);
    assert_eq!(read(&written(&side)).unwrap(), side);
}
