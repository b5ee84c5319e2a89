//! References in running text: links, CVEs, bugs, commits.

use super::{Class, Evidence, Grade, Place, class_of_link};
use crate::modify::origin::is_cve;

/// How long an identifier or link may be to count.
const MOST_CHARS: usize = 400;

/// The references in a text.
pub fn of_text(text: &str, place: Place) -> Vec<Evidence> {
    let mut found = Vec::new();
    for line in text.lines() {
        of_line(line, place, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

pub(super) fn of_line(line: &str, place: Place, found: &mut Vec<Evidence>) {
    // rpm has %% for a percent sign.
    let line = line.replace("%%", "%");
    let mut add = |class, grade, text: &str| {
        if text.chars().count() <= MOST_CHARS {
            found.push(Evidence { place, class, grade, text: text.to_owned() });
        }
    };
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == ',' || c == '<' || c == '>' || c == '"').collect();
    let mut before = "";
    let mut in_bugs = false;
    for word in words.iter().copied().filter(|word| !word.is_empty()) {
        if let Some(link) = link(word) {
            match class_of_link(link) {
                Some(class) => add(class, Grade::Link, link),
                // A home page says whose it is, not what.
                None => add(Class::Web, Grade::Weak, link),
            }
            before = word;
            continue;
        }
        let mut hit = false;
        for cve in cves_in(word) {
            add(Class::Cve, Grade::Identifier, &cve);
            hit = true;
        }
        let bugs = bugs_in(word, before, in_bugs);
        for bug in &bugs {
            add(Class::BugTracker, Grade::Identifier, bug);
        }
        in_bugs = hit
            || !bugs.is_empty()
            || (in_bugs && matches!(word, "and" | "&" | "+" | ";"))
            || is_bug_word(word);
        if let Some(hash) = hash(word, before) {
            add(Class::UpstreamCommit, Grade::Identifier, hash);
        }
        before = word;
    }
    if says_own(&line) {
        add(Class::Own, Grade::Identifier, line.trim().trim_start_matches('#').trim());
    }
}

/// The address in a word, without the punctuation around it.
fn link(word: &str) -> Option<&str> {
    let at =
        ["https://", "http://", "ftp://", "git://"].iter().filter_map(|scheme| word.find(scheme)).min()?;
    let link = word[at..].trim_end_matches(['.', ';', ':', '\'', '`', ']', '}', '*', '!']);
    let balanced = link.matches('(').count() >= link.matches(')').count();
    let link = if balanced { link } else { link.trim_end_matches(')') };
    (link.len() > "https://".len()).then_some(link)
}

/// The CVE identifiers in a word, also in names like `x-CVE-2020-1234-2.patch`, in any case, with underscores.
pub(super) fn cves_in(word: &str) -> Vec<String> {
    let upper = word.to_ascii_uppercase().replace('_', "-");
    let mut found = Vec::new();
    for (at, _) in upper.match_indices("CVE-") {
        let rest = &upper[at + 4..];
        let year: String = rest.chars().take(4).collect();
        let number: String = rest.chars().skip(5).take_while(char::is_ascii_digit).collect();
        let cve = format!("CVE-{year}-{number}");
        if rest.chars().nth(4) == Some('-') && is_cve(&cve) {
            found.push(cve);
        }
    }
    found
}

const TRACKERS: &[&str] = &[
    "RHBZ", "BZ", "RH", "BUG", "BUGZILLA", "BSC", "BNC", "BOO", "GHBUG", "LP", "DEB", "UBUNTU", "REDHAT",
    "RHBUG", "ISSUE", "ISSUES", "GH", "JIRA", "TICKET",
];

fn is_bug_word(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_uppercase();
    matches!(
        bare.as_str(),
        "RHBZ"
            | "BZ"
            | "BUG"
            | "BUGS"
            | "BUGZILLA"
            | "RESOLVES"
            | "RELATED"
            | "FIXES"
            | "BSC"
            | "BNC"
            | "ISSUE"
            | "TICKET"
    )
}

/// The bugs that a word names, given the one before it.
fn bugs_in(word: &str, before: &str, in_bugs: bool) -> Vec<String> {
    let bare = word.trim_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '#'));
    if let Some(bug) = jira(bare) {
        return vec![bug.to_owned()];
    }
    for part in bare.split(['(', ')', '/', '[', ']', ';', '=']) {
        let upper = part.to_ascii_uppercase();
        let digits = upper.trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())];
        let prefix = &upper[..upper.len() - upper.trim_start_matches(|c: char| !c.is_ascii_digit()).len()];
        let rest = &upper[prefix.len() + digits.len()..];
        if digits.len() < 3
            || digits.len() > 8
            || rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' && rest.len() > 1)
        {
            continue;
        }
        let name = prefix
            .trim_matches(['#', ':', '-', '_', ' '])
            .rsplit(['#', ':', '-', '_', '.'])
            .next()
            .unwrap_or_default();
        let is_tracker = TRACKERS.contains(&name);
        // `#1234567` is a bug of the distribution's tracker; a bare number after "bug" is one too.
        let marked = prefix.ends_with('#') && digits.len() >= 3;
        let after_word = prefix.is_empty() && (is_bug_word(before) || in_bugs && digits.len() >= 6);
        let leading = prefix.is_empty() && digits.len() >= 6 && digits.len() <= 7 && is_leading(before);
        if is_tracker || marked || after_word || leading {
            let shown = if prefix.is_empty() {
                digits.to_owned()
            } else {
                part[..prefix.len() + digits.len()].to_owned()
            };
            return vec![shown];
        }
    }
    Vec::new()
}

