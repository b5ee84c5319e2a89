//! Whether a module loads into a kernel, by the rules of the kernel's loader (Linux `kernel/module/main.c`,
//! `kernel/module/version.c`; the same since 2.6 but for what is said where it matters).
//!
//! Modules are looked at as a set, as they are installed: what one exports the others may use, and a module of the name of one
//! of the kernel's own takes its place. What is not known of a kernel leaves the answer open, never "loads".

mod cell;
mod changes;
mod licence;
mod matrix;
mod near;
mod problem;
mod requirements;
mod types;

use std::collections::BTreeSet;

use abide_model::{Binding, ElfFacts, ElfKind, Endian, KernelExport, ModuleFacts, Side};
use bstr::{BStr, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use super::interface::Kernel;
use super::names::{arch_of_machine, module_name};

pub use cell::on_kernel;
pub use changes::{add_changes, imports};
pub use matrix::{Cell, Matrix, Row, matrix, newest_first};
pub use near::Unprotected;
pub use problem::{Open, Problem};
pub use requirements::{Requirement, requirements};
pub use types::{Definer, Typed, Use, Uses, add_typed, compare_use, uses};

/// A module that is to be loaded.
#[derive(Clone, Debug)]
pub struct Module<'a> {
    /// Its name, as the kernel has it.
    pub name: String,
    /// Its path.
    pub path: &'a BStr,
    /// NEVRA of its package.
    pub package: Option<String>,
    /// Its symbols.
    pub elf: &'a ElfFacts,
    /// What it asks for.
    pub facts: &'a ModuleFacts,
    /// Release of the kernel that it was built for.
    pub built_for: Option<&'a BStr>,
    /// What it exports itself.
    pub exports: &'a [KernelExport],
}

/// All modules of a side, by package and path.
pub fn modules(side: &Side) -> Vec<Module<'_>> {
    found(side).map(|(_, module)| module).collect()
}

/// Where these modules are, as (package, artifact) of the side.
pub fn places(side: &Side) -> Vec<(usize, usize)> {
    found(side).map(|(place, _)| place).collect()
}

fn found(side: &Side) -> impl Iterator<Item = ((usize, usize), Module<'_>)> {
    let packages = side.packages.iter().enumerate();
    let all = packages.flat_map(|(p, package)| {
        package.artifacts.iter().enumerate().map(move |(a, artifact)| ((p, a), package, artifact))
    });
    all.filter(|(.., artifact)| artifact.elf.kind == ElfKind::KernelModule).filter_map(
        |(place, package, artifact)| {
            let object = artifact.elf.kernel.as_ref()?;
            let facts = object.module.as_ref()?;
            let path = artifact.path.as_bstr();
            let name = facts.name.as_ref().map_or(path, |name| name.as_bstr());
            let module = Module {
                name: module_name(name),
                path,
                package: package.meta.as_ref().map(|m| m.nevra.to_string()),
                elf: &artifact.elf,
                facts,
                built_for: object.release.as_ref().map(|r| r.as_bstr()),
                exports: &object.exports,
            };
            Some((place, module))
        },
    )
}

/// What becomes of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The kernel takes it.
    Loads,
    /// Too little is known.
    Undecided,
    /// The kernel refuses it.
    Refused,
}

impl Outcome {
    /// The word in output.
    pub fn id(self) -> &'static str {
        match self {
            Outcome::Loads => "loads",
            Outcome::Undecided => "undecided",
            Outcome::Refused => "refused",
        }
    }
}

/// The answer for one module and one kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Why it is refused, in the order in which the loader looks, then by symbol.
    pub problems: Vec<Problem>,
    /// What is not known, and so leaves the answer open.
    pub open: Vec<Open>,
    /// Symbols that it imports.
    pub imports: usize,
    /// Of those, the ones that are found with the checksum that the module was built with.
    pub matched: usize,
    /// Symbols of the kernel that it uses and that are not on the list of what is promised, sorted; none without a list.
    pub unprotected: Vec<Unprotected>,
    /// Symbols of the kernel that it uses and that are on the list.
    pub protected: usize,
}

impl Load {
    /// The answer.
    pub fn outcome(&self) -> Outcome {
        match (self.problems.is_empty(), self.open.is_empty()) {
            (false, _) => Outcome::Refused,
            (true, false) => Outcome::Undecided,
            (true, true) => Outcome::Loads,
        }
    }
}

