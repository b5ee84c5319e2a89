//! The document as JSON Lines: one object a line, for programs that read large matrices answer by answer.
//!
//! Every line is an object `{"type": …, "data": …}`; `schema/app-lines-1.schema.json` describes a line. The order is:
//!
//! | type | times | data |
//! | --- | --- | --- |
//! | `begin` | once, first | `schema` (`abide.app-lines/1`), `tool`, `programs` and `distributions` |
//! | `result` | for each program on each distribution | the document's result, whose `program` and `distribution` index the first line's lists |
//! | `end` | once, last | `answer`, the worst of all, and how many `results` there were |
//!
//! A reader that meets no `end` has not got the whole report. Types and members that a reader does not know are to be
//! skipped.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::document::{AppDocument, AppProgram, AppResult, AppTool};

/// Identifier of this format.
const SCHEMA_ID: &str = "abide.app-lines/1";

/// One line.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
#[schemars(title = "abide.app-lines/1")]
enum Line<'a> {
    /// The first line.
    Begin(Begin<'a>),
    /// One program on one distribution.
    Result(&'a AppResult),
    /// The last line.
    End(End<'a>),
}

/// What the reader must know first.
#[derive(Serialize, JsonSchema)]
struct Begin<'a> {
    /// `abide.app-lines/1`.
    schema: &'a str,
    /// The program that wrote it.
    tool: &'a AppTool,
    /// The programs, as they were named.
    programs: &'a [AppProgram],
    /// The distributions, as they were named.
    distributions: &'a [String],
}

/// What is known when everything was said.
#[derive(Serialize, JsonSchema)]
struct End<'a> {
    /// The worst answer of all.
    answer: &'a str,
    /// Lines of the type `result`.
    results: usize,
}

/// Writes the document, a line an object.
pub fn lines(document: &AppDocument, mut out: impl Write) -> io::Result<()> {
    let AppDocument { tool, programs, distributions, .. } = document;
    let begin = Line::Begin(Begin { schema: SCHEMA_ID, tool, programs, distributions });
    let end = Line::End(End { answer: &document.answer, results: document.results.len() });
    let results = document.results.iter().map(Line::Result);
    for line in std::iter::once(begin).chain(results).chain([end]) {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// The JSON Schema (draft 2020-12) of a line.
pub fn lines_schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(Line<'_>)).unwrap_or_default() + "\n"
}