/// `# 1825253 - what it is`
fn is_leading(before: &str) -> bool {
    before.bytes().all(|b| b == b'#')
}

/// Projects of the trackers that distributions use.
const PROJECTS: &[&str] = &[
    "RHEL", "RHELPLAN", "CRYPTO", "OAMG", "SSSD", "FREEIPA", "OCPBUGS", "CS", "KERNEL", "ESSNTL", "CCT",
    "PCKT",
];

/// Whether a word is such a project.
pub(super) fn is_jira_project(word: &str) -> bool {
    PROJECTS.contains(&word)
}

/// `PROJECT-123`
fn jira(word: &str) -> Option<&str> {
    let (project, rest) = word.split_once('-')?;
    let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
    let ends = rest[digits.len()..].chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.');
    (is_jira_project(project) && digits.len() >= 2 && ends).then(|| &word[..project.len() + 1 + digits.len()])
}

/// A commit's hash: forty digits, or fewer after a word that says so.
fn hash<'w>(word: &'w str, before: &str) -> Option<&'w str> {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let bare = bare.rsplit(['/', '@', ':', '=']).next().unwrap_or(bare);
    let is_hex = bare.bytes().all(|b| b.is_ascii_hexdigit());
    let mixed = bare.bytes().any(|b| b.is_ascii_digit()) && bare.bytes().any(|b| b.is_ascii_alphabetic());
    let said = {
        let before = before.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
        matches!(
            before.as_str(),
            "commit"
                | "commits"
                | "upstream"
                | "revision"
                | "rev"
                | "cherry-picked"
                | "hash"
                | "changeset"
                | "git"
        ) || before.ends_with("commit")
    };
    let long = bare.len() == 40;
    (is_hex && mixed && bare.len() <= 40 && (long || (said && bare.len() >= 7))).then_some(bare)
}

/// Whether a line says that the patch comes from nowhere else.
pub(super) fn says_own(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "rhel-only",
        "rhel only",
        "rhel specific",
        "rhel-specific",
        "red hat specific",
        "redhat specific",
        "fedora specific",
        "fedora-specific",
        "downstream only",
        "downstream-only",
        "downstream specific",
        "downstream-specific",
        "not upstream",
        "not for upstream",
        "no upstream",
        "never upstream",
        "distro specific",
        "distro-specific",
        "distribution specific",
    ];
    WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        of_text(text, Place::Comment)
            .into_iter()
            .map(|e| format!("{} {} {}", e.class.id(), e.grade.id(), e.text))
            .collect()
    }

    #[test]
    fn real_comments() {
        for (text, expected) in [
            ("# Audit race condition in forked child (#1310684)", vec!["bug-tracker identifier #1310684"]),
            ("# CVE-2022-46343", vec!["cve identifier CVE-2022-46343"]),
            (
                "# 1825253 - CVE-2020-3898 cups: heap",
                vec!["bug-tracker identifier 1825253", "cve identifier CVE-2020-3898"],
            ),
            ("#Added due to rhbz#1873975 - default-acls", vec!["bug-tracker identifier rhbz#1873975"]),
            (
                "# Reverts ABI change done in version 1.8.0 (bz#2027735)",
                vec!["bug-tracker identifier bz#2027735"],
            ),
            (
                "# b23fe83f06ee7e721033769cfa03ae840476d280",
                vec!["upstream-commit identifier b23fe83f06ee7e721033769cfa03ae840476d280"],
            ),
            ("# upstream commit b23fe83", vec!["upstream-commit identifier b23fe83"]),
            (
                "# see https://github.com/a/b/pull/1.",
                vec!["merge-request link https://github.com/a/b/pull/1"],
            ),
            ("# (RHEL-12345)", vec!["bug-tracker identifier RHEL-12345"]),
            ("# RHEL-only patch", vec!["own identifier RHEL-only patch"]),
            (
                "# Bug 123456 and 234567",
                vec!["bug-tracker identifier 123456", "bug-tracker identifier 234567"],
            ),
            ("# Fixed covscan issues for rhel-9", vec![]),
            ("# in version 8.32.1, 2021-01-01", vec![]),
            ("# deadbeef is not enough", vec![]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
