//! The check itself: pair, compare every pair in parallel, find consumers, fold.

use std::collections::{BTreeMap, BTreeSet};

use abide_engine::suppress::Suppressions;
use abide_engine::{CompareOptions, Policy, TypesCompared, compare};
use abide_model::{
    ArtifactFacts, Counts, DebugSource, Finding, Level, Progress, Side, Stage, TypeEvidence, TypesInFacts,
    Verdict,
};
use bstr::{BString, ByteSlice};
use rayon::prelude::*;

use crate::batches::{Batch, Types, batches};
use crate::consumers::{Consumers, Library};
use crate::files::{self, Trees};
use crate::gaps;
use crate::headers::Headers;
use crate::kernel;
use crate::metadata::{self, Examined};
use crate::packages;
use crate::pairing::{
    ArtifactPair, ArtifactRef, PackageMatch, PackagePairs, file_name, pair_artifacts, pair_packages,
};
use crate::provided::{self, Libraries};
use crate::reason;
use crate::resolve::{Loader, Loaders};
use crate::result::{
    ArtifactResult, Check, Coverage, DebugInfo, Outcome, PackageResult, Place, PolicyUsed, Resolution,
    verdict_of_findings,
};
use crate::suppressed::{self, Used};
use crate::whole;

/// What the caller may ask of a check.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// A distribution's own decisions about evidence and levels.
    pub policy: Policy,
    /// Written exceptions.
    pub suppressions: Suppressions,
    /// What is known of the kernels' promises besides what is among the inputs.
    pub kernel: kernel::Options,
}

/// Both sides and what every step needs of them.
pub(crate) struct Context<'a> {
    pub(crate) old: &'a Side,
    pub(crate) new: &'a Side,
    pub(crate) options: &'a CheckOptions,
    pub(crate) consumers: Consumers<'a>,
    /// The candidate's libraries.
    pub(crate) libraries: Libraries<'a>,
    /// How each side's programs find their libraries.
    pub(crate) loaders: Loaders<'a>,
    /// The installed trees of both sides.
    pub(crate) trees: Trees<'a>,
    /// Suppressions that covered something.
    pub(crate) used: Used,
    /// Public headers of each side.
    pub(crate) old_headers: Headers,
    pub(crate) new_headers: Headers,
}

impl Context<'_> {
    /// The policy for a pair of artifacts.
    pub(crate) fn policy(&self, at: [Option<ArtifactRef>; 2]) -> Policy {
        let files = [at[0].map(|a| a.of(self.old)), at[1].map(|a| a.of(self.new))];
        let packages = suppressed::package_names(self, at[0].map(|a| a.package), at[1].map(|a| a.package));
        self.options.policy.of_pair(packages, files)
    }

    /// The level of compatibility that an artifact has by the policy.
    pub(crate) fn compatibility_level(&self, at: [Option<ArtifactRef>; 2]) -> Option<u8> {
        self.policy(at).promise.map(|promise| promise.level)
    }

    /// The policy for a pair of packages, as such.
    pub(crate) fn package_policy(&self, old: Option<usize>, new: Option<usize>) -> Policy {
        self.options.policy.of_pair(suppressed::package_names(self, old, new), [None, None])
    }
}

/// Compares `new`, the candidate, with `old`, the reference; all types are in the facts.
pub fn check(old: &Side, new: &Side, options: &CheckOptions, progress: &dyn Progress) -> Check {
    check_with(old, new, &Types { old: &TypesInFacts, new: &TypesInFacts }, options, progress)
}

/// Compares `new`, the candidate, with `old`, the reference. Types are loaded for some pairs at a time and dropped when
/// these are compared, so that those of a whole distribution are never in memory at once.
pub fn check_with(
    old: &Side,
    new: &Side,
    types: &Types<'_>,
    options: &CheckOptions,
    progress: &dyn Progress,
) -> Check {
    let listed = old.metadata.as_ref().zip(new.metadata.as_ref());
    let examined = listed.map(|(old, new)| metadata::examine(old, new, options));
    let packages = pair_packages(old, new);
    let artifacts = pair_artifacts(old, new, &packages);
    let consumers = Consumers::new(old, new, &artifacts.pairs);
    let context = Context {
        old,
        new,
        options,
        consumers,
        libraries: Libraries::new(new),
        loaders: Loaders::new(
            Loader::new(old, &packages.superseded_old),
            Loader::new(new, &packages.superseded_new),
        ),
        trees: Trees::new(old, new, &packages),
        used: Used::default(),
        old_headers: Headers::new(old),
        new_headers: Headers::new(new),
    };
    let mut results = compare_pairs(&context, &packages, &artifacts.pairs, types, progress);
    let removed = artifacts.only_old.iter().map(|artifact| whole::removed(&context, &packages, *artifact));
    let added = artifacts.only_new.iter().map(|artifact| added(&context, &packages, *artifact));
    results.extend(removed.collect::<Vec<_>>());
    results.extend(added.collect::<Vec<_>>());
    let kernels = kernel::judge_kernels(&context, &mut results);
    fold(&context, &packages, results, examined, kernels)
}

