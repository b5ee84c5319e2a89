//! A set of modules on a kernel as `abide app` says it: problems by rule, with the modules and symbols that each concerns.

use std::collections::{BTreeMap, BTreeSet};

use abide_model::{Gap, GapKind, Level, PackageMeta};
use bstr::{BString, ByteSlice};

use super::super::interface::Kernel;
use super::super::words::hex;
use super::problem::{Open, Problem as Reason};
use super::requirements::requirements;
use super::{Load, Loader, Module, Outcome};
use crate::app::{Answer, Cell, Counts, Need, Problem};
use crate::rules::find;

/// Symbols that a summary names before it counts the rest.
const NAMED: usize = 3;

/// Judges a set of modules on a kernel; `metas` are the packages that it comes in. `program` and `target` number the cell.
pub fn on_kernel<'a>(
    program: usize,
    target: usize,
    set: &[Module<'a>],
    metas: &[&PackageMeta],
    kernel: &Kernel<'a>,
) -> Cell {
    let loader = Loader::new(kernel, set);
    let loads: Vec<Load> = set.iter().map(|module| loader.load(module)).collect();
    let mut problems = Vec::new();
    for rule in RULES {
        problems.extend(refusals(rule, set, &loads));
    }
    problems.extend(unmet(metas, set, kernel));
    let mut gaps = open(set, &loads, kernel);
    if set.is_empty() {
        gaps.push(gap("modules", "there is no module in it".to_owned()));
    }
    problems.extend(unprotected(set, &loads, kernel));
    problems.extend(unsigned(set));
    problems.extend(weak_link(set, &loads, kernel));
    let worst = problems.iter().map(|p| p.level).max();
    let answer = match worst {
        Some(Level::Break) => Answer::WillNotRun,
        _ if !gaps.is_empty() => Answer::Undecided,
        Some(Level::Review) => Answer::RunsIf,
        _ => Answer::Runs,
    };
    let symbols = loads.iter().map(|l| l.imports).sum();
    let counts = Counts { files: set.len(), symbols, ..Counts::default() };
    Cell { program, target, answer, problems, gaps, packages: Vec::new(), install: None, counts }
}

/// The rules about refusals, in the loader's order.
const RULES: [&str; 9] = [
    "kmod-architecture",
    "kmod-vermagic",
    "kmod-layout",
    "kmod-no-checksums",
    "kmod-symbol-missing",
    "kmod-checksum-mismatch",
    "kmod-gpl-only",
    "kmod-namespace",
    "kmod-duplicate-export",
];

fn rule_of(reason: &Reason) -> &'static str {
    match reason {
        Reason::Architecture { .. } => "kmod-architecture",
        Reason::NoVermagic | Reason::Vermagic { .. } => "kmod-vermagic",
        Reason::ModuleSize { .. } => "kmod-layout",
        Reason::Checksum { symbol, .. } if symbol == "module_layout" => "kmod-layout",
        Reason::NoChecksums => "kmod-no-checksums",
        Reason::Missing { .. } => "kmod-symbol-missing",
        Reason::Checksum { .. } => "kmod-checksum-mismatch",
        Reason::GplOnly { .. } => "kmod-gpl-only",
        Reason::Namespace { .. } => "kmod-namespace",
        Reason::Duplicate { .. } => "kmod-duplicate-export",
    }
}

/// What a reason concerns: the symbol with what is the matter with it, or the reason itself.
fn item(reason: &Reason) -> String {
    match reason {
        Reason::Checksum { symbol, module, kernel } => {
            format!("{symbol} (built with {}, found {})", hex(*module), hex(*kernel))
        }
        Reason::Missing { symbol } | Reason::Duplicate { symbol } => symbol.to_string(),
        Reason::GplOnly { symbol, .. } => symbol.to_string(),
        Reason::Namespace { symbol, namespace } => format!("{symbol} (namespace {namespace})"),
        other => other.to_string(),
    }
}

fn symbol_of(reason: &Reason) -> Option<&BString> {
    match reason {
        Reason::Checksum { symbol, .. }
        | Reason::Missing { symbol }
        | Reason::GplOnly { symbol, .. }
        | Reason::Namespace { symbol, .. }
        | Reason::Duplicate { symbol } => Some(symbol),
        _ => None,
    }
}

