//! What runs a script, by its first line (`#!`), as Linux reads it.
//!
//! Whether the interpreter is there is not asked here.

use bstr::{BStr, BString, ByteSlice};

/// `BINPRM_BUF_SIZE`: no more of the line is looked at (Linux, `fs/binfmt_script.c`).
const LINE_BYTES: usize = 256;

/// The interpreter of a file that begins with `head`: an absolute path, or the bare name that `env` looks for.
pub(super) fn interpreter(head: &[u8]) -> Option<BString> {
    let line = head.strip_prefix(b"#!")?;
    let line = &line[..line.len().min(LINE_BYTES)];
    let line = line.lines().next()?.split(|&b| b == 0).next()?;
    let mut words = line.fields_with(|c| c == ' ' || c == '\t');
    let program = words.next()?.as_bstr();
    if !program.starts_with(b"/") {
        return None;
    }
    match program.rsplit_str("/").next() {
        Some(b"env") => Some(of_env(words.map(ByteSlice::as_bstr)).unwrap_or(program).into()),
        _ => Some(program.into()),
    }
}

/// The program that `env` starts: its first argument that is neither an option nor a variable (env(1)).
fn of_env<'l>(mut words: impl Iterator<Item = &'l BStr>) -> Option<&'l BStr> {
    words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_linux_reads_them() {
        let of = |head: &str| interpreter(head.as_bytes()).map(|found| found.to_string());
        assert_eq!(of("#!/bin/sh\nexit"), Some("/bin/sh".into()));
        assert_eq!(of("#! /usr/bin/perl -w\n"), Some("/usr/bin/perl".into()));
        assert_eq!(of("#!/usr/bin/env python3\n"), Some("python3".into()));
        assert_eq!(of("#!/usr/bin/env -S FOO=1 ruby -w\n"), Some("ruby".into()));
        assert_eq!(of("#!/usr/bin/env\n"), Some("/usr/bin/env".into()));
        assert_eq!(of("#!/bin/sh\r\n"), Some("/bin/sh".into()));
        for none in ["", "#", "#!", "#!\n/bin/sh", "#!relative\n", "text #!/bin/sh\n", "#![feature]\n"] {
            assert_eq!(of(none), None, "{none:?}");
        }
        let long = format!("#!/{}", "x".repeat(5000));
        assert_eq!(interpreter(long.as_bytes()).map(|found| found.len()), Some(LINE_BYTES));
    }
}
