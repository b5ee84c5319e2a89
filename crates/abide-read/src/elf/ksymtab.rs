//! How a kernel image or module exports: checksum, licence, namespace of each `EXPORT_SYMBOL` (Linux
//! `include/linux/export.h`, `include/linux/export-internal.h`, `scripts/mod/modpost.c`).
//!
//! With a symbol table the labels tell: `__ksymtab_NAME` lies in `__ksymtab` or `__ksymtab_gpl`, `__crc_NAME` is the
//! checksum (absolute, or the place where it is), `__kstrtabns_NAME` the namespace. An image that was stripped, as that in a
//! `vmlinuz`, still has the tables themselves: the entries of `__ksymtab*` and, in the same order, `__kcrctab*`.

use abide_model::{
    Binding, ExportKind, KernelExport, Symbol, SymbolKind, SymbolSection as Place, Visibility,
};
use bstr::BString;
use object::elf;
use object::read::elf::{SectionHeader, Sym};
use rustc_hash::FxHashMap;

use super::image::Image;
use super::sections::{Known, read_u32};
use super::symbols::{is_marker, symbol_table};
use super::{Gaps, Header};

/// What the labels say of one symbol.
#[derive(Clone, Copy, Default)]
struct Labels<'d> {
    kind: Option<ExportKind>,
    crc: Option<u32>,
    namespace: Option<&'d [u8]>,
}

/// The exports that the labels in `.symtab` describe, sorted by name.
pub(super) fn labelled<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    owner: &[u8],
    gaps: &mut Gaps,
) -> Vec<KernelExport> {
    let Some((table, mut reader)) = symbol_table(image, known, gaps) else { return Vec::new() };
    let mut found: FxHashMap<&[u8], Labels<'_>> = FxHashMap::default();
    for (index, symbol) in table.iter().enumerate().skip(1).filter(|(_, s)| !is_marker(*s)) {
        let Some(name) = reader.name(symbol).filter(|n| n.starts_with(b"__")) else { continue };
        let place = reader.section(index, symbol);
        let value: u64 = symbol.st_value(image.endian).into();
        if let Some(name) = name.strip_prefix(b"__ksymtab_") {
            let Place::Index(section) = place else { continue };
            if let Some((_, kind)) = known.ksymtab_kinds.iter().find(|(at, _)| *at as u32 == section) {
                found.entry(name).or_default().kind = Some(*kind);
            }
        } else if let Some(name) = name.strip_prefix(b"__crc_") {
            found.entry(name).or_default().crc = match place {
                Place::Absolute => u32::try_from(value).ok(),
                Place::Index(section) => in_section(image, section, value, gaps)
                    .and_then(|bytes| bytes.first_chunk::<4>())
                    .map(|bytes| read_u32(image.endian, *bytes)),
                _ => None,
            };
        } else if let Some(name) = name.strip_prefix(b"__kstrtabns_") {
            let Place::Index(section) = place else { continue };
            let text = in_section(image, section, value, gaps).and_then(|bytes| image.string(bytes, 0));
            found.entry(name).or_default().namespace = text.filter(|t| !t.is_empty());
        }
    }
    let export = |(name, labels): (&[u8], Labels<'_>)| {
        Some(KernelExport {
            name: name.into(),
            // Checksum 0 is that of a symbol for which genksyms found no declaration.
            crc: labels.crc.filter(|crc| *crc != 0),
            kind: labels.kind?,
            namespace: labels.namespace.map(BString::from),
            owner: owner.into(),
        })
    };
    let mut exports: Vec<KernelExport> = found.into_iter().filter_map(export).collect();
    exports.sort();
    exports
}

/// The bytes of a section from where a symbol with this value is: an address in an image, an offset in a module.
fn in_section<'d, H: Header>(
    image: &Image<'d, H>,
    index: u32,
    value: u64,
    gaps: &mut Gaps,
) -> Option<&'d [u8]> {
    let section = image.sections.get(index as usize)?;
    let start: u64 = match image.header.e_type(image.endian) {
        elf::ET_REL => 0,
        _ => section.sh_addr(image.endian).into(),
    };
    let bytes = image.section_bytes(section, "a section of the kernel's exports", gaps);
    bytes.get(usize::try_from(value.checked_sub(start)?).ok()?..)
}

