//! `open`: shows the window of the desktop app, or prints its address for a browser.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_api::{ApiError, TaskApi, TaskId};
use claude_worker_client::installed_program;
use claude_worker_engine::Paths;
use claude_worker_os::process::own_group;
use serde::Serialize;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;

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

    /// Print an address for a browser instead; the token is part of it
    #[arg(long)]
    pub browser: bool,
}

#[derive(Serialize)]
struct Opened {
    app: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
}

#[derive(Serialize)]
struct Address {
    url: String,
}

/// Prints the address of the engine's web pages. No browser is started with it, because every user can
/// read the arguments of a process.
///
/// # Errors
/// `unavailable` when the engine has no HTTP server, or its token cannot be read.
pub async fn in_browser(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    task: Option<TaskId>,
) -> Result<Exit, CliError> {
    let server = api.engine().await?.http.ok_or_else(|| {
        ApiError::unavailable("The engine has no HTTP server").hint(
            "`claude-worker server stop`, then `claude-worker server start --http 8000`; \
             running tasks keep running",
        )
    })?;
    let paths = Paths::from_env()?;
    let token = claude_worker_client::token(&paths).ok_or_else(|| {
        ApiError::unavailable(format!("{} cannot be read", paths.token.display()))
            .hint("Name the token in CLAUDE_WORKER_TOKEN")
    })?;
    let page = task.map(|id| format!("&/task/{id}")).unwrap_or_default();
    let url = format!("{server}/#token={token}{page}");
    if console.json {
        console.document(&Address { url })?;
    } else {
        console.line(&clean_line(&url))?;
    }
    Ok(Exit::Done)
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
