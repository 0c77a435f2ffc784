//! Whether this process runs inside a task.

use std::path::Path;

use claude_worker_api::{ApiError, RunId, TaskApi, TaskId};
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
