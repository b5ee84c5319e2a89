//! Shell patterns for file names: `*`, `?`, `[a-z]`, `[!x]`.
//!
//! A pattern without a slash is held against the name, one with a slash against the whole path.

/// Whether a name has characters that make it a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether a path matches.
pub fn matches(pattern: &str, path: &str) -> bool {
    let subject = if pattern.contains('/') { path } else { crate::files::name(path) };
    let pattern: Vec<char> = pattern.chars().collect();
    let subject: Vec<char> = subject.chars().collect();
    whole(&pattern, &subject)
}

/// Greedy matching with one point to return to: linear in pattern times subject.
fn whole(pattern: &[char], subject: &[char]) -> bool {
    let (mut p, mut s) = (0, 0);
    let mut retry = None;
    while s < subject.len() {
        if pattern.get(p) == Some(&'*') {
            retry = Some((p + 1, s));
            p += 1;
        } else if let Some(length) = one(&pattern[p..], subject[s]) {
            p += length;
            s += 1;
        } else if let Some((after_star, from)) = retry {
            retry = Some((after_star, from + 1));
            p = after_star;
            s = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of the pattern one character uses up; `None` when it does not match.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match class(pattern, c) {
            Some((length, hit)) => hit.then_some(length),
            None => (c == '[').then_some(1),
        },
        literal => (*literal == c).then_some(1),
    }
}

/// The length of a bracket expression and whether it holds the character; `None` when it is not closed.
fn class(pattern: &[char], c: char) -> Option<(usize, bool)> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    let close = start + 1 + pattern.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let body = &pattern[start..close];
    let mut hit = false;
    let mut i = 0;
    while i < body.len() {
        if i + 2 < body.len() && body[i + 1] == '-' {
            hit |= (body[i]..=body[i + 2]).contains(&c);
            i += 3;
        } else {
            hit |= body[i] == c;
            i += 1;
        }
    }
    Some((close + 1, hit != negated))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("*.config", "SOURCES/kernel-x86_64.config", true),
            ("kernel*.config", "SOURCES/kernel-x86_64.config", true),
            ("kernel?.config", "kernel-x.config", false),
            ("SOURCES/*.config", "SOURCES/a.config", true),
            ("SOURCES/*.config", "a.config", false),
            ("[a-c]?[!x]", "abc", true),
            ("[a-c]?[!x]", "abx", false),
            ("[", "[", true),
            ("*a*b*c", "xaybzc", true),
            ("*a*b*c", "xaybz", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
