//! What a program's debug information says of what it imports, held against the libraries that it binds to.
//!
//! A compiler describes the functions and variables of others that a file uses as its headers declare them: this is the
//! interface that the file was built for. It takes the place of a reference in a comparison of the symbols that the file
//! binds to. A declaration says less than a definition: what headers leave open is open here as well.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use abide_engine::{CompareOptions, compare};
use abide_model::{
    ArtifactFacts, ElfFacts, Finding, Gap, GapKind, Level, Program, ProgramContent, ProgramFile, Root,
    Symbol, TypeEvidence, TypeGraph, TypeKind,
};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::interface::Subject;
use super::loader::{Issue, Process, definition};
use super::result::{Cell, Problem};
use super::system::{Object, System};

/// What one file of a program uses of one library of a distribution.
pub struct Use {
    /// Index of the file in the program.
    pub file: usize,
    /// The library.
    pub library: Arc<Object>,
    /// Index of each import among the file's symbols, and of the definition among the library's; sorted.
    pub bound: Vec<(u32, u32)>,
}

/// Imports and definitions, as in [`Use::bound`].
type Bound = BTreeSet<(u32, u32)>;

/// Everything that the files of a program bind to on a distribution, by file and library, but for the C library.
///
/// `sole` is the distribution where it is one library and nothing else: what nothing else has is then looked for there,
/// whatever the library is called.
pub fn uses(program: &Program, system: &dyn System, sole: Option<&Arc<Object>>) -> Vec<Use> {
    let by_path = program.files.iter().enumerate().map(|(index, file)| (file.path.as_bstr(), index));
    let by_path: FxHashMap<&BStr, usize> = by_path.collect();
    let mut all: BTreeMap<(usize, BString), (Arc<Object>, Bound)> = BTreeMap::new();
    for (_, process) in super::judge::trace(program, system) {
        for binding in &process.bindings {
            let definition = &process.entries[binding.library].elf().symbols[binding.definition];
            if is_of_c_library(definition) {
                continue;
            }
            let user = &process.entries[binding.user].object;
            let Some(&file) = by_path.get(user.path.as_bstr()) else { continue };
            let library = &process.entries[binding.library].object;
            let place = all.entry((file, library.path.clone()));
            let (_, bound) = place.or_insert_with(|| (Arc::clone(library), Bound::new()));
            bound.insert((binding.symbol as u32, binding.definition as u32));
        }
        for (name, file) in not_found(&process, &by_path) {
            let found = || system.elsewhere(name.as_bstr(), process.target);
            let Some(library) = sole.cloned().or_else(found) else { continue };
            let ProgramContent::Elf { facts, .. } = &program.files[file].content else { continue };
            let place = all.entry((file, library.path.clone()));
            let (library, bound) = place.or_insert_with(|| (library, Bound::new()));
            let imports = facts.symbols.iter().enumerate().filter(|(_, symbol)| symbol.is_import());
            let ends =
                imports.filter_map(|(at, symbol)| Some((at as u32, definition(library, symbol)? as u32)));
            bound.extend(ends);
        }
    }
    let made = |((file, _), (library, bound)): (_, (_, Bound))| Use {
        file,
        library,
        bound: bound.into_iter().collect(),
    };
    all.into_iter().map(made).collect()
}

/// What own files need and the loader does not find, which a distribution that is there in part may have all the same.
fn not_found(process: &Process, by_path: &FxHashMap<&BStr, usize>) -> Vec<(BString, usize)> {
    let lost = |issue: &Issue| match issue {
        Issue::LibraryMissing { user, name, .. } | Issue::LibraryUnknown { user, name, .. } => {
            let path = &process.entries[*user].object.path;
            Some((name.clone(), *by_path.get(path.as_bstr())?))
        }
        _ => None,
    };
    process.issues.iter().filter_map(lost).collect()
}

/// What a comparison of one use says.
#[derive(Default)]
pub struct Typed {
    problems: Vec<Problem>,
    gaps: Vec<Gap>,
    compared: usize,
}

