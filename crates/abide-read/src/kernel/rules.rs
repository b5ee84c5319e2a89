//! The rules by which gendwarfksyms leaves types out of checksums (Linux `Documentation/kbuild/gendwarfksyms.rst`, "kABI
//! rules"), from the object files of a kernel's build: the linker drops their section from images and modules.
//!
//! A rule is four texts that end with a zero byte: the version of the form, the kind of rule, its target, its value.

use abide_model::{KabiRule, KabiRuleKind};
use bstr::{BString, ByteSlice};
use object::{Object as _, ObjectSection as _};

use super::shown;

/// The section of an object file that has them.
const SECTION: &str = ".discard.gendwarfksyms.kabi_rules";

/// Texts of one rule.
const FIELDS: usize = 4;

/// Why the rules of an object file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KabiRulesError {
    /// It is no ELF file; carries the reason.
    #[error("it is no object file that can be read: {0}")]
    Object(String),
    /// There is no such section in it.
    #[error(
        "it has no section {SECTION}; the linker drops it, so that object files of the build have it and modules have not"
    )]
    NoSection,
    /// A rule ends in the middle; carries its number and how many of its texts are there.
    #[error("rule {number} has {found} of its 4 texts: version, kind, target, value")]
    Cut {
        /// From 1.
        number: usize,
        /// Texts that end with a zero byte.
        found: usize,
    },
    /// A rule of another version; carries its number and the version.
    #[error("rule {number} is of version {version:?}, and 1 is known")]
    Version {
        /// From 1.
        number: usize,
        /// What is there.
        version: String,
    },
    /// A rule of an unknown kind; carries its number and the kind.
    #[error(
        "rule {number} is of the kind {kind:?}, which is not known (declonly, enumerator_ignore, enumerator_value, byte_size, type_string)"
    )]
    Kind {
        /// From 1.
        number: usize,
        /// What is there.
        kind: String,
    },
}

/// Reads the rules of an object file, sorted, each once.
///
/// # Errors
/// When it is no ELF file, has no rules, or has one that is damaged or of another kind.
pub fn read_rules(bytes: &[u8]) -> Result<Vec<KabiRule>, KabiRulesError> {
    let object = |error: object::Error| KabiRulesError::Object(error.to_string());
    let file = object::File::parse(bytes).map_err(object)?;
    let mut rules = Vec::new();
    let mut is_there = false;
    for section in file.sections().filter(|section| section.name_bytes() == Ok(SECTION.as_bytes())) {
        is_there = true;
        rules.append(&mut parse_rules(section.data().map_err(object)?)?);
    }
    rules.sort();
    rules.dedup();
    if is_there { Ok(rules) } else { Err(KabiRulesError::NoSection) }
}

/// Reads the content of one such section, in its order.
///
/// # Errors
/// At the first rule that is damaged or of another kind.
pub fn parse_rules(section: &[u8]) -> Result<Vec<KabiRule>, KabiRulesError> {
    let mut rules = Vec::new();
    let mut left = section;
    while !left.is_empty() {
        let number = rules.len() + 1;
        let mut fields: [&[u8]; FIELDS] = [&[]; FIELDS];
        for (found, field) in fields.iter_mut().enumerate() {
            let end = left.find_byte(0).ok_or(KabiRulesError::Cut { number, found })?;
            (*field, left) = (&left[..end], &left[end + 1..]);
        }
        let [version, kind, target, value] = fields;
        if version != b"1" {
            return Err(KabiRulesError::Version { number, version: shown(version) });
        }
        let kind = match kind {
            b"declonly" => KabiRuleKind::DeclarationOnly,
            b"enumerator_ignore" => KabiRuleKind::EnumeratorIgnored,
            b"enumerator_value" => KabiRuleKind::EnumeratorValue,
            b"byte_size" => KabiRuleKind::Size,
            b"type_string" => KabiRuleKind::Text,
            other => return Err(KabiRulesError::Kind { number, kind: shown(other) }),
        };
        rules.push(KabiRule { target: target_of(target), kind, value: value.into() });
    }
    Ok(rules)
}

/// The name of the type: as gendwarfksyms has it in `--dump-types`, without the letter of its kind, or plain.
fn target_of(target: &[u8]) -> BString {
    let is_kind = |b: &u8| b"setu".contains(b);
    let name = match target {
        [kind, b'#', name @ ..] if is_kind(kind) => name,
        name => name,
    };
    name.trim_with(|c| c == '\'').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_follow_each_other() {
        let rules =
            parse_rules(b"1\0declonly\0s\0\x001\0enumerator_value\0e LAST\x002\0").expect("two rules");
        assert_eq!(rules.len(), 2);
        assert_eq!((rules[0].target.as_slice(), rules[0].kind), (&b"s"[..], KabiRuleKind::DeclarationOnly));
        assert_eq!((rules[1].target.as_slice(), rules[1].value.as_slice()), (&b"e LAST"[..], &b"2"[..]));
    }

    #[test]
    fn what_is_damaged_is_named() {
        let said = |section: &[u8]| parse_rules(section).expect_err("refused").to_string();
        assert!(said(b"1\0declonly\0s").starts_with("rule 1 has 2 of its 4 texts"));
        assert!(said(b"2\0declonly\0s\0\0").contains("version \"2\""));
        assert!(said(b"1\0other\0s\0\0").contains("\"other\""));
        assert!(matches!(read_rules(b"text"), Err(KabiRulesError::Object(_))));
    }
}
