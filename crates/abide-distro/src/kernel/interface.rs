//! The kernels of a side: what each exports, what is promised of it, which modules are its own.
//!
//! A kernel is put together from what belongs to one release: `Module.symvers` where there is one, for it has every export,
//! else the image and the modules themselves. What states no release belongs to the only kernel there is.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{
    ArtifactFacts, ElfKind, Endian, ExportKind, KabiRule, KernelContent, KernelExport, KernelFile,
    KernelList, ListedExport, Severity, Side,
};
use bstr::{BStr, BString, ByteSlice};

use super::names::{arch_in_release, arch_of_machine, module_name, release_in_path};
use super::promise::{Release, release_of};
use crate::pairing::ArtifactRef;

/// One export of a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Checksum.
    pub crc: Option<u32>,
    /// How it is exported.
    pub kind: ExportKind,
    /// Namespace.
    pub namespace: Option<&'a BStr>,
    /// `vmlinux`, or the module by its path in the build or its name.
    pub owner: &'a BStr,
    /// The file that says so.
    pub source: &'a BStr,
}

impl Export<'_> {
    /// The name of the module that exports it, `vmlinux` for the kernel itself.
    pub fn owner_name(&self) -> String {
        module_name(self.owner)
    }
}

/// What a caller adds to what is among the inputs: lists of promised symbols and of tolerated changes.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Files in the order given.
    pub files: Vec<KernelFile>,
    /// What gendwarfksyms was told to leave out of checksums.
    pub rules: Vec<KabiRule>,
}

impl Lists {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.rules.is_empty()
    }

    fn lists(&self) -> impl Iterator<Item = (&BString, &KernelList)> {
        lists(&self.files)
    }

    /// The tolerated changes.
    pub(crate) fn severities(&self) -> Vec<&Severity> {
        self.files
            .iter()
            .filter_map(|file| match &file.content {
                KernelContent::Severities(all) => Some(all),
                _ => None,
            })
            .flatten()
            .collect()
    }
}

fn lists(files: &[KernelFile]) -> impl Iterator<Item = (&BString, &KernelList)> {
    files.iter().filter_map(|file| match &file.content {
        KernelContent::List(list) => Some((&file.path, list)),
        _ => None,
    })
}

/// One kernel.
#[derive(Clone, Debug, Default)]
pub struct Kernel<'a> {
    /// `uname -r`, when something states it.
    pub release: Option<String>,
    /// Architecture, by RPM's name.
    pub arch: Option<String>,
    /// Exports by name.
    pub exports: BTreeMap<&'a BStr, Export<'a>>,
    /// Whether these are all exports of the kernel itself: what is missing among them is not exported.
    pub is_complete: bool,
    /// Whether these are all exports of its modules, too.
    pub has_module_exports: bool,
    /// Whether the interface is known from a list of promised symbols alone.
    pub is_list: bool,
    /// Promised symbols, when a list was found.
    pub listed: Option<BTreeSet<&'a BStr>>,
    /// File names of these lists.
    pub lists: Vec<&'a BStr>,
    /// `vermagic` of its own modules.
    pub vermagic: Option<&'a BStr>,
    /// Size of its `struct module` in bytes.
    pub module_bytes: Option<u64>,
    /// Release of the distribution.
    pub distribution: Option<Release>,
    /// Its image.
    pub(crate) image: Option<ArtifactRef>,
    /// Its own modules.
    pub(crate) modules: Vec<ArtifactRef>,
    /// Names of its own modules, as the kernel has them.
    pub module_names: BTreeSet<String>,
}

impl<'a> Kernel<'a> {
    /// What people call it.
    pub fn name(&self) -> String {
        match &self.release {
            Some(release) => release.clone(),
            None if self.is_list => "the list of kernel symbols".to_owned(),
            None => "the kernel".to_owned(),
        }
    }

    /// Whether the checksums of exports are known.
    pub fn has_checksums(&self) -> bool {
        self.exports.values().any(|export| export.crc.is_some())
    }

    /// Whether a symbol is promised; `None` when no list tells.
    pub fn is_listed(&self, symbol: &BStr) -> Option<bool> {
        self.listed.as_ref().map(|listed| listed.contains(symbol))
    }

