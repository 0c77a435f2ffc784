//! The commands, one file each: its arguments, and what it does with a [`TaskApi`].

pub mod cancel;
pub mod clean;
pub mod completions;
pub mod config;
pub mod doctor;
pub mod list;
pub mod logs;
pub mod mcp;
pub mod open;
pub mod pause;
pub mod remove;
pub mod resume;
pub mod retry;
pub mod run;
pub mod server;
pub mod status;
pub mod trust;
pub mod wait;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use clap::Subcommand;
use claude_worker_api::{ApiError, SeenQuery, Task, TaskApi, TaskId};
use serde::Serialize;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::ctrl_c;
use crate::render::text::clean_line;
use crate::watch::{self, Watched};

/// What a person can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put a task into the queue
    Run(Box<run::Args>),
    /// List tasks, newest first
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Show one task in full, or how the queue stands
    Status(status::Args),
    /// Show what a task's agent did and said
    Logs(logs::Args),
    /// Wait until tasks have finished
    Wait(wait::Args),
    /// Stop tasks, with everything they started
    Cancel(cancel::Args),
    /// Run finished tasks once more, from the beginning
    Retry(retry::Args),
    /// Go on with a finished task, in the same session
    Resume(resume::Args),
    /// Remove tasks with all their output; a running one is stopped first
    #[command(visible_alias = "rm")]
    Remove(remove::Args),
    /// Remove finished tasks that you have looked at
    Clean(clean::Args),
    /// Start nothing new until `unpause`; what runs goes on
    Pause,
    /// Let the queue go on
    Unpause,
    /// Show the desktop app's window, at a task
    Open(open::Args),
    /// Start, stop or ask the engine
    #[command(subcommand)]
    Server(server::Command),
    /// Let other agents delegate: add the MCP server to their programs
    #[command(subcommand)]
    Mcp(mcp::Command),
    /// Check what is needed, and say what to do about what is missing
    Doctor(doctor::Args),
    /// Let tasks that agents ask for use the settings of directories that you know
    Trust(trust::Args),
    /// Show the settings in force and where they come from
    Config,
    /// Print the completion script for a shell
    Completions(completions::Args),
}

/// What a dry run of a command that removes says at its end.
const DRY_RUN: &str = "Nothing was removed (--dry-run)";

/// Several tasks after one command: what became of each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    tasks: Vec<Task>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<TaskId>,
    /// With `--dry-run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_remove: Vec<TaskId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ReportedError>,
}

#[derive(Debug, Serialize)]
struct ReportedError {
    id: TaskId,
    #[serde(flatten)]
    error: ApiError,
}

impl Report {
    /// Notes that a task could not be dealt with, and goes on with the others.
    fn refuse(&mut self, console: &mut Console<'_>, id: TaskId, error: ApiError) -> Exit {
        let exit = Exit::of_error(error.code);
        console.complain(&error);
        self.errors.push(ReportedError { id, error });
        exit
    }
}

/// The tasks that were named, each once and in their order.
fn each_once(ids: &[TaskId]) -> Vec<TaskId> {
    let mut known = HashSet::new();
    ids.iter().copied().filter(|id| known.insert(*id)).collect()
}

/// Says on standard error what a person should know of a task that was queued.
fn warn(console: &mut Console<'_>, task: &Task) {
    for warning in &task.warnings {
        // Standard error may be gone; that is no reason to fail.
        let _ = writeln!(console.err, "warning: {}", clean_line(warning));
    }
}

/// The number of a task's newest run; 0 when it has had none.
async fn newest_run(api: &impl TaskApi, id: TaskId) -> Result<u32, ApiError> {
    Ok(api.get(id).await?.run_history.last().map_or(0, |run| run.number))
}

/// Notes that a person has seen how these tasks ended, where there is a person: at a terminal, and
/// not where a program reads along.
async fn looked_at(api: &impl TaskApi, console: &Console<'_>, tasks: &[&Task]) {
    let ids: Vec<TaskId> = tasks.iter().filter(|task| task.unseen).map(|task| task.id).collect();
    if !console.view.terminal || console.json || ids.is_empty() {
        return;
    }
    // What the command was asked for is done; this is only a courtesy.
    for ids in ids.chunks(1000) {
        drop(api.seen(SeenQuery { ids: ids.to_vec() }).await);
    }
}

/// Watches a task from after a run of it to its end.
async fn watch_from(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    after: u32,
) -> Result<Watched, CliError> {
    let watched = watch::watch(api, console, id, after, ctrl_c()).await?;
    if let Watched::Finished(detail) = &watched {
        looked_at(api, console, &[&detail.task]).await;
    }
    Ok(watched)
}

/// Watches a task from its next run on; the exit code is the verdict's.
async fn watch_next(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    after: u32,
) -> Result<Exit, CliError> {
    Ok(watch_from(api, console, id, after).await?.exit())
}

/// Waits for a task without showing its log. A person who interrupts is told that it runs on.
async fn wait_for(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
) -> Result<Watched, CliError> {
    let waited = tokio::select! {
        detail = wait::until_finished(api, id) => Watched::Finished(Box::new(detail?)),
        () = ctrl_c() => Watched::Interrupted,
    };
    match &waited {
        Watched::Finished(detail) => looked_at(api, console, &[&detail.task]).await,
        Watched::Interrupted => {
            console.remark(&format!("Task {id} runs on. claude-worker wait {id} waits again"))?;
        }
    }
    Ok(waited)
}