/// All refusals of one kind, of all modules.
fn refusals(rule: &'static str, set: &[Module<'_>], loads: &[Load]) -> Option<Problem> {
    let mut needs = Vec::new();
    let (mut symbols, mut first) = (BTreeSet::new(), None);
    for (module, load) in set.iter().zip(loads) {
        let of: Vec<&Reason> = load.problems.iter().filter(|r| rule_of(r) == rule).collect();
        symbols.extend(of.iter().filter_map(|r| symbol_of(r)).cloned());
        first = first.or_else(|| of.first().map(|r| r.to_string()));
        if !of.is_empty() {
            needs.push(need(module, of.iter().map(|r| item(r)).collect()));
        }
    }
    let first = first?;
    let modules = counted(needs.len(), "module");
    let names: Vec<String> = symbols.iter().map(|s| s.to_string()).collect();
    let summary = match rule {
        "kmod-symbol-missing" => format!("nothing exports {}, which {modules} uses", listed(&names)),
        "kmod-checksum-mismatch" => {
            format!("{modules} was built with other checksums of {}", listed(&names))
        }
        "kmod-gpl-only" => {
            format!("{} is for GPL-compatible licences, and {modules} has another", listed(&names))
        }
        "kmod-namespace" => format!("{modules} does not import the namespace of {}", listed(&names)),
        "kmod-duplicate-export" => format!("{modules} exports {}, and so does the kernel", listed(&names)),
        _ => format!("{modules}: {first}"),
    };
    let summary = if needs.len() > 1 { plural(&summary) } else { summary };
    Some(problem(rule, summary, needs, ways_out(rule)))
}

