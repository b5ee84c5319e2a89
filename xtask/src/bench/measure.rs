//! Time and memory of one run of a program: a process in between asks the kernel about its only child.

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};

use crate::workspace::{self, Outcome};

/// What one run took.
pub(super) struct Sample {
    /// Seconds from start to end.
    pub(super) wall: f64,
    /// Seconds of user and system time, of the program and what it started.
    pub(super) cpu: f64,
    /// Largest resident set of one process, in 10^6 bytes.
    pub(super) peak_mb: f64,
    /// Exit status; 128 and more for a signal.
    pub(super) exit: i32,
}

/// Runs `command` once, through this program's task `measure`, with a ceiling on its address space.
pub(super) fn sample(command: &[String], memory_gib: u64) -> Outcome<Sample> {
    let this = std::env::current_exe().map_err(|e| format!("failed to find this program: {e}"))?;
    let mut between = Command::new(this);
    between.arg("measure").arg(memory_gib.to_string()).args(command);
    let line = workspace::output(&mut between)?;
    let line = String::from_utf8_lossy(&line);
    let words: Vec<f64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let &[wall, cpu, peak_mb, exit] = words.as_slice() else {
        return Err(format!("no measurement but '{line}'"));
    };
    Ok(Sample { wall, cpu, peak_mb, exit: exit as i32 })
}

/// `cargo xtask measure GIB PROGRAM...`: wall and cpu seconds, peak memory and exit status on one line.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [gib, program, rest @ ..] = arguments else { return Err("usage: measure GIB PROGRAM...".into()) };
    let bytes = gib.parse::<u64>().map_err(|e| format!("'{gib}': {e}"))?.saturating_mul(1 << 30);
    setrlimit(Resource::RLIMIT_AS, bytes, bytes).map_err(|e| format!("failed to limit memory: {e}"))?;
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().map_err(|e| format!("failed to start {program}: {e}"))?;
    let wall = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    // ru_maxrss is in KiB on Linux (getrusage(2)).
    let peak_mb = usage.max_rss() as f64 * 1024.0 / 1e6;
    let exit = std::os::unix::process::ExitStatusExt::signal(&status).map(|s| 128 + s).or(status.code());
    println!("{wall:.6} {cpu:.6} {peak_mb:.3} {}", exit.unwrap_or(-1));
    Ok(())
}
