//! What a symbol's name says: made by the toolchain, private, vague linkage, in need of a type.

use abide_model::{Binding, ElfFacts, ElfKind, Symbol, SymbolKind};
use bstr::{BStr, ByteSlice};

use crate::change::RemovedClass;
use crate::version;

/// Names that link editors, start files and `libgcc` define; no source of a consumer names them.
///
/// From the default linker scripts of GNU ld, gold and lld (`PROVIDE`d symbols) and the crt files of glibc and gcc.
const TOOLCHAIN: [&str; 29] = [
    "_DYNAMIC",
    "_GLOBAL_OFFSET_TABLE_",
    "_IO_stdin_used",
    "_PROCEDURE_LINKAGE_TABLE_",
    "_SDA_BASE_",
    "__TMC_END__",
    "__bss_end__",
    "__bss_start",
    "__bss_start__",
    "__data_start",
    "__dso_handle",
    "__end__",
    "__exidx_end",
    "__exidx_start",
    "__gmon_start__",
    "__libc_csu_fini",
    "__libc_csu_init",
    "_bss_end__",
    "_edata",
    "_end",
    "_etext",
    "_fbss",
    "_fdata",
    "_fini",
    "_ftext",
    "_gp",
    "_gp_disp",
    "_init",
    "_start",
];

/// Prefixes of names of the same kind.
const TOOLCHAIN_PREFIXES: [&str; 9] = [
    "__x86.get_pc_thunk.",
    "__odr_asan.",
    "_savegpr",
    "_restgpr",
    "_savefpr",
    "_restfpr",
    "_savevr_",
    "_restvr_",
    "__asan_",
];

/// Whether linkers or compilers made the symbol.
pub(crate) fn is_toolchain(symbol: &Symbol) -> bool {
    let name = symbol.name.as_bstr();
    let named = |list: &[&str]| name.to_str().is_ok_and(|n| list.contains(&n));
    named(&TOOLCHAIN)
        || TOOLCHAIN_PREFIXES.iter().any(|p| name.starts_with(p.as_bytes()))
        // `end`, `edata` and `etext` are also good names for a program's own things.
        || (symbol.kind == SymbolKind::NoType && named(&["end", "edata", "etext", "data_start", "__etext"]))
        || is_clone(name)
}

/// Whether the name carries a suffix of a function clone that a compiler made (gcc `clone_function_name`,
/// LLVM's promotion of local names).
fn is_clone(name: &BStr) -> bool {
    let Some(dot) = name.find_byte(b'.') else { return false };
    let name = &name[dot..];
    [".part.", ".isra.", ".constprop.", ".cold", ".llvm.", ".lto_priv."].iter().any(|s| name.contains_str(s))
}

/// Whether the symbol has a private version.
pub(crate) fn is_private(symbol: &Symbol) -> bool {
    symbol.version.as_ref().is_some_and(|v| version::is_private(v.name.as_bstr()))
}

/// How much the loss of the symbol matters.
///
/// Weak and unique C++ symbols without a version are inline functions, template instances and their data
/// (Itanium C++ ABI §5.2, "Vague Linkage"): a program that uses one carries its own copy, unless a header
/// declares `extern template`. A library that lists them in a version script means them to be used, so with a
/// version they count as public.
/// What a program exports is for plug-ins that it loads, where it is for anybody: linkers export what a library of the
/// program refers to, and compilers of other languages everything.
pub(crate) fn removed_class(symbol: &Symbol, old: &ElfFacts) -> RemovedClass {
    let pure = &old.pure_slots;
    let weak = matches!(symbol.binding, Binding::Weak | Binding::Unique);
    if is_toolchain(symbol) {
        RemovedClass::Toolchain
    } else if pure.iter().any(|p| constructs(symbol.name.as_bstr(), p.table.as_bstr())) {
        RemovedClass::Abstract
    } else if is_private(symbol) {
        RemovedClass::Private
    } else if weak && symbol.version.is_none() && symbol.name.starts_with(b"_Z") {
        RemovedClass::Vague
    } else if old.kind == ElfKind::Executable {
        RemovedClass::Program
    } else {
        RemovedClass::Public
    }
}

/// Whether the symbol is the constructor of complete objects (`C1`) of the class whose virtual table this is.
///
/// `_ZTV1A` and `_ZN1AC1Ev`, `_ZTVN2ns1AE` and `_ZN2ns1AC1Ei`.
fn constructs(symbol: &BStr, table: &BStr) -> bool {
    let class = table.strip_prefix(b"_ZTV").unwrap_or_default();
    let class = class.strip_prefix(b"N").and_then(|c| c.strip_suffix(b"E")).unwrap_or(class);
    let rest = symbol.strip_prefix(b"_ZN").and_then(|s| s.strip_prefix(class));
    !class.is_empty() && rest.is_some_and(|r| r.starts_with(b"C1"))
}

/// Prefixes of Itanium manglings that stand for what compilers make and debug information does not describe:
/// virtual tables, VTTs, type information and its name, construction vtables, guard variables, thunks,
/// reference temporaries, TLS init and wrapper functions (Itanium C++ ABI §5.1.4 "Special names").
const UNTYPED_MANGLINGS: [&str; 13] =
    ["_ZTV", "_ZTT", "_ZTI", "_ZTS", "_ZTC", "_ZGV", "_ZTh", "_ZTv", "_ZTc", "_ZGR", "_ZTH", "_ZTW", "_ZGTt"];