/// The verbs of a sentence about several modules.
fn plural(text: &str) -> String {
    [
        ("modules uses", "modules use"),
        ("modules was", "modules were"),
        ("modules has", "modules have"),
        ("modules does", "modules do"),
        ("modules exports", "modules export"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (one, many)| text.replace(one, many))
}

fn ways_out(rule: &str) -> Vec<String> {
    let text = match rule {
        "kmod-checksum-mismatch" | "kmod-layout" | "kmod-vermagic" | "kmod-no-checksums" => {
            "build the module for this kernel (its -devel or headers package), or get the build for it"
        }
        "kmod-symbol-missing" => {
            "get a version of the module for this kernel, or the module that exports the symbol"
        }
        "kmod-namespace" => "add MODULE_IMPORT_NS to the module and build it anew",
        "kmod-unprotected" => "build it anew for each update, or use promised symbols alone",
        _ => return Vec::new(),
    };
    vec![text.to_owned()]
}

fn problem(rule: &'static str, summary: String, needs: Vec<Need>, way_out: Vec<String>) -> Problem {
    let data = find(rule);
    Problem {
        rule,
        case: None,
        level: data.map_or(Level::Review, |r| r.level),
        summary,
        why: data.map_or(String::new(), |r| r.why.clone()),
        needs,
        library: None,
        version: None,
        first_in: None,
        way_out,
    }
}

fn need(module: &Module<'_>, symbols: Vec<String>) -> Need {
    Need { file: module.path.to_owned(), package: None, symbols }
}

/// `a`, `a and b`, `a, b, c and 5 more symbols`.
fn listed(names: &[String]) -> String {
    match names {
        [] => "its symbols".to_owned(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => {
            let more = counted(names.len() - NAMED, "more symbol");
            format!("{} and {more}", names[..NAMED].join(", "))
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Requirements of the packages that the kernel, as far as it is known, does not meet.
fn unmet(metas: &[&PackageMeta], set: &[Module<'_>], kernel: &Kernel<'_>) -> Option<Problem> {
    let own: BTreeMap<&[u8], Option<u32>> =
        set.iter().flat_map(|m| m.exports).map(|e| (e.name.as_slice(), e.crc)).collect();
    let is_known = kernel.is_complete && kernel.has_module_exports && !kernel.is_list;
    let mut needs = Vec::new();
    for meta in metas {
        let mut symbols = Vec::new();
        for wanted in requirements(meta, false) {
            let found = kernel.exports.get(wanted.symbol.as_bstr()).map(|e| e.crc);
            let found = found.or_else(|| own.get(wanted.symbol.as_slice()).copied());
            match found {
                Some(Some(crc)) if crc != wanted.crc => {
                    symbols.push(format!("{} = {} (provided {})", wanted.symbol, hex(wanted.crc), hex(crc)));
                }
                None if is_known => symbols.push(format!("{} = {}", wanted.symbol, hex(wanted.crc))),
                _ => {}
            }
        }
        if !symbols.is_empty() {
            needs.push(Need { file: meta.nevra.to_string().into(), package: None, symbols });
        }
    }
    let count: usize = needs.iter().map(|n| n.symbols.len()).sum();
    let packages = counted(needs.len(), "package");
    let verb = if needs.len() == 1 { "requires" } else { "require" };
    let what = counted(count, "checksum");
    let summary = format!("{packages} {verb} {what} that the kernel does not provide");
    (count > 0).then(|| problem("kmod-requirement-unmet", summary, needs, Vec::new()))
}

/// What is not known, by what it is.
fn open(set: &[Module<'_>], loads: &[Load], kernel: &Kernel<'_>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let of = |wanted: fn(&Open) -> Vec<String>| -> (usize, BTreeSet<String>) {
        let all = loads.iter().map(|l| l.open.iter().flat_map(wanted).collect::<Vec<_>>());
        let all: Vec<Vec<String>> = all.filter(|found| !found.is_empty()).collect();
        (all.len(), all.into_iter().flatten().collect())
    };
    let (modules, names) = of(|open| match open {
        Open::Exports { symbols } => symbols.iter().map(|s| s.to_string()).collect(),
        _ => Vec::new(),
    });
    if modules > 0 {
        let names: Vec<String> = names.into_iter().collect();
        let detail = format!(
            "not all exports of the kernel are known, and {} of {} are not among those that are; its Module.symvers tells",
            listed(&names),
            counted(modules, "module")
        );
        gaps.push(gap(&kernel.name(), detail));
    }
    let checksums: usize = loads
        .iter()
        .flat_map(|l| &l.open)
        .map(|o| if let Open::Checksums { count } = o { *count } else { 0 })
        .sum();
    if checksums > 0 {
        let detail =
            "its checksums are not known, and the modules have some: its Module.symvers tells".to_owned();
        gaps.push(gap(&kernel.name(), detail));
    }
    let (modules, _) = of(|open| match open {
        Open::Vermagic => vec![String::new()],
        _ => Vec::new(),
    });
    if modules > 0 {
        let detail =
            "neither its vermagic nor its release is known, and modules without checksums need the very same";
        gaps.push(gap(&kernel.name(), detail.to_owned()));
    }
    // A module whose imports cannot be read says nothing of what it needs.
    let unread = set.iter().filter(|m| m.elf.symbols.is_empty()).count();
    if unread > 0 {
        gaps.push(gap("modules", format!("the symbols of {} cannot be read", counted(unread, "module"))));
    }
    gaps
}

fn gap(subject: &str, detail: String) -> Gap {
    Gap { kind: GapKind::Unreadable, subject: subject.into(), detail }
}

/// Symbols outside of the promised list, with the nearest that is on it.
fn unprotected(set: &[Module<'_>], loads: &[Load], kernel: &Kernel<'_>) -> Option<Problem> {
    kernel.listed.as_ref()?;
    let mut needs = Vec::new();
    let mut off: BTreeSet<&BString> = BTreeSet::new();
    for (module, load) in set.iter().zip(loads).filter(|(_, l)| !l.unprotected.is_empty()) {
        off.extend(load.unprotected.iter().map(|u| &u.symbol));
        let words = |u: &super::Unprotected| match &u.nearest {
            Some(near) => format!("{} (promised: {near})", u.symbol),
            None => u.symbol.to_string(),
        };
        needs.push(need(module, load.unprotected.iter().map(words).collect()));
    }
    let used: BTreeSet<&[u8]> = set
        .iter()
        .flat_map(|m| m.elf.imports())
        .map(|s| s.name.as_slice())
        .filter(|n| kernel.exports.contains_key(n.as_bstr()))
        .collect();
    let summary =
        format!("{} of the {} symbols of the kernel that it uses are not promised", off.len(), used.len());
    let ways = ways_out("kmod-unprotected");
    (!off.is_empty()).then(|| problem("kmod-unprotected", summary, needs, ways))
}

fn unsigned(set: &[Module<'_>]) -> Option<Problem> {
    let needs: Vec<Need> = set.iter().filter(|m| !m.facts.is_signed).map(|m| need(m, Vec::new())).collect();
    let verb = if needs.len() == 1 { "has" } else { "have" };
    let summary = format!("{} {verb} no signature", counted(needs.len(), "module"));
    (!needs.is_empty()).then(|| problem("kmod-unsigned", summary, needs, Vec::new()))
}

/// What `weak-modules` does with modules that were built for another kernel and load into this one.
fn weak_link(set: &[Module<'_>], loads: &[Load], kernel: &Kernel<'_>) -> Option<Problem> {
    let release = kernel.release.as_ref()?;
    let other: BTreeSet<String> = set
        .iter()
        .filter(|m| m.facts.versions.is_some())
        .filter_map(|m| m.built_for)
        .filter(|built| *built != release.as_str())
        .map(|built| built.to_string())
        .collect();
    let all_load = !loads.is_empty() && loads.iter().all(|l| l.outcome() == Outcome::Loads);
    if other.is_empty() || !all_load {
        return None;
    }
    let built: Vec<String> = other.into_iter().collect();
    let summary =
        format!("built for {}; weak-modules links it into weak-updates of {release}", built.join(", "));
    Some(problem("kmod-weak-link", summary, Vec::new(), Vec::new()))
}
