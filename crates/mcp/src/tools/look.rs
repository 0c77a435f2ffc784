//! Tools that look: `get_task_status`.

use claude_worker_api::TaskApi;
use rmcp::model::Tool;

use super::{Effect, OneTask, TaskAnswer, tool};
use crate::answer::Answered;

pub(super) const STATUS: &str = "get_task_status";

pub(super) fn status_description() -> Tool {
    const DESCRIPTION: &str = "\
Says how a task stands right now: its status, what its agent did last, how it ended, what it cost. \
To learn when it is done call wait_for_tasks instead of this again and again.";
    tool::<OneTask, TaskAnswer>(STATUS, "Task status", DESCRIPTION, Effect::Reads)
}

pub(super) async fn status(api: &impl TaskApi, args: OneTask) -> Answered<TaskAnswer> {
    Ok(TaskAnswer::about(api.get(args.task_id).await?.task))
}
