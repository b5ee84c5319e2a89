//! Our own form: TOML, with a reason, an owner and a date of expiry.
//!
//! Unlike in libabigail's files an unknown key is an error: a misspelt `expires` would never expire.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::build::MOST_EXPRESSIONS;
use super::date::Date;
use super::error::SuppressError;
use super::ini::{error, shorten};
use super::regexp::Regexp;
use super::spec::{OwnSpec, Rule, Spec};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    suppress: Vec<Spanned<Entry>>,
}

/// One rule as it is written, in a file of its own or as the waiver of a distribution file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    rule: Option<OneOrMore>,
    subject: Option<String>,
    symbol: Option<String>,
    #[serde(rename = "type")]
    ty: Option<String>,
    artifact: Option<String>,
    soname: Option<String>,
    package: Option<String>,
    reason: Option<String>,
    owner: Option<String>,
    expires: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Reads a file of our own form; rules that expired before `today` are there, and disabled.
pub(super) fn parse(file: &Arc<str>, text: &str, today: Date) -> Result<Vec<Rule>, SuppressError> {
    let line =
        |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() as u32 + 1;
    let parsed: File = toml::from_str(text).map_err(|e| {
        let hint = "each rule is a [[suppress]] table with reason = \"…\" and what it is about";
        error(file, e.span().map_or(1, |s| line(s.start)), e.message().to_string(), hint)
    })?;
    if parsed.suppress.len() > MOST_EXPRESSIONS {
        let message = format!("the file has more than {MOST_EXPRESSIONS} rules");
        return Err(error(file, 1, message, "write patterns instead of names"));
    }
    let rules = parsed.suppress.into_iter();
    rules.map(|entry| rule(file, line(entry.span().start), entry.into_inner(), today)).collect()
}

/// Reads a waiver, which must say who answers for it and until when.
pub(super) fn waiver(file: &Arc<str>, line: u32, entry: Entry, today: Date) -> Result<Rule, SuppressError> {
    let missing = |key: &str, hint: &str| error(file, line, format!("the waiver has no {key}"), hint);
    if entry.owner.as_deref().is_none_or(|owner| owner.trim().is_empty()) {
        return Err(missing("owner", "add owner = \"who answers for it\""));
    }
    if entry.expires.is_none() {
        return Err(missing("date of expiry", "add expires = \"YYYY-MM-DD\""));
    }
    rule(file, line, entry, today)
}

fn rule(file: &Arc<str>, line: u32, entry: Entry, today: Date) -> Result<Rule, SuppressError> {
    let fail = |message: String, hint: &str| error(file, line, message, hint);
    let reason = entry.reason.as_deref().map(str::trim).filter(|r| !r.is_empty()).map(str::to_string);
    let reason = reason
        .ok_or_else(|| fail("the rule has no reason".into(), "add reason = \"why this is no break\""))?;
    let expires = match &entry.expires {
        None => None,
        Some(text) => Some(Date::parse(text).ok_or_else(|| {
            fail(format!("expires is {:?}", shorten(text)), "write a date as \"YYYY-MM-DD\"")
        })?),
    };
    let what = describe(&entry);
    if what.is_empty() {
        let hint = "add rule, subject, symbol, type, artifact, soname or package";
        return Err(fail("the rule would suppress everything".into(), hint));
    }
    let pattern = |key: &str, text: &Option<String>| {
        let compiled = text.as_deref().map(pattern).transpose();
        compiled.map_err(|e| {
            fail(format!("{key}: {e}"), "write a name, a pattern with * and ?, or /a regular expression/")
        })
    };
    let spec = OwnSpec {
        subject: pattern("subject", &entry.subject)?,
        symbol: pattern("symbol", &entry.symbol)?,
        ty: pattern("type", &entry.ty)?,
        artifact: pattern("artifact", &entry.artifact)?,
        soname: pattern("soname", &entry.soname)?,
        package: pattern("package", &entry.package)?,
        rules: match entry.rule {
            None => Vec::new(),
            Some(OneOrMore::One(rule)) => vec![rule],
            Some(OneOrMore::More(rules)) => rules,
        },
    };
    let disabled = expires.filter(|date| *date < today).map(|date| format!("expired on {date}"));
    let mut notes: Vec<String> = entry.owner.into_iter().collect();
    notes.extend(expires.map(|date| format!("until {date}")));
    notes.push(format!("{file}:{line}"));
    let reason = format!("{reason} ({})", notes.join(", "));
    Ok(Rule {
        file: file.clone(),
        line,
        reason,
        what,
        disabled,
        only_for: None,
        spec: Spec::Own(Box::new(spec)),
    })
}

/// A name, a pattern with `*` and `?`, or an expression between slashes.
fn pattern(text: &str) -> Result<Regexp, String> {
    match text.strip_prefix('/').and_then(|t| t.strip_suffix('/')) {
        Some(regexp) => Regexp::posix(regexp),
        None => Regexp::glob(text),
    }
}

/// `rule = "member-added", type = "foo"`
fn describe(entry: &Entry) -> String {
    let rule = entry.rule.as_ref().map(|rule| match rule {
        OneOrMore::One(rule) => rule.clone(),
        OneOrMore::More(rules) => rules.join(" or "),
    });
    let keys = [
        ("rule", &rule),
        ("subject", &entry.subject),
        ("symbol", &entry.symbol),
        ("type", &entry.ty),
        ("artifact", &entry.artifact),
        ("soname", &entry.soname),
        ("package", &entry.package),
    ];
    let given = keys.iter().filter_map(|(key, value)| Some(format!("{key} = {:?}", value.as_ref()?)));
    given.collect::<Vec<_>>().join(", ")
}