/// An artifact that the reference does not have: what it needs must be there all the same.
fn added(context: &Context<'_>, packages: &PackagePairs, at: ArtifactRef) -> ArtifactResult {
    let mut result = whole::added(context, packages, at);
    let (mut findings, resolution) = context.loaders.judge(context, None, at);
    suppressed::mark_artifact(context, &mut findings, [None, Some(at)]);
    result.findings.append(&mut findings);
    result.resolution = resolution;
    result.verdict = result.verdict.max(verdict_of_findings(&result.findings));
    sort_findings(&mut result.findings);
    result
}

/// Compares all pairs, batch by batch; the results are in the order of `pairs`.
fn compare_pairs(
    context: &Context<'_>,
    packages: &PackagePairs,
    pairs: &[ArtifactPair],
    types: &Types<'_>,
    progress: &dyn Progress,
) -> Vec<ArtifactResult> {
    let differs = |pair: &&ArtifactPair| !pair.old.of(context.old).is_copy_of(pair.new.of(context.new));
    let different = pairs.iter().filter(differs).count() as u64;
    progress.begin(Stage::ReadTypes, Some(2 * different));
    progress.begin(Stage::Compare, Some(pairs.len() as u64));
    let mut results = Vec::with_capacity(pairs.len());
    for numbers in batches(context.old, context.new, pairs, types) {
        let batch =
            Batch::load(context.old, context.new, numbers.iter().map(|n| &pairs[*n]), types, progress);
        let compare =
            |number: &usize| (*number, compare_pair(context, packages, &batch, pairs[*number], progress));
        results.par_extend(numbers.par_iter().map(compare));
    }
    progress.end(Stage::Compare);
    progress.end(Stage::ReadTypes);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Compares one pair and adds what the whole distribution knows about it.
fn compare_pair(
    context: &Context<'_>,
    packages: &PackagePairs,
    batch: &Batch,
    pair: ArtifactPair,
    progress: &dyn Progress,
) -> ArtifactResult {
    let (old, new) = (batch.reference(context.old, pair.old), batch.candidate(context.new, pair.new));
    let mut result = ArtifactResult {
        name: display_name(old),
        old: Some(place(pair.old)),
        new: Some(place(pair.new)),
        by: Some(pair.by),
        debug_old: None,
        debug_new: None,
        outcome: Outcome::Identical,
        findings: whole::moved(context, packages, pair).into_iter().collect(),
        gaps: Vec::new(),
        verdict: Verdict::Compatible,
        resolution: Resolution::default(),
        compatibility_level: context.compatibility_level([Some(pair.old), Some(pair.new)]),
    };
    let (mut findings, resolution) = context.loaders.judge(context, Some(pair.old), pair.new);
    result.findings.append(&mut findings);
    result.resolution = resolution;
    suppressed::mark_artifact(context, &mut result.findings, [Some(pair.old), Some(pair.new)]);
    // What could not be read of a file says nothing about a difference when both sides are the same bytes.
    if !old.is_copy_of(new) {
        let (policy, asked) = provided::without_required_versions(&context.options.policy);
        let mut comparison = compare(old, new, &compare_options(context, &pair, policy));
        if asked {
            let policy = context.policy([Some(pair.old), Some(pair.new)]);
            context.libraries.judge_required_versions(new, &mut comparison.findings, &policy);
        }
        context.used.add(&comparison.suppressions_used);
        result.findings.append(&mut comparison.findings);
        result.gaps = gaps::of_comparison(&comparison.gaps, old, new);
        result.verdict = comparison.verdict;
        (result.debug_old, result.debug_new) = (debug_info(old), debug_info(new));
        result.outcome = Outcome::Compared(Box::new(comparison));
    }
    find_consumers(context, &pair, old, new, &mut result.findings);
    result.verdict = result.verdict.max(verdict_of_findings(&result.findings));
    sort_findings(&mut result.findings);
    progress.advance(Stage::Compare, 1, &result.name.to_str_lossy());
    result
}

fn compare_options<'a>(context: &'a Context<'_>, pair: &ArtifactPair, policy: Policy) -> CompareOptions<'a> {
    CompareOptions {
        old_is_consumer: false,
        old_headers: context.old_headers.of(&context.old.packages[pair.old.package]),
        new_headers: context.new_headers.of(&context.new.packages[pair.new.package]),
        suppressions: Some(&context.options.suppressions).filter(|s| !s.is_empty()),
        packages: suppressed::package_names(context, Some(pair.old.package), Some(pair.new.package)),
        policy,
    }
}

fn find_consumers(
    context: &Context<'_>,
    pair: &ArtifactPair,
    old: &ArtifactFacts,
    new: &ArtifactFacts,
    findings: &mut [Finding],
) {
    let mut sonames: BTreeSet<_> = [loaded_name(old), loaded_name(new)].into_iter().collect();
    sonames.remove(b"".as_bstr());
    let library = Library { sonames, old: Some(pair.old), new: Some(pair.new) };
    for finding in findings.iter_mut().filter(|finding| finding.level > Level::Safe) {
        finding.consumers = context.consumers.of(&library, &finding.symbols);
    }
}

/// The name that `DT_NEEDED` of others holds: the soname, else the file name.
pub(crate) fn loaded_name(artifact: &ArtifactFacts) -> &bstr::BStr {
    match &artifact.elf.soname {
        Some(soname) => soname.as_bstr(),
        None => file_name(artifact.path.as_bstr()),
    }
}

/// What people call the artifact: soname, else the file name.
pub(crate) fn display_name(artifact: &ArtifactFacts) -> BString {
    loaded_name(artifact).to_owned()
}

pub(crate) fn place(artifact: ArtifactRef) -> Place {
    Place { package: artifact.package, artifact: artifact.artifact }
}

/// Worst first; the engine's order, which is by subject, stays within a level.
pub(crate) fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
}

