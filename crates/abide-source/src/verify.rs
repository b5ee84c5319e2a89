//! Patches held against the commits they claim to be.
//!
//! Pure: the caller finds commits and gives the files that each changed, before and after. Line numbers and white space
//! never count, as for `git patch-id`. A patch is called the same only when it turns each file of the commit into what the
//! commit made of it and leaves none out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::package::Listed;
use crate::patch::{FileDiff, Hunk, Patch};
use crate::provenance::{Class, Evidence, Grade, Place};

/// Lines of a difference that are shown.
const MOST_SHOWN_LINES: usize = 60;
/// Lines of a file beyond which it is not compared: it is no source that a person wrote.
const MOST_LINES: usize = 200_000;
/// A commit's hash has so many digits, or fewer when it is abbreviated.
const HASH_DIGITS: usize = 40;
/// Shorter abbreviations name nothing.
const LEAST_HASH_DIGITS: usize = 7;

/// One file that a commit changed.
#[derive(Clone, Debug)]
pub struct CommitFile {
    /// Its path.
    pub path: String,
    /// Its content before; `None` when the commit made it.
    pub before: Option<Vec<u8>>,
    /// Its content after; `None` when the commit removed it.
    pub after: Option<Vec<u8>>,
}

/// A commit that a patch claims to be.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// The files it changed.
    pub files: Vec<CommitFile>,
}

/// How a patch stands to the commit it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// It is the commit's change.
    Same,
    /// It adds and removes the same lines among other lines.
    Drift,
    /// All of it is in the commit, which has more.
    Part,
    /// It is another change.
    Different,
    /// The commit is not in the repository that was asked.
    NotFound,
    /// It claims no commit.
    NoClaim,
}

/// All of them, best first.
pub const LIKENESSES: &[Likeness] = &[
    Likeness::Same,
    Likeness::Drift,
    Likeness::Part,
    Likeness::Different,
    Likeness::NotFound,
    Likeness::NoClaim,
];

impl Likeness {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            Likeness::Same => "same",
            Likeness::Drift => "context-drift",
            Likeness::Part => "part",
            Likeness::Different => "different",
            Likeness::NotFound => "commit-not-found",
            Likeness::NoClaim => "no-commit-claimed",
        }
    }
}

/// What came of holding one patch against its commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How it stands.
    pub likeness: Likeness,
    /// The commits, by their hashes: those found, otherwise those claimed.
    pub commits: Vec<String>,
    /// In words: which files differ or are left out.
    pub detail: String,
    /// The difference between the two changes, `-` for the commit's lines and `+` for the patch's; empty when there is
    /// none that counts.
    pub difference: String,
}

/// A commit that a patch names as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its hash, or the start of it, in lower case.
    pub hash: String,
    /// Whether it is said to be the patch's origin; otherwise it is the hash of a mail's first line or of running text.
    pub is_stated: bool,
}

/// The commits that a patch claims to be, those said best first. What is said of a group of patches is not said of one.
pub fn claims(listed: &Listed) -> Vec<Claim> {
    let of_one =
        |e: &&Evidence| names_commit(e.class, e.grade) && !matches!(e.place, Place::Group | Place::Changelog);
    let mut evidence: Vec<&Evidence> = listed.evidence.iter().filter(of_one).collect();
    evidence.sort_by_key(|e| (std::cmp::Reverse(e.grade), e.place, e.text.clone()));
    let mut found: Vec<Claim> = Vec::new();
    for (hash, grade) in evidence.iter().flat_map(|e| hashes(&e.text).into_iter().map(|hash| (hash, e.grade)))
    {
        let is_known = |known: &Claim| known.hash.starts_with(&hash) || hash.starts_with(&known.hash);
        match found.iter_mut().find(|known| is_known(known)) {
            // The longer one says more.
            Some(known) if known.hash.len() < hash.len() => known.hash = hash,
            Some(_) => {}
            None => found.push(Claim { hash, is_stated: grade >= Grade::Identifier }),
        }
    }
    found
}

