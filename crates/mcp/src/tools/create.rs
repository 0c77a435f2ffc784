//! `create_task`.

use std::path::Path;

use claude_worker_agents::inherited_variables;
use claude_worker_api::{Agent, ApiError, ErrorCode, Limits, NewTask, PermissionMode, TaskApi};
use claude_worker_client::{new_key, variables_to_send};
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Call, Effect, TaskAnswer, permission, tool};
use crate::answer::Answered;
use crate::caller;

pub(super) const NAME: &str = "create_task";

const DESCRIPTION: &str = "\
Delegates work to another Claude Code agent, which runs in the background in a process of its own. \
Returns at once with the task's id; the task keeps running even if this session ends. Several tasks run \
at the same time, so split work that can be done in parallel into one task each. The agent sees \
nothing of this conversation: its prompt must say everything it needs to know, and what to answer. \
Afterwards go on with other work, or call wait_for_tasks; never sleep or poll. get_result gives \
the final answer.";

/// The arguments of `create_task`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// What to do, complete in itself: the goal, the files concerned, what to answer at the end.
    execution_prompt: String,
    /// Absolute path of the existing directory to work in.
    working_directory: String,
    /// The name of the task in lists. Default: the prompt's first line.
    #[serde(default)]
    name: Option<String>,
    /// Text to append to the agent's system prompt.
    #[serde(default)]
    system_prompt: Option<String>,
    /// The model, by name or alias (`opus`, `sonnet`). Default: the user's.
    #[serde(default)]
    model: Option<String>,
    /// Which tool calls are allowed. No person can be asked, so what is not allowed is denied.
    /// Default: the user's mode, usually acceptEdits: the agent may edit files in its directory.
    /// bypassPermissions only where the user's configuration allows it for MCP.
    #[serde(default)]
    permission_mode: Option<PermissionMode>,
    /// Tools allowed without asking, in Claude Code's syntax (`Bash(cargo test:*)`). Only where
    /// the user's configuration allows it for MCP.
    #[serde(default)]
    allowed_tools: Vec<String>,
    /// The agent: claude (the default), or shell to run execution_prompt as a command of
    /// /bin/sh, only where the user's configuration allows it for MCP.
    #[serde(default)]
    agent: Agent,
    /// Limits that stop the task early. Default: the user's limits.
    #[serde(default)]
    limits: LimitArgs,
    /// A key for this request, chosen by you. A repeated call with the same key creates no second
    /// task; use one whenever you may have to repeat a call.
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// Limits that stop the task early. Unlike [`Limits`], which ignores fields of newer versions, this
/// refuses unknown fields: an ignored limit is worse than an error.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct LimitArgs {
    /// At most this many agent turns.
    max_turns: Option<u32>,
    /// At most this much money, in US dollars.
    max_budget_usd: Option<f64>,
    /// Wall time of one run, in milliseconds; 0 means none.
    timeout_ms: Option<u64>,
    /// How long the agent may print nothing, in milliseconds; 0 means for ever.
    silence_ms: Option<u64>,
}

impl From<LimitArgs> for Limits {
    fn from(args: LimitArgs) -> Self {
        let LimitArgs { max_turns, max_budget_usd, timeout_ms, silence_ms } = args;
        Self { max_turns, max_budget_usd, timeout_ms, silence_ms }
    }
}

pub(super) fn description() -> Tool {
    tool::<Args, TaskAnswer>(NAME, "Delegate a task", DESCRIPTION, Effect::Adds)
}

