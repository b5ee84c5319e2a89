//! Builds of the candidate against those of the reference: older, of another epoch, out of the reference's order.

use std::cmp::Ordering;

use abide_model::{MetaPackage, PackageFormat};

use super::{Collected, Context, about_package, evidence, evr, is_same_file};
use crate::pairing::PackageMatch;
use crate::rules::Draft;
use crate::versions::{compare_builds, compare_parts};

/// Judges every pair of builds.
pub(crate) fn judge_builds(context: &Context<'_>, all: &mut Collected) {
    let format = context.new.metadata.format;
    for pair in &context.pairs.all {
        let (Some(old), Some(new)) = (pair.old, pair.new) else { continue };
        let (before, after) = (context.old.package(old), context.new.package(new));
        if is_same_file(before, after) || pair.by != Some(PackageMatch::Name) {
            continue;
        }
        let Some((rule, case, summary)) = order(format, before, after) else { continue };
        let draft = Draft {
            rule,
            case,
            subject: about_package(before),
            summary,
            old: evidence(before, evr(before)),
            new: evidence(after, evr(after)),
            details: Vec::new(),
        };
        all.about_old(old, context.judge(draft, Some(old), Some(new)));
    }
}

/// Rule, case and what there is to say of the order of two builds.
fn order(
    format: PackageFormat,
    old: &MetaPackage,
    new: &MetaPackage,
) -> Option<(&'static str, Option<&'static str>, String)> {
    let (name, from, to) = (&old.nevra.name, evr(old), evr(new));
    if new.nevra.epoch != old.nevra.epoch {
        let (case, word) = match new.nevra.epoch > old.nevra.epoch {
            true => (None, "higher"),
            false => (Some("lower"), "lower"),
        };
        return Some(("package-epoch-changed", case, format!("{name} has a {word} epoch: {from} → {to}")));
    }
    if compare_builds(format, &new.nevra, &old.nevra) == Ordering::Less {
        let case = (is_rebuild(old, new)).then_some("rebuild");
        return Some((
            "package-older",
            case,
            format!("{name} is older than on the reference: {from} → {to}"),
        ));
    }
    let next = next_releases(format, &old.nevra.release);
    let is_between =
        next.iter().all(|next| compare_parts(format, &new.nevra.release, next) == Ordering::Less);
    if !is_rebuild(old, new) || new.nevra.release == old.nevra.release || is_between {
        return None;
    }
    let next = next.into_iter().find(|n| compare_parts(format, &new.nevra.release, n) != Ordering::Less)?;
    let summary = format!(
        "{name} {to} sorts above the reference's next release: {} is not below {next}",
        new.nevra.release
    );
    Some(("rebuild-above-next", None, summary))
}

/// Whether the candidate's build is the reference's with a word of the rebuild's own in its release.
///
/// `5.el9_4.alma.1` is a rebuild of `5.el9_4`; `5.el9_5` and `6.el9_4` are other builds.
fn is_rebuild(old: &MetaPackage, new: &MetaPackage) -> bool {
    let (a, b) = (&old.nevra.release, &new.nevra.release);
    let first = |release: &'_ str| release.split(['.', '+', '~', '^', '_']).next().map(str::to_owned);
    let words = |release: &'_ str| -> Vec<String> {
        let words = release.split(|c: char| !c.is_ascii_alphabetic());
        // A single letter is a part of a number, as in 2024a.
        words.filter(|word| word.len() > 1).map(str::to_owned).collect()
    };
    let known = words(a);
    old.nevra.version == new.nevra.version
        && first(a) == first(b)
        && words(b).iter().any(|word| !known.contains(word))
}

/// The releases that the reference can bring out next: the same with one more number, and the next number.
///
/// Red Hat's updates of a minor release append (`5.el9_4` → `5.el9_4.1`); Debian's count the last number up
/// (`1+deb12u1` → `1+deb12u2`).
fn next_releases(format: PackageFormat, release: &str) -> Vec<String> {
    match format {
        PackageFormat::Rpm => {
            let mut next = vec![format!("{release}.1")];
            next.extend(counted_up(release, true));
            next
        }
        PackageFormat::Deb => counted_up(without_rebuild(release), false).into_iter().collect(),
    }
}

