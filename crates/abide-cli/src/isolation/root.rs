//! A root tree under bubblewrap: read-only, or a throw-away copy into which packages are installed.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use abide_bug::bug::Limits;
use abide_bug::seen::Limit;

use super::bwrap;
use super::watch::{self, Ran};

/// A user that owns nothing.
const NOBODY: &str = "65534";
/// bwrap outside, bwrap as the first process inside, and the shell that starts the run.
const OWN_TASKS: u64 = 3;
/// So many more the kernel allows.
const SPARE_TASKS: u64 = 64;
/// Folders of a root that a run does not see: each has its own in their place, or none.
const REPLACED: &[&str] = &["proc", "dev", "sys", "tmp", "home", "root", "run", "bug", "mnt", "media"];
/// Folders that a run can write to.
const WRITABLE: &[&str] = &["/tmp", "/home", "/root", "/run", "/dev/shm"];
/// Where a run begins.
pub(crate) const HOME: &str = concat!("/home", "/abide");

/// Starts the run with its limits, and says afterwards how it ended, what it left and which folders are full.
const WRAPPER: &str = r#"exec 3>&0 </dev/null
echo started >&3
ulimit -c 0 2>/dev/null
ulimit -v "$1" 2>/dev/null
ulimit -u "$2" 2>/dev/null || ulimit -p "$2" 2>/dev/null
shift 2
"$@" 3>&-
status=$?
set -- /proc/[0-9]*
echo "left $(($# - 2))" >&3
for folder in /tmp /home /root /run /dev/shm /var/tmp; do
    if { : >"$folder/.abide"; } 2>/dev/null; then
        { echo x >"$folder/.abide"; } 2>/dev/null || echo "full $folder" >&3
    fi
done
echo "exit $status" >&3
exit $status
"#;

/// How a root is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// As whoever runs abide.
    Same,
    /// As a user that owns nothing, which root can become: then the kernel counts the processes, too.
    Nobody,
}

/// What is run.
pub(crate) struct Job<'a> {
    /// Folder that is seen as `/bug`.
    pub(crate) folder: &'a Path,
    /// Command and arguments.
    pub(crate) command: &'a [&'a str],
    pub(crate) limits: &'a Limits,
    pub(crate) network: bool,
}

/// How it went, and what became of it afterwards.
pub(crate) struct Outcome {
    pub(crate) ran: Ran,
    /// Processes that were still there when the command was done; they were ended.
    pub(crate) left_running: u64,
    /// Why it was not run at all.
    pub(crate) failure: Option<String>,
}

/// Finds out as whom a root can be run, or why it cannot.
pub(crate) fn user(root: &Path, folder: &Path) -> Result<User, String> {
    let limits = Limits { time_s: 20, ..Limits::default() };
    let job = Job { folder, command: &["/bin/sh", "-c", ":"], limits: &limits, network: false };
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if is_root && run(root, User::Nobody, &job).failure.is_none() {
        return Ok(User::Nobody);
    }
    match run(root, User::Same, &job).failure {
        None => Ok(User::Same),
        Some(why) => Err(why),
    }
}

/// Runs something in a root that it cannot change.
pub(crate) fn run(root: &Path, user: User, job: &Job<'_>) -> Outcome {
    let mut command = match user {
        User::Same => Command::new("bwrap"),
        User::Nobody => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs", "bwrap"]);
            command
        }
    };
    if let Err(error) = arguments(&mut command, root, job) {
        return failed(format!("{} cannot be read: {error}", root.display()));
    }
    command.args(["--chdir", HOME, "--", "/bin/sh", "-c", WRAPPER, "sh"]);
    // A backstop for what takes its memory at once; programs ask for more addresses than they use.
    command.arg((job.limits.memory_bytes.max(1 << 30) / 1024 * 4).to_string());
    // The kernel's limit is the larger one, so that it is the watch that ends the run and names the limit.
    command.arg((job.limits.processes + OWN_TASKS + SPARE_TASKS).to_string()).args(job.command);
    let mut ran = match watch::run(command, job.limits, OWN_TASKS) {
        Ok(ran) => ran,
        Err(error) => return failed(format!("the sandbox (bwrap) could not be started: {error}")),
    };
    if !ran.said.starts_with("started") && ran.limit.is_none() {
        let said = String::from_utf8_lossy(&ran.output);
        let said: Vec<&str> = said.trim().lines().take(2).collect();
        return failed(format!("the sandbox could not be made: {}", said.join("; ")));
    }
    let said = |word: &str| ran.said.lines().find_map(|line| line.strip_prefix(word)?.trim().parse().ok());
    let left_running = said("left").unwrap_or(0);
    if ran.limit.is_none() && left_running > job.limits.processes {
        // It was over between two looks.
        ran.limit = Some(Limit::Processes);
    }
    if ran.limit.is_none() && ran.said.lines().any(|line| line.starts_with("full ")) {
        ran.limit = Some(Limit::Disk);
    }
    Outcome { ran, left_running, failure: None }
}