/// Compares what a file declares with what a library defines.
///
/// `expected` is the file with the types of its imports, whose symbols are those of [`ElfFacts::expected`]; `library` has
/// the types of its exports, and the symbols that the use was made with. Both are afterwards as they were before.
pub fn compare_use(
    used: &Use,
    file: &ProgramFile,
    expected: &mut ArtifactFacts,
    library: &mut ArtifactFacts,
) -> Typed {
    let name = library.elf.soname.clone().unwrap_or_else(|| library.path.clone());
    let TypeEvidence::Read { graph, .. } = &mut expected.types else {
        return Typed { gaps: absent(expected, file.shown.as_bstr()), ..Typed::default() };
    };
    let declared: FxHashMap<u32, &Root> = graph.roots.iter().map(|root| (root.symbol, root)).collect();
    let described: BTreeSet<u32> =
        library.types.graph().into_iter().flat_map(described).map(|root| root.symbol).collect();
    let counts = |&(import, definition): &(u32, u32)| {
        let symbol = &library.elf.symbols[definition as usize];
        declared.contains_key(&import) || !is_of_compiler(symbol.name.as_bstr())
    };
    let name_of = |(_, definition): &(u32, u32)| library.elf.symbols[*definition as usize].name.clone();
    let bound: Vec<(u32, u32)> = used.bound.iter().copied().filter(counts).collect();
    if bound.is_empty() {
        return Typed::default();
    }
    let lists: [Vec<BString>; 2] = [
        bound.iter().filter(|(import, _)| !declared.contains_key(import)).map(name_of).collect(),
        bound.iter().filter(|(_, definition)| !described.contains(definition)).map(name_of).collect(),
    ];
    let root = |&(import, definition): &(u32, u32)| {
        declared.get(&import).map(|root| Root { symbol: definition, ..(*root).clone() })
    };
    let mut roots: Vec<Root> = bound.iter().filter_map(root).collect();
    roots.sort_by_key(|root| root.symbol);
    roots.dedup_by_key(|root| root.symbol);
    let wanted: BTreeSet<u32> = bound.iter().map(|(_, definition)| *definition).collect();
    let only = only(&library.elf, &wanted);
    if library.types.graph().is_none() && only.exports().next().is_some() {
        return Typed { gaps: absent(library, library.path.as_bstr()), ..Typed::default() };
    }

    let roots = mem::replace(&mut graph.roots, roots);
    let own = mem::replace(&mut expected.elf, only.clone());
    let whole = mem::replace(&mut library.elf, only);
    let comparison =
        compare(expected, library, &CompareOptions { old_is_consumer: true, ..CompareOptions::default() });
    if let TypeEvidence::Read { graph, .. } = &mut expected.types {
        graph.roots = roots;
    }
    (expected.elf, library.elf) = (own, whole);

    let mut gaps = comparison.gaps;
    gaps.retain(|gap| gap.kind != GapKind::UntypedSymbols);
    gaps.extend(untyped(file, &name, &lists));
    if comparison.has_enough_evidence {
        gaps.clear();
    }
    let names = wanted.iter().map(|at| library.elf.symbols[*at as usize].name.clone()).collect();
    let subject = Subject { library: &name, files: std::slice::from_ref(file), imports: &names };
    let way_out = "build it anew with the headers of this distribution";
    // What a declaration leaves open and a definition does not is no news to anybody.
    // Nor that a function does not return, which its own source need not say.
    let counts = |finding: &&Finding| finding.level > Level::Safe && finding.rule != "noreturn-changed";
    let standing = comparison.findings.iter().filter(counts);
    let (unseen, findings): (Vec<&Finding>, Vec<&Finding>) =
        standing.partition(|finding| finding.rule == "type-not-comparable");
    let problem = |finding: &Finding| {
        let problem = subject.problem(finding, way_out);
        Problem { summary: format!("{name}: {}", problem.summary), ..problem }
    };
    // A class whose virtual table is elsewhere is only declared where it is used.
    gaps.extend(unseen.iter().map(|finding| Gap {
        kind: GapKind::UntypedSymbols,
        subject: file.shown.clone(),
        detail: {
            let summary = finding.summary.replace("the reference's", "its own");
            format!("{name}: {}", summary.replace("the candidate's", "the library's"))
        },
    }));
    Typed {
        problems: findings.into_iter().map(problem).collect(),
        gaps,
        compared: comparison.coverage.typed_on_both,
    }
}