/// Debian's release without the `+bN` of a build anew from the same sources, which the next release does not continue.
fn without_rebuild(release: &str) -> &str {
    let (start, number) = release.rsplit_once("+b").unwrap_or((release, "x"));
    if number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty() { start } else { release }
}

/// The release with its first or last number one higher.
fn counted_up(release: &str, first: bool) -> Option<String> {
    let digit = |c: char| c.is_ascii_digit();
    let (start, end) = match first {
        true => {
            let start = release.find(digit)?;
            (start, release[start..].find(|c| !digit(c)).map_or(release.len(), |len| start + len))
        }
        false => {
            let end = release.rfind(digit)? + 1;
            (release[..end].rfind(|c| !digit(c)).map_or(0, |at| at + 1), end)
        }
    };
    let number: u64 = release[start..end].parse().ok()?;
    Some(format!("{}{}{}", &release[..start], number.checked_add(1)?, &release[end..]))
}

#[cfg(test)]
mod tests {
    use abide_model::Nevra;

    use super::*;

    fn build(text: &str) -> MetaPackage {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (version, release) = rest.split_once('-').unwrap();
        MetaPackage::new(Nevra {
            name: "foo".into(),
            epoch: epoch.parse().unwrap(),
            version: version.into(),
            release: release.into(),
            arch: "x86_64".into(),
        })
    }

    fn judged(format: PackageFormat, old: &str, new: &str) -> String {
        let (rule, case, _) =
            order(format, &build(old), &build(new)).unwrap_or(("none", None, String::new()));
        case.map_or(rule.to_owned(), |case| format!("{rule}/{case}"))
    }

    #[test]
    fn rebuilds_lie_between_two_releases_of_the_reference() {
        let rpm = |old: &str, new: &str| judged(PackageFormat::Rpm, old, new);
        for (old, new, expected) in [
            ("1.0-5.el9", "1.0-5.el9", "none"),
            ("1.0-5.el9_4", "1.0-5.el9_4.alma.1", "none"),
            ("1.0-5.el9", "1.0-5.el9.alma.1", "none"),
            ("1.0-5.el9", "1.0-5.alma9", "package-older/rebuild"),
            ("1.0-5.el9", "1.0-5.rocky9", "rebuild-above-next"),
            ("1.0-5.el9_4", "1.0-5.el9_4.2.alma", "rebuild-above-next"),
            ("1.0-5.el9_4", "1.0-5.el9_5", "none"),
            ("1.0-5.el9_4", "1.0-6.el9_4", "none"),
            ("1.0-5.el9", "1.0-4.el9", "package-older"),
            ("1.0-5.el9", "1.0-5.el9~alma.1", "package-older/rebuild"),
            ("1.0-5.el9", "0.9-7.el9", "package-older"),
            ("1.0-5.el9", "1:0.9-7.el9", "package-epoch-changed"),
            ("1:1.0-5.el9", "2.0-5.el9", "package-epoch-changed/lower"),
            ("1.0-5.el9", "1.1-1.el9", "none"),
        ] {
            assert_eq!(rpm(old, new), expected, "{old} {new}");
        }
    }

    #[test]
    fn rebuilds_of_debian() {
        let deb = |old: &str, new: &str| judged(PackageFormat::Deb, old, new);
        assert_eq!(deb("1.0-1+deb12u1", "1.0-1+deb12u1+mine1"), "none");
        assert_eq!(deb("1.0-1", "1.0-1mine1"), "none");
        assert_eq!(deb("1.0-1+deb12u1", "1.0-1+mine1"), "rebuild-above-next");
        assert_eq!(deb("1.0-1+deb12u2", "1.0-1+deb12u1"), "package-older");
        assert_eq!(deb("1.0-1+b2", "1.0-1+deb12u1"), "none");
        assert_eq!(deb("1.0-1+2024a", "1.0-1+2026f"), "none");
    }

    #[test]
    fn numbers_are_counted_up() {
        assert_eq!(counted_up("5.el9_4", true).as_deref(), Some("6.el9_4"));
        assert_eq!(counted_up("1+deb12u9", false).as_deref(), Some("1+deb12u10"));
        assert_eq!(counted_up("", true), None);
        assert_eq!(counted_up("99999999999999999999", true), None);
    }
}
