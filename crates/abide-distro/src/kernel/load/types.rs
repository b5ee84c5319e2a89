//! Would a module work: what its debug information declares of the symbols that it imports, held against what the kernel
//! and the other modules of its set define.
//!
//! Checksums say this for most symbols; what they hide, and what they differ for, is seen here.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{ArtifactFacts, ElfKind, Finding, Gap, GapKind, Level, Side, Subject};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::super::hidden::Disguise;
use super::super::interface::Kernel;
use super::super::names::module_name;
use super::{Module, names, version_of};
use crate::app::{Cell, Need, Problem};
use crate::declared::{Bond, Held, first_of, is_library_call};
use crate::pairing::ArtifactRef;
use crate::rules::{find, level_of};

/// What defines a symbol that a module imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Definer {
    /// A file of the kernel, as (package, artifact) of its side.
    Kernel(usize, usize),
    /// A module of the set, by its index.
    Own(usize),
}

/// What one module uses of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Index of the module in its set.
    pub module: usize,
    /// The file.
    pub definer: Definer,
    /// Index of each import among the module's symbols, and of the definition among the file's; sorted.
    pub bound: Vec<(u32, u32)>,
}

/// Everything that a set of modules uses of a kernel's files and of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// By module, then by file.
    pub all: Vec<Use>,
    /// By module: what the kernel exports, and none of its files that were given defines.
    pub elsewhere: BTreeMap<usize, Vec<BString>>,
}

