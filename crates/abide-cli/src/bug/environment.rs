//! Environments: what they are, what is installed in them, and running a command there.

use std::path::{Path, PathBuf};
use std::process::Command;

use abide_bug::bug::Limits;
use abide_bug::matrix::Role;
use abide_bug::packages::PackageSet;

use crate::isolation::root::{self, Job, Outcome, User};
use crate::isolation::watch::{self, Ran};

/// An environment as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// What an environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A root tree, run under bubblewrap.
    Root(PathBuf),
    /// An image or archive of one, run by podman.
    Oci(String),
    /// A command with `{script}` and `{folder}` in it.
    Template(String),
}

impl Place {
    /// `oci:IMAGE`, `command:TEMPLATE`, or a folder.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(image) = text.strip_prefix("oci:") {
            return Ok(Place::Oci(image.to_owned()));
        }
        if let Some(template) = text.strip_prefix("command:") {
            return match template.contains("{script}") {
                true => Ok(Place::Template(template.to_owned())),
                false => Err("the command has no {script} in it".to_owned()),
            };
        }
        if text.is_empty() { Err("a folder is expected".to_owned()) } else { Ok(Place::Root(text.into())) }
    }

    /// Its kind, for formats.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Place::Root(_) => "root",
            Place::Oci(_) => "oci",
            Place::Template(_) => "command",
        }
    }

    /// The folder, image or template.
    pub(crate) fn text(&self) -> String {
        match self {
            Place::Root(path) => path.display().to_string(),
            Place::Oci(text) | Place::Template(text) => text.clone(),
        }
    }
}

impl Environment {
    /// An environment; without a name it is called after its place.
    pub(crate) fn new(role: Role, name: Option<&str>, place: Place) -> Self {
        let name = name.map_or_else(|| default_name(&place), str::to_owned);
        Environment { role, name, place }
    }
}

/// `ROLE[:NAME]=PLACE`.
pub(crate) fn parse(text: &str) -> Result<Environment, String> {
    let (head, place) = text.split_once('=').ok_or("a role, = and a place are expected")?;
    let (role, name) = head.split_once(':').unwrap_or((head, ""));
    let role = Role::of(role).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.id()).collect();
        format!("there is no role {role:?}; there are {}", known.join(", "))
    })?;
    let place = Place::parse(place)?;
    Ok(Environment::new(role, Some(name).filter(|name| !name.is_empty()), place))
}

/// The last part of a path or image.
fn default_name(place: &Place) -> String {
    match place {
        Place::Root(path) => path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
        Place::Oci(image) => image.rsplit('/').next().unwrap_or(image).to_owned(),
        Place::Template(template) => template.split_whitespace().next().unwrap_or("command").to_owned(),
    }
}

/// An environment that was looked at.
pub(crate) struct Ready {
    pub(crate) environment: Environment,
    user: User,
    /// Installed packages, when that is known.
    pub(crate) packages: Option<PackageSet>,
    /// Kernel release.
    pub(crate) kernel: Option<String>,
    /// Why nothing can be run there.
    pub(crate) failure: Option<String>,
}

/// Says what is installed and which kernel runs, for environments whose files cannot be seen.
const PROBE: &str = r#"echo "kernel $(uname -r)"
if command -v dpkg-query >/dev/null 2>&1; then
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package}\n' | sed -n 's/^installed /package /p'
elif command -v rpm >/dev/null 2>&1; then
    rpm -qa --qf 'package %{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\n'
fi
"#;
/// Name of the probe in its folder.
const PROBE_NAME: &str = "probe";

impl Ready {
    /// Looks at an environment.
    pub(crate) fn look(environment: Environment) -> Self {
        let mut ready = Ready { environment, user: User::Same, packages: None, kernel: None, failure: None };
        if let Err(why) = ready.look_inside() {
            ready.failure = Some(why);
        }
        ready
    }

