//! What a path is for: which files programs rely on, and which differ from build to build without any harm.

use abide_model::{FileEntry, FileKind};
use bstr::{BStr, BString, ByteSlice};

use super::contents::Contents;
use super::modules::{self, Module};
use super::tree::is_command;
use crate::pairing::{file_name, is_default_library_dir, is_library_name, parent, usr_merged, version_free};

/// What a path is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing that a program relies on: documentation, debug information, what is derived from other files.
    Noise,
    /// A link by a library's soname, which `ldconfig` makes anew.
    LibraryLink,
    /// A command in `PATH`.
    Command,
    /// A unit of systemd.
    Unit,
    /// A service that D-Bus starts.
    DbusService,
    /// Interfaces and policies of D-Bus.
    DbusPolicy,
    /// Actions and rules of polkit.
    Polkit,
    /// A module of a language.
    Module(Module),
    /// Headers and other things that only building needs.
    Development,
    /// Configuration.
    Config,
    /// In a directory below `/usr/lib` or `/usr/libexec` that has the package's name.
    Private,
    /// Anything else.
    Data,
}

/// Directories below `/usr` of what no program relies on.
const NOISE: [&str; 22] = [
    "/lib/.build-id/",
    "/lib/debug/",
    "/src/debug/",
    "/share/bash-completion/",
    "/share/bug/",
    "/share/devhelp/",
    "/share/doc/",
    "/share/doc-base/",
    "/share/fish/",
    "/share/gnome/help/",
    "/share/gtk-doc/",
    "/share/help/",
    "/share/info/",
    "/share/licenses/",
    "/share/lintian/",
    "/share/locale/",
    "/share/man/",
    "/share/metainfo/",
    "/share/appdata/",
    "/share/omf/",
    "/share/zsh/",
    "/share/reportbug/",
];

/// Endings of what only building needs.
const DEVELOPMENT: [&str; 7] = [".pc", ".la", ".a", ".h", ".hpp", ".cmake", ".gir"];

/// Kinds of units (systemd.unit(5)).
const UNITS: [&str; 11] = [
    ".service",
    ".socket",
    ".device",
    ".mount",
    ".automount",
    ".swap",
    ".target",
    ".path",
    ".timer",
    ".slice",
    ".scope",
];

/// Tells what a path of a package is for; `names` are those of the package and its source.
pub(crate) fn class(entry: &FileEntry, names: &[&str]) -> Class {
    let path = usr_merged(entry.path.as_bstr());
    if entry.flags.is_doc || is_noise(path) {
        return Class::Noise;
    }
    if is_command(path) {
        return Class::Command;
    }
    if let Some(module) = modules::of(path) {
        return Class::Module(module);
    }
    if is_default_library_dir(parent(path)) && is_library_name(path) && !path.ends_with(b".so") {
        let is_link = entry.kind == FileKind::Symlink;
        return if is_link { Class::LibraryLink } else { Class::Data };
    }
    match () {
        () if is_unit(path) => Class::Unit,
        () if path.contains_str("/dbus-1/services/") || path.contains_str("/dbus-1/system-services/") => {
            Class::DbusService
        }
        () if path.contains_str("/dbus-1/") => Class::DbusPolicy,
        () if path.contains_str("/polkit-1/") => Class::Polkit,
        () if is_development(path) => Class::Development,
        () if entry.flags.is_config || path.starts_with(b"/etc/") => Class::Config,
        () if is_private(path, names) => Class::Private,
        () => Class::Data,
    }
}

pub(super) fn is_noise(path: &BStr) -> bool {
    NOISE.iter().any(|dir| path.starts_with(dir.as_bytes()) || path == dir.trim_end_matches('/'))
        || ["/.build-id/", "/.dwz/", "/__pycache__/"].iter().any(|part| path.contains_str(part))
        || [".pyc", ".pyo", ".dwz", ".debug"].iter().any(|end| path.ends_with(end.as_bytes()))
}

