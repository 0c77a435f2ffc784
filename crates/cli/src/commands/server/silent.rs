//! An engine that does not answer is ended only when a person says so.

use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, RUN_MARKER, TaskApi};
use claude_worker_client::SilentEngine;
use claude_worker_engine::Paths;

use super::{GONE_WITHIN, holds};

/// How long the engine may take to answer before it counts as silent.
const ANSWERS_WITHIN: Duration = Duration::from_secs(6);

/// Kills the engine of `paths` if it does not answer and `kill` says so. Returns its process id if it was killed.
///
/// # Errors
/// `unavailable`, with the process and the option, when it does not answer and is not to be killed; `forbidden`
/// inside a task of this engine.
pub(super) async fn end(
    api: &impl TaskApi,
    paths: &Paths,
    kill: bool,
    verb: &str,
) -> Result<Option<u32>, ApiError> {
    let before = SilentEngine::of(paths);
    if tokio::time::timeout(ANSWERS_WITHIN, api.engine()).await.is_ok() {
        return Ok(None);
    }
    // The file of the lock names its holder an instant after the lock was taken. One that held it all this time has
    // written its own number.
    let Some(engine) = SilentEngine::of(paths)
        .filter(|now| before.is_some_and(|before| before.pid() == now.pid()))
    else {
        return Ok(None);
    };
    let pid = engine.pid();
    if !kill {
        let goes_on = match engine.is_stopped() {
            true => format!("It is stopped; `kill -CONT {pid}` lets it go on. "),
            false => String::new(),
        };
        return Err(ApiError::unavailable(format!(
            "The engine (process {pid}) has not answered for {} s",
            ANSWERS_WITHIN.as_secs()
        ))
        .hint(format!(
            "{goes_on}`claude-worker server {verb} --kill` kills it; running tasks keep running, and the queue is kept"
        )));
    }
    if std::env::var(RUN_MARKER).is_ok_and(|run| paths.runs.join(run).is_dir()) {
        let what = "A task may not kill the engine that runs it";
        let hint =
            format!("Kill it outside of tasks, in a terminal: claude-worker server {verb} --kill");
        return Err(ApiError::new(ErrorCode::Forbidden, what).hint(hint));
    }
    // One that has ended meanwhile is gone as well.
    let _ = engine.kill();
    let gone = async {
        while holds(&paths.lock, pid)? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Some(pid))
    };
    tokio::time::timeout(GONE_WITHIN, gone).await.unwrap_or_else(|_| {
        Err(ApiError::internal(format!("Process {pid} was killed and still holds its lock")).hint(
            format!("A disk that does not answer may keep it. See its state: ps -p {pid} -o stat"),
        ))
    })
}

pub(super) fn killed(pid: u32) -> String {
    format!("The engine (process {pid}) did not answer and was killed. Running tasks keep running")
}
