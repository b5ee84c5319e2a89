//! Findings about exports, in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_engine::Policy;
use abide_model::{Detail, Evidence, Finding, KabiRule, Level, Severity, Subject, SymbolName};
use bstr::{BStr, BString, ByteSlice};

use super::compare::{ExportChange, SymbolChange};
use super::interface::{Export, Kernel};
use super::promise::Standing;
use crate::rules::{Draft, find, judge};

/// The rule about checksums.
const CHECKSUM: &str = "kernel-checksum-changed";

/// Turns differences of two kernels into findings.
pub(super) struct Words<'a> {
    pub(super) old: &'a Kernel<'a>,
    pub(super) new: &'a Kernel<'a>,
    pub(super) policy: &'a Policy,
    pub(super) severities: &'a [&'a Severity],
    pub(super) rules: &'a [KabiRule],
    /// Changed checksums by symbol.
    pub(super) changes: &'a BTreeMap<&'a BStr, &'a SymbolChange<'a>>,
}

impl Words<'_> {
    /// A difference of one symbol other than its checksum.
    pub(super) fn change(&self, change: &SymbolChange<'_>) -> Finding {
        let (rule, case, summary) = self.sentence(change);
        let symbol = symbol(change.name);
        let draft = Draft {
            rule,
            case,
            subject: Subject::Symbol(symbol.clone()),
            summary,
            old: evidence(change.old.as_ref(), self.old),
            new: evidence(change.new.as_ref(), self.new),
            details: Vec::new(),
        };
        Finding { symbols: Arc::from([symbol]), ..judge(draft, self.policy) }
    }

    /// The rule, its case, and what happened.
    fn sentence(&self, change: &SymbolChange<'_>) -> (&'static str, Option<&'static str>, String) {
        let (name, by) = (change.name, change.standing.case());
        match &change.change {
            ExportChange::Removed if self.old.is_list => {
                ("kernel-list-symbol-removed", by, format!("{name} is no longer on the list"))
            }
            ExportChange::Removed => ("kernel-export-removed", by, format!("{name} is no longer exported")),
            ExportChange::Added if self.old.is_list => {
                ("kernel-list-symbol-added", None, format!("{name} is new on the list"))
            }
            ExportChange::Added => ("kernel-export-added", None, format!("{name} is exported now")),
            ExportChange::Unpromised => (
                "kernel-list-symbol-removed",
                by,
                format!("{name} is still exported, but no longer on the list"),
            ),
            ExportChange::GplOnly { gained: true } => {
                let text = format!("{name} is exported to modules of GPL-compatible licences only");
                ("kernel-export-gpl-only", by, text)
            }
            ExportChange::GplOnly { gained: false } => {
                let text = format!("{name} is exported to modules of every licence now");
                ("kernel-export-gpl-only", Some("lifted"), text)
            }
            ExportChange::Namespace { new: None, .. } => {
                ("kernel-namespace-changed", Some("left"), format!("{name} is in no namespace any more"))
            }
            ExportChange::Namespace { new: Some(new), .. } => {
                ("kernel-namespace-changed", by, format!("{name} is exported in the namespace {new} now"))
            }
            ExportChange::Moved { old, new } => {
                let case = (old == "vmlinux").then_some("into-module");
                ("kernel-export-moved", case, format!("{name} moved from {} to {}", owner(old), owner(new)))
            }
            ExportChange::Checksum { .. } => (CHECKSUM, by, format!("{name} has another checksum")),
        }
    }

    /// Checksums that a difference of types explains: a finding for each standing that the symbols have.
    pub(super) fn explained(&self, cause: &Finding, names: &[&BStr], unchanged: usize) -> Vec<Finding> {
        let one = |(standing, symbols): (Standing, Vec<&SymbolChange<'_>>)| {
            let mut summary = format!("{}: {}", cause.summary, changed_checksums(symbols.len()));
            if unchanged > 0 {
                let (verb, them) =
                    if unchanged == 1 { ("is", "its checksum") } else { ("are", "their checksums") };
                let more = symbols_count(unchanged);
                summary += &format!(
                    ", while {more} that {verb} as near to it kept {them}, not seeing its definition where exported"
                );
            }
            let mut details = cause.details.clone();
            let level = self.level(standing);
            details.iter_mut().for_each(|d| d.level = d.level.min(level));
            details.extend(symbols.iter().map(|c| detail(c, level)));
            let finding = self.checksums(cause.subject.clone(), standing, summary, &symbols, details);
            Finding {
                old: cause.old.clone(),
                new: cause.new.clone(),
                path: cause.path.clone(),
                exposure: cause.exposure,
                ..finding
            }
        };
        self.by_standing(names).into_iter().map(one).collect()
    }

    /// Checksums that no known difference explains: of symbols whose types were compared, or of those whose were not.
    pub(super) fn unexplained(&self, names: &[&BStr], is_typed: bool) -> Vec<Finding> {
        let (why, title) = match is_typed {
            true => (
                "no difference of types tells why: a definition became visible where it was not, or something is \
                 declared in other words",
                "checksums without a known cause",
            ),
            false => ("no types were compared that could tell why", "checksums of symbols without types"),
        };
        let one = |(standing, symbols): (Standing, Vec<&SymbolChange<'_>>)| {
            let level = self.level(standing);
            let details = symbols.iter().map(|c| detail(c, level)).collect();
            let (subject, summary) = match symbols.as_slice() {
                [only] => {
                    let summary = format!("{} has another checksum; {why}", only.name);
                    (Subject::Symbol(symbol(only.name)), summary)
                }
                many => {
                    let summary = format!("{}; {why}", changed_checksums(many.len()));
                    (Subject::Package(title.to_owned()), summary)
                }
            };
            self.checksums(subject, standing, summary, &symbols, details)
        };
        self.by_standing(names).into_iter().map(one).collect()
    }

    fn checksums(
        &self,
        subject: Subject,
        standing: Standing,
        summary: String,
        changes: &[&SymbolChange<'_>],
        details: Vec<Detail>,
    ) -> Finding {
        let (old, new) = match changes {
            [only] => (evidence(only.old.as_ref(), self.old), evidence(only.new.as_ref(), self.new)),
            many => (
                count(many.len(), many[0].old.as_ref(), self.old),
                count(many.len(), many[0].new.as_ref(), self.new),
            ),
        };
        let draft = Draft { rule: CHECKSUM, case: standing.case(), subject, summary, old, new, details };
        let symbols: Vec<SymbolName> = changes.iter().map(|c| symbol(c.name)).collect();
        Finding { symbols: symbols.into(), ..judge(draft, self.policy) }
    }

    /// The level of a changed checksum.
    fn level(&self, standing: Standing) -> Level {
        let Some(rule) = find(CHECKSUM) else { return Level::Review };
        standing.case().and_then(|case| rule.cases.get(case)).map_or(rule.level, |case| case.level)
    }

    fn by_standing(&self, names: &[&BStr]) -> BTreeMap<Standing, Vec<&SymbolChange<'_>>> {
        let mut groups: BTreeMap<Standing, Vec<&SymbolChange<'_>>> = BTreeMap::new();
        for change in names.iter().filter_map(|name| self.changes.get(*name)) {
            groups.entry(change.standing).or_default().push(change);
        }
        groups
    }
}

