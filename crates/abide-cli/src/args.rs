//! The command line: what can be asked, and the help that says so.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

const EXIT_STATUS: &str = "\
Exit status:
  0  compatible
  1  incompatible
  2  no verdict: usage, unreadable input, output that could not be delivered
  3  review or undecided: a person must look";

/// Tells whether one build of a Linux distribution keeps another's binary interface.
#[derive(Debug, Parser)]
#[command(name = "abide", version, propagate_version = true, max_term_width = 100, after_help = EXIT_STATUS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Box<Check>),
    Who(Who),
    App(crate::app_args::App),
    Profile(crate::app_args::Profile),
    Snapshot(Snapshot),
    Cache(Cache),
    Source(crate::source_args::Source),
    Bug(crate::bug_args::Bug),
    Explain(Explain),
    Rules(Rules),
    Completions(Completions),
    Man(Man),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  Two builds of a library:
    abide check old/libfoo.so.1 new/libfoo.so.1
  Two packages, their debug information beside them:
    abide check foo-1.0-1.rpm foo-1.1-1.rpm --debuginfo-old debug-1.0/ --debuginfo-new debug-1.1/
  Two repositories, one of them on a server:
    abide check https://mirror.example.org/9/AppStream/x86_64/os ./candidate
  Whole distributions, by their metadata alone:
    abide check --reference ref/BaseOS ref/AppStream --candidate BaseOS AppStream --metadata-only
  What would an update do?
    abide check --reference BaseOS AppStream --update ./new-builds
  A saved reference, for a build pipeline:
    abide check reference.abide ./candidate --format json -o report.json
  Two kernels, by their exports and types, or by their lists of promised symbols:
    abide check vmlinuz-5.14.0-284.el9 vmlinuz-5.14.0-285.el9 --kabi Module.kabi_x86_64
    abide check 9.2/Module.kabi_x86_64 9.3/Module.kabi_x86_64
  Text here, and files for the pipeline:
    abide check reference.abide ./candidate --report sarif:abide.sarif --report html:abide.html";

/// Compares CANDIDATE with REFERENCE and says whether programs built for the reference keep working.
#[derive(Debug, Args)]
#[command(after_help = format!("{CHECK_EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Check {
    /// What the interface was promised for: ELF file, package, folder, tar archive, repository (folder or URL), kernel
    /// image, Module.symvers, list of kernel symbols, snapshot.
    #[arg(
        id = "REFERENCE",
        value_hint = ValueHint::AnyPath,
        required_unless_present_any = ["reference", "distribution"]
    )]
    pub(crate) old: Option<String>,
    /// What must keep it; the same kinds of input.
    #[arg(
        id = "CANDIDATE",
        value_hint = ValueHint::AnyPath,
        required_unless_present_any = ["candidate", "update", "distribution"]
    )]
    pub(crate) new: Option<String>,
    #[command(flatten)]
    pub(crate) sides: Sides,
    #[command(flatten)]
    pub(crate) debuginfo: DebuginfoOfBoth,
    /// The kernel's BTF that the BTF of modules continues: vmlinux, or BTF alone, of either side.
    #[arg(long, value_name = "OLD,NEW", value_parser = both_paths)]
    pub(crate) btf_base: Option<BothPaths>,
    /// Public headers of either side: folder, -devel package or file. Types declared elsewhere are
    /// private. Without it, the -devel packages among the inputs tell.
    #[arg(long, value_name = "OLD,NEW", value_parser = both_paths)]
    pub(crate) headers: Option<BothPaths>,
    /// Written exceptions: a suppression file of libabigail or, when its name ends in .toml, of
    /// abide; may be given several times. What they cover stays in the report, marked.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suppressions: Vec<PathBuf>,
    /// Leave aside the suppression files (*.abignore) that packages and folders hold themselves.
    #[arg(long)]
    pub(crate) no_shipped_suppressions: bool,
    /// The symbols that are the interface, whatever else is exported: one a line, RHEL's
    /// Module.kabi_ARCH or stablelist, Android's symbol list; may be given several times.
    #[arg(
        short = 'w',
        long,
        visible_alias = "kmi-whitelist",
        value_name = "FILE",
        value_hint = ValueHint::FilePath
    )]
    pub(crate) symbol_list: Vec<PathBuf>,
    /// Symbols that a kernel promises to modules, or changes that are tolerated: RHEL's
    /// Module.kabi_ARCH or stablelist, a KMI list, SUSE's severities; may be given several times.
    /// Lists among the inputs are found by themselves.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kabi: Vec<PathBuf>,
    /// What packages promise, how much evidence is enough, other levels of rules: a policy file
    /// (TOML), or rpminspect's list of compatibility levels.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// Format of the report.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Also list `safe` findings; the text report only counts them otherwise.
    #[arg(long)]
    pub(crate) all: bool,
    /// Also say what was compared and what was not, with numbers and reasons; other formats always do.
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Write the report to FILE, which appears whole or not at all; for `site`, to a folder.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Write one more report, in a format of its own; may be given several times.
    #[arg(long, value_name = "FORMAT:FILE", value_parser = report)]
    pub(crate) report: Vec<Report>,
    /// What a `review` finding is in a JUnit report.
    #[arg(long, value_enum, default_value_t = JunitReview::Failure, value_name = "AS")]
    pub(crate) junit_review: JunitReview,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Tells who uses a library, or a symbol of it, among the packages of some inputs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  abide who libssl.so.3 --in https://mirror.example.org/9/BaseOS/x86_64/os
  abide who libz.so.1:inflateInit_ --in ./reference ./candidate --format json

