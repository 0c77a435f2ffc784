//! The commands, one file each: arguments, and what the command does with a [`TaskApi`].

mod again;
pub mod cancel;
pub mod changes;
pub mod clean;
pub mod completions;
pub mod config;
pub mod diff;
pub mod doctor;
pub mod edit;
pub mod export;
pub mod import;
pub mod list;
pub mod logs;
pub mod man;
pub mod mcp;
pub mod open;
mod outcome;
pub mod pause;
pub mod remove;
pub mod result;
pub mod resume;
pub mod retry;
pub mod run;
pub mod search;
pub mod seen;
pub mod server;
pub mod status;
pub mod template;
pub mod token;
pub mod top;
pub mod trust;
pub mod wait;

#[cfg(test)]
mod tests;

use std::pin::pin;

use clap::Subcommand;
use claude_worker_api::{ApiError, ErrorCode, SeenQuery, Task, TaskApi, TaskId, TaskQuery};
use claude_worker_client::Reconnect;
use serde::Serialize;

use crate::console::Console;
use crate::delays::Delays;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::interrupted;
use crate::render::text::{clean_line, truncate};
use crate::selection;
use crate::taskbar::Progress;
use crate::watch::{self, Watched};

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put a task into the queue
    #[command(visible_aliases = ["add", "submit"])]
    Run(Box<run::Args>),
    /// List tasks, newest first
    #[command(visible_aliases = ["ls", "ps"])]
    List(list::Args),
    /// Find words in prompts, results and logs
    #[command(visible_alias = "find", alias = "grep")]
    Search(search::Args),
    /// Show the tasks on the whole terminal, with keys to cancel, retry and read logs
    Top(top::Args),
    /// Show tasks in full, or how the queue stands
    #[command(visible_aliases = ["show", "inspect", "describe", "info"])]
    Status(status::Args),
    /// Show what a task's agent did and said
    #[command(alias = "log")]
    Logs(logs::Args),
    /// Print the whole result of a finished task, alone on standard output
    Result(result::Args),
    /// List the files that a task changed
    Changes(changes::Args),
    /// Print what a task changed, as a patch
    #[command(alias = "patch")]
    Diff(diff::Args),
    /// Wait until tasks have finished
    Wait(wait::Args),
    /// Stop tasks, with all their processes
    #[command(visible_aliases = ["stop", "kill"], aliases = ["abort", "terminate"])]
    Cancel(cancel::Args),
    /// Run finished tasks again, from the beginning
    #[command(visible_alias = "rerun", alias = "restart")]
    Retry(retry::Args),
    /// Change a task that has not begun: its prompt, its name and its options
    Edit(Box<edit::Args>),
    /// Continue a finished task in the same session
    Resume(resume::Args),
    /// Remove tasks with all their output; a running one is stopped first
    #[command(visible_aliases = ["rm", "delete"], alias = "del")]
    Remove(remove::Args),
    /// Keep prompts with fields, for tasks that are alike
    #[command(subcommand, alias = "templates")]
    Template(template::Command),
    /// Mark finished tasks as seen, so that `clean` removes them and nothing asks for attention
    Seen(seen::Args),
    /// Remove finished tasks that you have seen
    Clean(clean::Args),
    /// Start no new tasks until `unpause`; running tasks continue
    Pause,
    /// Start tasks again after `pause`
    Unpause,
    /// Show the desktop app's window
    Open(open::Args),
    /// Start, stop or check the engine
    #[command(subcommand)]
    Server(server::Command),
    /// Give programs and browsers access over HTTP, and take it back
    #[command(subcommand)]
    Token(token::Command),
    /// Let other agents delegate tasks: add the MCP server to their programs
    #[command(subcommand)]
    Mcp(mcp::Command),
    /// Check what tasks need and say how to fix what is missing, or write a report for a bug report
    Doctor(doctor::Args),
    /// Write tasks with their requests, runs and results as JSON lines
    Export(export::Args),
    /// Take over the tasks of the Python claude-worker
    Import(import::Args),
    /// Trust directories, so that tasks submitted by agents may use their settings
    Trust(trust::Args),
    /// Show the settings and where the files are, or change them
    Config(config::Args),
    /// Print the completion script for a shell
    Completions(completions::Args),
    /// Write the manual pages into a directory, one for each command
    Man(man::Args),
}

/// The last line of a dry run.
const DRY_RUN: &str = "Nothing was removed (--dry-run)";

