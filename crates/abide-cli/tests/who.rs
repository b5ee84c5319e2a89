//! `abide who`: the answer on the example repositories, as text and as JSON.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};

fn example(side: &str) -> String {
    format!("{}/../../examples/repos/{side}", env!("CARGO_MANIFEST_DIR"))
}

fn who(what: &str, more: &[&str]) -> Run {
    let place = Workplace::new();
    let input = example("reference");
    let mut run = place.abide(&[&["who", what, "--in", &input], more].concat());
    for text in [&mut run.stdout, &mut run.stderr] {
        *text = text.replace(&input, "REFERENCE");
    }
    run
}

#[test]
fn users_of_a_library_and_of_a_symbol() {
    insta::assert_snapshot!("who-library", who("libtide.so.1", &[]).golden());
    insta::assert_snapshot!("who-symbol", who("libtide:tide_range", &[]).golden());
    insta::assert_snapshot!("who-nobody", who("libtide.so.1:no_such_symbol", &[]).golden());
    insta::assert_snapshot!("who-cxx", who("libmoor.so.2:moor::Berth::length", &[]).golden());
    insta::assert_snapshot!("who-unknown", who("libnone.so.9", &[]).golden());
}

#[test]
fn the_json_has_the_same() {
    let run = who("libtide.so.1", &["--format", "json"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["schema"], "abide.who/1");
    let users = json["consumers"].as_array().expect("a list");
    let text = who("libtide.so.1", &["-v"]).stdout;
    assert!(users.len() >= 2);
    for user in users {
        let path = user["artifact"]["text"].as_str().expect("a path");
        assert!(text.contains(path), "{path}");
        for symbol in user["symbols"].as_array().expect("a list") {
            assert!(text.contains(symbol["name"]["text"].as_str().expect("a name")), "{symbol}");
        }
    }
}

#[test]
fn inputs_are_named() {
    let place = Workplace::new();
    assert_eq!(place.abide(&["who", "libtide.so.1"]).status, 2);
    let (old, new) = (example("reference"), example("candidate"));
    let run = place.abide(&["who", "libtide.so.1", "--in", &old, &new]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("(libtide1-1.0-1.x86_64)") && run.stdout.contains("(libtide1-1.1-1.x86_64)"));
}
