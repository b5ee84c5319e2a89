//! What a kernel module asks for: `.modinfo`, the checksums that it was built with, its `struct module`, a signature (Linux
//! `kernel/module/main.c`, `kernel/module/version.c`, `scripts/mod/modpost.c`).

use abide_model::{ElfKind, KernelObject, ModuleFacts, Symbol};
use bstr::{BString, ByteSlice};
use object::elf;
use object::read::elf::SectionHeader;

use super::image::Image;
use super::sections::{Known, read_u32};
use super::{Gaps, Header, ksymtab};

/// What ends a signed module (`include/linux/module_signature.h`).
const SIGNATURE: &[u8] = b"~Module signature appended~\n";
/// `MODULE_NAME_LEN + sizeof(long)`: bytes of an entry of `__versions`.
const VERSION_BYTES: usize = 64;
/// What an image says of itself (`init/version-timestamp.c`).
const BANNER: &[u8] = b"Linux version ";

/// What an image or module says beyond its symbols. An image that was stripped has no symbol table: those that its table of
/// exports names are added to `symbols`.
pub(super) fn read<H: Header>(
    image: &Image<'_, H>,
    known: &Known,
    kind: ElfKind,
    symbols: &mut Vec<Symbol>,
    gaps: &mut Gaps,
) -> KernelObject {
    if kind == ElfKind::KernelModule {
        let facts = module(image, known, gaps);
        let owner = facts.name.clone().unwrap_or_default();
        let release = facts.vermagic.as_ref().and_then(|v| v.fields().next()).map(BString::from);
        let exports = ksymtab::labelled(image, known, &owner, gaps);
        return KernelObject { release, exports, module: Some(facts) };
    }
    let release = banner(image, known, gaps);
    let exports = match known.symtab {
        Some(_) => ksymtab::labelled(image, known, b"vmlinux", gaps),
        None => {
            let (exports, mut found) = ksymtab::stripped(image, known, gaps);
            symbols.append(&mut found);
            exports
        }
    };
    KernelObject { release, exports, module: None }
}

/// The release in `linux_banner`, which lies in `.rodata`.
fn banner<H: Header>(image: &Image<'_, H>, known: &Known, gaps: &mut Gaps) -> Option<BString> {
    let bytes = image.section_bytes(&image.sections[known.rodata?], ".rodata", gaps);
    let mut found = memchr::memmem::find_iter(bytes, BANNER);
    found.find_map(|at| {
        let rest = &bytes[at + BANNER.len()..];
        let text = rest.get(..rest.find_byteset(b" \0\n")?)?;
        // `linux_proc_banner` has `%s` there.
        (text.first().is_some_and(u8::is_ascii_digit) && text.len() < 128).then(|| text.into())
    })
}

fn module<H: Header>(image: &Image<'_, H>, known: &Known, gaps: &mut Gaps) -> ModuleFacts {
    let mut facts = ModuleFacts { is_signed: image.bytes.ends_with(SIGNATURE), ..ModuleFacts::default() };
    if let Some(at) = known.modinfo {
        let bytes = image.section_bytes(&image.sections[at], ".modinfo", gaps);
        for entry in bytes.split(|b| *b == 0).filter(|e| !e.is_empty()) {
            info(&mut facts, entry);
        }
    }
    facts.namespaces.sort();
    facts.namespaces.dedup();
    if let Some(at) = known.this_module {
        let section = &image.sections[at];
        facts.this_module_bytes = Some(section.sh_size(image.endian).into());
        let bytes = image.section_bytes(section, ".gnu.linkonce.this_module", gaps);
        facts.name = facts.name.take().or_else(|| built_in_name(bytes, image.is_64()));
    }
    facts.versions = versions(image, known, gaps);
    facts
}

/// One `key=value` of `.modinfo`.
fn info(facts: &mut ModuleFacts, entry: &[u8]) {
    let Some((key, value)) = entry.split_once_str(b"=") else { return };
    let value = BString::from(value);
    match key {
        b"name" => facts.name = Some(value),
        b"vermagic" => facts.vermagic = Some(value),
        b"license" => facts.license = Some(value),
        b"version" => facts.version = Some(value),
        b"depends" => {
            let names = value.split(|b| *b == b',').filter(|n| !n.is_empty());
            facts.depends.extend(names.map(BString::from));
        }
        b"import_ns" => facts.namespaces.push(value),
        b"intree" => facts.is_in_tree = value == "Y",
        b"retpoline" => facts.has_retpoline = value == "Y",
        _ => {}
    }
}

