use std::path::Path;
use std::time::Duration;

use super::*;

fn key(number: u8) -> Key {
    Key::of(&[&[number]])
}

fn text(content: &[u8]) -> Result<String, std::string::FromUtf8Error> {
    String::from_utf8(content.to_vec())
}

fn entry_path(root: &Path, number: u8) -> std::path::PathBuf {
    Store::new(root).path(Kind::Packages, key(number))
}

#[test]
fn what_was_put_is_got_and_what_was_not_is_not() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::new(&root.path().join("deep/cache"));
    assert_eq!(store.get(Kind::Packages, key(1), text), None);
    store.put(Kind::Packages, key(1), b"one".to_vec());
    let other = Store::new(&root.path().join("deep/cache"));
    assert_eq!(other.get(Kind::Packages, key(1), text).as_deref(), Some("one"));
    assert_eq!(other.get(Kind::Types, key(1), text), None);
    assert_eq!((store.problem(), other.counts().packages_found), (None, 1));
}

#[test]
fn parts_of_a_key_do_not_run_together() {
    assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
    assert_ne!(Key::of(&[b"ab"]), Key::of(&[b"ab", b""]));
}

#[test]
fn a_damaged_entry_is_removed_and_made_anew() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::new(root.path());
    store.put(Kind::Packages, key(1), b"one".to_vec());
    let path = entry_path(root.path(), 1);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.get(Kind::Packages, key(1), text), None, "byte {at}");
        assert!(!path.exists());
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(store.get(Kind::Packages, key(1), text), None, "length {length}");
    }
    store.put(Kind::Packages, key(1), b"one".to_vec());
    assert_eq!(store.get(Kind::Packages, key(1), text).as_deref(), Some("one"));
    assert_eq!(store.counts().damaged, 2 * whole.len() as u64);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_problem_and_no_error() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    let store = Store::new(&file.join("cache"));
    assert_eq!(store.get(Kind::Packages, key(1), text), None);
    store.put(Kind::Packages, key(1), b"one".to_vec());
    store.put(Kind::Packages, key(2), b"two".to_vec());
    assert!(store.problem().unwrap().contains("cannot be written"), "{:?}", store.problem());
    assert_eq!(store.counts().packages_added, 0);
}

#[test]
fn many_writers_of_one_entry_leave_it_whole() {
    let root = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Store::new(root.path());
                for round in 0..20 {
                    store.put(Kind::Packages, key(round % 3), vec![b'x'; 10_000]);
                    let found = store.get(Kind::Packages, key(round % 3), text);
                    assert!(found.is_none_or(|t| t.len() == 10_000));
                }
                assert_eq!((store.problem(), store.counts().damaged), (None, 0));
            });
        }
    });
}

#[test]
fn pruning_by_age_size_and_all() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::new(root.path());
    let day = Duration::from_secs(24 * 60 * 60);
    for number in 0..4 {
        store.put(Kind::Packages, key(number), vec![number; 100]);
        let file = File::options().write(true).open(entry_path(root.path(), number)).unwrap();
        file.set_modified(SystemTime::now() - day * u32::from(number)).unwrap();
    }
    fs::write(root.path().join("mine.txt"), "not the cache's").unwrap();
    let total = contents(root.path()).unwrap().total();
    assert_eq!(total.entries, 4);
    let pruned = prune(root.path(), Prune { older_than: Some(day * 5 / 2), ..Prune::default() }).unwrap();
    assert_eq!((pruned.removed.entries, pruned.failed.len()), (1, 0));
    assert!(!store.has(Kind::Packages, key(3)));
    // The one that was not used for the longest time goes first.
    let limit = total.size_bytes / 4 * 2;
    let pruned = prune(root.path(), Prune { max_size_bytes: Some(limit), ..Prune::default() }).unwrap();
    assert_eq!(pruned.removed.entries, 1);
    assert!(store.has(Kind::Packages, key(1)) && !store.has(Kind::Packages, key(2)));
    // Being used makes it young again.
    assert!(store.get(Kind::Packages, key(1), |c| Ok::<_, ()>(c.len())).is_some());
    prune(root.path(), Prune { older_than: Some(day / 2), ..Prune::default() }).unwrap();
    prune(root.path(), Prune { all: true, ..Prune::default() }).unwrap();
    assert_eq!(contents(root.path()).unwrap(), Contents::default());
    assert!(root.path().join("mine.txt").exists());
}