/// The exports of an image without symbol table, with symbols that stand for them.
///
/// Entries are of `CONFIG_HAVE_ARCH_PREL32_RELOCATIONS` (offsets of 32 bits from the field itself: value, name and, since
/// 5.4, namespace) or hold whole addresses; the table of checksums tells how many there are.
pub(super) fn stripped<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    gaps: &mut Gaps,
) -> (Vec<KernelExport>, Vec<Symbol>) {
    let (mut exports, mut symbols) = (Vec::new(), Vec::new());
    for &(index, kind) in &known.ksymtab_kinds {
        let section = &image.sections[index];
        let bytes = image.section_bytes(section, "__ksymtab", gaps);
        let crcs = known.kcrctabs.iter().find(|(_, of)| *of == kind);
        let crcs =
            crcs.map_or(&[][..], |(at, _)| image.section_bytes(&image.sections[*at], "__kcrctab", gaps));
        let Some(layout) = Layout::find(bytes.len(), crcs.len() / 4, image.is_64()) else {
            if !bytes.is_empty() {
                gaps.broken("there is no .symtab, and the kernel's table of exports has an unknown layout");
            }
            continue;
        };
        let start: u64 = section.sh_addr(image.endian).into();
        for (number, entry) in bytes.chunks_exact(layout.size).enumerate() {
            let at = start.wrapping_add((number * layout.size) as u64);
            let Some(read) = layout.read(image, entry, at) else {
                gaps.broken("an entry of the kernel's table of exports has no name that can be read");
                continue;
            };
            let crc = crcs.get(number * 4..).and_then(|rest| rest.first_chunk::<4>());
            exports.push(KernelExport {
                name: read.name.into(),
                crc: crc.map(|bytes| read_u32(image.endian, *bytes)).filter(|crc| *crc != 0),
                kind,
                namespace: read.namespace.map(BString::from),
                owner: "vmlinux".into(),
            });
            symbols.push(symbol(image, read.name, read.address));
        }
    }
    exports.sort();
    exports.dedup_by(|a, b| a.name == b.name);
    (exports, symbols)
}

/// A symbol of which only name and address are known: code or data by the section that it is in.
fn symbol<H: Header>(image: &Image<'_, H>, name: &[u8], address: u64) -> Symbol {
    let holds = |s: &&H::SectionHeader| {
        let (start, size): (u64, u64) = (s.sh_addr(image.endian).into(), s.sh_size(image.endian).into());
        s.sh_flags(image.endian).contains(elf::SHF_ALLOC)
            && address.checked_sub(start).is_some_and(|d| d < size)
    };
    let is_code = image
        .sections
        .iter()
        .find(holds)
        .is_none_or(|s| s.sh_flags(image.endian).contains(elf::SHF_EXECINSTR));
    Symbol {
        name: name.into(),
        version: None,
        kind: if is_code { SymbolKind::Func } else { SymbolKind::Object },
        binding: Binding::Global,
        visibility: Visibility::Default,
        section: Place::Index(1),
        address,
        size_bytes: 0,
        is_export: true,
    }
}

/// How an entry of `__ksymtab` is laid out.
struct Layout {
    /// Bytes of an entry.
    size: usize,
    /// Whether its fields are offsets of 32 bits from themselves.
    is_relative: bool,
    has_namespace: bool,
}

/// What an entry refers to.
struct Entry<'d> {
    address: u64,
    name: &'d [u8],
    namespace: Option<&'d [u8]>,
}

impl Layout {
    /// By the number of entries, which the table of checksums knows.
    fn find(bytes: usize, count: usize, is_64: bool) -> Option<Self> {
        let size = bytes.checked_div(count)?;
        let (is_relative, has_namespace) = match (size, is_64) {
            _ if size * count != bytes => return None,
            (8, true) => (true, false),
            (12, true) => (true, true),
            (16, true) | (8, false) => (false, false),
            (24, true) | (12, false) => (false, true),
            _ => return None,
        };
        Some(Layout { size, is_relative, has_namespace })
    }

    fn read<'d, H: Header>(&self, image: &Image<'d, H>, entry: &[u8], at: u64) -> Option<Entry<'d>> {
        let fields = if self.has_namespace { 3 } else { 2 };
        let width = self.size / fields;
        let field = |number: usize| -> Option<u64> {
            let bytes = entry.get(number * width..(number + 1) * width)?;
            let low = read_u32(image.endian, *bytes.first_chunk::<4>()?);
            if self.is_relative {
                // An offset of 0 is a null pointer in the field for the namespace.
                let here = at.wrapping_add((number * width) as u64);
                return Some(match low {
                    0 => 0,
                    offset => here.wrapping_add_signed(i64::from(offset as i32)),
                });
            }
            match bytes.get(4..8).and_then(|b| b.first_chunk::<4>()) {
                None => Some(low.into()),
                Some(high) => {
                    let second = read_u32(image.endian, *high);
                    let (low, high) = match image.endian {
                        object::Endianness::Little => (low, second),
                        object::Endianness::Big => (second, low),
                    };
                    Some(u64::from(high) << 32 | u64::from(low))
                }
            }
        };
        let text = |address: u64| image.at(address).and_then(|bytes| image.string(bytes, 0));
        let name = text(field(1)?).filter(|name| !name.is_empty())?;
        let namespace = match self.has_namespace {
            true => field(2).filter(|a| *a != 0).and_then(text).filter(|n| !n.is_empty()),
            false => None,
        };
        Some(Entry { address: field(0)?, name, namespace })
    }
}