/// Adds what the comparisons of a program's uses say to its cell.
pub fn add_typed(cell: &mut Cell, typed: Vec<Typed>) {
    for Typed { problems, gaps, compared } in typed {
        cell.problems.extend(problems);
        cell.gaps.extend(gaps);
        *cell.counts.typed.get_or_insert(0) += compared;
    }
    cell.settle();
}

/// What a library's debug information describes: a function in assembler has an entry and no type.
fn described(graph: &TypeGraph) -> impl Iterator<Item = &Root> {
    graph.roots.iter().filter(|root| !matches!(graph.node(root.ty).kind, TypeKind::Unspecified { .. }))
}

/// The library with these exports and no others.
fn only(elf: &ElfFacts, wanted: &BTreeSet<u32>) -> ElfFacts {
    let mut elf = elf.clone();
    for (index, symbol) in elf.symbols.iter_mut().enumerate() {
        symbol.is_export &= wanted.contains(&(index as u32));
    }
    elf
}

/// Names that are told before the rest is counted.
const NAMED: usize = 4;

/// What one of the two says nothing of.
fn untyped(file: &ProgramFile, library: &BString, [undeclared, undescribed]: &[Vec<BString>; 2]) -> Vec<Gap> {
    let gap = |names: &[BString], why: &str| {
        let mut list: Vec<String> = names.iter().take(NAMED).map(|name| name.to_string()).collect();
        if names.len() > NAMED {
            list.push(format!("and {} more", names.len() - NAMED));
        }
        let detail = format!("{why}: {}", list.join(", "));
        (!names.is_empty()).then(|| Gap {
            kind: GapKind::UntypedSymbols,
            subject: file.shown.clone(),
            detail,
        })
    };
    let ours = format!(
        "its debug information does not declare what it uses of {library}, as some compilers leave it"
    );
    let theirs = format!("the debug information of {library} does not describe");
    gap(undeclared, &ours).into_iter().chain(gap(undescribed, &theirs)).collect()
}

/// Why an artifact's types are not known.
fn absent(facts: &ArtifactFacts, subject: &BStr) -> Vec<Gap> {
    let said = facts.gaps.iter().filter(|gap| gap.kind == GapKind::NoDebugInfo);
    let said: Vec<Gap> = said.map(|gap| Gap { subject: subject.into(), ..gap.clone() }).collect();
    if !said.is_empty() {
        return said;
    }
    let detail = "it has no debug information, so that types are not compared".to_owned();
    vec![Gap { kind: GapKind::NoDebugInfo, subject: subject.into(), detail }]
}

/// Whether a symbol is one of glibc, whose versions stand for the types: what changes incompatibly gets another version
/// (glibc's manual, "Maintenance"), and headers there say something else than sources by design.
fn is_of_c_library(symbol: &Symbol) -> bool {
    let version = symbol.version.as_ref().map(|version| version.name.as_bstr());
    version.is_some_and(|version| version.starts_with(b"GLIBC_") && version != "GLIBC_PRIVATE")
}

/// Functions that compilers call of their own accord for copies, constants and printing, where no source declares
/// them (GCC's manual, "Standards"; LLVM's `SimplifyLibCalls`). Their types are those of the C standard.
const LIBRARY_CALLS: [&str; 20] = [
    "abort", "bcmp", "calloc", "fputc", "fputs", "fwrite", "memchr", "memcmp", "memcpy", "memmove",
    "mempcpy", "memset", "putchar", "puts", "sincos", "sincosf", "stpcpy", "strchr", "strcpy", "strlen",
];

/// Whether a name stands for what the compiler and its runtime agree upon, and no header declares: reserved names, the
/// operators `new` and `delete`, virtual tables and type information.
fn is_of_compiler(name: &BStr) -> bool {
    let prefixes = ["__", "_ITM_", "_Unwind_", "_Jv_", "_Znw", "_Zna", "_Zdl", "_Zda", "_ZT", "_ZG"];
    prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes()))
        || LIBRARY_CALLS.iter().any(|call| name == call.as_bytes())
}
