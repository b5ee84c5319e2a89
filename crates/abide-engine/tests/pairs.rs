//! Pairs of artifacts in text form, and everything that comparing them says.
//!
//! Each file under `tests/pairs/` has a line of purpose, the sections `--- old`, `--- new`, and what the comparison
//! is expected to answer after `--- expect`. `BLESS=1` rewrites the expectations; the difference is then reviewed
//! like code. Some files have `--- headers` with the reference's installed headers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use abide_engine::{CompareOptions, Comparison, compare, fixture, rules};
use abide_model::ArtifactFacts;
use bstr::BString;

struct Pair {
    path: PathBuf,
    name: String,
    sections: BTreeMap<String, String>,
    purpose: String,
}

fn pairs() -> Vec<Pair> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pairs");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(read_pair).collect()
}

fn read_pair(path: PathBuf) -> Pair {
    let text = std::fs::read_to_string(&path).unwrap();
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let (mut purpose, mut current) = (String::new(), None);
    for line in text.lines() {
        match (line.strip_prefix("--- "), &current) {
            (Some(name), _) => {
                sections.insert(name.to_string(), String::new());
                current = Some(name.to_string());
            }
            (None, None) => purpose = purpose + line + "\n",
            (None, Some(name)) => *sections.get_mut(name).unwrap() += &format!("{line}\n"),
        }
    }
    Pair { name: path.file_stem().unwrap().to_string_lossy().into_owned(), path, sections, purpose }
}

impl Pair {
    fn side(&self, which: &str) -> ArtifactFacts {
        let path = format!("{which}/libtest.so.1");
        fixture::artifact(&path, &self.sections[which])
            .unwrap_or_else(|e| panic!("{}, {which}: {e}", self.path.display()))
    }

    fn headers(&self) -> Option<Vec<BString>> {
        self.sections.get("headers").map(|text| text.lines().map(BString::from).collect())
    }

    fn compare(&self, old: &ArtifactFacts, new: &ArtifactFacts) -> Comparison {
        let headers = self.headers();
        let options = CompareOptions { old_headers: headers.as_deref(), ..CompareOptions::default() };
        compare(old, new, &options)
    }
}

/// Everything that a reader would see, one fact a line.
fn render(comparison: &Comparison) -> String {
    let mut out = format!("verdict {}, types {}\n", comparison.verdict, comparison.types.id());
    for finding in &comparison.findings {
        let exposure = finding.exposure.map_or(String::new(), |e| format!(" [{}]", e.id()));
        writeln!(out, "{} {}{exposure}: {}", finding.level, finding.rule, finding.summary).unwrap();
        for d in &finding.details {
            let show = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".to_string());
            writeln!(out, "    {} {}: {} -> {}", d.level, d.what, show(&d.old), show(&d.new)).unwrap();
        }
        let path: Vec<String> = finding.path.iter().map(|s| format!("{}: {}", s.via, s.ty)).collect();
        if !path.is_empty() {
            writeln!(out, "    path {}", path.join(" / ")).unwrap();
        }
        if finding.symbols.len() > 1 {
            let symbols: Vec<String> = finding.symbols.iter().map(|s| s.to_string()).collect();
            writeln!(out, "    symbols {}", symbols.join(" ")).unwrap();
        }
    }
    for gap in &comparison.gaps {
        writeln!(out, "gap {}: {}", gap.kind.id(), gap.detail).unwrap();
    }
    out
}

#[test]
fn pairs_answer_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for pair in pairs() {
        let answer = render(&pair.compare(&pair.side("old"), &pair.side("new")));
        if pair.sections.get("expect") == Some(&answer) {
            continue;
        }
        if bless {
            let section = |name: &str| {
                pair.sections.get(name).map_or(String::new(), |text| format!("--- {name}\n{text}"))
            };
            let text = [pair.purpose.clone(), section("headers"), section("old"), section("new")].concat();
            std::fs::write(&pair.path, format!("{text}--- expect\n{answer}")).unwrap();
        } else {
            wrong.push(format!("{}: got\n{answer}", pair.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_fires_in_some_pair() {
    let mut fired = BTreeSet::new();
    for pair in pairs() {
        for finding in pair.compare(&pair.side("old"), &pair.side("new")).findings {
            fired.insert(finding.rule);
            fired.extend(finding.details.iter().map(|d| d.rule));
        }
    }
    let silent: Vec<&str> = rules::all().iter().map(|r| r.id).filter(|id| !fired.contains(id)).collect();
    assert!(silent.is_empty(), "no pair for {silent:?}");
}

#[test]
fn nothing_differs_from_itself() {
    for pair in pairs() {
        for which in ["old", "new"] {
            let a = pair.side(which);
            let mut b = a.clone();
            // Another digest, or the comparison would not look.
            b.digest.as_mut().unwrap().0[31] ^= 1;
            let comparison = pair.compare(&a, &b);
            assert_eq!(comparison.findings, [], "{} {which}", pair.name);
        }
    }
}

#[test]
fn the_mirrored_pair_has_the_same_subjects() {
    for pair in pairs().into_iter().filter(|p| !p.purpose.contains("names differ")) {
        let (a, b) = (pair.side("old"), pair.side("new"));
        let subjects = |c: Comparison| -> BTreeSet<String> {
            c.findings.into_iter().map(|f| format!("{:?}", f.subject)).collect()
        };
        assert_eq!(subjects(pair.compare(&a, &b)), subjects(pair.compare(&b, &a)), "{}", pair.name);
    }
}
