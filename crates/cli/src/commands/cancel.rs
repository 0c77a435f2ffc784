//! `cancel`: stops tasks, with all their processes.

use claude_worker_api::{State, TaskApi};

use super::wait::until_finished;
use super::{Report, mark_seen};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::interrupted;
use crate::render::task_line;
use crate::selection::{Changeable, Selection, confirm_wide, resolve};

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks.
    #[command(flatten)]
    pub selection: Selection,
    /// Cancel all, or all of a status, without asking; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
}

/// Asks each task to stop, then waits until their processes have ended. A task that cannot be stopped,
/// or is removed meanwhile, does not stop the others. Ctrl-C ends only the wait.
///
/// # Errors
/// See [`resolve`]; a usage error for all tasks without a terminal and without `--yes`. What the engine
/// refuses is reported per task.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = resolve(api, &args.selection, "cancel", Changeable::Unfinished).await?;
    if !confirm_wide(console, &args.selection, args.yes, "cancel", ids.len())? {
        console.remark("Nothing was cancelled")?;
        return Ok(Exit::Failed);
    }
    if ids.is_empty() {
        console.remark("There is no such task to cancel")?;
    }
    let mut report = Report::default();
    let mut exit = Exit::Done;
    let mut asked = Vec::new();
    for id in ids {
        match api.cancel(id).await {
            Ok(task) => asked.push(task),
            Err(error) => exit = exit.or(report.refuse(console, id, error)),
        }
    }
    let mut interruption = None;
    for mut task in asked {
        if matches!(task.state, State::Running { .. }) && interruption.is_none() {
            tokio::select! {
                ended = until_finished(api, task.id) => match ended {
                    Ok(detail) => task = detail.task,
                    Err(error) => {
                        exit = exit.or(report.refuse(console, task.id, error));
                        continue;
                    }
                },
                by = interrupted() => interruption = Some(by),
            }
        }
        if !console.json {
            let id = task.id;
            console.line(&match &task.state {
                State::Running { .. } => format!("Task {id} is stopping"),
                State::Cancelled { .. } => format!("Task {id} is cancelled"),
                // It ended before the cancel reached it.
                other => format!("Task {id} had already ended: {}", task_line::verdict(other)),
            })?;
        }
        report.tasks.push(task);
    }
    mark_seen(api, console, &report.tasks.iter().collect::<Vec<_>>()).await;
    if console.json {
        console.document(&report)?;
    }
    Ok(interruption.map_or(exit, Exit::from))
}
