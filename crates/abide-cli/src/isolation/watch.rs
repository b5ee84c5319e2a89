//! One run, watched: its output kept up to a limit, ended when it uses too much, and nothing left of it.

use std::io::{PipeReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use abide_bug::bug::Limits;
use abide_bug::seen::Limit;
use rustix::process::{Pid, Signal, kill_process, setpriority_process};

use super::processes::{self, Process, Usage};

/// How often a run is looked at; a fork bomb grows by some hundred processes in this time.
const LOOK_EVERY: Duration = Duration::from_millis(8);
/// How long to wait until a killed run is gone.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// How much of an output is kept.
const KEPT_BYTES: usize = 256 << 10;
/// How much a run may say about itself.
const STATUS_BYTES: usize = 4 << 10;

/// How a run went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ran {
    /// Exit status as shells have it; none when it was ended.
    pub(crate) status: Option<u8>,
    /// The start of its output.
    pub(crate) output: Vec<u8>,
    /// All that it wrote.
    pub(crate) output_bytes: u64,
    /// What it wrote to its status channel.
    pub(crate) said: String,
    /// The limit that ended it.
    pub(crate) limit: Option<Limit>,
    /// How long it took.
    pub(crate) duration: Duration,
    /// The most processes and threads at one time.
    pub(crate) most_tasks: u64,
    /// The most memory at one time.
    pub(crate) most_memory_bytes: u64,
    /// Processes that could not be ended.
    pub(crate) survivors: usize,
}

/// Runs a command to its end, or to the first limit. `own_tasks` of it are not the run's but the sandbox's.
///
/// Its standard input is a channel to which the sandbox writes.
pub(crate) fn run(mut command: Command, limits: &Limits, own_tasks: u64) -> std::io::Result<Ran> {
    let start = Instant::now();
    let (output, writer) = std::io::pipe()?;
    let (status, status_writer) = std::io::pipe()?;
    command.stdin(Stdio::from(status_writer)).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // Its ends of the pipes must be the only ones.
    drop(command);
    let total = Arc::new(AtomicU64::new(0));
    let output = keep(output, KEPT_BYTES, Arc::clone(&total));
    let said = keep(status, STATUS_BYTES, Arc::default());
    let mut ran = Ran::default();
    let ended = until_end(&mut child, limits, own_tasks, &total, start, &mut ran)?;
    ran.duration = start.elapsed();
    ran.status = ended.filter(|_| ran.limit.is_none()).map(status_of);
    ran.output = output.recv_timeout(GONE_AFTER).unwrap_or_default();
    ran.said = String::from_utf8_lossy(&said.recv_timeout(GONE_AFTER).unwrap_or_default()).into_owned();
    ran.output_bytes = total.load(Ordering::Relaxed);
    if ran.limit.is_none() && ran.output_bytes > limits.output_bytes {
        ran.limit = Some(Limit::Output);
    }
    Ok(ran)
}

/// The exit status; 128 and the signal's number when a signal ended it.
fn status_of(status: ExitStatus) -> u8 {
    let signal = || status.signal().map_or(255, |signal| 128 + signal);
    status.code().unwrap_or_else(signal).clamp(0, 255) as u8
}

fn until_end(
    child: &mut Child,
    limits: &Limits,
    own_tasks: u64,
    output: &AtomicU64,
    start: Instant,
    ran: &mut Ran,
) -> std::io::Result<Option<ExitStatus>> {
    let pid = child.id();
    let mut known = Vec::new();
    loop {
        let usage = processes::usage(pid);
        ran.most_tasks = ran.most_tasks.max(usage.tasks.saturating_sub(own_tasks));
        ran.most_memory_bytes = ran.most_memory_bytes.max(usage.memory_bytes);
        if let Some(status) = child.try_wait()? {
            // What it left has another parent by now.
            known.extend(usage.processes);
            ran.survivors = end(&known);
            return Ok(Some(status));
        }
        ran.limit = exceeded(&usage, limits, own_tasks, output, start);
        if ran.limit.is_some() {
            end_first(pid, &usage.processes);
            let _ = child.kill();
            let status = child.wait()?;
            ran.survivors = end(&usage.processes);
            return Ok(Some(status));
        }
        known = usage.processes;
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Ends the first process of the sandbox's name space, which takes all others along, before it can start more: it must run
/// once for that, and among thousands it would wait while these grow in number. Only root may raise it; others are counted
/// by the kernel.
fn end_first(sandbox: u32, seen: &[Process]) {
    for process in seen.iter().filter(|p| p.parent == sandbox && processes::is_there(p)) {
        let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else { continue };
        let _ = setpriority_process(Some(pid), -20);
        // It may have gone by itself.
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn exceeded(
    usage: &Usage,
    limits: &Limits,
    own_tasks: u64,
    output: &AtomicU64,
    start: Instant,
) -> Option<Limit> {
    if output.load(Ordering::Relaxed) > limits.output_bytes {
        Some(Limit::Output)
    } else if usage.tasks > limits.processes + own_tasks {
        Some(Limit::Processes)
    } else if usage.memory_bytes > limits.memory_bytes {
        Some(Limit::Memory)
    } else if start.elapsed() > Duration::from_secs(limits.time_s) {
        Some(Limit::Time)
    } else {
        None
    }
}

/// Waits until the processes of a run are gone and gives the number of those that are not; what was not in a
/// sandbox is ended by hand.
fn end(processes: &[Process]) -> usize {
    let until = Instant::now() + GONE_AFTER;
    let mut is_told = false;
    loop {
        let left: Vec<String> =
            processes.iter().filter(|p| processes::is_there(p)).map(|p| p.pid.to_string()).collect();
        if left.is_empty() || Instant::now() > until {
            return left.len();
        }
        if !is_told && Instant::now() + GONE_AFTER > until + Duration::from_secs(1) {
            is_told = true;
            let _ = Command::new("kill").arg("-KILL").args(&left).stderr(Stdio::null()).status();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Reads to the end, so that the writer is never stopped, and keeps the start.
fn keep(mut pipe: PipeReader, most: usize, total: Arc<AtomicU64>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            total.fetch_add(length as u64, Ordering::Relaxed);
            let room = most - kept.len();
            kept.extend_from_slice(&buffer[..length.min(room)]);
        }
        // Nobody waits any more when the run did not end in time.
        let _ = sender.send(kept);
    });
    receiver
}
