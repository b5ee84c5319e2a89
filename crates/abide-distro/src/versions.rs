//! Which of two builds of a package is the newer one, by the rules of its format.

use std::cmp::Ordering;

use abide_model::{Nevra, PackageFormat, PackageMeta};
use rpm_version::rpm_evr_compare;

/// The order of epoch, version and release: rpm's (`rpmvercmp`), or Debian's when both packages are.
pub(crate) fn compare_versions(a: &PackageMeta, b: &PackageMeta) -> Ordering {
    match (a.format, b.format) {
        (PackageFormat::Deb, PackageFormat::Deb) => debian(&a.nevra, &b.nevra),
        _ => rpm_evr_compare(&evr(&a.nevra), &evr(&b.nevra)),
    }
}

fn evr(nevra: &Nevra) -> String {
    format!("{}:{}-{}", nevra.epoch, nevra.version, nevra.release)
}

fn debian(a: &Nevra, b: &Nevra) -> Ordering {
    let parts = |a: &str, b: &str| debian_part(a.as_bytes(), b.as_bytes());
    let epochs = a.epoch.cmp(&b.epoch);
    epochs.then_with(|| parts(&a.version, &b.version)).then_with(|| parts(&a.release, &b.release))
}

/// deb-version(7): runs of other characters and runs of digits take turns; `~` sorts before the end, letters before
/// other characters, digits by value.
fn debian_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !(a.is_empty() && b.is_empty()) {
        let is_digit = |bytes: &[u8]| bytes.first().is_some_and(u8::is_ascii_digit);
        while (!a.is_empty() && !is_digit(a)) || (!b.is_empty() && !is_digit(b)) {
            match weight(a).cmp(&weight(b)) {
                Ordering::Equal => (a, b) = (&a[1.min(a.len())..], &b[1.min(b.len())..]),
                other => return other,
            }
        }
        let (number_a, number_b) = (take_number(&mut a), take_number(&mut b));
        match number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b)) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    Ordering::Equal
}

/// The weight of the first character; a digit counts as the end of its run.
fn weight(bytes: &[u8]) -> i32 {
    match bytes.first() {
        Some(b'~') => -1,
        None | Some(b'0'..=b'9') => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    }
}

/// Digits without leading zeros, of any length.
fn take_number<'v>(bytes: &mut &'v [u8]) -> &'v [u8] {
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    let (number, rest) = bytes.split_at(end);
    *bytes = rest;
    let zeros = number.iter().position(|&b| b != b'0').unwrap_or(number.len());
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nevra(text: &str) -> Nevra {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Nevra {
            name: "x".into(),
            epoch: epoch.parse().unwrap(),
            version: version.into(),
            release: release.into(),
            arch: "amd64".into(),
        }
    }

    #[test]
    fn debian_versions_are_ordered_as_dpkg_does() {
        let ascending = [
            "1.0~~",
            "1.0~~a",
            "1.0~",
            "1.0~rc1-1",
            "1.0",
            "1.0-1~bpo12+1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-1+deb12u1",
            "1.0-1.1",
            "1.0-2",
            "1.0-10",
            "1.0a-1",
            "1.0+b1-1",
            "1.0.1",
            "1.00000000000000000000000000002",
            "1.10",
            "1:0.1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(debian(&nevra(pair[0]), &nevra(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(debian(&nevra(pair[1]), &nevra(pair[0])), Ordering::Greater, "{pair:?}");
        }
        for (a, b) in [("1.01", "1.1"), ("1.0-0", "1.0"), ("0:2", "2")] {
            assert_eq!(debian(&nevra(a), &nevra(b)), Ordering::Equal, "{a} {b}");
        }
    }
}