/// Whether the symbol stands for a function or object of the sources whose type belongs to the public interface.
///
/// `STT_NOTYPE` is what assembler leaves without `.type`, absolute symbols are version markers: neither has a
/// type in any source. Private and toolchain symbols have types, but nobody was promised them.
pub(crate) fn needs_type(symbol: &Symbol) -> bool {
    let of_source = matches!(
        symbol.kind,
        SymbolKind::Func | SymbolKind::Object | SymbolKind::Tls | SymbolKind::Common | SymbolKind::Ifunc
    ) && symbol.section != abide_model::SymbolSection::Absolute;
    of_source
        && !is_toolchain(symbol)
        && !is_private(symbol)
        && !UNTYPED_MANGLINGS.iter().any(|p| symbol.name.starts_with(p.as_bytes()))
}

/// Whether an entry of the debug information that calls itself `source_name` can be the symbol's own.
///
/// Compilers fold functions of equal code into one (gcc `-fipa-icf`, gold and lld `--icf`), and then several symbols
/// share an address and one entry. The mangled name tells: each part of the qualified name is in it, after its
/// length (Itanium C++ ABI §5.1.2). Names of C say nothing, since an alias has another name by intent.
pub(crate) fn is_described_by(symbol: &BStr, source_name: &BStr) -> bool {
    if !symbol.starts_with(b"_Z") || symbol.starts_with(b"_ZZ") {
        return true;
    }
    let parts = qualified_parts(source_name);
    parts.iter().enumerate().all(|(at, part)| {
        let plain = !part.is_empty() && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        // Constructors and destructors are mangled without a name, operators and conversions with a code,
        // and parts of the standard library may be abbreviated (§5.1.10 "Compression").
        let is_constructor = at > 0 && parts[at - 1] == *part;
        let abbreviated = [
            &b"std"[..],
            b"allocator",
            b"basic_string",
            b"basic_istream",
            b"basic_ostream",
            b"basic_iostream",
        ];
        if !plain || is_constructor || part.starts_with(b"operator") || abbreviated.contains(part) {
            return true;
        }
        let mangled = [part.len().to_string().as_bytes(), part].concat();
        symbol.contains_str(&mangled)
    })
}

/// Whether the symbol is a constructor that a program may call: complete object (`C1`) or base object (`C2`), and
/// the unified form of some compilers (Itanium C++ ABI §5.1.4.3).
pub(crate) fn is_constructor(symbol: &BStr) -> bool {
    let coded = [&b"C1"[..], b"C2", b"C4", b"CI1", b"CI2"].iter().any(|code| symbol.contains_str(code));
    if !symbol.starts_with(b"_ZN") || !coded {
        return false;
    }
    // The code may also be part of a name: the readable form has the class's name twice.
    let Some(text) = crate::demangle::demangle(symbol) else { return false };
    let parts = qualified_parts(text.as_bytes());
    matches!(parts[..], [.., class, function] if class == function)
}

/// `ns::V<int, a::b>::f<char>` → `ns`, `V`, `f`.
fn qualified_parts(name: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut depth, mut start, mut end) = (Vec::new(), 0usize, 0, None);
    for (at, &byte) in name.iter().enumerate() {
        match byte {
            b'<' | b'(' => {
                end = end.or((depth == 0).then_some(at));
                depth += 1;
            }
            b'>' | b')' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                if at > start {
                    parts.push(&name[start..end.unwrap_or(at)]);
                }
                (start, end) = (at + 1, None);
            }
            _ => {}
        }
    }
    if start < name.len() {
        parts.push(&name[start..end.unwrap_or(name.len())]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors() {
        for name in ["_ZN2ns7DerivedC1Ev", "_ZN1VIiEC2ERKS0_", "_ZN1AC1EPN1B1CE"] {
            assert!(is_constructor(name.into()), "{name}");
        }
        for name in ["_ZN2ns7DerivedD1Ev", "_ZN1A2C1Ev", "_ZN1A1AEv", "_Z2C1v", "C1"] {
            assert!(!is_constructor(name.into()), "{name}");
        }
    }

    #[test]
    fn constructors_of_complete_objects() {
        assert!(constructs("_ZN1AC1Ev".into(), "_ZTV1A".into()));
        assert!(constructs("_ZN2ns1AC1Ei".into(), "_ZTVN2ns1AE".into()));
        assert!(!constructs("_ZN1AC2Ev".into(), "_ZTV1A".into()));
        assert!(!constructs("_ZN1A1BC1Ev".into(), "_ZTV1A".into()));
        assert!(!constructs("_ZN1A1fEv".into(), "_ZTV1A".into()));
    }

    #[test]
    fn entries_of_other_functions_are_told_by_their_name() {
        let is = |symbol: &str, name: &str| is_described_by(symbol.into(), name.into());
        assert!(is("_ZN2ns5Other5otherEv", "ns::Other::other"));
        assert!(!is("_ZN2ns5Other5otherEv", "ns::Base::stop"));
        assert!(is("_ZN2ns1fIiEEvT_", "ns::f<int>"));
        assert!(is("_ZN2ns4BaseD1Ev", "ns::Base::~Base"));
        assert!(is("_ZN2ns7DerivedC2Ev", "ns::Derived::Derived"));
        assert!(!is("_ZN2ns7DerivedC2Ev", "ns::Base::Base"));
        assert!(is("_ZN1VIiE1fEv", "V<int>::f"));
        assert!(!is("_ZN2ns4Virt3runEi", "ns::Derived::run"));
        assert!(is("_ZNSs6appendEPKc", "std::basic_string<char, std::char_traits<char> >::append"));
        assert!(is("_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f"));
        assert!(is("_ZN1VIN1a1bEE1gIcEEvv", "V<a::b>::g<char>"));
        assert!(is("_ZN1AcviEv", "A::operator int"));
        assert!(is("_ZlsRSoi", "operator<<"));
        assert!(is("foo_alias", "foo"));
    }
}