fn names_commit(class: Class, grade: Grade) -> bool {
    match class {
        Class::UpstreamCommit => true,
        Class::CentosStream | Class::Fedora | Class::OtherDistribution | Class::Web | Class::MergeRequest => {
            grade == Grade::Link
        }
        _ => false,
    }
}

/// The words of a text that are hashes, in lower case.
fn hashes(text: &str) -> Vec<String> {
    let is_hash = |word: &&str| {
        (LEAST_HASH_DIGITS..=HASH_DIGITS).contains(&word.len())
            && word.bytes().all(|b| b.is_ascii_hexdigit())
            && word.bytes().any(|b| b.is_ascii_digit())
            && (word.len() == HASH_DIGITS || word.bytes().any(|b| b.is_ascii_alphabetic()))
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(is_hash).map(str::to_ascii_lowercase).collect()
}

/// Holds a patch against commits it claims to be: each alone, then all together.
pub fn verify(patch: &Patch, claimed: &[Claim], commits: &[Commit]) -> Verification {
    let hashes = || claimed.iter().map(|claim| claim.hash.clone()).collect();
    if claimed.is_empty() {
        return nothing(Likeness::NoClaim, Vec::new(), "it claims no commit");
    }
    if commits.is_empty() {
        return nothing(Likeness::NotFound, hashes(), "the repository does not have this commit");
    }
    if patch.files.iter().all(|file| file.hunks.is_empty()) {
        let id = commits.iter().map(|commit| commit.id.clone()).collect();
        return nothing(Likeness::Different, id, "the file holds nothing that can be compared");
    }
    let mut best: Option<(Verification, usize)> = None;
    for commit in commits {
        let (verification, shared) = against(patch, std::slice::from_ref(commit));
        let is_better = best.as_ref().is_none_or(|(known, most)| {
            (verification.likeness, std::cmp::Reverse(shared)) < (known.likeness, std::cmp::Reverse(*most))
        });
        if is_better {
            best = Some((verification, shared));
        }
    }
    if commits.len() > 1 && best.as_ref().is_some_and(|(known, _)| known.likeness >= Likeness::Part) {
        let (together, shared) = against(patch, commits);
        let alone = best.as_ref().map(|(known, _)| known.likeness);
        if alone.is_some_and(|alone| together.likeness < alone) {
            best = Some((together, shared));
        }
    }
    let is_stated = |id: &String| claimed.iter().any(|claim| claim.is_stated && id.starts_with(&claim.hash));
    match best {
        // What running text mentions, and has no line in common, is mentioned for another reason.
        Some((found, 0)) if found.likeness == Likeness::Different && !found.commits.iter().any(is_stated) => {
            nothing(Likeness::NotFound, hashes(), "the commit that it mentions is another change")
        }
        Some((found, _)) => found,
        None => nothing(Likeness::NotFound, hashes(), "the repository does not have this commit"),
    }
}

fn nothing(likeness: Likeness, commits: Vec<String>, detail: &str) -> Verification {
    Verification { likeness, commits, detail: detail.to_owned(), difference: String::new() }
}

/// Changed lines of one file: mark and text.
type Changes = Vec<(u8, String)>;

/// What commits make of one file, one after the other.
struct Theirs<'c> {
    /// Content before the first and after the last; none when there are several that do not follow each other.
    whole: Whole<'c>,
    changes: Changes,
    /// Whether a file of the patch was held against it.
    used: bool,
}

