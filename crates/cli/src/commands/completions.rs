//! `completions`: prints the completion script for a shell.
//!
//! The scripts for bash, zsh and fish ask this program (`complete`) for the candidates, so that they offer
//! tasks, and stay right when the program changes. Those of the other shells have the words of this version.

use clap_complete::Shell;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

const BASH: &str = include_str!("completions/bash.sh");
const ZSH: &str = include_str!("completions/zsh.sh");
const FISH: &str = include_str!("completions/fish.fish");

const PLACES: &str = "Write it where the shell looks for it: \
    ~/.local/share/bash-completion/completions/claude-worker for bash, \
    _claude-worker in a directory of $fpath for zsh, \
    ~/.config/fish/completions/claude-worker.fish for fish. Packages have these files.";

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = PLACES)]
pub struct Args {
    /// The shell; without it, the one that $SHELL names
    pub shell: Option<Shell>,
}

/// Prints the script for `command`, the definition of the whole command line.
///
/// # Errors
/// A usage error when neither the arguments nor `$SHELL` name a shell. When it cannot be written.
pub fn execute(
    console: &mut Console<'_>,
    args: &Args,
    mut command: clap::Command,
) -> Result<Exit, CliError> {
    let Some(shell) = args.shell.or_else(Shell::from_env) else {
        return Err(CliError::usage(
            "completions needs to know which shell: $SHELL names none that it knows",
            "Name it (bash, zsh, fish, elvish or powershell): claude-worker completions bash",
        ));
    };
    let script = match shell {
        Shell::Bash => BASH.into(),
        Shell::Zsh => ZSH.into(),
        Shell::Fish => FISH.into(),
        shell => {
            // Into memory first: the generator panics when a write fails.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "claude-worker", &mut script);
            without_hidden(&script, &command).into_bytes()
        }
    };
    console.out.write_all(&script)?;
    console.out.flush()?;
    Ok(Exit::Done)
}

/// The script without the lines for hidden options, which the generators for these shells offer. A line has
/// one option, in quotes or followed by a space.
fn without_hidden(script: &[u8], command: &clap::Command) -> String {
    let hidden = hidden_options(command);
    let is_shown = |line: &&str| {
        !hidden.iter().any(|name| {
            line.contains(&format!("'--{name}'")) || line.contains(&format!("--{name} "))
        })
    };
    let script = String::from_utf8_lossy(script);
    script.lines().filter(is_shown).fold(String::new(), |text, line| text + line + "\n")
}

fn hidden_options(command: &clap::Command) -> Vec<&str> {
    let hidden = command.get_arguments().filter(|arg| arg.is_hide_set());
    let mut names: Vec<&str> = hidden.filter_map(clap::Arg::get_long).collect();
    names.extend(command.get_subcommands().flat_map(hidden_options));
    names
}
