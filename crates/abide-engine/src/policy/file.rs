//! Policy files → policy: our own TOML, and rpminspect's lists of ABI compatibility levels.
//!
//! What is unknown is an error: a misspelt rule or package list would silently promise something else.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_model::Level;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::{Compatibility, KernelPromise, Listed, Pattern, Policy};

/// Why a policy file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct PolicyError {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    typed_percent_floor: Option<Spanned<u8>>,
    #[serde(default)]
    levels: BTreeMap<Spanned<String>, Spanned<String>>,
    default_compatibility: Option<Spanned<u8>>,
    #[serde(default)]
    compatibility: BTreeMap<Spanned<String>, Meaning>,
    kernel: Option<Kernel>,
    #[serde(default)]
    package: Vec<Spanned<Entry>>,
}

/// `[compatibility.3]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meaning {
    #[serde(rename = "break")]
    breaks: Option<Spanned<String>>,
    #[serde(rename = "review")]
    reviews: Option<Spanned<String>>,
}

/// `[kernel]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kernel {
    promise: Spanned<String>,
}

/// `[[package]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: OneOrMore,
    artifact: Option<OneOrMore>,
    compatibility: Spanned<u8>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn list(&self) -> &[String] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

impl Policy {
    /// Reads a policy file: our own form when its name ends in `.toml`, else rpminspect's list of levels.
    ///
    /// `has_rule` tells whether a rule, or a case of it, exists.
    ///
    /// ```
    /// # use abide_engine::Policy;
    /// let text = "[[package]]\nname = [\"glibc*\", \"zlib\"]\ncompatibility = 1\n";
    /// let policy = Policy::parse("policy.toml", text.as_bytes(), &|_, _| true).unwrap();
    /// assert_eq!(policy.of_pair([Some("glibc-devel"), None], [None, None]).promise.unwrap().level, 1);
    /// ```
    pub fn parse(
        name: &str,
        bytes: &[u8],
        has_rule: &dyn Fn(&str, Option<&str>) -> bool,
    ) -> Result<Policy, PolicyError> {
        let place = Place { file: name, bytes };
        let text = std::str::from_utf8(bytes).map_err(|e| {
            place.error(e.valid_up_to(), "the file is not UTF-8".to_string(), "save it as UTF-8")
        })?;
        match name.ends_with(".toml") {
            true => ours(&place, text, has_rule),
            false => rpminspect(&place, text),
        }
    }
}

/// The file that is read, for messages.
struct Place<'a> {
    file: &'a str,
    bytes: &'a [u8],
}

impl Place<'_> {
    fn error(&self, at: usize, message: String, hint: &str) -> PolicyError {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let line = u32::try_from(before.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX);
        let (file, hint) = (self.file.to_string(), hint.to_string());
        PolicyError { file, line: line.saturating_add(1), message, hint }
    }

    fn level(&self, word: &Spanned<String>) -> Result<Level, PolicyError> {
        let text = word.get_ref();
        Level::from_id(text).ok_or_else(|| {
            let message = format!("there is no level {text:?}");
            self.error(word.span().start, message, "write break, review or safe")
        })
    }

    fn kernel_promise(&self, word: &Spanned<String>) -> Result<KernelPromise, PolicyError> {
        match word.get_ref().as_str() {
            "major" => Ok(KernelPromise::Major),
            "minor" => Ok(KernelPromise::Minor),
            "none" => Ok(KernelPromise::None),
            other => {
                let message = format!("a kernel's promise does not reach to {other:?}");
                Err(self.error(word.span().start, message, "write major, minor or none"))
            }
        }
    }

    fn compatibility(&self, level: &Spanned<u8>) -> Result<u8, PolicyError> {
        match level.get_ref() {
            level @ 1..=4 => Ok(*level),
            other => {
                let message = format!("there is no compatibility level {other}");
                Err(self.error(level.span().start, message, "write a number from 1 to 4"))
            }
        }
    }

    fn patterns(&self, at: usize, texts: &[String]) -> Result<Vec<Pattern>, PolicyError> {
        let pattern = |text: &String| {
            let hint = "write a name, in which * stands for anything and ? for one character";
            Pattern::new(text).map_err(|e| self.error(at, format!("the pattern {text:?}: {e}"), hint))
        };
        if texts.is_empty() {
            return Err(self.error(
                at,
                "an empty list matches nothing".to_string(),
                "name something, or leave it out",
            ));
        }
        texts.iter().map(pattern).collect()
    }
}

