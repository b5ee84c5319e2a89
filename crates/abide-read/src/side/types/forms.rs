//! Which form of debug information a file has: DWARF, or else BTF or CTF, which say less.

use abide_model::{ElfFacts, ElfKind};

use crate::dwarf::{self, DebugFile, SplitFiles, TypesRead};
use crate::{btf, ctf};

/// Reads the types that the exports in `elf` reach; without a graph, the gaps of all forms say why.
///
/// `split` finds the files of split DWARF; `kernel` is the file whose BTF that of modules continues.
pub(super) fn read_types(
    file: DebugFile<'_>,
    supplementary: Option<DebugFile<'_>>,
    split: SplitFiles<'_>,
    kernel: Option<&[u8]>,
    elf: &ElfFacts,
) -> TypesRead {
    let bytes = file.bytes;
    let kernel = kernel.filter(|_| elf.kind == ElfKind::KernelModule);
    if btf::is_raw(bytes) {
        return btf::read_types(bytes, None, elf);
    }
    let mut read = dwarf::read_types_of(file, supplementary, split, elf);
    let compact = [
        &|bytes: &[u8], elf: &ElfFacts| btf::read_types(bytes, kernel, elf),
        &|bytes: &[u8], elf: &ElfFacts| ctf::read_types(bytes, elf),
    ] as [&dyn Fn(&[u8], &ElfFacts) -> TypesRead; 2];
    for form in compact {
        if read.graph.is_some() {
            break;
        }
        let other = form(bytes, elf);
        read.graph = other.graph;
        read.gaps.extend(other.gaps);
    }
    read
}
