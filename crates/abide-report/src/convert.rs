//! A check and its two sides → the findings document.

use std::collections::HashMap;

use abide_distro::{
    ArtifactResult, Check, DebugInfo, Outcome, PackageResult, SideGap, SideName as ModelSide,
};
use abide_engine::suppress::Notice;
use abide_engine::{TypesCompared, demangle};
use abide_model::{ArtifactFacts, DebugSource, PackageFacts, Side, SymbolName};
use bstr::{BString, ByteSlice};

use crate::document as doc;
use crate::document::{Both, Text};
use crate::identity;

/// Builds the document of a check of `old`, the reference, and `new`, the candidate.
pub fn document(check: &Check, old: &Side, new: &Side) -> doc::Document {
    let mut symbols = SymbolSets::default();
    let whole = check.findings.iter().map(|f| finding(f, Whereabouts::default(), true, &mut symbols));
    let mut findings: Vec<doc::Finding> = whole.collect();
    let mut gaps: Vec<doc::Gap> = check.gaps.iter().map(|gap| self::gap(gap, None, None, None)).collect();
    let mut packages = Vec::new();
    for (index, result) in check.packages.iter().enumerate() {
        let context = Context { old, new, index, nevra: nevra(result, old, new) };
        packages.push(context.package(result));
        context.findings(result, &mut symbols, &mut findings);
        context.gaps(result, &mut gaps);
    }
    identity::number(&mut findings);
    let counts = doc::Counts {
        breaks: check.counts.breaks,
        reviews: check.counts.reviews,
        safe: check.counts.safe,
        suppressed: check.counts.suppressed,
        gaps: gaps.len(),
    };
    doc::Document {
        schema: doc::SCHEMA_ID.to_owned(),
        tool: doc::Tool { name: "abide".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        policy: check.policy.as_ref().map(|policy| doc::Policy {
            file: policy.file.clone(),
            default_compatibility: policy.default_compatibility,
        }),
        verdict: verdict(check.verdict),
        reason: check.reason.clone(),
        inputs: doc::Inputs {
            reference: input(old, check, |p| p.old),
            candidate: input(new, check, |p| p.new),
        },
        counts,
        coverage: coverage(check),
        packages,
        findings,
        gaps,
        suppressions: idle_suppressions(check),
        symbol_sets: symbols.sets,
    }
}

fn idle_suppressions(check: &Check) -> Vec<doc::IdleSuppression> {
    let notices = |notices: &[Notice], state: doc::IdleState| -> Vec<doc::IdleSuppression> {
        let idle = notices.iter().map(|notice| doc::IdleSuppression {
            file: notice.file.clone(),
            line: notice.line,
            state,
            message: notice.message.clone(),
        });
        idle.collect()
    };
    let mut all = notices(&check.suppressions_unused, doc::IdleState::Unused);
    all.extend(notices(&check.suppressions_expired, doc::IdleState::Expired));
    all.sort();
    all
}

/// Lists of symbols, each kept once.
#[derive(Default)]
struct SymbolSets {
    sets: Vec<Vec<doc::Symbol>>,
    index: HashMap<Vec<SymbolName>, usize>,
}

impl SymbolSets {
    fn add(&mut self, symbols: &[SymbolName]) -> usize {
        if let Some(known) = self.index.get(symbols) {
            return *known;
        }
        let next = self.sets.len();
        self.sets.push(symbols.iter().map(symbol).collect());
        self.index.insert(symbols.to_vec(), next);
        next
    }
}

/// What the parts of one package's result have in common.
struct Context<'a> {
    old: &'a Side,
    new: &'a Side,
    index: usize,
    nevra: Both<String>,
}

