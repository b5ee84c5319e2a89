//! Mangled names as people read them.

use bstr::{BStr, ByteSlice};

/// The longest mangled name that is demangled: longer ones are shown as stored.
///
/// Itanium manglings may expand exponentially through substitutions, and nobody reads the result.
const LONGEST: usize = 4096;

/// The source form of a mangled C++ or Rust name (`ns::f(int)`); `None` when the name is not mangled.
///
/// ```
/// # use abide_engine::demangle;
/// assert_eq!(demangle(b"_ZN2ns1fEi".into()).as_deref(), Some("ns::f(int)"));
/// assert_eq!(demangle(b"printf".into()), None);
/// ```
pub fn demangle(name: &BStr) -> Option<String> {
    let text = name.to_str().ok().filter(|t| t.len() <= LONGEST)?;
    if let Ok(rust) = rustc_demangle::try_demangle(text) {
        return Some(format!("{rust:#}"));
    }
    if !text.starts_with("_Z") {
        return None;
    }
    let options = cpp_demangle::DemangleOptions::default().recursion_limit(96);
    let parse_options = cpp_demangle::ParseOptions::default().recursion_limit(96);
    let symbol = cpp_demangle::Symbol::new_with_options(text, &parse_options).ok()?;
    symbol.demangle_with_options(&options).ok().filter(|d| d.len() <= 4 * LONGEST)
}

/// The demangled name without what the two `std::string` ABIs and inline namespaces add, to find a symbol again
/// that was mangled anew (`[abi:cxx11]`, `std::__cxx11::`, libc++'s `std::__1::`).
pub(crate) fn skeleton(name: &BStr) -> Option<String> {
    let mut text = demangle(name)?;
    while let Some(start) = text.find("[abi:") {
        let end = text[start..].find(']').map_or(text.len(), |e| start + e + 1);
        text.replace_range(start..end, "");
    }
    let text = without_version_namespaces(&text);
    Some(
        text.replace("std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"),
    )
}

/// Drops the path components that libraries use as inline namespaces: `__cxx11`, `__1`, `_V2`, `v3`.
fn without_version_namespaces(text: &str) -> String {
    let is_version = |word: &str| {
        let bare = word.trim_start_matches('_').trim_start_matches(['v', 'V']);
        word == "__cxx11" || (!bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit()))
    };
    let (mut out, mut parts) = (String::with_capacity(text.len()), text.split("::").peekable());
    while let Some(part) = parts.next() {
        let start = part.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        if parts.peek().is_some() && is_version(&part[start..]) {
            out += &part[..start];
        } else {
            out += part;
            out += if parts.peek().is_some() { "::" } else { "" };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_string_abis_have_one_skeleton() {
        let old = skeleton("_Z1fSs".into()).unwrap();
        let new = skeleton("_Z1fNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE".into()).unwrap();
        assert_eq!(old, new);
        assert_eq!(skeleton("_Z1gB5cxx11v".into()).unwrap(), "g()");
        assert_eq!(skeleton("plain".into()), None);
        assert_eq!(skeleton("_ZN3lib2v11fEi".into()), skeleton("_ZN3lib2v21fEi".into()));
        assert_ne!(skeleton("_ZN3lib2v11fEi".into()), skeleton("_ZN3lib2v11gEi".into()));
        assert_eq!(without_version_namespaces("std::__1::f(a::v2::b, int)"), "std::f(a::b, int)");
    }
}
