//! Capabilities that the reference provides and nothing on the candidate does, by the packages that had them, and
//! packages that are gone.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{
    Consumer, Detail, Level, MetaPackage, RelationKind, Sense, Subject, Verdict, is_debug_name,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::index::Index;
use super::rich::{self, Atom};
use super::{Collected, Context, about_package, absent, consumer, evidence};
use crate::rules::Draft;

/// What a capability is for, which decides who misses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// A shared library, by its soname.
    Library,
    /// A version of a shared library's symbols.
    SymbolVersion,
    /// A symbol of the kernel or of its modules.
    KernelSymbol,
    /// The same with another checksum.
    KernelChecksum,
    /// A module of a language, which programs load.
    LanguageModule,
    /// What compilers and build tools look for.
    Build,
    /// A path.
    File,
    /// Anything else.
    Other,
}

impl Class {
    /// The case of the rule.
    fn case(self) -> Option<&'static str> {
        Some(match self {
            Class::Library => "library",
            Class::SymbolVersion => "symbol-version",
            Class::KernelSymbol => "kernel-symbol",
            Class::KernelChecksum => "kernel-checksum",
            Class::LanguageModule => "language-module",
            Class::Build => "build",
            Class::File => "file",
            Class::Other => return None,
        })
    }
}

/// Capabilities that describe the package rather than offer something.
const DESCRIPTIONS: [&str; 9] = [
    "bundled(",
    "config(",
    "debuginfo(",
    "application(",
    "metainfo(",
    "mimehandler(",
    "appdata(",
    "rpmlib(",
    "user(",
];
const LANGUAGES: [&str; 11] = [
    "perl(",
    "python3dist(",
    "python3.",
    "python(",
    "rubygem(",
    "ruby(",
    "php-",
    "php(",
    "lua(",
    "ocaml(",
    "nodejs(",
];
const BUILDS: [&str; 8] = ["pkgconfig(", "cmake(", "mvn(", "golang(", "crate(", "npm(", "osgi(", "qmake("];

/// The class of a capability; `None` when nobody can miss it.
fn class(name: &str) -> Option<Class> {
    let begins = |all: &[&str]| all.iter().any(|start| name.starts_with(start));
    if begins(&DESCRIPTIONS) {
        return None;
    }
    let (base, rest) = name.split_once('(').unwrap_or((name, ""));
    Some(match () {
        () if name.starts_with('/') => Class::File,
        () if begins(&["kernel(", "ksym("]) => Class::KernelSymbol,
        () if base.contains(".so")
            && !rest.is_empty()
            && !rest.starts_with(')')
            && !rest.starts_with("64bit)") =>
        {
            Class::SymbolVersion
        }
        () if base.ends_with(".so") || base.contains(".so.") => Class::Library,
        () if begins(&LANGUAGES) && name.contains('(') => Class::LanguageModule,
        () if begins(&BUILDS) => Class::Build,
        () => Class::Other,
    })
}

/// Whether a capability stands for a module of a language.
pub(crate) fn is_language_module(name: &str) -> bool {
    class(name) == Some(Class::LanguageModule)
}

/// One capability that is lost.
#[derive(Clone, Debug)]
struct Lost<'a> {
    class: Class,
    name: &'a str,
    /// As people write it.
    spelled: String,
    /// What is there instead, when something of the same name is.
    instead: Option<String>,
}

impl<'a> Lost<'a> {
    /// The library that a symbol version belongs to; else the name.
    fn base(&self) -> &'a str {
        match self.class {
            Class::Library | Class::SymbolVersion => self.name.split('(').next().unwrap_or(self.name),
            Class::KernelSymbol => "kernel",
            Class::KernelChecksum => "kernel checksums",
            _ => self.name,
        }
    }
}