/// Finds what defines each import; `side` is the kernel's.
pub fn uses(set: &[Module<'_>], side: &Side, kernel: &Kernel<'_>) -> Uses {
    let replaced = names(set);
    let mut defined: FxHashMap<&[u8], (Definer, u32)> = FxHashMap::default();
    // The loader looks into the image first, then into modules.
    let of_kernel = kernel.image.iter().chain(&kernel.modules);
    for &ArtifactRef { package, artifact } in of_kernel {
        let facts = &side.packages[package].artifacts[artifact];
        let is_image = kernel.image == Some(ArtifactRef { package, artifact });
        if !is_image && replaced.contains(&module_name(facts.path.as_bstr())) {
            continue;
        }
        for (index, symbol) in facts.elf.exports() {
            let place = (Definer::Kernel(package, artifact), index as u32);
            defined.entry(symbol.name.as_slice()).or_insert(place);
        }
    }
    for (number, module) in set.iter().enumerate() {
        for (index, symbol) in module.elf.exports() {
            defined.entry(symbol.name.as_slice()).or_insert((Definer::Own(number), index as u32));
        }
    }
    let mut found = Uses::default();
    for (number, module) in set.iter().enumerate() {
        let mut by_definer: BTreeMap<Definer, BTreeSet<(u32, u32)>> = BTreeMap::new();
        for (import, symbol) in module.elf.symbols.iter().enumerate().filter(|(_, s)| s.is_import()) {
            match defined.get(symbol.name.as_slice()) {
                Some(&(definer, definition)) => {
                    by_definer.entry(definer).or_default().insert((import as u32, definition));
                }
                // What is not exported at all is the loader's affair.
                None if kernel.exports.contains_key(symbol.name.as_bstr()) => {
                    found.elsewhere.entry(number).or_default().push(symbol.name.clone());
                }
                None => {}
            }
        }
        let made = |(definer, bound): (Definer, BTreeSet<(u32, u32)>)| Use {
            module: number,
            definer,
            bound: bound.into_iter().collect(),
        };
        found.all.extend(by_definer.into_iter().map(made));
    }
    found
}

/// What a comparison of one use says.
#[derive(Debug, Default)]
pub struct Typed {
    differences: Vec<Difference>,
    gaps: Vec<Gap>,
    compared: usize,
}

/// A difference of types that a module meets.
#[derive(Debug)]
struct Difference {
    case: Option<&'static str>,
    level: Level,
    summary: String,
    module: BString,
    /// The symbols of its own that reach it, and whether their checksums tell.
    symbols: BTreeMap<BString, bool>,
}

/// Compares what a module declares with what a file defines.
///
/// `expected` is the module with the types of its imports, whose symbols are those of [`abide_model::ElfFacts::expected`];
/// `definer` has the types of its exports. Both are afterwards as they were before.
pub fn compare_use(
    used: &Use,
    set: &[Module<'_>],
    kernel: &Kernel<'_>,
    expected: &mut ArtifactFacts,
    definer: &mut ArtifactFacts,
) -> Typed {
    let module = &set[used.module];
    let name = match used.definer {
        Definer::Kernel(..) if definer.elf.kind == ElfKind::Vmlinux => BString::from("the kernel"),
        _ => module_name(definer.path.as_bstr()).into(),
    };
    let bond = Bond {
        file: module.path,
        definer: name.as_bstr(),
        bound: &used.bound,
        is_of_compiler,
        calls_assembler: true,
    };
    let Held { findings, gaps, compared, names } = bond.hold(expected, definer);
    let differences = findings.iter().filter_map(|finding| difference(finding, module, kernel, &names));
    Typed { differences: differences.collect(), gaps, compared }
}

fn difference(
    finding: &Finding,
    module: &Module<'_>,
    kernel: &Kernel<'_>,
    bound: &BTreeSet<BString>,
) -> Option<Difference> {
    // What a file only declares it does not touch: forward declarations of enums are in many.
    if finding.rule == "type-became-opaque" {
        return None;
    }
    // The module sees the definition: no rule of the kernel's build makes it opaque.
    let case = match Disguise::plain(finding) {
        Disguise::Harmless => return None,
        Disguise::ReservedUsed => Some("reserved"),
        Disguise::Replaced => Some("replaced"),
        Disguise::Extended => Some("extended"),
        _ => None,
    };
    let own = match &finding.subject {
        Subject::Symbol(symbol) => Some(&symbol.name),
        _ => None,
    };
    let versions = module.facts.versions.as_deref();
    let tells = |name: &BString| {
        let built = version_of(versions, name);
        let found = kernel.exports.get(name.as_bstr()).and_then(|export| export.crc);
        built.zip(found).is_some_and(|(built, found)| built != found)
    };
    let symbols = finding.symbols.iter().map(|symbol| &symbol.name).chain(own);
    Some(Difference {
        case,
        level: level_of(RULE, case).min(finding.level),
        summary: finding.summary.clone(),
        module: module.path.to_owned(),
        symbols: symbols.filter(|n| bound.contains(*n)).map(|n| (n.clone(), tells(n))).collect(),
    })
}

const RULE: &str = "kmod-type-differs";

/// Adds what the comparisons of a set's uses say to its cell: a difference that several modules meet is told once.
pub fn add_typed(cell: &mut Cell, set: &[Module<'_>], uses: &Uses, typed: Vec<Typed>) {
    let mut all: BTreeMap<(Option<&'static str>, String), Vec<Difference>> = BTreeMap::new();
    for Typed { differences, gaps, compared } in typed {
        for difference in differences {
            all.entry((difference.case, difference.summary.clone())).or_default().push(difference);
        }
        cell.gaps.extend(gaps);
        *cell.counts.typed.get_or_insert(0) += compared;
    }
    cell.counts.typed.get_or_insert(0);
    cell.problems.extend(all.into_iter().map(|((case, summary), found)| problem(case, &summary, &found)));
    for (module, symbols) in &uses.elsewhere {
        let detail = format!(
            "the files of the kernel that were given do not define {}, so that types are not compared",
            first_of(symbols)
        );
        let subject = set[*module].path.to_owned();
        cell.gaps.push(Gap { kind: GapKind::UntypedSymbols, subject, detail });
    }
    cell.settle();
}

fn problem(case: Option<&'static str>, summary: &str, found: &[Difference]) -> Problem {
    let symbols: BTreeMap<&BString, bool> =
        found.iter().flat_map(|d| &d.symbols).map(|(name, tells)| (name, *tells)).collect();
    let told = symbols.values().filter(|tells| **tells).count();
    let text = match (told, symbols.len()) {
        (_, 0) => String::new(),
        (0, 1) => "; no checksum tells, that of the symbol that reaches it fits".to_owned(),
        (0, n) => format!("; no checksum tells, those of the {n} symbols that reach it fit"),
        (_, 1) => "; the checksum of the symbol that reaches it differs, too".to_owned(),
        (told, n) if told == n => format!("; the checksums of the {n} symbols that reach it differ, too"),
        (told, n) => format!("; the checksums of {told} of the {n} symbols that reach it differ, too"),
    };
    let why = find(RULE).map(|rule| case.and_then(|case| rule.cases.get(case)).map_or(&rule.why, |c| &c.why));
    let mut needs: BTreeMap<&BString, BTreeSet<String>> = BTreeMap::new();
    for Difference { module, symbols, .. } in found {
        needs.entry(module).or_default().extend(symbols.keys().map(|name| name.to_string()));
    }
    let need = |(module, symbols): (&BString, BTreeSet<String>)| Need {
        file: module.clone(),
        package: None,
        symbols: symbols.into_iter().collect(),
    };
    Problem {
        rule: RULE,
        case,
        level: found.iter().map(|d| d.level).max().unwrap_or(Level::Review),
        summary: format!("{summary}{text}"),
        why: why.cloned().unwrap_or_default(),
        needs: needs.into_iter().map(need).collect(),
        library: None,
        version: None,
        first_in: None,
        way_out: vec!["build the module with the headers of this kernel".to_owned()],
    }
}

/// Whether a name is one that compilers, their instrumentation and inline assembler use without any declaration: tracing,
/// thunks, stack protection, sanitizers, and what x86's `get_user`, `put_user` and static calls are made of.
fn is_of_compiler(name: &BStr) -> bool {
    const EXACT: [&str; 5] = ["__fentry__", "_mcount", "mcount", "__stack_chk_fail", "__stack_chk_guard"];
    const PREFIXES: [&str; 17] = [
        "__x86_",
        "__SCT__",
        "__SCK__",
        "__get_user_",
        "__put_user_",
        "__sanitizer_",
        "__asan_",
        "__hwasan_",
        "__tsan_",
        "__msan_",
        "__ubsan_",
        "__kasan_",
        "__gcov_",
        "__llvm_",
        "__cfi_",
        "__kcfi_",
        "__sw_hweight",
    ];
    is_library_call(name)
        || EXACT.iter().any(|exact| name == exact.as_bytes())
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix.as_bytes()))
}
