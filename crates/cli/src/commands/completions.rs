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
    if args.shell == Shell::Bash {
        script = with_one_name(&script);
    }
    console.out.write_all(&script)?;
    console.out.flush()?;
    Ok(Exit::Done)
}

/// clap_complete 4.6 writes the hyphen of a program's name in two ways in one script for Bash, which then
/// completes nothing but the first word.
fn with_one_name(script: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(script).replace("claude__subcmd__worker", "claude__worker").into_bytes()
}
