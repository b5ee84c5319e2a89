//! Which of two builds of a package is the newer one, by the rules of its format.

use std::cmp::Ordering;

use abide_model::{Nevra, PackageFormat, PackageMeta, Sense};
use rpm_version::Evr;

/// The order of epoch, version and release: rpm's (`rpmvercmp`), or Debian's when both packages are.
pub fn compare_versions(a: &PackageMeta, b: &PackageMeta) -> Ordering {
    let format = match (a.format, b.format) {
        (PackageFormat::Deb, PackageFormat::Deb) => PackageFormat::Deb,
        _ => PackageFormat::Rpm,
    };
    compare_builds(format, &a.nevra, &b.nevra)
}

/// The order of two builds by the rules of a format.
pub(crate) fn compare_builds(format: PackageFormat, a: &Nevra, b: &Nevra) -> Ordering {
    let epochs = a.epoch.cmp(&b.epoch);
    epochs
        .then_with(|| compare_parts(format, &a.version, &b.version))
        .then_with(|| compare_parts(format, &a.release, &b.release))
}

/// The order of two versions, or of two releases.
pub(crate) fn compare_parts(format: PackageFormat, a: &str, b: &str) -> Ordering {
    match format {
        PackageFormat::Rpm => rpmvercmp(a, b),
        PackageFormat::Deb => debian_part(a.as_bytes(), b.as_bytes()),
    }
}

/// rpm's order of two versions or releases (`rpmio/rpmvercmp.c`).
pub(crate) fn rpmvercmp(a: &str, b: &str) -> Ordering {
    Evr::new("", a, "").cmp(&Evr::new("", b, ""))
}

/// Whether a provided and a required version have one in common.
///
/// As `rpmdsCompare` (rpm's `lib/rpmds.c`) does: a release that only one of the two states is not compared, and an
/// epoch that is not stated is 0. A provide without version meets every requirement of rpm's, and no versioned one
/// of Debian's (policy §7.5).
pub(crate) fn meets(format: PackageFormat, provided: (Sense, &str), required: (Sense, &str)) -> bool {
    if required.0 == Sense::ANY {
        return true;
    }
    if provided.0 == Sense::ANY {
        return format == PackageFormat::Rpm;
    }
    let both = |part: Sense| provided.0.has(part) && required.0.has(part);
    match compare_stated(format, provided.1, required.1) {
        Ordering::Less => provided.0.has(Sense::GREATER) || required.0.has(Sense::LESS),
        Ordering::Greater => provided.0.has(Sense::LESS) || required.0.has(Sense::GREATER),
        Ordering::Equal => both(Sense::EQUAL) || both(Sense::LESS) || both(Sense::GREATER),
    }
}

/// The order of two versions of dependencies, `[epoch:]version[-release]`.
pub(crate) fn compare_stated(format: PackageFormat, a: &str, b: &str) -> Ordering {
    let (a, b) = (split(format, a), split(format, b));
    let order = a.0.cmp(&b.0).then_with(|| compare_parts(format, a.1, b.1));
    order.then_with(|| match (a.2, b.2, format) {
        (Some(a), Some(b), _) => compare_parts(format, a, b),
        (_, _, PackageFormat::Rpm) => Ordering::Equal,
        (a, b, PackageFormat::Deb) => compare_parts(format, a.unwrap_or_default(), b.unwrap_or_default()),
    })
}

/// Epoch, version and release.
fn split(format: PackageFormat, text: &str) -> (u64, &str, Option<&str>) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let parts = match format {
        PackageFormat::Rpm => rest.split_once('-'),
        PackageFormat::Deb => rest.rsplit_once('-'),
    };
    let (version, release) = parts.map_or((rest, None), |(version, release)| (version, Some(release)));
    (epoch.parse().unwrap_or(0), version, release)
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

    fn debian(a: &Nevra, b: &Nevra) -> Ordering {
        compare_builds(PackageFormat::Deb, a, b)
    }

    #[test]
    fn provides_meet_requirements_as_in_rpm() {
        let sense = |sign: &str| Sense::of_sign(sign).unwrap_or_default();
        let meets = |a: &str, va: &str, b: &str, vb: &str| {
            super::meets(PackageFormat::Rpm, (sense(a), va), (sense(b), vb))
        };
        let cases = [
            (("=", "1.2-3"), ("", ""), true),
            (("", ""), (">=", "7"), true),
            (("=", "1.2-3"), ("=", "1.2"), true),
            (("=", "1.2"), ("=", "1.2-3"), true),
            (("=", "1.2-3"), (">", "1.2"), false),
            (("=", "1.2-3"), (">=", "1.2-4"), false),
            (("=", "1:1.0-1"), (">=", "2.0"), true),
            (("=", "1.0-1"), ("<", "1:0.1"), true),
            (("=", "1.0~rc1"), (">=", "1.0"), false),
            (("<", "2"), (">", "1"), true),
            (("<", "2"), (">=", "2"), false),
            (("<=", "2"), (">=", "2"), true),
            (("=", "10"), (">", "9"), true),
        ];
        for ((a, va), (b, vb), expected) in cases {
            assert_eq!(meets(a, va, b, vb), expected, "{a} {va} / {b} {vb}");
        }
    }

    #[test]
    fn unversioned_provides_of_debian_meet_unversioned_requirements_only() {
        let meets = |sense, version| super::meets(PackageFormat::Deb, (Sense::ANY, ""), (sense, version));
        assert!(meets(Sense::ANY, ""));
        assert!(!meets(Sense::GREATER, "1"));
        let equal = |a, b| super::meets(PackageFormat::Deb, (Sense::EQUAL, a), (Sense::EQUAL, b));
        assert!(equal("1:1.2-3", "1:1.2-3") && !equal("1.2-3", "1.2") && equal("1.2", "1.2-0"));
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
