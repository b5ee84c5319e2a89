//! Addresses of repositories.

use std::path::PathBuf;

/// Whether a text is the address of a repository rather than a path.
pub fn is_address(text: &str) -> bool {
    scheme(text).is_some() || is_scp_like(text)
}

/// What stands before `://`.
pub(super) fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some(scheme)
}

/// `user@host:path`, as ssh has it.
fn is_scp_like(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(host, path)| host.contains('@') && !host.contains('/') && !path.is_empty())
}

/// The path of a `file` address of this machine.
pub(super) fn file_path(text: &str) -> Option<PathBuf> {
    let (scheme, rest) = text.split_once("://")?;
    let at = rest.find('/')?;
    let is_here = matches!(&rest[..at], "" | "localhost");
    (scheme.eq_ignore_ascii_case("file") && is_here).then(|| PathBuf::from(&rest[at..]))
}

/// An address without what lets somebody in: over HTTP even a name may be a token.
pub fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((user, host)) = host.rsplit_once('@') else { return address.to_owned() };
    let name = user.split(':').next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("ssh") {
        format!("{scheme}://{name}@{host}{path}")
    } else {
        format!("{scheme}://{host}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths() {
        for (text, expected) in [
            ("https://example.org/a", true),
            ("git@example.org:a/b.git", true),
            ("file:///tmp/a", true),
            ("ssh://git@example.org/a", true),
            ("../a/b", false),
            ("a:b", false),
            ("./x@y:z", false),
            ("/tmp/a://b", false),
            ("bash-5.1.src.rpm", false),
        ] {
            assert_eq!(is_address(text), expected, "{text}");
        }
        assert_eq!(file_path("file:///tmp/a"), Some("/tmp/a".into()));
        assert_eq!(file_path("file://localhost/tmp/a"), Some("/tmp/a".into()));
        assert_eq!(file_path("file://elsewhere/tmp/a"), None);
        assert_eq!(file_path("https:///tmp/a"), None);
    }

    #[test]
    fn passwords_are_not_kept() {
        for (address, expected) in [
            ("https://me:secret@example.org/a@b", "https://example.org/a@b"),
            ("https://token@example.org/a", "https://example.org/a"),
            ("ssh://git:secret@example.org/a", "ssh://git@example.org/a"),
            ("git@example.org:a", "git@example.org:a"),
            ("https://example.org/a", "https://example.org/a"),
        ] {
            assert_eq!(without_password(address), expected);
        }
    }
}
