//! What happened to packages as a whole: removed, added, renamed, replaced, another architecture; and who
//! requires what a removed package provided.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{Consumer, Detail, Evidence, Finding, Level, PackageFacts, PackageMeta, Side, Subject};
use bstr::BString;

use crate::check::{Context, loaded_name};
use crate::consumers::Library;
use crate::gaps;
use crate::pairing::{ArtifactRef, PackageMatch, PackagePair, provides};
use crate::result::{ArtifactResult, Outcome};
use crate::rules::{Draft, judge};

/// Findings about a pair that is not simply the same package.
pub(crate) fn paired(context: &Context<'_>, pair: &PackagePair) -> Vec<Finding> {
    let (old, new) = (&context.old.packages[pair.old], &context.new.packages[pair.new]);
    let (Some(old_meta), Some(new_meta)) = (&old.meta, &new.meta) else { return Vec::new() };
    let mut findings = Vec::new();
    if old_meta.nevra.name != new_meta.nevra.name && pair.by != PackageMatch::VersionedName {
        let case = provides(new, &old_meta.nevra.name).then_some("provided");
        let summary = format!("package {} is now called {}", old_meta.nevra.name, new_meta.nevra.name);
        findings.push(pair_finding(context, "package-renamed", case, summary, pair));
    }
    if old_meta.nevra.arch != new_meta.nevra.arch {
        let case = [old_meta, new_meta].iter().any(|meta| meta.nevra.arch == "noarch").then_some("noarch");
        let (from, to) = (&old_meta.nevra.arch, &new_meta.nevra.arch);
        let summary = format!("package {} is for another architecture: {from} → {to}", old_meta.nevra.name);
        findings.push(pair_finding(context, "package-architecture-changed", case, summary, pair));
    }
    findings
}

fn pair_finding(
    context: &Context<'_>,
    rule: &'static str,
    case: Option<&'static str>,
    summary: String,
    pair: &PackagePair,
) -> Finding {
    let (old, new) = (&context.old.packages[pair.old], &context.new.packages[pair.new]);
    let draft = Draft {
        rule,
        case,
        subject: Subject::Package(name(old)),
        summary,
        old: evidence(old),
        new: evidence(new),
        details: Vec::new(),
    };
    judge(draft, &context.package_policy(Some(pair.old), Some(pair.new)))
}

/// Whether the side has any package: one of loose files says nothing about packages.
pub(crate) fn has_packages(side: &Side) -> bool {
    side.packages.iter().any(|package| package.meta.is_some())
}

/// The finding for a package that the candidate does not have; none for loose files.
pub(crate) fn removed(context: &Context<'_>, index: usize, artifacts: &[ArtifactResult]) -> Vec<Finding> {
    let package = &context.old.packages[index];
    let Some(meta) = package.meta.as_ref().filter(|_| has_packages(context.new)) else { return Vec::new() };
    if gaps::missing_package(context.new, &meta.nevra.name, &meta.nevra.arch).is_some() {
        // The candidate's metadata names it; that it could not be read is a gap of the side.
        return Vec::new();
    }
    let lost = lost_capabilities(meta, context.new);
    let heir =
        context.new.packages.iter().find(|other| other.meta.is_some() && provides(other, &meta.nevra.name));
    let gone: Vec<&ArtifactResult> =
        artifacts.iter().filter(|artifact| matches!(artifact.outcome, Outcome::Removed)).collect();
    let (case, new) = match heir {
        Some(heir) if gone.is_empty() => (Some("replaced"), evidence(heir)),
        _ => (None, absent(package)),
    };
    let summary = match case {
        Some(_) => format!("package {} was merged into {}", meta.nevra.name, new.value),
        None => format!("package {} is gone", meta.nevra),
    };
    let mut draft = Draft {
        rule: "package-removed",
        case,
        subject: Subject::Package(meta.nevra.name.clone()),
        summary,
        old: evidence(package),
        new,
        details: Vec::new(),
    };
    draft.details = lost_details(&lost, &gone, case.is_none());
    let mut finding = judge(draft, &context.package_policy(Some(index), None));
    if finding.level > Level::Safe {
        finding.consumers = requirers(context, index, &lost);
        finding.consumers.extend(users(context, index, &gone));
        finding.consumers.sort_by(Consumer::rank);
        finding.consumers.dedup();
    }
    vec![finding]
}

