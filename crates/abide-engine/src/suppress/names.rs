//! Names as libabigail spells them, for its files to match: `S*`, `const char*`, `unsigned int[4]`.

use abide_model::{PointerKind, RecordKeyword, RecordType, TypeGraph, TypeId, TypeKind};
use bstr::{BStr, BString, ByteSlice};

use super::spec::{NameSpec, TextSpec};

/// Nesting beyond which a name is cut short.
const DEEPEST: usize = 64;

impl NameSpec {
    /// Whether all that is given holds for `name`.
    pub(super) fn matches(&self, name: &BStr) -> bool {
        self.matches_one_of(&[name.to_owned()])
    }

    /// The same for something with several names: one must match, and none may match what must not.
    pub(super) fn matches_one_of(&self, names: &[BString]) -> bool {
        let any = |test: &dyn Fn(&BStr) -> bool| names.iter().any(|name| test(name.as_bstr()));
        self.name.as_ref().is_none_or(|n| any(&|name| same(n.as_bytes().as_bstr(), name)))
            && self.regexp.as_ref().is_none_or(|r| any(&|name| r.is_match(name)))
            && self.not_regexp.as_ref().is_none_or(|r| !any(&|name| r.is_match(name)))
    }
}

impl TextSpec {
    pub(super) fn matches(&self, name: &BStr) -> bool {
        match self {
            TextSpec::Text(text) => same(text.as_bytes().as_bstr(), name),
            TextSpec::Regexp(regexp) => regexp.is_match(name),
        }
    }
}

/// Whether two spellings of a type name differ in nothing but the blanks around `*` and `&`.
fn same(a: &BStr, b: &BStr) -> bool {
    a == b || tight(a) == tight(b)
}

/// Without the blanks before `*` and `&`, which one compiler or another writes.
pub(super) fn tight(name: &BStr) -> BString {
    let mut out: Vec<u8> = Vec::with_capacity(name.len());
    for &byte in name.as_bytes() {
        if matches!(byte, b'*' | b'&') {
            while out.last() == Some(&b' ') {
                out.pop();
            }
        }
        out.push(byte);
    }
    out.into()
}

/// The name of a type without the keyword; several when it has several.
pub(super) fn type_name(graph: &TypeGraph, ty: TypeId) -> BString {
    let mut out = Vec::new();
    spell(graph, ty, 0, &mut out);
    out.into()
}

fn spell(graph: &TypeGraph, ty: TypeId, depth: usize, out: &mut Vec<u8>) {
    if depth > DEEPEST || out.len() > 4096 {
        return out.extend(b"...");
    }
    let inner = |ty: TypeId, out: &mut Vec<u8>| spell(graph, ty, depth + 1, out);
    match graph.kind(ty) {
        TypeKind::Void => out.extend(b"void"),
        TypeKind::Base(base) => out.extend(graph.str(base.name).as_bytes()),
        TypeKind::Typedef { name, .. }
        | TypeKind::Declaration { name, .. }
        | TypeKind::Ambiguous { name, .. }
        | TypeKind::Unspecified { name }
        | TypeKind::Opaque { name, .. } => out.extend(graph.str(*name).as_bytes()),
        TypeKind::Record(record) => match record.name {
            Some(name) => out.extend(graph.str(name).as_bytes()),
            None => out.extend(unnamed(record)),
        },
        TypeKind::Enum(e) => match e.name {
            Some(name) => out.extend(graph.str(name).as_bytes()),
            None => out.extend(b"__anonymous_enum__"),
        },
        TypeKind::Pointer { kind, target, .. } => {
            inner(*target, out);
            out.extend(match kind {
                PointerKind::Pointer => &b"*"[..],
                PointerKind::LvalueReference => b"&",
                PointerKind::RvalueReference => b"&&",
            });
        }
        TypeKind::Qualified { qualifier, target } => {
            let word = crate::spell::qualifier(*qualifier);
            // The qualifier of a pointer stands behind it.
            if matches!(graph.kind(*target), TypeKind::Pointer { .. }) {
                inner(*target, out);
                out.push(b' ');
                out.extend(word.as_bytes());
            } else {
                out.extend(word.as_bytes());
                out.push(b' ');
                inner(*target, out);
            }
        }
        TypeKind::Array { element, dimensions, .. } => {
            inner(*element, out);
            for dimension in dimensions {
                out.extend(dimension.map_or("[]".to_string(), |n| format!("[{n}]")).as_bytes());
            }
        }
        TypeKind::MemberPointer { class, target } => {
            inner(*target, out);
            out.push(b' ');
            inner(*class, out);
            out.extend(b"::*");
        }
        TypeKind::Function(function) => {
            inner(function.return_type, out);
            out.extend(b" (");
            for (at, parameter) in function.parameters.iter().enumerate() {
                if at > 0 {
                    out.extend(b", ");
                }
                inner(parameter.ty, out);
            }
            out.push(b')');
        }
        TypeKind::Broken => {}
    }
}

fn unnamed(record: &RecordType) -> &'static [u8] {
    match record.keyword {
        RecordKeyword::Union => b"__anonymous_union__",
        _ => b"__anonymous_struct__",
    }
}

/// A type's text in a change (`struct foo * (8 bytes)`) in the spelling of [`type_name`].
pub(super) fn from_text(text: &str) -> BString {
    let mut text = text;
    if let Some((name, rest)) = text.rsplit_once(" (")
        && (rest.ends_with(" bytes)") || rest == "1 byte)")
    {
        text = name;
    }
    let words = text.split(' ').filter(|w| !matches!(*w, "struct" | "class" | "union" | "enum" | "typedef"));
    tight(words.collect::<Vec<_>>().join(" ").as_bytes().as_bstr())
}

/// A demangled function name without its parameters: `ns::f(int) const` is `ns::f`.
pub(super) fn without_parameters(demangled: &str) -> &str {
    let (mut depth, mut end) = (0usize, demangled.len());
    // From the end: the last parenthesis that closes belongs to the parameters.
    for (at, byte) in demangled.bytes().enumerate().rev() {
        match byte {
            b')' => {
                end = if depth == 0 { at + 1 } else { end };
                depth += 1;
            }
            b'(' if depth == 1 => {
                let head = &demangled[..at];
                // `operator()` alone, and `(anonymous namespace)::x`.
                let is_name =
                    head.is_empty() || head.ends_with("operator") || demangled[end..].starts_with("::");
                return if is_name { demangled } else { head };
            }
            b'(' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    demangled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demangled_names() {
        for (text, name) in [
            ("ns::f(int)", "ns::f"),
            ("ns::A::f(void (*)(int)) const", "ns::A::f"),
            ("plain", "plain"),
            ("f(std::string)", "f"),
            ("A::operator()(int)", "A::operator()"),
            ("(anonymous namespace)::x", "(anonymous namespace)::x"),
            ("(anonymous namespace)::f(int)", "(anonymous namespace)::f"),
        ] {
            assert_eq!(without_parameters(text), name);
        }
    }

    #[test]
    fn texts_of_changes() {
        assert_eq!(from_text("struct foo * (8 bytes)"), "foo*");
        assert_eq!(from_text("const char *"), "const char*");
    }
}
