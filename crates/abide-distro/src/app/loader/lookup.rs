//! Binding: for each symbol that a relocation names, the object that provides it (`do_lookup_x`, `check_match`).

use abide_model::{
    Binding as SymbolBinding, ElfFacts, ElfKind, Symbol, SymbolKind, SymbolSection, Visibility,
};
use bstr::{BStr, ByteSlice};

use super::{Binding, Entry, Issue, Lost, Process};
use crate::app::system::{Object, SymbolEvidence};

/// What a search in one object says.
enum Match {
    /// The object has it; the index of the definition, when its symbols are known.
    Yes(Option<usize>),
    /// It has the version, and its symbols are not known.
    ByVersion,
    No,
    /// It has no version table, and is the one that the version is expected of.
    NoTable,
}

/// What a search through the whole scope says.
enum Bound {
    Here {
        library: usize,
        definition: Option<usize>,
    },
    ByVersion,
    Lost(Lost),
    /// Nothing has it, and nothing has to.
    NotNeeded,
}

impl Process {
    /// Binds the symbols of every object in scope.
    pub(super) fn bind(&mut self) {
        for place in 0..self.scope.len() {
            let user = self.scope[place];
            let elf = std::sync::Arc::clone(&self.entries[user].object.elf);
            let evidence = self.entries[user].object.evidence;
            if matches!(evidence, SymbolEvidence::Versions | SymbolEvidence::Nothing) {
                continue;
            }
            let mut unreferenced = elf.loading.unreferenced.iter().copied().peekable();
            for (index, symbol) in elf.symbols.iter().enumerate() {
                let is_unreferenced = unreferenced.next_if(|&u| u as usize == index).is_some();
                if symbol.is_import() && !is_unreferenced && is_looked_up(symbol) {
                    self.bind_one(user, index, symbol);
                }
            }
        }
    }

    fn bind_one(&mut self, user: usize, index: usize, symbol: &Symbol) {
        self.looked_up += 1;
        match self.find(user, symbol) {
            Bound::Here { library, definition: Some(definition) } => {
                let size_bytes = self.entries[library].elf().symbols[definition].size_bytes;
                if self.entries[user].object.is_own && !self.entries[library].object.is_own {
                    self.bindings.push(Binding { user, symbol: index, library, definition });
                }
                let is_copied = user == 0 && symbol.is_import() && is_copy(self.entries[user].elf(), symbol);
                if is_copied && size_bytes != symbol.size_bytes && size_bytes > 0 {
                    self.issues.push(Issue::CopySize { user, symbol: index, library, size_bytes });
                }
            }
            Bound::Here { .. } | Bound::NotNeeded => {}
            Bound::ByVersion => self.by_version += 1,
            Bound::Lost(lost) => self.issues.push(Issue::Symbol { user, symbol: index, lost }),
        }
    }

    fn find(&self, user: usize, symbol: &Symbol) -> Bound {
        let copied = is_copy(self.entries[user].elf(), symbol);
        let own_first = self.entries[user].elf().loading.is_symbolic.then_some(user);
        let mut is_unknown = self.is_partial;
        let is_strict = self.is_strict();
        for at in own_first.into_iter().chain(self.scope.iter().copied()) {
            // `ELF_RTYPE_CLASS_COPY`: the program's own copy is not what is copied.
            if copied && at == 0 {
                continue;
            }
            let entry = &self.entries[at];
            let expected = is_expected(entry, symbol);
            match provides(&entry.object, symbol, expected) {
                Match::Yes(definition) => return Bound::Here { library: at, definition },
                Match::ByVersion => return Bound::ByVersion,
                Match::NoTable => return Bound::Lost(Lost::NoVersionTable(at)),
                Match::No if entry.object.evidence != SymbolEvidence::All => is_unknown = true,
                Match::No if is_strict && expected => {
                    return Bound::Lost(Lost::NotInFile(at));
                }
                Match::No => {}
            }
        }
        match symbol.binding {
            SymbolBinding::Weak => Bound::NotNeeded,
            _ if is_unknown && !self.is_certainly_absent(symbol) => Bound::Lost(Lost::Unknown),
            _ => Bound::Lost(Lost::Undefined),
        }
    }

    /// Before glibc 2.30 a symbol had to be in the very file that its version is required of; since then it may have
    /// moved to another one (glibc bug 24741).
    fn is_strict(&self) -> bool {
        let libc = self.entries.iter().find(|e| e.elf().soname.as_ref().is_some_and(|s| s == "libc.so.6"));
        let newest = libc.and_then(|e| {
            e.elf().versions_defined.iter().filter_map(|v| crate::app::side::glibc_minor(v.as_bstr())).max()
        });
        newest.is_some_and(|minor| minor < 30)
    }

