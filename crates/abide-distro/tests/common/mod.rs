//! Sides made of words: what the tests of this crate are written in.

use std::sync::atomic::{AtomicU8, Ordering};

use abide_distro::{Check, CheckOptions, check};
use abide_model::{
    ArtifactFacts, Binding, Dependency, Digest, ElfClass, ElfFacts, ElfKind, Endian, Finding, Gap, GapKind,
    Nevra, NoProgress, PackageFacts, PackageFormat, PackageMeta, Side, Symbol, SymbolKind, SymbolSection,
    SymbolVersion, TypeEvidence, VersionNeed, Visibility,
};
use bstr::BString;

/// Every artifact gets content of its own unless a test says otherwise.
static NEXT_DIGEST: AtomicU8 = AtomicU8::new(1);

/// A shared object at `path`.
pub(crate) fn library(path: &str, soname: Option<&str>, exports: &[&str]) -> ArtifactFacts {
    artifact(path, ElfKind::SharedObject, soname, exports, &[], &[])
}

/// An executable that needs `needed` and imports `imports`.
pub(crate) fn program(path: &str, needed: &[&str], imports: &[&str]) -> ArtifactFacts {
    artifact(path, ElfKind::Executable, None, &[], needed, imports)
}

fn artifact(
    path: &str,
    kind: ElfKind,
    soname: Option<&str>,
    exports: &[&str],
    needed: &[&str],
    imports: &[&str],
) -> ArtifactFacts {
    let mut symbols: Vec<Symbol> = exports.iter().map(|name| symbol(name, true, needed)).collect();
    symbols.extend(imports.iter().map(|name| symbol(name, false, needed)));
    symbols.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    let versions_needed = symbols
        .iter()
        .filter(|s| s.is_import())
        .filter_map(|s| s.version.as_ref())
        .filter_map(|v| Some(VersionNeed { file: v.file.clone()?, version: v.name.clone(), is_weak: false }))
        .collect();
    ArtifactFacts {
        path: path.into(),
        aliases: Vec::new(),
        digest: Some(Digest([NEXT_DIGEST.fetch_add(1, Ordering::Relaxed); 32])),
        size_bytes: 1000,
        elf: ElfFacts {
            soname: soname.map(BString::from),
            needed: needed.iter().map(|name| BString::from(*name)).collect(),
            versions_needed,
            symbols,
            ..ElfFacts::new(ElfClass::Elf64, Endian::Little, 62, kind)
        },
        types: TypeEvidence::NotNeeded,
        gaps: Vec::new(),
    }
}

/// `name`, `name@@VERSION`, `name@VERSION`; imports are from the first needed library.
fn symbol(text: &str, is_export: bool, needed: &[&str]) -> Symbol {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let version = version.map(|version| SymbolVersion {
        name: version.trim_start_matches('@').into(),
        is_default: version.starts_with('@'),
        file: (!is_export).then(|| needed.first().copied().unwrap_or_default().into()),
    });
    Symbol {
        name: name.into(),
        version,
        kind: SymbolKind::Func,
        binding: Binding::Global,
        visibility: Visibility::Default,
        section: if is_export { SymbolSection::Index(1) } else { SymbolSection::Undefined },
        address: 0x1000,
        size_bytes: 16,
        is_export,
    }
}

/// A package `NAME-VERSION-1.x86_64`; the text is `name-version` or `name-version.arch`.
pub(crate) fn package(text: &str, artifacts: Vec<ArtifactFacts>) -> PackageFacts {
    let (name, rest) = text.rsplit_once('-').expect("name-version");
    let (version, arch) = match rest.split_once('/') {
        Some((version, arch)) => (version, arch),
        None => (rest, "x86_64"),
    };
    let nevra = Nevra {
        name: name.to_owned(),
        epoch: 0,
        version: version.to_owned(),
        release: "1".to_owned(),
        arch: arch.to_owned(),
    };
    let mut provides = vec![dependency(name)];
    provides.extend(
        artifacts.iter().filter_map(|a| a.elf.soname.as_ref()).map(|s| dependency(&format!("{s}()(64bit)"))),
    );
    provides.sort();
    let mut requires: Vec<Dependency> =
        artifacts.iter().flat_map(|a| &a.elf.needed).map(|s| dependency(&format!("{s}()(64bit)"))).collect();
    requires.sort();
    PackageFacts {
        source: format!("{nevra}.rpm").into(),
        tree: Vec::new(),
        meta: Some(PackageMeta {
            format: PackageFormat::Rpm,
            nevra,
            source_package: None,
            provides,
            requires,
            files: Vec::new(),
            scripts: Vec::new(),
            vendor: None,
        }),
        digest: None,
        artifacts,
        suppressions: Vec::new(),
        kernel_files: Vec::new(),
        gaps: Vec::new(),
    }
}

/// `name` without a version.
pub(crate) fn dependency(name: &str) -> Dependency {
    Dependency { name: name.to_owned(), flags: 0, version: String::new() }
}

/// A package that also provides `name`.
pub(crate) fn providing(mut package: PackageFacts, name: &str) -> PackageFacts {
    package.meta.as_mut().expect("a package").provides.push(dependency(name));
    package
}

/// A package that also requires `name`.
pub(crate) fn requiring(mut package: PackageFacts, name: &str) -> PackageFacts {
    package.meta.as_mut().expect("a package").requires.push(dependency(name));
    package
}

/// Files in no package.
pub(crate) fn loose(artifacts: Vec<ArtifactFacts>) -> PackageFacts {
    PackageFacts {
        meta: None,
        tree: Vec::new(),
        source: "dir".into(),
        digest: None,
        artifacts,
        suppressions: Vec::new(),
        kernel_files: Vec::new(),
        gaps: Vec::new(),
    }
}

/// A side of these packages.
pub(crate) fn side(packages: Vec<PackageFacts>) -> Side {
    Side {
        label: "side".to_owned(),
        input_kind: "test".to_owned(),
        packages,
        public_headers: None,
        gaps: Vec::new(),
        metadata: None,
    }
}

/// A gap about `subject`.
pub(crate) fn gap(kind: GapKind, subject: &str) -> Gap {
    Gap { kind, subject: subject.into(), detail: "a test says so".to_owned() }
}

/// Checks without options.
pub(crate) fn run(old: &Side, new: &Side) -> Check {
    check(old, new, &CheckOptions::default(), &NoProgress)
}

/// Every finding.
pub(crate) fn findings(check: &Check) -> Vec<&Finding> {
    check.packages.iter().flat_map(|package| package.all_findings()).collect()
}

/// Rule ids with levels, in the order of the result.
pub(crate) fn rules(check: &Check) -> Vec<String> {
    findings(check).iter().map(|f| format!("{} {}", f.level, f.rule)).collect()
}

/// `old → new (how)` of each pair of artifacts.
pub(crate) fn pairs(check: &Check, old: &Side, new: &Side) -> Vec<String> {
    let path = |side: &Side, place: Option<abide_distro::Place>| {
        place.map_or("-".to_owned(), |p| side.packages[p.package].artifacts[p.artifact].path.to_string())
    };
    let artifacts = check.packages.iter().flat_map(|package| &package.artifacts);
    artifacts
        .map(|a| {
            format!("{} → {} ({})", path(old, a.old), path(new, a.new), a.by.map_or("alone", |by| by.id()))
        })
        .collect()
}
