//! Names and run paths as the loader takes them apart: tokens, empty elements, `.` and `..`.

use bstr::{BStr, BString, ByteSlice};

use crate::app::system::Directories;

/// What the tokens of a run path stand for (ld.so(8), "Dynamic string tokens").
pub(super) struct Tokens<'a> {
    /// `$ORIGIN`: directory of the file that has the path.
    pub(super) origin: &'a BStr,
    /// `$LIB` and `$PLATFORM`.
    pub(super) directories: &'a Directories,
}

impl Tokens<'_> {
    /// Replaces the tokens. A token in braces, or one that is not followed by a character of a name
    /// (glibc's `is_dst`), counts; anything else stays as it is.
    pub(super) fn expand(&self, text: &BStr) -> BString {
        let mut out = BString::default();
        let mut rest: &[u8] = text;
        while let Some(at) = rest.find_byte(b'$') {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            match self.token(rest) {
                Some((value, length)) => {
                    out.extend_from_slice(value);
                    rest = &rest[length..];
                }
                None => out.push(b'$'),
            }
        }
        out.extend_from_slice(rest);
        out
    }

    fn token(&self, rest: &[u8]) -> Option<(&BStr, usize)> {
        let values = [
            ("ORIGIN", self.origin),
            ("LIB", self.directories.lib.as_bstr()),
            ("PLATFORM", self.directories.platform.as_bstr()),
        ];
        values.into_iter().find_map(|(name, value)| {
            if let Some(braced) = rest.strip_prefix(b"{") {
                let tail = braced.strip_prefix(name.as_bytes())?;
                return tail.starts_with(b"}").then_some((value, name.len() + 2));
            }
            let tail = rest.strip_prefix(name.as_bytes())?;
            let goes_on = tail.first().is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_');
            (!goes_on).then_some((value, name.len()))
        })
    }
}

/// The directories of a run path. An empty element is the working directory.
pub(super) fn elements<'a>(path: &'a BStr, tokens: &Tokens<'_>) -> Vec<BString> {
    let element = |text: &'a [u8]| match tokens.expand(text.as_bstr()) {
        empty if empty.is_empty() => ".".into(),
        directory => directory,
    };
    path.split_str(":").map(element).collect()
}

/// The directory of an absolute path.
pub(crate) fn parent(path: &BStr) -> &BStr {
    match path.rfind_byte(b'/') {
        Some(0) => b"/".as_bstr(),
        Some(at) => path[..at].as_bstr(),
        None => b".".as_bstr(),
    }
}

/// A file in a directory.
pub(crate) fn join(directory: &BStr, name: &[u8]) -> BString {
    let directory = directory.trim_end_with(|c| c == '/');
    [directory, b"/", name].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_as_the_loader_does() {
        let directories = Directories { default: Vec::new(), lib: "lib64".into(), platform: "x86_64".into() };
        let tokens = Tokens { origin: "/opt/a/bin".into(), directories: &directories };
        let expand = |text: &str| tokens.expand(text.into()).to_string();
        assert_eq!(expand("$ORIGIN/../lib"), "/opt/a/bin/../lib");
        assert_eq!(expand("${ORIGIN}lib"), "/opt/a/binlib");
        assert_eq!(expand("/x/$LIB/$PLATFORM"), "/x/lib64/x86_64");
        assert_eq!(expand("$ORIGINAL"), "$ORIGINAL");
        assert_eq!(expand("${ORIGIN"), "${ORIGIN");
        assert_eq!(expand("$LIB$"), "lib64$");
        let all = elements("$ORIGIN:/b::c".into(), &tokens);
        assert_eq!(all, ["/opt/a/bin", "/b", ".", "c"]);
    }

    #[test]
    fn parents_and_files() {
        assert_eq!(parent("/a/b".into()), "/a");
        assert_eq!(parent("/a".into()), "/");
        assert_eq!(join("/".into(), b"x"), "/x");
        assert_eq!(join("/a/".into(), b"x"), "/a/x");
    }
}