Exit status:
  0  answered
  2  no answer: usage, unreadable input, a library that nothing is or needs")]
pub(crate) struct Who {
    /// Soname, file name or path of the library; without its version, every version of it. Behind a
    /// colon a symbol: its name, with or without a version, or its C++ name.
    #[arg(value_name = "LIBRARY[:SYMBOL]")]
    pub(crate) what: String,
    /// Where to look: packages, folders, repositories (folder or URL), snapshots.
    #[arg(long = "in", value_name = "INPUT", num_args = 1.., required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<String>,
    /// Format of the answer.
    #[arg(long, value_enum, default_value_t = WhoFormat::Text, value_name = "FORMAT")]
    pub(crate) format: WhoFormat,
    /// Write the answer to FILE, which appears whole or not at all.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Formats of the answer to `who`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhoFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Sides that consist of several inputs.
#[derive(Debug, Args)]
pub(crate) struct Sides {
    /// The reference, as one or more inputs that together are one distribution.
    #[arg(long, value_name = "INPUT", num_args = 1.., conflicts_with_all = ["REFERENCE", "distribution"])]
    pub(crate) reference: Vec<String>,
    /// The candidate, likewise.
    #[arg(long, value_name = "INPUT", num_args = 1.., conflicts_with_all = ["CANDIDATE", "distribution"])]
    pub(crate) candidate: Vec<String>,
    /// The candidate is the reference with these builds in the place of those with the same name and
    /// architecture: packages, or folders of them.
    #[arg(long, value_name = "BUILD", num_args = 1.., conflicts_with_all = ["CANDIDATE", "candidate"])]
    pub(crate) update: Vec<String>,
    /// Both sides, their debug information, policy and waivers as a distribution file (TOML) names them.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "REFERENCE")]
    pub(crate) distribution: Option<PathBuf>,
    /// Compare what the repositories list, and read no package: builds and their order, capabilities
    /// that are lost, requirements that nothing meets.
    #[arg(long)]
    pub(crate) metadata_only: bool,
}

/// Reads INPUT once and saves its facts; a snapshot compares exactly as its input would.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  abide snapshot https://mirror.example.org/9/BaseOS/x86_64/os -o baseos.abide
  abide check baseos.abide ./candidate")]
pub(crate) struct Snapshot {
    /// ELF file, package, folder, tar archive, repository (folder or URL).
    #[arg(value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) input: String,
    /// Where to save it.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Folder or package with debug information; may be given several times.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) debuginfo: Vec<PathBuf>,
    /// The kernel's BTF that the BTF of modules continues: vmlinux, or BTF alone.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) btf_base: Option<PathBuf>,
    /// Public headers: folder, -devel package or file.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) headers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Shows the cache of facts, or removes some of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  abide cache
  abide cache --older-than 30d --max-size 5G")]
pub(crate) struct Cache {
    #[command(flatten)]
    pub(crate) folder: CacheFolder,
    /// Remove entries that were not used for so long: a number with h, d or w.
    #[arg(long, value_name = "AGE", value_parser = crate::cache::age)]
    pub(crate) older_than: Option<std::time::Duration>,
    /// Remove the entries that were not used for the longest time, until the rest has this size: a
    /// number with K, M, G or T.
    #[arg(long, value_name = "SIZE", value_parser = crate::cache::size)]
    pub(crate) max_size: Option<u64>,
    /// Remove everything.
    #[arg(long, conflicts_with_all = ["older_than", "max_size"])]
    pub(crate) all: bool,
}

/// Where facts are kept between runs.
#[derive(Debug, Args)]
pub(crate) struct CacheFolder {
    /// Folder of the cache [default: abide in $XDG_CACHE_HOME, or else in ~/.cache].
    #[arg(long, env = "ABIDE_CACHE", hide_env_values = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cache: Option<PathBuf>,
}

/// Explains a rule: what it looks for, why that breaks programs, when it does not.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Rule id, as findings name it.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
}

/// Lists all rules with their level.
#[derive(Debug, Args)]
pub(crate) struct Rules {}

/// Prints a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  abide completions bash > /usr/share/bash-completion/completions/abide")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Prints the manual page, or writes one page for each command to a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  abide man /usr/share/man/man1")]
pub(crate) struct Man {
    /// Existing folder for the pages; without it `abide(1)` goes to standard output.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
}

/// Whether facts are kept between runs, and where.
#[derive(Debug, Args)]
pub(crate) struct CacheUse {
    #[command(flatten)]
    pub(crate) folder: CacheFolder,
    /// Read everything anew, and keep nothing.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Options of every command that reads inputs.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) cache: CacheUse,
    /// Threads to use [default: one for each processor].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// No progress bars.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) debuginfod: Debuginfod,
    /// Longer report: every consumer, symbol and path; how long each stage took.
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub(crate) verbose: bool,
}

/// Where debug information is looked for besides the inputs and /usr/lib/debug.
#[derive(Debug, Args)]
pub(crate) struct DebuginfoOfBoth {
    /// Folder or package with debug information of both sides; may be given several times.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) debuginfo: Vec<PathBuf>,
    /// The same for the reference only.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) debuginfo_old: Vec<PathBuf>,
    /// The same for the candidate only.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) debuginfo_new: Vec<PathBuf>,
}

/// Servers for debug information that is found nowhere else; none is asked without the option.
#[derive(Debug, Args)]
pub(crate) struct Debuginfod {
    /// Ask this debuginfod server for debug information that is found nowhere else; without a URL,
    /// those of DEBUGINFOD_URLS. May be given several times.
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) debuginfod: Vec<String>,
}