/// Holds a patch against commits taken as one change; also says how many changed lines both have.
fn against(patch: &Patch, commits: &[Commit]) -> (Verification, usize) {
    let mut theirs = changes_of(commits);
    let (mut drift, mut differ, mut extra) = (false, Vec::new(), Vec::new());
    let mut difference = String::new();
    let mut shared = 0;
    for file in grouped(patch) {
        let Some(path) = find(&theirs, &file) else {
            extra.push(file.path().to_owned());
            continue;
        };
        let ours = file.hunks.iter().flat_map(changes).collect::<Changes>();
        let (whole, other) = take(&mut theirs, &path, &file);
        shared += common(&ours, &other);
        if whole.is_some_and(|(before, after)| makes(&file, before, after)) {
            continue;
        }
        if equal(&ours, &other) {
            drift = true;
        } else {
            differ.push(file.path().to_owned());
            show(&mut difference, file.path(), &other, &ours);
        }
    }
    let left: Vec<String> = theirs
        .iter()
        .filter(|(_, t)| !t.used && !t.changes.is_empty())
        .map(|(path, _)| path.clone())
        .collect();
    let likeness = match (differ.is_empty() && extra.is_empty(), left.is_empty(), drift) {
        (false, ..) => Likeness::Different,
        (true, false, _) => Likeness::Part,
        (true, true, true) => Likeness::Drift,
        (true, true, false) => Likeness::Same,
    };
    let mut detail = Vec::new();
    for (what, paths) in
        [("differs in", &differ), ("the commit does not touch", &extra), ("leaves out", &left)]
    {
        if !paths.is_empty() {
            detail.push(format!("{what} {}", listed(paths)));
        }
    }
    if likeness == Likeness::Different && shared == 0 {
        detail.push("no changed line is in both".to_owned());
    }
    if likeness == Likeness::Drift {
        detail.push("the same lines among other lines".to_owned());
    }
    let commits = commits.iter().map(|commit| commit.id.clone()).collect();
    (Verification { likeness, commits, detail: detail.join("; "), difference: cut(&difference) }, shared)
}

fn listed(paths: &[String]) -> String {
    match paths {
        paths if paths.len() <= 4 => paths.join(", "),
        paths => format!("{} and {} more", paths[..3].join(", "), paths.len() - 3),
    }
}

/// The files of a patch, those that stand in it several times as one.
fn grouped(patch: &Patch) -> Vec<FileDiff> {
    let mut files: Vec<FileDiff> = Vec::new();
    for file in patch.files.iter().filter(|file| !file.hunks.is_empty()) {
        match files.iter_mut().find(|known| known.path() == file.path()) {
            Some(known) => known.hunks.extend(file.hunks.iter().cloned()),
            None => files.push(file.clone()),
        }
    }
    files
}

/// The commit's path for a file of a patch: the same, or the one that goes on where the other begins.
fn find(theirs: &BTreeMap<String, Theirs<'_>>, file: &FileDiff) -> Option<String> {
    let path = file.path();
    if theirs.contains_key(path) {
        return Some(path.to_owned());
    }
    let ends = |long: &str, short: &str| {
        !short.is_empty() && long.strip_suffix(short).is_some_and(|before| before.ends_with('/'))
    };
    let mut fitting = theirs.keys().filter(|other| ends(other, path) || ends(path, other));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => None,
    }
}

/// Content before and after.
type Whole<'c> = Option<(&'c [u8], &'c [u8])>;

/// What commits make of the file at a path, which counts as held against from now on. A file that the patch moves was
/// elsewhere before.
fn take<'c>(theirs: &mut BTreeMap<String, Theirs<'c>>, path: &str, file: &FileDiff) -> (Whole<'c>, Changes) {
    let moved_from = (file.old != file.new).then(|| theirs.get_mut(&file.old)).flatten().and_then(|old| {
        old.used = true;
        old.whole
    });
    let Some(found) = theirs.get_mut(path) else { return (None, Changes::new()) };
    found.used = true;
    match (moved_from, found.whole) {
        (Some((before, _)), Some((_, after))) => (Some((before, after)), lines_changed(before, after)),
        (_, whole) => (whole, found.changes.clone()),
    }
}

fn changes_of(commits: &[Commit]) -> BTreeMap<String, Theirs<'_>> {
    let mut theirs: BTreeMap<String, Theirs<'_>> = BTreeMap::new();
    for commit in commits {
        for file in commit.files.iter().filter(|file| !is_moved(file, &commit.files)) {
            let before = file.before.as_deref().unwrap_or_default();
            let after = file.after.as_deref().unwrap_or_default();
            let changes = lines_changed(before, after);
            match theirs.get_mut(&file.path) {
                Some(known) => {
                    known.whole = match known.whole {
                        Some((first, last)) if last == before => Some((first, after)),
                        _ => None,
                    };
                    known.changes.extend(changes);
                }
                None => {
                    let whole = Some((before, after));
                    theirs.insert(file.path.clone(), Theirs { whole, changes, used: false });
                }
            }
        }
    }
    theirs
}

