//! What every sandbox of ours has in common: namespaces of its own for everything, an empty environment.

use std::process::Command;

/// Where programs are inside.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// Adds what is common to the command line of bwrap.
pub(crate) fn common(bwrap: &mut Command, home: &str) {
    bwrap.args(["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]);
    bwrap.args(["--setenv", "PATH", PATH, "--setenv", "HOME", home, "--setenv", "LC_ALL", "C.UTF-8"]);
}
