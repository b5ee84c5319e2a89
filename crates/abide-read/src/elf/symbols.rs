//! Symbol tables: `.dynsym` of linked files and `.symtab` of relocatable ones, reduced to exports and imports.
//!
//! Kept is what the dynamic linker (for relocatable files the static linker) can bind to or has to find. Not
//! kept: local symbols, sections and files, hidden definitions, the names of version definitions, and the
//! linker's own marks (see `boundary`). Kernel images have a different notion of export: see `kernel`.

use abide_model::{Binding, ElfFacts, ElfKind, Symbol, SymbolKind, SymbolSection, SymbolVersion, Visibility};
use object::Endianness;
use object::elf;
use object::endian::U16;
use object::endian::U32;
use object::read::elf::{SectionHeader, Sym};
use rustc_hash::FxHashSet;

use super::boundary::{Candidate, Places, is_boundary};
use super::dynamic::Dynamic;
use super::image::{Image, entries, table};
use super::opd::Descriptors;
use super::sections::Known;
use super::versions::{Version, Versions};
use super::vtable::Vtables;
use super::{Gaps, Header, copy, hash, loading};

/// Reads symbols of one table and counts what cannot be read.
pub(super) struct Reader<'a, 'd, H: Header> {
    pub(super) image: &'a Image<'d, H>,
    strings: &'d [u8],
    section_indices: &'d [U32<Endianness>],
    descriptors: Descriptors,
    lost_names: usize,
    lost_versions: usize,
}

impl<'a, 'd, H: Header> Reader<'a, 'd, H> {
    pub(super) fn name(&mut self, symbol: &H::Sym) -> Option<&'d [u8]> {
        let name = self.image.string(self.strings, symbol.st_name(self.image.endian).into());
        self.lost_names += usize::from(name.is_none());
        name.filter(|n| !n.is_empty())
    }

    pub(super) fn section(&self, index: usize, symbol: &H::Sym) -> SymbolSection {
        let raw = symbol.st_shndx(self.image.endian);
        match (raw, self.image.machine()) {
            (elf::SHN_UNDEF, _) => SymbolSection::Undefined,
            (elf::SHN_ABS, _) => SymbolSection::Absolute,
            (elf::SHN_COMMON, _) => SymbolSection::Common,
            (elf::SHN_XINDEX, _) => {
                let index = self.section_indices.get(index).map(|i| i.get(self.image.endian));
                SymbolSection::Index(index.unwrap_or(u32::from(raw.0)))
            }
            (elf::SymbolSection(0xff02), elf::EM_X86_64) => SymbolSection::Common,
            (elf::SHN_MIPS_SCOMMON, elf::EM_MIPS) => SymbolSection::Common,
            (elf::SHN_MIPS_SUNDEFINED, elf::EM_MIPS) => SymbolSection::Undefined,
            _ => SymbolSection::Index(raw.0.into()),
        }
    }

    /// The value as an address of code or data: through `.opd` on ppc64 ELFv1, without the Thumb bit on ARM
    /// (ELF for the Arm Architecture, §5.5.3).
    fn address(&self, symbol: &H::Sym, kind: SymbolKind) -> u64 {
        let value: u64 = symbol.st_value(self.image.endian).into();
        if !matches!(kind, SymbolKind::Func | SymbolKind::Ifunc) || symbol.is_undefined(self.image.endian) {
            return value;
        }
        if self.image.machine() == elf::EM_ARM {
            return value & !1;
        }
        self.descriptors.entry_point(self.image, value, symbol.st_shndx(self.image.endian).0)
    }

    /// The symbol without its version, whether or not others can bind to it.
    pub(super) fn symbol(
        &self,
        name: &[u8],
        symbol: &H::Sym,
        section: SymbolSection,
        is_export: bool,
    ) -> Symbol {
        let kind = kind(symbol);
        Symbol {
            name: name.into(),
            version: None,
            kind,
            binding: binding(symbol),
            visibility: visibility(symbol),
            section,
            address: self.address(symbol, kind),
            size_bytes: symbol.st_size(self.image.endian).into(),
            is_export,
        }
    }

    /// An import, or a definition that other files can bind to; `None` for everything else.
    fn bindable(&mut self, index: usize, symbol: &H::Sym) -> Option<Symbol> {
        if !matches!(binding(symbol), Binding::Global | Binding::Weak | Binding::Unique) || is_marker(symbol)
        {
            return None;
        }
        let section = self.section(index, symbol);
        let is_export = section != SymbolSection::Undefined;
        if is_export && !matches!(visibility(symbol), Visibility::Default | Visibility::Protected) {
            return None;
        }
        let name = self.name(symbol)?;
        Some(self.symbol(name, symbol, section, is_export))
    }

    /// The version behind an entry of `.gnu.version`. Indices 0 and 1 stand for no version.
    fn version(&mut self, raw: u16, versions: &Versions<'d>, is_export: bool) -> Option<SymbolVersion> {
        let index = raw & elf::VERSYM_VERSION;
        if index <= 1 {
            return None;
        }
        let is_default = is_export && raw & elf::VERSYM_HIDDEN.0 == 0;
        let (name, file) = match versions.get(index) {
            Some(Version::Base) => return None,
            Some(Version::Defined(name)) => (name, None),
            Some(Version::Needed { name, file }) => (name, Some(file)),
            None => {
                self.lost_versions += 1;
                return None;
            }
        };
        if !self.image.spend(name.len() + file.map_or(0, |f| f.len())) {
            return None;
        }
        Some(SymbolVersion {
            name: name.into(),
            is_default: is_default && file.is_none(),
            file: file.map(Into::into),
        })
    }

    pub(super) fn report(&self, gaps: &mut Gaps) {
        if self.lost_names > 0 {
            gaps.broken(format!(
                "names of {} symbols cannot be read: these symbols are missing",
                self.lost_names
            ));
        }
        if self.lost_versions > 0 {
            let lost = self.lost_versions;
            gaps.broken(format!(
                "{lost} symbols have a version that the file does not define: read as unversioned"
            ));
        }
    }
}