fn ours(
    place: &Place<'_>,
    text: &str,
    has_rule: &dyn Fn(&str, Option<&str>) -> bool,
) -> Result<Policy, PolicyError> {
    let file: File = toml::from_str(text).map_err(|e| {
        let hint = "a policy has typed-percent-floor, default-compatibility, [levels], [compatibility.N], [kernel], [[package]]";
        place.error(e.span().map_or(0, |span| span.start), e.message().to_string(), hint)
    })?;
    let mut policy = Policy { source: Some(place.file.into()), ..Policy::default() };
    if let Some(floor) = &file.typed_percent_floor {
        if *floor.get_ref() > 100 {
            let message = format!("typed-percent-floor is {}", floor.get_ref());
            return Err(place.error(floor.span().start, message, "write a number from 0 to 100"));
        }
        policy.typed_percent_floor = *floor.get_ref();
    }
    for (key, word) in &file.levels {
        let (rule, case) = match key.get_ref().split_once('/') {
            Some((rule, case)) => (rule, Some(case)),
            None => (key.get_ref().as_str(), None),
        };
        if !has_rule(rule, case) {
            let message = format!("there is no rule {:?}", key.get_ref());
            return Err(place.error(key.span().start, message, "`abide rules` lists them"));
        }
        policy.levels.insert(key.get_ref().clone(), place.level(word)?);
    }
    policy.compatibility = Arc::new(compatibility(place, &file)?);
    if let Some(kernel) = &file.kernel {
        policy.kernel_promise = Some(place.kernel_promise(&kernel.promise)?);
    }
    Ok(policy)
}

fn compatibility(place: &Place<'_>, file: &File) -> Result<Compatibility, PolicyError> {
    let mut out = Compatibility::default();
    if let Some(level) = &file.default_compatibility {
        out.default = Some(place.compatibility(level)?);
    }
    for (key, meaning) in &file.compatibility {
        let found = out.promises.iter_mut().find(|p| p.level.to_string() == *key.get_ref());
        let Some(promise) = found else {
            let message = format!("there is no compatibility level {:?}", key.get_ref());
            return Err(place.error(key.span().start, message, "write a number from 1 to 4"));
        };
        if let Some(word) = &meaning.breaks {
            promise.breaks = place.level(word)?;
        }
        if let Some(word) = &meaning.reviews {
            promise.reviews = place.level(word)?;
        }
    }
    for entry in &file.package {
        let (at, entry) = (entry.span().start, entry.get_ref());
        out.listed.push(Listed {
            packages: place.patterns(at, entry.name.list())?,
            artifacts: entry.artifact.as_ref().map_or(Ok(Vec::new()), |a| place.patterns(at, a.list()))?,
            level: place.compatibility(&entry.compatibility)?,
        });
    }
    Ok(out)
}

/// rpminspect's list (its `lib/abi.c`): `[level-N]`, then lines `package=library,library` or `package=all-dsos`.
///
/// A library that begins with a slash is the beginning of a path, any other that of a file name.
fn rpminspect(place: &Place<'_>, text: &str) -> Result<Policy, PolicyError> {
    let mut out = Compatibility::default();
    let (mut level, mut at) = (None, 0);
    for line in text.split_inclusive('\n') {
        let (begins, line) = (at, line.trim());
        at += text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let number = head.strip_prefix("level-").and_then(|n| n.parse::<u8>().ok());
            level = number.filter(|n| (1..=4).contains(n));
            if level.is_none() {
                let message = format!("there is no section [{head}]");
                return Err(place.error(begins, message, "write [level-1] to [level-4]"));
            }
            continue;
        }
        let hint = "write [level-N], then lines of the form package=library,library or package=all-dsos";
        let entry = level.zip(line.split_once('='));
        let Some((level, (package, libraries))) =
            entry.filter(|(_, (package, _))| !package.trim().is_empty())
        else {
            return Err(place.error(begins, "this is no line of a list of levels".to_string(), hint));
        };
        let mut libraries: Vec<&str> =
            libraries.split(',').map(str::trim).filter(|l| !l.is_empty()).collect();
        if libraries.is_empty() {
            return Err(place.error(begins, format!("{} has no library", package.trim()), hint));
        }
        if libraries.iter().any(|l| l.eq_ignore_ascii_case("all-dsos")) {
            libraries.clear();
        }
        out.listed.push(Listed {
            packages: vec![Pattern::Exact(package.trim().to_string())],
            artifacts: libraries.into_iter().map(|l| Pattern::Prefix(l.to_string())).collect(),
            level,
        });
    }
    let source = Some(place.file.into());
    Ok(Policy { source, compatibility: Arc::new(out), ..Policy::default() })
}
