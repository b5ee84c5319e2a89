//! The findings document as JSON Lines: one object a line, for programs that read thousands of packages one by one.
//!
//! Every line is an object `{"type": …, "data": …}`; `schema/lines-1.schema.json` describes a line. The order is:
//!
//! | type | times | data |
//! | --- | --- | --- |
//! | `begin` | once, first | `schema` (`abide.lines/1`), `tool`, and both sides' `label` and `kind` |
//! | `input` | for each package or file that was read | `side` and the input's package as in the document |
//! | `symbols` | before the first line that refers to it | `index` and the `symbols` of one of the document's `symbol_sets` |
//! | `package` | for each package of the comparison | `index` and the document's package, artifacts included |
//! | `finding` | for each finding | the document's finding, word for word |
//! | `gap` | for each gap | the document's gap |
//! | `suppression` | for each exception that covers nothing | the document's entry |
//! | `end` | once, last | `verdict`, `reason`, `counts`, `coverage` |
//!
//! What concerns the whole comes first: its findings, then its gaps. Each `package` is followed by its findings and
//! then its gaps, those of its artifacts included. An index (`place.package`, `symbols`) always refers to a line that
//! came before. A reader that meets no `end` has not got the whole report. Types and members that a reader does not
//! know are to be skipped: they are added without a new schema id; whatever else changes takes a new one.
//!
//! ```text
//! {"type":"begin","data":{"schema":"abide.lines/1","tool":{"name":"abide","version":"0.1.0"},…}}
//! {"type":"package","data":{"index":0,"nevra":{…},"artifacts":[…]}}
//! {"type":"symbols","data":{"index":0,"symbols":[{"name":{"text":"f"},…}]}}
//! {"type":"finding","data":{"id":"90c1f2…","rule":"symbol-removed","level":"break",…}}
//! {"type":"end","data":{"verdict":"incompatible",…}}
//! ```

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::{
    Counts, Coverage, Document, Finding, Gap, IdleSuppression, InputPackage, Package, Place, SideName,
    Symbol, Tool, Verdict,
};
use crate::view::View;

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.lines/1";

/// One line.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
#[schemars(title = "abide.lines/1")]
enum Line<'a> {
    /// The first line.
    Begin(Begin<'a>),
    /// A package or file that was read.
    Input(Input<'a>),
    /// A list of symbols that later lines refer to.
    Symbols(Symbols<'a>),
    /// A package of the comparison.
    Package(Indexed<'a>),
    /// A change, judged.
    Finding(&'a Finding),
    /// What could not be read or compared.
    Gap(&'a Gap),
    /// A written exception that covers nothing.
    Suppression(&'a IdleSuppression),
    /// The last line.
    End(End<'a>),
}

/// What the reader must know first.
#[derive(Serialize, JsonSchema)]
struct Begin<'a> {
    /// `abide.lines/1`.
    schema: &'a str,
    /// The program that wrote it.
    tool: &'a Tool,
    /// The side whose binary interface is the promise.
    reference: Label<'a>,
    /// The side that must keep it.
    candidate: Label<'a>,
}

/// What a side is.
#[derive(Serialize, JsonSchema)]
struct Label<'a> {
    /// As the user named it.
    label: &'a str,
    /// `ELF file`, `RPM`, `directory`, `repository`, `snapshot`, …
    kind: &'a str,
}

/// A package or file that was read.
#[derive(Serialize, JsonSchema)]
struct Input<'a> {
    /// The side.
    side: SideName,
    /// What was read.
    #[serde(flatten)]
    package: &'a InputPackage,
}

/// A list of symbols.
#[derive(Serialize, JsonSchema)]
struct Symbols<'a> {
    /// What later lines call it.
    index: usize,
    /// The symbols.
    symbols: &'a [Symbol],
}

/// A package of the comparison.
#[derive(Serialize, JsonSchema)]
struct Indexed<'a> {
    /// What later lines call it.
    index: usize,
    /// The package with its artifacts.
    #[serde(flatten)]
    package: &'a Package,
}

/// What is known when everything was said.
#[derive(Serialize, JsonSchema)]
struct End<'a> {
    /// The worst verdict of all comparisons.
    verdict: Verdict,
    /// One sentence that says why.
    reason: &'a str,
    /// Findings, counted by level.
    counts: &'a Counts,
    /// What was compared, and what was not.
    coverage: &'a Coverage,
}

/// Writes the document, a line an object.
pub fn write(document: &Document, out: impl Write) -> io::Result<()> {
    let written = vec![false; document.symbol_sets.len()];
    Lines { document, out, written }.write()
}

/// The JSON Schema (draft 2020-12) of a line.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Line<'_>)).unwrap_or_default();
    text.push('\n');
    text
}

/// Where the lines go.
struct Lines<'a, W> {
    document: &'a Document,
    out: W,
    /// Which lists of symbols the reader has.
    written: Vec<bool>,
}

impl<'a, W: Write> Lines<'a, W> {
    fn write(mut self) -> io::Result<()> {
        let document = self.document;
        let view = View::new(document);
        self.begin()?;
        self.place(&view, None)?;
        for (index, package) in document.packages.iter().enumerate() {
            self.line(&Line::Package(Indexed { index, package }))?;
            let places: Vec<Option<Place>> = view.places(index).map(Some).collect();
            for place in &places {
                self.findings(view.findings(*place))?;
            }
            for place in &places {
                self.gaps(view.gaps(*place))?;
            }
        }
        for idle in &document.suppressions {
            self.line(&Line::Suppression(idle))?;
        }
        let Document { verdict, reason, counts, coverage, .. } = document;
        self.line(&Line::End(End { verdict: *verdict, reason, counts, coverage }))?;
        self.out.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        let inputs = &self.document.inputs;
        let [reference, candidate] = [&inputs.reference, &inputs.candidate]
            .map(|input| Label { label: &input.label, kind: &input.kind });
        self.line(&Line::Begin(Begin {
            schema: SCHEMA_ID,
            tool: &self.document.tool,
            reference,
            candidate,
        }))?;
        for (side, input) in
            [(SideName::Reference, &inputs.reference), (SideName::Candidate, &inputs.candidate)]
        {
            for package in &input.packages {
                self.line(&Line::Input(Input { side, package }))?;
            }
        }
        Ok(())
    }

    fn place(&mut self, view: &View<'a>, place: Option<Place>) -> io::Result<()> {
        self.findings(view.findings(place))?;
        self.gaps(view.gaps(place))
    }

    fn findings(&mut self, findings: &[&'a Finding]) -> io::Result<()> {
        for finding in findings {
            self.symbols(finding.symbols)?;
            for consumer in finding.consumers.iter().flatten() {
                self.symbols(consumer.symbols)?;
            }
            self.line(&Line::Finding(finding))?;
        }
        Ok(())
    }

    fn gaps(&mut self, gaps: &[&'a Gap]) -> io::Result<()> {
        gaps.iter().try_for_each(|gap| self.line(&Line::Gap(gap)))
    }

    /// Writes a list of symbols unless the reader has it.
    fn symbols(&mut self, index: usize) -> io::Result<()> {
        let Some(written) = self.written.get_mut(index) else { return Ok(()) };
        if std::mem::replace(written, true) {
            return Ok(());
        }
        self.line(&Line::Symbols(Symbols { index, symbols: self.document.symbol_set(index) }))
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}
