//! ELF bytes to [`ElfFacts`]: kind, dynamic section, versions, symbols, notes.
//!
//! What the dynamic linker would use is read the way it reads it, through the program headers; section headers
//! only add what they alone know, so that a file without them still has all its dynamic facts. No byte is
//! touched that no fact needs: the code, data and debug sections are never read. Debug information, and links
//! to supplementary files, live elsewhere (`dwarf`).

mod boundary;
mod copy;
mod dynamic;
mod hash;
mod image;
mod kernel;
mod ksymtab;
mod loading;
mod module;
mod notes;
mod opd;
mod sections;
mod symbols;
mod versions;
mod vtable;

use abide_model::{ElfClass, ElfFacts, ElfKind, Endian, Gap, GapKind};
use bstr::BString;
use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};

use dynamic::Dynamic;
use image::Image;
use sections::Known;

/// What was read of one ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElfRead {
    /// The facts; where the file is damaged, those that could be read.
    pub facts: ElfFacts,
    /// What could not be read. Their `subject` is empty: the caller knows the file's path.
    pub gaps: Vec<Gap>,
    /// Whether the file ends before content that it states: then what is missing among the facts proves nothing.
    pub is_cut: bool,
}

/// Why a file cannot be read as ELF at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// The first four bytes are not `\x7fELF`.
    #[error("not an ELF file")]
    NotElf,
    /// The file ends inside the ELF header; carries the file's length in bytes.
    #[error("ELF header cut short: the file has {0} bytes")]
    Truncated(usize),
    /// `EI_CLASS` is neither 1 nor 2; carries its value.
    #[error("unknown ELF class {0}")]
    UnknownClass(u8),
    /// `EI_DATA` is neither 1 nor 2; carries its value.
    #[error("unknown ELF data encoding {0}")]
    UnknownEncoding(u8),
}

/// Whether `bytes` begin like an ELF file.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(&elf::ELFMAG)
}

/// Reads the facts of an ELF file.
///
/// Damage beyond the ELF header is no error: the facts hold what could be read, and each damaged part is a gap
/// of kind [`GapKind::BrokenElf`] (or [`GapKind::LimitReached`]) with an empty subject.
///
/// # Errors
/// When the ELF header itself cannot be read.
pub fn read_elf(bytes: &[u8]) -> Result<ElfRead, ElfError> {
    if !is_elf(bytes) {
        return Err(ElfError::NotElf);
    }
    let class = *bytes.get(4).ok_or(ElfError::Truncated(bytes.len()))?;
    let data = *bytes.get(5).ok_or(ElfError::Truncated(bytes.len()))?;
    let endian = match data {
        1 => Endianness::Little,
        2 => Endianness::Big,
        other => return Err(ElfError::UnknownEncoding(other)),
    };
    match class {
        1 => read::<FileHeader32<Endianness>>(bytes, endian),
        2 => read::<FileHeader64<Endianness>>(bytes, endian),
        other => Err(ElfError::UnknownClass(other)),
    }
}

/// A file header of either class whose byte order is known at run time.
trait Header: FileHeader<Endian = Endianness> {}
impl<T: FileHeader<Endian = Endianness>> Header for T {}

/// Collects what could not be read.
#[derive(Default)]
struct Gaps(Vec<Gap>);

impl Gaps {
    fn broken(&mut self, detail: impl Into<String>) {
        self.push(GapKind::BrokenElf, detail.into());
    }

    fn limit(&mut self, detail: impl Into<String>) {
        self.push(GapKind::LimitReached, detail.into());
    }

    fn push(&mut self, kind: GapKind, detail: String) {
        let gap = Gap { kind, subject: BString::default(), detail };
        if !self.0.contains(&gap) {
            self.0.push(gap);
        }
    }
}

