//! CTF: from the compact types of libctf to the graph that exported symbols reach (binutils, `include/ctf.h` and "The
//! CTF File Format").
//!
//! Version 3, as GCC's `-gctf` and the linker of binutils write it: both byte orders, bodies that zlib compressed,
//! archives of a shared dictionary and one for each source with types of its own, and the dictionaries of several
//! objects one after the other, as linkers that do not know CTF leave them. `dict` reads headers and archives,
//! `table` decodes entries, `symbols` relates symbols to types; the graph is built in `numbered`.
//!
//! What CTF does not say: declarations' places, names of parameters, alignment, `_Atomic`, `noreturn`, vectors, and
//! values of enumerators beyond 32 bits.

mod dict;
mod symbols;
mod table;

use abide_model::{ElfFacts, Endian, Gap, GapKind, TypeGraph};

use crate::dwarf::TypesRead;
use crate::numbered::{Exports, File, Section, gap, graph};
use dict::{Dicts, Problem};
use symbols::ElfStrings;
use table::CtfTable;

/// Whether the bytes are CTF, a dictionary or an archive, without a file around it.
pub fn is_raw(bytes: &[u8]) -> bool {
    dict::has_magic(bytes)
}

/// Reads the types that the exports in `elf` reach.
///
/// `file` is an ELF file with `.ctf` (the artifact or its debug file) or CTF itself.
pub fn read_types(file: &[u8], elf: &ElfFacts) -> TypesRead {
    let mut gaps = Vec::new();
    let graph = read(file, elf, &mut gaps);
    TypesRead { graph, gaps }
}

fn read(data: &[u8], elf: &ElfFacts, gaps: &mut Vec<Gap>) -> Option<TypeGraph> {
    let file = File::new(data);
    let content = match file.section(".ctf") {
        Section::Absent => return None,
        Section::Unreadable(detail) => {
            gaps.push(gap(GapKind::BrokenDebugInfo, detail));
            return None;
        }
        Section::Content(content) => content,
    };
    let dicts = Dicts::read(content);
    for problem in &dicts.problems {
        gaps.push(gap(kind_of(problem), format!(".ctf: {problem}")));
    }
    if dicts.all.is_empty() {
        return None;
    }
    if dicts.all.iter().any(|dict| dict.is_big != (elf.endian == Endian::Big)) {
        gaps.push(gap(GapKind::DebugMismatch, "the CTF is of another byte order".into()));
        return None;
    }
    let strings = ElfStrings::new(&file);
    let table = CtfTable::new(&dicts.all, &strings, file.is_innermost_first());
    if table.lacks_strings() {
        let detail = "names of the CTF are in a string table that the file does not have";
        gaps.push(gap(GapKind::BrokenDebugInfo, detail.into()));
        return None;
    }
    table.report(gaps);
    let mut exports = Exports::new(elf);
    symbols::candidates(&table, &file, gaps, |candidate| exports.consider(candidate));
    Some(graph(&table, exports, elf, gaps))
}

fn kind_of(problem: &Problem) -> GapKind {
    match problem {
        Problem::Version(_) | Problem::OldFunctions => GapKind::Unsupported,
        Problem::TooLarge(_) => GapKind::LimitReached,
        _ => GapKind::BrokenDebugInfo,
    }
}
