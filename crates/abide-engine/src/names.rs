//! Type names without what compilers spell differently.
//!
//! `V<A*>` and `V<A *>`, `M<V<int> >` and `M<V<int>>`, `long unsigned int` and `unsigned long`, `array<int, 3ul>`
//! and `array<int, 3>` are one type each; gcc writes the first, clang the second. Real differences, such as
//! another inline namespace, stay.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};

/// The normal spelling of a type's name.
pub(crate) fn normal(name: &BStr) -> Cow<'_, BStr> {
    if name.iter().all(|&b| is_word(b) || b == b':') && !is_base_word(name) && !name.starts_with_digit() {
        return Cow::Borrowed(name);
    }
    Cow::Owned(rewrite(name).into())
}

/// Whether two names are one in every compiler's spelling.
pub(crate) fn same(a: &BStr, b: &BStr) -> bool {
    a == b || normal(a) == normal(b)
}

/// Whether two names of floating types of one size stand for one format.
///
/// `_Float64x` is what `long double` is wherever that has more bits than `double` (ISO/IEC TS 18661-3; gcc's manual,
/// "Floating Types"), and `__float128` another name of `_Float128`.
pub(crate) fn same_format(a: &BStr, b: &BStr) -> bool {
    let format = |name: &BStr| {
        let name = normal(name).replace("_Float64x", "long double").replace("__float80", "long double");
        name.replace("__float128", "_Float128")
    };
    same(a, b) || format(a) == format(b)
}

trait StartsWithDigit {
    fn starts_with_digit(&self) -> bool;
}

impl StartsWithDigit for BStr {
    fn starts_with_digit(&self) -> bool {
        self.first().is_some_and(u8::is_ascii_digit)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The words of which the standard integer types are made.
fn is_base_word(word: &[u8]) -> bool {
    matches!(word, b"unsigned" | b"signed" | b"long" | b"short" | b"int" | b"char" | b"double" | b"__int128")
}

fn rewrite(name: &BStr) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut base = BaseWords::default();
    let mut rest: &[u8] = name;
    while let Some(&first) = rest.first() {
        if first.is_ascii_whitespace() {
            rest = &rest[1..];
            continue;
        }
        if !is_word(first) {
            base.flush(&mut out);
            out.push(first);
            rest = &rest[1..];
            continue;
        }
        let len = rest.iter().position(|&b| !is_word(b)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(len);
        rest = after;
        if is_base_word(word) {
            base.add(word);
        } else {
            base.flush(&mut out);
            push_word(&mut out, without_integer_suffix(word));
        }
    }
    base.flush(&mut out);
    out
}

/// Appends a word, parted by a blank from a word before it.
fn push_word(out: &mut Vec<u8>, word: &[u8]) {
    if out.last().is_some_and(|&b| is_word(b)) {
        out.push(b' ');
    }
    out.extend_from_slice(word);
}

/// `3ul` → `3`.
fn without_integer_suffix(word: &[u8]) -> &[u8] {
    let digits = word.trim_end_with(|c| matches!(c, 'u' | 'U' | 'l' | 'L'));
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) { digits } else { word }
}

/// A run of base words, in whatever order the compiler has them.
#[derive(Default)]
struct BaseWords {
    any: bool,
    unsigned: bool,
    signed: bool,
    longs: usize,
    short: bool,
    noun: Option<&'static [u8]>,
}

impl BaseWords {
    fn add(&mut self, word: &[u8]) {
        self.any = true;
        match word {
            b"unsigned" => self.unsigned = true,
            b"signed" => self.signed = true,
            b"long" => self.longs += 1,
            b"short" => self.short = true,
            b"char" => self.noun = Some(b"char"),
            b"double" => self.noun = Some(b"double"),
            b"__int128" => self.noun = Some(b"__int128"),
            _ => {}
        }
    }

    /// Writes the run in one order, without the `int` that other words imply, and forgets it.
    fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.any {
            return;
        }
        let words = std::mem::take(self);
        if words.unsigned {
            push_word(out, b"unsigned");
        } else if words.signed && words.noun == Some(b"char") {
            push_word(out, b"signed");
        }
        if words.short {
            push_word(out, b"short");
        }
        (0..words.longs.min(2)).for_each(|_| push_word(out, b"long"));
        match words.noun {
            Some(noun) => push_word(out, noun),
            None if words.longs == 0 && !words.short => push_word(out, b"int"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> String {
        normal(text.into()).to_string()
    }

    #[test]
    fn compilers_agree_after_normalising() {
        for (gcc, clang) in [
            ("V<A*>", "V<A *>"),
            ("M<V<int> >", "M<V<int>>"),
            (
                "std::vector<long unsigned int, std::allocator<long unsigned int> >",
                "std::vector<unsigned long, std::allocator<unsigned long> >",
            ),
            ("long long unsigned int", "unsigned long long"),
            ("short int", "short"),
            ("array<int, 3ul>", "array<int, 3>"),
            ("array<char, 16>", "array<char, 16UL>"),
            ("F<const char*, signed char>", "F<const char *, signed char>"),
            ("__int128 unsigned", "unsigned __int128"),
            ("unsigned", "unsigned int"),
        ] {
            assert!(same(gcc.into(), clang.into()), "{} / {}", n(gcc), n(clang));
        }
    }

    #[test]
    fn real_differences_stay() {
        for (a, b) in [
            ("V<int>", "V<unsigned int>"),
            ("V<char>", "V<signed char>"),
            ("std::string", "std::__cxx11::string"),
            ("A<1>", "A<2>"),
            ("long", "long long"),
            ("long double", "double"),
            ("intx", "int"),
        ] {
            assert!(!same(a.into(), b.into()), "{a} / {b}");
        }
    }

    #[test]
    fn plain_names_are_borrowed() {
        assert!(matches!(normal("ns::foo_bar".into()), Cow::Borrowed(_)));
        assert_eq!(n("const char"), "const char");
        assert_eq!(n("foo::bar<unsigned int const&>"), "foo::bar<unsigned int const&>");
    }
}
