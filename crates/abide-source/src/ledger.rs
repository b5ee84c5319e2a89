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
    /// The commit that made it so, when the snapshot is from git.
    pub commit: Option<Commit>,
}

/// A commit of the package's own repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// Its day, in UTC.
    pub date: Date,
    /// The first line of its message.
    pub subject: String,
}

/// A version and the day of its changelog entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Version and release.
    pub version: String,
    /// The day: the commit's, otherwise the one of the changelog entry when there is one.
    pub date: Option<Date>,
    /// The commit, when it is known.
    pub commit: Option<String>,
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
    /// What links to it; stays as long as package, line and file do, also when it has ended.
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
        let mut walk = Walk::new(&line);
        snapshots.into_iter().for_each(|snapshot| walk.step(snapshot));
        entries.extend(walk.finish());
    }
    arranged(entries)
}

/// Makes one ledger of what walks over single branches found: what lasts on several branches of a line is one
/// divergence, and so is what began and ended with the same commits.
pub fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut known: BTreeMap<[String; 5], usize> = BTreeMap::new();
    for entry in entries {
        let end = entry.end.as_ref().map(|end| end.at.commit.clone().unwrap_or_default());
        let began = end.as_ref().and(entry.since.commit.clone());
        let (package, line, file) = (entry.package.clone(), entry.line.clone(), entry.file.clone());
        let key = [package, line, file, began.unwrap_or_default(), end.unwrap_or_default()];
        match known.get(&key) {
            None => {
                known.insert(key, found.len());
                found.push(entry);
            }
            Some(at) => join(&mut found[*at], entry),
        }
    }
    arranged(found)
}

fn join(known: &mut Entry, other: Entry) {
    known.branches.extend(other.branches);
    known.branches.sort();
    known.branches.dedup();
    if other.since.date < known.since.date {
        known.since = other.since;
        known.since_or_before = other.since_or_before;
    }
}

