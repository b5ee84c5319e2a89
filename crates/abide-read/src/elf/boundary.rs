//! Symbols that the linker and the C start files put into every file, and that are no part of its interface.
//!
//! Old binutils exported `_edata`, `_end` and `__bss_start` from every library, `_init` and `_fini` come from
//! `crti.o`; newer toolchains and version scripts hide them. They mark places in this file alone: nothing binds
//! to another file's `_end`, each file has its own. Were they exports, every change of toolchain would read as
//! a break. A symbol is dropped only where it has the shape that the linker gives it: a mark without type or
//! size, `_init`/`_fini` at the addresses of `DT_INIT`/`DT_FINI`, `_start` at the entry point. A real function
//! or object of such a name is an export like any other.

use abide_model::{ElfKind, SymbolKind};

/// Marks from the linker scripts of GNU ld, gold, lld and the psABIs.
const MARKS: [&[u8]; 33] = [
    b"_DYNAMIC",
    b"_GLOBAL_OFFSET_TABLE_",
    b"_PROCEDURE_LINKAGE_TABLE_",
    b"_SDA2_BASE_",
    b"_SDA_BASE_",
    b"__GNU_EH_FRAME_HDR",
    b"__TMC_END__",
    b"__bss_end__",
    b"__bss_start",
    b"__bss_start__",
    b"__data_start",
    b"__dso_handle",
    b"__end__",
    b"__etext",
    b"__executable_start",
    b"__exidx_end",
    b"__exidx_start",
    b"__fini_array_end",
    b"__fini_array_start",
    b"__init_array_end",
    b"__init_array_start",
    b"_bss_end__",
    b"_edata",
    b"_end",
    b"_etext",
    b"_fbss",
    b"_ftext",
    b"_gp",
    b"_gp_disp",
    b"data_start",
    b"edata",
    b"end",
    b"etext",
];

/// From `crt1.o` and `libc_nonshared.a`, exported by executables that are linked with `-rdynamic`.
const START_FILES: [&[u8]; 3] = [b"_IO_stdin_used", b"__libc_csu_fini", b"__libc_csu_init"];

/// A defined symbol as far as it matters here.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a [u8],
    pub(super) kind: SymbolKind,
    pub(super) value: u64,
    pub(super) size_bytes: u64,
}

/// Where the file itself says that its start and end code is.
pub(super) struct Places {
    pub(super) kind: ElfKind,
    pub(super) entry: u64,
    pub(super) init: Option<u64>,
    pub(super) fini: Option<u64>,
}

/// Whether the symbol is a mark of the linker or comes from the start files.
pub(super) fn is_boundary(symbol: &Candidate<'_>, places: &Places) -> bool {
    let is_mark = matches!(symbol.kind, SymbolKind::NoType | SymbolKind::Object) && symbol.size_bytes == 0;
    match symbol.name {
        b"_init" => symbol.kind == SymbolKind::Func && places.init == Some(symbol.value),
        b"_fini" => symbol.kind == SymbolKind::Func && places.fini == Some(symbol.value),
        b"_start" | b"__start" => places.kind == ElfKind::Executable && places.entry == symbol.value,
        name if is_mark && MARKS.binary_search(&name).is_ok() => true,
        name => places.kind == ElfKind::Executable && START_FILES.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places =
        Places { kind: ElfKind::SharedObject, entry: 0, init: Some(0x1000), fini: Some(0x2000) };

    fn dropped(name: &str, kind: SymbolKind, value: u64, size_bytes: u64) -> bool {
        is_boundary(&Candidate { name: name.as_bytes(), kind, value, size_bytes }, &PLACES)
    }

    #[test]
    fn marks_are_sorted_for_the_search() {
        assert!(MARKS.is_sorted());
    }

    #[test]
    fn only_the_linkers_shape_is_dropped() {
        assert!(dropped("_end", SymbolKind::NoType, 0x4000, 0));
        assert!(!dropped("_end", SymbolKind::Object, 0x4000, 8));
        assert!(!dropped("end", SymbolKind::Func, 0x4000, 0));
        assert!(dropped("_init", SymbolKind::Func, 0x1000, 0));
        assert!(!dropped("_init", SymbolKind::Func, 0x1004, 0));
        assert!(!dropped("_IO_stdin_used", SymbolKind::Object, 0x3000, 4));
        assert!(!dropped("begin", SymbolKind::NoType, 0x4000, 0));
    }
}
