//! Modules of Python, Perl, Ruby and Java by their paths: which module, for which version of the interpreter, and
//! which version of it.
//!
//! Sources: Python's `site` and PEP 376 (`.dist-info`), perl's `@INC`, RubyGems' folders, Fedora's and Debian's Java
//! packaging rules (`/usr/share/java`).

use bstr::{BStr, BString, ByteSlice};

/// The languages whose modules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Language {
    Python,
    Perl,
    Ruby,
    Java,
}

impl Language {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::Perl => "Perl",
            Language::Ruby => "Ruby",
            Language::Java => "Java",
        }
    }
}

/// How much others see of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reach {
    /// Others import it by its name.
    Top,
    /// Part of another one.
    Inner,
    /// Not meant for others by its name (`_x`), or tests.
    Private,
}

/// What a path says of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Module {
    pub(crate) language: Language,
    /// Name as programs write it, but with slashes.
    pub(crate) name: BString,
    pub(crate) reach: Reach,
    /// The version of the interpreter that finds it there; empty for all.
    pub(crate) runtime: BString,
    /// The module's own version, where the path states it; then the path is no code.
    pub(crate) version: Option<BString>,
}

impl Module {
    /// The capability by which packages require it (perl(…), python3dist(…), rubygem(…)).
    pub(crate) fn capability(&self) -> Option<BString> {
        let capability =
            |kind: &str, name: &[u8]| Some(BString::from([kind.as_bytes(), b"(", name, b")"].concat()));
        match self.language {
            Language::Perl => capability("perl", &self.name.replace("/", "::")),
            Language::Python => capability("python3dist", &self.name),
            Language::Ruby => capability("rubygem", &self.name),
            Language::Java => None,
        }
    }
}

/// The module that a path below `/usr` is of.
pub(crate) fn of(path: &BStr) -> Option<Module> {
    python(path).or_else(|| perl(path)).or_else(|| ruby(path)).or_else(|| java(path))
}

/// What follows the first of `parts` in a path.
fn after<'p>(path: &'p BStr, part: &str) -> Option<&'p BStr> {
    path.find(part).map(|at| path[at + part.len()..].as_bstr())
}

/// `/usr/lib/python3.9/site-packages/…`, Debian's `/usr/lib/python3/dist-packages/…`.
fn python(path: &BStr) -> Option<Module> {
    let rest = after(path, "/python")?;
    let (runtime, rest) = rest.split_once_str("/")?;
    if !runtime.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return None;
    }
    let dirs: [&[u8]; 2] = [b"site-packages/", b"dist-packages/"];
    let rest = dirs.iter().find_map(|dir| rest.strip_prefix(*dir))?;
    let module = |name: BString, reach, version| Module {
        language: Language::Python,
        name,
        reach,
        runtime: runtime.into(),
        version,
    };
    let (first, inner) = rest.split_once_str("/").map_or((rest, None), |(first, inner)| (first, Some(inner)));
    for suffix in [".dist-info", ".egg-info"] {
        if let Some(stem) = first.strip_suffix(suffix.as_bytes()) {
            // `NAME-VERSION[-py3.9]`, with hyphens in the name written as underscores.
            let mut parts = stem.split_str("-");
            let name = parts.next()?.to_ascii_lowercase();
            return Some(module(name.into(), Reach::Top, Some(parts.next().unwrap_or_default().into())));
        }
    }
    let name = code_name(rest, &[".py", ".so"])?;
    let name = name.strip_suffix(b"/__init__").unwrap_or(&name).as_bstr();
    let is_private =
        name.split_str("/").any(|part| part.starts_with(b"_") || part == b"tests" || part == b"test");
    let is_inner = inner.is_some() && name.contains(&b'/');
    let reach = match (is_private, is_inner) {
        (true, _) => Reach::Private,
        (_, true) => Reach::Inner,
        _ => Reach::Top,
    };
    Some(module(name.into(), reach, None))
}

/// A path without its ending, and without the tag of an extension module (`.cpython-39-x86_64-linux-gnu`).
fn code_name(path: &[u8], endings: &[&str]) -> Option<BString> {
    let stem = endings.iter().find_map(|end| path.strip_suffix(end.as_bytes()))?;
    let file = stem.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let end = stem[file..].find_byte(b'.').map_or(stem.len(), |dot| file + dot);
    Some(stem[..end].into())
}

/// `.pm` below the directories of `@INC`.
fn perl(path: &BStr) -> Option<Module> {
    let stem = path.strip_suffix(b".pm")?.as_bstr();
    let rest = after(stem, "/perl5/").or_else(|| after(stem, "/perl/"))?;
    let mut runtime = BString::default();
    let mut parts = rest.split_str("/").peekable();
    while let Some(part) = parts.peek() {
        let is_version = part.first().is_some_and(u8::is_ascii_digit);
        let is_tree = matches!(*part, b"vendor_perl" | b"site_perl" | b"auto") || part.contains_str("-linux");
        if is_version {
            runtime = BString::from(*part);
        } else if !is_tree {
            break;
        }
        parts.next();
    }
    let parts: Vec<&[u8]> = parts.collect();
    let is_private = parts.iter().any(|part| part.starts_with(b"_") || *part == b"t");
    let reach = if is_private { Reach::Private } else { Reach::Top };
    let name = BString::from(bstr::join("/", parts));
    Some(Module { language: Language::Perl, name, reach, runtime, version: None })
}

