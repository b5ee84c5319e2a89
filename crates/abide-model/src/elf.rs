//! What an ELF file says about its binary interface (gABI, "Object Files" and "Dynamic Linking").

use bstr::BString;

use crate::kernel::KernelObject;

/// `EI_CLASS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ElfClass {
    /// 32-bit.
    Elf32,
    /// 64-bit.
    Elf64,
}

/// `EI_DATA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endian {
    /// `ELFDATA2LSB`.
    Little,
    /// `ELFDATA2MSB`.
    Big,
}

/// What kind of artifact the file is; finer than `e_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ElfKind {
    /// `ET_REL` that is not a kernel module.
    Relocatable,
    /// `ET_EXEC`, or `ET_DYN` with `DF_1_PIE` or (when that flag is absent) an interpreter and no soname.
    Executable,
    /// `ET_DYN` otherwise.
    SharedObject,
    /// `ET_REL` with `.modinfo` or `.gnu.linkonce.this_module`.
    KernelModule,
    /// A Linux kernel image with `__ksymtab` sections.
    Vmlinux,
    /// `ET_CORE` or anything else.
    Other(u16),
}

/// `ELF*_ST_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// `STT_NOTYPE`.
    NoType,
    /// `STT_OBJECT`.
    Object,
    /// `STT_FUNC`.
    Func,
    /// `STT_COMMON`.
    Common,
    /// `STT_TLS`.
    Tls,
    /// `STT_GNU_IFUNC`.
    Ifunc,
    /// Any other value (sections and files are not kept).
    Other(u8),
}

/// `ELF*_ST_BIND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binding {
    /// `STB_LOCAL`.
    Local,
    /// `STB_GLOBAL`.
    Global,
    /// `STB_WEAK`.
    Weak,
    /// `STB_GNU_UNIQUE`.
    Unique,
    /// Any other value.
    Other(u8),
}

/// `ELF*_ST_VISIBILITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Visibility {
    /// `STV_DEFAULT`.
    Default,
    /// `STV_INTERNAL`.
    Internal,
    /// `STV_HIDDEN`.
    Hidden,
    /// `STV_PROTECTED`.
    Protected,
}

/// `st_shndx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolSection {
    /// `SHN_UNDEF`: an import.
    Undefined,
    /// `SHN_ABS`.
    Absolute,
    /// `SHN_COMMON`.
    Common,
    /// Defined in this section (index into the section table).
    Index(u32),
}

/// The version of a defined or imported symbol (gABI/LSB "Symbol Versioning").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolVersion {
    /// Version name, e.g. `GLIBC_2.34`.
    pub name: BString,
    /// Defined symbols: whether `name@@version` (true) or `name@version` (false, the hidden bit).
    pub is_default: bool,
    /// Imports: the file the version is expected from (`vn_file`).
    pub file: Option<BString>,
}

/// One entry of the symbol table that matters: `.dynsym`, or `.symtab` of relocatable files, modules and vmlinux.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Name as stored (mangled).
    pub name: BString,
    /// Version, when the file has versions and the symbol has one that is not local or base.
    pub version: Option<SymbolVersion>,
    /// `STT_*`.
    pub kind: SymbolKind,
    /// `STB_*`.
    pub binding: Binding,
    /// `STV_*`.
    pub visibility: Visibility,
    /// Where it is defined. A library's variable that an executable holds a copy of (copy relocation) is an
    /// import: `Undefined`, with the size that is copied.
    pub section: SymbolSection,
    /// `st_value` (for ppc64 ELFv1 functions: the entry point read through `.opd`; for ARM functions: without the
    /// Thumb bit).
    pub address: u64,
    /// `st_size` in bytes.
    pub size_bytes: u64,
    /// Whether other files can bind to it: defined, not local, default or protected visibility; for vmlinux
    /// and modules: named by a `__ksymtab_` entry.
    pub is_export: bool,
}

impl Symbol {
    /// Whether the symbol is an import (`SHN_UNDEF`).
    pub fn is_import(&self) -> bool {
        self.section == SymbolSection::Undefined
    }

    /// Whether the symbol names data (an object, TLS or common block) rather than code.
    pub fn is_data(&self) -> bool {
        matches!(self.kind, SymbolKind::Object | SymbolKind::Tls | SymbolKind::Common)
    }
}

/// A `DT_NEEDED` entry.
pub type Needed = BString;

/// One version that the file requires of one library (`.gnu.version_r`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionNeed {
    /// `vn_file`: soname of the library.
    pub file: BString,
    /// `vna_name`: the version.
    pub version: BString,
    /// `VER_FLG_WEAK`.
    pub is_weak: bool,
}

/// Pure functions of a C++ class, as its virtual table shows them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PureSlots {
    /// Symbol of the virtual table (`_ZTV…`).
    pub table: BString,
    /// Slots of the class's own table that hold `__cxa_pure_virtual`, ascending.
    pub slots: Vec<u32>,
}

