//! Every dependency's licence against deny.toml, from `cargo metadata` alone.

use std::collections::BTreeSet;

use spdx::{Expression, LicenseReq, ParseMode};

use crate::workspace::{self, Outcome};

/// Fails with the list of packages that deny.toml does not allow.
pub(crate) fn check() -> Outcome {
    let allowed = allowed()?;
    let metadata = workspace::metadata()?;
    let packages = workspace::packages(&metadata);
    let mut wrong = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence, &allowed) {
            wrong.push(format!("{} {}: '{licence}'", package["name"], package["version"]));
        }
    }
    if wrong.is_empty() {
        println!("licences: {} packages, all allowed by deny.toml", packages.len());
        return Ok(());
    }
    Err(format!("licences that deny.toml does not allow:\n  {}", wrong.join("\n  ")))
}

/// `[licenses] allow` of deny.toml.
fn allowed() -> Outcome<BTreeSet<String>> {
    let path = workspace::root().join("deny.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let table: toml::Table = text.parse().map_err(|e| format!("{}: {e}", path.display()))?;
    let list = table.get("licenses").and_then(|l| l.get("allow")).and_then(toml::Value::as_array);
    let list = list.ok_or("deny.toml has no [licenses] allow")?;
    Ok(list.iter().filter_map(|l| l.as_str().map(str::to_owned)).collect())
}

/// Whether an SPDX expression (or cargo's old form with a slash) can be met with the allowed licences.
fn is_allowed(licence: &str, allowed: &BTreeSet<String>) -> bool {
    let meets = |requirement: &LicenseReq| allowed.contains(&requirement.to_string());
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|e| e.evaluate(meets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated() {
        let allowed = allowed().unwrap();
        for yes in ["MIT", "MIT/Apache-2.0", "GPL-2.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(is_allowed(yes, &allowed), "{yes}");
        }
        for no in ["", "GPL-3.0-only", "LGPL-2.1-or-later", "MIT AND GPL-2.0-only", "nonsense"] {
            assert!(!is_allowed(no, &allowed), "{no}");
        }
    }
}
