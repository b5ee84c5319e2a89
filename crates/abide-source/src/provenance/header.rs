//! What a patch file says of itself before its first difference.
//!
//! git's mails and its trailers, DEP-3 (Debian), the tags of openSUSE and Yocto, Red Hat's trailers, and running text.

use super::words::of_line;
use super::{Class, Evidence, Grade, Place, class_of_link};
use crate::patch::{Patch, from_hash};

/// Fields whose value says that the patch is nobody else's.
const OWN_VALUES: &[&str] =
    &["not-needed", "inappropriate", "never", "no", "rhel only", "rhel-only", "n/a", "downstream"];
/// Fields that name the commit the patch was taken from.
const COMMIT_FIELDS: &[&str] = &[
    "upstream-commit",
    "upstream commit",
    "git-commit",
    "commit",
    "origin",
    "applied-upstream",
    "y-commit",
    "o-commit",
    "backport",
    "backported-from",
    "backported from",
    "original-commit",
    "from commit",
    "cherry-picked-from",
    "git commit",
];
/// Fields that say how it stands with upstream.
const STATUS_FIELDS: &[&str] =
    &["forwarded", "upstream-status", "upstream status", "patch-mainline", "upstream"];
/// Fields that name a bug.
const BUG_FIELDS: &[&str] = &[
    "bug",
    "bugzilla",
    "rh-bugzilla",
    "jira",
    "rh-jira",
    "resolves",
    "related",
    "references",
    "bug-debian",
    "bug-ubuntu",
    "bug-redhat",
    "fixes-bug",
    "reviewed-at",
    "issue",
    "ticket",
    "bugs",
];

/// The evidence in a patch file.
pub fn of_header(patch: &Patch) -> Vec<Evidence> {
    let mut found = Vec::new();
    for line in &patch.header {
        if let Some(hash) = from_hash(line) {
            // Which repository it is in, nobody says; of zeros only, it is none.
            if hash.bytes().any(|b| b != b'0') {
                found.push(evidence(Class::UpstreamCommit, Grade::Weak, hash));
            }
            continue;
        }
        if is_address(line) {
            continue;
        }
        match field(line) {
            Some((name, value)) => of_field(&name, value, line, &mut found),
            None => of_sentence(line, &mut found),
        }
    }
    found.sort();
    found.dedup();
    found
}

fn evidence(class: Class, grade: Grade, text: &str) -> Evidence {
    Evidence { place: Place::Header, class, grade, text: text.to_owned() }
}

/// Fields with names of people and of tools, in which numbers mean nothing.
fn is_address(line: &str) -> bool {
    const PEOPLE: &[&str] = &[
        "from:",
        "date:",
        "signed-off-by:",
        "reviewed-by:",
        "acked-by:",
        "cc:",
        "to:",
        "tested-by:",
        "reported-by:",
        "rh-author:",
        "rh-acked-by:",
        "mime-version:",
        "content-type:",
        "content-transfer-encoding:",
        "co-authored-by:",
        "author:",
        "suggested-by:",
        "message-id:",
        "in-reply-to:",
        "change-id:",
        "index ",
    ];
    let lower = line.trim_start().to_ascii_lowercase();
    PEOPLE.iter().any(|name| lower.starts_with(name))
}

/// `Name: value`, the name in lower case; not a sentence with a colon in it.
fn field(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start_matches(['#', ' ', '\t']);
    let (name, value) = line.split_once(':')?;
    let fits =
        !name.is_empty() && name.len() <= 32 && name.split(' ').count() <= 2 && !value.starts_with("//");
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ' ' | '_'));
    (fits && plain).then(|| (name.to_ascii_lowercase(), value.trim()))
}

fn of_field(name: &str, value: &str, line: &str, found: &mut Vec<Evidence>) {
    let from = found.len();
    if COMMIT_FIELDS.contains(&name) {
        let hashes = value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| is_hash(w));
        found.extend(
            hashes
                .filter(|_| !value.contains("://"))
                .map(|w| evidence(Class::UpstreamCommit, Grade::Identifier, w)),
        );
    }
    if STATUS_FIELDS.contains(&name) || name == "origin" {
        let lower = value.to_ascii_lowercase();
        if OWN_VALUES.iter().any(|own| lower.starts_with(own))
            || lower.starts_with("vendor") && !lower.contains("://")
        {
            found.push(evidence(Class::Own, Grade::Identifier, line.trim()));
        }
    }
    if name == "rh-mergerequest"
        && value.bytes().all(|b| b.is_ascii_digit() || b == b'!')
        && !value.is_empty()
    {
        found.push(evidence(Class::CentosStream, Grade::Identifier, line.trim()));
        return;
    }
    if name == "rh-commit" {
        return;
    }
    if BUG_FIELDS.contains(&name) {
        let numbers = value.split([',', ' ', ';']).map(|w| w.trim_matches(['.', '(', ')']));
        let is_number = |w: &&str| w.len() >= 4 && w.len() <= 8 && w.bytes().all(|b| b.is_ascii_digit());
        found.extend(numbers.filter(is_number).map(|w| evidence(Class::BugTracker, Grade::Identifier, w)));
    }
    of_line(value, Place::Header, found);
    if name == "fixes" {
        // The commit that made the bug, not the one that mends it.
        let rest = found.split_off(from);
        found.extend(rest.into_iter().filter(|e| e.class != Class::UpstreamCommit));
    }
    let is_origin =
        [COMMIT_FIELDS, STATUS_FIELDS, BUG_FIELDS, LINK_FIELDS].iter().any(|fields| fields.contains(&name));
    if !is_origin {
        weaken_pages(&mut found[from..]);
    }
    // A commit that links to somewhere, in a field for commits, is a commit wherever it is kept.
    if COMMIT_FIELDS.contains(&name) {
        for item in &mut found[from..] {
            if item.class == Class::Web
                && item.grade == Grade::Link
                && class_of_link(&item.text) == Some(Class::Web)
            {
                item.class = Class::UpstreamCommit;
            }
        }
    }
}

