//! Changes of files as a unified diff.

use std::fmt::Write as _;

use similar::TextDiff;

use crate::files::Change;

/// Lines of context around a change.
const CONTEXT_LINES: usize = 3;

/// The changes as `diff -u` shows them; files that are no text are only named.
pub fn unified(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        one(&mut text, change);
    }
    text
}

fn one(text: &mut String, change: &Change) {
    let side = |present: bool, prefix: &str| {
        if present { format!("{prefix}/{}", change.path) } else { "/dev/null".to_owned() }
    };
    let (old, new) = (side(change.before.is_some(), "a"), side(change.after.is_some(), "b"));
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    if before.contains(&0) || after.contains(&0) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Binary files {old} and {new} differ");
        return;
    }
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(&before, &after);
    let _ = write!(text, "{}", diff.unified_diff().context_radius(CONTEXT_LINES).header(&old, &new));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_and_a_changed_one() {
        let changes = [
            Change { path: "a".into(), before: Some(b"x\ny\n".into()), after: Some(b"x\nz\n".into()) },
            Change { path: "b".into(), before: None, after: Some(b"\0".into()) },
        ];
        assert_eq!(
            unified(&changes),
            "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\nBinary files /dev/null and b/b differ\n"
        );
    }
}
