//! `retry`: runs finished tasks again, from the beginning.

use claude_worker_api::{Retry, TaskApi, TaskId};

use super::{Report, newest_run, warn, watch_next};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::selection::each_once;

/// The arguments of `retry`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks. With --json, one is printed as a task and several as {"tasks": […], "errors": […]}
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<TaskId>,
    /// Show the log until the task has finished; for one task only
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
}

/// Puts each task into the queue again. An error of one task does not stop the others.
///
/// # Errors
/// A usage error when several are to be watched. For one task: `not_found`; `conflict` when it is
/// not finished. For several, what the engine refuses is reported per task.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = each_once(&args.ids);
    if let [id] = ids[..] {
        return one(api, console, id, args.watch).await;
    }
    if args.watch {
        return Err(CliError::usage(
            "Only one task can be watched",
            "Leave --watch out, and follow each task with claude-worker logs ID -f",
        ));
    }
    let mut report = Report::default();
    let mut exit = Exit::Done;
    for id in ids {
        match api.retry(id, Retry::default()).await {
            Ok(task) => {
                warn(console, &task);
                if !console.json {
                    console.line(&format!("Task {id} is in the queue again"))?;
                }
                report.tasks.push(task);
            }
            Err(error) => exit = exit.or(report.refuse(console, id, error)),
        }
    }
    if console.json {
        console.document(&report)?;
    }
    Ok(exit)
}

async fn one(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    watch: bool,
) -> Result<Exit, CliError> {
    let before = if watch { newest_run(api, id).await? } else { 0 };
    let task = api.retry(id, Retry::default()).await?;
    warn(console, &task);
    if watch {
        console.remark(&format!("Task {id} is in the queue again"))?;
        return watch_next(api, console, id, before).await;
    }
    if console.json {
        console.document(&task)?;
    } else {
        console.line(&format!("Task {id} is in the queue again"))?;
    }
    Ok(Exit::Done)
}
