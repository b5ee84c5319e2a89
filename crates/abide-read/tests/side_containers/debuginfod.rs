//! debuginfod: a server is asked for what is found nowhere else, once; what it sends is kept and must be the right file.

use std::path::Path;

use abide_model::{GapKind, NoProgress, Side, TypeEvidence};
use abide_read::debuginfo::probe;
use abide_read::side::{self, DebuginfodOptions, OpenOptions};

use crate::debuginfo::split;
use crate::http::{Answer, Behaviour, Server};
use crate::support::{artifact, has, options};

fn ask(library: &Path, server: &Server, cache: &Path) -> Side {
    let urls = vec![format!("{}nothing", server.url), server.url.clone()];
    let debuginfod = Some(DebuginfodOptions { urls, cache: cache.to_owned() });
    let options = OpenOptions { debuginfod, ..options() };
    side::open(&library.to_string_lossy(), &options, &NoProgress).unwrap()
}

#[test]
fn what_a_server_sends_is_used_and_kept() {
    if !has("objcopy") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = split(dir.path(), &[]);
    let id: String = probe(&std::fs::read(&made.library).unwrap())
        .build_id
        .unwrap()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("buildid").join(&id).join("debuginfo");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::rename(&made.debug, &place).unwrap();
    let start = |behaviour: Behaviour| Server::start(root.path().to_owned(), behaviour);
    let server = start(|_, _| Answer::File);
    let cache = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let side = ask(&made.library, &server, cache.path());
        assert!(
            artifact(&side, "libpair.so").types.graph().is_some(),
            "{:?}",
            artifact(&side, "libpair.so").gaps
        );
    }
    assert_eq!(
        server.asked().len(),
        2,
        "one server has it not, the other is asked once: {:?}",
        server.asked()
    );
    assert!(cache.path().join(&id).join("debuginfo").is_file());
    // Failures are gaps that say so, and nothing is kept.
    for (behaviour, kind) in [
        ((|_, _| Answer::Status(404)) as Behaviour, GapKind::NoDebugInfo),
        (|_, _| Answer::Status(500), GapKind::Unreadable),
        (|_, _| Answer::Cut, GapKind::Unreadable),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let side = ask(&made.library, &start(behaviour), cache.path());
        let found = artifact(&side, "libpair.so");
        assert_eq!(found.types, TypeEvidence::Absent);
        assert_eq!(found.gaps[0].kind, kind, "{:?}", found.gaps);
        assert!(found.gaps.last().unwrap().detail.contains("debuginfod"), "{:?}", found.gaps);
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    }
    // Another build's file.
    let other = tempfile::tempdir().unwrap();
    std::fs::rename(split(other.path(), &["-DOTHER", "-O0"]).debug, &place).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let side = ask(&made.library, &start(|_, _| Answer::File), cache.path());
    assert_eq!(artifact(&side, "libpair.so").gaps[0].kind, GapKind::DebugMismatch);
}
