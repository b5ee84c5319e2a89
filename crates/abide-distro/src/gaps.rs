//! Gaps and the side that they were met on; which of them leave a verdict open.

use abide_model::{ArtifactFacts, Gap, GapKind, PackageFacts, PackageMeta, Side, Verdict};
use bstr::BString;

use crate::check::Context;
use crate::result::{SideGap, SideName};

/// The gaps of a comparison with the side that each is from; one that both artifacts share, or that the
/// comparison itself met, has none.
pub(crate) fn of_comparison(gaps: &[Gap], old: &ArtifactFacts, new: &ArtifactFacts) -> Vec<SideGap> {
    let side = |gap: &Gap| match (old.gaps.contains(gap), new.gaps.contains(gap)) {
        (true, false) => Some(SideName::Reference),
        (false, true) => Some(SideName::Candidate),
        _ => None,
    };
    let mut gaps: Vec<SideGap> =
        gaps.iter().map(|gap| SideGap { side: side(gap), gap: gap.clone() }).collect();
    gaps.sort();
    gaps
}

/// The gaps of two packages.
pub(crate) fn of_packages(context: &Context<'_>, old: Option<usize>, new: Option<usize>) -> Vec<SideGap> {
    let of = |side: &Side, index: Option<usize>| index.map(|index| side.packages[index].gaps.clone());
    let old = of(context.old, old).unwrap_or_default();
    let new = of(context.new, new).unwrap_or_default();
    named(&old, SideName::Reference).chain(named(&new, SideName::Candidate)).collect()
}

/// The gaps of both sides as a whole.
pub(crate) fn of_sides(context: &Context<'_>) -> Vec<SideGap> {
    let mut gaps: Vec<SideGap> = named(&context.old.gaps, SideName::Reference)
        .chain(named(&context.new.gaps, SideName::Candidate))
        .collect();
    gaps.sort();
    gaps
}

fn named(gaps: &[Gap], side: SideName) -> impl Iterator<Item = SideGap> + '_ {
    gaps.iter().map(move |gap| SideGap { side: Some(side), gap: gap.clone() })
}

/// What gaps of packages and sides leave of a verdict.
pub(crate) fn verdict(gaps: &[SideGap]) -> Verdict {
    if gaps.iter().any(|gap| leaves_open(&gap.gap)) { Verdict::Undecided } else { Verdict::Compatible }
}

/// What the gaps of two packages leave of a verdict: nothing that both ship with the same content was missed.
pub(crate) fn verdict_of_packages(
    context: &Context<'_>,
    old: Option<usize>,
    new: Option<usize>,
    gaps: &[SideGap],
) -> Verdict {
    let meta = |side: &Side, index: Option<usize>| index.and_then(|index| side.packages[index].meta.clone());
    let (Some(old), Some(new)) = (meta(context.old, old), meta(context.new, new)) else {
        return verdict(gaps);
    };
    let digest = |meta: &PackageMeta, path: &BString| {
        let found = meta.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        Some(meta.files[found].digest.clone()).filter(|digest| !digest.is_empty())
    };
    let is_same = |gap: &SideGap| {
        let old = digest(&old, &gap.gap.subject);
        old.is_some() && old == digest(&new, &gap.gap.subject)
    };
    let open: Vec<SideGap> = gaps.iter().filter(|gap| !is_same(gap)).cloned().collect();
    verdict(&open)
}

/// Whether something that has a binary interface may have been missed.
///
/// A gap that concerns debug information counts where it is missed: in the comparison of the artifact.
pub(crate) fn leaves_open(gap: &Gap) -> bool {
    match gap.kind {
        GapKind::NoDebugInfo
        | GapKind::NoSupplementaryFile
        | GapKind::NoSplitDwarf
        | GapKind::DebugMismatch
        | GapKind::BrokenDebugInfo
        | GapKind::UntypedSymbols => false,
        // BrokenElf, Unreadable, Unsupported, MissingPackage, LimitReached, and whatever is added.
        _ => !concerns_debug_package(gap),
    }
}

/// Whether the gap is about a package of debug information, told by its name.
fn concerns_debug_package(gap: &Gap) -> bool {
    let subject = gap.subject.to_string();
    let name = subject.rsplit('/').next().unwrap_or_default();
    ["-debuginfo-", "-debugsource-", "-dbgsym_", "-dbg_"].iter().any(|part| name.contains(part))
}

/// Whether a package's list of files, or its content, may not have been read to the end.
pub(crate) fn is_incomplete(package: &PackageFacts) -> bool {
    package.gaps.iter().any(|gap| is_of_whole(package, gap))
}

/// Whether a gap says that the package as a whole was not read to its end.
fn is_of_whole(package: &PackageFacts, gap: &Gap) -> bool {
    let is_nevra = |meta: &PackageMeta| gap.subject == meta.nevra.to_string();
    leaves_open(gap) && (gap.subject == package.source || package.meta.as_ref().is_some_and(is_nevra))
}

