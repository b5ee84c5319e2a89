//! What happened to artifacts as a whole: removed, added, moved to another directory or package.

use std::collections::BTreeSet;

use abide_model::{ArtifactFacts, ElfKind, Evidence, Finding, PackageFacts, Subject, Verdict};
use bstr::{BString, ByteSlice};

use crate::check::{Context, display_name, loaded_name, place};
use crate::consumers::Library;
use crate::files::is_command;
use crate::gaps;
use crate::kernel::without_release;
use crate::packages::has_packages;
use crate::pairing::{
    ArtifactPair, ArtifactRef, PackagePairs, is_default_library_dir, is_library_name, parent, usr_merged,
    version_free,
};
use crate::result::{ArtifactResult, Outcome, Resolution, SideGap, SideName, verdict_of_findings};
use crate::rules::{Draft, judge};
use crate::suppressed;

/// An artifact that the candidate does not have.
pub(crate) fn removed(context: &Context<'_>, packages: &PackagePairs, at: ArtifactRef) -> ArtifactResult {
    let facts = at.of(context.old);
    let partner = packages.partner_of_old(at.package).map(|index| &context.new.packages[index]);
    let mut result = alone(context, [Some(at), None], facts, Outcome::Removed);
    if let Some(gap) = gaps::may_hide(partner, context.new, facts.path.as_bstr()) {
        // It may well be there: the reader could not tell. A gap, no finding.
        result.gaps.push(SideGap { side: Some(SideName::Candidate), gap });
        result.verdict = Verdict::Undecided;
        return result;
    }
    // A package that is gone takes its artifacts along: one finding, about the package.
    let in_package = context.old.packages[at.package].meta.is_some() && has_packages(context.new);
    if packages.is_removed(at.package) && in_package {
        return result;
    }
    let library = Library { sonames: BTreeSet::from([loaded_name(facts)]), old: Some(at), new: None };
    let mut finding = removed_finding(context, facts, at);
    finding.consumers = context.consumers.of(&library, &[]);
    result.findings.push(finding);
    suppressed::mark_artifact(context, &mut result.findings, [Some(at), None]);
    result.verdict = verdict_of_findings(&result.findings);
    result
}

fn removed_finding(context: &Context<'_>, facts: &ArtifactFacts, at: ArtifactRef) -> Finding {
    let name = display_name(facts);
    let exports = facts.elf.exports().count();
    let case = match removed_case(facts, exports) {
        Some("program") => Some(program_case(context, facts, at)),
        case => case,
    };
    let what = describe(facts.elf.kind);
    judge(
        Draft {
            rule: "artifact-removed",
            case,
            subject: Subject::Artifact,
            summary: format!("{what} {name} ({}) is gone", facts.path),
            old: evidence(facts, format!("{what} with {exports} exported symbols")),
            new: absent(&facts.path),
            details: Vec::new(),
        },
        &context.policy([Some(at), None]),
    )
}

/// Who may miss the artifact: nothing links with a program or a plugin.
fn removed_case(facts: &ArtifactFacts, exports: usize) -> Option<&'static str> {
    let is_library = facts.elf.soname.is_some() || is_library_name(facts.path.as_bstr());
    match facts.elf.kind {
        ElfKind::SharedObject if exports > 0 && is_library => None,
        ElfKind::SharedObject | ElfKind::KernelModule => Some("plugin"),
        _ => Some("program"),
    }
}

