//! Which declarations consumers can see.
//!
//! A type is private when consumers cannot have its definition: it is declared in a source file, or in a header
//! that is not among the installed ones. The rule errs on the side of "public": paths of a build tree are compared
//! with installed paths by their last part only, for packages install headers under other directories
//! (`include/libzfs.h` → `/usr/include/libzfs/libzfs.h`), so that a private header with a public one's name counts
//! as public. That may raise a false alarm, never hide a break.

use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashSet;

/// What one side's public headers are.
pub(crate) struct Headers<'a> {
    /// File names of the installed headers; `None`: not known.
    names: Option<FxHashSet<&'a [u8]>>,
    /// Whether consumers have every definition, wherever it is from.
    sees_all: bool,
}

/// Ends of names of C and C++ source files, and of what yacc and lex compile.
const SOURCES: [&str; 12] =
    [".c", ".cc", ".cp", ".cpp", ".cxx", ".c++", ".C", ".CPP", ".y", ".yy", ".l", ".ll"];

impl<'a> Headers<'a> {
    pub(crate) fn new(paths: Option<&'a [BString]>) -> Self {
        let names = paths.map(|paths| paths.iter().map(|p| file_name(p.as_bstr())).collect());
        Headers { names, sees_all: false }
    }

    /// Those of a consumer, who has every definition that there is.
    pub(crate) fn of_consumer() -> Self {
        Headers { names: None, sees_all: true }
    }

    /// Whether consumers cannot have the definition that is declared in `file`.
    pub(crate) fn is_private(&self, file: &BStr) -> bool {
        if self.sees_all {
            return false;
        }
        let name = file_name(file);
        let Some(names) = &self.names else { return is_source(name) };
        // Headers of other packages were read where they are installed.
        let installed_elsewhere = file.starts_with(b"/usr/") && !file.starts_with(b"/usr/src/");
        !names.contains(name) && (is_source(name) || !installed_elsewhere)
    }

    /// Whether `file` is known to be a header that is not installed.
    ///
    /// For what is declared in a header and defined in a source file, of which compilers may name either.
    pub(crate) fn is_private_header(&self, file: &BStr) -> bool {
        self.names.is_some() && !is_source(file_name(file)) && self.is_private(file)
    }
}

fn file_name(path: &BStr) -> &[u8] {
    path.rfind_byte(b'/').map_or(path.as_bytes(), |at| &path[at + 1..])
}

fn is_source(name: &[u8]) -> bool {
    SOURCES.iter().any(|end| name.ends_with(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_knowledge_only_sources_are_private() {
        let headers = Headers::new(None);
        assert!(headers.is_private("/build/lib/impl.c".into()));
        assert!(headers.is_private("parser.yy".into()));
        assert!(!headers.is_private("/build/lib/impl.h".into()));
        assert!(!headers.is_private("/usr/include/c++/11/string".into()));
    }

    #[test]
    fn installed_headers_are_found_by_name() {
        let installed = [BString::from("/usr/include/libzfs/libzfs.h")];
        let headers = Headers::new(Some(&installed));
        assert!(!headers.is_private("/usr/src/debug/zfs-2.1.4-1.el9.x86_64/include/libzfs.h".into()));
        assert!(headers.is_private("/usr/src/debug/zfs-2.1.4-1.el9.x86_64/lib/libzfs/libzfs_impl.h".into()));
        assert!(!headers.is_private("/usr/include/bits/stat.h".into()));
        assert!(headers.is_private("../lib/libzfs_impl.h".into()));
        assert!(headers.is_private("/usr/src/debug/x/notlibzfs.h".into()));
        assert!(headers.is_private_header("../lib/libzfs_impl.h".into()));
        assert!(!headers.is_private_header("../lib/libzfs_impl.c".into()));
        assert!(!Headers::new(None).is_private_header("../lib/libzfs_impl.h".into()));
    }
}
