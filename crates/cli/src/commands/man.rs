//! `man`: writes the manual pages, one for each command, for packages.

use std::path::PathBuf;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An existing directory; files of the same names are replaced
    pub directory: PathBuf,
}

/// Writes the pages of `command`, the definition of the whole command line: `claude-worker.1`,
/// `claude-worker-run.1` and so on.
///
/// # Errors
/// When they cannot be written.
pub fn execute(
    console: &mut Console<'_>,
    args: &Args,
    command: clap::Command,
) -> Result<Exit, CliError> {
    // A page for `help` would repeat what the others say.
    let command = command.disable_help_subcommand(true);
    clap_mangen::generate_to(command, &args.directory).map_err(|error| {
        let place = args.directory.display();
        CliError::usage(format!("Cannot write into {place}: {error}"), "Name an existing directory")
    })?;
    if !console.json {
        console.line(&format!("The manual pages are in {}", args.directory.display()))?;
    }
    Ok(Exit::Done)
}