/// What the dynamic loader alone asks of a file (ld.so(8); glibc's `elf/dl-load.c`, `dl-version.c`, `dl-lookup.c`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loading {
    /// `EI_ABIVERSION`.
    pub abi_version: u8,
    /// `ET_EXEC`: linked for one address.
    pub is_fixed: bool,
    /// `DT_FLAGS_1`.
    pub flags_1: u64,
    /// `DT_SYMBOLIC` or `DF_SYMBOLIC`: its own definitions come first.
    pub is_symbolic: bool,
    /// Whether it has `DT_VERSYM`.
    pub has_version_indices: bool,
    /// Whether it has `DT_VERDEF`.
    pub has_version_definitions: bool,
    /// Name of the version that stands for the file itself (`VER_FLG_BASE`).
    pub base_version: Option<BString>,
    /// The version that it defines with index 2, which serves references without a version.
    pub first_version: Option<BString>,
    /// Whether it has relative relocations in the packed form (`DT_RELR`).
    pub has_packed_relocations: bool,
    /// `DT_FILTER` and `DT_AUXILIARY`, in file order.
    pub filters: Vec<BString>,
    /// `NT_GNU_ABI_TAG`: operating system (0 is Linux) and the earliest kernel.
    pub abi_tag: Option<(u32, [u32; 3])>,
    /// Indices into [`ElfFacts::symbols`] of the imports that no relocation names, so that nobody looks for them;
    /// ascending.
    pub unreferenced: Vec<u32>,
    /// Names that it defines and that are no part of its interface: marks of the linker (`_end`); sorted.
    pub marks: Vec<BString>,
}

/// Facts of one ELF file without its types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElfFacts {
    /// `EI_CLASS`.
    pub class: ElfClass,
    /// `EI_DATA`.
    pub endian: Endian,
    /// `e_machine`.
    pub machine: u16,
    /// `EI_OSABI`.
    pub os_abi: u8,
    /// `e_flags`.
    pub flags: u32,
    /// Kind of artifact.
    pub kind: ElfKind,
    /// `DT_SONAME`.
    pub soname: Option<BString>,
    /// `DT_NEEDED`, in file order.
    pub needed: Vec<Needed>,
    /// `DT_RPATH`.
    pub rpath: Option<BString>,
    /// `DT_RUNPATH`.
    pub runpath: Option<BString>,
    /// `PT_INTERP`.
    pub interpreter: Option<BString>,
    /// `NT_GNU_BUILD_ID`, raw bytes.
    pub build_id: Option<Vec<u8>>,
    /// `.gnu_debuglink`: file name and CRC-32.
    pub debug_link: Option<(BString, u32)>,
    /// Whether the file has a `.debug_info` (or `.zdebug_info`) section with content.
    pub has_debug_info: bool,
    /// Versions that the file defines (`.gnu.version_d` without the base entry), in file order.
    pub versions_defined: Vec<BString>,
    /// Versions that the file requires, sorted.
    pub versions_needed: Vec<VersionNeed>,
    /// `PT_GNU_STACK` asks for an executable stack; absent header on x86 counts as executable.
    pub executable_stack: bool,
    /// `DT_TEXTREL` or `DF_TEXTREL`.
    pub text_relocations: bool,
    /// `DF_STATIC_TLS`.
    pub static_tls: bool,
    /// Whether an executable can be loaded anywhere (`ET_DYN`); false for everything that is no executable.
    pub is_pie: bool,
    /// `PT_GNU_RELRO`: what was relocated becomes read-only.
    pub has_relro: bool,
    /// `DT_BIND_NOW`, `DF_BIND_NOW` or `DF_1_NOW`: every import is bound when the file is loaded.
    pub bind_now: bool,
    /// `NT_GNU_PROPERTY_TYPE_0` entries: (`pr_type`, first 4 bytes of data as an integer), sorted.
    pub gnu_properties: Vec<(u32, u32)>,
    /// Exported virtual tables with pure functions, sorted.
    pub pure_slots: Vec<PureSlots>,
    /// What the dynamic loader alone asks.
    pub loading: Loading,
    /// Exports and imports, sorted by name, version and section; locals are not kept.
    pub symbols: Vec<Symbol>,
    /// What a kernel image or module says of exports and imports beyond its symbols.
    pub kernel: Option<Box<KernelObject>>,
}

impl ElfFacts {
    /// Facts of a file of which no more is known than these four.
    pub fn new(class: ElfClass, endian: Endian, machine: u16, kind: ElfKind) -> Self {
        ElfFacts {
            class,
            endian,
            machine,
            os_abi: 0,
            flags: 0,
            kind,
            soname: None,
            needed: Vec::new(),
            rpath: None,
            runpath: None,
            interpreter: None,
            build_id: None,
            debug_link: None,
            has_debug_info: false,
            versions_defined: Vec::new(),
            versions_needed: Vec::new(),
            executable_stack: false,
            text_relocations: false,
            static_tls: false,
            is_pie: false,
            has_relro: false,
            bind_now: false,
            gnu_properties: Vec::new(),
            pure_slots: Vec::new(),
            loading: Loading::default(),
            symbols: Vec::new(),
            kernel: None,
        }
    }

    /// The exported symbols with their index in [`ElfFacts::symbols`].
    pub fn exports(&self) -> impl Iterator<Item = (usize, &Symbol)> {
        self.symbols.iter().enumerate().filter(|(_, s)| s.is_export)
    }

    /// The interface that the file expects of others: its imports as if it exported them, at no address, and none of
    /// its own exports. Debug information that declares what a file imports is found by these as that of exports is.
    pub fn expected(&self) -> ElfFacts {
        let mut expected = self.clone();
        for symbol in &mut expected.symbols {
            symbol.is_export = symbol.is_import() && !symbol.name.is_empty();
            if symbol.is_export {
                symbol.section = SymbolSection::Absolute;
            }
        }
        expected
    }

    /// The imported symbols.
    pub fn imports(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.iter().filter(|s| s.is_import())
    }
}
