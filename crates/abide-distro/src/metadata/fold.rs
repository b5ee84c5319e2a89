//! From what the metadata says to a [`Check`]: alone, or joined with the comparison of the packages themselves.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{
    Counts, Finding, Gap, GapKind, MetaPackage, Metadata, PackageFacts, PackageMeta, Side, Subject, Verdict,
};

use super::lost::is_language_module;
use super::unread::completed;
use super::{Examined, ExaminedPackage, examine};
use crate::check::CheckOptions;
use crate::gaps;
use crate::reason;
use crate::result::{Check, Coverage, PackageResult, PolicyUsed, SideGap, SideName, verdict_of_findings};

/// Rules that the comparison of the packages themselves judges with more evidence.
const OF_PACKAGES: [&str; 4] =
    ["package-added", "package-architecture-changed", "package-removed", "package-renamed"];

/// Compares two distributions by their metadata alone; the two sides have the packages without their content.
pub fn check_metadata(old: &Metadata, new: &Metadata, options: &CheckOptions) -> (Check, Side, Side) {
    let (old, new) = (&*completed(old, new), &*completed(new, old));
    let examined = examine(old, new, options);
    let sides = (side(old), side(new));
    let check = alone(examined, old, new, options);
    (check, sides.0, sides.1)
}

/// The packages of a side by name only.
fn side(metadata: &Metadata) -> Side {
    let package = |package: &MetaPackage| PackageFacts {
        meta: Some(PackageMeta {
            format: metadata.format,
            nevra: package.nevra.clone(),
            source_package: package.source_package.clone(),
            provides: Vec::new(),
            requires: Vec::new(),
            files: Vec::new(),
            scripts: Vec::new(),
            vendor: None,
        }),
        tree: Vec::new(),
        source: package.location.as_str().into(),
        digest: None,
        artifacts: Vec::new(),
        suppressions: Vec::new(),
        kernel_files: Vec::new(),
        gaps: Vec::new(),
    };
    Side {
        label: metadata.label.clone(),
        input_kind: match metadata.repositories.len() {
            1 => "repository metadata".to_owned(),
            n => format!("metadata of {n} repositories"),
        },
        packages: metadata.packages.iter().map(package).collect(),
        public_headers: None,
        gaps: metadata.gaps.clone(),
        metadata: None,
    }
}

fn alone(examined: Examined, old: &Metadata, new: &Metadata, options: &CheckOptions) -> Check {
    let mut gaps = examined.gaps;
    for (side, metadata) in [(SideName::Reference, old), (SideName::Candidate, new)] {
        gaps.extend(metadata.gaps.iter().map(|gap| SideGap { side: Some(side), gap: gap.clone() }));
    }
    let coverage = Coverage {
        packages_compared: examined.packages.iter().filter(|p| p.old.is_some() && p.new.is_some()).count(),
        packages_removed: examined.packages.iter().filter(|p| p.new.is_none()).count(),
        packages_added: examined.packages.iter().filter(|p| p.old.is_none()).count(),
        packages_superseded: old.packages.len() + new.packages.len()
            - examined
                .packages
                .iter()
                .map(|p| usize::from(p.old.is_some()) + usize::from(p.new.is_some()))
                .sum::<usize>(),
        metadata: Some(examined.coverage),
        ..Coverage::default()
    };
    let unread = coverage.packages_compared - examined.coverage.same_files;
    if unread > 0 {
        let packages = if unread == 1 { "1 package" } else { &format!("{unread} packages") };
        gaps.push(SideGap {
            side: None,
            gap: Gap {
                kind: GapKind::NotRead,
                subject: "binary interfaces".into(),
                detail: format!("the content of {packages} was not compared: only metadata was asked for"),
            },
        });
    }
    gaps.sort();
    let packages: Vec<PackageResult> =
        examined.packages.into_iter().map(|p| package(p, options, old)).collect();
    let mut check = Check {
        kernels: Vec::new(),
        packages,
        findings: examined.findings,
        gaps,
        counts: Counts::default(),
        coverage,
        verdict: Verdict::Compatible,
        reason: String::new(),
        policy: options.policy.source.as_deref().map(|file| PolicyUsed {
            file: file.to_owned(),
            default_compatibility: options.policy.compatibility.default,
        }),
        suppressions_unused: options.suppressions.unused(&examined.suppressions_used),
        suppressions_expired: options.suppressions.expired(),
        unmet_on_both: examined.unmet_on_both,
    };
    conclude(&mut check);
    check
}

