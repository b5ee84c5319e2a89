//! Names of symbol versions: which are private, and how versions of one family are ordered.

use bstr::{BStr, ByteSlice};

/// Whether a version is by its name no public interface: `GLIBC_PRIVATE`, `LIBVIRT_PRIVATE_6.0.0`,
/// `Qt_5_PRIVATE_API`.
///
/// glibc's `sysdeps` and every project that copies its habit use the word `PRIVATE` for the symbols that its own
/// libraries share; their authors promise nothing about them.
pub(crate) fn is_private(version: &BStr) -> bool {
    version.contains_str("PRIVATE")
}

/// A version name split into its family and numbers: `GLIBC_2.34` → (`GLIBC`, [2, 34]).
///
/// Names without a number at the end are a family of their own with no numbers (`GLIBC_ABI_DT_RELR`).
pub(crate) fn split(version: &BStr) -> (&BStr, Vec<u64>) {
    let tail = version.rfind_byte(b'_').map_or(version.len(), |at| at + 1);
    let numbers: Option<Vec<u64>> =
        version[tail..].split(|&b| b == b'.').map(|part| part.to_str().ok()?.parse::<u64>().ok()).collect();
    match numbers {
        Some(numbers) if tail > 1 => (version[..tail - 1].as_bstr(), numbers),
        _ => (version, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_families_and_numbers() {
        assert_eq!(split("GLIBC_2.34".into()), ("GLIBC".into(), vec![2, 34]));
        assert_eq!(split("GLIBCXX_3.4.29".into()), ("GLIBCXX".into(), vec![3, 4, 29]));
        assert_eq!(split("GLIBC_ABI_DT_RELR".into()), ("GLIBC_ABI_DT_RELR".into(), vec![]));
        assert_eq!(split("1.2".into()), ("1.2".into(), vec![]));
        assert_eq!(split("GLIBC_2.x".into()), ("GLIBC_2.x".into(), vec![]));
        assert!(split("GLIBC_2.9".into()).1 < split("GLIBC_2.10".into()).1);
    }

    #[test]
    fn private_by_name() {
        assert!(is_private("GLIBC_PRIVATE".into()));
        assert!(is_private("Qt_5_PRIVATE_API".into()));
        assert!(!is_private("GLIBC_2.34".into()));
    }
}
