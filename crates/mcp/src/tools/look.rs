//! Tools that only read: `get_task_status`, `list_tasks`, `health`.

use claude_worker_api::{
    ApiError, Counts, Cursor, EngineInfo, HostKind, ListQuery, Status, Task, TaskApi, TaskId,
    TaskQuery,
};
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Call, Effect, OneTask, TaskAnswer, tool};
use crate::answer::{Answer, Answered};
use crate::{caller, task_text};

pub(super) const STATUS: &str = "get_task_status";
pub(super) const LIST: &str = "list_tasks";
pub(super) const HEALTH: &str = "health";

/// Tasks per page: default and maximum.
const USUAL_TASKS: u32 = 20;
const MOST_TASKS: u32 = 100;

pub(super) fn status_description() -> Tool {
    const DESCRIPTION: &str = "\
Says how a task stands right now: its status, what its agent did last, how it ended, what it cost. \
To learn when it is done call wait_for_tasks instead of this again and again.";
    tool::<OneTask, TaskAnswer>(STATUS, "Task status", DESCRIPTION, Effect::Reads)
}

pub(super) async fn status(api: &impl TaskApi, args: OneTask) -> Answered<TaskAnswer> {
    Ok(TaskAnswer::about(api.get(args.task_id, TaskQuery::default()).await?.task))
}

/// The arguments of `list_tasks`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListArgs {
    /// Only these statuses. Default: all.
    #[serde(default, deserialize_with = "statuses")]
    status: Vec<Status>,
    /// Only tasks whose name or directory contains this text.
    #[serde(default)]
    search: Option<String>,
    /// At most this many. Default 20.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// next_cursor of the previous page.
    #[serde(default)]
    cursor: Option<String>,
}

/// A page of tasks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListAnswer {
    /// The tasks, newest first.
    tasks: Vec<Task>,
    /// Pass as cursor for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// How many tasks there are in each status, without the filter.
    counts: Counts,
}

pub(super) fn list_description() -> Tool {
    const DESCRIPTION: &str = "\
Lists tasks, newest first, those of other sessions and of people included. Use it to find tasks \
whose ids you do not have; for tasks of your own use the ids that create_task gave you.";
    tool::<ListArgs, ListAnswer>(LIST, "List tasks", DESCRIPTION, Effect::Reads)
}

pub(super) async fn list(api: &impl TaskApi, args: ListArgs) -> Answered<ListAnswer> {
    let cursor = args.cursor.as_deref().filter(|text| !text.is_empty());
    let cursor = cursor.map(str::parse::<Cursor>).transpose().map_err(|_| {
        ApiError::invalid("This is not a cursor of list_tasks")
            .hint("Pass next_cursor unchanged, or omit it")
    })?;
    let query = ListQuery {
        statuses: args.status,
        search: args.search,
        cursor,
        limit: Some(args.limit.unwrap_or(USUAL_TASKS).clamp(1, MOST_TASKS)),
        ..ListQuery::default()
    };
    let page = api.list(query).await?;
    let next_cursor = page.next.map(|next| next.to_string());
    let mut lines: Vec<String> = page.tasks.iter().map(task_text::summary).collect();
    if lines.is_empty() {
        lines.push("No such tasks".to_owned());
    }
    if let Some(next) = &next_cursor {
        lines.push(format!("(more with cursor {next})"));
    }
    lines.push(format!("In all: {}", page.counts.describe()));
    let value = ListAnswer { tasks: page.tasks, next_cursor, counts: page.counts };
    Ok(Answer { value, text: lines.join("\n") })
}

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// The engine, and what this client may do.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HealthAnswer {
    /// The engine and its queue.
    engine: EngineInfo,
    /// The version of this MCP server.
    server_version: String,
    /// The name under which this client's tasks are counted.
    caller: String,
    /// The task inside which this client runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<TaskId>,
    /// How deep tasks may submit further tasks.
    delegation_depth: u32,
    /// How many unfinished tasks this client may have.
    delegation_unfinished: u32,
    /// Whether tasks of this client may run without permission checks.
    allow_bypass: bool,
}

pub(super) fn health_description() -> Tool {
    const DESCRIPTION: &str = "\
Says whether the engine that runs the tasks is well: version, queue, warnings, and what this client \
may delegate. Call it when something seems wrong; nothing else needs it first.";
    tool::<Nothing, HealthAnswer>(HEALTH, "Health", DESCRIPTION, Effect::Reads)
}

pub(super) async fn health(
    api: &impl TaskApi,
    call: &Call,
    _args: Nothing,
) -> Answered<HealthAnswer> {
    let engine = api.engine().await?;
    let settings = api.settings().await?;
    let host = match engine.host {
        HostKind::App => "in the desktop app".to_owned(),
        HostKind::Headless => "in the background".to_owned(),
        HostKind::Unknown(kind) => format!("in a process of another kind ({kind})"),
    };
    let mut lines = vec![
        format!("The engine {} is running {host}, process {}", engine.version, engine.pid),
        format!("{}; {} at once", engine.queue.counts.describe(), engine.queue.workers),
    ];
    if engine.queue.paused {
        lines.push(
            "The queue is paused: no tasks are started until the user ends the pause".to_owned(),
        );
    }
    lines.extend(engine.warnings.iter().map(|warning| format!("Warning: {warning}")));
    let value = HealthAnswer {
        engine,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        caller: call.caller.clone(),
        parent: caller::parent(api).await?,
        delegation_depth: settings.delegation.depth,
        delegation_unfinished: settings.delegation.unfinished,
        allow_bypass: settings.mcp.allow_bypass,
    };
    Ok(Answer { value, text: lines.join("\n") })
}

/// A list of statuses; a single one is accepted too.
fn statuses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Status>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        Many(Vec<String>),
        One(String),
    }
    let names = match Names::deserialize(deserializer) {
        Ok(Names::Many(names)) => names,
        Ok(Names::One(names)) => names.split(',').map(|name| name.trim().to_owned()).collect(),
        Err(_) => return Err(serde::de::Error::custom("status must be a list of statuses")),
    };
    let read = |name: &String| name.parse().map_err(serde::de::Error::custom);
    names.iter().filter(|name| !name.is_empty()).map(read).collect()
}
