//! The answer to `abide who`: as a document, as JSON, as text. Formats are specified in `docs/formats.md`.

use std::fmt::Write as _;
use std::io::{self, Write};

use abide_distro::{Answer, Provider, Question};
use bstr::ByteSlice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use textwrap::{Options, WordSplitter};

use crate::convert::symbol;
use crate::document::{Symbol, Text, Tool, printable};
use crate::view::{count, symbol_name};

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.who/1";

/// Symbols of one consumer that the text names before it only counts them.
const FEW: usize = 4;

/// Who uses a library, or a symbol of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "abide.who/1")]
pub struct Who {
    /// Format: `abide.who/1`.
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// The library that was asked for, as it was written.
    pub library: Text,
    /// The symbol that was asked for; none for the library as a whole.
    pub symbol: Option<Text>,
    /// Where was looked, as it was written.
    pub inputs: Vec<String>,
    /// The names under which the library is loaded.
    pub sonames: Vec<Text>,
    /// The libraries that were meant.
    pub providers: Vec<Library>,
    /// Who uses it, the most concerned first.
    pub consumers: Vec<User>,
    /// Packages that require it and have no file that was found to use it.
    pub requirers: Vec<String>,
    /// Programs and libraries that were looked at.
    pub looked_at: usize,
    /// What could not be read, and so may hide a consumer.
    pub gaps: Vec<Unread>,
}

/// A library that was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Library {
    /// NEVRA of its package.
    pub package: Option<String>,
    /// Its path.
    pub path: Text,
    /// The name under which it is loaded.
    pub soname: Text,
    /// Its exported symbols that were meant.
    pub symbols: Vec<Symbol>,
}

/// Somebody who uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// NEVRA of its package.
    pub package: Option<String>,
    /// Its path.
    pub artifact: Text,
    /// Symbols of the library that it imports.
    pub symbols: Vec<Symbol>,
    /// Libraries by which it gets them, when it does not need the library itself.
    pub through: Vec<Text>,
    /// How many programs and libraries load it, directly or not.
    pub dependents: usize,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Class of gap.
    pub kind: String,
    /// What it concerns.
    pub subject: Text,
    /// What was looked for, and what was found instead.
    pub detail: String,
}

/// Makes the document of an answer.
pub fn document(question: &Question, answer: &Answer, inputs: &[String]) -> Who {
    let text = |text: &bstr::BString| Text::new(text.as_bstr());
    let library = |provider: &Provider| Library {
        package: provider.package.clone(),
        path: text(&provider.path),
        soname: text(&provider.soname),
        symbols: provider.symbols.iter().map(symbol).collect(),
    };
    let user = |consumer: &abide_model::Consumer| User {
        package: consumer.package.clone(),
        artifact: text(&consumer.artifact),
        symbols: consumer.symbols.iter().map(symbol).collect(),
        through: consumer.through.iter().map(text).collect(),
        dependents: consumer.dependents,
    };
    Who {
        schema: SCHEMA_ID.to_owned(),
        tool: Tool { name: "abide".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        library: text(&question.library),
        symbol: question.symbol.as_ref().map(text),
        inputs: inputs.to_vec(),
        sonames: answer.sonames.iter().map(text).collect(),
        providers: answer.providers.iter().map(library).collect(),
        consumers: answer.consumers.iter().map(user).collect(),
        requirers: answer.requirers.clone(),
        looked_at: answer.looked_at,
        gaps: answer
            .gaps
            .iter()
            .map(|gap| Unread {
                kind: gap.kind.id().to_owned(),
                subject: text(&gap.subject),
                detail: gap.detail.clone(),
            })
            .collect(),
    }
}

/// Writes the document as JSON, indented, with a final newline.
///
/// # Errors
/// When `out` fails.
pub fn write_json(who: &Who, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, who)?;
    out.write_all(b"\n")
}

/// The JSON Schema (draft 2020-12) of the document.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Who)).unwrap_or_default();
    text.push('\n');
    text
}