impl Context<'_> {
    fn package(&self, result: &PackageResult) -> doc::Package {
        let source = |side: &Side, index: Option<usize>| {
            let meta = side.packages[index?].meta.as_ref()?;
            meta.source_package.as_deref().map(|file| source_name(file).to_owned())
        };
        doc::Package {
            nevra: self.nevra.clone(),
            source: source(self.old, result.old).or_else(|| source(self.new, result.new)),
            matched_by: result.by.map(|by| by.id().to_owned()),
            compatibility_level: result.compatibility_level,
            verdict: verdict(result.verdict),
            artifacts: result.artifacts.iter().map(|artifact| self.artifact(artifact)).collect(),
        }
    }

    fn artifact(&self, result: &ArtifactResult) -> doc::Artifact {
        let file = |side: &Side, place: Option<abide_distro::Place>, debug: &Option<DebugInfo>| {
            place.map(|place| {
                let package = &side.packages[place.package];
                self::file(package, &package.artifacts[place.artifact], debug.as_ref())
            })
        };
        let counts = abide_model::Counts::of(&result.findings);
        doc::Artifact {
            name: Text::new(result.name.as_bstr()),
            files: Both {
                reference: file(self.old, result.old, &result.debug_old),
                candidate: file(self.new, result.new, &result.debug_new),
            },
            matched_by: result.by.map(|by| by.id().to_owned()),
            compared: compared(&result.outcome),
            types_note: match &result.outcome {
                Outcome::Compared(comparison) => comparison.types.why().map(str::to_owned),
                _ => None,
            },
            compatibility_level: result.compatibility_level,
            verdict: verdict(result.verdict),
            counts: doc::Counts {
                breaks: counts.breaks,
                reviews: counts.reviews,
                safe: counts.safe,
                suppressed: counts.suppressed,
                gaps: result.gaps.len(),
            },
        }
    }

    fn findings(&self, result: &PackageResult, symbols: &mut SymbolSets, out: &mut Vec<doc::Finding>) {
        let at = |number: Option<usize>, artifact| Whereabouts {
            place: Some(doc::Place { package: self.index, artifact: number }),
            package: Some(&self.nevra),
            artifact,
        };
        out.extend(result.findings.iter().map(|f| finding(f, at(None, None), true, symbols)));
        for (number, artifact) in result.artifacts.iter().enumerate() {
            let (at, linkable) = (at(Some(number), Some(&artifact.name)), self.is_linkable(artifact));
            out.extend(artifact.findings.iter().map(|f| finding(f, at, linkable, symbols)));
        }
    }

    /// Whether other files can bind to the artifact: it exported something.
    fn is_linkable(&self, result: &ArtifactResult) -> bool {
        let place = result.old.map(|place| (self.old, place)).or(result.new.map(|place| (self.new, place)));
        place.is_some_and(|(side, place)| {
            side.packages[place.package].artifacts[place.artifact].elf.exports().next().is_some()
        })
    }

    fn gaps(&self, result: &PackageResult, out: &mut Vec<doc::Gap>) {
        let own = doc::Place { package: self.index, artifact: None };
        out.extend(result.gaps.iter().map(|gap| self::gap(gap, Some(own), Some(&self.nevra), None)));
        for (number, artifact) in result.artifacts.iter().enumerate() {
            let place = doc::Place { package: self.index, artifact: Some(number) };
            let gaps = artifact.gaps.iter();
            out.extend(gaps.map(|gap| self::gap(gap, Some(place), Some(&self.nevra), Some(&artifact.name))));
        }
    }
}

/// Where a finding stands.
#[derive(Clone, Copy, Default)]
struct Whereabouts<'a> {
    place: Option<doc::Place>,
    package: Option<&'a Both<String>>,
    artifact: Option<&'a BString>,
}

/// One finding, still without its id; `linkable` says whether anything can use what changed.
fn finding(
    finding: &abide_model::Finding,
    at: Whereabouts<'_>,
    linkable: bool,
    symbols: &mut SymbolSets,
) -> doc::Finding {
    let sought = linkable && finding.level > abide_model::Level::Safe;
    let consumers =
        sought.then(|| finding.consumers.iter().map(|c| self::consumer(c, symbols)).collect::<Vec<_>>());
    doc::Finding {
        id: String::new(),
        rule: finding.rule.to_owned(),
        level: level(finding.level),
        place: at.place,
        package: at.package.cloned().unwrap_or_default(),
        artifact: at.artifact.map(|name| Text::new(name.as_bstr())),
        subject: subject(&finding.subject),
        summary: finding.summary.clone(),
        why: finding.why.clone(),
        reference: evidence(&finding.old),
        candidate: evidence(&finding.new),
        details: finding.details.iter().map(detail).collect(),
        exposure: finding.exposure.map(|exposure| exposure.id().to_owned()),
        path: finding.path.iter().map(|s| doc::PathStep { via: s.via.clone(), ty: s.ty.clone() }).collect(),
        symbols: symbols.add(&finding.symbols),
        consumers,
        suppressed: finding.suppressed.clone(),
    }
}

fn nevra_of(package: &PackageFacts) -> Option<String> {
    package.meta.as_ref().map(|meta| meta.nevra.to_string())
}

/// The name in a source package's file name; what is no such file name is a name already.
fn source_name(file: &str) -> &str {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"));
    stem.and_then(|stem| stem.rsplitn(3, '-').nth(2)).unwrap_or(file)
}

