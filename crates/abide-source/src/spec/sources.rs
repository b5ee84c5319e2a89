//! `Patch` and `Source` lines of a spec, of its `%patchlist` and `%sourcelist`, and of files of patch lines.

use super::{Spec, is_comment};

/// A patch or a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `PatchN:`
    Patch,
    /// `SourceN:`
    Source,
}

impl Kind {
    /// The tag's word.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Patch => "Patch",
            Kind::Source => "Source",
        }
    }

    /// The section that lists names without tags.
    pub fn list(self) -> &'static str {
        match self {
            Kind::Patch => "patchlist",
            Kind::Source => "sourcelist",
        }
    }
}

/// One line that names a patch or a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which of the two.
    pub kind: Kind,
    /// Its number, written or counted.
    pub number: u32,
    /// Whether the number is written.
    pub numbered: bool,
    /// The value as written.
    pub value: String,
    /// Index of the line.
    pub line: usize,
    /// Whether it stands in a `%patchlist` or `%sourcelist`.
    pub listed: bool,
}

impl Entry {
    /// The file's name as written: the last part of the value, or the fragment of a URL that names it.
    pub fn file(&self) -> &str {
        let last = self.value.rsplit('/').next().unwrap_or(&self.value);
        match self.value.rsplit_once("#/") {
            Some((_, name)) => name,
            None => last,
        }
    }
}

/// All patch and source lines, in order, whatever condition they stand under.
pub fn entries(spec: &Spec) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut next = [0u32; 2];
    for section in spec.sections() {
        let listed = match section.name.as_str() {
            "patchlist" => Some(Kind::Patch),
            "sourcelist" => Some(Kind::Source),
            _ if section.is_preamble() => None,
            _ => continue,
        };
        for line in section.body()..section.end {
            let text = &spec.lines()[line];
            let found = match listed {
                Some(kind) => list_item(text).map(|value| (kind, None, value)),
                None => entry(text),
            };
            let Some((kind, number, value)) = found else { continue };
            let next = &mut next[kind as usize];
            let numbered = number.is_some();
            let number = number.unwrap_or(*next);
            *next = number.saturating_add(1);
            let value = value.to_owned();
            entries.push(Entry { kind, number, numbered, value, line, listed: listed.is_some() });
        }
    }
    entries
}

/// `PatchN: value` or `SourceN: value`, in any case and with white space where rpm allows it.
pub fn entry(line: &str) -> Option<(Kind, Option<u32>, &str)> {
    let line = line.trim();
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let rest = |word: &str| {
        name.get(..word.len()).filter(|n| n.eq_ignore_ascii_case(word)).map(|n| &name[n.len()..])
    };
    let (kind, digits) = match (rest("Patch"), rest("Source")) {
        (Some(digits), _) => (Kind::Patch, digits),
        (_, Some(digits)) => (Kind::Source, digits),
        _ => return None,
    };
    let number = if digits.is_empty() { None } else { Some(number(digits)?) };
    let value = value.trim();
    (!value.is_empty()).then_some((kind, number, value))
}

/// A decimal number of nothing but digits.
pub fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn list_item(line: &str) -> Option<&str> {
    let line = line.trim();
    (!line.is_empty() && !is_comment(line) && super::condition(line).is_none()).then_some(line)
}

/// The files that the spec takes in with `%include`, as written; `%{SOURCEn}` is replaced by that source's file.
pub fn includes(spec: &Spec) -> Vec<String> {
    let entries = entries(spec);
    let included = spec.lines().iter().filter_map(|line| line.trim().strip_prefix("%include"));
    included
        .filter_map(|rest| {
            let value = rest.trim();
            let inner =
                value.strip_prefix("%{").and_then(|v| v.strip_suffix('}')).or(value.strip_prefix('%'));
            let Some(word) =
                inner.and_then(|w| w.get(..6).filter(|n| n.eq_ignore_ascii_case("source")).map(|_| &w[6..]))
            else {
                return Some(crate::files::name(value).to_owned());
            };
            let wanted = if word.is_empty() { 0 } else { number(word)? };
            entries
                .iter()
                .find(|e| e.kind == Kind::Source && e.number == wanted)
                .map(|entry| entry.file().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_or_counted() {
        let spec = Spec::new(
            "Patch: a\nPatch0007 : b\npatch:c\n#Patch9: no\nSource: s\nPatches: no\nPatch10:\n%description\nPatch8: no\n\
             %patchlist\nd.patch\n# no\n%prep\nPatch2: no\n",
        );
        let found: Vec<_> = entries(&spec).into_iter().map(|e| (e.kind.word(), e.number, e.value)).collect();
        let expected = [
            ("Patch", 0, "a"),
            ("Patch", 7, "b"),
            ("Patch", 8, "c"),
            ("Source", 0, "s"),
            ("Patch", 9, "d.patch"),
        ];
        assert_eq!(found, expected.map(|(kind, number, value)| (kind, number, value.to_owned())));
    }

    #[test]
    fn names_of_files() {
        let entry = |value: &str| Entry {
            kind: Kind::Patch,
            number: 0,
            numbered: true,
            value: value.into(),
            line: 0,
            listed: false,
        };
        assert_eq!(entry("https://example.org/x/%{name}.patch").file(), "%{name}.patch");
        assert_eq!(entry("https://example.org/x/abc.patch?id=1#/fix.patch").file(), "fix.patch");
    }

    #[test]
    fn included_files() {
        let spec = Spec::new("Source3: a/x.patches\n%include %{SOURCE3}\n%include other.inc\n");
        assert_eq!(includes(&spec), ["x.patches", "other.inc"]);
    }
}
