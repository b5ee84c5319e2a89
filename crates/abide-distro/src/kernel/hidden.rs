//! What checksums hide: differences of types while checksums stay, each with a judgement.
//!
//! genksyms makes a checksum of the source text as it reads it: what stands under `#ifndef __GENKSYMS__` is not in it, and
//! what a file does not see of a type neither. Red Hat's `RH_KABI_*` macros use the former to put members where reserved ones
//! were (`RH_KABI_USE`), to append (`RH_KABI_EXTEND`), to put one member in the place of another of its size
//! (`RH_KABI_REPLACE`, an anonymous union with the old member in it), and to leave members out (`RH_KABI_EXCLUDE`); see
//! `include/linux/rh_kabi.h` of Red Hat's kernels. gendwarfksyms has rules of its own for the same (Linux
//! `Documentation/kbuild/gendwarfksyms.rst`, "kABI rules").

use abide_model::{Detail, Finding, KabiRule, KabiRuleKind, Subject};

/// How a difference can escape the checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disguise {
    /// A reserved member gave its place to others; nothing else moved.
    ReservedUsed,
    /// A member was put in the place of another of its size, with the old one beside it in a union.
    Replaced,
    /// Members were appended.
    Extended,
    /// The definition lies in a source file or a header of the kernel's own: no module can see it.
    Private,
    /// A rule of the kernel's build says that modules see no more than a declaration.
    DeclarationOnly,
    /// A rule of the kernel's build leaves it out of the checksums.
    Ruled,
    /// What modules use moved, went away or has another size.
    Moved,
    /// Names, enumerators and the like, without effect on the layout.
    Harmless,
    /// Anything else.
    Other,
}

impl Disguise {
    /// Of a difference of types that the engine found; `rules` are those of the kernel's build.
    pub(super) fn of(finding: &Finding, rules: &[KabiRule]) -> Self {
        if matches!(finding.subject, Subject::Type(_)) && is_private(finding) {
            return Self::Private;
        }
        let plain = Self::plain(finding);
        let Some(kind) = ruled(finding, rules) else { return plain };
        match plain {
            // Safe by itself.
            Self::ReservedUsed | Self::Harmless => plain,
            _ if kind == KabiRuleKind::DeclarationOnly => Self::DeclarationOnly,
            Self::Replaced | Self::Extended => plain,
            _ => Self::Ruled,
        }
    }

    /// The same for who sees the definition, wherever it is written.
    pub(super) fn plain(finding: &Finding) -> Self {
        let mut rules: Vec<&str> = finding.details.iter().map(|d| d.rule).collect();
        if rules.is_empty() {
            rules.push(finding.rule);
        }
        let has = |rule: &str| rules.contains(&rule);
        let only = |allowed: &[&str]| rules.iter().all(|rule| allowed.contains(rule));
        let is_replaced = finding.details.iter().any(is_compatible_union);
        match () {
            () if only(HARMLESS) => Self::Harmless,
            () if has("reserved-member-used") && only(&RESERVED_USED) => Self::ReservedUsed,
            () if is_replaced && !has("member-moved") && !has("record-size-changed") => Self::Replaced,
            () if has("member-added") && only(&EXTENDED) => Self::Extended,
            () if matches!(finding.subject, Subject::Symbol(_)) && only(&OBJECT_GREW) => Self::Extended,
            () if MOVED.iter().any(|rule| has(rule)) => Self::Moved,
            () => Self::Other,
        }
    }

    /// The case of `kernel-hidden-change`, for a difference that no checksum tells of or, `is_partly`, that the checksums of
    /// some of the symbols tell of.
    pub(super) fn case(self, is_partly: bool) -> Option<&'static str> {
        match self {
            Self::ReservedUsed => Some("reserved"),
            Self::Replaced => Some("replaced"),
            Self::Private => Some("private"),
            Self::DeclarationOnly => Some("declared-only"),
            Self::Ruled => Some("ruled"),
            Self::Harmless => Some("no-layout"),
            _ if is_partly => Some("partly"),
            Self::Extended => Some("extended"),
            Self::Moved => Some("moved"),
            Self::Other => None,
        }
    }
}

const HARMLESS: &[&str] = &[
    "enumerator-added",
    "enumerator-renamed",
    "member-renamed",
    "typedef-renamed",
    "base-type-renamed",
    "type-renamed",
    "type-became-defined",
    "qualifier-changed",
];
const RESERVED_USED: [&str; 3] = ["reserved-member-used", "member-added", "member-renamed"];
const EXTENDED: [&str; 4] = ["member-added", "record-size-changed", "member-renamed", "alignment-changed"];
/// An array that modules know as one of unknown length.
const OBJECT_GREW: [&str; 2] = ["array-length-changed", "object-size-changed"];
const MOVED: [&str; 11] = [
    "member-moved",
    "member-removed",
    "record-size-changed",
    "type-changed",
    "parameter-added",
    "parameter-removed",
    "array-length-changed",
    "bit-field-changed",
    "enumerator-value-changed",
    "enumerator-removed",
    "type-replaced",
];

/// `RH_KABI_REPLACE` keeps the old member in a union under a name of its own, and so does gendwarfksyms' `__kabi_renamed`.
fn is_compatible_union(detail: &Detail) -> bool {
    let texts = [Some(&detail.what), detail.old.as_ref(), detail.new.as_ref()];
    let is_mark =
        |text: &&String| ["rh_kabi_hid", "__kabi_renamed", "__kabi_ignored"].iter().any(|m| text.contains(m));
    texts.into_iter().flatten().any(|text| is_mark(&text))
}

/// The rule about a type that differs; the strongest when there are several.
fn ruled(finding: &Finding, rules: &[KabiRule]) -> Option<KabiRuleKind> {
    let Subject::Type(name) = &finding.subject else { return None };
    let plain = ["struct ", "union ", "enum ", "class "].iter().find_map(|k| name.strip_prefix(k));
    let name = plain.unwrap_or(name).as_bytes();
    let is_about = |rule: &&KabiRule| match rule.target.strip_prefix(name) {
        Some(rest) => rest.is_empty() || rest[0] == b' ',
        None => false,
    };
    rules.iter().filter(is_about).map(|rule| rule.kind).min()
}

/// Declared in a source file, or in a header that is not below an `include` folder: modules are built with the headers of
/// the latter alone.
fn is_private(finding: &Finding) -> bool {
    let Some(place) = &finding.old.declaration else { return false };
    let file = place.rsplit_once(':').map_or(place.as_str(), |(file, _)| file);
    !file.split('/').any(|part| part == "include")
}
