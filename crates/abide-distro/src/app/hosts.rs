//! Programs that are known to load plugins: whose symbols a shared object leaves to them, told by their names.

use bstr::{BStr, BString, ByteSlice};

use super::system::{Object, Opening, System, Target};

/// A program that loads plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// Its name.
    pub(super) name: &'static str,
    /// How its symbols begin.
    prefixes: &'static [&'static str],
    /// Where the program is.
    paths: &'static [&'static str],
}

const HOSTS: [Host; 4] = [
    Host {
        name: "Python",
        prefixes: &["Py", "_Py"],
        paths: &["/usr/bin/python3", "/usr/libexec/platform-python", "/usr/local/bin/python3"],
    },
    Host { name: "Perl", prefixes: &["Perl_", "PL_", "perl_"], paths: &["/usr/bin/perl"] },
    Host { name: "Ruby", prefixes: &["rb_", "ruby_"], paths: &["/usr/bin/ruby"] },
    Host { name: "Node.js", prefixes: &["napi_", "node_api_"], paths: &["/usr/bin/node", "/usr/bin/nodejs"] },
];

/// The program whose symbol it is by its name.
pub(super) fn host_of(symbol: &BStr) -> Option<&'static Host> {
    HOSTS.iter().find(|host| host.prefixes.iter().any(|prefix| symbol.starts_with(prefix.as_bytes())))
}

/// Whether a program has a symbol.
pub(super) enum Has {
    Yes,
    /// It is there, and neither it nor its library has the symbol; carries its path.
    No(BString),
    /// The program is not there.
    NoProgram,
}

/// Looks for the symbol in the program and in the libraries that it needs directly.
pub(super) fn has(system: &dyn System, host: &Host, target: Target, symbol: &BStr) -> Has {
    let exports = |object: &Object| object.symbols_named(symbol).any(|(_, s)| s.is_export);
    for path in host.paths {
        let Opening::Object(program) = system.open(path.as_bytes().as_bstr()) else { continue };
        if Target::of(&program.elf) != target {
            continue;
        }
        let mut libraries = program.elf.needed.iter().filter_map(|name| find(system, name.as_bstr(), target));
        return match exports(&program) || libraries.any(|library| exports(&library)) {
            true => Has::Yes,
            false => Has::No(program.path.clone()),
        };
    }
    Has::NoProgram
}

fn find(system: &dyn System, name: &BStr, target: Target) -> Option<std::sync::Arc<Object>> {
    let directories = system.directories(target).default;
    let default = directories.iter().map(|dir| super::loader::path::join(dir.as_bstr(), name));
    let places = system.cached(name, target).into_iter().chain(default);
    let mut objects = places.filter_map(|path| match system.open(path.as_bstr()) {
        Opening::Object(object) if Target::of(&object.elf) == target => Some(object),
        _ => None,
    });
    objects.next()
}
