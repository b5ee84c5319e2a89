//! Patch files: the words before the first difference, and the differences.
//!
//! Tolerant: what is no difference is text. Made by `git format-patch`, `diff -u`, `svn diff`, several after each other,
//! all read the same way. Context differences (`diff -c`) and binary ones are only noted.

use std::collections::BTreeSet;

/// Files of more bytes than this are no patches that a person reads.
pub const MOST_BYTES: usize = 64 << 20;

/// A patch file.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Words before the first difference and between mails, as lines.
    pub header: Vec<String>,
    /// The differences, in order.
    pub files: Vec<FileDiff>,
    /// Whether it holds differences that are not read: binary, or with context above and below.
    pub other_formats: bool,
}

/// The differences of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDiff {
    /// Path before, without the first part (`a/`).
    pub old: String,
    /// Path after, without the first part (`b/`).
    pub new: String,
    /// The places that differ.
    pub hunks: Vec<Hunk>,
}

impl FileDiff {
    /// The path that says which file it is.
    pub fn path(&self) -> &str {
        if self.new == "/dev/null" || self.new.is_empty() { &self.old } else { &self.new }
    }
}

/// One place that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// First line of it before, from 1.
    pub old_start: usize,
    /// The lines with their first character: space, `-` or `+`.
    pub lines: Vec<(u8, String)>,
}

impl Hunk {
    /// The lines of one side: `-` for the one before, `+` for the one after.
    pub fn side(&self, sign: u8) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .filter(move |(mark, _)| *mark == b' ' || *mark == sign)
            .map(|(_, line)| line.as_str())
    }

    /// Only what was added and removed, without white space.
    fn changes(&self) -> String {
        let mut text = String::new();
        for (mark, line) in self.lines.iter().filter(|(mark, _)| *mark != b' ') {
            text.push(char::from(*mark));
            text.extend(line.chars().filter(|c| !c.is_whitespace()));
            text.push('\n');
        }
        text
    }
}

impl Patch {
    /// Reads a patch file.
    pub fn new(bytes: &[u8]) -> Patch {
        let text = crate::text::decode(bytes);
        let mut patch = Patch::default();
        let mut lines = text.split('\n').peekable();
        let mut old: Option<String> = None;
        let mut in_words = true;
        while let Some(line) = lines.next() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some((old_start, old_count, new_count)) = hunk_start(line) {
                let hunk = read_hunk(&mut lines, old_start, old_count, new_count);
                if patch.files.is_empty() {
                    patch.files.push(FileDiff::default());
                }
                if let Some(file) = patch.files.last_mut() {
                    file.hunks.push(hunk);
                }
                in_words = false;
            } else if let (Some(before), Some(path)) = (&old, line.strip_prefix("+++ ")) {
                patch.files.push(FileDiff { old: before.clone(), new: path_of(path), hunks: Vec::new() });
                old = None;
                in_words = false;
            } else if let Some(path) =
                line.strip_prefix("--- ").filter(|_| lines.peek().is_some_and(|l| l.starts_with("+++ ")))
            {
                old = Some(path_of(path));
            } else {
                if line.starts_with("GIT binary patch")
                    || line.starts_with("Binary files ")
                    || line.starts_with("*** ") && line.ends_with(" ****")
                {
                    patch.other_formats = true;
                }
                // The next mail of several in one file.
                in_words |= from_hash(line).is_some();
                if line.starts_with("diff ") || line.starts_with("Index: ") {
                    in_words = false;
                }
                if in_words {
                    patch.header.push(line.to_owned());
                }
            }
        }
        patch
    }

    /// The subject of the first mail in it, without `[PATCH 1/2]`.
    pub fn subject(&self) -> Option<String> {
        let at = self.header.iter().position(|line| line.starts_with("Subject:"))?;
        let mut subject = self.header[at]["Subject:".len()..].trim().to_owned();
        for line in self.header[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t'])) {
            subject.push(' ');
            subject.push_str(line.trim());
        }
        if let Some((mark, rest)) = subject.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            && mark.to_ascii_uppercase().contains("PATCH")
        {
            subject = rest.trim().to_owned();
        }
        (!subject.is_empty()).then_some(subject)
    }

    /// What identifies the change whatever lines it stands at and whatever white space and context it has; none when
    /// nothing was read.
    pub fn change_id(&self) -> Option<String> {
        let mut parts: Vec<String> = self
            .files
            .iter()
            .filter(|file| !file.hunks.is_empty())
            .map(|file| {
                format!("{}\n{}", file.path(), file.hunks.iter().map(Hunk::changes).collect::<String>())
            })
            .collect();
        if parts.is_empty() {
            return None;
        }
        parts.sort();
        Some(blake3::hash(parts.concat().as_bytes()).to_hex().to_string())
    }

    /// The places that differ, each as something that can be found again in another patch.
    pub fn hunk_keys(&self) -> BTreeSet<String> {
        self.files
            .iter()
            .flat_map(|file| file.hunks.iter().map(|hunk| format!("{}\n{}", file.path(), hunk.changes())))
            .collect()
    }

    /// How many lines it adds and removes.
    pub fn size(&self) -> (usize, usize) {
        let lines = || self.files.iter().flat_map(|file| &file.hunks).flat_map(|hunk| &hunk.lines);
        let count = |sign: u8| lines().filter(|(mark, _)| *mark == sign).count();
        (count(b'+'), count(b'-'))
    }
}