/// Whether a file only has another path: then a patch says so without lines.
fn is_moved(file: &CommitFile, all: &[CommitFile]) -> bool {
    match (&file.before, &file.after) {
        (Some(content), None) => {
            all.iter().any(|other| other.before.is_none() && other.after.as_ref() == Some(content))
        }
        (None, Some(content)) => {
            all.iter().any(|other| other.after.is_none() && other.before.as_ref() == Some(content))
        }
        _ => false,
    }
}

/// The lines that differ between two contents; none for what is no text.
fn lines_changed(before: &[u8], after: &[u8]) -> Changes {
    if before.contains(&0) || after.contains(&0) {
        return Changes::new();
    }
    let (before, after) = (crate::text::decode(before), crate::text::decode(after));
    if before.lines().count().max(after.lines().count()) > MOST_LINES {
        return Changes::new();
    }
    let diff = TextDiff::from_lines(&before, &after);
    let mark = |tag: ChangeTag| match tag {
        ChangeTag::Delete => Some(b'-'),
        ChangeTag::Insert => Some(b'+'),
        ChangeTag::Equal => None,
    };
    let text = |line: &str| line.trim_end_matches(['\n', '\r']).to_owned();
    diff.iter_all_changes().filter_map(|c| Some((mark(c.tag())?, text(c.value())))).collect()
}

fn changes(hunk: &Hunk) -> impl Iterator<Item = (u8, String)> {
    let marked = hunk.lines.iter().filter(|(mark, _)| *mark != b' ');
    marked.map(|(mark, text)| (*mark, text.trim_end_matches('\r').to_owned()))
}

/// A line without white space.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The lines of changes with how often each is there; lines of nothing but white space do not count, since programs that
/// compare place them differently.
fn counted(changes: &Changes) -> BTreeMap<(u8, String), usize> {
    let mut counts = BTreeMap::new();
    for (mark, text) in changes {
        let text = bare(text);
        if !text.is_empty() {
            *counts.entry((*mark, text)).or_default() += 1;
        }
    }
    counts
}

fn equal(ours: &Changes, theirs: &Changes) -> bool {
    counted(ours) == counted(theirs)
}

fn common(ours: &Changes, theirs: &Changes) -> usize {
    let theirs = counted(theirs);
    counted(ours).iter().map(|(line, count)| theirs.get(line).map_or(0, |other| *count.min(other))).sum()
}

/// Whether a file's places, found where they fit exactly, turn one content into the other.
fn makes(file: &FileDiff, before: &[u8], after: &[u8]) -> bool {
    let (before, after) = (crate::text::decode(before), crate::text::decode(after));
    let before: Vec<String> = before.lines().map(bare).collect();
    let after: Vec<String> = after.lines().map(bare).collect();
    if before.len().max(after.len()) > MOST_LINES {
        return false;
    }
    let mut made: Vec<String> = Vec::with_capacity(after.len());
    let mut at = 0;
    for hunk in &file.hunks {
        let old: Vec<String> = hunk.side(b'-').map(bare).collect();
        let Some(from) = place(&before, at, &old, hunk.old_start) else { return false };
        made.extend_from_slice(&before[at..from]);
        made.extend(hunk.side(b'+').map(bare));
        at = from + old.len();
    }
    made.extend_from_slice(&before[at..]);
    made == after
}

/// Where lines stand in a file from a place on, nearest to the line that a patch says.
fn place(lines: &[String], from: usize, wanted: &[String], said: usize) -> Option<usize> {
    if wanted.is_empty() {
        // Nothing but new lines: only the number says where.
        return Some(said.min(lines.len())).filter(|at| *at >= from);
    }
    let last = lines.len().checked_sub(wanted.len())?;
    let fits = |at: &usize| lines[*at..*at + wanted.len()] == *wanted;
    let said = said.saturating_sub(1);
    (from..=last).filter(fits).min_by_key(|at| at.abs_diff(said))
}

