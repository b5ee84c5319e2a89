//! Root trees: a shell and a few programs of this machine with their libraries, and a list of packages.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Workplace;

/// Programs that reproducers of these tests need.
const PROGRAMS: &[&str] = &["sh", "cat", "sleep", "uname", "sed", "setsid", "yes", "head", "mkdir", "id"];

/// Whether sandboxes can be made here; says so when they cannot.
pub(crate) fn can_run() -> bool {
    let made = Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]).status();
    let can = made.is_ok_and(|status| status.success());
    if !can {
        println!("no sandbox can be made here: the test says nothing");
    }
    can
}

/// A root with a file `/opt/answer`, which stands for what packages put there.
pub(crate) fn root(place: &Workplace, name: &str, answer: &str) -> String {
    let root = bare(place, name, PROGRAMS);
    place.write(&format!("{name}/opt/answer"), answer);
    packages(place, name, &[("foo", answer)]);
    root
}

/// A root with these programs.
pub(crate) fn bare(place: &Workplace, name: &str, programs: &[&str]) -> String {
    // Roots are seen by the user that runs become.
    open(&place.path(""));
    let root = place.path(name);
    for folder in ["usr/bin", "var/tmp", "var/lib/dpkg", "etc", "opt", "tmp"] {
        std::fs::create_dir_all(root.join(folder)).expect("folders");
    }
    std::os::unix::fs::symlink("usr/bin", root.join("bin")).expect("a link");
    let mut copied = BTreeSet::new();
    for program in programs {
        let path = found(program);
        let content = std::fs::canonicalize(&path).expect("a program");
        copy(&content, &root.join("usr/bin").join(program));
        copied.extend(libraries(&content));
    }
    for library in copied {
        copy(&library, &root.join(library.strip_prefix("/").expect("an absolute path")));
    }
    root.display().to_string()
}

/// Writes dpkg's list of what is installed.
pub(crate) fn packages(place: &Workplace, name: &str, packages: &[(&str, &str)]) {
    let stanza = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n\n")
    };
    let text: String = packages.iter().map(stanza).collect();
    place.write(&format!("{name}/var/lib/dpkg/status"), text);
}

fn open(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

fn found(program: &str) -> PathBuf {
    let folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(program));
    paths.find(|path| path.exists()).unwrap_or_else(|| panic!("{program} is not on this machine"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("a folder")).expect("folders");
    std::fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}

/// The libraries of a program and its loader, as `ldd` says.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().expect("ldd runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
