//! `wait_for_tasks`.

use std::collections::BTreeMap;
use std::time::Duration;

use claude_worker_api::{
    ApiError, ErrorCode, Event, EventKind, EventQuery, ListQuery, Status, Task, TaskApi, TaskId,
};
use claude_worker_client::Reconnect;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{Call, Effect, tool};
use crate::answer::{Answer, Answered};
use crate::progress::Progress;
use crate::task_text;

pub(crate) const NAME: &str = "wait_for_tasks";

/// How many tasks can be waited for at once.
const MOST_TASKS: usize = 100;
/// How long a call waits, in seconds: the default, and the maximum for unknown clients, because some
/// give a call up after a minute.
pub(crate) const USUAL_SECONDS: u64 = 45;
/// How long a call may wait for clients that are known to allow it, in seconds.
pub(crate) const PATIENT_SECONDS: u64 = 600;
/// How long the engine holds one long poll, so that progress is reported now and then.
const BREATH: Duration = Duration::from_secs(5);
/// How long after the timeout to wait for an answer that is being sent.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The arguments of `wait_for_tasks`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The tasks' numbers, at most 100.
    #[serde(deserialize_with = "task_ids")]
    #[schemars(length(min = 1, max = 100))]
    task_ids: Vec<TaskId>,
    /// Whether to wait for all of them (the default) or until any one has finished. With any, omit
    /// tasks that you know have finished.
    #[serde(default)]
    mode: Wanted,
    /// How long to wait at most, in seconds. Default 45, which is also the maximum for clients that
    /// do not allow longer calls; for others the maximum is 600.
    #[serde(default)]
    #[schemars(range(min = 0, max = 600))]
    timeout_seconds: Option<u64>,
}

/// When a wait ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// When all have finished.
    #[default]
    All,
    /// When any has finished.
    Any,
}

/// The outcome of a wait.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WaitAnswer {
    /// Tasks that have finished, with any outcome.
    finished: Vec<Task>,
    /// Tasks that have not finished.
    unfinished: Vec<Task>,
    /// Tasks that were removed meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<TaskId>,
    /// Whether the wait timed out.
    timed_out: bool,
    /// The state of each task as text, and what to do next.
    summary: String,
}

pub(super) fn description() -> Tool {
    const DESCRIPTION: &str = "\
Waits until delegated tasks have finished: all of them, or any one. Returns as soon as that is so, \
or after some time with how they stand; then call it again with those that are unfinished. It costs \
nothing while it waits, so use it instead of sleeping or asking again and again. Ending the wait \
does not end the tasks.";
    tool::<Args, WaitAnswer>(NAME, "Wait for tasks", DESCRIPTION, Effect::Reads)
}

pub(super) async fn execute(api: &impl TaskApi, call: &Call, args: Args) -> Answered<WaitAnswer> {
    let mut ids = args.task_ids;
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST_TASKS {
        return Err(ApiError::invalid(format!("task_ids must name 1 to {MOST_TASKS} tasks"))
            .hint("Wait for some of them, then for the others"));
    }
    let most = if call.is_patient { PATIENT_SECONDS } else { USUAL_SECONDS };
    let seconds = args.timeout_seconds.unwrap_or(USUAL_SECONDS).min(most);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let watched =
        watch(api, &ids, args.mode, deadline, &call.closed, call.progress.as_ref()).await?;
    // Warnings explain why a task has not started. Without an engine there are none.
    let waits = watched.tasks.values().any(|task| task.state.status() == Status::Pending);
    let is_paused = watched.timed_out
        && waits
        && within(Instant::now(), api.engine()).await.is_some_and(|info| info.queue.paused);
    Ok(answer(watched, args.mode, is_paused))
}