    /// The kernel of which only this is known: symbols with checksums, as packages of modules require them
    /// (`kernel(SYMBOL) = CRC`).
    pub fn of_requirements(release: Option<String>, symbols: &'a [(BString, u32)], source: &'a BStr) -> Self {
        let export = |(name, crc): &'a (BString, u32)| {
            let export = Export {
                crc: Some(*crc),
                kind: ExportKind::Plain,
                namespace: None,
                owner: BStr::new("vmlinux"),
                source,
            };
            (name.as_bstr(), export)
        };
        let distribution = release.as_ref().and_then(|r| release_of(r.as_bytes().into()));
        let arch = release.as_deref().and_then(arch_in_release).map(str::to_owned);
        Kernel {
            release,
            arch,
            exports: symbols.iter().map(export).collect(),
            distribution,
            ..Kernel::default()
        }
    }

    /// Adds the lists of promised symbols that are for this kernel.
    pub fn with_lists(mut self, extra: &'a Lists) -> Self {
        let all: Vec<_> = extra.lists().collect();
        add_lists(&mut self, &all);
        self
    }

    fn add(&mut self, exports: &'a [KernelExport], source: &'a BStr) {
        for export in exports {
            let namespace = export.namespace.as_ref().map(|n| n.as_bstr());
            let KernelExport { crc, kind, owner, .. } = export;
            let new = Export { crc: *crc, kind: *kind, namespace, owner: owner.as_bstr(), source };
            self.exports.entry(export.name.as_bstr()).or_insert(new);
        }
    }

    fn add_list(&mut self, path: &'a BStr, list: &'a KernelList) {
        let names = list.symbols.iter().map(|s| s.name.as_bstr());
        self.listed.get_or_insert_default().extend(names);
        self.lists.push(path);
    }

    /// A list with checksums stands for a kernel where nothing else is known.
    fn stand_for(&mut self, path: &'a BStr, list: &'a KernelList) {
        for symbol in &list.symbols {
            let (crc, kind, owner) = match &symbol.export {
                Some(ListedExport { crc, owner, kind }) => (Some(*crc), *kind, owner.as_bstr()),
                None => (None, ExportKind::Plain, BStr::new("")),
            };
            let export = Export { crc, kind, namespace: None, owner, source: path };
            self.exports.entry(symbol.name.as_bstr()).or_insert(export);
        }
    }
}

