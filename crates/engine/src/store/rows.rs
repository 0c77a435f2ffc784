//! Rows as types.
//!
//! Every row can be read. A column that holds something else than it should, and one that a newer
//! version has written, is as good as missing, and the others still say what they say: so no row can
//! keep others from being listed, run or removed. What cannot be read is never written over by
//! reading it; see [`crate::state::Unreadable`] for what may be done with such a task.

use claude_worker_api::{
    Agent, Counts, Event, EventKind, Failure, ModelCount, NewTask, ProjectId, Run, RunId,
    RunOutcome, Status, SubmittedBy, Task, TaskId, Timestamp, UnknownName, UnknownValue, Usage,
    Verdict,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use crate::EngineError;
use crate::state::{TaskState, Unreadable, newer};

/// A task's row: what clients see, and what only the engine knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredTask {
    /// As lists show it.
    pub task: Task,
    /// Its state in full.
    pub state: TaskState,
    /// The agent session it last worked in.
    pub session_id: Option<String>,
    /// The columns that stand for the state in indexes.
    pub columns: Columns,
}

/// The columns that say the same as the state, for indexes. They may contradict a damaged one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    /// The status as it is counted.
    pub status: Status,
    /// Their texts.
    texts: (Option<String>, Option<String>),
}

impl Columns {
    /// `status` and `run_id` as they are stored.
    pub(super) fn texts(&self) -> (Option<&str>, Option<&str>) {
        (self.texts.0.as_deref(), self.texts.1.as_deref())
    }
}

impl From<&TaskState> for Columns {
    fn from(state: &TaskState) -> Self {
        let status = state.to_wire().status();
        let run = state.live_run().map(|run| run.as_str().to_owned());
        Self { status, texts: (Some(status.name().to_owned()), run) }
    }
}

/// The columns [`task`] reads, in their order.
pub(super) const TASK: &str = "id, name, agent, working_directory, model, state, created_at, \
     started_at, runs, last_action, final_summary, usage, session_id, \
     parent_id, EXISTS (SELECT 1 FROM unseen WHERE unseen.task_id = task.id), ended_at, \
     queue_position, status, run_id, submitted_by, \
     (SELECT project_id FROM directory WHERE directory.id = task.directory_id)";

/// The columns [`run`] reads, in its order.
pub(super) const RUN: &str = "id, number, follow_up, started_at, outcome, session_id, usage, \
     output_bytes, output_deleted, ended_at, queued_at";