/// Sections, files, and what has no name in any program.
pub(super) fn is_marker<S: Sym>(symbol: &S) -> bool {
    matches!(symbol.st_type(), elf::STT_SECTION | elf::STT_FILE)
}

/// Exports and imports of a linked file, with its versions; returns the imports that no relocation names.
pub(super) fn of_dynamic<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    dynamic: &Dynamic<'_>,
    facts: &mut ElfFacts,
    gaps: &mut Gaps,
) -> Vec<Symbol> {
    if !dynamic.is_present {
        return Vec::new();
    }
    let versions = Versions::read(image, dynamic, gaps);
    let Some(bytes) = dynamic.symtab.and_then(|address| image.at(address)) else {
        gaps.broken("the dynamic symbol table (DT_SYMTAB) is not in the file");
        return Vec::new();
    };
    let count = hash::symbol_count(image, known, dynamic, gaps);
    let (symbols, complete) = table::<H::Sym>(bytes, 0, count);
    if !complete {
        gaps.broken(format!("the dynamic symbol table is cut short: {} of {count} entries", symbols.len()));
    }
    let versym = version_indices(image, dynamic, symbols.len(), gaps);
    let mut reader = Reader {
        image,
        strings: dynamic.strings,
        section_indices: &[],
        descriptors: Descriptors::find(image, known, gaps),
        lost_names: 0,
        lost_versions: 0,
    };
    let places = Places {
        kind: facts.kind,
        entry: image.header.e_entry(image.endian).into(),
        init: dynamic.init,
        fini: dynamic.fini,
    };
    let copied = match facts.kind {
        ElfKind::Executable => copy::copied_symbols(image, dynamic, symbols),
        _ => FxHashSet::default(),
    };
    let referenced = loading::Referenced::read(image, dynamic, symbols.len());
    let mut unreferenced = Vec::new();
    let mut vtables = Vtables::default();
    facts.symbols.reserve(symbols.len());
    for (index, entry) in symbols.iter().enumerate().skip(1) {
        let Some(mut symbol) = reader.bindable(index, entry) else { continue };
        let raw = versym.get(index).map_or(1, |v| v.get(image.endian));
        symbol.version = reader.version(raw, &versions, symbol.is_export);
        if copied.contains(&index) {
            as_import(&mut symbol);
        }
        let value: u64 = entry.st_value(image.endian).into();
        if symbol.is_import() && !referenced.contains(index) {
            unreferenced.push(symbol.clone());
        }
        if !symbol.is_import() && is_made_by_linker(&symbol, value, &versions, &places) {
            facts.loading.marks.push(symbol.name);
        } else {
            vtables.note(index, &symbol, facts.symbols.len());
            facts.symbols.push(symbol);
        }
    }
    facts.pure_slots = vtables.pure_slots(image, dynamic, &facts.symbols);
    reader.report(gaps);
    facts.loading.marks.sort_unstable();
    facts.loading.marks.dedup();
    facts.loading.first_version = match versions.get(2) {
        Some(Version::Defined(name)) => Some(name.into()),
        _ => None,
    };
    facts.loading.base_version = versions.base;
    facts.versions_defined = versions.defined;
    facts.versions_needed = versions.needed;
    unreferenced
}

