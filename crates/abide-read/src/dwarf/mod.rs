//! DWARF: from debug sections to the type graph that an artifact's exported symbols reach.
//!
//! Versions 2 to 5, both byte orders, both offset sizes, dwz's supplementary files, type units, relocatable files.
//! The steps: `sections` (bytes), `unit` and `abbrev` (headers and decode plans), `die` (one entry), `roots` (which
//! entries belong to exported symbols), `build` (entries to hash-consed nodes), `merge` (one graph from all
//! threads), `locate` (places). Symbols come from the ELF reader; comparing graphs is not done here.

mod abbrev;
mod arena;
mod build;
mod cursor;
mod declared;
mod die;
mod files;
mod locate;
mod merge;
mod names;
mod purity;
mod ranges;
mod roots;
mod scope;
mod sections;
mod settled;
mod special;
mod split;
mod tag;
mod thrown;
mod trail;
mod unit;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use abbrev::Detail;
use abide_model::{ElfFacts, Gap, GapKind, TypeGraph};
use build::{Builder, Harvest, Trouble};
use files::Files;
use merge::Merged;
use ranges::{RangeSections, Ranged};
use roots::{Depth, Match, Matches, TypedRoot, Wanted};
use sections::OwnedSections;
pub use sections::{DebugFile, SupplementaryLink, supplementary_link};
pub(crate) use sections::{has_many_plain_entries, supplementary_id};
use settled::Settled;
pub use split::{SplitFiles, SplitUnit, SplitWanted};
use thrown::Thrown;
use unit::{SourceId, Sources, Unit};

/// Types of one artifact and what could not be read of them.
#[derive(Clone, Debug, Default)]
pub struct TypesRead {
    /// The graph; `None` when there is no debug information to read.
    pub graph: Option<TypeGraph>,
    /// What is missing; `Gap::subject` is empty, since the artifact's name is not known here.
    pub gaps: Vec<Gap>,
}

/// Reads the types that the exports in `elf` reach.
///
/// `debug_file` is the artifact itself or its separate debug file, `supplementary` the content of the dwz file that
/// [`supplementary_link`] names. The result does not depend on the number of threads.
pub fn read_types(debug_file: &[u8], supplementary: Option<&[u8]>, elf: &ElfFacts) -> TypesRead {
    read_types_of(debug_file.into(), supplementary.map(DebugFile::from), &|_, _| (), elf)
}

/// Reads the same of files that may be on disk, and some of whose units may be in other files.
pub fn read_types_of(
    debug_file: DebugFile<'_>,
    supplementary: Option<DebugFile<'_>>,
    split_files: SplitFiles<'_>,
    elf: &ElfFacts,
) -> TypesRead {
    let mut gaps = Vec::new();
    let Some(mut main) = load(debug_file, "debug file", &mut gaps).filter(OwnedSections::has_info) else {
        return TypesRead { graph: None, gaps };
    };
    if !roots::same_byte_order(elf, main.view().is_big) {
        gaps.push(gap(GapKind::DebugMismatch, "the debug file is of another byte order".into()));
        return TypesRead { graph: None, gaps };
    }
    split::join(&mut main, split_files, &mut gaps);
    // A supplementary file may hold nothing but strings.
    let mut other = supplementary.and_then(|data| load(data, "supplementary file", &mut gaps));
    let Some((mut graph, files)) = read_entries(debug_file, &main, other.as_ref(), elf, &mut gaps) else {
        return TypesRead { graph: None, gaps };
    };
    for (sections, data) in [(Some(&mut main), Some(debug_file)), (other.as_mut(), supplementary)] {
        if let (Some(sections), Some(data)) = (sections, data) {
            sections.load_lines(data);
            gaps.extend(problems(sections));
        }
    }
    purity::mark(&mut graph, elf);
    files.name(&mut graph, &main.view(), other.as_ref().map(OwnedSections::view).as_ref());
    TypesRead { graph: Some(graph), gaps }
}

