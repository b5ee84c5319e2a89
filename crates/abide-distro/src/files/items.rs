//! From single paths to findings: one for each rule and case of a package, with every path in its details.

use std::collections::BTreeMap;

use abide_model::{Detail, Evidence, Finding, Level, PackageFacts, Subject};
use bstr::BString;

use super::users::Users;
use crate::check::Context;
use crate::rules::{Draft, judge, level_of};

/// Names in a summary, beyond which they are only counted.
const NAMED: usize = 3;

/// Something about one path or script, before it is judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) rule: &'static str,
    pub(super) case: Option<&'static str>,
    /// What it is called in a sentence (`foo.service`).
    pub(super) name: String,
    /// What differs (`mode of /usr/bin/su`).
    pub(super) what: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    /// The names by which others ask for it: its path, the capability of a module.
    pub(super) asked_as: Vec<BString>,
}

impl Item {
    /// Something that the reference has and the candidate does not.
    pub(super) fn lost(
        rule: &'static str,
        case: Option<&'static str>,
        name: impl Into<String>,
        path: &BString,
        what: &str,
    ) -> Self {
        let (name, old) = (name.into(), Some(path.to_string()));
        Item { rule, case, name, what: what.to_owned(), old, new: None, asked_as: vec![path.clone()] }
    }

    /// The same with what the candidate has in its place.
    pub(super) fn instead(self, new: impl Into<String>) -> Self {
        Item { new: Some(new.into()), ..self }
    }

    /// A property of a path that differs.
    pub(super) fn changed(
        rule: &'static str,
        case: Option<&'static str>,
        path: &BString,
        what: &str,
        old: impl Into<String>,
        new: impl Into<String>,
    ) -> Self {
        Item {
            rule,
            case,
            name: path.to_string(),
            what: format!("{what} of {path}"),
            old: Some(old.into()),
            new: Some(new.into()),
            asked_as: Vec::new(),
        }
    }
}

/// The package that findings are about, by its index on either side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) old: Option<usize>,
    pub(super) new: Option<usize>,
}

/// Groups items and judges each group.
pub(super) fn findings(
    context: &Context<'_>,
    users: &Users<'_>,
    place: Place,
    items: Vec<Item>,
) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<Item>> = BTreeMap::new();
    for item in items {
        groups.entry((item.rule, item.case)).or_default().push(item);
    }
    groups.into_values().map(|items| finding(context, users, place, items)).collect()
}

fn finding(context: &Context<'_>, users: &Users<'_>, place: Place, mut items: Vec<Item>) -> Finding {
    items.sort();
    items.dedup();
    let (rule, case) = (items[0].rule, items[0].case);
    let level = level_of(rule, case);
    let summary = summary(&items);
    let (old, new) =
        (place.old.map(|at| &context.old.packages[at]), place.new.map(|at| &context.new.packages[at]));
    let asked: Vec<BString> = items.iter().flat_map(|item| item.asked_as.iter().cloned()).collect();
    let evidence = |package: Option<&PackageFacts>, value: Option<&String>| Evidence {
        value: value.cloned().unwrap_or_else(|| "absent".to_owned()),
        artifact: package.map(|package| package.source.clone()).unwrap_or_default(),
        section: None,
        offset: None,
        declaration: None,
    };
    let words = words(rule, case);
    let several = |value: fn(&Item) -> Option<&String>| match items.len() {
        1 => value(&items[0]).cloned(),
        many => items.iter().any(|item| value(item).is_some()).then(|| format!("{many} {}", words.many)),
    };
    let (old_value, new_value) = (several(|item| item.old.as_ref()), several(|item| item.new.as_ref()));
    let draft = Draft {
        rule,
        case,
        subject: Subject::Package(name(old.or(new))),
        summary,
        old: evidence(old.or(new), old_value.as_ref()),
        new: evidence(new.or(old), new_value.as_ref()),
        details: items.iter().map(|item| detail(item, level)).collect(),
    };
    let finding = judge(draft, &context.package_policy(place.old, place.new));
    let is_counted = finding.level > Level::Safe;
    Finding {
        consumers: if is_counted { users.of([place.old, place.new], &asked) } else { Vec::new() },
        ..finding
    }
}

fn detail(item: &Item, level: Level) -> Detail {
    Detail { what: item.what.clone(), old: item.old.clone(), new: item.new.clone(), rule: item.rule, level }
}