/// Shows how two changes of one file differ.
fn show(text: &mut String, path: &str, theirs: &Changes, ours: &Changes) {
    let lines = |changes: &Changes| {
        changes.iter().map(|(mark, line)| format!("{}{line}\n", char::from(*mark))).collect::<String>()
    };
    let (theirs, ours) = (lines(theirs), lines(ours));
    let diff = TextDiff::from_lines(&theirs, &ours);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}:", crate::text::shown(path));
    for change in diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal) {
        let mark = if change.tag() == ChangeTag::Delete { '-' } else { '+' };
        let _ = writeln!(text, "{mark} {}", crate::text::shown(change.value().trim_end()));
    }
}

fn cut(text: &str) -> String {
    let lines = text.lines().count();
    if lines <= MOST_SHOWN_LINES {
        return text.to_owned();
    }
    let shown: Vec<&str> = text.lines().take(MOST_SHOWN_LINES).collect();
    format!("{}\n… {} more lines\n", shown.join("\n"), lines - MOST_SHOWN_LINES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Vec<String> {
        (1..=count).map(|n| format!("line {n}")).collect()
    }

    fn text(lines: &[String]) -> Vec<u8> {
        lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
    }

    fn file(path: &str, before: &[String], after: &[String]) -> CommitFile {
        CommitFile { path: path.into(), before: Some(text(before)), after: Some(text(after)) }
    }

    /// A commit that changes line 10 of `src/a.c`.
    fn commit() -> Commit {
        let before = numbered(20);
        let mut after = before.clone();
        after[9] = "changed".into();
        Commit { id: "abc".into(), files: vec![file("src/a.c", &before, &after)] }
    }

    fn patch(path: &str, context: &str, new: &str) -> Patch {
        Patch::new(
            format!(
                "--- a/{path}\n+++ b/{path}\n@@ -50,3 +50,3 @@\n {context}\n-line 10\n+{new}\n line 11\n"
            )
            .as_bytes(),
        )
    }

    fn of(patch: &Patch, commits: &[Commit]) -> Verification {
        let claims: Vec<Claim> = commits.iter().map(|commit| claim(&commit.id, true)).collect();
        verify(patch, &claims, commits)
    }

    fn claim(hash: &str, is_stated: bool) -> Claim {
        Claim { hash: hash.into(), is_stated }
    }

    #[test]
    fn the_same_change_whatever_its_numbers_and_path() {
        for path in ["src/a.c", "a.c", "foo/src/a.c"] {
            assert_eq!(of(&patch(path, "line 9", "changed"), &[commit()]).likeness, Likeness::Same, "{path}");
        }
        assert_eq!(of(&patch("src/a.c", "line  9", "chan ged"), &[commit()]).likeness, Likeness::Same);
    }

    #[test]
    fn other_lines_around_it_are_drift() {
        let found = of(&patch("src/a.c", "an older line 9", "changed"), &[commit()]);
        assert_eq!((found.likeness, found.difference.as_str()), (Likeness::Drift, ""));
    }

    #[test]
    fn a_part_says_what_it_leaves_out() {
        let mut commit = commit();
        commit.files.push(file("tests/t.c", &numbered(3), &numbered(4)));
        let found = of(&patch("src/a.c", "line 9", "changed"), &[commit]);
        assert_eq!((found.likeness, found.detail.as_str()), (Likeness::Part, "leaves out tests/t.c"));
    }

    #[test]
    fn another_change_is_shown() {
        let found = of(&patch("src/a.c", "line 9", "changed otherwise"), &[commit()]);
        assert_eq!(found.likeness, Likeness::Different);
        assert_eq!(found.detail, "differs in src/a.c");
        assert_eq!(found.difference, "src/a.c:\n- +changed\n+ +changed otherwise\n");
        let found = of(&patch("src/b.c", "line 9", "changed"), &[commit()]);
        assert_eq!(found.likeness, Likeness::Different);
        assert!(found.detail.starts_with("the commit does not touch src/b.c"), "{}", found.detail);
    }

    #[test]
    fn the_same_lines_elsewhere_are_not_the_same() {
        let mut after = numbered(20);
        after.insert(9, "new".into());
        let commit = Commit { id: "abc".into(), files: vec![file("x", &numbered(20), &after)] };
        let there = Patch::new(b"--- a/x\n+++ b/x\n@@ -9,2 +9,3 @@\n line 9\n+new\n line 10\n");
        assert_eq!(of(&there, std::slice::from_ref(&commit)).likeness, Likeness::Same);
        let elsewhere = Patch::new(b"--- a/x\n+++ b/x\n@@ -3,2 +3,3 @@\n line 3\n+new\n line 4\n");
        assert_eq!(of(&elsewhere, &[commit]).likeness, Likeness::Drift);
    }

    #[test]
    fn a_file_that_moves_and_changes() {
        let mut after = numbered(20);
        after[9] = "changed".into();
        let gone = CommitFile { path: "old.c".into(), before: Some(text(&numbered(20))), after: None };
        let made = CommitFile { path: "new.c".into(), before: None, after: Some(text(&after)) };
        let commit = Commit { id: "abc".into(), files: vec![gone, made] };
        let patch =
            Patch::new(b"--- a/old.c\n+++ b/new.c\n@@ -9,3 +9,3 @@\n line 9\n-line 10\n+changed\n line 11\n");
        assert_eq!(of(&patch, &[commit]).likeness, Likeness::Same);
    }

    #[test]
    fn several_commits_in_one_patch() {
        let (first, middle) = (numbered(20), {
            let mut lines = numbered(20);
            lines[9] = "changed".into();
            lines
        });
        let mut last = middle.clone();
        last[14] = "changed too".into();
        let commits = [
            Commit { id: "a".into(), files: vec![file("x", &first, &middle)] },
            Commit { id: "b".into(), files: vec![file("x", &middle, &last)] },
        ];
        let both = Patch::new(
            b"--- a/x\n+++ b/x\n@@ -10 +10 @@\n-line 10\n+changed\n--- a/x\n+++ b/x\n@@ -15 +15 @@\n-line 15\n+changed too\n",
        );
        let found = of(&both, &commits);
        assert_eq!((found.likeness, found.commits.len()), (Likeness::Same, 2));
        let one = Patch::new(b"--- a/x\n+++ b/x\n@@ -15 +15 @@\n-line 15\n+changed too\n");
        let found = of(&one, &commits);
        assert_eq!((found.likeness, found.commits.as_slice()), (Likeness::Same, ["b".to_owned()].as_slice()));
    }

    #[test]
    fn new_and_moved_files() {
        let made = CommitFile { path: "new".into(), before: None, after: Some(b"a\nb\n".to_vec()) };
        let gone = CommitFile { path: "old".into(), before: Some(b"x\n".to_vec()), after: None };
        let moved = CommitFile { path: "there".into(), before: None, after: Some(b"x\n".to_vec()) };
        let commit = Commit { id: "abc".into(), files: vec![made, gone, moved] };
        let patch = Patch::new(b"--- /dev/null\n+++ b/new\n@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(of(&patch, &[commit]).likeness, Likeness::Same);
    }

    #[test]
    fn nothing_to_hold_it_against() {
        let any = patch("a", "b", "c");
        assert_eq!(verify(&any, &[], &[]).likeness, Likeness::NoClaim);
        let found = verify(&any, &[claim("abc1234", true)], &[]);
        assert_eq!((found.likeness, found.commits), (Likeness::NotFound, vec!["abc1234".to_owned()]));
        assert_eq!(of(&Patch::default(), &[commit()]).likeness, Likeness::Different);
    }

    #[test]
    fn a_commit_that_is_only_mentioned_is_no_claim() {
        let other = patch("src/b.c", "line 9", "changed");
        let found = verify(&other, &[claim("abc", false)], &[commit()]);
        assert_eq!((found.likeness, found.commits), (Likeness::NotFound, vec!["abc".to_owned()]));
        let near = patch("src/a.c", "line 9", "changed otherwise");
        assert_eq!(verify(&near, &[claim("abc", false)], &[commit()]).likeness, Likeness::Different);
    }

    #[test]
    fn hashes_in_words_and_links() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(hashes(&format!("https://example.org/x/commit/?id={hash}")), [hash]);
        assert_eq!(hashes("0123abc and 1234567 and deadbeef, ABC1234"), ["0123abc", "abc1234"]);
    }
}