/// Puts the results of artifacts under their packages, judges the packages, and sums up.
fn fold(
    context: &Context<'_>,
    pairs: &PackagePairs,
    results: Vec<ArtifactResult>,
    examined: Option<Examined>,
    kernels: kernel::Judged,
) -> Check {
    let mut by_package: BTreeMap<(bool, usize), Vec<ArtifactResult>> = BTreeMap::new();
    let partner: BTreeMap<usize, usize> = pairs.pairs.iter().map(|pair| (pair.new, pair.old)).collect();
    for result in results {
        let key = match (&result.old, &result.new) {
            (Some(old), _) => (false, old.package),
            (None, Some(new)) => partner.get(&new.package).map_or((true, new.package), |old| (false, *old)),
            (None, None) => continue,
        };
        by_package.entry(key).or_default().push(result);
    }
    let mut take = |key| by_package.remove(&key).unwrap_or_default();

    let of_files = files::of_pairs(context, &pairs.pairs);
    let mut all = Vec::new();
    for (pair, of_files) in pairs.pairs.iter().zip(of_files) {
        let mut findings = packages::paired(context, pair);
        findings.extend(of_files);
        all.push(package(
            context,
            Some(pair.old),
            Some(pair.new),
            Some(pair.by),
            take((false, pair.old)),
            findings,
        ));
    }
    for &old in &pairs.only_old {
        let artifacts = take((false, old));
        let mut findings = packages::removed(context, old, &artifacts);
        findings.extend(files::of_replaced(context, old));
        all.push(package(context, Some(old), None, None, artifacts, findings));
    }
    all.sort_by_key(|result| result.old);
    for &new in &pairs.only_new {
        let mut findings = packages::added(context, new);
        findings.extend(files::of_added(context, new));
        all.push(package(context, None, Some(new), None, take((true, new)), findings));
    }
    sum_up(context, pairs, all, examined, kernels)
}

fn package(
    context: &Context<'_>,
    old: Option<usize>,
    new: Option<usize>,
    by: Option<PackageMatch>,
    artifacts: Vec<ArtifactResult>,
    mut findings: Vec<Finding>,
) -> PackageResult {
    sort_findings(&mut findings);
    suppressed::mark_package(context, &mut findings, old, new);
    let gaps = gaps::of_packages(context, old, new);
    let verdict = artifacts
        .iter()
        .map(|artifact| artifact.verdict)
        .chain([verdict_of_findings(&findings), gaps::verdict_of_packages(context, old, new, &gaps)])
        .max()
        .unwrap_or(Verdict::Compatible);
    let compatibility_level = context.package_policy(old, new).promise.map(|promise| promise.level);
    PackageResult { old, new, by, compatibility_level, artifacts, findings, gaps, verdict }
}