fn symbols_count(count: usize) -> String {
    if count == 1 { "1 symbol".to_owned() } else { format!("{count} symbols") }
}

fn changed_checksums(count: usize) -> String {
    match count {
        1 => "the checksum of 1 exported symbol changed".to_owned(),
        n => format!("the checksums of {n} exported symbols changed"),
    }
}

fn detail(change: &SymbolChange<'_>, level: Level) -> Detail {
    let crc = |export: &Option<Export<'_>>| export.as_ref().and_then(|e| e.crc).map(hex);
    Detail {
        what: format!("checksum of {}", change.name),
        old: crc(&change.old),
        new: crc(&change.new),
        rule: CHECKSUM,
        level,
    }
}

/// A checksum as `Module.symvers` writes it.
pub(super) fn hex(crc: u32) -> String {
    format!("{crc:#010x}")
}

fn owner(name: &str) -> String {
    if name == "vmlinux" { "the kernel itself".to_owned() } else { format!("module {name}") }
}

pub(super) fn symbol(name: &BStr) -> SymbolName {
    SymbolName { name: name.into(), version: None }
}

/// How one side exports a symbol.
fn evidence(export: Option<&Export<'_>>, kernel: &Kernel<'_>) -> Evidence {
    let value = match export {
        None if kernel.is_list => "not on the list".to_owned(),
        None => "not exported".to_owned(),
        Some(export) => {
            let mut value = export.kind.word().to_owned();
            if let Some(crc) = export.crc {
                value += &format!(", checksum {}", hex(crc));
            }
            if let Some(namespace) = export.namespace {
                value += &format!(", namespace {namespace}");
            }
            if export.owner.is_empty() { value } else { value + &format!(", in {}", export.owner) }
        }
    };
    Evidence { value, ..source(export, kernel) }
}

fn count(count: usize, first: Option<&Export<'_>>, kernel: &Kernel<'_>) -> Evidence {
    Evidence { value: format!("{count} checksums"), ..source(first, kernel) }
}

/// The file that tells of an export; that of any other one for what is absent.
fn source(export: Option<&Export<'_>>, kernel: &Kernel<'_>) -> Evidence {
    let path = export.or_else(|| kernel.exports.values().next()).map_or(BStr::new(""), |e| e.source);
    let is_text = ["symvers", "kabi"].iter().any(|word| path.contains_str(word));
    let section = (!is_text).then(|| "__ksymtab".to_owned());
    Evidence { value: String::new(), artifact: BString::from(path), section, offset: None, declaration: None }
}
