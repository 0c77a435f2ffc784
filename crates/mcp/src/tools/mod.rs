//! The tools, one file per group.

mod arguments;
mod change;
mod create;
pub(crate) mod logs;
mod look;
pub(crate) mod permission;
pub(crate) mod wait;

use std::sync::OnceLock;

use claude_worker_api::{ApiError, Task, TaskApi, TaskId, explain_serde_error};
use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use tokio::sync::watch;

use crate::answer::{self, Answer};
use crate::progress::Progress;
use crate::{schema, task_text};

/// The context of a call, in addition to its arguments.
pub(crate) struct Call {
    /// The caller whose tasks the engine counts.
    pub(crate) caller: String,
    /// Whether the client is known to let a call take minutes.
    pub(crate) is_patient: bool,
    /// Sends progress, if the client asked for it.
    pub(crate) progress: Option<Progress>,
    /// Becomes true when the client has disconnected.
    pub(crate) closed: watch::Receiver<bool>,
}

/// All tools, in the order in which they are listed.
pub(crate) fn list() -> &'static [Tool] {
    static LIST: OnceLock<Vec<Tool>> = OnceLock::new();
    LIST.get_or_init(|| {
        vec![
            create::description(),
            wait::description(),
            logs::result_description(),
            look::status_description(),
            logs::logs_description(),
            look::list_description(),
            change::cancel_description(),
            change::resume_description(),
            change::retry_description(),
            look::health_description(),
        ]
    })
}

/// Whether there is a tool of this name.
pub(crate) fn is_known(name: &str) -> bool {
    list().iter().any(|tool| tool.name == name)
}

/// Calls a tool that [`is_known`].
pub(crate) async fn call(
    api: &impl TaskApi,
    call: &Call,
    name: &str,
    arguments: JsonObject,
) -> CallToolResult {
    let Some(tool) = list().iter().find(|tool| tool.name == name) else {
        return answer::refusal(&ApiError::invalid(format!("There is no tool {name}")));
    };
    let arguments = match arguments::read(name, &tool.input_schema, arguments) {
        Ok(arguments) => arguments,
        Err(error) => return answer::refusal(&error),
    };
    match name {
        create::NAME => with(arguments, async |args| create::execute(api, call, args).await).await,
        wait::NAME => {
            let waits = with(arguments, async |args| wait::execute(api, call, args).await);
            claude_worker_client::lending_worker(waits).await
        }
        logs::RESULT => with(arguments, async |args| logs::result(api, args).await).await,
        look::STATUS => with(arguments, async |args| look::status(api, args).await).await,
        logs::LOGS => with(arguments, async |args| logs::logs(api, args).await).await,
        look::LIST => with(arguments, async |args| look::list(api, args).await).await,
        change::CANCEL => with(arguments, async |args| change::cancel(api, call, args).await).await,
        change::RESUME => with(arguments, async |args| change::resume(api, call, args).await).await,
        change::RETRY => with(arguments, async |args| change::retry(api, call, args).await).await,
        look::HEALTH => with(arguments, async |args| look::health(api, call, args).await).await,
        _ => answer::refusal(&ApiError::invalid(format!("There is no tool {name}"))),
    }
}

/// Reads a tool's arguments and calls it.
async fn with<A: DeserializeOwned, T: Serialize>(
    arguments: JsonObject,
    tool: impl AsyncFnOnce(A) -> answer::Answered<T>,
) -> CallToolResult {
    match serde_path_to_error::deserialize(serde_json::Value::Object(arguments)) {
        Ok(arguments) => answer::result(tool(arguments).await),
        Err(error) => {
            let path = error.path().to_string();
            let place = if path == "." { "" } else { &path };
            let words = explain_serde_error(place, &error.inner().to_string());
            let error = ApiError::invalid(format!("The arguments cannot be used: {words}"))
                .hint("Correct them and call the tool again");
            answer::refusal(&error)
        }
    }
}

/// The effect of a tool, for clients that ask their user before some calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// None.
    Reads,
    /// It creates something.
    Adds,
    /// It ends something; repeating it has no further effect.
    Ends,
}

/// A tool's description, with the schemas of its arguments `A` and its answer `T`.
fn tool<A: JsonSchema, T: JsonSchema>(
    name: &'static str,
    title: &str,
    description: &'static str,
    effect: Effect,
) -> Tool {
    let annotations = ToolAnnotations::with_title(title)
        .read_only(effect == Effect::Reads)
        .destructive(effect == Effect::Ends)
        .idempotent(effect != Effect::Adds)
        // Agents can use the network if they are allowed to.
        .open_world(effect == Effect::Adds);
    Tool::new(name, description, schema::input::<A>())
        .with_title(title)
        .with_raw_output_schema(schema::output::<T>())
        .with_annotations(annotations)
}

/// The arguments of a tool for one task.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneTask {
    /// The task's number, as create_task gave it.
    #[serde(deserialize_with = "task_id")]
    #[schemars(range(min = 1))]
    pub(crate) task_id: TaskId,
}

/// A task and what to do about it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TaskAnswer {
    /// The task.
    pub(crate) task: Task,
    /// Its state as text.
    pub(crate) summary: String,
    /// What to do next.
    pub(crate) next_step: String,
}

impl TaskAnswer {
    /// The result for a task, with the next step for its state.
    pub(crate) fn about(task: Task) -> Answer<Self> {
        let (summary, next_step) = (task_text::summary(&task), task_text::next_step(&task));
        let mut text = format!("{summary}.\n");
        for warning in &task.warnings {
            text += &format!("{warning}\n");
        }
        text += &format!("{next_step}.");
        Answer { value: Self { task, summary, next_step }, text }
    }
}

/// A task's number; a string is accepted too.
fn task_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TaskId, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(i64),
        Text(String),
    }
    let wrong = |id: String| {
        serde::de::Error::custom(format!("{id} is not a task id: ids are numbers like 12"))
    };
    match Id::deserialize(deserializer) {
        Ok(Id::Number(id)) if id > 0 => Ok(TaskId(id)),
        Ok(Id::Number(id)) => Err(wrong(id.to_string())),
        Ok(Id::Text(text)) => text.trim().parse().map_err(|_| wrong(format!("{text:?}"))),
        Err(_) => Err(wrong("this".to_owned())),
    }
}
