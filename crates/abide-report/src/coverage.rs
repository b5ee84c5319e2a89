//! What was compared and what was not, with numbers and reasons: the same rows for every format that people read.

use std::collections::BTreeMap;

use crate::document::{Compared, Document, Role, SideName, Verdict};
use crate::view::name_of;
use crate::words;

/// Rows about one kind of thing.
pub(crate) struct Section {
    /// What kind.
    pub(crate) title: &'static str,
    /// What became of them.
    pub(crate) rows: Vec<Row>,
}

/// A number and what it counts.
pub(crate) struct Row {
    /// How many.
    pub(crate) count: usize,
    /// Of what.
    pub(crate) what: String,
    /// Whether a part of the comparison is missing for it.
    pub(crate) is_open: bool,
}

impl Row {
    fn new(count: usize, what: impl Into<String>) -> Self {
        Row { count, what: what.into(), is_open: false }
    }

    fn open(count: usize, what: impl Into<String>) -> Self {
        Row { is_open: true, ..Row::new(count, what) }
    }
}

/// All sections; rows that count nothing are left out, sections are not.
pub(crate) fn sections(document: &Document) -> Vec<Section> {
    let mut sections = vec![
        Section { title: "Packages read", rows: inputs(document) },
        Section { title: "Packages", rows: packages(document) },
        Section { title: "Artifacts", rows: artifacts(document) },
        Section { title: "Exported symbols", rows: symbols(document) },
        Section { title: "Imports of the candidate", rows: imports(document) },
        Section { title: "Findings", rows: findings(document) },
        Section { title: "Gaps", rows: gaps(document) },
    ];
    if document.coverage.metadata.is_some() {
        sections.insert(5, Section { title: "Metadata of the repositories", rows: metadata(document) });
    }
    for section in &mut sections {
        section.rows.retain(|row| row.count > 0);
        if section.rows.is_empty() {
            section.rows.push(Row::new(0, "none"));
        }
    }
    sections
}

fn inputs(document: &Document) -> Vec<Row> {
    let inputs = &document.inputs;
    let mut rows = Vec::new();
    for (side, input) in [(SideName::Reference, &inputs.reference), (SideName::Candidate, &inputs.candidate)]
    {
        let of = |role| {
            input.packages.iter().filter(|package| package.nevra.is_some() && package.role == role).count()
        };
        let loose = input.packages.iter().filter(|package| package.nevra.is_none()).count();
        let side = side.word();
        rows.push(Row::new(of(Role::Subject), format!("of the {side}, compared")));
        rows.push(Row::new(
            of(Role::Debug),
            format!("of the {side}, with debug information or sources, evidence for others"),
        ));
        rows.push(Row::new(
            of(Role::Superseded),
            format!("of the {side}, left aside: there is a newer build"),
        ));
        rows.push(Row::new(loose, format!("of the {side}: files outside of packages")));
    }
    rows
}

