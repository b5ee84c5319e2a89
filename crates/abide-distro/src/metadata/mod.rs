//! The comparison of two distributions by the metadata of their repositories, before any package is opened: builds and
//! their order, capabilities that are lost, requirements that nothing meets any more.
//!
//! Pure, as the rest of the crate. What lives here: `index` answers who provides what on one side, `pairs` says which
//! builds belong together, and one file for each question that is asked of them. What does not: the content of
//! packages.

mod builds;
pub(crate) mod clauses;
mod closure;
mod conflicts;
mod fold;
pub(crate) mod index;
mod install;
mod lost;
mod pairs;
mod rich;
pub(crate) mod solve;
mod unread;
mod whole;

use std::collections::BTreeSet;

use abide_engine::Policy;
use abide_model::{Consumer, Evidence, Finding, Gap, GapKind, MetaPackage, Metadata, Subject, Verdict};
use bstr::BString;
use rustc_hash::FxHashSet;

pub use fold::check_metadata;
pub(crate) use fold::join;

use crate::check::CheckOptions;
use crate::pairing::PackageMatch;
use crate::result::{MetadataCoverage, SideGap, SideName, Unmet, verdict_of_findings};
use crate::rules::{Draft, judge};
use index::{Index, required_paths};
use pairs::{BuildPairs, pair_builds};

/// What the metadata of two distributions says.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// Pairs of builds, then builds of one side only.
    pub packages: Vec<ExaminedPackage>,
    /// Findings about the distribution as a whole.
    pub findings: Vec<Finding>,
    /// What could not be decided.
    pub gaps: Vec<SideGap>,
    /// What was looked at.
    pub coverage: MetadataCoverage,
    /// Indices of the suppressions that covered something.
    pub suppressions_used: BTreeSet<usize>,
    /// Requirements that nothing meets on either side.
    pub unmet_on_both: Vec<Unmet>,
}

/// Two builds of a package, or one without a partner; numbers of packages in the metadata.
#[derive(Clone, Debug)]
pub(crate) struct ExaminedPackage {
    /// On the reference.
    pub old: Option<usize>,
    /// On the candidate.
    pub new: Option<usize>,
    /// How they were found to belong together.
    pub by: Option<PackageMatch>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The verdict when a finding of the whole distribution stands for the package.
    pub verdict: Verdict,
}

/// Both sides and what every question needs of them.
pub(crate) struct Context<'a> {
    pub(crate) old: Index<'a>,
    pub(crate) new: Index<'a>,
    pub(crate) pairs: BuildPairs,
    pub(crate) options: &'a CheckOptions,
}

/// Compares what the repositories of the candidate list with what those of the reference do.
pub(crate) fn examine(old: &Metadata, new: &Metadata, options: &CheckOptions) -> Examined {
    let mut paths = FxHashSet::default();
    required_paths(old, &mut paths);
    required_paths(new, &mut paths);
    let (old, new) = rayon::join(|| Index::new(old, &paths), || Index::new(new, &paths));
    let pairs = pair_builds(&old, &new);
    let context = Context { old, new, pairs, options };
    let mut all = Collected::new(&context);
    builds::judge_builds(&context, &mut all);
    whole::judge_whole(&context, &mut all);
    lost::judge_lost(&context, &mut all);
    closure::judge_requirements(&context, &mut all);
    conflicts::judge_conflicts(&context, &mut all);
    install::judge_installable(&context, &mut all);
    all.finish(&context)
}

/// Findings under the pairs that they belong to.
pub(crate) struct Collected {
    packages: Vec<ExaminedPackage>,
    /// Position in `packages` by number on the reference and on the candidate.
    of_old: Vec<Option<usize>>,
    of_new: Vec<Option<usize>>,
    findings: Vec<Finding>,
    gaps: Vec<SideGap>,
    pub(crate) coverage: MetadataCoverage,
    pub(crate) unmet_on_both: Vec<Unmet>,
    /// Packages of the candidate that fall with another one, and whether they are new.
    fallen: Vec<(usize, usize, bool)>,
}

impl Collected {
    fn new(context: &Context<'_>) -> Self {
        let (mut of_old, mut of_new) = (
            vec![None; context.old.metadata.packages.len()],
            vec![None; context.new.metadata.packages.len()],
        );
        let mut packages = Vec::new();
        for pair in &context.pairs.all {
            pair.old.into_iter().for_each(|old| of_old[old] = Some(packages.len()));
            pair.new.into_iter().for_each(|new| of_new[new] = Some(packages.len()));
            packages.push(ExaminedPackage {
                old: pair.old,
                new: pair.new,
                by: pair.by,
                findings: Vec::new(),
                verdict: Verdict::Compatible,
            });
        }
        let coverage = context.coverage();
        Collected {
            packages,
            of_old,
            of_new,
            findings: Vec::new(),
            gaps: Vec::new(),
            coverage,
            unmet_on_both: Vec::new(),
            fallen: Vec::new(),
        }
    }

    /// Adds a finding about a package of the reference, or about its pair.
    pub(crate) fn about_old(&mut self, old: usize, finding: Finding) {
        match self.of_old[old] {
            Some(at) => self.packages[at].findings.push(finding),
            None => self.findings.push(finding),
        }
    }

    /// The same for a package of the candidate.
    pub(crate) fn about_new(&mut self, new: usize, finding: Finding) {
        match self.of_new[new] {
            Some(at) => self.packages[at].findings.push(finding),
            None => self.findings.push(finding),
        }
    }

