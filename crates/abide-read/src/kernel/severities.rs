//! `kabi/severities` of SUSE's kernel sources: which changes of the interface are tolerated (kernel-source `rpm/kabi.pl`,
//! suse-kabi-tools "Rules file").
//!
//! Each line is a shell pattern and `PASS` or `FAIL`; the first that matches decides. A pattern with a slash, of a `.ko`, or
//! `vmlinux` is for the module that exports; one in capitals for a namespace; any other for the symbol.

use abide_model::{Severity, SeverityTarget};
use bstr::ByteSlice;

use super::{KernelTextError, lines, shown};

/// Reads the lines, in their order.
///
/// # Errors
/// At the first line that is not of this form, or when there is none.
pub fn read_severities(text: &[u8]) -> Result<Vec<Severity>, KernelTextError> {
    let mut all = Vec::new();
    for (line, text) in lines(text) {
        let rule = text.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii();
        if rule.is_empty() {
            continue;
        }
        let mut words = rule.fields();
        let passes = match (words.next(), words.next(), words.next()) {
            (Some(pattern), Some(b"PASS"), None) => Some((pattern, true)),
            (Some(pattern), Some(b"FAIL"), None) => Some((pattern, false)),
            _ => None,
        };
        let (pattern, passes) =
            passes.ok_or_else(|| KernelTextError::Severity { line, text: shown(rule) })?;
        all.push(Severity { pattern: pattern.into(), target: target(pattern), passes, line });
    }
    if all.is_empty() { Err(KernelTextError::Empty) } else { Ok(all) }
}

fn target(pattern: &[u8]) -> SeverityTarget {
    let is_namespace = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    match pattern {
        b"vmlinux" => SeverityTarget::Owner,
        _ if pattern.contains(&b'/') || pattern.ends_with(b".ko") => SeverityTarget::Owner,
        _ if pattern.iter().all(is_namespace) => SeverityTarget::Namespace,
        _ => SeverityTarget::Symbol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_go_to_what_they_are_for() {
        let text =
            b"# comment\ndrivers/net/* PASS\nvmlinux FAIL # all of it\nCRYPTO_INTERNAL PASS\nkvm_* PASS\n";
        let all = read_severities(text).expect("severities");
        let targets: Vec<SeverityTarget> = all.iter().map(|s| s.target).collect();
        use SeverityTarget::{Namespace, Owner, Symbol};
        assert_eq!(targets, [Owner, Owner, Namespace, Symbol]);
        assert_eq!(all.iter().map(|s| s.passes).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(all[2].line, 4);
    }

    #[test]
    fn other_words_are_refused() {
        let error = read_severities(b"kvm_* MAYBE\n").expect_err("refused").to_string();
        assert_eq!(error, "line 1: \"kvm_* MAYBE\" is not a pattern followed by PASS or FAIL");
    }
}
