//! The optional tools that tests and fixtures call: which are missing, and installing them where that is possible.

use std::process::Command;

use crate::workspace::{self, Outcome};

/// A program, and the package that has it on Debian and on EL.
struct Tool {
    program: &'static str,
    debian: &'static str,
    el: &'static str,
}

const fn tool(program: &'static str, debian: &'static str, el: &'static str) -> Tool {
    Tool { program, debian, el }
}

/// Called by tests: without them the tests that need them are skipped (and fail under `CI=true`).
const FOR_TESTS: &[Tool] = &[
    tool("cc", "gcc", "gcc"),
    tool("c++", "g++", "gcc-c++"),
    tool("gfortran", "gfortran", "gcc-gfortran"),
    tool("readelf", "binutils", "binutils"),
    tool("objcopy", "binutils", "binutils"),
    tool("dwz", "dwz", "dwz"),
    tool("rpm", "rpm", "rpm"),
    tool("gpg", "gnupg", "gnupg2"),
    tool("git", "git", "git"),
    tool("bwrap", "bubblewrap", "bubblewrap"),
    tool("pahole", "pahole", "dwarves"),
    tool("depmod", "kmod", "kmod"),
    tool("rpmbuild", "rpm", "rpm-build"),
];

/// Called by examples/build.sh and examples/try.sh.
const FOR_FIXTURES: &[Tool] = &[
    tool("find-debuginfo", "debugedit", "debugedit"),
    tool("eu-strip", "elfutils", "elfutils"),
    tool("createrepo_c", "createrepo-c", "createrepo_c"),
    tool("rpm2cpio", "rpm2cpio", "rpm"),
    tool("cpio", "cpio", "cpio"),
    tool("patch", "patch", "patch"),
    tool("make", "make", "make"),
];

/// The task: installs what is missing, or says why it cannot.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let fixtures = match arguments {
        [] => false,
        [one] if one == "--fixtures" => true,
        _ => return Err("usage: cargo xtask setup [--fixtures]".into()),
    };
    let mut wanted: Vec<&Tool> = FOR_TESTS.iter().collect();
    if fixtures {
        wanted.extend(FOR_FIXTURES);
    }
    install(&wanted)?;
    println!("setup: {} tools, all there", wanted.len());
    Ok(())
}

/// Installs the tools that tests want; `Err` says what is still missing.
pub(crate) fn for_tests() -> Outcome {
    install(&FOR_TESTS.iter().collect::<Vec<_>>())
}

fn missing<'t>(wanted: &[&'t Tool]) -> Vec<&'t Tool> {
    wanted.iter().copied().filter(|t| !workspace::has_program(t.program)).collect()
}

fn install(wanted: &[&Tool]) -> Outcome {
    let lacking = missing(wanted);
    if lacking.is_empty() {
        return Ok(());
    }
    let names = |tools: &[&Tool]| tools.iter().map(|t| t.program).collect::<Vec<_>>().join(", ");
    if !nix::unistd::Uid::effective().is_root() {
        return Err(format!("not installed, and only root can install them: {}", names(&lacking)));
    }
    let outcome = if workspace::has_program("apt-get") {
        with_apt(&lacking)
    } else if let Some(dnf) = ["dnf", "microdnf"].into_iter().find(|p| workspace::has_program(p)) {
        let packages = lacking.iter().map(|t| t.el);
        // One package that this repository does not have must not keep the others away.
        workspace::succeed(Command::new(dnf).args(["install", "-y", "--setopt=strict=0"]).args(packages))
    } else {
        Err("neither apt-get nor dnf is there".into())
    };
    let lacking = missing(wanted);
    if lacking.is_empty() {
        return Ok(());
    }
    let why = outcome.err().map(|e| format!(" ({e})")).unwrap_or_default();
    Err(format!("not installed: {}{why}", names(&lacking)))
}

fn with_apt(tools: &[&Tool]) -> Outcome {
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y"]);
        command
    };
    workspace::succeed(apt().arg("update"))?;
    workspace::succeed(
        apt().args(["install", "--no-install-recommends"]).args(tools.iter().map(|t| t.debian)),
    )
}
