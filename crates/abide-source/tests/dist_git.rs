//! Real packages of a distribution: what is found beside what regular expressions found, and what became of patches.
//!
//! They lie beside the project; without them nothing is tested here and that is said.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use abide_source::annotate::annotated;
use abide_source::history::{Fate, compare};
use abide_source::package::{Package, PackageError};
use abide_source::provenance::Grade;
use abide_source::spec::Spec;
use common::{Tree, data, load};

/// All but the kernel's kABI lists, which are large and of no use here.
fn is_wanted(name: &str) -> bool {
    name.ends_with(".spec") || name.ends_with(".patches") || !name.starts_with("SOURCES/Module")
}

fn rows(path: &Path) -> Vec<serde_json::Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The package of a snapshot; none when its spec was left out of the data.
fn package(folder: &Path) -> Option<(Tree, Package)> {
    let mut tree = Tree::new();
    load(folder, "", is_wanted, &mut tree);
    match Package::read(&tree, Some("9")) {
        Ok(package) => Some((tree, package)),
        Err(PackageError::Specs(0)) => None,
        Err(error) => panic!("{}: {error}", folder.display()),
    }
}

#[test]
fn every_snapshot_is_read_as_others_read_it() {
    let Some(data) = data("dist-git") else { return };
    let mut expected: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for row in rows(&data.join("patches.jsonl")) {
        expected.entry(row["snapshot"].as_str().unwrap().to_owned()).or_default().push(row);
    }
    let (mut read, mut patches, mut found_by_them, mut missed) = (0, 0, 0, Vec::new());
    for snapshot in rows(&data.join("snapshots.jsonl")) {
        let folder = snapshot["dir"].as_str().unwrap();
        let Some((tree, package)) = package(&data.join(folder)) else { continue };
        read += 1;
        let spec = abide_source::text::decode(&tree[&package.spec_path]);
        assert_eq!(Spec::new(&spec).text.text(), spec, "{folder}");
        let lines: BTreeSet<usize> = package.patches.iter().map(|p| p.entry.line + 1).collect();
        for row in expected.get(folder).map(Vec::as_slice).unwrap_or_default() {
            let line = row["spec_line"].as_u64().unwrap() as usize;
            assert!(lines.contains(&line), "{folder}: line {line} is a patch");
            let ours = package.patches.iter().find(|p| p.entry.line + 1 == line).unwrap();
            assert_eq!(ours.path.is_some(), row["present"].as_bool().unwrap(), "{folder}: {}", ours.file);
            let forms = |key: &str| {
                let list = row[key].as_array().map(Vec::as_slice).unwrap_or_default();
                // Words and signatures name no origin.
                let empty = [
                    "word_upstream",
                    "h_word_upstream",
                    "signoffs",
                    "git_mail_header",
                    "h_bug_id",
                    "bug_id",
                    "rh_trailer",
                ];
                list.iter().any(|form| !empty.contains(&form.as_str().unwrap()))
            };
            patches += 1;
            if ["direct_forms", "header_forms", "name_forms"].into_iter().any(forms) {
                found_by_them += 1;
                if ours.grade() == Grade::None {
                    missed.push(format!("{folder}: {}: {row}", ours.file));
                }
            }
        }
    }
    println!("{patches} patches, {found_by_them} with a form of origin, {} of them missed", missed.len());
    assert!(read > 180 && patches > 4000, "{read} {patches}");
    assert!(missed.len() * 100 <= found_by_them, "{}\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn annotating_twice_writes_once_and_lints_better() {
    let Some(data) = data("dist-git") else { return };
    let mut written = 0;
    for snapshot in rows(&data.join("snapshots.jsonl")).iter().step_by(4) {
        let folder = snapshot["dir"].as_str().unwrap();
        let Some((mut tree, package)) = package(&data.join(folder)) else { continue };
        let (changes, annotations) = annotated(&tree, &package).unwrap();
        written += annotations.len();
        for change in changes {
            tree.insert(change.path, change.after.unwrap());
        }
        let again = Package::read(&tree, Some("9")).unwrap();
        assert_eq!(again.patches.len(), package.patches.len(), "{folder}");
        for (before, after) in package.patches.iter().zip(&again.patches) {
            assert_eq!((&before.file, before.entry.number), (&after.file, after.entry.number), "{folder}");
            assert!(after.grade() >= before.grade(), "{folder}: {}", before.file);
        }
        let (changes, annotations) = annotated(&tree, &again).unwrap();
        assert!(changes.is_empty(), "{folder}: {annotations:?}");
    }
    assert!(written > 100, "{written}");
}

#[test]
fn what_became_of_patches() {
    let Some(data) = data("dist-git") else { return };
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    let mut missed = Vec::new();
    for row in rows(&data.join("evolution.jsonl")) {
        let side = |key: &str| data.join(row[key].as_str().unwrap());
        let (Some((_, old)), Some((_, new))) = (package(&side("frm")), package(&side("to"))) else {
            continue;
        };
        let events = compare(&old, &new);
        let names = |key: &str| -> Vec<String> {
            let list = row[key].as_array().unwrap();
            let name = |v: &serde_json::Value| match v {
                serde_json::Value::String(text) => text.clone(),
                // Renamed and renumbered ones are pairs or records; the name is the first text in them.
                other => first_text(other),
            };
            list.iter().map(name).collect()
        };
        let fates: [(&str, &[Fate]); 4] = [
            ("added", &[Fate::Added, Fate::Renamed]),
            ("removed", &[Fate::Removed, Fate::Renamed]),
            ("content_changed", &[Fate::Edited]),
            ("renumbered", &[Fate::Renumbered]),
        ];
        for (key, fates) in fates {
            for name in names(key) {
                *wanted.entry(key).or_default() += 1;
                let hit =
                    events.iter().any(|e| fates.contains(&e.fate) && (e.before == name || e.after == name));
                if hit {
                    *found.entry(key).or_default() += 1;
                } else {
                    missed.push(format!("{key} {name}: {} -> {}", row["frm"], row["to"]));
                }
            }
        }
    }
    println!("wanted {wanted:?}, found {found:?}");
    let (all, hits) = (wanted.values().sum::<usize>(), found.values().sum::<usize>());
    assert!(all > 500, "{all}");
    assert!(hits * 1000 >= all * 995, "{hits} of {all}\n{}", missed.join("\n"));
}

fn first_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(list) => {
            list.iter().map(first_text).find(|t| !t.is_empty()).unwrap_or_default()
        }
        serde_json::Value::Object(map) => map
            .get("file")
            .or_else(|| map.get("name"))
            .map(first_text)
            .unwrap_or_else(|| map.values().map(first_text).find(|t| !t.is_empty()).unwrap_or_default()),
        _ => String::new(),
    }
}

