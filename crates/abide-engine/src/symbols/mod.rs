//! Exported symbols: which of the two sides belong together, and what differs between them.
//!
//! Types are not looked at here.

mod alias;
mod matched;
mod matching;
mod names;

use abide_model::{Binding, ElfFacts, Symbol, SymbolKind, SymbolName, Visibility};
use bstr::{BString, ByteSlice};

use crate::change::Change;

pub(crate) use matching::match_exports;
pub(crate) use names::{is_constructor, is_described_by, needs_type};

/// One exported symbol of the reference and the one of the candidate that old programs bind to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SymbolPair {
    /// Index into the reference's `ElfFacts::symbols`.
    pub(crate) old: usize,
    /// Index into the candidate's.
    pub(crate) new: usize,
}

/// What differs about one symbol.
#[derive(Clone, Debug)]
pub(crate) struct SymbolChanges {
    /// Index on the reference's side, when it is there.
    pub(crate) old: Option<usize>,
    /// Index on the candidate's side, when it is there.
    pub(crate) new: Option<usize>,
    /// Not empty.
    pub(crate) changes: Vec<Change>,
}

/// All exported symbols of two files.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    /// Symbols that are on both sides, in the reference's order.
    pub(crate) pairs: Vec<SymbolPair>,
    /// Changes of symbols, the reference's order first, then what was added.
    pub(crate) changed: Vec<SymbolChanges>,
}

/// Name and version of a symbol.
pub(crate) fn symbol_name(symbol: &Symbol) -> SymbolName {
    SymbolName {
        name: symbol.name.clone(),
        version: symbol.version.as_ref().map(|v| (v.name.clone(), v.is_default)),
    }
}

/// The symbol as a sentence names it: demangled where it can be.
pub(crate) fn readable(symbol: &Symbol) -> String {
    let version =
        symbol.version.as_ref().map(|v| format!("@{}{}", if v.is_default { "@" } else { "" }, v.name));
    let version = version.unwrap_or_default();
    match crate::demangle::demangle(symbol.name.as_bstr()) {
        Some(text) => format!("{text} [{}{version}]", symbol.name),
        None => format!("{}{version}", symbol.name),
    }
}

/// A symbol table entry as evidence.
pub(crate) fn describe(symbol: &Symbol) -> String {
    let mut text = format!("{} {}", kind_word(symbol.kind), binding_word(symbol.binding));
    if symbol.visibility != Visibility::Default {
        text += &format!(" {}", visibility_word(symbol.visibility));
    }
    text += &format!(", {}", bytes(symbol.size_bytes));
    if let Some(version) = &symbol.version {
        text += &format!(", version {}{}", version.name, if version.is_default { " (default)" } else { "" });
    }
    text
}

/// `1 byte`, `8 bytes`.
pub(crate) fn bytes(count: u64) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}

/// What the symbol stands for, as a noun.
pub(crate) fn noun(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Func | SymbolKind::Ifunc => "function",
        SymbolKind::Object | SymbolKind::Common => "object",
        SymbolKind::Tls => "thread-local object",
        SymbolKind::NoType | SymbolKind::Other(_) => "symbol",
    }
}

pub(crate) fn kind_word(kind: SymbolKind) -> String {
    let word = match kind {
        SymbolKind::NoType => "NOTYPE",
        SymbolKind::Object => "OBJECT",
        SymbolKind::Func => "FUNC",
        SymbolKind::Common => "COMMON",
        SymbolKind::Tls => "TLS",
        SymbolKind::Ifunc => "GNU_IFUNC",
        SymbolKind::Other(value) => return format!("type {value}"),
    };
    word.to_string()
}

fn binding_word(binding: Binding) -> String {
    let word = match binding {
        Binding::Local => "LOCAL",
        Binding::Global => "GLOBAL",
        Binding::Weak => "WEAK",
        Binding::Unique => "GNU_UNIQUE",
        Binding::Other(value) => return format!("binding {value}"),
    };
    word.to_string()
}

fn visibility_word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Default => "DEFAULT",
        Visibility::Internal => "INTERNAL",
        Visibility::Hidden => "HIDDEN",
        Visibility::Protected => "PROTECTED",
    }
}

/// The names of `versions`, for a sentence.
fn list(mut versions: Vec<BString>) -> String {
    versions.sort();
    versions.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(", ")
}

/// Whether the dynamic linker binds programs to the file's symbols.
fn is_dynamic(facts: &ElfFacts) -> bool {
    use abide_model::ElfKind;
    matches!(facts.kind, ElfKind::SharedObject | ElfKind::Executable)
}