/// The graph without the names of files, and the files.
fn read_entries(
    debug_file: DebugFile<'_>,
    main: &OwnedSections<'_>,
    other: Option<&OwnedSections<'_>>,
    elf: &ElfFacts,
    gaps: &mut Vec<Gap>,
) -> Option<(TypeGraph, Files)> {
    let (main_view, other_view) = (main.view(), other.map(OwnedSections::view));
    let sources = Sources::new(&main_view, other_view.as_ref());
    for problem in &sources.broken_headers {
        gaps.push(gap(GapKind::BrokenDebugInfo, format!("{problem} in .debug_info makes no sense")));
    }
    let wanted = Wanted::new(elf);
    if wanted.is_empty() {
        return Some((TypeGraph::default(), Files::default()));
    }
    let ranges = |gaps: &mut Vec<Gap>| {
        let (sections, broken) = sections::load_ranges(debug_file);
        gaps.extend(broken.into_iter().map(|p| gap(GapKind::BrokenDebugInfo, format!("section {p}"))));
        sections
    };
    let (mut found, trouble) = find_roots(&sources, &wanted, || ranges(gaps));
    find_thrown(&sources, &Thrown::new(elf), &mut found);
    let mut merged = Merged::new(read_units(&sources, &found))?;
    merged.trouble.add(&trouble);
    let mut assembled = merge::assemble(&merged, &wanted);
    report(&merged.trouble, other.is_some(), gaps);
    if merged.names.missing > 0 {
        let kind = if other.is_some() { GapKind::BrokenDebugInfo } else { GapKind::NoSupplementaryFile };
        let count = merged.names.missing;
        gaps.push(gap(
            kind,
            format!("{count} names are not in the string section that they are said to be in"),
        ));
    }
    let declarations = merged.declarations;
    let files = locate::locate(&mut Builder::new(&sources, Detail::Places), declarations, &mut assembled);
    Some((assembled.graph, files))
}

fn gap(kind: GapKind, detail: String) -> Gap {
    Gap { kind, subject: Default::default(), detail }
}

fn load<'d>(data: DebugFile<'d>, what: &str, gaps: &mut Vec<Gap>) -> Option<OwnedSections<'d>> {
    let Some(sections) = OwnedSections::load(data) else {
        gaps.push(gap(GapKind::BrokenDebugInfo, format!("the {what} is no ELF file that can be read")));
        return None;
    };
    gaps.extend(problems(&sections));
    Some(sections)
}

/// A gap for each section that could not be decoded.
fn problems(sections: &OwnedSections<'_>) -> impl Iterator<Item = Gap> {
    let problems = sections.problems.iter();
    problems.map(|problem| gap(GapKind::BrokenDebugInfo, format!("section {problem}")))
}

