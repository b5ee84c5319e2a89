//! Paths under which debug files are installed, as bytes.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use crate::repo::hex;

/// Where distributions install debug files.
pub(super) const DEBUG_ROOT: &str = "/usr/lib/debug";

/// A build-id in hex.
pub fn build_id_text(id: &[u8]) -> String {
    hex(id)
}

/// `.build-id/xx/yyyy.debug` below `root`.
pub fn build_id_path(root: &str, id: &[u8]) -> BString {
    let (first, rest) = id.split_at(id.len().min(1));
    format!("{root}/.build-id/{}/{}.debug", hex(first), hex(rest)).into()
}

/// The build-id in the path of a debug file that is installed as [`build_id_path`] says, below any root.
pub fn build_id_of_path(path: &Path) -> Option<Vec<u8>> {
    let folder = path.parent()?;
    if folder.parent()?.file_name()? != ".build-id" {
        return None;
    }
    let rest = path.file_name()?.to_str()?.strip_suffix(".debug")?;
    let text = format!("{}{rest}", folder.file_name()?.to_str().filter(|first| first.len() == 2)?);
    let is_hex = text.len() % 2 == 0 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    is_hex.then(|| (0..text.len()).step_by(2).map(byte).collect())?
}

/// Everything before the last slash.
pub fn parent(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(b"".as_bstr(), |at| path[..at].as_bstr())
}

/// Everything after the last slash.
pub(super) fn file_name(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(path, |at| path[at + 1..].as_bstr())
}

/// `path` as seen from the directory `base`, normalized.
pub fn join(base: &BStr, path: &BStr) -> BString {
    match path.starts_with(b"/") {
        true => normalize(path),
        false => normalize([base.as_bytes(), b"/", path].concat().as_bstr()),
    }
}

/// Resolves `.` and `..` by name alone; `..` at the root stays there.
pub fn normalize(path: &BStr) -> BString {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split_str(b"/") {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let root: &[u8] = if path.starts_with(b"/") { b"/" } else { b"" };
    [root, &bstr::join("/", parts)[..]].concat().into()
}

/// The same directory before and after the merge of `/bin`, `/sbin`, `/lib*` into `/usr`.
pub(super) fn usr_merge_twin(path: &BStr) -> Option<BString> {
    const MERGED: [&[u8]; 4] = [b"/lib/", b"/lib64/", b"/bin/", b"/sbin/"];
    let is_merged = |p: &[u8]| MERGED.iter().any(|m| p.starts_with(m));
    match path.strip_prefix(b"/usr") {
        Some(rest) if is_merged(rest) => Some(rest.into()),
        None if is_merged(path) => Some([b"/usr", path.as_bytes()].concat().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_debug_files_state_build_ids() {
        let id = |path: &str| build_id_of_path(Path::new(path));
        assert_eq!(id("/x/.build-id/0a/ff10.debug"), Some(vec![0x0a, 0xff, 0x10]));
        for other in [
            "/x/.build-id/0a/ff1.debug",
            "/x/.build-id/0a/ff10",
            "/x/0a/ff10.debug",
            "/x/.build-id/é/f.debug",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }

    #[test]
    fn paths_are_resolved_by_name() {
        assert_eq!(normalize("/usr/lib/../lib64/./a".into()), "/usr/lib64/a");
        assert_eq!(normalize("/../../a".into()), "/a");
        assert_eq!(normalize("a/../../b".into()), "b");
        assert_eq!(join("/usr/lib/debug/usr/lib64".into(), "../../.dwz/x".into()), "/usr/lib/debug/.dwz/x");
        assert_eq!(join("/a".into(), "/b/c".into()), "/b/c");
        assert_eq!(parent("/a/b".into()), "/a");
        assert_eq!(file_name("/a/b".into()), "b");
    }

    #[test]
    fn build_ids_split_after_the_first_byte() {
        assert_eq!(build_id_path(DEBUG_ROOT, &[0xab, 0xcd, 1]), "/usr/lib/debug/.build-id/ab/cd01.debug");
        assert_eq!(build_id_path("", &[]), "/.build-id//.debug");
    }

    #[test]
    fn twins_of_merged_directories() {
        assert_eq!(usr_merge_twin("/lib64/a.so".into()), Some("/usr/lib64/a.so".into()));
        assert_eq!(usr_merge_twin("/usr/lib64/a.so".into()), Some("/lib64/a.so".into()));
        assert_eq!(usr_merge_twin("/usr/libexec/a".into()), None);
        assert_eq!(usr_merge_twin("/opt/a".into()), None);
    }
}