/// The outcome of a command for each of several tasks.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    tasks: Vec<Task>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<TaskId>,
    /// With `--dry-run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_remove: Vec<TaskId>,
    /// Tasks that `wait` stopped waiting for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unfinished: Vec<TaskId>,
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
    /// Adds the error of one task and shows it.
    fn refuse(&mut self, console: &mut Console<'_>, id: TaskId, error: ApiError) -> Exit {
        let exit = Exit::of_error(error.code);
        console.complain(&error);
        self.errors.push(ReportedError { id, error });
        exit
    }
}

/// Shows the error of one task of a command that prints a document for each line. `id_field` is what these call
/// the number of their task.
fn refuse_line(
    console: &mut Console<'_>,
    (id_field, id): (&str, TaskId),
    error: &ApiError,
) -> Result<Exit, CliError> {
    console.complain(error);
    if console.json {
        console.document(&serde_json::json!({ id_field: id, "error": error }))?;
    }
    Ok(Exit::of_error(error.code))
}

/// Writes the warnings of a submitted task to standard error.
fn warn(console: &mut Console<'_>, task: &Task) {
    for warning in &task.warnings {
        // A closed standard error is ignored.
        console.notice(&format!("warning: {}", clean_line(warning)));
    }
}

/// The number of a task's newest run; 0 when it has had none.
async fn newest_run(api: &impl TaskApi, id: TaskId) -> Result<u32, ApiError> {
    Ok(api.get(id, TaskQuery::default()).await?.run_history.last().map_or(0, |run| run.number))
}

/// The newest task, for a command that was given none and shows its `what`. Which task that is goes to standard
/// error, so that it is not taken for what the command prints.
async fn newest_named(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    what: &str,
) -> Result<TaskId, CliError> {
    let Some(task) = selection::newest(api).await? else {
        let nothing = format!("There are no tasks, so there is no {what}");
        return Err(ApiError::new(ErrorCode::NotFound, nothing)
            .hint("Send the first one: claude-worker run \"Write tests for src/parser.rs\"")
            .into());
    };
    if !console.json {
        let name = clean_line(&task.name);
        let name = truncate(&name, console.width().saturating_sub(20).max(10));
        console.notice(&format!("Task {}: {name}", task.id));
    }
    Ok(task.id)
}

/// Marks these tasks as seen when their end was shown at a terminal, not to a program.
async fn mark_seen(api: &impl TaskApi, console: &Console<'_>, tasks: &[&Task]) {
    let ids: Vec<TaskId> = tasks.iter().filter(|task| task.unseen).map(|task| task.id).collect();
    if !console.view.terminal || console.json || ids.is_empty() {
        return;
    }
    // A failure here does not matter: the command itself has succeeded.
    for ids in ids.chunks(1000) {
        drop(api.seen(SeenQuery { ids: ids.to_vec() }).await);
    }
}

/// Watches the runs of a task after run number `after`, to its end.
async fn watch_from(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    beginning: impl Into<watch::Beginning>,
) -> Result<Watched, CliError> {
    let watched = watch::watch(api, console, id, beginning, interrupted()).await?;
    if let Watched::Finished(detail) = &watched {
        mark_seen(api, console, &[&detail.task]).await;
    }
    Ok(watched)
}

/// Watches the runs of a task after run number `after`; the exit code is the task's outcome.
async fn watch_next(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    after: u32,
) -> Result<Exit, CliError> {
    Ok(watch_from(api, console, id, after).await?.exit())
}

/// Waits for a task without showing its log. When it is interrupted, it says that the
/// task keeps running.
async fn wait_for(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
) -> Result<Watched, CliError> {
    let reconnect = Reconnect::while_following();
    console.progress(Progress::Running)?;
    let waited = {
        let mut finished = pin!(wait::reconnecting(api, &reconnect, id));
        let mut interrupt = pin!(interrupted());
        let mut delays = Delays::new();
        loop {
            tokio::select! {
                detail = &mut finished => {
                    break detail.map(|detail| Watched::Finished(Box::new(detail)));
                }
                by = &mut interrupt => break Ok(Watched::Interrupted(by)),
                () = delays.due() => {
                    let (now, zone) = (console.now(), console.zone());
                    for words in delays.look(api, &reconnect, &[id], now, &zone).await {
                        console.notice(&words);
                    }
                }
            }
        }
    };
    console.progress(match &waited {
        Ok(Watched::Finished(detail)) => watch::progress_of(&detail.task),
        _ => Progress::None,
    })?;
    let waited = waited?;
    match &waited {
        Watched::Finished(detail) => mark_seen(api, console, &[&detail.task]).await,
        Watched::Interrupted(_) => {
            console.remark(&format!(
                "Task {id} was not stopped. Wait again with: claude-worker wait {id}"
            ))?;
        }
    }
    Ok(waited)
}