/// A sandbox without network in which a folder can be read.
fn sandboxed(folder: &Path, command: &[&str]) -> Command {
    let mut bwrap = Command::new("bwrap");
    bwrap.args([
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        "/usr",
        "/usr",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    ]);
    bwrap.args(["--tmpfs", "/tmp", "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8"]);
    for path in ["/bin", "/sbin", "/lib", "/lib64", "/etc/rpm", "/etc/alternatives", "/etc/ld.so.cache"] {
        bwrap.args(["--ro-bind-try", path, path]);
    }
    bwrap.arg("--ro-bind").arg(folder).arg("/package").args(["--chdir", "/package"]);
    bwrap.args(command).stdin(Stdio::null());
    bwrap
}

/// What `rpmspec -P` makes of a spec; none when it cannot parse it.
fn parsed(folder: &Path) -> Option<String> {
    let specs = fs::read_dir(folder.join("SPECS")).ok()?.flatten().map(|entry| entry.file_name());
    let spec = specs.into_iter().find(|name| name.to_string_lossy().ends_with(".spec"))?;
    let mut bwrap = sandboxed(folder, &["rpmspec", "-P", "--define", "_sourcedir /package/SOURCES"]);
    bwrap.args(["--define", "rhel 9", "--define", "dist .el9", "--define", "_topdir /tmp"]);
    let output = bwrap.arg(Path::new("SPECS").join(spec)).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A parsed spec without its comments.
fn without_comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()).collect()
}

/// `ABIDE_ALL=1` takes every snapshot, otherwise one of four.
#[test]
fn what_rpm_parses_before_annotating_it_parses_after() {
    let Some(data) = data("dist-git") else { return };
    let runs =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !runs("bwrap") || !runs("rpmspec") {
        println!("skipped: bwrap or rpmspec is not installed");
        return;
    }
    let step = if std::env::var_os("ABIDE_ALL").is_some() { 1 } else { 4 };
    let (mut before, mut annotated_specs, mut wrong) = (0, 0, Vec::new());
    for snapshot in rows(&data.join("snapshots.jsonl")).iter().step_by(step) {
        let folder = snapshot["dir"].as_str().unwrap();
        let Some((tree, package)) = package(&data.join(folder)) else { continue };
        if !package.spec_path.starts_with("SPECS/") {
            continue;
        }
        let (changes, _) = annotated(&tree, &package).unwrap();
        let changed: BTreeMap<&str, &Vec<u8>> =
            changes.iter().filter_map(|c| Some((c.path.as_str(), c.after.as_ref()?))).collect();
        let Some(old) = parsed(&data.join(folder)) else { continue };
        before += 1;
        if changed.is_empty() {
            continue;
        }
        annotated_specs += 1;
        let copy = tempfile::tempdir().unwrap();
        for (path, content) in &tree {
            let to = copy.path().join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, changed.get(path.as_str()).copied().unwrap_or(content)).unwrap();
        }
        match parsed(copy.path()) {
            None => wrong.push(format!("{folder}: not parsed any more")),
            Some(new) if without_comments(&new) != without_comments(&old) => {
                wrong.push(format!("{folder}: parsed as another spec"));
            }
            Some(_) => {}
        }
    }
    println!(
        "{before} specs are parsed before, {annotated_specs} of them annotated, {} not after",
        wrong.len()
    );
    assert!(before > 10, "only {before} specs are parsed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