pub(super) fn instant(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

/// A column that is text.
fn text<'a>(row: &'a Row<'_>, column: usize) -> Option<&'a str> {
    match row.get_ref(column) {
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn owned(row: &Row<'_>, column: usize) -> Option<String> {
    text(row, column).map(str::to_owned)
}

/// A column that is a number.
fn number(row: &Row<'_>, column: usize) -> Option<i64> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => Some(number),
        _ => None,
    }
}

/// A column that is JSON.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, String> {
    let text = text(row, column).ok_or("it is not text")?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// A status by its name, which any text may be.
pub(super) fn status(text: &str) -> Status {
    text.parse().unwrap_or_else(|_| Status::Unknown(UnknownName::new(text)))
}

/// An agent by its name, which any text may be.
fn agent(text: Option<&str>) -> Agent {
    let name = text.unwrap_or("damaged");
    let known = Agent::ALL.into_iter().find(|agent| agent.name() == name);
    known.unwrap_or_else(|| Agent::Unknown(UnknownName::new(name)))
}

/// # Errors
/// When the row has no number: SQLite cannot read it at all.
pub(super) fn task(row: &Row<'_>) -> Result<StoredTask, EngineError> {
    let (status_text, run_text) = (owned(row, 17), owned(row, 18));
    let status = status(status_text.as_deref().unwrap_or("damaged"));
    let ended_at = instant(number(row, 15));
    let state = match json(row, 5) {
        Ok(TaskState::Unknown(state)) => unreadable(
            status,
            run_text.as_deref(),
            ended_at,
            newer("state", state.name),
            Some(state),
        ),
        Ok(state) if state != TaskState::Gone && state.to_wire().status() == status => state,
        // Whichever of the two is right, nothing may be done in the name of the other.
        Ok(state) => {
            let error = format!("\"{}\" and {}", status.name(), state.to_wire().status().name());
            unreadable(status, run_text.as_deref(), ended_at, damaged("its status", &error), None)
        }
        Err(error) => {
            unreadable(status, run_text.as_deref(), ended_at, damaged("its state", &error), None)
        }
    };
    let wire = state.to_wire();
    let session_id = owned(row, 12);
    Ok(StoredTask {
        task: Task {
            id: TaskId(row.get(0)?),
            name: text(row, 1).unwrap_or("(its name cannot be read)").to_owned(),
            agent: agent(text(row, 2)),
            working_directory: owned(row, 3).unwrap_or_default(),
            project: number(row, 20).map(ProjectId),
            model: owned(row, 4),
            queue_place: if state.is_queued() { number(row, 16) } else { None },
            error_message: wire.error_message(),
            state: wire,
            created_at: instant(number(row, 6)).unwrap_or_default(),
            started_at: instant(number(row, 7)),
            runs: number(row, 8).and_then(|runs| runs.try_into().ok()).unwrap_or_default(),
            last_action: owned(row, 9),
            last_output_at: None,
            final_summary: owned(row, 10),
            usage: json(row, 11).unwrap_or_default(),
            unseen: number(row, 14) == Some(1),
            has_session: session_id.is_some(),
            parent: number(row, 13).map(TaskId),
            submitted_by: owned(row, 19).map(SubmittedBy::from),
            warnings: Vec::new(),
            submitted_before: false,
            untrusted: None,
        },
        state,
        session_id,
        columns: Columns { status, texts: (status_text, run_text) },
    })
}

fn unreadable(
    status: Status,
    run: Option<&str>,
    ended_at: Option<Timestamp>,
    failure: Failure,
    newer: Option<UnknownValue>,
) -> TaskState {
    let run = run.and_then(|run| RunId::try_from(run.to_owned()).ok());
    TaskState::Unreadable(Unreadable { status, run, ended_at, failure, newer })
}

/// That something cannot be read.
pub(super) fn damaged(what: &str, error: &str) -> Failure {
    Failure::DamagedRecord { message: format!("{what} cannot be read ({error})") }
}

/// A run, and what of it cannot be read. None when it has no usable name.
pub(super) fn run(row: &Row<'_>) -> (Option<Run>, Option<String>) {
    let number_of = number(row, 1).and_then(|number| u32::try_from(number).ok());
    let called = |what: &str| match number_of {
        Some(number) => format!("{what} of run {number}"),
        None => format!("{what} of a run"),
    };
    let Some(id) = owned(row, 0).and_then(|id| RunId::try_from(id).ok()) else {
        return (None, Some(called("the name")));
    };
    let mut problem = None;
    let outcome = match row.get_ref(4) {
        Ok(ValueRef::Null) | Err(_) => None,
        Ok(_) => Some(json::<RunOutcome>(row, 4).unwrap_or_else(|error| {
            problem = Some(called("the outcome"));
            RunOutcome {
                ended_at: instant(number(row, 9)).unwrap_or_default(),
                verdict: Verdict::Failed { failure: damaged("its outcome", &error) },
                exit_code: None,
                exit_signal: None,
            }
        })),
    };
    let usage = json::<Usage>(row, 6).unwrap_or_else(|_| {
        problem = Some(called("the usage"));
        Usage::default()
    });
    let run = Run {
        id,
        number: number_of.unwrap_or_default(),
        follow_up: owned(row, 2),
        queued_at: instant(number(row, 10)),
        started_at: instant(number(row, 3)),
        outcome,
        session_id: owned(row, 5),
        usage,
        output_bytes: number(row, 7).unwrap_or_default().unsigned_abs(),
        output_deleted: number(row, 8) == Some(1),
    };
    (Some(run), problem)
}

/// What was submitted.
///
/// # Errors
/// Why the task cannot be run: the request is missing, damaged, or asks for what this version does not
/// know.
pub(super) fn request(found: Option<&Row<'_>>) -> Result<NewTask, Failure> {
    let request = shown_request(found)?;
    request.check_known().map_err(|error| Failure::NewerRecord { message: error.message })?;
    Ok(request)
}

/// What was submitted, to be shown: it may ask for what this version does not know.
///
/// # Errors
/// Why it cannot be told.
pub(super) fn shown_request(found: Option<&Row<'_>>) -> Result<NewTask, Failure> {
    let row = found.ok_or_else(|| damaged("its request", "it is missing"))?;
    json(row, 0).map_err(|error| damaged("its request", &error))
}

/// An event whose kind cannot be read is an [`EventKind::Unknown`]: an error would stop every client at
/// it for ever.
pub(super) fn event(row: &Row<'_>) -> Result<Event, EngineError> {
    let seq = row.get(0)?;
    let kind = json(row, 3).unwrap_or_else(|error| {
        tracing::warn!(seq, %error, "an event cannot be read");
        EventKind::Unknown(UnknownValue::named("damaged"))
    });
    Ok(Event {
        seq,
        at: instant(number(row, 1)).unwrap_or_default(),
        task: number(row, 2).map(TaskId),
        kind,
    })
}

/// A row of a count by agent and model.
pub(super) fn model_count(row: &Row<'_>) -> ModelCount {
    ModelCount {
        agent: agent(text(row, 0)),
        model: owned(row, 1),
        tasks: number(row, 2).unwrap_or_default().unsigned_abs(),
    }
}

/// How many tasks there are in each status.
pub(super) fn counts(connection: &Connection) -> Result<Counts, EngineError> {
    let mut counts = Counts::default();
    let mut statement =
        connection.prepare_cached("SELECT status, count(*) FROM task GROUP BY status")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let name: Option<String> = row.get(0).unwrap_or_default();
        let count: i64 = row.get(1)?;
        *counts.get_mut(status(name.as_deref().unwrap_or_default())) += count.unsigned_abs();
    }
    Ok(counts)
}
