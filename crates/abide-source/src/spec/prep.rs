//! How a spec applies its patches, read from its `%prep`.

use super::sources::number;
use super::{Section, Spec};

/// How one line applies patches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apply {
    /// `%patchN`
    Numbered(u32),
    /// `%patch -P N`; `joined` without the space.
    Option {
        /// Which patch.
        number: u32,
        /// Whether it is written `-PN`.
        joined: bool,
    },
    /// `%patch N`, of rpm 4.18 and later.
    Argument(u32),
    /// `ApplyPatch name` of the kernel, also `ApplyOptionalPatch`.
    Function(String),
    /// `%autosetup` or `%autopatch` with the least and most number, both included.
    All {
        /// From this number on.
        least: u32,
        /// Up to this number.
        most: u32,
    },
}

/// A line of `%prep` that applies patches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// How.
    pub how: Apply,
    /// Index of the line.
    pub line: usize,
}

/// What applies patches, in order.
pub fn applications(spec: &Spec) -> Vec<Application> {
    let Some(prep) = spec.section("prep") else { return Vec::new() };
    let mut found = Vec::new();
    for line in prep.body()..prep.end {
        applications_of(&spec.lines()[line], line, &mut found);
    }
    found
}

fn applications_of(text: &str, line: usize, found: &mut Vec<Application>) {
    let text = text.trim();
    if text.starts_with('#') {
        return;
    }
    let mut add = |how| found.push(Application { how, line });
    // Conditional calls, `%{?x:%patch1 -p1}`, count like others.
    let text = match text.strip_prefix("%{") {
        Some(_) => text.find("%patch").map_or(text, |at| text[at..].trim_end_matches('}')),
        None => text,
    };
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let whole_list = ["%{patches}", "%{PATCHES}", "%patches"].iter().any(|list| text.contains(list));
    match word {
        "%autosetup" if has_option(rest, 'N') => {}
        "%autosetup" => add(Apply::All { least: 0, most: u32::MAX }),
        "%autopatch" => autopatch(rest).into_iter().for_each(add),
        "ApplyPatch" | "ApplyOptionalPatch" => {
            if let Some(name) = rest.split_whitespace().next().filter(|name| !name.starts_with(['$', '"'])) {
                add(Apply::Function(name.to_owned()));
            }
        }
        // The whole list, handed to git or to a loop.
        _ if whole_list => add(Apply::All { least: 0, most: u32::MAX }),
        _ => patch_macro(word, rest).into_iter().for_each(add),
    }
}

fn patch_macro(word: &str, rest: &str) -> Vec<Apply> {
    let Some(digits) = word.strip_prefix("%patch") else { return Vec::new() };
    let mut found: Vec<Apply> =
        number(digits).filter(|_| !digits.is_empty()).map(Apply::Numbered).into_iter().collect();
    if !digits.is_empty() {
        return found;
    }
    let mut words = rest.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word == "-P" {
            found.extend(words.next().and_then(number).map(|number| Apply::Option { number, joined: false }));
        } else if let Some(digits) = word.strip_prefix("-P") {
            found.extend(number(digits).map(|number| Apply::Option { number, joined: true }));
        } else if matches!(word, "-p" | "-b" | "-z" | "-F" | "-d" | "-o") {
            words.next();
        } else if let Some(argument) = number(word) {
            found.push(Apply::Argument(argument));
        }
    }
    // Without a number it is patch 0, in rpm before 4.20.
    if found.is_empty() {
        found.push(Apply::Numbered(0));
    }
    found
}

/// `%autopatch [-m N] [-M N] [N…]`
fn autopatch(rest: &str) -> Vec<Apply> {
    let (mut least, mut most, mut single) = (0, u32::MAX, Vec::new());
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        let mut value = |letter: &str| match word.strip_prefix(letter) {
            Some("") => words.next().and_then(number),
            Some(digits) => number(digits),
            None => None,
        };
        if let Some(found) = value("-m") {
            least = found;
        } else if let Some(found) = value("-M") {
            most = found;
        } else if word == "-p" {
            words.next();
        } else if let Some(found) = number(word) {
            single.push(Apply::All { least: found, most: found });
        }
    }
    if single.is_empty() { vec![Apply::All { least, most }] } else { single }
}

/// Whether options without values hold a letter: `-q -N`, `-qN`.
fn has_option(rest: &str, letter: char) -> bool {
    rest.split_whitespace().any(|word| {
        word.starts_with('-')
            && !word.starts_with("--")
            && word[1..].chars().take_while(|c| "qTDcCvN".contains(*c)).any(|c| c == letter)
    })
}

/// Whether a patch number is applied by a line that takes whole ranges.
pub fn in_a_range(applications: &[Application], number: u32) -> bool {
    applications
        .iter()
        .any(|a| matches!(a.how, Apply::All { least, most } if (least..=most).contains(&number)))
}

/// Index of the last `%setup` or `%autosetup` line.
pub fn setup(spec: &Spec, prep: &Section) -> Option<usize> {
    (prep.body()..prep.end).rev().find(|line| {
        let word = spec.lines()[*line].split_whitespace().next().unwrap_or_default();
        matches!(word, "%setup" | "%autosetup" | "%forgesetup" | "%forgeautosetup")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style() {
        let spec = Spec::new(
            "%prep\n%setup -q\n%autosetup -n x -N -p1\n%patch0007 -p1 -b .x\n%patch -P 3 -p 1\n%patch -P4 -P5\n%patch 6 -p1\n\
             #%patch8\nApplyPatch a.patch -R\n%autopatch -p1 -m 10 -M20\n%autopatch 30 31\n%{?x:%patch40 -p1}\n\
             git am %{patches}\n%patch -p1\n%build\n%patch99\n",
        );
        let found: Vec<_> = applications(&spec).into_iter().map(|a| a.how).collect();
        let option = |number, joined| Apply::Option { number, joined };
        let all = |least, most| Apply::All { least, most };
        assert_eq!(
            found,
            [
                Apply::Numbered(7),
                option(3, false),
                option(4, true),
                option(5, true),
                Apply::Argument(6),
                Apply::Function("a.patch".into()),
                all(10, 20),
                all(30, 30),
                all(31, 31),
                Apply::Numbered(40),
                all(0, u32::MAX),
                Apply::Numbered(0),
            ]
        );
    }
}