fn is_unit(path: &BStr) -> bool {
    let dir = parent(path);
    let is_there = ["/lib/systemd/system", "/lib/systemd/user", "/etc/systemd/system", "/etc/systemd/user"];
    is_there.iter().any(|place| dir == place) && UNITS.iter().any(|end| path.ends_with(end.as_bytes()))
}

fn is_development(path: &BStr) -> bool {
    let is_link = is_default_library_dir(parent(path)) && path.ends_with(b".so");
    let is_there = ["/include/", "/share/aclocal/", "/share/cmake/", "/share/gir-1.0/", "/share/vala/"]
        .iter()
        .any(|dir| path.starts_with(dir.as_bytes()));
    is_link
        || is_there
        || path.contains_str("/cmake/")
        || DEVELOPMENT.iter().any(|end| path.ends_with(end.as_bytes()))
}

/// Whether a path is inside of a directory that is the package's own by its name.
fn is_private(path: &BStr, names: &[&str]) -> bool {
    let mut parts = path.split_str("/").filter(|part| !part.is_empty());
    if !matches!(parts.next(), Some(b"lib" | b"lib64" | b"libexec")) {
        return false;
    }
    let mut dir = parts.next().unwrap_or_default();
    if dir.contains_str("-linux-") {
        dir = parts.next().unwrap_or_default();
    }
    let is_inside = parts.next().is_some();
    let stem = |text: &[u8]| version_free(text.as_bstr());
    let dir = stem(dir);
    let belongs = |name: &&str| {
        let name = stem(name.as_bytes());
        dir.len() > 2 && (name.starts_with(&dir[..]) || dir.starts_with(&name[..]))
    };
    is_inside && names.iter().any(belongs)
}

/// A path without versions: the package's own, and any other number.
pub(crate) fn unversioned(path: &BStr, contents: Contents<'_>) -> BString {
    let bare = contents.versions().fold(path.to_vec(), |path, version| path.replace(version, "#"));
    version_free(usr_merged(bare.as_bstr()))
}

/// The name by which people know a path of this class.
pub(crate) fn short_name(class: &Class, path: &BStr) -> String {
    match class {
        Class::Command | Class::Unit | Class::DbusService => file_name(path).to_string(),
        Class::Module(module) => module.name.to_string(),
        _ => path.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Class {
        class(&FileEntry::new(path, FileKind::Regular), &["foo-libs", "foo"])
    }

    #[test]
    fn classes_of_paths() {
        for path in [
            "/usr/lib/.build-id/ab/cd",
            "/usr/lib/debug/.dwz/foo-1",
            "/usr/share/doc/foo/README",
            "/usr/share/licenses/foo",
            "/usr/share/man/man1/foo.1.gz",
            "/usr/lib/python3.9/site-packages/foo/__pycache__/a.cpython-39.pyc",
        ] {
            assert_eq!(of(path), Class::Noise, "{path}");
        }
        assert_eq!(of("/bin/foo"), Class::Command);
        assert_eq!(of("/usr/lib/systemd/system/foo@.service"), Class::Unit);
        assert_eq!(of("/usr/lib/systemd/system/foo.service.d/x.conf"), Class::Data);
        assert_eq!(of("/usr/share/dbus-1/system-services/org.foo.service"), Class::DbusService);
        assert_eq!(of("/etc/dbus-1/system.d/foo.conf"), Class::DbusPolicy);
        assert_eq!(of("/usr/share/polkit-1/actions/foo.policy"), Class::Polkit);
        assert_eq!(of("/usr/include/foo.h"), Class::Development);
        assert_eq!(of("/usr/lib64/libfoo.so"), Class::Development);
        assert_eq!(of("/etc/foo.conf"), Class::Config);
        assert_eq!(of("/usr/libexec/foo/helper"), Class::Private);
        assert_eq!(of("/usr/lib/x86_64-linux-gnu/foo-1.2/helper"), Class::Private);
        assert_eq!(of("/usr/libexec/foo"), Class::Data);
        assert_eq!(of("/usr/share/foo/data"), Class::Data);
        let link = FileEntry::new("/usr/lib64/libfoo.so.1", FileKind::Symlink);
        assert_eq!(class(&link, &[]), Class::LibraryLink);
    }
}
