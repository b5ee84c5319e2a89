//! The list of all divergences: what differs, why, since when, where it comes from; and those that ended.
//!
//! Made from snapshots of packages. Snapshots of one package that belong to one release of the distribution are a
//! line, in the order of their newest changelog entries; a divergence begins and ends within its line.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Fate, compare};
use crate::lint::expiry;
use crate::modify::date::Date;
use crate::package::{FIELDS, Listed, Package};
use crate::provenance::{Class, Evidence, Grade, best, cves};

/// A package at one time on one branch.
pub struct Snapshot<'a> {
    /// The branch or folder it is from.
    pub branch: String,
    /// The package.
    pub package: &'a Package,
}

/// A version and the day of its changelog entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Version and release.
    pub version: String,
    /// The day, when the changelog has one.
    pub date: Option<Date>,
}

/// How a divergence ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// With which version.
    pub at: Milestone,
    /// Why, as far as the snapshots tell.
    pub why: String,
}

/// One divergence.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The package.
    pub package: String,
    /// The line of the distribution, empty when there is only one.
    pub line: String,
    /// What links to it; stays as long as package, line and file do.
    pub anchor: String,
    /// The patch's file.
    pub file: String,
    /// What kind of divergence it is.
    pub kind: &'static str,
    /// Whether the spec says the kind, or its words were guessed from.
    pub kind_is_declared: bool,
    /// Why it is there: from its comment, otherwise its subject.
    pub why: String,
    /// What says best where it comes from.
    pub origin: Option<Evidence>,
    /// How well that can be followed.
    pub grade: Grade,
    /// The CVEs it is for.
    pub cves: Vec<String>,
    /// The bugs it is for.
    pub bugs: Vec<String>,
    /// How it stands with upstream, when the spec or the patch says so.
    pub upstream: Option<String>,
    /// Who decided, when the spec says so.
    pub approved_by: Option<String>,
    /// When it is to be looked at again.
    pub expires: Option<Date>,
    /// The branches that have it now, or had it.
    pub branches: Vec<String>,
    /// The first snapshot that has it.
    pub since: Milestone,
    /// Whether it may be older: the first snapshot of the line has it.
    pub since_or_before: bool,
    /// How it ended, when the newest snapshot of its line does not have it.
    pub end: Option<End>,
}

/// Makes the ledger of all snapshots, sorted by package, line and file; what ended comes after what is.
pub fn ledger(snapshots: &[Snapshot<'_>]) -> Vec<Entry> {
    let mut lines: BTreeMap<(&str, String), Vec<&Snapshot<'_>>> = BTreeMap::new();
    for snapshot in snapshots {
        lines.entry((&snapshot.package.name, line_of(&snapshot.branch))).or_default().push(snapshot);
    }
    let mut entries = Vec::new();
    for ((_, line), mut snapshots) in lines {
        snapshots.sort_by_key(|snapshot| {
            (date(snapshot.package), snapshot.package.version(), snapshot.branch.clone())
        });
        of_line(&line, &snapshots, &mut entries);
    }
    entries.sort_by(|a, b| {
        let key = |e: &Entry| (e.package.clone(), e.line.clone(), e.end.is_some(), e.file.clone());
        key(a).cmp(&key(b))
    });
    entries
}

/// What the names of a distribution's branches start with.
const PREFIXES: &[&str] = &["a", "c", "r", "f", "fc", "el", "ol", "rhel", "epel", "alma", "rocky", "centos"];

/// The release of the distribution in a branch's name: `9` of `el-9.3`, `c9s`, `a9`; empty when it has none.
pub fn line_of(branch: &str) -> String {
    for part in branch.split(['/', '_']) {
        let letters = part.len() - part.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        if !PREFIXES.contains(&&part[..letters]) {
            continue;
        }
        let rest = part[letters..].strip_prefix('-').unwrap_or(&part[letters..]);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() && digits.len() <= 2 {
            return digits;
        }
    }
    String::new()
}

/// The day of a package's newest changelog entry.
fn date(package: &Package) -> Option<Date> {
    let head = package.changelog.as_ref()?;
    let words: Vec<&str> = head.split_whitespace().take(5).collect();
    let [_, month, day, year, ..] = words.as_slice() else { return None };
    Date::from_words(year, month, day)
}

fn milestone(package: &Package) -> Milestone {
    Milestone { version: package.version(), date: date(package) }
}

/// A divergence while the snapshots are walked.
struct Running<'a> {
    patch: &'a Listed,
    since: Milestone,
    first: bool,
    branches: BTreeSet<String>,
}