/// Judges what is lost, package by package.
pub(crate) fn judge_lost(context: &Context<'_>, all: &mut Collected) {
    let lost = Finder::new(context).all();
    let names: FxHashSet<&str> = lost.values().flatten().map(|lost| lost.name).collect();
    let users = Users::new(context, &names);
    for (old, lost) in lost {
        all.coverage.capabilities_lost += lost.len();
        match context.partner_of_old(old) {
            Some(new) => paired(context, all, &users, (old, new), &lost),
            None => removed(context, all, &users, old, &lost),
        }
    }
}

/// Finds lost capabilities.
struct Finder<'c, 'a> {
    context: &'c Context<'a>,
    /// Paths that the candidate's list of packages names.
    paths: FxHashSet<&'a str>,
}

impl<'c, 'a> Finder<'c, 'a> {
    fn new(context: &'c Context<'a>) -> Self {
        let new = &context.new;
        let files = new.metadata.packages.iter().flat_map(|package| &package.files);
        Finder { context, paths: files.map(|file| merged(new.text(*file))).collect() }
    }

    /// By package of the reference; those without partner are there in any case.
    fn all(&self) -> BTreeMap<usize, Vec<Lost<'a>>> {
        let mut found = BTreeMap::new();
        for pair in &self.context.pairs.all {
            let Some(old) = pair.old else { continue };
            let lost = self.of(old);
            if !lost.is_empty() || pair.new.is_none() {
                found.insert(old, lost);
            }
        }
        found
    }

    fn of(&self, old: usize) -> Vec<Lost<'a>> {
        let index = &self.context.old;
        let package = index.package(old);
        let mut found = Vec::new();
        for relation in package.relations(RelationKind::Provides) {
            let (name, version) = (index.text(relation.name), index.text(relation.version));
            let Some(class) = class(name) else { continue };
            let lost =
                |class, instead| Lost { class, name, spelled: index.metadata.spell(relation), instead };
            if !self.context.new.has_name(name.as_bytes()) {
                found.push(lost(class, None));
            } else if class == Class::KernelSymbol && relation.sense != Sense::ANY {
                let mut versions = self.context.new.versions(name.as_bytes()).map(|(_, version)| version);
                if !versions.any(|other| other == version) {
                    let other = self.context.new.versions(name.as_bytes()).map(|(_, v)| v).max();
                    found.push(lost(Class::KernelChecksum, other.map(str::to_owned)));
                }
            }
        }
        for file in &package.files {
            let path = index.text(*file);
            if is_command(path) && !self.paths.contains(merged(path)) {
                found.push(Lost { class: Class::File, name: path, spelled: path.to_owned(), instead: None });
            }
        }
        found.sort_by(|a, b| (a.class, a.name, &a.spelled).cmp(&(b.class, b.name, &b.spelled)));
        found.dedup_by(|a, b| a.spelled == b.spelled);
        found
    }
}

/// The path without `/usr`, since `/bin` and others are links on every system.
fn merged(path: &str) -> &str {
    let links = ["/bin/", "/sbin/"];
    path.strip_prefix("/usr").filter(|rest| links.iter().any(|link| rest.starts_with(link))).unwrap_or(path)
}

fn is_command(path: &str) -> bool {
    let folder = merged(path).rsplit_once('/').map_or("", |(folder, _)| folder);
    matches!(folder, "/bin" | "/sbin")
}

/// Who requires capabilities, on both sides.
struct Users<'c, 'a> {
    context: &'c Context<'a>,
    old: FxHashMap<&'a str, BTreeSet<usize>>,
    new: FxHashMap<&'a str, BTreeSet<usize>>,
}

impl<'c, 'a> Users<'c, 'a> {
    fn new(context: &'c Context<'a>, names: &FxHashSet<&str>) -> Self {
        let (old, new) = (requirers(&context.old, names), requirers(&context.new, names));
        Users { context, old, new }
    }