/// The document for people, wrapped to `width` columns; with `verbose` every symbol is named.
pub fn text(who: &Who, verbose: bool, width: usize) -> String {
    let mut out = String::new();
    libraries(who, &mut out);
    let (direct, indirect): (Vec<&User>, Vec<&User>) =
        who.consumers.iter().partition(|user| user.through.is_empty());
    let what = match &who.symbol {
        Some(symbol) => printable(&symbol.display()),
        None => "it".to_owned(),
    };
    let verb = if direct.len() == 1 { "uses" } else { "use" };
    let looked = count(who.looked_at, "program or library");
    let looked = looked.replace("program or libraries", "programs and libraries");
    let _ = match direct.len() {
        0 => writeln!(out, "\nNone of {looked} uses {what} directly."),
        number => writeln!(out, "\n{number} of {looked} {verb} {what}:"),
    };
    direct.iter().for_each(|user| line(user, who, verbose, &mut out));
    if !indirect.is_empty() {
        let _ = writeln!(out, "\n{} without needing the library itself:", count(indirect.len(), "more"));
        indirect.iter().for_each(|user| line(user, who, verbose, &mut out));
    }
    rest(who, &mut out);
    let options = Options::new(width).subsequent_indent("      ").break_words(false);
    let options = options.word_splitter(WordSplitter::NoHyphenation);
    let wrapped = out.lines().map(|line| textwrap::fill(line, &options) + "\n");
    wrapped.collect()
}

fn libraries(who: &Who, out: &mut String) {
    let sonames: Vec<String> = who.sonames.iter().map(Text::display).collect();
    if who.providers.is_empty() {
        let _ = writeln!(out, "{} is in none of the packages.", sonames.join(", "));
    }
    for library in &who.providers {
        let place = match &library.package {
            Some(package) => format!(" ({})", printable(package)),
            None => String::new(),
        };
        let symbols: Vec<String> = library.symbols.iter().map(symbol_name).collect();
        let exports = match (&who.symbol, symbols.as_slice()) {
            (None, all) => count(all.len(), "exported symbol"),
            (Some(symbol), []) => format!("does not export {}", printable(&symbol.display())),
            (Some(_), some) => format!("exports {}", printable(&some.join(", "))),
        };
        let _ = writeln!(out, "{}: {}{place}, {exports}", library.soname.display(), library.path.display());
    }
}

fn line(user: &User, who: &Who, verbose: bool, out: &mut String) {
    let is_of_symbol = who.symbol.is_some();
    let mut text = format!("  {}", user.artifact.display());
    if let Some(package) = &user.package {
        let _ = write!(text, " ({})", printable(package));
    }
    if !user.through.is_empty() {
        let way: Vec<String> = user.through.iter().map(Text::display).collect();
        let _ = write!(text, " through {}", way.join(", "));
    }
    if user.dependents > 0 {
        let _ = write!(text, ", loaded by {}", user.dependents);
    }
    let mut names: Vec<String> = user.symbols.iter().map(symbol_name).collect();
    names.dedup();
    let many = names.len();
    // Without the library, and without versions, nothing tells which imports are from it.
    if many == 0 && who.providers.is_empty() {
        text.push_str(": symbols not known");
    } else if !is_of_symbol && many == 0 {
        text.push_str(": no symbol of it");
    } else if !is_of_symbol || many > 1 {
        if !verbose && many > FEW + 1 {
            names.truncate(FEW);
            names.push("… (-v lists all)".to_owned());
        }
        let _ = write!(text, ": {}: {}", count(many, "symbol"), printable(&names.join(", ")));
    }
    out.push_str(&text);
    out.push('\n');
}

fn rest(who: &Who, out: &mut String) {
    if !who.requirers.is_empty() {
        let verb = if who.requirers.len() == 1 { "requires" } else { "require" };
        let all = who.requirers.join("\n  ");
        let _ = writeln!(
            out,
            "\n{} {verb} it without a file that was found to use it:\n  {}",
            count(who.requirers.len(), "package"),
            all.lines().map(printable).collect::<Vec<_>>().join("\n")
        );
    }
    if !who.gaps.is_empty() {
        let _ = writeln!(out, "\nNot everything could be read; a consumer may be in:");
        for gap in &who.gaps {
            let _ = writeln!(out, "  {}: {}", gap.subject.display(), printable(&gap.detail));
        }
    }
    let _ = writeln!(out, "\nWhat dlopen loads and what is elsewhere is not seen.");
}
