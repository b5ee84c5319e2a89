//! Requirements that nothing in the candidate meets: those that the reference met are breaks, those that neither side
//! meets are told apart.

use std::collections::BTreeSet;

use abide_model::{Detail, GapKind, Level, MetaPackage, Relation, RelationKind};
use rayon::prelude::*;

use super::index::{Answer, Asking};
use super::rich;
use super::{Collected, Context, about_package, absent, evidence, evr};
use crate::result::{SideName, Unmet};
use crate::rules::Draft;

/// Why a requirement is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Nothing meets it, and the reference does, or does not need it.
    Lost,
    /// It is that of a package that the reference does not have.
    NewPackage,
    /// Only a module's stream meets it that nobody enabled.
    OtherStream,
    /// It is met only while another package is not installed.
    Conditional,
    /// A recommendation.
    Weak,
    /// Neither side meets it.
    OnBoth,
}

impl Why {
    /// The case of the rule.
    fn case(self) -> Option<&'static str> {
        match self {
            Why::Lost | Why::OnBoth => None,
            Why::NewPackage => Some("new-package"),
            Why::OtherStream => Some("other-stream"),
            Why::Conditional => Some("conditional"),
            Why::Weak => Some("weak"),
        }
    }
}

/// What came of one package's requirements.
#[derive(Default)]
struct Judged {
    broken: Vec<(Why, String, Option<String>)>,
    asked: usize,
    unknown: Vec<String>,
}

/// Judges what every package of the candidate requires and recommends.
pub(crate) fn judge_requirements(context: &Context<'_>, all: &mut Collected) {
    let newest: Vec<usize> = context.pairs.all.iter().filter_map(|pair| pair.new).collect();
    let judged: Vec<Judged> = newest.par_iter().map(|new| requirements(context, *new)).collect();
    for (new, judged) in newest.into_iter().zip(judged) {
        let package = context.new.package(new);
        all.coverage.requirements += judged.asked;
        for name in judged.unknown {
            all.coverage.requirements_undecided += 1;
            let detail = format!("whether anything meets the requirement `{name}` cannot be told");
            all.gap(Some(SideName::Candidate), GapKind::Unsupported, &package.nevra.to_string(), detail);
        }
        let mut broken = judged.broken;
        broken.sort();
        for group in broken.chunk_by(|a, b| a.0 == b.0) {
            match group[0].0 {
                // Nothing changed, so that there is nothing to find; it is told all the same.
                Why::OnBoth => {
                    all.coverage.requirements_broken_on_both += group.len();
                    let requirements = group.iter().map(|(_, spelled, _)| spelled.clone()).collect();
                    all.unmet_on_both.push(Unmet { package: package.nevra.to_string(), requirements });
                    continue;
                }
                Why::Lost | Why::NewPackage => all.coverage.requirements_broken += group.len(),
                Why::OtherStream | Why::Conditional | Why::Weak => {}
            }
            let finding = finding(context, new, package, group);
            all.about_new(new, finding);
        }
    }
}

fn requirements(context: &Context<'_>, new: usize) -> Judged {
    let package = context.new.package(new);
    let mut judged = Judged::default();
    for (kind, weak) in [(RelationKind::Requires, false), (RelationKind::Recommends, true)] {
        // A requirement for scripts and one for the package itself are the same to us.
        let relations: BTreeSet<&Relation> = package.relations(kind).iter().collect();
        for relation in relations {
            one(context, new, relation, weak, &mut judged);
        }
    }
    judged
}

