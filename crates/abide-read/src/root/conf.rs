//! `/etc/ld.so.conf` with what it includes: the directories that ldconfig enters into its cache (ldconfig(8)).

use std::collections::BTreeSet;
use std::fs;

use bstr::{BStr, BString, ByteSlice};

use super::Root;

/// Files that are read in all; each is read once, so that includes in a circle end.
const FILES_MAX: usize = 1000;
/// Size of one file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// Directories, in order.
    pub directories: Vec<BString>,
}

/// Reads the configuration of a root; without one there are no directories.
pub fn read_configuration(root: &Root) -> Configured {
    let mut configured = Configured::default();
    let mut ahead: Vec<BString> = vec!["/etc/ld.so.conf".into()];
    let mut seen = BTreeSet::new();
    while let Some(file) = ahead.pop() {
        if seen.len() >= FILES_MAX || !seen.insert(file.clone()) {
            continue;
        }
        let Some(text) = read(root, file.as_bstr()) else { continue };
        let mut included = Vec::new();
        for line in text.lines() {
            match parse(line) {
                Line::Directory(directory) => configured.directories.push(directory),
                Line::Include(pattern) => included.extend(matches(root, pattern.as_bstr())),
                Line::Nothing => {}
            }
        }
        // What is included comes in the order of the names.
        ahead.extend(included.into_iter().rev());
    }
    configured
}

fn read(root: &Root, path: &BStr) -> Option<BString> {
    let path = root.find(path)?;
    let metadata = fs::metadata(&path).ok()?;
    let is_read = metadata.is_file() && metadata.len() <= FILE_BYTES_MAX;
    is_read.then(|| fs::read(&path).ok().map(Into::into)).flatten()
}

enum Line {
    Directory(BString),
    Include(BString),
    Nothing,
}

/// Comments from `#` on; `include PATTERN`; a directory, perhaps with `=TYPE`; `hwcap` has no meaning any more.
fn parse(line: &[u8]) -> Line {
    let line = line.split(|&b| b == b'#').next().unwrap_or_default().trim();
    match line.strip_prefix(b"include").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace)) {
        Some(pattern) => Line::Include(pattern.trim().into()),
        None if line.starts_with(b"/") => {
            let directory = line.split(|&b| b == b'=').next().unwrap_or_default();
            Line::Directory(directory.trim_end_with(|c| c == '/' || c == ' ').into())
        }
        None => Line::Nothing,
    }
}

/// The files of a pattern with wildcards in its last part, sorted; a relative one starts at `/etc`.
fn matches(root: &Root, pattern: &BStr) -> Vec<BString> {
    let pattern: BString = if pattern.starts_with(b"/") {
        pattern.into()
    } else {
        [b"/etc/".as_slice(), pattern.as_bytes()].concat().into()
    };
    let Some((directory, name)) = pattern.rsplit_once_str("/") else { return Vec::new() };
    let Some(found) = root.find(directory.as_bstr()) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(found) else { return Vec::new() };
    let names = entries.filter_map(|e| Some(BString::from(e.ok()?.file_name().to_string_lossy().as_bytes())));
    let mut names: Vec<BString> = names.filter(|n| !n.starts_with(b".") && fits(name, n)).collect();
    names.sort();
    names.into_iter().map(|n| [directory, b"/", &n[..]].concat().into()).collect()
}

/// Whether a name fits a pattern of `*` and `?` (glob(7), without brackets).
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, n) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_followed_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let etc = dir.path().join("etc/ld.so.conf.d");
        fs::create_dir_all(&etc).unwrap();
        fs::write(dir.path().join("etc/ld.so.conf"), "include ld.so.conf.d/*.conf\n/last # not first\n")
            .unwrap();
        fs::write(etc.join("b.conf"), "/b/\n").unwrap();
        fs::write(etc.join("a.conf"), "# a\n/a=libc6\nhwcap 1 x\ninclude /etc/ld.so.conf\n").unwrap();
        fs::write(etc.join("c.other"), "/c\n").unwrap();
        let found = read_configuration(&Root::new(dir.path())).directories;
        assert_eq!(found.first().map(|d| d.to_string()).as_deref(), Some("/last"));
        assert!(found.iter().any(|d| d == "/a") && found.iter().any(|d| d == "/b"));
        assert!(!found.iter().any(|d| d == "/c"));
    }

    #[test]
    fn patterns() {
        assert!(fits(b"*.conf", b"a.conf") && fits(b"a*b*c", b"aXbYbc") && fits(b"?", b"x"));
        assert!(!fits(b"*.conf", b"a.confx") && !fits(b"?", b"") && !fits(b"a", b"b"));
    }
}
