//! `open`: shows the window of the desktop app, or logs in a browser or phone with a one-time link.

mod address;
mod link;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_api::{ApiError, TaskId};
use claude_worker_client::installed_program;
use claude_worker_os::process::own_group;
use serde::Serialize;

pub use link::by_link;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The app's program.
const APP: &str = "claude-worker-app";
/// An app that cannot start (no display, a missing library) exits within this time. A running app has
/// received the request by then.
const REFUSES_WITHIN: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The arguments of `open`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task to show; without it, the window shows its last page
    pub id: Option<TaskId>,

    /// Open the pages in a browser instead, logged in by a link that works once
    #[arg(long)]
    pub browser: bool,

    /// With --browser: only print the link, which works once and for 2 minutes
    #[arg(long, requires = "browser")]
    pub print: bool,

    /// Show a QR code that logs in a phone; the engine must serve at an address that it can reach
    #[arg(long, conflicts_with = "browser")]
    pub phone: bool,
}

impl Args {
    /// Whether a link is wanted, and not the app's window.
    #[must_use]
    pub const fn makes_link(&self) -> bool {
        self.browser || self.phone
    }
}

#[derive(Serialize)]
struct Opened {
    app: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
}

/// Starts the app, or makes the running one show its window. Needs no engine.
///
/// # Errors
/// `unavailable` without a display, without the app, or when it ends at once.
pub fn execute(console: &mut Console<'_>, args: &Args) -> Result<Exit, CliError> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
        return Err(ApiError::unavailable("There is no display to show the window on")
            .hint("Use `claude-worker status` and `claude-worker logs` in the terminal")
            .into());
    }
    let app = installed_program(APP).ok_or_else(not_installed)?;
    start(&app, args.id)?;
    if console.json {
        console.document(&Opened { app, task: args.id })?;
    }
    Ok(Exit::Done)
}

fn not_installed() -> ApiError {
    ApiError::unavailable("The desktop app is not installed here")
        .hint("Install the package with the app, or use `claude-worker open --browser`")
}

/// Starts the app in a process group of its own, and waits whether it exits at once.
fn start(app: &Path, task: Option<TaskId>) -> Result<(), ApiError> {
    let refused = |why: String| {
        ApiError::unavailable(format!("The desktop app does not start: {why}"))
            .hint("Start claude-worker-app in a terminal to see its messages")
    };
    // In a group of its own: Ctrl-C here is not meant for it.
    let mut child = own_group(&mut Command::new(app))
        .arg("open")
        .args(task.map(|id| id.to_string()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| refused(error.to_string()))?;
    let deadline = Instant::now() + REFUSES_WITHIN;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(refused(status.to_string())),
            Ok(None) => sleep(LOOK_EVERY),
            Err(error) => return Err(refused(error.to_string())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(directory: &Path, text: &str) -> PathBuf {
        let file = directory.join(APP);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn the_task_is_passed_to_the_app_and_its_failure_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let said = directory.path().join("said");
        let app = script(directory.path(), &format!("echo \"$@\" > {}", said.display()));
        start(&app, Some(TaskId(12))).unwrap();
        assert_eq!(fs::read_to_string(&said).unwrap(), "open 12\n");
        start(&app, None).unwrap();
        assert_eq!(fs::read_to_string(&said).unwrap(), "open\n");
        let app = script(directory.path(), "exit 3");
        let error = start(&app, None).unwrap_err();
        assert!(error.message.contains("exit status: 3"), "{error}");
    }
}