/// A kernel as the loader looks into it, and the modules that come with those to be loaded.
pub struct Loader<'k, 'a> {
    kernel: &'k Kernel<'a>,
    symbols: FxHashMap<&'a [u8], Provider<'a>>,
    near: near::Listed<'a>,
}

/// Who provides a symbol.
#[derive(Clone, Copy, Debug)]
struct Provider<'a> {
    crc: Option<u32>,
    is_gpl_only: bool,
    namespace: Option<&'a BStr>,
    /// Whether the kernel or one of its own modules does.
    is_kernel: bool,
}

impl<'k, 'a: 'k> Loader<'k, 'a> {
    /// Prepares to load `set` into `kernel`.
    pub fn new(kernel: &'k Kernel<'a>, set: &[Module<'a>]) -> Self {
        let names: FxHashSet<&str> = set.iter().map(|m| m.name.as_str()).collect();
        let mut symbols: FxHashMap<&[u8], Provider<'a>> = FxHashMap::default();
        for (name, export) in &kernel.exports {
            // A module of the set with the owner's name takes its place with all that it exports.
            if export.owner != "vmlinux" && names.contains(export.owner_name().as_str()) {
                continue;
            }
            let provider = Provider {
                crc: export.crc,
                is_gpl_only: export.kind.is_gpl_only(),
                namespace: export.namespace,
                is_kernel: true,
            };
            symbols.insert(name.as_bytes(), provider);
        }
        for export in set.iter().flat_map(|m| m.exports) {
            symbols.entry(export.name.as_slice()).or_insert(Provider {
                crc: export.crc,
                is_gpl_only: export.kind.is_gpl_only(),
                namespace: export.namespace.as_ref().map(|n| n.as_bstr()),
                is_kernel: false,
            });
        }
        Loader { kernel, symbols, near: near::Listed::new(kernel) }
    }

    /// Loads one module of the set.
    pub fn load(&self, module: &Module<'a>) -> Load {
        let mut load = Load::default();
        self.headers(module, &mut load);
        self.layout(module, &mut load);
        self.imports(module, &mut load);
        self.own_exports(module, &mut load);
        load
    }

    /// Architecture and `vermagic` (`check_modinfo`, `same_magic`).
    fn headers(&self, module: &Module<'a>, load: &mut Load) {
        let arch = arch_of_machine(module.elf.machine, module.elf.endian == Endian::Big);
        if let (Some(arch), Some(wanted)) = (arch, &self.kernel.arch)
            && arch != wanted
        {
            load.problems.push(Problem::Architecture { module: arch.to_owned(), kernel: wanted.clone() });
        }
        let has_versions = module.facts.versions.is_some();
        match (&module.facts.vermagic, self.kernel.vermagic) {
            (None, _) => load.problems.push(Problem::NoVermagic),
            (Some(own), Some(kernel)) if !same_magic(own.as_bstr(), kernel, has_versions) => {
                let (module, kernel) = (own.to_string(), kernel.to_string());
                load.problems.push(Problem::Vermagic { module, kernel });
            }
            // Without checksums the release has to be the very same.
            (Some(own), None) if !has_versions => self.release(own.as_bstr(), load),
            _ => {}
        }
    }

    fn release(&self, vermagic: &BStr, load: &mut Load) {
        let own = vermagic.fields().next().unwrap_or_default().to_str_lossy().into_owned();
        match &self.kernel.release {
            Some(release) if *release != own => {
                load.problems
                    .push(Problem::Vermagic { module: vermagic.to_string(), kernel: release.clone() });
            }
            _ => load.open.push(Open::Vermagic),
        }
    }

    /// `struct module`: its size (checked since 6.4) and the checksum of `module_layout` (`check_modstruct_version`).
    fn layout(&self, module: &Module<'a>, load: &mut Load) {
        if let (Some(module), Some(kernel)) = (module.facts.this_module_bytes, self.kernel.module_bytes)
            && module != kernel
        {
            load.problems.push(Problem::ModuleSize { module, kernel });
        }
        let versions = module.facts.versions.as_deref();
        let Some(kernel) = self.symbols.get(&b"module_layout"[..]) else { return };
        if let (Some(own), Some(kernel)) = (version_of(versions, b"module_layout"), kernel.crc)
            && own != kernel
        {
            load.problems.push(Problem::Checksum { symbol: "module_layout".into(), module: own, kernel });
        }
    }

    /// `simplify_symbols`, `resolve_symbol`.
    fn imports(&self, module: &Module<'a>, load: &mut Load) {
        let versions = module.facts.versions.as_deref();
        let is_gpl = module.facts.license.as_ref().is_some_and(|l| licence::is_gpl_compatible(l.as_bstr()));
        let kernel_versions = self.symbols.values().any(|p| p.crc.is_some());
        if versions.is_none() && kernel_versions && module.elf.imports().next().is_some() {
            load.problems.push(Problem::NoChecksums);
        }
        let (mut unknown, mut unversioned) = (Vec::new(), 0usize);
        for import in module.elf.imports() {
            load.imports += 1;
            let Some(found) = self.symbols.get(import.name.as_slice()) else {
                if import.binding == Binding::Weak {
                    continue;
                }
                match self.knows_all() {
                    true => load.problems.push(Problem::Missing { symbol: import.name.clone() }),
                    false => unknown.push(import.name.clone()),
                }
                continue;
            };
            if found.is_gpl_only && !is_gpl {
                let license = module.facts.license.clone();
                load.problems.push(Problem::GplOnly { symbol: import.name.clone(), license });
            }
            if let Some(namespace) = found.namespace.filter(|n| !imports_namespace(module, n)) {
                let (symbol, namespace) = (import.name.clone(), namespace.to_owned());
                load.problems.push(Problem::Namespace { symbol, namespace });
            }
            match (version_of(versions, &import.name), found.crc) {
                (Some(own), Some(kernel)) if own != kernel => {
                    let symbol = import.name.clone();
                    load.problems.push(Problem::Checksum { symbol, module: own, kernel });
                }
                (Some(_), Some(_)) => load.matched += 1,
                (Some(_), None) if found.is_kernel && !kernel_versions => unversioned += 1,
                // A kernel without a checksum for a symbol takes every module (`check_version`); so it takes a module that
                // has none for one symbol, with a warning.
                _ => load.matched += usize::from(versions.is_some()),
            }
            if found.is_kernel {
                self.near.look_up(import.name.as_bstr(), load);
            }
        }
        if !unknown.is_empty() {
            load.open.push(Open::Exports { symbols: unknown });
        }
        if unversioned > 0 {
            load.open.push(Open::Checksums { count: unversioned });
        }
        load.problems.sort_by_key(Problem::order);
    }

    /// Whether what is not among the kernel's exports is certain not to be exported; a list names only what is promised.
    fn knows_all(&self) -> bool {
        self.kernel.is_complete && self.kernel.has_module_exports && !self.kernel.is_list
    }

    /// A symbol that the kernel exports already (`verify_exported_symbols`).
    fn own_exports(&self, module: &Module<'a>, load: &mut Load) {
        for export in module.exports {
            if self.symbols.get(export.name.as_slice()).is_some_and(|p| p.is_kernel) {
                load.problems.push(Problem::Duplicate { symbol: export.name.clone() });
            }
        }
    }
}

