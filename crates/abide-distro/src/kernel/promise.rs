//! What a list of symbols promises between two releases, and so what the loss of a symbol counts as.

use abide_engine::policy::KernelPromise;
use bstr::BStr;

/// Where a symbol stands with respect to what was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// No list says what is promised: every export is.
    Unlisted,
    /// On the list, and the promise covers both releases.
    Promised,
    /// On the list, and the promise ended between the two releases.
    OtherRelease,
    /// Not on the list: used at one's own risk.
    Outside,
    /// A list of tolerated changes covers it.
    Tolerated,
}

impl Standing {
    /// The case of the rules that is for it.
    pub(crate) fn case(self) -> Option<&'static str> {
        match self {
            Standing::Unlisted | Standing::Promised => None,
            Standing::OtherRelease => Some("other-release"),
            Standing::Outside => Some("outside-list"),
            Standing::Tolerated => Some("tolerated"),
        }
    }
}

/// Major and minor release of the distribution, when a name states them.
pub type Release = (u32, Option<u32>);

/// The distribution's release in a kernel's release or a path: `el9_2` is (9, 2), `el9` (9, none), `kabi-rhel92` (9, 2).
pub fn release_of(text: &BStr) -> Option<Release> {
    let text = String::from_utf8_lossy(text);
    text.match_indices(".el").find_map(|(at, found)| {
        let rest = &text[at + found.len()..];
        let major: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let rest = &rest[major.len()..];
        let minor = rest.strip_prefix('_').map(|r| r.chars().take_while(char::is_ascii_digit).collect());
        Some((major.parse().ok()?, minor.and_then(|m: String| m.parse().ok())))
    })
}

/// Whether a list's promise covers both releases.
///
/// Red Hat's kABI holds for the whole of major release 8 and before; from 9 on for one minor release (Red Hat, "What is Kernel
/// Application Binary Interface (kABI)?"). Where a release is not known, the promise is taken to hold: what was listed is
/// looked for.
pub(crate) fn holds(old: Option<Release>, new: Option<Release>, stated: Option<KernelPromise>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return true };
    let promise = stated.unwrap_or(if old.0 <= 8 { KernelPromise::Major } else { KernelPromise::Minor });
    match promise {
        KernelPromise::None => false,
        KernelPromise::Major => old.0 == new.0,
        KernelPromise::Minor => old.0 == new.0 && old.1 == new.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_hold_by_major_release() {
        let release = |text: &str| release_of(text.into());
        assert_eq!(release("5.14.0-284.30.1.el9_2.x86_64"), Some((9, Some(2))));
        assert_eq!(release("5.14.0-70.el9.x86_64"), Some((9, None)));
        assert_eq!(release("6.1.0-47-amd64"), None);
        let (a, b) = (release("4.18.0-477.el8_8"), release("4.18.0-513.el8_9"));
        assert!(holds(a, b, None));
        assert!(!holds(a, b, Some(KernelPromise::Minor)));
        let (c, d) = (Some((9, Some(2))), Some((9, Some(3))));
        assert!(!holds(c, d, None));
        assert!(holds(c, c, None));
        assert!(holds(c, d, Some(KernelPromise::Major)));
        assert!(holds(None, d, None));
    }
}
