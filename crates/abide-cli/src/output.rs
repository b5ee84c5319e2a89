//! Where results go: standard output, or a file that appears whole or not at all.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};

use crate::error::CliError;

/// Width of text that goes to no terminal.
const DEFAULT_WIDTH: usize = 100;
/// Nothing is wrapped narrower or wider than this.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=160;

/// Where one command's result goes.
pub(crate) enum Destination {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl Destination {
    /// The file when one is named; `-` is standard output.
    pub(crate) fn new(file: Option<&Path>) -> Self {
        match file {
            Some(path) if path.as_os_str() != "-" => Destination::File(path.to_owned()),
            _ => Destination::Stdout,
        }
    }

    /// Whether styled text shows as colours there.
    pub(crate) fn wants_colour(&self) -> bool {
        matches!(self, Destination::Stdout) && AutoStream::choice(&io::stdout()) != ColorChoice::Never
    }

    /// Columns to wrap text to.
    pub(crate) fn width(&self) -> usize {
        let terminal = match self {
            Destination::Stdout => terminal_size::terminal_size_of(io::stdout()),
            Destination::File(_) => None,
        };
        terminal
            .map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0).clamp(*WIDTHS.start(), *WIDTHS.end()))
    }

    /// Delivers the whole result.
    pub(crate) fn deliver(&self, bytes: &[u8]) -> Result<(), CliError> {
        self.deliver_with(|out| out.write_all(bytes))
    }

    /// Delivers what `write` writes, without holding all of it in memory.
    pub(crate) fn deliver_with(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        match self {
            Destination::Stdout => {
                let mut stdout = io::BufWriter::new(io::stdout().lock());
                write(&mut stdout).and_then(|()| stdout.flush()).map_err(CliError::stdout)
            }
            Destination::File(path) => write_file(path, write).map_err(|e| CliError::write(path, e)),
        }
    }
}

/// Writes a file through a temporary neighbour that takes its name at the end. What is no regular file (a pipe, a
/// device) is written to as it is.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        write(&mut file)?;
        return file.flush();
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The umask applies as it does to any new file.
    let mut file = tempfile::Builder::new()
        .prefix(".abide-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut buffered = io::BufWriter::new(file.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.persist(path)?;
    Ok(())
}
