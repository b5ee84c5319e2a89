//! References in a patch's file name: CVEs, bugs, commits, words that say whose it is.

use super::words::{cves_in, is_jira_project, says_own};
use super::{Class, Evidence, Grade, Place};

/// What stands before a bug's number, in a word of its own or joined to it.
const TRACKERS: &[&str] = &[
    "bz", "rhbz", "rhbug", "bug", "bugzilla", "issue", "issues", "gh", "ghbug", "lp", "bsc", "bnc", "boo",
    "jira", "ticket",
];
/// Fewer digits are parts of names and versions.
const LEAST_DIGITS: usize = 3;

/// The references in a file name.
pub fn of_name(file: &str) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut add = |class, grade, text: &str| {
        found.push(Evidence { place: Place::Name, class, grade, text: text.to_owned() });
    };
    for cve in cves_in(file) {
        add(Class::Cve, Grade::Identifier, &cve);
    }
    let words: Vec<(usize, &str)> = words(file);
    for (index, (at, word)) in words.iter().enumerate() {
        let before = index.checked_sub(1).map(|i| words[i]);
        if let Some((grade, start)) = bug(word, *at, before) {
            let is_of_cve = index >= 2 && words[index - 2].1.eq_ignore_ascii_case("cve");
            if !is_of_cve {
                add(Class::BugTracker, grade, &file[start..at + word.len()]);
            }
        } else if is_commit(word) {
            add(Class::UpstreamCommit, Grade::Identifier, word);
        }
    }
    if says_own(file) {
        add(Class::Own, Grade::Identifier, file);
    }
    found.sort();
    found.dedup();
    found
}

/// The runs of letters and digits, with where each begins.
fn words(file: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in file.char_indices().chain([(file.len(), '-')]) {
        match (start, c.is_ascii_alphanumeric()) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.push((from, &file[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// How well a word names a bug, and where its name begins.
fn bug(word: &str, at: usize, before: Option<(usize, &str)>) -> Option<(Grade, usize)> {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let prefix = &word[..word.len() - digits.len()];
    if digits.len() < LEAST_DIGITS || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let is_tracker = |name: &str| TRACKERS.iter().any(|tracker| name.eq_ignore_ascii_case(tracker));
    if is_tracker(prefix) || prefix.eq_ignore_ascii_case("rh") && digits.len() >= 6 {
        return Some((Grade::Identifier, at));
    }
    if !prefix.is_empty() {
        return None;
    }
    if let Some((start, name)) = before
        && (is_tracker(name) || is_jira_project(name))
    {
        return Some((Grade::Identifier, start));
    }
    // A number alone: of seven digits it is one of the distribution's tracker, of six it may be.
    match digits.as_bytes() {
        [b'1' | b'2', ..] if digits.len() == 7 => Some((Grade::Identifier, at)),
        [b'1'..=b'9', ..] if digits.len() == 6 => Some((Grade::Weak, at)),
        _ => None,
    }
}

/// Whether a word is a whole hash.
fn is_commit(word: &str) -> bool {
    word.len() == 40
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Vec<String> {
        of_name(name).into_iter().map(|e| format!("{} {} {}", e.class.id(), e.grade.id(), e.text)).collect()
    }

    #[test]
    fn names_of_patches() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        let by_hash = format!("fix-{hash}.patch");
        let commit = format!("upstream-commit identifier {hash}");
        for (name, expected) in [
            ("bz2151166-01-fix-displaying-bool.patch", vec!["bug-tracker identifier bz2151166"]),
            ("openssh-9.3p1-rhbz1234567.patch", vec!["bug-tracker identifier rhbz1234567"]),
            ("foo-2.0-rhbz-123456-a.patch", vec!["bug-tracker identifier rhbz-123456"]),
            (
                "0001-Document-in-the-man-page-RhBug-1646458.patch",
                vec!["bug-tracker identifier RhBug-1646458"],
            ),
            ("sos-RHEL-13701-aap-passwords.patch", vec!["bug-tracker identifier RHEL-13701"]),
            ("0001-Issue-5848-Fix-condition-5916.patch", vec!["bug-tracker identifier Issue-5848"]),
            ("vim-7.4-licensemacro-1151450.patch", vec!["bug-tracker identifier 1151450"]),
            ("vim-manpagefixes-948566.patch", vec!["bug-tracker weak 948566"]),
            ("CVE-2024-123456-1.patch", vec!["cve identifier CVE-2024-123456"]),
            ("x-cve_2020_1234-2.patch", vec!["cve identifier CVE-2020-1234"]),
            (by_hash.as_str(), vec![commit.as_str()]),
            ("foo-rhel-only.patch", vec!["own identifier foo-rhel-only.patch"]),
            ("tuned-2.20.0-rhel-8-profiles.patch", vec![]),
            ("0093-DH-Disable-FIPS-186-4-parameters.patch", vec![]),
            ("postfix-3.5.9-glibc-234-build-fix.patch", vec![]),
            ("foo-20210101-snapshot.patch", vec![]),
            ("0001-a.patch", vec![]),
            ("ěš-čř.patch", vec![]),
        ] {
            assert_eq!(shown(name), expected, "{name}");
        }
    }
}