fn failed(why: String) -> Outcome {
    Outcome { ran: Ran::default(), left_running: 0, failure: Some(why) }
}

fn arguments(bwrap: &mut Command, root: &Path, job: &Job<'_>) -> std::io::Result<()> {
    bwrap::common(bwrap, HOME);
    if job.network {
        bwrap.arg("--share-net");
    }
    let mut entries: Vec<_> = std::fs::read_dir(root)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if REPLACED.iter().any(|replaced| name == *replaced) {
            continue;
        }
        let inside = Path::new("/").join(&name);
        match entry.file_type()? {
            // A link leads to the same place inside, wherever that is outside.
            kind if kind.is_symlink() => {
                bwrap.arg("--symlink").arg(std::fs::read_link(entry.path())?).arg(inside)
            }
            _ => bwrap.arg("--ro-bind").arg(entry.path()).arg(inside),
        };
    }
    if job.network && std::fs::symlink_metadata(root.join("etc/resolv.conf")).is_ok_and(|m| m.is_file()) {
        bwrap.args(["--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]);
    }
    bwrap.args(["--proc", "/proc", "--dev", "/dev"]);
    let size = job.limits.disk_bytes.to_string();
    let has_var_tmp = std::fs::symlink_metadata(root.join("var")).is_ok_and(|m| m.is_dir())
        && std::fs::symlink_metadata(root.join("var/tmp")).is_ok_and(|m| m.is_dir());
    for folder in WRITABLE.iter().copied().chain(has_var_tmp.then_some("/var/tmp")) {
        bwrap.args(["--perms", "1777", "--size", &size, "--tmpfs", folder]);
    }
    bwrap.args(["--dir", HOME, "--ro-bind"]).arg(job.folder).arg("/bug");
    bwrap.args(["--remount-ro", "/dev", "--remount-ro", "/"]);
    Ok(())
}

/// Capabilities that a package manager needs when it runs as root.
const OF_INSTALLER: &[&str] = &[
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
];

/// Runs a package manager in a throw-away root, which it may change; gives what it said when it failed.
pub(crate) fn install(root: &Path, packages: &Path, command: &[&str], time_s: u64) -> Result<(), String> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut bwrap = Command::new("bwrap");
    if is_root {
        // Owners in the root tree are kept, which needs the real user.
        bwrap.args(["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL"]);
        OF_INSTALLER.iter().for_each(|cap| {
            bwrap.args(["--cap-add", cap]);
        });
        bwrap.args(["--die-with-parent", "--new-session", "--clearenv", "--setenv", "HOME", "/root"]);
        bwrap.args(["--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "LC_ALL", "C.UTF-8"]);
    } else {
        bwrap::common(&mut bwrap, "/root");
        bwrap.args(["--uid", "0", "--gid", "0"]);
    }
    bwrap.args(["--setenv", "DEBIAN_FRONTEND", "noninteractive", "--bind"]).arg(root).arg("/");
    bwrap.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind"]).arg(packages);
    bwrap.args(["/tmp/packages", "--chdir", "/tmp/packages", "--"]).args(command);
    let limits = Limits { time_s, processes: 2000, memory_bytes: 8 << 30, ..Limits::default() };
    let ran =
        watch::run(bwrap, &limits, OWN_TASKS).map_err(|e| format!("bwrap could not be started: {e}"))?;
    if ran.status == Some(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.output);
    let said: Vec<&str> = said.trim().lines().rev().take(3).collect();
    let said: Vec<&str> = said.into_iter().rev().collect();
    let how =
        ran.limit.map_or_else(|| "failed".to_owned(), |limit| format!("came to its limit of {}", limit.id()));
    Err(format!("{} {how}: {}", command.first().unwrap_or(&"it"), said.join("; ")))
}

/// Copies a root to a place where it can be changed.
pub(crate) fn copy(root: &Path, to: &Path) -> Result<(), String> {
    let output = Command::new("cp")
        .args(["-a", "--reflink=auto", "-T"])
        .arg(root)
        .arg(to)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cp could not be started: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("the root could not be copied: {}", said.lines().next().unwrap_or("cp said nothing")))
}