/// A path for either side; none where it was left empty.
#[derive(Clone, Debug)]
pub(crate) struct BothPaths {
    pub(crate) old: Option<PathBuf>,
    pub(crate) new: Option<PathBuf>,
}

/// `OLD,NEW`, `OLD,` or `,NEW`.
fn both_paths(text: &str) -> Result<BothPaths, String> {
    let (old, new) = text.split_once(',').ok_or("two paths with a comma between them are expected")?;
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    Ok(BothPaths { old: path(old), new: path(new) })
}

/// One more report, and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) format: Format,
    pub(crate) path: PathBuf,
}

/// `FORMAT:FILE`.
fn report(text: &str) -> Result<Report, String> {
    let (format, path) = text.split_once(':').ok_or("a format, a colon and a file are expected")?;
    let format = Format::from_str(format, false).map_err(|_| {
        let known = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let known: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
        format!("there is no format {format:?}; there are {}", known.join(", "))
    })?;
    match path {
        "" => Err("a file is expected behind the colon".to_owned()),
        "-" => Err("--format says what goes to standard output".to_owned()),
        path => Ok(Report { format, path: path.into() }),
    }
}

/// Formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: the findings document.
    Json,
    /// For programs that read line by line.
    Jsonl,
    /// For code scanning services: SARIF 2.1.0.
    Sarif,
    /// For continuous integration servers: JUnit XML.
    Junit,
    /// For people: one page that needs nothing else.
    Html,
    /// For people: a folder of pages, for whole distributions.
    Site,
}

/// What a `review` finding is in a JUnit report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JunitReview {
    /// A failure, as the exit status is not 0.
    Failure,
    /// Output of a test that passes.
    Output,
}
