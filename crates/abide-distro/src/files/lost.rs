//! Paths that a reference package has and nothing on the candidate: each is lost for what it is for.

use std::cell::OnceCell;

use abide_model::{FileEntry, FileKind};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use super::class::{Class, class, short_name, unversioned};
use super::contents::Contents;
use super::items::Item;
use super::modules::{Module, Reach};
use super::tree::{describe, is_command};
use super::{Compared, alternatives, modules};
use crate::pairing::{file_name, usr_merged};

/// Everything of the package that is lost, and modules whose version changed.
pub(super) fn items(compared: &Compared<'_>) -> Vec<Item> {
    let search = Search::new(compared);
    let mut items: Vec<Item> = compared.old.files.iter().filter_map(|entry| search.lost(entry)).collect();
    items.extend(lost_alternatives(compared));
    items.extend(module_versions(compared));
    items
}

/// What is asked of the candidate's package for each path.
struct Search<'a> {
    compared: &'a Compared<'a>,
    /// Paths of files that are compared by their binary interface, without the slash in front, which a tree's have not.
    artifacts: FxHashSet<&'a BStr>,
    /// The new package's paths without versions; made when a path is missing.
    unversioned: OnceCell<FxHashSet<BString>>,
}

impl<'a> Search<'a> {
    fn new(compared: &'a Compared<'a>) -> Self {
        let artifacts = &compared.context.old.packages[compared.old_index].artifacts;
        let artifacts = artifacts.iter().map(|artifact| bare(artifact.path.as_bstr())).collect();
        Search { compared, artifacts, unversioned: OnceCell::new() }
    }

    fn lost(&self, entry: &FileEntry) -> Option<Item> {
        let Compared { trees, names, .. } = self.compared;
        let path = entry.path.as_bstr();
        if self.artifacts.contains(bare(path)) || trees.new.find(path).is_some() {
            return None;
        }
        if entry.kind == FileKind::Directory {
            return self.lost_directory(entry);
        }
        let class = class(entry, names);
        if matches!(class, Class::Noise | Class::LibraryLink)
            || entry.flags.is_ghost && class != Class::Command
        {
            return None;
        }
        // A name with a version in it belongs to that version; a command is called by it.
        if class != Class::Command && !matches!(class, Class::Module(_)) && self.is_elsewhere(path) {
            return None;
        }
        let item = self.of_class(entry, &class)?;
        let is_branded = trees.brands.names_reference(path) && !trees.brands.is_same();
        let rule = if is_branded && class != Class::Command {
            ("branding-lost", None)
        } else {
            (item.rule, item.case)
        };
        Some(Item { rule: rule.0, case: rule.1, ..item })
    }

    /// A directory that others put files into: configuration and state.
    fn lost_directory(&self, entry: &FileEntry) -> Option<Item> {
        let path = usr_merged(entry.path.as_bstr());
        let is_shared = [&b"/etc/"[..], b"/var/", b"/srv/", b"/opt/"].iter().any(|top| path.starts_with(top));
        if !is_shared
            || entry.flags.is_ghost
            || self.compared.trees.new.has_below(path)
            || self.is_elsewhere(path)
        {
            return None;
        }
        Some(Item::lost("path-lost", Some("directory"), path.to_string(), &entry.path, "directory"))
    }

    /// Whether the new package has the path with other versions in it.
    fn is_elsewhere(&self, path: &BStr) -> bool {
        let Compared { old, new, .. } = self.compared;
        let all = self
            .unversioned
            .get_or_init(|| new.files.iter().map(|file| unversioned(file.path.as_bstr(), *new)).collect());
        all.contains(&unversioned(path, *old))
    }

    fn of_class(&self, entry: &FileEntry, class: &Class) -> Option<Item> {
        let path = &entry.path;
        let name = short_name(class, path.as_bstr());
        let lost = |rule, case, what| Some(Item::lost(rule, case, name.as_str(), path, what));
        match class {
            Class::Noise | Class::LibraryLink => None,
            Class::Command => self.lost_command(entry),
            Class::Unit => lost("unit-lost", None, "unit"),
            Class::DbusService => lost("dbus-file-lost", None, "service"),
            Class::DbusPolicy => lost("dbus-file-lost", Some("policy"), "file"),
            Class::Polkit => lost("polkit-file-lost", None, "file"),
            Class::Module(module) => self.lost_module(path, module),
            Class::Development => lost("path-lost", Some("development"), "file"),
            Class::Config => lost("path-lost", Some("configuration"), "file"),
            Class::Private => lost("path-lost", Some("private"), describe(entry.kind)),
            Class::Data => lost("path-lost", None, describe(entry.kind)),
        }
    }