fn version_indices<'d, H: Header>(
    image: &Image<'d, H>,
    dynamic: &Dynamic<'_>,
    count: usize,
    gaps: &mut Gaps,
) -> &'d [U16<Endianness>] {
    let Some(address) = dynamic.versym else { return &[] };
    let (indices, complete) = table(image.at(address).unwrap_or(&[]), 0, count as u64);
    if !complete {
        gaps.broken("the table of symbol versions (DT_VERSYM) is cut short");
    }
    indices
}

/// A copied variable is the library's: the size stays, as evidence of how many bytes are copied.
fn as_import(symbol: &mut Symbol) {
    symbol.section = SymbolSection::Undefined;
    symbol.address = 0;
    symbol.is_export = false;
    if let Some(version) = &mut symbol.version {
        version.is_default = false;
    }
}

/// GNU ld writes each version definition as an absolute symbol of the version's name.
fn is_made_by_linker(symbol: &Symbol, value: u64, versions: &Versions<'_>, places: &Places) -> bool {
    let is_version = symbol.section == SymbolSection::Absolute && versions.defines(&symbol.name);
    let candidate = Candidate { name: &symbol.name, kind: symbol.kind, value, size_bytes: symbol.size_bytes };
    is_version || is_boundary(&candidate, places)
}

/// Exports and imports of a relocatable file. A common symbol (`SHN_COMMON`) is a definition.
pub(super) fn of_relocatable<H: Header>(image: &Image<'_, H>, known: &Known, gaps: &mut Gaps) -> Vec<Symbol> {
    let Some((symbols, mut reader)) = symbol_table(image, known, gaps) else { return Vec::new() };
    let found = symbols.iter().enumerate().skip(1).filter_map(|(i, s)| reader.bindable(i, s)).collect();
    reader.report(gaps);
    found
}

/// The `.symtab` of a file and a reader for it.
pub(super) fn symbol_table<'a, 'd, H: Header>(
    image: &'a Image<'d, H>,
    known: &Known,
    gaps: &mut Gaps,
) -> Option<(&'d [H::Sym], Reader<'a, 'd, H>)> {
    let index = known.symtab?;
    let section = &image.sections[index];
    let strings = match image.sections.get(section.sh_link(image.endian) as usize) {
        Some(strings) => image.section_bytes(strings, ".strtab", gaps),
        None => &[],
    };
    let extended = image.sections.iter().find(|s| {
        s.sh_type(image.endian) == elf::SHT_SYMTAB_SHNDX && s.sh_link(image.endian) as usize == index
    });
    let reader = Reader {
        image,
        strings,
        section_indices: extended.map_or(&[], |s| entries(image.section_bytes(s, ".symtab_shndx", gaps))),
        descriptors: Descriptors::find(image, known, gaps),
        lost_names: 0,
        lost_versions: 0,
    };
    Some((entries(image.section_bytes(section, ".symtab", gaps)), reader))
}

/// Name, version, section; then everything else, so that the order is complete.
pub(super) fn sort(symbols: &mut Vec<Symbol>) {
    symbols.sort_unstable_by(|a, b| {
        (&a.name, &a.version, a.section).cmp(&(&b.name, &b.version, b.section)).then_with(|| a.cmp(b))
    });
    symbols.dedup();
}

fn kind<S: Sym>(symbol: &S) -> SymbolKind {
    match symbol.st_type() {
        elf::STT_NOTYPE => SymbolKind::NoType,
        elf::STT_OBJECT => SymbolKind::Object,
        elf::STT_FUNC => SymbolKind::Func,
        elf::STT_COMMON => SymbolKind::Common,
        elf::STT_TLS => SymbolKind::Tls,
        elf::STT_GNU_IFUNC => SymbolKind::Ifunc,
        other => SymbolKind::Other(other.0),
    }
}

pub(super) fn binding<S: Sym>(symbol: &S) -> Binding {
    match symbol.st_bind() {
        elf::STB_LOCAL => Binding::Local,
        elf::STB_GLOBAL => Binding::Global,
        elf::STB_WEAK => Binding::Weak,
        elf::STB_GNU_UNIQUE => Binding::Unique,
        other => Binding::Other(other.0),
    }
}

fn visibility<S: Sym>(symbol: &S) -> Visibility {
    match symbol.st_visibility() {
        elf::STV_INTERNAL => Visibility::Internal,
        elf::STV_HIDDEN => Visibility::Hidden,
        elf::STV_PROTECTED => Visibility::Protected,
        _ => Visibility::Default,
    }
}