    /// The packages other than `except` that require one of the names; a package of both sides once.
    fn of(&self, names: impl Iterator<Item = &'a str> + Clone, except: usize) -> Vec<Consumer> {
        let mut found: BTreeMap<(&str, &str), (&MetaPackage, bool, bool)> = BTreeMap::new();
        for (index, users, on_old) in
            [(&self.context.old, &self.old, true), (&self.context.new, &self.new, false)]
        {
            for number in names.clone().filter_map(|name| users.get(name)).flatten() {
                if on_old && *number == except {
                    continue;
                }
                let package = index.package(*number);
                let key = (package.nevra.name.as_str(), package.nevra.arch.as_str());
                let entry = found.entry(key).or_insert((package, false, false));
                entry.1 |= on_old;
                entry.2 |= !on_old;
            }
        }
        let mut all: Vec<Consumer> =
            found.into_values().map(|(package, old, new)| consumer(package, old, new)).collect();
        all.sort();
        all
    }
}

fn requirers<'a>(index: &Index<'a>, names: &FxHashSet<&str>) -> FxHashMap<&'a str, BTreeSet<usize>> {
    let mut users: FxHashMap<&'a str, BTreeSet<usize>> = FxHashMap::default();
    for (number, package) in index.metadata.packages.iter().enumerate() {
        if is_debug_name(&package.nevra.name) {
            continue;
        }
        for relation in package.relations(RelationKind::Requires) {
            let name = index.text(relation.name);
            if names.contains(name) {
                users.entry(name).or_default().insert(number);
            } else if let Some(rich) = rich::is_rich(name).then(|| rich::parse(name)).flatten() {
                rich.atoms(&mut |atom: &Atom<'a>| {
                    if names.contains(atom.name) {
                        users.entry(atom.name).or_default().insert(number);
                    }
                });
            }
        }
    }
    users
}

