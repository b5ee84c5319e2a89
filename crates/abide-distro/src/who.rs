//! The question of consumers alone: who uses this library, or this symbol of it, among the packages of one side.

use std::collections::BTreeSet;

use abide_engine::demangle;
use abide_model::{Consumer, ElfKind, Gap, Side, SymbolName};
use bstr::{BStr, BString, ByteSlice};

use crate::check::loaded_name;
use crate::consumers::{ImportIndex, of_side, software};
use crate::pairing::{ArtifactRef, file_name, usr_merged, version_free};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Soname, file name or path of the library; without its version (`libfoo.so`, `libfoo`), every version of it.
    pub library: BString,
    /// A symbol: its name, with or without a version, or its C++ name, with or without parameters.
    pub symbol: Option<BString>,
}

impl Question {
    /// Reads `LIBRARY[:SYMBOL]`; a symbol may have colons itself.
    pub fn read(text: &[u8]) -> Self {
        match text.split_once_str(":") {
            Some((library, symbol)) if !symbol.is_empty() => {
                Question { library: library.into(), symbol: Some(symbol.into()) }
            }
            Some((library, _)) => Question { library: library.into(), symbol: None },
            None => Question { library: text.into(), symbol: None },
        }
    }
}

/// A library that was meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provider {
    /// NEVRA of the package; `None` for a loose file.
    pub package: Option<String>,
    /// Its path.
    pub path: BString,
    /// The name under which it is loaded.
    pub soname: BString,
    /// Its exported symbols that were meant, sorted.
    pub symbols: Vec<SymbolName>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The names under which the library is loaded, sorted.
    pub sonames: Vec<BString>,
    /// The libraries that were meant, sorted; empty when the packages have none but need one.
    pub providers: Vec<Provider>,
    /// Who uses it, the most concerned first.
    pub consumers: Vec<Consumer>,
    /// Packages that require it by its soname or the name of its package, without a file that was found to use it.
    pub requirers: Vec<String>,
    /// Programs and libraries that were looked at.
    pub looked_at: usize,
    /// What could not be read, and so may hide a consumer.
    pub gaps: Vec<Gap>,
}

/// Answers the question for the packages of a side; `None` when no file is, or needs, such a library.
pub fn who(side: &Side, question: &Question) -> Option<Answer> {
    let index = ImportIndex::new(side);
    let places: Vec<ArtifactRef> =
        software(side).filter(|at| is_meant(side, *at, &question.library)).collect();
    let mut sonames: BTreeSet<&BStr> = places.iter().map(|at| loaded_name(at.of(side))).collect();
    if sonames.is_empty() {
        sonames = needed_names(side, &question.library);
    }
    if sonames.is_empty() {
        return None;
    }
    let mut providers: Vec<Provider> =
        places.iter().map(|at| provider(side, *at, question.symbol.as_ref())).collect();
    providers.sort();
    let symbols = asked_symbols(side, &sonames, &providers, question.symbol.as_ref());
    let consumers = match (symbols.is_empty(), &question.symbol) {
        // Nothing exports or imports it.
        (true, Some(_)) => Vec::new(),
        _ => of_side(&index, &sonames, &places, &symbols, question.symbol.is_none()),
    };
    let requirers =
        if question.symbol.is_none() { requirers(side, &sonames, &places, &consumers) } else { Vec::new() };
    let looked_at = software(side).filter(|at| is_program(side, *at)).count();
    let sonames = sonames.into_iter().map(BString::from).collect();
    Some(Answer { sonames, providers, consumers, requirers, looked_at, gaps: gaps(side) })
}

fn is_program(side: &Side, at: ArtifactRef) -> bool {
    matches!(at.of(side).elf.kind, ElfKind::Executable | ElfKind::SharedObject)
}

/// Whether a file is the library that `name` stands for.
fn is_meant(side: &Side, at: ArtifactRef, name: &BString) -> bool {
    let facts = at.of(side);
    if facts.elf.kind != ElfKind::SharedObject {
        return false;
    }
    let mut paths = std::iter::once(&facts.path).chain(&facts.aliases);
    if name.contains(&b'/') {
        return paths.any(|path| usr_merged(path.as_bstr()) == usr_merged(name.as_bstr()));
    }
    is_name(loaded_name(facts), name.as_bstr())
        || paths.any(|path| file_name(path.as_bstr()) == name.as_bstr())
}

/// Whether a soname is meant by a name, which may leave out the version and `.so`.
fn is_name(soname: &BStr, name: &BStr) -> bool {
    let bare = |text: &BStr| -> BString {
        let stem = version_free(text);
        stem.strip_suffix(b".so").unwrap_or(&stem).into()
    };
    let names_version = name.contains_str(".so.");
    soname == name || !names_version && bare(soname) == bare(name)
}

/// Sonames that files need and that `name` stands for.
fn needed_names<'a>(side: &'a Side, name: &BString) -> BTreeSet<&'a BStr> {
    let needed = software(side).flat_map(|at| {
        let facts: &'a abide_model::ArtifactFacts = at.of(side);
        facts.elf.needed.iter().map(|needed| needed.as_bstr())
    });
    needed.filter(|needed| is_name(needed, name.as_bstr())).collect()
}

