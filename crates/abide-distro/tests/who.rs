//! Who uses a library or a symbol: direct users, those by way of other libraries, and their order.

#![allow(missing_docs, dead_code)]

mod common;

use abide_distro::{Answer, Question, who};
use abide_model::{ArtifactFacts, ElfKind, GapKind, Side};
use common::*;

/// A library that needs others and imports from them.
fn user(path: &str, soname: &str, exports: &[&str], needed: &[&str], imports: &[&str]) -> ArtifactFacts {
    let mut facts = library(path, Some(soname), exports);
    let program = program(path, needed, imports);
    facts.elf.symbols.extend(program.elf.symbols);
    facts.elf.symbols.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    facts.elf.needed = program.elf.needed;
    facts.elf.versions_needed = program.elf.versions_needed;
    facts
}

fn shop() -> Side {
    side(vec![
        package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1", "libbar.so.1"], &["f", "g"])]),
        package(
            "bar-1",
            vec![user("/usr/lib64/libbar.so.1", "libbar.so.1", &["b"], &["libfoo.so.1"], &["f"])],
        ),
        package("foo-1", vec![library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), &["f", "g", "h"])]),
        // Uses a symbol of libfoo and leaves it to libbar to load it.
        package("lazy-1", vec![program("/usr/bin/lazy", &["libbar.so.1"], &["b", "g"])]),
        package("other-1", vec![program("/usr/bin/other", &["libbar.so.1"], &["b"])]),
        requiring(package("script-1/noarch", vec![]), "foo"),
    ])
}

fn ask(side: &Side, question: &str) -> Answer {
    who(side, &Question::read(question.as_bytes())).expect("an answer")
}

fn said(answer: &Answer) -> Vec<String> {
    let line = |c: &abide_model::Consumer| {
        let symbols: Vec<String> = c.symbols.iter().map(ToString::to_string).collect();
        let through: Vec<String> = c.through.iter().map(ToString::to_string).collect();
        format!(
            "{} [{}] through [{}] loaded by {}",
            c.artifact,
            symbols.join(" "),
            through.join(" "),
            c.dependents
        )
    };
    answer.consumers.iter().map(line).collect()
}

#[test]
fn users_of_a_library_the_most_concerned_first() {
    let answer = ask(&shop(), "libfoo.so.1");
    assert_eq!(
        said(&answer),
        [
            "/usr/bin/app [f g] through [] loaded by 0",
            "/usr/lib64/libbar.so.1 [f] through [] loaded by 3",
            "/usr/bin/lazy [g] through [libbar.so.1] loaded by 0",
        ]
    );
    assert_eq!(answer.requirers, ["script-1-1.noarch"]);
    assert_eq!((answer.providers.len(), answer.looked_at), (1, 5));
    assert_eq!(answer.providers[0].symbols.len(), 3);
}

#[test]
fn users_of_a_symbol() {
    let side = shop();
    assert_eq!(
        said(&ask(&side, "libfoo.so.1:g")),
        ["/usr/bin/app [g] through [] loaded by 0", "/usr/bin/lazy [g] through [libbar.so.1] loaded by 0"]
    );
    assert!(ask(&side, "libfoo:h").consumers.is_empty());
    let nothing = ask(&side, "libfoo.so:nothing");
    assert!(nothing.consumers.is_empty() && nothing.providers[0].symbols.is_empty());
}

#[test]
fn a_symbol_of_the_needed_library_is_not_another_s() {
    // libbar has a `g` of its own: whoever needs libbar alone gets that one.
    let mut side = shop();
    side.packages[1] = package(
        "bar-1",
        vec![user("/usr/lib64/libbar.so.1", "libbar.so.1", &["b", "g"], &["libfoo.so.1"], &["f"])],
    );
    assert_eq!(said(&ask(&side, "libfoo.so.1:g")), ["/usr/bin/app [g] through [] loaded by 0"]);
}

#[test]
fn a_library_that_is_not_there_and_one_that_nobody_knows() {
    let side = side(vec![package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1"], &["f@FOO_1"])])]);
    let answer = ask(&side, "libfoo.so.1:f");
    assert!(answer.providers.is_empty());
    assert_eq!(said(&answer), ["/usr/bin/app [f@@FOO_1] through [] loaded by 0"]);
    assert_eq!(who(&side, &Question::read(b"libother.so.1")), None);
    assert_eq!(who(&side, &Question::read(b"/usr/lib64/libfoo.so.1")), None);
}

#[test]
fn names_with_versions_paths_and_gaps() {
    let mut side = shop();
    side.gaps.push(gap(GapKind::Unreadable, "broken.rpm"));
    side.gaps.push(gap(GapKind::NoDebugInfo, "x"));
    let by_path = ask(&side, "/lib64/libfoo.so.1");
    assert_eq!(by_path.sonames, ["libfoo.so.1"]);
    assert_eq!(by_path.gaps.len(), 1);
    let versioned = |exports: &[&str]| {
        let foo = library("/usr/lib64/libfoo.so.1", Some("libfoo.so.1"), exports);
        common::side(vec![
            package("foo-1", vec![foo]),
            package("app-1", vec![program("/usr/bin/app", &["libfoo.so.1"], &["f@V1"])]),
        ])
    };
    let side = versioned(&["f@V1", "f@@V2"]);
    assert_eq!(said(&ask(&side, "libfoo.so.1:f")).len(), 1);
    assert_eq!(said(&ask(&side, "libfoo.so.1:f@V1")).len(), 1);
    assert_eq!(said(&ask(&side, "libfoo.so.1:f@@V2")).len(), 0);
    assert!(side.packages[0].artifacts[0].elf.kind == ElfKind::SharedObject);
}
