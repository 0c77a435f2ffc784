//! Whether this process runs inside a task.

use std::path::Path;

use claude_worker_api::{ApiError, ErrorCode, RunId, TaskApi, TaskId};
use claude_worker_supervisor::{RUN_MARKER, TASK_MARKER};

/// The task from inside which this process asks `api`, if that is one of the same engine: a task
/// may well use an engine of its own, as a test of this program does.
///
/// # Errors
/// As [`TaskApi::engine`], which is asked only inside a task.
pub async fn task_around(api: &impl TaskApi) -> Result<Option<TaskId>, ApiError> {
    let (Ok(run), Ok(task)) = (std::env::var(RUN_MARKER), std::env::var(TASK_MARKER)) else {
        return Ok(None);
    };
    let runs = api.engine().await?.runs_directory;
    let ours = RunId::try_from(run).is_ok_and(|run| Path::new(&runs).join(run.as_str()).is_dir());
    Ok(task.parse().ok().filter(|_| ours))
}

/// Whether this process may have a finished task run again. From inside a task only what that task
/// has delegated may be, itself or through others: as parents come before their children, tasks
/// that run each other again come to an end like tasks that submit tasks. Gives the task that this
/// process is inside of.
///
/// # Errors
/// `forbidden` with what to do; else as [`TaskApi::engine`] and [`TaskApi::get`], which are asked
/// only inside a task.
pub(crate) async fn may_run_again(
    api: &impl TaskApi,
    id: TaskId,
) -> Result<Option<TaskId>, ApiError> {
    let around = task_around(api).await?;
    if let Some(around) = around {
        is_below(api, id, around).await?;
    }
    Ok(around)
}

/// Goes up from a task to the one that surrounds this process.
async fn is_below(api: &impl TaskApi, id: TaskId, around: TaskId) -> Result<(), ApiError> {
    let mut above = api.get(id).await?.task.parent;
    while let Some(task) = above {
        if task == around {
            return Ok(());
        }
        above = match api.get(task).await {
            Ok(detail) => detail.task.parent,
            // Somebody removed it, and with it what was known about who delegated to whom.
            Err(error) if error.code == ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        };
    }
    Err(ApiError::new(
        ErrorCode::Forbidden,
        format!("Task {around} may not have task {id} run again: it did not delegate it"),
    )
    .hint("Submit a new task, or let a person run that one again"))
}