pub(super) async fn execute(api: &impl TaskApi, call: &Call, args: Args) -> Answered<TaskAnswer> {
    // With a key of our own, the request can be sent again when its answer was lost.
    let key = args.idempotency_key.unwrap_or_else(new_key);
    let task = NewTask {
        execution_prompt: args.execution_prompt,
        working_directory: args.working_directory,
        name: args.name,
        agent: args.agent,
        system_prompt: args.system_prompt,
        model: args.model,
        permission_mode: args.permission_mode,
        allowed_tools: args.allowed_tools,
        limits: args.limits.into(),
        inherited_env: inherited_variables(&variables_to_send(api).await?, std::env::vars_os())
            .passed,
        idempotency_key: Some(key.clone()),
        parent: caller::parent(api).await?,
        caller: Some(call.caller.clone()),
        ..NewTask::default()
    };
    task.check_known()?;
    check_is_absolute(&task.working_directory)?;
    permission::check(api, &task).await?;
    match api.submit(task).await {
        Ok(task) => Ok(TaskAnswer::about(task)),
        Err(error) => Err(perhaps_made(error, &key)),
    }
}

/// An agent means a relative directory from its own on, which the engine does not know: it would take
/// another one.
fn check_is_absolute(directory: &str) -> Result<(), ApiError> {
    if Path::new(directory).is_absolute() {
        return Ok(());
    }
    Err(ApiError::invalid(format!("\"{directory}\" is not an absolute path"))
        .hint("Give the working directory from the root on"))
}

/// The error for a call that may or may not have created its task, with how to repeat it.
fn perhaps_made(error: ApiError, key: &str) -> ApiError {
    if error.code != ErrorCode::Unavailable {
        return error;
    }
    ApiError { code: ErrorCode::Internal, ..error }.hint(format!(
        "The task may have been created all the same. Call create_task again with the same arguments \
         and with idempotency_key \"{key}\": that makes no second one"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, ScriptedEngine};

    #[test]
    fn unknown_limits_are_refused_with_a_list_of_the_known_ones() {
        let args = |limits| {
            serde_json::from_value::<Args>(json!({
                "execution_prompt": "x", "working_directory": "/", "limits": limits }))
        };
        let limits = Limits::from(args(json!({ "max_turns": 3, "timeout_ms": 5 })).unwrap().limits);
        let expected = Limits { max_turns: Some(3), timeout_ms: Some(5), ..Limits::default() };
        assert_eq!(limits, expected);
        for unknown in ["timeout_seconds", "max_budget"] {
            let refused = args(json!({ unknown: 1 })).unwrap_err().to_string();
            for word in [unknown, "max_turns", "max_budget_usd", "timeout_ms", "silence_ms"] {
                assert!(refused.contains(word), "{word}: {refused}");
            }
        }
        let schema = serde_json::to_value(description()).unwrap();
        let limits = &schema["inputSchema"]["properties"]["limits"];
        assert_eq!(limits["additionalProperties"], false, "{limits:#}");
        let known = serde_json::to_value(schemars::schema_for!(Limits)).unwrap();
        let names = |schema: &serde_json::Value| -> Vec<String> {
            schema["properties"].as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(names(limits), names(&known));
    }

    #[tokio::test]
    async fn a_call_that_may_have_created_its_task_says_how_to_repeat_it() {
        let keys = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
        let seen = std::sync::Arc::clone(&keys);
        let engine = ScriptedEngine::new(move |path, body| match path {
            "/api/v1/settings" => Reply::Json(json!({})),
            // It receives the request and closes the connection, every time.
            _ => {
                let task: NewTask = serde_json::from_str(body).unwrap();
                seen.lock().unwrap().extend(task.idempotency_key);
                Reply::Gone
            }
        });
        let (_client, closed) = tokio::sync::watch::channel(false);
        let call =
            Call { caller: "mcp:test".to_owned(), is_patient: false, progress: None, closed };
        let args = json!({ "execution_prompt": "x", "working_directory": "/" });
        let args = serde_json::from_value(args).unwrap();
        let error = execute(&engine.client(), &call, args).await.err().unwrap();
        assert_ne!(error.code, ErrorCode::Unavailable, "which says that it can just be repeated");
        let mut keys = keys.lock().unwrap().clone();
        keys.dedup();
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert!(error.hint.contains(&keys[0]) && error.hint.contains("may have been created"));
    }
}
