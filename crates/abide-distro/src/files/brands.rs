//! The names of distributions in paths, scripts and vendors: what is left of the reference's, and what is lost.
//!
//! Which distributions there are, and their words, is data: `data/brands.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use abide_model::Side;
use bstr::{BStr, ByteSlice};
use serde::Deserialize;

use super::Compared;
use super::items::Item;
use crate::pairing::usr_merged;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    identity: Vec<String>,
    brand: Vec<Brand>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Brand {
    name: String,
    words: Vec<String>,
}

/// # Panics
/// When the data of this crate is malformed, which a test would have shown.
fn data() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        toml::from_str(include_str!("../../data/brands.toml"))
            .unwrap_or_else(|e| panic!("data/brands.toml: {e}"))
    })
}

impl Brand {
    fn is_named_in(&self, text: &[u8]) -> bool {
        let text = text.to_ascii_lowercase();
        self.words.iter().any(|word| text.contains_str(word))
    }
}

/// Whose distributions the sides are, where most of their packages say so.
pub(super) struct Brands {
    old: Option<&'static Brand>,
    new: Option<&'static Brand>,
}

impl Brands {
    pub(super) fn of(old: &Side, new: &Side) -> Self {
        Brands { old: of_side(old), new: of_side(new) }
    }

    /// Whether the sides are of one distribution, or one of them does not say of which.
    pub(super) fn is_same(&self) -> bool {
        let name = |brand: Option<&'static Brand>| brand.map(|brand| brand.name.as_str());
        self.old.is_none() || self.new.is_none() || name(self.old) == name(self.new)
    }

    /// Whether a text has one of the reference's names in it.
    pub(super) fn names_reference(&self, text: &[u8]) -> bool {
        self.old.is_some_and(|brand| brand.is_named_in(text))
    }
}

/// The brand of most vendors.
fn of_side(side: &Side) -> Option<&'static Brand> {
    let vendors = side.packages.iter().filter_map(|package| package.meta.as_ref()?.vendor.as_deref());
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for vendor in vendors {
        if let Some(at) = data().brand.iter().position(|brand| brand.is_named_in(vendor.as_bytes())) {
            *counts.entry(at).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(at, count)| (*count, std::cmp::Reverse(*at)));
    most.map(|(at, _)| &data().brand[at])
}

/// The reference's names in a package of another distribution.
pub(super) fn items(compared: &Compared<'_>) -> Vec<Item> {
    let brands = &compared.trees.brands;
    if brands.is_same() {
        return Vec::new();
    }
    let item = |case, name: String, what: &str, new: String| Item {
        rule: "branding-left",
        case,
        name,
        what: what.to_owned(),
        old: None,
        new: Some(new),
        asked_as: Vec::new(),
    };
    let mut items = Vec::new();
    let new = compared.new;
    if let Some(vendor) = new.vendor.filter(|vendor| brands.names_reference(vendor.as_bytes())) {
        items.push(item(Some("vendor"), new.name.to_owned(), "vendor", vendor.to_owned()));
    }
    for file in new.files.iter().filter(|file| brands.names_reference(&file.path)) {
        let case = is_identity(file.path.as_bstr()).then_some("identity");
        items.push(item(case, file.path.to_string(), "path", file.path.to_string()));
    }
    for script in new.scripts {
        let named = script.text.lines().filter(|line| !line.trim_start().starts_with(b"#"));
        for line in named.filter(|line| brands.names_reference(line)) {
            items.push(item(
                None,
                script.event.clone(),
                &format!("script {}", script.event),
                line.trim().to_str_lossy().into_owned(),
            ));
        }
    }
    items
}

fn is_identity(path: &BStr) -> bool {
    data().identity.iter().any(|known| usr_merged(known.as_bytes().as_bstr()) == usr_merged(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_have_names_and_words_in_lower_case() {
        for brand in &data().brand {
            assert!(!brand.name.is_empty() && !brand.words.is_empty());
            assert!(
                brand.words.iter().all(|word| word.to_lowercase() == *word && word.len() > 3),
                "{}",
                brand.name
            );
        }
        assert!(is_identity("/etc/os-release".into()) && !is_identity("/etc/passwd".into()));
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        let find = |text: &str| {
            let brand = data().brand.iter().find(|brand| brand.is_named_in(text.as_bytes()));
            brand.map(|brand| brand.name.as_str())
        };
        assert_eq!(find("Red Hat, Inc."), Some("Red Hat"));
        assert_eq!(find("/usr/share/redhat-release"), Some("Red Hat"));
        assert_eq!(find("AlmaLinux OS Foundation"), Some("AlmaLinux"));
        assert_eq!(find("Example"), None);
    }
}