    fn lost_command(&self, entry: &FileEntry) -> Option<Item> {
        let name = file_name(entry.path.as_bstr());
        let item = |case| Item::lost("command-lost", case, name.to_string(), &entry.path, "command");
        match self.compared.trees.new.command(name) {
            Some((now, _)) => Some(item(Some("moved-in-path")).instead(now.to_string())),
            // What a package names without shipping it, an alternative for one, may come about in other ways.
            None if entry.flags.is_ghost => Some(item(Some("ghost"))),
            None => Some(item(None)),
        }
    }

    fn lost_module(&self, path: &BString, module: &Module) -> Option<Item> {
        if module.version.is_some() {
            return None;
        }
        let name = module.name.to_string();
        let what = format!("{} module", module.language.name());
        let known = (module.language, module.name.clone());
        if self.compared.trees.modules.contains(&known) {
            let now = self.other_runtime(module)?;
            let item = Item::lost("module-lost", Some("other-runtime"), name, path, &what);
            return (module.reach == Reach::Top).then(|| item.instead(now.to_string()));
        }
        let case = match module.reach {
            Reach::Top => None,
            Reach::Inner => Some("inner"),
            Reach::Private => Some("private"),
        };
        let mut item = Item::lost("module-lost", case, name, path, &what);
        item.asked_as.extend(module.capability());
        Some(item)
    }

    /// Where the new package has a module for another version of the interpreter; `None` when the old version finds it.
    fn other_runtime(&self, module: &Module) -> Option<&BString> {
        let same = self.compared.new.files.iter().filter(|file| {
            modules::of(usr_merged(file.path.as_bstr()))
                .is_some_and(|other| other.language == module.language && other.name == module.name)
        });
        let mut other = None;
        for file in same {
            let found = modules::of(usr_merged(file.path.as_bstr()))?;
            if found.runtime == module.runtime || found.runtime.is_empty() {
                return None;
            }
            other = Some(&file.path);
        }
        other
    }
}

/// A path without the slash in front.
fn bare(path: &BStr) -> &BStr {
    path.strip_prefix(b"/").unwrap_or(path).as_bstr()
}

/// Alternatives that the old package's scripts set up and nothing on the candidate does or ships.
fn lost_alternatives(compared: &Compared<'_>) -> Vec<Item> {
    let lost = alternatives::of(compared.old.scripts).into_iter().filter(|link| {
        let class = class(&FileEntry::new(link.clone(), FileKind::Symlink), &compared.names);
        class != Class::Noise && compared.trees.new.find(link.as_bstr()).is_none()
    });
    // The command of the link, where the package names it, is the same loss.
    let ghosts: FxHashSet<&BStr> = compared
        .old
        .files
        .iter()
        .filter(|f| is_command(f.path.as_bstr()))
        .map(|f| f.path.as_bstr())
        .collect();
    lost.filter(|link| !ghosts.contains(link.as_bstr()))
        .map(|link| Item::lost("alternative-lost", None, link.to_string(), &link, "link"))
        .collect()
}

/// Versions of modules as their metadata states them.
fn module_versions(compared: &Compared<'_>) -> Vec<Item> {
    let (old, new) = (stated_versions(compared.old), stated_versions(compared.new));
    let mut items = Vec::new();
    for (key, old_version) in &old {
        let Some(new_version) = new.get(key) else { continue };
        if old_version == new_version {
            continue;
        }
        let numbers = |text: &BString| -> Vec<u64> {
            text.split(|b| !b.is_ascii_digit()).filter_map(|n| n.to_str().ok()?.parse().ok()).collect()
        };
        let (a, b) = (numbers(old_version), numbers(new_version));
        let case = match () {
            () if b < a => Some("lower"),
            () if a.first() != b.first() => Some("major"),
            () => None,
        };
        let what = format!("version of {} module {}", key.0.name(), key.1);
        items.push(Item {
            rule: "module-version-changed",
            case,
            name: key.1.to_string(),
            what,
            old: Some(old_version.to_string()),
            new: Some(new_version.to_string()),
            asked_as: Vec::new(),
        });
    }
    items.sort();
    items
}

type Versions = FxHashMap<(modules::Language, BString), BString>;

fn stated_versions(contents: Contents<'_>) -> Versions {
    let modules = contents.files.iter().filter_map(|file| {
        let module = modules::of(usr_merged(file.path.as_bstr()))?;
        let version = module.version.filter(|version| !version.is_empty())?;
        Some(((module.language, module.name), version))
    });
    modules.collect()
}