/// Gems by their specification, and `vendor_ruby`.
fn ruby(path: &BStr) -> Option<Module> {
    let module = |name: &[u8], reach, version: Option<&[u8]>| Module {
        language: Language::Ruby,
        name: name.into(),
        reach,
        runtime: BString::default(),
        version: version.map(BString::from),
    };
    if let Some(stem) = path.strip_suffix(b".gemspec") {
        let file = after(stem.as_bstr(), "/specifications/")?;
        let file = file.rsplit_once_str("/").map_or(file.as_bytes(), |(_, file)| file);
        let (name, version) = name_and_version(file)?;
        return Some(module(name, Reach::Top, Some(version)));
    }
    if let Some(inside) = after(path, "/gems/").filter(|_| path.contains_str("gem")) {
        let inside = inside.strip_prefix(b"gems/").unwrap_or(inside);
        let (gem, file) = inside.split_once_str("/")?;
        let (name, _) = name_and_version(gem)?;
        let code = file.strip_prefix(b"lib/")?.strip_suffix(b".rb")?;
        return Some(module(&[name, b"/", code].concat(), Reach::Inner, None));
    }
    let code = after(path, "/ruby/vendor_ruby/")?.strip_suffix(b".rb")?;
    let reach = if code.contains(&b'/') { Reach::Inner } else { Reach::Top };
    Some(module(code, reach, None))
}

/// Jars of the shared directory; a version in the name is one of the module.
fn java(path: &BStr) -> Option<Module> {
    let stem = path.strip_suffix(b".jar")?.as_bstr();
    let name = after(stem, "/share/java/").or_else(|| after(stem, "/lib/java/"))?;
    let (name, version) = match name_and_version(name) {
        Some((name, version)) => (name, Some(version)),
        None => (name.as_bytes(), None),
    };
    Some(Module {
        language: Language::Java,
        name: name.into(),
        reach: Reach::Top,
        runtime: BString::default(),
        version: version.map(BString::from),
    })
}

/// `NAME-VERSION`, where a version begins with a digit.
fn name_and_version(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.find_iter("-").find(|at| text.get(at + 1).is_some_and(u8::is_ascii_digit))?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> Option<String> {
        let module = of(path.into())?;
        let version = module.version.map(|version| format!(" = {version}")).unwrap_or_default();
        let (name, runtime) = (module.name, module.runtime);
        Some(format!("{:?} {name} {:?} [{runtime}]{version}", module.language, module.reach))
    }

    #[test]
    fn modules_by_their_paths() {
        for (path, wanted) in [
            ("/lib/python3.9/site-packages/six.py", "Python six Top [3.9]"),
            ("/lib64/python3.9/site-packages/yaml/__init__.py", "Python yaml Top [3.9]"),
            ("/lib64/python3.9/site-packages/yaml/reader.py", "Python yaml/reader Inner [3.9]"),
            (
                "/lib64/python3.9/site-packages/yaml/_y.cpython-39-x86_64-linux-gnu.so",
                "Python yaml/_y Private [3.9]",
            ),
            ("/lib/python3/dist-packages/apt_pkg.cpython-311-x86_64-linux-gnu.so", "Python apt_pkg Top [3]"),
            (
                "/lib/python3.9/site-packages/PyYAML-5.4.1-py3.9.egg-info/PKG-INFO",
                "Python pyyaml Top [3.9] = 5.4.1",
            ),
            ("/lib/python3.9/site-packages/six-1.15.0.dist-info/METADATA", "Python six Top [3.9] = 1.15.0"),
            ("/share/perl5/vendor_perl/URI/Escape.pm", "Perl URI/Escape Top []"),
            ("/lib/x86_64-linux-gnu/perl5/5.36/DBI.pm", "Perl DBI Top [5.36]"),
            ("/share/gems/specifications/rake-13.0.3.gemspec", "Ruby rake Top [] = 13.0.3"),
            ("/share/gems/gems/rake-13.0.3/lib/rake/task.rb", "Ruby rake/rake/task Inner []"),
            ("/lib/ruby/vendor_ruby/nokogiri.rb", "Ruby nokogiri Top []"),
            ("/share/java/commons-io.jar", "Java commons-io Top []"),
            ("/share/java/commons-io-2.11.0.jar", "Java commons-io Top [] = 2.11.0"),
        ] {
            assert_eq!(text(path).as_deref(), Some(wanted), "{path}");
        }
        for path in
            ["/bin/python3.9", "/share/foo/x.py", "/lib/python3.9/site-packages/x/data.txt", "/lib/x.jar"]
        {
            assert_eq!(text(path), None, "{path}");
        }
    }
}
