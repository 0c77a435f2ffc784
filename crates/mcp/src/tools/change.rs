//! `cancel_task`, `retry_task`, `resume_task`.

use std::time::Duration;

use claude_worker_api::{
    ApiError, Asker, ErrorCode, FollowUp, Retry, Task, TaskApi, TaskId, TaskQuery,
};
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::wait::{Wanted, Watched, watch};
use super::{Call, Effect, OneTask, TaskAnswer, permission, task_id, tool};
use crate::answer::Answered;

pub(super) const CANCEL: &str = "cancel_task";
pub(super) const RETRY: &str = "retry_task";
pub(super) const RESUME: &str = "resume_task";

/// How long to wait for a cancelled task. Its processes have some seconds before they are killed.
const ENDING: Duration = Duration::from_secs(20);

pub(super) fn cancel_description() -> Tool {
    const DESCRIPTION: &str = "\
Stops a task and every process it started, and returns when they are gone. A task in the queue is \
taken out of it. What its agent has written so far stays. A cancelled task can be retried or resumed.";
    tool::<OneTask, TaskAnswer>(CANCEL, "Cancel a task", DESCRIPTION, Effect::Ends)
}

pub(super) async fn cancel(api: &impl TaskApi, call: &Call, args: OneTask) -> Answered<TaskAnswer> {
    let id = args.task_id;
    let task = api.cancel(id).await?;
    if task.state.is_finished() {
        return Ok(TaskAnswer::about(task));
    }
    let Watched { mut tasks, .. } =
        watch(api, &[id], Wanted::All, Instant::now() + ENDING, &call.closed, None).await?;
    Ok(TaskAnswer::about(tasks.remove(&id).unwrap_or(task)))
}

pub(super) fn retry_description() -> Tool {
    const DESCRIPTION: &str = "\
Runs a finished task once more, from the beginning and in a new session, with the same prompt. To \
go on where it stopped use resume_task.";
    tool::<OneTask, TaskAnswer>(RETRY, "Retry a task", DESCRIPTION, Effect::Adds)
}

pub(super) async fn retry(api: &impl TaskApi, call: &Call, args: OneTask) -> Answered<TaskAnswer> {
    let id = args.task_id;
    // The user approved only its prompt; the files it works on may have changed since.
    permission::check_again(api, &api.get(id, TaskQuery::default()).await?.request, &call.caller)
        .await?;
    done_once(id, api.retry(id, Retry { asked_by: asker(call), ..Retry::default() }).await)
}

/// The arguments of `resume_task`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeArgs {
    /// The task's number.
    #[serde(deserialize_with = "task_id")]
    #[schemars(range(min = 1))]
    task_id: TaskId,
    /// What to say next to its agent, which remembers everything that came before.
    prompt: String,
}

pub(super) fn resume_description() -> Tool {
    const DESCRIPTION: &str = "\
Goes on with a finished task in the same Claude session: a follow-up to an agent that remembers \
what it did. Use it to correct, to ask more, or to let a task go on that reached a limit or was \
cancelled. Returns at once, like create_task.";
    tool::<ResumeArgs, TaskAnswer>(RESUME, "Resume a task", DESCRIPTION, Effect::Adds)
}

pub(super) async fn resume(
    api: &impl TaskApi,
    call: &Call,
    args: ResumeArgs,
) -> Answered<TaskAnswer> {
    let id = args.task_id;
    // The new prompt would run with the permissions and variables that were given to the old one.
    permission::check_again(api, &api.get(id, TaskQuery::default()).await?.request, &call.caller)
        .await?;
    let follow_up = FollowUp { prompt: args.prompt, asked_by: asker(call), ..FollowUp::default() };
    done_once(id, api.resume(id, follow_up).await)
}

/// This client; the engine's client adds the task inside which it runs.
fn asker(call: &Call) -> Asker {
    Asker { caller: Some(call.caller.clone()), ..Asker::default() }
}

/// The error for a call that must not be repeated blindly.
fn done_once(id: TaskId, answer: Result<Task, ApiError>) -> Answered<TaskAnswer> {
    match answer {
        Ok(task) => Ok(TaskAnswer::about(task)),
        Err(error) if error.code == ErrorCode::Unavailable => {
            Err(ApiError { code: ErrorCode::Internal, ..error }
                .hint(format!("get_task_status with task_id {id} tells whether it was done")))
        }
        Err(error) => Err(error),
    }
}
