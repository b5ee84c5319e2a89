//! Links that packages set up by `update-alternatives`, as their scripts say.
//!
//! Shell is not interpreted: the words of a call are read as they are written, so a name that is made of variables is
//! one that nobody knows.

use abide_model::Script;
use bstr::{BString, ByteSlice};

/// Links of the calls `(update-)alternatives --install LINK NAME PATH PRIORITY` and their `--slave LINK NAME PATH` in
/// scripts, sorted (update-alternatives(1), alternatives(8)).
pub(crate) fn of(scripts: &[Script]) -> Vec<BString> {
    let mut links: Vec<BString> = scripts.iter().flat_map(|script| in_text(&script.text)).collect();
    links.sort();
    links.dedup();
    links
}

fn in_text(text: &[u8]) -> Vec<BString> {
    if !text.contains_str("alternatives") {
        return Vec::new();
    }
    let text = text.replace("\\\n", " ");
    text.lines().filter(|line| !line.trim_start().starts_with(b"#")).flat_map(in_line).collect()
}

fn in_line(line: &[u8]) -> Vec<BString> {
    let words: Vec<&[u8]> = line.fields().map(|word| word.trim_with(|c| c == '"' || c == '\'')).collect();
    let Some(call) = words.iter().position(|word| word.ends_with(b"alternatives")) else { return Vec::new() };
    let mut links = Vec::new();
    for (at, word) in words.iter().enumerate().skip(call) {
        // `--slave` belongs to the call's `--install`.
        if !matches!(*word, b"--install" | b"--slave" | b"--follower") {
            continue;
        }
        if let Some(link) = words.get(at + 1).filter(|link| link.starts_with(b"/") && !link.contains(&b'$')) {
            links.push(BString::from(*link));
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_calls() {
        let text = "#!/bin/sh\n# update-alternatives --install /no no no 1\n\
            if true; then\n  /usr/sbin/update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n\
            \t--slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz\nfi\n\
            alternatives --install \"/usr/bin/ld\" ld /usr/bin/ld.bfd 50\n\
            update-alternatives --remove awk /usr/bin/mawk\nupdate-alternatives --install $LINK x /y 1\n";
        assert_eq!(in_text(text.as_bytes()), ["/usr/bin/awk", "/usr/share/man/man1/awk.1.gz", "/usr/bin/ld"]);
        assert!(in_text(b"echo --install /usr/bin/x").is_empty());
    }
}