/// Capabilities and the package's own name that nothing on the candidate provides.
fn lost_capabilities<'a>(meta: &'a PackageMeta, new: &Side) -> BTreeSet<&'a str> {
    let mut lost: BTreeSet<&str> = meta.provides.iter().map(|provided| provided.name.as_str()).collect();
    lost.insert(meta.nevra.name.as_str());
    let kept = new.packages.iter().filter_map(|package| package.meta.as_ref());
    for other in kept {
        lost.remove(other.nevra.name.as_str());
        other.provides.iter().for_each(|provided| {
            lost.remove(provided.name.as_str());
        });
    }
    lost
}

/// What is lost, item by item: capabilities, then files with a binary interface.
fn lost_details(lost: &BTreeSet<&str>, gone: &[&ArtifactResult], whole: bool) -> Vec<Detail> {
    let level = if whole { Level::Break } else { Level::Safe };
    let detail = |what: &str, old: String| Detail {
        what: what.to_owned(),
        old: Some(old),
        new: None,
        rule: "package-removed",
        level,
    };
    let capabilities = lost.iter().map(|name| detail("provides", (*name).to_owned()));
    capabilities.chain(gone.iter().map(|artifact| detail("ships", artifact.name.to_string()))).collect()
}

/// Packages that require one of `lost`.
fn requirers(context: &Context<'_>, index: usize, lost: &BTreeSet<&str>) -> Vec<Consumer> {
    let mut found: BTreeMap<(String, String), Consumer> = BTreeMap::new();
    let sides = [(context.old, true), (context.new, false)];
    for (side, on_reference) in sides {
        for (number, package) in side.packages.iter().enumerate() {
            let Some(meta) = package.meta.as_ref().filter(|meta| !meta.is_debug()) else { continue };
            let is_itself = on_reference && number == index;
            if is_itself || !meta.requires.iter().any(|required| mentions(&required.name, lost)) {
                continue;
            }
            let key = (meta.nevra.name.clone(), meta.nevra.arch.clone());
            let entry = found.entry(key).or_insert_with(|| package_consumer(meta));
            entry.on_reference |= on_reference;
            entry.on_candidate |= !on_reference;
        }
    }
    found.into_values().collect()
}

fn package_consumer(meta: &PackageMeta) -> Consumer {
    Consumer::new(Some(meta.nevra.to_string()), BString::default())
}

/// Whether a requirement names one of `lost`; a rich one (`(a or b)`, rpm's "Boolean Dependencies") counts when
/// any of its words does.
fn mentions(required: &str, lost: &BTreeSet<&str>) -> bool {
    if lost.contains(required) {
        return true;
    }
    required.starts_with('(') && required.split([' ', '(', ')']).any(|word| lost.contains(word))
}

/// Artifacts that need one of the libraries that are gone.
fn users(context: &Context<'_>, package: usize, gone: &[&ArtifactResult]) -> Vec<Consumer> {
    let mut all = Vec::new();
    for place in gone.iter().filter_map(|artifact| artifact.old) {
        let at = ArtifactRef { package: place.package, artifact: place.artifact };
        let library =
            Library { sonames: BTreeSet::from([loaded_name(at.of(context.old))]), old: Some(at), new: None };
        all.extend(context.consumers.of(&library, &[]));
    }
    let own = context.old.packages[package].meta.as_ref().map(|meta| meta.nevra.to_string());
    all.retain(|consumer| consumer.package != own || own.is_none());
    all
}

/// The finding for a package that the reference does not have; none for loose files.
pub(crate) fn added(context: &Context<'_>, index: usize) -> Vec<Finding> {
    let package = &context.new.packages[index];
    let Some(meta) = package.meta.as_ref().filter(|_| has_packages(context.old)) else { return Vec::new() };
    if gaps::missing_package(context.old, &meta.nevra.name, &meta.nevra.arch).is_some() {
        return Vec::new();
    }
    let draft = Draft {
        rule: "package-added",
        case: None,
        subject: Subject::Package(meta.nevra.name.clone()),
        summary: format!("package {} is new", meta.nevra),
        old: absent(package),
        new: evidence(package),
        details: Vec::new(),
    };
    vec![judge(draft, &context.package_policy(None, Some(index)))]
}

fn name(package: &PackageFacts) -> String {
    package.meta.as_ref().map_or_else(|| package.source.to_string(), |meta| meta.nevra.name.clone())
}

fn evidence(package: &PackageFacts) -> Evidence {
    let value = package.meta.as_ref().map_or_else(String::new, |meta| meta.nevra.to_string());
    Evidence { value, artifact: package.source.clone(), section: None, offset: None, declaration: None }
}

fn absent(package: &PackageFacts) -> Evidence {
    Evidence { value: "absent".to_owned(), ..evidence(package) }
}
