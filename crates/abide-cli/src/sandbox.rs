//! Running what a package brings along: in a sandbox without network, with little to see and little time.
//!
//! bubblewrap makes it: namespaces of its own for everything, the system read-only, no home, an empty environment.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::isolation::bwrap;

/// Kibibytes of memory a process may have.
const MOST_MEMORY_KIB: u64 = 4 << 20;
/// How much of an output is kept.
const MOST_OUTPUT_BYTES: u64 = 1 << 20;
/// What of the system can be seen.
const SEEN: &[&str] =
    &["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/rpm", "/etc/alternatives", "/etc/ld.so.cache"];

/// A folder that can be written to inside.
pub(crate) struct Shared<'a> {
    /// Where it is outside.
    pub(crate) outside: &'a Path,
    /// Where it is inside.
    pub(crate) inside: &'a str,
}

/// Whether a sandbox can be made here.
pub(crate) fn is_there() -> bool {
    run(&[], "/tmp", &["true"], Duration::from_secs(10)).is_ok()
}

/// Runs a command and gives its standard output; what it says on standard error becomes the message of a failure.
pub(crate) fn run(
    shared: &[Shared<'_>],
    folder: &str,
    command: &[&str],
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let mut bwrap = Command::new("bwrap");
    bwrap::common(&mut bwrap, "/tmp");
    bwrap.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]);
    for path in SEEN {
        bwrap.args(["--ro-bind-try", path, path]);
    }
    for share in shared {
        bwrap.arg("--bind").arg(share.outside).arg(share.inside);
    }
    bwrap.args(["--chdir", folder, "--", "/bin/sh", "-c"]);
    bwrap.arg(format!("ulimit -v {MOST_MEMORY_KIB} && exec \"$@\"")).arg("sh").args(command);
    let child = bwrap.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|e| format!("the sandbox (bwrap) could not be started: {e}"))?;
    let stdout = child.stdout.take().map(|pipe| std::thread::spawn(move || kept(pipe)));
    let stderr = child.stderr.take().map(|pipe| std::thread::spawn(move || kept(pipe)));
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it took longer than {} s", limit.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let text = |thread: Option<std::thread::JoinHandle<Vec<u8>>>| {
        thread.and_then(|t| t.join().ok()).unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    if status.success() {
        return Ok(stdout);
    }
    let said = String::from_utf8_lossy(&stderr);
    let said: Vec<&str> = said.trim().lines().take(3).collect();
    let said = if said.is_empty() { "it said nothing".to_owned() } else { said.join("; ") };
    Err(format!("it failed ({status}): {said}"))
}

/// Reads to the end, so that the writer is never stopped, and keeps the start.
fn kept(mut pipe: impl Read) -> Vec<u8> {
    let mut start = Vec::new();
    let _ = pipe.by_ref().take(MOST_OUTPUT_BYTES).read_to_end(&mut start);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    start
}
