//! Renders a saved document (`abide check … --format json`) in another format, to look at pages without a check.
//!
//! `cargo run -p abide-report --example render -- report.json html > report.html`, or `… site DIR`.

use std::io::Write as _;
use std::path::Path;

use abide_report::text::{TextOptions, render};
use abide_report::{Document, html, jsonl, junit, sarif};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, format, rest @ ..] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: render DOCUMENT FORMAT [DIR]"));
    };
    let document: Document = serde_json::from_slice(&std::fs::read(file)?)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match (format.as_str(), rest) {
        ("text", _) => out.write_all(render(&document, &TextOptions::default()).as_bytes()),
        ("jsonl", _) => jsonl::write(&document, out),
        ("sarif", _) => sarif::write(&document, out),
        ("junit", _) => junit::write(&document, junit::Review::Failure, out),
        ("html", _) => html::write(&document, out),
        ("site", [folder]) => html::site::write(&document, &mut |path, bytes| {
            let path = Path::new(folder).join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            std::fs::write(path, bytes)
        }),
        _ => Err(std::io::Error::other("the formats are text, jsonl, sarif, junit, html and site DIR")),
    }
}
