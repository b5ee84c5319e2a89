//! What a package requires of a distribution: each requirement for itself, and whether all can be met together.

use abide_model::{Gap, GapKind, Metadata, Nevra, PackageMeta, Program, RelationKind};
use rustc_hash::FxHashSet;

use super::draft::{Drafts, Key, New};
use super::explain::TARGETS;
use super::judge::need;
use super::result::Cell;
use super::system::System;
use crate::metadata::clauses::Clauses;
use crate::metadata::index::{Answer, Asking, Index, required_paths};
use crate::metadata::solve::Solve;

/// Adds to a cell what the program's package requires and the distribution does not have.
///
/// `listed` is the distribution with the program's package among its own; without it only what the package's header says
/// can be told, which is a gap where it says more than names of libraries. What is missing from a distribution that is
/// not there as a whole is a gap as well.
pub fn add_requirements(cell: &mut Cell, program: &Program, listed: Option<&Metadata>, system: &dyn System) {
    let Some(meta) = &program.package else { return };
    let is_part = TARGETS.iter().all(|target| system.unknown_libraries(*target).is_some());
    let found = listed.and_then(|listed| judged(program, listed, &meta.nevra, is_part));
    match found {
        Some((drafts, gaps)) => {
            cell.problems.extend(drafts.into_problems());
            cell.gaps.extend(gaps);
        }
        None => cell.gaps.extend(not_solved(program, meta)),
    }
    cell.settle();
}

fn judged(program: &Program, listed: &Metadata, nevra: &Nevra, is_part: bool) -> Option<(Drafts, Vec<Gap>)> {
    let number = listed.packages.iter().rposition(|package| package.nevra == *nevra)?;
    let mut paths = FxHashSet::default();
    required_paths(listed, &mut paths);
    let index = Index::new(listed, &paths);
    let asks = Asking::of(&index, number);
    let (mut drafts, mut gaps) = (Drafts::default(), Vec::new());
    for relation in listed.packages[number].relations(RelationKind::Requires) {
        let (name, version) = (index.text(relation.name), index.text(relation.version));
        let text = match relation.sense.sign() {
            "" => name.to_owned(),
            sign => format!("{name} {sign} {version}"),
        };
        match index.answer(name, relation.sense, version, &asks) {
            Answer::Yes => {}
            Answer::No if is_part => {
                gaps.push(gap(program, format!("{text} is not in it, which is only part of a distribution")));
            }
            Answer::No => drafts.add(missing(program, nevra, &text, None)),
            Answer::OtherStream => {
                gaps.push(gap(
                    program,
                    format!("{text} is only in a stream of a module that has to be chosen"),
                ));
            }
            Answer::Conditional | Answer::Unknown => {
                gaps.push(gap(program, format!("whether {text} is there is not known")));
            }
        }
    }
    if drafts.is_empty() && gaps.is_empty() {
        let clauses = Clauses::new(&index);
        if !Solve::new(&clauses).can_install(number as u32) {
            drafts.add(missing(program, nevra, "all of its requirements together", Some("together")));
        }
    }
    Some((drafts, gaps))
}

fn missing(program: &Program, nevra: &Nevra, what: &str, case: Option<&'static str>) -> New {
    let summary = match case {
        Some(_) => format!("{nevra} cannot be installed: each requirement is met, and not all at once"),
        None => format!("{nevra} requires {what}, which nothing provides"),
    };
    let way_out = match case {
        Some(_) => "see what conflicts: dnf install --assumeno".to_owned(),
        None => "add the repository that has it, or build the package for this distribution".to_owned(),
    };
    let version = Some(what.to_owned());
    New {
        key: Key {
            rule: "app-requirement-missing",
            case,
            library: Some(nevra.name.as_str().into()),
            version,
        },
        summary,
        first_in: None,
        way_out: vec![way_out],
        need: need(program.label.as_str().into(), None, None),
    }
}

/// Requirements that the loader's rules do not answer.
fn not_solved(program: &Program, meta: &PackageMeta) -> Option<Gap> {
    let is_other = |name: &str| {
        !(name.contains(".so")
            || name.starts_with("rpmlib(")
            || name.starts_with("rtld(")
            || name.starts_with("config("))
    };
    let mut names: Vec<&str> =
        meta.requires.iter().map(|r| r.name.as_str()).filter(|name| is_other(name)).collect();
    names.dedup();
    let first = names.first()?;
    let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
    Some(gap(program, format!("its package requires {first}{more}, which only repositories can answer")))
}

fn gap(program: &Program, detail: String) -> Gap {
    Gap { kind: GapKind::Unsupported, subject: program.label.as_str().into(), detail }
}
