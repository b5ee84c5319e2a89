//! The command line of `abide source`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Follows where our sources differ from the reference's: declared modifications, provenance of patches.
#[derive(Debug, Args)]
pub(crate) struct Source {
    #[command(subcommand)]
    pub(crate) command: SourceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    Import(Import),
    Apply(Apply),
    Lint(Lint),
    Annotate(Annotate),
    Retire(Retire),
    Ledger(Ledger),
    Status(Status),
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  The newest of a branch:
    abide source import https://git.example.org/rpms/bash bash --branch c9s
  A tag of a clone, and the archives that were fetched already:
    abide source import ../clones/bash bash --tag imports/c9/bash-5.1.8-6.el9 --lookaside ../cache
  A source package, all files in one folder:
    abide source import bash-5.1.8-6.el9.src.rpm bash --flat

Exit status:
  0  imported
  1  imported, and something is missing or wrong in it
  2  refused, and no file was changed";

/// Takes what somebody else has as the new base of a package's folder, and records where it came from.
///
/// SOURCE is a git repository, a source package or a folder. All files of the import before are replaced, all or
/// none; files that were changed since, and files that came from no import, stay. The record is .abide-import.json
/// in DIRECTORY. Files of the lookaside are checked where they are present; nothing of it is fetched.
#[derive(Debug, Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct Import {
    /// Address or path of a git repository, a .src.rpm, or a folder.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::AnyPath)]
    pub(crate) source: String,
    /// The package's folder; it is made when it is not there.
    #[arg(value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
    /// Branch of the repository [default: what its HEAD names].
    #[arg(long, value_name = "NAME", group = "revision")]
    pub(crate) branch: Option<String>,
    /// Tag of the repository.
    #[arg(long, value_name = "NAME", group = "revision")]
    pub(crate) tag: Option<String>,
    /// Commit of the repository, by its hash.
    #[arg(long, value_name = "HASH", group = "revision")]
    pub(crate) commit: Option<String>,
    /// Files with OpenPGP public keys: nothing is imported unless one of them signed the tag, the commit
    /// or the source package.
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(crate) keys: Vec<PathBuf>,
    /// Folder with files of the lookaside, named as in the metadata or by their digests, to check them.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) lookaside: Option<PathBuf>,
    /// Lay a source package out in one folder; otherwise as DIRECTORY is, or in SPECS and SOURCES.
    #[arg(long)]
    pub(crate) flat: bool,
    /// Overwrite files that were changed since the last import.
    #[arg(long)]
    pub(crate) force: bool,
    /// Change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run, show the differences.
    #[arg(long, requires = "dry_run")]
    pub(crate) show: bool,
    /// Format of what is told.
    #[arg(long, value_enum, default_value_t = ImportFormat::Text, value_name = "FORMAT")]
    pub(crate) format: ImportFormat,
    /// Release of Enterprise Linux to expand macros for.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
}

/// Formats of what an import tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// For people.
    Text,
    /// The record.
    Json,
}

const APPLY_EXAMPLES: &str = "\
Examples:
  See what would change:
    abide source apply config.yaml ../rpms/bash --dry-run --explain
  The same result on any day:
    abide source apply config.yaml ../rpms/bash --date 2025-01-14 --el-version 9

Exit status:
  0  applied
  2  refused, and no file was changed";

/// Applies the modifications of one YAML file to a package's folder, all of them or none.
///
/// Files to add are taken from `files/` beside MODIFICATIONS, scripts from `scripts/`.
#[derive(Debug, Args)]
#[command(after_help = APPLY_EXAMPLES)]
pub(crate) struct Apply {
    /// The modification file.
    #[arg(value_name = "MODIFICATIONS", value_hint = ValueHint::FilePath)]
    pub(crate) modifications: PathBuf,
    /// The package's folder, with its spec in it or in SPECS.
    #[arg(value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
    /// Show the differences and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Say for each action what it matched.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Day of changelog entries, YYYY-MM-DD [default: today, in UTC].
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) date: Option<abide_source::modify::date::Date>,
    /// Release of Enterprise Linux to expand macros for; counts more than the file's own.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
    /// Where version and release are not known from definitions, let rpmspec expand them. Specs can
    /// run programs: it happens in a sandbox (bubblewrap), without network, for a short time.
    #[arg(long)]
    pub(crate) rpmspec: bool,
    /// Allow run_script, in the same sandbox on copies of the folders.
    #[arg(long)]
    pub(crate) allow_scripts: bool,
}

/// Says for every patch where it comes from and how well that can be followed.
///
/// Folders may be packages, with a spec in them or in SPECS, or hold packages.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status:
  0  every patch can be followed
  1  findings
  2  a folder could not be read")]