/// `same_magic`: with checksums the release, which is the first word, does not count.
fn same_magic(module: &BStr, kernel: &BStr, has_versions: bool) -> bool {
    let flags = |text: &'_ BStr| -> Vec<u8> {
        let rest = text.find_byte(b' ').map_or(&b""[..], |at| &text[at..]);
        rest.trim_ascii().to_vec()
    };
    match has_versions {
        true => flags(module) == flags(kernel),
        false => module.trim_ascii() == kernel.trim_ascii(),
    }
}

fn version_of(versions: Option<&[(bstr::BString, u32)]>, symbol: &[u8]) -> Option<u32> {
    let versions = versions?;
    let at = versions.binary_search_by(|(name, _)| name.as_slice().cmp(symbol)).ok()?;
    Some(versions[at].1)
}

/// `verify_namespace_is_imported`; since 6.16 a namespace `module:a,b` is for the modules that it names.
fn imports_namespace(module: &Module<'_>, namespace: &BStr) -> bool {
    if let Some(names) = namespace.strip_prefix(b"module:") {
        let is_it = |name: &[u8]| super::names::matches(&name.replace("-", "_"), module.name.as_bytes());
        return names.split(|b| *b == b',').any(is_it);
    }
    module.facts.namespaces.iter().any(|n| n == namespace)
}

/// Names of all modules in a set.
pub fn names(set: &[Module<'_>]) -> BTreeSet<String> {
    set.iter().map(|m| m.name.clone()).collect()
}
