//! Whether this process runs inside a task.

use std::path::Path;

use claude_worker_api::{
    ApiError, ErrorCode, RUN_MARKER, RunId, TASK_MARKER, TaskApi, TaskId, TaskQuery,
};

tokio::task_local! {
    /// The run inside which this process waits.
    static WAITS_IN: String;
}

/// Runs a future that waits for tasks. Inside a task, the run lends its worker to the queue while a request of it
/// waits for another task: with one worker, both would otherwise wait for ever.
pub async fn lending_worker<T>(waiting: impl Future<Output = T>) -> T {
    match std::env::var(RUN_MARKER) {
        Ok(run) => WAITS_IN.scope(run, waiting).await,
        Err(_) => waiting.await,
    }
}

/// The run whose worker is lent meanwhile, if this is inside of [`lending_worker`] and of a task.
pub(crate) fn waits_in() -> Option<String> {
    WAITS_IN.try_with(Clone::clone).ok()
}

/// The task inside which this process runs, if it is a task of the engine behind `api`. A task may use
/// another engine, for example in tests of this program.
///
/// # Errors
/// As [`TaskApi::engine`], which is asked only inside a task.
pub async fn surrounding_task(api: &impl TaskApi) -> Result<Option<TaskId>, ApiError> {
    let (Ok(run), Ok(task)) = (std::env::var(RUN_MARKER), std::env::var(TASK_MARKER)) else {
        return Ok(None);
    };
    let runs = api.engine().await?.runs_directory;
    let ours = RunId::try_from(run).is_ok_and(|run| Path::new(&runs).join(run.as_str()).is_dir());
    Ok(task.parse().ok().filter(|_| ours))
}

/// Checks that this process may run a finished task again, and returns the task inside which this
/// process runs. From inside a task only tasks that it delegated, directly or indirectly, may run
/// again. Parents always come before their children, so tasks cannot run each other again for ever.
///
/// # Errors
/// `forbidden` with a hint; otherwise as [`TaskApi::engine`] and [`TaskApi::get`], which are asked
/// only inside a task.
pub(crate) async fn may_run_again(
    api: &impl TaskApi,
    id: TaskId,
) -> Result<Option<TaskId>, ApiError> {
    let around = surrounding_task(api).await?;
    if let Some(around) = around {
        is_below(api, id, around).await?;
    }
    Ok(around)
}

/// Checks that `around` is an ancestor of the task.
async fn is_below(api: &impl TaskApi, id: TaskId, around: TaskId) -> Result<(), ApiError> {
    let mut above = api.get(id, TaskQuery::default()).await?.task.parent;
    while let Some(task) = above {
        if task == around {
            return Ok(());
        }
        above = match api.get(task, TaskQuery::default()).await {
            Ok(detail) => detail.task.parent,
            // The ancestor was removed, and with it the record of its own parent.
            Err(error) if error.code == ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        };
    }
    Err(ApiError::new(
        ErrorCode::Forbidden,
        format!("Task {around} may not run task {id} again: it did not delegate it"),
    )
    .hint("Submit a new task, or ask a person to run that one again"))
}