fn sum_up(
    context: &Context<'_>,
    pairs: &PackagePairs,
    packages: Vec<PackageResult>,
    examined: Option<Examined>,
    kernels: kernel::Judged,
) -> Check {
    let mut gaps = gaps::of_sides(context);
    gaps.extend(kernels.gaps);
    gaps.sort();
    let coverage = coverage(context, pairs, &packages);
    let nothing = nothing_compared(context, &coverage) && kernels.kernels.iter().all(|k| k.matched == 0);
    if let Some(examined) = &examined {
        context.used.add(&examined.suppressions_used);
    }
    let suppressions = &context.options.suppressions;
    let policy = context.options.policy.source.as_deref().map(|file| PolicyUsed {
        file: file.to_owned(),
        default_compatibility: context.options.policy.compatibility.default,
    });
    let mut check = Check {
        packages,
        findings: kernels.findings,
        kernels: kernels.kernels,
        gaps,
        counts: Counts::default(),
        coverage,
        verdict: if nothing { Verdict::Undecided } else { Verdict::Compatible },
        reason: String::new(),
        policy,
        suppressions_unused: suppressions.unused(&context.used.take()),
        suppressions_expired: suppressions.expired(),
        unmet_on_both: Vec::new(),
    };
    if let Some(examined) = examined {
        metadata::join(&mut check, examined, context.old, context.new);
    }
    check.counts = Counts::of(check.all_findings());
    let packages = check.packages.iter().map(|package| package.verdict).max();
    check.verdict = check
        .verdict
        .max(packages.unwrap_or(Verdict::Compatible))
        .max(gaps::verdict(&check.gaps))
        .max(verdict_of_findings(&check.findings));
    check.reason = reason::reason(&check, nothing);
    check
}

/// Whether there was something to compare and none of it was compared.
///
/// Packages without any artifact (`noarch`), and trees of files, are compared by being there; two sides without anything are not a
/// comparison at all.
fn nothing_compared(context: &Context<'_>, coverage: &Coverage) -> bool {
    let pairs = coverage.compared();
    let has_artifacts = |side: &Side| side.packages.iter().any(|package| !package.artifacts.is_empty());
    let has_tree = |side: &Side| side.packages.iter().any(|package| !package.tree.is_empty());
    let has_trees = has_tree(context.old) && has_tree(context.new);
    let nothing_to_compare = !has_artifacts(context.old) && !has_artifacts(context.new);
    pairs == 0 && !(nothing_to_compare && (coverage.packages_compared > 0 || has_trees))
}

fn coverage(context: &Context<'_>, pairs: &PackagePairs, packages: &[PackageResult]) -> Coverage {
    let named = |by: Option<PackageMatch>| by != Some(PackageMatch::Loose);
    let is_package = |side: &Side, index: &usize| side.packages[*index].meta.is_some();
    let mut coverage = Coverage {
        packages_compared: pairs.pairs.iter().filter(|pair| named(Some(pair.by))).count(),
        packages_removed: pairs.only_old.iter().filter(|index| is_package(context.old, index)).count(),
        packages_added: pairs.only_new.iter().filter(|index| is_package(context.new, index)).count(),
        packages_superseded: pairs.superseded_old.len() + pairs.superseded_new.len(),
        debug_packages_old: debug_packages(packages, |artifact| artifact.debug_old.as_ref()),
        debug_packages_new: debug_packages(packages, |artifact| artifact.debug_new.as_ref()),
        ..Coverage::default()
    };
    packages
        .iter()
        .flat_map(|package| &package.artifacts)
        .for_each(|artifact| count(&mut coverage, artifact));
    coverage
}

/// Where the types of a compared artifact are from.
fn debug_info(artifact: &ArtifactFacts) -> Option<DebugInfo> {
    let TypeEvidence::Read { source, supplementary, .. } = &artifact.types else { return None };
    Some(DebugInfo { source: source.clone(), supplementary: supplementary.clone() })
}

/// Packages that the types of a side's compared artifacts come from.
fn debug_packages(packages: &[PackageResult], info: impl Fn(&ArtifactResult) -> Option<&DebugInfo>) -> usize {
    let artifacts = packages.iter().flat_map(|package| &package.artifacts).filter_map(info);
    let packages = artifacts.filter_map(|info| match &info.source {
        DebugSource::Separate { package, .. } => package.as_deref(),
        DebugSource::InFile => None,
    });
    packages.collect::<BTreeSet<&str>>().len()
}

fn count(coverage: &mut Coverage, artifact: &ArtifactResult) {
    coverage.resolution.add(&artifact.resolution);
    match &artifact.outcome {
        Outcome::Identical => coverage.identical += 1,
        Outcome::Removed => coverage.artifacts_removed += 1,
        Outcome::Added => coverage.artifacts_added += 1,
        Outcome::Compared(comparison) => {
            match comparison.types {
                TypesCompared::Yes => coverage.with_types += 1,
                TypesCompared::Partly { .. } => coverage.types_partly += 1,
                TypesCompared::Identical => coverage.identical += 1,
                TypesCompared::NotNeeded => coverage.no_exports += 1,
                TypesCompared::No { .. } => coverage.symbols_only += 1,
            }
            coverage.symbols_old += comparison.coverage.exports_old;
            coverage.symbols_new += comparison.coverage.exports_new;
            coverage.symbols_need_types += comparison.coverage.need_types;
            coverage.symbols_typed += comparison.coverage.typed_on_both;
        }
    }
}