/// `struct module` begins with its state and a list head; the name follows.
fn built_in_name(bytes: &[u8], is_64: bool) -> Option<BString> {
    let rest = bytes.get(if is_64 { 24 } else { 12 }..)?;
    let name = &rest[..rest.find_byte(0)?];
    let is_name = !name.is_empty() && name.len() < 64 && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| name.into())
}

/// Checksums by symbol: `__version_ext_*` of kernels from 6.14 on, else `__versions`.
fn versions<H: Header>(image: &Image<'_, H>, known: &Known, gaps: &mut Gaps) -> Option<Vec<(BString, u32)>> {
    let mut found = match (known.versions, known.version_ext) {
        (_, [Some(crcs), Some(names)]) => {
            let crcs = image.section_bytes(&image.sections[crcs], "__version_ext_crcs", gaps);
            let names = image.section_bytes(&image.sections[names], "__version_ext_names", gaps);
            extended(image, crcs, names, gaps)
        }
        (Some(at), _) => plain(image, image.section_bytes(&image.sections[at], "__versions", gaps), gaps),
        (None, _) => return None,
    };
    found.sort();
    found.dedup();
    Some(found)
}

/// `struct modversion_info`: a long for the checksum, then the name in what is left of 64 bytes.
fn plain<H: Header>(image: &Image<'_, H>, bytes: &[u8], gaps: &mut Gaps) -> Vec<(BString, u32)> {
    let width = if image.is_64() { 8 } else { 4 };
    if !bytes.len().is_multiple_of(VERSION_BYTES) {
        gaps.broken(format!("__versions has {} bytes, which is no multiple of {VERSION_BYTES}", bytes.len()));
    }
    let is_big = image.endian == object::Endianness::Big;
    let entry = |entry: &[u8]| {
        let low = if is_big { width - 4 } else { 0 };
        let crc = read_u32(image.endian, *entry.get(low..)?.first_chunk::<4>()?);
        let name = &entry[width..];
        let name = &name[..name.find_byte(0).unwrap_or(name.len())];
        (!name.is_empty()).then(|| (BString::from(name), crc))
    };
    bytes.chunks_exact(VERSION_BYTES).filter_map(entry).collect()
}

/// A list of checksums and, in its order, names that end with zero.
fn extended<H: Header>(
    image: &Image<'_, H>,
    crcs: &[u8],
    names: &[u8],
    gaps: &mut Gaps,
) -> Vec<(BString, u32)> {
    let crcs = crcs.chunks_exact(4).filter_map(|c| c.first_chunk::<4>());
    let crcs: Vec<u32> = crcs.map(|c| read_u32(image.endian, *c)).collect();
    let names: Vec<&[u8]> = names.split(|b| *b == 0).filter(|n| !n.is_empty()).collect();
    if crcs.len() != names.len() {
        gaps.broken(format!(
            "__version_ext_crcs has {} checksums and __version_ext_names {} names",
            crcs.len(),
            names.len()
        ));
    }
    names.into_iter().map(BString::from).zip(crcs).collect()
}

/// Whether a section of this name, with content, belongs to what is read here.
pub(super) fn note_section(known: &mut Known, index: usize, name: &[u8], flags: elf::SectionFlags) {
    use abide_model::ExportKind;
    let gpl = |name: &[u8]| match name {
        b"_gpl" => Some(ExportKind::Gpl),
        b"" => Some(ExportKind::Plain),
        b"_gpl_future" => Some(ExportKind::GplFuture),
        b"_unused" => Some(ExportKind::Unused),
        b"_unused_gpl" => Some(ExportKind::UnusedGpl),
        _ => None,
    };
    match name {
        b".modinfo" => known.modinfo = Some(index),
        b".gnu.linkonce.this_module" => known.this_module = Some(index),
        b"__versions" => known.versions = Some(index),
        b"__version_ext_crcs" => known.version_ext[0] = Some(index),
        b"__version_ext_names" => known.version_ext[1] = Some(index),
        b".rodata" if flags.contains(elf::SHF_ALLOC) => known.rodata = Some(index),
        _ => {
            // An object file that was not linked to a module has one section for each symbol: `___ksymtab_gpl+name`.
            let base = name.split(|b| *b == b'+').next().unwrap_or(name);
            let base = base.strip_prefix(b"_").filter(|b| b.starts_with(b"__k")).unwrap_or(base);
            if let Some(kind) = base.strip_prefix(b"__ksymtab").and_then(gpl) {
                known.ksymtab_kinds.push((index, kind));
            } else if let Some(kind) = base.strip_prefix(b"__kcrctab").and_then(gpl) {
                known.kcrctabs.push((index, kind));
            }
        }
    }
}
