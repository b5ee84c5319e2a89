//! The workspace as cargo describes it, and running commands in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What every task returns; the message is for people.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The directory of the workspace's Cargo.toml.
pub(crate) fn root() -> PathBuf {
    // Known at compile time: xtask is built where the workspace is.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo told this program about its own package: build scripts (ring's) would take it for a change and
    // everything above them would be compiled again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// The compiler that cargo uses.
pub(crate) fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Runs a program in the root; a status other than 0 is an error.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program);
    command.current_dir(root()).args(arguments);
    succeed(&mut command)
}

/// Runs a command; a status other than 0 is an error.
pub(crate) fn succeed(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| format!("failed to start {}: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", shown(command))) }
}

/// Runs a command and returns its standard output.
pub(crate) fn output(command: &mut Command) -> Outcome<Vec<u8>> {
    let output = command.output().map_err(|e| format!("failed to start {}: {e}", shown(command)))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{}: {}\n{}", shown(command), output.status, String::from_utf8_lossy(&output.stderr)))
}

/// A command as one would type it, without its environment.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Whether a program is on the search path.
pub(crate) fn has_program(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// `cargo metadata` of the workspace.
pub(crate) fn metadata() -> Outcome<Value> {
    let json = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    serde_json::from_slice(&json).map_err(|e| format!("failed to parse cargo metadata: {e}"))
}

/// The packages in a metadata document.
pub(crate) fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().map_or(&[], Vec::as_slice)
}