    /// A version that no object defines was complained about already, and a symbol of it cannot be anywhere.
    fn is_certainly_absent(&self, symbol: &Symbol) -> bool {
        let Some(file) = symbol.version.as_ref().and_then(|version| version.file.as_ref()) else {
            return false;
        };
        let Some(version) = &symbol.version else { return false };
        self.named(file.as_bstr()).is_some_and(|at| {
            let entry = &self.entries[at];
            matches!(entry.object.evidence, SymbolEvidence::All | SymbolEvidence::Versions)
                && entry.elf().loading.has_version_definitions
                && !super::versions::defines(entry.elf(), version.name.as_bstr())
        })
    }
}

/// A reference of a visibility that binds within the file is not looked up (`RESOLVE_MAP`).
fn is_looked_up(symbol: &Symbol) -> bool {
    !symbol.name.is_empty() && !matches!(symbol.visibility, Visibility::Hidden | Visibility::Internal)
}

/// Whether a program's import is a variable that is copied into it.
fn is_copy(elf: &ElfFacts, symbol: &Symbol) -> bool {
    elf.kind == ElfKind::Executable
        && symbol.is_import()
        && symbol.size_bytes > 0
        && symbol.kind == SymbolKind::Object
}

/// Whether the version of a reference is expected of this object.
fn is_expected(entry: &Entry, symbol: &Symbol) -> bool {
    let file = symbol.version.as_ref().and_then(|version| version.file.as_ref());
    file.is_some_and(|file| entry.is_named(file.as_bstr()))
}

/// The definition that an import would be bound to in a library that it names, wherever that may be found.
pub(crate) fn definition(library: &Object, symbol: &Symbol) -> Option<usize> {
    let soname = library.elf.soname.as_ref();
    let file = symbol.version.as_ref().and_then(|version| version.file.as_ref());
    match provides(library, symbol, file.is_some() && file == soname) {
        Match::Yes(definition) if is_looked_up(symbol) => definition,
        _ => None,
    }
}

/// `do_lookup_x` in one object; `is_expected`: whether the symbol's version is required of it.
fn provides(object: &Object, symbol: &Symbol, is_expected: bool) -> Match {
    let elf = &*object.elf;
    let wanted = symbol.version.as_ref().map(|version| version.name.as_bstr());
    if object.evidence == SymbolEvidence::Nothing {
        return Match::No;
    }
    if wanted.is_some_and(|wanted| object.unlisted.iter().any(|version| version == wanted)) {
        return Match::ByVersion;
    }
    if object.evidence == SymbolEvidence::Versions {
        let has = wanted.is_some_and(|wanted| super::versions::defines(elf, wanted));
        return if has && is_expected { Match::ByVersion } else { Match::No };
    }
    let mut candidates = 0;
    let mut candidate = None;
    for (at, definition) in object.symbols_named(symbol.name.as_bstr()) {
        if !is_definition(elf, definition) {
            continue;
        }
        match check(elf, definition, wanted) {
            Check::Match if !elf.loading.has_version_indices && wanted.is_some() && is_expected => {
                return Match::NoTable;
            }
            Check::Match => return Match::Yes(Some(at)),
            Check::Candidate => {
                candidates += 1;
                candidate = Some(at);
            }
            Check::No => {}
        }
    }
    if candidates == 1 {
        return Match::Yes(candidate);
    }
    let is_mark =
        elf.loading.marks.binary_search_by(|mark| mark.as_bstr().cmp(symbol.name.as_bstr())).is_ok();
    if is_mark { Match::Yes(None) } else { Match::No }
}

/// What `check_match` says of one definition.
enum Check {
    Match,
    /// The only default version serves a reference without one.
    Candidate,
    No,
}

fn check(elf: &ElfFacts, definition: &Symbol, wanted: Option<&BStr>) -> Check {
    if !elf.loading.has_version_indices {
        return Check::Match;
    }
    match (wanted, &definition.version) {
        (_, None) => Check::Match,
        (Some(wanted), Some(version)) if version.name == wanted => Check::Match,
        (Some(_), Some(_)) => Check::No,
        // Index 2, the first version of a file, stands for the file before it had versions.
        (None, Some(version)) if elf.loading.first_version.as_ref() == Some(&version.name) => Check::Match,
        (None, Some(version)) if version.is_default || definition.is_import() => Check::Candidate,
        (None, Some(_)) => Check::No,
    }
}

/// Whether a symbol is one that others bind to: exported, with a value, of a known type; or a variable that was
/// copied into the program.
fn is_definition(elf: &ElfFacts, symbol: &Symbol) -> bool {
    if is_copy(elf, symbol) {
        return true;
    }
    let has_value = symbol.address != 0
        || symbol.section == SymbolSection::Absolute
        || matches!(symbol.kind, SymbolKind::Tls);
    symbol.is_export && has_value && !matches!(symbol.kind, SymbolKind::Other(_))
}