fn answer(watched: Watched, mode: Wanted, is_paused: bool) -> Answer<WaitAnswer> {
    let Watched { tasks, removed, timed_out } = watched;
    let (finished, unfinished): (Vec<Task>, Vec<Task>) =
        tasks.into_values().partition(|task| task.state.is_finished());
    let mut lines: Vec<String> = finished.iter().map(task_text::summary).collect();
    lines.extend(unfinished.iter().map(task_text::summary));
    lines.extend(removed.iter().map(|id| format!("Task {id} was removed")));
    if is_paused {
        lines.push(
            "The queue is paused: no tasks are started until the user ends the pause".to_owned(),
        );
    }
    let open: Vec<String> = unfinished.iter().map(|task| task.id.to_string()).collect();
    let open = open.join(", ");
    let mut next = Vec::new();
    if !finished.is_empty() {
        next.push("get_result gives the answer of a finished task".to_owned());
    }
    if timed_out {
        next.push(format!(
            "The time is up and the tasks keep running: call wait_for_tasks again with task_ids [{open}]"
        ));
    } else if mode == Wanted::Any && !unfinished.is_empty() {
        next.push(format!("The others keep running: wait_for_tasks with task_ids [{open}]"));
    }
    let summary = format!("{}\n{}.", lines.join("\n"), next.join(". "));
    let text = summary.clone();
    Answer { value: WaitAnswer { finished, unfinished, removed, timed_out, summary }, text }
}

/// What is known of the tasks.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The existing tasks.
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    /// The removed tasks.
    pub(crate) removed: Vec<TaskId>,
    /// Whether the wait timed out.
    pub(crate) timed_out: bool,
}

/// The answer of the engine, if it arrives by the deadline or a little later.
async fn within<T>(
    deadline: Instant,
    answer: impl Future<Output = Result<T, ApiError>>,
) -> Option<T> {
    timeout_at(deadline + LAST_WORD, answer).await.ok()?.ok()
}

/// Watches tasks until they have finished, the time is up, or the client has disconnected. Requests are
/// repeated while no engine answers for a moment. After a timeout, the tasks are returned as last known,
/// even when no engine answers.
///
/// # Errors
/// `not_found` with the tasks that do not exist; `unavailable` when no engine answers for too long.
pub(crate) async fn watch(
    api: &impl TaskApi,
    ids: &[TaskId],
    wanted: Wanted,
    deadline: Instant,
    closed: &watch::Receiver<bool>,
    progress: Option<&Progress>,
) -> Result<Watched, ApiError> {
    let reconnect = Reconnect::while_following();
    let begin = Instant::now();
    let query = || ListQuery { ids: ids.to_vec(), ..ListQuery::default() };
    // The position in the stream first, so that no event in between is missed.
    let mut after = reconnect.call(|| api.events(EventQuery::default())).await?.next;
    let mut tasks = by_id(reconnect.call(|| api.list(query())).await?.tasks);
    let unknown: Vec<_> = ids.iter().filter(|id| !tasks.contains_key(id)).collect();
    if !unknown.is_empty() {
        return Err(no_such(&unknown));
    }
    let mut closed = closed.clone();
    loop {
        let removed: Vec<TaskId> =
            ids.iter().filter(|id| !tasks.contains_key(id)).copied().collect();
        let open: Vec<TaskId> =
            tasks.values().filter(|task| !task.state.is_finished()).map(|task| task.id).collect();
        let enough = match wanted {
            Wanted::All => open.is_empty(),
            Wanted::Any => open.len() < ids.len(),
        };
        let now = Instant::now();
        if enough || now >= deadline || *closed.borrow() {
            return Ok(Watched { tasks, removed, timed_out: !enough });
        }
        if let Some(progress) = progress {
            let message = so_far(&tasks, open.len());
            tokio::select! {
                () = progress.tell(now - begin, deadline - begin, &message) => {}
                _ = closed.wait_for(|closed| *closed) => continue,
            }
        }
        let query_events = EventQuery {
            after: Some(after),
            limit: Some(500),
            tasks: open,
            lasting: progress.is_none(),
            wait_ms: u64::try_from((deadline - now).min(BREATH).as_millis()).unwrap_or(0),
        };
        let news = async {
            let page = reconnect.call(|| api.events(query_events.clone())).await?;
            let anew = if page.gap || page.events.iter().any(changes_state) {
                Some(reconnect.call(|| api.list(query())).await?.tasks)
            } else {
                None
            };
            Ok::<_, ApiError>((page, anew))
        };
        let (page, anew) = tokio::select! {
            news = timeout_at(deadline + LAST_WORD, news) => match news {
                Ok(news) => news?,
                Err(_) => continue,
            },
            _ = closed.wait_for(|closed| *closed) => continue,
        };
        after = page.next;
        if let Some(anew) = anew {
            tasks = by_id(anew);
        } else {
            for event in page.events {
                if let (Some(task), EventKind::Progress { last_action }) =
                    (event.task.and_then(|id| tasks.get_mut(&id)), event.kind)
                {
                    task.last_action = Some(last_action);
                }
            }
        }
    }
}

