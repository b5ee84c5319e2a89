//! The findings document as JSON, and its schema.

use std::io::{self, Write};

use crate::document::Document;

/// Writes the document, indented, with a final newline.
pub fn write(document: &Document, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, document)?;
    out.write_all(b"\n")
}

/// The JSON Schema (draft 2020-12) of the document.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Document);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