/// The hash of a mail's first line, `From HASH Mon Sep 17 00:00:00 2001`.
pub fn from_hash(line: &str) -> Option<&str> {
    let (hash, rest) = line.strip_prefix("From ")?.split_once(' ')?;
    let is_hash = hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    (is_hash && rest.starts_with(['M', 'T', 'W', 'F', 'S'])).then_some(hash)
}

/// A path of `---` or `+++`, without what follows a tab and without its first part.
fn path_of(text: &str) -> String {
    let path = text.split('\t').next().unwrap_or(text).trim_end();
    let path = path.strip_suffix(" 1970-01-01").unwrap_or(path);
    let path = path.split(" 2").next().filter(|p| !p.is_empty()).unwrap_or(path).trim_end();
    if path == "/dev/null" {
        return path.to_owned();
    }
    path.split_once('/').map_or(path, |(_, rest)| rest).to_owned()
}

/// `@@ -start,count +start,count @@`
fn hunk_start(line: &str) -> Option<(usize, usize, usize)> {
    let rest = line.strip_prefix("@@ -")?;
    let (old, rest) = rest.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let (old_start, old_count) = range(old)?;
    Some((old_start, old_count, range(new)?.1))
}

/// Reads as many lines as the hunk says it has, or up to the first that cannot belong to it.
fn read_hunk<'t>(
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>,
    old_start: usize,
    mut old: usize,
    mut new: usize,
) -> Hunk {
    let mut hunk = Hunk { old_start, lines: Vec::new() };
    while old > 0 || new > 0 {
        let Some(line) = lines.peek() else { break };
        let (mark, rest) = match line.as_bytes().first() {
            // Mailers cut the space of an empty line off.
            None => (b' ', ""),
            Some(b'\r') => (b' ', *line),
            Some(mark @ (b' ' | b'+' | b'-')) => (*mark, &line[1..]),
            Some(b'\\') => {
                lines.next();
                continue;
            }
            Some(_) => break,
        };
        if mark != b'+' {
            old = old.saturating_sub(1);
        }
        if mark != b'-' {
            new = new.saturating_sub(1);
        }
        hunk.lines.push((mark, rest.to_owned()));
        lines.next();
    }
    hunk
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Subject: [PATCH 1/2] Fix a
 long line

Because.
--- not a path
---
 a.c | 2 +-

diff --git a/src/a.c b/src/a.c
index 1..2 100644
--- a/src/a.c
+++ b/src/a.c
@@ -1,3 +1,3 @@ fn
 x
--- y
+-- z

diff --git a/b b/b
--- /dev/null\t2020-01-01
+++ b/b\t2020-01-01
@@ -0,0 +1 @@
+new
\\ No newline at end of file
-- 
2.40
";

    #[test]
    fn a_mail() {
        let patch = Patch::new(MAIL.as_bytes());
        assert_eq!(patch.subject().unwrap(), "Fix a long line");
        assert_eq!(patch.files.len(), 2);
        assert_eq!(patch.files[0].path(), "src/a.c");
        assert_eq!(patch.files[0].hunks[0].side(b'+').collect::<Vec<_>>(), ["x", "-- z", ""]);
        assert_eq!(patch.files[1].path(), "b");
        assert_eq!(patch.size(), (2, 1));
        assert!(patch.header.iter().any(|line| line == "Because."));
    }

    #[test]
    fn a_change_is_known_again_elsewhere() {
        let id = Patch::new(MAIL.as_bytes()).change_id();
        let moved = MAIL
            .replace("@@ -1,3 +1,3 @@", "@@ -7,3 +9,3 @@")
            .replace("\n x\n", "\n y\n")
            .replace("+-- z", "+--  z");
        assert_eq!(Patch::new(moved.as_bytes()).change_id(), id);
        let other = MAIL.replace("+-- z", "+-- q");
        assert_ne!(Patch::new(other.as_bytes()).change_id(), id);
        assert_eq!(Patch::new(b"words\n").change_id(), None);
    }

    #[test]
    fn cut_short() {
        let patch = Patch::new(b"--- a/x\n+++ b/x\n@@ -1,99999999999 +1,9 @@\n-a\n");
        assert_eq!(patch.files[0].hunks[0].lines.len(), 2);
    }
}