fn package(examined: ExaminedPackage, options: &CheckOptions, old: &Metadata) -> PackageResult {
    let name = examined.old.map(|number| old.packages[number].nevra.name.as_str());
    let policy = options.policy.of_pair([name, None], [None, None]);
    let verdict = verdict_of_findings(&examined.findings).max(examined.verdict);
    PackageResult {
        old: examined.old,
        new: examined.new,
        by: examined.by,
        compatibility_level: policy.promise.map(|promise| promise.level),
        artifacts: Vec::new(),
        findings: examined.findings,
        gaps: Vec::new(),
        verdict,
    }
}

/// Counts, and the verdict of everything.
fn conclude(check: &mut Check) {
    check.counts = Counts::of(check.all_findings());
    let packages = check.packages.iter().map(|package| package.verdict).max();
    check.verdict = packages
        .unwrap_or(Verdict::Undecided)
        .max(verdict_of_findings(&check.findings))
        .max(gaps::verdict(&check.gaps));
    check.reason = reason::reason(check, check.packages.is_empty());
}

/// Adds what the metadata says to the comparison of the packages themselves.
pub(crate) fn join(check: &mut Check, examined: Examined, old: &Side, new: &Side) {
    let (Some(old_listed), Some(new_listed)) = (&old.metadata, &new.metadata) else { return };
    let places = |side: &Side| -> BTreeMap<String, usize> {
        let metas = side.packages.iter().enumerate();
        metas.filter_map(|(n, p)| Some((p.meta.as_ref()?.nevra.to_string(), n))).collect()
    };
    let (of_old, of_new) = (places(old), places(new));
    let at = |of: fn(&PackageResult) -> Option<usize>| -> BTreeMap<usize, usize> {
        check.packages.iter().enumerate().filter_map(|(at, package)| Some((of(package)?, at))).collect()
    };
    let (at_old, at_new) = (at(|package| package.old), at(|package| package.new));
    for package in examined.packages {
        let old = package.old.map(|n| old_listed.packages[n].nevra.to_string());
        let new = package.new.map(|n| new_listed.packages[n].nevra.to_string());
        let place = old
            .and_then(|nevra| at_old.get(of_old.get(&nevra)?).copied())
            .or_else(|| new.and_then(|nevra| at_new.get(of_new.get(&nevra)?).copied()));
        let findings = package.findings.into_iter().filter(|finding| !is_known(finding));
        match place {
            Some(at) => {
                let result = &mut check.packages[at];
                result.findings.extend(findings);
                crate::check::sort_findings(&mut result.findings);
                result.verdict =
                    result.verdict.max(package.verdict).max(verdict_of_findings(&result.findings));
            }
            None => check.findings.extend(findings),
        }
    }
    check.findings.extend(examined.findings);
    check.gaps.extend(examined.gaps);
    for (side, metadata) in [(SideName::Reference, old_listed), (SideName::Candidate, new_listed)] {
        check.gaps.extend(metadata.gaps.iter().map(|gap| SideGap { side: Some(side), gap: gap.clone() }));
    }
    let gaps: BTreeSet<SideGap> = std::mem::take(&mut check.gaps).into_iter().collect();
    check.gaps = gaps.into_iter().collect();
    check.coverage.metadata = Some(examined.coverage);
    check.unmet_on_both = examined.unmet_on_both;
}

/// Whether the comparison of the packages themselves, of which the package was one, tells the same with more evidence.
fn is_known(finding: &Finding) -> bool {
    let is_of_content = |name: &str| name.starts_with('/') || is_language_module(name);
    let is_lost = finding.rule == "provide-lost";
    OF_PACKAGES.contains(&finding.rule)
        || (is_lost && matches!(&finding.subject, Subject::Capability(name) if is_of_content(name)))
}
