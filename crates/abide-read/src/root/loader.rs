//! What a build of `ld.so` has compiled into it: the default directories, and whether it knows `glibc-hwcaps`.

use bstr::{BString, ByteSlice};

/// What was found in the loader's strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoaderText {
    /// `SYSTEM_DIRS`, in order and without the slash at the end; empty when they were not found.
    pub directories: Vec<BString>,
    /// Whether it searches `glibc-hwcaps` (glibc 2.33).
    pub knows_hwcaps: bool,
    /// Whether it calls itself glibc.
    pub is_glibc: bool,
}

/// Reads the strings of a loader.
///
/// glibc keeps `SYSTEM_DIRS` as strings that follow one another, each with a slash at its end
/// (`elf/dl-load.c`, `system_dirs`); no other strings of it look like that.
pub fn loader_text(bytes: &[u8]) -> LoaderText {
    let mut best: Vec<BString> = Vec::new();
    let mut run: Vec<BString> = Vec::new();
    for text in bytes.split_str(b"\0") {
        if is_directory(text) {
            run.push(text[..text.len() - 1].into());
            continue;
        }
        if run.len() > best.len() {
            best = std::mem::take(&mut run);
        }
        run.clear();
    }
    if run.len() > best.len() {
        best = run;
    }
    LoaderText {
        directories: best,
        knows_hwcaps: bytes.find(b"glibc-hwcaps").is_some(),
        is_glibc: bytes.find(b"GLIBC_PRIVATE").is_some(),
    }
}

fn is_directory(text: &[u8]) -> bool {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"/_-+.".contains(b);
    (text.starts_with(b"/lib") || text.starts_with(b"/usr/"))
        && text.ends_with(b"/")
        && text.len() < 256
        && text.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_of_directories_counts() {
        let text = loader_text(b"x\0/lib/locale/\0y\0/lib64/\0/usr/lib64/\0/lib\0glibc-hwcaps/\0");
        assert_eq!(text.directories, ["/lib64", "/usr/lib64"]);
        assert!(text.knows_hwcaps && !text.is_glibc);
    }
}