fn one(context: &Context<'_>, new: usize, relation: &Relation, weak: bool, judged: &mut Judged) {
    let (name, version) = (context.new.text(relation.name), context.new.text(relation.version));
    let asks = Asking::of(&context.new, new);
    judged.asked += usize::from(!weak);
    let answer = context.new.answer(name, relation.sense, version, &asks);
    if answer == Answer::Yes {
        return;
    }
    let spelled = context.new.metadata.spell(relation);
    if answer == Answer::Unknown {
        if !weak {
            judged.unknown.push(spelled);
        }
        return;
    }
    // The reference is asked with the stream that its own package belongs to.
    let partner = context.partner_of_new(new);
    let asks_there = match partner {
        Some(old) => Asking::of(&context.old, old),
        None => Asking { arch: &context.new.package(new).nevra.arch, stream: None },
    };
    let before = context.old.answer(name, relation.sense, version, &asks_there);
    let why = match (answer, weak, before) {
        // What is worth a look only was no better before.
        (Answer::OtherStream | Answer::Conditional, _, before) if before <= answer => return,
        (_, true, Answer::No | Answer::OtherStream | Answer::Conditional) => return,
        (_, true, _) => Why::Weak,
        (Answer::OtherStream, ..) => Why::OtherStream,
        (Answer::Conditional, ..) => Why::Conditional,
        (_, _, Answer::No) if partner.is_some_and(|old| had(context, old, name)) => Why::OnBoth,
        _ if partner.is_none() => Why::NewPackage,
        _ => Why::Lost,
    };
    let instead = if why == Why::OtherStream { None } else { instead(context, name) };
    judged.broken.push((why, spelled, instead));
}

/// Whether a package of the reference has a requirement of this name, or on this library, that nothing there meets.
///
/// createrepo leaves out what other requirements on `libc.so.6` imply, so that a header says more than a list does.
fn had(context: &Context<'_>, old: usize, name: &str) -> bool {
    let index = &context.old;
    let asks = Asking::of(index, old);
    let library = |name: &'_ str| {
        let base = name.split('(').next().unwrap_or_default();
        if base.contains(".so") { base.to_owned() } else { name.to_owned() }
    };
    let wanted = library(name);
    index.package(old).relations(RelationKind::Requires).iter().any(|relation| {
        library(index.text(relation.name)) == wanted
            && index.answer(index.text(relation.name), relation.sense, index.text(relation.version), &asks)
                == Answer::No
    })
}

/// What the candidate has of the same name.
fn instead(context: &Context<'_>, name: &str) -> Option<String> {
    if rich::is_rich(name) {
        return None;
    }
    let mut versions: Vec<&str> = context.new.versions(name.as_bytes()).map(|(_, version)| version).collect();
    versions.sort_unstable();
    versions.dedup();
    versions.retain(|version| !version.is_empty());
    (!versions.is_empty()).then(|| format!("{name} = {}", versions.join(", ")))
}

fn finding(
    context: &Context<'_>,
    new: usize,
    package: &MetaPackage,
    group: &[(Why, String, Option<String>)],
) -> abide_model::Finding {
    let (rule, case) = ("requirement-broken", group[0].0.case());
    let detail = |(_, spelled, instead): &(Why, String, Option<String>)| Detail {
        what: "requires".to_owned(),
        old: Some(spelled.clone()),
        new: instead.clone(),
        rule,
        level: Level::Break,
    };
    let partner = context.partner_of_new(new);
    let draft = Draft {
        rule,
        case,
        subject: about_package(package),
        summary: summary(&package.nevra.name, group),
        old: partner.map_or_else(absent, |old| {
            let before = context.old.package(old);
            evidence(before, format!("{} {}", before.nevra.name, evr(before)))
        }),
        new: evidence(package, format!("{} {}", package.nevra.name, evr(package))),
        details: group.iter().map(detail).collect(),
    };
    let mut finding = context.judge(draft, partner, Some(new));
    finding.details.iter_mut().for_each(|detail| detail.level = finding.level);
    finding
}

/// `foo requires bar >= 2, which nothing on the candidate provides (there is bar = 1)`.
fn summary(name: &str, group: &[(Why, String, Option<String>)]) -> String {
    let (why, first, instead) = &group[0];
    let verb = if *why == Why::Weak { "recommends" } else { "requires" };
    let rest = match group.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let there = instead.as_ref().map_or(String::new(), |instead| format!(" (there is {instead})"));
    let what = match why {
        Why::OtherStream => "which only a module's stream provides that is not the default",
        Why::Conditional => "which can be met only while another package is not installed",
        _ => "which nothing on the candidate provides",
    };
    format!("{name} {verb} {first}{rest}, {what}{there}")
}