/// Name of the package; files in none are called as their folder is.
fn name(package: Option<&PackageFacts>) -> String {
    let name = |package: &PackageFacts| match &package.meta {
        Some(meta) => meta.nevra.name.clone(),
        None => package.source.to_string(),
    };
    package.map(name).unwrap_or_default()
}

/// `command foo is gone`, `3 commands are gone: a, b and c`.
fn summary(items: &[Item]) -> String {
    let words = words(items[0].rule, items[0].case);
    let mut names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    names.dedup();
    let change = match (&items[0].old, &items[0].new) {
        (Some(old), Some(new)) if words.shows_change => format!(": {old} → {new}"),
        _ => String::new(),
    };
    match names[..] {
        [name] if items.len() == 1 => format!("{} {name} {}{change}", words.one, words.single),
        _ => format!("{} {} {}: {}", names.len(), words.many, words.several, list(&names)),
    }
}

/// `a`, `a and b`, `a, b, c and 5 more`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

/// How a sentence about the items of a rule is made.
struct Words {
    one: &'static str,
    many: &'static str,
    single: &'static str,
    several: &'static str,
    /// Whether old and new value of a single item are said.
    shows_change: bool,
}

const fn gone(one: &'static str, many: &'static str) -> Words {
    Words { one, many, single: "is gone", several: "are gone", shows_change: false }
}

const fn changed(
    one: &'static str,
    many: &'static str,
    single: &'static str,
    several: &'static str,
) -> Words {
    Words { one, many, single, several, shows_change: true }
}

fn words(rule: &str, case: Option<&str>) -> Words {
    match (rule, case) {
        ("command-lost", Some("moved-in-path")) => {
            changed("command", "commands", "is in another directory", "are in other directories")
        }
        ("command-lost", _) => gone("command", "commands"),
        ("unit-lost", _) => gone("systemd unit", "systemd units"),
        ("dbus-file-lost", _) => gone("D-Bus file", "D-Bus files"),
        ("polkit-file-lost", _) => gone("polkit file", "polkit files"),
        ("module-lost", Some("other-runtime")) => changed(
            "module",
            "modules",
            "is for another version of the interpreter",
            "are for another version of the interpreter",
        ),
        ("module-lost", _) => gone("module", "modules"),
        ("module-version-changed", _) => {
            changed("module", "modules", "has another version", "have other versions")
        }
        ("alternative-lost", _) => Words {
            one: "alternative",
            many: "alternatives",
            single: "is set up no more",
            several: "are set up no more",
            shows_change: false,
        },
        ("path-lost", Some("configuration")) => gone("configuration file", "configuration files"),
        ("path-lost", Some("development")) => gone("development file", "development files"),
        ("path-lost", Some("directory")) => gone("directory", "directories"),
        ("path-lost", _) => gone("path", "paths"),
        ("path-kind-changed", _) => changed("path", "paths", "is something else", "are something else"),
        ("link-target-changed", Some("dangling")) => {
            changed("link", "links", "leads to nothing", "lead to nothing")
        }
        ("link-target-changed", _) => changed("link", "links", "leads elsewhere", "lead elsewhere"),
        ("mode-changed", _) => changed("mode of", "modes", "changed", "changed"),
        ("owner-changed", _) => changed("owner of", "owners", "changed", "changed"),
        ("capabilities-changed", _) => {
            changed("capabilities of", "sets of capabilities", "changed", "changed")
        }
        ("config-flag-lost", _) => Words {
            one: "configuration file",
            many: "configuration files",
            single: "is replaced on update",
            several: "are replaced on update",
            shows_change: false,
        },
        ("script-changed", Some("lost")) => gone("script", "scripts"),
        ("script-changed", Some("added")) => Words {
            one: "script",
            many: "scripts",
            single: "is new",
            several: "are new",
            shows_change: false,
        },
        ("script-changed", _) => Words {
            one: "script",
            many: "scripts",
            single: "changed",
            several: "changed",
            shows_change: false,
        },
        ("interpreter-missing", _) => Words {
            one: "what runs",
            many: "scripts",
            single: "is not on the candidate",
            several: "have an interpreter that is not on the candidate",
            shows_change: false,
        },
        ("branding-left", Some("vendor")) => Words {
            one: "vendor of package",
            many: "packages",
            single: "is still the reference's",
            several: "still have the reference's vendor",
            shows_change: false,
        },
        ("branding-left", _) => Words {
            one: "name of the reference in",
            many: "places",
            single: "stays",
            several: "name the reference",
            shows_change: false,
        },
        ("branding-lost", _) => gone("path with the reference's name", "paths with the reference's name"),
        _ => gone("path", "paths"),
    }
}