fn of_line(line: &str, snapshots: &[&Snapshot<'_>], entries: &mut Vec<Entry>) {
    let mut running: BTreeMap<&str, Running<'_>> = BTreeMap::new();
    let mut before: Option<&Package> = None;
    for snapshot in snapshots {
        let package = snapshot.package;
        for event in before.map(|before| compare(before, package)).unwrap_or_default() {
            match event.fate {
                Fate::Removed => {
                    let gone = running.keys().find(|name| **name == event.before).copied();
                    if let Some(gone) = gone.and_then(|name| running.remove(name)) {
                        let why =
                            before.map_or(String::new(), |before| why_ended(before, package, gone.patch));
                        let end = End { at: milestone(package), why };
                        entries.push(entry(package, line, gone, Some(end)));
                    }
                }
                Fate::Renamed => {
                    let name = running.keys().find(|name| **name == event.before).copied();
                    let old = name.and_then(|name| running.remove(name));
                    let patch = package.patches.iter().find(|p| p.file == event.after);
                    if let (Some(old), Some(patch)) = (old, patch) {
                        running.insert(&patch.file, Running { patch, ..old });
                    }
                }
                Fate::Added | Fate::Edited | Fate::Renumbered => {}
            }
        }
        for patch in &package.patches {
            let found = running.entry(&patch.file).or_insert_with(|| Running {
                patch,
                since: milestone(package),
                first: before.is_none(),
                branches: BTreeSet::new(),
            });
            found.patch = patch;
            found.branches.insert(snapshot.branch.clone());
        }
        before = Some(package);
    }
    if let Some(package) = before {
        entries.extend(running.into_values().map(|running| entry(package, line, running, None)));
    }
}

fn why_ended(before: &Package, after: &Package, patch: &Listed) -> String {
    let version =
        |package: &Package| package.version().rsplit_once('-').map(|(version, _)| version.to_owned());
    let keys = patch.patch.hunk_keys();
    let holder = after.patches.iter().find(|other| {
        let theirs = other.patch.hunk_keys();
        !keys.is_empty() && keys.iter().all(|key| theirs.contains(key))
    });
    if let Some(holder) = holder {
        return format!("its places are in {} now", holder.file);
    }
    match (version(before), version(after)) {
        (Some(old), Some(new)) if old != new => format!("the new version {new} does without it"),
        _ => "it was dropped".into(),
    }
}

fn entry(package: &Package, line: &str, running: Running<'_>, end: Option<End>) -> Entry {
    let patch = running.patch;
    let why = why(patch);
    let (kind, kind_is_declared) = kind(patch, &why);
    let mut bugs: Vec<String> =
        patch.evidence.iter().filter(|e| e.class == Class::BugTracker).map(|e| e.text.clone()).collect();
    bugs.sort();
    bugs.dedup();
    Entry {
        package: package.name.clone(),
        line: line.to_owned(),
        anchor: anchor(&[&package.name, line, &patch.file]),
        file: patch.file.clone(),
        kind,
        kind_is_declared,
        why,
        origin: best(&patch.evidence).cloned(),
        grade: patch.grade(),
        cves: cves(&patch.evidence).into_iter().map(str::to_owned).collect(),
        bugs,
        upstream: field(patch, "Upstream-Status:"),
        approved_by: field(patch, "Approved-By:"),
        expires: expiry(patch),
        branches: running.branches.into_iter().collect(),
        since: running.since,
        since_or_before: running.first,
        end,
    }
}

/// A field of the patch's comment, otherwise of its header.
fn field(patch: &Listed, name: &str) -> Option<String> {
    let lines = patch.comment.iter().chain(&patch.patch.header);
    lines
        .filter_map(|line| line.trim().strip_prefix(name))
        .map(|value| value.trim().replace("%%", "%"))
        .find(|v| !v.is_empty())
}

/// Letters, digits and single hyphens.
fn anchor(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        for c in part.chars() {
            if c.is_ascii_alphanumeric() {
                text.push(c.to_ascii_lowercase());
            } else if !text.ends_with('-') {
                text.push('-');
            }
        }
        if !text.ends_with('-') {
            text.push('-');
        }
    }
    text.trim_matches('-').to_owned()
}

