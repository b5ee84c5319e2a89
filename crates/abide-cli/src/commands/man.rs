//! `abide man [DIR]`: manual pages, made from the command line's definition.

use std::io;

use clap::CommandFactory as _;
use clap_mangen::Man as Page;

use crate::args::{Cli, Man};
use crate::error::CliError;
use crate::output::{Destination, write_file};

/// Prints `abide(1)`, or writes a page for each command.
pub(crate) fn run(args: &Man) -> Result<u8, CliError> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        Destination::new(None).deliver(&render(Page::new(command)).map_err(CliError::stdout)?)?;
        return Ok(0);
    };
    let mut pages = vec![("abide.1".to_owned(), Page::new(command.clone()))];
    for sub in command.get_subcommands() {
        // Building the command named its parts `abide-check` and so on.
        let name = sub.get_display_name().unwrap_or_else(|| sub.get_name()).to_owned();
        pages.push((format!("{name}.1"), Page::new(sub.clone())));
    }
    for (name, page) in pages {
        let path = folder.join(name);
        let bytes = render(page).map_err(|e| CliError::write(&path, e))?;
        write_file(&path, |out| out.write_all(&bytes)).map_err(|e| CliError::write(&path, e))?;
    }
    Ok(0)
}

fn render(page: Page) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    page.render(&mut bytes)?;
    Ok(bytes)
}
