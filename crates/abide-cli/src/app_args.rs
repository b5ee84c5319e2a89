//! The command line of `abide app`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum, ValueHint};

use crate::args::Common;

const EXIT_STATUS: &str = "\
Exit status:
  0  every program runs on every distribution
  1  one will not run
  2  no answer: usage, unreadable input, output that could not be delivered
  3  runs if …, or undecided: a person must look";

const EXAMPLES: &str = "\
Examples:
  A program on three releases:
    abide app ./prog --on el8 --on el9 --on el10
  A program on this machine:
    abide app ./prog --on host
  A wheel on two root directories:
    abide app dist/*.whl --on /srv/roots/el8 --on /srv/roots/el9
  What changes for a program between two builds of a library:
    abide app ./prog --from old/libfoo.so.1 --on new/libfoo.so.1
  Whether a program was built for the types that a distribution's libraries have:
    abide app ./prog --types --on host
  An installed tree on repositories that are one distribution:
    abide app /opt/vendor --on ./BaseOS,./AppStream
  Kernel modules on kernels:
    abide app kmod-foo.rpm --on kernel-5.14.0-284/ --on kernel-5.14.0-362/ --kabi Module.kabi_x86_64";

/// Says whether PROGRAM runs on a distribution, and if not, why and what to do.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
#[command(group(ArgGroup::new("interface").args(["from", "types"])))]
pub(crate) struct App {
    /// ELF file, script, folder, RPM or Debian package, Python wheel or other zip, tar archive,
    /// container image (OCI, docker-archive); or kernel modules, in files, folders or packages.
    #[arg(value_name = "PROGRAM", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) programs: Vec<String>,
    /// Where it should run: `el7`, `el8`, `el9`, `el10` (profiles inside of abide), a profile in a
    /// file, `host`, a root directory, a repository (folder or URL), a folder of packages, a
    /// snapshot; several with commas between them are one distribution; a distribution file, whose candidate
    /// is meant, or FILE.toml#reference. For modules: kernel images, packages, Module.symvers. May be given
    /// several times.
    #[arg(long, value_name = "DISTRIBUTION", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) on: Vec<String>,
    /// Compare only what the programs import: what is used of this build of the libraries, and
    /// whether each DISTRIBUTION, another build of them, still has it, with types where debug information tells.
    #[arg(long, value_name = "REFERENCE", value_hint = ValueHint::AnyPath)]
    pub(crate) from: Option<String>,
    /// Compare types too: what the programs' debug information declares of the functions and variables that
    /// they import, and what each DISTRIBUTION's libraries define.
    #[arg(long)]
    pub(crate) types: bool,
    /// With --from or --types: folder or package with debug information, of the programs or the libraries; may be
    /// given several times.
    #[arg(long, value_name = "PATH", requires = "interface", value_hint = ValueHint::AnyPath)]
    pub(crate) debuginfo: Vec<PathBuf>,
    /// With --from: written exceptions, as of `abide check`.
    #[arg(long, value_name = "FILE", requires = "from", value_hint = ValueHint::FilePath)]
    pub(crate) suppressions: Vec<PathBuf>,
    /// The x86-64 level of the machines (1 to 4) [default: this machine's for `host`, unknown for others].
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) isa_level: Option<u8>,
    /// Of modules: the symbols that a kernel promises, RHEL's Module.kabi_ARCH or stablelist, or a
    /// KMI list; may be given several times. Lists among the kernels' packages are found by themselves.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kabi: Vec<PathBuf>,
    /// Format of the report.
    #[arg(long, value_enum, default_value_t = AppFormat::Text, value_name = "FORMAT")]
    pub(crate) format: AppFormat,
    /// Write the report to FILE, which appears whole or not at all.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Formats of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AppFormat {
    /// For people.
    Text,
    /// For programs: the document `abide.app/1`.
    Json,
    /// For programs that read answer by answer: JSON Lines, `abide.app-lines/1`.
    Jsonl,
    /// For code scanning services: SARIF 2.1.0.
    Sarif,
    /// For continuous integration servers: JUnit XML.
    Junit,
    /// For people: one page with a matrix.
    Html,
    /// What the loader itself would print for each file: libraries and where they are found, then
    /// what is missing, as `ldd -r` does.
    Ldd,
}

/// Writes down what `abide app` has to know of DISTRIBUTION, so that it is known without having it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  abide profile /srv/roots/el9 --name our-el9 --date 2026-01-31 --kernel 5.14 --isa-level 2 -o our-el9.toml
  abide app ./prog --on our-el9.toml")]
pub(crate) struct Profile {
    /// Root directory, repository (folder or URL), folder of packages, snapshot.
    #[arg(value_name = "DISTRIBUTION", value_hint = ValueHint::AnyPath)]
    pub(crate) distribution: String,
    /// How it is called.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// In words.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Where the distribution is from, in words [default: DISTRIBUTION].
    #[arg(long, value_name = "TEXT")]
    pub(crate) from: Option<String>,
    /// The state of the distribution: a date or version.
    #[arg(long, value_name = "DATE")]
    pub(crate) date: String,
    /// Its kernel's version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) kernel: Option<String>,
    /// The x86-64 level that it is built for.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) isa_level: Option<u8>,
    /// Where to write it.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}
