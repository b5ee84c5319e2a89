//! Which form of debug information a file has: DWARF, or else BTF or CTF, which say less.

use abide_model::ElfFacts;

use crate::dwarf::{self, DebugFile, TypesRead};
use crate::{btf, ctf};

/// Reads the types that the exports in `elf` reach; without a graph, the gaps of all forms say why.
///
/// A module's BTF that continues the kernel's is a gap, since nothing here knows which file the kernel is.
pub(super) fn read_types(
    file: DebugFile<'_>,
    supplementary: Option<DebugFile<'_>>,
    elf: &ElfFacts,
) -> TypesRead {
    let bytes = file.bytes;
    let mut read = dwarf::read_types_of(file, supplementary, elf);
    let compact = [
        |bytes: &[u8], elf: &ElfFacts| btf::read_types(bytes, None, elf),
        |bytes: &[u8], elf: &ElfFacts| ctf::read_types(bytes, elf),
    ];
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
