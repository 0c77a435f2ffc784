//! `open`: shows the window of the desktop app, or logs in a browser or phone with a one-time link.

mod address;
mod link;
mod opener;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use claude_worker_api::{ApiError, TaskApi, TaskId};
use claude_worker_client::installed_program;
use serde::Serialize;

use opener::has_display;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::selection::{OneTask, resolve_one};

/// The app's program.
const APP: &str = "claude-worker-app";
/// An app that cannot start (no display, a missing library) exits within this time. A running app has
/// received the request by then.
const REFUSES_WITHIN: Duration = Duration::from_millis(500);

/// The arguments of `open`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task to show: a number, or last for the newest; without it, the window shows its last page
    #[arg(value_name = "ID")]
    pub task: Option<OneTask>,

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
    /// Whether an engine has to be asked, for a link or for the newest task.
    #[must_use]
    pub const fn needs_engine(&self) -> bool {
        self.makes_link() || matches!(self.task, Some(OneTask::Last))
    }

    /// Whether a link is wanted, and not the app's window.
    const fn makes_link(&self) -> bool {
        self.browser || self.phone
    }
}

#[derive(Serialize)]
struct Opened {
    app: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
}

/// Makes a link, or shows the window.
///
/// # Errors
/// See [`link::by_link`] and [`without_engine`]; `not_found` for the newest task when there is none.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    if args.makes_link() {
        return link::by_link(api, console, args).await;
    }
    let task = match args.task {
        Some(task) => Some(resolve_one(api, task).await?),
        None => None,
    };
    show(console, task)
}

/// The same, where no engine is needed.
///
/// # Errors
/// `unavailable` without a display, without the app, or when it ends at once.
pub fn without_engine(console: &mut Console<'_>, args: &Args) -> Result<Exit, CliError> {
    let number = |task| match task {
        OneTask::Number(id) => Some(id),
        OneTask::Last => None,
    };
    show(console, args.task.and_then(number))
}

/// Starts the app, or makes the running one show its window.
fn show(console: &mut Console<'_>, task: Option<TaskId>) -> Result<Exit, CliError> {
    if !has_display() {
        return Err(ApiError::unavailable("There is no display to show the window on")
            .hint("Use `claude-worker status` and `claude-worker logs` in the terminal")
            .into());
    }
    let app = installed_program(APP).ok_or_else(not_installed)?;
    start(&app, task)?;
    if console.json {
        console.document(&Opened { app, task })?;
    }
    Ok(Exit::Done)
}

fn not_installed() -> ApiError {
    ApiError::unavailable("The desktop app is not installed here")
        .hint("Install the package with the app, or use `claude-worker open --browser`")
}

/// Starts the app.
fn start(app: &Path, task: Option<TaskId>) -> Result<(), ApiError> {
    let mut command = Command::new(app);
    command.arg("open").args(task.map(|id| id.to_string()));
    opener::start(&mut command, REFUSES_WITHIN).map_err(|why| {
        ApiError::unavailable(format!("The desktop app does not start: {why}"))
            .hint("Start claude-worker-app in a terminal to see its messages")
    })
}