/// Fields whose link is where the patch is from, whatever kind of place that is.
const LINK_FIELDS: &[&str] = &["link", "url", "source", "discussion", "patchwork"];

/// A page that running text mentions may explain something else: it says little of where the patch is from.
fn weaken_pages(evidence: &mut [Evidence]) {
    for item in evidence.iter_mut().filter(|item| item.class == Class::Web) {
        item.grade = Grade::Weak;
    }
}

fn of_sentence(line: &str, found: &mut Vec<Evidence>) {
    let from = found.len();
    let is_origin = says_commit(&line.to_ascii_lowercase());
    if is_origin && !line.contains("://") {
        let hashes = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| is_hash(w));
        found.extend(hashes.map(|w| evidence(Class::UpstreamCommit, Grade::Identifier, w)));
    }
    of_line(line, Place::Header, found);
    weaken_pages(&mut found[from..]);
    if !is_origin {
        weaken_commits(&mut found[from..]);
    }
}

/// Whether a sentence says which commit the patch is, and not which one it mends or takes back.
fn says_commit(lower: &str) -> bool {
    const OTHERS: &[&str] =
        &["revert", "introduced", "since ", "broke", "regress", "caused", "fixes", "after commit"];
    let says = ["cherry picked from", "cherry-picked from", "backported from", "upstream commit"]
        .iter()
        .any(|words| lower.contains(words))
        || lower.contains("commit ")
            && (lower.contains("upstream") || lower.trim_start().starts_with("commit "));
    says && !OTHERS.iter().any(|word| lower.contains(word))
}

/// A commit that running text mentions may be another one.
fn weaken_commits(evidence: &mut [Evidence]) {
    let mentioned = |item: &&mut Evidence| item.class == Class::UpstreamCommit && !item.text.contains("://");
    evidence.iter_mut().filter(mentioned).for_each(|item| item.grade = Grade::Weak);
}

/// A commit's hash, where the place says that it is one.
fn is_hash(word: &str) -> bool {
    (7..=64).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
        && (word.len() == 40 || word.bytes().any(|b| b.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let patch = Patch::new(text.as_bytes());
        of_header(&patch)
            .into_iter()
            .map(|e| format!("{} {} {}", e.class.id(), e.grade.id(), e.text))
            .collect()
    }

    #[test]
    fn forms_of_headers() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        for (text, expected) in [
            (
                format!("From {hash} Mon Sep 17 00:00:00 2001\nFrom: A 123456 <a@b>\n"),
                vec![format!("upstream-commit weak {hash}")],
            ),
            (
                format!("(cherry picked from commit {hash})\n"),
                vec![format!("upstream-commit identifier {hash}")],
            ),
            (format!("Upstream-commit: {hash}\n"), vec![format!("upstream-commit identifier {hash}")]),
            (format!("[ Upstream commit {hash} ]\n"), vec![format!("upstream-commit identifier {hash}")]),
            (format!("commit {hash}\n"), vec![format!("upstream-commit identifier {hash}")]),
            (
                "Origin: backport, https://example.org/x/1\n".into(),
                vec!["upstream-commit link https://example.org/x/1".into()],
            ),
            ("Forwarded: not-needed\n".into(), vec!["own identifier Forwarded: not-needed".into()]),
            (
                "Upstream-Status: Inappropriate [embedded]\n".into(),
                vec!["own identifier Upstream-Status: Inappropriate [embedded]".into()],
            ),
            (
                "Upstream-Status: Backport [https://github.com/a/b/commit/0123456789]\n".into(),
                vec!["upstream-commit link https://github.com/a/b/commit/0123456789".into()],
            ),
            (
                "See https://example.org/wiki/page for more\n".into(),
                vec!["web weak https://example.org/wiki/page".into()],
            ),
            ("RH-Bugzilla: 1982584\n".into(), vec!["bug-tracker identifier 1982584".into()]),
            ("RH-MergeRequest: 12\n".into(), vec!["centos-stream identifier RH-MergeRequest: 12".into()]),
            (format!("Fixes: {hash} (\"mm: this\")\n"), vec![]),
            (format!("This reverts commit {hash}.\n"), vec![format!("upstream-commit weak {hash}")]),
            (
                format!("It is broken since upstream commit {hash}\n"),
                vec![format!("upstream-commit weak {hash}")],
            ),
            ("Resolves: #2131083\n".into(), vec!["bug-tracker identifier #2131083".into()]),
            (
                "References: bsc#1234567 CVE-2020-12345\n".into(),
                vec!["bug-tracker identifier bsc#1234567".into(), "cve identifier CVE-2020-12345".into()],
            ),
            (
                "Bug-Debian: https://bugs.debian.org/123456\n".into(),
                vec!["bug-tracker link https://bugs.debian.org/123456".into()],
            ),
        ] {
            assert_eq!(shown(&text), expected, "{text}");
        }
    }
}
