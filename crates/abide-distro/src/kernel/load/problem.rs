//! Why a kernel refuses a module, and what is not known of it.

use std::fmt;

use bstr::BString;

/// One reason why the kernel refuses a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// It is for another architecture.
    Architecture {
        /// Of the module.
        module: String,
        /// Of the kernel.
        kernel: String,
    },
    /// It states no `vermagic`.
    NoVermagic,
    /// It was built for a kernel that is configured in another way, or, without checksums, for another one.
    Vermagic {
        /// Of the module.
        module: String,
        /// Of the kernel, or its release when no more is known.
        kernel: String,
    },
    /// Its `struct module` has another size.
    ModuleSize {
        /// Bytes in the module.
        module: u64,
        /// Bytes in the kernel.
        kernel: u64,
    },
    /// The kernel wants checksums, and the module has none.
    NoChecksums,
    /// The symbol has another checksum.
    Checksum {
        /// Its name.
        symbol: BString,
        /// That the module was built with.
        module: u32,
        /// Of the kernel, or of the module that exports it.
        kernel: u32,
    },
    /// Nothing exports the symbol.
    Missing {
        /// Its name.
        symbol: BString,
    },
    /// The symbol is for modules of GPL-compatible licences.
    GplOnly {
        /// Its name.
        symbol: BString,
        /// The module's licence.
        license: Option<BString>,
    },
    /// The symbol is in a namespace that the module does not import.
    Namespace {
        /// Its name.
        symbol: BString,
        /// The namespace.
        namespace: BString,
    },
    /// The module exports a symbol that the kernel exports, too.
    Duplicate {
        /// Its name.
        symbol: BString,
    },
}

impl Problem {
    /// Stable identifier.
    pub fn id(&self) -> &'static str {
        match self {
            Problem::Architecture { .. } => "architecture",
            Problem::NoVermagic => "no-vermagic",
            Problem::Vermagic { .. } => "vermagic",
            Problem::ModuleSize { .. } => "module-size",
            Problem::NoChecksums => "no-checksums",
            Problem::Checksum { .. } => "checksum",
            Problem::Missing { .. } => "missing-symbol",
            Problem::GplOnly { .. } => "gpl-only",
            Problem::Namespace { .. } => "namespace",
            Problem::Duplicate { .. } => "duplicate-export",
        }
    }

    /// Where in the loader's order it comes; by symbol within one kind.
    pub(super) fn order(&self) -> (u8, BString) {
        let symbol = |s: &BString| s.clone();
        match self {
            Problem::Architecture { .. } => (0, BString::default()),
            Problem::NoVermagic | Problem::Vermagic { .. } => (1, BString::default()),
            Problem::ModuleSize { .. } => (2, BString::default()),
            Problem::NoChecksums => (3, BString::default()),
            Problem::Checksum { symbol: s, .. } if s == "module_layout" => (4, BString::default()),
            Problem::Missing { symbol: s } => (5, symbol(s)),
            Problem::Checksum { symbol: s, .. } => (6, symbol(s)),
            Problem::GplOnly { symbol: s, .. } => (7, symbol(s)),
            Problem::Namespace { symbol: s, .. } => (8, symbol(s)),
            Problem::Duplicate { symbol: s } => (9, symbol(s)),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Architecture { module, kernel } => {
                write!(f, "it is for {module}, the kernel for {kernel}")
            }
            Problem::NoVermagic => write!(f, "it states no vermagic"),
            Problem::Vermagic { module, kernel } => {
                write!(f, "its vermagic is '{module}', the kernel's '{kernel}'")
            }
            Problem::ModuleSize { module, kernel } => {
                write!(f, "its struct module has {module} bytes, the kernel's {kernel}")
            }
            Problem::NoChecksums => write!(f, "it has no checksums, and the kernel checks them"),
            Problem::Checksum { symbol, module, kernel } => {
                write!(
                    f,
                    "disagrees about {symbol}: built with {module:#010x}, the kernel has {kernel:#010x}"
                )
            }
            Problem::Missing { symbol } => write!(f, "nothing exports {symbol}"),
            Problem::GplOnly { symbol, license } => {
                let license = license.as_ref().map_or("none".to_owned(), |l| l.to_string());
                write!(f, "{symbol} is for GPL-compatible licences, its licence is {license}")
            }
            Problem::Namespace { symbol, namespace } => {
                write!(f, "{symbol} is in the namespace {namespace}, which it does not import")
            }
            Problem::Duplicate { symbol } => write!(f, "it exports {symbol}, and so does the kernel"),
        }
    }
}

/// What is not known, and leaves open whether the kernel takes a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    /// Neither `vermagic` nor release of the kernel is known, and the module has no checksums.
    Vermagic,
    /// Not all exports of the kernel are known, and these symbols are not among those that are.
    Exports {
        /// Their names.
        symbols: Vec<BString>,
    },
    /// The kernel's checksums are not known.
    Checksums {
        /// Number of symbols.
        count: usize,
    },
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Open::Vermagic => write!(f, "neither vermagic nor release of the kernel is known"),
            Open::Exports { symbols } => match symbols.as_slice() {
                [only] => write!(f, "whether the kernel exports {only} is not known"),
                many => write!(
                    f,
                    "whether the kernel exports {} and {} more is not known",
                    many[0],
                    many.len() - 1
                ),
            },
            Open::Checksums { count } => {
                let noun = if *count == 1 { "symbol" } else { "symbols" };
                write!(f, "the kernel's checksums of {count} {noun} are not known")
            }
        }
    }
}
