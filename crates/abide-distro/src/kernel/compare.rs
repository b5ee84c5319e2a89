//! How the exports of two kernels differ: values without judgement.

use abide_engine::policy::KernelPromise;
use abide_model::{Severity, SeverityTarget};
use bstr::{BStr, ByteSlice};

use super::interface::{Export, Kernel};
use super::names::matches;
use super::promise::{Standing, holds};

/// One difference of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportChange<'a> {
    /// Exported before, not exported now.
    Removed,
    /// Exported now.
    Added,
    /// Another checksum.
    Checksum {
        /// Reference.
        old: u32,
        /// Candidate.
        new: u32,
    },
    /// For modules of every licence before, for those of GPL-compatible ones now; or the reverse.
    GplOnly {
        /// Whether it is now.
        gained: bool,
    },
    /// Another namespace.
    Namespace {
        /// Reference.
        old: Option<&'a BStr>,
        /// Candidate.
        new: Option<&'a BStr>,
    },
    /// Another module exports it, by names as the kernel has them.
    Moved {
        /// Reference.
        old: String,
        /// Candidate.
        new: String,
    },
    /// No longer on the list of promised symbols, and still exported.
    Unpromised,
}

/// A symbol that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolChange<'a> {
    /// Its name.
    pub name: &'a BStr,
    /// On the reference.
    pub old: Option<Export<'a>>,
    /// On the candidate.
    pub new: Option<Export<'a>>,
    /// What differs.
    pub change: ExportChange<'a>,
    /// What was promised of it.
    pub standing: Standing,
}

/// How two kernels differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelDiff<'a> {
    /// By symbol, then in the order of [`ExportChange`].
    pub changes: Vec<SymbolChange<'a>>,
    /// Symbols of both.
    pub matched: usize,
    /// Symbols of both with a checksum on both sides.
    pub with_checksums: usize,
    /// Symbols of both with the same checksum, sorted.
    pub unchanged: Vec<&'a BStr>,
    /// Symbols whose checksum is known on one side only.
    pub one_checksum: usize,
    /// Exports of modules that were left aside, since the other side tells nothing of modules' exports.
    pub unknown_modules: usize,
}

impl KernelDiff<'_> {
    /// Number of changes of one kind.
    pub fn count(&self, is_kind: impl Fn(&ExportChange<'_>) -> bool) -> usize {
        self.changes.iter().filter(|c| is_kind(&c.change)).count()
    }
}

/// What decides where a symbol stands.
pub(crate) struct Standings<'a> {
    listed: Option<&'a Kernel<'a>>,
    holds: bool,
    severities: &'a [&'a Severity],
}

impl<'a> Standings<'a> {
    pub(crate) fn new(
        old: &'a Kernel<'a>,
        new: &'a Kernel<'a>,
        stated: Option<KernelPromise>,
        severities: &'a [&'a Severity],
    ) -> Self {
        Standings {
            listed: old.listed.is_some().then_some(old),
            holds: holds(old.distribution, new.distribution, stated),
            severities,
        }
    }

    /// Where a symbol of the reference stands.
    pub(crate) fn of(&self, name: &BStr, export: Option<&Export<'_>>) -> Standing {
        if self.is_tolerated(name, export) {
            return Standing::Tolerated;
        }
        match self.listed.and_then(|kernel| kernel.is_listed(name)) {
            None => Standing::Unlisted,
            Some(false) => Standing::Outside,
            Some(true) if self.holds => Standing::Promised,
            Some(true) => Standing::OtherRelease,
        }
    }

    /// The first pattern that matches decides (kernel-source `rpm/kabi.pl`).
    fn is_tolerated(&self, name: &BStr, export: Option<&Export<'_>>) -> bool {
        let owner = export.map_or(BStr::new(""), |e| e.owner);
        let fits = |severity: &&&Severity| match severity.target {
            SeverityTarget::Symbol => matches(&severity.pattern, name),
            SeverityTarget::Namespace => {
                export.and_then(|e| e.namespace).is_some_and(|n| matches(&severity.pattern, n))
            }
            SeverityTarget::Owner => {
                let pattern = severity.pattern.strip_suffix(b".ko").unwrap_or(&severity.pattern);
                let file = owner.rsplit(|b| *b == b'/').next().unwrap_or_default();
                matches(pattern, owner.strip_suffix(b".ko").unwrap_or(owner)) || matches(pattern, file)
            }
        };
        self.severities.iter().find(fits).is_some_and(|severity| severity.passes)
    }
}

