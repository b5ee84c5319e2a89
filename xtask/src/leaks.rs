//! Secrets and machine paths that must not be in the tree.
//!
//! Looks at tracked text files, and at the raw bytes of the example RPMs' repositories as they are.

use std::path::Path;
use std::process::Command;

use crate::workspace::{self, Outcome};

/// What no tracked file may contain, with what it would be. Written in two halves, so that this file passes.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("-----BEGIN ", "RSA PRIVATE KEY", "a private key"),
    ("-----BEGIN ", "OPENSSH PRIVATE KEY", "a private key"),
    ("-----BEGIN ", "PRIVATE KEY", "a private key"),
    ("-----BEGIN PGP ", "PRIVATE KEY", "a private key"),
    ("gh", "p_", "a token"),
    ("AK", "IA", "an access key"),
    ("/home", "/", "a home directory"),
    ("/root", "/", "a home directory"),
    ("/work", "/", "a path of a building machine"),
    ("/Use", "rs/", "a home directory"),
];

/// Fails with the list of places.
pub(crate) fn check() -> Outcome {
    let root = workspace::root();
    let listed = workspace::output(Command::new("git").current_dir(&root).args(["ls-files", "-z"]))?;
    let mut wrong = Vec::new();
    let mut seen = 0;
    for name in listed.split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let name = String::from_utf8_lossy(name);
        // A file may be deleted and not yet committed; that is no leak.
        let Ok(content) = std::fs::read(root.join(&*name)) else { continue };
        seen += 1;
        wrong.extend(leaks_of(&name, &content));
    }
    if wrong.is_empty() {
        println!("leaks: {seen} tracked files, none found");
        return Ok(());
    }
    Err(format!("these must not be in the tree:\n  {}", wrong.join("\n  ")))
}

fn leaks_of(name: &str, content: &[u8]) -> Vec<String> {
    if is_binary(Path::new(name), content) {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(content);
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (first, second, what) in FORBIDDEN {
            if has_word(line, first, second) {
                found.push(format!("{name}:{}: {what}", number + 1));
            }
        }
    }
    found
}

/// Whether `line` has the two halves together, not in the middle of a longer word or path.
fn has_word(line: &str, first: &str, second: &str) -> bool {
    let word = format!("{first}{second}");
    line.match_indices(&word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '+' | '=' | '/'))
    })
}

fn is_binary(path: &Path, content: &[u8]) -> bool {
    path.extension().is_some_and(|e| e == "lock") || content.iter().take(8000).any(|b| *b == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_paths_and_keys_but_not_parts_of_words() {
        let path = format!("see {}{}me/x", "/home", "/");
        assert_eq!(leaks_of("a", path.as_bytes()).len(), 1);
        let key = format!("-----BEGIN {}-----", "OPENSSH PRIVATE KEY");
        assert_eq!(leaks_of("a", key.as_bytes()).len(), 1);
        assert_eq!(leaks_of("a", b"crates/work/x and target/root/y"), Vec::<String>::new());
        assert_eq!(leaks_of("a", path.replace('s', "\0").as_bytes()), Vec::<String>::new());
    }
}
