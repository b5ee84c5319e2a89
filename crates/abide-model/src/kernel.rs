//! The kernel's interface for modules: exports with their checksums, what a module asks for, lists of what is promised.
//!
//! A checksum is the CRC-32 that genksyms (or gendwarfksyms) makes of a symbol's type with all types that it reaches, as
//! far as the source file that exports it sees them (`CONFIG_MODVERSIONS`).

use bstr::BString;

/// How a symbol is exported (`include/linux/export.h`, `scripts/mod/modpost.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExportKind {
    /// `EXPORT_SYMBOL`: for every module.
    Plain,
    /// `EXPORT_SYMBOL_GPL`: for modules whose licence is compatible with the GPL.
    Gpl,
    /// `EXPORT_SYMBOL_GPL_FUTURE` of kernels before 5.12: for every module, with a warning.
    GplFuture,
    /// `EXPORT_UNUSED_SYMBOL` of kernels before 5.12.
    Unused,
    /// `EXPORT_UNUSED_SYMBOL_GPL` of kernels before 5.12.
    UnusedGpl,
}

impl ExportKind {
    /// The word in `Module.symvers`.
    pub fn word(self) -> &'static str {
        match self {
            ExportKind::Plain => "EXPORT_SYMBOL",
            ExportKind::Gpl => "EXPORT_SYMBOL_GPL",
            ExportKind::GplFuture => "EXPORT_SYMBOL_GPL_FUTURE",
            ExportKind::Unused => "EXPORT_UNUSED_SYMBOL",
            ExportKind::UnusedGpl => "EXPORT_UNUSED_SYMBOL_GPL",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        [Self::Plain, Self::Gpl, Self::GplFuture, Self::Unused, Self::UnusedGpl]
            .into_iter()
            .find(|kind| kind.word().as_bytes() == word)
    }

    /// Whether only modules with a licence that is compatible with the GPL are given the symbol.
    pub fn is_gpl_only(self) -> bool {
        matches!(self, ExportKind::Gpl | ExportKind::UnusedGpl)
    }
}

/// One exported symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelExport {
    /// Name.
    pub name: BString,
    /// Checksum; `None` where the kernel was built without, or where it could not be read.
    pub crc: Option<u32>,
    /// How it is exported.
    pub kind: ExportKind,
    /// `EXPORT_SYMBOL_NS`: the namespace that a module has to import.
    pub namespace: Option<BString>,
    /// `vmlinux`, or the module that exports it: its path below the build's folder without `.ko` in `Module.symvers`,
    /// its name where it was read from the module.
    pub owner: BString,
}

/// What a kernel image or module says in its own sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelObject {
    /// The kernel's release (`uname -r`): of an image its own, of a module that it was built for.
    pub release: Option<BString>,
    /// Exports, sorted by name.
    pub exports: Vec<KernelExport>,
    /// What a module asks for; `None` for an image.
    pub module: Option<ModuleFacts>,
}

/// What a module asks of the kernel that loads it (`kernel/module/main.c`, `kernel/module/version.c`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleFacts {
    /// `name=` of `.modinfo`, else that in `.gnu.linkonce.this_module`.
    pub name: Option<BString>,
    /// `vermagic=`.
    pub vermagic: Option<BString>,
    /// `license=`.
    pub license: Option<BString>,
    /// `version=`.
    pub version: Option<BString>,
    /// `depends=`, in the order stated.
    pub depends: Vec<BString>,
    /// `import_ns=`, sorted.
    pub namespaces: Vec<BString>,
    /// `intree=Y`.
    pub is_in_tree: bool,
    /// `retpoline=Y`.
    pub has_retpoline: bool,
    /// Checksums that it was built with, sorted by symbol; `None` when it has neither `__versions` nor `__version_ext_*`.
    pub versions: Option<Vec<(BString, u32)>>,
    /// Size of `.gnu.linkonce.this_module`, which is the module's `struct module`.
    pub this_module_bytes: Option<u64>,
    /// Whether a signature is appended (`kernel/module/signing.c`).
    pub is_signed: bool,
}

/// A file of a package or folder that describes a kernel and is no ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFile {
    /// Its path.
    pub path: BString,
    /// What it says.
    pub content: KernelContent,
}

/// What such a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelContent {
    /// `Module.symvers`: every export of a build, sorted by name.
    Symvers(Vec<KernelExport>),
    /// A list of the symbols that are promised.
    List(KernelList),
    /// Tolerated changes by pattern (`kabi/severities` of SUSE's kernels), in file order.
    Severities(Vec<Severity>),
}

/// A list of promised symbols: Red Hat's `Module.kabi_ARCH` and `kabi_stablelist_ARCH`, Android's and libabigail's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelList {
    /// Architecture by the file's name or section, when it states one.
    pub arch: Option<String>,
    /// Release that the list is for, as (major, minor), when its path or section states one.
    pub release: Option<(u32, Option<u32>)>,
    /// Sorted by name.
    pub symbols: Vec<ListedSymbol>,
}

/// One promised symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedSymbol {
    /// Name.
    pub name: BString,
    /// Promised checksum, when the list has them.
    pub export: Option<ListedExport>,
}

/// What `Module.kabi_ARCH` states of a symbol besides its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedExport {
    /// Checksum.
    pub crc: u32,
    /// `vmlinux` or a module.
    pub owner: BString,
    /// How it is exported.
    pub kind: ExportKind,
}

/// One line of a severities file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity {
    /// Shell pattern.
    pub pattern: BString,
    /// What it is matched with.
    pub target: SeverityTarget,
    /// `PASS`: changes are tolerated; `FAIL`: they are not.
    pub passes: bool,
    /// Line of the file, counted from 1.
    pub line: u32,
}

/// What the pattern of a severities file is matched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeverityTarget {
    /// The name of a symbol.
    Symbol,
    /// The module (or `vmlinux`) that exports it.
    Owner,
    /// Its namespace.
    Namespace,
}

/// A rule by which gendwarfksyms leaves something out of the checksums.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KabiRule {
    /// Qualified name of the type, without `struct`, `union` or `enum`; of an enumerator with its name behind.
    pub target: BString,
    /// What is left out.
    pub kind: KabiRuleKind,
    /// The number or text that is taken instead; empty where the kind has none.
    pub value: BString,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KabiRuleKind {
    /// `declonly`: a type is taken for one that is only declared.
    DeclarationOnly,
    /// `enumerator_ignore`: an enumerator is left out.
    EnumeratorIgnored,
    /// `enumerator_value`: an enumerator has another value.
    EnumeratorValue,
    /// `byte_size`: a type has another size.
    Size,
    /// `type_string`: a type is another text.
    Text,
}

impl KabiRuleKind {
    /// The word in the rule.
    pub fn word(self) -> &'static str {
        match self {
            KabiRuleKind::DeclarationOnly => "declonly",
            KabiRuleKind::EnumeratorIgnored => "enumerator_ignore",
            KabiRuleKind::EnumeratorValue => "enumerator_value",
            KabiRuleKind::Size => "byte_size",
            KabiRuleKind::Text => "type_string",
        }
    }
}