/// The pieces of one kernel.
#[derive(Default)]
struct Pieces<'a> {
    symvers: Vec<(&'a BStr, &'a [KernelExport])>,
    images: Vec<(ArtifactRef, &'a ArtifactFacts)>,
    modules: Vec<(ArtifactRef, &'a ArtifactFacts)>,
}

/// The kernels of a side, sorted by release; `extra` are lists that the caller names.
pub fn kernels<'a>(side: &'a Side, extra: &'a Lists) -> Vec<Kernel<'a>> {
    let mut by_release: BTreeMap<Option<String>, Pieces<'a>> = BTreeMap::new();
    for (p, package) in side.packages.iter().enumerate() {
        if package.meta.as_ref().is_some_and(|m| m.is_debug()) {
            continue;
        }
        for file in &package.kernel_files {
            if let KernelContent::Symvers(exports) = &file.content {
                let pieces = by_release.entry(release_in_path(file.path.as_bstr())).or_default();
                pieces.symvers.push((file.path.as_bstr(), exports));
            }
        }
        for (a, artifact) in package.artifacts.iter().enumerate() {
            let at = ArtifactRef { package: p, artifact: a };
            match artifact.elf.kind {
                ElfKind::Vmlinux => {
                    by_release.entry(release(artifact)).or_default().images.push((at, artifact));
                }
                ElfKind::KernelModule if is_own(artifact) => {
                    by_release.entry(release(artifact)).or_default().modules.push((at, artifact));
                }
                _ => {}
            }
        }
    }
    join_unnamed(&mut by_release);
    let mut found: Vec<Kernel<'a>> =
        by_release.into_iter().map(|(release, pieces)| put_together(release, pieces)).collect();
    let shipped: Vec<_> = side.packages.iter().flat_map(|p| lists(&p.kernel_files)).collect();
    // A list stands for a kernel where it is the input itself; one that the caller adds is for the kernels of the input.
    if found.is_empty() {
        found.extend(of_list(&shipped));
    }
    let all: Vec<_> = extra.lists().chain(shipped).collect();
    found.iter_mut().for_each(|kernel| add_lists(kernel, &all));
    found
}

/// A module of the kernel's own build; third parties' lie in `extra`, `updates` or `weak-updates`.
fn is_own(artifact: &ArtifactFacts) -> bool {
    let Some(module) = artifact.elf.kernel.as_ref().and_then(|k| k.module.as_ref()) else { return false };
    let foreign = ["/extra/", "/updates/", "/weak-updates/", "/dkms/"];
    module.is_in_tree && !foreign.iter().any(|folder| artifact.path.contains_str(folder))
}

fn release(artifact: &ArtifactFacts) -> Option<String> {
    let stated = artifact.elf.kernel.as_ref().and_then(|k| k.release.as_ref()).map(|r| r.to_string());
    stated.or_else(|| release_in_path(artifact.path.as_bstr()))
}

/// What states no release belongs to the only kernel there is.
fn join_unnamed(by_release: &mut BTreeMap<Option<String>, Pieces<'_>>) {
    if by_release.len() != 2 {
        return;
    }
    let Some(mut unnamed) = by_release.remove(&None) else { return };
    if let Some(named) = by_release.values_mut().next() {
        named.symvers.append(&mut unnamed.symvers);
        named.images.append(&mut unnamed.images);
        named.modules.append(&mut unnamed.modules);
    }
}

fn put_together(release: Option<String>, pieces: Pieces<'_>) -> Kernel<'_> {
    let Pieces { symvers, images, modules } = pieces;
    let mut kernel = Kernel {
        distribution: release.as_ref().and_then(|r| release_of(r.as_bytes().into())),
        is_complete: !symvers.is_empty() || images.iter().any(|(_, i)| has_exports(i)),
        has_module_exports: !symvers.is_empty() || !modules.is_empty(),
        ..Kernel::default()
    };
    for (path, exports) in symvers {
        kernel.add(exports, path);
    }
    // Where there is a Module.symvers, it has these already, with the owners' whole names.
    for (_, artifact) in images.iter().chain(&modules) {
        if let Some(object) = &artifact.elf.kernel {
            kernel.add(&object.exports, artifact.path.as_bstr());
        }
    }
    let any = images.iter().chain(&modules).map(|(_, a)| &a.elf).next();
    kernel.arch = any
        .and_then(|elf| arch_of_machine(elf.machine, elf.endian == Endian::Big))
        .or_else(|| release.as_deref().and_then(arch_in_release))
        .map(str::to_owned);
    let module = |(_, a): &(ArtifactRef, &'_ ArtifactFacts)| a.elf.kernel.as_ref()?.module.clone();
    kernel.module_bytes = modules.iter().filter_map(module).find_map(|m| m.this_module_bytes);
    kernel.vermagic = modules
        .iter()
        .find_map(|(_, a)| a.elf.kernel.as_ref()?.module.as_ref()?.vermagic.as_ref().map(|v| v.as_bstr()));
    kernel.module_names = modules.iter().map(|(_, a)| module_name(a.path.as_bstr())).collect();
    kernel.module_names.extend(kernel.exports.values().map(Export::owner_name).filter(|n| n != "vmlinux"));
    kernel.image = images.first().map(|(at, _)| *at);
    kernel.modules = modules.into_iter().map(|(at, _)| at).collect();
    kernel.release = release;
    kernel
}

fn has_exports(artifact: &ArtifactFacts) -> bool {
    artifact.elf.kernel.as_ref().is_some_and(|k| !k.exports.is_empty())
}

/// The kernels that lists of symbols stand for: one for each architecture.
fn of_list<'a>(all: &[(&'a BString, &'a KernelList)]) -> Vec<Kernel<'a>> {
    let mut by_arch: BTreeMap<Option<&str>, Kernel<'a>> = BTreeMap::new();
    for (path, list) in newest(all, None) {
        let kernel = by_arch.entry(list.arch.as_deref()).or_default();
        kernel.arch = list.arch.clone();
        kernel.is_list = true;
        kernel.is_complete = true;
        kernel.has_module_exports = true;
        kernel.distribution = list.release.or_else(|| release_of(path.as_bstr()));
        kernel.stand_for(path.as_bstr(), list);
    }
    by_arch.into_values().collect()
}

/// Adds the lists that are for a kernel's architecture and release.
fn add_lists<'a>(kernel: &mut Kernel<'a>, all: &[(&'a BString, &'a KernelList)]) {
    for (path, list) in newest(all, kernel.distribution) {
        let fits = match (&list.arch, &kernel.arch) {
            (Some(list), Some(kernel)) => list == kernel,
            _ => true,
        };
        if fits {
            kernel.distribution = kernel.distribution.or(list.release);
            kernel.add_list(path.as_bstr(), list);
        }
    }
}

/// Of the lists of several releases in one package, those of the release wanted, else of the newest.
fn newest<'a>(
    all: &[(&'a BString, &'a KernelList)],
    wanted: Option<Release>,
) -> Vec<(&'a BString, &'a KernelList)> {
    let exact = |list: &KernelList| {
        list.release.zip(wanted).is_some_and(|(a, b)| a.0 == b.0 && (a.1.is_none() || a.1 == b.1))
    };
    let newest = all.iter().filter_map(|(_, list)| list.release).max();
    let has_exact = all.iter().any(|(_, list)| exact(list));
    let keep = |list: &KernelList| match (list.release, has_exact) {
        (None, _) => true,
        (Some(_), true) => exact(list),
        (release, false) => release == newest,
    };
    all.iter().filter(|(_, list)| keep(list)).copied().collect()
}
