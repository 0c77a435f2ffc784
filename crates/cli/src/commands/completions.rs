//! `completions`: prints the completion script for a shell.

use clap_complete::Shell;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// Prints the script for `command`, the definition of the whole command line.
///
/// # Errors
/// When it cannot be written.
pub fn execute(
    console: &mut Console<'_>,
    args: &Args,
    mut command: clap::Command,
) -> Result<Exit, CliError> {
    // Into memory first: the generator panics when a write fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "claude-worker", &mut script);
    console.out.write_all(&script)?;
    console.out.flush()?;
    Ok(Exit::Done)
}