fn changes_state(event: &Event) -> bool {
    matches!(event.kind, EventKind::StateChanged { .. } | EventKind::Removed)
}

fn by_id(tasks: Vec<Task>) -> BTreeMap<TaskId, Task> {
    tasks.into_iter().map(|task| (task.id, task)).collect()
}

fn no_such(ids: &[&TaskId]) -> ApiError {
    match ids {
        [id] => ApiError::no_task(**id),
        ids => {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            ApiError::new(
                ErrorCode::NotFound,
                format!("These tasks do not exist: {}", ids.join(", ")),
            )
        }
    }
}

/// The progress in one line.
fn so_far(tasks: &BTreeMap<TaskId, Task>, open: usize) -> String {
    let done = tasks.len() - open;
    let count = format!("{done} of {} finished", tasks.len());
    let first = tasks.values().find(|task| !task.state.is_finished());
    match first {
        Some(task) => format!("{count}. {}", task_text::summary(task)),
        None => count,
    }
}

/// A list of numbers; a single number and strings are accepted too.
fn task_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TaskId>, D::Error> {
    #[derive(Deserialize)]
    struct Id(#[serde(deserialize_with = "super::task_id")] TaskId);
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ids {
        Many(Vec<Id>),
        One(Id),
    }
    match Ids::deserialize(deserializer) {
        Ok(Ids::Many(ids)) => Ok(ids.into_iter().map(|id| id.0).collect()),
        Ok(Ids::One(id)) => Ok(vec![id.0]),
        Err(_) => Err(serde::de::Error::custom("task_ids must be a list of numbers like [12, 13]")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, ScriptedEngine};

    #[tokio::test]
    async fn an_engine_that_stops_answering_does_not_extend_a_wait() {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let engine = ScriptedEngine::new(move |path, _| match path {
            "/api/v1/events" if asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => {
                Reply::Json(json!({ "events": [], "next": 1 }))
            }
            "/api/v1/tasks" => Reply::Json(json!({ "counts": {}, "tasks": [{
                "id": 7, "name": "x", "agent": "shell", "working_directory": "/",
                "status": "pending", "created_at": "2026-01-01T00:00:00Z" }] })),
            _ => Reply::Silence,
        });
        let (_client, closed) = watch::channel(false);
        let call =
            Call { caller: "mcp:test".to_owned(), is_patient: false, progress: None, closed };
        let args = json!({ "task_ids": [7], "timeout_seconds": 1 });
        let began = Instant::now();
        let args = serde_json::from_value(args).unwrap();
        let Answer { value, .. } = execute(&engine.client(), &call, args).await.ok().unwrap();
        assert!(value.timed_out && value.unfinished[0].id == TaskId(7), "{value:?}");
        // One second, twice the extra time for an answer, and a margin for a busy machine.
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}