fn nevra(result: &PackageResult, old: &Side, new: &Side) -> Both<String> {
    let of = |side: &Side, index: Option<usize>| index.and_then(|index| nevra_of(&side.packages[index]));
    Both { reference: of(old, result.old), candidate: of(new, result.new) }
}

fn input(side: &Side, check: &Check, index: impl Fn(&PackageResult) -> Option<usize>) -> doc::Input {
    let subjects: std::collections::BTreeSet<usize> = check.packages.iter().filter_map(index).collect();
    let packages = side.packages.iter().enumerate().map(|(number, package)| doc::InputPackage {
        nevra: nevra_of(package),
        path: Text::new(package.source.as_bstr()),
        sha256: package.digest.map(|digest| digest.to_string()),
        role: match &package.meta {
            Some(meta) if meta.is_debug() => doc::Role::Debug,
            _ if subjects.contains(&number) => doc::Role::Subject,
            _ => doc::Role::Superseded,
        },
    });
    doc::Input { label: side.label.clone(), kind: side.input_kind.clone(), packages: packages.collect() }
}

fn coverage(check: &Check) -> doc::Coverage {
    let c = &check.coverage;
    doc::Coverage {
        packages: doc::PackageCoverage {
            compared: c.packages_compared,
            removed: c.packages_removed,
            added: c.packages_added,
            superseded: c.packages_superseded,
            debug_reference: c.debug_packages_old,
            debug_candidate: c.debug_packages_new,
        },
        artifacts: doc::ArtifactCoverage {
            identical: c.identical,
            with_types: c.with_types,
            types_partly: c.types_partly,
            symbols_only: c.symbols_only,
            no_exports: c.no_exports,
            removed: c.artifacts_removed,
            added: c.artifacts_added,
        },
        symbols: doc::SymbolCoverage {
            reference: c.symbols_old,
            candidate: c.symbols_new,
            need_types: c.symbols_need_types,
            typed: c.symbols_typed,
        },
        imports: doc::ImportCoverage {
            total: c.resolution.imports,
            resolved: c.resolution.resolved,
            lost: c.resolution.lost(),
            unresolved_on_both: c.resolution.unresolved_on_both,
            unknown: c.resolution.unknown,
        },
        metadata: c.metadata.map(|m| doc::MetadataCoverage {
            same_files: m.same_files,
            capabilities_lost: m.capabilities_lost,
            requirements: m.requirements,
            requirements_broken: m.requirements_broken,
            requirements_broken_on_both: m.requirements_broken_on_both,
            requirements_undecided: m.requirements_undecided,
            packages_solved: m.packages_solved,
            not_installable: m.not_installable,
            not_installable_on_both: m.not_installable_on_both,
            unmet_on_both: check.unmet_on_both.iter().map(unmet).collect(),
            files: m.files,
        }),
        kernels: check.kernels.iter().map(kernel).collect(),
    }
}

fn kernel(kernel: &abide_distro::kernel::KernelResult) -> doc::KernelCoverage {
    doc::KernelCoverage {
        reference: kernel.old.clone(),
        candidate: kernel.new.clone(),
        is_list: kernel.is_list,
        exports_reference: kernel.exports_old,
        exports_candidate: kernel.exports_new,
        with_checksums: kernel.with_checksums,
        changed: kernel.changed,
        explained: kernel.explained,
        causes: kernel.causes,
        removed: kernel.removed,
        added: kernel.added,
        listed: kernel.listed_old,
        listed_broken: kernel.listed_broken,
        hidden: kernel.hidden,
    }
}

fn unmet(unmet: &abide_distro::Unmet) -> doc::Unmet {
    doc::Unmet { package: unmet.package.clone(), requirements: unmet.requirements.clone() }
}

fn compared(outcome: &Outcome) -> doc::Compared {
    match outcome {
        Outcome::Identical => doc::Compared::Identical,
        Outcome::Removed => doc::Compared::Removed,
        Outcome::Added => doc::Compared::Added,
        Outcome::Compared(comparison) => match comparison.types {
            TypesCompared::Yes => doc::Compared::Types,
            TypesCompared::Identical => doc::Compared::Identical,
            TypesCompared::NotNeeded => doc::Compared::NoExports,
            TypesCompared::Partly { .. } => doc::Compared::TypesPartly,
            TypesCompared::No { .. } => doc::Compared::SymbolsOnly,
        },
    }
}

