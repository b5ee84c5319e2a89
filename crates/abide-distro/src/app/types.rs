//! What a program's debug information declares of what it imports, held against the libraries that it binds to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use abide_model::{ArtifactFacts, Finding, Gap, Program, ProgramContent, ProgramFile, Symbol};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::interface::Subject;
use super::loader::{Issue, Process, definition};
use super::result::{Cell, Problem};
use super::system::{Object, System};
use crate::declared::{Bond, Held, is_library_call};

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
    pub(crate) problems: Vec<Problem>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) compared: usize,
}

/// Compares what a file declares with what a library defines.
///
/// `expected` is the file with the types of its imports, whose symbols are those of [`abide_model::ElfFacts::expected`]; `library` has
/// the types of its exports, and the symbols that the use was made with. Both are afterwards as they were before.
pub fn compare_use(
    used: &Use,
    file: &ProgramFile,
    expected: &mut ArtifactFacts,
    library: &mut ArtifactFacts,
) -> Typed {
    let name = library.elf.soname.clone().unwrap_or_else(|| library.path.clone());
    let bond = Bond {
        file: file.shown.as_bstr(),
        definer: name.as_bstr(),
        bound: &used.bound,
        is_of_compiler,
        calls_assembler: false,
    };
    let Held { findings, gaps, compared, names } = bond.hold(expected, library);
    let subject = Subject { library: &name, files: std::slice::from_ref(file), imports: &names };
    let way_out = "build it anew with the headers of this distribution";
    let problem = |finding: &Finding| {
        let problem = subject.problem(finding, way_out);
        Problem { summary: format!("{name}: {}", problem.summary), ..problem }
    };
    Typed { problems: findings.iter().map(problem).collect(), gaps, compared }
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

/// Whether a symbol is one of glibc, whose versions stand for the types: what changes incompatibly gets another version
/// (glibc's manual, "Maintenance"), and headers there say something else than sources by design.
fn is_of_c_library(symbol: &Symbol) -> bool {
    let version = symbol.version.as_ref().map(|version| version.name.as_bstr());
    version.is_some_and(|version| version.starts_with(b"GLIBC_") && version != "GLIBC_PRIVATE")
}

/// Whether a name stands for what the compiler and its runtime agree upon, and no header declares: reserved names, the
/// operators `new` and `delete`, virtual tables and type information.
fn is_of_compiler(name: &BStr) -> bool {
    let prefixes = ["__", "_ITM_", "_Unwind_", "_Jv_", "_Znw", "_Zna", "_Zdl", "_Zda", "_ZT", "_ZG"];
    prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes())) || is_library_call(name)
}
