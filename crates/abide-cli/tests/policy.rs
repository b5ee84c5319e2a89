//! `abide check --policy`: what packages promise, said in every format; files that cannot be used.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/reference");
const CANDIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/candidate");

fn check(work: &Workplace, policy: &str, options: &[&str]) -> Run {
    work.abide(&[&["check", REFERENCE, CANDIDATE, "-q", "--policy", policy], options].concat())
}

fn document(work: &Workplace, policy: &str) -> serde_json::Value {
    serde_json::from_str(&check(work, policy, &["--format=json"]).stdout).expect("JSON")
}

#[test]
fn a_package_without_a_promise_breaks_nothing() {
    let work = Workplace::new();
    work.write("all.toml", "default-compatibility = 2\n");
    let all = document(&work, "all.toml");
    assert_eq!(all["policy"]["file"], "all.toml");
    assert_eq!(all["policy"]["default_compatibility"], 2);
    let breaks = |document: &serde_json::Value| document["counts"]["breaks"].as_u64().expect("a count");
    assert!(breaks(&all) > 0);
    let packages = all["packages"].as_array().expect("packages");
    assert!(packages.iter().all(|p| p["compatibility_level"] == 2));

    work.write("none.toml", "[[package]]\nname = \"*\"\ncompatibility = 4\n");
    let none = document(&work, "none.toml");
    assert_eq!((breaks(&none), none["counts"]["reviews"].as_u64()), (0, Some(0)));
    let total = |document: &serde_json::Value| document["findings"].as_array().expect("findings").len();
    assert_eq!(total(&none), total(&all));
    let why = "By the policy none.toml this break counts as safe: the package has compatibility level 4.";
    let text = check(&work, "none.toml", &["--all"]).stdout;
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains(why), "{text}");
    assert!(text.contains("at compatibility level 4"), "{text}");
}

#[test]
fn rpminspects_list_is_read() {
    let work = Workplace::new();
    let names: Vec<String> = document(&work, "/dev/null")["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .filter_map(|p| p["nevra"]["reference"].as_str())
        .map(|nevra| nevra.rsplitn(3, '-').nth(2).expect("a name").to_string())
        .collect();
    let lines: Vec<String> = names.iter().map(|name| format!("{name}=all-dsos\n")).collect();
    work.write("9.4", format!("# of the vendor\n[level-3]\n{}", lines.concat()));
    let document = document(&work, "9.4");
    assert_eq!(document["counts"]["breaks"], 0);
    assert_eq!(document["verdict"], "review");
}

#[test]
fn a_policy_that_cannot_be_used_is_an_error() {
    let work = Workplace::new();
    work.write("a.toml", "[levels]\n\"symbol-aded\" = \"review\"\n");
    let run = check(&work, "a.toml", &[]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    let expected = "error: failed to read the policy: a.toml:2: there is no rule \"symbol-aded\"\n";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert_eq!(check(&work, "missing.toml", &[]).status, 2);
}
