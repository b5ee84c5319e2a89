//! Paths and file names of libraries: directories that the loader searches, version-free stems.

use bstr::{BStr, BString, ByteSlice};

/// The directory part of `path` (without a final slash), empty for a bare name.
pub(crate) fn parent(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(b"".as_bstr(), |slash| path[..slash].as_bstr())
}

/// The last component of `path`.
pub(crate) fn file_name(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(path, |slash| path[slash + 1..].as_bstr())
}

/// `path` as it is after the `/usr` merge: `/usr/lib64/x` and `/lib64/x` are one place.
pub(crate) fn usr_merged(path: &BStr) -> &BStr {
    path.strip_prefix(b"/usr".as_slice())
        .filter(|rest| rest.starts_with(b"/"))
        .map_or(path, |rest| rest.as_bstr())
}

/// Whether the dynamic loader searches `dir` without being told (ld.so(8)): `/lib`, `/lib64`, their `/usr` twins
/// and the multiarch directory below them.
pub(crate) fn is_default_library_dir(dir: &BStr) -> bool {
    let mut parts = dir.split_str("/").filter(|part| !part.is_empty()).peekable();
    parts.next_if(|part| *part == b"usr");
    let is_lib = parts.next().is_some_and(|part| matches!(part, b"lib" | b"lib64" | b"lib32" | b"libx32"));
    let multiarch = parts.next().is_none_or(|part| part.contains_str("-linux-gnu"));
    is_lib && multiarch && parts.next().is_none()
}

/// Whether a file name is that of a library that programs link with, rather than of a plugin.
pub(crate) fn is_library_name(path: &BStr) -> bool {
    let name = file_name(path);
    (name.starts_with(b"lib") || name.starts_with(b"ld-") || name.starts_with(b"ld64"))
        && name.contains_str(".so")
}

/// `text` with each version number replaced by one `#`, and a version after `.so` dropped:
/// `libfoo-1.2.so.3` and `libfoo-1.10.so.4.1` have the same stem.
pub(crate) fn version_free(text: &BStr) -> BString {
    let mut stem = BString::default();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if !byte.is_ascii_digit() {
            stem.push(byte);
            rest = tail;
            continue;
        }
        rest = skip_version(rest);
        if stem.ends_with(b".so.") {
            stem.pop();
        } else {
            stem.push(b'#');
        }
    }
    stem
}

/// What follows the digits and dots at the start of `text`; a dot counts only between digits.
fn skip_version(text: &[u8]) -> &[u8] {
    let mut end = 0;
    while end < text.len() {
        let dotted = text[end] == b'.' && text.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !text[end].is_ascii_digit() && !dotted {
            break;
        }
        end += 1;
    }
    &text[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(text: &str) -> String {
        version_free(text.into()).to_string()
    }

    #[test]
    fn versions_leave_the_stem() {
        assert_eq!(stem("libnvpair.so.3.0.0"), "libnvpair.so");
        assert_eq!(stem("libnvpair.so"), "libnvpair.so");
        assert_eq!(stem("libfoo-1.2.so"), "libfoo-#.so");
        assert_eq!(stem("libfoo-1.2.so.3"), stem("libfoo-1.10.so.4.1"));
        assert_ne!(stem("libfoo.so.1"), stem("libbar.so.1"));
        assert_eq!(stem("/usr/lib/python3.9/x.so"), "/usr/lib/python#/x.so");
    }

    #[test]
    fn loader_directories() {
        for dir in ["/usr/lib64", "/lib", "/usr/lib/x86_64-linux-gnu", "lib64", "usr/lib"] {
            assert!(is_default_library_dir(dir.into()), "{dir}");
        }
        for dir in ["/usr/lib64/foo", "/opt/lib", "", "/usr/lib/x86_64-linux-gnu/foo", "/usr/libexec"] {
            assert!(!is_default_library_dir(dir.into()), "{dir}");
        }
    }

    #[test]
    fn parents_and_names() {
        assert_eq!(parent("/usr/lib/x.so".into()), "/usr/lib");
        assert_eq!(parent("x.so".into()), "");
        assert_eq!(usr_merged("/usr/lib/x".into()), "/lib/x");
        assert_eq!(usr_merged("/usrlib/x".into()), "/usrlib/x");
        assert!(is_library_name("/lib/libfoo.so.1".into()));
        assert!(!is_library_name("/lib/plugins/foo.so".into()));
    }
}
