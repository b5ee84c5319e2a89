//! The command line of `abide bug`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::args::{CacheFolder, Common};
use crate::bug::environment::Environment;

/// Takes bugs where they belong: runs their reproducers on the candidate, on Stream and on the reference.
#[derive(Debug, Args)]
pub(crate) struct Bug {
    #[command(subcommand)]
    pub(crate) command: BugCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BugCommand {
    New(New),
    Check(Check),
    Replicate(Replicate),
    Bisect(Box<Bisect>),
    Report(Report),
    List(List),
    Status(Status),
    Recheck(Recheck),
}

/// Makes a bug file; on a terminal it asks for what the options do not say.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  abide bug new --title 'xmllint ends on an empty entity' --package libxml2 --script reproduce.sh \\
    --seen-signal SIGSEGV -o libxml2-entity.toml")]
pub(crate) struct New {
    /// One line that says what is wrong.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Source or binary package.
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// What should happen.
    #[arg(long, value_name = "TEXT")]
    pub(crate) expected: Option<String>,
    /// What happens instead.
    #[arg(long, value_name = "TEXT")]
    pub(crate) actual: Option<String>,
    /// File with the script that shows the bug; it is copied into the bug file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) script: Option<PathBuf>,
    /// Exit status that shows the bug; may be given several times.
    #[arg(long, value_name = "N")]
    pub(crate) seen_exit: Vec<u8>,
    /// Signal that shows the bug; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) seen_signal: Vec<String>,
    /// Regular expression that the output of a run with the bug has.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) seen_output: Option<String>,
    /// How long a run may take: a number with s, m or h.
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// Package that an environment must have; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) needs: Vec<String>,
    /// Where else the bug is described; may be given several times.
    #[arg(long, value_name = "URL")]
    pub(crate) link: Vec<String>,
    /// Where to save it; an existing file is left alone [default: standard output].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// Says whether bug files can be used, and what is wrong with them.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status:
  0  all can be used
  2  one cannot")]
pub(crate) struct Check {
    /// Bug files, or folders with bug.toml or bug.md.
    #[arg(value_name = "BUG", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) bugs: Vec<PathBuf>,
}

/// Where bugs are run.
#[derive(Debug, Args)]
pub(crate) struct Environments {
    /// Environment: a role (candidate, stream, reference, older, swapped), perhaps a name, and a
    /// place: a root tree, oci:IMAGE for podman, or command:TEMPLATE with {script} and {folder}; may
    /// be given several times.
    #[arg(short, long, value_name = "ROLE[:NAME]=PLACE", value_parser = crate::bug::environment::parse)]
    pub(crate) environment: Vec<Environment>,
    /// Distribution file whose environments are meant, besides those named here.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) distribution: Option<PathBuf>,
    /// Packages that are installed into a throw-away copy of the candidate's root tree, which becomes
    /// one more environment; may be given several times.
    #[arg(long, value_name = "FILE[,FILE…]", value_delimiter = ',', action = clap::ArgAction::Append)]
    pub(crate) swap: Vec<PathBuf>,
    /// Runs in each environment: only runs that all say the same decide.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) runs: u16,
    /// Folder with the candidate's package sources, to name the divergences of the package; may be
    /// given several times.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) source: Vec<PathBuf>,
    /// Folder with Stream's package sources, to name the patches that only Stream has; may be given several
    /// times.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) stream_source: Vec<PathBuf>,
}

/// Options of every command that uses records.
#[derive(Debug, Args)]
pub(crate) struct Records {
    #[command(flatten)]
    pub(crate) folder: CacheFolder,
    /// Say nothing while it works.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Runs a bug's reproducer in all environments and says where the bug belongs.
///
/// Runs are isolated (no network unless the bug declares it, a home of their own, limits of time,
/// memory, processes, disk and output), recorded, and taken from the records when nothing changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  abide bug replicate bugs/entity.toml -e candidate=/srv/ours-9 -e stream=/srv/stream-9 \\
    -e reference=/srv/reference-9

Exit status:
  0  not seen on the candidate
  1  seen on the candidate, and it is decided where it belongs
  2  the bug or an argument cannot be used
  3  undecided")]
pub(crate) struct Replicate {
    /// Bug file, or folder with bug.toml or bug.md.
    #[arg(value_name = "BUG", value_hint = ValueHint::AnyPath)]
    pub(crate) bug: PathBuf,
    #[command(flatten)]
    pub(crate) environments: Environments,
    /// Make all runs anew.
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) records: Records,
}

/// How a result is shown.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = BugFormat::Text, value_name = "FORMAT")]
    pub(crate) format: BugFormat,
    /// Write it to FILE.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Also show what the runs said.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BugFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Finds the first bad update by halving, and checks the packages before and after it.
///
/// Each state is a throw-away copy of the root tree, into which its own package manager (dpkg, rpm) installs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Several builds of one package in a folder:
    abide bug bisect bugs/entity.toml --root /srv/ours-9 --packages builds/
  Everything that changed between two releases:
    abide bug bisect bugs/entity.toml --root /srv/ours-9.4 --packages 9.4/ 9.5/

Exit status:
  0  the first bad update is found, or a range of them
  2  a bug, root or package cannot be used
  3  undecided: an end does not say what it must")]
pub(crate) struct Bisect {
    /// Bug file, or folder with bug.toml or bug.md.
    #[arg(value_name = "BUG", value_hint = ValueHint::AnyPath)]
    pub(crate) bug: PathBuf,
    /// Root tree to install into; it is copied, and stays as it is.
    #[arg(long, value_name = "ROOT", value_hint = ValueHint::DirPath)]
    pub(crate) root: PathBuf,
    /// One folder with several builds of a package, or several folders with whole sets, the oldest first.
    #[arg(long, value_name = "FOLDER", required = true, num_args = 1.., value_hint = ValueHint::DirPath)]
    pub(crate) packages: Vec<PathBuf>,
    /// Find the update that ends the bug, instead of the one that brings it.
    #[arg(long)]
    pub(crate) fixed: bool,
    /// Runs of each state: only runs that all say the same decide.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) runs: u16,
    /// Folder or package with debug information of the packages, for the check; may be given several times.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) debuginfo: Vec<PathBuf>,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = BugFormat::Text, value_name = "FORMAT")]
    pub(crate) format: BugFormat,
    /// Write it to FILE.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Writes the report for a tracker, from the newest matrix of the bug; sends it only when asked to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  To paste:
    abide bug report bugs/entity.toml --tracker github
  The text, the fields and the files to attach, in a folder:
    abide bug report bugs/entity.toml --tracker jira --folder report/
  To send it, with the token in an environment variable:
    ABIDE_TRACKER_TOKEN=… abide bug report bugs/entity.toml --tracker gitlab \\
      --address https://gitlab.example.org --send")]
pub(crate) struct Report {
    /// Bug file, or folder with bug.toml or bug.md.
    #[arg(value_name = "BUG", value_hint = ValueHint::AnyPath)]
    pub(crate) bug: PathBuf,
    /// Kind of the tracker.
    #[arg(long, value_enum, value_name = "TRACKER")]
    pub(crate) tracker: TrackerName,
    /// Show the call with the tracker's fields, as JSON, instead of the text.
    #[arg(long, conflicts_with = "folder")]
    pub(crate) fields: bool,
    /// Write text, fields and attachments to this folder, which must not exist or be empty.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    /// Send the report.
    #[arg(long, requires = "address")]
    pub(crate) send: bool,
    /// Address of the tracker; for GitHub, of its API.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) address: Option<String>,
    /// Environment variable that holds the token.
    #[arg(long, value_name = "NAME", default_value = "ABIDE_TRACKER_TOKEN")]
    pub(crate) token_variable: String,
    #[command(flatten)]
    pub(crate) records: Records,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrackerName {
    /// Jira, such as Red Hat's for RHEL and CentOS Stream.
    Jira,
    /// Bugzilla.
    Bugzilla,
    /// MantisBT.
    Mantis,
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
}

/// Lists bugs with their newest route and their age.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Bug files, bugs' folders, or folders that hold these.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) records: Records,
}

/// Shows the newest matrix of a bug.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Bug file, or folder with bug.toml or bug.md.
    #[arg(value_name = "BUG", value_hint = ValueHint::AnyPath)]
    pub(crate) bug: PathBuf,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) records: Records,
}

/// Runs bugs again where environments changed, and says whose route changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status:
  0  no route changed
  1  a route changed
  2  a bug cannot be used")]
pub(crate) struct Recheck {
    /// Bug files, bugs' folders, or folders that hold these.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) environments: Environments,
    #[command(flatten)]
    pub(crate) records: Records,
}
