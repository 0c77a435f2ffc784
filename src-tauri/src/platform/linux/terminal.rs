//! Opens the user's terminal with a command.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use claude_worker_api::ApiError;
use claude_worker_os::environment::without_own_variables;
use claude_worker_os::files::is_executable;

/// Terminals, with what stands before the command. The first two are the user's choice.
const TERMINALS: [(&str, &str); 10] = [
    ("xdg-terminal-exec", ""),
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("mate-terminal", "-x"),
    ("kitty", ""),
    ("alacritty", "-e"),
    ("foot", ""),
    ("xterm", "-e"),
];

/// Whether a terminal can be opened.
pub(crate) fn is_there() -> bool {
    find().is_some()
}

/// Opens a terminal that runs a command line and stays open after its end, until the user presses Enter.
///
/// # Errors
/// `unavailable` if there is no terminal, or it does not start.
pub(crate) fn open(command_line: &str, path: Option<&str>) -> Result<(), ApiError> {
    let (program, before) = find().ok_or_else(|| {
        ApiError::unavailable("There is no terminal program")
            .hint("Copy the command, and run it where you have a terminal")
    })?;
    let mut command = Command::new(program);
    if !before.is_empty() {
        command.arg(before);
    }
    // The command line is an argument and no part of the script.
    const SCRIPT: &str = "sh -c \"$1\"; printf '\\nPress Enter to close this window. '; read _";
    command.args(["sh", "-c", SCRIPT, "sh", command_line]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = without_own_variables(&mut command).spawn().map_err(|error| {
        ApiError::unavailable(format!("The terminal cannot be started: {error}"))
            .hint("Copy the command, and run it in a terminal")
    });
    let mut child = started?;
    // Reaps it, whenever the user closes it.
    std::thread::spawn(move || drop(child.wait()));
    Ok(())
}

fn find() -> Option<(PathBuf, &'static str)> {
    let path = env::var_os("PATH")?;
    let directories: Vec<PathBuf> = env::split_paths(&path).filter(|it| it.is_absolute()).collect();
    TERMINALS.into_iter().find_map(|(name, before)| {
        let mut places = directories.iter().map(|directory| directory.join(name));
        let found = places.find(|file| file.metadata().is_ok_and(|found| is_executable(&found)))?;
        Some((found, before))
    })
}