/// Runs `work` on as many threads as the pool has and `pieces` repay, and collects what they return.
fn on_threads<R: Send>(pieces: usize, work: impl Fn() -> R + Sync) -> Vec<R> {
    // Few pieces do not repay a second arena.
    let threads = rayon::current_num_threads().min(pieces / 8 + 1);
    if threads <= 1 {
        return vec![work()];
    }
    let results = Mutex::new(Vec::new());
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                let result = work();
                if let Ok(mut all) = results.lock() {
                    all.push(result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

/// The best entry of each wanted symbol in the whole file, and what could not be scanned.
fn find_roots<'d>(
    sources: &Sources<'_>,
    wanted: &Wanted<'_>,
    ranges: impl FnOnce() -> RangeSections<'d>,
) -> (Matches, Trouble) {
    let (mut found, trouble, ranged) = scan_units(sources, Depth::Top, wanted);
    if !ranged.is_empty() && wanted.misses_functions(&found) {
        let (sections, mut builder) = (ranges(), Builder::new(sources, Detail::Symbols));
        for ranged in &ranged {
            builder.consider_ranged(ranged, &sections, wanted, &mut found);
        }
    }
    let members = wanted.hidden_inside(&found, Depth::Classes);
    if !members.is_empty() {
        found.extend(scan_units(sources, Depth::Classes, &members).0);
    }
    let local = wanted.hidden_inside(&found, Depth::All);
    if !local.is_empty() {
        found.extend(scan_units(sources, Depth::All, &local).0);
    }
    (found, trouble)
}

/// The classes that only exceptions carry.
fn find_thrown(sources: &Sources<'_>, thrown: &Thrown, found: &mut Matches) {
    let units = sources.get(SourceId::MAIN).map_or(&[][..], |main| &main.units);
    if thrown.is_empty() {
        return;
    }
    let next = AtomicUsize::new(0);
    let results = on_threads(units.len(), || {
        let (mut builder, mut found) = (Builder::new(sources, Detail::Types), Matches::default());
        while let Some((index, unit)) = next_of(&next, units) {
            builder.scan_thrown((unit.source.0, index), unit, thrown, &mut found);
        }
        found
    });
    for (symbol, candidate) in results.into_iter().flatten() {
        roots::keep_best(found, symbol, candidate);
    }
}

/// The next unit that no thread has taken.
fn next_of<'u>(next: &AtomicUsize, units: &'u [Unit]) -> Option<(u32, &'u Unit)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    units.get(index).map(|unit| (index as u32, unit))
}

fn scan_units(sources: &Sources<'_>, depth: Depth, wanted: &Wanted<'_>) -> (Matches, Trouble, Vec<Ranged>) {
    let units = sources.get(SourceId::MAIN).map_or(&[][..], |main| &main.units);
    let next = AtomicUsize::new(0);
    let settled = Settled::new(wanted.len());
    let results = on_threads(units.len(), || {
        let (mut builder, mut found) = (Builder::new(sources, Detail::Symbols), Matches::default());
        while let Some((index, unit)) = next_of(&next, units) {
            let before = found.len();
            builder.scan((unit.source.0, index), unit, depth, wanted, &mut found);
            // The first scan counts what is wrong with all units, so it goes on to the end.
            if depth != Depth::Top && found.len() > before {
                settled.add(&found);
            }
            if settled.are_all() {
                break;
            }
        }
        (found, builder.trouble, builder.ranged)
    });
    let (mut all, mut trouble, mut ranged) = (Matches::default(), Trouble::default(), Vec::new());
    for (found, more, functions) in results {
        ranged.extend(functions);
        found.into_iter().for_each(|(symbol, candidate)| roots::keep_best(&mut all, symbol, candidate));
        trouble.add(&more);
    }
    (all, trouble, ranged)
}

/// Reads the types of the symbols that were found.
///
/// Which entries are read depends on nothing but the file, so the result is the same for any number of threads.
fn read_units(sources: &Sources<'_>, found: &Matches) -> Vec<(Harvest, Vec<TypedRoot>)> {
    let mut roots: Vec<(u32, Match)> = found.iter().map(|(&symbol, &found)| (symbol, found)).collect();
    roots.sort_unstable_by_key(|(symbol, found)| (found.unit, found.entry, *symbol));
    let units: Vec<&[(u32, Match)]> = roots.chunk_by(|a, b| a.1.unit == b.1.unit).collect();
    let next = AtomicUsize::new(0);
    on_threads(units.len(), || {
        let (mut builder, mut typed) = (Builder::new(sources, Detail::Types), Vec::new());
        while let Some(&roots) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let key = roots[0].1.unit;
            let unit = sources.get(SourceId(key.0)).and_then(|source| source.units.get(key.1 as usize));
            if let Some(unit) = unit {
                typed.extend(builder.read_roots(key, unit, roots));
            }
        }
        (builder.harvest(), typed)
    })
}

fn report(trouble: &Trouble, has_supplementary: bool, gaps: &mut Vec<Gap>) {
    if trouble.broken > 0 {
        let place = trouble.first.map_or(String::new(), |r| format!(", first at offset {:#x}", r.offset()));
        let detail = format!("{} references or entries could not be followed{place}", trouble.broken);
        gaps.push(gap(GapKind::BrokenDebugInfo, detail));
    }
    if trouble.unresolved > 0 {
        let kind = if has_supplementary { GapKind::BrokenDebugInfo } else { GapKind::NoSupplementaryFile };
        let detail = format!(
            "{} references lead to a supplementary file or type unit that is absent",
            trouble.unresolved
        );
        gaps.push(gap(kind, detail));
    }
    if trouble.split_units > 0 {
        let detail =
            format!("{} units keep their types in .dwo files that are not at hand", trouble.split_units);
        gaps.push(gap(GapKind::NoSplitDwarf, detail));
    }
}
