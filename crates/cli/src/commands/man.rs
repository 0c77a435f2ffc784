//! `man`: writes the manual pages, one for each command, for packages.

use std::path::PathBuf;

use clap::Command;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory, which is created where it does not exist; files of the same names are replaced
    pub directory: PathBuf,
}

/// Writes the pages of `command`, the definition of the whole command line: `claude-worker.1`,
/// `claude-worker-run.1` and so on, and a page for each other name of a command, which shows the first.
///
/// # Errors
/// When they cannot be written.
pub fn execute(console: &mut Console<'_>, args: &Args, command: Command) -> Result<Exit, CliError> {
    // A page for `help` would repeat what the others say.
    let command = with_other_names(command.disable_help_subcommand(true));
    let links = links(&command, "claude-worker");
    let created = std::fs::create_dir_all(&args.directory);
    let generated = created.and_then(|()| clap_mangen::generate_to(command, &args.directory));
    let written = generated.and_then(|()| {
        let write = |(name, page)| {
            std::fs::write(args.directory.join(format!("{name}.1")), format!(".so man1/{page}.1\n"))
        };
        links.into_iter().try_for_each(write)
    });
    written.map_err(|error| {
        let place = args.directory.display();
        CliError::usage(
            format!("Cannot write into {place}: {error}"),
            "Name a directory that you can write to",
        )
    })?;
    if !console.json {
        console.line(&format!("The manual pages are in {}", args.directory.display()))?;
    }
    Ok(Exit::Done)
}

/// The command with the other names of each of its subcommands in their texts.
fn with_other_names(command: Command) -> Command {
    command.mut_subcommands(|command| {
        let names: Vec<_> = command.get_visible_aliases().collect();
        let about = command.get_long_about().or(command.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        let names = names.join(", ");
        let command = with_other_names(command);
        if names.is_empty() {
            command
        } else {
            command.long_about(format!("{about}\n\nOther names: {names}."))
        }
    })
}

/// The name of a page for each other name of a command, and the page that it shows.
fn links(command: &Command, path: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let page = format!("{path}-{}", command.get_name());
        let other = |alias| (format!("{path}-{alias}"), page.clone());
        found.extend(command.get_visible_aliases().map(other));
        found.extend(links(command, &page));
    }
    found
}
