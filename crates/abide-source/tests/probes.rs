//! What another tool of the same format does with small packages, probe by probe, and what ours does.
//!
//! Every probe on which the two differ is in the reviewed list `probes.toml` with the row of `docs/modifications.md` that
//! tells users of it. The probes lie beside the project; without them nothing is tested here and that is said.

#[allow(dead_code)]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use abide_source::modify::date::Date;
use abide_source::modify::{Request, apply, config};
use common::{Tree, data};
use serde::Deserialize;

/// One probe of the list.
#[derive(Debug, Deserialize)]
struct Reviewed {
    /// How the two differ.
    outcome: String,
    /// The start of the row that tells it.
    row: String,
}

/// Applies a probe's actions with ours: the files after, or why it was refused.
fn ours(probe: &serde_json::Value) -> Result<Tree, String> {
    let mut package = Tree::new();
    for (path, text) in probe["extra_inputs"].as_object().unwrap() {
        package.insert(path.clone(), text.as_str().unwrap().as_bytes().to_vec());
    }
    package.insert(spec_path(probe).into(), probe["spec_in"].as_str().unwrap().as_bytes().to_vec());
    let mut beside = Tree::new();
    for name in probe["config_files"].as_array().unwrap() {
        beside.insert(format!("files/{}", name.as_str().unwrap()), b"x".to_vec());
    }
    let mut text = serde_json::Map::new();
    text.insert("actions".into(), probe["actions"].clone());
    if !probe["parameters"].is_null() {
        text.insert("parameters".into(), probe["parameters"].clone());
    }
    // JSON is YAML too.
    let text = serde_json::to_string(&text).unwrap();
    let modifications = config::read(&text).map_err(|e| e.to_string())?;
    let outcome = apply(&Request {
        modifications: &modifications,
        package: &package,
        beside: &beside,
        date: Date::parse("2025-01-14").unwrap(),
        el_version: Some("9".into()),
        tags: &[],
        ask_rpm: None,
        scripts: None,
    })
    .map_err(|e| e.to_string())?;
    for change in outcome.changes {
        match change.after {
            Some(content) => package.insert(change.path, content),
            None => package.remove(&change.path),
        };
    }
    Ok(package)
}

fn spec_path(probe: &serde_json::Value) -> &'static str {
    let in_folders = probe["extra_inputs"].as_object().unwrap().keys().any(|path| path.starts_with("SPECS/"));
    if in_folders { "SPECS/pkg.spec" } else { "pkg.spec" }
}

/// The files after the other tool, as the probe recorded them.
fn theirs(probe: &serde_json::Value) -> Tree {
    let mut tree = Tree::new();
    for (path, text) in probe["tree_out"].as_object().unwrap() {
        tree.insert(path.clone(), text.as_str().unwrap_or_default().as_bytes().to_vec());
    }
    tree.insert(spec_path(probe).into(), probe["spec_out"].as_str().unwrap().as_bytes().to_vec());
    tree
}

/// How the two stand to each other.
fn outcome(probe: &serde_json::Value) -> (&'static str, String) {
    let they_apply = probe["result"] == "OK";
    match (ours(probe), they_apply) {
        (Ok(tree), true) if tree == theirs(probe) => ("same", String::new()),
        (Ok(tree), true) => ("differs", shown(&theirs(probe), &tree)),
        (Ok(tree), false) => ("only-ours-applies", shown(&theirs(probe), &tree)),
        (Err(reason), true) => ("only-theirs-applies", reason),
        (Err(reason), false) if probe["spec_in"] == probe["spec_out"] => ("both-refuse", reason),
        (Err(reason), false) => ("both-refuse-theirs-wrote", reason),
    }
}

fn shown(theirs: &Tree, ours: &Tree) -> String {
    let mut paths: Vec<&String> = theirs.keys().chain(ours.keys()).collect();
    paths.sort();
    paths.dedup();
    let changes: Vec<abide_source::files::Change> = paths
        .into_iter()
        .map(|path| abide_source::files::Change {
            path: path.clone(),
            before: theirs.get(path).cloned(),
            after: ours.get(path).cloned(),
        })
        .filter(|change| change.before != change.after)
        .collect();
    abide_source::diff::unified(&changes)
}

#[test]
fn every_difference_is_reviewed_and_told() {
    let Some(data) = data("modify-probes") else { return };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(here.join("tests/probes.toml")).unwrap();
    let mut list: BTreeMap<String, Reviewed> = toml::from_str(&list).unwrap();
    let page = fs::read_to_string(here.join("../../docs/modifications.md")).unwrap();
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in fs::read_to_string(data.join("quirks.jsonl")).unwrap().lines() {
        let probe: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = probe["name"].as_str().unwrap();
        let (found, detail) = outcome(&probe);
        *counts.entry(found).or_default() += 1;
        let is_equal = matches!(found, "same" | "both-refuse");
        match list.remove(name) {
            None if is_equal => {}
            None => {
                wrong.push(format!("{name}: {found}, not in the list; theirs: {}\n{detail}", probe["result"]))
            }
            Some(reviewed) if reviewed.outcome != found => {
                wrong.push(format!("{name}: {found}, the list has {}\n{detail}", reviewed.outcome));
            }
            Some(reviewed) if !page.contains(&format!("\n| {}", reviewed.row)) => {
                wrong.push(format!("{name}: docs/modifications.md has no row {:?}", reviewed.row));
            }
            Some(_) => {}
        }
    }
    wrong.extend(list.keys().map(|name| format!("{name}: in the list, and no probe")));
    println!("{counts:?}");
    assert!(counts.values().sum::<usize>() >= 56, "{counts:?}");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
