//! `origin:` of an action: where a modification comes from and why, and the comment that says so in the spec.

use super::config::{ConfigError, Fields};
use super::yaml::{Data, Node};

/// Where a modification comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where it was taken from.
    pub link: Option<String>,
    /// What kind of divergence it is.
    pub kind: Option<String>,
    /// Why it is there.
    pub reason: Option<String>,
    /// Bugs, as links or identifiers.
    pub bugs: Vec<String>,
    /// CVE identifiers.
    pub cves: Vec<String>,
    /// How it stands with those who would take it.
    pub upstream: Option<String>,
    /// Who decided.
    pub approved_by: Option<String>,
    /// The day from which on it must be looked at again, `YYYY-MM-DD`.
    pub expires: Option<String>,
}

/// The kinds of divergence.
pub const KINDS: &[&str] = &["branding", "architecture", "hardware", "security", "bug", "feature", "build"];

pub(super) fn read(node: &Node) -> Result<Origin, ConfigError> {
    const KEYS: &[&str] = &["link", "kind", "reason", "bug", "cve", "upstream", "approved-by", "expires"];
    let fields = Fields::new(node, "origin", KEYS)?;
    let at = |key: &str| fields.get(key).map_or(node.line, |n| n.line);
    let wrong = |key: &str, message: String| Err(ConfigError { line: at(key), message });
    let origin = Origin {
        link: fields.text("link")?,
        kind: fields.text("kind")?,
        reason: fields.text("reason")?,
        bugs: several(&fields, "bug")?,
        cves: several(&fields, "cve")?,
        upstream: fields.text("upstream")?,
        approved_by: fields.text("approved-by")?,
        expires: fields.text("expires")?,
    };
    if let Some(kind) = &origin.kind
        && !KINDS.contains(&kind.as_str())
    {
        return wrong("kind", format!("kind is one of {}, not {kind:?}", KINDS.join(", ")));
    }
    if let Some(date) = &origin.expires
        && crate::modify::date::Date::parse(date).is_none()
    {
        return wrong("expires", format!("expires is a date like 2025-12-31, not {date:?}"));
    }
    if let Some(bad) = origin.cves.iter().find(|cve| !is_cve(cve)) {
        return wrong("cve", format!("{bad:?} is no CVE identifier"));
    }
    let texts = [&origin.link, &origin.upstream, &origin.approved_by].into_iter().flatten();
    if let Some(bad) = texts.chain(&origin.bugs).find(|text| text.trim().contains('\n')) {
        return Err(ConfigError { line: node.line, message: format!("{bad:?} takes more than one line") });
    }
    Ok(origin)
}

/// One value or a list of them.
fn several(fields: &Fields<'_>, key: &str) -> Result<Vec<String>, ConfigError> {
    match fields.get(key) {
        Some(Node { data: Data::List(items), .. }) => items
            .iter()
            .map(|item| {
                item.text().map(str::to_owned).ok_or_else(|| ConfigError {
                    line: item.line,
                    message: format!("{key} holds {} where a text is expected", item.kind()),
                })
            })
            .collect(),
        _ => Ok(fields.text(key)?.into_iter().collect()),
    }
}

/// `CVE-YYYY-NNNN` with four digits or more at the end.
pub fn is_cve(text: &str) -> bool {
    let Some((year, number)) = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
}

impl Origin {
    /// The comment lines that say it above a patch. A `%` is doubled: rpm expands macros in comments too.
    pub fn comment(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut add = |text: String| lines.push(format!("# {}", text.replace('%', "%%")));
        for line in self.reason.iter().flat_map(|reason| reason.trim().lines()) {
            add(line.trim_end().to_owned());
        }
        let named = [
            ("Origin", self.link.clone()),
            ("Kind", self.kind.clone()),
            ("Bug", joined(&self.bugs)),
            ("CVE", joined(&self.cves)),
            ("Upstream-Status", self.upstream.clone()),
            ("Approved-By", self.approved_by.clone()),
            ("Expires", self.expires.clone()),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                add(format!("{name}: {}", value.trim()));
            }
        }
        lines
    }
}

fn joined(values: &[String]) -> Option<String> {
    (!values.is_empty()).then(|| values.iter().map(|v| v.trim()).collect::<Vec<_>>().join(", "))
}
