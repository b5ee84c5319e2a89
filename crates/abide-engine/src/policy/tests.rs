//! Both forms of a policy file, and what they make of levels.

use abide_model::Level;

use super::{Policy, PolicyError};

fn read(name: &str, text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(name, text.as_bytes(), &|rule, case| rule == "symbol-added" && case.is_none())
}

fn level_of(policy: &Policy, package: Option<&str>, level: Level) -> (Option<u8>, Level) {
    let policy = policy.of_pair([package, None], [None, None]);
    (policy.promise.map(|p| p.level), policy.counted(level))
}

#[test]
fn the_first_list_that_matches_gives_the_level() {
    let text = "default-compatibility = 2\n[levels]\n\"symbol-added\" = \"review\"\n\
        [[package]]\nname = \"glibc-*\"\ncompatibility = 3\n\
        [[package]]\nname = [\"glibc*\", \"zlib\"]\ncompatibility = 1\n\
        [[package]]\nname = \"toy\"\ncompatibility = 4\n";
    let policy = read("p.toml", text).expect("it can be read");
    assert_eq!(level_of(&policy, Some("glibc-devel"), Level::Break), (Some(3), Level::Review));
    assert_eq!(level_of(&policy, Some("glibc"), Level::Break), (Some(1), Level::Break));
    assert_eq!(level_of(&policy, Some("toy"), Level::Break), (Some(4), Level::Safe));
    assert_eq!(level_of(&policy, Some("zlibs"), Level::Break), (Some(2), Level::Break));
    assert_eq!(level_of(&policy, None, Level::Review), (Some(2), Level::Review));
    let toy = policy.of_pair([None, Some("toy")], [None, None]);
    assert_eq!(toy.level("symbol-added", Level::Safe), Level::Safe);
    assert_eq!(policy.level("symbol-added", Level::Safe), Level::Review);
    let why = toy.explain("It is gone.", Level::Break, Level::Safe);
    let said =
        "It is gone. By the policy p.toml this break counts as safe: the package has compatibility level 4.";
    assert_eq!(why, said);
}

#[test]
fn a_level_means_what_the_file_says() {
    let text = "[compatibility.3]\nbreak = \"break\"\n[[package]]\nname = \"a\"\ncompatibility = 3\n";
    let policy = read("p.toml", text).expect("it can be read");
    assert_eq!(level_of(&policy, Some("a"), Level::Break), (Some(3), Level::Break));
    assert_eq!(level_of(&policy, Some("b"), Level::Break), (None, Level::Break));
}

#[test]
fn rpminspects_lists_are_read() {
    let text = "# levels\n[level-1]\nglibc=all-dsos\n\n[level-4]\ntoy=libtoy.so,/usr/lib64/toy/\n";
    let policy = read("8.9", text).expect("it can be read");
    assert_eq!(level_of(&policy, Some("glibc"), Level::Break), (Some(1), Level::Break));
    // Of this package only some libraries are listed, and the package itself is none.
    assert_eq!(level_of(&policy, Some("toy"), Level::Break), (None, Level::Break));
    let of = |path: &str| {
        let facts = crate::fixture::artifact(path, "fn f(int)").expect("a fixture");
        policy.of_pair([Some("toy"), None], [Some(&facts), None]).promise.map(|p| p.level)
    };
    assert_eq!(of("usr/lib64/libtoy.so.1"), Some(4));
    assert_eq!(of("/usr/lib64/toy/plugin.so"), Some(4));
    assert_eq!(of("/usr/lib64/libother.so.1"), None);
}

#[test]
fn what_is_wrong_is_an_error_with_its_line() {
    let wrong = [
        ("p.toml", "\n[levels]\n\"symbol-aded\" = \"review\"\n", 3),
        ("p.toml", "[levels]\n\"symbol-added/case\" = \"review\"\n", 2),
        ("p.toml", "[levels]\n\"symbol-added\" = \"bad\"\n", 2),
        ("p.toml", "[[package]]\nname = \"a\"\ncompatibility = 5\n", 3),
        ("p.toml", "[[package]]\nname = []\ncompatibility = 1\n", 1),
        ("p.toml", "[compatibility.7]\nbreak = \"safe\"\n", 1),
        ("p.toml", "typed-percent-floor = 101\n", 1),
        ("p.toml", "packages = []\n", 1),
        ("list", "[level-9]\n", 1),
        ("list", "glibc=all-dsos\n", 1),
        ("list", "[level-1]\nglibc\n", 2),
        ("list", "[level-1]\nglibc=\n", 2),
    ];
    for (name, text, line) in wrong {
        let error = read(name, text).expect_err(text);
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(!error.hint.is_empty());
    }
}