fn file(package: &PackageFacts, artifact: &ArtifactFacts, debug: Option<&DebugInfo>) -> doc::File {
    doc::File {
        path: Text::new(artifact.path.as_bstr()),
        package: nevra_of(package),
        sha256: artifact.digest.map(|digest| digest.to_string()).unwrap_or_default(),
        build_id: artifact.elf.build_id.as_ref().map(|id| hex(id)),
        debug_info: debug.map(debug_info),
    }
}

fn debug_info(info: &DebugInfo) -> doc::DebugInfo {
    let (path, package) = match &info.source {
        DebugSource::InFile => (None, None),
        DebugSource::Separate { path, package } => (Some(Text::new(path.as_bstr())), package.clone()),
    };
    doc::DebugInfo {
        path,
        package,
        supplementary: info.supplementary.as_ref().map(|path| Text::new(path.as_bstr())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn symbol(name: &SymbolName) -> doc::Symbol {
    doc::Symbol {
        name: Text::new(name.name.as_bstr()),
        demangled: demangle(name.name.as_bstr()),
        version: name.version.as_ref().map(|(version, _)| Text::new(version.as_bstr())),
        is_default: name.version.as_ref().map(|(_, is_default)| *is_default),
    }
}

fn subject(subject: &abide_model::Subject) -> doc::Subject {
    match subject {
        abide_model::Subject::Symbol(name) => doc::Subject::Symbol(symbol(name)),
        abide_model::Subject::Type(name) => doc::Subject::Type(name.clone()),
        abide_model::Subject::Artifact => doc::Subject::Artifact,
        abide_model::Subject::Package(name) => doc::Subject::Package(name.clone()),
        abide_model::Subject::Capability(name) => doc::Subject::Capability(name.clone()),
    }
}

fn evidence(evidence: &abide_model::Evidence) -> doc::Evidence {
    doc::Evidence {
        value: evidence.value.clone(),
        artifact: Text::new(evidence.artifact.as_bstr()),
        section: evidence.section.clone(),
        offset: evidence.offset,
        declaration: evidence.declaration.clone(),
    }
}

fn detail(detail: &abide_model::Detail) -> doc::Detail {
    doc::Detail {
        what: detail.what.clone(),
        old: detail.old.clone(),
        new: detail.new.clone(),
        rule: detail.rule.to_owned(),
        level: level(detail.level),
    }
}

fn consumer(consumer: &abide_model::Consumer, symbols: &mut SymbolSets) -> doc::Consumer {
    let sides = [
        (consumer.on_reference, doc::SideName::Reference),
        (consumer.on_candidate, doc::SideName::Candidate),
    ];
    doc::Consumer {
        package: consumer.package.clone(),
        artifact: Text::new(consumer.artifact.as_bstr()),
        symbols: symbols.add(&consumer.symbols),
        sides: sides.into_iter().filter_map(|(seen, side)| seen.then_some(side)).collect(),
        through: consumer.through.iter().map(|name| Text::new(name.as_bstr())).collect(),
        dependents: consumer.dependents,
    }
}

fn gap(
    gap: &SideGap,
    place: Option<doc::Place>,
    nevra: Option<&Both<String>>,
    artifact: Option<&BString>,
) -> doc::Gap {
    let package = nevra.and_then(|nevra| match gap.side {
        Some(ModelSide::Candidate) => nevra.candidate.clone(),
        _ => nevra.reference.clone().or_else(|| nevra.candidate.clone()),
    });
    doc::Gap {
        kind: gap.gap.kind.id().to_owned(),
        side: gap.side.map(|side| match side {
            ModelSide::Reference => doc::SideName::Reference,
            ModelSide::Candidate => doc::SideName::Candidate,
        }),
        place,
        package,
        artifact: artifact.map(|name| Text::new(name.as_bstr())),
        subject: Text::new(gap.gap.subject.as_bstr()),
        detail: gap.gap.detail.clone(),
    }
}

fn level(level: abide_model::Level) -> doc::Level {
    match level {
        abide_model::Level::Safe => doc::Level::Safe,
        abide_model::Level::Review => doc::Level::Review,
        abide_model::Level::Break => doc::Level::Break,
    }
}

fn verdict(verdict: abide_model::Verdict) -> doc::Verdict {
    match verdict {
        abide_model::Verdict::Compatible => doc::Verdict::Compatible,
        abide_model::Verdict::Undecided => doc::Verdict::Undecided,
        abide_model::Verdict::Review => doc::Verdict::Review,
        abide_model::Verdict::Incompatible => doc::Verdict::Incompatible,
    }
}