    /// Says that a package cannot be installed because another one cannot.
    pub(crate) fn falls_with(&mut self, new: usize, root: usize, is_new: bool) {
        self.fallen.push((new, root, is_new));
    }

    /// The verdicts of packages that fall with another one: those of what was found about it.
    fn judge_fallen(&mut self) {
        for (new, root, is_new) in std::mem::take(&mut self.fallen) {
            let (Some(at), Some(root)) = (self.of_new[new], self.of_new[root]) else { continue };
            let findings = self.packages[root].findings.iter();
            let verdict = verdict_of_findings(findings.filter(|f| f.rule == "requirement-broken"));
            let verdict = if is_new { verdict.min(Verdict::Review) } else { verdict };
            self.packages[at].verdict = self.packages[at].verdict.max(verdict);
        }
    }

    /// Adds packages to those that miss what a package of the candidate requires in vain.
    pub(crate) fn needed_by(&mut self, new: usize, consumers: Vec<Consumer>) {
        let Some(at) = self.of_new[new] else { return };
        let broken = self.packages[at].findings.iter_mut();
        if let Some(finding) = broken.into_iter().find(|finding| finding.rule == "requirement-broken") {
            finding.consumers = consumers;
        }
    }

    /// Adds a finding about the distribution.
    pub(crate) fn about_all(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Says that a finding about the distribution stands for a package.
    pub(crate) fn counts_as(&mut self, old: usize, verdict: Verdict) {
        if let Some(at) = self.of_old[old] {
            self.packages[at].verdict = verdict;
        }
    }

    pub(crate) fn gap(&mut self, side: Option<SideName>, kind: GapKind, subject: &str, detail: String) {
        self.gaps.push(SideGap { side, gap: Gap { kind, subject: subject.into(), detail } });
    }

    fn finish(mut self, context: &Context<'_>) -> Examined {
        let rules = &context.options.suppressions;
        let mut used = BTreeSet::new();
        for package in &mut self.packages {
            package.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
            let names = context.names(package.old, package.new);
            for finding in &mut package.findings {
                used.extend(rules.mark_whole(finding, [None, None], names));
            }
        }
        for finding in &mut self.findings {
            used.extend(rules.mark_whole(finding, [None, None], [None, None]));
        }
        self.judge_fallen();
        self.gaps.sort();
        self.unmet_on_both.sort();
        Examined {
            packages: self.packages,
            findings: self.findings,
            gaps: self.gaps,
            coverage: self.coverage,
            suppressions_used: used,
            unmet_on_both: self.unmet_on_both,
        }
    }
}

impl<'a> Context<'a> {
    /// The names of two packages.
    fn names(&self, old: Option<usize>, new: Option<usize>) -> [Option<&'a str>; 2] {
        let name = |index: &Index<'a>, number: Option<usize>| {
            number.map(|number| index.package(number).nevra.name.as_str())
        };
        [name(&self.old, old), name(&self.new, new)]
    }

    /// The policy for two packages.
    fn policy(&self, old: Option<usize>, new: Option<usize>) -> Policy {
        self.options.policy.of_pair(self.names(old, new), [None, None])
    }

    /// Gives a draft about two packages its level.
    fn judge(&self, draft: Draft, old: Option<usize>, new: Option<usize>) -> Finding {
        judge(draft, &self.policy(old, new))
    }

    /// The partner on the reference of a package of the candidate.
    fn partner_of_new(&self, new: usize) -> Option<usize> {
        self.pairs.old_of_new.get(new).copied().flatten()
    }

    /// The partner on the candidate of a package of the reference.
    fn partner_of_old(&self, old: usize) -> Option<usize> {
        self.pairs.new_of_old.get(old).copied().flatten()
    }

    fn coverage(&self) -> MetadataCoverage {
        let both = self.pairs.all.iter().filter_map(|pair| pair.old.zip(pair.new));
        let is_same =
            |(old, new): &(usize, usize)| is_same_file(self.old.package(*old), self.new.package(*new));
        MetadataCoverage { same_files: both.filter(is_same).count(), ..MetadataCoverage::default() }
    }
}

/// Whether both are the same package file.
pub(crate) fn is_same_file(old: &MetaPackage, new: &MetaPackage) -> bool {
    !old.checksum.is_empty() && old.checksum == new.checksum && old.nevra == new.nevra
}

/// What a package says, as evidence.
fn evidence(package: &MetaPackage, value: impl Into<String>) -> Evidence {
    Evidence {
        value: value.into(),
        artifact: BString::from(package.location.as_str()),
        section: None,
        offset: None,
        declaration: None,
    }
}

/// That there is nothing.
fn absent() -> Evidence {
    Evidence {
        value: "absent".to_owned(),
        artifact: BString::default(),
        section: None,
        offset: None,
        declaration: None,
    }
}

fn about_package(package: &MetaPackage) -> Subject {
    Subject::Package(package.nevra.name.clone())
}

/// Epoch, version and release as people write them.
fn evr(package: &MetaPackage) -> String {
    let n = &package.nevra;
    let epoch = if n.epoch == 0 { String::new() } else { format!("{}:", n.epoch) };
    let release = if n.release.is_empty() { String::new() } else { format!("-{}", n.release) };
    format!("{epoch}{}{release}", n.version)
}

/// A package that uses what a finding is about.
fn consumer(package: &MetaPackage, on_reference: bool, on_candidate: bool) -> Consumer {
    let named = Consumer::new(Some(package.nevra.to_string()), BString::default());
    Consumer { on_reference, on_candidate, ..named }
}