/// Findings for a package that is on both sides: one for each library, module, …
fn paired(
    context: &Context<'_>,
    all: &mut Collected,
    users: &Users<'_, '_>,
    (old, new): (usize, usize),
    lost: &[Lost<'_>],
) {
    let mut groups: BTreeMap<(&str, bool), Vec<&Lost<'_>>> = BTreeMap::new();
    for lost in lost {
        groups.entry((lost.base(), lost.class == Class::File)).or_default().push(lost);
    }
    let (before, after) = (context.old.package(old), context.new.package(new));
    for ((base, _), group) in groups {
        let consumers = users.of(group.iter().map(|lost| lost.name), old);
        let first = group[0];
        let is_plugin = first.class == Class::Library && base.ends_with(".so") && consumers.is_empty();
        let draft = Draft {
            rule: "provide-lost",
            case: if is_plugin { Some("plugin") } else { first.class.case() },
            subject: Subject::Capability(first.name.to_owned()),
            summary: summary(&group, base),
            old: evidence(before, format!("provided by {}", before.nevra)),
            new: evidence(
                after,
                first.instead.as_ref().map_or("absent".to_owned(), |i| format!("{} = {i}", first.name)),
            ),
            details: details(&group, "provide-lost"),
        };
        let mut finding = context.judge(draft, Some(old), Some(new));
        finding.details.iter_mut().for_each(|detail| detail.level = finding.level);
        finding.consumers = consumers;
        all.about_old(old, finding);
    }
}

fn summary(group: &[&Lost<'_>], base: &str) -> String {
    let first = group[0];
    let what = match first.class {
        Class::KernelChecksum => {
            let instead = first.instead.as_deref().unwrap_or_default();
            return match group.len() {
                1 => format!("{} has another checksum: it is {instead} now", first.spelled),
                n => format!("{} and {} more symbols have other checksums", first.name, n - 1),
            };
        }
        Class::KernelSymbol => "symbol",
        Class::SymbolVersion | Class::Library => "capability",
        _ => "capability",
    };
    match group.len() {
        1 => format!("{} is provided by nothing on the candidate", first.name),
        2 => format!("{} and 1 more {what} of {base} are provided by nothing on the candidate", first.name),
        n => {
            let many = if what == "symbol" { "symbols" } else { "capabilities" };
            format!(
                "{} and {} more {many} of {base} are provided by nothing on the candidate",
                first.name,
                n - 1
            )
        }
    }
}

fn details(group: &[&Lost<'_>], rule: &'static str) -> Vec<Detail> {
    let detail = |lost: &&Lost<'_>| Detail {
        what: "provides".to_owned(),
        old: Some(lost.spelled.clone()),
        new: lost.instead.clone(),
        rule,
        level: Level::Break,
    };
    group.iter().map(detail).collect()
}

/// The finding for a package that the candidate does not have.
fn removed(context: &Context<'_>, all: &mut Collected, users: &Users<'_, '_>, old: usize, lost: &[Lost<'_>]) {
    let package = context.old.package(old);
    if context.is_of_lost_architecture(package) {
        all.counts_as(old, Verdict::Incompatible);
        return;
    }
    let name = &package.nevra.name;
    let heir = heir(context, name);
    let (rule, case) = match () {
        () if lost.is_empty() && heir.is_some() => ("package-removed", Some("taken-over")),
        () if context.has_other_architecture(package) => ("multilib-lost", None),
        () => ("package-removed", None),
    };
    let other = heir.map(|heir| &heir.nevra);
    let summary = match (rule, other) {
        ("multilib-lost", _) => {
            format!("{name} is there no more for {}, while other architectures keep it", package.nevra.arch)
        }
        (_, Some(heir)) => format!("package {} is gone; {heir} has its name", package.nevra),
        (_, None) => format!("package {} is gone", package.nevra),
    };
    let group: Vec<&Lost<'_>> = lost.iter().collect();
    let draft = Draft {
        rule,
        case,
        subject: about_package(package),
        summary,
        old: evidence(package, package.nevra.to_string()),
        new: heir.map_or_else(absent, |heir| evidence(heir, heir.nevra.to_string())),
        details: details(&group, rule),
    };
    let mut finding = context.judge(draft, Some(old), None);
    finding.details.iter_mut().for_each(|detail| detail.level = finding.level);
    finding.consumers = users.of(lost.iter().map(|lost| lost.name), old);
    all.about_old(old, finding);
}

/// A package of the candidate that provides a name.
fn heir<'a>(context: &Context<'a>, name: &str) -> Option<&'a MetaPackage> {
    let found = context.new.providers(&Atom { name, sense: Sense::ANY, version: "" });
    found
        .first()
        .map(|number| context.new.package(*number as usize))
        .filter(|package| package.nevra.name != *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_told_apart() {
        for (name, expected) in [
            ("libfoo.so.1()(64bit)", Some(Class::Library)),
            ("libfoo.so.1", Some(Class::Library)),
            ("libnss3.so()(64bit)", Some(Class::Library)),
            ("libfoo.so.1(FOO_1.0)(64bit)", Some(Class::SymbolVersion)),
            ("libfoo.so.1(FOO_1.0)", Some(Class::SymbolVersion)),
            ("kernel(printk)", Some(Class::KernelSymbol)),
            ("perl(Foo::Bar)", Some(Class::LanguageModule)),
            ("python3.9dist(x)", Some(Class::LanguageModule)),
            ("php-common", Some(Class::Other)),
            ("pkgconfig(zlib)", Some(Class::Build)),
            ("/usr/bin/x", Some(Class::File)),
            ("bundled(zlib)", None),
            ("webserver", Some(Class::Other)),
        ] {
            assert_eq!(class(name), expected, "{name}");
        }
    }

    #[test]
    fn merged_folders_are_one() {
        assert_eq!(merged("/usr/bin/x"), merged("/bin/x"));
        assert!(is_command("/usr/sbin/x") && !is_command("/usr/bin/a/x") && !is_command("/etc/x"));
    }
}
