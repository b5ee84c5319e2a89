//! Suppressions: a maintainer's written exceptions, in libabigail's files or in our own form.
//!
//! What lives here: reading both forms ([`Suppressions::parse`]), deciding which changes a rule covers, which rules
//! were never used. A covered change stays a finding, marked with the rule's reason. What does not: files and the
//! date, which the caller hands in. `docs/suppressions.md` is the manual.

mod active;
mod build;
mod cover;
mod date;
mod error;
mod ini;
mod judge;
mod layout;
mod lists;
mod names;
mod offset;
mod own;
mod regexp;
mod spec;
mod symbols;
mod types;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use abide_model::{ArtifactFacts, Finding};

pub(crate) use active::{Active, Pair};
pub use date::Date;
pub use error::{Notice, SuppressError};
pub(crate) use judge::Judge;
pub use own::Entry as Waiver;
pub(crate) use regexp::Regexp;
use spec::{Rule, Spec};

/// Rules of suppression files, in order.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    rules: Vec<Rule>,
    warnings: Vec<Notice>,
}

impl Suppressions {
    /// Reads one file: our own form when its name ends in `.toml`, else libabigail's.
    ///
    /// `name` is how messages call the file; `today` decides which rules have expired.
    ///
    /// ```
    /// # use abide_engine::suppress::{Date, Suppressions};
    /// let today = Date::parse("2025-01-14").unwrap();
    /// let rules = Suppressions::parse("a.abignore", b"[suppress_type]\nname = S\ncolour = red\n", today).unwrap();
    /// assert_eq!(rules.len(), 1);
    /// assert!(rules.warnings()[0].to_string().starts_with("a.abignore:3: the property \"colour\" is unknown"));
    /// ```
    pub fn parse(name: &str, bytes: &[u8], today: Date) -> Result<Self, SuppressError> {
        let file: Arc<str> = name.into();
        if name.ends_with(".toml") {
            let text = std::str::from_utf8(bytes).map_err(|e| {
                let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() as u32 + 1;
                ini::error(name, line, "the file is not UTF-8", "save it as UTF-8")
            })?;
            return Ok(Suppressions { rules: own::parse(&file, text, today)?, warnings: Vec::new() });
        }
        if let Some(rule) = lists::kabi_table(&file, &String::from_utf8_lossy(bytes)) {
            return Ok(Suppressions { rules: vec![rule], warnings: Vec::new() });
        }
        let (mut out, expressions) = (Suppressions::default(), Cell::new(0));
        for section in ini::parse(name, bytes)? {
            out.rules.extend(build::rule(&file, &section, &expressions, &mut out.warnings)?);
        }
        out.warnings.sort();
        Ok(out)
    }

    /// The rules of waivers, given with their lines in `file`.
    pub fn of_waivers(
        file: &str,
        waivers: impl IntoIterator<Item = (u32, Waiver)>,
        today: Date,
    ) -> Result<Self, SuppressError> {
        let file: Arc<str> = file.into();
        let rule = |(line, entry)| own::waiver(&file, line, entry, today);
        let rules = waivers.into_iter().map(rule).collect::<Result<_, _>>()?;
        Ok(Suppressions { rules, warnings: Vec::new() })
    }

    /// Reads a list of the symbols that are the interface: a list with sections (Android's, libabigail's
    /// `--kmi-whitelist`, RHEL's stablelists), a `Module.kabi_ARCH` table, or one symbol a line.
    ///
    /// Everything that is in none of the lists is suppressed.
    ///
    /// ```
    /// # use abide_engine::suppress::Suppressions;
    /// assert_eq!(Suppressions::parse_list("stable.txt", b"# ours\nfoo_open\nfoo_close\n").unwrap().len(), 1);
    /// assert!(Suppressions::parse_list("a.abignore", b"[suppress_type]\nname = S\n").is_err());
    /// ```
    pub fn parse_list(name: &str, bytes: &[u8]) -> Result<Self, SuppressError> {
        let (file, text) = (Arc::from(name), String::from_utf8_lossy(bytes));
        if let Some(rule) = lists::kabi_table(&file, &text) {
            return Ok(Suppressions { rules: vec![rule], warnings: Vec::new() });
        }
        if !text.lines().any(|line| line.trim_start().starts_with('[')) {
            return Ok(Suppressions { rules: vec![lists::plain(&file, &text)?], warnings: Vec::new() });
        }
        let (mut out, expressions) = (Suppressions::default(), Cell::new(0));
        for section in ini::parse(name, bytes)? {
            let rule = build::rule(&file, &section, &expressions, &mut out.warnings)?;
            if rule.as_ref().is_some_and(|rule| !matches!(rule.spec, Spec::List(_))) {
                let message = format!("the section [{}] is no list of symbols", section.name);
                return Err(ini::error(name, section.line, message, "give the file as --suppressions"));
            }
            out.rules.extend(rule);
        }
        if out.rules.is_empty() {
            let hint = "a list's section ends in whitelist, stablelist or symbol_list";
            return Err(ini::error(name, 1, "the file has no list of symbols".to_string(), hint));
        }
        Ok(out)
    }

    /// Adds the rules of another file; where several cover one change, the first gives the reason.
    pub fn merge(&mut self, other: Suppressions) {
        self.rules.extend(other.rules);
        self.warnings.extend(other.warnings);
    }

    /// Limits all rules to these packages; without any, to files that are in no package.
    ///
    /// For a file that one build ships, which is not to speak for others.
    pub fn only_for(&mut self, packages: BTreeSet<String>) {
        let packages = Arc::new(packages);
        self.rules.iter_mut().for_each(|rule| rule.only_for = Some(Arc::clone(&packages)));
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Unknown sections and properties, and rules without effect.
    pub fn warnings(&self) -> &[Notice] {
        &self.warnings
    }

    /// Rules that are past their date and suppress nothing.
    pub fn expired(&self) -> Vec<Notice> {
        let disabled = self.rules.iter().filter_map(|rule| Some((rule, rule.disabled.as_ref()?)));
        disabled
            .map(|(rule, why)| notice(rule, format!("{why} and suppresses nothing: {}", rule.what)))
            .collect()
    }

    /// Rules that are in force and of which no index is among `used`: they matched nothing that differs.
    pub fn unused(&self, used: &BTreeSet<usize>) -> Vec<Notice> {
        let rules = self.rules.iter().enumerate();
        let unused = rules.filter(|(index, rule)| rule.disabled.is_none() && !used.contains(index));
        unused.map(|(_, rule)| notice(rule, format!("matched nothing: {}", rule.what))).collect()
    }

    /// Marks a finding about a whole artifact or package when a rule covers it; the result is the rule's index.
    ///
    /// For findings that are not of [`compare`](crate::compare): artifacts that came, went or moved, packages. Files
    /// and packages are given by side; what is absent is `None`.
    pub fn mark_whole(
        &self,
        finding: &mut Finding,
        files: [Option<&ArtifactFacts>; 2],
        packages: [Option<&str>; 2],
    ) -> Option<usize> {
        let active = self.active(Pair { old: files[0], new: files[1], packages });
        let rule = active.whole.or_else(|| active.own(&finding.subject, &finding.symbols, finding.rule))?;
        finding.suppressed = Some(active.uses(rule));
        Some(rule)
    }

    /// The rules that apply to a pair.
    pub(crate) fn active<'a>(&'a self, pair: Pair<'a>) -> Active<'a> {
        Active::new(&self.rules, pair)
    }
}

fn notice(rule: &Rule, message: String) -> Notice {
    Notice { file: rule.file.to_string(), line: rule.line, message }
}
