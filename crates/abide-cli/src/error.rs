//! The one table that turns every error into its kind, a message, a hint and an exit status.
//!
//! Library errors are precise fragments; only this file speaks to the user.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line asks for something that does not exist.
    Usage,
    /// An input could not be read.
    Input,
    /// A result could not be delivered.
    Output,
    /// Whoever read the result is gone: nobody is left to be told.
    BrokenPipe,
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

/// Exit status of every error: no verdict.
pub(crate) const NO_VERDICT: u8 = 2;

impl CliError {
    /// A request that cannot be met.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        CliError { kind: Kind::Usage, message: message.into(), hint: None }
    }

    /// An input that could not be opened: `what` failed for the reason of `error` and its sources.
    pub(crate) fn input(what: &str, error: &dyn Error) -> Self {
        CliError { kind: Kind::Input, message: format!("{what}: {}", chain(error)), hint: None }
    }

    /// A file that could not be written.
    pub(crate) fn write(path: &Path, error: io::Error) -> Self {
        let message = format!("failed to write {}: {error}", path.display());
        CliError { kind: kind_of_write(&error), message, hint: None }
    }

    /// Standard output that could not be written.
    pub(crate) fn stdout(error: io::Error) -> Self {
        let message = format!("failed to write to standard output: {error}");
        CliError { kind: kind_of_write(&error), message, hint: None }
    }

    /// Adds a next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Tells the user on standard error and gives the exit status.
    pub(crate) fn report(&self) -> u8 {
        if self.kind != Kind::BrokenPipe {
            let mut text = format!("{ERROR}error{ERROR:#}: {}\n", self.message);
            if let Some(hint) = &self.hint {
                let _ = write!(text, "\n{HINT}hint{HINT:#}: {hint}\n");
            }
            // Nothing is left to be done when standard error is gone too.
            let _ = io::Write::write_all(&mut anstream::stderr().lock(), text.as_bytes());
        }
        NO_VERDICT
    }
}

const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
const HINT: anstyle::Style = anstyle::AnsiColor::Cyan.on_default().bold();

fn kind_of_write(error: &io::Error) -> Kind {
    if error.kind() == io::ErrorKind::BrokenPipe { Kind::BrokenPipe } else { Kind::Output }
}

/// An error and its sources in one line; a source that the message repeats already is left out.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}