/// The gaps of the package, or of its side, that tell why `path` may be missing in it.
pub(crate) fn may_hide(package: Option<&PackageFacts>, side: &Side, path: &bstr::BStr) -> Option<Gap> {
    let hides = |gap: &&Gap| leaves_open(gap) && (gap.subject == path || gap.subject.ends_with(path));
    let own = package.into_iter().flat_map(|package| &package.gaps);
    let whole = || package.and_then(|package| package.gaps.iter().find(|gap| is_of_whole(package, gap)));
    own.chain(&side.gaps).find(hides).or_else(whole).cloned()
}

/// Whether the candidate may have the content of a reference package after all, since its own could not be read.
pub(crate) fn may_hide_package(context: &Context<'_>, old: usize) -> bool {
    let Some(meta) = &context.old.packages[old].meta else { return false };
    let is_partner = |package: &&PackageFacts| {
        package
            .meta
            .as_ref()
            .is_some_and(|m| (&m.nevra.name, &m.nevra.arch) == (&meta.nevra.name, &meta.nevra.arch))
    };
    let partners = context.new.packages.iter().filter(is_partner);
    missing_package(context.new, &meta.nevra.name, &meta.nevra.arch).is_some()
        || partners.flat_map(|package| &package.gaps).any(leaves_open)
}

/// Whether symbols of an artifact may not have been read.
pub(crate) fn may_lack_symbols(artifact: &ArtifactFacts) -> bool {
    artifact.gaps.iter().any(leaves_open)
}

/// The gap that says that a package of this name and architecture is in the side's metadata, or on its disk, but
/// could not be read.
pub(crate) fn missing_package<'a>(side: &'a Side, name: &str, arch: &str) -> Option<&'a Gap> {
    side.gaps.iter().find(|gap| is_unread_package(gap, name, arch))
}

/// Whether the gap says that a package of this name and architecture could not be read.
pub(crate) fn is_unread_package(gap: &Gap, name: &str, arch: &str) -> bool {
    let is_package =
        matches!(gap.kind, GapKind::MissingPackage | GapKind::Unreadable | GapKind::LimitReached);
    let subject = gap.subject.to_string();
    is_package && is_file_of(subject.rsplit('/').next().unwrap_or_default(), name, arch)
}

/// Whether a file or NEVRA is by its name a build of a package.
fn is_file_of(file: &str, name: &str, arch: &str) -> bool {
    // Debian: name_version_arch.deb; neither name nor version has an underscore in it.
    if let Some(file) = file.strip_suffix(".deb") {
        let mut parts = file.splitn(3, '_');
        return parts.next() == Some(name) && parts.nth(1) == Some(arch);
    }
    let Some(rest) = file.trim_end_matches(".rpm").strip_prefix(name).and_then(|r| r.strip_prefix('-'))
    else {
        return false;
    };
    // Name-[epoch:]version-release.arch: what follows the name has just one hyphen; Debian's native versions have none,
    // and all of Debian's begin with a digit.
    let is_version = match DEBIAN.contains(&arch) {
        true => rest.matches('-').count() <= 1 && rest.starts_with(|c: char| c.is_ascii_digit()),
        false => rest.matches('-').count() == 1,
    };
    is_version && rest.rsplit('.').next().is_some_and(|found| found == arch)
}

/// Architectures that only Debian calls so.
const DEBIAN: [&str; 7] = ["all", "amd64", "arm64", "armel", "armhf", "mips64el", "ppc64el"];

#[cfg(test)]
mod tests {
    use super::is_file_of;

    #[test]
    fn a_package_is_known_by_its_file() {
        assert!(is_file_of("zlib-1.2.11-40.el9.x86_64.rpm", "zlib", "x86_64"));
        assert!(is_file_of("zlib-1:1.2.11-40.el9.x86_64", "zlib", "x86_64"));
        assert!(!is_file_of("zlib-devel-1.2.11-40.el9.x86_64.rpm", "zlib", "x86_64"));
        assert!(!is_file_of("zlib-1.2.11-40.el9.i686.rpm", "zlib", "x86_64"));
        assert!(is_file_of("zlib1g_1%3a1.2.13.dfsg-1_amd64.deb", "zlib1g", "amd64"));
        assert!(is_file_of("tzdata_2024a_all.deb", "tzdata", "all"));
        assert!(!is_file_of("zlib1g-dev_1%3a1.2.13.dfsg-1_amd64.deb", "zlib1g", "amd64"));
        assert!(!is_file_of("zlib1g_1%3a1.2.13.dfsg-1_i386.deb", "zlib1g", "amd64"));
        assert!(is_file_of("tzdata-2024a.all", "tzdata", "all"));
        assert!(!is_file_of("tzdata-legacy-2024a.all", "tzdata", "all"));
    }
}