    fn look_inside(&mut self) -> Result<(), String> {
        let folder = probe_folder().map_err(|e| format!("a folder could not be made: {e}"))?;
        let place = self.environment.place.clone();
        if let Place::Root(path) = &place {
            if !path.is_dir() {
                return Err(format!("{} is no folder", path.display()));
            }
            self.user = root::user(path, folder.path())?;
            let status = std::fs::read(path.join("var/lib/dpkg/status")).ok();
            let set = status.map(|text| PackageSet::of_dpkg_status(&String::from_utf8_lossy(&text)));
            self.packages = set.filter(|set| !set.is_empty());
        }
        let limits = Limits { time_s: 120, ..Limits::default() };
        let outcome = self.run(folder.path(), PROBE_NAME, &limits, false, PROBE);
        if let Some(why) = outcome.failure {
            return Err(why);
        }
        let said = String::from_utf8_lossy(&outcome.ran.output).into_owned();
        self.kernel = match &place {
            // A root runs on the kernel of this machine, and need not have a program that says so.
            Place::Root(_) => std::fs::read_to_string("/proc/sys/kernel/osrelease").ok(),
            Place::Oci(_) | Place::Template(_) => {
                said.lines().find_map(|line| line.strip_prefix("kernel ")).map(str::to_owned)
            }
        };
        self.kernel = self.kernel.take().map(|kernel| kernel.trim().to_owned());
        if self.packages.is_none() {
            let listed: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("package ")).collect();
            let (set, _) = PackageSet::of_lines(&listed.join("\n"));
            self.packages = Some(set).filter(|set| !set.is_empty());
        }
        match (&self.kernel, outcome.ran.status) {
            (Some(_), _) => Ok(()),
            (None, status) => {
                let line = said.trim().lines().last().unwrap_or("it said nothing").to_owned();
                let how = status.map_or_else(|| "it was ended".to_owned(), abide_bug::seen::exit);
                Err(format!("nothing can be run there ({how}): {line}"))
            }
        }
    }

    /// What holds a run, in words.
    pub(crate) fn isolation(&self) -> &'static str {
        match (&self.environment.place, self.user) {
            (Place::Root(_), User::Nobody) => {
                "bubblewrap, as a user of its own; processes counted by the kernel and watched"
            }
            (Place::Root(_), User::Same) => "bubblewrap; processes watched",
            (Place::Oci(_), _) => "podman",
            (Place::Template(_), _) => "a command of the user's",
        }
    }

    /// Runs a script of a folder.
    pub(crate) fn run(
        &self,
        folder: &Path,
        script: &str,
        limits: &Limits,
        network: bool,
        text: &str,
    ) -> Outcome {
        let has_interpreter = text.starts_with("#!");
        match &self.environment.place {
            Place::Root(path) => {
                let inside = format!("/bug/{script}");
                let command: &[&str] = if has_interpreter { &[&inside] } else { &["/bin/sh", &inside] };
                root::run(path, self.user, &Job { folder, command, limits, network })
            }
            Place::Oci(image) => podman(image, folder, script, limits, network, has_interpreter),
            Place::Template(template) => by_template(template, folder, script, limits),
        }
    }

    /// The line that a run is recorded with.
    pub(crate) fn command_line(&self, script: &str) -> String {
        match &self.environment.place {
            Place::Template(template) => template.clone(),
            Place::Root(_) | Place::Oci(_) => format!("/bug/{script}"),
        }
    }
}

fn probe_folder() -> std::io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::Builder::new().prefix("abide-bug-").tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    std::fs::write(folder.path().join(PROBE_NAME), PROBE)?;
    Ok(folder)
}

fn podman(
    image: &str,
    folder: &Path,
    script: &str,
    limits: &Limits,
    network: bool,
    has_interpreter: bool,
) -> Outcome {
    let mut command = Command::new("podman");
    let size = limits.disk_bytes;
    command.args(["run", "--rm", "--read-only", "--read-only-tmpfs=false", "--pull=missing", "--init"]);
    command.args(["--security-opt", "no-new-privileges", "--cap-drop", "all"]);
    for place in ["/tmp", "/var/tmp", "/home", "/root", "/run", "/dev/shm"] {
        command.arg("--tmpfs").arg(format!("{place}:rw,mode=1777,size={size}"));
    }
    if !network {
        command.args(["--network", "none"]);
    }
    command.arg(format!("--pids-limit={}", limits.processes));
    command.arg(format!("--memory={}b", limits.memory_bytes)).arg(format!("--timeout={}", limits.time_s + 5));
    command.arg("--volume").arg(format!("{}:/bug:ro", folder.display()));
    command.args(["--env", "HOME=/root", "--env", "LC_ALL=C.UTF-8", "--workdir", "/root", image]);
    let inside = format!("/bug/{script}");
    command.args(if has_interpreter { vec![inside.as_str()] } else { vec!["/bin/sh", inside.as_str()] });
    // What podman needs itself is not the run's: its own limits hold the run.
    let own = Limits { processes: u64::MAX / 2, memory_bytes: u64::MAX / 2, ..*limits };
    let mut outcome = watched(command, &own, "podman");
    let said = String::from_utf8_lossy(&outcome.ran.output).into_owned();
    // Status 125 is podman's own (podman-run(1)).
    if outcome.ran.status == Some(125) && said.lines().any(|line| line.starts_with("Error:")) {
        let line = said.lines().find(|line| line.starts_with("Error:")).unwrap_or_default();
        outcome.failure =
            Some(format!("podman could not run it: {}", line.trim_start_matches("Error:").trim()));
    }
    outcome
}

fn by_template(template: &str, folder: &Path, script: &str, limits: &Limits) -> Outcome {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let line =
        template.replace("{script}", &quoted(&folder.join(script))).replace("{folder}", &quoted(folder));
    let mut command = Command::new("/bin/sh");
    // Its standard input is of no use to it.
    command.args(["-c", "exec </dev/null; eval \"$1\"", "sh", &line]);
    let own = Limits { processes: u64::MAX / 2, memory_bytes: u64::MAX / 2, ..*limits };
    watched(command, &own, "the command")
}

fn watched(command: Command, limits: &Limits, what: &str) -> Outcome {
    match watch::run(command, limits, 0) {
        Ok(ran) => Outcome { ran, left_running: 0, failure: None },
        Err(error) => {
            let failure = Some(format!("{what} could not be started: {error}"));
            Outcome { ran: Ran::default(), left_running: 0, failure }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_named_on_the_command_line() {
        let parsed = parse("candidate=/srv/roots/ours-9/").unwrap();
        assert_eq!((parsed.role, parsed.name.as_str()), (Role::Candidate, "ours-9"));
        let parsed = parse("stream:Stream 9=oci:registry.example.org/stream:9").unwrap();
        assert_eq!((parsed.name.as_str(), parsed.place.kind()), ("Stream 9", "oci"));
        let parsed = parse("reference=command:ssh host sh -s < {script}").unwrap();
        assert_eq!((parsed.name.as_str(), parsed.place.kind()), ("ssh", "command"));
        for bad in ["candidate", "else=/x", "candidate=", "older=command:ssh host"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
