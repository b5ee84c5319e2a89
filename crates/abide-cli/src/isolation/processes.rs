//! What a process and all that it started use, from `/proc`.
//!
//! Whatever leaves its parent in a sandbox becomes a child of the sandbox's first process: so it is still found.

use std::collections::BTreeMap;

/// Bytes of a page; the unit of `statm`. All architectures of ours have at least this.
const PAGE_BYTES: u64 = 4096;

/// A process at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// When it was started, which tells it from a later one of the same number.
    started: u64,
    pub(crate) parent: u32,
    threads: u64,
}

/// What all of them use together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) processes: Vec<Process>,
    /// Threads of all processes.
    pub(crate) tasks: u64,
    /// Memory that they do not share, and the largest shared part once.
    pub(crate) memory_bytes: u64,
}

/// What the process of this number and its descendants use.
pub(crate) fn usage(root: u32) -> Usage {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    let mut open = Vec::new();
    for process in all() {
        if process.pid == root {
            open.push(process);
        }
        children.entry(process.parent).or_default().push(process);
    }
    let mut usage = Usage::default();
    let mut shared_most = 0;
    while let Some(process) = open.pop() {
        open.extend(children.remove(&process.pid).into_iter().flatten());
        let (own, shared) = memory(process.pid);
        usage.tasks += process.threads;
        usage.memory_bytes += own;
        shared_most = shared_most.max(shared);
        usage.processes.push(process);
    }
    usage.memory_bytes += shared_most;
    usage
}

/// Whether a process is still there, other than as an entry that waits for its parent.
pub(crate) fn is_there(process: &Process) -> bool {
    read(process.pid).is_some_and(|(now, state)| now.started == process.started && state != 'Z')
}

fn all() -> impl Iterator<Item = Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).map(|(process, _)| process)
}

/// Reads `/proc/PID/stat` (proc_pid_stat(5)); the name in it may hold anything.
fn read(pid: u32) -> Option<(Process, char)> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let process = Process { pid, parent: number(1)? as u32, threads: number(17)?, started: number(19)? };
    Some((process, fields.first()?.chars().next()?))
}

/// Bytes that a process has for itself and those it shares with files and others.
fn memory(pid: u32) -> (u64, u64) {
    let Ok(statm) = std::fs::read_to_string(format!("/proc/{pid}/statm")) else { return (0, 0) };
    let pages: Vec<u64> = statm.split(' ').filter_map(|word| word.trim().parse().ok()).collect();
    let (resident, shared) = (pages.get(1).copied().unwrap_or(0), pages.get(2).copied().unwrap_or(0));
    (resident.saturating_sub(shared) * PAGE_BYTES, shared * PAGE_BYTES)
}
