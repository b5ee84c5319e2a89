//! Rich dependencies: `(foo or (bar with baz >= 2))`.
//!
//! Grammar: rpm's "Boolean Dependencies" and `rpmrichParse` of its `lib/rpmds.c`. Debian's alternatives are written
//! in the same way by the reader.

use abide_model::Sense;

/// How deep dependencies may nest, and how many parts one may have.
const DEPTH_MAX: usize = 32;
const PARTS_MAX: usize = 4096;

/// A dependency as a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rich<'t> {
    /// One capability.
    Atom(Atom<'t>),
    /// All of them.
    And(Vec<Rich<'t>>),
    /// One of them.
    Or(Vec<Rich<'t>>),
    /// The first when the second is installed, else the third.
    If(Box<[Rich<'t>; 2]>, Option<Box<Rich<'t>>>),
    /// The first unless the second is installed, then the third.
    Unless(Box<[Rich<'t>; 2]>, Option<Box<Rich<'t>>>),
    /// One package that has all of them.
    With(Vec<Rich<'t>>),
    /// One package that has the first and not the second.
    Without(Box<[Rich<'t>; 2]>),
}

/// A capability with a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Atom<'t> {
    pub(crate) name: &'t str,
    pub(crate) sense: Sense,
    pub(crate) version: &'t str,
}

/// Whether a requirement's name is a rich dependency.
pub(crate) fn is_rich(name: &str) -> bool {
    name.starts_with('(')
}

/// Reads a rich dependency; `None` for what is none.
pub(crate) fn parse(text: &str) -> Option<Rich<'_>> {
    let mut parser = Parser { rest: text, parts: 0 };
    let found = parser.rich(0)?;
    parser.skip_space();
    parser.rest.is_empty().then_some(found)
}

impl<'t> Rich<'t> {
    /// Every capability that is named.
    pub(crate) fn atoms(&self, visit: &mut impl FnMut(&Atom<'t>)) {
        match self {
            Rich::Atom(atom) => visit(atom),
            Rich::And(parts) | Rich::Or(parts) | Rich::With(parts) => {
                parts.iter().for_each(|part| part.atoms(visit));
            }
            Rich::If(two, third) | Rich::Unless(two, third) => {
                two.iter().chain(third.as_deref()).for_each(|part| part.atoms(visit));
            }
            Rich::Without(two) => two.iter().for_each(|part| part.atoms(visit)),
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    parts: usize,
}

impl<'t> Parser<'t> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// `( part [op part]… )`.
    fn rich(&mut self, depth: usize) -> Option<Rich<'t>> {
        self.rest = self.rest.strip_prefix('(')?;
        let mut parts = vec![self.part(depth)?];
        let mut operator = None;
        let mut last = None;
        while !self.closes() {
            let word = self.word()?;
            match (operator, word) {
                (None, word) => operator = Some(word),
                (Some("if" | "unless"), "else") => {
                    last = Some(self.part(depth)?);
                    break;
                }
                // Only these chain; others need parentheses.
                (Some(known), word) if known == word && matches!(word, "and" | "or" | "with") => {}
                _ => return None,
            }
            parts.push(self.part(depth)?);
        }
        if !self.closes() {
            return None;
        }
        self.rest = &self.rest[1..];
        build(operator, parts, last)
    }

    fn closes(&mut self) -> bool {
        self.skip_space();
        self.rest.starts_with(')')
    }

    fn word(&mut self) -> Option<&'t str> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic())?;
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn part(&mut self, depth: usize) -> Option<Rich<'t>> {
        self.skip_space();
        self.parts += 1;
        if depth >= DEPTH_MAX || self.parts > PARTS_MAX {
            return None;
        }
        match self.rest.starts_with('(') {
            true => self.rich(depth + 1),
            false => self.atom().map(Rich::Atom),
        }
    }

    /// `name [sign version]`; a name has parentheses of its own, which are balanced.
    fn atom(&mut self) -> Option<Atom<'t>> {
        let name = self.text()?;
        self.skip_space();
        let end = self.rest.find(|c: char| !"<>=".contains(c)).unwrap_or(self.rest.len());
        let (sign, rest) = self.rest.split_at(end);
        if sign.is_empty() {
            return Some(Atom { name, sense: Sense::ANY, version: "" });
        }
        self.rest = rest;
        self.skip_space();
        Some(Atom { name, sense: Sense::of_sign(sign)?, version: self.text()? })
    }

    fn text(&mut self) -> Option<&'t str> {
        let mut open = 0usize;
        let ends = |c: char| {
            match c {
                '(' => open += 1,
                ')' if open == 0 => return true,
                ')' => open -= 1,
                _ => {}
            }
            c.is_whitespace()
        };
        let end = self.rest.find(ends)?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!text.is_empty()).then_some(text)
    }
}

fn build<'t>(operator: Option<&str>, mut parts: Vec<Rich<'t>>, last: Option<Rich<'t>>) -> Option<Rich<'t>> {
    let third = last.map(Box::new);
    let two = |parts: Vec<Rich<'t>>| <[Rich<'t>; 2]>::try_from(parts).ok().map(Box::new);
    Some(match operator {
        None => parts.pop()?,
        Some("and") => Rich::And(parts),
        Some("or") => Rich::Or(parts),
        Some("with") => Rich::With(parts),
        Some("without") => Rich::Without(two(parts)?),
        Some("if") => Rich::If(two(parts)?, third),
        Some("unless") => Rich::Unless(two(parts)?, third),
        Some(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom<'t>(name: &'t str, sign: &str, version: &'t str) -> Rich<'t> {
        Rich::Atom(Atom { name, sense: Sense::of_sign(sign).unwrap_or_default(), version })
    }

    #[test]
    fn dependencies_of_real_packages() {
        assert_eq!(parse("(foo)"), Some(atom("foo", "", "")));
        assert_eq!(
            parse("(libc.so.6(GLIBC_2.4)(64bit) or b >= 1:2)"),
            Some(Rich::Or(vec![atom("libc.so.6(GLIBC_2.4)(64bit)", "", ""), atom("b", ">=", "1:2")]))
        );
        assert_eq!(
            parse("(selinux-policy-targeted if (selinux-policy and x = 1) else y)"),
            Some(Rich::If(
                Box::new([
                    atom("selinux-policy-targeted", "", ""),
                    Rich::And(vec![atom("selinux-policy", "", ""), atom("x", "=", "1")])
                ]),
                Some(Box::new(atom("y", "", "")))
            ))
        );
        assert_eq!(
            parse("(crate(a/default) >= 1.0 with crate(a/default) < 2.0~)"),
            Some(Rich::With(vec![
                atom("crate(a/default)", ">=", "1.0"),
                atom("crate(a/default)", "<", "2.0~")
            ]))
        );
        assert_eq!(
            parse("(a without b)"),
            Some(Rich::Without(Box::new([atom("a", "", ""), atom("b", "", "")])))
        );
    }

    #[test]
    fn what_is_none_is_refused() {
        let deep = format!("{}a{}", "(".repeat(500), ")".repeat(500));
        for text in [
            "",
            "(",
            "()",
            "(a",
            "(a b)",
            "(a or)",
            "(a or b and c)",
            "(a if b if c)",
            "(a ! b)",
            "(a) x",
            &deep,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_is_found() {
        let mut names = Vec::new();
        parse("(a or (b if c else (d without e)))")
            .unwrap()
            .atoms(&mut |atom| names.push(atom.name.to_owned()));
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
    }
}
