//! The document as one HTML page: a matrix of programs and distributions, then every problem.

use askama::Template;

use super::document::{AppCounts, AppDocument, AppProblem, AppResult};
use super::text::{needed, words};
use crate::document::printable;
use crate::html::STYLE;
use crate::view::count;

#[derive(Template)]
#[template(path = "app.html")]
struct Page {
    version: String,
    style: &'static str,
    answer: String,
    class: &'static str,
    distributions: Vec<String>,
    rows: Vec<Row>,
    sections: Vec<Section>,
}

struct Row {
    program: String,
    kind: String,
    notes: Vec<String>,
    cells: Vec<Cell>,
}

struct Cell {
    anchor: usize,
    answer: String,
    class: &'static str,
    reason: String,
}

struct Section {
    anchor: usize,
    title: String,
    answer: String,
    class: &'static str,
    numbers: String,
    problems: Vec<Item>,
    gaps: Vec<String>,
    install: String,
    packages: Vec<String>,
}

struct Item {
    level: String,
    summary: String,
    rule: String,
    why: String,
    needs: Vec<String>,
    ways: Vec<String>,
}

/// The page.
///
/// # Errors
/// When the template cannot be rendered, which is a defect of this program.
pub fn html(document: &AppDocument) -> Result<String, askama::Error> {
    let text = |text: &String| printable(text);
    let row = |(index, program): (usize, &super::document::AppProgram)| Row {
        program: printable(&program.label),
        kind: program.kind.clone(),
        notes: program.notes.iter().map(text).collect(),
        cells: document.results.iter().enumerate().filter(|(_, r)| r.program == index).map(cell).collect(),
    };
    let page = Page {
        version: document.tool.version.clone(),
        style: STYLE,
        answer: words(&document.answer).to_owned(),
        class: class(&document.answer),
        distributions: document.distributions.iter().map(text).collect(),
        rows: document.programs.iter().enumerate().map(row).collect(),
        sections: document
            .results
            .iter()
            .enumerate()
            .map(|(at, result)| section(document, at, result))
            .collect(),
    };
    page.render()
}

fn cell((anchor, result): (usize, &AppResult)) -> Cell {
    let first = result.problems.iter().find(|problem| problem.level != "safe");
    let reason = first.map(|problem| problem.summary.clone());
    let reason = reason.or_else(|| result.gaps.first().map(|gap| gap.detail.clone())).unwrap_or_default();
    Cell {
        anchor,
        answer: words(&result.answer).to_owned(),
        class: class(&result.answer),
        reason: printable(&reason),
    }
}

fn section(document: &AppDocument, anchor: usize, result: &AppResult) -> Section {
    let (program, distribution) =
        (&document.programs[result.program].label, &document.distributions[result.distribution]);
    let counts = &result.counts;
    Section {
        anchor,
        title: printable(&format!("{program} on {distribution}")),
        answer: words(&result.answer).to_owned(),
        class: class(&result.answer),
        numbers: numbers(counts),
        problems: result.problems.iter().map(item).collect(),
        gaps: result
            .gaps
            .iter()
            .map(|gap| printable(&format!("{}: {}", gap.subject.display(), gap.detail)))
            .collect(),
        install: result.install.as_deref().map(printable).unwrap_or_default(),
        packages: result.packages.iter().map(|package| printable(package)).collect(),
    }
}

fn numbers(counts: &AppCounts) -> String {
    let by_version = match counts.by_version {
        0 => String::new(),
        by_version => format!(" ({by_version} by their version alone)"),
    };
    format!(
        "{} and {} looked at, {} of the distribution loaded, {} bound{by_version}",
        count(counts.files, "ELF file"),
        count(counts.scripts, "script"),
        count(counts.libraries, "file"),
        count(counts.symbols, "symbol"),
    )
}

fn item(problem: &AppProblem) -> Item {
    let first = problem.first_in.as_ref().map(|first| format!("; first in {first}")).unwrap_or_default();
    Item {
        level: problem.level.clone(),
        summary: printable(&format!("{}{first}", problem.summary)),
        rule: problem.rule.clone(),
        why: problem.why.clone(),
        needs: problem.needed_by.iter().map(|need| needed(need, usize::MAX)).collect(),
        ways: problem.way_out.iter().map(|way| printable(way)).collect(),
    }
}

/// Classes of the style sheet.
fn class(answer: &str) -> &'static str {
    match answer {
        "runs" => "compatible",
        "will-not-run" => "incompatible",
        "runs-if" => "review",
        _ => "undecided",
    }
}
