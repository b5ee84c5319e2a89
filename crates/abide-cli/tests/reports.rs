//! Every format, from the program: the same findings in each, several in one run, and what happens to folders.

#[allow(dead_code)]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Run, Workplace};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// The report in every format, by one run.
fn every_format(work: &Workplace, reference: &str, candidate: &str) -> (Run, BTreeMap<&'static str, String>) {
    let names = ["text", "json", "jsonl", "sarif", "junit", "html"];
    let mut arguments = vec!["check", reference, candidate, "--all", "--verbose", "--coverage"];
    let reports: Vec<String> = names.iter().map(|name| format!("{name}:report.{name}")).collect();
    reports.iter().for_each(|report| arguments.extend(["--report", report]));
    arguments.extend(["--report", "site:site"]);
    let run = work.abide(&arguments);
    let read = |name| fs::read_to_string(work.path(&format!("report.{name}"))).expect("a report");
    (run, names.into_iter().map(|name| (name, read(name))).collect())
}

/// Ids of the findings of a document.
fn ids(json: &str) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let findings = document["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["id"].as_str().expect("an id").to_owned()).collect()
}

/// The ids that a site shows, by page.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in ["", "p", "l", "f"].map(|name| folder.join(name)) {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "html") {
                let text = fs::read_to_string(&path).expect("a page");
                found.insert(path.display().to_string(), text);
            }
        }
    }
    found
}

fn assert_parity(work: &Workplace, reference: &str, candidate: &str) {
    let (run, reports) = every_format(work, reference, candidate);
    let ids = ids(&reports["json"]);
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len(), "ids are unique");
    assert_eq!(run.stdout, reports["text"], "standard output has its report all the same");
    for (name, text) in &reports {
        for id in &ids {
            let needle = if *name == "html" { format!("id=\"f-{id}\"") } else { id.clone() };
            assert_eq!(text.matches(&needle).count(), 1, "{reference}: {name}: {id}");
        }
    }
    let pages = pages(&work.path("site"));
    for id in &ids {
        let anchor = format!("id=\"f-{id}\"");
        assert_eq!(
            pages.values().map(|page| page.matches(&anchor).count()).sum::<usize>(),
            1,
            "{reference}: {id}"
        );
    }
    let count = |needle: &str| reports["junit"].matches(needle).count();
    let document: serde_json::Value = serde_json::from_str(&reports["json"]).expect("JSON");
    let packages = document["packages"].as_array().expect("packages");
    let artifacts: usize = packages.iter().map(|p| p["artifacts"].as_array().expect("artifacts").len()).sum();
    assert_eq!(count("<testcase "), 1 + packages.len() + artifacts, "{reference}");
    let gaps = document["gaps"].as_array().expect("gaps").len();
    assert_eq!(count("gap ["), gaps, "{reference}");
}

#[test]
fn every_format_has_the_findings_of_the_examples() {
    let side = |name: &str| format!("{EXAMPLES}/{name}");
    let (reference, candidate) = (side("reference"), side("candidate"));
    for (old, new) in [(&reference, &candidate), (&candidate, &reference), (&reference, &reference)] {
        assert_parity(&Workplace::new(), old, new);
    }
}

#[test]
fn every_format_has_the_findings_of_real_packages() {
    let side = |name: &str| format!("{DATA}/el9-zfs/{name}");
    if !Path::new(&side("reference")).is_dir() {
        println!("skipped: {DATA} is not there");
        return;
    }
    assert_parity(&Workplace::new(), &side("reference"), &side("candidate"));
}

#[test]
fn a_loose_pair_has_every_format_too() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", "int f(void) { return 1; }\nint g(int a) { return a; }\n", &[]);
    work.library("new/libfoo.so.1", "int g(long a) { return (int)a; }\n", &["-s"]);
    assert_parity(&work, "old", "new");
}

#[test]
fn what_cannot_be_asked_for_is_refused_before_anything_is_read() {
    let work = Workplace::new();
    for (arguments, message) in [
        (&["--format", "site"][..], "a site is a folder"),
        (&["--format", "site", "-o", "-"], "a site is a folder"),
        (&["--report", "sarif"], "a format, a colon and a file"),
        (&["--report", "pdf:a.pdf"], "there is no format"),
        (&["--report", "html:"], "a file is expected"),
        (&["--report", "json:-"], "standard output"),
    ] {
        let run = work.abide(&[&["check", "nowhere", "nowhere"], arguments].concat());
        assert_eq!(run.status, 2, "{arguments:?}");
        assert!(run.stderr.contains(message), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn a_site_replaces_a_site_and_nothing_else() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", "int f(void) { return 1; }\n", &[]);
    work.library("new/libfoo.so.1", "int g(void) { return 1; }\n", &[]);
    let site = |candidate: &str| work.abide(&["check", "old", candidate, "--format", "site", "-o", "site"]);
    let run = site("new");
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (1, "", ""));
    let finding = |site: &Path| fs::read_dir(site.join("f")).is_ok_and(|mut pages| pages.next().is_some());
    assert!(finding(&work.path("site")));
    assert_eq!(site("old").status, 0);
    assert!(!finding(&work.path("site")), "pages of the earlier site are gone");
    let left: Vec<_> =
        fs::read_dir(work.path(".")).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 3, "nothing else is left behind: {left:?}");
    work.write("mine/notes.txt", "mine");
    let run = work.abide(&["check", "old", "new", "--report", "site:mine"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("is no site of an earlier run"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(work.path("mine/notes.txt")).expect("a file"), "mine");
}

#[test]
fn a_report_that_cannot_be_written_is_no_verdict() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", "int f(void) { return 1; }\n", &[]);
    for report in ["html:missing/report.html", "site:missing/site"] {
        let run = work.abide(&["check", "old", "old", "--report", report]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{report}");
        assert!(run.stderr.starts_with("error: failed to write missing/"), "{}", run.stderr);
    }
}

#[test]
fn junit_takes_review_as_it_is_told() {
    let work = Workplace::new();
    work.library("old/libfoo.so.1", "int f(void) { return 1; }\n", &["-Wl,-rpath,/opt/foo"]);
    work.library("new/libfoo.so.1", "int f(void) { return 1; }\n", &[]);
    let failures = |review: &str| {
        let arguments = ["check", "old", "new", "--format", "junit", "--junit-review", review];
        let run = work.abide(&arguments);
        assert_eq!(run.status, 3, "{}", run.stdout);
        run.stdout.matches("<failure ").count()
    };
    assert_eq!((failures("failure"), failures("output")), (1, 0));
}