/// Sorts entries and gives them anchors, each its own: what has the same name later has the version it began with in it.
fn arranged(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_cached_key(|e| (e.since.date, e.since.version.clone(), e.branches.clone()));
    let mut taken = BTreeSet::new();
    for entry in &mut entries {
        let parts = [entry.package.as_str(), &entry.line, &entry.file];
        let again = [parts[0], parts[1], parts[2], "since", &entry.since.version];
        let candidates = [anchor(&parts), anchor(&again)];
        let counted = (2..).map(|n| format!("{}-{n}", candidates[1]));
        let free = candidates.iter().cloned().chain(counted).find(|anchor| !taken.contains(anchor));
        entry.anchor = free.unwrap_or_default();
        taken.insert(entry.anchor.clone());
    }
    entries.sort_by_cached_key(|e| {
        (e.package.clone(), e.line.clone(), e.end.is_some(), e.file.clone(), e.since.date)
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

fn milestone(snapshot: &Snapshot<'_>) -> Milestone {
    let commit = snapshot.commit.as_ref();
    Milestone {
        version: snapshot.package.version(),
        date: commit.map(|commit| commit.date).or_else(|| date(snapshot.package)),
        commit: commit.map(|commit| commit.id.clone()),
    }
}

/// A divergence while the snapshots are walked.
struct Running {
    patch: Listed,
    since: Milestone,
    first: bool,
    branches: BTreeSet<String>,
}

/// A walk over the snapshots of one line or branch, the oldest first. Only the snapshot before is kept.
pub struct Walk {
    line: String,
    running: BTreeMap<String, Running>,
    before: Option<Package>,
    ended: Vec<Entry>,
}

impl Walk {
    /// A walk over a line of the distribution; empty when there is only one.
    pub fn new(line: &str) -> Walk {
        Walk { line: line.to_owned(), running: BTreeMap::new(), before: None, ended: Vec::new() }
    }

    /// Takes in the next snapshot.
    pub fn step(&mut self, snapshot: &Snapshot<'_>) {
        let package = snapshot.package;
        let before = self.before.take();
        for event in before.as_ref().map(|before| compare(before, package)).unwrap_or_default() {
            match event.fate {
                Fate::Removed => {
                    if let (Some(gone), Some(before)) = (self.running.remove(&event.before), &before) {
                        let why = why_ended(before, snapshot, &gone.patch);
                        let end = End { at: milestone(snapshot), why };
                        self.ended.push(entry(package, &self.line, gone, Some(end)));
                    }
                }
                Fate::Renamed => {
                    let patch = package.patches.iter().find(|p| p.file == event.after);
                    if let (Some(old), Some(patch)) = (self.running.remove(&event.before), patch) {
                        let patch = patch.clone();
                        self.running.insert(patch.file.clone(), Running { patch, ..old });
                    }
                }
                Fate::Added | Fate::Edited | Fate::Renumbered => {}
            }
        }
        for patch in &package.patches {
            let found = self.running.entry(patch.file.clone()).or_insert_with(|| Running {
                patch: patch.clone(),
                since: milestone(snapshot),
                first: before.is_none(),
                branches: BTreeSet::new(),
            });
            found.patch = patch.clone();
            found.branches.insert(snapshot.branch.clone());
        }
        self.before = Some(package.clone());
    }

    /// The divergences: those that ended, and those that the last snapshot has.
    pub fn finish(self) -> Vec<Entry> {
        let mut entries = self.ended;
        if let Some(package) = &self.before {
            let lasting = self.running.into_values();
            entries.extend(lasting.map(|running| entry(package, &self.line, running, None)));
        }
        entries
    }
}

/// Why a patch is gone: where its places are now, and what the changelog or the commit says.
fn why_ended(before: &Package, snapshot: &Snapshot<'_>, patch: &Listed) -> String {
    let after = snapshot.package;
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
    let what = match (version(before), version(after)) {
        (Some(old), Some(new)) if old != new => format!("the new version {new} does without it"),
        _ => "it was dropped".to_owned(),
    };
    let said = said_of(before, after, patch).map(|item| format!("changelog: {item}"));
    let said = said.or_else(|| snapshot.commit.as_ref().map(|commit| format!("commit: {}", commit.subject)));
    match said {
        Some(said) => format!("{what} ({said})"),
        None => what,
    }
}

/// The new item of the changelog that names a patch, or a CVE or bug that it is for.
fn said_of(before: &Package, after: &Package, patch: &Listed) -> Option<String> {
    let old: BTreeSet<String> = items(before).into_iter().collect();
    let stem = patch.file.trim_end_matches(".patch");
    let ids: Vec<&str> = patch
        .evidence
        .iter()
        .filter(|e| matches!(e.class, Class::Cve | Class::BugTracker) && !e.text.contains("://"))
        .map(|e| e.text.trim_start_matches('#'))
        .filter(|id| id.len() >= 6)
        .collect();
    let new: Vec<String> = items(after).into_iter().filter(|item| !old.contains(item)).collect();
    let names_file = |item: &&String| stem.len() > 4 && item.contains(stem);
    let names_id = |item: &&String| ids.iter().any(|id| item.contains(id));
    new.iter().find(names_file).or_else(|| new.iter().find(names_id)).cloned()
}

/// The items of a changelog, each in one line.
fn items(package: &Package) -> Vec<String> {
    let Some(section) = package.spec.section("changelog") else { return Vec::new() };
    let mut items: Vec<String> = Vec::new();
    for line in &package.spec.lines()[section.body()..section.end] {
        let text = line.trim();
        match (text.strip_prefix('-'), items.last_mut()) {
            _ if text.is_empty() || line.starts_with('*') => items.push(String::new()),
            (Some(item), _) => items.push(item.trim().to_owned()),
            (None, Some(last)) if !last.is_empty() => {
                last.push(' ');
                last.push_str(text);
            }
            (None, _) => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

fn entry(package: &Package, line: &str, running: Running, end: Option<End>) -> Entry {
    let patch = &running.patch;
    let why = why(patch);
    let (kind, kind_is_declared) = kind(patch, &why);
    Entry {
        package: package.name.clone(),
        line: line.to_owned(),
        anchor: String::new(),
        file: patch.file.clone(),
        kind,
        kind_is_declared,
        why,
        origin: best(&patch.evidence).cloned(),
        grade: patch.grade(),
        cves: cves(&patch.evidence).into_iter().map(str::to_owned).collect(),
        bugs: bugs(patch),
        upstream: field(patch, "Upstream-Status:"),
        approved_by: field(patch, "Approved-By:"),
        expires: expiry(patch),
        branches: running.branches.into_iter().collect(),
        since: running.since,
        since_or_before: running.first,
        end,
    }
}

/// The bugs that a patch is for, each once: of `#5984`, `5984` and `Issue-5984` the one that says most.
fn bugs(patch: &Listed) -> Vec<String> {
    let mut found: BTreeMap<String, &str> = BTreeMap::new();
    for evidence in patch.evidence.iter().filter(|e| e.class == Class::BugTracker) {
        let text = evidence.text.as_str();
        let digits: String = text.chars().rev().take_while(char::is_ascii_digit).collect();
        let key = if digits.is_empty() { text.to_owned() } else { digits };
        let known = found.entry(key).or_insert(text);
        if text.len() > known.len() {
            *known = text;
        }
    }
    let mut bugs: Vec<String> = found.into_values().map(str::to_owned).collect();
    bugs.sort();
    bugs
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
