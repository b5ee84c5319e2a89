//! The rules that apply to one pair of artifacts, and which of them were used.

use std::cell::RefCell;
use std::collections::BTreeSet;

use abide_model::ArtifactFacts;
use bstr::{BStr, BString, ByteSlice};

use super::regexp::Regexp;
use super::spec::{FileSpec, OwnSpec, Rule, Spec};
use super::symbols::Aliases;

/// What a rule may ask of a pair besides its findings; either side may be absent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pair<'a> {
    pub(crate) old: Option<&'a ArtifactFacts>,
    pub(crate) new: Option<&'a ArtifactFacts>,
    /// Names of the packages.
    pub(crate) packages: [Option<&'a str>; 2],
}

/// The rules that apply to one pair of artifacts.
pub(crate) struct Active<'a> {
    pub(super) rules: &'a [Rule],
    /// Indices of those that apply, in order.
    pub(super) applying: Vec<usize>,
    /// The rule by which the pair as a whole is left aside.
    pub(super) whole: Option<usize>,
    pub(super) aliases: [Aliases<'a>; 2],
    used: RefCell<BTreeSet<usize>>,
}

impl<'a> Active<'a> {
    pub(super) fn new(rules: &'a [Rule], pair: Pair<'a>) -> Self {
        let is_about = |rule: &Rule| rule.only_for.as_ref().is_none_or(|only| pair.is_of(only));
        let applies = |&(_, rule): &(usize, &Rule)| {
            rule.disabled.is_none() && is_about(rule) && pair.applies(&rule.spec)
        };
        let applying: Vec<usize> = rules.iter().enumerate().filter(applies).map(|(index, _)| index).collect();
        let whole = applying.iter().copied().find(|&r| matches!(rules[r].spec, Spec::File { .. }));
        let aliases = [pair.old, pair.new].map(Aliases::new);
        Active { rules, applying, whole, aliases, used: RefCell::default() }
    }

    /// Notes that the rule suppressed something; the result is what the finding carries.
    pub(super) fn uses(&self, rule: usize) -> String {
        self.used.borrow_mut().insert(rule);
        // Lists work together: what is in none of them is suppressed.
        if let Spec::List(_) = self.rules[rule].spec {
            let is_list = |r: &&usize| matches!(self.rules[**r].spec, Spec::List(_));
            self.used.borrow_mut().extend(self.applying.iter().filter(is_list));
        }
        self.rules[rule].reason.clone()
    }

    /// The rules that suppressed something.
    pub(crate) fn used(&self) -> BTreeSet<usize> {
        self.used.borrow().clone()
    }
}

impl Pair<'_> {
    /// Whether the rule is about this pair as far as files, sonames and packages tell.
    fn applies(&self, spec: &Spec) -> bool {
        match spec {
            Spec::Type(spec) => self.matches_files(&spec.files),
            Spec::Symbol(spec) => self.matches_files(&spec.files),
            Spec::File { files, is_negated } => self.matches_files(files) != *is_negated,
            Spec::List(_) => true,
            Spec::Own(spec) => self.matches_own(spec),
        }
    }

    /// Whether one side is in one of the packages, or without these in none.
    fn is_of(&self, packages: &BTreeSet<String>) -> bool {
        let mut names = self.packages.iter().flatten();
        match packages.is_empty() {
            true => names.next().is_none(),
            false => names.any(|name| packages.contains(*name)),
        }
    }

    fn sides(&self) -> impl Iterator<Item = &ArtifactFacts> {
        [self.old, self.new].into_iter().flatten()
    }

    /// One of the two binaries must match, as in libabigail.
    fn matches_files(&self, files: &FileSpec) -> bool {
        let name = self.sides().any(|facts| {
            let names = file_names(facts);
            files.name.as_ref().is_none_or(|r| any(r, &names))
                && files.name_not.as_ref().is_none_or(|r| !any(r, &names))
        });
        let soname = self.sides().any(|facts| {
            let soname = facts.elf.soname.as_ref().map_or(BStr::new(""), |s| s.as_bstr());
            files.soname.as_ref().is_none_or(|r| r.is_match(soname))
                && files.soname_not.as_ref().is_none_or(|r| !r.is_match(soname))
        });
        files.is_empty() || (name && soname)
    }

    fn matches_own(&self, spec: &OwnSpec) -> bool {
        let artifact = |r: &Regexp| self.sides().any(|facts| any(r, &file_names(facts)));
        let soname =
            |r: &Regexp| self.sides().any(|f| f.elf.soname.as_ref().is_some_and(|s| r.is_match(s.as_bstr())));
        let package = |r: &Regexp| self.packages.iter().flatten().any(|p| r.is_match(BStr::new(p)));
        spec.artifact.as_ref().is_none_or(artifact)
            && spec.soname.as_ref().is_none_or(soname)
            && spec.package.as_ref().is_none_or(package)
    }
}

/// What the name of a file may be taken for: its path, a path from the root, and the name alone, of itself and of
/// the links to it.
fn file_names(facts: &ArtifactFacts) -> Vec<BString> {
    let mut out = Vec::new();
    for path in std::iter::once(&facts.path).chain(&facts.aliases) {
        out.push(path.clone());
        if !path.starts_with(b"/") {
            out.push(BString::from([b"/", path.as_slice()].concat()));
        }
        let base = path.rsplit_str("/").next().unwrap_or_default();
        out.push(BString::from(base));
    }
    out
}

pub(super) fn any(regexp: &Regexp, names: &[BString]) -> bool {
    names.iter().any(|name| regexp.is_match(name.as_bstr()))
}