/// What the loss of a program means: whether its path is still there as a script or link, and whether it is called by
/// its name.
fn program_case(context: &Context<'_>, facts: &ArtifactFacts, at: ArtifactRef) -> &'static str {
    let path = facts.path.as_bstr();
    let is_packaged = at.package_of(context.old).meta.is_some() && has_packages(context.new);
    match () {
        () if is_packaged && context.trees.path_on_candidate(path).is_some() => "replaced",
        () if is_packaged && facts.elf.kind == ElfKind::Executable && is_command(path) => "command",
        () => "program",
    }
}

/// An artifact that the reference does not have.
pub(crate) fn added(context: &Context<'_>, packages: &PackagePairs, at: ArtifactRef) -> ArtifactResult {
    let facts = at.of(context.new);
    let partner = packages.partner_of_new(at.package).map(|index| &context.old.packages[index]);
    let mut result = alone(context, [None, Some(at)], facts, Outcome::Added);
    if let Some(gap) = gaps::may_hide(partner, context.old, facts.path.as_bstr()) {
        result.gaps.push(SideGap { side: Some(SideName::Reference), gap });
        result.verdict = Verdict::Undecided;
        return result;
    }
    let in_package = context.new.packages[at.package].meta.is_some() && has_packages(context.old);
    if packages.is_added(at.package) && in_package {
        return result;
    }
    let what = describe(facts.elf.kind);
    result.findings.push(judge(
        Draft {
            rule: "artifact-added",
            case: None,
            subject: Subject::Artifact,
            summary: format!("{what} {} ({}) is new", display_name(facts), facts.path),
            old: absent(&facts.path),
            new: evidence(facts, format!("{what} with {} exported symbols", facts.elf.exports().count())),
            details: Vec::new(),
        },
        &context.policy([None, Some(at)]),
    ));
    suppressed::mark_artifact(context, &mut result.findings, [None, Some(at)]);
    result
}

/// The finding for a pair whose place changed: directory, or package.
pub(crate) fn moved(context: &Context<'_>, packages: &PackagePairs, pair: ArtifactPair) -> Option<Finding> {
    let (old, new) = (pair.old.of(context.old), pair.new.of(context.new));
    let old_package = pair.old.package_of(context.old);
    let new_package = pair.new.package_of(context.new);
    let both_named = old_package.meta.is_some() && new_package.meta.is_some();
    let other_package = both_named && packages.partner_of_old(pair.old.package) != Some(pair.new.package);
    let other_place = both_named && !still_reachable(old, new) && !is_linked(context, old, pair.new);
    if !other_package && !other_place {
        return None;
    }
    let case = if other_place { Some(place_case(old, new)) } else { package_case(new, new_package) };
    let place_of = |facts: &ArtifactFacts, package: &PackageFacts| match &package.meta {
        Some(meta) if other_package => format!("{} in {}", facts.path, meta.nevra.name),
        _ => facts.path.to_string(),
    };
    let (from, to) = (place_of(old, old_package), place_of(new, new_package));
    let draft = Draft {
        rule: "artifact-moved",
        case,
        subject: Subject::Artifact,
        summary: format!("{} moved: {from} → {to}", display_name(old)),
        old: evidence(old, from),
        new: evidence(new, to),
        details: Vec::new(),
    };
    Some(judge(draft, &context.policy([Some(pair.old), Some(pair.new)])))
}

/// Whether whoever found the old file finds the new one: a library by its soname in the same directory, anything
/// else by its path, or through a link in the old place.
fn still_reachable(old: &ArtifactFacts, new: &ArtifactFacts) -> bool {
    let merged = |path: &BString| usr_merged(path.as_bstr()).to_owned();
    let old_path = merged(&old.path);
    if std::iter::once(&new.path).chain(&new.aliases).any(|name| merged(name) == old_path) {
        return true;
    }
    let directory = |facts: &ArtifactFacts| usr_merged(parent(facts.path.as_bstr())).to_owned();
    old.elf.soname.is_some() && directory(old) == directory(new)
}

/// Whether a link among the directories of the old path leads to the new file (`/usr/sbin` that became a link).
fn is_linked(context: &Context<'_>, old: &ArtifactFacts, new: ArtifactRef) -> bool {
    let found = context.trees.path_on_candidate(old.path.as_bstr());
    found.is_some_and(|path| *path == new.of(context.new).path)
}

/// How the new directory is found.
fn place_case(old: &ArtifactFacts, new: &ArtifactFacts) -> &'static str {
    // Every kernel has a folder, or a name, of its own.
    let is_kernel = matches!(old.elf.kind, ElfKind::Vmlinux | ElfKind::KernelModule);
    if is_kernel && without_release(old.path.as_bstr()) == without_release(new.path.as_bstr()) {
        return "versioned-directory";
    }
    let directory = |facts: &ArtifactFacts| version_free(usr_merged(parent(facts.path.as_bstr())));
    if old.elf.soname.is_none() && directory(old) == directory(new) {
        return "versioned-directory";
    }
    let searched = |facts: &ArtifactFacts| is_default_library_dir(parent(facts.path.as_bstr()));
    match (&old.elf.soname, searched(old), searched(new)) {
        (Some(_), _, true) => "loader-directory",
        (Some(_), true, false) => "out-of-loader-directory",
        _ => "other-path",
    }
}

/// Whether the new package announces the library so that dependencies bring it in.
fn package_case(new: &ArtifactFacts, package: &PackageFacts) -> Option<&'static str> {
    let soname = new.elf.soname.as_ref()?;
    let announced = package.meta.as_ref().is_some_and(|meta| {
        meta.provides.iter().any(|provided| provided.name.split('(').next() == soname.to_str().ok())
    });
    announced.then_some("announced")
}

fn alone(
    context: &Context<'_>,
    at: [Option<ArtifactRef>; 2],
    facts: &ArtifactFacts,
    outcome: Outcome,
) -> ArtifactResult {
    ArtifactResult {
        name: display_name(facts),
        old: at[0].map(place),
        new: at[1].map(place),
        by: None,
        debug_old: None,
        debug_new: None,
        outcome,
        findings: Vec::new(),
        gaps: Vec::new(),
        verdict: Verdict::Compatible,
        resolution: Resolution::default(),
        compatibility_level: context.compatibility_level(at),
    }
}

fn describe(kind: ElfKind) -> &'static str {
    match kind {
        ElfKind::SharedObject => "shared object",
        ElfKind::Executable => "executable",
        ElfKind::KernelModule => "kernel module",
        ElfKind::Vmlinux => "kernel",
        ElfKind::Relocatable => "object file",
        ElfKind::Other(_) => "ELF file",
    }
}

fn evidence(facts: &ArtifactFacts, value: String) -> Evidence {
    Evidence { value, artifact: facts.path.clone(), section: None, offset: None, declaration: None }
}

fn absent(path: &BString) -> Evidence {
    Evidence {
        value: "absent".to_owned(),
        artifact: path.clone(),
        section: None,
        offset: None,
        declaration: None,
    }
}
