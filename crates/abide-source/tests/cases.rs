//! Real modification files of a downstream distribution, with what their own tool makes of them, byte for byte.
//!
//! They lie beside the project; without them nothing is tested here and that is said.

mod common;

use std::fs;
use std::path::Path;

use abide_source::files::Change;
use abide_source::modify::config::Place;
use abide_source::modify::date::Date;
use abide_source::modify::{Request, ScriptChanges, Scripts, apply, config};
use abide_source::{Files, Overlay};
use common::{Tree, data, load};

/// Stands for the one script of the cases, which writes a file's name into the file.
struct OneScript;

impl Scripts for OneScript {
    fn run(
        &self,
        script: &str,
        place: Place,
        _: &Overlay<'_>,
        beside: &Overlay<'_>,
    ) -> Result<ScriptChanges, String> {
        assert_eq!((script, place), ("scripts/build-syslinux-exe.sh", Place::Modifications));
        let text = String::from_utf8(beside.read(script).unwrap().unwrap()).unwrap();
        let (content, path) = text.lines().find_map(|l| l.strip_prefix("echo ")?.split_once(" > ")).unwrap();
        let after = Some(format!("{content}\n").into_bytes());
        let change = Change { path: path.to_owned(), before: None, after };
        Ok(ScriptChanges { beside: vec![change], ..ScriptChanges::default() })
    }
}

/// Runs one case and says what differs.
fn case(data: &Path, case: &serde_json::Value) -> Result<(), String> {
    let text = |key: &str| case[key].as_str().unwrap().to_owned();
    let texts = |key: &str| case[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned());
    let config_path = data.join(text("config"));
    let spec = data.join(text("spec"));
    let folder = spec.parent().unwrap();
    let mut beside = Tree::new();
    load(config_path.parent().unwrap(), "", |_| true, &mut beside);
    let mut package = Tree::new();
    load(folder, "", |_| true, &mut package);
    package.retain(|path, _| {
        !path.starts_with("autopatch/") && path != "expected" && !path.ends_with(".expected")
    });
    for name in texts("add_files") {
        beside.entry(format!("files/{name}")).or_insert_with(|| b" ".to_vec());
    }
    for name in texts("delete_files") {
        package.entry(name).or_insert_with(|| b" ".to_vec());
    }
    let modifications =
        config::read(&fs::read_to_string(&config_path).unwrap()).map_err(|e| e.to_string())?;
    let request = Request {
        modifications: &modifications,
        package: &package,
        beside: &beside,
        date: Date::parse(&text("frozen_date")).unwrap(),
        el_version: Some(text("el_version")),
        tags: &[],
        ask_rpm: None,
        scripts: Some(&OneScript),
    };
    let outcome = apply(&request).map_err(|e| e.to_string())?;
    let mut after = package.clone();
    for change in &outcome.changes {
        match &change.after {
            Some(content) => after.insert(change.path.clone(), content.clone()),
            None => after.remove(&change.path),
        };
    }
    for (path, expected) in case["expected"].as_object().unwrap() {
        let expected = fs::read(data.join(expected.as_str().unwrap())).unwrap();
        let found = after.get(path).cloned().unwrap_or_default();
        if found != expected {
            let change = Change { path: path.clone(), before: Some(expected), after: Some(found) };
            return Err(abide_source::diff::unified(&[change]));
        }
    }
    for name in texts("delete_files").filter(|name| !texts("add_files").any(|added| added == *name)) {
        if after.contains_key(&name) {
            return Err(format!("{name} is still there"));
        }
    }
    assert!(!package.paths().is_empty());
    Ok(())
}

#[test]
fn all_cases_come_out_byte_for_byte() {
    let Some(data) = data("modify-cases") else { return };
    let cases = fs::read_to_string(data.join("cases.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in cases.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        count += 1;
        if let Err(difference) = case(&data, &value) {
            wrong.push(format!("== {}\n{difference}", value["id"].as_str().unwrap()));
        }
    }
    assert!(count >= 50, "only {count} cases");
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n"));
}