fn read<H: Header>(bytes: &[u8], endian: Endianness) -> Result<ElfRead, ElfError> {
    let mut gaps = Gaps::default();
    let image = Image::<H>::open(bytes, endian, &mut gaps).ok_or(ElfError::Truncated(bytes.len()))?;
    let known = Known::scan(&image, &mut gaps);
    let dynamic = Dynamic::read(&image, &known, &mut gaps);
    let mut facts = header_facts(&image, kind(&image, &known, &dynamic));
    facts.soname = dynamic.text(&image, dynamic.soname, "DT_SONAME", &mut gaps);
    facts.needed = dynamic
        .needed
        .iter()
        .filter_map(|&n| dynamic.text(&image, Some(n), "DT_NEEDED", &mut gaps))
        .collect();
    facts.rpath = dynamic.text(&image, dynamic.rpath, "DT_RPATH", &mut gaps);
    facts.runpath = dynamic.text(&image, dynamic.runpath, "DT_RUNPATH", &mut gaps);
    facts.text_relocations = dynamic.has_text_relocations();
    facts.static_tls = dynamic.has_static_tls();
    facts.is_pie = facts.kind == ElfKind::Executable && image.header.e_type(image.endian) == elf::ET_DYN;
    facts.has_relro = image.segment(elf::PT_GNU_RELRO).is_some();
    facts.bind_now = dynamic.binds_now();
    facts.interpreter = interpreter(&image, &mut gaps);
    facts.executable_stack = executable_stack(&image, &known, facts.kind);
    facts.has_debug_info = known.has_debug_info;
    facts.debug_link = known.debug_link(&image, &mut gaps);
    let notes = notes::read(&image, &known, &mut gaps);
    facts.build_id = notes.build_id;
    facts.gnu_properties = notes.properties;
    facts.loading = loading::of_dynamic(&image, &dynamic, &mut gaps);
    facts.loading.abi_tag = notes.abi_tag;
    let mut unreferenced = Vec::new();
    match facts.kind {
        ElfKind::Relocatable => facts.symbols = symbols::of_relocatable(&image, &known, &mut gaps),
        ElfKind::KernelModule | ElfKind::Vmlinux => {
            facts.symbols = kernel::symbols(&image, &known, facts.kind, &mut gaps);
            let object = module::read(&image, &known, facts.kind, &mut facts.symbols, &mut gaps);
            facts.kernel = Some(Box::new(object));
        }
        _ => unreferenced = symbols::of_dynamic(&image, &known, &dynamic, &mut facts, &mut gaps),
    }
    symbols::sort(&mut facts.symbols);
    facts.loading.unreferenced = loading::places(&facts.symbols, unreferenced);
    if image.is_exhausted() {
        gaps.limit("the names in the file's tables overlap so much that reading stopped: names are missing");
    }
    let is_cut = image.is_cut(facts.kind);
    Ok(ElfRead { facts, gaps: gaps.0, is_cut })
}

fn header_facts<H: Header>(image: &Image<'_, H>, kind: ElfKind) -> ElfFacts {
    let ident = image.header.e_ident();
    let class = if image.is_64() { ElfClass::Elf64 } else { ElfClass::Elf32 };
    let endian = if image.endian == Endianness::Little { Endian::Little } else { Endian::Big };
    ElfFacts {
        os_abi: ident.os_abi.0,
        flags: image.header.e_flags(image.endian).0,
        ..ElfFacts::new(class, endian, image.machine().0, kind)
    }
}

/// `DF_1_PIE` is the linker's own word for "executable"; binutils before 2.26 did not set it, hence the second test.
fn kind<H: Header>(image: &Image<'_, H>, known: &Known, dynamic: &Dynamic<'_>) -> ElfKind {
    match image.header.e_type(image.endian) {
        elf::ET_REL if known.has_modinfo => ElfKind::KernelModule,
        elf::ET_REL => ElfKind::Relocatable,
        elf::ET_EXEC | elf::ET_DYN if known.has_ksymtab => ElfKind::Vmlinux,
        elf::ET_EXEC => ElfKind::Executable,
        elf::ET_DYN if dynamic.is_pie() => ElfKind::Executable,
        elf::ET_DYN if dynamic.soname.is_none() && image.segment(elf::PT_INTERP).is_some() => {
            ElfKind::Executable
        }
        elf::ET_DYN => ElfKind::SharedObject,
        other => ElfKind::Other(other.0),
    }
}

fn interpreter<H: Header>(image: &Image<'_, H>, gaps: &mut Gaps) -> Option<BString> {
    let segment = image.segment(elf::PT_INTERP)?;
    let bytes = image.segment_bytes(segment, "PT_INTERP", gaps);
    match bytes.iter().position(|&b| b == 0) {
        // A debug file keeps the header and drops the content.
        _ if bytes.is_empty() => None,
        Some(end) => Some(bytes[..end].into()),
        None => {
            gaps.broken("PT_INTERP has no terminating zero");
            None
        }
    }
}

/// Linux gives an executable stack to x86 programs without `PT_GNU_STACK` (`fs/binfmt_elf.c`, `EXSTACK_DEFAULT`);
/// for a relocatable file the linker decides by the section `.note.GNU-stack` in the same way.
fn executable_stack<H: Header>(image: &Image<'_, H>, known: &Known, kind: ElfKind) -> bool {
    let by_default = matches!(image.machine(), elf::EM_386 | elf::EM_X86_64);
    match kind {
        ElfKind::Relocatable => known.gnu_stack_is_executable.unwrap_or(by_default),
        ElfKind::Executable | ElfKind::SharedObject => match image.segment(elf::PT_GNU_STACK) {
            Some(stack) => stack.p_flags(image.endian).contains(elf::PF_X),
            None => by_default && !image.segments.is_empty(),
        },
        _ => false,
    }
}