/// Compares the exports of two kernels.
///
/// What a side does not know proves nothing: exports of modules are compared only where both sides have those of
/// modules, and nothing is removed from a kernel that is known in part.
pub fn compare_kernels<'a>(
    old: &'a Kernel<'a>,
    new: &'a Kernel<'a>,
    stated: Option<KernelPromise>,
    severities: &[&Severity],
) -> KernelDiff<'a> {
    let standings = Standings::new(old, new, stated, severities);
    let mut diff = KernelDiff::default();
    for (name, export) in &old.exports {
        let standing = standings.of(name, Some(export));
        match new.exports.get(name) {
            Some(other) => both(&mut diff, name, export, other, standing),
            None if !new.is_complete => {}
            None if !new.has_module_exports && export.owner != "vmlinux" => diff.unknown_modules += 1,
            None => diff.push(name, Some(export), None, ExportChange::Removed, standing),
        }
        let was = old.is_listed(name) == Some(true) && !old.is_list;
        if was && new.is_listed(name) == Some(false) && new.exports.contains_key(name) {
            diff.push(name, Some(export), new.exports.get(name), ExportChange::Unpromised, standing);
        }
    }
    for (name, export) in new.exports.iter().filter(|(name, _)| !old.exports.contains_key(*name)) {
        match old.is_complete && (old.has_module_exports || export.owner == "vmlinux") {
            true => diff.push(name, None, Some(export), ExportChange::Added, Standing::Unlisted),
            false => diff.unknown_modules += usize::from(old.is_complete),
        }
    }
    diff.changes.sort_by(|a, b| a.name.cmp(b.name));
    diff
}

fn both<'a>(
    diff: &mut KernelDiff<'a>,
    name: &'a BStr,
    old: &Export<'a>,
    new: &Export<'a>,
    standing: Standing,
) {
    diff.matched += 1;
    match (old.crc, new.crc) {
        (Some(a), Some(b)) => {
            diff.with_checksums += 1;
            if a == b {
                diff.unchanged.push(name);
            } else {
                diff.push(name, Some(old), Some(new), ExportChange::Checksum { old: a, new: b }, standing);
            }
        }
        (None, None) => {}
        _ => diff.one_checksum += 1,
    }
    let (was, is) = (old.kind.is_gpl_only(), new.kind.is_gpl_only());
    if was != is {
        diff.push(name, Some(old), Some(new), ExportChange::GplOnly { gained: is }, standing);
    }
    if old.namespace != new.namespace {
        let change = ExportChange::Namespace { old: old.namespace, new: new.namespace };
        diff.push(name, Some(old), Some(new), change, standing);
    }
    let (from, to) = (old.owner_name(), new.owner_name());
    if from != to && !from.is_empty() && !to.is_empty() {
        diff.push(name, Some(old), Some(new), ExportChange::Moved { old: from, new: to }, standing);
    }
}

impl<'a> KernelDiff<'a> {
    fn push(
        &mut self,
        name: &'a BStr,
        old: Option<&Export<'a>>,
        new: Option<&Export<'a>>,
        change: ExportChange<'a>,
        standing: Standing,
    ) {
        let (old, new) = (old.cloned(), new.cloned());
        self.changes.push(SymbolChange { name: name.as_bytes().as_bstr(), old, new, change, standing });
    }
}
