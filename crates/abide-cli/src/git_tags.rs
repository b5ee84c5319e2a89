//! The names of a git repository's tags, read from its files.

use std::fs;
use std::path::{Path, PathBuf};

/// How deep the names of tags may go.
const MOST_DEPTH: usize = 16;

/// The names of the tags of the repository that a folder is the root of; none when it is no repository.
pub(crate) fn tags(folder: &Path) -> Vec<String> {
    let Some(git) = common_folder(&folder.join(".git")) else { return Vec::new() };
    let packed = fs::read_to_string(git.join("packed-refs")).unwrap_or_default();
    let mut names: Vec<String> = packed
        .lines()
        .filter_map(|line| line.split_once(" refs/tags/").map(|(_, name)| name.to_owned()))
        .collect();
    let mut todo = vec![(git.join("refs/tags"), String::new(), 0)];
    while let Some((path, prefix, depth)) = todo.pop() {
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MOST_DEPTH => {
                    todo.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
                }
                Ok(kind) if kind.is_file() => names.push(format!("{prefix}{name}")),
                _ => {}
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Where the references are: `.git` itself, or what it points to in a worktree.
fn common_folder(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let text = fs::read_to_string(git).ok()?;
    let folder = git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    match fs::read_to_string(folder.join("commondir")) {
        Ok(common) => Some(folder.join(common.trim())),
        Err(_) => Some(folder),
    }
}