fn provider(side: &Side, at: ArtifactRef, symbol: Option<&BString>) -> Provider {
    let facts = at.of(side);
    let exports = facts.elf.exports().map(|(_, symbol)| SymbolName {
        name: symbol.name.clone(),
        version: symbol.version.as_ref().map(|version| (version.name.clone(), version.is_default)),
    });
    let mut symbols: Vec<SymbolName> =
        exports.filter(|name| symbol.is_none_or(|asked| names(name, asked.as_bstr()))).collect();
    symbols.sort();
    symbols.dedup();
    Provider {
        package: at.package_of(side).meta.as_ref().map(|meta| meta.nevra.to_string()),
        path: facts.path.clone(),
        soname: loaded_name(facts).to_owned(),
        symbols,
    }
}

/// Whether `asked` is a way to write the symbol.
fn names(symbol: &SymbolName, asked: &BStr) -> bool {
    let at_version = symbol.version.as_ref().map(|(version, _)| [&symbol.name[..], b"@", version].concat());
    if symbol.name == asked || symbol.to_string().as_bytes() == asked.as_bytes() {
        return true;
    }
    if at_version.is_some_and(|text| text == asked.as_bytes()) {
        return true;
    }
    let Some(demangled) = demangle(symbol.name.as_bstr()) else { return false };
    let bare = demangled.split_once('(').map_or(demangled.as_str(), |(name, _)| name);
    [demangled.as_bytes(), bare.as_bytes()].contains(&asked.as_bytes())
}

/// What consumers may import: what the libraries export; where the library is not there, what files import of it.
fn asked_symbols(
    side: &Side,
    sonames: &BTreeSet<&BStr>,
    providers: &[Provider],
    symbol: Option<&BString>,
) -> Vec<SymbolName> {
    let mut symbols: Vec<SymbolName> = providers.iter().flat_map(|p| p.symbols.iter().cloned()).collect();
    if symbols.is_empty() {
        let imports = software(side).flat_map(|at| at.of(side).elf.imports());
        let of_library = imports.filter_map(|import| {
            let version = import.version.as_ref()?;
            let is_from = version.file.as_ref().is_some_and(|file| sonames.contains(file.as_bstr()));
            let name = SymbolName { name: import.name.clone(), version: Some((version.name.clone(), true)) };
            (is_from && symbol.is_none_or(|asked| names(&name, asked.as_bstr()))).then_some(name)
        });
        symbols.extend(of_library);
    }
    symbols.sort();
    symbols.dedup();
    symbols
}

/// Packages whose metadata asks for the library, beyond those with a consumer.
fn requirers(
    side: &Side,
    sonames: &BTreeSet<&BStr>,
    places: &[ArtifactRef],
    consumers: &[Consumer],
) -> Vec<String> {
    let known: BTreeSet<&str> = consumers.iter().filter_map(|c| c.package.as_deref()).collect();
    let owners: BTreeSet<&str> = places
        .iter()
        .filter_map(|at| at.package_of(side).meta.as_ref())
        .map(|meta| meta.nevra.name.as_str())
        .collect();
    let asks = |name: &str| {
        let bare = name.split('(').next().unwrap_or(name);
        owners.contains(name) || sonames.contains(bare.as_bytes().as_bstr())
    };
    let metas =
        side.packages.iter().filter_map(|package| package.meta.as_ref()).filter(|meta| !meta.is_debug());
    let mut found: Vec<String> = metas
        .filter(|meta| {
            !owners.contains(meta.nevra.name.as_str()) && meta.requires.iter().any(|r| asks(&r.name))
        })
        .map(|meta| meta.nevra.to_string())
        .filter(|nevra| !known.contains(nevra.as_str()))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// What could not be read of the side and its packages.
fn gaps(side: &Side) -> Vec<Gap> {
    let of_packages = side.packages.iter().flat_map(|package| &package.gaps);
    let mut gaps: Vec<Gap> =
        side.gaps.iter().chain(of_packages).filter(|gap| crate::gaps::leaves_open(gap)).cloned().collect();
    gaps.sort();
    gaps.dedup();
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_a_library_and_perhaps_a_symbol() {
        let read = |text: &str| {
            let Question { library, symbol } = Question::read(text.as_bytes());
            (library.to_string(), symbol.map(|symbol| symbol.to_string()))
        };
        assert_eq!(read("libfoo.so.1"), ("libfoo.so.1".into(), None));
        assert_eq!(read("libfoo.so.1:"), ("libfoo.so.1".into(), None));
        assert_eq!(read("libfoo.so.1:f@V1"), ("libfoo.so.1".into(), Some("f@V1".into())));
        assert_eq!(read("libx:ns::f"), ("libx".into(), Some("ns::f".into())));
    }

    #[test]
    fn names_of_libraries() {
        let is = |soname: &str, name: &str| is_name(soname.into(), name.into());
        assert!(
            is("libfoo.so.1", "libfoo.so.1") && is("libfoo.so.1", "libfoo.so") && is("libfoo.so.1", "libfoo")
        );
        assert!(!is("libfoo.so.1", "libfoo.so.2") && !is("libfoobar.so.1", "libfoo"));
    }
}