pub(crate) struct Lint {
    /// Folders of packages.
    #[arg(value_name = "DIRECTORY", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) directories: Vec<PathBuf>,
    /// Modification file whose `origin:` counts too; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) modifications: Vec<PathBuf>,
    /// Hold patches against the commits they claim to be. REPOSITORY is a clone, or a folder of clones named after
    /// packages; may be given several times. Nothing is fetched.
    #[arg(long, value_name = "REPOSITORY", value_hint = ValueHint::DirPath)]
    pub(crate) verify: Vec<PathBuf>,
    /// Only the totals, without the single findings.
    #[arg(long)]
    pub(crate) summary: bool,
    /// Format of the report.
    #[arg(long, value_enum, default_value_t = LintFormat::Text, value_name = "FORMAT")]
    pub(crate) format: LintFormat,
    /// Write the report to FILE, which appears whole or not at all.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Day after which what expired before it is a finding, YYYY-MM-DD [default: today, in UTC].
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) date: Option<abide_source::modify::date::Date>,
    /// Release of Enterprise Linux to expand macros for.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
}

/// Writes comments above patches that have none, from what their headers, names and the changelog say.
///
/// Nothing is made up, and a second run changes nothing.
#[derive(Debug, Args)]
pub(crate) struct Annotate {
    /// Folders of packages.
    #[arg(value_name = "DIRECTORY", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) directories: Vec<PathBuf>,
    /// Show the differences and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Release of Enterprise Linux to expand macros for.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
}

/// Says which of our patches are still needed beside a newer reference.
#[derive(Debug, Args)]
pub(crate) struct Retire {
    /// Our package.
    #[arg(value_name = "OURS", value_hint = ValueHint::DirPath)]
    pub(crate) ours: PathBuf,
    /// The newer reference.
    #[arg(value_name = "REFERENCE", value_hint = ValueHint::DirPath)]
    pub(crate) reference: PathBuf,
    /// The reference that ours was made from: patches it has are not ours.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) base: Option<PathBuf>,
    /// The new version's sources, unpacked or as a tar archive: what they have already is contained.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) sources: Option<PathBuf>,
    /// Our modification file: only the patches that it adds are ours.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) modifications: Option<PathBuf>,
    /// Write the modification file without what is contained to FILE.
    #[arg(long, value_name = "FILE", requires = "modifications", value_hint = ValueHint::FilePath)]
    pub(crate) propose: Option<PathBuf>,
    /// Release of Enterprise Linux to expand macros for.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
}

/// Lists all divergences: what, why, since when, from where; and those that ended.
///
/// Several folders of one package are its history: folders are named after branches, up to `__`, and those whose names
/// have the same release of the distribution (el-9.2, el9, c9s) are in the order of their changelogs.
#[derive(Debug, Args)]
pub(crate) struct Ledger {
    /// Folders of packages.
    #[arg(value_name = "DIRECTORY", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) directories: Vec<PathBuf>,
    /// Take DIRECTORY for a git repository of one package and read the history of its branches: when each divergence
    /// began and ended, with which commit, and on which branches it is.
    #[arg(long)]
    pub(crate) history: bool,
    /// With --history, only branches whose names fit PATTERN (`a9*`); may be given several times.
    #[arg(long, value_name = "PATTERN", requires = "history")]
    pub(crate) branch: Vec<String>,
    /// Bug files, or folders of them, as `abide bug` reads them: a divergence that one names in `fixed-by` (by its
    /// anchor, PACKAGE/FILE, or FILE of the bug's package) is linked to that bug; may be given several times.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) bugs: Vec<PathBuf>,
    /// Format of the list.
    #[arg(long, value_enum, default_value_t = LedgerFormat::Markdown, value_name = "FORMAT")]
    pub(crate) format: LedgerFormat,
    /// What the list is called.
    #[arg(long, value_name = "TEXT", default_value = "Divergences")]
    pub(crate) title: String,
    /// Where the HTML page will be: what the feed links to.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) address: Option<String>,
    /// Write the list to FILE, which appears whole or not at all.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Release of Enterprise Linux to expand macros for.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
}

/// Formats of the lint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Formats of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LedgerFormat {
    /// A table in Markdown.
    Markdown,
    /// For programs.
    Json,
    /// A page that needs nothing else.
    Html,
    /// A feed.
    Atom,
}

/// Shows how packages stand: patches and their origins, what expired, and how far they are from a reference.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Folders of packages.
    #[arg(value_name = "DIRECTORY", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) directories: Vec<PathBuf>,
    /// Folder of the reference's packages, found by their names.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) reference: Option<PathBuf>,
    /// Say since when each divergence lasts, from the git history of the package's folder.
    #[arg(long)]
    pub(crate) history: bool,
    /// The day it is taken to be, YYYY-MM-DD [default: today, in UTC].
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) date: Option<abide_source::modify::date::Date>,
    /// Release of Enterprise Linux to expand macros for.
    #[arg(long, value_name = "N")]
    pub(crate) el_version: Option<String>,
}

fn day(text: &str) -> Result<abide_source::modify::date::Date, String> {
    abide_source::modify::date::Date::parse(text).ok_or_else(|| "a day like 2025-01-14 is expected".into())
}
