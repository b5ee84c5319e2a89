//! `abide source apply MODIFICATIONS DIRECTORY`: declared modifications, all or none.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use abide_source::diff;
use abide_source::modify::{self, ApplyError, Note, Outcome, Reason, Request, Scripts, config};

use super::{counted, summary, today};
use crate::error::CliError;
use crate::folder::{self, Folder};
use crate::output::Destination;
use crate::rpm_macros;
use crate::sandbox;
use crate::scripts::Sandboxed;
use crate::source_args::Apply;

/// Applies, or shows what would be done.
pub(crate) fn run(args: &Apply) -> Result<u8, CliError> {
    let path = &args.modifications;
    let shown = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|e| CliError::input(&format!("failed to read {shown}"), &e))?;
    let modifications = config::read(&text).map_err(|e| CliError::input(&shown, &e))?;
    let package = open(&args.directory)?;
    let beside = open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    let tags = crate::git_tags::tags(&args.directory);
    let scripts = Sandboxed;
    let outcome = modify::apply(&Request {
        modifications: &modifications,
        package: &package,
        beside: &beside,
        date: args.date.unwrap_or_else(today),
        el_version: args.el_version.clone(),
        tags: &tags,
        ask_rpm: args.rpmspec.then_some(&rpm_macros::evr),
        scripts: args.allow_scripts.then_some(&scripts as &dyn Scripts),
    })
    .map_err(|e| refused(&shown, &e))?;
    warn(&shown, &outcome.notes);
    if !args.dry_run {
        package.write(&outcome.changes).map_err(|e| CliError::input("nothing was changed", &e))?;
    }
    Destination::new(None).deliver(result(args, modifications.steps.len(), &outcome).as_bytes())?;
    Ok(0)
}

fn open(path: &Path) -> Result<Folder, CliError> {
    Folder::open(path).map_err(|e: folder::FolderError| CliError::input("failed to read the folder", &e))
}

fn refused(path: &str, error: &ApplyError) -> CliError {
    let message = CliError::input(&format!("nothing was changed: {path}"), error);
    match &error.reason {
        Reason::ScriptsNotAllowed { .. } => {
            message.hint("read the script, then run again with --allow-scripts")
        }
        Reason::Evr(_) if sandbox::is_there() => {
            message.hint("--rpmspec lets rpm expand it in a sandbox; --el-version sets %rhel")
        }
        Reason::Evr(_) => {
            message.hint("--el-version sets %rhel; --rpmspec needs bubblewrap (bwrap) and rpmspec")
        }
        Reason::NotFound { .. } => {
            message.hint("the original may have changed: look there and adapt the action")
        }
        _ => message,
    }
}

fn warn(path: &str, notes: &[Note]) {
    for note in notes.iter().filter(|note| note.warning) {
        // Nothing is left to be done when standard error is gone.
        let _ = writeln!(
            anstream::stderr(),
            "warning: {path}: {} (line {}): {}",
            note.action,
            note.line,
            note.message
        );
    }
}

fn result(args: &Apply, steps: usize, outcome: &Outcome) -> String {
    let mut text = String::new();
    if args.explain {
        for Note { line, action, message, warning } in &outcome.notes {
            let mark = if *warning { "warning: " } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{action} (line {line}): {mark}{message}");
        }
        text.push('\n');
    }
    if args.dry_run {
        text.push_str(&diff::unified(&outcome.changes));
        text.push_str(if outcome.changes.is_empty() { "" } else { "\n" });
    }
    let done = if args.dry_run { "would apply" } else { "applied" };
    let _ = writeln!(text, "{done} {}: {}", counted(steps, "action"), summary(&outcome.changes));
    text
}
