//! BTF: from the kernel's compact type information to the graph that exported symbols reach (Linux,
//! `Documentation/bpf/btf.rst`).
//!
//! All kinds up to `BTF_KIND_ENUM64`, both byte orders, `.BTF` in an ELF file or plain; modules, whose types and
//! strings continue those of the kernel, with the kernel's BTF or with the extract in `.BTF.base`; and the tables of
//! several objects one after the other, as linkers that do not know BTF leave them. `blob` finds the parts, `table`
//! decodes entries, `base` relates a module's extract to the kernel's types; the graph is built in `numbered`.
//!
//! What BTF does not say: declarations' places, alignment, `noreturn`, prototypes of functions that take nothing,
//! and with most writers the inner dimensions of arrays and types of variables that are not per CPU.

mod base;
mod blob;
mod facts;
mod table;

use abide_model::{ElfFacts, ElfKind, Endian, Gap, GapKind, TypeGraph};
use object::Object as _;

use crate::dwarf::TypesRead;
use crate::numbered::{Candidate, Exports, File, Rank, Section, gap, graph};
use blob::{Blob, BlobError, split};
pub use facts::facts;
use table::{BtfTable, Named};

/// Whether the bytes are BTF without a file around it: magic number, version 1, no flags.
pub fn is_raw(bytes: &[u8]) -> bool {
    blob::has_magic(bytes) && bytes.get(2..4) == Some(&[1, 0])
}

/// An ELF file with what types are read from and nothing else, much smaller than `file`; `None` where there is no BTF, or
/// something else that says what types there are.
pub(crate) fn alone(file: &[u8]) -> Option<Vec<u8>> {
    let file = File::new(file);
    let elf = file.elf()?;
    if !matches!(file.section(".ctf"), Section::Absent) {
        return None;
    }
    let mut small =
        object::write::Object::new(object::BinaryFormat::Elf, elf.architecture(), elf.endianness());
    for name in [".BTF", ".BTF.base", ".comment"] {
        match file.section(name) {
            Section::Absent if name != ".BTF" => {}
            Section::Content(content) => {
                let section = small.add_section(Vec::new(), name.into(), object::SectionKind::Other);
                small.set_section_data(section, content.to_vec(), 1);
            }
            _ => return None,
        }
    }
    small.write().ok()
}

/// Reads the types that the exports in `elf` reach.
///
/// `file` is an ELF file with `.BTF` (the artifact or its debug file) or BTF itself. `base` is the kernel's, in the
/// same forms, for a module's BTF that continues it.
pub fn read_types(file: &[u8], base: Option<&[u8]>, elf: &ElfFacts) -> TypesRead {
    let mut gaps = Vec::new();
    let graph = read(file, base, elf, &mut gaps);
    TypesRead { graph, gaps }
}

fn read(data: &[u8], base: Option<&[u8]>, elf: &ElfFacts, gaps: &mut Vec<Gap>) -> Option<TypeGraph> {
    let file = File::new(data);
    let own = blobs(&file, ".BTF", gaps)?;
    if own.iter().any(|blob| blob.is_big != (elf.endian == Endian::Big)) {
        gaps.push(gap(GapKind::DebugMismatch, "the BTF is of another byte order".into()));
        return None;
    }
    let extract = match file.section(".BTF.base") {
        Section::Content(_) if file.elf().is_some() => blobs(&file, ".BTF.base", gaps)?.into_iter().next(),
        _ => None,
    };
    let kernel_file = base.map(File::new);
    let mut kernel = None;
    if let Some(kernel_file) = &kernel_file {
        kernel = blobs(kernel_file, ".BTF", gaps).and_then(|blobs| blobs.into_iter().next());
    }
    let may_continue = extract.is_some() || base.is_some() || elf.kind == ElfKind::KernelModule;
    let table = match own.as_slice() {
        [only] if may_continue => module(only, extract, kernel, gaps)?,
        _ => BtfTable::new(&own),
    };
    table.report(gaps);
    let table = table.innermost_first(file.is_innermost_first());
    let mut exports = Exports::new(elf);
    for Named { name, kind, ty, linkage } in table.named() {
        exports.consider(Candidate { name, kind, ty, rank: rank(linkage) });
    }
    Some(graph(&table, exports, elf, gaps))
}

/// `BTF_FUNC_*` and `BTF_VAR_*` have the same values. Most writers say `static` of every function.
fn rank(linkage: u32) -> Rank {
    match linkage {
        1 => Rank::Global,
        2 => Rank::Extern,
        _ => Rank::Static,
    }
}

/// The tables in a section; `None` when there is none, with a gap when there should be one.
fn blobs<'d>(file: &File<'d>, section: &str, gaps: &mut Vec<Gap>) -> Option<Vec<Blob<'d>>> {
    let content = match file.section(section) {
        Section::Absent => return None,
        Section::Unreadable(detail) => {
            gaps.push(gap(GapKind::BrokenDebugInfo, detail));
            return None;
        }
        Section::Content(content) => content,
    };
    let (blobs, error) = split(content);
    if let Some(error) = error {
        let kind = match error {
            BlobError::Version(_) => GapKind::Unsupported,
            _ => GapKind::BrokenDebugInfo,
        };
        gaps.push(gap(kind, format!("{section}: {error}")));
    }
    (!blobs.is_empty()).then_some(blobs)
}

/// The table of a module, which may continue the kernel's.
fn module<'d>(
    own: &Blob<'d>,
    extract: Option<Blob<'d>>,
    kernel: Option<Blob<'d>>,
    gaps: &mut Vec<Gap>,
) -> Option<BtfTable<'d>> {
    let alone = BtfTable::new(std::slice::from_ref(own));
    if extract.is_none() && own.strings.first() == Some(&0) && alone.stands_alone() {
        return Some(alone);
    }
    if let Some(extract) = extract {
        let table = BtfTable::with_base(&extract, own, kernel.as_ref());
        if !table.continues_well() {
            gaps.push(gap(GapKind::BrokenDebugInfo, "the BTF does not continue its .BTF.base".into()));
            return None;
        }
        let table = table.relocated();
        if kernel.is_none() {
            let detail =
                "the kernel's BTF is absent: types that the module takes from it are known by name only";
            gaps.push(gap(GapKind::NoSupplementaryFile, detail.into()));
        }
        return Some(table);
    }
    let Some(kernel) = kernel else {
        let detail = "the module's BTF continues the kernel's, which is absent";
        gaps.push(gap(GapKind::NoSupplementaryFile, detail.into()));
        return None;
    };
    let table = BtfTable::with_base(&kernel, own, None);
    if !table.continues_well() {
        let detail = "the module's BTF continues another kernel's than the one at hand";
        gaps.push(gap(GapKind::DebugMismatch, detail.into()));
        return None;
    }
    Some(table)
}