fn packages(document: &Document) -> Vec<Row> {
    let p = &document.coverage.packages;
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for package in document.packages.iter().filter(|package| package.nevra.reference.is_some()) {
        *by.entry(package.matched_by.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let how = |(by, count): (&str, usize)| match by {
        "" => None,
        "name" => Some(Row::new(count, "compared with the package of the same name")),
        by => {
            Some(Row::new(count, format!("compared with another package, found by {}", by.replace('-', " "))))
        }
    };
    let mut rows: Vec<Row> = by.into_iter().filter_map(how).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows.push(Row::new(p.removed, "only on the reference"));
    rows.push(Row::new(p.added, "only on the candidate"));
    let bare =
        |package: &&crate::document::Package| package.artifacts.is_empty() && package.matched_by.is_some();
    let bare = document.packages.iter().filter(bare).count();
    match document.inputs.candidate.kind.contains("metadata") {
        true => rows.push(Row::new(bare, "of the compared were not opened: only metadata was asked for")),
        false => rows.push(Row::new(bare, "of the compared have no file with a binary interface")),
    }
    let open = document.packages.iter().filter(|package| package.verdict == Verdict::Undecided).count();
    rows.push(Row::open(open, "undecided: too little evidence in them"));
    rows
}

fn artifacts(document: &Document) -> Vec<Row> {
    let a = &document.coverage.artifacts;
    let mut rows = vec![
        Row::new(a.with_types, "compared by symbols and types"),
        Row::new(a.no_exports, "compared by ELF facts: nothing is exported whose type could matter"),
        Row::new(a.identical, "identical on both sides"),
        Row::new(a.removed, "only on the reference"),
        Row::new(a.added, "only on the candidate"),
    ];
    let mut why: BTreeMap<(Compared, &str), usize> = BTreeMap::new();
    for artifact in document.packages.iter().flat_map(|package| &package.artifacts) {
        if matches!(artifact.compared, Compared::TypesPartly | Compared::SymbolsOnly) {
            let note = artifact.types_note.as_deref().unwrap_or("no reason is known");
            *why.entry((artifact.compared, note)).or_default() += 1;
        }
    }
    let row = |((done, note), count): ((Compared, &str), usize)| {
        Row::open(count, format!("{}: {note}", words::compared(done)))
    };
    rows.splice(1..1, why.into_iter().map(row));
    rows
}

fn symbols(document: &Document) -> Vec<Row> {
    let s = &document.coverage.symbols;
    vec![
        Row::new(s.reference, "exported by what was compared of the reference"),
        Row::new(s.candidate, "exported by what was compared of the candidate"),
        Row::new(
            s.need_types,
            "of both sides together stand for a public function or object and so need a type",
        ),
        Row::new(s.typed, "of those have their types compared"),
        Row::open(
            s.need_types.saturating_sub(s.typed),
            "of those do not: only name and version were compared",
        ),
    ]
}

fn imports(document: &Document) -> Vec<Row> {
    let i = &document.coverage.imports;
    vec![
        Row::new(i.resolved, "found in what is loaded with them"),
        Row::new(i.lost, "lost: findings tell which"),
        Row::new(
            i.unresolved_on_both,
            "found on neither side, or provided by the program that loads a plugin",
        ),
        Row::open(i.unknown, "from libraries that are not among the packages, or could not be read"),
    ]
}

fn metadata(document: &Document) -> Vec<Row> {
    let Some(m) = &document.coverage.metadata else { return Vec::new() };
    let met = m
        .requirements
        .saturating_sub(m.requirements_broken + m.requirements_broken_on_both + m.requirements_undecided);
    vec![
        Row::new(m.same_files, "packages are the same file on both sides"),
        Row::new(m.capabilities_lost, "capabilities of the reference that nothing provides any more"),
        Row::new(met, "requirements of the candidate's packages are met"),
        Row::new(m.requirements_broken, "are met by nothing: findings tell which"),
        Row::new(m.requirements_broken_on_both, "are met by nothing on either side"),
        Row::open(m.requirements_undecided, "cannot be decided"),
        Row::new(
            m.packages_solved,
            "packages are new or another build: it was asked whether they can be installed",
        ),
        Row::new(m.not_installable, "of those cannot be: findings tell why"),
        Row::new(m.not_installable_on_both, "of those can be installed on neither side"),
        Row::new(m.files.unwrap_or(0), "paths of the candidate were looked through for conflicts"),
    ]
}

fn findings(document: &Document) -> Vec<Row> {
    let c = &document.counts;
    vec![
        Row::new(c.breaks, "break"),
        Row::new(c.reviews, "review"),
        Row::new(c.safe, "safe"),
        Row::new(c.suppressed, "suppressed, of any level"),
        Row::open(document.suppressions.len(), "suppressions cover nothing"),
    ]
}

fn gaps(document: &Document) -> Vec<Row> {
    let mut by: BTreeMap<(&str, Option<SideName>), usize> = BTreeMap::new();
    for gap in &document.gaps {
        *by.entry((&gap.kind, gap.side)).or_default() += 1;
    }
    let row = |((kind, side), count): ((&str, Option<SideName>), usize)| {
        let side = side.map_or("concerning both sides", |side| match side {
            SideName::Reference => "on the reference",
            SideName::Candidate => "on the candidate",
        });
        Row::open(count, format!("{} {side}", kind.replace('-', " ")))
    };
    by.into_iter().map(row).collect()
}

/// The packages of a side that were left aside, by name: what a newer build stands for.
pub(crate) fn superseded(document: &Document, side: SideName) -> Vec<&str> {
    let input = match side {
        SideName::Reference => &document.inputs.reference,
        SideName::Candidate => &document.inputs.candidate,
    };
    let left = input.packages.iter().filter(|package| package.role == Role::Superseded);
    let mut names: Vec<&str> = left.filter_map(|package| package.nevra.as_deref()).collect();
    names.sort_by_key(|nevra| (name_of(nevra), *nevra));
    names
}