/// Why a patch is there: the words of its comment that are more than references, otherwise its subject.
fn why(patch: &Listed) -> String {
    let is_words = |line: &&String| {
        !FIELDS.iter().any(|field| line.starts_with(field))
            && line
                .split_whitespace()
                .filter(|word| !word.contains("://") && word.chars().any(char::is_alphabetic))
                .count()
                >= 2
    };
    let words: Vec<&str> = patch.comment.iter().filter(is_words).map(|line| line.trim()).collect();
    if !words.is_empty() {
        return words.join(" ").replace("%%", "%");
    }
    patch.patch.subject().unwrap_or_default()
}

/// The kind of a patch: declared, or guessed from its words.
fn kind(patch: &Listed, why: &str) -> (&'static str, bool) {
    const WORDS: &[(&str, &[&str])] = &[
        ("branding", &["brand", "debrand", "rebrand", "branding", "logo", "artwork", "vendor"]),
        (
            "architecture",
            &[
                "aarch64",
                "ppc64",
                "ppc64le",
                "s390",
                "s390x",
                "riscv",
                "riscv64",
                "powerpc",
                "i686",
                "arch",
                "architecture",
                "endian",
            ],
        ),
        ("hardware", &["pci", "usb", "driver", "drivers", "device", "firmware", "hardware", "gpu"]),
        (
            "build",
            &[
                "build",
                "compile",
                "compiler",
                "ftbfs",
                "makefile",
                "configure",
                "autoconf",
                "cmake",
                "meson",
                "tests",
                "test",
                "testsuite",
                "warnings",
                "covscan",
                "gcc",
                "linker",
            ],
        ),
        ("feature", &["add", "adds", "support", "enable", "introduce", "implement", "allow", "feature"]),
    ];
    let declared = field(patch, "Kind:");
    if let Some(kind) =
        declared.and_then(|declared| crate::modify::origin::KINDS.iter().find(|kind| **kind == declared))
    {
        return (kind, true);
    }
    if !cves(&patch.evidence).is_empty() {
        return ("security", false);
    }
    let text = format!("{why} {}", patch.file).to_ascii_lowercase();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    if words.contains("security") {
        return ("security", false);
    }
    if words.contains("fix") || words.contains("fixes") || words.contains("fixed") {
        let of = |kind: &str| {
            WORDS
                .iter()
                .find(|(k, _)| *k == kind)
                .is_some_and(|(_, list)| list.iter().any(|w| words.contains(w)))
        };
        return (if of("build") { "build" } else { "bug" }, false);
    }
    let found = WORDS.iter().find(|(_, list)| list.iter().any(|word| words.contains(word)));
    (found.map_or("bug", |(kind, _)| *kind), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_branches() {
        for (branch, line) in [
            ("el-9.3", "9"),
            ("el8", "8"),
            ("c9s", "9"),
            ("a10s", "10"),
            ("el8-stream-1.4/389-ds-base-1.4", "8"),
            ("389-ds-base", ""),
            ("glib2/el-9.2", "9"),
            ("main", ""),
            ("bash/el-8.8", "8"),
        ] {
            assert_eq!(line_of(branch), line, "{branch}");
        }
    }

    #[test]
    fn anchors() {
        assert_eq!(anchor(&["foo", "", "A_b--c.patch"]), "foo-a-b-c-patch");
    }
}
