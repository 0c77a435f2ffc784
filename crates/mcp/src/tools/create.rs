//! `create_task`.

use claude_worker_api::{Agent, Limits, NewTask, PermissionMode, TaskApi};
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Call, Effect, TaskAnswer, permission, tool};
use crate::answer::Answered;
use crate::caller;

pub(super) const NAME: &str = "create_task";

const DESCRIPTION: &str = "\
Delegates work to another Claude Code agent, which runs in the background in a process of its own. \
Returns at once with the task's id; the task goes on even if this session ends. Several tasks run \
at the same time, so split work that can be done in parallel into one task each. The agent sees \
nothing of this conversation: its prompt must say everything it needs to know, and what to answer. \
Afterwards go on with other work, or call wait_for_tasks; never sleep or poll. get_result gives \
the final answer.";

/// What to do, where and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// What to do, complete in itself: the goal, the files concerned, what to answer at the end.
    execution_prompt: String,
    /// Absolute path of the existing directory to work in.
    working_directory: String,
    /// What people see in lists. Default: the prompt's first line.
    #[serde(default)]
    name: Option<String>,
    /// Text to append to the agent's system prompt.
    #[serde(default)]
    system_prompt: Option<String>,
    /// The model, by name or alias (`opus`, `sonnet`). Default: the user's.
    #[serde(default)]
    model: Option<String>,
    /// How the agent's tool calls are allowed. Nobody is there to be asked, so what is not
    /// allowed is denied. Default: the user's, usually acceptEdits: it may edit files in its
    /// directory. bypassPermissions only where the user's configuration lets MCP use it.
    #[serde(default)]
    permission_mode: Option<PermissionMode>,
    /// Tools allowed without asking, in Claude Code's syntax (`Bash(cargo test:*)`). Only where
    /// the user's configuration lets MCP use it.
    #[serde(default)]
    allowed_tools: Vec<String>,
    /// Who does it: claude (the default), or shell for execution_prompt as a command of
    /// /bin/sh, only where the user's configuration lets MCP use it.
    #[serde(default)]
    agent: Agent,
    /// What may end the task early. Default: the user's limits.
    #[serde(default)]
    limits: Limits,
    /// A name for this request, chosen by you. A call that is repeated with the same key makes
    /// no second task; use one whenever you may have to repeat a call.
    #[serde(default)]
    idempotency_key: Option<String>,
}

pub(super) fn description() -> Tool {
    tool::<Args, TaskAnswer>(NAME, "Delegate a task", DESCRIPTION, Effect::Adds)
}

pub(super) async fn execute(api: &impl TaskApi, call: &Call, args: Args) -> Answered<TaskAnswer> {
    let task = NewTask {
        execution_prompt: args.execution_prompt,
        working_directory: args.working_directory,
        name: args.name,
        agent: args.agent,
        system_prompt: args.system_prompt,
        model: args.model,
        permission_mode: args.permission_mode,
        allowed_tools: args.allowed_tools,
        limits: args.limits,
        idempotency_key: args.idempotency_key,
        parent: caller::parent(api).await?,
        caller: Some(call.caller.clone()),
        ..NewTask::default()
    };
    permission::check(api, &task).await?;
    Ok(TaskAnswer::about(api.submit(task).await?))
}
